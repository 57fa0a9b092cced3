//! The rule pages are tests: their blocks are analysed and compared with the comments in them, and are run on real NumPy.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "support/blocks.rs"]
mod blocks;
#[path = "support/venv.rs"]
mod venv;

use std::process::Command;

use blocks::{Block, Mark, Page};
use viewlint::finding::Confidence;
use viewlint::model::Model;
use viewlint::source::{LineIndex, SourceFile};

/// Is the text a rule's code: two letters and three digits?
fn is_code(text: &str) -> bool {
    text.len() == 5 && text.starts_with("VL") && text[2..].bytes().all(|byte| byte.is_ascii_digit())
}

#[test]
fn every_rule_has_a_page_and_every_page_a_rule() {
    let rules: Vec<String> =
        viewlint::rules::all().iter().map(|rule| format!("{}-{}.md", rule.code, rule.name)).collect();
    let pages: Vec<String> = blocks::pages().into_iter().map(|page| page.file).collect();
    assert_eq!(rules, pages, "rules (left, in order of code) and pages (right) must be the same");
    for (rule, page) in viewlint::rules::all().iter().zip(blocks::pages()) {
        assert_eq!(rule.page, page.text, "{}: `viewlint rule` prints another page", rule.code);
    }
}

#[test]
fn pages_have_the_headings_in_order() {
    for page in blocks::pages() {
        let title = page.file.trim_end_matches(".md").replacen('-', " ", 1);
        assert_eq!(page.text.lines().next(), Some(&*format!("# {title}")), "{}: the title", page.file);
        let headings: Vec<&str> = page.text.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        assert_eq!(headings, blocks::HEADINGS, "{}: the headings", page.file);
    }
}

#[test]
fn blocks_are_in_their_place() {
    for page in blocks::pages() {
        let code = page.file.split('-').next().unwrap_or_default().to_string();
        let all = blocks::blocks(&page);
        for section in ["Flagged", "Not flagged"] {
            let count = all.iter().filter(|block| block.section == section).count();
            assert!((5..=10).contains(&count), "{}: {count} blocks under {section}", page.file);
        }
        for block in &all {
            let at = format!("rules/{}:{}", block.page, block.offset);
            let own = block.marks.iter().any(|mark| mark.code == code && !mark.alternative);
            assert_eq!(own, block.section == "Flagged", "{at}: `# error: {code}` belongs into the blocks of Flagged");
            assert!(block.text.contains("assert "), "{at}: a block proves what it says");
            for mark in &block.marks {
                assert!(is_code(&mark.code), "{at}: {:?} is no code", mark.code);
                let alike = block.marks.iter().filter(|m| m.code == mark.code && !m.alternative).count();
                assert!(!mark.alternative || alike == 1, "{at}: `# or:` needs exactly one `# error:` of its code");
            }
        }
    }
}

/// What `viewlint check` shows by default for a text, as (line, code).
fn reports(path: &str, text: &str) -> Vec<(u32, String)> {
    let source = SourceFile { path: path.to_string(), text: text.to_string() };
    let checked = viewlint::check::check(&source, Model::bundled());
    assert_eq!(checked.syntax_error, None, "{path}");
    let index = LineIndex::new(text);
    let shown = checked.findings.iter().filter(|finding| finding.confidence >= Confidence::Likely);
    shown.map(|finding| (index.row(finding.span.start), finding.rule.code.to_string())).collect()
}

#[test]
fn blocks_are_reported_as_marked() {
    let wrong: Vec<String> = blocks::all()
        .iter()
        .flat_map(|block| blocks::compare(block, &reports(&format!("rules/{}", block.page), &block.text)))
        .collect();
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn blocks_run_on_real_numpy() {
    let files = blocks::write_all(&venv::target().join("pages-run"));
    assert!(files.len() > 50, "only {} blocks", files.len());
    let runner = blocks::root().join("tests/truth/run_blocks.py");
    for version in venv::VERSIONS {
        let output = Command::new(venv::python(version)).arg("-B").arg(&runner).args(&files).output();
        let output = output.unwrap_or_else(|error| panic!("cannot start Python: {error}"));
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
        let last = format!("ran {} programs on NumPy {version}", files.len());
        assert_eq!(said.trim_end(), last, "not all programs were run");
    }
}

#[test]
fn a_program_that_fails_is_reported() {
    let folder = venv::target().join("pages-fail");
    std::fs::create_dir_all(&folder).expect("target/ is writeable");
    let file = folder.join("wrong.py");
    std::fs::write(&file, "import numpy as np\nassert np.arange(3)[0] == 1\n").expect("target/ is writeable");
    let runner = blocks::root().join("tests/truth/run_blocks.py");
    let output = Command::new(venv::python(venv::VERSIONS[0])).arg("-B").arg(runner).arg(&file).output();
    let output = output.expect("Python starts");
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).contains("wrong.py: line 2: AssertionError"));
}

/// A made-up block of a page.
fn block(text: &str) -> Block {
    let page = Page { file: "VL000-x.md".into(), text: format!("# VL000 x\n\n## Flagged\n\n```python\n{text}```\n") };
    blocks::blocks(&page).remove(0)
}

#[test]
fn marks_are_read_and_compared() {
    let both = block("x = 1  # error: VL104\ny = 2  # or: VL104\nz = 3\n");
    assert_eq!(both.section, "Flagged");
    assert_eq!(both.offset, 5);
    assert_eq!(both.marks[1], Mark { line: 2, code: "VL104".into(), alternative: true });
    let said = |block: &Block, lines: &[(u32, &str)]| {
        blocks::compare(block, &lines.iter().map(|(line, code)| (*line, code.to_string())).collect::<Vec<_>>())
    };
    assert!(said(&both, &[(1, "VL104")]).is_empty());
    assert!(said(&both, &[(2, "VL104")]).is_empty());
    assert_eq!(said(&both, &[]), ["rules/VL000-x.md:6: VL104 is not reported"]);
    assert_eq!(said(&both, &[(3, "VL104")]).len(), 2);
    assert_eq!(said(&both, &[(1, "VL104"), (2, "VL104")]).len(), 1);
    assert_eq!(said(&both, &[(1, "VL104"), (3, "VL101")]), ["rules/VL000-x.md:8: VL101 is reported"]);
    let two = block("x = 1  # error: VL101\ny = 2  # error: VL101\n");
    assert!(said(&two, &[(1, "VL101"), (2, "VL101")]).is_empty());
    assert_eq!(said(&two, &[(1, "VL101")]).len(), 1);
    let quiet = block("x = 1\n");
    assert!(said(&quiet, &[]).is_empty());
    assert_eq!(said(&quiet, &[(1, "VL101")]).len(), 1);
}
