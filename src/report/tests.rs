//! Hand-made findings in every format.

use super::*;
use crate::finding::{Label, Role};

static RULE: RuleInfo =
    RuleInfo { code: "VL104", name: "stale-snapshot", summary: "a snapshot changes", page: "# stale-snapshot\n" };

/// A text in which `«n…»` marks the place of label n; the labels' spans are in the order of the numbers.
fn marked(text: &str) -> (String, Vec<Span>) {
    let (mut plain, mut open, mut spans) = (String::new(), Vec::new(), Vec::new());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '«' => open.push((chars.next().and_then(|c| c.to_digit(10)).unwrap(), plain.len() as u32)),
            '»' => {
                let (number, start) = open.pop().unwrap();
                spans.push((number, Span::new(start, plain.len() as u32)));
            }
            c => plain.push(c),
        }
    }
    spans.sort();
    (plain, spans.into_iter().map(|(_, span)| span).collect())
}

/// The finding with the labels of the marked text; label `primary` (from 0) is the primary one.
fn case(text: &str, messages: &[&str], primary: usize) -> (SourceFile, Finding) {
    let (text, spans) = marked(text);
    let role = |at| match at {
        _ if at == primary => Role::Primary,
        0 => Role::Made,
        1 => Role::Aliased,
        _ => Role::Seen,
    };
    let labels: Vec<Label> = messages
        .iter()
        .enumerate()
        .map(|(at, &message)| Label { span: spans[at], message: message.to_owned(), role: role(at), file: None })
        .collect();
    let finding = Finding {
        rule: &RULE,
        span: spans[primary],
        message: "`u_old` changes together with `u`".to_owned(),
        confidence: Confidence::Likely,
        labels,
        help: Some("keep a copy: `u_old = u.copy()`".to_owned()),
    };
    (SourceFile { path: "solver.py".to_owned(), text }, finding)
}

fn render(format: Format, style: Style, source: &SourceFile, findings: &[Finding]) -> String {
    let index = LineIndex::new(&source.text);
    format.render(&Located { source, index: &index }, findings, style)
}

fn full(text: &str, messages: &[&str], primary: usize) -> String {
    let (source, finding) = case(text, messages, primary);
    render(Format::Full, Style::default(), &source, &[finding])
}

const STORY: &str = "\
import numpy as np

def solve(n, k, tol):
    «0u = np.zeros(n)»
    u[0] = 1
    for _ in range(1000):
        «1u_old = u»
        «2u[1:-1] += k * (u[2:] - 2 * u[1:-1] + u[:-2])»
        if np.abs(u - «3u_old»).max() < tol:
            break



    return u
";

const MESSAGES: &[&str] = &[
    "the array is made here",
    "a second name for the same array, not a copy",
    "this write changes what `u_old` sees",
    "read here as if it still held the old values",
];

#[test]
fn full_tells_the_story_in_the_source() {
    insta::assert_snapshot!(full(STORY, MESSAGES, 2));
}

#[test]
fn full_in_colour_and_with_box_drawing() {
    let (source, finding) = case(STORY, MESSAGES, 2);
    let style = Style { color: true, unicode: true, width: 100 };
    insta::assert_snapshot!(render(Format::Full, style, &source, &[finding]).replace('\u{1b}', "^["));
}

#[test]
fn far_apart_lines_are_frames_of_their_own() {
    let text = format!("«0a = np.zeros(3)»\n{}    «1a[0] = 1»\n{}print(«2a»)", "x = 1\n".repeat(20), "\n".repeat(30));
    insta::assert_snapshot!(full(&text, &["made here", "written here", "read here"], 1));
}

#[test]
fn a_gap_of_one_line_is_bridged() {
    let text = "«0a = b»\n1\n2\n3\n«1a[0] = 1»\n1\n2\n3\n4\n«2c = a»\n";
    insta::assert_snapshot!(full(text, &["made here", "written here", "read here"], 1));
}

#[test]
fn labels_that_overlap_are_drawn_apart() {
    let text = "«0«1a»[mask]»[«2«30»»] = «4f(a)»\n";
    let messages = ["a copy", "the base", "first of two", "second of two", "the value"];
    insta::assert_snapshot!(full(text, &messages, 0));
}

#[test]
fn tabs_wide_and_control_characters_and_line_ends() {
    let text = "if 漢字:\r\n\t«0größe = x\u{1b}[31m»\r\n\t漢字 = '«1漢»'; «2y»\r\n    «3»\r\n«4f(\r\n  1)»";
    insta::assert_snapshot!(full(text, &["a", "b", "c", "empty", "many lines"], 1));
}

#[test]
fn very_long_lines_are_cut() {
    let text = format!("x = [{}«0a[0]»{}]\n", "1, ".repeat(1000), ", 2".repeat(1000));
    insta::assert_snapshot!(full(&text, &["here"], 0));
}

#[test]
fn the_end_of_the_file_can_be_marked() {
    insta::assert_snapshot!(full("x = 1\n«0»", &["here"], 0));
    insta::assert_snapshot!(full("x =«0»", &["here"], 0));
    insta::assert_snapshot!(full("«0»", &["here"], 0));
}

#[test]
fn other_files_have_frames_with_their_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("helper.py");
    std::fs::write(&path, "def scale(x):\n    é = 1; x *= 2\n").unwrap();
    let (source, mut finding) = case("«0a = g()»\n«1scale(a)»\nprint(«2a»)\n", &["made", "passed", "seen"], 1);
    let other = Label {
        span: Span::new(26, 32),
        message: "changed in place".to_owned(),
        role: Role::Note,
        file: Some(path.display().to_string()),
    };
    finding.labels.insert(2, other);
    let strip = |text: String| text.replace(&*folder.path().to_string_lossy(), "FOLDER");
    insta::assert_snapshot!(strip(render(Format::Full, Style::default(), &source, std::slice::from_ref(&finding))));
    let github = strip(render(Format::Github, Style::default(), &source, std::slice::from_ref(&finding)));
    assert!(github.contains("%0A  FOLDER/helper.py:2:12: changed in place"), "{github}");
    let json = strip(render(Format::Json, Style::default(), &source, std::slice::from_ref(&finding)));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["labels"][2]["filename"], "FOLDER/helper.py");
    assert_eq!(json["labels"][2]["location"]["column"], 12);
    // A file that has gone since takes its frame with it, not the finding.
    std::fs::remove_file(&path).unwrap();
    assert!(render(Format::Full, Style::default(), &source, std::slice::from_ref(&finding)).contains("passed"));
    let json = render(Format::Json, Style::default(), &source, &[finding]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert!(json["labels"][2]["location"].is_null());
}

#[test]
fn concise_is_one_line() {
    let (source, mut finding) = case("é = «0a»\n", &["x"], 0);
    finding.message = "two\nlines".to_owned();
    let plain = render(Format::Concise, Style::default(), &source, std::slice::from_ref(&finding));
    assert_eq!(plain, "solver.py:1:5: VL104 two lines\n");
    let color = Style { color: true, ..Style::default() };
    let colored = render(Format::Concise, color, &source, &[finding]);
    assert!(colored.contains("\u{1b}[1m") && colored.contains("VL104"), "{colored:?}");
}

#[test]
fn json_has_the_promised_keys() {
    let (source, finding) = case(STORY, MESSAGES, 2);
    let one = render(Format::Json, Style::default(), &source, std::slice::from_ref(&finding));
    let two = render(Format::Json, Style::default(), &source, &[finding.clone(), finding]);
    let mut out = Vec::new();
    Format::Json.finish([one.as_str(), "", two.as_str()], SUMMARY, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json.as_array().map(Vec::len), Some(3));
    let mut first = json[0].clone();
    let path = first["filename"].take();
    assert!(Path::new(path.as_str().unwrap()).is_absolute());
    for label in first["labels"].as_array_mut().unwrap() {
        assert_eq!(label["filename"].take(), path);
    }
    insta::assert_snapshot!(serde_json::to_string_pretty(&first).unwrap());
}

#[test]
fn github_is_one_line_with_the_story_behind_it() {
    let (source, mut finding) = case(STORY, MESSAGES, 2);
    finding.message = "50% of `u`,\nlost: all".to_owned();
    let likely = render(Format::Github, Style::default(), &source, std::slice::from_ref(&finding));
    insta::assert_snapshot!(likely.replace(&absolute_path(""), "FOLDER"));
    finding.confidence = Confidence::Possible;
    assert!(render(Format::Github, Style::default(), &source, &[finding]).starts_with("::notice title=viewlint"));
}

#[test]
fn a_possible_finding_says_so() {
    let (source, mut finding) = case(STORY, MESSAGES, 2);
    finding.confidence = Confidence::Possible;
    let text = render(Format::Full, Style::default(), &source, &[finding]);
    assert!(text.starts_with("VL104 stale-snapshot: `u_old` changes together with `u` (possible)\n"), "{text}");
}

const SUMMARY: Summary = Summary { findings: 0, errors: 0, quiet: false };

#[test]
fn the_closing_line_is_that_of_ruff() {
    let line = |format: Format, summary| {
        let mut out = Vec::new();
        format.finish([""], summary, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    assert_eq!(line(Format::Full, SUMMARY), "All checks passed!\n");
    assert_eq!(line(Format::Concise, Summary { findings: 1, ..SUMMARY }), "Found 1 error.\n");
    assert_eq!(line(Format::Concise, Summary { findings: 2, errors: 1, ..SUMMARY }), "Found 2 errors.\n");
    assert_eq!(line(Format::Concise, Summary { errors: 1, ..SUMMARY }), "");
    assert_eq!(line(Format::Concise, Summary { findings: 2, quiet: true, ..SUMMARY }), "");
    assert_eq!(line(Format::Github, SUMMARY), "");
    assert_eq!(line(Format::Json, SUMMARY), "[]\n");
}
