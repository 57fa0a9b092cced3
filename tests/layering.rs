//! Holds the code to the import table of `ARCHITECTURE.md`, and to a budget of length.
//!
//! A *room* is a module at the top of the crate. The test reads the source text: every path that begins with `crate::`,
//! or that leads up to the crate's root by `super::`, names a room, and the table says who may name which. Parts under
//! `#[cfg(test)]` are free.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};

/// What a room may import from the others.
struct Room {
    /// The room's name.
    name: &'static str,
    /// The rooms that it may import.
    may: &'static [&'static str],
}

/// The table. A room that is not in it joins the rooms and may import any.
const TABLE: &[Room] = &[
    Room { name: "source", may: &[] },
    Room { name: "syntax", may: &["source"] },
    Room { name: "ir", may: &["source"] },
    Room { name: "domain", may: &["ir"] },
    Room { name: "model", may: &[] },
    Room { name: "trace", may: &["source", "ir", "domain"] },
    Room { name: "interp", may: &["ir", "domain", "model", "trace", "source"] },
    Room { name: "project", may: &["ir", "domain", "interp", "trace", "source"] },
    Room { name: "finding", may: &["source"] },
    Room { name: "rules", may: &["trace", "finding", "source", "ir", "domain"] },
    Room { name: "report", may: &["finding", "source"] },
];

/// The rooms that join the others and decide nothing.
const JOINERS: &[&str] =
    &["check", "cli", "comments", "config", "suppress", "cache", "inspect", "fix", "lsp", "lib", "main"];

/// Rooms which may import more in one of their parts: the part, and what it may import as well.
const PARTS: &[(&str, &[&str])] = &[("ir/lower", &["syntax"])];

/// What the rules may use of `ir`: ids and names. Not the ops: a rule that reads them would analyse by itself.
const RULES_MAY_NAME: &[&str] = &["BodyId", "ClassId", "BlockId", "Local", "Temp", "Names", "Sym", "names"];

/// Crates, and the only parts of the code that may name them.
const CRATES: &[(&str, &[&str])] = &[
    ("ruff_", &["syntax", "ir/lower"]),
    ("miette", &["report", "main"]),
    ("clap", &["cli"]),
    ("toml", &["config"]),
    ("ignore", &["source"]),
    ("encoding_rs", &["source"]),
];

/// The most lines that a file may have.
const MAX_LINES: usize = 600;

/// The source files, as (path below `src`, text), sorted.
fn sources() -> Vec<(String, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("src can be listed") {
            let path = entry.expect("src can be listed").path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    walk(&root, &mut paths);
    paths.sort();
    let read = |path: &PathBuf| {
        let name = path.strip_prefix(&root).expect("it lies below src").to_string_lossy().replace('\\', "/");
        (name, std::fs::read_to_string(path).expect("a source file can be read"))
    };
    paths.iter().map(read).collect()
}

/// The room of a file: the first part of its path.
fn room_of(path: &str) -> &str {
    path.split('/').next().unwrap_or(path).trim_end_matches(".rs")
}

/// Does the file lie in this part of the code (`syntax`, `ir/lower`)?
fn lies_in(path: &str, part: &str) -> bool {
    let rest = path.strip_prefix(part);
    rest.is_some_and(|rest| rest.starts_with('/') || rest == ".rs")
}

/// Does the file hold only tests?
fn is_tests(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/")
}

/// The text with comments, and with what stands under `#[cfg(test)]`, taken out; lines keep their numbers.
///
/// Relies on rustfmt: an item ends with a line of its own indentation that closes it, or on its first line.
fn code_of(text: &str) -> String {
    let mut kept = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let trimmed = line.trim_start();
        if trimmed == "#[cfg(test)]" {
            kept.push('\n');
            let end = format!("{}}}", &line[..line.len() - trimmed.len()]);
            let mut first = true;
            for inner in lines.by_ref() {
                kept.push('\n');
                let is_attribute = inner.trim_start().starts_with("#[");
                if inner == end || (first && !is_attribute && (inner.ends_with(';') || inner.ends_with('}'))) {
                    break;
                }
                first &= is_attribute;
            }
            continue;
        }
        if !trimmed.starts_with("//") {
            kept.push_str(line.split(" // ").next().unwrap_or(line));
        }
        kept.push('\n');
    }
    kept
}

/// How many modules deep the file's own items are: `check.rs` and `ir/mod.rs` 1, `ir/dump.rs` 2.
fn depth_of(path: &str) -> usize {
    let parts = path.split('/').count();
    if path.ends_with("/mod.rs") { parts - 1 } else { parts }
}

/// Is the byte before `at` part of an identifier or path?
fn continues(text: &str, at: usize) -> bool {
    text[..at].chars().next_back().is_some_and(|before| before.is_alphanumeric() || before == '_' || before == ':')
}

/// The identifier at the start of the text.
fn identifier(text: &str) -> &str {
    let end = text.find(|character: char| !(character.is_alphanumeric() || character == '_')).unwrap_or(text.len());
    &text[..end]
}

/// Splits what stands in braces at the commas that are not in inner braces.
fn split_braces(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0, 0);
    for (at, character) in text.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => {
                parts.push(&text[start..at]);
                return parts;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts
}

/// The paths below the crate's root that follow at the start of the text: several, if braces follow.
fn paths_at(text: &str) -> Vec<&str> {
    match text.strip_prefix('{') {
        Some(inside) => split_braces(inside).iter().map(|part| part.trim()).filter(|part| !part.is_empty()).collect(),
        None => vec![text],
    }
}

/// The paths, relative to the crate's root, that the code names: (line, the text from the room on).
fn named_paths<'a>(path: &str, code: &'a str) -> Vec<(usize, &'a str)> {
    let mut found = Vec::new();
    let line_of = |at: usize| code[..at].matches('\n').count() + 1;
    for (at, start) in code.match_indices("crate::") {
        if !continues(code, at) && !code[..at].ends_with('$') {
            found.extend(paths_at(&code[at + start.len()..]).into_iter().map(|rest| (line_of(at), rest)));
        }
    }
    for (at, _) in code.match_indices("super::") {
        if continues(code, at) {
            continue;
        }
        let mut rest = &code[at..];
        let mut steps = 0;
        while let Some(next) = rest.strip_prefix("super::") {
            rest = next;
            steps += 1;
        }
        if steps >= depth_of(path) {
            found.extend(paths_at(rest).into_iter().map(|rest| (line_of(at), rest)));
        }
    }
    found
}

/// What a file imports that it may not: one sentence each.
fn violations(path: &str, text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    if is_tests(path) {
        return wrong;
    }
    let room = room_of(path);
    let code = code_of(text);
    match TABLE.iter().find(|row| row.name == room) {
        None if !JOINERS.contains(&room) => wrong.push(format!("src/{path}: the room `{room}` is not in the table")),
        None => {}
        Some(row) => {
            let more = PARTS.iter().filter(|(part, _)| lies_in(path, part)).flat_map(|(_, rooms)| rooms.iter());
            let may: Vec<&str> = row.may.iter().chain(more).copied().collect();
            for (line, named) in named_paths(path, &code) {
                let other = identifier(named);
                if other != room && !may.contains(&other) {
                    wrong.push(format!("src/{path}:{line}: `{room}` may not import `{other}`"));
                }
                if room == "rules" && other == "ir" {
                    wrong.extend(
                        ops_named(named).map(|name| format!("src/{path}:{line}: `rules` may not use `ir::{name}`")),
                    );
                }
            }
        }
    }
    for (name, parts) in CRATES {
        if parts.iter().any(|part| lies_in(path, part)) {
            continue;
        }
        for (at, _) in code.match_indices(name) {
            let rest = &code[at..];
            let whole = identifier(rest);
            let is_path = rest[whole.len()..].starts_with("::");
            let is_use = code[..at].ends_with("use ")
                && (rest[whole.len()..].starts_with(';') || rest[whole.len()..].starts_with(" as "));
            if (whole == *name || name.ends_with('_')) && !continues(&code, at) && (is_path || is_use) {
                let line = code[..at].matches('\n').count() + 1;
                wrong.push(format!("src/{path}:{line}: `{whole}` may be named only in {parts:?}"));
            }
        }
    }
    wrong
}

/// The names of `ir` in a path that begins with it, other than those that rules may use.
fn ops_named(path: &str) -> impl Iterator<Item = &str> {
    let rest = path.strip_prefix("ir::").unwrap_or_default();
    paths_at(rest).into_iter().map(identifier).filter(|name| !RULES_MAY_NAME.contains(name) && *name != "self")
}

#[test]
fn rooms_import_what_the_table_allows() {
    let wrong: Vec<String> = sources().iter().flat_map(|(path, text)| violations(path, text)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_is_the_one_in_the_document() {
    let document = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("ARCHITECTURE.md"));
    let document = document.expect("ARCHITECTURE.md is there");
    for room in TABLE {
        let may = if room.may.is_empty() {
            "–".to_string()
        } else {
            room.may.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
        };
        let row = format!("| `{}` | {may} |", room.name);
        assert!(document.lines().any(|line| line.starts_with(&row)), "ARCHITECTURE.md lacks the row\n{row}");
    }
}

#[test]
fn files_are_short() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let lines = text.lines().count();
        if lines > MAX_LINES {
            wrong.push(format!("src/{path} has {lines} lines, more than {MAX_LINES}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The lines of a text that allow a lint without a reason: neither `reason = "…"`, nor a comment above.
fn allowed_without_reason(text: &str) -> Vec<usize> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let lacks = |at: &usize| {
        let line = lines[*at];
        let opens = ["#[allow(", "#![allow(", "#[expect(", "#![expect("].iter().any(|start| line.starts_with(start));
        let to_end = lines[*at..].iter().take_while(|line| !line.ends_with(']')).count();
        let attribute = lines[*at..=(*at + to_end).min(lines.len() - 1)].join(" ");
        let above = at.checked_sub(1).map(|above| lines[above]).unwrap_or_default();
        let comment = above.starts_with("// ");
        opens && !attribute.contains("reason = \"") && !comment
    };
    (0..lines.len()).filter(lacks).map(|at| at + 1).collect()
}

#[test]
fn every_allowed_lint_has_a_reason() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        wrong.extend(allowed_without_reason(&text).iter().map(|line| format!("src/{path}:{line}")));
    }
    assert!(wrong.is_empty(), "lints are allowed without a reason:\n{}", wrong.join("\n"));
}

#[test]
fn made_up_violations_are_found() {
    let one = |path: &str, text: &str| violations(path, text).len();
    assert_eq!(violations("model/mod.rs", "use crate::ir::Op;\n"), ["src/model/mod.rs:1: `model` may not import `ir`"]);
    assert_eq!(one("trace/mod.rs", "use crate::{\n    domain::Value,\n    interp::{Run, Step},\n};\n"), 1);
    assert_eq!(one("report/json.rs", "fn f() {\n    crate::trace::read();\n}\n"), 1);
    assert_eq!(one("report/json.rs", "use super::super::rules;\n"), 1);
    assert_eq!(one("report/json.rs", "use super::rules;\n"), 0);
    assert_eq!(one("domain/mod.rs", "use super::model::Row;\n"), 1);
    assert_eq!(one("ir/dump.rs", "use crate::syntax::Tree;\n"), 1);
    assert_eq!(one("ir/lower/expr.rs", "use crate::syntax::Tree;\nuse ruff_python_ast::Expr;\n"), 0);
    assert_eq!(one("ir/mod.rs", "use ruff_python_ast as ast;\n"), 1);
    assert_eq!(one("interp/mod.rs", "fn f(x: &ruff_text_size::TextRange) {}\n"), 1);
    assert_eq!(one("cli/mod.rs", "use miette::Report;\n"), 1);
    assert_eq!(one("report/full.rs", "use miette::Report;\nuse clap::Parser;\n"), 1);
    assert_eq!(one("rules/vl101.rs", "use crate::ir::Local;\nuse crate::ir::{Sym, OpKind};\n"), 1);
    assert_eq!(one("rules/vl101.rs", "use crate::interp::run;\n"), 1);
    assert_eq!(one("extra/mod.rs", ""), 1);
    assert_eq!(one("check.rs", "use crate::{interp, rules, trace};\n"), 0);
    assert_eq!(one("main.rs", "fn main() {\n    viewlint::cli::run();\n}\n"), 0);
}

#[test]
fn comments_and_tests_are_free() {
    let text = "//! See [`crate::rules`].\n// use crate::rules;\nlet x = 1; // crate::rules\n";
    assert!(violations("domain/mod.rs", text).is_empty());
    let text = "#[cfg(test)]\nmod tests {\n    use crate::rules;\n}\nuse crate::report;\n";
    assert_eq!(violations("domain/mod.rs", text), ["src/domain/mod.rs:5: `domain` may not import `report`"]);
    let text = "#[cfg(test)]\nuse crate::rules;\n#[cfg(test)]\n#[path = \"x.rs\"]\nmod tests;\nuse crate::report;\n";
    assert_eq!(violations("domain/mod.rs", text).len(), 1);
    assert!(violations("interp/tests.rs", "use crate::rules;\n").is_empty());
}

#[test]
fn a_reason_is_asked_for() {
    assert_eq!(allowed_without_reason("#[allow(dead_code)]\nfn f() {}\n"), [1]);
    assert_eq!(allowed_without_reason("x\n    #![expect(\n    dead_code\n)]\n"), [2]);
    assert!(allowed_without_reason("// Used on Windows only.\n#[allow(dead_code)]\n").is_empty());
    assert!(allowed_without_reason("#[allow(\n    dead_code,\n    reason = \"so\"\n)]\n").is_empty());
}
