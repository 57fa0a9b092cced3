//! A method hands out the array that the object goes on changing in place.

use crate::domain::{BufId, Evidence, Origin, Region};
use crate::finding::{Confidence, Finding, Role, RuleInfo};
use crate::rules::common::{callee_label, in_order, label, works_in_place, writes};
use crate::trace::{BodyTrace, ClassTrace, Deed, Escape, EventKind, Fact, Source, WriteHow, Wrote};

pub(super) static INFO: RuleInfo = RuleInfo {
    code: "VL107",
    name: "exposed-internal-buffer",
    summary: "a method returns the object's live buffer, which the next call changes in place",
    page: include_str!("../../rules/VL107-exposed-internal-buffer.md"),
};

/// A function inside another one that changes a variable of that one in place, and returns it.
pub(super) fn check(trace: &BodyTrace<'_>, findings: &mut Vec<Finding>) {
    let mut told: Vec<BufId> = Vec::new();
    for write in writes(trace) {
        let Some(array) = trace.array(write.object).filter(|array| array.evidence >= Evidence::Likely) else {
            continue;
        };
        let held = |buf: &&BufId| matches!(trace.buffers.get(**buf).origin, Origin::Closure(..));
        let Some(&buf) = array.bufs.iter().find(held) else { continue };
        let handed = trace.iter().find(|(_, event)| match event.kind {
            EventKind::Escaped { value, how: Escape::Returned, .. } => {
                trace.array(value).is_some_and(|array| array.region == Region::Whole && array.bufs.contains(&buf))
                    && trace.chain(value).is_empty()
            }
            _ => false,
        });
        let (Some(name), Some((_, handed))) = (write.via.filter(|_| write.direct), handed) else { continue };
        // (What is filled part by part is there to be used again.)
        let whole = trace.array(write.value).is_some_and(|array| array.region == Region::Whole);
        if told.contains(&buf) || write.how != WriteHow::Augmented || !whole || works_in_place(trace) {
            continue;
        }
        told.push(buf);
        let name = trace.name(name);
        let labels = vec![
            label(write.event.span, Role::Note, format!("this changes `{name}` of the function around in place")),
            label(
                handed.span,
                Role::Primary,
                format!("this hands out `{name}` itself: earlier results change with it"),
            ),
        ];
        findings.push(Finding {
            rule: &INFO,
            span: handed.span,
            message: format!("`{}` returns the live buffer `{name}`, which its next call changes", trace.body.qualname),
            confidence: if trace.is_test() { Confidence::Possible } else { Confidence::Likely },
            labels: in_order(labels),
            help: Some(format!("return a copy: `{name}.copy()`")),
        });
    }
}

pub(super) fn check_class(trace: &ClassTrace<'_>, findings: &mut Vec<Finding>) {
    let mut told: Vec<crate::ir::Sym> = Vec::new();
    for handed in trace.facts {
        let Deed::Handed { part } = handed.deed else { continue };
        // (What happens in another file is told there.)
        if handed.method.file.is_some() || told.contains(&handed.attr) || trace.evidence(handed.attr) < Evidence::Likely
        {
            continue;
        }
        // Written and handed out by one method: each call spoils what the one before gave.
        let same = trace.writes(handed.attr).find(|(fact, _)| fact.method == handed.method);
        let other = || trace.writes(handed.attr).find(|(fact, how)| !how.whole && !is_setter(trace.method(fact)));
        let Some((written, how)) = same.or_else(other) else { continue };
        if makes_anew(trace, written, how) {
            continue;
        }
        // A base class gives the object new arrays, and when it does so, nobody sees here.
        let anew = trace
            .about(handed.attr)
            .any(|fact| fact.method.file.is_some() && matches!(fact.deed, Deed::Stored(Source::Other)));
        let by_call = same.is_some() && !part && !anew && !in_place(trace.method(handed));
        let confidence = if by_call { Confidence::Likely } else { Confidence::Possible };
        told.push(handed.attr);
        findings.push(tell(trace, handed, written, confidence));
    }
}

/// Does the method that writes the array make a new one first, at each call?
fn makes_anew(trace: &ClassTrace<'_>, written: &Fact, how: Wrote) -> bool {
    let method = how.by.map_or(trace.method(written), |by| trace.name(by.name));
    let own = |fact: &&Fact| trace.method(fact) == method;
    let stored = trace.about(written.attr).filter(own).filter(|fact| matches!(fact.deed, Deed::Stored(Source::Other)));
    let first = |stored: &Fact| {
        // (A write that lies deeper is guarded by what guards the store.)
        trace
            .writes(written.attr)
            .map(|(fact, _)| fact)
            .filter(own)
            .all(|fact| fact.stmt.start > stored.stmt.start && fact.indent >= stored.indent)
    };
    stored.into_iter().any(first)
}

fn is_setter(method: &str) -> bool {
    method.starts_with("set") || method == "__setitem__"
}

/// Does the method's name say that it changes the object, so that its result is the object's new state?
fn in_place(method: &str) -> bool {
    method.ends_with('_') && !method.ends_with("__")
        || method.contains("inplace")
        || method.starts_with("__i")
        || method.starts_with('_') && !method.starts_with("__")
}

fn tell(trace: &ClassTrace<'_>, handed: &Fact, written: &Fact, confidence: Confidence) -> Finding {
    let own = format!("{}.{}", trace.receiver(handed), trace.name(handed.attr));
    let mut labels = vec![
        label(written.span, Role::Note, format!("`{}` changes `{own}` in place", trace.method(written))),
        label(
            handed.span,
            Role::Primary,
            format!("this hands out `{own}` itself: results of earlier calls change with it"),
        ),
    ];
    labels.extend(callee_label(trace, written));
    Finding {
        rule: &INFO,
        span: handed.span,
        message: format!("`{}` returns the live buffer `{own}`, which later calls change", trace.method(handed)),
        confidence,
        labels: in_order(labels),
        help: Some(format!("return a copy: `{own}.copy()`")),
    }
}
