//! A write through a named view changes an array that is used afterwards as if it had not changed.

use crate::domain::{Array, BufId, Evidence, Origin, Owner, ValueId};
use crate::finding::{Confidence, Finding, Role, RuleInfo};
use crate::ir::{Local, Sym};
use crate::rules::common::{
    Write, goes_into_new, in_order, is_blank, is_local, label, made_label, names_an_output, read_through, remakes,
    reorders, seen_label, shares_words, told_in_order, works_in_place, write_word, writes,
};
use crate::rules::help::{copy_of, quotable};
use crate::trace::{BodyTrace, Escape, EventId, EventKind, How, Link, Walk, WriteHow};

pub(super) static INFO: RuleInfo = RuleInfo {
    code: "VL101",
    name: "write-through-view",
    summary: "a write through a view changes an array that is used later as if it had not changed",
    page: include_str!("../../rules/VL101-write-through-view.md"),
};

pub(super) fn check(trace: &BodyTrace<'_>, findings: &mut Vec<Finding>) {
    let before = findings.len();
    for write in writes(trace) {
        if write.how == WriteHow::TupleItem {
            findings.extend(tuple_item(trace, &write));
        } else if let Some(finding) = through_view(trace, &write)
            .or_else(|| of_what_is_asked(trace, &write))
            .or_else(|| of_attribute(trace, &write))
        {
            findings.push(finding);
        }
    }
    // Reading the docstring costs more than the rest: only where there is something to report.
    if findings.len() > before && works_in_place(trace) {
        findings.truncate(before);
    }
}

/// A write through a name that is bound to a view of what another name holds.
fn through_view(trace: &BodyTrace<'_>, write: &Write<'_>) -> Option<Finding> {
    let object = trace.array(write.object)?;
    let written = trace.array(write.value)?;
    if object.owner == Owner::Owner || object.evidence < Evidence::Likely || trace.strays(object) {
        return None;
    }
    if matches!(write.how, WriteHow::Item { whole: true }) {
        return None;
    }
    let alias = write.via.filter(|_| write.direct).or_else(|| handed_back(trace, write))?;
    let chain = trace.chain(write.object);
    let first = chain.first()?;
    if matches!(first.how, How::Element | How::Copy(_) | How::MaybeCopy) || !is_binding(trace, alias, first) {
        return None;
    }
    // Where `diag` gives a view, it is read-only: the write lands in a copy, or raises.
    let name = match first.how {
        How::Function(name) | How::Method(name) => trace.module.names.text(name),
        _ => "",
    };
    if object.writeable.no() || matches!(name, "diag" | "diagonal" | "broadcast_to") {
        return None;
    }
    if !object.lies && !may_copy(trace, object) {
        return None;
    }
    let bases: Vec<Local> = chain.iter().filter_map(|link| link.via).filter(|&local| local != alias).collect();
    let (base, seen) =
        bases.iter().find_map(|&base| read_through(trace, write.id, base, written).map(|seen| (base, seen)))?;
    let confidence = confidence(trace, write, alias, base, object, written)?;
    Some(tell(trace, write, alias, base, first, object, seen, confidence))
}

/// `t = clear(a[1:3])`: the name to which the statement binds what the function wrote and gave back.
fn handed_back(trace: &BodyTrace<'_>, write: &Write<'_>) -> Option<Local> {
    let WriteHow::Callee { .. } = write.how else { return None };
    let written = trace.array(write.value)?;
    trace.iter().find_map(|(_, event)| match event.kind {
        EventKind::Bound { local, value, .. } if event.stmt == write.event.stmt && trace.overlaps(written, value) => {
            Some(local)
        }
        _ => None,
    })
}

/// An in-place operator on a name that is bound to a part of an attribute of `self`, in a method that computes something
/// from it: what the object holds changes at every call.
fn of_attribute(trace: &BodyTrace<'_>, write: &Write<'_>) -> Option<Finding> {
    let alias = write.via.filter(|_| write.direct)?;
    let object = trace.array(write.object)?;
    let (_, receiver, attribute) = attribute_of_self(trace, object)?;
    let operator = write.how == WriteHow::Augmented && write.event.span == write.event.stmt;
    if !operator
        || object.unknown && !asks_only(trace.module.names.text(trace.body.name))
        || object.evidence < Evidence::Likely
    {
        return None;
    }
    let chain = trace.chain(write.object);
    let first = chain.first().filter(|link| is_binding(trace, alias, link))?;
    let asks = asks_only(trace.module.names.text(trace.body.name));
    // What stands for one element is an integer more often than not; one index of which nothing is known may pass where
    // the method only asks.
    let unknown = chain.iter().filter(|link| link.how == How::MaybeCopy).count();
    let sliced = |link: &Link| matches!(link.how, How::Slice | How::MaybeCopy | How::Attribute(_));
    if !chain.iter().all(sliced) || unknown > usize::from(asks) {
        return None;
    }
    let use_ = used_for_itself(trace, write, alias, trace.array(write.value)?)?;
    let confidence = if asks || use_ == Use::HandedOut { Confidence::Likely } else { Confidence::Possible };
    let owner = format!("{}.{}", trace.name(receiver), trace.module.names.text(attribute));
    Some(tell_attribute(trace, write, alias, &owner, Some(first), confidence))
}

/// The attribute of `self` on entry in whose memory the array lies, with its buffer and the name of `self`, if that is all
/// that it may lie in of what was there before.
fn attribute_of_self(trace: &BodyTrace<'_>, object: &Array) -> Option<(BufId, Local, Sym)> {
    let mut entry = object.bufs.iter().filter(|&&buf| trace.buffers.get(buf).on_entry());
    let (Some(&buf), None) = (entry.next(), entry.next()) else { return None };
    let Origin::Attr(owner, attribute) = trace.buffers.get(buf).origin else { return None };
    let receiver = trace.receiver()?;
    (trace.buffers.get(owner).origin == Origin::Param(trace.id, receiver)).then_some((buf, receiver, attribute))
}

/// `z = self.data`, `z -= z.mean()`, `return z.std()`: a method that computes something of what its object holds, and of
/// nothing else, and changes it by the way. (What comes in from elsewhere may be there to be worked in.)
fn of_what_is_asked(trace: &BodyTrace<'_>, write: &Write<'_>) -> Option<Finding> {
    let alias = write.via.filter(|_| write.direct)?;
    let object = trace.array(write.object)?;
    let (buf, receiver, attribute) = attribute_of_self(trace, object)?;
    let changes = match write.how {
        WriteHow::Augmented => write.event.span == write.event.stmt,
        WriteHow::Item { whole } => !whole,
        WriteHow::Out => true,
        how => reorders(trace, how),
    };
    let chain = trace.chain(write.object);
    let name = trace.module.names.text(attribute);
    if !changes
        || alias == receiver
        || object.evidence < Evidence::Likely
        || object.unknown
        || trace.returned == ValueId::NONE
        || names_an_output(name)
        || tells_to_change(trace.module.names.text(trace.body.name))
        || chain.iter().any(|link| matches!(link.how, How::Copy(_) | How::MaybeCopy | How::Element))
        || !object.lies && !may_copy(trace, object)
        || !trace
            .bindings(alias)
            .any(|(_, event)| matches!(event.kind, EventKind::Bound { value, .. } if trace.mentions(value, buf)))
        || !of_itself(trace, write, buf) && !goes_into_new(trace, write)
    {
        return None;
    }
    used_for_itself(trace, write, alias, trace.array(write.value)?)?;
    let owner = format!("{}.{name}", trace.name(receiver));
    let first = chain.first().filter(|link| is_binding(trace, alias, link));
    Some(tell_attribute(trace, write, alias, &owner, first, Confidence::Likely))
}

/// Has the body, up to the write, looked at nothing that was there before but the buffer?
fn of_itself(trace: &BodyTrace<'_>, write: &Write<'_>, buf: BufId) -> bool {
    let foreign = |value| {
        let bufs = trace.arrays(value).into_iter().flat_map(|array| array.bufs.iter());
        bufs.into_iter().any(|&other| other != buf && trace.buffers.get(other).on_entry())
    };
    !trace.iter().any(|(id, event)| match event.kind {
        EventKind::Read { value, .. } | EventKind::Escaped { value, .. } => {
            (id < write.id || event.stmt == write.event.stmt) && foreign(value)
        }
        _ => false,
    })
}

/// Does the method's name tell its object to change?
fn tells_to_change(name: &str) -> bool {
    const VERBS: [&str; 58] = [
        "add",
        "adjust",
        "advance",
        "appl",
        "balanc",
        "build",
        "calibrat",
        "cent",
        "clean",
        "clear",
        "clip",
        "correct",
        "decay",
        "demean",
        "detrend",
        "drop",
        "enforc",
        "evol",
        "fill",
        "filter",
        "fit",
        "flip",
        "init",
        "insert",
        "iter",
        "mask",
        "mov",
        "normal",
        "orthogonal",
        "perform",
        "prepar",
        "process",
        "propagat",
        "push",
        "refresh",
        "relax",
        "remov",
        "renormal",
        "rescal",
        "reset",
        "reorder",
        "rotat",
        "run",
        "scal",
        "set",
        "shift",
        "shrink",
        "shuffl",
        "smooth",
        "solv",
        "sort",
        "standard",
        "step",
        "subtract",
        "train",
        "updat",
        "whiten",
        "zero",
    ];
    let verb = name.trim_start_matches('_');
    let asked = name.starts_with("__") && asks_only(name);
    !asked && (name.starts_with("__") || VERBS.iter().any(|stem| verb.starts_with(stem)))
}

fn tell_attribute(
    trace: &BodyTrace<'_>,
    write: &Write<'_>,
    alias: Local,
    owner: &str,
    made: Option<&Link>,
    confidence: Confidence,
) -> Finding {
    let view = trace.name(alias);
    let mut labels = vec![label(
        write.event.span,
        Role::Primary,
        format!("{} changes `{owner}`, and does so at every call", write_word(trace, write.how)),
    )];
    let said = match made {
        Some(link) => Some((trace.event(link.event).span, shares_words(trace, view, owner, link.how))),
        None => trace.bindings(alias).next().map(|(_, event)| {
            (event.stmt, format!("`{view}` is the array that `{owner}` holds, or a part of it, not a copy"))
        }),
    };
    labels.extend(said.map(|(span, words)| label(span, Role::Aliased, words)));
    Finding {
        rule: &INFO,
        span: write.event.span,
        message: format!("writing to `{view}` also changes `{owner}`"),
        confidence,
        labels: in_order(labels),
        help: Some(match made {
            Some(link) => help(trace, link, view, owner),
            None => format!("if `{owner}` is to stay as it was, add `.copy()` where `{view}` is made"),
        }),
    }
}

/// Does the method's name say that it asks the object for something, and leaves it as it is?
fn asks_only(name: &str) -> bool {
    let name = name.trim_start_matches('_');
    ["get_", "predict", "transform", "to_", "as_", "compute", "evaluate", "plot", "show", "sample"]
        .iter()
        .any(|verb| name.starts_with(verb))
        || matches!(name, "getitem__" | "call__")
}

/// Does the array lie in one buffer, but for the copy that the function which made it may have made (`ravel`, `asarray`)?
fn may_copy(trace: &BodyTrace<'_>, object: &Array) -> bool {
    let own = |&&buf: &&crate::domain::BufId| !matches!(trace.buffers.get(buf).origin, Origin::Alloc(site, _) if site.op == object.made_by);
    object.bufs.iter().filter(own).count() == 1
}

/// Is the alias a name that the derivation was bound to (not one that was bound to something else in between)?
fn is_binding(trace: &BodyTrace<'_>, alias: Local, link: &Link) -> bool {
    !trace.is_internal(alias) && link.via != Some(alias)
}

/// How sure it is that the change of the base was not meant.
fn confidence(
    trace: &BodyTrace<'_>,
    write: &Write<'_>,
    alias: Local,
    base: Local,
    object: &Array,
    written: &Array,
) -> Option<Confidence> {
    let base_read = content_read(trace, write.id, base, written);
    let alias_use = used_for_itself(trace, write, alias, written);
    let meant = is_blank(trace, object) && handed_back(trace, write).is_none()
        || trace.is_asked_copy(object)
        || names_an_output(trace.name(base))
        || names_an_output(trace.name(alias));
    let both_leave = alias_use == Some(Use::HandedOut) && base_read.is_none();
    let data_written = matches!(write.how, WriteHow::Item { .. }) && is_local(trace, object);
    let likely =
        !trace.is_test() && base_read.is_some() && (reorders(trace, write.how) || alias_use.is_some() || data_written)
            || both_leave && matches!(write.how, WriteHow::Item { .. });
    let meant = meant || is_reinterpreted(trace, write) || is_record(trace, write);
    if meant {
        return base_read.map(|_| Confidence::Possible);
    }
    if likely { Some(Confidence::Likely) } else { base_read.map(|_| Confidence::Possible) }
}

/// Was the memory taken as another type (`a.view(np.uint8)`), to get at its bytes?
fn is_reinterpreted(trace: &BodyTrace<'_>, write: &Write<'_>) -> bool {
    trace.chain(write.object).iter().any(|link| {
        matches!(link.how, How::Method(name) if trace.module.names.text(name) == "view")
            && !trace.quote(trace.event(link.event).span).ends_with("()")
    })
}

/// Is an item of a record written: of a piece that is cut out anew in each pass of a loop over a buffer?
fn is_record(trace: &BodyTrace<'_>, write: &Write<'_>) -> bool {
    matches!(write.how, WriteHow::Item { .. })
        && trace.chain(write.object).last().is_some_and(|link| {
            let cut = trace.event(link.event);
            link.how == How::Slice && trace.loops_around(cut.block).iter().any(|around| around.holds(write.event.block))
        })
}

/// The base's content is read (not just handed out) after the write.
fn content_read(trace: &BodyTrace<'_>, start: EventId, base: Local, written: &Array) -> Option<EventId> {
    trace.walk_from(start, |id| {
        if let EventKind::Read { value, via: Some(via), .. } = trace.event(id).kind
            && via == base
            && trace.overlaps(written, value)
        {
            return Walk::Found;
        }
        if trace.rebinds(id, base) || remakes(trace, id, written) { Walk::Stop } else { Walk::On }
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Read,
    HandedOut,
}

/// Is the alias read, or handed out, as a value of its own after the write: not just to update it further?
fn used_for_itself(trace: &BodyTrace<'_>, write: &Write<'_>, alias: Local, written: &Array) -> Option<Use> {
    let mut result = None;
    let updates: Vec<_> =
        writes(trace).iter().filter(|other| other.via == Some(alias)).map(|other| other.event.stmt).collect();
    trace.walk_from(write.id, |id| {
        if id == write.id || trace.event(id).op == write.event.op {
            return Walk::On;
        }
        if let Some((value, Some(via))) = trace.reads(id)
            && via == alias
            && trace.overlaps(written, value)
            && !updates.contains(&trace.event(id).stmt)
        {
            let handed = matches!(
                trace.event(id).kind,
                EventKind::Escaped { how: Escape::Returned | Escape::Yielded | Escape::Attribute(_), .. }
            );
            result = Some(if handed { Use::HandedOut } else { Use::Read });
            return Walk::Found;
        }
        // (`t = clear(a[1:3])` binds the name to what was written.)
        let rebound = trace.rebinds(id, alias) && trace.event(id).stmt != write.event.stmt;
        if rebound || remakes(trace, id, written) { Walk::Stop } else { Walk::On }
    });
    result
}

#[allow(clippy::too_many_arguments, reason = "the parts of one story")]
fn tell(
    trace: &BodyTrace<'_>,
    write: &Write<'_>,
    alias: Local,
    base: Local,
    link: &Link,
    object: &Array,
    seen: EventId,
    confidence: Confidence,
) -> Finding {
    let (view, owner) = (trace.name(alias), trace.name(base));
    let made = trace.event(link.event).span;
    let mut labels = Vec::new();
    labels.extend(made_label(trace, object.bufs[0]));
    labels.push(label(made, Role::Aliased, shares_words(trace, view, owner, link.how)));
    labels.push(label(
        write.event.span,
        Role::Primary,
        format!("{} through `{view}` changes `{owner}` as well", write_word(trace, write.how)),
    ));
    labels.push(seen_label(trace, seen, owner, "the change in it"));
    Finding {
        rule: &INFO,
        span: write.event.span,
        message: format!("writing to `{view}` also changes `{owner}`"),
        confidence,
        labels: told_in_order(trace, write.how, labels),
        help: Some(help(trace, link, view, owner)),
    }
}

/// What to write instead of the expression that made the view.
fn help(trace: &BodyTrace<'_>, link: &Link, view: &str, owner: &str) -> String {
    match quotable(trace, trace.event(link.event).span) {
        Some(text) => format!("if `{owner}` is to stay as it was, copy: `{view} = {}`", copy_of(text)),
        None => format!("if `{owner}` is to stay as it was, add `.copy()` where `{view}` is made"),
    }
}

/// `t[0] -= 1` on a tuple of arrays: the array is changed, then the store raises.
fn tuple_item(trace: &BodyTrace<'_>, write: &Write<'_>) -> Option<Finding> {
    let array = trace.array(write.value)?;
    if array.evidence < Evidence::Likely || array.ndim() == Some(0) {
        return None;
    }
    let tuple = trace.name(write.via?);
    Some(Finding {
        rule: &INFO,
        span: write.event.span,
        message: format!("an item of the tuple `{tuple}` is changed in place before the assignment fails"),
        confidence: Confidence::Likely,
        labels: vec![label(
            write.event.span,
            Role::Primary,
            "the array is changed first, then storing it into the tuple raises `TypeError`",
        )],
        help: Some(format!("bind the array to a name, or make a new one: `shifted = {tuple}[…] - …`")),
    })
}
