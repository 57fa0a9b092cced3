//! NumPy's indexing rules: is `a[i]` a view, a copy or a scalar, and which part of `a` is it?

mod array;
mod field;
mod parts;
mod region;
mod select;
mod store;

use crate::domain::{Array, CopyOf, Dtype, Evidence, Kinds, ObjectKind, Owner, Region, Shape, Tri, Value, ValueId};
use crate::interp::machine::Machine;
use crate::ir::{OpKind, Temp};
use crate::trace::{EventKind, How, ReadHow};

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
    /// A boolean, or a boolean array of no dimensions: a new axis of length 1 or 0.
    Bool,
    /// An integer array of no dimensions: like an integer, but what it takes is copied.
    Zero,
    /// A tuple of slices, unknown how many.
    Slices,
    /// A tuple of index arrays, unknown how many.
    Several,
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
            && self.name(*name) == "shape"
            && matches!(self.values.get(at), Value::Int(_))
        {
            self.has_axes(*array);
        }
        if let Some(OpKind::Attr(array, name)) = self.def(obj)
            && self.name(*name) == "flat"
            && let Value::Array(array) = self.values.get(self.temp(*array)).clone()
        {
            return self.flat_index(&array, at);
        }
        match self.values.get(value).clone() {
            Value::Array(array) if array.kinds.meets(Kinds::ARRAY) => {
                if self.is_out_of_range(&array, at) {
                    self.raise();
                }
                let array = self.indexed(obj, array, at);
                let how = self.index_how(at);
                if !matches!(how, How::Slice | How::Field) {
                    self.read(obj, ReadHow::Copied);
                }
                let result = self.index_array(&array, index, at);
                if how == How::Slice && array.certain() && !self.has_memory(result) && result != ValueId::UNKNOWN {
                    self.read_number(obj, &array, index, at);
                }
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
                    _ if self.is_reversal(a, b, c) => self.values.tuple(items.into_iter().rev().collect()),
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
            Value::Ref(objects) => match self.library_class(&objects) {
                Some(class) => {
                    self.read(obj, ReadHow::Operand);
                    self.library_item(obj, class, at)
                }
                None => {
                    let result = self.index_objects(&objects, at);
                    if let Value::Slice(..) = self.values.get(at) {
                        self.tell_shallow(obj, result);
                    }
                    result
                }
            },
            Value::Str(_) => self.values.intern(Value::Str(None)),
            Value::Range(..) => match self.values.get(at) {
                Value::Int(_) => self.values.int(None),
                _ => value,
            },
            Value::Module(path) => {
                let path = self.paths.text(path).to_string();
                self.special_index(&path, index)
            }
            Value::Scalar | Value::Float | Value::Complex | Value::Number | Value::Int(_) | Value::Bool(_) => {
                self.index_scalar(value, at)
            }
            Value::Unknown => self.index_unknown(at),
            _ => ValueId::UNKNOWN,
        }
    }

    /// A number is read out of an array: `x[i]`, where that is no view.
    fn read_number(&mut self, obj: Temp, array: &Array, index: Temp, at: ValueId) {
        if self.recording && !array.bufs.is_empty() {
            let (parts, _) = self.parts(at);
            let region = self.region(array, index, &parts);
            // No view is made: it is the array that is looked at, in this place.
            let value = self.view(array, |read| (read.region, read.owner) = (region, array.owner));
            let via = self.root(obj).map(|root| root.local);
            self.emit(EventKind::Read { value, via, how: ReadHow::Operand });
        }
    }

    /// A NumPy scalar takes `...`, `None` and booleans for an index, and becomes an array; `()` gives itself.
    fn index_scalar(&mut self, scalar: ValueId, at: ValueId) -> ValueId {
        let (parts, _) = self.parts(at);
        if parts.is_empty() {
            return scalar;
        }
        let grows = |part: &Part| matches!(part, Part::Ellipsis | Part::NewAxis | Part::Bool);
        if !parts.iter().any(|(part, _)| grows(part) || *part == Part::Unknown) {
            return ValueId::SCALAR;
        }
        let kinds = if parts.iter().any(|(part, _)| *part == Part::Unknown) { Kinds::LIKE } else { Kinds::ARRAY };
        let of_no_axes = Array { shape: Some(Shape::new()), ..Array::unknown(Kinds::ARRAY, Evidence::Certain) };
        let selected = self.selected(&of_no_axes, &parts);
        let dtype = self.promoted(&[scalar]);
        self.fresh(0, kinds, Evidence::Certain, |array| {
            array.owner = Owner::Either;
            if kinds == Kinds::ARRAY {
                array.dtype = dtype;
                selected.apply(array);
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
            return if array.dtype == Dtype::Object { ValueId::UNKNOWN } else { self.scalar_of(array) };
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
        let axes = match self.values.get(at) {
            Value::Tuple(items) => items.iter().any(|&item| matches!(self.values.get(item), Value::Slice(..))),
            _ => false,
        };
        let only_arrays = match self.values.get(at) {
            _ if axes => true,
            Value::Ellipsis => true,
            // Lists take no arrays for an index, and as a key they cannot be hashed.
            Value::Array(index) => index.certain() && index.ndim().is_some_and(|n| n > 0),
            _ => false,
        };
        let array = if self.is_mask(at) { self.hint(obj, array) } else { array };
        if axes && array.kinds.meets(Kinds::CONTAINER.union(Kinds::SCALAR)) {
            self.has_axes(obj);
        } else if only_arrays && array.kinds.meets(Kinds::CONTAINER) {
            self.is_no_container(obj);
        } else {
            return array;
        }
        match self.values.get(self.temp(obj)) {
            Value::Array(array) => array.clone(),
            _ => array,
        }
    }

    /// Is the index what a comparison of an array gives?
    fn is_mask(&self, at: ValueId) -> bool {
        self.values.array(at).is_some_and(|index| {
            index.kinds.meets(Kinds::ARRAY) && index.evidence >= Evidence::Likely && index.dtype == Dtype::BOOL
        })
    }

    /// What takes a mask for an index is most likely an array.
    fn hint(&mut self, obj: Temp, array: Array) -> Array {
        let otherwise = self.root(obj).is_some_and(|root| root.direct && self.used_otherwise[root.local.index()]);
        if otherwise || array.evidence > Evidence::None {
            return array;
        }
        let array = Array { evidence: Evidence::Likely, ..array };
        self.temps[obj.index()] = self.values.make(array.clone());
        array
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
    /// `[::-1]`
    fn is_reversal(&self, a: ValueId, b: ValueId, c: ValueId) -> bool {
        a == ValueId::NONE && b == ValueId::NONE && *self.values.get(c) == Value::Int(Some(-1))
    }

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
