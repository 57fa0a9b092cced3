//! Arrays of NumPy's subclasses with ways of their own, `MaskedArray` and `matrix`. What is made of them lies in the memory
//! that the rows of `ndarray` say, but in other shapes (a row of a matrix has two dimensions), owned otherwise (a copy of
//! a masked array is a view of the copied data), and where those give a number may come `np.ma.masked`, an array.

use super::machine::Machine;
use crate::domain::{Array, Kinds, Owner, Tri, Value, ValueId};
use crate::ir::{Op, OpKind, Temp};

/// Unless it has dimensions, what is there may be `np.ma.masked`: one object for all, read-only.
fn may_be_masked(array: &mut Array) {
    if array.ndim().is_none_or(|ndim| ndim == 0) {
        array.unknown = true;
        array.writeable = Tri::May;
    }
}

impl<'a> Machine<'a> {
    /// The result of a row that says `subclass`; `or_masked`: or the place of a number.
    pub(crate) fn subclass_result(&mut self, value: ValueId, or_masked: bool) -> ValueId {
        self.subclasses = true;
        match self.values.get(value).clone() {
            Value::Array(mut array) => {
                array.kinds = array.kinds.union(Kinds::LIKE).union(Kinds::PECULIAR);
                array.entry = false;
                if or_masked {
                    may_be_masked(&mut array);
                }
                self.values.make(array)
            }
            Value::Tuple(_) | Value::TupleOf(_) | Value::Ref(_) => value,
            _ => ValueId::UNKNOWN,
        }
    }

    /// What an op gives, where one of its operands is an array of such a subclass.
    pub(crate) fn of_subclass(&mut self, op: &'a Op, value: ValueId) -> ValueId {
        let (mut numbers, mut peculiar) = (true, false);
        let mut look = |temp: Temp| peculiar |= self.values.kinds(self.temps[temp.index()]).has(Kinds::PECULIAR);
        match &op.kind {
            OpKind::Attr(obj, _) => {
                numbers = false;
                look(*obj);
            }
            OpKind::Index(obj, _) | OpKind::Unary(_, obj) | OpKind::Iterate(obj) => look(*obj),
            OpKind::InPlace(_, left, right) | OpKind::Binary(_, left, right) | OpKind::Compare(_, left, right) => {
                look(*left);
                look(*right);
            }
            OpKind::Call(_, args) => args.iter().for_each(|arg| look(arg.value)),
            OpKind::Method { obj, args, .. } => {
                look(*obj);
                args.iter().for_each(|arg| look(arg.value));
            }
            _ => return value,
        }
        if !peculiar {
            return value;
        }
        match self.values.get(value).clone() {
            Value::Array(array) => {
                let kinds = array.kinds.union(Kinds::LIKE).union(Kinds::PECULIAR);
                let mut array = Array { kinds, owner: Owner::Either, entry: false, ..array };
                may_be_masked(&mut array);
                array.forget_layout();
                self.values.make(array)
            }
            Value::Scalar | Value::Float | Value::Bool(_) if numbers => ValueId::UNKNOWN,
            _ => value,
        }
    }
}
