//! Strides: what they say of contiguity, and the order in which NumPy lays a copy out.
//!
//! Strides are counted in items, not bytes. They are followed where all lengths are constants, so that the flags of a view
//! of a view are exact.

use smallvec::SmallVec;

/// The distance in items between neighbours, for each axis.
pub type Strides = SmallVec<[i64; 4]>;

/// The strides of an array that is dense in memory, its axes in this order, the slowest first.
pub fn dense(shape: &[i64], order: impl DoubleEndedIterator<Item = usize>) -> Strides {
    let mut strides = Strides::from_elem(0, shape.len());
    let mut step = 1i64;
    for axis in order.rev() {
        if let (Some(stride), Some(&n)) = (strides.get_mut(axis), shape.get(axis)) {
            *stride = step;
            step = step.saturating_mul(n.max(1));
        }
    }
    strides
}

/// Is an array of this shape and these strides C-contiguous, is it Fortran-contiguous? As NumPy counts: axes of length 1
/// do not matter, and what has no elements is both (`numpy.ndarray.flags`).
pub fn contiguous(shape: &[i64], strides: &[i64]) -> (bool, bool) {
    if shape.contains(&0) {
        return (true, true);
    }
    let along = |axes: &mut dyn Iterator<Item = usize>| {
        let mut step = 1i64;
        for axis in axes {
            if shape[axis] == 1 {
                continue;
            }
            if strides[axis] != step {
                return false;
            }
            step = step.saturating_mul(shape[axis]);
        }
        true
    };
    (along(&mut (0..shape.len()).rev()), along(&mut (0..shape.len())))
}

/// The axes from the slowest to the fastest, as `nditer` sorts them for `order='K'`: by the size of the strides; axes of
/// length 1 and of stride 0 stay where C order has them.
pub fn sorted_axes(shape: &[i64], strides: &[i64]) -> SmallVec<[usize; 4]> {
    // From the fastest on, by insertion, as NumPy does it: the comparison is no order where strides are 0.
    let mut axes: SmallVec<[usize; 4]> = (0..shape.len()).rev().collect();
    let size = |axis: usize| if shape[axis] == 1 { 0 } else { strides[axis].unsigned_abs() };
    for i in 1..axes.len() {
        let axis = axes[i];
        let mut place = i;
        for j in (0..i).rev() {
            let (mine, other) = (size(axis), size(axes[j]));
            if mine == 0 || other == 0 {
                continue;
            }
            if mine >= other {
                break;
            }
            place = j;
        }
        axes.remove(i);
        axes.insert(place, axis);
    }
    axes.reverse();
    axes
}
