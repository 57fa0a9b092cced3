//! The rules. Each is one file: a static `INFO` and a function `check` over the trace of a body
//! (or `check_class` over the facts of a class, or both).
//!
//! `list.rs` is made from the files of this folder by a test (`tests/registry.rs`), so that a new rule touches nothing
//! but its own file and its page under `rules/`.

mod common;
mod help;
mod list;

use crate::finding::{Finding, RuleInfo};
use crate::trace::{BodyTrace, ClassTrace};

/// All rules, by code.
pub fn all() -> &'static [&'static RuleInfo] {
    list::INFOS
}

/// Lets all rules judge a class.
pub fn judge_class(trace: &ClassTrace<'_>, findings: &mut Vec<Finding>) {
    for check in list::CLASS_CHECKS {
        check(trace, findings);
    }
}

/// Lets all rules judge a body.
pub fn judge(trace: &BodyTrace<'_>, findings: &mut Vec<Finding>) {
    for check in list::CHECKS {
        check(trace, findings);
    }
}
