//! Random index expressions over random arrays: what `viewlint inspect` says of each is held to NumPy.
//!
//! `tests/indexing/generate.py` writes the programs, `tests/indexing/hold.py` executes them line by line and compares.
//! `VIEWLINT_INDEXING_SEED` and `VIEWLINT_INDEXING_COUNT` choose other programs, or more of them.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "support/venv.rs"]
mod venv;

use std::path::{Path, PathBuf};
use std::process::Command;

use viewlint::inspect::{Format, render};
use viewlint::model::Model;
use viewlint::source::SourceFile;

/// The share of expressions, per mille, of which something may be left open although all is known.
const MAX_OPEN: u64 = 20;

/// A number from the environment.
fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap_or_else(|error| panic!("{name}={text}: {error}")))
}

/// Runs a script of this test; its output and whether it succeeded.
fn script(version: &str, script: &str, arguments: &[&str]) -> (String, bool) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/indexing").join(script);
    let output = Command::new(venv::python(version)).arg("-B").arg(script).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("cannot start Python: {error}"));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    (said + &String::from_utf8_lossy(&output.stderr), output.status.success())
}

/// What `inspect` says of all programs of a folder, as JSON lines.
fn claims(folder: &Path) -> String {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the programs are there")
        .map(|entry| entry.expect("the folder can be listed").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "py"))
        .collect();
    files.sort();
    let mut claims = String::new();
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a program can be read");
        let source = SourceFile { path: file.display().to_string(), text };
        claims += &render(&source, None, Format::Json, Model::bundled(), None, false)
            .unwrap_or_else(|error| panic!("{}: {error:?}", file.display()));
    }
    claims
}

/// Writes `count` expressions, and holds what is said of them to both versions of NumPy; the last lines of the two
/// reports.
fn hold(name: &str, seed: u64, count: u64, spoil: impl Fn(String) -> String) -> Vec<(String, bool)> {
    let folder = venv::target().join("indexing").join(name);
    if folder.exists() {
        std::fs::remove_dir_all(&folder).expect("the programs of the last run can be removed");
    }
    let programs = folder.to_str().expect("the target folder has a plain name");
    let (said, succeeded) = script(venv::NEW_NUMPY, "generate.py", &[programs, &seed.to_string(), &count.to_string()]);
    assert!(succeeded, "generate.py: {said}");
    let file = folder.join("claims.jsonl");
    std::fs::write(&file, spoil(claims(&folder))).expect("target/ is writeable");
    let file = file.to_str().expect("the target folder has a plain name");
    std::thread::scope(|scope| {
        let runs: Vec<_> = venv::VERSIONS
            .into_iter()
            .map(|version| scope.spawn(move || script(version, "hold.py", &[programs, file])))
            .collect();
        runs.into_iter().map(|run| run.join().expect("a run ends")).collect()
    })
}

/// The counts of a report: its last line.
fn counts(report: &str) -> serde_json::Value {
    let last = report.trim_end().lines().next_back().unwrap_or_default();
    serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {last}"))
}

#[test]
fn numpy_agrees_about_every_index() {
    let (seed, count) = (setting("VIEWLINT_INDEXING_SEED", 1), setting("VIEWLINT_INDEXING_COUNT", 100_000));
    for (said, succeeded) in hold("held", seed, count, |claims| claims) {
        let shown: Vec<&str> = said.lines().take(40).collect();
        assert!(succeeded, "seed {seed}, the first lines:\n{}", shown.join("\n"));
        let counts = counts(&said);
        println!("{counts}");
        assert_eq!(counts["expressions"], count);
        let open = counts["open_expressions"].as_u64().unwrap_or(u64::MAX);
        assert!(open.saturating_mul(1000) <= count * MAX_OPEN, "too much is left open: {counts}");
    }
}

#[test]
fn false_claims_are_reported() {
    let spoilt = [
        ("kind", r#""kind":"array""#, r#""kind":"scalar""#),
        ("ndim", r#""ndim":2"#, r#""ndim":3"#),
        ("shape", r#""shape":[2]"#, r#""shape":[3]"#),
        ("order", r#""order":"none""#, r#""order":"C""#),
        ("writeable", r#""writeable":true"#, r#""writeable":false"#),
        ("memory", r#""r":{"kind":"array","buffers":["alloc@"#, r#""r":{"kind":"array","buffers":["alloc@9"#),
    ];
    for (aspect, right, wrong) in spoilt {
        for (said, succeeded) in hold(&format!("spoilt-{aspect}"), 5, 500, |claims| claims.replace(right, wrong)) {
            assert!(!succeeded, "{aspect} was spoilt, and nothing reported:\n{said}");
            assert!(counts(&said)["wrong"][aspect].as_u64().is_some_and(|n| n > 0), "{aspect}: {said}");
        }
    }
}
