//! Arrays of NumPy's subclasses with ways of their own, `MaskedArray` and `matrix`. What is made of them lies in the memory
//! that the rows of `ndarray` say, but in other shapes (a row of a matrix has two dimensions), owned otherwise (a copy of
//! a masked array is a view of the copied data), and where those give a number may come `np.ma.masked`, an array.

use super::call::{Args, Call};
use super::machine::Machine;
use crate::domain::{Array, Kinds, Owner, Subclass, Tri, Value, ValueId};
use crate::ir::{Op, OpKind, Sym, Temp};
use crate::model::{self, ResultRule, RowId, RowKind};
use crate::trace::How;

/// Unless it has dimensions, what is there may be `np.ma.masked`: one object for all, read-only.
fn may_be_masked(array: &mut Array) {
    if array.ndim().is_none_or(|ndim| ndim == 0) {
        array.unknown = true;
        array.writeable = Tri::May;
    }
}

impl<'a> Machine<'a> {
    /// Results that are no plain arrays: of a subclass with methods of its own, so that what the rows of `ndarray` say
    /// holds perhaps; and the functions of polynomials give a `poly1d` where they are given one.
    pub(crate) fn peculiar(&mut self, call: &Call<'a>, result: ValueId) -> ValueId {
        if let Some(subclass) = call.row.subclass {
            let number = call.row.zero_dim_scalar || call.row.result == ResultRule::FreshOrScalar;
            return self.subclass_result(result, subclass, number);
        }
        if !call.row.name.starts_with("numpy.poly") {
            return result;
        }
        let other = call.slots.iter().flatten().any(|slot| self.values.kinds(slot.0).meets(Kinds::OTHER));
        if other { self.loosen(result, Kinds::LIKE) } else { result }
    }

    /// The result of a row that says `subclass`; `or_masked`: or the place of a number.
    pub(crate) fn subclass_result(&mut self, value: ValueId, said: model::Subclass, or_masked: bool) -> ValueId {
        self.subclasses = true;
        match self.values.get(value).clone() {
            Value::Array(mut array) => {
                array.subclass = match said {
                    model::Subclass::Some => Subclass::Unknown,
                    model::Subclass::Masked => Subclass::Masked,
                    model::Subclass::Matrix => Subclass::Matrix,
                };
                let sure = array.certain() && said != model::Subclass::Some;
                let kinds = if sure { Kinds::ARRAY } else { array.kinds.union(Kinds::LIKE) };
                array.kinds = kinds.union(Kinds::PECULIAR);
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

    /// The row of a method or attribute that the array's subclass has in its own way.
    fn own_row(&self, kind: RowKind, array: &Array, name: Sym) -> Option<RowId> {
        let class = match array.subclass {
            Subclass::Unknown => return None,
            Subclass::Masked => "MaskedArray",
            Subclass::Matrix => "matrix",
        };
        // Where it may be something else besides, that something may have other ways.
        let like = |kinds: Kinds| array.kinds == kinds.union(Kinds::PECULIAR);
        let full = (like(Kinds::LIKE) || like(Kinds::ARRAY)).then(|| format!("{class}.{}", self.name(name)))?;
        if kind == RowKind::Method { self.model.method(&full) } else { self.model.attribute(&full) }
    }

    /// `obj.name(args)` by the row of the array's subclass; None: it has no such row.
    pub(crate) fn subclass_method(&mut self, obj: Temp, array: &Array, name: Sym, args: &Args<'a>) -> Option<ValueId> {
        let row = self.own_row(RowKind::Method, array, name)?;
        let plain = self.as_plain(array);
        let call = self.bind_args_with(row, Some((plain, Some(obj))), args);
        let value = self.apply(&call);
        // In place, and handed back.
        Some(if call.row.result == ResultRule::Same(0) { self.temp(obj) } else { value })
    }

    /// A method of masked arrays alone, of what may be one: as the rows of those say, perhaps. Whether the array is masked
    /// decides whether `filled` copies, and that is not followed: no rule should build on it.
    pub(crate) fn masked_method(&mut self, obj: Temp, array: &Array, name: Sym, args: &Args<'a>) -> Option<ValueId> {
        if !self.thorough {
            return None;
        }
        let row = self.model.method(&format!("MaskedArray.{}", self.name(name)))?;
        if !matches!(self.model.row(row).result, ResultRule::ViewOrCopy(_) | ResultRule::Fresh { .. }) {
            return None;
        }
        let plain = self.as_plain(array);
        let call = self.bind_args_with(row, Some((plain, Some(obj))), args);
        let value = self.apply(&call);
        let kinds = Kinds::LIKE.union(Kinds::PECULIAR).union(array.kinds.warnings());
        Some(self.loosen(value, kinds))
    }

    /// `obj.name` by the row of the array's subclass.
    pub(crate) fn subclass_attribute(&mut self, obj: Temp, array: &Array, name: Sym) -> Option<ValueId> {
        let row = self.own_row(RowKind::Attribute, array, name)?;
        if !matches!(
            self.model.row(row).result,
            ResultRule::View { .. } | ResultRule::ViewOrCopy(_) | ResultRule::Fresh { .. }
        ) {
            return None;
        }
        let none = Args { list: &[], values: Vec::new() };
        let plain = self.as_plain(array);
        let call = self.bind_args_with(row, Some((plain, Some(obj))), &none);
        let value = self.by_words(&call, &call.row.result);
        let value = self.peculiar(&call, value);
        self.derived(obj, value, How::Attribute(name));
        Some(value)
    }

    /// The array as the rows of its class speak of it: certainly an array.
    fn as_plain(&mut self, array: &Array) -> ValueId {
        self.values.make(Array { kinds: Kinds::ARRAY, ..array.clone() })
    }

    /// Do the rows of the array's own subclass say what the op gives?
    fn is_by_own_row(&self, op: &OpKind) -> bool {
        let (obj, name, kind) = match op {
            OpKind::Attr(obj, name) => (obj, name, RowKind::Attribute),
            OpKind::Method { obj, name, .. } => (obj, name, RowKind::Method),
            _ => return false,
        };
        self.values.array(self.temp(*obj)).is_some_and(|array| self.own_row(kind, array, *name).is_some())
    }

    /// The subclass of what the op gives: a part of an array of at least one dimension is of its subclass.
    fn subclass_of(&self, op: &OpKind) -> Subclass {
        let OpKind::Index(obj, index) = op else { return Subclass::Unknown };
        let slice = |value: ValueId| matches!(self.values.get(value), Value::Slice(..) | Value::Ellipsis);
        let at = self.temp(*index);
        let several = slice(at)
            || match self.values.get(at) {
                Value::Tuple(items) => items.iter().any(|&item| slice(item)),
                _ => false,
            };
        match self.values.array(self.temp(*obj)) {
            Some(array) if several => array.subclass,
            _ => Subclass::Unknown,
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
        if !peculiar || self.is_by_own_row(&op.kind) {
            return value;
        }
        let subclass = self.subclass_of(&op.kind);
        match self.values.get(value).clone() {
            Value::Array(array) => {
                let whole = subclass != Subclass::Unknown;
                let kinds = if whole { Kinds::ARRAY } else { array.kinds.union(Kinds::LIKE) };
                let kinds = kinds.union(Kinds::PECULIAR);
                let mut array = Array { kinds, subclass, owner: Owner::Either, entry: false, ..array };
                may_be_masked(&mut array);
                array.forget_layout();
                self.values.make(array)
            }
            Value::Scalar | Value::Float | Value::Bool(_) if numbers => ValueId::UNKNOWN,
            _ => value,
        }
    }
}
