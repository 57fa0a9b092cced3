//! Python environments with a pinned NumPy, made once under `target/`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

/// The NumPy versions that everything is held to: the last 1.x, and the newest 2.x that is supported.
#[allow(dead_code, reason = "not every test binary that includes this file uses it")]
pub const VERSIONS: [&str; 2] = ["1.26.4", "2.4.6"];

/// Tests of one binary run in parallel; an environment must be made by one of them only.
static MAKING: Mutex<()> = Mutex::new(());

/// The folder `target/`, wherever cargo was told to put it.
pub fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("cargo's folder for tests lies in target/").to_path_buf()
}

/// The interpreter of the environment with this version of NumPy, which is made if it is not there.
///
/// `VIEWLINT_PYTHON` names the Python to make it with; `python3` otherwise.
pub fn python(version: &str) -> PathBuf {
    let folder = target().join(format!("venv-numpy-{version}"));
    let interpreter = folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    let ready = folder.join("viewlint-ready");
    let _guard = MAKING.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    if !ready.exists() {
        let python = std::env::var("VIEWLINT_PYTHON").unwrap_or_else(|_| "python3".into());
        run(Command::new(&python).args(["-m", "venv", "--clear"]).arg(&folder));
        run(Command::new(&interpreter)
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
            .arg(format!("numpy=={version}")));
        std::fs::write(&ready, "").expect("the new environment is writeable");
    }
    interpreter
}

/// Runs a command that must succeed.
fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
    assert!(output.status.success(), "{command:?} failed:\n{}", String::from_utf8_lossy(&output.stderr));
}
