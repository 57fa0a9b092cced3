//! A loop collects small views, each of which keeps a big array of its own alive.

use crate::domain::{Array, Bound, Evidence, Interval, Kinds, Owner, Region, ValueId};
use crate::finding::{Confidence, Finding, Role, RuleInfo};
use crate::rules::common::{in_order, is_local, is_small_part, label, made_label};
use crate::rules::help::{copy_of, quotable};
use crate::trace::{BodyTrace, Escape, EventId, EventKind};

pub(super) static INFO: RuleInfo = RuleInfo {
    code: "VL203",
    name: "accumulated-views",
    summary: "a loop collects small views, each keeping a big array of its own",
    page: include_str!("../../rules/VL203-accumulated-views.md"),
};

/// A base with fewer elements than this is no burden.
const FEW: u64 = 1000;

pub(super) fn check(trace: &BodyTrace<'_>, findings: &mut Vec<Finding>) {
    for (id, event) in trace.iter() {
        let EventKind::Escaped { value, how: Escape::Collected | Escape::Keyed(_), into, .. } = event.kind else {
            continue;
        };
        // `f([view])`: a list that is written out is made anew in each pass; nothing gathers in it.
        if into == ValueId::BOTTOM {
            continue;
        }
        let Some(array) = trace.array(value) else { continue };
        let [buf] = array.bufs[..] else { continue };
        // A single element is a number, unless the array has more dimensions.
        // (What a file holds and can be sliced is an array.)
        let buffer = trace.buffers.get(buf);
        let evident = array.certain() && array.evidence >= Evidence::Certain
            || buffer.from_file && array.kinds.meets(Kinds::ARRAY) && takes_slice(&array.region);
        if !evident || array.owner != Owner::View || !is_local(trace, array) {
            continue;
        }
        if buffer.size.is_some_and(|size| size < FEW) || !is_little(trace, value, array) {
            continue;
        }
        // One base for all the views is no leak: it must be made in the loop, too.
        let made = trace.iter().find(|(_, e)| matches!(e.kind, EventKind::Made { buf: made } if made == buf));
        if let Some((made, _)) = made
            && trace.in_loop(id)
            && trace.in_loop(made)
            && !is_line(trace, made)
            && !kept_whole(trace, id, array)
        {
            findings.push(tell(trace, id, array));
        }
    }
}

/// Was the part taken by a slice, along its first axis?
fn takes_slice(region: &Region) -> bool {
    matches!(region, Region::Part(intervals) if intervals.first().is_some_and(|first| *first != Interval::single(first.lo)))
}

/// Was the array read from text, a line most likely, which holds few numbers?
fn is_line(trace: &BodyTrace<'_>, made: EventId) -> bool {
    let call = trace.quote(trace.event(made).span);
    call.contains("fromstring") && call.contains("sep")
}

/// Is the part small whatever the size of the array: a slice with a constant end?
fn has_constant_end(region: &Region) -> bool {
    match region {
        Region::Part(intervals) => intervals.iter().any(|interval| match (interval.lo, interval.hi) {
            (_, Bound::At(1..=64)) => true,
            // The last ones.
            (Bound::At(-64..0), Bound::End) => true,
            _ => false,
        }),
        _ => false,
    }
}

/// Is the view small, as far as the lengths of the array's axes are known? Where they are not, the first axis is taken for
/// a long one, and the others are not: `table[:, 0]` may be half of it.
fn is_little(trace: &BodyTrace<'_>, view: ValueId, array: &Array) -> bool {
    let Region::Part(intervals) = &array.region else { return false };
    let whole =
        trace.chain(view).iter().find_map(|link| trace.array(link.source).filter(|a| a.region == Region::Whole));
    let shape = whole.and_then(|whole| whole.shape.as_ref());
    has_constant_end(&array.region)
        && intervals.iter().enumerate().any(|(axis, interval)| {
            let Some(few) = constant_length(*interval) else { return false };
            match shape.and_then(|shape| shape.get(axis)).copied().map(u64::try_from) {
                Some(Ok(length)) => is_small_part(few, length),
                _ => axis == 0,
            }
        })
}

/// How many elements the interval has at most, where constants tell.
fn constant_length(interval: Interval) -> Option<i64> {
    match (interval.lo, interval.hi) {
        (Bound::At(a), Bound::At(b)) if (a < 0) == (b < 0) => Some(b - a),
        (_, Bound::At(n)) if n > 0 => Some(n),
        (Bound::At(n), Bound::End) if n < 0 => Some(-n),
        _ => None,
    }
}

/// Is the whole array kept as well?
fn kept_whole(trace: &BodyTrace<'_>, collected: EventId, view: &Array) -> bool {
    trace.iter().any(|(id, event)| match event.kind {
        EventKind::Escaped { value, how, .. } if id != collected && how != Escape::Passed => {
            trace.arrays(value).iter().any(|array| array.bufs == view.bufs && !has_constant_end(&array.region))
        }
        _ => false,
    })
}

fn tell(trace: &BodyTrace<'_>, collected: EventId, view: &Array) -> Finding {
    let span = trace.event(collected).span;
    let mut labels: Vec<_> = made_label(trace, view.bufs[0]).into_iter().collect();
    labels.push(label(span, Role::Primary, "a small view is kept in each pass, and with it all of its array"));
    Finding {
        rule: &INFO,
        span,
        message: "each collected view keeps the whole array that it was cut from".to_string(),
        confidence: Confidence::Likely,
        labels: in_order(labels),
        help: Some(match quotable(trace, span) {
            Some(text) => format!("collect a copy: `{}`", copy_of(text)),
            None => "collect a copy: add `.copy()`".to_string(),
        }),
    }
}
