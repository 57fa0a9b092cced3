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

/// The strides with which an array of this shape and these strides is seen in another shape of as many items, taken in C order
/// (or Fortran order); none if it has to be copied for that.
///
/// The axes that a group of new axes is cut from have to follow each other in memory at one distance (`numpy.reshape`: "it is
/// not always possible to change the shape of an array without copying the data").
pub fn reshaped(shape: &[i64], strides: &[i64], new: &[i64], fortran: bool) -> Option<Strides> {
    if shape.contains(&0) || new.contains(&0) {
        return None;
    }
    // From the fastest axis on. Axes of length 1 may lie anywhere.
    let turned =
        |axes: usize| -> SmallVec<[usize; 4]> { if fortran { (0..axes).collect() } else { (0..axes).rev().collect() } };
    let mut old = turned(shape.len()).into_iter().filter(|&axis| shape[axis] != 1);
    let mut result = Strides::from_elem(0, new.len());
    // Of the group: the distance of neighbours, how many items its old axes have, and how many the new ones so far.
    let (mut step, mut length, mut done) = (1i64, 1i64, 1i64);
    for axis in turned(new.len()) {
        result[axis] = step.checked_mul(done)?;
        let n = new[axis];
        if n == 1 {
            continue;
        }
        if done == length {
            let first = old.next()?;
            (step, length, done) = (strides[first], shape[first], 1);
            result[axis] = step;
        }
        done = done.checked_mul(n)?;
        while length % done != 0 {
            let next = old.next()?;
            if strides[next] != step.checked_mul(length)? {
                return None;
            }
            length = length.checked_mul(shape[next])?;
        }
    }
    Some(result)
}

/// The strides of what an elementwise operation makes of an array of this shape and these strides (`order='K'` of `numpy.nditer`:
/// <https://numpy.org/doc/stable/reference/generated/numpy.nditer.html>).
pub fn computed(shape: &[i64], strides: &[i64]) -> Strides {
    dense(shape, sorted_axes(shape, strides).into_iter())
}

/// The strides of a copy in `order='K'`: the axes from the largest to the smallest stride, those of equal size as in C order
/// (<https://numpy.org/doc/stable/reference/generated/numpy.copy.html>).
pub fn kept(shape: &[i64], strides: &[i64]) -> Strides {
    let (c, f) = contiguous(shape, strides);
    let mut axes: SmallVec<[usize; 4]> = (0..shape.len()).collect();
    if f && !c {
        axes.reverse();
    } else if !c {
        axes.sort_by_key(|&axis| std::cmp::Reverse(strides[axis].unsigned_abs()));
    }
    dense(shape, axes.into_iter())
}

/// Do the items lie one behind the other in memory, in whatever order of the axes? Then `ravel(order='K')` is a view
/// (<https://numpy.org/doc/stable/reference/generated/numpy.ravel.html>).
pub fn is_dense(shape: &[i64], strides: &[i64]) -> bool {
    let axes = sorted_axes(shape, strides);
    let order = axes.iter().copied();
    let expected = dense(shape, order);
    shape.contains(&0) || (0..shape.len()).all(|axis| shape[axis] == 1 || strides[axis] == expected[axis])
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
