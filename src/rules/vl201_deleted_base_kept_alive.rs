//! `del base` (or `base = None`) frees nothing while a small view of it lives on.

use crate::domain::{Array, Bound, BufId, Evidence, Owner, Region};
use crate::finding::{Confidence, Finding, Role, RuleInfo};
use crate::ir::Local;
use crate::rules::common::{in_order, is_local, is_small_part, label, made_label};
use crate::trace::{BodyTrace, Escape, EventId, EventKind, Walk};

pub(super) static INFO: RuleInfo = RuleInfo {
    code: "VL201",
    name: "deleted-base-kept-alive",
    summary: "`del` frees nothing while a small view holds the whole array",
    page: include_str!("../../rules/VL201-deleted-base-kept-alive.md"),
};

/// An array of fewer elements is no burden.
const FEW: u64 = 1000;

pub(super) fn check(trace: &BodyTrace<'_>, findings: &mut Vec<Finding>) {
    for (id, event) in trace.iter() {
        let EventKind::Deleted { local, value } = event.kind else { continue };
        let Some(array) = trace.array(value) else { continue };
        let [buf] = array.bufs[..] else { continue };
        if !array.lies || array.evidence < Evidence::Certain || !is_local(trace, array) {
            continue;
        }
        if trace.buffers.get(buf).size.is_some_and(|size| size < FEW) || array.region != Region::Whole {
            continue;
        }
        if let Some((use_id, view)) = holder(trace, id, local, buf)
            && !kept_elsewhere(trace, id, local, buf)
        {
            findings.push(tell(trace, id, local, buf, use_id, view));
        }
    }
}

/// Where a small view of the buffer is used after the deletion.
fn holder<'a>(trace: &BodyTrace<'a>, start: EventId, base: Local, buf: BufId) -> Option<(EventId, &'a Array)> {
    let mut view = None;
    let found = trace.walk_from(start, |id| {
        let event = trace.event(id);
        if let EventKind::Made { buf: made } = event.kind
            && made == buf
        {
            return Walk::Stop;
        }
        for value in values_of(&event.kind) {
            for array in trace.arrays(value) {
                if array.bufs[..] != [buf] || !array.lies {
                    continue;
                }
                if !is_small_view(trace, array) {
                    // The whole array is still in use: nothing was to be freed.
                    return Walk::Stop;
                }
                view = Some(array);
                return Walk::Found;
            }
        }
        Walk::On
    });
    if let (Some(found), Some(view)) = (found, view) {
        return Some((found, view));
    }
    // A name of the module lives as long as the program.
    if trace.id.0 != 0 {
        return None;
    }
    trace.iter().find_map(|(id, event)| match event.kind {
        EventKind::Bound { local, value, .. } if local != base && id < start => {
            let array = trace.array(value).filter(|array| array.bufs[..] == [buf] && array.lies)?;
            let unbound = trace.iter().any(|(other, _)| other > id && trace.rebinds(other, local));
            (is_small_view(trace, array) && !unbound).then_some((id, array))
        }
        _ => None,
    })
}

fn values_of(kind: &EventKind) -> Vec<crate::domain::ValueId> {
    match *kind {
        EventKind::Read { value, .. } | EventKind::Escaped { value, .. } => vec![value],
        EventKind::Derived { source, .. } => vec![source],
        EventKind::Written { object, .. } => vec![object],
        _ => Vec::new(),
    }
}

/// Is the array a view of a part that is, as far as is known, small?
fn is_small_view(trace: &BodyTrace<'_>, array: &Array) -> bool {
    if array.owner != Owner::View {
        return false;
    }
    // `image[::100, ::100]`
    if let ([buf], Some(part)) = (&array.bufs[..], array.size())
        && let Some(whole) = trace.buffers.get(*buf).size
        && is_small_part(part, whole)
    {
        return true;
    }
    match &array.region {
        Region::Field(_) => true,
        Region::Part(intervals) => intervals.iter().any(|interval| match interval.hi {
            Bound::At(n) => n >= 0,
            Bound::Sym(..) | Bound::Start => true,
            // `big[n // 2]`: one element along the axis, wherever it is.
            Bound::Unknown => interval.lo == Bound::Unknown,
            // The last few: `big[-k:]`.
            Bound::End => matches!(interval.lo, Bound::Minus(_) | Bound::At(-64..0)),
            Bound::Minus(_) => false,
        }),
        Region::Any => trace.chain_is_diagonal(array),
        Region::Whole | Region::Piece(..) => false,
    }
}

/// Was the array put where it lives on: returned, stored, collected, or bound to another name that is still used?
fn kept_elsewhere(trace: &BodyTrace<'_>, deletion: EventId, base: Local, buf: BufId) -> bool {
    trace.iter().any(|(id, event)| match event.kind {
        EventKind::Escaped { value, how, .. } if id != deletion => {
            !matches!(how, Escape::Passed)
                && trace.arrays(value).iter().any(|array| array.bufs.contains(&buf) && !is_small_view(trace, array))
        }
        EventKind::Bound { local, value, .. } if local != base => trace.arrays(value).iter().any(|array| {
            array.bufs.contains(&buf)
                && !is_small_view(trace, array)
                && array.region == Region::Whole
                && array.owner == Owner::Owner
        }),
        _ => false,
    })
}

fn tell(trace: &BodyTrace<'_>, deletion: EventId, base: Local, buf: BufId, used: EventId, view: &Array) -> Finding {
    let name = trace.name(base);
    let event = trace.event(deletion);
    let view_name = trace
        .iter()
        .filter_map(|(_, event)| match event.kind {
            EventKind::Bound { local, value, .. } if trace.array(value) == Some(view) => Some(local),
            _ => None,
        })
        .last()
        .map(|local| trace.name(local));
    let holder = view_name.map_or_else(|| "a view of it".to_string(), |view| format!("`{view}`"));
    let mut labels = Vec::new();
    labels.extend(made_label(trace, buf));
    if let Some((_, made)) =
        trace.iter().find(|(_, e)| e.op == view.made_by && matches!(e.kind, EventKind::Derived { .. }))
    {
        labels.push(label(made.span, Role::Aliased, format!("{holder} is a view: it holds all of `{name}`")));
    }
    labels.push(label(event.stmt, Role::Primary, format!("`{name}` goes, its memory stays")));
    if used > deletion {
        labels.push(label(trace.event(used).span, Role::Seen, "still in use here"));
    }
    Finding {
        rule: &INFO,
        span: event.stmt,
        message: format!("dropping `{name}` frees nothing while {holder} is alive"),
        confidence: Confidence::Likely,
        labels: in_order(labels),
        help: Some(match view_name {
            Some(view) => format!("copy the part that is kept before `{name}` goes: `{view} = {view}.copy()`"),
            None => format!("copy the part that is kept before `{name}` goes"),
        }),
    }
}
