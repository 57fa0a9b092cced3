//! A function changes the array that its caller passed, where a new value was meant.

use crate::domain::{Array, BufId, Evidence, Origin, Owner, Region, Value, ValueId};
use crate::finding::{Confidence, Finding, Label, Role, RuleInfo};
use crate::ir::Local;
use crate::rules::common::{
    Write, goes_into_new, how_word, label, names_an_output, remakes, seen_word, told_in_order, works_in_place,
    write_word, writes,
};
use crate::rules::help::{copy_of, grouped, quotable};
use crate::trace::params::lets_callers_choose;
use crate::trace::{BodyTrace, BoundFrom, Escape, Event, EventId, EventKind, How, Walk, WriteHow};

pub(super) static INFO: RuleInfo = RuleInfo {
    code: "VL102",
    name: "mutated-argument",
    summary: "a function changes the caller's array in place, where a new value was meant",
    page: include_str!("../../rules/VL102-mutated-argument.md"),
};

/// How the array that is written came from the parameter.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// It is the parameter's own value.
    Own,
    /// Through a function that copies only if it must: `np.asarray`, `np.atleast_1d`, `astype(copy=False)`.
    Converted(EventId, How),
    /// Through a view of it: a slice, a field, `.T`, `ravel()`.
    Viewed(EventId, How),
}

/// What becomes of the written array afterwards.
#[derive(Clone, Copy, PartialEq, Eq)]
enum After {
    /// Its content is read here.
    Read(EventId),
    /// It is returned, yielded or stored here, and read before nowhere.
    HandedOut(EventId),
}

impl After {
    fn event(self) -> EventId {
        match self {
            After::Read(id) | After::HandedOut(id) => id,
        }
    }
}

pub(super) fn check(trace: &BodyTrace<'_>, findings: &mut Vec<Finding>) {
    if !trace.takes_arguments() {
        return;
    }
    let mut best: Vec<(BufId, Finding)> = Vec::new();
    for write in writes(trace) {
        let Some(object) = trace.array(write.object) else { continue };
        for &buf in &object.bufs {
            let Some(param) = trace.argument(buf) else { continue };
            let Some(finding) = judge(trace, &write, object, buf, param) else { continue };
            match best.iter_mut().find(|entry| entry.0 == buf) {
                Some(entry) if entry.1.confidence >= finding.confidence => {}
                Some(entry) => entry.1 = finding,
                None => best.push((buf, finding)),
            }
        }
    }
    // Reading the docstring costs more than the rest: only where there is something to report.
    if !best.is_empty() && !works_in_place(trace) && !trace.comment_facts().says_in_place {
        findings.extend(best.into_iter().map(|entry| entry.1));
    }
}

fn judge(trace: &BodyTrace<'_>, write: &Write<'_>, object: &Array, buf: BufId, param: Local) -> Option<Finding> {
    let name = trace.name(param);
    if matches!(write.how, WriteHow::TupleItem | WriteHow::Scratch(_))
        || object.evidence < Evidence::Likely
        || object.writeable.no()
        || names_an_output(name)
        || trace.defaults_to_object(param)
        || lets_callers_choose(trace.module, trace.body)
    {
        return None;
    }
    let way = way(trace, write, buf);
    let converts = |event: &Event| match event.kind {
        EventKind::Derived { source, how: How::Function(_) | How::Method(_), .. } => trace.mentions(source, buf),
        _ => false,
    };
    if trace.iter().any(|(id, event)| converts(event) && asks_to_copy(trace, id)) {
        return None;
    }
    if is_restored(trace, write) {
        return None;
    }
    if !reaches(trace, write, buf, param) || trace.is_array_by_callers(param) && !trace.harms_a_caller(buf) {
        return None;
    }
    let inside = matches!(trace.buffers.get(buf).origin, Origin::Attr(..));
    if inside && !matches!(way, Way::Viewed(_, How::Slice)) && !renewed(trace, write, param) {
        // Objects are passed to be changed.
        return None;
    }
    let after = after(trace, write);
    let confidence = confidence(trace, write, buf, name, way, after, inside);
    Some(tell(trace, write, param, way, after, inside, confidence))
}

/// `q = State(p.x)`, `q.x += d`, or `x = p.x`, `x += d`, `return State(x)`: is the array of the object that was passed
/// written as that of a new one?
fn renewed(trace: &BodyTrace<'_>, write: &Write<'_>, param: Local) -> bool {
    let is_object = |value| matches!(trace.values.get(value), Value::Ref(_));
    let through_new = write.via.is_some_and(|via| {
        via != param
            && trace
                .bindings(via)
                .any(|(_, event)| matches!(event.kind, EventKind::Bound { value, .. } if is_object(value)))
    });
    through_new || write.direct && write.via.is_some_and(|via| via != param) && goes_into_new(trace, write)
}

/// `y = x[i].copy()`, `x[i] = 0`, and at last `x[i] = y`: is what was there put back?
fn is_restored(trace: &BodyTrace<'_>, write: &Write<'_>) -> bool {
    let part = trace.quote(write.event.span);
    let saved = format!("{part}.copy()");
    matches!(write.how, WriteHow::Item { .. })
        && trace.iter().any(|(id, event)| match event.kind {
            EventKind::Bound { local, .. } if id < write.id && trace.quote(event.stmt).contains(&saved) => {
                let back = format!("{part} = {}", trace.name(local));
                writes(trace).iter().any(|other| other.id >= write.id && trace.quote(other.event.stmt) == back)
            }
            _ => false,
        })
}

/// Is there a path on which the name that is written holds the caller's memory at the write?
fn reaches(trace: &BodyTrace<'_>, write: &Write<'_>, buf: BufId, param: Local) -> bool {
    let Some(via) = write.via.filter(|_| write.direct) else { return true };
    let bound = trace.bindings(via).filter(|(_, event)| {
        matches!(event.kind, EventKind::Bound { value, .. } if trace.mentions(value, buf)) && event.op != write.event.op
    });
    let mut from: Vec<Option<u32>> = bound.map(|(_, event)| Some(event.op)).collect();
    if via == param {
        from.push(None);
    }
    from.is_empty() || from.into_iter().any(|from| trace.feasible(from, write.event.op, &[via]))
}

/// Does the call say when to copy (`copy=self.copy`), or that its argument is to be left alone (`inplace=False`)?
fn asks_to_copy(trace: &BodyTrace<'_>, event: EventId) -> bool {
    let call = trace.quote(trace.event(event).span);
    let may_share = call.contains("copy=False") || call.contains("copy=None");
    call.contains("copy=") && !may_share || call.contains("inplace=False") || call.contains("in_place=False")
}

fn way(trace: &BodyTrace<'_>, write: &Write<'_>, buf: BufId) -> Way {
    match (trace.conversion(write.object), trace.chain(write.object).first()) {
        (Some(link), _) => Way::Converted(link.event, link.how),
        (None, Some(link)) => Way::Viewed(link.event, link.how),
        (None, None) => converted_before(trace, write, buf).unwrap_or(Way::Own),
    }
}

/// The conversion behind one of several bindings of the name that is written: `x = np.array(x)` where that is a list,
/// `x = x.astype(float, copy=False)` where it is not.
fn converted_before(trace: &BodyTrace<'_>, write: &Write<'_>, buf: BufId) -> Option<Way> {
    let via = write.via.filter(|_| write.direct)?;
    trace.bindings(via).find_map(|(_, event)| match event.kind {
        EventKind::Bound { value, .. } if trace.mentions(value, buf) => {
            trace.conversion(value).map(|link| Way::Converted(link.event, link.how))
        }
        _ => None,
    })
}

/// What happens with the written memory after the write.
fn after(trace: &BodyTrace<'_>, write: &Write<'_>) -> Option<After> {
    let written = trace.array(write.value)?;
    let same = |other: &&Write<'_>| trace.overlaps(written, other.value);
    let updates: Vec<_> = writes(trace).iter().filter(same).map(|other| other.event.stmt).collect();
    // `x[t] += a * x[t - 1]`: what is computed number by number is put where the caller wants it.
    let by_number = matches!(write.how, WriteHow::Item { .. })
        || write.how == WriteHow::Augmented && trace.quote(write.event.stmt).split('=').next().is_some_and(has_index);
    let is_number = |id: EventId, value: ValueId| {
        trace.array(value).is_some_and(|array| array.owner != Owner::View)
            && has_index(trace.quote(trace.event(id).span))
    };
    let mut handed = None;
    let read = trace.walk_from(write.id, |id| {
        let event = trace.event(id);
        if id == write.id || event.op == write.event.op && event.stmt == write.event.stmt {
            return Walk::On;
        }
        match event.kind {
            EventKind::Read { value, .. } | EventKind::Escaped { value, how: Escape::Passed, .. }
                if !updates.contains(&event.stmt)
                    && trace.overlaps(written, value)
                    && !(by_number && is_number(id, value)) =>
            {
                return Walk::Found;
            }
            // The largest, after sorting: a part that is handed out was read for its own sake, unless it is what was
            // put there (`x[i] = …; return x[i]`).
            EventKind::Escaped { value, how: Escape::Returned, .. }
                if !by_number
                    && trace.overlaps(written, value)
                    && trace.chain(value).first().is_some_and(|link| link.how == How::Slice) =>
            {
                return Walk::Found;
            }
            EventKind::Escaped { value, how, .. }
                if !matches!(how, Escape::Captured | Escape::Passed) && trace.overlaps(written, value) =>
            {
                handed = handed.or(Some(id));
            }
            _ => {}
        }
        if remakes(trace, id, written) { Walk::Stop } else { Walk::On }
    });
    read.map(After::Read).or(handed.map(After::HandedOut))
}

/// Does the text stand for a part that is taken by an index?
fn has_index(text: &str) -> bool {
    text.trim_end_matches(|c: char| c.is_whitespace() || "+-*/%@&|^<>".contains(c)).ends_with(']')
}

/// How sure it is that the caller's array was not meant to change.
fn confidence(
    trace: &BodyTrace<'_>,
    write: &Write<'_>,
    buf: BufId,
    name: &str,
    way: Way,
    after: Option<After>,
    inside: bool,
) -> Confidence {
    let kept = kept(trace, write);
    let after = match after {
        Some(after) => after,
        None if kept => After::HandedOut(write.id),
        None => return Confidence::Possible,
    };
    // All of it is overwritten, here or before: it is there to be filled.
    let whole = writes(trace).iter().any(|other| {
        other.id <= write.id && matches!(other.how, WriteHow::Item { whole: true }) && trace.mentions(other.object, buf)
    });
    // Whoever copies on one of two ways knows when to, unless that was for another write.
    if trace
        .array(write.object)
        .is_some_and(|object| trace.is_asked_copy(object) && !copied_before(trace, write, object, buf))
    {
        return Confidence::Possible;
    }
    let alias = write.via.map_or("", |local| trace.name(local));
    if whole
        || names_an_output(alias) && !inside && !matches!(way, Way::Converted(..))
        || trace.is_test()
        || trace.in_test_module()
        || is_kernel(trace)
    {
        return Confidence::Possible;
    }
    let procedure =
        trace.returned == ValueId::NONE && !trace.body.is_generator && !matches!(after, After::HandedOut(_));
    let likely = match way {
        // An index of which nothing is known may have copied.
        Way::Converted(..) if trace.chain(write.object).iter().any(|link| link.how == How::MaybeCopy) => false,
        // A private function that asks for no copy knows what it does.
        Way::Converted(event, _) => {
            !(trace.is_private() && trace.quote(trace.event(event).span).contains("copy=False"))
        }
        Way::Viewed(_, How::Element) if gathers_anew(trace, write) => !trace.is_private(),
        Way::Viewed(..) if !plain_view(trace, write.object) => false,
        Way::Viewed(..) => !procedure && !hands_back(trace, buf) && (!trace.is_private() || inside),
        Way::Own => {
            let operator = write.how == WriteHow::Augmented && write.event.span == write.event.stmt;
            let meant = procedure || trace.is_private() || accumulates(name) || is_told_to_write(trace);
            let own =
                trace.array(write.object).is_some_and(|object| object.is_entry() || is_one_of_several(trace, object))
                    || is_name_of(trace, write.via, buf);
            kept || own
                && !meant
                && !threads_state(trace)
                && (operator || matches!(after, After::Read(_)) && !hands_back(trace, buf))
        }
    };
    if likely { Confidence::Likely } else { Confidence::Possible }
}

/// Was each of the copies that the array may be written as such before, where it certainly was one?
fn copied_before(trace: &BodyTrace<'_>, write: &Write<'_>, object: &Array, buf: BufId) -> bool {
    let all = writes(trace);
    // (What a list is converted to is no copy of an array.)
    let is_copy = |copy: &BufId| {
        let from = trace.buffers.get(*copy).copied_from.as_ref();
        from.is_some_and(|from| from.source == ValueId::UNKNOWN || trace.array(from.source).is_some())
    };
    object.bufs.iter().filter(|copy| is_copy(copy)).all(|&copy| {
        all.iter().any(|other| {
            other.id < write.id
                && (!trace.mentions(other.object, buf)
                    || trace.argument(buf).is_some_and(|param| !reaches(trace, other, buf, param)))
                && trace.mentions(other.object, copy)
        })
    })
}

/// Does the function keep the written memory in an attribute?
fn kept(trace: &BodyTrace<'_>, write: &Write<'_>) -> bool {
    let Some(written) = trace.array(write.value) else { return false };
    trace.iter().any(|(_, event)| match event.kind {
        EventKind::Escaped { value, how: Escape::Attribute(_), .. } => {
            event.op < write.event.op && trace.overlaps(written, value)
        }
        _ => false,
    })
}

/// Was the view taken by slices alone? Elements met in a loop are there to be changed, and an index that nothing is known
/// of may have copied.
fn plain_view(trace: &BodyTrace<'_>, object: ValueId) -> bool {
    let chain = trace.chain(object);
    // What a function made of the argument in one of several ways is not told to derive from it.
    let told = |value| trace.array(value).is_none_or(|array| array.made_by == 0 || array.is_entry());
    chain.last().is_none_or(|link| told(link.source))
        && chain.iter().all(|link| link.how != How::Element)
        && chain.iter().filter(|link| link.how == How::MaybeCopy).count() < 2
        && !chain.iter().any(|link| link.how == How::MaybeCopy && picks_several(trace, link.event))
}

/// `for x in xs: x -= x.mean(); new.append(x)`, and at last `return new`: is what was written put into a list of the
/// function's own, which it returns?
fn gathers_anew(trace: &BodyTrace<'_>, write: &Write<'_>) -> bool {
    let Some(written) = trace.array(write.value).filter(|_| write.how == WriteHow::Augmented) else { return false };
    trace.iter().any(|(id, event)| match event.kind {
        EventKind::Escaped { value, via, how: Escape::Collected | Escape::Keyed(_), into } => {
            id > write.id
                && via == write.via
                && into == trace.returned
                && matches!(trace.values.get(into), Value::Ref(_))
                && trace.overlaps(written, value)
        }
        _ => false,
    })
}

/// `palette[labels]`: does the index go by a name that stands for several positions, or a mask?
fn picks_several(trace: &BodyTrace<'_>, event: EventId) -> bool {
    const NAMES: [&str; 14] = [
        "index", "indexes", "indices", "idx", "idxs", "inds", "mask", "labels", "codes", "order", "ids", "keep", "sel",
        "perm",
    ];
    let text = trace.quote(trace.event(event).span).trim_end_matches(']');
    let name = text.rsplit('[').next().unwrap_or("").trim();
    let word = name.rsplit('_').next().unwrap_or("");
    NAMES.contains(&word) && !trace.takes_by_position(event)
}

/// Is the name the parameter, or another name that it was given (`y = x`)?
fn is_name_of(trace: &BodyTrace<'_>, via: Option<Local>, buf: BufId) -> bool {
    let (Some(via), Origin::Param(_, param)) = (via, trace.buffers.get(buf).origin) else { return false };
    via == param
        || trace.bindings(via).any(
            |(_, event)| matches!(event.kind, EventKind::Bound { from: BoundFrom::Name(source), .. } if source == param),
        )
}

/// Is it one of several parameters: `for x in (a, b):`?
fn is_one_of_several(trace: &BodyTrace<'_>, object: &Array) -> bool {
    object.bufs.len() > 1
        && object.region == Region::Whole
        && object.owner != Owner::View
        && object.bufs.iter().all(|&buf| trace.argument(buf).is_some())
}

/// Is the function compiled, as those are that work on buffers of their callers?
fn is_kernel(trace: &BodyTrace<'_>) -> bool {
    trace.body.decorators.iter().filter_map(|path| path.last()).any(|&name| {
        matches!(
            trace.module.names.text(name),
            "njit" | "jit" | "guvectorize" | "vectorize" | "cfunc" | "kernel" | "stencil"
        )
    })
}

/// Does the function's name say that it changes what it is given?
fn is_told_to_write(trace: &BodyTrace<'_>) -> bool {
    let name = trace.module.names.text(trace.body.name);
    let verb = name.trim_start_matches('_').split('_').next().unwrap_or_default();
    matches!(verb, "update" | "fill" | "set" | "reset" | "zero")
}

/// Does the name say that values are added up in the array?
fn accumulates(name: &str) -> bool {
    name.split('_').any(|part| matches!(part, "acc" | "accum" | "accumulator" | "total" | "totals"))
}

/// Does the function hand back several of its parameters at once, so that it stands for `a, b = step(a, b)`?
fn threads_state(trace: &BodyTrace<'_>) -> bool {
    if trace.array(trace.returned).is_some() {
        return false;
    }
    let given = |array: &&Array| array.bufs.iter().find_map(|&buf| trace.argument(buf));
    let mut params: Vec<Local> = trace.arrays(trace.returned).iter().filter_map(given).collect();
    params.sort_unstable();
    params.dedup();
    params.len() > 1
}

/// Does the function return the parameter itself, so that the caller has it back?
fn hands_back(trace: &BodyTrace<'_>, buf: BufId) -> bool {
    trace.iter().any(|(_, event)| match event.kind {
        EventKind::Escaped { value, how: Escape::Returned, .. } => {
            trace.array(value).is_some_and(|array| array.is_entry() && array.bufs[..] == [buf])
        }
        _ => false,
    })
}

fn tell(
    trace: &BodyTrace<'_>,
    write: &Write<'_>,
    param: Local,
    way: Way,
    after: Option<After>,
    inside: bool,
    confidence: Confidence,
) -> Finding {
    let mut labels: Vec<Label> = Vec::new();
    let name = trace.name(param);
    if let Some(span) = trace.parameter_span(param) {
        labels.push(label(span, Role::Made, "the caller's array comes in here"));
    }
    if let Way::Converted(event, how) | Way::Viewed(event, how) = way {
        let said = match (way, how) {
            (Way::Converted(..), How::Function(function) | How::Method(function)) => {
                format!(
                    "`{}` copies only if it must: else this is the caller's array",
                    trace.module.names.text(function)
                )
            }
            _ => format!("{}: this is the caller's memory", how_word(trace, how)),
        };
        labels.push(label(trace.event(event).span, Role::Aliased, said));
    }
    let object = if inside { "an array of the caller's object" } else { "the caller's array" };
    labels.push(label(write.event.span, Role::Primary, format!("{} changes {object}", write_word(trace, write.how))));
    if let Some(after) = after {
        let id = after.event();
        labels.push(label(
            trace.event(id).span,
            Role::Seen,
            format!("{}, as if it were the function's own", seen_word(trace, id)),
        ));
    }
    Finding {
        rule: &INFO,
        span: write.event.span,
        message: format!("`{}` changes the array that its caller passes as `{name}`", trace.body.qualname),
        confidence,
        labels: told_in_order(trace, write.how, labels),
        help: Some(help(trace, write, param, way)),
    }
}

/// What to write instead.
fn help(trace: &BodyTrace<'_>, write: &Write<'_>, param: Local, way: Way) -> String {
    if let Way::Converted(event, how) = way
        && let Some(call) = quotable(trace, trace.event(event).span)
    {
        return format!("copy always: `{}`", always_copied(trace, call, how));
    }
    let statement = trace.quote(write.event.stmt);
    if write.how == WriteHow::Augmented && write.event.span == write.event.stmt && !statement.contains('\n') {
        const OPERATORS: [&str; 12] = ["**=", "//=", ">>=", "<<=", "+=", "-=", "*=", "/=", "%=", "@=", "&=", "|="];
        if let Some((operator, (target, value))) =
            OPERATORS.iter().find_map(|operator| statement.split_once(operator).map(|parts| (operator, parts)))
        {
            let (target, value) = (target.trim(), value.trim());
            let operator = operator.trim_end_matches('=');
            return format!("make a new array: `{target} = {target} {operator} {}`", grouped(value));
        }
    }
    let name = trace.name(param);
    let given = if trace.defaults_to_none(param) { " where it is given" } else { "" };
    format!("work on a copy{given}: `{name} = {name}.copy()` before the first write")
}

/// The conversion, such that it copies always.
fn always_copied(trace: &BodyTrace<'_>, call: &str, how: How) -> String {
    // `np.array(x, copy=False)`, `x.astype(float, copy=False)`
    for asks in ["copy=False", "copy=None", "copy=0"] {
        if let Some((before, after)) = call.split_once(asks) {
            return format!("{before}copy=True{after}");
        }
    }
    let How::Function(function) = how else { return copy_of(call) };
    let function = trace.module.names.text(function);
    let subclasses = match function {
        "asarray" => "",
        "asanyarray" => ", subok=True",
        _ => return copy_of(call),
    };
    match call.split_once(function).and_then(|(before, rest)| Some((before, rest.strip_suffix(')')?))) {
        Some((before, arguments)) => format!("{before}array{arguments}{subclasses})"),
        None => copy_of(call),
    }
}
