//! Python environments with a pinned NumPy, and one with libraries round it, made once under `target/`.
#![allow(dead_code, clippy::expect_used, clippy::panic, reason = "a test that cannot be set up must fail")]

use std::path::{Path, PathBuf};
use std::process::Command;

/// The oldest NumPy that the model speaks of.
pub const OLD_NUMPY: &str = "1.26.4";
/// The newest one.
pub const NEW_NUMPY: &str = "2.4.6";
/// Both.
pub const VERSIONS: [&str; 2] = [OLD_NUMPY, NEW_NUMPY];

/// The folder that cargo builds into.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target"), PathBuf::from)
}

/// The interpreter of a virtual environment with exactly this version of NumPy, made on first use under the target
/// folder. `VIEWLINT_PYTHON` names another `python3` to make it with.
pub fn python(version: &str) -> PathBuf {
    environment(&format!("numpy-{version}"), &[&format!("numpy=={version}")])
}

/// The libraries round NumPy that the model speaks of.
pub const LIBRARIES: [&str; 13] = [
    "numpy==2.4.6",
    "scipy==1.17.1",
    "scikit-learn==1.9.1",
    "scikit-image==0.26.0",
    "pandas==3.1.1",
    "pillow==13.0.0",
    "imageio==2.38.1",
    "tifffile==2026.3.3",
    "networkx==3.6.1",
    "h5py==3.16.0",
    "netCDF4==1.7.5.1.post1",
    "xarray==2026.9.0",
    "astropy==8.0.2",
];

/// The interpreter of an environment with [`LIBRARIES`].
pub fn python_with_libraries() -> PathBuf {
    let interpreter = environment("libraries", &LIBRARIES);
    // An environment of an earlier commit may lack what is required now.
    let list = target().join("venv-libraries").join("requirements.txt");
    let wanted = LIBRARIES.join("\n");
    if std::fs::read_to_string(&list).is_ok_and(|held| held == wanted) {
        return interpreter;
    }
    let mut install = Command::new(&interpreter);
    run(install.args(PIP_INSTALL).args(LIBRARIES), "install the libraries (needs the network, once)");
    std::fs::write(&list, wanted).expect("the environment is writeable");
    interpreter
}

/// What `python` is given to install packages.
const PIP_INSTALL: [&str; 5] = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];

/// The interpreter of the environment of this name, which is made on first use with what it requires.
fn environment(name: &str, requirements: &[&str]) -> PathBuf {
    let folder = target().join(format!("venv-{name}"));
    let interpreter = |folder: &Path| folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    if interpreter(&folder).exists() {
        return interpreter(&folder);
    }
    // Made under a name of its own and renamed when it is complete, so that tests that run at the same time never see
    // half of one; whoever comes second throws theirs away.
    let thread = format!("{:?}", std::thread::current().id()).replace(|c: char| !c.is_ascii_digit(), "");
    let making = target().join(format!("venv-{name}.{}-{thread}", std::process::id()));
    let base = std::env::var("VIEWLINT_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    run(Command::new(&base).args(["-m", "venv"]).arg(&making), "make a virtual environment");
    let mut install = Command::new(interpreter(&making));
    let wanted = requirements.join(" ");
    run(install.args(PIP_INSTALL).args(requirements), &format!("install {wanted} (needs the network, once)"));
    if std::fs::rename(&making, &folder).is_err() {
        std::fs::remove_dir_all(&making).expect("the second virtual environment can be removed");
    }
    assert!(interpreter(&folder).exists(), "{} has no interpreter", folder.display());
    interpreter(&folder)
}

/// Runs a command and returns what it printed.
pub fn run(command: &mut Command, what: &str) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("cannot {what}: {command:?}: {error}"));
    assert!(
        output.status.success(),
        "cannot {what}: {command:?} failed:\n{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}
