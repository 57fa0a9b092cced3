//! Rows that (nearly) always make new memory, but of a shape or dtype that words cannot tell.

use smallvec::SmallVec;

use crate::domain::{Array, Dtype, Evidence, Kinds, Owner, Shape, Tri, Value, ValueId};
use crate::interp::call::{Call, Shared};
use crate::interp::machine::{Machine, reaxed};
use crate::ir::{Const, OpKind, Temp};

/// Of an `arange` that is longer than this the length is not told: floats are not exact any more.
const LONGEST: f64 = 1e15;

impl<'a> Machine<'a> {
    /// `np.load(file)`: an array, but also an archive of arrays, or whatever was pickled; new in any case. A memory map
    /// keeps a file open, and nothing more.
    pub(super) fn load_file(&mut self, call: &Call<'a>) -> Option<ValueId> {
        if call.open || call.named("mmap_mode").is_some_and(|mode| mode != ValueId::NONE) {
            return None;
        }
        let value = self.fresh(0, Kinds::ALL, Evidence::None, |array| {
            array.owner = Owner::Either;
            array.lies = false;
            array.writeable = Tri::May;
        });
        if let Some(array) = self.values.array(value)
            && let [buf] = array.bufs[..]
        {
            self.buffers.get_mut(buf).from_file = true;
        }
        Some(value)
    }

    pub(super) fn nonzero(&mut self, call: &Call<'a>) -> ValueId {
        let ndim =
            call.value(0).and_then(|value| self.values.array(value)).filter(|a| a.certain()).and_then(Array::ndim);
        let index = |array: &mut Array| {
            array.set_shape(Some(smallvec::smallvec![-1]));
            array.dtype = Dtype::INT64;
            array.owner = Owner::Either;
        };
        match ndim {
            Some(n) if (1..=8).contains(&n) => {
                let items = (0..n).map(|i| self.fresh(i as u16, Kinds::ARRAY, Evidence::Certain, index)).collect();
                self.values.tuple(items)
            }
            _ => {
                let item = self.fresh(0, Kinds::ARRAY, Evidence::Certain, |array| {
                    index(array);
                    array.lies = false;
                });
                self.values.tuple_of(item)
            }
        }
    }

    /// `ix_`: for each sequence an index array with an axis of its own; a mask becomes integers.
    pub(super) fn open_mesh(&mut self, call: &Call<'a>) -> Option<ValueId> {
        if call.open || call.rest.is_empty() || call.rest.len() > 8 {
            return None;
        }
        let count = call.rest.len();
        let mut meshes = Vec::with_capacity(count);
        for (i, &(value, _)) in call.rest.iter().enumerate() {
            let written_out = matches!(self.values.get(value), Value::Ref(_) | Value::Tuple(_));
            let length = self.nested_shape(value, 0).filter(|shape| shape.len() == 1)?[0];
            let mask = self.nested_dtype(value, 0)? == Dtype::BOOL;
            if !written_out {
                return None;
            }
            meshes.push(self.fresh(i as u16, Kinds::ARRAY, Evidence::Certain, |array| {
                let mut shape = Shape::from_elem(1, count);
                shape[i] = if mask { -1 } else { length };
                array.set_shape(Some(shape));
                array.dtype = Dtype::INT64;
                array.owner = Owner::Either;
                (array.c, array.f) = (Tri::Must, Tri::Must);
            }));
        }
        Some(self.values.tuple(meshes))
    }

    pub(super) fn einsum(&mut self, call: &Call<'a>) -> Option<ValueId> {
        if call.rest.is_empty() || call.open {
            return None;
        }
        // `einsum(subscripts, *operands)`: the operands are the variadic ones.
        if call.rest.len() > 1 {
            return Some(self.fresh_result(call, Owner::Either, true));
        }
        let (operand, _) = call.rest[0];
        let mut axes = false;
        let keeps_all = match call.named("subscripts").map(|value| self.values.get(value)) {
            Some(Value::Str(Some(text))) => match self.name(*text).split_once("->") {
                Some((from, to)) => {
                    let kept = from.chars().filter(|c| c.is_alphabetic()).all(|c| to.contains(c));
                    axes = to.contains(char::is_alphabetic);
                    // An ellipsis may stand for no axis.
                    if kept && from.contains('.') && !to.contains('.') { Tri::May } else { Tri::of(kept) }
                }
                None => Tri::May,
            },
            _ => Tri::May,
        };
        let Value::Array(array) = self.values.get(operand).clone() else { return None };
        let fresh = self.fresh_result(call, Owner::Either, true);
        if keeps_all.no() {
            return Some(fresh);
        }
        let certain = array.certain();
        let number = !axes && array.ndim().is_none_or(|n| n == 0);
        let view = self.view(&array, |v| {
            v.forget_layout();
            v.writeable = Tri::May;
            if number {
                // No array of no dimensions comes back, but its number.
                v.kinds = v.kinds.union(Kinds::SCALAR);
                v.evidence = Evidence::None;
            }
            reaxed(v);
        });
        Some(if keeps_all.must() && certain { view } else { self.values.join(view, fresh) })
    }

    pub(super) fn stack(&mut self, call: &Call<'a>) -> ValueId {
        let value = self.fresh_result(call, Owner::Either, false);
        let Some(parts) = call.value(0).and_then(|value| self.nested_items(value)) else { return value };
        let ndims: Option<Vec<usize>> =
            parts.iter().map(|&part| self.values.array(part).filter(|a| a.certain()).and_then(Array::ndim)).collect();
        let Some(ndim) = ndims.and_then(|ndims| ndims.into_iter().max()) else { return value };
        let none = call.named("axis") == Some(ValueId::NONE);
        let ndim = match call.row.name.rsplit('.').next().unwrap_or("") {
            "stack" => ndim + 1,
            "vstack" | "row_stack" => ndim.max(2),
            "hstack" => ndim.max(1),
            "column_stack" => ndim.max(2),
            "dstack" => ndim.max(3),
            "concatenate" | "concat" if none => 1,
            "concatenate" | "concat" => ndim,
            _ => return value,
        };
        let Value::Array(mut array) = self.values.get(value).clone() else { return value };
        if array.shape.is_none() {
            array.set_shape(Some(Shape::from_elem(-1, ndim)));
        }
        self.values.make(array)
    }

    /// `arange` of integers: as many as there are.
    pub(super) fn arange(&mut self, call: &Call<'a>) -> Option<ValueId> {
        if call.row.name.ends_with("linspace") {
            return self.linspace(call);
        }
        if !call.row.name.ends_with("arange") {
            return None;
        }
        let value = self.fresh_result(call, Owner::Owner, false);
        let Value::Array(mut array) = self.values.get(value).clone() else { return Some(value) };
        let given: Vec<ValueId> = ["start", "stop", "step"].iter().filter_map(|name| call.named(name)).collect();
        let int = |value: ValueId| match self.values.get(value) {
            Value::Int(Some(n)) => Some(*n),
            _ => None,
        };
        let ints: Option<SmallVec<[i64; 3]>> = given.iter().map(|&value| int(value)).collect();
        array.set_shape(Some(smallvec::smallvec![self.arange_length(call).unwrap_or(-1)]));
        (array.c, array.f) = (Tri::Must, Tri::Must);
        if call.named("dtype").is_none() {
            if ints.is_some() {
                array.dtype = Dtype::INT64;
            } else if given.iter().any(|&value| *self.values.get(value) == Value::Float) {
                let plain = |&value: &ValueId| matches!(self.values.get(value), Value::Float | Value::Int(Some(_)));
                array.dtype = if given.iter().all(plain) { Dtype::FLOAT64 } else { Dtype::Kind(b'f') };
            }
        }
        Some(self.values.make(array))
    }

    /// `linspace` from one number to another, without the step: as many as are asked for
    /// (<https://numpy.org/doc/stable/reference/generated/numpy.linspace.html>).
    fn linspace(&mut self, call: &Call<'a>) -> Option<ValueId> {
        let number = |value: ValueId| {
            matches!(
                self.values.get(value),
                Value::Int(_) | Value::Float | Value::Bool(_) | Value::Complex | Value::Number
            )
        };
        let numbers = ["start", "stop"].iter().all(|name| call.named(name).is_some_and(number));
        let alone = match call.named("retstep").map(|value| self.values.get(value)) {
            None => true,
            Some(value) => *value == Value::Bool(Some(false)),
        };
        if !numbers || !alone || call.open {
            return None;
        }
        let length = match call.named("num").map(|value| self.values.get(value)) {
            None => 50,
            Some(Value::Int(Some(n))) => *n,
            Some(_) => -1,
        };
        let real = |name: &&str| {
            call.named(name).is_some_and(|value| matches!(self.values.get(value), Value::Int(Some(_)) | Value::Float))
        };
        let dtype = match call.named("dtype").filter(|&value| value != ValueId::NONE) {
            Some(value) => self.dtype_value(value).unwrap_or_default(),
            None if ["start", "stop"].iter().all(real) => Dtype::FLOAT64,
            None => Dtype::Unknown,
        };
        Some(self.fresh(0, Kinds::ARRAY, Evidence::Certain, |array| {
            array.set_shape(Some(smallvec::smallvec![length]));
            array.dtype = dtype;
            (array.c, array.f) = (Tri::Must, Tri::Must);
            array.owner = Owner::Either;
        }))
    }

    /// How many numbers `arange` gives: `ceil((stop - start) / step)`, of constants
    /// (<https://numpy.org/doc/stable/reference/generated/numpy.arange.html>).
    fn arange_length(&self, call: &Call<'a>) -> Option<i64> {
        let numbers = ["start", "stop", "step"].map(|name| {
            let temp = call.row.param(name).and_then(|param| call.slots.get(param as usize).copied().flatten());
            temp.map(|(value, temp)| self.constant_number(value, temp))
        });
        let (start, stop, step) = match numbers {
            [Some(stop), None, None] => (0.0, stop?, 1.0),
            [Some(start), Some(stop), step] => (start?, stop?, step.unwrap_or(Some(1.0))?),
            _ => return None,
        };
        let length = ((stop - start) / step).ceil();
        (!call.open && length < LONGEST).then_some(length.max(0.0) as i64)
    }

    /// The number that an argument certainly is.
    fn constant_number(&self, value: ValueId, temp: Option<Temp>) -> Option<f64> {
        match self.values.get(value) {
            Value::Int(Some(n)) => Some(*n as f64),
            Value::Float => {
                let temp = temp.filter(|&temp| matches!(self.def(temp), Some(OpKind::Const(Const::Float))))?;
                let span = self.body.temps.get(temp.index())?;
                self.text.get(span.start as usize..span.end as usize)?.parse().ok()
            }
            _ => None,
        }
    }

    /// `round`: integers come back as the same object before NumPy 2.
    pub(super) fn round(&mut self, call: &Call<'a>) -> Option<ValueId> {
        let (Shared::Array(array, value) | Shared::Perhaps(array, value)) = self.shared(call, 0) else { return None };
        let fresh = self.fresh_result(call, Owner::Either, true);
        if call.row.result.is_new() {
            return Some(fresh);
        }
        match array.dtype.kind() {
            Some(b'f' | b'c') if array.certain() => Some(fresh),
            _ => Some(self.values.join(value, fresh)),
        }
    }

    pub(super) fn fresh_part(&mut self, call: &Call<'a>, part: u16) -> ValueId {
        let value = self.fresh_result(call, Owner::Either, true);
        let Value::Array(mut array) = self.values.get(value).clone() else { return value };
        if part > 0 {
            let buf = self.alloc(part);
            array.bufs = smallvec::smallvec![buf];
            array.lies = self.buffers.get(buf).single();
        }
        self.values.make(array)
    }
}
