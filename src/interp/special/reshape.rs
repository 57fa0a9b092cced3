//! Shapes: `reshape`, `ravel`, `transpose`, `expand_dims`, `atleast_*`.

use smallvec::SmallVec;

use super::{Wish, is_method};
use crate::domain::layout::{self, Strides};
use crate::domain::{Array, Evidence, Kinds, Owner, Shape, Tri, Value, ValueId};
use crate::interp::call::{Call, Shared};
use crate::interp::machine::{Machine, reaxed};

impl<'a> Machine<'a> {
    // --- shape --------------------------------------------------------------------------------------------------

    pub(super) fn reshape(&mut self, call: &Call<'a>) -> Option<ValueId> {
        let (Shared::Array(array, _) | Shared::Perhaps(array, _)) = self.shared(call, 0) else { return None };
        if !array.certain() && !is_method(call.row) && array.kinds.meets(Kinds::CONTAINER.union(Kinds::SCALAR)) {
            return None;
        }
        let order = self.order_value(call.named("order")).unwrap_or(b'C');
        let shape = self.new_shape(call, &array);
        if array.certain() && !call.open && shape.as_deref().is_some_and(|shape| cannot_be(&array, shape)) {
            self.raise();
        }
        let strides = self.reshaped_strides(&array, shape.as_deref(), order);
        let view = match order {
            _ if strides.is_some() && array.certain() => Tri::of(strides.as_ref().is_some_and(Option::is_some)),
            b'C' | b'K' if array.c.must() => Tri::Must,
            b'F' if array.f.must() => Tri::Must,
            // The one axis of a 1-D array can be cut at any stride.
            b'C' | b'F' if array.ndim() == Some(1) && array.certain() => Tri::Must,
            b'A' if array.f.must() || array.c.must() => Tri::Must,
            _ => Tri::May,
        };
        let view = match self.copy_wish(call, None) {
            Wish::Always => Tri::No,
            Wish::Unknown => Tri::May,
            Wish::IfNeeded if call.named("copy").is_some_and(|v| *self.values.get(v) == Value::Bool(Some(false))) => {
                Tri::Must
            }
            Wish::IfNeeded => view,
        };
        let contiguous = array.c.must() && order == b'C';
        let contiguous_f = array.f.must() && order == b'F';
        let reshaped = self.view(&array, |v| {
            v.forget_layout();
            v.set_layout(shape.clone(), strides.clone().flatten());
            if contiguous {
                v.c = Tri::Must;
            }
            if contiguous_f {
                v.f = Tri::Must;
            }
            reaxed(v);
        });
        if view.must() && !makes_array(&array) {
            return Some(reshaped);
        }
        let kinds = if array.certain() { Kinds::ARRAY } else { Kinds::LIKE.union(array.kinds.warnings()) };
        let dtype = array.dtype;
        let evidence = array.evidence;
        let fresh = self.fresh(0, kinds, evidence, |fresh| {
            fresh.dtype = dtype;
            fresh.set_shape(shape);
            match order {
                b'C' => fresh.c = Tri::Must,
                b'F' => fresh.f = Tri::Must,
                _ => {}
            }
            fresh.owner = Owner::Either;
            fresh.writeable = Tri::Must;
        });
        if view.no() { Some(fresh) } else { Some(self.values.join(reshaped, fresh)) }
    }

    /// The strides of a view in another shape, where all lengths and strides are known; inside: none, if it must be a copy.
    fn reshaped_strides(&self, array: &Array, new: Option<&[i64]>, order: u8) -> Option<Option<Strides>> {
        let (shape, new) = (array.shape.as_deref()?, new?);
        let strides = array.strides()?;
        let size = |shape: &[i64]| shape.iter().product::<i64>();
        let fortran = match order {
            b'C' => false,
            b'F' => true,
            b'A' => array.f.must() && array.c.no(),
            _ => return None,
        };
        let known = !new.contains(&-1) && size(shape) == size(new) && size(shape) > 0;
        known.then(|| layout::reshaped(shape, &strides, new, fortran))
    }

    /// The shape that `reshape` is asked for: several integers, or one tuple.
    pub(super) fn new_shape(&mut self, call: &Call<'a>, array: &Array) -> Option<Shape> {
        let shape = if is_method(call.row) {
            match &call.rest[..] {
                [] => call.named("shape").and_then(|value| self.shape_value(value)),
                [(value, _)] => self.shape_value(*value),
                // Several arguments are the lengths, one each: anything else is an error. (But `xp.reshape(x, shape)` is a
                // function's call, if `xp` is a module.)
                several if array.certain() => Some(several.iter().map(|&(value, _)| self.length(value)).collect()),
                several => several.iter().map(|(value, _)| self.shape_value(*value)?.first().copied()).collect(),
            }
        } else {
            let value = call.named("shape").or_else(|| call.named("newshape"));
            value.and_then(|value| self.shape_value(value))
        };
        let mut shape = if call.open { None } else { shape }?;
        let Some(size) = array.size() else { return Some(shape) };
        let known: i64 = shape.iter().filter(|&&n| n >= 0).product();
        if shape.iter().filter(|&&n| n < 0).count() == 1 && known > 0 && self.has_literal_minus_one(call) {
            for n in &mut shape {
                if *n < 0 {
                    *n = size / known;
                }
            }
        }
        Some(shape)
    }

    /// The length that an argument stands for which has to be an integer; -1: unknown.
    fn length(&self, value: ValueId) -> i64 {
        match self.values.get(value) {
            Value::Int(Some(n)) => *n,
            _ => -1,
        }
    }

    /// Is an unknown length in the arguments a literal -1, rather than a variable?
    pub(super) fn has_literal_minus_one(&self, call: &Call<'a>) -> bool {
        let minus = |value: ValueId| *self.values.get(value) == Value::Int(Some(-1));
        let inside = |value: ValueId| match self.values.get(value) {
            Value::Tuple(items) => items.iter().any(|&item| minus(item)),
            _ => minus(value),
        };
        call.rest.iter().any(|entry| inside(entry.0))
            || call.named("shape").or_else(|| call.named("newshape")).is_some_and(inside)
    }

    pub(super) fn ravel(&mut self, call: &Call<'a>) -> Option<ValueId> {
        let (Shared::Array(array, _) | Shared::Perhaps(array, _)) = self.shared(call, 0) else { return None };
        if !array.certain() && !is_method(call.row) && array.kinds.meets(Kinds::CONTAINER.union(Kinds::SCALAR)) {
            return None;
        }
        let order = self.order_value(call.named("order")).unwrap_or(b'C');
        let contiguous = match order {
            b'C' => array.c,
            b'F' => array.f,
            b'A' | b'K' if array.c.must() || array.f.must() => Tri::Must,
            b'A' => array.c.max(array.f),
            b'K' => match (&array.shape, array.strides()) {
                (Some(shape), Some(strides)) => Tri::of(layout::is_dense(shape, &strides)),
                _ => Tri::May,
            },
            _ => Tri::May,
        };
        let shape: Shape = smallvec::smallvec![array.size().unwrap_or(-1)];
        let flat = self.view(&array, |v| {
            v.shape = Some(shape.clone());
            (v.c, v.f) = (Tri::Must, Tri::Must);
            reaxed(v);
        });
        if contiguous.must() && !makes_array(&array) {
            return Some(flat);
        }
        let kinds = if array.certain() { Kinds::ARRAY } else { Kinds::LIKE.union(array.kinds.warnings()) };
        let (dtype, evidence) = (array.dtype, array.evidence);
        let fresh = self.fresh(0, kinds, evidence, |fresh| {
            fresh.dtype = dtype;
            fresh.set_shape(Some(shape));
            (fresh.c, fresh.f) = (Tri::Must, Tri::Must);
            fresh.owner = Owner::Either;
        });
        // One that lies otherwise is copied, even where a view would do.
        if contiguous.no() && array.certain() { Some(fresh) } else { Some(self.values.join(flat, fresh)) }
    }

    pub(super) fn transpose(&mut self, call: &Call<'a>) -> Option<ValueId> {
        let name = call.row.name.rsplit('.').next().unwrap_or("").to_string();
        let axes: Option<SmallVec<[i64; 4]>> = if matches!(&*name, "transpose" | "permute_dims") {
            let values: Vec<ValueId> = if is_method(call.row) {
                call.rest.iter().map(|entry| entry.0).collect()
            } else {
                call.named("axes").into_iter().collect()
            };
            match values[..] {
                [] => Some(SmallVec::new()),
                [one] if one == ValueId::NONE => Some(SmallVec::new()),
                [one] if !matches!(self.values.get(one), Value::Int(_)) => self.shape_value(one),
                _ => values
                    .iter()
                    .map(|&value| match self.values.get(value) {
                        Value::Int(Some(n)) => Some(*n),
                        _ => None,
                    })
                    .collect(),
            }
        } else {
            None
        };
        let axes = axes.or_else(|| self.moved_axes(call, &name));
        let last_two = name == "matrix_transpose";
        let open = call.open;
        self.on_view(call, |_, array| match axes {
            Some(axes) if axes.is_empty() && !open => reverse_axes(array),
            _ if last_two && array.ndim() == Some(2) => reverse_axes(array),
            _ if last_two && array.ndim() > Some(2) => last_two_swapped(array),
            Some(axes) if array.ndim() == Some(axes.len()) || array.ndim().is_none() && !axes.is_empty() => {
                permute_axes(array, &axes);
            }
            _ => {
                let ndim = array.ndim();
                array.forget_layout();
                array.shape = ndim.map(|n| Shape::from_elem(-1, n));
                reaxed(array);
            }
        })
    }

    /// The order of the axes after `swapaxes` and `moveaxis`.
    fn moved_axes(&self, call: &Call<'a>, name: &str) -> Option<SmallVec<[i64; 4]>> {
        let ndim = self.values.array(call.value(0)?).filter(|array| array.certain())?.ndim()?;
        let axis = |name: &str| self.axis(call.named(name)?, ndim);
        let mut axes: SmallVec<[i64; 4]> = (0..ndim as i64).collect();
        match name {
            "swapaxes" => axes.swap(axis("axis1")?, axis("axis2")?),
            "moveaxis" => {
                let (from, to) = (axis("source")?, axis("destination")?);
                let moved = axes.remove(from);
                axes.insert(to, moved);
            }
            // It goes before the axis that is there.
            "rollaxis" => {
                let from = axis("axis")?;
                let start = match call.named("start").map(|start| self.values.get(start)) {
                    None => 0,
                    Some(Value::Int(Some(start))) => {
                        if *start < 0 {
                            start + ndim as i64
                        } else {
                            *start
                        }
                    }
                    Some(_) => return None,
                };
                let start = usize::try_from(start).ok().filter(|&start| start <= ndim)?;
                let moved = axes.remove(from);
                axes.insert(if from < start { start - 1 } else { start }, moved);
            }
            _ => return None,
        }
        Some(axes)
    }

    pub(super) fn expand_dims(&mut self, call: &Call<'a>) -> Option<ValueId> {
        let axis = call.named("axis").map(|value| self.values.get(value).clone());
        self.on_view(call, |_, array| {
            reaxed(array);
            let strides = array.strides();
            array.sparse = None;
            let (Some(shape), Some(Value::Int(axis))) = (array.shape.take(), axis) else {
                array.shape = None;
                return;
            };
            let n = shape.len() as i64 + 1;
            array.shape = Some(match axis.map(|axis| if axis < 0 { axis + n } else { axis }) {
                Some(at) if (0..n).contains(&at) => {
                    let mut shape = shape;
                    shape.insert(at as usize, 1);
                    let strides = strides.map(|mut strides| {
                        strides.insert(at as usize, 0);
                        strides
                    });
                    array.set_layout(Some(shape), strides);
                    return;
                }
                _ => Shape::from_elem(-1, n as usize),
            });
        })
    }

    pub(super) fn atleast(&mut self, call: &Call<'a>) -> Option<ValueId> {
        if call.open || call.rest.is_empty() {
            return None;
        }
        let want = call.row.name.bytes().rev().nth(1).map_or(0, |digit| usize::from(digit.saturating_sub(b'0')));
        let mut results = Vec::with_capacity(call.rest.len());
        for (i, (value, _)) in call.rest.iter().enumerate() {
            results.push(self.at_least(*value, want, i as u16));
        }
        if let [one] = results[..] { Some(one) } else { Some(self.values.tuple(results)) }
    }

    pub(super) fn at_least(&mut self, value: ValueId, want: usize, part: u16) -> ValueId {
        let Value::Array(array) = self.values.get(value).clone() else {
            return match self.values.get(value) {
                Value::Unknown | Value::Bottom => self.values.make(Array::unknown(Kinds::ARRAY, Evidence::Certain)),
                _ => self.fresh(part, Kinds::ARRAY, Evidence::Certain, |array| array.owner = Owner::Either),
            };
        };
        if array.certain() && array.ndim().is_some_and(|n| n >= want) {
            return value;
        }
        let lists = array.kinds.meets(Kinds::CONTAINER.union(Kinds::SCALAR).union(Kinds::NONE));
        let ndim = array.ndim();
        let either = self.view(&array, |v| {
            // Of fewer dimensions: axes of length 1 are added. They leave the order as it is.
            v.shape = match (ndim, want, v.certain()) {
                (Some(0), _, true) => Some(Shape::from_elem(1, want)),
                (Some(1), 2, true) => v.shape.as_ref().map(|shape| smallvec::smallvec![1, shape[0]]),
                (Some(_), _, true) => Some(Shape::from_elem(-1, want)),
                _ => None,
            };
            if ndim.is_none() {
                v.owner = Owner::Either;
            }
            reaxed(v);
        });
        if !lists {
            return self.certain_array(either);
        }
        let fresh = self.fresh(part, Kinds::ARRAY, Evidence::Certain, |array| array.owner = Owner::Either);
        let joined = self.values.join(either, fresh);
        self.certain_array(joined)
    }
}

/// May it be a NumPy scalar, which `ravel` and `reshape` make an array of its own?
fn makes_array(array: &Array) -> bool {
    array.kinds.meets(Kinds::SCALAR) && !array.is_entry()
}

/// `x.mT` of more than two dimensions.
pub(super) fn last_two_swapped(array: &mut Array) {
    let mut axes: SmallVec<[i64; 4]> = (0..array.ndim().unwrap_or(0) as i64).collect();
    if let [.., a, b] = &mut axes[..] {
        std::mem::swap(a, b);
    }
    permute_axes(array, &axes);
}

/// All axes reversed: C order becomes Fortran order.
/// `x.T`
pub(super) fn reverse_axes(array: &mut Array) {
    let strides = array.strides();
    let shape = array.shape.take().map(|shape| shape.into_iter().rev().collect());
    std::mem::swap(&mut array.c, &mut array.f);
    array.set_layout(shape, strides.map(|strides| strides.into_iter().rev().collect()));
    if array.ndim().is_none_or(|n| n > 1) {
        reaxed(array);
    }
}

/// `broadcast_to`: an axis that is stretched has the stride 0.
pub(super) fn spread(array: &mut Array, shape: Option<Shape>) {
    let strides = array.strides();
    let before = array.shape.take();
    array.forget_layout();
    let (Some(shape), Some(before)) = (&shape, before) else {
        array.set_shape(shape);
        return;
    };
    let Some(added) = shape.len().checked_sub(before.len()) else { return };
    let old = |axis: usize| axis.checked_sub(added).map(|axis| before[axis]);
    let stretched = |axis: usize| shape[axis] > 1 && matches!(old(axis), None | Some(1));
    let any = (0..shape.len()).any(stretched);
    let known = !shape.contains(&-1);
    let strides = strides.map(|strides| {
        (0..shape.len())
            .map(|axis| if stretched(axis) { 0 } else { axis.checked_sub(added).map_or(0, |axis| strides[axis]) })
            .collect()
    });
    let empty = shape.contains(&0);
    array.set_layout(Some(shape.clone()), strides);
    if any && known && !empty {
        (array.c, array.f) = (Tri::No, Tri::No);
    }
}

fn permute_axes(array: &mut Array, axes: &[i64]) {
    let n = axes.len() as i64;
    let axes: SmallVec<[i64; 4]> = axes.iter().map(|&axis| if axis < 0 { axis + n } else { axis }).collect();
    if axes.iter().enumerate().all(|(i, &axis)| axis == i as i64) {
        return;
    }
    if axes.iter().rev().enumerate().all(|(i, &axis)| axis == i as i64) {
        reverse_axes(array);
        if array.shape.is_none() {
            array.shape = Some(Shape::from_elem(-1, axes.len()));
        }
        return;
    }
    let strides = array.strides();
    let shape = array.shape.take();
    array.forget_layout();
    let placed = |lengths: Shape| axes.iter().map(|&axis| lengths.get(axis as usize).copied().unwrap_or(-1)).collect();
    let shape = match shape {
        Some(shape) => placed(shape),
        None => Shape::from_elem(-1, axes.len()),
    };
    array.set_layout(Some(shape), strides.map(placed));
    reaxed(array);
}

/// Has the array certainly another number of items than this shape? (`-1` is an unknown length, or one that is worked out.)
fn cannot_be(array: &Array, shape: &[i64]) -> bool {
    let Some(size) = array.size() else { return false };
    let known: i64 = shape.iter().filter(|&&n| n >= 0).product();
    if shape.iter().all(|&n| n >= 0) { known != size } else { known > 0 && size % known != 0 }
}
