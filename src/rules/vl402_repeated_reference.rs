//! One array is put into a list or dict several times, `[np.zeros(3)] * n`, and written through one of its places.

use crate::domain::{Array, Evidence, Owner, Region, Value, ValueId};
use crate::finding::{Confidence, Finding, Label, Role, RuleInfo};
use crate::ir::{Local, Sym};
use crate::rules::common::{Write, in_order, is_local, label, remakes, write_word, writes};
use crate::trace::{BodyTrace, BoundFrom, Escape, Event, EventId, EventKind, How, Link, Repeat, Walk, WriteHow};

pub(super) static INFO: RuleInfo = RuleInfo {
    code: "VL402",
    name: "repeated-reference",
    summary: "one array stands several times in a list or dict, and is changed through one of its places",
    page: include_str!("../../rules/VL402-repeated-reference.md"),
};

/// One thing that was put somewhere several times.
struct Repeated<'a> {
    id: EventId,
    event: &'a Event,
    /// The array.
    array: &'a Array,
    /// The list, tuple, dict or object array.
    into: ValueId,
    how: Repeat,
}

pub(super) fn check(trace: &BodyTrace<'_>, findings: &mut Vec<Finding>) {
    if trace.module.names.get("meshgrid").is_some() {
        findings.extend(writes(trace).iter().filter_map(|write| spread(trace, write)));
    }
    findings.extend(trace.iter().filter_map(|(id, _)| gathered(trace, id)));
    for (id, event) in trace.iter() {
        let EventKind::Repeated { element, into, how } = event.kind else { continue };
        if let Some(place) = list_grows(trace, id, element) {
            findings.push(list_told(trace, event, place));
            continue;
        }
        // A number that is repeated is a number.
        let arrays = trace.arrays(element);
        let evident = |array: &&&Array| array.evidence >= Evidence::Likely && !array.bufs.is_empty();
        let found = arrays.iter().find(evident).and_then(|array| {
            let repeated = Repeated { id, event, array, into, how };
            harm(trace, &repeated).map(|labels| tell(trace, &repeated, labels))
        });
        findings.extend(found);
    }
}

/// `for key in keys: acc[key] = zero`, then `acc[key][0] += 1`: a loop puts one array into each place, and behind the loop
/// one of the places is written. (What is written within it is VL401's.)
fn gathered(trace: &BodyTrace<'_>, id: EventId) -> Option<Finding> {
    let event = trace.event(id);
    let EventKind::Escaped { value, how, into, via: Some(via) } = event.kind else { return None };
    let array = trace
        .array(value)
        .filter(|array| array.certain() && array.lies && array.region == Region::Whole && is_local(trace, array))?;
    let ([buf], Value::Ref(_)) = (&array.bufs[..], trace.values.get(into)) else { return None };
    let loops = trace.loops_around(event.block);
    let around = loops.last()?;
    let anywhere = match how {
        Escape::Collected => true,
        Escape::Keyed(key) => trace.binds_in(around, key),
        _ => false,
    };
    let inside = |other: &Event| around.holds(other.block);
    let made_inside = trace.iter().any(|(_, other)| match other.kind {
        EventKind::Made { buf: made } => made == *buf && inside(other),
        EventKind::Bound { local, .. } => local == via && inside(other),
        _ => false,
    });
    // (A list that is made in the loop gets the array once.)
    let anew = trace.iter().any(|(_, other)| match (&other.kind, trace.values.get(into)) {
        (EventKind::Made { buf }, Value::Ref(objects)) => objects.contains(buf) && inside(other),
        _ => false,
    });
    let repeated = Repeated { id, event, array, into, how: Repeat::Comprehension };
    if !anywhere || made_inside || anew || !trace.buffers.get(*buf).single() || is_refilled(trace, &repeated) {
        return None;
    }
    let writes = writes(trace);
    let through = |write: &&Write<'_>| {
        let held = |via: Local| {
            trace.bindings(via).any(|(_, bound)| match bound.kind {
                EventKind::Bound { value, .. } => is_holder(trace, &repeated, value),
                _ => false,
            })
        };
        !inside(write.event)
            && write.how != WriteHow::TupleItem
            && write.via.is_some_and(held)
            && trace.overlaps(array, write.value)
            && trace.walk_from(id, |at| if at == write.id { Walk::Found } else { Walk::On }).is_some()
    };
    let write = writes.iter().find(through)?;
    let said = format!("{} changes it in all places", write_word(trace, write.how));
    Some(tell(trace, &repeated, vec![label(write.event.span, Role::Seen, said)]))
}

/// A write into an array of which several elements lie in one place: it changes them all.
fn spread(trace: &BodyTrace<'_>, write: &Write<'_>) -> Option<Finding> {
    let object = trace.array(write.object)?;
    if !matches!(write.how, WriteHow::Item { whole: false } | WriteHow::Augmented)
        || !object.lies
        || object.evidence < Evidence::Certain
        || object.owner != Owner::View
    {
        return None;
    }
    let name = |link: &Link| match link.how {
        How::Function(name) => trace.module.names.text(name),
        _ => "",
    };
    let chain = trace.chain(write.object);
    let link = chain.iter().find(|link| name(link) == "meshgrid")?;
    let grid = write.via.map_or("it", |via| trace.name(via));
    let said = format!("`{grid}` shows one row or column again and again: `meshgrid(copy=False)` gives views");
    let labels = vec![
        label(trace.event(link.event).span, Role::Aliased, said),
        label(write.event.span, Role::Primary, "what is written for one point is seen at all that share its place"),
    ];
    Some(Finding {
        rule: &INFO,
        span: write.event.span,
        message: format!("several elements of `{grid}` lie in one place, and are changed together"),
        confidence: Confidence::Likely,
        labels: in_order(labels),
        help: Some(format!("copy it first: `{grid} = {grid}.copy()`, or leave out `copy=False`")),
    })
}

/// `[[]] * n`: where an array is added to the one list.
fn list_grows(trace: &BodyTrace<'_>, id: EventId, element: ValueId) -> Option<EventId> {
    let Value::Ref(lists) = trace.values.get(element) else { return None };
    let is_it = |value: ValueId| match trace.values.get(value) {
        Value::Ref(objects) => objects.iter().any(|object| lists.contains(object)),
        _ => false,
    };
    let named = trace.iter().any(|(at, event)| {
        at < id && matches!(event.kind, EventKind::Bound { value, from: BoundFrom::Expression, .. } if is_it(value))
    });
    // An array, or a row of one.
    let is_array = |array: &&Array| {
        array.evidence >= Evidence::Likely || array.owner == Owner::View && !array.unknown && !array.bufs.is_empty()
    };
    let evident = |value: ValueId| trace.arrays(value).iter().any(is_array);
    let grows = |event: &Event| match event.kind {
        EventKind::Escaped { value, how: Escape::Collected, into, .. } => is_it(into) && evident(value),
        _ => false,
    };
    let anew = |event: &Event| matches!(event.kind, EventKind::Made { buf } if lists.contains(&buf));
    if named {
        return None;
    }
    trace.walk_from(id, |at| match trace.event(at) {
        event if grows(event) => Walk::Found,
        event if anew(event) => Walk::Stop,
        _ => Walk::On,
    })
}

fn list_told(trace: &BodyTrace<'_>, event: &Event, place: EventId) -> Finding {
    let labels = vec![
        label(event.span, Role::Primary, "one list, several times: `*` copies the reference"),
        label(trace.event(place).stmt, Role::Seen, "this adds to it in all places"),
    ];
    Finding {
        rule: &INFO,
        span: event.span,
        message: "one list stands here several times, and arrays are added to it".to_string(),
        confidence: Confidence::Likely,
        labels: in_order(labels),
        help: Some("make one for each: `[[] for _ in range(…)]`".to_string()),
    }
}

/// The labels that tell where one of the places is written.
fn harm(trace: &BodyTrace<'_>, repeated: &Repeated<'_>) -> Option<Vec<Label>> {
    if is_refilled(trace, repeated) {
        return None;
    }
    let writes = writes(trace);
    let through = |write: &&Write<'_>| match repeated.how {
        Repeat::Fill => through_objects(trace, repeated, write),
        _ => through_place(trace, repeated, write),
    };
    if let Some(write) = writes.iter().find(through) {
        let said = format!("{} changes it in all places", write_word(trace, write.how));
        return Some(vec![label(write.event.span, Role::Seen, said)]);
    }
    let place = attribute(trace, repeated)
        .and_then(|name| trace.element_writes(name).first().copied())
        .or_else(|| trace.result_element_writes().first().copied().filter(|_| is_returned(trace, repeated)))?;
    Some(vec![label(place, Role::Seen, "this changes it in all places")])
}

/// Is the value what the thing was put into?
fn is_holder(trace: &BodyTrace<'_>, repeated: &Repeated<'_>, value: ValueId) -> bool {
    match (trace.values.get(repeated.into), trace.values.get(value)) {
        (Value::Ref(into), Value::Ref(objects)) => objects.iter().any(|object| into.contains(object)),
        (Value::Array(into), Value::Array(array)) => array.bufs.iter().any(|buf| into.bufs.contains(buf)),
        _ => repeated.into == value,
    }
}

/// Is anything else put there, so that what stands in a place may be another thing?
fn is_refilled(trace: &BodyTrace<'_>, repeated: &Repeated<'_>) -> bool {
    trace.iter().any(|(id, event)| match event.kind {
        EventKind::Escaped { into, .. } if into != ValueId::BOTTOM && id != repeated.id => {
            is_holder(trace, repeated, into)
        }
        EventKind::Written { object, how: WriteHow::Item { .. }, .. } if repeated.how == Repeat::Fill => {
            is_holder(trace, repeated, object)
        }
        _ => false,
    })
}

/// The attribute that the list or dict is stored in, if it is.
fn attribute(trace: &BodyTrace<'_>, repeated: &Repeated<'_>) -> Option<Sym> {
    trace.iter().find_map(|(_, event)| match event.kind {
        EventKind::Escaped { value, how: Escape::Attribute(name), .. } if is_holder(trace, repeated, value) => {
            Some(name)
        }
        _ => None,
    })
}

/// Is the list or dict what the function returns?
fn is_returned(trace: &BodyTrace<'_>, repeated: &Repeated<'_>) -> bool {
    trace.iter().any(|(_, event)| match event.kind {
        EventKind::Escaped { value, how: Escape::Returned, .. } => is_holder(trace, repeated, value),
        _ => false,
    })
}

/// Does the write go to the array through one of its places, not by a name that it had before?
fn through_place(trace: &BodyTrace<'_>, repeated: &Repeated<'_>, write: &Write<'_>) -> bool {
    let Some(via) = write.via.filter(|_| write.how != WriteHow::TupleItem) else { return false };
    if !trace.overlaps(repeated.array, write.value) {
        return false;
    }
    let taken = |event: &Event| match event.kind {
        // (`a, b = [np.zeros(3)] * 2` is a matter of VL403.)
        EventKind::Bound { local, value, from } if local == via => {
            let taken = from == BoundFrom::Expression && event.stmt != repeated.event.stmt;
            is_holder(trace, repeated, value) && !write.direct || taken && trace.overlaps(repeated.array, value)
        }
        _ => false,
    };
    let mut bound = false;
    trace
        .walk_from(repeated.id, |id| {
            bound |= taken(trace.event(id));
            if id == write.id && bound {
                Walk::Found
            } else if remakes(trace, id, repeated.array) {
                Walk::Stop
            } else {
                Walk::On
            }
        })
        .is_some()
}

/// `objects[i] += v`: takes the array out of the place, changes it, and puts it back.
fn through_objects(trace: &BodyTrace<'_>, repeated: &Repeated<'_>, write: &Write<'_>) -> bool {
    write.how == WriteHow::Augmented
        && write.direct
        && is_holder(trace, repeated, write.object)
        && trace.stores_element(write.id)
        && trace.walk_from(repeated.id, |id| if id == write.id { Walk::Found } else { Walk::On }).is_some()
}

fn tell(trace: &BodyTrace<'_>, repeated: &Repeated<'_>, mut labels: Vec<Label>) -> Finding {
    let made = repeated.array.bufs.first().and_then(|&buf| trace.made_at(buf)).map_or("", |span| trace.quote(span));
    let made = if made.is_empty() || made.len() > 40 || made.contains('\n') { "…" } else { made };
    let (said, help) = match repeated.how {
        Repeat::Times => {
            ("one array, several times: `*` copies the reference", format!("`[{made} for _ in range(…)]`"))
        }
        Repeat::Comprehension => ("one array, several times", "`x.copy()` as the element".to_string()),
        Repeat::Keys => ("one array, under each of the keys", format!("`{{key: {made} for key in …}}`")),
        Repeat::Fill => ("one array, put into each place", format!("`for i in range(len(…)): …[i] = {made}`")),
    };
    labels.push(label(repeated.event.span, Role::Primary, said));
    Finding {
        rule: &INFO,
        span: repeated.event.span,
        message: "one array stands here several times, and is changed in place".to_string(),
        confidence: if trace.is_test() { Confidence::Possible } else { Confidence::Likely },
        labels: in_order(labels),
        help: Some(format!("make one for each: {help}")),
    }
}
