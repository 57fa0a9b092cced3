//! The rules. Each is one file: a static `INFO` and a function `check` over the trace of a body
//! (or `check_class` over the facts of a class, or both).
//!
//! `list.rs` is made from the files of this folder by a test (`tests/registry.rs`), so that a new rule touches nothing
//! but its own file and its page under `rules/`.

mod common;
mod help;
mod list;
mod shallow;

use crate::finding::{Confidence, Finding, RuleInfo};
use crate::trace::{BodyTrace, ClassTrace, EventKind};

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
    let first = findings.len();
    for check in list::CHECKS {
        check(trace, findings);
    }
    for finding in &mut findings[first..] {
        for label in &mut finding.labels {
            // What depends on a version, says so wherever it is a link of the story.
            let varying = trace.events.iter().find_map(|event| match event.kind {
                EventKind::Varies { why, copies } if event.span == label.span && label.file.is_none() => {
                    Some((why, copies))
                }
                _ => None,
            });
            let Some((why, copies)) = varying else { continue };
            label.message.push_str(&format!(" ({})", trace.paths.text(why)));
            if copies {
                // On one of the versions there is no story to tell.
                finding.confidence = finding.confidence.min(Confidence::Possible);
            }
        }
    }
}
