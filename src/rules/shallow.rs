//! Part of VL104: a shallow copy kept as a snapshot, `old = list(layers)`, `old = copy.copy(net)`, or an object that is made
//! to keep arrays, `best = State(x, t)`, `best = (loss, x)`. It holds the same arrays.

use smallvec::SmallVec;

use crate::domain::{Array, Evidence, Value, ValueId};
use crate::finding::{Confidence, Finding, Label, Role, RuleInfo};
use crate::ir::Local;
use crate::rules::common::{Write, label, names_a_snapshot, remakes, told_in_order, write_word, writes};
use crate::trace::{BodyTrace, Escape, Event, EventId, EventKind, Walk, WriteHow};

/// A shallow copy, or an object that holds arrays, that is bound to a name.
struct Copied<'a> {
    id: EventId,
    event: &'a Event,
    /// The name of what was copied, if it has one.
    of: Option<Local>,
    /// The name of the copy.
    kept: Local,
    /// The arrays that both hold.
    arrays: SmallVec<[&'a Array; 4]>,
    result: ValueId,
    how: How,
}

/// How the copy, or the object, came by the arrays.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    /// It is a copy of another one.
    Copied,
    /// It was made of them.
    Made,
    /// The array was put into it, under a key: `best["x"] = x`.
    Put,
}

/// Reports shallow copies that were to keep what is then changed in place.
pub(super) fn check(trace: &BodyTrace<'_>, rule: &'static RuleInfo, findings: &mut Vec<Finding>) {
    for (id, event) in trace.iter() {
        let (via, held, result, how) = match event.kind {
            EventKind::Shallow { via, held, result } => (via, held, result, How::Copied),
            EventKind::Holds { held, result } => (None, held, result, How::Made),
            EventKind::Escaped { value, via: Some(via), how: Escape::Item, into } => (Some(via), value, into, How::Put),
            _ => continue,
        };
        let bound = trace.iter().find_map(|(_, bound)| match bound.kind {
            EventKind::Bound { local, value, .. } if how == How::Put => {
                let snapshot = matches!(trace.values.get(value), Value::Ref(_)) && names_a_snapshot(trace.name(local));
                (snapshot && is_it(trace, result, value)).then_some(local)
            }
            EventKind::Bound { local, value, .. } if bound.stmt == event.stmt && is_it(trace, result, value) => {
                Some(local)
            }
            _ => None,
        });
        let Some(kept) = bound.filter(|&kept| !trace.is_internal(kept) && Some(kept) != via) else { continue };
        let mut arrays = trace.arrays(held);
        arrays.retain(|array| array.evidence >= Evidence::Likely && !array.bufs.is_empty());
        let kept = Copied { id, event, of: via, kept, arrays, result, how };
        findings.extend(stale(trace, rule, &kept));
    }
}

/// Is the value the copy?
fn is_it(trace: &BodyTrace<'_>, result: ValueId, value: ValueId) -> bool {
    match (trace.values.get(result), trace.values.get(value)) {
        (Value::Ref(a), Value::Ref(b)) => a.iter().any(|object| b.contains(object)),
        _ => result == value,
    }
}

fn stale(trace: &BodyTrace<'_>, rule: &'static RuleInfo, copied: &Copied<'_>) -> Option<Finding> {
    // Something else is put into the copy: which of its arrays are the old ones is not followed.
    let replaced = |event: &Event| match event.kind {
        EventKind::Escaped { into, .. } => into != ValueId::BOTTOM && is_it(trace, copied.result, into),
        _ => false,
    };
    if copied.arrays.is_empty() || copied.how != How::Put && trace.iter().any(|(_, event)| replaced(event)) {
        return None;
    }
    writes(trace).iter().find_map(|write| {
        let changed = write.via.filter(|&via| via != copied.kept && write.how != WriteHow::TupleItem)?;
        let array = copied.arrays.iter().find(|array| trace.overlaps(array, write.value))?;
        // `params[k] = v`: another array, for what is no array itself.
        let puts = copied.how == How::Copied
            && matches!(write.how, WriteHow::Item { .. })
            && write.direct
            && Some(changed) == copied.of;
        if puts || trace.iterates_over(changed) == Some(copied.kept) || !reaches(trace, copied, array, write) {
            return None;
        }
        let seen = trace.used_after(write.id, copied.kept)?;
        let snapshot = names_a_snapshot(trace.name(copied.kept)) && !names_a_snapshot(trace.name(changed));
        (snapshot || compared(trace, copied, write)).then(|| tell(trace, rule, copied, write, seen))
    })
}

/// Does control come from the copy to the write, with the copy still bound to its name?
fn reaches(trace: &BodyTrace<'_>, copied: &Copied<'_>, array: &Array, write: &Write<'_>) -> bool {
    let own = |id| trace.event(id).stmt == copied.event.stmt;
    let visit = |id| match id {
        id if id == write.id => Walk::Found,
        id if trace.rebinds(id, copied.kept) && !own(id) || remakes(trace, id, array) => Walk::Stop,
        _ => Walk::On,
    };
    trace.walk_from(copied.id, visit).is_some()
}

/// Does a statement behind the write read the array by both names?
fn compared(trace: &BodyTrace<'_>, copied: &Copied<'_>, write: &Write<'_>) -> bool {
    let reads = |event: &Event, name: Option<Local>| match event.kind {
        EventKind::Read { via, value, .. } => {
            via.is_some() && via == name && copied.arrays.iter().any(|array| trace.overlaps(array, value))
        }
        _ => false,
    };
    let both = |stmt| {
        let mut old = false;
        let mut new = false;
        for (_, event) in trace.iter().filter(|(_, event)| event.stmt == stmt) {
            old |= reads(event, Some(copied.kept));
            new |= reads(event, copied.of) || reads(event, write.via);
        }
        old && new
    };
    trace
        .walk_from(write.id, |id| {
            let event = trace.event(id);
            if reads(event, Some(copied.kept)) && both(event.stmt) { Walk::Found } else { Walk::On }
        })
        .is_some()
}

fn tell(
    trace: &BodyTrace<'_>,
    rule: &'static RuleInfo,
    copied: &Copied<'_>,
    write: &Write<'_>,
    seen: crate::source::Span,
) -> Finding {
    let old = trace.name(copied.kept);
    let new = copied.of.or(write.via).map_or("the original", |local| trace.name(local));
    let said = match copied.how {
        How::Copied => format!("`{old}` holds the same arrays as `{new}`: a shallow copy"),
        How::Made | How::Put => format!("`{old}` holds the array of `{new}`, not a copy"),
    };
    let mut labels: Vec<Label> = vec![
        label(copied.event.stmt, Role::Primary, said),
        label(write.event.span, Role::Note, format!("{} changes what `{old}` holds", write_word(trace, write.how))),
    ];
    labels.push(label(seen, Role::Seen, format!("`{old}` is used here, with the new values")));
    Finding {
        rule,
        span: copied.event.stmt,
        message: format!("`{old}` changes together with `{new}`"),
        confidence: Confidence::Likely,
        labels: told_in_order(trace, write.how, labels),
        help: Some(match copied.how {
            How::Copied => format!("copy the arrays as well: `{old} = copy.deepcopy({new})`"),
            How::Made | How::Put => format!("keep a copy in it: `{new}.copy()`"),
        }),
    }
}
