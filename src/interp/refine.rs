//! What a branch's condition says about the names in it.

use super::known::Builtin;
use super::machine::Machine;
use crate::domain::{Array, Dtype, Evidence, Kinds, Shape, State, Tri, Value, ValueId};
use crate::ir::{CmpOp, Cond, Local, OpKind, Temp, UnaryOp};
use crate::model::RowId;

impl<'a> Machine<'a> {
    /// Refines the state to the case that the condition holds (or does not). False: it cannot.
    pub(crate) fn refine(&mut self, state: &mut State, cond: &Cond, holds: bool) -> bool {
        match cond {
            Cond::Unknown => true,
            Cond::Truthy(temp) => self.refine_truth(state, *temp, holds),
            Cond::IsNone(temp) => self.refine_none(state, *temp, holds),
            Cond::IsInstance(temp, types) => self.refine_instance(state, *temp, *types, holds),
            Cond::Compare(op, left, right) => self.refine_compare(state, *op, *left, *right, holds),
        }
    }

    /// What the test of a conditional expression certainly comes out as. Only where everything is wanted that can be known.
    pub(crate) fn chosen(&mut self, test: Temp) -> Option<bool> {
        if !self.thorough {
            return None;
        }
        let (cond, negated) = match self.def(test) {
            Some(OpKind::Unary(UnaryOp::Not, inner)) => (Cond::Truthy(*inner), true),
            Some(OpKind::Compare(op @ (CmpOp::Is | CmpOp::IsNot), value, none))
                if self.temp(*none) == ValueId::NONE =>
            {
                (Cond::IsNone(*value), *op == CmpOp::IsNot)
            }
            Some(OpKind::Compare(op, left, right)) => (Cond::Compare(*op, *left, *right), false),
            _ => (Cond::Truthy(test), false),
        };
        let mut state = self.state.clone();
        let can_hold = self.refine(&mut state, &cond, true);
        let mut state = self.state.clone();
        let can_fail = self.refine(&mut state, &cond, false);
        (can_hold != can_fail).then_some(can_hold != negated)
    }

    /// The local whose value the temp is, if its value has not changed since.
    fn loaded(&self, state: &State, temp: Temp) -> Option<Local> {
        match self.def(temp) {
            Some(OpKind::Load(local)) if state.locals[local.index()] == self.temp(temp) => Some(*local),
            _ => None,
        }
    }

    fn refine_truth(&mut self, state: &mut State, temp: Temp, holds: bool) -> bool {
        match self.values.get(self.temp(temp)).clone() {
            Value::Bool(Some(known)) => return known == holds,
            Value::None => return !holds,
            Value::Int(Some(known)) => return (known != 0) == holds,
            Value::Array(array) if holds && array.kinds.meets(Kinds::NONE) => {
                if let Some(local) = self.loaded(state, temp) {
                    let kinds = array.kinds.without(Kinds::NONE);
                    return self.set_kinds(state, local, &array, kinds);
                }
            }
            _ => {}
        }
        // `if x.flags.c_contiguous`, `if x.flags["WRITEABLE"]`
        let (obj, name) = match self.def(temp) {
            Some(OpKind::Attr(obj, name)) => (*obj, *name),
            Some(OpKind::Index(obj, name)) => match self.values.get(self.temp(*name)) {
                Value::Str(Some(name)) => (*obj, *name),
                _ => return true,
            },
            _ => return true,
        };
        let Some(OpKind::Attr(object, flags)) = self.def(obj) else { return true };
        let Value::Array(mut array) = self.values.get(self.temp(*object)).clone() else { return true };
        if self.name(*flags) != "flags" {
            return true;
        }
        let certain = array.certain();
        let flag = match self.name(name) {
            "c_contiguous" | "contiguous" | "C_CONTIGUOUS" | "C" => &mut array.c,
            "f_contiguous" | "F_CONTIGUOUS" | "F" => &mut array.f,
            "writeable" | "WRITEABLE" | "W" => &mut array.writeable,
            _ => return true,
        };
        if certain && *flag != Tri::May {
            return flag.must() == holds;
        }
        *flag = Tri::of(holds);
        if let Some(local) = self.loaded(state, *object) {
            state.locals[local.index()] = self.values.make(array);
        }
        true
    }

    fn refine_none(&mut self, state: &mut State, temp: Temp, holds: bool) -> bool {
        let value = self.temp(temp);
        let kinds = self.values.kinds(value);
        if holds && !kinds.meets(Kinds::NONE) || !holds && value == ValueId::NONE {
            return value == ValueId::BOTTOM;
        }
        let Some(local) = self.loaded(state, temp) else { return true };
        if holds {
            state.locals[local.index()] = ValueId::NONE;
        } else if let Value::Array(array) = self.values.get(value).clone() {
            return self.set_kinds(state, local, &array, kinds.without(Kinds::NONE));
        }
        true
    }

    /// Narrows what a local may be. False: nothing is left.
    fn set_kinds(&mut self, state: &mut State, local: Local, array: &Array, kinds: Kinds) -> bool {
        if kinds.without(kinds.warnings()) == Kinds(0) {
            return false;
        }
        let before = array.kinds;
        let mut array = Array { kinds, ..array.clone() };
        // (What was left to be an array before is none by this test.)
        if kinds == Kinds::ARRAY && before != Kinds::ARRAY && array.evidence == Evidence::None {
            array.evidence = Evidence::Likely;
        }
        state.locals[local.index()] = self.values.make(array);
        true
    }

    fn refine_instance(&mut self, state: &mut State, temp: Temp, types: Temp, holds: bool) -> bool {
        let kinds = self.values.kinds(self.temp(temp));
        let Some(tested) = self.type_kinds(self.temp(types)) else { return true };
        let Some(local) = self.loaded(state, temp) else { return true };
        let value = state.locals[local.index()];
        match self.values.get(value).clone() {
            Value::Unknown if holds && tested.kinds == Kinds::ARRAY => {
                state.locals[local.index()] = self.values.make(Array::unknown(Kinds::ARRAY, Evidence::Certain));
                true
            }
            Value::Unknown if holds && tested.slice => {
                let any = ValueId::UNKNOWN;
                state.locals[local.index()] = self.values.intern(Value::Slice(any, any, any));
                true
            }
            Value::Array(_) if holds && tested.slice => {
                let any = ValueId::UNKNOWN;
                state.locals[local.index()] = self.values.intern(Value::Slice(any, any, any));
                kinds.meets(Kinds::OTHER)
            }
            Value::Array(_) if holds && tested.int => {
                state.locals[local.index()] = self.values.int(None);
                kinds.meets(Kinds::SCALAR)
            }
            Value::Array(mut array) => {
                if holds {
                    let foreign = array.kinds.warnings();
                    let left = Kinds(array.kinds.0 & tested.kinds.0);
                    let left =
                        if left.meets(Kinds::CONTAINER.union(Kinds::OTHER)) { left.union(foreign) } else { left };
                    if left == Kinds::ARRAY {
                        array.evidence = Evidence::Certain;
                    }
                    self.set_kinds(state, local, &array, left)
                } else {
                    self.set_kinds(state, local, &array, array.kinds.without(tested.whole))
                }
            }
            _ => true,
        }
    }

    /// What `isinstance(x, types)` says of x.
    fn type_kinds(&self, types: ValueId) -> Option<Tested> {
        let one = |kinds: Kinds, whole: Kinds| Some(Tested { kinds, whole, slice: false, int: false });
        match self.values.get(types) {
            Value::Row(row) if &*self.model.row(RowId(*row)).name == "numpy.ndarray" => one(Kinds::ARRAY, Kinds::ARRAY),
            Value::Module(path) if self.paths.text(*path) == "numpy.ndarray" => one(Kinds::ARRAY, Kinds::ARRAY),
            Value::Module(path) if self.paths.text(*path).starts_with("numpy.ma") => one(Kinds::ARRAY, Kinds(0)),
            Value::Builtin(name) => match self.known.builtin(*name)? {
                Builtin::List | Builtin::Tuple | Builtin::Dict | Builtin::Set => one(Kinds::CONTAINER, Kinds(0)),
                Builtin::Slice => Some(Tested { kinds: Kinds::OTHER, whole: Kinds(0), slice: true, int: false }),
                Builtin::Int => Some(Tested { kinds: Kinds::SCALAR, whole: Kinds(0), slice: false, int: true }),
                Builtin::Float | Builtin::Complex | Builtin::Str | Builtin::Bool | Builtin::Bytes => {
                    one(Kinds::SCALAR, Kinds(0))
                }
                _ => None,
            },
            Value::Tuple(items) => {
                let mut joined = Tested { kinds: Kinds(0), whole: Kinds(0), slice: false, int: false };
                for item in items {
                    let more = self.type_kinds(*item)?;
                    joined.kinds = joined.kinds.union(more.kinds);
                    joined.whole = joined.whole.union(more.whole);
                }
                Some(joined)
            }
            _ => None,
        }
    }

    fn refine_compare(&mut self, state: &mut State, op: CmpOp, left: Temp, right: Temp, holds: bool) -> bool {
        let equal = match op {
            CmpOp::Eq | CmpOp::Is => holds,
            CmpOp::NotEq | CmpOp::IsNot => !holds,
            _ => return self.refine_order(state, op, left, right, holds),
        };
        match (self.values.get(self.temp(left)), self.values.get(self.temp(right))) {
            (Value::Int(Some(a)), Value::Int(Some(b))) => return (a == b) == equal,
            (Value::Str(Some(a)), Value::Str(Some(b))) => return (a == b) == equal,
            // `x.dtype == float`
            (Value::Dtype(a @ Dtype::Exact(..)), _) => {
                if let Some(b @ Dtype::Exact(..)) = self.dtype_value(self.temp(right)) {
                    return (*a == b) == equal;
                }
            }
            _ => {}
        }
        if !equal {
            return true;
        }
        // `x.ndim == 2`, `len(x.shape) == 2`
        let Value::Int(Some(n)) = *self.values.get(self.temp(right)) else { return true };
        let Some(OpKind::Attr(obj, name)) = self.def(left) else { return true };
        if self.name(*name) != "ndim" {
            return true;
        }
        self.refine_ndim(state, *obj, n)
    }

    fn refine_ndim(&mut self, state: &mut State, obj: Temp, n: i64) -> bool {
        let Some(local) = self.loaded(state, obj) else { return true };
        let Value::Array(mut array) = self.values.get(state.locals[local.index()]).clone() else { return true };
        if !(0..=32).contains(&n) {
            return true;
        }
        if let Some(ndim) = array.ndim() {
            return ndim == n as usize || !array.certain();
        }
        array.set_shape(Some(Shape::from_elem(-1, n as usize)));
        if n > 0 && array.kinds.meets(Kinds::ARRAY.union(Kinds::OTHER)) {
            // A number of NumPy has no axes.
            array.kinds = array.kinds.without(Kinds::SCALAR);
        }
        state.locals[local.index()] = self.values.make(array);
        true
    }

    fn refine_order(&mut self, state: &mut State, op: CmpOp, left: Temp, right: Temp, holds: bool) -> bool {
        let (Value::Int(Some(a)), Value::Int(Some(b))) =
            (self.values.get(self.temp(left)), self.values.get(self.temp(right)))
        else {
            self.refine_axes(state, op, left, right, holds);
            return true;
        };
        let truth = match op {
            CmpOp::Lt => a < b,
            CmpOp::LtE => a <= b,
            CmpOp::Gt => a > b,
            CmpOp::GtE => a >= b,
            _ => return true,
        };
        truth == holds
    }
}

impl<'a> Machine<'a> {
    /// `x.ndim > 1`: then it is no number, which has no axes.
    fn refine_axes(&mut self, state: &mut State, op: CmpOp, left: Temp, right: Temp, holds: bool) {
        let Value::Int(Some(n)) = *self.values.get(self.temp(right)) else { return };
        let some = match (op, holds) {
            (CmpOp::Gt, true) | (CmpOp::LtE, false) => n >= 0,
            (CmpOp::GtE, true) | (CmpOp::Lt, false) => n >= 1,
            _ => false,
        };
        let Some(OpKind::Attr(obj, name)) = self.def(left) else { return };
        if !some || self.name(*name) != "ndim" {
            return;
        }
        let Some(local) = self.loaded(state, *obj) else { return };
        let Value::Array(mut array) = self.values.get(state.locals[local.index()]).clone() else { return };
        if array.kinds.meets(Kinds::ARRAY.union(Kinds::OTHER)) {
            array.kinds = array.kinds.without(Kinds::SCALAR);
            state.locals[local.index()] = self.values.make(array);
        }
    }
}

/// What a class or tuple of classes, as the second argument of `isinstance`, stands for.
struct Tested {
    /// What an instance may be.
    kinds: Kinds,
    /// Kinds of which all values are instances.
    whole: Kinds,
    /// Just `slice`.
    slice: bool,
    /// Just `int`.
    int: bool,
}
