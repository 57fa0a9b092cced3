//! The programs of `fixtures/demo`, which the README's first command shows: each has the mistakes that it is there for.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;

use viewlint::finding::Confidence;
use viewlint::model::Model;
use viewlint::source::SourceFile;

/// The codes that are reported for each program, in the order of the lines.
const EXPECTED: [(&str, &[&str]); 6] = [
    ("artifacts.py", &["VL302", "VL301"]),
    ("descent.py", &["VL104"]),
    ("heat.py", &["VL104"]),
    ("loader.py", &["VL201"]),
    ("photo.py", &["VL101"]),
    ("wave.py", &[]),
];

#[test]
fn each_demo_shows_its_mistakes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/demo");
    let mut files: Vec<String> = std::fs::read_dir(&folder)
        .expect("fixtures/demo is a folder")
        .map(|entry| entry.expect("fixtures/demo can be listed").file_name().to_string_lossy().into_owned())
        .collect();
    files.sort();
    assert_eq!(files, EXPECTED.map(|(file, _)| file), "the programs of fixtures/demo");
    let mut wrong = Vec::new();
    for (file, expected) in EXPECTED {
        let text = std::fs::read_to_string(folder.join(file)).expect("a program can be read");
        let findings = viewlint::check::check(&SourceFile { path: file.to_string(), text }, Model::bundled()).findings;
        let shown = findings.iter().filter(|finding| finding.confidence >= Confidence::Likely);
        let mut codes: Vec<&str> = shown.map(|finding| finding.rule.code).collect();
        // Two writes through one view may be one finding or two.
        codes.dedup();
        if codes != expected {
            wrong.push(format!("{file}: {codes:?} instead of {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
