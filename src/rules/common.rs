//! What several rules share: small questions, and the words of labels.

use crate::domain::{Array, BufId, Origin, Value, ValueId};
use crate::finding::{Label, Role};
use crate::ir::Local;
use crate::source::Span;
use crate::trace::class::placed;
use crate::trace::{
    BodyTrace, By, ClassTrace, Deed, Escape, Event, EventId, EventKind, Fact, How, Walk, WriteHow, Wrote,
};

/// A write, as a rule sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Write<'a> {
    pub(super) id: EventId,
    pub(super) event: &'a Event,
    pub(super) value: ValueId,
    pub(super) object: ValueId,
    pub(super) via: Option<Local>,
    pub(super) direct: bool,
    pub(super) how: WriteHow,
}

/// All writes of a body, and what must be one: a call that is given an empty buffer to fill.
pub(super) fn writes<'a>(trace: &BodyTrace<'a>) -> Vec<Write<'a>> {
    let mut found = Vec::new();
    for &id in trace.written() {
        let event = trace.event(id);
        if let EventKind::Written { value, object, via, direct, how } = event.kind {
            found.push(Write { id, event, value, object, via, direct, how });
        }
    }
    for &(id, name) in trace.fills() {
        let event = trace.event(id);
        if let EventKind::Escaped { value, via, .. } = event.kind {
            found.push(Write { id, event, value, object: value, via, direct: true, how: WriteHow::Argument(name) });
        }
    }
    found
}

/// `x += d`, then `return State(x)`: is an object made of what was written, and returned?
pub(super) fn goes_into_new(trace: &BodyTrace<'_>, write: &Write<'_>) -> bool {
    let Some(written) = trace.array(write.value) else { return false };
    let returned = |stmt: Span| {
        trace.iter().any(|(_, event)| match event.kind {
            EventKind::Escaped { value, how: Escape::Returned, .. } => {
                event.stmt == stmt && matches!(trace.values.get(value), Value::Ref(_))
            }
            _ => false,
        })
    };
    trace.iter().any(|(id, event)| match event.kind {
        EventKind::Escaped { value, how: Escape::Passed, .. } => {
            id > write.id && trace.overlaps(written, value) && returned(event.stmt)
        }
        _ => false,
    })
}

/// Does the statement stand in a test's `with pytest.raises(…):`, where it is to fail?
pub(super) fn is_to_fail(trace: &BodyTrace<'_>, stmt: Span) -> bool {
    let header = placed(trace.text, stmt.start).1.trim_start();
    header.starts_with("with ") && (header.contains("raises") || header.contains("assertRaises"))
}

/// A label.
pub(super) fn label(span: Span, role: Role, message: impl Into<String>) -> Label {
    Label { span, role, message: message.into(), file: None }
}

/// A view of more than this part of its base is not small.
const SMALL_PART: i64 = 16;

/// Is a view of so many elements a small part of a base of `whole` elements?
pub(super) fn is_small_part(part: i64, whole: u64) -> bool {
    part.saturating_mul(SMALL_PART) <= i64::try_from(whole).unwrap_or(i64::MAX)
}

/// Does the name of a variable say that it keeps an earlier state?
pub(super) fn names_a_snapshot(name: &str) -> bool {
    let name = name.trim_matches('_').to_ascii_lowercase();
    const WORDS: [&str; 20] = [
        "old",
        "prev",
        "previous",
        "last",
        "orig",
        "original",
        "backup",
        "saved",
        "save",
        "initial",
        "init",
        "before",
        "best",
        "snapshot",
        "prior",
        "start",
        "past",
        "undo",
        "baseline",
        "reference",
    ];
    let mut parts = name.split('_');
    parts.any(|part| WORDS.contains(&part.trim_end_matches(|c: char| c.is_ascii_digit())))
        || WORDS[..6].iter().any(|word| name.len() > word.len() && (name.starts_with(word) || name.ends_with(word)))
        || name.len() > 1
            && name.ends_with('0')
            && !name.ends_with("00")
            && !name[..name.len() - 1].ends_with(|c: char| c.is_ascii_digit())
}

/// Does the name say that the array is there to be written?
pub(super) fn names_an_output(name: &str) -> bool {
    let name = name.trim_matches('_').to_ascii_lowercase();
    name.split('_').any(|part| {
        matches!(
            part,
            "out"
                | "output"
                | "outputs"
                | "result"
                | "results"
                | "res"
                | "ret"
                | "buf"
                | "buffer"
                | "dst"
                | "dest"
                | "work"
                | "canvas"
                | "new"
        )
    })
}

/// Does the method run before the object is used, so that its writes come before everything else?
pub(super) fn prepares(method: &str) -> bool {
    let method = method.trim_start_matches('_');
    ["init", "setup", "set_up", "reset", "prepare", "allocate"].iter().any(|verb| method.starts_with(verb))
}

/// Does the function's name or docstring say that it works in place?
pub(super) fn works_in_place(trace: &BodyTrace<'_>) -> bool {
    let name = trace.module.names.text(trace.body.name);
    trace.doc_facts().says_in_place
        || name.contains("inplace")
        || name.contains("in_place")
        || matches!(name, "__setitem__" | "__iadd__" | "__isub__" | "__imul__" | "__itruediv__")
}

/// Was the buffer made blank, to be filled?
pub(super) fn is_blank(trace: &BodyTrace<'_>, array: &Array) -> bool {
    !array.bufs.is_empty() && array.bufs.iter().all(|&buf| trace.buffers.get(buf).blank)
}

/// Is all of the memory made in this body?
pub(super) fn is_local(trace: &BodyTrace<'_>, array: &Array) -> bool {
    !array.unknown && !array.bufs.is_empty() && array.bufs.iter().all(|&buf| !trace.buffers.get(buf).on_entry())
}

/// Has the memory been made anew by this event, so that what is known of the array made before goes by another name?
pub(super) fn remakes(trace: &BodyTrace<'_>, id: EventId, array: &Array) -> bool {
    matches!(trace.event(id).kind, EventKind::Made { buf } if array.bufs.contains(&buf))
}

/// The first event after `start` that reads what `array` covers through the name `local`, before the name is bound anew.
pub(super) fn read_through(trace: &BodyTrace<'_>, start: EventId, local: Local, array: &Array) -> Option<EventId> {
    trace.walk_from(start, |id| {
        if let Some((value, Some(via))) = trace.reads(id)
            && via == local
            && id != start
            && trace.overlaps(array, value)
        {
            return Walk::Found;
        }
        if trace.rebinds(id, local) || remakes(trace, id, array) { Walk::Stop } else { Walk::On }
    })
}

/// The names, other than `not`, through which what `array` covers may be read after `start`.
pub(super) fn readers(trace: &BodyTrace<'_>, start: EventId, not: Local, array: &Array) -> Vec<Local> {
    let mut names = Vec::new();
    trace.walk_from(start, |id| {
        if let Some((value, Some(via))) = trace.reads(id)
            && via != not
            && !names.contains(&via)
            && trace.overlaps(array, value)
        {
            names.push(via);
        }
        if remakes(trace, id, array) { Walk::Stop } else { Walk::On }
    });
    names
}

/// How a view was made, in words: "a slice", "the transpose".
pub(super) fn how_word(trace: &BodyTrace<'_>, how: How) -> String {
    let text = |sym| trace.module.names.text(sym);
    match how {
        How::Slice => "a slice is a view".to_string(),
        How::Field => "a field is a view".to_string(),
        How::Element => "an element of the array is a view".to_string(),
        How::Attribute(name) => format!("`.{}` is a view", text(name)),
        How::Method(name) => format!("`{}()` gives a view", text(name)),
        How::Function(name) => format!("`{}` gives a view", text(name)),
        How::Copy(_) => "a copy".to_string(),
        How::MaybeCopy => "perhaps a view".to_string(),
    }
}

/// What a write does, as the beginning of a sentence.
pub(super) fn write_word(trace: &BodyTrace<'_>, how: WriteHow) -> String {
    let text = |sym| trace.module.names.text(sym);
    match how {
        WriteHow::Item { .. } => "this assignment".to_string(),
        WriteHow::Augmented | WriteHow::TupleItem => "this in-place operator".to_string(),
        WriteHow::Method(name) => format!("`{}()`", text(name)),
        WriteHow::Out => "`out=`".to_string(),
        WriteHow::Argument(name) | WriteHow::Scratch(name) | WriteHow::Callee { name, .. } => {
            format!("`{}`", text(name))
        }
        WriteHow::Attribute(name) => format!("the assignment to `.{}`", text(name)),
    }
}

/// The label at the write itself, where a method writes by calling a function.
pub(super) fn callee_label(trace: &ClassTrace<'_>, fact: &Fact) -> Option<Label> {
    let Deed::Written(Wrote { by: Some(By { name, at: Some(at), .. }), .. }) = fact.deed else { return None };
    Some(fact_label(trace, fact, at, Role::Note, format!("this is where `{}` writes it", trace.name(name))))
}

/// A label at a place in the file that a fact is from.
pub(super) fn fact_label(
    trace: &ClassTrace<'_>,
    fact: &Fact,
    span: Span,
    role: Role,
    message: impl Into<String>,
) -> Label {
    let file = fact.method.file.map(|file| trace.name(file).to_owned());
    Label { file, ..label(span, role, message) }
}

/// Does the write put the elements into another order?
pub(super) fn reorders(trace: &BodyTrace<'_>, how: WriteHow) -> bool {
    match how {
        WriteHow::Method(name) | WriteHow::Argument(name) => {
            matches!(trace.module.names.text(name), "sort" | "partition" | "shuffle")
        }
        _ => false,
    }
}

/// The label that tells where the memory was made.
pub(super) fn made_label(trace: &BodyTrace<'_>, buf: BufId) -> Option<Label> {
    let span = trace.made_at(buf)?;
    let message = match trace.buffers.get(buf).origin {
        Origin::Param(..) => "the array comes in here",
        Origin::Alloc(..) => "the array is made here",
        Origin::Result(..) => "the array comes from here",
        Origin::Attr(..) | Origin::Global(_) | Origin::Closure(..) | Origin::Constant(_) => return None,
    };
    Some(label(span, Role::Made, message))
}

/// What the reader at an event does, for the label at its place.
pub(super) fn seen_word(trace: &BodyTrace<'_>, id: EventId) -> &'static str {
    match trace.event(id).kind {
        EventKind::Escaped { how: Escape::Returned, .. } => "returned here",
        EventKind::Escaped { how: Escape::Yielded, .. } => "yielded here",
        EventKind::Escaped { how: Escape::Passed, .. } => "passed on here",
        EventKind::Escaped { .. } => "stored here",
        _ => "read here",
    }
}

/// The label that tells where the damage is seen: what is done there with the name, and with what in it.
pub(super) fn seen_label(trace: &BodyTrace<'_>, id: EventId, name: &str, with: &str) -> Label {
    label(trace.event(id).span, Role::Seen, format!("`{name}` is {}, with {with}", seen_word(trace, id)))
}

/// In words, that one name shares memory with another.
pub(super) fn shares_words(trace: &BodyTrace<'_>, alias: &str, base: &str, how: How) -> String {
    format!("`{alias}` shares memory with `{base}`: {}", how_word(trace, how))
}

/// Puts labels into program order, and behind the primary one the place where the function that it calls writes.
pub(super) fn told_in_order(trace: &BodyTrace<'_>, how: WriteHow, labels: Vec<Label>) -> Vec<Label> {
    let mut labels = in_order(labels);
    if let WriteHow::Callee { name, place, .. } = how {
        let message = format!("this is where `{}` writes it", trace.module.names.text(name));
        let file = place.file.map(|file| trace.paths.text(file).to_owned());
        let at = labels.iter().position(|label| label.role == Role::Primary).map_or(labels.len(), |at| at + 1);
        labels.insert(at, Label { span: place.span, role: Role::Note, message, file });
    }
    labels
}

/// Puts labels into program order, those of other files last; drops doubles at one place.
pub(super) fn in_order(mut labels: Vec<Label>) -> Vec<Label> {
    labels.sort_by_key(|label| (label.file.is_some(), label.span.start, label.span.end));
    labels.dedup_by(|b, a| {
        a.file == b.file && a.span == b.span && {
            if b.role == Role::Primary {
                std::mem::swap(a, b);
            }
            true
        }
    });
    labels
}
