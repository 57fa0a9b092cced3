//! Random stores into random arrays: which of the arrays in reach each leaves as they are, and which it overwrites as a
//! whole, is held to NumPy.
//!
//! `tests/stores/generate.py` writes the programs, `tests/stores/hold.py` executes them and compares.
//! `VIEWLINT_STORES_SEED` and `VIEWLINT_STORES_COUNT` choose other programs, or more of them.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "support/venv.rs"]
mod venv;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use viewlint::domain::{Array, ValueId};
use viewlint::interp::{NoCallees, Observer, Point, analyse};
use viewlint::ir::lower;
use viewlint::model::Model;
use viewlint::source::LineIndex;
use viewlint::syntax;
use viewlint::trace::{BodyTrace, EventKind, WriteHow};

/// The share of the arrays that a store leaves as they are, per mille, of which that may be left open.
const MAX_OPEN: u64 = 280;

/// A number from the environment.
fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap_or_else(|error| panic!("{name}={text}: {error}")))
}

/// Runs a script of this test; its output and whether it succeeded.
fn script(version: &str, script: &str, arguments: &[&str]) -> (String, bool) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stores").join(script);
    let output = Command::new(venv::python(version)).arg("-B").arg(script).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("cannot start Python: {error}"));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    (said + &String::from_utf8_lossy(&output.stderr), output.status.success())
}

/// What is said of the stores of one file.
struct Stores<'a> {
    file: String,
    text: &'a str,
    lines: LineIndex,
    /// The values of the names before each line.
    before: BTreeMap<u32, Vec<ValueId>>,
    claims: Vec<Value>,
}

impl Stores<'_> {
    fn is_store(&self, line: u32) -> bool {
        self.text.lines().nth(line as usize - 1).is_some_and(|text| text.ends_with("# store"))
    }
}

impl Observer for Stores<'_> {
    fn wants_points(&self) -> bool {
        true
    }

    fn point(&mut self, point: &mut Point<'_>) {
        self.before.insert(self.lines.row(point.span.start), point.state.locals.clone());
    }

    fn body(&mut self, trace: &BodyTrace<'_>) {
        for (line, locals) in std::mem::take(&mut self.before) {
            if !self.is_store(line) {
                continue;
            }
            let written: Vec<(ValueId, WriteHow)> = trace
                .events
                .iter()
                .filter(|event| self.lines.row(event.stmt.start) == line)
                .filter_map(|event| match event.kind {
                    EventKind::Written { value, how, .. } => Some((value, how)),
                    _ => None,
                })
                .collect();
            let definite = |array: &Array| !array.unknown && !array.bufs.is_empty();
            // Is it certain that a write of the one leaves the other as it is?
            let apart = |written: ValueId, other: ValueId| {
                let (these, those) = (trace.arrays(written), trace.arrays(other));
                !these.is_empty()
                    && these.iter().chain(&those).all(|array| definite(array))
                    && !these.iter().any(|array| trace.overlaps(array, other))
            };
            let unchanged: Vec<&str> = trace
                .body
                .locals
                .iter()
                .zip(&locals)
                .filter(|(_, value)| written.iter().all(|(written, _)| apart(*written, **value)))
                .map(|(info, _)| trace.module.names.text(info.name))
                .collect();
            let whole = matches!(written[..], [(_, WriteHow::Item { whole: true })]);
            self.claims.push(json!({"file": self.file, "line": line, "unchanged": unchanged, "whole": whole}));
        }
    }
}

/// What is said of the stores of all programs of a folder, as JSON lines.
fn claims(folder: &Path) -> String {
    let files = std::fs::read_dir(folder).expect("the programs are there");
    let mut files: Vec<PathBuf> = files.map(|entry| entry.expect("the folder can be listed").path()).collect();
    files.sort();
    let mut said = String::new();
    for file in files.iter().filter(|path| path.extension().is_some_and(|extension| extension == "py")) {
        let text = std::fs::read_to_string(file).expect("a program can be read");
        let module = lower::lower(&syntax::parse(&text, false), &text);
        let name = file.file_name().expect("it is a file").to_string_lossy().into_owned();
        let lines = LineIndex::new(&text);
        let mut stores = Stores { file: name, text: &text, lines, before: BTreeMap::new(), claims: Vec::new() };
        analyse(&module, &text, Model::bundled(), &NoCallees, &mut stores);
        said.extend(stores.claims.iter().map(|claim| format!("{claim}\n")));
    }
    said
}

/// Writes `count` stores, and holds what is said of them to both versions of NumPy; the reports.
fn hold(name: &str, seed: u64, count: u64, spoil: impl Fn(String) -> String) -> Vec<(String, bool)> {
    let folder = venv::target().join("stores").join(name);
    if folder.exists() {
        std::fs::remove_dir_all(&folder).expect("the programs of the last run can be removed");
    }
    let programs = folder.to_str().expect("the target folder has a plain name");
    // What the old version takes, the new one takes as well.
    let (said, succeeded) = script(venv::OLD_NUMPY, "generate.py", &[programs, &seed.to_string(), &count.to_string()]);
    assert!(succeeded, "generate.py: {said}");
    let file = folder.join("claims.jsonl");
    std::fs::write(&file, spoil(claims(&folder))).expect("target/ is writeable");
    let file = file.to_str().expect("the target folder has a plain name");
    venv::VERSIONS.into_iter().map(|version| script(version, "hold.py", &[programs, file])).collect()
}

/// The counts of a report: its last line.
fn counts(report: &str) -> Value {
    let last = report.trim_end().lines().next_back().unwrap_or_default();
    serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {report}"))
}

#[test]
fn numpy_agrees_about_every_store() {
    let (seed, count) = (setting("VIEWLINT_STORES_SEED", 1), setting("VIEWLINT_STORES_COUNT", 12_000));
    for (said, succeeded) in hold("held", seed, count, |claims| claims) {
        let shown: Vec<&str> = said.lines().take(40).collect();
        assert!(succeeded, "seed {seed}, the first lines:\n{}", shown.join("\n"));
        let counts = counts(&said);
        println!("{counts}");
        let number = |key: &str| counts[key].as_u64().expect("it is counted");
        // A few are refused by one of the versions.
        assert!(number("stores") * 100 >= count * 98, "too few were executed: {counts}");
        assert!(number("open") * 1000 <= number("unchanged") * MAX_OPEN, "too much is left open: {counts}");
    }
}

#[test]
fn false_claims_are_reported() {
    for (right, wrong) in [("\"unchanged\":[", "\"unchanged\":[\"v\","), ("\"whole\":false", "\"whole\":true")] {
        // Of what has no target in brackets nothing can be said to be overwritten.
        for (said, succeeded) in
            hold(&format!("spoilt-{}", &right[1..4]), 5, 300, |claims| claims.replace(right, wrong))
        {
            assert!(!succeeded, "`{right}` was spoilt, and nothing reported:\n{said}");
        }
    }
}
