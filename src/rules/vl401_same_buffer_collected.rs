//! A loop collects one and the same buffer in each pass, and changes it in place in between.

use smallvec::SmallVec;

use crate::domain::{Array, Bound, BufId, Evidence, Interval, Kinds, Origin, Region, Value, ValueId};
use crate::finding::{Confidence, Finding, Role, RuleInfo};
use crate::ir::{Local, Sym};
use crate::rules::common::{
    Write, callee_label, fact_label, in_order, label, made_label, prepares, write_word, writes,
};
use crate::rules::help::{copy_of, quotable};
use crate::trace::{
    BodyTrace, ClassTrace, Component, Deed, Escape, Event, EventId, EventKind, Fact, Loop, Walk, WriteHow, Wrote,
};

pub(super) static INFO: RuleInfo = RuleInfo {
    code: "VL401",
    name: "same-buffer-collected",
    summary: "a loop collects one buffer again and again, and changes it in place in between",
    page: include_str!("../../rules/VL401-same-buffer-collected.md"),
};

/// What is put where, in each pass.
#[derive(Clone, Copy)]
struct Collected<'a> {
    id: EventId,
    value: ValueId,
    array: &'a Array,
    via: Option<Local>,
    into: ValueId,
    /// The name that holds the key, for `items[name] = x`.
    key: Option<Local>,
    yielded: bool,
    as_: As,
}

/// As what an array is collected.
#[derive(Clone, Copy, PartialEq, Eq)]
enum As {
    Itself,
    /// In a copy of a container that holds it.
    ShallowCopy,
    /// In an object that was made to hold it: `Frame(t, x)`.
    Held,
}

pub(super) fn check(trace: &BodyTrace<'_>, findings: &mut Vec<Finding>) {
    let mut all: Option<Vec<Write<'_>>> = None;
    let mut reported = None;
    for (id, event) in trace.iter() {
        let EventKind::Escaped { value, via, how, into } = event.kind else { continue };
        let (key, yielded) = match how {
            Escape::Collected if into != ValueId::BOTTOM => (None, false),
            Escape::Keyed(name) => (Some(name), false),
            Escape::Yielded => (None, true),
            _ => continue,
        };
        if reported == Some(event.stmt) {
            continue;
        }
        let writes = all.get_or_insert_with(|| writes(trace));
        if writes.is_empty() {
            return;
        }
        // A copy of a dict holds the arrays of the dict.
        let copied = shallow_copy(trace, event, value);
        let held = held_by(trace, value).filter(|_| copied.is_none());
        let as_ = match (copied, held) {
            (Some(_), _) => As::ShallowCopy,
            (None, Some(_)) => As::Held,
            (None, None) => As::Itself,
        };
        let (value, via) = copied.or(held.map(|held| (held, None))).unwrap_or((value, via));
        for array in trace.arrays(value) {
            let collected = Collected { id, value, array, via, into, key, yielded, as_ };
            let told = match changed_between(trace, &collected, writes) {
                Some(write) => Some((write, "in each pass")),
                None => changed_below(trace, &collected, writes).map(|write| (write, "by each call")),
            };
            if let Some((write, when)) = told {
                findings.push(tell(trace, &collected, write, when));
                reported = Some(event.stmt);
                break;
            }
        }
    }
}

/// `self.history.append(self.x)`, where some method changes `self.x` in place.
pub(super) fn check_class(trace: &ClassTrace<'_>, findings: &mut Vec<Finding>) {
    let mut told: Vec<(Sym, Sym)> = Vec::new();
    for gathered in trace.facts {
        let Deed::Gathered { into } = gathered.deed else { continue };
        let attr = gathered.attr;
        let bound_by = |method: &Fact| {
            trace.about(attr).any(|fact| fact.method == method.method && matches!(fact.deed, Deed::Stored(_)))
        };
        // Who gives the attribute a new array when one is put aside, or before it writes, keeps them apart.
        if gathered.method.file.is_some()
            || told.contains(&(attr, into))
            || gathered.replaced
            || gathered.chosen
            || prepares(trace.method(gathered))
            || trace.evidence(attr) < Evidence::Likely
            || !trace.is_collection(into)
            || bound_by(gathered)
        {
            continue;
        }
        let written = trace.writes(attr).filter(|(fact, _)| !prepares(trace.method(fact)) && !bound_by(fact));
        // (Of those in one method the first one.)
        let Some((written, how)) = written.min_by_key(|(fact, _)| fact.method != gathered.method) else { continue };
        let record = records(trace.name(into)) || records(trace.method(gathered));
        let confidence =
            if written.method == gathered.method || record { Confidence::Likely } else { Confidence::Possible };
        told.push((attr, into));
        findings.push(tell_class(trace, gathered, into, written, how, confidence));
    }
}

/// Does the name say that what was is kept?
fn records(name: &str) -> bool {
    const STEMS: [&str; 19] = [
        "hist",
        "trac",
        "traj",
        "log",
        "record",
        "snap",
        "frame",
        "save",
        "state",
        "path",
        "sampl",
        "past",
        "checkpoint",
        "observ",
        "collect",
        "captur",
        "remember",
        "replay",
        "chain",
    ];
    let name = name.trim_start_matches('_').to_ascii_lowercase();
    name.split('_').any(|part| STEMS.iter().any(|stem| part.starts_with(stem)))
}

fn tell_class(
    trace: &ClassTrace<'_>,
    gathered: &Fact,
    into: Sym,
    written: &Fact,
    how: Wrote,
    confidence: Confidence,
) -> Finding {
    let receiver = trace.receiver(gathered);
    let (own, into) = (format!("{receiver}.{}", trace.name(gathered.attr)), trace.name(into));
    let by = match how.by {
        Some(by) => format!("`{}`", trace.name(by.name)),
        None => "this write".to_string(),
    };
    let mut labels = vec![
        label(
            gathered.span,
            Role::Primary,
            format!("`{own}` is put into `{receiver}.{into}`: the array itself, no copy"),
        ),
        fact_label(trace, written, written.span, Role::Seen, format!("{by} changes what was put there before")),
    ];
    labels.extend(callee_label(trace, written));
    Finding {
        rule: &INFO,
        span: gathered.span,
        message: format!("`{own}` is collected by each call of `{}`, and changed in place", trace.method(gathered)),
        confidence,
        labels: in_order(labels),
        help: Some(format!("keep a copy: `{own}.copy()`")),
    }
}

/// What the object or container holds that an expression of the body made.
fn held_by(trace: &BodyTrace<'_>, value: ValueId) -> Option<ValueId> {
    let Value::Ref(_) = trace.values.get(value) else { return None };
    trace.iter().find_map(|(_, event)| match event.kind {
        EventKind::Holds { held, result } if result == value => Some(held),
        _ => None,
    })
}

/// What the value holds, and the name of what it is a copy of, if the statement made it as a shallow copy.
fn shallow_copy(trace: &BodyTrace<'_>, collected: &Event, value: ValueId) -> Option<(ValueId, Option<Local>)> {
    let Value::Ref(_) = trace.values.get(value) else { return None };
    trace.iter().find_map(|(_, event)| match event.kind {
        EventKind::Shallow { via, held, result } if event.stmt == collected.stmt && result == value => {
            Some((held, via))
        }
        _ => None,
    })
}

/// The write that changes in another pass what was collected in this one.
fn changed_between<'w, 'a>(
    trace: &BodyTrace<'_>,
    collected: &Collected<'_>,
    writes: &'w [Write<'a>],
) -> Option<&'w Write<'a>> {
    let array = collected.array;
    if array.evidence < Evidence::Likely || !array.bufs.iter().any(|&buf| is_one(trace, buf)) {
        return None;
    }
    let near = |write: &&Write<'_>| {
        // `x += 1` on what may be a number binds `x` anew.
        let evident = write.how != WriteHow::Augmented
            || trace.array(write.value).is_some_and(|written| written.evidence >= Evidence::Likely);
        evident
            && write.how != WriteHow::TupleItem
            && !through_holder(trace, collected, write)
            && trace.overlaps(array, write.value)
            && !common(trace, array, write.value).is_empty()
    };
    let near: Vec<_> = writes.iter().filter(near).collect();
    let is_dict = || !array.certain() && collected.via.is_some_and(|via| trace.takes_keys(via));
    if near.is_empty() || is_dict() {
        return None;
    }
    let loops = trace.loops_around(trace.event(collected.id).block);
    let loops: Vec<_> = loops.iter().rev().filter(|around| lives_on(trace, collected, around)).collect();
    let part = trace.part_selected_by(collected.value);
    if !part.is_empty() && may_be_number(array) {
        return None;
    }
    near.into_iter().find(|write| {
        loops.iter().any(|around| around.holds(write.event.block) && hits(trace, collected, &part, write, around))
            && common(trace, array, write.value).into_iter().any(|buf| {
                comes_to(trace, buf, collected.id, write.id, write.via)
                    && comes_to(trace, buf, write.id, collected.id, collected.via)
            })
    })
}

/// The write that changes, behind a call of the function by itself, what that call has collected: the parameter that is
/// passed on is one array in all of these calls.
fn changed_below<'w, 'a>(
    trace: &BodyTrace<'_>,
    collected: &Collected<'_>,
    writes: &'w [Write<'a>],
) -> Option<&'w Write<'a>> {
    let [buf] = collected.array.bufs[..] else { return None };
    let param = collected.via.filter(|_| collected.array.is_entry() && !collected.yielded)?;
    if trace.argument(buf) != Some(param) || trace.takes_keys(param) {
        return None;
    }
    let calls = trace.passed_on(param);
    if calls.is_empty() || collected.array.evidence < Evidence::Likely && !trace.is_given_array(param) {
        return None;
    }
    let behind = |write: &&Write<'_>| {
        let reached = |&call: &EventId| {
            trace
                .walk_from(call, |id| match id {
                    id if id == write.id => Walk::Found,
                    id if trace.rebinds(id, param) => Walk::Stop,
                    _ => Walk::On,
                })
                .is_some()
        };
        write.via == Some(param)
            && write.direct
            && matches!(write.how, WriteHow::Item { .. } | WriteHow::Augmented)
            && calls.iter().any(reached)
    };
    writes.iter().find(behind)
}

/// `items[key][0] = …`: which of the items that is, is not known.
fn through_holder(trace: &BodyTrace<'_>, collected: &Collected<'_>, write: &Write<'_>) -> bool {
    let Value::Ref(objects) = trace.values.get(collected.into) else { return false };
    let holds = |event: &Event| match event.kind {
        EventKind::Bound { value, .. } => {
            matches!(trace.values.get(value), Value::Ref(held) if held.iter().any(|object| objects.contains(object)))
        }
        _ => false,
    };
    write.via.is_some_and(|via| trace.bindings(via).any(|(_, event)| holds(event)))
}

/// Does the buffer stand for one allocation?
fn is_one(trace: &BodyTrace<'_>, buf: BufId) -> bool {
    trace.buffers.get(buf).single()
}

/// Is it an element that, in an array of one dimension, is a number?
fn may_be_number(array: &Array) -> bool {
    array.kinds.meets(Kinds::SCALAR)
        && match &array.region {
            Region::Part(intervals) => intervals
                .iter()
                .all(|interval| *interval == Interval::single(interval.lo) || interval.lo == Bound::Unknown),
            Region::Any => array.shape.is_none(),
            _ => false,
        }
}

/// The buffers that the array and what is written have in common, of those that stand for one allocation.
fn common(trace: &BodyTrace<'_>, array: &Array, written: ValueId) -> SmallVec<[BufId; 2]> {
    let held = |buf: &BufId| is_one(trace, *buf) && trace.mentions(written, *buf);
    array.bufs.iter().copied().filter(held).collect()
}

/// Does what it is collected into outlive a pass of the loop, and does it get another entry in each?
fn lives_on(trace: &BodyTrace<'_>, collected: &Collected<'_>, around: &Loop) -> bool {
    if collected.key.is_some_and(|key| !trace.binds_in(around, key)) {
        return false;
    }
    let Value::Ref(objects) = trace.values.get(collected.into) else { return true };
    // One that is made in each pass and handed on lives among those made before.
    objects.iter().any(|&object| {
        !trace.iter().any(|(_, event)| {
            matches!(event.kind, EventKind::Made { buf } if buf == object) && around.holds(event.block)
        })
    })
}

/// Does the write, in each pass of the loop, hit what was collected in the passes before?
fn hits(
    trace: &BodyTrace<'_>,
    collected: &Collected<'_>,
    part: &[Component],
    write: &Write<'_>,
    around: &Loop,
) -> bool {
    if part.is_empty() {
        return true;
    }
    let mut written = trace.part_selected_by(write.object);
    written.extend(trace.selected_by(write.id));
    let plain = |parts: &[Component]| parts.iter().all(|part| matches!(part, Component::Name(_)));
    let names_agree = part.iter().zip(&written).all(|(a, b)| a == b);
    if plain(part) && plain(&written) && names_agree && trace.follows_in_pass(collected.id, write.id, around) {
        return true;
    }
    // `rows[i] = …` goes on to another row in the next pass.
    written.iter().all(|component| match *component {
        Component::Varying => false,
        Component::Name(name) | Component::Over(name) => !trace.binds_in(around, name) || trace.sweeps_in(around, name),
    })
}

/// May `to` come after `from`, with the array being the one that it was, also under the name that is used there?
fn comes_to(trace: &BodyTrace<'_>, buf: BufId, from: EventId, to: EventId, name: Option<Local>) -> bool {
    let elsewhere = |id| match trace.event(id).kind {
        EventKind::Bound { value, .. } => !trace.mentions(value, buf),
        _ => true,
    };
    // `self.x = …`: what was read of the attribute before is not what it holds now.
    let replaced = |id| match trace.event(id).kind {
        EventKind::Escaped { value, how: Escape::Attribute(name), .. } => {
            matches!(trace.buffers.get(buf).origin, Origin::Attr(_, of) if of == name) && !trace.mentions(value, buf)
        }
        _ => false,
    };
    // What the op of an allocation makes is new, whether an event tells of it or not.
    let made_anew = match trace.buffers.get(buf).origin {
        Origin::Alloc(site, _) if site.body == trace.id => trace.first_since(site.op),
        _ => None,
    };
    let visit = |id| {
        if Some(id) == made_anew {
            Walk::Stop
        } else if id == to {
            Walk::Found
        } else if matches!(trace.event(id).kind, EventKind::Made { buf: made } if made == buf)
            || name.is_some_and(|name| trace.rebinds(id, name) && elsewhere(id))
            || replaced(id)
        {
            Walk::Stop
        } else {
            Walk::On
        }
    };
    trace.walk_from(from, visit).is_some()
}

fn tell(trace: &BodyTrace<'_>, collected: &Collected<'_>, write: &Write<'_>, when: &str) -> Finding {
    let span = trace.event(collected.id).span;
    let text = quotable(trace, span);
    let what = text.map_or_else(|| "the array".to_string(), |text| format!("`{text}`"));
    let mut labels: Vec<_> = collected.array.bufs.first().and_then(|&buf| made_label(trace, buf)).into_iter().collect();
    let (verb, kept) = if collected.yielded { ("yielded", "yield") } else { ("collected", "keep") };
    let same = match collected.as_ {
        As::Itself => "the same memory, no copy",
        As::ShallowCopy => "a copy that holds the same arrays",
        As::Held => "an object of its own, but of the same array",
    };
    labels.push(label(span, Role::Primary, format!("{what} is {verb} here {when}: {same}")));
    labels.push(label(
        write.event.span,
        Role::Seen,
        format!("{} changes what was {verb} before", write_word(trace, write.how)),
    ));
    Finding {
        rule: &INFO,
        span,
        message: format!("{what} is {verb} {when}, and changed in place in between"),
        // Whoever iterates over a generator of the file's own, or of a test, or one that says so, knows what it yields;
        // and whoever copies on one of two ways knows when to.
        confidence: if collected.yielded
            && (trace.is_private() || trace.in_test_module() || trace.doc_facts().says_reused)
            || collected.array.bufs.len() > 1 && trace.is_asked_copy(collected.array)
        {
            Confidence::Possible
        } else {
            Confidence::Likely
        },
        labels: in_order(labels),
        help: Some(match text {
            Some(_) if collected.as_ == As::Held => "put a copy into it: `x.copy()` in place of `x`".to_string(),
            Some(text) if collected.as_ == As::ShallowCopy => {
                format!("{kept} copies of the arrays as well: `copy.deepcopy(…)` in place of `{text}`")
            }
            Some(text) => format!("{kept} a copy: `{}`", copy_of(text)),
            None => format!("{kept} a copy: add `.copy()`"),
        }),
    }
}
