//! A small view of a big temporary is handed out or stored, and keeps all of it alive.

use crate::domain::{Array, Bound, BufId, Buffer, Evidence, Interval, Owner, Region, ValueId};
use crate::finding::{Confidence, Finding, Role, RuleInfo};
use crate::rules::common::{in_order, is_local, is_small_part, label, made_label};
use crate::rules::help::{copy_of, quotable};
use crate::trace::{BodyTrace, Escape, EventId, EventKind};

pub(super) static INFO: RuleInfo = RuleInfo {
    code: "VL202",
    name: "small-view-retains-base",
    summary: "a small view of a big temporary array is returned or stored, and keeps all of it",
    page: include_str!("../../rules/VL202-small-view-retains-base.md"),
};

/// A base with fewer elements than this is no burden.
const FEW: u64 = 1000;

pub(super) fn check(trace: &BodyTrace<'_>, findings: &mut Vec<Finding>) {
    // The names of a module, and the attributes of a class, live as long as the program.
    if !trace.is_function() {
        return;
    }
    for (id, event) in trace.iter() {
        let EventKind::Escaped { value, how, into, .. } = event.kind else { continue };
        let lasting = match how {
            Escape::Returned | Escape::Attribute(_) => true,
            // What may be an array takes the elements, not the view.
            Escape::Item | Escape::Keyed(_) | Escape::Collected => {
                trace.array(into).is_none_or(|into| trace.is_held_collection(into)) && into != ValueId::BOTTOM
            }
            _ => false,
        };
        if !lasting {
            continue;
        }
        for array in trace.arrays(value) {
            let [buf] = array.bufs[..] else { continue };
            let base = trace.buffers.get(buf);
            // What a file holds and can be sliced is an array.
            let evident = base.from_file || array.evidence >= Evidence::Likely;
            if array.owner == Owner::Owner || !evident || !is_local(trace, array) {
                continue;
            }
            if let Some(confidence) = confidence(base, array)
                && !is_needed(trace, id, buf)
            {
                findings.push(tell(trace, id, buf, how, confidence));
                break;
            }
        }
    }
}

/// How sure it is that the view is small and its base big; None: nothing speaks for it.
fn confidence(base: &Buffer, view: &Array) -> Option<Confidence> {
    let Region::Part(intervals) = &view.region else { return None };
    let first = intervals.first()?;
    if !has_few(*first) || !view.kinds.meets(crate::domain::Kinds::ARRAY) {
        return None;
    }
    let several = *first != Interval::single(first.lo);
    if !several && !view.certain() {
        // An element of an array of one dimension is a number.
        return None;
    }
    if let Some(size) = base.size {
        let small = view.size().is_none_or(|part| is_small_part(part, size));
        return (size >= FEW && small).then_some(Confidence::Likely);
    }
    if base.from_file && several {
        return Some(Confidence::Likely);
    }
    // The last row of a table that was filled row by row: the state at the end of a history.
    let end = matches!((first.lo, first.hi), (Bound::At(-1), Bound::End)) || matches!(first.lo, Bound::Sym(_, -1));
    let last = end && base.blank && view.certain();
    Some(if last { Confidence::Likely } else { Confidence::Possible })
}

/// Does the interval hold few elements, however long the axis is?
fn has_few(interval: Interval) -> bool {
    match (interval.lo, interval.hi) {
        (Bound::Start, Bound::At(n)) => (1..=64).contains(&n),
        (Bound::At(a), Bound::At(b)) => (a < 0) == (b < 0) && (1..=64).contains(&(b - a)),
        (Bound::At(n), Bound::End) => (-64..0).contains(&n),
        // `history[n - 1]`
        (Bound::Sym(a, -1), Bound::Sym(b, 0)) => a == b,
        _ => false,
    }
}

/// Does the base live on for another reason, or is its end another rule's matter?
fn is_needed(trace: &BodyTrace<'_>, stored: EventId, buf: BufId) -> bool {
    let few =
        |array: &Array| matches!(&array.region, Region::Part(parts) if parts.first().is_some_and(|p| has_few(*p)));
    let made = trace.iter().find(|(_, e)| matches!(e.kind, EventKind::Made { buf: made } if made == buf));
    // In a loop: VL203.
    let in_loop = made.is_some_and(|(made, _)| trace.in_loop(made)) && trace.in_loop(stored);
    in_loop
        || trace.iter().any(|(_, event)| match event.kind {
            EventKind::Escaped { value, how, .. } => {
                how != Escape::Passed
                    && trace.arrays(value).iter().any(|array| array.bufs.contains(&buf) && !few(array))
            }
            // VL201
            EventKind::Deleted { value, .. } => trace.mentions(value, buf),
            _ => false,
        })
}

fn tell(trace: &BodyTrace<'_>, id: EventId, buf: BufId, how: Escape, confidence: Confidence) -> Finding {
    let span = trace.event(id).span;
    let done = if how == Escape::Returned { "returned" } else { "stored" };
    let mut labels: Vec<_> = made_label(trace, buf).into_iter().collect();
    labels.push(label(span, Role::Primary, format!("a small view is {done}, and holds all of the array")));
    Finding {
        rule: &INFO,
        span,
        message: format!("the small view that is {done} keeps the whole array alive"),
        confidence,
        labels: in_order(labels),
        help: Some(match quotable(trace, span) {
            Some(text) => format!("copy the part: `{}`", copy_of(text)),
            None => "copy the part: add `.copy()`".to_string(),
        }),
    }
}
