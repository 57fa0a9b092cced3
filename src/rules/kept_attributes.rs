//! VL104 for attributes: `self.initial = self.x`, where a method changes `self.x` in place.

use crate::domain::{Array, Evidence, Origin, Region, ValueId};
use crate::finding::{Confidence, Finding, Role, RuleInfo};
use crate::ir::Sym;
use crate::rules::common::{in_order, label, made_label, names_a_snapshot};
use crate::trace::{BodyTrace, Escape, EventId, EventKind};

/// Two attributes of `self` bound to one array, where one is by its name a snapshot, and the other is written in place.
pub(super) fn check(trace: &BodyTrace<'_>, findings: &mut Vec<Finding>, rule: &'static RuleInfo) {
    if trace.body.class.is_none() {
        return;
    }
    for (id, event) in trace.iter() {
        let EventKind::Escaped { value, how: Escape::Attribute(stored), into, .. } = event.kind else { continue };
        let Some(array) = trace.array(value).filter(|_| is_self(trace, into)) else { continue };
        let [buf] = array.bufs[..] else { continue };
        if array.evidence < Evidence::Likely || array.region != Region::Whole || !array.lies {
            continue;
        }
        for other in holders(trace, id, array) {
            let (kept, changed) = match (snapshot(trace, stored), snapshot(trace, other)) {
                (true, false) => (stored, other),
                (false, true) => (other, stored),
                _ => continue,
            };
            let Some(&place) = trace.attribute_writes(changed).first() else { continue };
            if !trace.attribute_writes(kept).is_empty() {
                continue;
            }
            let (old, new) = (trace.module.names.text(kept), trace.module.names.text(changed));
            let mut labels: Vec<_> = made_label(trace, buf).into_iter().collect();
            labels.push(label(event.stmt, Role::Primary, format!("`self.{old}` and `self.{new}` are one array")));
            labels.push(label(place, Role::Note, format!("this write to `self.{new}` changes `self.{old}`")));
            findings.push(Finding {
                rule,
                span: event.stmt,
                message: format!("`self.{old}` changes together with `self.{new}`"),
                confidence: Confidence::Likely,
                labels: in_order(labels),
                help: Some(format!("keep a copy: `self.{old} = self.{new}.copy()`")),
            });
            break;
        }
    }
}

fn snapshot(trace: &BodyTrace<'_>, name: Sym) -> bool {
    names_a_snapshot(trace.module.names.text(name))
}

/// Is the value the method's first parameter?
fn is_self(trace: &BodyTrace<'_>, value: ValueId) -> bool {
    let Some(first) = trace.body.params.first() else { return false };
    let buf = trace.buffers.find(Origin::Param(trace.id, first.local));
    trace.array(value).is_none()
        && trace.arrays(value).iter().any(|object| object.entry && Some(object.bufs[0]) == buf && object.lies)
}

/// The other attributes of `self` that hold the array: it was read from one, or stored in one before.
fn holders(trace: &BodyTrace<'_>, stored: EventId, array: &Array) -> Vec<Sym> {
    let EventKind::Escaped { how: Escape::Attribute(name), .. } = trace.event(stored).kind else { return Vec::new() };
    let mut found = Vec::new();
    if let [buf] = array.bufs[..]
        && let Origin::Attr(_, of) = trace.buffers.get(buf).origin
        && of != name
    {
        found.push(of);
    }
    for (id, event) in trace.iter() {
        if let EventKind::Escaped { value, how: Escape::Attribute(other), into, .. } = event.kind
            && id < stored
            && other != name
            && is_self(trace, into)
            && trace
                .array(value)
                .is_some_and(|held| held.bufs == array.bufs && held.lies && held.region == Region::Whole)
        {
            found.push(other);
        }
    }
    found
}
