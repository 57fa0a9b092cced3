//! An array is updated part by part, and reads on the way a part of itself that has been overwritten by then.

use crate::domain::{Array, Evidence, Owner, ValueId};
use crate::finding::{Confidence, Finding, Role, RuleInfo};
use crate::ir::Local;
use crate::rules::common::{Write, in_order, label, remakes, shares_words, write_word, writes};
use crate::trace::{
    BodyTrace, EventId, EventKind, How, Lapping, Moved, Neighbourhood, Overtaken, Selection, Smear, Walk, WriteHow,
};

pub(super) static INFO: RuleInfo = RuleInfo {
    code: "VL106",
    name: "order-dependent-update",
    summary: "an array is updated part by part, from a part of itself that has been overwritten by then",
    page: include_str!("../../rules/VL106-order-dependent-update.md"),
};

pub(super) fn check(trace: &BodyTrace<'_>, findings: &mut Vec<Finding>) {
    let all = writes(trace);
    for write in &all {
        if let Some(lapping) = trace.lapping(write.id) {
            findings.push(tell_windows(trace, write, lapping));
            continue;
        }
        if !matches!(write.how, WriteHow::Augmented | WriteHow::Item { .. }) {
            continue;
        }
        if let Some(overtaken) = trace.overtaken(write.id) {
            findings.push(tell_loop(trace, write, overtaken));
        } else if let Some(smear) = trace.smear(write.id) {
            findings.push(tell_shift(trace, write, smear));
        } else if let Some(around) = trace.neighbourhood(write.id) {
            findings.push(tell_window(trace, write, around));
        } else if write.direct
            && let Some(finding) = in_a_row(trace, write, &all)
        {
            findings.push(finding);
        }
    }
}

/// Windows that overlap are written as if each had memory of its own.
fn tell_windows(trace: &BodyTrace<'_>, write: &Write<'_>, lapping: Lapping) -> Finding {
    let made = trace.quote(lapping.made);
    let said = match lapping.one_by_one {
        true => "what two windows share is changed twice: the second one starts from what the first has left",
        false => "what several windows share is given several values here, of which one is left",
    };
    let labels = vec![
        label(lapping.made, Role::Aliased, "these windows overlap: an element of the array is in several of them"),
        label(write.event.span, Role::Primary, said),
    ];
    let help = match made.contains('\n') || made.len() > 60 {
        true => "work on a copy of the windows: add `.copy()`".to_string(),
        false => format!("work on a copy of the windows: `{made}.copy()`"),
    };
    Finding {
        rule: &INFO,
        span: write.event.span,
        message: format!("{} changes windows that overlap", write_word(trace, write.how)),
        confidence: Confidence::Likely,
        labels: in_order(labels),
        help: Some(help),
    }
}

/// A loop that moves elements, and comes to some of them too late.
fn tell_shift(trace: &BodyTrace<'_>, write: &Write<'_>, smear: Smear) -> Finding {
    let read = trace.quote(smear.read);
    let all = |which: &str| format!("so that the {which} element is copied to all the others");
    let late = || "and these by then hold what was put there".to_string();
    let (next, seen, help) = match smear.way {
        Moved::Up => ("the next pass reads", all("first"), "go down, or move all at once: `a[1:] = a[:-1]`"),
        Moved::Down => ("the next pass reads", all("last"), "go up, or move all at once: `a[:-1] = a[1:]`"),
        Moved::Round => ("the last passes read", late(), "move all at once: `a[:] = np.roll(a, -1)`"),
        Moved::Opposite => ("the second half of the passes reads", late(), "turn all at once: `a[:] = a[::-1]`"),
        Moved::Across => ("later passes read", late(), "turn all at once: `a[:] = a.T`"),
        Moved::Permuted => ("later passes read", late(), "move all at once, which copies: `a[:] = a[order]`"),
    };
    let labels = vec![
        label(write.event.span, Role::Primary, format!("{next} what this one has put here")),
        label(smear.read, Role::Seen, seen),
    ];
    Finding {
        rule: &INFO,
        span: write.event.span,
        message: format!("the loop overwrites `{read}` before it is moved"),
        confidence: Confidence::Likely,
        labels: in_order(labels),
        help: Some(help.to_string()),
    }
}

/// A filter that works on the array that it reads.
fn tell_window(trace: &BodyTrace<'_>, write: &Write<'_>, around: Neighbourhood) -> Finding {
    let read = trace.quote(around.read);
    let said = match around.elsewhere {
        true => "the window is taken here, of the array that is being overwritten",
        false => "the window holds new values on one side, and old ones on the other",
    };
    let labels = vec![
        label(write.event.span, Role::Primary, "the passes that follow read this in their windows"),
        label(around.read, Role::Seen, said),
    ];
    let name = write.via.map_or("the array", |via| trace.name(via));
    Finding {
        rule: &INFO,
        span: write.event.span,
        message: format!("the loop overwrites what it goes on to read in `{read}`"),
        confidence: Confidence::Likely,
        labels: in_order(labels),
        help: Some(format!("read the windows of a copy, made before the loop: `source = {name}.copy()`")),
    }
}

/// A loop that overwrites what it goes on to read.
fn tell_loop(trace: &BodyTrace<'_>, write: &Write<'_>, overtaken: Overtaken) -> Finding {
    let text = trace.quote(overtaken.read);
    let what = if text.is_empty() || text.len() > 40 { "what it reads".to_string() } else { format!("`{text}`") };
    let binding = overtaken.name.and_then(|name| trace.bindings(name).next());
    let mut labels = Vec::new();
    if let Some((_, event)) = binding {
        labels.push(label(event.span, Role::Aliased, format!("{what} is a view of the array, not a copy")));
    }
    let said = if overtaken.reduced {
        format!("{what} is computed anew in each pass, with what the passes before have changed")
    } else {
        format!("one pass of the loop changes {what} itself: those after it read the new values")
    };
    labels.push(label(write.event.span, Role::Primary, said));
    let help = match binding {
        Some((_, event)) => format!("keep a copy: add `.copy()` where `{}` is made", trace.quote(event.span)),
        None if overtaken.reduced => format!("compute it once, before the loop: `total = {text}`"),
        None => format!("keep a copy, made before the loop: `first = {text}.copy()`"),
    };
    Finding {
        rule: &INFO,
        span: write.event.span,
        message: format!("the loop overwrites {what}, which it goes on to read"),
        confidence: Confidence::Likely,
        labels: in_order(labels),
        help: Some(help),
    }
}

/// `img[0] = f(r, g)`, then `img[1] = g(r, g)`, with an `r` that is a view of `img[0]`: the second one reads the new values.
fn in_a_row(trace: &BodyTrace<'_>, write: &Write<'_>, all: &[Write<'_>]) -> Option<Finding> {
    let array = trace.array(write.value)?;
    let base = write.via?;
    let part = trace.selection(write.id)?;
    if array.evidence < Evidence::Likely || trace.strays(array) {
        return None;
    }
    let (name, bound) = trace.iter().find_map(|(id, event)| match event.kind {
        EventKind::Bound { local, value, .. } if local != base && !trace.is_internal(local) => {
            let view = trace.array(value)?;
            let [link] = trace.chain(value)[..] else { return None };
            let same = matches!(link.how, How::Slice | How::Field)
                && link.via == Some(base)
                && view.evidence >= Evidence::Likely
                && view.owner == Owner::View
                && trace.overlaps(view, write.value)
                && trace.selection(link.event).as_ref() == Some(&part);
            same.then_some((local, id))
        }
        _ => None,
    })?;
    let from = trace.event(bound).op;
    if !reaches(trace, bound, write.id, name) || !reads_sibling(trace, write, &part) {
        return None;
    }
    // The statement that reads the name, and writes another part from it.
    let mut read = None;
    trace
        .walk_from(write.id, |id| {
            let event = trace.event(id);
            match event.kind {
                EventKind::Read { via: Some(via), value, .. } if via == name && trace.overlaps(array, value) => {
                    read = Some((id, event.stmt));
                }
                EventKind::Written {
                    via: Some(via), value, how: WriteHow::Item { .. } | WriteHow::Augmented, ..
                } if via == base && read.is_some_and(|(_, stmt)| stmt == event.stmt) && in_one(trace, array, value) => {
                    return Walk::Found;
                }
                _ => {}
            }
            if trace.rebinds(id, name) || trace.rebinds(id, base) || remakes(trace, id, array) {
                Walk::Stop
            } else {
                Walk::On
            }
        })
        .filter(|&second| {
            let other = trace.selection(second).is_some_and(|other| other != part);
            other && trace.holds_between(&part, from, trace.event(second).op)
        })
        .and_then(|second| all.iter().find(|write| write.id == second))
        .map(|second| tell_row(trace, write, second, name, base, bound, read))
}

/// Does control come from the binding of the name to the write, with the name still bound to that?
fn reaches(trace: &BodyTrace<'_>, bound: EventId, write: EventId, name: Local) -> bool {
    let visit = |id| match id {
        id if id == write => Walk::Found,
        id if trace.rebinds(id, name) => Walk::Stop,
        _ => Walk::On,
    };
    trace.walk_from(bound, visit).is_some()
}

/// Does the value lie in the array's memory, as far as is known?
fn in_one(trace: &BodyTrace<'_>, array: &Array, value: ValueId) -> bool {
    trace.arrays(value).iter().any(|other| other.bufs.iter().any(|buf| array.bufs.contains(buf)))
}

/// Is the part computed from another part of the array?
fn reads_sibling(trace: &BodyTrace<'_>, write: &Write<'_>, part: &Selection) -> bool {
    let Some(array) = trace.array(write.value) else { return false };
    trace.iter().any(|(_, event)| match event.kind {
        EventKind::Read { value, .. } if event.stmt == write.event.stmt && in_one(trace, array, value) => {
            match trace.chain(value)[..] {
                [link] if matches!(link.how, How::Slice | How::Field) => {
                    trace.selection(link.event).is_some_and(|other| other != *part)
                }
                _ => false,
            }
        }
        _ => false,
    })
}

fn tell_row(
    trace: &BodyTrace<'_>,
    first: &Write<'_>,
    second: &Write<'_>,
    name: Local,
    base: Local,
    bound: EventId,
    read: Option<(EventId, crate::source::Span)>,
) -> Finding {
    let (view, base) = (trace.name(name), trace.name(base));
    let how = match trace.event(bound).kind {
        EventKind::Bound { value, .. } => trace.chain(value).first().map_or(How::Slice, |link| link.how),
        _ => How::Slice,
    };
    let mut labels = vec![
        label(trace.event(bound).span, Role::Aliased, shares_words(trace, view, base, how)),
        label(first.event.span, Role::Note, format!("{} overwrites `{view}`", write_word(trace, first.how))),
        label(second.event.span, Role::Primary, format!("computed from `{view}` as it is by then")),
    ];
    labels
        .extend(read.map(|(id, _)| label(trace.event(id).span, Role::Seen, format!("`{view}` holds the new values"))));
    Finding {
        rule: &INFO,
        span: second.event.span,
        message: format!("`{view}` has been overwritten when this part of `{base}` is computed from it"),
        confidence: Confidence::Likely,
        labels: in_order(labels),
        help: Some(format!("keep a copy: add `.copy()` where `{view}` is made, or write into a new array")),
    }
}
