//! Operators: what `+`, `==`, `-x` and `+=` make of arrays, numbers and containers.

use smallvec::SmallVec;

use super::machine::Machine;
use crate::domain::{Array, Content, Dtype, Evidence, Kinds, ObjectKind, Owner, Tri, Value, ValueId};
use crate::ir::{BinOp, OpKind, Temp};
use crate::trace::{EventKind, How, Repeat, WriteHow};

impl<'a> Machine<'a> {
    /// A binary operator on values.
    pub(crate) fn operate(&mut self, operator: BinOp, left: ValueId, right: ValueId) -> ValueId {
        match (self.values.get(left).clone(), self.values.get(right).clone()) {
            (Value::Int(a), Value::Int(b)) if operator != BinOp::Div => {
                let value = match (operator, a, b) {
                    (BinOp::Add, Some(a), Some(b)) => a.checked_add(b),
                    (BinOp::Sub, Some(a), Some(b)) => a.checked_sub(b),
                    (BinOp::Mult, Some(a), Some(b)) => a.checked_mul(b),
                    (BinOp::FloorDiv, Some(a), Some(b)) if b > 0 => Some(a.div_euclid(b)),
                    (BinOp::Mod, Some(a), Some(b)) if b > 0 => Some(a.rem_euclid(b)),
                    _ => None,
                };
                // `2 ** -1` is a float; nothing depends on it.
                self.values.int(value)
            }
            (Value::Str(_), _) => self.values.intern(Value::Str(None)),
            (Value::Tuple(a), Value::Tuple(b)) if operator == BinOp::Add => {
                let items = a.into_iter().chain(b).collect();
                self.values.tuple(items)
            }
            (Value::Tuple(a), Value::Int(Some(n))) if operator == BinOp::Mult && (0..=8).contains(&n) => {
                let items = a.iter().copied().cycle().take(a.len() * n as usize).collect();
                let element = self.values.join_all(a);
                let repeated = self.values.tuple(items);
                if n > 1 {
                    self.repeated(element, repeated, Repeat::Times);
                }
                repeated
            }
            (Value::Tuple(_) | Value::TupleOf(_), Value::Tuple(_) | Value::TupleOf(_) | Value::Int(_)) => {
                let (x, y) = (self.iterate(left, How::Element), self.iterate(right, How::Element));
                let item = if matches!(self.values.get(right), Value::Int(_)) { x } else { self.values.join(x, y) };
                self.values.tuple_of(item)
            }
            (Value::Ref(objects), other) | (other, Value::Ref(objects))
                if matches!(operator, BinOp::Add | BinOp::Mult)
                    && (matches!(other, Value::Ref(_) | Value::Int(_))
                        || operator == BinOp::Mult && self.is_repeatable(&objects, &other))
                    && self.are_lists(&objects) =>
            {
                let mut element = self.elements(&objects);
                let repeats = operator == BinOp::Mult && !matches!(other, Value::Ref(_) | Value::Int(Some(0 | 1)));
                let single = element;
                let empty =
                    |m: &Self, value| matches!(m.values.get(value), Value::Ref(lists) if m.is_empty_list(lists));
                match &other {
                    Value::Ref(others) => {
                        let more = self.elements(others);
                        element = self.values.join(element, more);
                    }
                    Value::Int(_) => {}
                    // Were the number an array, this would be an array, too (and an empty one, of an empty list).
                    _ if element != ValueId::NONE && !empty(self, element) => {
                        element = self.values.join(element, ValueId::UNKNOWN)
                    }
                    _ => {}
                }
                let list = self.new_sequence(ObjectKind::List, element);
                if repeats {
                    self.repeated(single, list, Repeat::Times);
                }
                list
            }
            (Value::Ref(objects), _) | (_, Value::Ref(objects)) if self.may_be_instance(&objects) => {
                self.havoc(left);
                self.havoc(right);
                self.disturb();
                ValueId::UNKNOWN
            }
            _ => {
                let dtype = match operator {
                    BinOp::Div => Some(self.true_division(left, right)),
                    _ => None,
                };
                if operator == BinOp::MatMult {
                    return self.matmul(left, right);
                }
                let value = self.elementwise(&[left, right], dtype);
                let (a, b) = (self.values.kinds(left), self.values.kinds(right));
                let sequences = match operator {
                    BinOp::Add => a.meets(Kinds::CONTAINER) && b.meets(Kinds::CONTAINER),
                    BinOp::Mult => {
                        a.meets(Kinds::CONTAINER) && b.meets(Kinds::SCALAR)
                            || b.meets(Kinds::CONTAINER) && a.meets(Kinds::SCALAR)
                    }
                    _ => false,
                };
                match self.values.get(value).clone() {
                    Value::Array(mut array) if sequences && !array.certain() => {
                        // Lists put together hold what they held.
                        array.kinds = array.kinds.union(Kinds::CONTAINER).union(Kinds::FOREIGN);
                        self.values.make(array)
                    }
                    _ => value,
                }
            }
        }
    }

    /// Operators that lists, tuples, dicts and sets do not have with a Python number.
    pub(crate) fn needs_array(&mut self, operator: BinOp, operand: Temp, other: ValueId) {
        let number = matches!(self.values.get(other), Value::Int(Some(_)) | Value::Bool(Some(_)));
        if number && operator != BinOp::Mult {
            self.is_operand(operand);
        }
    }

    /// Does the list, times something that is no number for certain, most likely give a longer list?
    fn is_repeatable(&mut self, objects: &[crate::domain::BufId], count: &Value) -> bool {
        let element = self.elements(objects);
        let number = match count {
            Value::Array(array) => array.evidence == Evidence::None && array.kinds.meets(Kinds::SCALAR),
            Value::Unknown | Value::Scalar | Value::Complex | Value::Number => true,
            _ => false,
        };
        element == ValueId::NONE || number && self.has_memory(element)
    }

    /// Tells that one thing was put somewhere several times.
    pub(crate) fn repeated(&mut self, element: ValueId, into: ValueId, how: Repeat) {
        if self.recording && self.has_memory(element) {
            self.emit(EventKind::Repeated { element, into, how });
        }
    }

    fn are_lists(&self, objects: &[crate::domain::BufId]) -> bool {
        let contents = self.contents(objects);
        contents.len() == objects.len()
            && contents.iter().all(|(_, id)| self.values.content(*id).kind == ObjectKind::List)
    }

    fn true_division(&mut self, left: ValueId, right: ValueId) -> Dtype {
        match self.promoted(&[left, right]) {
            Dtype::Exact(b'i' | b'u' | b'b', _) | Dtype::Kind(b'i' | b'u' | b'b') => Dtype::Kind(b'f'),
            dtype => dtype,
        }
    }

    fn matmul(&mut self, left: ValueId, right: ValueId) -> ValueId {
        let (kinds, evidence) = self.result_kinds(&[left, right]);
        if kinds == Kinds::SCALAR {
            return ValueId::SCALAR;
        }
        let ndims = [left, right].map(|value| self.values.array(value).and_then(Array::ndim));
        let shape = match ndims {
            [Some(a), Some(b)] if a >= 2 && b >= 2 => Some(SmallVec::from_elem(-1, a.max(b))),
            [Some(a), Some(1)] if a >= 2 => Some(SmallVec::from_elem(-1, a - 1)),
            [Some(1), Some(b)] if b >= 2 => Some(SmallVec::from_elem(-1, b - 1)),
            _ => None,
        };
        let kinds = if shape.is_some() { kinds.without(Kinds::SCALAR) } else { kinds.union(Kinds::SCALAR) };
        self.fresh(0, kinds, evidence, |array| {
            array.set_shape(shape);
            array.owner = Owner::Either;
        })
    }

    /// What an elementwise operation on these gives in kind: an array if one of them certainly is one of at least one
    /// dimension, a scalar if all are.
    pub(crate) fn result_kinds(&self, operands: &[ValueId]) -> (Kinds, Evidence) {
        let mut kinds = Kinds(0);
        let mut evidence = Evidence::None;
        let mut array = false;
        let mut other = false;
        for &operand in operands {
            let mine = self.values.kinds(operand);
            kinds = kinds.union(mine);
            if let Some(value) = self.values.array(operand) {
                evidence = evidence.max(value.evidence);
                if value.certain() {
                    kinds = kinds.without(Kinds::NONE);
                    array |= value.ndim().is_some_and(|n| n > 0);
                }
            }
            other |= mine.meets(Kinds::OTHER) || mine == Kinds(0);
        }
        if kinds.without(Kinds::NONE) == Kinds::SCALAR {
            return (Kinds::SCALAR, evidence);
        }
        let certain = operands.iter().any(|&op| self.values.array(op).is_some_and(Array::certain));
        if certain && !other {
            let kinds = if array { Kinds::ARRAY } else { Kinds::ARRAY.union(Kinds::SCALAR) };
            return (kinds, evidence);
        }
        if certain && array {
            // An object with operators of its own may take over.
            return (Kinds::ARRAY.union(Kinds::OTHER).union(kinds.warnings()), evidence);
        }
        (Kinds::LIKE.union(kinds.warnings()), evidence)
    }

    /// An elementwise operation: a fresh array (or a scalar) of the operands' broadcast shape.
    pub(crate) fn elementwise(&mut self, operands: &[ValueId], dtype: Option<Dtype>) -> ValueId {
        let (kinds, evidence) = self.result_kinds(operands);
        if kinds == Kinds::SCALAR {
            return ValueId::SCALAR;
        }
        let dtype = dtype.unwrap_or_else(|| self.promoted(operands));
        let shape = self.broadcast(operands);
        let (c, f) = self.dense_order(operands);
        let strides = self.computed_strides(operands);
        self.fresh(0, kinds, evidence, |array| {
            array.set_shape(shape);
            array.dtype = dtype;
            (array.c, array.f) = (c, f);
            if array.ndim().is_some_and(|n| n <= 1) {
                (array.c, array.f) = (Tri::Must, Tri::Must);
            }
            if strides.is_some() && array.kinds == Kinds::ARRAY {
                array.set_layout(array.shape.clone(), strides);
            }
            array.owner = Owner::Owner;
        })
    }

    /// A comparison: like arithmetic, but of bools.
    pub(crate) fn comparison(&mut self, left: ValueId, right: ValueId) -> ValueId {
        let kinds = self.values.kinds(left).union(self.values.kinds(right));
        if !kinds.meets(Kinds::ARRAY.union(Kinds::OTHER)) {
            return self.values.intern(Value::Bool(None));
        }
        self.elementwise(&[left, right], Some(Dtype::BOOL))
    }

    /// `target op= value`: the result of the operator; the store back is a separate op.
    pub(crate) fn in_place(&mut self, operator: BinOp, target: Temp, operand: Temp) -> ValueId {
        self.read(operand, crate::trace::ReadHow::Operand);
        self.needs_array(operator, target, self.temp(operand));
        let (value, other) = (self.temp(target), self.temp(operand));
        match self.values.get(value).clone() {
            Value::Array(array) if array.kinds.meets(Kinds::ARRAY) => {
                self.write_augmented(target, value);
                if array.certain() {
                    return value;
                }
                let mut result = array.clone();
                let others = self.values.kinds(other);
                let held = others.meets(Kinds::ARRAY.union(Kinds::CONTAINER).union(Kinds::OTHER));
                if !matches!(operator, BinOp::Add | BinOp::Mult) {
                    result.kinds = result.kinds.without(Kinds::CONTAINER);
                } else if operator == BinOp::Add && held && array.kinds.meets(Kinds::CONTAINER) {
                    // A list is extended: its elements may come from elsewhere now.
                    self.taint(&array);
                    result.kinds = result.kinds.union(Kinds::FOREIGN);
                }
                result.kinds = result.kinds.without(Kinds::NONE);
                result.entry = false;
                let same = self.values.make(result);
                let converts = Kinds::SCALAR.union(Kinds::OTHER).union(Kinds::CONTAINER);
                if array.kinds.meets(converts) && others.meets(Kinds::ARRAY) {
                    // A number plus an array is a new array.
                    let fresh = self.elementwise(&[value, other], Some(Dtype::Unknown));
                    let either = self.values.join(same, fresh);
                    return match self.values.get(either).clone() {
                        // What spoke for an array before the operator speaks for one after it.
                        Value::Array(mut either) => {
                            either.evidence = either.evidence.max(array.evidence);
                            self.values.make(either)
                        }
                        _ => either,
                    };
                }
                same
            }
            Value::Ref(objects) if operator == BinOp::Add => {
                self.escape_elements(operand, value);
                let more = self.iterate(other, How::Element);
                self.update(&objects, |m, content: &mut Content| {
                    let all: Vec<_> = content.fixed.drain(..).map(|(_, v)| v).collect();
                    content.rest = all.into_iter().fold(content.rest, |rest, v| m.values.join(rest, v));
                    content.rest = m.values.join(content.rest, more);
                    content.exact = false;
                });
                value
            }
            Value::Unknown => ValueId::UNKNOWN,
            Value::Ref(_) | Value::Module(_) | Value::Bound(..) => ValueId::UNKNOWN,
            _ => self.operate(operator, value, other),
        }
    }

    /// The write of an augmented assignment. Where the target is an item or attribute of an array, the store back tells
    /// of it; where it is an item of a tuple, the store back raises, after the array was changed.
    fn write_augmented(&mut self, target: Temp, value: ValueId) {
        let how = match self.def(target) {
            Some(OpKind::Index(obj, _)) => match self.values.get(self.temp(*obj)) {
                Value::Tuple(_) | Value::TupleOf(_) => WriteHow::TupleItem,
                Value::Ref(_) => WriteHow::Augmented,
                _ => return,
            },
            _ => WriteHow::Augmented,
        };
        self.write(target, value, how);
    }
}
