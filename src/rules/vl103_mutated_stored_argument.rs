//! An object keeps the array that its caller passed, and a method changes it in place.

use std::cmp::Reverse;

use crate::domain::Evidence;
use crate::finding::{Confidence, Finding, Role, RuleInfo};
use crate::rules::common::{callee_label, fact_label, in_order, label, names_an_output};
use crate::trace::{ClassTrace, Deed, Fact, Source, Way, Wrote};

pub(super) static INFO: RuleInfo = RuleInfo {
    code: "VL103",
    name: "mutated-stored-argument",
    summary: "an object keeps the caller's array without copying, and a method changes it in place",
    page: include_str!("../../rules/VL103-mutated-stored-argument.md"),
};

pub(super) fn check_class(trace: &ClassTrace<'_>, findings: &mut Vec<Finding>) {
    let mut told: Vec<crate::ir::Sym> = Vec::new();
    for stored in trace.facts {
        let Deed::Stored(Source::Param(param, way)) = stored.deed else { continue };
        let attr = trace.name(stored.attr);
        if stored.chosen
            || told.contains(&stored.attr)
            || names_an_output(trace.name(param))
            || names_an_output(attr)
            || trace.evidence(stored.attr) < Evidence::Likely
            || stored.replaced
        {
            continue;
        }
        // (What happens in another file from beginning to end is told there.)
        let near = |fact: &Fact| stored.method.file.is_none() || fact.method.file.is_none();
        let written = trace.writes(stored.attr).filter(|(fact, how)| near(fact) && !how.whole);
        let best = written
            .map(|(fact, how)| (confidence(trace, stored, fact, way, how), fact))
            .max_by_key(|(confidence, fact)| (*confidence, fact.method.file.is_none(), Reverse(fact.span.start)));
        if let Some((confidence, fact)) = best {
            told.push(stored.attr);
            findings.push(tell(trace, stored, param, way, fact, confidence));
        }
    }
}

/// How sure it is that the object was to have an array of its own.
fn confidence(trace: &ClassTrace<'_>, stored: &Fact, written: &Fact, way: Way, how: Wrote) -> Confidence {
    let method = trace.method(written);
    // Methods that are there to write what they are given into the array.
    let setter = method == "__setitem__"
        || ["set", "fill", "put", "write", "assign"].iter().any(|verb| method.starts_with(verb));
    let likely = match way {
        _ if method.contains("inplace") || method.contains("in_place") => false,
        Way::Converted => !setter,
        // A function that is called for what it returns, and writes what it is given by the way.
        // (Whoever sets a property hands its array over.)
        Way::Same if how.by.is_some_and(|by| !by.procedure) => !setter && !stored.method.property,
        // (Who calls a setter of a base class, and when, nobody sees here.)
        Way::Same => how.operator && (stored.method.file.is_none() || trace.method(stored) == "__init__"),
        Way::View { .. } => false,
    };
    if likely { Confidence::Likely } else { Confidence::Possible }
}

fn tell(
    trace: &ClassTrace<'_>,
    stored: &Fact,
    param: crate::ir::Sym,
    way: Way,
    written: &Fact,
    confidence: Confidence,
) -> Finding {
    let own = format!("{}.{}", trace.receiver(stored), trace.name(stored.attr));
    let param = trace.name(param);
    let kept = match way {
        Way::Converted => format!("`{own}` is the caller's array, unless the conversion has to copy"),
        Way::Same | Way::View { .. } => format!("`{own}` is the caller's array, not a copy"),
    };
    let changes = format!("`{}` changes it in place, and the caller's `{param}` with it", trace.method(written));
    let keep = format!("keep a copy: `{own} = np.array({param})`");
    if stored.method.file.is_none() {
        let mut labels = vec![
            label(stored.stmt, Role::Primary, kept),
            fact_label(trace, written, written.span, Role::Note, changes),
        ];
        labels.extend(callee_label(trace, written));
        return Finding {
            rule: &INFO,
            span: stored.stmt,
            message: format!("`{own}` keeps the array passed as `{param}`, and `{}` changes it", trace.method(written)),
            confidence,
            labels: in_order(labels),
            help: Some(keep),
        };
    }
    // The base class is at fault as much as this one; here it is that the array is changed.
    let mut labels = vec![label(written.span, Role::Primary, format!("this changes the caller's `{param}`"))];
    labels.extend(callee_label(trace, written));
    labels.push(fact_label(trace, stored, stored.stmt, Role::Note, kept));
    let class = trace.name(trace.module.classes[trace.class.index()].name);
    Finding {
        rule: &INFO,
        span: written.span,
        message: format!(
            "`{class}.{}` changes `{own}`, where a base class keeps the array passed as `{param}`",
            trace.method(written)
        ),
        confidence,
        labels: in_order(labels),
        help: Some(format!("make a new array here, or {keep} in the base class")),
    }
}
