//! What `viewlint inspect` says of a program is held to what the program does on real NumPy, under a tracer.
//!
//! The harness is in `tests/truth`: `observe.py` finds the moments before the statements, `hold.py` compares, and
//! `selftest.py` shows that each kind of false claim would be reported.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "support/blocks.rs"]
mod blocks;
#[path = "support/venv.rs"]
mod venv;

use std::path::{Path, PathBuf};
use std::process::Command;

/// The share of arrays, per mille, that must be said to be arrays.
const MIN_ARRAYS_KNOWN: u64 = 700;
/// The share of pairs of arrays, per mille, for which there must be a definite answer: they share their allocation, or nothing.
const MIN_PAIRS_DEFINITE: u64 = 810;

/// The same for programs that rest on what another file says of itself.
const MIN_PAIRS_DEFINITE_ACROSS: u64 = 500;

/// The programs in a folder of `fixtures/`, sorted.
fn programs(folder: &str) -> Vec<PathBuf> {
    let folder = blocks::root().join("fixtures").join(folder);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("fixtures/ can be listed").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "py"))
        .collect();
    files.sort();
    files
}

/// What `inspect` says of the files, each by itself, as JSON lines.
fn inspect(files: &[PathBuf]) -> String {
    files.iter().map(|file| inspect_together(std::slice::from_ref(file))).collect()
}

/// What `inspect` says of files that may import each other, as JSON lines.
fn inspect_together(files: &[PathBuf]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_viewlint"));
    let output = command.args(["inspect", "--output-format", "json"]).args(files).output();
    let output = output.unwrap_or_else(|error| panic!("cannot start viewlint: {error}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "inspect {files:?}: {errors}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Runs a script of the harness; its output and whether it succeeded.
fn harness(interpreter: &Path, script: &str, arguments: &[&Path]) -> (String, bool) {
    let script = blocks::root().join("tests/truth").join(script);
    let output = Command::new(interpreter).arg("-B").arg(script).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("cannot start Python: {error}"));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    (said + &String::from_utf8_lossy(&output.stderr), output.status.success())
}

#[test]
fn inspect_is_never_contradicted() {
    let folder = venv::target().join("truth");
    let mut files = blocks::write_all(&folder.join("pages"));
    files.extend(programs("truth"));
    files.extend(programs("demo"));
    let claims = folder.join("claims.jsonl");
    std::fs::write(&claims, inspect(&files)).expect("target/ is writeable");
    let mut arguments: Vec<&Path> = vec![Path::new("--claims"), &claims];
    arguments.extend(files.iter().map(PathBuf::as_path));
    for version in venv::VERSIONS {
        let (said, succeeded) = harness(&venv::python(version), "hold.py", &arguments);
        let shown: Vec<&str> = said.lines().take(40).collect();
        assert!(succeeded, "on NumPy {version}, the first lines:\n{}\n…\n{}", shown.join("\n"), last_line(&said));
        let counts: serde_json::Value =
            serde_json::from_str(last_line(&said)).unwrap_or_else(|error| panic!("{error}: {said}"));
        println!("{counts}");
        assert_eq!(counts["numpy"], version);
        assert_eq!(counts["programs"], files.len());
        share_is_at_least(&counts, "arrays_known", "arrays", MIN_ARRAYS_KNOWN);
        share_is_at_least(&counts, "pairs_definite", "pairs", MIN_PAIRS_DEFINITE);
    }
}

/// Of the programs of this folder `inspect` answers every pair of arrays: what it once knew, it knows.
#[test]
fn inspect_is_definite() {
    let folder = venv::target().join("truth");
    std::fs::create_dir_all(&folder).expect("target/ is writeable");
    for file in programs("definite") {
        let claims = folder.join("definite-claims.jsonl");
        std::fs::write(&claims, inspect(std::slice::from_ref(&file))).expect("target/ is writeable");
        for version in venv::VERSIONS {
            let arguments = [Path::new("--claims"), &claims, &file];
            let (said, succeeded) = harness(&venv::python(version), "hold.py", &arguments);
            assert!(succeeded, "{}, on NumPy {version}:\n{said}", file.display());
            let counts: serde_json::Value =
                serde_json::from_str(last_line(&said)).unwrap_or_else(|error| panic!("{error}: {said}"));
            assert_ne!(counts["pairs"], 0, "{}", file.display());
            assert_eq!(counts["pairs_definite"], counts["pairs"], "{}, on NumPy {version}", file.display());
        }
    }
}

/// What is believed of one file may rest on what another one says of itself.
#[test]
fn inspect_is_never_contradicted_across_files() {
    let folder = venv::target().join("truth");
    std::fs::create_dir_all(&folder).expect("target/ is writeable");
    let files = programs("across");
    let claims = folder.join("across-claims.jsonl");
    std::fs::write(&claims, inspect_together(&files)).expect("target/ is writeable");
    let mut arguments: Vec<&Path> = vec![Path::new("--claims"), &claims];
    arguments.extend(files.iter().map(PathBuf::as_path));
    for version in venv::VERSIONS {
        let (said, succeeded) = harness(&venv::python(version), "hold.py", &arguments);
        assert!(succeeded, "on NumPy {version}:\n{said}");
        let counts: serde_json::Value =
            serde_json::from_str(last_line(&said)).unwrap_or_else(|error| panic!("{error}: {said}"));
        println!("{counts}");
        assert_eq!(counts["programs"], files.len());
        share_is_at_least(&counts, "pairs_definite", "pairs", MIN_PAIRS_DEFINITE_ACROSS);
    }
}

#[test]
fn inspect_is_never_contradicted_by_a_library() {
    let folder = venv::target().join("truth");
    std::fs::create_dir_all(&folder).expect("target/ is writeable");
    let files = programs("libraries");
    let claims = folder.join("library-claims.jsonl");
    std::fs::write(&claims, inspect(&files)).expect("target/ is writeable");
    let mut arguments: Vec<&Path> = vec![Path::new("--claims"), &claims];
    arguments.extend(files.iter().map(PathBuf::as_path));
    let (said, succeeded) = harness(&venv::python_with_libraries(), "hold.py", &arguments);
    let shown: Vec<&str> = said.lines().take(40).collect();
    assert!(succeeded, "the first lines:\n{}\n…\n{}", shown.join("\n"), last_line(&said));
    let counts: serde_json::Value = serde_json::from_str(last_line(&said)).unwrap_or_else(|e| panic!("{e}: {said}"));
    println!("{counts}");
    assert_eq!(counts["programs"], files.len());
}

/// The last line of a text.
fn last_line(text: &str) -> &str {
    text.trim_end().lines().next_back().unwrap_or_default()
}

/// Fails if a count is too small a part of another one.
fn share_is_at_least(counts: &serde_json::Value, part: &str, whole: &str, per_mille: u64) {
    let number = |key: &str| counts[key].as_u64().unwrap_or_else(|| panic!("{key} is missing: {counts}"));
    let share = number(part) * 1000 / number(whole).max(1);
    assert!(number(whole) > 1000, "too few {whole} were seen: {counts}");
    assert!(share >= per_mille, "{part}: {share} per mille of {whole} instead of {per_mille}");
}

#[test]
fn the_harness_reports_false_claims() {
    for version in venv::VERSIONS {
        let (said, succeeded) = harness(&venv::python(version), "selftest.py", &[]);
        assert!(succeeded, "on NumPy {version}:\n{said}");
    }
}
