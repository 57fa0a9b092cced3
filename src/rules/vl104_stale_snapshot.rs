//! A name kept as a snapshot of an array that is then changed in place: the name shows the new values.

use crate::domain::{Array, BufId, CopyOf, Evidence, Origin, Region, Value};
use crate::finding::{Confidence, Finding, Role, RuleInfo};
use crate::ir::Local;
use crate::rules::common::{
    Write, fact_label, in_order, label, made_label, names_a_snapshot, prepares, read_through, readers, remakes,
    reorders, seen_label, shares_words, told_in_order, works_in_place, write_word, writes,
};
use crate::rules::shallow;
use crate::source::Span;
use crate::trace::{
    BodyTrace, BoundFrom, ClassTrace, Deed, Event, EventId, EventKind, Fact, How, Source, Walk, Way, WriteHow, Wrote,
};

pub(super) static INFO: RuleInfo = RuleInfo {
    code: "VL104",
    name: "stale-snapshot",
    summary: "a second name kept as a snapshot changes together with the array",
    page: include_str!("../../rules/VL104-stale-snapshot.md"),
};

/// The binding of the name that goes stale.
#[derive(Clone, Copy)]
struct Kept {
    event: EventId,
    how: KeptHow,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum KeptHow {
    /// `old = x`
    Name,
    /// `x = old`, written as x and read as old.
    Reversed,
    /// A view of all of it: `x[:]`, `x.T`, `np.asarray(x)`.
    Whole(How),
    /// A view of a part.
    Part(How),
    /// A container of the same arrays: `dict(params)`.
    Container,
    /// `old = self.x`, or what a method hands out: the array of an object that another statement changes.
    Held,
}

pub(super) fn check(trace: &BodyTrace<'_>, findings: &mut Vec<Finding>) {
    let (before, mut snapshots) = (findings.len(), Vec::new());
    let mut reported: Vec<(EventId, Local)> = Vec::new();
    let writes = writes(trace);
    let bindings = if writes.is_empty() { Bindings::default() } else { Bindings::of(trace) };
    for write in writes {
        let Some(changed) = write.via else { continue };
        let Some(written) = trace.array(write.value) else { continue };
        if written.bufs.is_empty() || matches!(write.how, WriteHow::TupleItem) {
            continue;
        }
        let held = held_alone(trace, written);
        let written = held.as_ref().unwrap_or(written);
        if !bindings.may_go_stale(trace, changed, written) {
            continue;
        }
        for kept in readers(trace, write.id, changed, written) {
            if let Some((binding, seen)) = stale(trace, &write, changed, kept, written)
                && !reported.contains(&(binding.event, kept))
                && let Some(confidence) = confidence(trace, &write, changed, kept, binding, written, seen)
            {
                reported.push((binding.event, kept));
                let told = tell(trace, &write, changed, kept, binding, written, seen, confidence);
                if binding.how == KeptHow::Name && names_a_snapshot(trace.name(kept)) {
                    snapshots.push(told);
                } else {
                    findings.push(told);
                }
            }
        }
    }
    shallow::check(trace, &INFO, findings);
    // Reading the docstring costs more than the rest: only where there is something to report.
    if findings.len() > before && works_in_place(trace) {
        findings.truncate(before);
    }
    // (What is kept as a snapshot goes stale by a write that is meant as well.)
    findings.append(&mut snapshots);
}

/// What is written of the array that an attribute held on entry, where the attribute may hold another one by then: were it
/// a number, `self.x += d` would have bound a new one.
fn held_alone(trace: &BodyTrace<'_>, written: &Array) -> Option<Array> {
    let held = |buf: &&BufId| matches!(trace.buffers.get(**buf).origin, Origin::Attr(..));
    let mut on_entry = written.bufs.iter().filter(held);
    let (Some(&buf), None) = (on_entry.next(), on_entry.next()) else { return None };
    (written.bufs.len() > 1).then(|| Array { bufs: [buf].into_iter().collect(), ..written.clone() })
}

/// The bindings of a body that may go stale at all, so that paths are followed only where there is one.
#[derive(Default)]
struct Bindings<'a> {
    /// Names bound to what another name holds.
    second: Vec<Local>,
    /// Names bound to containers.
    containers: Vec<Local>,
    /// Names bound to arrays.
    arrays: Vec<(Local, &'a Array)>,
}

impl<'a> Bindings<'a> {
    fn of(trace: &BodyTrace<'a>) -> Bindings<'a> {
        let mut bindings = Bindings::default();
        for (_, event) in trace.iter() {
            let EventKind::Bound { local, value, from, .. } = event.kind else { continue };
            if let BoundFrom::Name(_) = from {
                bindings.second.push(local);
            }
            match trace.values.get(value) {
                Value::Ref(_) => bindings.containers.push(local),
                _ => bindings.arrays.extend(
                    trace.array(value).filter(|array| array.evidence >= Evidence::Likely).map(|array| (local, array)),
                ),
            }
        }
        bindings
    }

    fn may_go_stale(&self, trace: &BodyTrace<'_>, changed: Local, written: &Array) -> bool {
        self.second.contains(&changed)
            || self.containers.iter().any(|&local| local != changed)
            || self.arrays.iter().any(|&(local, array)| local != changed && shares(trace, array, written))
    }
}

/// An attribute kept as a snapshot of another attribute's array, which some method changes in place.
pub(super) fn check_class(trace: &ClassTrace<'_>, findings: &mut Vec<Finding>) {
    for stored in trace.facts {
        let Deed::Stored(Source::Attr(source, way)) = stored.deed else { continue };
        if stored.method.file.is_some() {
            continue;
        }
        let mutual = trace.about(source).any(|fact| {
            fact.method == stored.method
                && matches!(fact.deed, Deed::Stored(Source::Attr(other, _)) if other == stored.attr)
        });
        if mutual
            || stored.replaced
            || stored.moves_on
            || trace.evidence(source).max(trace.evidence(stored.attr)) < Evidence::Likely
        {
            continue;
        }
        // `self.best = self.x`, then `self.x` is changed; or `self.x = self.initial`, then `self.x` is changed.
        let pairs = [(stored.attr, source), (source, stored.attr)];
        let told = pairs.into_iter().find_map(|(kept, changed)| {
            let (written, how) = trace.writes(changed).find(|(fact, _)| !prepares(trace.method(fact)))?;
            let reads = |fact: &&Fact| matches!(fact.deed, Deed::Read | Deed::Handed { .. });
            let seen = trace.about(kept).find(|fact| reads(fact) && fact.method.file.is_none());
            let snapshot = names_a_snapshot(trace.name(kept)) && !names_a_snapshot(trace.name(changed));
            // Another statement of the class gives the attribute an array of its own.
            let row = matches!(way, Way::View { slice: true }) && trace.quote(stored.stmt).ends_with(']');
            let copied = kept == stored.attr
                && row
                && !trace.quote(stored.stmt).contains(':')
                && trace.about(kept).any(|fact| matches!(fact.deed, Deed::Stored(Source::Other)));
            // What was kept is taken back, at the end.
            let restored = kept == source
                && ["best", "saved", "backup", "undo"].iter().any(|word| trace.name(kept).contains(word));
            if restored || !snapshot && (kept == source || seen.is_none()) {
                return None;
            }
            let confidence = if snapshot || copied { Confidence::Likely } else { Confidence::Possible };
            Some((kept, changed, written, how, seen, confidence))
        });
        let Some((kept, changed, written, how, seen, confidence)) = told else { continue };
        let (old, new) = (trace.name(kept), trace.name(changed));
        let receiver = trace.receiver(stored);
        let said = match way {
            Way::View { .. } => format!("`{receiver}.{old}` shares memory with `{receiver}.{new}`: a slice is a view"),
            Way::Same | Way::Converted => {
                format!("`{receiver}.{old}` and `{receiver}.{new}` are one array, not two")
            }
        };
        let mut labels = vec![
            label(stored.stmt, Role::Primary, said),
            fact_label(
                trace,
                written,
                written.span,
                Role::Note,
                format!("{} changes what `{receiver}.{old}` holds", class_write_word(trace, how)),
            ),
        ];
        labels.extend(seen.map(|seen| label(seen.span, Role::Seen, "read here, with the new values")));
        findings.push(Finding {
            rule: &INFO,
            span: stored.stmt,
            message: format!("`{receiver}.{old}` changes together with `{receiver}.{new}`"),
            confidence,
            labels: in_order(labels),
            help: Some(format!(
                "keep a copy: add `.copy()` to the right-hand side of `{receiver}.{} = …`",
                trace.name(stored.attr)
            )),
        });
    }
}

fn class_write_word(trace: &ClassTrace<'_>, how: Wrote) -> String {
    match how.by {
        Some(by) => format!("`{}`", trace.name(by.name)),
        None => "this write".to_string(),
    }
}

/// The binding of `kept` to what `changed` holds, before the write; and where `kept` is read after it.
fn stale(
    trace: &BodyTrace<'_>,
    write: &Write<'_>,
    changed: Local,
    kept: Local,
    written: &Array,
) -> Option<(Kept, EventId)> {
    if trace.is_internal(kept) {
        return None;
    }
    let seen = read_through(trace, write.id, kept, written)?;
    let reaches = |id: EventId| {
        // The write comes after the binding, with both names still bound as they were.
        let later = trace.walk_from(id, |other| {
            if other == write.id {
                Walk::Found
            } else if trace.rebinds(other, kept) || trace.rebinds(other, changed) || remakes(trace, other, written) {
                Walk::Stop
            } else {
                Walk::On
            }
        });
        later.is_some() && trace.feasible(Some(trace.event(id).op), write.event.op, &[kept, changed])
    };
    let binding = trace
        .bindings(kept)
        .find_map(|(id, _)| {
            let how = kept_how(trace, id, changed, kept, written)?;
            reaches(id).then_some(Kept { event: id, how })
        })
        .or_else(|| {
            // `b = a`, then written through b and read as a.
            let second = |&(_, event): &(EventId, &Event)| {
                matches!(event.kind, EventKind::Bound { from: BoundFrom::Name(source), .. } if source == kept)
            };
            let (id, _) = trace
                .bindings(changed)
                .find(|entry| second(entry) && !swapped(trace, entry.0, kept) && reaches(entry.0))?;
            Some(Kept { event: id, how: KeptHow::Reversed })
        })?;
    Some((binding, seen))
}

/// `a, b = b, a`: the statement binds the other name as well, to what this one held.
fn swapped(trace: &BodyTrace<'_>, binding: EventId, source: Local) -> bool {
    let stmt = trace.event(binding).stmt;
    trace.bindings(source).any(|(_, event)| event.stmt == stmt)
}

/// How a binding makes `kept` another name for (a part of) what `changed` holds; None if it does not.
fn kept_how(trace: &BodyTrace<'_>, id: EventId, changed: Local, kept: Local, written: &Array) -> Option<KeptHow> {
    let EventKind::Bound { value, from, .. } = trace.event(id).kind else { return None };
    match from {
        BoundFrom::Name(source) if source == changed && !swapped(trace, id, source) => {
            return trace.array(value).filter(|array| shares(trace, array, written)).map(|_| KeptHow::Name);
        }
        BoundFrom::Name(_) | BoundFrom::Expression => {}
    }
    if let Value::Ref(_) = trace.values.get(value) {
        return Some(KeptHow::Container);
    }
    let array = trace.array(value)?;
    // `asarray(x)` may be x itself: then the value is none of its own.
    let stmt = trace.event(id).stmt;
    let converted = trace.iter().find_map(|(_, event)| match event.kind {
        EventKind::Derived { result, how, via: Some(via), .. }
            if event.stmt == stmt && result == value && via == changed && !matches!(how, How::Copy(_)) =>
        {
            Some(how)
        }
        _ => None,
    });
    let chain = trace.chain(value);
    if chain.is_empty() && converted.is_none() && from == BoundFrom::Expression && trace.is_held(id, array) {
        let common = array.bufs.iter().any(|buf| written.bufs.contains(buf)) && array.region == Region::Whole;
        return (common && array.evidence >= Evidence::Likely).then_some(KeptHow::Held);
    }
    if !shares(trace, array, written) {
        return None;
    }
    if let Some(how @ (How::Function(_) | How::Method(_))) = converted
        && array.region == Region::Whole
    {
        return Some(KeptHow::Whole(how));
    }
    let from_changed = chain.iter().any(|link| link.via == Some(changed));
    let first = chain.first()?;
    if !from_changed || first.via == Some(kept) || matches!(first.how, How::Element | How::Copy(_) | How::MaybeCopy) {
        return None;
    }
    let whole =
        array.region == Region::Whole || matches!(first.how, How::Attribute(_) | How::Function(_) | How::Method(_));
    let split = matches!(array.region, Region::Piece(..));
    Some(if whole && !split { KeptHow::Whole(first.how) } else { KeptHow::Part(first.how) })
}

/// Do the two arrays certainly lie in one buffer, as far as each path goes?
fn shares(trace: &BodyTrace<'_>, array: &Array, written: &Array) -> bool {
    array.evidence >= Evidence::Likely
        && !trace.strays(array)
        && array.bufs.iter().any(|buf| written.bufs.contains(buf))
        && !array.region.disjoint(&written.region)
}

/// How sure it is that the old values were expected.
fn confidence(
    trace: &BodyTrace<'_>,
    write: &Write<'_>,
    changed: Local,
    kept: Local,
    binding: Kept,
    written: &Array,
    seen: EventId,
) -> Option<Confidence> {
    if same_part(trace, write, kept, seen) {
        return None;
    }
    let snapshot = names_a_snapshot(trace.name(kept)) && !names_a_snapshot(trace.name(changed));
    // (A test may compare the two to see that they are one.)
    let compared = !trace.is_test() && together(trace, seen, changed, written);
    // A step of a loop from the old state to the new one.
    let stepped = trace.in_loop(write.id) && same_statement(trace, write, kept);
    let whole_write = matches!(write.how, WriteHow::Item { whole: true });
    let likely = match binding.how {
        // `params[k] = v` puts another array into the one container; the other keeps the old one.
        KeptHow::Container if matches!(write.how, WriteHow::Item { .. }) => return None,
        KeptHow::Container => snapshot,
        KeptHow::Reversed => compared || stepped,
        KeptHow::Held if write.direct => return None,
        KeptHow::Held => snapshot || compared,
        KeptHow::Name => {
            snapshot
                || compared
                || stepped
                || copied_elsewhere(trace, changed, kept)
                || chosen(trace, write, binding, kept)
        }
        KeptHow::Whole(_) => snapshot || compared && !whole_write,
        KeptHow::Part(_) => snapshot || reorders(trace, write.how),
    };
    if written.evidence < Evidence::Likely && binding.how != KeptHow::Container {
        return None;
    }
    Some(if likely { Confidence::Likely } else { Confidence::Possible })
}

/// Does another statement bind the name to a copy of what the other one holds?
fn copied_elsewhere(trace: &BodyTrace<'_>, changed: Local, kept: Local) -> bool {
    trace.bindings(kept).any(|(_, bound)| {
        trace.iter().any(|(_, event)| {
            event.stmt == bound.stmt
                && matches!(event.kind, EventKind::Derived { how: How::Copy(CopyOf::Explicit), via, .. } if via == Some(changed))
        })
    })
}

/// `if f < best_f: best = x`: is the name bound in some passes of the loop only that goes on with the write, and read
/// behind the loop?
fn chosen(trace: &BodyTrace<'_>, write: &Write<'_>, binding: Kept, kept: Local) -> bool {
    let bound = trace.event(binding.event);
    let others = || trace.bindings(kept).filter(|&(id, _)| id != binding.event);
    trace.loops_around(bound.block).iter().any(|around| {
        around.holds(write.event.block)
            && !trace.is_in_each_pass(around, bound.block)
            && others().all(|(_, event)| !around.holds(event.block))
            && trace.iter().any(|(id, event)| {
                !around.holds(event.block) && trace.reads(id).is_some_and(|(_, via)| via == Some(kept))
            })
    })
}

/// Are both names read in the statement in which the stale one is seen, or is it a comparison of the two?
fn together(trace: &BodyTrace<'_>, seen: EventId, changed: Local, written: &Array) -> bool {
    let stmt = trace.event(seen).stmt;
    trace.iter().any(|(id, event)| {
        event.stmt == stmt
            && matches!(event.kind, EventKind::Read { via: Some(via), how: crate::trace::ReadHow::Operand, .. } if via == changed)
            && trace.reads(id).is_some_and(|(value, _)| trace.overlaps(written, value))
    })
}

/// `x[:, i:j] = f(x0[:, i:j])`: the statement reads just the part that it writes, and reads it first; other rounds of
/// the loop go to other parts.
fn same_part(trace: &BodyTrace<'_>, write: &Write<'_>, kept: Local, seen: EventId) -> bool {
    let read = trace.event(seen);
    read.stmt == write.event.stmt
        && index(trace, write.event.span).is_some()
        && trace.iter().all(|(_, event)| match event.kind {
            EventKind::Read { via: Some(via), .. } if via == kept && event.stmt == read.stmt => {
                index(trace, event.span) == index(trace, write.event.span)
            }
            _ => true,
        })
}

/// Is the kept name read in the statement that writes the other, elsewhere than it writes: a step from the old state to the
/// new one?
fn same_statement(trace: &BodyTrace<'_>, write: &Write<'_>, kept: Local) -> bool {
    trace.iter().any(|(_, event)| {
        event.stmt == write.event.stmt
            && matches!(event.kind, EventKind::Read { via: Some(via), .. } if via == kept)
            && index(trace, event.span) != index(trace, write.event.span)
    })
}

/// The text of an expression's index: in it, or behind it where a part is copied out (the read is of `x`, in `x[mask]`).
fn index<'a>(trace: &BodyTrace<'a>, span: Span) -> Option<&'a str> {
    let within = trace.quote(span).split_once('[').map(|parts| parts.1);
    within.or_else(|| {
        let behind = trace.text.get(span.end as usize..)?.strip_prefix('[')?;
        behind.find(']').and_then(|end| behind.get(..=end))
    })
}

#[allow(clippy::too_many_arguments, reason = "the parts of one story")]
fn tell(
    trace: &BodyTrace<'_>,
    write: &Write<'_>,
    changed: Local,
    kept: Local,
    binding: Kept,
    written: &Array,
    seen: EventId,
    confidence: Confidence,
) -> Finding {
    let reversed = binding.how == KeptHow::Reversed;
    let (old, new) =
        if reversed { (trace.name(changed), trace.name(kept)) } else { (trace.name(kept), trace.name(changed)) };
    let read = trace.name(kept);
    let bound = trace.event(binding.event);
    let place = bound.stmt;
    let said = match binding.how {
        KeptHow::Name | KeptHow::Reversed => format!("`{old}` is a second name for the array of `{new}`, not a copy"),
        KeptHow::Whole(how) | KeptHow::Part(how) => shares_words(trace, old, new, how),
        KeptHow::Container => format!("`{old}` holds the same arrays as `{new}`"),
        KeptHow::Held => format!("`{old}` is the array that `{new}` holds, not a copy"),
    };
    let at_write = matches!(binding.how, KeptHow::Part(_)) && !names_a_snapshot(old);
    let (alias_role, write_role) = if at_write { (Role::Aliased, Role::Primary) } else { (Role::Primary, Role::Note) };
    let mut labels = Vec::new();
    if let [buf] = written.bufs[..] {
        labels.extend(made_label(trace, buf));
    }
    labels.push(label(place, alias_role, said));
    labels.push(label(
        write.event.span,
        write_role,
        format!("{} changes what `{read}` sees", write_word(trace, write.how)),
    ));
    labels.push(seen_label(trace, seen, read, "the new values"));
    let span = if at_write { write.event.span } else { place };
    let help = match binding.how {
        KeptHow::Name | KeptHow::Reversed => format!("keep a copy: `{old} = {new}.copy()`"),
        KeptHow::Container => format!("copy the arrays as well: `{old} = {{k: v.copy() for k, v in {new}.items()}}`"),
        KeptHow::Whole(_) | KeptHow::Part(_) | KeptHow::Held => {
            format!("keep a copy: add `.copy()` where `{old}` is made")
        }
    };
    Finding {
        rule: &INFO,
        span,
        message: format!("`{old}` changes together with `{new}`"),
        confidence,
        labels: told_in_order(trace, write.how, labels),
        help: Some(help),
    }
}
