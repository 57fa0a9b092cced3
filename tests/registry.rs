//! Holds `src/rules/list.rs` to the files of its folder: a new rule's file is enough, and this test writes the list.

use std::fmt::Write;
use std::path::Path;

/// The list that the files call for.
fn wanted(stems: &[String]) -> String {
    let mut text = String::from(
        "//! The list of rules. Made by `tests/registry.rs` from the files of this folder: do not edit.\n\n\
         use crate::finding::{Finding, RuleInfo};\nuse crate::trace::{BodyTrace, ClassTrace};\n\n",
    );
    for stem in stems {
        let _ = writeln!(text, "#[path = \"{stem}.rs\"]\nmod {stem};");
    }
    text.push_str("\n/// What the rules are.\npub(super) static INFOS: &[&RuleInfo] = &[\n");
    for stem in stems {
        let _ = writeln!(text, "    &{stem}::INFO,");
    }
    text.push_str(
        "];\n\n/// What the rules do.\npub(super) static CHECKS: &[fn(&BodyTrace<'_>, &mut Vec<Finding>)] = &[\n",
    );
    for stem in stems.iter().filter(|stem| has(stem, "check(")) {
        let _ = writeln!(text, "    {stem}::check,");
    }
    text.push_str(
        "];\n\n/// What the rules do with classes.\npub(super) static CLASS_CHECKS: &[fn(&ClassTrace<'_>, &mut Vec<Finding>)] = &[\n",
    );
    for stem in stems.iter().filter(|stem| has(stem, "check_class(")) {
        let _ = writeln!(text, "    {stem}::check_class,");
    }
    text.push_str("];\n");
    text
}

/// Has the rule a function of this name?
fn has(stem: &str, function: &str) -> bool {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/rules/{stem}.rs"));
    std::fs::read_to_string(path).is_ok_and(|text| text.contains(&format!("pub(super) fn {function}")))
}

#[test]
fn the_list_names_every_rule() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rules");
    let mut stems: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .filter_map(|entry| {
            let name = entry.unwrap().file_name().into_string().unwrap();
            name.strip_suffix(".rs").filter(|stem| stem.starts_with("vl")).map(str::to_string)
        })
        .collect();
    stems.sort();
    assert!(!stems.is_empty());
    let (path, wanted) = (folder.join("list.rs"), wanted(&stems));
    if std::fs::read_to_string(&path).unwrap() != wanted {
        std::fs::write(&path, &wanted).unwrap();
        panic!("src/rules/list.rs was out of date; it is written anew: build and test again");
    }
}

#[test]
fn codes_names_and_files_agree() {
    for info in viewlint::rules::all() {
        let stem = format!("{}_{}", info.code.to_lowercase(), info.name.replace('-', "_"));
        assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/rules/{stem}.rs")).exists(), "{stem}.rs");
        assert!(info.page.starts_with(&format!("# {} {}\n", info.code, info.name)), "{}: the page's title", info.code);
        let first = info.summary.chars().next().unwrap();
        assert!(!first.is_uppercase() && !info.summary.ends_with('.'), "{}: {}", info.code, info.summary);
    }
}
