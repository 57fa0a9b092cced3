//! Calls of functions of this file: what the callee's own analysis says of its result, put in terms of the arguments.
//!
//! A callee is analysed when it is first called (or when its turn comes): its returned value is written in terms of its
//! entry buffers, and [`Machine::instantiate`] replaces those by what the caller passes. What the callee allocates is an
//! allocation of the call. A function that is being analysed already (recursion), or too deep in a chain of calls, is
//! unknown.

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::Observer;
use super::call::Args;
use super::instantiate::Instance;
use super::machine::{Machine, reaxed};
use crate::domain::{Array, BufId, Content, CopyOf, Dtype, Evidence, Key, ObjectKind, Origin, Tri, Value, ValueId};
use crate::ir::{ArgKind, BodyId, BodyKind, Local, ParamKind, Sym, Temp};
use crate::trace::params::{chooses_to_share, lets_callers_choose};
use crate::trace::{BodyTrace, Escape, EventKind, How, Place, WriteHow};

/// Calls nested deeper than this are unknown: each level takes some of the thread's stack.
const MAX_CALL_DEPTH: usize = 12;

/// What the analysis of a body says to its callers.
#[derive(Clone, Debug)]
pub(crate) struct BodySummary {
    /// The returned values, joined; bottom if it never returns.
    pub(crate) returned: ValueId,
    /// For a generator: the yielded values, joined.
    pub(crate) yielded: ValueId,
    /// What the objects hold that returned values refer to.
    pub(crate) heap: Vec<(BufId, Content)>,
    /// What attributes of parameters hold at the end, where they were stored to: the parameter's buffer, the attribute.
    pub(crate) stores: Vec<(BufId, Sym, ValueId)>,
    /// What names of the enclosing function hold at the end, where they were rebound.
    pub(crate) rebinds: Vec<(Local, ValueId)>,
    /// Which arrays that were there on entry it writes.
    pub(crate) writes: Vec<EntryWrite>,
    /// Parameters that, if they are containers, may hold other elements than before.
    pub(crate) tainted: Vec<BufId>,
    /// May it have run something unknown, or have changed attributes of what is no parameter?
    pub(crate) effects: bool,
    /// May it set the shape, dtype or flags of an array that is not its own?
    pub(crate) reshapes: bool,
    /// Does it take one of several ways to what it returns, of which some share memory?
    pub(crate) apart: bool,
}

/// A body writes memory that was there on entry.
#[derive(Clone, Debug)]
pub(crate) struct EntryWrite {
    /// Whose memory.
    pub(crate) buf: BufId,
    /// The write itself, in this body or in one that it calls.
    pub(crate) place: Place,
}

/// The writes of a body to memory that was there on entry, each memory once. Those after a conversion (`np.asarray`) are
/// told of where they stand, not at the calls: whoever wrote the function did not mean to write the argument.
pub(crate) fn entry_writes(trace: &BodyTrace<'_>, used_otherwise: &[bool]) -> Vec<EntryWrite> {
    let mut found: Vec<EntryWrite> = Vec::new();
    for event in trace.events {
        let EventKind::Written { object, via, how, .. } = event.kind else { continue };
        let Some(array) = trace.array(object) else { continue };
        if matches!(how, WriteHow::Scratch(_) | WriteHow::TupleItem) {
            continue;
        }
        let here = Place { file: None, span: event.span };
        // What has other uses than an array has is none: `for key, value in space.items(): space[key] = …`.
        let otherwise = via.is_some_and(|via| used_otherwise.get(via.index()) == Some(&true));
        if trace.may_miss_memory(object) || otherwise && array.evidence == Evidence::None {
            continue;
        }
        // Whoever copies on one of two ways knows when to.
        if trace.is_asked_copy(array) {
            continue;
        }
        let place = if let WriteHow::Callee { place, .. } = how { place } else { here };
        for &buf in &array.bufs {
            let known = !trace.buffers.get(buf).on_entry() || found.iter().any(|write| write.buf == buf);
            if !known && trace.conversion(object).is_none() {
                found.push(EntryWrite { buf, place });
            }
        }
    }
    found
}

/// Do the ways that lead to the returned arrays differ in whether these lie in what was there on entry? A conversion that
/// copies if it must is one way; an index of which nothing is known, or a loop that may not run, makes two.
pub(crate) fn returns_apart(trace: &BodyTrace<'_>) -> bool {
    let on_entry = |buf: &BufId| trace.buffers.get(*buf).on_entry();
    let returned = trace.events.iter().filter_map(|event| match event.kind {
        EventKind::Escaped { value, how: Escape::Returned, .. } => Some(value),
        _ => None,
    });
    // Whoever is asked whether to copy knows of the copy.
    let mut names = trace.body.params.iter().map(|param| trace.module.names.text(param.name));
    let chooses = names.any(|name| chooses_to_share(name).is_some());
    for value in returned.chain([trace.returned]) {
        let given = trace.array(value).is_some_and(|array| !array.is_entry() && array.bufs.iter().any(on_entry));
        if given && trace.may_be_copied_item(value) {
            return true;
        }
        for array in trace.arrays(value) {
            let mut made = array.bufs.iter().filter(|buf| !on_entry(buf)).peekable();
            if made.peek().is_none() || !array.bufs.iter().any(on_entry) {
                continue;
            }
            let converted = |made: &BufId| {
                let asked =
                    trace.buffers.get(*made).copied_from.as_ref().is_some_and(|from| from.how == CopyOf::Explicit);
                chooses && asked
                    || trace.events.iter().any(|event| match event.kind {
                        EventKind::Derived { result, how, .. } => {
                            how != How::MaybeCopy
                                && trace
                                    .array(result)
                                    .is_some_and(|array| array.bufs.contains(made) && array.bufs.iter().any(on_entry))
                        }
                        _ => false,
                    })
            };
            if !made.all(converted) {
                return true;
            }
        }
    }
    false
}

/// What a call of a body did, in terms of the caller.
pub(crate) struct Done {
    pub(crate) value: ValueId,
    /// For a call without a receiver as yet (a constructor): the attributes of the first parameter.
    pub(crate) stores: Vec<(Sym, ValueId)>,
    pub(crate) effects: bool,
}

impl Done {
    /// A call that did nothing.
    pub(crate) fn nothing() -> Done {
        Done { value: ValueId::NONE, stores: Vec::new(), effects: false }
    }
}

/// How far the analysis of a body is.
#[derive(Clone, Debug)]
pub(crate) enum Progress {
    Waiting,
    Running,
    Done(Option<BodySummary>),
}

/// The object that a method is called on.
#[derive(Clone, Copy)]
pub(crate) struct Receiver {
    /// Bottom: an object that is being made.
    pub(crate) value: ValueId,
    /// The expression, if it is still at hand.
    pub(crate) temp: Option<Temp>,
}

/// A call's arguments by the callee's parameters.
pub(crate) struct Actuals {
    pub(super) passed: FxHashMap<Local, ValueId>,
    /// The temps that single parameters were passed in.
    pub(super) temps: FxHashMap<Local, Temp>,
    pub(super) open: bool,
}

impl<'a> Machine<'a> {
    /// The result of calling a function of the file; None where nothing is known of it.
    pub(crate) fn call_body(&mut self, callee: BodyId, args: &Args<'a>) -> Option<ValueId> {
        self.call_with(callee, None, args).map(|done| done.value)
    }

    /// Calls a body; `receiver` is passed before the arguments.
    pub(crate) fn call_with(&mut self, callee: BodyId, receiver: Option<Receiver>, args: &Args<'a>) -> Option<Done> {
        let body = &self.module.bodies[callee.index()];
        if body.is_async || !body.decorators.iter().all(|path| self.is_transparent(path)) {
            return None;
        }
        let mut actuals = self.actuals(callee, args, usize::from(receiver.is_some()));
        if self.recording {
            self.witness(callee, &actuals);
            self.note_call(callee, &actuals);
        }
        let summary = self.summary_for(callee, &actuals)?;
        if let (Some(receiver), Some(first)) = (receiver, body.params.first()) {
            actuals.passed.insert(first.local, receiver.value);
            if let Some(temp) = receiver.temp {
                actuals.temps.insert(first.local, temp);
            }
        }
        let temps = self.recording.then(|| actuals.temps.clone());
        for (&local, &value) in &actuals.passed {
            if self.values.array(value).is_some_and(|array| array.certain() && array.evidence == Evidence::Certain) {
                self.given.insert((callee, local));
            }
        }
        let mut instance =
            Instance::new(callee, actuals, body.is_generator, summary.heap, summary.returned == ValueId::NONE);
        if !body.is_generator {
            self.tell_writes(callee, &instance, &summary.writes);
        }
        for &buf in &summary.tainted {
            if let Some(value) = self.passed(&instance, buf) {
                self.havoc(value);
            }
        }
        if summary.effects {
            for &value in &args.values {
                self.havoc(value);
            }
            if let Some(receiver) = receiver {
                self.havoc(receiver.value);
            }
            let function = self.values.intern(Value::Function(callee));
            self.havoc(function);
            self.disturb();
        }
        if summary.reshapes {
            self.reshapes = true;
            let values: Vec<ValueId> =
                args.values.iter().copied().chain(receiver.map(|receiver| receiver.value)).collect();
            self.forget_layouts(&values);
            for value in instance.passed_mut() {
                *value = self.of_any_layout(*value);
            }
        }
        if body.is_generator {
            for &(_, name, _) in &summary.stores {
                // It runs when somebody asks for its elements.
                self.weaken_attribute(name, ValueId::UNKNOWN);
            }
            let element = self.instantiate(&mut instance, summary.yielded);
            let value = self.new_sequence(ObjectKind::Iterator, element);
            return Some(Done { value, stores: Vec::new(), effects: summary.effects });
        }
        instance.count(self, &summary.returned, &summary.stores, &summary.rebinds);
        let value = self.instantiate_one(&mut instance, summary.returned);
        for &temp in temps.iter().filter(|_| !summary.apart).flat_map(FxHashMap::values) {
            self.tell_shared(temp, value, body.name);
        }
        let mut stores = Vec::with_capacity(summary.stores.len());
        for (object, name, stored) in summary.stores {
            let stored = self.instantiate_one(&mut instance, stored);
            stores.push((self.passed(&instance, object).unwrap_or(ValueId::UNKNOWN), name, stored));
        }
        let mut rebinds = Vec::with_capacity(summary.rebinds.len());
        for (local, value) in summary.rebinds {
            rebinds.push((local, self.instantiate_one(&mut instance, value)));
        }
        if summary.returned == ValueId::BOTTOM {
            return None;
        }
        let mut own = Vec::new();
        for (target, name, stored) in stores {
            if target == ValueId::BOTTOM {
                own.push((name, stored));
            } else {
                self.store_in(target, name, stored);
            }
        }
        if body.parent == Some(self.id) {
            for (local, value) in rebinds {
                self.bind(local, value);
            }
        }
        Some(Done { value, stores: own, effects: summary.effects })
    }

    /// Tells of what the callee writes, as far as the caller has hold of it.
    fn tell_writes(&mut self, callee: BodyId, instance: &Instance, writes: &[EntryWrite]) {
        let body = &self.module.bodies[callee.index()];
        // Whether it writes depends on a flag that is not followed.
        if !self.recording || lets_callers_choose(self.module, body) {
            return;
        }
        let name = body.name;
        for write in writes {
            let Some(value) = self.passed(instance, write.buf) else { continue };
            if self.values.array(value).is_none() || !self.has_memory(value) {
                continue;
            }
            let mut owner = write.buf;
            let mut direct = true;
            while let Origin::Attr(object, _) = self.buffers.get(owner).origin {
                (owner, direct) = (object, false);
            }
            let root = match self.buffers.get(owner).origin {
                Origin::Param(_, local) => instance.temp(local).and_then(|temp| self.root(temp)),
                _ => None,
            };
            let how = WriteHow::Callee { name, place: write.place, procedure: instance.returns_nothing() };
            let (via, direct) = (root.map(|root| root.local), direct && root.is_some_and(|root| root.direct));
            self.emit(EventKind::Written { value, object: value, via, direct, how });
        }
    }

    /// Tells that a result lies in the memory of an argument, if it does.
    pub(crate) fn tell_shared(&mut self, temp: Temp, result: ValueId, name: Sym) {
        let (Some(source), Some(array)) = (self.values.array(self.temp(temp)), self.values.array(result)) else {
            return;
        };
        // Where it may be a copy, the callee's arguments may decide which: it is no part of the story then.
        let surely = !array.unknown && array.bufs.iter().all(|buf| source.bufs.contains(buf));
        if surely && !array.bufs.is_empty() && self.temp(temp) != result {
            self.derived(temp, result, How::Function(name));
        }
    }

    /// Does the decorator leave the function as it is, for its callers?
    pub(crate) fn is_transparent(&self, path: &[Sym]) -> bool {
        let [.., last] = path else { return false };
        let foreign = path.len() > 1 && !matches!(self.name(path[0]), "numba" | "nb" | "abc" | "typing" | "functools");
        !foreign
            && matches!(
                self.name(*last),
                "property"
                    | "cached_property"
                    | "staticmethod"
                    | "abstractmethod"
                    | "override"
                    | "final"
                    | "njit"
                    | "jit"
            )
    }

    /// Are calls nested as deep as they may be?
    pub(super) fn is_deep(&self) -> bool {
        self.call_depth >= MAX_CALL_DEPTH
    }

    pub(crate) fn summarise(&mut self, callee: BodyId) -> Option<BodySummary> {
        match &self.progress[callee.index()] {
            Progress::Done(summary) => {
                self.kept.note_told(callee);
                return summary.clone();
            }
            Progress::Running => {
                self.kept.note_lack();
                return None;
            }
            Progress::Waiting => {}
        }
        // While the module's own statements run for the first time, the globals are not known yet.
        if !self.globals_known || self.is_deep() {
            self.kept.note_lack();
            return None;
        }
        let outer = self.kept.begin();
        let suspended = self.suspend();
        self.call_depth += 1;
        let mut quiet = Quiet;
        self.progress[callee.index()] = Progress::Running;
        let done = self.run_body(callee, &mut quiet);
        let summary = done.then(|| self.body_summary());
        self.call_depth -= 1;
        self.keep_run(callee, done, outer);
        self.resume(suspended);
        self.progress[callee.index()] = Progress::Done(summary.clone());
        summary
    }

    /// What the body that just ran says to its callers.
    pub(crate) fn body_summary(&mut self) -> BodySummary {
        let exit = std::mem::take(&mut self.exit_heap);
        let mut stores = Vec::new();
        let mut heap = Vec::new();
        for (object, id) in exit {
            let content = self.values.content(id).clone();
            if !matches!(self.buffers.get(object).origin, Origin::Param(..)) {
                heap.push((object, content));
                continue;
            }
            for (key, value) in content.fixed {
                if let Key::Name(name) = key
                    && value != self.entry_attribute(object, name)
                {
                    stores.push((object, name, value));
                }
            }
        }
        BodySummary {
            returned: self.returned,
            yielded: self.yielded,
            heap,
            stores,
            rebinds: std::mem::take(&mut self.exit_free),
            writes: std::mem::take(&mut self.entry_writes),
            tainted: std::mem::take(&mut self.tainted),
            effects: self.effects,
            reshapes: self.reshapes,
            apart: self.returns_apart,
        }
    }

    pub(crate) fn forget_layouts(&mut self, values: &[ValueId]) {
        for &value in values {
            let Value::Array(array) = self.values.get(value) else { continue };
            let bufs = array.bufs.clone();
            self.remap(&bufs, of_any_layout);
        }
    }

    /// The value, were its shape, dtype or flags set by somebody.
    pub(crate) fn of_any_layout(&mut self, value: ValueId) -> ValueId {
        match self.values.get(value).clone() {
            Value::Array(mut array) => {
                of_any_layout(&mut array);
                self.values.make(array)
            }
            Value::Tuple(items) => {
                let items = items.into_iter().map(|item| self.of_any_layout(item)).collect();
                self.values.tuple(items)
            }
            _ => value,
        }
    }

    /// Binds a call's arguments to the callee's parameters.
    fn actuals(&mut self, callee: BodyId, args: &Args<'a>, skip: usize) -> Actuals {
        let body = &self.module.bodies[callee.index()];
        let mut actuals = Actuals { passed: FxHashMap::default(), temps: FxHashMap::default(), open: false };
        let positional: SmallVec<[&crate::ir::Param; 8]> = body
            .params
            .iter()
            .filter(|param| matches!(param.kind, ParamKind::PositionalOnly | ParamKind::Ordinary))
            .collect();
        let rest = body.params.iter().find(|param| param.kind == ParamKind::VarArgs);
        let mut next = skip;
        for (arg, &value) in args.list.iter().zip(&args.values) {
            match arg.kind {
                ArgKind::Pos => {
                    if let Some(param) = positional.get(next) {
                        actuals.passed.insert(param.local, value);
                        actuals.temps.insert(param.local, arg.value);
                    } else if let Some(rest) = rest {
                        let old = actuals.passed.get(&rest.local).copied().unwrap_or(ValueId::BOTTOM);
                        let joined = self.values.join(old, value);
                        actuals.passed.insert(rest.local, joined);
                    }
                    next += 1;
                }
                ArgKind::Kw(name) => {
                    if let Some(param) = body.params.iter().find(|param| param.name == name) {
                        actuals.passed.insert(param.local, value);
                        actuals.temps.insert(param.local, arg.value);
                    } else if let Some(rest) = body.params.iter().find(|param| param.kind == ParamKind::VarKwargs) {
                        let old = actuals.passed.get(&rest.local).copied().unwrap_or(ValueId::BOTTOM);
                        let joined = self.values.join(old, value);
                        actuals.passed.insert(rest.local, joined);
                    }
                }
                ArgKind::Star => match self.values.get(value).clone() {
                    // `f(*pair(x))`
                    Value::Tuple(items) if next + items.len() <= positional.len() => {
                        for (param, item) in positional[next..].iter().zip(&items) {
                            actuals.passed.insert(param.local, *item);
                        }
                        next += items.len();
                    }
                    _ => actuals.open = true,
                },
                ArgKind::DoubleStar => actuals.open = true,
            }
        }
        actuals
    }

    /// The nearest function or lambda that holds a body.
    pub(crate) fn function_around_body(&self, body: BodyId) -> Option<BodyId> {
        let mut parent = self.module.bodies[body.index()].parent?;
        while self.module.bodies[parent.index()].kind == BodyKind::Class {
            parent = self.module.bodies[parent.index()].parent?;
        }
        Some(parent)
    }
}

fn of_any_layout(array: &mut Array) {
    array.forget_layout();
    array.dtype = Dtype::Unknown;
    array.writeable = Tri::May;
    reaxed(array);
}

/// A run for the summary alone.
pub(super) struct Quiet;

impl Observer for Quiet {}
