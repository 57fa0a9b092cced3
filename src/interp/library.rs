//! Objects of other libraries that hold arrays: a `Series`, a sparse matrix, an `h5py` dataset, a scaler.
//!
//! Such an object lies on the heap like an instance of a class of the file: under the names of its parts (`data`,
//! `indices`) or in its rest are the arrays that it holds; under positions the flags that it was made with. What its
//! methods and attributes do is said by the rows of its class, in which `self` stands for the arrays that it holds. Where
//! no row says anything, and after every store into it, it may hold anything.

use super::call::{Args, Call};
use super::machine::Machine;
use crate::domain::values::lookup;
use crate::domain::{Array, BufId, Content, CopyOf, Dtype, Key, Kinds, ObjectKind, Owner, Region, Tri, Value, ValueId};
use crate::ir::{Sym, Temp};
use crate::model::{ParamIndex, ResultRule, RowId, RowKind, Special};
use crate::trace::How;

/// The part of a call's site that stands for the object it makes.
const OBJECT_PART: u16 = 151;

impl<'a> Machine<'a> {
    /// The class of these objects, if all are of the same class of a library.
    pub(crate) fn library_class(&self, objects: &[BufId]) -> Option<Sym> {
        let mut class = None;
        for &object in objects {
            match (self.values.content(self.state.content(object)?).kind, class) {
                (ObjectKind::Library(this), None) => class = Some(this),
                (ObjectKind::Library(this), Some(other)) if this == other => {}
                _ => return None,
            }
        }
        class
    }

    /// The arrays that the objects hold, joined.
    pub(crate) fn held(&mut self, objects: &[BufId]) -> ValueId {
        let mut held = ValueId::BOTTOM;
        for (_, id) in self.contents(objects) {
            let content = self.values.content(id).clone();
            let parts = content.fixed.iter().filter(|(key, _)| matches!(key, Key::Name(_))).map(|(_, value)| *value);
            held = self.values.join_all(parts.chain([content.rest, held]));
        }
        held
    }

    /// The row of a method or attribute of a class.
    fn row_of_class(&self, kind: RowKind, class: Sym, name: Sym) -> Option<RowId> {
        // The name first: most names are no library's.
        self.known.meaning(name).named.of_library.then(|| {
            let full = format!("{}.{}", self.paths.text(class), self.name(name));
            if kind == RowKind::Method { self.model.method(&full) } else { self.model.attribute(&full) }
        })?
    }

    /// Makes the object that the row's function returns, around the arrays of its result.
    pub(crate) fn library_object(&mut self, call: &Call<'a>, class: &str, held: ValueId) -> ValueId {
        let row = call.row;
        if let (ResultRule::Same(of), Some(value)) = (&row.result, call.value(0))
            && *of == 0
        {
            return value;
        }
        let copies = row.copies_when.is_some_and(|when| self.holds(call, when).must());
        let inside = if copies { ValueId::BOTTOM } else { self.contained(call) };
        let held = match self.values.kinds(inside) {
            // Numbers and strings.
            Kinds(0) | Kinds::SCALAR => held,
            _ => self.values.join(held, inside),
        };
        let class = self.paths.intern(class);
        let mut content = Content { kind: ObjectKind::Library(class), fixed: Vec::new(), rest: held, exact: false };
        for (i, name) in (0..).zip(&row.parts) {
            if let Some(name) = self.module.names.get(name) {
                let value = self.library_part(call, i, row.parts.len());
                self.put(&mut content, Key::Name(name), value);
            }
        }
        if row.kind == RowKind::Function {
            for (i, param) in row.params.iter().enumerate() {
                let flag = match call.value(i as ParamIndex) {
                    Some(value) => value,
                    None => self.values.intern(Value::Bool(Some(param.default))),
                };
                if content.fixed.len() < crate::domain::value::MAX_FIXED {
                    self.put(&mut content, Key::Index(i as u32), flag);
                }
            }
        }
        self.new_object(OBJECT_PART, content)
    }

    /// One of the arrays that an object is made of: the one passed at its place in a tuple, or a new one.
    fn library_part(&mut self, call: &Call<'a>, index: u16, count: usize) -> ValueId {
        let copies = call.row.copies_when.is_some_and(|when| self.holds(call, when).must());
        let Some(of) = Self::shared_param(&call.row.result).filter(|_| !copies) else {
            return self.new_part(call, index);
        };
        let given = call.value(of).unwrap_or(ValueId::NONE);
        let Value::Tuple(items) = self.values.get(given).clone() else {
            if self.values.array(given).is_some_and(Array::certain) {
                return self.new_part(call, index);
            }
            return ValueId::UNKNOWN;
        };
        // `(data, (row, col))`
        let mut flat: Vec<ValueId> = Vec::new();
        for item in items {
            match self.values.get(item) {
                Value::Tuple(more) => flat.extend(more),
                _ => flat.push(item),
            }
        }
        match flat.get(usize::from(index)) {
            Some(&item) if flat.len() == count => {
                let fresh = self.new_part(call, index);
                match self.values.get(item).clone() {
                    Value::Array(array) => {
                        let array = Array { lies: false, entry: false, ..array };
                        let array = self.values.make(array);
                        self.values.join(array, fresh)
                    }
                    Value::Ref(_) | Value::Tuple(_) => fresh,
                    _ => ValueId::UNKNOWN,
                }
            }
            // A shape.
            _ if flat.iter().all(|&item| self.values.kinds(item) == Kinds::SCALAR) => self.new_part(call, index),
            _ => ValueId::UNKNOWN,
        }
    }

    fn new_part(&mut self, call: &Call<'a>, index: u16) -> ValueId {
        let part = std::mem::replace(&mut self.part, index + 1);
        let value = self.by_words(call, &ResultRule::Fresh { owner: None });
        self.part = part;
        value
    }

    /// One of the arrays that the object holds, nobody knows which.
    pub(crate) fn part_of(&mut self, call: &Call<'a>, of: ParamIndex) -> ValueId {
        let Some(Value::Ref(objects)) = call.value(of).map(|value| self.values.get(value).clone()) else {
            return ValueId::UNKNOWN;
        };
        if self.library_class(&objects).is_none() {
            return ValueId::UNKNOWN;
        }
        let held = self.held(&objects);
        match self.values.get(held).clone() {
            Value::Array(array) => {
                let mut part = Array { lies: false, owner: Owner::Either, region: Region::Any, entry: false, ..array };
                part.forget_layout();
                part.dtype = Dtype::Unknown;
                self.values.make(part)
            }
            _ => ValueId::UNKNOWN,
        }
    }

    /// `obj.name`
    pub(crate) fn library_attribute(&mut self, obj: Temp, objects: &[BufId], class: Sym, name: Sym) -> ValueId {
        let mut stored = ValueId::BOTTOM;
        for (_, id) in self.contents(objects) {
            match lookup(self.values.content(id), Key::Name(name)) {
                Some(value) => stored = self.values.join(stored, value),
                None => return self.attribute_by_row(obj, class, name),
            }
        }
        stored
    }

    fn attribute_by_row(&mut self, obj: Temp, class: Sym, name: Sym) -> ValueId {
        if let Some(row) = self.row_of_class(RowKind::Attribute, class, name) {
            let none = Args { list: &[], values: Vec::new() };
            let call = self.bind_args(row, Some(obj), &none);
            let value = self.apply_attribute(&call);
            self.derived(obj, value, How::Attribute(name));
            return value;
        }
        if self.row_of_class(RowKind::Method, class, name).is_some() {
            return self.values.intern(Value::Bound(self.temp(obj), name));
        }
        if !self.known.meaning(name).tells {
            // Something through which the object can be changed: `frame.loc`.
            self.havoc(self.temp(obj));
        }
        ValueId::UNKNOWN
    }

    /// The arrays in the list, tuple or dict that an object is made of: they may be taken as they are.
    fn contained(&mut self, call: &Call<'a>) -> ValueId {
        let given = Self::shared_param(&call.row.result).and_then(|of| call.value(of));
        match given.map(|value| self.values.get(value).clone()) {
            Some(Value::Ref(objects)) if self.library_class(&objects).is_none() => self.elements(&objects),
            Some(Value::Tuple(items)) => self.values.join_all(items),
            Some(Value::TupleOf(item)) => item,
            _ => ValueId::BOTTOM,
        }
    }

    fn apply_attribute(&mut self, call: &Call<'a>) -> ValueId {
        let value = self.by_words(call, &call.row.result);
        let value = match &call.row.class {
            Some(class) => self.library_object(call, class, value),
            None => value,
        };
        if let Some(why) = &call.row.varies {
            self.tell_varying(value, why, true);
        }
        value
    }

    /// `obj.name(args)`; None: no row says what it does.
    pub(crate) fn library_method(&mut self, obj: Temp, class: Sym, name: Sym, args: &Args<'a>) -> Option<ValueId> {
        let row = self.row_of_class(RowKind::Method, class, name)?;
        let call = self.bind_args(row, Some(obj), args);
        Some(self.apply(&call))
    }

    /// `obj[index]`
    pub(crate) fn library_item(&mut self, obj: Temp, class: Sym, at: ValueId) -> ValueId {
        let full = format!("{}.__getitem__", self.paths.text(class));
        let Some(row) = self.model.method(&full) else { return ValueId::UNKNOWN };
        let none = Args { list: &[], values: Vec::new() };
        let call = self.bind_args(row, Some(obj), &none);
        let by_name = matches!(self.values.get(at), Value::Str(_));
        let by_place = self.selects(at);
        let value = match call.row.special {
            // A name gives another object, anything else an array.
            Some(Special::Member) if by_name => self.by_words(&call, &call.row.result),
            Some(Special::Member) if by_place && call.row.result.is_new() => {
                let read = self.by_words(&call, &call.row.result);
                self.mark_copied(read, self.temp(obj), CopyOf::Read, true);
                return self.peculiar(&call, read);
            }
            Some(Special::Member) => return ValueId::UNKNOWN,
            _ => self.by_words(&call, &call.row.result),
        };
        match &call.row.class {
            Some(class) => self.library_object(&call, class, value),
            None => self.peculiar(&call, value),
        }
    }

    /// Is the index one that selects by place: an integer, a slice, `...`, a mask, or a tuple of these?
    fn selects(&self, at: ValueId) -> bool {
        match self.values.get(at) {
            Value::Int(_) | Value::Slice(..) | Value::Ellipsis | Value::Basic => true,
            Value::Array(array) => array.certain(),
            Value::Tuple(items) => items.iter().all(|&item| self.selects(item)),
            _ => false,
        }
    }

    /// A flag that the receiver was made with.
    pub(crate) fn own_flag(&self, call: &Call<'a>, name: &str) -> Tri {
        let Some(Value::Ref(objects)) = call.value(0).map(|value| self.values.get(value)) else { return Tri::May };
        let Some(class) = self.library_class(objects) else { return Tri::May };
        let made = self.model.function(self.paths.text(class)).and_then(|row| self.model.row(row).param(name));
        let mut flag: Option<Tri> = None;
        for (_, id) in self.contents(objects) {
            let content = self.values.content(id);
            let set = self.module.names.get(name).and_then(|name| lookup(content, Key::Name(name)));
            let given = made.and_then(|param| lookup(content, Key::Index(u32::from(param))));
            let this = match set.or(given).map(|value| self.values.get(value)) {
                Some(Value::Bool(Some(truth))) => Tri::of(*truth),
                Some(Value::None) => Tri::No,
                _ => Tri::May,
            };
            flag = Some(flag.map_or(this, |flag| if flag == this { flag } else { Tri::May }));
        }
        flag.unwrap_or(Tri::May)
    }

    /// What a function of NumPy gives for an object that has ways of its own with it: `np.sqrt(series)` is a series. What
    /// converts its argument gives an array.
    pub(crate) fn of_library(&mut self, call: &Call<'a>, result: ValueId) -> ValueId {
        let converts = matches!(
            call.row.special,
            Some(Special::Asarray | Special::Array | Special::Contiguous | Special::DeepCopy | Special::ShallowCopy)
        );
        if converts || Self::takes_self(call.row) || !call.row.name.starts_with("numpy.") {
            return result;
        }
        let object = |value: ValueId| match self.values.get(value) {
            Value::Ref(objects) => self.library_class(objects).is_some(),
            _ => false,
        };
        if !(0..call.row.params.len()).any(|i| call.value(i as ParamIndex).is_some_and(object)) {
            return result;
        }
        self.loosen(result, Kinds::LIKE)
    }
}
