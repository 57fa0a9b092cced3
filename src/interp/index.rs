//! NumPy's indexing rules: is `a[i]` a view, a copy or a scalar, and which part of `a` is it?

use smallvec::SmallVec;

use super::machine::Machine;
use crate::domain::{
    Array, Bound, CopiedFrom, CopyOf, Dtype, Evidence, Interval, Key, Kinds, ObjectKind, Owner, Region, Shape, Tri,
    Value, ValueId,
};
use crate::ir::{BinOp, Local, OpKind, Temp};
use crate::trace::{Escape, EventKind, How, ReadHow, WriteHow};

/// One component of an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// An integer.
    Int,
    /// A slice: is it `:`, `a:b` (step 1), or has it another step?
    Slice(Step),
    /// `None`
    NewAxis,
    /// `...`
    Ellipsis,
    /// A field name.
    Field(Option<crate::ir::Sym>),
    /// Several field names: a view since NumPy 1.16.
    Fields,
    /// An integer array or list.
    Fancy,
    /// A boolean array.
    Mask,
    /// May be an integer or a slice, so that the result is a view (or a scalar).
    Basic,
    /// Anything.
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Full,
    One,
    Other,
}

/// What an index does, as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Basic,
    Advanced(CopyOf),
    Unknown,
}

impl<'a> Machine<'a> {
    /// `obj[index]`
    pub(crate) fn index(&mut self, obj: Temp, index: Temp) -> ValueId {
        let (value, at) = (self.temp(obj), self.temp(index));
        self.read(index, ReadHow::Operand);
        if let Some(OpKind::Attr(array, name)) = self.def(obj)
            && self.name(*name) == "flat"
            && let Value::Array(array) = self.values.get(self.temp(*array)).clone()
        {
            return self.flat_index(&array, at);
        }
        match self.values.get(value).clone() {
            Value::Array(array) if array.kinds.meets(Kinds::ARRAY) => {
                let array = self.indexed(obj, array, at);
                let how = self.index_how(at);
                if !matches!(how, How::Slice | How::Field) {
                    self.read(obj, ReadHow::Copied);
                }
                let result = self.index_array(&array, index, at);
                self.derived(obj, result, how);
                result
            }
            Value::Array(array) => self.element_of(&array, at),
            Value::Tuple(items) => match self.values.get(at).clone() {
                Value::Int(Some(n)) => {
                    let n = if n < 0 { n + items.len() as i64 } else { n };
                    usize::try_from(n).ok().and_then(|n| items.get(n).copied()).unwrap_or(ValueId::UNKNOWN)
                }
                Value::Int(None) | Value::Bool(_) => self.values.join_all(items),
                Value::Slice(a, b, c) => match self.constant_slice(a, b, c, items.len()) {
                    Some(range) => self.values.tuple(range.map(|i| items[i]).collect()),
                    None => {
                        let joined = self.values.join_all(items);
                        self.values.tuple_of(joined)
                    }
                },
                _ => {
                    let joined = self.values.join_all(items);
                    self.values.join(joined, ValueId::UNKNOWN)
                }
            },
            Value::TupleOf(item) => match self.values.get(at) {
                Value::Int(_) => item,
                Value::Slice(..) => value,
                _ => self.values.join(item, ValueId::UNKNOWN),
            },
            Value::Ref(objects) => self.index_objects(&objects, at),
            Value::Str(_) => self.values.intern(Value::Str(None)),
            Value::Range(_) => match self.values.get(at) {
                Value::Int(_) => self.values.int(None),
                _ => value,
            },
            Value::Module(path) => {
                let path = self.paths.text(path).to_string();
                self.special_index(&path, index)
            }
            Value::Scalar | Value::Float | Value::Int(_) | Value::Bool(_) => self.index_scalar(at),
            Value::Unknown => self.index_unknown(at),
            _ => ValueId::UNKNOWN,
        }
    }

    /// A NumPy scalar takes `...` and `None` for an index, and becomes an array.
    fn index_scalar(&mut self, at: ValueId) -> ValueId {
        let (parts, _) = self.parts(at);
        if !parts.iter().any(|(part, _)| matches!(part, Part::Ellipsis | Part::NewAxis | Part::Unknown)) {
            return ValueId::SCALAR;
        }
        let grown = |part: &Part| matches!(part, Part::NewAxis);
        let kinds = if parts.iter().any(|(part, _)| *part == Part::Unknown) { Kinds::LIKE } else { Kinds::ARRAY };
        let ndim = parts.iter().filter(|(part, _)| grown(part)).count();
        self.fresh(0, kinds, Evidence::Certain, |array| {
            array.owner = Owner::Either;
            if kinds == Kinds::ARRAY {
                array.set_shape(Some(Shape::from_elem(1, ndim)));
            }
        })
    }

    /// An index on something of which nothing is known: an array (or mask) as the index selects a copy all the same.
    fn index_unknown(&mut self, at: ValueId) -> ValueId {
        let (parts, _) = self.parts(at);
        let unknown = Array::unknown(Kinds::ANY, Evidence::None);
        match self.kind(&parts) {
            Kind::Advanced(how) => self.selection(&unknown, &parts, how),
            Kind::Unknown if parts.iter().any(|(part, index)| *part == Part::Unknown && self.is_likely(*index)) => {
                let copy = self.selection(&unknown, &parts, CopyOf::Fancy);
                self.values.join(copy, ValueId::UNKNOWN)
            }
            _ => ValueId::UNKNOWN,
        }
    }

    /// Is the value likely to be an array of at least one dimension, where it is an index? (A reduction that may be a
    /// number mostly is one.)
    fn is_likely(&self, value: ValueId) -> bool {
        self.values.array(value).is_some_and(|array| {
            array.evidence >= Evidence::Likely
                && array.ndim() != Some(0)
                && array.kinds != Kinds::ARRAY.union(Kinds::SCALAR)
        })
    }

    /// `x.flat[index]`: a copy, or a scalar.
    fn flat_index(&mut self, array: &Array, at: ValueId) -> ValueId {
        if matches!(self.values.get(at), Value::Int(_)) {
            return self.scalar_of(array);
        }
        let several = matches!(self.values.get(at), Value::Slice(..) | Value::Ellipsis | Value::Ref(_));
        let kinds = if several && array.certain() { Kinds::ARRAY } else { Kinds::LIKE };
        let dtype = array.dtype;
        self.fresh(0, kinds, array.evidence, |fresh| {
            fresh.dtype = dtype;
            fresh.owner = Owner::Either;
            if several {
                fresh.set_shape(Some(smallvec::smallvec![-1]));
                (fresh.c, fresh.f) = (Tri::Must, Tri::Must);
            }
        })
    }

    /// What is indexed, after an index that only arrays (and what acts like them) take.
    fn indexed(&mut self, obj: Temp, array: Array, at: ValueId) -> Array {
        let only_arrays = match self.values.get(at) {
            Value::Tuple(items) => items.iter().any(|&item| matches!(self.values.get(item), Value::Slice(..))),
            Value::Ellipsis => true,
            // Lists take no arrays for an index, and as a key they cannot be hashed.
            Value::Array(index) => index.certain() && index.ndim().is_some_and(|n| n > 0),
            _ => false,
        };
        if !only_arrays || !array.kinds.meets(Kinds::CONTAINER) {
            return array;
        }
        self.is_no_container(obj);
        match self.values.get(self.temp(obj)) {
            Value::Array(array) => array.clone(),
            _ => array,
        }
    }

    /// `np.r_[…]`, `np.c_[…]`, `np.s_[…]`, `np.mgrid[…]`.
    fn special_index(&mut self, path: &str, index: Temp) -> ValueId {
        match path {
            "numpy.s_" | "numpy.index_exp" => self.temp(index),
            "numpy.r_" | "numpy.c_" | "numpy.mgrid" => self.fresh(0, Kinds::ARRAY, Evidence::Certain, |array| {
                array.owner = Owner::Either;
            }),
            _ => ValueId::UNKNOWN,
        }
    }

    fn index_objects(&mut self, objects: &[crate::domain::BufId], at: ValueId) -> ValueId {
        if let Value::Slice(..) = self.values.get(at) {
            let element = self.elements(objects);
            return self.new_sequence(ObjectKind::List, element);
        }
        let mut joined = ValueId::BOTTOM;
        for &object in objects {
            let Some(id) = self.state.content(object) else { return ValueId::UNKNOWN };
            let content = self.values.content(id).clone();
            let found = match content.kind {
                ObjectKind::List => match *self.values.get(at) {
                    Value::Int(Some(n)) if content.exact => {
                        let n = if n < 0 { n + content.fixed.len() as i64 } else { n };
                        let found = usize::try_from(n).ok().and_then(|n| content.fixed.get(n));
                        found.map_or(ValueId::UNKNOWN, |entry| entry.1)
                    }
                    _ => self.elements(&[object]),
                },
                ObjectKind::Dict => match self.key(at) {
                    Some(key) => crate::domain::values::lookup(&content, key).unwrap_or(content.rest),
                    None => self.elements(&[object]),
                },
                _ => ValueId::UNKNOWN,
            };
            let found = if found == ValueId::BOTTOM { ValueId::UNKNOWN } else { found };
            joined = self.values.join(joined, found);
        }
        joined
    }

    /// An element of something that is no array but counts as the memory of its name.
    fn element_of(&mut self, container: &Array, at: ValueId) -> ValueId {
        let mut element = container.clone();
        element.kinds = if matches!(self.values.get(at), Value::Slice(..)) { container.kinds } else { Kinds::ALL };
        if container.kinds.elsewhere() || container.bufs.is_empty() {
            element.unknown = true;
            element.kinds = element.kinds.union(Kinds::ANY);
        }
        element.lies = false;
        element.entry = false;
        element.region = Region::Any;
        element.forget_layout();
        element.dtype = Dtype::Unknown;
        element.writeable = Tri::May;
        element.owner = Owner::Either;
        self.values.make(element)
    }

    /// A constant slice over a sequence of known length.
    fn constant_slice(&self, a: ValueId, b: ValueId, c: ValueId, len: usize) -> Option<std::ops::Range<usize>> {
        let len = len as i64;
        let end = |value: ValueId, default: i64| match self.values.get(value) {
            Value::None => Some(default),
            Value::Int(Some(n)) => Some(if *n < 0 { (n + len).max(0) } else { (*n).min(len) }),
            _ => None,
        };
        if !matches!(self.values.get(c), Value::None | Value::Int(Some(1))) {
            return None;
        }
        let (a, b) = (end(a, 0)?, end(b, len)?);
        Some(a as usize..b.max(a) as usize)
    }

    // --- arrays -------------------------------------------------------------------------------------------------

    fn parts(&self, at: ValueId) -> (SmallVec<[(Part, ValueId); 4]>, bool) {
        match self.values.get(at) {
            Value::Tuple(items) => (items.iter().map(|&item| (self.part(item), item)).collect(), true),
            Value::TupleOf(item) => {
                let part = match self.part(*item) {
                    Part::Int | Part::Slice(_) | Part::NewAxis | Part::Ellipsis | Part::Basic => Part::Basic,
                    Part::Fancy | Part::Mask => Part::Fancy,
                    _ => Part::Unknown,
                };
                (smallvec::smallvec![(part, *item)], true)
            }
            _ => (smallvec::smallvec![(self.part(at), at)], false),
        }
    }

    fn part(&self, value: ValueId) -> Part {
        match self.values.get(value) {
            Value::Int(_) => Part::Int,
            Value::Slice(a, b, step) => {
                let none = |id: &ValueId| *self.values.get(*id) == Value::None;
                Part::Slice(match self.values.get(*step) {
                    Value::None | Value::Int(Some(1)) if none(a) && none(b) => Step::Full,
                    Value::None | Value::Int(Some(1)) => Step::One,
                    _ => Step::Other,
                })
            }
            Value::None => Part::NewAxis,
            Value::Ellipsis => Part::Ellipsis,
            Value::Str(name) => Part::Field(*name),
            Value::Bool(_) => Part::Mask,
            Value::Range(_) => Part::Fancy,
            Value::Array(array) if array.dtype == Dtype::BOOL => Part::Mask,
            Value::Array(array) if array.certain() => match array.ndim() {
                // An integer array of no dimensions acts as an integer.
                Some(0) | None => Part::Unknown,
                Some(_) => match array.dtype.kind() {
                    Some(b'b') => Part::Mask,
                    Some(b'i' | b'u') | None => Part::Fancy,
                    Some(_) => Part::Unknown,
                },
            },
            Value::Ref(objects) => self.part_of_list(objects),
            Value::Tuple(_) | Value::TupleOf(_) => Part::Fancy,
            _ => Part::Unknown,
        }
    }

    fn part_of_list(&self, objects: &[crate::domain::BufId]) -> Part {
        let mut fields = false;
        for (_, id) in self.contents(objects) {
            let content = self.values.content(id);
            if content.kind != ObjectKind::List {
                return Part::Unknown;
            }
            let first = content.fixed.first().map_or(content.rest, |entry| entry.1);
            match self.values.get(first) {
                Value::Str(_) => fields = true,
                // `list(x)` of something unknown is taken for numbers: names of fields are nearly always constants.
                _ => return Part::Fancy,
            }
        }
        if fields { Part::Fields } else { Part::Unknown }
    }

    fn kind(&self, parts: &[(Part, ValueId)]) -> Kind {
        let mut kind = Kind::Basic;
        for (part, _) in parts {
            match part {
                Part::Mask => kind = Kind::Advanced(CopyOf::Mask),
                Part::Fancy if !matches!(kind, Kind::Advanced(CopyOf::Mask)) => kind = Kind::Advanced(CopyOf::Fancy),
                Part::Unknown if kind == Kind::Basic => kind = Kind::Unknown,
                _ => {}
            }
        }
        kind
    }

    /// `array[index]`
    fn index_array(&mut self, array: &Array, index: Temp, at: ValueId) -> ValueId {
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
                if array.kinds.meets(Kinds::SCALAR) && !array.entry && parts.iter().all(|(part, _)| alone(part)) {
                    // Where it is a number, that is made an array. (A number that was passed in counts as its name's
                    // memory.)
                    let scalar = self.index_scalar(at);
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
    fn selection(&mut self, array: &Array, parts: &[(Part, ValueId)], how: CopyOf) -> ValueId {
        let source = self.values.make(array.clone());
        let shape = self.selected_shape(array, parts);
        let dtype = array.dtype;
        let kinds = if array.certain() {
            Kinds::ARRAY
        } else {
            // A Series can be indexed by a list or mask as well.
            Kinds::LIKE.union(array.kinds.warnings())
        };
        let value = self.fresh(0, kinds, array.evidence, |result| {
            result.dtype = dtype;
            result.set_shape(shape);
            result.owner = Owner::Either;
            if result.ndim().is_some_and(|n| n <= 1) {
                (result.c, result.f) = (Tri::Must, Tri::Must);
            }
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

    /// The shape of a selection, in the simple case: one index array (or mask) of known dimensions, the rest slices.
    fn selected_shape(&self, array: &Array, parts: &[(Part, ValueId)]) -> Option<Shape> {
        let shape = array.shape.as_ref()?;
        let mut result = Shape::new();
        let mut axis = 0;
        let mut arrays = 0;
        for (part, value) in parts {
            match part {
                Part::Fancy | Part::Mask => {
                    arrays += 1;
                    let index = match self.values.get(*value) {
                        Value::Array(index) if index.certain() => index.ndim()?,
                        Value::Ref(_) if self.flat_list(*value) => 1,
                        _ => return None,
                    };
                    if *part == Part::Mask {
                        axis += index;
                        result.push(-1);
                    } else {
                        axis += 1;
                        result.extend(std::iter::repeat_n(-1, index));
                    }
                }
                Part::Slice(Step::Full) => {
                    result.push(*shape.get(axis)?);
                    axis += 1;
                }
                Part::Slice(_) => {
                    result.push(-1);
                    axis += 1;
                }
                _ => return None,
            }
        }
        if arrays != 1 || axis > shape.len() {
            return None;
        }
        result.extend(shape[axis..].iter().copied());
        Some(result)
    }

    /// Is the value a list of numbers?
    fn flat_list(&self, value: ValueId) -> bool {
        let Value::Ref(objects) = self.values.get(value) else { return false };
        self.contents(objects).iter().all(|(_, id)| {
            let content = self.values.content(*id);
            content.exact
                && !content.fixed.is_empty()
                && content.fixed.iter().all(|(_, v)| matches!(self.values.get(*v), Value::Int(_)))
        })
    }

    /// A view by basic indexing (or, where all dimensions are consumed, a scalar).
    fn basic(&mut self, array: &Array, index: Temp, parts: &[(Part, ValueId)], is_tuple: bool) -> ValueId {
        let region = self.region(array, index, parts);
        let known =
            parts.iter().all(|(part, _)| matches!(part, Part::Int | Part::Slice(_) | Part::NewAxis | Part::Ellipsis));
        let field = matches!(parts, [(Part::Field(_) | Part::Fields, _)]);
        let ints = parts.iter().filter(|(part, _)| *part == Part::Int).count();
        let keeps = parts.iter().any(|(part, _)| matches!(part, Part::Slice(_) | Part::NewAxis | Part::Ellipsis));
        let mut kinds = array.kinds;
        let only_arrays = array.certain();
        // A list or a string has no index of several axes.
        if is_tuple && !parts.is_empty() {
            kinds = kinds.without(Kinds::CONTAINER.union(Kinds::SCALAR));
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
        let shape = if known { self.sliced_shape(array, parts) } else { None };
        let (c, f) = if known { contiguity(array, parts) } else { (Tri::May, Tri::May) };
        self.view(array, |view| {
            view.kinds = kinds;
            view.region = region;
            view.shape = if field { view.shape.clone() } else { shape };
            (view.c, view.f) = if field { (Tri::May, Tri::May) } else { (c, f) };
            if field {
                view.dtype = Dtype::Unknown;
            }
            if scalar == Tri::May {
                // An element of something with an unknown number of dimensions may well be a number.
                view.evidence = Evidence::None;
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

    fn scalar_of(&mut self, array: &Array) -> ValueId {
        match array.dtype.kind() {
            Some(b'i' | b'u') => self.values.int(None),
            Some(b'b') => self.values.intern(Value::Bool(None)),
            Some(b'f') if array.dtype == Dtype::FLOAT64 => self.values.intern(Value::Float),
            // Structured scalars are views of their record, but no arrays.
            _ => ValueId::SCALAR,
        }
    }

    fn sliced_shape(&self, array: &Array, parts: &[(Part, ValueId)]) -> Option<Shape> {
        let shape = array.shape.as_ref()?;
        let consumed = parts.iter().filter(|(part, _)| matches!(part, Part::Int | Part::Slice(_))).count();
        let mut result = Shape::new();
        let mut axis = 0;
        for (part, value) in parts {
            match part {
                Part::Int => axis += 1,
                Part::NewAxis => result.push(1),
                Part::Ellipsis => {
                    for _ in consumed..shape.len() {
                        result.push(*shape.get(axis)?);
                        axis += 1;
                    }
                }
                Part::Slice(_) => {
                    result.push(self.sliced_length(*shape.get(axis)?, *value));
                    axis += 1;
                }
                _ => return None,
            }
        }
        if axis > shape.len() {
            return None;
        }
        result.extend(shape[axis..].iter().copied());
        Some(result)
    }

    /// The length that a slice takes of an axis; -1 if it is not known.
    fn sliced_length(&self, len: i64, slice: ValueId) -> i64 {
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

    // --- regions ------------------------------------------------------------------------------------------------

    /// The part of the buffer that a basic index takes.
    fn region(&self, array: &Array, index: Temp, parts: &[(Part, ValueId)]) -> Region {
        if array.region != Region::Whole {
            return array.region.clone();
        }
        if let [(Part::Field(Some(name)), _)] = parts {
            return Region::Field(*name);
        }
        let temps = self.index_temps(index, parts.len());
        let mut intervals: SmallVec<[Interval; 2]> = SmallVec::new();
        for (i, (part, value)) in parts.iter().enumerate() {
            let temp = temps.get(i).copied();
            intervals.push(match part {
                Part::Int => Interval::single(self.bound(*value, temp)),
                Part::Slice(step) => self.interval(*value, temp, *step),
                Part::Ellipsis => break,
                _ => return Region::Any,
            });
        }
        if intervals.iter().all(|interval| *interval == Interval::ALL) {
            // All of it, but along the buffer's own axes only if no step skips or reverses.
            let strided = parts.iter().any(|(part, _)| *part == Part::Slice(Step::Other));
            return if strided { Region::Any } else { Region::Whole };
        }
        Region::Part(intervals)
    }

    /// The temps of an index's components, where the index is written out.
    fn index_temps(&self, index: Temp, count: usize) -> SmallVec<[Temp; 4]> {
        match self.def(index) {
            Some(OpKind::Display(_, items)) if items.len() == count => items.iter().map(|item| item.0).collect(),
            _ if count == 1 => smallvec::smallvec![index],
            _ => SmallVec::new(),
        }
    }

    fn interval(&self, slice: ValueId, temp: Option<Temp>, step: Step) -> Interval {
        let Value::Slice(a, b, c) = *self.values.get(slice) else {
            return Interval { lo: Bound::Unknown, hi: Bound::Unknown };
        };
        let negative = matches!(self.values.get(c), Value::Int(Some(n)) if *n < 0);
        if step == Step::Other && (negative || !matches!(self.values.get(c), Value::Int(Some(_)))) {
            return Interval { lo: Bound::Unknown, hi: Bound::Unknown };
        }
        let (ta, tb) = match temp.and_then(|temp| self.def(temp)) {
            Some(OpKind::Slice(a, b, _)) => (*a, *b),
            _ => (None, None),
        };
        let end = |value: ValueId, temp: Option<Temp>, default: Bound| match self.values.get(value) {
            Value::None => default,
            _ => self.bound(value, temp),
        };
        Interval { lo: end(a, ta, Bound::Start), hi: end(b, tb, Bound::End) }
    }

    /// An integer as a bound: a constant, or a variable that never changes, plus a constant.
    fn bound(&self, value: ValueId, temp: Option<Temp>) -> Bound {
        if let Value::Int(Some(n)) = self.values.get(value) {
            return if *n == 0 { Bound::Start } else { Bound::At(*n) };
        }
        let Some(temp) = temp else { return Bound::Unknown };
        match self.def(temp) {
            Some(OpKind::Load(local)) => self.stable_bound(*local, 0),
            Some(OpKind::Unary(crate::ir::UnaryOp::USub, operand)) => match self.def(*operand) {
                Some(OpKind::Load(local)) if self.stable[local.index()] => Bound::Minus(*local),
                _ => Bound::Unknown,
            },
            Some(OpKind::Binary(op @ (BinOp::Add | BinOp::Sub), left, right)) => {
                let (Some(OpKind::Load(local)), Value::Int(Some(n))) =
                    (self.def(*left), self.values.get(self.temp(*right)))
                else {
                    return Bound::Unknown;
                };
                self.stable_bound(*local, if *op == BinOp::Add { *n } else { -*n })
            }
            _ => Bound::Unknown,
        }
    }

    fn stable_bound(&self, local: Local, plus: i64) -> Bound {
        if self.stable[local.index()] { Bound::Sym(local, plus) } else { Bound::Unknown }
    }

    // --- stores -------------------------------------------------------------------------------------------------

    /// `obj[index] = value`
    pub(crate) fn set_item(&mut self, obj: Temp, index: Temp, value: Temp, inplace: bool) {
        let (target, at, stored) = (self.temp(obj), self.temp(index), self.temp(value));
        self.read(index, ReadHow::Operand);
        match self.values.get(target).clone() {
            Value::Array(array) if array.kinds.meets(Kinds::ARRAY) => {
                let array = self.stored_into(obj, array, at, stored);
                if !inplace {
                    self.read(value, ReadHow::Stored);
                }
                if let Value::Module(path) = self.values.get(stored)
                    && self.paths.text(*path) == "numpy.ma.masked"
                {
                    // Sets the mask; the data stay.
                    return;
                }
                let (parts, _) = self.parts(at);
                let whole = matches!(parts[..], [] | [(Part::Ellipsis | Part::Slice(Step::Full), _)]);
                let region = match self.kind(&parts) {
                    Kind::Basic => self.region(&array, index, &parts),
                    _ if array.region == Region::Whole => Region::Any,
                    _ => array.region.clone(),
                };
                let written = self.values.make(Array { region, ..array.clone() });
                let how = if inplace { WriteHow::Augmented } else { WriteHow::Item { whole } };
                self.write(obj, written, how);
                if array.kinds.meets(Kinds::CONTAINER.union(Kinds::OTHER)) && !inplace && self.may_hold_arrays(stored) {
                    self.escape(value, Escape::Item);
                    self.taint(&array);
                }
                if array.dtype == Dtype::Object {
                    self.escape(value, Escape::Item);
                }
            }
            Value::Array(array) => {
                self.escape(value, Escape::Item);
                if self.may_hold_arrays(stored) {
                    self.taint(&array);
                }
            }
            Value::Ref(objects) => {
                if !inplace {
                    self.escape(value, Escape::Collected);
                }
                let key = self.key(at);
                let slice = matches!(self.values.get(at), Value::Slice(..));
                let stored = if slice { self.iterate(stored, How::Element) } else { stored };
                self.update(&objects, |m, content| m.put_at(content, key, slice, stored));
            }
            _ => {
                self.escape(value, Escape::Item);
                self.havoc(target);
            }
        }
    }

    /// What is stored into, after a store that only arrays (and what acts like them) allow.
    fn stored_into(&mut self, obj: Temp, array: Array, at: ValueId, stored: ValueId) -> Array {
        let scalar = self.values.kinds(stored) == Kinds::SCALAR && !matches!(self.values.get(stored), Value::Str(_));
        if matches!(self.values.get(at), Value::Slice(..)) && scalar && array.kinds.meets(Kinds::CONTAINER) {
            // A slice of a list takes an iterable.
            self.is_no_container(obj);
            return match self.values.get(self.temp(obj)) {
                Value::Array(array) => array.clone(),
                _ => array,
            };
        }
        self.indexed(obj, array, at)
    }

    pub(crate) fn may_hold_arrays(&self, value: ValueId) -> bool {
        self.values.kinds(value).meets(Kinds::ARRAY.union(Kinds::CONTAINER).union(Kinds::OTHER))
    }

    fn put_at(&mut self, content: &mut crate::domain::Content, key: Option<Key>, slice: bool, value: ValueId) {
        match (content.kind, key) {
            (ObjectKind::List, Some(Key::Int(n))) if content.exact && !slice => {
                let len = content.fixed.len() as i64;
                let n = if n < 0 { n + len } else { n };
                if (0..len).contains(&n) {
                    content.fixed[n as usize].1 = value;
                }
            }
            (ObjectKind::Dict, Some(key)) => self.put(content, key, value),
            (ObjectKind::List, _) if slice => {
                let all: Vec<_> = content.fixed.drain(..).map(|entry| entry.1).collect();
                content.rest = all.into_iter().fold(content.rest, |rest, v| self.values.join(rest, v));
                content.rest = self.values.join(content.rest, value);
                content.exact = false;
            }
            _ => {
                // Some element, unknown which.
                for entry in &mut content.fixed {
                    entry.1 = self.values.join(entry.1, value);
                }
                if !content.exact {
                    content.rest = self.values.join(content.rest, value);
                }
            }
        }
    }

    /// Puts a value under a key that is known.
    pub(crate) fn put(&mut self, content: &mut crate::domain::Content, key: Key, value: ValueId) {
        match content.fixed.binary_search_by_key(&key, |entry| entry.0) {
            Ok(i) => content.fixed[i].1 = value,
            Err(i) if content.fixed.len() < crate::domain::value::MAX_FIXED => content.fixed.insert(i, (key, value)),
            Err(_) => content.rest = self.values.join(content.rest, value),
        }
    }

    // --- events -------------------------------------------------------------------------------------------------

    fn index_how(&self, at: ValueId) -> How {
        let (parts, _) = self.parts(at);
        match self.kind(&parts) {
            Kind::Basic if matches!(parts[..], [(Part::Field(_) | Part::Fields, _)]) => How::Field,
            Kind::Basic => How::Slice,
            Kind::Advanced(how) => How::Copy(how),
            Kind::Unknown => How::MaybeCopy,
        }
    }

    /// Tells that one array was derived from another.
    pub(crate) fn derived(&mut self, source: Temp, result: ValueId, how: How) {
        if !self.recording || self.values.array(result).is_none() {
            return;
        }
        let via = self.root(source).map(|root| root.local);
        let source = self.temp(source);
        if self.has_memory(source) {
            self.emit(EventKind::Derived { source, result, how, via });
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
