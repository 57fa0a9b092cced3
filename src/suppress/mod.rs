//! Suppression comments: which findings a file asks not to hear of.
//!
//! | comment | what it silences |
//! |---|---|
//! | `# noqa` | everything on its line |
//! | `# noqa: VL101, VL104 any words` | these rules on its line; foreign codes silence nothing of ours |
//! | `# viewlint: ignore` or `# viewlint: ignore[VL101, stale-snapshot] any words` | the same; alone on a line, for the line below |
//! | `# viewlint: noqa` or `# viewlint: noqa: VL101`, alone on a line | the whole file |
//! | `# viewlint: skip-file` | the whole file |
//!
//! A finding is on the line where its primary place begins and on the one where it ends.

mod comments;

use crate::finding::{Finding, RuleInfo};
use crate::source::{LineIndex, Span};
use comments::comments;

/// Removes the findings that comments in the file silence.
pub fn apply(text: &str, index: &LineIndex, findings: &mut Vec<Finding>) {
    // Few files hold such a comment, and the search for comments is not free.
    if findings.is_empty() || !may_suppress(text) {
        return;
    }
    let directives: Vec<Directive> =
        comments(text).into_iter().flat_map(|comment| directives(text, index, comment)).collect();
    findings.retain(|finding| {
        let first = index.row(finding.span.start);
        let last = index.row(finding.span.end.max(finding.span.start + 1) - 1);
        !directives.iter().any(|directive| {
            let here = match directive.scope {
                Scope::File => true,
                Scope::Line(row) => row == first || row == last,
            };
            here && directive.rules.has(finding.rule)
        })
    });
}

/// Does the text hold a word that every directive has?
fn may_suppress(text: &str) -> bool {
    text.contains("viewlint:") || text.as_bytes().windows(4).any(|window| window.eq_ignore_ascii_case(b"noqa"))
}

#[derive(Debug, PartialEq, Eq)]
struct Directive {
    scope: Scope,
    rules: Rules,
}

#[derive(Debug, PartialEq, Eq)]
enum Scope {
    File,
    Line(u32),
}

#[derive(Debug, PartialEq, Eq)]
enum Rules {
    All,
    /// Codes or names, as written.
    Some(Vec<String>),
}

impl Rules {
    fn has(&self, rule: &RuleInfo) -> bool {
        match self {
            Rules::All => true,
            Rules::Some(words) => {
                words.iter().any(|word| word.eq_ignore_ascii_case(rule.code) || word.eq_ignore_ascii_case(rule.name))
            }
        }
    }
}

/// What a comment says. One comment may hold several: `# type: ignore # noqa: VL101`.
fn directives(text: &str, index: &LineIndex, comment: Span) -> Vec<Directive> {
    let row = index.row(comment.start);
    let before = &text[index.line_start(row) as usize..comment.start as usize];
    let alone = before.trim_start_matches('\u{FEFF}').trim().is_empty();
    let body = &text[comment.start as usize..comment.end as usize];
    body.split('#').filter_map(|part| directive(part.trim(), row, alone)).collect()
}

fn directive(part: &str, row: u32, alone: bool) -> Option<Directive> {
    if let Some(rest) = strip_word(part, "noqa") {
        return Some(Directive { scope: Scope::Line(row), rules: noqa(rest)? });
    }
    let rest = strip_word(part, "viewlint")?.trim_start().strip_prefix(':')?.trim_start();
    if strip_word(rest, "skip-file").is_some() {
        return Some(Directive { scope: Scope::File, rules: Rules::All });
    }
    if let Some(rest) = strip_word(rest, "noqa") {
        let scope = if alone { Scope::File } else { Scope::Line(row) };
        return Some(Directive { scope, rules: noqa(rest)? });
    }
    let rest = strip_word(rest, "ignore")?;
    let rules = match rest.trim_start().strip_prefix('[') {
        None => Rules::All,
        // A list that is never closed is a slip: silencing everything for it would hide too much.
        Some(list) => Rules::Some(list.split_once(']')?.0.split([',', ' ']).map(str::to_owned).collect()),
    };
    Some(Directive { scope: Scope::Line(if alone { row + 1 } else { row }), rules })
}

/// What follows `noqa`: nothing (all), or a colon and codes. Words behind the codes are a person's reason.
fn noqa(rest: &str) -> Option<Rules> {
    let Some(list) = rest.trim_start().strip_prefix(':') else { return Some(Rules::All) };
    let words = list.split(|c: char| c == ',' || c.is_whitespace()).filter(|word| !word.is_empty());
    let codes: Vec<String> = words.take_while(|word| is_code(word) || is_name(word)).map(str::to_owned).collect();
    // `# noqa: because` names nothing: as in ruff it silences nothing.
    (!codes.is_empty()).then_some(Rules::Some(codes))
}

/// Letters and then digits: a code of any linter.
fn is_code(word: &str) -> bool {
    let digits = word.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    digits.len() < word.len() && !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// A rule's name: no reason in words begins with one.
fn is_name(word: &str) -> bool {
    crate::rules::all().iter().any(|rule| rule.name.eq_ignore_ascii_case(word))
}

/// The rest behind a word, in any case, that is not the beginning of a longer one.
fn strip_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(word.len())?;
    let ends = !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '-');
    (ends && head.eq_ignore_ascii_case(word)).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Confidence;

    /// Is a finding of VL101 at `«…»` silenced?
    fn silenced(marked: &str) -> bool {
        let start = marked.find('«').unwrap();
        let end = marked.find('»').unwrap() - '«'.len_utf8();
        let text = marked.replace(['«', '»'], "");
        let rule = crate::rules::all().iter().find(|rule| rule.code == "VL101").unwrap();
        let finding = Finding {
            rule,
            span: Span::new(start as u32, end as u32),
            message: String::new(),
            confidence: Confidence::Likely,
            labels: Vec::new(),
            help: None,
        };
        let mut findings = vec![finding];
        apply(&text, &LineIndex::new(&text), &mut findings);
        findings.is_empty()
    }

    #[test]
    fn noqa_silences_its_line() {
        for comment in [
            "# noqa",
            "#noqa",
            "#   NoQA",
            "# noqa: VL101",
            "# noqa:VL101",
            "# NOQA : VL101",
            "# noqa: F401, VL101",
            "# noqa: F401 VL101 because it is meant",
            "# noqa VL999",
            "# why # noqa: VL101",
            "# type: ignore # noqa",
            "# noqa: vl101",
            "# noqa: write-through-view",
            "# noqa - a reason",
        ] {
            assert!(silenced(&format!("«x[0] = 1»  {comment}\n")), "{comment}");
        }
    }

    #[test]
    fn other_comments_do_not() {
        for comment in [
            "# noqa: F401",
            "# noqa: VL104",
            "# noqa: VL10",
            "# noqa: VL1011",
            "# noqa: because VL101",
            "# noqa:",
            "# noqable",
            "# no qa",
            "# viewlint: ignored",
            "# viewlint ignore",
            "# viewlint: ignore[VL104]",
            "# viewlint: ignore[VL101",
            "# ruff: noqa",
            "# flake8: noqa",
        ] {
            assert!(!silenced(&format!("«x[0] = 1»  {comment}\n")), "{comment}");
        }
        assert!(!silenced("x = 1  # noqa\n«y[0] = 1»\n"));
    }

    #[test]
    fn strings_are_no_comments() {
        assert!(!silenced("«x['# noqa'] = 1»\n"));
        assert!(!silenced("'''\n# viewlint: skip-file\n'''\n«x[0] = 1»\n"));
        assert!(silenced("«x['# a'] = 1»  # noqa\n"));
    }

    #[test]
    fn a_finding_over_several_lines_is_on_its_first_and_last() {
        assert!(silenced("«f(  # noqa\n  1,\n)»\n"));
        assert!(!silenced("«f(\n  1,  # noqa\n)»\n"));
        assert!(silenced("«f(\n  1,\n)»  # noqa: VL101\n"));
        assert!(!silenced("«f(\n  1,\n)»\nx  # noqa\n"));
    }

    #[test]
    fn our_own_form_may_stand_above() {
        assert!(silenced("«x[0] = 1»  # viewlint: ignore\n"));
        assert!(silenced("«x[0] = 1»  # viewlint:ignore[VL104, VL101] filled on purpose\n"));
        assert!(silenced("if x:\n    # viewlint: ignore[write-through-view]\n    «x[0] = 1»\n"));
        assert!(!silenced("# viewlint: ignore\n\n«x[0] = 1»\n"));
        assert!(!silenced("y = 1  # viewlint: ignore\n«x[0] = 1»\n"));
        assert!(!silenced("# noqa\n«x[0] = 1»\n"));
    }

    #[test]
    fn whole_files_are_silenced() {
        assert!(silenced("«x[0] = 1»\n\n# viewlint: skip-file\n"));
        assert!(silenced("# viewlint: noqa\n\n«x[0] = 1»\n"));
        assert!(silenced("# viewlint: noqa: VL101 generated\n\n«x[0] = 1»\n"));
        assert!(!silenced("# viewlint: noqa: VL104\n\n«x[0] = 1»\n"));
        assert!(!silenced("y = 1  # viewlint: noqa\n\n«x[0] = 1»\n"));
        assert!(silenced("«x[0] = 1»  # viewlint: noqa\n"));
    }
}
