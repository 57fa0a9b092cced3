//! What advanced indexing selects: shape and layout of the copy.
//!
//! The rules are those of "Combining advanced and basic indexing" in NumPy's user guide; the layout follows its
//! `mapiter`: the axes of the index arrays vary slowest, then the axes that are left, in the order in which the indexed array has them
//! in memory. (`tests/indexing.rs` holds all of it to NumPy.)

use smallvec::SmallVec;

use super::Part;
use crate::domain::layout::{self, Strides};
use crate::domain::{Array, Shape, Tri, Value, ValueId};
use crate::interp::machine::Machine;
use crate::interp::shapes::broadcast_shapes;

/// What is known of a selection.
#[derive(Debug, Default)]
pub(super) struct Selected {
    /// The lengths.
    pub(super) shape: Option<Shape>,
    /// The axes from the slowest to the fastest in memory.
    pub(super) order: Option<SmallVec<[usize; 4]>>,
    /// May it be a scalar?
    pub(super) scalar: bool,
}

impl Selected {
    /// Gives a fresh array this shape and layout.
    pub(super) fn apply(self, result: &mut Array) {
        let n = self.shape.as_ref().map_or(0, SmallVec::len);
        match self.order {
            Some(order) if self.shape.as_ref().is_some_and(|shape| !shape.contains(&-1)) => {
                let strides = layout::dense(self.shape.as_deref().unwrap_or_default(), order.into_iter());
                result.set_layout(self.shape, Some(strides));
            }
            Some(order) => {
                result.set_shape(self.shape);
                if order.iter().copied().eq(0..n) {
                    result.c = Tri::Must;
                }
                if order.iter().copied().eq((0..n).rev()) {
                    result.f = Tri::Must;
                }
            }
            None => result.set_shape(self.shape),
        }
        if result.ndim().is_some_and(|n| n <= 1) {
            (result.c, result.f) = (Tri::Must, Tri::Must);
        }
    }
}

/// An axis that is not indexed by an array: its length and stride in the indexed array, and whether it stands before
/// the index arrays.
struct Kept {
    len: i64,
    stride: Option<i64>,
    before: bool,
}

impl<'a> Machine<'a> {
    /// The shape and layout of what an index with arrays selects.
    pub(super) fn selected(&self, array: &Array, parts: &[(Part, ValueId)]) -> Selected {
        let ints = |part: &Part| matches!(part, Part::Int | Part::Zero);
        let unclear = |part: &Part| matches!(part, Part::Fancy | Part::Unknown | Part::Several);
        let scalar = match array.ndim() {
            Some(n) => parts.len() == n && parts.iter().all(|(part, _)| ints(part) || unclear(part)),
            None => parts.iter().all(|(part, _)| ints(part) || unclear(part)),
        };
        let arrays = parts.iter().any(|(part, _)| matches!(part, Part::Fancy | Part::Mask | Part::Bool));
        match self.selected_axes(array, parts, arrays) {
            Some((Some((indices, ordered)), kept)) => arranged(array, indices, ordered, &kept),
            // Only integers, one of them an array of no dimensions: a copy of the view.
            Some((None, kept)) => {
                let open = parts.iter().any(|(part, _)| *part == Part::Ellipsis);
                Selected { scalar: kept.is_empty() && !open, ..copied(&kept) }
            }
            None => Selected { scalar, ..Selected::default() },
        }
    }

    /// The shape that the index arrays broadcast to (None: there are none), with whether their axes keep their order, and the
    /// axes that are kept.
    #[allow(clippy::type_complexity, reason = "taken apart at once")]
    fn selected_axes(
        &self,
        array: &Array,
        parts: &[(Part, ValueId)],
        arrays: bool,
    ) -> Option<(Option<(Shape, bool)>, Vec<Kept>)> {
        let shape = array.shape.as_ref()?;
        let strides = array.strides();
        let mut taken = 0;
        for (part, value) in parts {
            taken += match part {
                Part::Int | Part::Zero | Part::Slice(_) | Part::Fancy => 1,
                Part::Mask => self.index_shape(*value)?.0.len(),
                Part::Bool | Part::NewAxis | Part::Ellipsis => 0,
                _ => return None,
            };
        }
        let mut axis = 0;
        let mut kept = Vec::with_capacity(shape.len());
        let mut shapes: SmallVec<[Shape; 4]> = SmallVec::new();
        // Index arrays stay where they are if nothing stands between them; else their axes come first.
        let (mut began, mut ended, mut apart) = (false, false, false);
        // Do the index arrays lie dense in C order? Of others it depends on more which axis of theirs is the slower one.
        let mut dense = true;
        let mut bools = false;
        for (part, value) in parts {
            let indexes = match part {
                Part::Fancy | Part::Mask | Part::Bool => true,
                Part::Int | Part::Zero => arrays,
                _ => false,
            };
            if indexes {
                apart |= ended;
                began = true;
            } else {
                ended |= began;
            }
            match part {
                Part::Int | Part::Zero => {
                    shapes.push(Shape::new());
                    axis += 1;
                }
                Part::Bool => {
                    bools = true;
                    shapes.push(smallvec::smallvec![match self.values.get(*value) {
                        Value::Bool(Some(truth)) => i64::from(*truth),
                        _ => -1,
                    }]);
                }
                Part::Fancy => {
                    let (index, contiguous) = self.index_shape(*value)?;
                    dense &= contiguous || index.len() <= 1;
                    shapes.push(index);
                    axis += 1;
                }
                Part::Mask => {
                    let (mask, _) = self.index_shape(*value)?;
                    // What `nonzero` gives for several axes is strided.
                    dense &= mask.len() <= 1;
                    shapes.push(smallvec::smallvec![if mask.contains(&0) { 0 } else { -1 }]);
                    axis += mask.len();
                }
                Part::NewAxis => kept.push(Kept { len: 1, stride: Some(0), before: !began }),
                Part::Ellipsis => {
                    for _ in taken..shape.len() {
                        let stride = strides.as_ref().map(|s| s[axis]);
                        kept.push(Kept { len: *shape.get(axis)?, stride, before: !began });
                        axis += 1;
                    }
                }
                Part::Slice(_) => {
                    let step = self.slice_step(*value);
                    let stride = strides.as_ref().zip(step).map(|(s, step)| s.get(axis).map_or(0, |s| s * step));
                    kept.push(Kept { len: self.sliced_length(*shape.get(axis)?, *value), stride, before: !began });
                    axis += 1;
                }
                _ => return None,
            }
        }
        if axis > shape.len() {
            return None;
        }
        for (i, &len) in shape.iter().enumerate().skip(axis) {
            kept.push(Kept { len, stride: strides.as_ref().map(|s| s[i]), before: !began });
        }
        if apart {
            kept.iter_mut().for_each(|axis| axis.before = false);
        }
        let only_bools = bools && parts.iter().all(|(part, _)| !matches!(part, Part::Fancy | Part::Mask));
        dense |= shapes.iter().all(|shape| shape.len() <= 1);
        // A boolean alone copies by another way, which differs where an array was broadcast.
        dense &= !only_bools || kept.iter().all(|axis| axis.len == 1 || axis.stride.is_some_and(|stride| stride != 0));
        Some((arrays.then(|| (broadcast_shapes(&shapes), dense)), kept))
    }

    /// The shape of an index array, list or tuple as an array, and whether it lies dense in C order.
    fn index_shape(&self, value: ValueId) -> Option<(Shape, bool)> {
        match self.values.get(value) {
            Value::Array(index) if index.certain() => Some((index.shape.clone()?, index.c.must())),
            Value::Range(_, len, _) => Some((smallvec::smallvec![*len], true)),
            Value::Ref(objects) if self.is_empty_list(objects) => Some((smallvec::smallvec![0], true)),
            Value::Ref(_) | Value::Tuple(_) => Some((self.nested_shape(value, 0)?, true)),
            _ => None,
        }
    }

    /// Is it a list that certainly holds nothing?
    pub(crate) fn is_empty_list(&self, objects: &[crate::domain::BufId]) -> bool {
        let contents = self.contents(objects);
        !contents.is_empty()
            && contents.iter().all(|(_, id)| {
                let content = self.values.content(*id);
                content.exact && content.fixed.is_empty()
            })
    }

    /// The step of a slice, if it is known.
    pub(super) fn slice_step(&self, slice: ValueId) -> Option<i64> {
        let Value::Slice(_, _, step) = *self.values.get(slice) else { return None };
        match self.values.get(step) {
            Value::None => Some(1),
            Value::Int(step) => *step,
            _ => None,
        }
    }
}

/// Puts the axes of the index arrays among those that are kept.
fn arranged(array: &Array, indices: Shape, ordered: bool, kept: &[Kept]) -> Selected {
    let count = indices.len();
    let first = kept.iter().take_while(|axis| axis.before).count();
    let mut shape: Shape = kept[..first].iter().map(|axis| axis.len).collect();
    shape.extend(indices);
    shape.extend(kept[first..].iter().map(|axis| axis.len));
    // Which of several axes counts as the slower one is not plain where an array was broadcast.
    let broadcast = kept.len() > 1 && kept.iter().any(|axis| axis.len != 1 && axis.stride == Some(0));
    let inner: Option<SmallVec<[usize; 4]>> = match sorted(kept) {
        _ if broadcast => None,
        Some(axes) => Some(axes),
        // Slices do not change which axis is the slower one.
        None if array.c.must() || kept.len() <= 1 => Some((0..kept.len()).collect()),
        None if array.f.must() && kept.iter().all(|axis| axis.stride != Some(0)) => {
            Some((0..kept.len()).rev().collect())
        }
        None => None,
    };
    let order = inner.filter(|_| ordered).map(|inner| {
        let place = |axis: usize| if axis < first { axis } else { axis + count };
        (first..first + count).chain(inner.into_iter().map(place)).collect()
    });
    Selected { shape: Some(shape), order, scalar: false }
}

/// The axes from the slowest to the fastest, where lengths and strides are known.
fn sorted(kept: &[Kept]) -> Option<SmallVec<[usize; 4]>> {
    let lengths: Shape = kept.iter().map(|axis| axis.len).collect();
    let strides: Option<Strides> = kept.iter().map(|axis| axis.stride).collect();
    (!lengths.contains(&-1)).then(|| Some(layout::sorted_axes(&lengths, &strides?))).flatten()
}

/// A copy of a view, which keeps the order of its axes (`order='K'` of `numpy.copy`).
fn copied(kept: &[Kept]) -> Selected {
    let shape: Shape = kept.iter().map(|axis| axis.len).collect();
    let strides: Option<Strides> = kept.iter().map(|axis| axis.stride).collect();
    let order = strides.filter(|_| !shape.contains(&-1)).map(|strides| {
        let mut axes: SmallVec<[usize; 4]> = (0..shape.len()).collect();
        axes.sort_by_key(|&axis| std::cmp::Reverse(strides[axis].unsigned_abs()));
        axes
    });
    Selected { shape: Some(shape), order, scalar: false }
}
