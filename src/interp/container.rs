//! Lists, tuples and dicts: which arrays they hold and hand out.

use super::call::Args;
use super::machine::{LIST_PART, Machine, reaxed};
use crate::domain::{
    Array, Bound, BufId, Content, Evidence, Interval, Key, Kinds, ObjectKind, Owner, Region, Shape, Tri, Value, ValueId,
};
use crate::ir::{ArgKind, OpKind, Sym, Temp};
use crate::trace::{Escape, EventKind, How};

impl<'a> Machine<'a> {
    /// An element of an iterable, unknown which.
    pub(crate) fn iterate(&mut self, value: ValueId, how: How) -> ValueId {
        match self.values.get(value).clone() {
            Value::Array(array) if array.kinds.meets(Kinds::ARRAY) => {
                let row = self.row_of(&array, None);
                self.tell_row(value, &array, row, how);
                row
            }
            Value::Array(array) => self.element(&array),
            Value::Tuple(items) => self.values.join_all(items),
            Value::TupleOf(item) => item,
            Value::Ref(objects) => {
                if self.may_be_instance(&objects) {
                    return ValueId::UNKNOWN;
                }
                let contents = self.contents(&objects);
                let dicts = contents.iter().filter(|(_, id)| self.values.content(*id).kind == ObjectKind::Dict).count();
                if dicts == contents.len() {
                    // Keys: nothing that shares memory, but for objects of classes.
                    return ValueId::SCALAR;
                }
                let element = self.elements(&objects);
                if element == ValueId::BOTTOM { ValueId::UNKNOWN } else { element }
            }
            Value::Range(..) => self.values.int(None),
            Value::Str(_) => self.values.intern(Value::Str(None)),
            _ => ValueId::UNKNOWN,
        }
    }

    /// A row of an array, as iteration gives it: a view, or a scalar of a 1-D array. `at` is its place, if it is known.
    fn row_of(&mut self, array: &Array, at: Option<i32>) -> ValueId {
        if array.dtype == crate::domain::Dtype::Object {
            return ValueId::UNKNOWN;
        }
        let shape: Option<Shape> =
            array.shape.as_ref().filter(|s| !s.is_empty()).map(|s| s[1..].iter().copied().collect());
        if array.certain() && array.ndim() == Some(1) {
            return match array.dtype.kind() {
                Some(b'i' | b'u') => self.values.int(None),
                _ => ValueId::SCALAR,
            };
        }
        let certain = array.certain();
        let foreign = array.kinds.elsewhere();
        let of_list = array.kinds.meets(Kinds::CONTAINER) || foreign;
        let kinds = match (certain, &shape) {
            (true, Some(_)) => Kinds::ARRAY,
            (true, None) => Kinds::ARRAY.union(Kinds::SCALAR),
            (false, _) => array.kinds.union(Kinds::ALL),
        };
        self.view(array, |row| {
            if shape.is_none() {
                // Perhaps the array has one dimension, and this is a number.
                row.evidence = Evidence::None;
            }
            row.kinds = kinds;
            row.shape = shape;
            row.f = Tri::May;
            row.c = if row.c.must() { Tri::Must } else { Tri::May };
            if row.region == Region::Whole {
                let one = |at| Interval::single(if at == 0 { Bound::Start } else { Bound::At(i64::from(at)) });
                row.region = at.map_or(Region::Any, |at| Region::Part(smallvec::smallvec![one(at)]));
            }
            if !certain {
                row.lies &= !of_list;
                row.owner = Owner::Either;
                row.dtype = crate::domain::Dtype::Unknown;
                row.writeable = Tri::May;
                row.c = Tri::May;
                row.unknown |= foreign;
            }
        })
    }

    /// An element of a container that counts as the memory of its name.
    pub(crate) fn element(&mut self, container: &Array) -> ValueId {
        let mut element = container.clone();
        element.kinds = Kinds::ALL;
        if container.kinds.elsewhere() || container.bufs.is_empty() {
            element.unknown = true;
            element.kinds = Kinds::ANY;
        }
        element.lies = false;
        element.entry = false;
        element.forget_layout();
        reaxed(&mut element);
        element.dtype = crate::domain::Dtype::Unknown;
        element.writeable = Tri::May;
        element.owner = Owner::Either;
        self.values.make(element)
    }

    /// Element `index` of what is unpacked into `total` targets.
    pub(crate) fn unpack(&mut self, value: ValueId, index: i32, total: u32, starred: bool) -> ValueId {
        let fixed: Option<Vec<ValueId>> = match self.values.get(value).clone() {
            Value::Tuple(items) => Some(items),
            Value::Ref(objects) if objects.len() == 1 => self.state.content(objects[0]).and_then(|id| {
                let content = self.values.content(id);
                (content.exact && matches!(content.kind, ObjectKind::List | ObjectKind::Iterator))
                    .then(|| content.fixed.iter().map(|entry| entry.1).collect())
            }),
            _ => None,
        };
        if let Some(items) = fixed
            && (items.len() == total as usize || starred)
        {
            let i = if index < 0 { items.len() as i32 + index } else { index };
            return usize::try_from(i).ok().and_then(|i| items.get(i).copied()).unwrap_or(ValueId::UNKNOWN);
        }
        match self.values.get(value).clone() {
            Value::Array(array) if array.kinds.meets(Kinds::ARRAY) => {
                // `x, y = points.T`: these rows, as with `points.T[0]`.
                let row = self.row_of(&array, Some(index));
                let how = if array.evidence >= Evidence::Likely { How::Slice } else { How::Element };
                self.tell_row(value, &array, row, how);
                row
            }
            _ => self.iterate(value, How::Element),
        }
    }

    /// Tells that a row was taken of an array.
    fn tell_row(&mut self, value: ValueId, array: &Array, row: ValueId, how: How) {
        if self.recording && self.values.array(row).is_some() && !array.bufs.is_empty() {
            self.emit(crate::trace::EventKind::Derived { source: value, result: row, how, via: None });
        }
    }

    /// The joined values of a dict.
    pub(crate) fn dict_values(&mut self, value: ValueId) -> ValueId {
        match self.values.get(value).clone() {
            Value::Ref(objects) => self.elements(&objects),
            Value::Array(array) => self.element(&array),
            _ => ValueId::UNKNOWN,
        }
    }

    /// A method of a list, dict, set, iterator or instance.
    pub(crate) fn container_method(
        &mut self,
        objects: &[BufId],
        value: ValueId,
        name: Sym,
        args: &Args<'a>,
    ) -> ValueId {
        let kind = self.contents(objects).first().map(|(_, id)| self.values.content(*id).kind);
        let first = args.positional(0);
        match (kind, self.name(name)) {
            (Some(ObjectKind::List | ObjectKind::Set), "append" | "add" | "insert") => {
                let stored = if self.name(name) == "insert" { args.positional(1) } else { first };
                let Some((stored, temp)) = stored else { return ValueId::NONE };
                let holder = self.values.intern(Value::Ref(objects.into()));
                self.escape_into(temp, Escape::Collected, holder);
                let append = self.name(name) == "append";
                self.update(objects, |m, content| {
                    let position = content.fixed.len() as u32;
                    if append && content.exact && (position as usize) < crate::domain::value::MAX_FIXED {
                        content.fixed.push((Key::Index(position), stored));
                    } else {
                        m.blur(content);
                        content.rest = m.values.join(content.rest, stored);
                    }
                });
                ValueId::NONE
            }
            (Some(ObjectKind::List | ObjectKind::Set), "extend" | "update") => {
                let Some((stored, temp)) = first else { return ValueId::NONE };
                let holder = self.values.intern(Value::Ref(objects.into()));
                self.escape_elements(temp, holder);
                let element = self.iterate(stored, How::Element);
                self.update(objects, |m, content| {
                    m.blur(content);
                    content.rest = m.values.join(content.rest, element);
                });
                ValueId::NONE
            }
            (Some(ObjectKind::List), "pop") => {
                let last = args.list.is_empty();
                let mut popped = ValueId::BOTTOM;
                for (_, id) in self.contents(objects) {
                    let content = self.values.content(id).clone();
                    let element = match content.fixed.last() {
                        Some(entry) if last && content.exact => entry.1,
                        _ => self.elements(objects),
                    };
                    popped = self.values.join(popped, element);
                }
                self.update(objects, |m, content| {
                    if last && content.exact {
                        content.fixed.pop();
                    } else {
                        m.blur(content);
                    }
                });
                if popped == ValueId::BOTTOM { ValueId::UNKNOWN } else { popped }
            }
            (Some(ObjectKind::List), "sort" | "reverse" | "clear" | "remove") => {
                self.update(objects, |m, content| m.blur(content));
                ValueId::NONE
            }
            (Some(ObjectKind::List | ObjectKind::Set), "copy") => {
                let element = self.elements(objects);
                match kind {
                    Some(kind) => self.new_sequence(kind, element),
                    None => ValueId::UNKNOWN,
                }
            }
            (Some(ObjectKind::List), "index" | "count") => self.values.int(None),
            (Some(ObjectKind::Dict), "get" | "setdefault" | "pop") => {
                let Some((key, _)) = first else { return ValueId::UNKNOWN };
                let default = match args.positional(1) {
                    Some((default, temp)) => {
                        self.escape(temp, Escape::Collected);
                        default
                    }
                    None => ValueId::NONE,
                };
                let key = self.key(key);
                let mut found = default;
                let mut certain = true;
                for (_, id) in self.contents(objects) {
                    let content = self.values.content(id).clone();
                    let value = match key {
                        Some(key) => match crate::domain::values::lookup(&content, key) {
                            Some(value) => value,
                            None => {
                                certain = false;
                                content.rest
                            }
                        },
                        None => {
                            certain = false;
                            self.elements(objects)
                        }
                    };
                    found = if certain && self.contents(objects).len() == 1 {
                        value
                    } else {
                        self.values.join(found, value)
                    };
                }
                if self.name(name) == "setdefault" && !certain {
                    self.update(objects, |m, content| match key {
                        Some(key) => m.put(content, key, found),
                        None => content.rest = m.values.join(content.rest, found),
                    });
                }
                found
            }
            (Some(ObjectKind::Dict), "values") => {
                let element = self.elements(objects);
                self.new_sequence(ObjectKind::Iterator, element)
            }
            (Some(ObjectKind::Dict), "keys") => self.new_sequence(ObjectKind::Iterator, ValueId::SCALAR),
            (Some(ObjectKind::Dict), "items") => {
                let element = self.elements(objects);
                let pair = self.values.tuple(vec![ValueId::SCALAR, element]);
                self.new_sequence(ObjectKind::Iterator, pair)
            }
            (Some(ObjectKind::Dict), "update") => {
                let mut more = ValueId::BOTTOM;
                for (arg, &value) in args.list.iter().zip(&args.values) {
                    self.escape(arg.value, Escape::Collected);
                    let add = match arg.kind {
                        ArgKind::Kw(_) => value,
                        _ => self.dict_values(value),
                    };
                    more = self.values.join(more, add);
                }
                self.update(objects, |m, content| {
                    for entry in &mut content.fixed {
                        entry.1 = m.values.join(entry.1, more);
                    }
                    content.rest = m.values.join(content.rest, more);
                });
                ValueId::NONE
            }
            (Some(ObjectKind::Dict), "copy") => match objects {
                [object] => match self.state.content(*object) {
                    Some(id) => {
                        let content = self.values.content(id).clone();
                        self.new_object(LIST_PART, content)
                    }
                    None => ValueId::UNKNOWN,
                },
                _ => ValueId::UNKNOWN,
            },
            _ => {
                self.havoc(value);
                self.call_unknown(None, args)
            }
        }
    }

    /// Tells that a container or object was copied, with what it holds shared.
    pub(crate) fn tell_shallow(&mut self, source: Temp, result: ValueId) {
        if !self.recording {
            return;
        }
        let Some(held) = self.held_by(result) else { return };
        let via = self.root(source).map(|root| root.local);
        self.emit(EventKind::Shallow { via, held, result });
    }

    /// Tells what arrays the temp's value holds, if that is an object or container which an expression made.
    pub(crate) fn tell_holds(&mut self, temp: Temp) {
        let made = |kind: &OpKind| {
            matches!(kind, OpKind::Display(..) | OpKind::Dict(_) | OpKind::Call(..) | OpKind::Method { .. })
        };
        let result = self.temp(temp);
        // (What the objects of a library do with what they are given is another matter.)
        let own = match self.values.get(result) {
            Value::Ref(objects) => self.library_class(objects).is_none(),
            _ => true,
        };
        if self.recording
            && own
            && self.def(temp).is_some_and(made)
            && let Some(held) = self.held_by(result)
        {
            self.emit(EventKind::Holds { held, result });
        }
    }

    /// What an object or container holds, as a tuple, if any of that has memory.
    fn held_by(&mut self, value: ValueId) -> Option<ValueId> {
        let held = match self.values.get(value).clone() {
            Value::Ref(objects) => {
                let mut held: Vec<ValueId> = Vec::new();
                for (_, id) in self.contents(&objects) {
                    let content = self.values.content(id);
                    held.extend(content.fixed.iter().map(|entry| entry.1));
                    held.push(content.rest);
                }
                self.values.tuple(held)
            }
            Value::Tuple(_) | Value::TupleOf(_) => value,
            _ => return None,
        };
        self.has_memory(held).then_some(held)
    }

    /// Positions of a list mean nothing any more: all elements are joined.
    pub(crate) fn blur(&mut self, content: &mut Content) {
        let all: Vec<_> = content.fixed.drain(..).map(|entry| entry.1).collect();
        content.rest = all.into_iter().fold(content.rest, |rest, v| self.values.join(rest, v));
        content.exact = false;
    }

    pub(crate) fn string_method(&mut self, name: Sym) -> ValueId {
        match self.name(name) {
            "split" | "rsplit" | "splitlines" => {
                let text = self.values.intern(Value::Str(None));
                self.new_sequence(ObjectKind::List, text)
            }
            "find" | "index" | "count" | "rfind" => self.values.int(None),
            "partition" | "rpartition" => {
                let text = self.values.intern(Value::Str(None));
                self.values.tuple(vec![text; 3])
            }
            "startswith" | "endswith" | "isdigit" | "isidentifier" => self.values.intern(Value::Bool(None)),
            _ => self.values.intern(Value::Str(None)),
        }
    }
}
