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

/// The strides of the view that `reshape` gives, or None if it has to copy: NumPy's `_attempt_nocopy_reshape`.
pub fn reshaped(shape: &[i64], strides: &[i64], new: &[i64], fortran: bool) -> Option<Strides> {
    if new.contains(&0) || shape.contains(&0) {
        return Some(dense(new, 0..new.len()));
    }
    // Axes of length 1 have no place in memory. In Fortran order everything is mirrored.
    let mut old: SmallVec<[(i64, i64); 4]> =
        shape.iter().zip(strides).filter(|(n, _)| **n != 1).map(|(&n, &s)| (n, s)).collect();
    let mut lengths: Strides = new.iter().copied().collect();
    if fortran {
        old.reverse();
        lengths.reverse();
    }
    let mut result = Strides::from_elem(0, lengths.len());
    let (mut i, mut j) = (0, 0);
    while i < lengths.len() && j < old.len() {
        let (first_new, first_old) = (i, j);
        let (mut count, mut had) = (lengths[i], old[j].0);
        while count != had {
            if count < had {
                i += 1;
                count = count.checked_mul(*lengths.get(i)?)?;
            } else {
                j += 1;
                had = had.checked_mul(old.get(j)?.0)?;
            }
        }
        // The old axes that are merged have to lie dense in each other.
        for k in first_old..j {
            if old[k].1 != old[k + 1].0.checked_mul(old[k + 1].1)? {
                return None;
            }
        }
        let mut step = old[j].1;
        for k in (first_new..=i).rev() {
            result[k] = step;
            step = step.saturating_mul(lengths[k]);
        }
        i += 1;
        j += 1;
    }
    let last = if i > 0 { result[i - 1] } else { 1 };
    for stride in result.iter_mut().skip(i) {
        *stride = last;
    }
    if fortran {
        result.reverse();
    }
    Some(result)
}
