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
use super::machine::{Machine, reaxed};
use crate::domain::{
    Age, Array, BufId, Content, Evidence, Kinds, ObjectKind, Origin, Owner, Region, Tri, Value, ValueId,
};
use crate::ir::{ArgKind, BodyId, BodyKind, Default, Local, ParamKind};

/// Calls nested deeper than this are unknown: each level takes some of the thread's stack.
const MAX_CALL_DEPTH: usize = 12;
/// The parts of a call's site that stand for the callee's allocations begin here.
const FIRST_PART: u16 = 200;
/// More allocations than this in a returned value, and it is unknown.
const MAX_PARTS: u16 = 32;

/// What the analysis of a body says to its callers.
#[derive(Clone, Debug)]
pub(crate) struct BodySummary {
    /// The returned values, joined; bottom if it never returns.
    pub(crate) returned: ValueId,
    /// For a generator: the yielded values, joined.
    pub(crate) yielded: ValueId,
    /// What the objects hold that returned values refer to.
    pub(crate) heap: Vec<(BufId, Content)>,
    /// May it change containers or attributes that are not its own, or call something that does?
    pub(crate) effects: bool,
    /// May it set the shape, dtype or flags of an array that is not its own?
    pub(crate) reshapes: bool,
}

/// How far the analysis of a body is.
#[derive(Clone, Debug)]
pub(crate) enum Progress {
    Waiting,
    Running,
    Done(Option<BodySummary>),
}

/// A call's arguments by the callee's parameters.
struct Actuals {
    passed: FxHashMap<Local, ValueId>,
    open: bool,
}

impl<'a> Machine<'a> {
    /// The result of calling a function of the file; None where nothing is known of it.
    pub(crate) fn call_body(&mut self, callee: BodyId, args: &Args<'a>) -> Option<ValueId> {
        let body = &self.module.bodies[callee.index()];
        if !body.decorators.is_empty() || body.is_async {
            return None;
        }
        let summary = self.summarise(callee)?;
        let actuals = self.actuals(callee, args);
        if summary.effects {
            self.effects = true;
            for &value in &args.values {
                self.havoc(value);
            }
            self.disturb();
        }
        if summary.reshapes {
            self.reshapes = true;
            self.forget_layouts(&args.values.clone());
        }
        let mut instance = Instance { callee, actuals, made: FxHashMap::default(), heap: summary.heap, depth: 0 };
        if body.is_generator {
            let element = self.instantiate(&mut instance, summary.yielded);
            return Some(self.new_sequence(ObjectKind::Iterator, element));
        }
        if summary.returned == ValueId::BOTTOM {
            return None;
        }
        Some(self.instantiate(&mut instance, summary.returned))
    }

    fn summarise(&mut self, callee: BodyId) -> Option<BodySummary> {
        match &self.progress[callee.index()] {
            Progress::Done(summary) => return summary.clone(),
            Progress::Running => return None,
            Progress::Waiting => {}
        }
        // While the module's own statements run for the first time, the globals are not known yet.
        if !self.globals_known || self.call_depth >= MAX_CALL_DEPTH {
            return None;
        }
        let suspended = self.suspend();
        self.call_depth += 1;
        let mut quiet = Quiet;
        self.progress[callee.index()] = Progress::Running;
        let done = self.run_body(callee, &mut quiet);
        let summary = done.then(|| self.body_summary());
        self.call_depth -= 1;
        self.resume(suspended);
        self.progress[callee.index()] = Progress::Done(summary.clone());
        summary
    }

    /// What the body that just ran says to its callers.
    pub(crate) fn body_summary(&mut self) -> BodySummary {
        let exit = std::mem::take(&mut self.exit_heap);
        let heap = exit.into_iter().map(|(object, id)| (object, self.values.content(id).clone())).collect();
        BodySummary {
            returned: self.returned,
            yielded: self.yielded,
            heap,
            effects: self.effects,
            reshapes: self.reshapes,
        }
    }

    fn forget_layouts(&mut self, values: &[ValueId]) {
        for &value in values {
            let Value::Array(array) = self.values.get(value) else { continue };
            let bufs = array.bufs.clone();
            self.remap(&bufs, |array| {
                array.forget_layout();
                array.dtype = crate::domain::Dtype::Unknown;
                array.writeable = Tri::May;
                reaxed(array);
            });
        }
    }

    /// Binds a call's arguments to the callee's parameters.
    fn actuals(&mut self, callee: BodyId, args: &Args<'a>) -> Actuals {
        let body = &self.module.bodies[callee.index()];
        let mut actuals = Actuals { passed: FxHashMap::default(), open: false };
        let positional: SmallVec<[&crate::ir::Param; 8]> = body
            .params
            .iter()
            .filter(|param| matches!(param.kind, ParamKind::PositionalOnly | ParamKind::Ordinary))
            .collect();
        let rest = body.params.iter().find(|param| param.kind == ParamKind::VarArgs);
        let mut next = 0;
        for (arg, &value) in args.list.iter().zip(&args.values) {
            match arg.kind {
                ArgKind::Pos => {
                    if let Some(param) = positional.get(next) {
                        actuals.passed.insert(param.local, value);
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
                    } else if let Some(rest) = body.params.iter().find(|param| param.kind == ParamKind::VarKwargs) {
                        let old = actuals.passed.get(&rest.local).copied().unwrap_or(ValueId::BOTTOM);
                        let joined = self.values.join(old, value);
                        actuals.passed.insert(rest.local, joined);
                    }
                }
                ArgKind::Star | ArgKind::DoubleStar => actuals.open = true,
            }
        }
        actuals
    }

    /// A value of the callee in terms of the caller.
    fn instantiate(&mut self, instance: &mut Instance, value: ValueId) -> ValueId {
        match self.values.get(value).clone() {
            Value::Array(array) => self.instantiate_array(instance, &array),
            Value::Tuple(items) => {
                let items = items.into_iter().map(|item| self.instantiate(instance, item)).collect();
                self.values.tuple(items)
            }
            Value::TupleOf(item) => {
                let item = self.instantiate(instance, item);
                self.values.tuple_of(item)
            }
            Value::Ref(objects) => {
                let mut joined = ValueId::BOTTOM;
                for object in objects {
                    let value = self.instantiate_object(instance, object);
                    joined = self.values.join(joined, value);
                }
                joined
            }
            Value::Slice(a, b, c) => {
                let parts = [a, b, c].map(|part| self.instantiate(instance, part));
                self.values.intern(Value::Slice(parts[0], parts[1], parts[2]))
            }
            Value::Bound(..) => ValueId::UNKNOWN,
            _ => value,
        }
    }

    fn instantiate_object(&mut self, instance: &mut Instance, object: BufId) -> ValueId {
        let Some(content) = instance.heap.iter().find(|entry| entry.0 == object).map(|entry| entry.1.clone()) else {
            return ValueId::UNKNOWN;
        };
        if instance.depth > 3 || instance.made.len() >= usize::from(MAX_PARTS) {
            return ValueId::UNKNOWN;
        }
        if let Some(&made) = instance.made.get(&object) {
            return self.values.intern(Value::Ref(smallvec::smallvec![made]));
        }
        instance.depth += 1;
        let fixed = content.fixed.into_iter().map(|(key, value)| (key, self.instantiate(instance, value))).collect();
        let rest = self.instantiate(instance, content.rest);
        instance.depth -= 1;
        let part = FIRST_PART + instance.made.len() as u16;
        let value = self.new_object(part, Content { kind: content.kind, fixed, rest, exact: content.exact });
        if let Value::Ref(objects) = self.values.get(value) {
            instance.made.insert(object, objects[0]);
        }
        value
    }

    fn instantiate_array(&mut self, instance: &mut Instance, array: &Array) -> ValueId {
        // The parameter's own value, unchanged: the very object that was passed.
        if let ([buf], true) = (&array.bufs[..], array.made_by == 0 && array.lies)
            && let Some(passed) = self.passed(instance, *buf)
        {
            return passed;
        }
        let mut bufs: SmallVec<[BufId; 2]> = SmallVec::new();
        let mut unknown = array.unknown;
        let mut lies = array.lies;
        let mut kinds = array.kinds;
        let mut evidence = array.evidence;
        let mut from_arguments = true;
        let mut writeable = array.writeable;
        for &buf in &array.bufs {
            if let Origin::Alloc(_, age) = self.buffers.get(buf).origin {
                from_arguments = false;
                let made = match instance.made.get(&buf) {
                    Some(&made) => made,
                    None if instance.made.len() >= usize::from(MAX_PARTS) => {
                        unknown = true;
                        continue;
                    }
                    None => {
                        let made = self.alloc(FIRST_PART + instance.made.len() as u16);
                        let like = self.buffers.get(buf).clone();
                        let new = self.buffers.get_mut(made);
                        (new.blank, new.size) = (like.blank, like.size);
                        instance.made.insert(buf, made);
                        made
                    }
                };
                lies &= age == Age::Recent && self.buffers.get(made).single();
                bufs.push(made);
                continue;
            }
            writeable = writeable.join(Tri::May);
            let Some(passed) = self.passed(instance, buf) else {
                unknown = true;
                continue;
            };
            match self.values.get(passed) {
                Value::Array(actual) => {
                    bufs.extend(actual.bufs.iter().copied());
                    unknown |= actual.unknown;
                    lies &= actual.lies;
                    evidence = evidence.max(actual.evidence);
                    if actual.certain() && !kinds.meets(Kinds::FOREIGN.union(Kinds::WILD)) {
                        // What is made of an array without converting it is an array, a number, or None.
                        kinds = kinds.without(Kinds::CONTAINER.union(Kinds::OTHER));
                    }
                }
                Value::None | Value::Scalar | Value::Int(_) | Value::Float | Value::Bool(_) | Value::Str(_) => {
                    lies = false;
                }
                Value::Tuple(_) | Value::TupleOf(_) | Value::Ref(_) => {
                    // An element of what was passed.
                    let element = self.iterate(passed, crate::trace::How::Element);
                    lies = false;
                    match self.values.get(element) {
                        Value::Array(actual) => {
                            bufs.extend(actual.bufs.iter().copied());
                            unknown |= actual.unknown;
                        }
                        _ => unknown = true,
                    }
                }
                _ => unknown = true,
            }
        }
        bufs.sort_unstable();
        bufs.dedup();
        if bufs.len() > crate::domain::value::MAX_BUFFERS {
            bufs.truncate(crate::domain::value::MAX_BUFFERS);
            unknown = true;
        }
        let mut result = Array {
            kinds,
            evidence,
            lies: lies && bufs.len() == 1 && !unknown,
            bufs,
            unknown,
            region: if array.region == Region::Whole && !from_arguments { Region::Whole } else { Region::Any },
            writeable,
            made_by: self.op,
            ..array.clone()
        };
        if from_arguments && result.owner == Owner::Owner {
            result.owner = Owner::Either;
        }
        if result.evidence == Evidence::Certain && result.kinds != Kinds::ARRAY {
            result.evidence = Evidence::Likely;
        }
        self.values.make(result)
    }

    /// What stands behind an entry buffer of the callee, in the caller.
    fn passed(&mut self, instance: &Instance, buf: BufId) -> Option<ValueId> {
        match self.buffers.get(buf).origin {
            Origin::Param(body, local) if body == instance.callee => {
                if let Some(&value) = instance.actuals.passed.get(&local) {
                    return Some(value);
                }
                if instance.actuals.open {
                    return None;
                }
                let param = self.module.bodies[body.index()].params.iter().find(|param| param.local == local)?;
                match (param.default, param.kind) {
                    (Some(Default::None), _) => Some(ValueId::NONE),
                    (Some(Default::Bool(_) | Default::Int(_) | Default::Literal), _) => Some(ValueId::SCALAR),
                    (None, ParamKind::VarArgs | ParamKind::VarKwargs) => Some(ValueId::SCALAR),
                    _ => None,
                }
            }
            Origin::Closure(body, local) if body == instance.callee => {
                let crate::ir::LocalKind::Free(outer) = self.module.bodies[body.index()].locals[local.index()].kind
                else {
                    return None;
                };
                (self.function_around_body(body) == Some(self.id)).then(|| {
                    let value = self.state.locals[outer.index()];
                    if value == ValueId::BOTTOM { ValueId::UNKNOWN } else { value }
                })
            }
            Origin::Global(local) => {
                if self.id == BodyId(0) {
                    let value = self.state.locals[local.index()];
                    return (value != ValueId::BOTTOM).then_some(value);
                }
                Some(self.load_global(local))
            }
            _ => None,
        }
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

/// One call of a body.
struct Instance {
    callee: BodyId,
    actuals: Actuals,
    /// The callee's buffers and objects, and what stands for them in the caller.
    made: FxHashMap<BufId, BufId>,
    heap: Vec<(BufId, Content)>,
    depth: u8,
}

/// A run for the summary alone.
struct Quiet;

impl Observer for Quiet {}
