//! Indexing arrays: views, copies and scalars, their shapes and orders.

use smallvec::SmallVec;

use super::{Kind, Part, Step};
use crate::domain::layout::Strides;
use crate::domain::{Array, CopiedFrom, CopyOf, Dtype, Evidence, Kinds, Owner, Shape, Tri, Value, ValueId};
use crate::interp::machine::Machine;
use crate::ir::Temp;

impl<'a> Machine<'a> {
    /// `array[index]`
    pub(super) fn index_array(&mut self, array: &Array, index: Temp, at: ValueId) -> ValueId {
        let (parts, is_tuple) = self.parts(at);
        let kind = self.kind(&parts);
        if array.dtype == Dtype::Object
            && !parts.iter().any(|(part, _)| matches!(part, Part::Slice(_) | Part::Ellipsis))
        {
            // An element of an object array may be any object.
            return ValueId::UNKNOWN;
        }
        // A slice of a list is a list; anything else takes an element out, which may be any array.
        // No container takes an array for an index.
        let selects = |part: &Part, index: ValueId| {
            matches!(part, Part::Slice(_) | Part::Ellipsis | Part::NewAxis)
                || self.values.array(index).is_some_and(|index| index.evidence == Evidence::Certain)
        };
        let foreign = array.kinds.elsewhere() && !parts.iter().any(|(part, index)| selects(part, *index));
        let kind = match (kind, self.values.get(at)) {
            // `True` is a position of a list.
            (Kind::Advanced(_), Value::Bool(_)) if !array.certain() => Kind::Unknown,
            (kind, _) => kind,
        };
        match kind {
            Kind::Basic => {
                let mut view = self.basic(array, index, &parts, is_tuple);
                let alone = |part: &Part| matches!(part, Part::Ellipsis | Part::NewAxis);
                if array.kinds.meets(Kinds::SCALAR) && !array.is_entry() && parts.iter().all(|(part, _)| alone(part)) {
                    // Where it is a number, that is made an array. (A number that was passed in counts as its name's
                    // memory.)
                    let scalar = self.index_scalar(ValueId::SCALAR, at);
                    view = self.values.join(view, scalar);
                }
                if foreign { self.values.join(view, ValueId::UNKNOWN) } else { view }
            }
            Kind::Advanced(how) => self.selection(array, &parts, how),
            Kind::Unknown => {
                let view = self.basic(array, index, &parts, is_tuple);
                let copy = self.selection(array, &parts, CopyOf::Fancy);
                let joined = self.values.join(view, copy);
                if foreign { self.values.join(joined, ValueId::UNKNOWN) } else { joined }
            }
        }
    }

    /// A copy by advanced indexing.
    pub(super) fn selection(&mut self, array: &Array, parts: &[(Part, ValueId)], how: CopyOf) -> ValueId {
        let source = self.values.make(array.clone());
        let selected = self.selected(array, parts);
        let dtype = array.dtype;
        let kinds = match (array.certain(), selected.scalar) {
            (true, false) => Kinds::ARRAY,
            (true, true) if selected.shape.is_some() => return self.scalar_of(array),
            (true, true) => Kinds::ARRAY.union(Kinds::SCALAR),
            // A Series can be indexed by a list or mask as well.
            (false, _) => Kinds::LIKE.union(array.kinds.warnings()),
        };
        let value = self.fresh(0, kinds, array.evidence, |result| {
            result.dtype = dtype;
            result.owner = Owner::Either;
            selected.apply(result);
        });
        // An index of which nothing is known may just as well be an integer; an array is one, unless it has no dimensions.
        let likely = parts.iter().all(|(part, index)| *part != Part::Unknown || self.is_likely(*index));
        self.mark_copied(value, source, how, likely);
        value
    }

    /// Notes on the buffer of a fresh value what it was copied from.
    pub(crate) fn mark_copied(&mut self, value: ValueId, source: ValueId, how: CopyOf, likely: bool) {
        if let Some(array) = self.values.array(value)
            && let [buf] = array.bufs[..]
        {
            self.buffers.get_mut(buf).copied_from = Some(CopiedFrom { source, how, likely });
        }
    }

    /// A view by basic indexing (or, where all dimensions are consumed, a scalar).
    pub(super) fn basic(&mut self, array: &Array, index: Temp, parts: &[(Part, ValueId)], is_tuple: bool) -> ValueId {
        let region = self.region(array, index, parts);
        let known =
            parts.iter().all(|(part, _)| matches!(part, Part::Int | Part::Slice(_) | Part::NewAxis | Part::Ellipsis));
        let field = matches!(parts, [(Part::Field(_) | Part::Fields, _)]);
        let ints = parts.iter().filter(|(part, _)| *part == Part::Int).count();
        // No slice at all, `()`, makes a scalar of an array of no dimensions, and of a NumPy scalar.
        let slices = matches!(parts, [(Part::Slices, _)]) && array.certain() && array.ndim().is_some_and(|n| n > 0);
        let keeps =
            slices || parts.iter().any(|(part, _)| matches!(part, Part::Slice(_) | Part::NewAxis | Part::Ellipsis));
        let mut kinds = array.kinds;
        let only_arrays = array.certain();
        // A list or a string has no index of several axes.
        if is_tuple && !parts.is_empty() {
            kinds = kinds.without(Kinds::CONTAINER);
        }
        if is_tuple && !matches!(parts, [] | [(Part::Slices | Part::Basic, _)]) {
            kinds = kinds.without(Kinds::SCALAR);
        }
        let scalar = match (array.ndim(), keeps || field) {
            (_, true) => Tri::No,
            (Some(n), false) if known => Tri::of(ints >= n),
            (None, false) | (Some(_), false) => Tri::May,
        };
        if only_arrays {
            if scalar.must() {
                return self.scalar_of(array);
            }
            kinds = if scalar.no() { Kinds::ARRAY } else { Kinds::ARRAY.union(Kinds::SCALAR) };
        } else {
            kinds = kinds.without(Kinds::NONE);
            if keeps && !kinds.meets(Kinds::CONTAINER.union(Kinds::OTHER).union(Kinds::FOREIGN)) {
                // A number has no slices.
                kinds = Kinds::ARRAY;
            }
            if !keeps {
                kinds = kinds.union(Kinds::ALL);
            }
        }
        let element = !only_arrays && !keeps && !is_tuple;
        let of_list = array.kinds.meets(Kinds::CONTAINER) || array.kinds.elsewhere();
        let (shape, strides) = match known.then(|| self.sliced(array, parts)).flatten() {
            Some((shape, strides)) => (Some(shape), strides),
            None if slices => (array.ndim().map(|n| Shape::from_elem(-1, n)), None),
            None => (None, None),
        };
        let (c, f) = if known { contiguity(array, parts) } else { (Tri::May, Tri::May) };
        let member = if field { self.member_of(array, parts) } else { None };
        self.view(array, |view| {
            view.kinds = kinds;
            view.region = region;
            if let Some(member) = member {
                member.apply(view);
            } else if field {
                view.forget_layout();
                view.dtype = Dtype::Unknown;
            } else {
                (view.c, view.f) = (c, f);
                view.set_layout(shape, strides);
            }
            if scalar == Tri::May {
                // An element of something with an unknown number of dimensions may well be a number.
                view.evidence = Evidence::None;
            }
            if field && array.kinds.meets(Kinds::SCALAR) && !array.is_entry() {
                // Where it is one record, that is an object of its own.
                view.lies = false;
            }
            if element {
                // An element of a list is another object than the list's other elements.
                view.lies &= !of_list;
                view.owner = Owner::Either;
                view.dtype = Dtype::Unknown;
                view.writeable = Tri::May;
                if view.bufs.is_empty() {
                    view.unknown = true;
                }
            }
        })
    }

    /// An element of an array, as a scalar.
    pub(super) fn scalar_of(&mut self, array: &Array) -> ValueId {
        // Structured scalars are views of their record, but no arrays.
        self.number_of(array.dtype)
    }

    /// A scalar of a dtype.
    pub(crate) fn number_of(&mut self, dtype: Dtype) -> ValueId {
        match dtype.kind() {
            Some(b'i' | b'u') => self.values.int(None),
            Some(b'b') => self.values.intern(Value::Bool(None)),
            Some(b'f') if dtype == Dtype::FLOAT64 => self.values.intern(Value::Float),
            Some(b'f' | b'c' | b'm' | b'M') => self.values.intern(Value::Number),
            Some(b'U' | b'S') => self.values.intern(Value::Str(None)),
            _ => ValueId::SCALAR,
        }
    }

    /// The shape, and the strides if they are known, of a view by integers, slices, `None` and `...`.
    fn sliced(&self, array: &Array, parts: &[(Part, ValueId)]) -> Option<(Shape, Option<Strides>)> {
        let shape = array.shape.as_ref()?;
        let strides = array.strides();
        let consumed = parts.iter().filter(|(part, _)| matches!(part, Part::Int | Part::Slice(_))).count();
        let mut lengths = Shape::new();
        let mut steps = strides.as_ref().map(|_| Strides::new());
        let mut push = |len: i64, step: Option<i64>| {
            lengths.push(len);
            steps = steps.take().zip(step).map(|(mut steps, step)| {
                steps.push(step);
                steps
            });
        };
        let stride = |axis: usize| strides.as_ref().and_then(|strides| strides.get(axis)).copied();
        let mut axis = 0;
        for (part, value) in parts {
            match part {
                Part::Int => axis += 1,
                Part::NewAxis => push(1, Some(0)),
                Part::Ellipsis => {
                    for _ in consumed..shape.len() {
                        push(*shape.get(axis)?, stride(axis));
                        axis += 1;
                    }
                }
                Part::Slice(_) => {
                    let step = self.slice_step(*value);
                    push(self.sliced_length(*shape.get(axis)?, *value), stride(axis).zip(step).map(|(s, n)| s * n));
                    axis += 1;
                }
                _ => return None,
            }
        }
        if axis > shape.len() {
            return None;
        }
        for (axis, &len) in shape.iter().enumerate().skip(axis) {
            push(len, stride(axis));
        }
        Some((lengths, steps))
    }

    /// The length that a slice takes of an axis; -1 if it is not known.
    pub(super) fn sliced_length(&self, len: i64, slice: ValueId) -> i64 {
        let Value::Slice(a, b, c) = *self.values.get(slice) else { return -1 };
        let int = |id: ValueId| match self.values.get(id) {
            Value::None => Some(None),
            Value::Int(Some(n)) => Some(Some(*n)),
            _ => None,
        };
        let (Some(a), Some(b), Some(c)) = (int(a), int(b), int(c)) else { return -1 };
        let step = c.unwrap_or(1);
        if step == 0 {
            return -1;
        }
        if a.is_none() && b.is_none() && step.abs() == 1 {
            return len;
        }
        if len < 0 {
            return -1;
        }
        let clamp = |n: i64, low: i64, high: i64| (if n < 0 { n.saturating_add(len) } else { n }).clamp(low, high);
        if step > 0 {
            let (a, b) = (clamp(a.unwrap_or(0), 0, len), b.map_or(len, |b| clamp(b, 0, len)));
            (b - a).max(0).div_euclid(step) + i64::from((b - a).max(0).rem_euclid(step) != 0)
        } else {
            let a = a.map_or(len - 1, |a| clamp(a, -1, len - 1));
            let b = b.map_or(-1, |b| clamp(b, -1, len - 1));
            let n = (a - b).max(0);
            n.div_euclid(-step) + i64::from(n.rem_euclid(-step) != 0)
        }
    }
}

/// Whether a basic index keeps an array's contiguity: integers, then at most one slice of step 1, then full slices (C);
/// mirrored for Fortran order.
fn contiguity(array: &Array, parts: &[(Part, ValueId)]) -> (Tri, Tri) {
    let real: SmallVec<[Part; 4]> = parts.iter().map(|entry| entry.0).filter(|part| *part != Part::NewAxis).collect();
    let full = |part: &Part| matches!(part, Part::Slice(Step::Full) | Part::Ellipsis);
    let leading = |mut parts: &mut dyn Iterator<Item = &Part>| {
        let mut sliced = false;
        for part in &mut parts {
            match part {
                Part::Int if !sliced => {}
                Part::Slice(Step::One) if !sliced => sliced = true,
                part if full(part) => sliced = true,
                _ => return false,
            }
        }
        true
    };
    let all_full = real.iter().all(full);
    let reaches_end = real.contains(&Part::Ellipsis) || array.ndim() == Some(real.len());
    let c = if array.c.must() && leading(&mut real.iter()) {
        Tri::Must
    } else if all_full {
        array.c
    } else {
        Tri::May
    };
    let f = if array.f.must() && (all_full || reaches_end && leading(&mut real.iter().rev())) {
        Tri::Must
    } else if all_full {
        array.f
    } else {
        Tri::May
    };
    (c, f)
}
