//! An array as default argument is made once; a body that writes it changes the default of all later calls. So is an array
//! that is an attribute of a class: a method that writes it through `self` changes it for all objects.

use crate::domain::BufId;
use crate::finding::{Confidence, Finding, Role, RuleInfo};
use crate::ir::{BodyId, Local};
use crate::rules::common::{in_order, label, names_an_output, write_word, writes};
use crate::source::Span;
use crate::trace::{BodyTrace, ClassTrace, Deed, Escape, EventKind, Fact, WriteHow};

pub(super) static INFO: RuleInfo = RuleInfo {
    code: "VL404",
    name: "mutable-array-default",
    summary: "an array as default argument is written: later calls begin with the changed one",
    page: include_str!("../../rules/VL404-mutable-array-default.md"),
};

pub(super) fn check(trace: &BodyTrace<'_>, findings: &mut Vec<Finding>) {
    for (param, buf, default) in trace.array_defaults() {
        findings.extend(written(trace, param, buf, default).or_else(|| kept(trace, param, buf, default)));
    }
}

/// An array that is made in the class's body, and written by a method as if it were the object's own.
pub(super) fn check_class(trace: &ClassTrace<'_>, findings: &mut Vec<Finding>) {
    let class = &trace.module.classes[trace.class.index()];
    let start = |body: BodyId| trace.module.bodies[body.index()].span.start;
    let is_own = |fact: &Fact| class.methods.iter().any(|method| start(method.1) == fact.method.start);
    // (What happens in another file is told there.)
    let here = |fact: &Fact| fact.method.file.is_none();
    for made in trace.facts.iter().filter(|fact| fact.deed == Deed::Common && here(fact)) {
        let written = trace.writes(made.attr).find(|(fact, how)| {
            let inherited = made.method.start != start(class.body) && !is_own(fact);
            here(fact) && !inherited && !how.whole && !how.out
        });
        if let Some((written, _)) = written.filter(|_| !trace.is_objects_own(made.attr)) {
            findings.push(tell_common(trace, made, written));
        }
    }
}

fn tell_common(trace: &ClassTrace<'_>, made: &Fact, written: &Fact) -> Finding {
    let name = trace.name(made.attr);
    let own = format!("{}.{name}", trace.receiver(written));
    // What is kept from call to call on purpose.
    let kept = names_an_output(name) || ["cache", "memo", "pool", "scratch"].iter().any(|word| name.contains(word));
    let labels = vec![
        label(made.stmt, Role::Primary, "this array is made once, and is that of every object of the class"),
        label(written.span, Role::Seen, format!("this write to `{own}` changes it for all of them")),
    ];
    Finding {
        rule: &INFO,
        span: made.stmt,
        message: format!("`{name}` is one array for all objects, and `{}` changes it in place", trace.method(written)),
        confidence: if kept { Confidence::Possible } else { Confidence::Likely },
        labels: in_order(labels),
        help: Some(format!("make it in `__init__`: `self.{}`", trace.quote(made.stmt))),
    }
}

/// The default is written in the body itself.
fn written(trace: &BodyTrace<'_>, param: Local, buf: BufId, default: Span) -> Option<Finding> {
    let writes = writes(trace);
    // Where the default is used, the value is an array, whatever else callers pass.
    let write = writes.iter().find(|write| write.how != WriteHow::TupleItem && trace.mentions(write.value, buf))?;
    let name = trace.name(param);
    let overwritten = matches!(write.how, WriteHow::Item { whole: true } | WriteHow::Out);
    // A work space that no one sees between calls: all of it is overwritten before it is read.
    let scratch = (overwritten || names_an_output(name)) && !leaves(trace, buf);
    let confidence = if scratch { Confidence::Possible } else { Confidence::Likely };
    let word = format!("{} changes the default itself", write_word(trace, write.how));
    Some(tell(trace, param, default, confidence, label(write.event.span, Role::Seen, word)))
}

/// Is the parameter's memory handed out?
fn leaves(trace: &BodyTrace<'_>, buf: BufId) -> bool {
    trace.iter().any(|(_, event)| match event.kind {
        EventKind::Escaped { value, how, .. } => !matches!(how, Escape::Passed) && trace.mentions(value, buf),
        _ => false,
    })
}

/// The default is stored in an attribute that a method of the class writes in place.
fn kept(trace: &BodyTrace<'_>, param: Local, buf: BufId, default: Span) -> Option<Finding> {
    trace.iter().find_map(|(_, event)| {
        let EventKind::Escaped { value, how: Escape::Attribute(name), .. } = event.kind else { return None };
        if !trace.mentions(value, buf) {
            return None;
        }
        let place = trace.attribute_writes(name).into_iter().next()?;
        let name = trace.module.names.text(name);
        let word = format!("this write to `self.{name}` changes the default itself");
        let mut finding = tell(trace, param, default, Confidence::Likely, label(place, Role::Seen, word));
        let stored = label(event.stmt, Role::Aliased, format!("`self.{name}` is the default, not a copy"));
        finding.labels.push(stored);
        finding.labels = in_order(finding.labels);
        Some(finding)
    })
}

fn tell(
    trace: &BodyTrace<'_>,
    param: Local,
    default: Span,
    confidence: Confidence,
    seen: crate::finding::Label,
) -> Finding {
    let name = trace.name(param);
    let text = trace.quote(default);
    let made = if text.is_empty() || text.len() > 40 || text.contains('\n') { "…" } else { text };
    let labels = vec![label(default, Role::Primary, "this array is made once, and is the default of every call"), seen];
    Finding {
        rule: &INFO,
        span: default,
        message: format!("the default of `{name}` is an array that is changed in place"),
        confidence,
        labels: in_order(labels),
        help: Some(format!("make it in the body: `{name}=None`, then `if {name} is None: {name} = {made}`")),
    }
}
