//! An object keeps the array that its caller passed, and a method changes it in place.

use crate::domain::Evidence;
use crate::finding::{Confidence, Finding, Role, RuleInfo};
use crate::rules::common::{in_order, label, names_an_output, reads_as_operator};
use crate::trace::{ClassTrace, Deed, Fact, Source, Way, WriteHow};

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
            || trace.replaced(stored)
        {
            continue;
        }
        let written = trace.writes(stored.attr).filter(|(_, how)| !matches!(how, WriteHow::Item { whole: true }));
        let best = written
            .map(|(fact, how)| (confidence(trace, stored, fact, way, how), fact))
            .max_by_key(|(confidence, fact)| (*confidence, std::cmp::Reverse(fact.span.start)));
        if let Some((confidence, fact)) = best {
            told.push(stored.attr);
            findings.push(tell(trace, stored, param, way, fact, confidence));
        }
    }
}

/// How sure it is that the object was to have an array of its own.
fn confidence(trace: &ClassTrace<'_>, stored: &Fact, written: &Fact, way: Way, how: WriteHow) -> Confidence {
    let method = trace.method(written);
    // Methods that are there to write what they are given into the array.
    let setter = method == "__setitem__"
        || ["set", "fill", "put", "write", "assign"].iter().any(|verb| method.starts_with(verb));
    let likely = match way {
        _ if method.contains("inplace") || method.contains("in_place") => false,
        Way::Converted(_) => !setter,
        // A function that is called for what it returns, and writes what it is given by the way.
        // (Whoever sets a property hands its array over.)
        Way::Same if matches!(how, WriteHow::Callee { procedure: false, .. }) => !setter && !trace.is_property(stored),
        Way::Same => reads_as_operator(trace, written, how),
        Way::View(_) => false,
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
        Way::Converted(_) => format!("`{own}` is the caller's array, unless the conversion has to copy"),
        Way::Same | Way::View(_) => format!("`{own}` is the caller's array, not a copy"),
    };
    let labels = vec![
        label(stored.stmt, Role::Primary, kept),
        label(
            written.span,
            Role::Note,
            format!("`{}` changes it in place, and the caller's `{param}` with it", trace.method(written)),
        ),
    ];
    Finding {
        rule: &INFO,
        span: stored.stmt,
        message: format!("`{own}` keeps the array passed as `{param}`, and `{}` changes it", trace.method(written)),
        confidence,
        labels: in_order(labels),
        help: Some(format!("keep a copy: `{own} = np.array({param})`")),
    }
}
