//! Views of several kinds: pieces, broadcasts, diagonals, real and imaginary parts.

use super::Wish;
use crate::domain::{Array, Dtype, Evidence, Kinds, ObjectKind, Owner, Region, Shape, Tri, Value, ValueId};
use crate::interp::call::{Call, Shared};
use crate::interp::machine::{Machine, reaxed};
use crate::model::RowId;
use crate::trace::WriteHow;

impl<'a> Machine<'a> {
    pub(super) fn broadcast_arrays(&mut self, call: &Call<'a>) -> Option<ValueId> {
        if call.open {
            return None;
        }
        let mut results = Vec::with_capacity(call.rest.len());
        for (i, (value, _)) in call.rest.iter().enumerate() {
            let result = match self.values.get(*value).clone() {
                Value::Array(array) => {
                    let certain = array.certain();
                    let view = self.view(&array, |v| {
                        v.forget_layout();
                        v.owner = Owner::Either;
                        v.writeable = Tri::May;
                        reaxed(v);
                    });
                    if certain {
                        view
                    } else {
                        let fresh = self.fresh(i as u16, Kinds::ARRAY, Evidence::Certain, |a| {
                            a.owner = Owner::Either;
                            a.writeable = Tri::May;
                        });
                        let joined = self.values.join(view, fresh);
                        self.certain_array(joined)
                    }
                }
                Value::Unknown => self.values.make(Array::unknown(Kinds::ARRAY, Evidence::Certain)),
                _ => self.fresh(i as u16, Kinds::ARRAY, Evidence::Certain, |a| {
                    a.owner = Owner::Either;
                    a.writeable = Tri::May;
                }),
            };
            results.push(result);
        }
        Some(self.values.tuple(results))
    }

    pub(super) fn split(&mut self, call: &Call<'a>) -> Option<ValueId> {
        let (Shared::Array(array, _) | Shared::Perhaps(array, _)) = self.shared(call, 0) else { return None };
        if !array.certain() && array.kinds.meets(Kinds::CONTAINER) {
            return None;
        }
        let sections = call.value(1)?;
        let count = match self.values.get(sections) {
            Value::Int(Some(n)) if (1..=8).contains(n) => Some(*n as usize),
            Value::Ref(_) | Value::Tuple(_) => {
                self.nested_items(sections).map(|items| items.len() + 1).filter(|&n| n <= 8)
            }
            _ => None,
        };
        let op = self.op;
        let piece = |m: &mut Self, region: Region| {
            let view = m.view(&array, |v| {
                let ndim = v.ndim();
                v.forget_layout();
                v.shape = ndim.map(|n| Shape::from_elem(-1, n));
                v.region = region;
            });
            if array.certain() { view } else { m.certain_array(view) }
        };
        match count {
            Some(n) => {
                let pieces = (0..n).map(|i| piece(self, Region::Piece(op, i as u32))).collect();
                Some(self.new_list(pieces))
            }
            None => {
                let one = piece(self, Region::Any);
                Some(self.new_sequence(ObjectKind::List, one))
            }
        }
    }

    pub(super) fn meshgrid(&mut self, call: &Call<'a>) -> Option<ValueId> {
        if call.open {
            return None;
        }
        let copies = !call.named("copy").is_some_and(|v| *self.values.get(v) != Value::Bool(Some(true)));
        let count = call.rest.len();
        let mut results = Vec::with_capacity(count);
        for (i, (value, _)) in call.rest.iter().enumerate() {
            let fresh = self.fresh(i as u16, Kinds::ARRAY, Evidence::Certain, |a| {
                a.owner = Owner::Either;
                a.writeable = Tri::May;
            });
            results.push(match self.values.get(*value).clone() {
                _ if copies => fresh,
                Value::Array(array) => {
                    let view = self.view(&array, |v| {
                        v.forget_layout();
                        v.writeable = Tri::May;
                        reaxed(v);
                    });
                    let known = call.named("copy").is_some_and(|v| *self.values.get(v) == Value::Bool(Some(false)));
                    if known && array.certain() {
                        view
                    } else {
                        let joined = self.values.join(view, fresh);
                        self.certain_array(joined)
                    }
                }
                Value::Unknown => self.values.make(Array::unknown(Kinds::ARRAY, Evidence::Certain)),
                _ => fresh,
            });
        }
        Some(self.values.tuple(results))
    }

    pub(super) fn diag(&mut self, call: &Call<'a>) -> Option<ValueId> {
        let Shared::Array(array, _) = self.shared(call, 0) else { return None };
        let view = self.view(&array, |v| {
            v.forget_layout();
            v.set_shape(Some(smallvec::smallvec![-1]));
            v.writeable = Tri::No;
            reaxed(v);
        });
        if array.ndim() == Some(2) {
            return Some(view);
        }
        let fresh = self.fresh(0, Kinds::ARRAY, Evidence::Certain, |fresh| {
            fresh.set_shape(Some(smallvec::smallvec![-1, -1]));
            fresh.dtype = array.dtype;
            fresh.owner = Owner::Either;
        });
        if array.ndim() == Some(1) { Some(fresh) } else { Some(self.values.join(view, fresh)) }
    }

    pub(super) fn view_method(&mut self, call: &Call<'a>) -> Option<ValueId> {
        let dtype = call.named("dtype").map(|value| self.dtype_value(value).unwrap_or_default());
        let own = self.is_own_dtype(call);
        let other_class = |m: &Self, value: ValueId| match m.values.get(value) {
            Value::Row(row) => {
                let name = &*m.model.row(RowId(*row)).name;
                name != "numpy.ndarray" && m.dtype_value(value).is_none()
            }
            Value::Module(_) => m.dtype_value(value).is_none(),
            _ => false,
        };
        if [call.named("dtype"), call.named("type")].into_iter().flatten().any(|value| other_class(self, value)) {
            let view = self.on_view(call, |_, array| array.forget_layout())?;
            return Some(self.subclass_result(view, crate::model::Subclass::Some, false));
        }
        self.on_view(call, |_, array| {
            let Some(dtype) = dtype else { return };
            if own || dtype == array.dtype && dtype != Dtype::Unknown {
                return;
            }
            let same_size = matches!((dtype, array.dtype), (Dtype::Exact(_, m), Dtype::Exact(_, n)) if m == n);
            if !same_size {
                let ndim = array.ndim();
                array.forget_layout();
                array.shape = ndim.map(|n| Shape::from_elem(-1, n));
            }
            array.dtype = dtype;
        })
    }

    /// `real` or `imag` of an array.
    pub(super) fn complex_part(&mut self, array: &Array, real: bool) -> Option<ValueId> {
        let complex = array.dtype.is_complex();
        let half = match array.dtype {
            Dtype::Exact(b'c', n) => Dtype::Exact(b'f', n / 2),
            Dtype::Kind(b'c') => Dtype::Kind(b'f'),
            _ => Dtype::Unknown,
        };
        let shape = array.shape.clone();
        let view = self.view(array, |v| {
            v.forget_layout();
            v.shape = shape.clone();
            v.dtype = half;
        });
        if real && complex == Tri::May {
            // The same array where it is real, a view where it is not: one memory either way.
            return Some(self.view(array, |v| {
                v.forget_layout();
                v.shape = shape;
                v.dtype = Dtype::Unknown;
                v.owner = Owner::Either;
                reaxed(v);
            }));
        }
        let other = if real {
            self.values.make(array.clone())
        } else {
            if complex.must() {
                return Some(view);
            }
            let (kinds, dtype) = (array.kinds, array.dtype);
            let evidence = array.evidence;
            self.fresh(0, kinds, evidence, |fresh| {
                fresh.writeable = Tri::No;
                fresh.set_shape(shape);
                fresh.dtype = dtype;
                fresh.owner = Owner::Either;
            })
        };
        Some(match complex {
            Tri::Must => view,
            Tri::No => other,
            Tri::May => self.values.join(view, other),
        })
    }

    pub(super) fn conj(&mut self, call: &Call<'a>) -> Option<ValueId> {
        let (Shared::Array(array, value) | Shared::Perhaps(array, value)) = self.shared(call, 0) else { return None };
        let complex = array.dtype.is_complex();
        if complex.no() && array.certain() {
            return Some(value);
        }
        let fresh = self.fresh_result(call, Owner::Either, false);
        Some(if complex.must() { fresh } else { self.values.join(value, fresh) })
    }

    pub(super) fn nan_to_num(&mut self, call: &Call<'a>) -> Option<ValueId> {
        match self.copy_wish(call, Some(true)) {
            Wish::Always => Some(self.fresh_result(call, Owner::Either, true)),
            _ => {
                let name = self.module.names.get("nan_to_num")?;
                if let (Some(value), Some(temp)) = (call.value(0), call.temp(0)) {
                    self.write(temp, value, WriteHow::Argument(name));
                }
                let fits = match self.copy_wish(call, Some(true)) {
                    Wish::IfNeeded => Tri::Must,
                    _ => Tri::May,
                };
                // A 0-d array comes back as a scalar in some versions.
                let value = self.same_or_copy(call, fits, Wish::IfNeeded)?;
                match self.values.get(value).clone() {
                    Value::Array(mut array) if array.ndim().is_none_or(|n| n == 0) => {
                        array.kinds = array.kinds.union(Kinds::SCALAR);
                        Some(self.values.make(array))
                    }
                    _ => Some(value),
                }
            }
        }
    }
}
