//! `a = b = np.zeros(n)` makes one array with two names: what is written through one is seen through the other.

use crate::domain::{Array, BufId, Evidence, Kinds, Origin, Region, Value, ValueId};
use crate::finding::{Confidence, Finding, Role, RuleInfo};
use crate::ir::{Local, Sym};
use crate::rules::common::{Write, in_order, is_local, label, remakes, write_word, writes};
use crate::source::Span;
use crate::trace::{BodyTrace, BoundFrom, Escape, EventId, EventKind, Walk, WriteHow};

pub(super) static INFO: RuleInfo = RuleInfo {
    code: "VL403",
    name: "chained-assignment",
    summary: "`a = b = np.zeros(n)` makes one array: a write through one name is seen through the other",
    page: include_str!("../../rules/VL403-chained-assignment.md"),
};

/// One target of an assignment.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Target {
    Name(Local),
    Attribute(Sym),
}

/// A target that was bound to a new array.
struct Bound<'a> {
    id: EventId,
    stmt: Span,
    value: ValueId,
    array: &'a Array,
    target: Target,
}

pub(super) fn check(trace: &BodyTrace<'_>, findings: &mut Vec<Finding>) {
    let bound: Vec<Bound<'_>> = trace.iter().filter_map(|(id, _)| binding(trace, id)).collect();
    let mut i = 0;
    while i < bound.len() {
        let run =
            bound[i..].iter().take_while(|other| other.stmt == bound[i].stmt && other.value == bound[i].value).count();
        let group = &bound[i..i + run];
        i += run;
        // `a, b = c, d` binds two names too, and `a, b = np.zeros((2, n))` binds them to two rows: here it is one value.
        let Some(last) = group.last().filter(|last| group.len() > 1 && is_new(trace, last)) else { continue };
        findings.extend(pairs(group).find_map(|(a, b)| harm(trace, a, b, last.id)));
    }
    findings.extend(kept_twice(trace));
}

/// `zero = np.zeros(n)`, `self.m = zero`, `self.v = zero`.
fn kept_twice(trace: &BodyTrace<'_>) -> Option<Finding> {
    let kept: Vec<Bound<'_>> = trace.iter().filter_map(|(id, _)| kept(trace, id)).collect();
    let same = |a: &Bound<'_>, b: &Bound<'_>| a.array.bufs == b.array.bufs && a.id != b.id;
    pairs(&kept).filter(|(a, b)| same(a, b)).find_map(|(a, b)| {
        let later = if a.id > b.id { a } else { b };
        harm(trace, a, b, later.id).map(|finding| Finding { span: later.stmt, ..finding })
    })
}

/// An array of the body's own that a name holds and that is stored in an attribute of `self` as it is.
fn kept<'a>(trace: &BodyTrace<'a>, id: EventId) -> Option<Bound<'a>> {
    let event = trace.event(id);
    let EventKind::Escaped { value, how: Escape::Attribute(name), via: Some(_), into } = event.kind else {
        return None;
    };
    let receiver = trace.receiver()?;
    let Value::Array(own) = trace.values.get(into) else { return None };
    let is_self = |&buf: &BufId| trace.buffers.get(buf).origin == Origin::Param(trace.id, receiver);
    let array = trace.array(value).filter(|array| {
        array.evidence >= Evidence::Certain
            && array.lies
            && array.region == Region::Whole
            && is_local(trace, array)
            && !array.kinds.meets(Kinds::SCALAR)
    })?;
    let whole =
        array.bufs.len() == 1 && trace.chain(value).is_empty() && own.is_entry() && own.bufs.iter().all(is_self);
    whole.then_some(Bound { id, stmt: event.stmt, value, array, target: Target::Attribute(name) })
}

fn binding<'a>(trace: &BodyTrace<'a>, id: EventId) -> Option<Bound<'a>> {
    let event = trace.event(id);
    let (value, target) = match event.kind {
        EventKind::Bound { local, value, from: BoundFrom::Expression } if !trace.is_internal(local) => {
            (value, Target::Name(local))
        }
        EventKind::Escaped { value, how: Escape::Attribute(name), via: None, .. } => (value, Target::Attribute(name)),
        _ => return None,
    };
    let array = trace.array(value).filter(|array| {
        // Elements of a sequence may be several: `a, b = (np.zeros(n) for _ in range(2))`.
        !array.kinds.meets(Kinds::SCALAR) && array.evidence >= Evidence::Certain && array.lies && is_local(trace, array)
    })?;
    Some(Bound { id, stmt: event.stmt, value, array, target })
}

/// Was the array made by this very statement?
fn is_new(trace: &BodyTrace<'_>, bound: &Bound<'_>) -> bool {
    let [buf] = bound.array.bufs[..] else { return false };
    trace.iter().any(|(id, event)| {
        id < bound.id && event.stmt == bound.stmt && matches!(event.kind, EventKind::Made { buf: made } if made == buf)
    })
}

fn pairs<'g, 'a>(group: &'g [Bound<'a>]) -> impl Iterator<Item = (&'g Bound<'a>, &'g Bound<'a>)> {
    group.iter().enumerate().flat_map(move |(i, a)| {
        group.iter().enumerate().filter(move |(j, b)| i != *j && a.target != b.target).map(move |(_, b)| (a, b))
    })
}

/// The harm of two targets for one array: what is written as `a` is seen as `b`.
fn harm(trace: &BodyTrace<'_>, a: &Bound<'_>, b: &Bound<'_>, after: EventId) -> Option<Finding> {
    match (a.target, b.target) {
        (Target::Name(written), Target::Name(seen)) => {
            let (write, place) = writes(trace).iter().find_map(|write| {
                let through = write.via == Some(written) && reaches(trace, after, write, (written, seen), a.array);
                let place = through.then(|| seen_through(trace, write, seen, a.array)).flatten()?;
                Some((*write, place))
            })?;
            let (written, seen) = (trace.name(written), trace.name(seen));
            let labels = vec![
                label(
                    write.event.span,
                    Role::Note,
                    format!("{} through `{written}` changes `{seen}`", write_word(trace, write.how)),
                ),
                label(trace.event(place).span, Role::Seen, format!("`{seen}` is used here, with the change in it")),
            ];
            Some(tell(trace, a, written, seen, labels))
        }
        (Target::Attribute(written), Target::Attribute(seen)) => {
            let place = *trace.attribute_writes(written).first()?;
            if !trace.attribute_used(seen) {
                return None;
            }
            let text = |sym| trace.module.names.text(sym);
            let (written, seen) = (format!("self.{}", text(written)), format!("self.{}", text(seen)));
            let labels = vec![label(place, Role::Note, format!("this write to `{written}` changes `{seen}`"))];
            Some(tell(trace, a, &written, &seen, labels))
        }
        // `self.x = x = np.zeros(n)`: a short name for the attribute.
        _ => None,
    }
}

/// Does control come from the binding to the write with both names still bound to the array?
fn reaches(trace: &BodyTrace<'_>, after: EventId, write: &Write<'_>, names: (Local, Local), array: &Array) -> bool {
    if write.how == WriteHow::TupleItem || !trace.overlaps(array, write.value) {
        return false;
    }
    let visit = |id| {
        if id == write.id {
            Walk::Found
        } else if trace.rebinds(id, names.0) || trace.rebinds(id, names.1) || remakes(trace, id, array) {
            Walk::Stop
        } else {
            Walk::On
        }
    };
    trace.walk_from(after, visit).is_some()
}

/// Where the change is seen through the other name, before that is bound anew or all of it is overwritten.
fn seen_through(trace: &BodyTrace<'_>, write: &Write<'_>, seen: Local, array: &Array) -> Option<EventId> {
    let written = trace.array(write.value)?;
    trace.walk_from(write.id, |id| {
        let event = trace.event(id);
        match event.kind {
            EventKind::Written { via: Some(via), value, how, .. } if via == seen => match how {
                WriteHow::Item { whole: true } | WriteHow::Out => return Walk::Stop,
                WriteHow::Augmented | WriteHow::Method(_) if trace.overlaps(written, value) => return Walk::Found,
                _ => {}
            },
            EventKind::Read { via: Some(via), value, .. } | EventKind::Escaped { via: Some(via), value, .. }
                if via == seen && trace.overlaps(written, value) =>
            {
                return Walk::Found;
            }
            _ => {}
        }
        if trace.rebinds(id, seen) || remakes(trace, id, array) { Walk::Stop } else { Walk::On }
    })
}

fn tell(
    trace: &BodyTrace<'_>,
    bound: &Bound<'_>,
    written: &str,
    seen: &str,
    mut labels: Vec<crate::finding::Label>,
) -> Finding {
    labels.push(label(bound.stmt, Role::Primary, format!("one array, bound to `{written}` and to `{seen}`")));
    let made = bound.array.bufs.first().and_then(|&buf| trace.made_at(buf)).map_or("", |span| trace.quote(span));
    let made = if made.is_empty() || made.len() > 40 || made.contains('\n') { "…" } else { made };
    Finding {
        rule: &INFO,
        span: bound.stmt,
        message: format!("`{written}` and `{seen}` are one array, and `{written}` is changed in place"),
        confidence: Confidence::Likely,
        labels: in_order(labels),
        help: Some(format!("make two arrays: `{written} = {made}` and `{seen} = {made}`")),
    }
}
