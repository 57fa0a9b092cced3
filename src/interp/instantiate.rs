//! What a callee's summary means at a call: its values, put in terms of what the caller passes.

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::gather::{Gathered, is_plain};
use super::machine::Machine;
use super::summary::Actuals;
use crate::domain::{
    Age, Array, BufId, Content, CopiedFrom, Evidence, Kinds, Origin, Owner, Region, Tri, Value, ValueId,
};
use crate::ir::{BodyId, Default, Local, ParamKind, Sym, Temp};
use crate::trace::EventKind;

/// The parts of a call's site that stand for the callee's allocations begin here.
pub(super) const FIRST_PART: u16 = 200;
/// More allocations than this in a returned value, and it is unknown.
const MAX_PARTS: u16 = 32;

/// One call of a body.
pub(super) struct Instance {
    callee: BodyId,
    actuals: Actuals,
    /// Does the body run later, when its elements are asked for?
    lazy: bool,
    /// The callee's buffers and objects, and what stands for them in the caller.
    made: FxHashMap<BufId, BufId>,
    /// In how many of the values handed out each allocation of the callee stands.
    counts: FxHashMap<BufId, u32>,
    heap: Vec<(BufId, Content)>,
    depth: u8,
    /// Does the callee return `None`, whatever happens?
    nothing: bool,
}

impl Instance {
    pub(super) fn new(
        callee: BodyId,
        actuals: Actuals,
        lazy: bool,
        heap: Vec<(BufId, Content)>,
        nothing: bool,
    ) -> Instance {
        let (made, counts) = (FxHashMap::default(), FxHashMap::default());
        Instance { callee, actuals, lazy, made, counts, heap, depth: 0, nothing }
    }

    /// What the parameters were passed.
    pub(super) fn passed_mut(&mut self) -> impl Iterator<Item = &mut ValueId> {
        self.actuals.passed.values_mut()
    }

    /// The temp that a parameter was passed in.
    pub(super) fn temp(&self, local: Local) -> Option<Temp> {
        self.actuals.temps.get(&local).copied()
    }

    /// Is the callee called for what it does, not for what it returns?
    pub(super) fn returns_nothing(&self) -> bool {
        self.nothing
    }

    /// Counts in how many of the values that the callee hands out each of its allocations stands.
    pub(super) fn count(
        &mut self,
        machine: &Machine<'_>,
        returned: &ValueId,
        stores: &[(BufId, Sym, ValueId)],
        rebinds: &[(Local, ValueId)],
    ) {
        let handed = stores.iter().map(|entry| entry.2).chain(rebinds.iter().map(|entry| entry.1));
        let contents =
            self.heap.iter().flat_map(|(_, content)| content.fixed.iter().map(|entry| entry.1).chain([content.rest]));
        let mut stack: Vec<ValueId> = handed.chain(contents).chain([*returned]).collect();
        while let Some(value) = stack.pop() {
            match machine.values.get(value) {
                Value::Array(array) => array.bufs.iter().for_each(|&buf| *self.counts.entry(buf).or_insert(0) += 1),
                Value::Tuple(items) => stack.extend(items),
                Value::TupleOf(item) | Value::Bound(item, _) => stack.push(*item),
                Value::Slice(a, b, c) => stack.extend([*a, *b, *c]),
                _ => {}
            }
        }
    }
}

impl<'a> Machine<'a> {
    /// A value of the callee that stands for one value at run time, in terms of the caller.
    pub(super) fn instantiate_one(&mut self, instance: &mut Instance, value: ValueId) -> ValueId {
        match self.values.get(value).clone() {
            Value::Array(array) => self.instantiate_array(instance, &array, true),
            Value::Tuple(items) => {
                let items = items.into_iter().map(|item| self.instantiate_one(instance, item)).collect();
                self.values.tuple(items)
            }
            _ => self.instantiate(instance, value),
        }
    }

    /// A value of the callee in terms of the caller.
    pub(super) fn instantiate(&mut self, instance: &mut Instance, value: ValueId) -> ValueId {
        match self.values.get(value).clone() {
            Value::Array(array) => self.instantiate_array(instance, &array, false),
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
        let many = self.many;
        self.many |= !self.buffers.get(object).single();
        let fixed = content.fixed.into_iter().map(|(key, value)| (key, self.instantiate(instance, value))).collect();
        let rest = self.instantiate(instance, content.rest);
        instance.depth -= 1;
        let part = FIRST_PART + instance.made.len() as u16;
        let value = self.new_object(part, Content { kind: content.kind, fixed, rest, exact: content.exact });
        if let Value::Ref(objects) = self.values.get(value) {
            instance.made.insert(object, objects[0]);
        }
        self.many = many;
        value
    }

    fn instantiate_array(&mut self, instance: &mut Instance, array: &Array, one: bool) -> ValueId {
        // The parameter's own value, unchanged: the very object that was passed.
        if let ([buf], true) = (&array.bufs[..], array.entry)
            && let Some(passed) = self.passed(instance, *buf)
        {
            return passed;
        }
        let mut gathered = Gathered {
            bufs: SmallVec::new(),
            unknown: array.unknown,
            lies: array.lies,
            kinds: array.kinds,
            evidence: array.evidence,
        };
        let mut held = false;
        let mut from_arguments = true;
        let mut singly = true;
        let mut all_alone = true;
        let mut writeable = array.writeable;
        // Allocations that the callee hands out in this value and nowhere else need not be told apart: the value lies in
        // one of them, whichever it is, and that one is the call's.
        let mut solo = None;
        for &buf in &array.bufs {
            if let Origin::Alloc(_, age) = self.buffers.get(buf).origin {
                from_arguments = false;
                let alone = one && instance.counts.get(&buf) == Some(&1);
                let made = match instance.made.get(&buf).copied().or(if alone { solo } else { None }) {
                    Some(made) => {
                        let like = self.buffers.get(buf).clone();
                        let new = self.buffers.get_mut(made);
                        (new.blank, new.size) = (new.blank && like.blank, new.size.filter(|&n| like.size == Some(n)));
                        made
                    }
                    None if instance.made.len() >= usize::from(MAX_PARTS) => {
                        gathered.unknown = true;
                        continue;
                    }
                    None => {
                        // A generator makes another one for each element.
                        let many = self.many;
                        self.many |= instance.lazy;
                        let made = self.alloc(FIRST_PART + instance.made.len() as u16);
                        self.many = many;
                        let like = self.buffers.get(buf).clone();
                        let new = self.buffers.get_mut(made);
                        (new.blank, new.size) = (like.blank, like.size);
                        // What it was copied from is the callee's affair; that it is a copy concerns the caller.
                        let copied = |from: CopiedFrom| CopiedFrom { source: ValueId::UNKNOWN, ..from };
                        new.copied_from = like.copied_from.map(copied);
                        self.emit(EventKind::Made { buf: made });
                        made
                    }
                };
                instance.made.insert(buf, made);
                if alone {
                    solo = Some(made);
                }
                singly &= (age == Age::Recent || alone) && self.buffers.get(made).single();
                all_alone &= alone;
                gathered.bufs.push(made);
                continue;
            }
            all_alone = false;
            writeable = writeable.join(Tri::May);
            let named = self.is_named_rest(buf);
            let Some(passed) = self.passed(instance, buf) else {
                gathered.unknown = true;
                continue;
            };
            match self.values.get(passed) {
                Value::Array(passed) => gathered.array(passed, !named),
                value if is_plain(value) => {
                    gathered.lies = false;
                    // What is made an array of a number has memory of its own: `x[...]`.
                    if array.kinds.meets(Kinds::ARRAY) && instance.made.len() < usize::from(MAX_PARTS) {
                        let made = self.alloc(FIRST_PART + instance.made.len() as u16);
                        instance.made.insert(made, made);
                        gathered.bufs.push(made);
                    }
                }
                Value::Tuple(_) | Value::TupleOf(_) | Value::Ref(_) => {
                    // An element of what was passed.
                    let element = self.iterate(passed, crate::trace::How::Element);
                    gathered.lies = false;
                    // Or the container, or instance, itself.
                    held = true;
                    match self.values.get(element) {
                        Value::Array(passed) => {
                            gathered.bufs.extend(passed.bufs.iter().copied());
                            gathered.unknown |= passed.unknown;
                        }
                        _ => gathered.unknown = true,
                    }
                }
                _ => gathered.unknown = true,
            }
        }
        gathered.lies = singly && (gathered.lies || all_alone && !array.bufs.is_empty());
        gathered.settle();
        let Gathered { bufs, unknown, lies, mut kinds, evidence } = gathered;
        if held {
            kinds = kinds.union(Kinds::CONTAINER).union(Kinds::OTHER).union(Kinds::FOREIGN);
        }
        let mut result = Array {
            kinds,
            evidence,
            lies,
            bufs,
            unknown,
            region: if array.region == Region::Whole && !from_arguments { Region::Whole } else { Region::Any },
            writeable,
            entry: false,
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

    /// Is it the memory of a `**kwargs`: of the values of a dict?
    fn is_named_rest(&self, buf: BufId) -> bool {
        let Origin::Param(body, local) = self.buffers.get(buf).origin else { return false };
        let params = &self.module.bodies[body.index()].params;
        params.iter().any(|param| param.local == local && param.kind == ParamKind::VarKwargs)
    }

    /// What stands behind an entry buffer of the callee, in the caller.
    pub(super) fn passed(&mut self, instance: &Instance, buf: BufId) -> Option<ValueId> {
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
            Origin::Attr(object, name) if !instance.lazy => {
                let receiver = self.passed(instance, object)?;
                match self.values.get(receiver).clone() {
                    Value::Ref(objects) if self.are_instances(&objects) => {
                        Some(self.instance_attribute(&objects, receiver, name))
                    }
                    Value::Array(array) if !self.entry_objects(&array).is_empty() => {
                        Some(self.object_attribute(&array, name))
                    }
                    _ => None,
                }
            }
            Origin::Closure(body, local) if body == instance.callee && !instance.lazy => {
                let crate::ir::LocalKind::Free(outer) = self.module.bodies[body.index()].locals[local.index()].kind
                else {
                    return None;
                };
                (self.function_around_body(body) == Some(self.id)).then(|| {
                    let value = self.state.locals[outer.index()];
                    if value == ValueId::BOTTOM { ValueId::UNKNOWN } else { value }
                })
            }
            Origin::Constant(_) => {
                // Whether equal constants of two functions are one object is the compiler's affair.
                let array = Array { lies: false, ..Array::within(buf, Kinds::ARRAY, Evidence::Certain) };
                Some(self.values.make(array))
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
}
