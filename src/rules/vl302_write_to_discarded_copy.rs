//! `sub = a[idx]; sub[:] = v`, and `sub` is never read again: the write is lost.

use crate::domain::{Array, BufId, CopyOf, Evidence, Value};
use crate::finding::{Confidence, Finding, Role, RuleInfo};
use crate::ir::Local;
use crate::rules::common::{Write, in_order, label, made_label, writes};
use crate::source::Span;
use crate::trace::{BodyTrace, Event, EventId, EventKind, How, Walk, WriteHow};

pub(super) static INFO: RuleInfo = RuleInfo {
    code: "VL302",
    name: "write-to-discarded-copy",
    summary: "a write into a named copy that is never read again is lost",
    page: include_str!("../../rules/VL302-write-to-discarded-copy.md"),
};

pub(super) fn check(trace: &BodyTrace<'_>, findings: &mut Vec<Finding>) {
    for write in writes(trace) {
        let Some(copy) = write.via.filter(|_| write.direct) else { continue };
        let Some(array) = trace.array(write.object) else { continue };
        if array.unknown || matches!(write.how, WriteHow::Scratch(_) | WriteHow::Callee { procedure: false, .. }) {
            continue;
        }
        if let Some((buf, how)) = copied(trace, array)
            && !read_later(trace, &write, buf, copy)
        {
            findings.push(tell(trace, &write, copy, buf, how, array));
        } else if let Some(made) = scalar_item(trace, &write, array)
            && !name_used_later(trace, write.id, copy)
        {
            findings.push(tell_scalar(trace, &write, copy, made));
        }
    }
}

/// The copy that the array certainly is, or is on one of the paths while it is a view of the same base on the others.
fn copied(trace: &BodyTrace<'_>, array: &Array) -> Option<(BufId, CopyOf)> {
    let (buf, from) = array.bufs.iter().find_map(|&buf| {
        let from = trace.buffers.get(buf).copied_from.as_ref()?;
        (from.how != CopyOf::Explicit && from.likely).then_some((buf, from))
    })?;
    if from.how == CopyOf::Read {
        return (array.bufs[..] == [buf]).then_some((buf, from.how));
    }
    let source = trace.array(from.source)?;
    if source.evidence < Evidence::Likely && from.how != CopyOf::Mask {
        return None;
    }
    array.bufs.iter().all(|&other| other == buf || source.bufs.contains(&other)).then_some((buf, from.how))
}

/// Is the copy read, handed out, or bound to a further name after the write?
fn read_later(trace: &BodyTrace<'_>, write: &Write<'_>, buf: BufId, copy: Local) -> bool {
    // `for row in a[idx]:` and `x, y = a[idx]` take rows of a copy that has no name, and bind each to one.
    let takes_row = |event: &Event| match event.kind {
        EventKind::Derived { source, how: How::Element | How::Slice, via: None, .. } => trace.mentions(source, buf),
        _ => false,
    };
    let taken: Vec<Span> = trace.events.iter().filter(|event| takes_row(event)).map(|event| event.stmt).collect();
    let rows: Vec<Local> = trace
        .events
        .iter()
        .filter_map(|event| match event.kind {
            EventKind::Bound { local, value, .. } if taken.contains(&event.stmt) && trace.mentions(value, buf) => {
                Some(local)
            }
            _ => None,
        })
        .collect();
    // (Rows that are taken of a copy with a name are a use of it.)
    let row = |local: Local| local == copy || rows.contains(&copy) && rows.contains(&local);
    let read = trace.walk_from(write.id, |id| {
        let event = trace.event(id);
        if event.op == write.event.op {
            return Walk::On;
        }
        match event.kind {
            EventKind::Read { value, via, .. } | EventKind::Escaped { value, via, .. }
                if trace.mentions(value, buf) && (via.is_none_or(row) || true_alias(trace, value, buf)) =>
            {
                Walk::Found
            }
            EventKind::Derived { .. } if rows.contains(&copy) && takes_row(event) => Walk::On,
            EventKind::Derived { source, .. } if trace.mentions(source, buf) => Walk::Found,
            EventKind::Bound { local, value, .. } if !row(local) && trace.mentions(value, buf) => Walk::Found,
            // (The next row of a loop is another part.)
            EventKind::Bound { local, .. } if local == copy && rows.iter().all(|&row| row == copy) => Walk::Stop,
            EventKind::Made { buf: made } if made == buf => Walk::Stop,
            _ => Walk::On,
        }
    });
    // A name that an inner function reads, or that was handed out before, has readers that are not seen here.
    read.is_some()
        || trace.body.locals[copy.index()].captured && trace.id.0 != 0
        || trace.iter().any(|(_, event)| {
            matches!(event.kind, EventKind::Escaped { value, .. } if trace.mentions(value, buf))
                || matches!(event.kind, EventKind::Bound { local, value, .. }
                    if trace.mentions(value, buf) && (!row(local) || matches!(trace.values.get(value), Value::Tuple(_) | Value::Ref(_))))
        })
}

fn true_alias(trace: &BodyTrace<'_>, value: crate::domain::ValueId, buf: BufId) -> bool {
    trace.array(value).is_some_and(|array| array.bufs[..] == [buf])
}

/// `cell = hist[i]; cell += 1` on what is, as far as is known, a 1-D array: the cell is a number, not a window into it.
fn scalar_item(trace: &BodyTrace<'_>, write: &Write<'_>, array: &Array) -> Option<EventId> {
    if write.how != WriteHow::Augmented || array.ndim().is_some_and(|n| n > 0) {
        return None;
    }
    let link = trace.derivation(write.object)?;
    let source = trace.array(link.source)?;
    let [base] = source.bufs[..] else { return None };
    let scalar = source.ndim() == Some(1) || trace.buffers.get(base).likely_1d && source.ndim().is_none();
    // With an index of which nothing is known it may be a copy as well: lost either way.
    (matches!(link.how, How::Slice | How::MaybeCopy) && scalar && source.made_by != array.made_by).then_some(link.event)
}

fn name_used_later(trace: &BodyTrace<'_>, start: EventId, name: Local) -> bool {
    let op = trace.event(start).op;
    trace
        .walk_from(start, |id| match trace.event(id).kind {
            EventKind::Read { via: Some(via), .. } | EventKind::Escaped { via: Some(via), .. }
                if via == name && trace.event(id).op != op =>
            {
                Walk::Found
            }
            EventKind::Derived { via: Some(via), .. } if via == name => Walk::Found,
            EventKind::Bound { local, .. } if local == name && trace.event(id).op > op + 1 => Walk::Stop,
            _ => Walk::On,
        })
        .is_some()
}

fn tell(trace: &BodyTrace<'_>, write: &Write<'_>, copy: Local, buf: BufId, how: CopyOf, array: &Array) -> Finding {
    let name = trace.name(copy);
    let from = trace.buffers.get(buf).span;
    let source = trace.buffers.get(buf).copied_from.as_ref().and_then(|from| trace.array(from.source));
    let branches = array.bufs.len() > 1;
    let mut labels = Vec::new();
    if let Some(source) = source
        && let [base] = source.bufs[..]
    {
        labels.extend(made_label(trace, base));
    }
    let word = match how {
        CopyOf::Mask => "indexing with a boolean array makes a copy",
        CopyOf::Fancy => "indexing with a list or an integer array makes a copy",
        CopyOf::Flatten => "`flatten()` always makes a copy",
        CopyOf::Read => "what is read from a file is a new array",
        CopyOf::Explicit => "a copy",
    };
    labels.push(label(from, Role::Aliased, word));
    let lost = if branches {
        format!("where `{name}` is the copy, this write is lost: nothing reads `{name}` afterwards")
    } else {
        format!("this write is lost: nothing reads `{name}` afterwards")
    };
    labels.push(label(write.event.span, Role::Primary, lost));
    Finding {
        rule: &INFO,
        span: write.event.span,
        message: format!("`{name}` is a copy, and what is written to it is never read"),
        confidence: Confidence::Likely,
        labels: in_order(labels),
        help: Some(format!("write with the index itself: `{} = …`", index_text(trace, from))),
    }
}

fn tell_scalar(trace: &BodyTrace<'_>, write: &Write<'_>, copy: Local, made: EventId) -> Finding {
    let name = trace.name(copy);
    let from = trace.event(made).span;
    let labels = vec![
        label(from, Role::Aliased, "an element of a 1-D array is a number, not a view"),
        label(
            write.event.span,
            Role::Primary,
            format!("only the name `{name}` is bound anew: the array does not change"),
        ),
    ];
    Finding {
        rule: &INFO,
        span: write.event.span,
        message: format!("`{name}` is a number taken from an array, and changing it is lost"),
        confidence: Confidence::Likely,
        labels: in_order(labels),
        help: Some(format!("write the element itself: `{} += …`", index_text(trace, from))),
    }
}

fn index_text(trace: &BodyTrace<'_>, span: Span) -> String {
    let text = trace.quote(span);
    if text.is_empty() || text.len() > 40 || text.contains('\n') { "a[…]".to_string() } else { text.to_string() }
}
