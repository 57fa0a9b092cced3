//! Views of several kinds: pieces, broadcasts, diagonals, real and imaginary parts.

use super::Wish;
use crate::domain::layout::Strides;
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
        let common = self.broadcast(&call.rest.iter().map(|entry| entry.0).collect::<Vec<_>>());
        let common = common.filter(|shape| !shape.contains(&-1));
        for (i, (value, _)) in call.rest.iter().enumerate() {
            let result = match self.values.get(*value).clone() {
                Value::Array(array) => {
                    let certain = array.certain();
                    let view = self.view(&array, |v| {
                        let stretched = common.as_ref().and_then(|shape| stretched(&array, shape));
                        v.forget_layout();
                        if stretched.is_some() {
                            v.set_layout(common.clone(), stretched);
                        }
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

    /// The strides of a flipped array, where all is known of it.
    pub(super) fn flipped(&self, call: &Call<'a>, array: &Array) -> Option<Strides> {
        let mut strides = array.strides()?;
        let ndim = strides.len();
        let axes: Vec<usize> = match call.row.name.rsplit('.').next()? {
            "flipud" => vec![0],
            "fliplr" => vec![1],
            "flip" => match call.named("axis") {
                None => (0..ndim).collect(),
                Some(axis) if axis == ValueId::NONE => (0..ndim).collect(),
                Some(axis) => vec![self.axis(axis, ndim)?],
            },
            _ => return None,
        };
        for axis in axes {
            let stride = strides.get_mut(axis)?;
            *stride = -*stride;
        }
        Some(strides)
    }

    /// The lengths of the pieces that an array is split into along an axis, as far as they are constants.
    fn piece_lengths(&self, sections: ValueId, length: i64) -> Option<Vec<i64>> {
        if let Value::Int(Some(n)) = *self.values.get(sections) {
            let (each, more) = (n > 0).then(|| (length / n, length % n))?;
            // (`split` raises where they do not come out even.)
            return Some((0..n).map(|i| each + i64::from(i < more)).collect());
        }
        let mut ends = Vec::new();
        for end in self.nested_items(sections)? {
            let Value::Int(Some(end)) = *self.values.get(end) else { return None };
            ends.push(if end < 0 { (end + length).max(0) } else { end.min(length) });
        }
        let starts = [0].into_iter().chain(ends.iter().copied());
        Some(starts.zip(ends.iter().copied().chain([length])).map(|(from, to)| (to - from).max(0)).collect())
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
        let axis = match (call.row.name.rsplit('.').next(), array.ndim()) {
            (Some("hsplit"), Some(1)) | (Some("vsplit"), Some(_)) => Some(0),
            (Some("hsplit"), Some(_)) => Some(1),
            (Some("dsplit"), Some(_)) => Some(2),
            (_, Some(ndim)) => call.named("axis").map_or(Some(0), |axis| self.axis(axis, ndim)),
            _ => None,
        };
        let strides = array.strides();
        let along = axis.and_then(|axis| array.shape.as_ref()?.get(axis).copied()).filter(|&n| n >= 0);
        let lengths = along.and_then(|length| self.piece_lengths(sections, length));
        let op = self.op;
        let piece = |m: &mut Self, region: Region| {
            let view = m.view(&array, |v| {
                let ndim = v.ndim();
                v.forget_layout();
                v.shape = ndim.map(|n| Shape::from_elem(-1, n));
                let length = match region {
                    Region::Piece(_, i) => lengths.as_ref().and_then(|lengths| lengths.get(i as usize)),
                    _ => None,
                };
                if let (Some(&length), Some(axis), Some(mut shape)) = (length, axis, array.shape.clone()) {
                    shape[axis] = length;
                    v.set_layout(Some(shape), strides.clone());
                }
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

    /// The shape of the arrays that `meshgrid` gives for 1-D arrays of known lengths.
    fn grid(&self, call: &Call<'a>) -> Option<Shape> {
        let count = call.rest.len();
        if count < 2 || call.named("indexing").is_some() || call.named("sparse").is_some() {
            return None;
        }
        let mut shape = Shape::from_elem(0, count);
        for (i, (value, _)) in call.rest.iter().enumerate() {
            let array = self.values.array(*value).filter(|array| array.certain())?;
            let [length] = array.shape.as_deref()? else { return None };
            shape[along(i)] = *length;
        }
        (!shape.contains(&-1)).then_some(shape)
    }

    pub(super) fn meshgrid(&mut self, call: &Call<'a>) -> Option<ValueId> {
        if call.open {
            return None;
        }
        let copies = !call.named("copy").is_some_and(|v| *self.values.get(v) != Value::Bool(Some(true)));
        let count = call.rest.len();
        let grid = self.grid(call);
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
                        if let (Some(grid), Some(strides)) = (&grid, array.strides()) {
                            let mut spread = Strides::from_elem(0, count);
                            spread[along(i)] = strides[0];
                            v.set_layout(Some(grid.clone()), Some(spread));
                        }
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
        let main = call.named("k").is_none();
        let view = self.view(&array, |v| {
            let step = array.strides().filter(|strides| main && strides.len() == 2).map(|strides| strides.iter().sum());
            let shape = v.shape.take();
            v.forget_layout();
            v.set_shape(Some(smallvec::smallvec![-1]));
            if let (Some(step), Some([rows, columns])) = (step, shape.as_deref()) {
                v.set_layout(Some(smallvec::smallvec![*rows.min(columns)]), Some(smallvec::smallvec![step]));
            }
            v.writeable = Tri::No;
            reaxed(v);
        });
        if array.ndim() == Some(2) {
            return Some(view);
        }
        let fresh = self.fresh(0, Kinds::ARRAY, Evidence::Certain, |fresh| {
            let length = array.shape.as_deref().and_then(|shape| shape.first()).filter(|_| main).copied();
            fresh.set_shape(Some(Shape::from_elem(length.unwrap_or(-1), 2)));
            fresh.c = Tri::Must;
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

/// The axis of `meshgrid`'s arrays along which the i-th changes: the first two are swapped (`indexing="xy"`).
fn along(i: usize) -> usize {
    match i {
        0 => 1,
        1 => 0,
        _ => i,
    }
}

/// The strides of an array that is broadcast to a shape: 0 along the axes that it is repeated along.
fn stretched(array: &Array, shape: &[i64]) -> Option<Strides> {
    let (own, strides) = (array.shape.as_ref()?, array.strides()?);
    let new = shape.len().checked_sub(own.len())?;
    let mut result = Strides::from_elem(0, new);
    for (axis, (&n, &stride)) in own.iter().zip(&strides).enumerate() {
        result.push(if n == shape[new + axis] { stride } else { 0 });
    }
    Some(result)
}
