//! The rules, and the list of them.

use crate::finding::RuleInfo;

macro_rules! rule {
    ($code:literal, $name:literal, $summary:literal) => {
        &RuleInfo {
            code: $code,
            name: $name,
            summary: $summary,
            page: include_str!(concat!("../../rules/", $code, "-", $name, ".md")),
        }
    };
}

static RULES: &[&RuleInfo] = &[
    rule!(
        "VL101",
        "write-through-view",
        "a write through a view changes an array that is used later as if it had not changed"
    ),
    rule!("VL104", "stale-snapshot", "a second name kept as a snapshot changes together with the array"),
    rule!("VL201", "deleted-base-kept-alive", "`del` frees nothing while a small view holds the whole array"),
    rule!("VL301", "write-to-temporary-copy", "a write into a copy that nothing holds is lost"),
    rule!("VL302", "write-to-discarded-copy", "a write into a named copy that is never read again is lost"),
];

/// All rules, by code.
pub fn all() -> &'static [&'static RuleInfo] {
    RULES
}
