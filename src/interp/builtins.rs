//! Calls of Python's builtin functions.

use super::call::Args;
use super::known::Builtin;
use super::machine::{LIST_PART, Machine};
use crate::domain::{Content, Dtype, Evidence, Key, Kinds, ObjectKind, Owner, Value, ValueId};
use crate::ir::{ArgKind, Sym, Temp};
use crate::model::RowId;
use crate::trace::{Escape, How, ReadHow, Repeat};

impl<'a> Machine<'a> {
    /// A call of a builtin function.
    pub(crate) fn call_builtin(&mut self, name: Sym, args: &Args<'a>) -> ValueId {
        let Some(builtin) = self.known.builtin(name) else {
            // Exceptions and the like.
            for arg in args.list {
                self.escape(arg.value, Escape::Passed);
                self.read(arg.value, ReadHow::Passed);
            }
            return ValueId::UNKNOWN;
        };
        let first = args.positional(0);
        match builtin {
            Builtin::Len => {
                let length = args.positional(0).and_then(|(value, _)| self.length_of(value));
                self.values.int(length)
            }
            Builtin::Id | Builtin::Hash | Builtin::Ord => self.values.int(None),
            Builtin::Range => {
                args.list.iter().for_each(|arg| self.prove_int(arg.value));
                let ints: Vec<Option<i64>> = args.values.iter().map(|&value| self.int_of(value)).collect();
                let some = args.all_positional()
                    && match ints[..] {
                        [Some(stop)] => stop > 0,
                        [Some(start), Some(stop)] => start < stop,
                        [Some(start), Some(stop), Some(step)] => step > 0 && start < stop || step < 0 && start > stop,
                        _ => false,
                    };
                let len = match ints[..] {
                    [Some(stop)] if args.all_positional() => stop.max(0),
                    [Some(start), Some(stop)] if args.all_positional() => stop.saturating_sub(start).max(0),
                    _ => -1,
                };
                let first = match ints[..] {
                    [_] if args.all_positional() => Some(0),
                    [start, _] if args.all_positional() => start,
                    _ => None,
                };
                self.values.intern(Value::Range(some, len, first))
            }
            Builtin::Isinstance | Builtin::Issubclass | Builtin::Hasattr | Builtin::Callable => {
                self.values.intern(Value::Bool(None))
            }
            Builtin::Any | Builtin::All => {
                self.read_args(args);
                self.values.intern(Value::Bool(None))
            }
            Builtin::Bool => {
                self.read_args(args);
                self.values.intern(Value::Bool(None))
            }
            Builtin::Int => {
                self.read_args(args);
                self.values.int(None)
            }
            Builtin::Float | Builtin::Complex => {
                self.read_args(args);
                self.values.intern(Value::Float)
            }
            Builtin::Str | Builtin::Repr | Builtin::Format | Builtin::Chr | Builtin::Input => {
                self.read_args(args);
                self.values.intern(Value::Str(None))
            }
            Builtin::Bytes => ValueId::SCALAR,
            Builtin::Print => {
                self.read_args(args);
                ValueId::NONE
            }
            Builtin::Slice => {
                let part = |i: usize| args.positional(i).map(|(value, _)| value);
                let none = ValueId::NONE;
                let slice = match (part(0), part(1), part(2)) {
                    (Some(stop), None, None) => Value::Slice(none, stop, none),
                    (Some(start), Some(stop), step) => Value::Slice(start, stop, step.unwrap_or(none)),
                    _ => Value::Slice(ValueId::UNKNOWN, ValueId::UNKNOWN, ValueId::UNKNOWN),
                };
                self.values.intern(slice)
            }
            Builtin::List | Builtin::Tuple | Builtin::Set | Builtin::FrozenSet | Builtin::Sorted => {
                let copy = self.sequence_of(builtin, first);
                if let (Builtin::List | Builtin::Tuple, Some((_, temp))) = (builtin, first) {
                    self.tell_shallow(temp, copy);
                }
                copy
            }
            Builtin::Reversed | Builtin::Iter => match first {
                Some((value, temp)) => {
                    let element = self.iterate_temp(value, temp);
                    self.new_sequence(ObjectKind::Iterator, element)
                }
                None => ValueId::UNKNOWN,
            },
            Builtin::Next => match first {
                Some((value, temp)) => {
                    let element = self.iterate_temp(value, temp);
                    match args.positional(1) {
                        Some((default, _)) => self.values.join(element, default),
                        None => element,
                    }
                }
                None => ValueId::UNKNOWN,
            },
            Builtin::Enumerate => match first {
                Some((value, temp)) => {
                    let element = self.iterate_temp(value, temp);
                    let int = self.values.int(None);
                    let pair = self.values.tuple(vec![int, element]);
                    self.new_sequence(ObjectKind::Iterator, pair)
                }
                None => ValueId::UNKNOWN,
            },
            Builtin::Zip => {
                if !args.all_positional() {
                    for arg in args.list {
                        self.escape(arg.value, Escape::Passed);
                    }
                    return ValueId::UNKNOWN;
                }
                let items: Vec<ValueId> = args
                    .list
                    .iter()
                    .zip(&args.values)
                    .map(|(arg, &value)| self.iterate_temp(value, arg.value))
                    .collect();
                let tuple = self.values.tuple(items);
                self.new_sequence(ObjectKind::Iterator, tuple)
            }
            Builtin::Dict => {
                let copy = self.dict_of(args);
                if let Some((_, temp)) = first {
                    self.tell_shallow(temp, copy);
                }
                copy
            }
            Builtin::Sum | Builtin::Min | Builtin::Max => self.fold(builtin, args),
            Builtin::Abs | Builtin::Round | Builtin::Pow | Builtin::Divmod => {
                self.read_args(args);
                let operands = args.values.clone();
                let ints = operands.iter().all(|&value| matches!(self.values.get(value), Value::Int(_)));
                if ints && matches!(builtin, Builtin::Abs | Builtin::Divmod) {
                    let int = self.values.int(None);
                    return if builtin == Builtin::Abs { int } else { self.values.tuple(vec![int; 2]) };
                }
                // The absolute value of a complex number is real.
                let complex = self.promoted(&operands).is_complex();
                let dtype = (builtin == Builtin::Abs && !complex.no()).then_some(Dtype::Unknown);
                let value = self.elementwise(&operands, dtype);
                if builtin != Builtin::Divmod {
                    return value;
                }
                let rest = match self.values.get(value).clone() {
                    Value::Array(mut array) => {
                        let buf = self.alloc(1);
                        array.bufs = smallvec::smallvec![buf];
                        array.lies = self.buffers.get(buf).single();
                        self.values.make(array)
                    }
                    _ => value,
                };
                self.values.tuple(vec![value, rest])
            }
            Builtin::Getattr => {
                if let (Some((_, obj)), Some((name, _))) = (first, args.positional(1))
                    && let Value::Str(Some(name)) = *self.values.get(name)
                {
                    let found = self.attribute(obj, name);
                    return match args.positional(2) {
                        Some((default, _)) => self.values.join(found, default),
                        None => found,
                    };
                }
                ValueId::UNKNOWN
            }
            Builtin::Setattr => {
                if let Some((_, temp)) = args.positional(2) {
                    self.escape(temp, Escape::Passed);
                }
                // Which attribute it is, nobody knows.
                if let Some((object, _)) = args.positional(0) {
                    self.open_up(object);
                }
                ValueId::NONE
            }
            Builtin::Vars => {
                if let Some((object, _)) = args.positional(0) {
                    self.open_up(object);
                }
                ValueId::UNKNOWN
            }
            Builtin::Type | Builtin::Super | Builtin::Dir | Builtin::Object | Builtin::Open => ValueId::UNKNOWN,
            Builtin::ByteArray => {
                self.read_args(args);
                self.fresh(0, Kinds::OTHER, Evidence::None, |array| array.owner = Owner::Either)
            }
            Builtin::MemoryView => self.memoryview(first),
            Builtin::Map | Builtin::Filter => {
                if builtin == Builtin::Filter
                    && let Some((value, temp)) = args.positional(1)
                {
                    let element = self.iterate_temp(value, temp);
                    return self.new_sequence(ObjectKind::Iterator, element);
                }
                match self.map_row(args) {
                    Some(value) => value,
                    None => self.call_unknown(None, args),
                }
            }
        }
    }

    /// `map(np.asarray, (x, y))`: a function of the model, over a tuple that is known.
    fn map_row(&mut self, args: &Args<'a>) -> Option<ValueId> {
        let [(function, _), (sequence, temp)] = [args.positional(0)?, args.positional(1)?];
        let (Value::Row(row), Value::Tuple(items)) = (self.values.get(function), self.values.get(sequence).clone())
        else {
            return None;
        };
        let row = RowId(*row);
        if args.list.len() != 2 || items.len() > crate::domain::value::MAX_FIXED {
            return None;
        }
        self.read(temp, ReadHow::Passed);
        // Several results of one op: its allocations are not told apart.
        let many = std::mem::replace(&mut self.many, true);
        let mut results = Vec::with_capacity(items.len());
        for item in items {
            let call = self.bind_args_with(row, Some((item, None)), &Args { list: &[], values: Default::default() });
            results.push(self.apply(&call));
        }
        self.many = many;
        let content = self.list_content(ObjectKind::Iterator, results);
        Some(self.new_object(super::machine::LIST_PART, content))
    }

    /// The value of an integer, if it is known.
    pub(crate) fn int_of(&self, value: ValueId) -> Option<i64> {
        match self.values.get(value) {
            Value::Int(n) => *n,
            _ => None,
        }
    }

    /// `memoryview(x)`: an object in the memory of x.
    fn memoryview(&mut self, first: Option<(ValueId, Temp)>) -> ValueId {
        let Some((value, temp)) = first else { return ValueId::UNKNOWN };
        self.escape(temp, Escape::Passed);
        self.is_no_container(temp);
        match self.values.get(value).clone() {
            Value::Array(array) => self.view(&array, |view| {
                view.kinds = Kinds::OTHER.union(array.kinds.warnings());
                view.evidence = Evidence::None;
            }),
            _ => ValueId::UNKNOWN,
        }
    }

    fn iterate_temp(&mut self, value: ValueId, temp: Temp) -> ValueId {
        let element = self.iterate(value, How::Element);
        if let Some(array) = self.values.array(value)
            && array.certain()
            && self.values.array(element).is_none()
        {
            self.read(temp, ReadHow::Other);
        }
        element
    }

    fn sequence_of(&mut self, builtin: Builtin, first: Option<(ValueId, Temp)>) -> ValueId {
        let Some((value, temp)) = first else {
            return match builtin {
                Builtin::Tuple => self.values.tuple(Vec::new()),
                Builtin::List | Builtin::Sorted => self.new_list(Vec::new()),
                _ => self.new_sequence(ObjectKind::Set, ValueId::BOTTOM),
            };
        };
        let element = self.iterate_temp(value, temp);
        match (builtin, self.values.get(value).clone()) {
            (Builtin::Tuple, Value::Tuple(_) | Value::TupleOf(_)) => value,
            (Builtin::List, Value::Tuple(items)) => self.new_list(items),
            (Builtin::List | Builtin::Tuple, Value::Ref(objects)) if objects.len() == 1 => {
                let exact = self.state.content(objects[0]).and_then(|id| {
                    let content = self.values.content(id);
                    let items: Vec<ValueId> = content.fixed.iter().map(|entry| entry.1).collect();
                    let ordered = matches!(content.kind, ObjectKind::List | ObjectKind::Iterator);
                    (content.exact && ordered).then_some(items)
                });
                match (exact, builtin) {
                    (Some(items), Builtin::Tuple) => self.values.tuple(items),
                    (Some(items), _) => self.new_list(items),
                    (None, Builtin::Tuple) => self.values.tuple_of(element),
                    (None, _) => self.new_sequence(ObjectKind::List, element),
                }
            }
            (Builtin::Tuple, _) => self.values.tuple_of(element),
            (Builtin::List | Builtin::Sorted, _) => self.new_sequence(ObjectKind::List, element),
            _ => self.new_sequence(ObjectKind::Set, element),
        }
    }

    /// `dict.fromkeys(keys, value)`: the one value under each key.
    pub(crate) fn dict_from_keys(&mut self, args: &Args<'a>) -> ValueId {
        if let Some((keys, temp)) = args.positional(0) {
            self.iterate_temp(keys, temp);
        }
        let element = match args.positional(1) {
            Some((element, temp)) => {
                self.escape(temp, Escape::Collected);
                element
            }
            None => ValueId::NONE,
        };
        let dict = self.new_sequence(ObjectKind::Dict, element);
        self.repeated(element, dict, Repeat::Keys);
        dict
    }

    fn dict_of(&mut self, args: &Args<'a>) -> ValueId {
        let mut content = Content { kind: ObjectKind::Dict, fixed: Vec::new(), rest: ValueId::BOTTOM, exact: false };
        for (arg, &value) in args.list.iter().zip(&args.values) {
            self.escape(arg.value, Escape::Collected);
            match arg.kind {
                ArgKind::Kw(name) => self.put(&mut content, Key::Name(name), value),
                ArgKind::Pos => match self.values.get(value).clone() {
                    Value::Ref(objects) if objects.len() == 1 => {
                        let source = self.state.content(objects[0]).map(|id| self.values.content(id).clone());
                        match source {
                            Some(source) if source.kind == ObjectKind::Dict => content = source,
                            Some(source) => {
                                // Pairs of keys and values.
                                let pair = source.fixed.iter().map(|e| e.1).chain([source.rest]).collect::<Vec<_>>();
                                let pair = self.values.join_all(pair);
                                let value = self.unpack(pair, 1, 2, false);
                                content.rest = self.values.join(content.rest, value);
                            }
                            None => content.rest = ValueId::UNKNOWN,
                        }
                    }
                    Value::Array(array) => {
                        // A copy of a mapping that was passed in: it holds the same arrays.
                        let element = self.element(&array);
                        content.rest = self.values.join(content.rest, element);
                    }
                    _ => content.rest = ValueId::UNKNOWN,
                },
                _ => {
                    let values = self.dict_values(value);
                    content.rest = self.values.join(content.rest, values);
                }
            }
        }
        self.new_object(LIST_PART, content)
    }

    /// `sum`, `min`, `max`: of an iterable, or (for the last two) of several arguments.
    fn fold(&mut self, builtin: Builtin, args: &Args<'a>) -> ValueId {
        self.read_args(args);
        let Some((value, _)) = args.positional(0) else { return ValueId::UNKNOWN };
        let element = if args.list.len() > 1 && builtin != Builtin::Sum {
            let joined = self.values.join_all(args.values.iter().copied());
            let number = args.values.iter().any(|&value| self.values.kinds(value) == Kinds::SCALAR);
            if number && self.values.kinds(joined) != Kinds::SCALAR {
                // Compared with a number, it is no array of several elements.
                return ValueId::UNKNOWN;
            }
            joined
        } else {
            self.iterate(value, How::Element)
        };
        if self.values.kinds(element) == Kinds::SCALAR {
            return match self.values.get(element) {
                Value::Int(_) => self.values.int(None),
                _ => ValueId::SCALAR,
            };
        }
        if builtin == Builtin::Sum {
            // 0 + a + b + …: new memory, if there are arrays.
            let sum = self.fresh(0, Kinds::LIKE, Evidence::None, |array| array.owner = Owner::Either);
            return match args.list.get(1) {
                Some(_) => self.values.join(sum, ValueId::UNKNOWN),
                None => sum,
            };
        }
        element
    }

    /// `len(x)`, if that is known.
    fn length_of(&self, value: ValueId) -> Option<i64> {
        match self.values.get(value) {
            Value::Array(array) if array.certain() => array.shape.as_ref()?.first().copied().filter(|&n| n >= 0),
            Value::Tuple(items) => Some(items.len() as i64),
            Value::Ref(objects) if objects.len() == 1 => {
                let content = self.values.content(self.state.content(objects[0])?);
                (content.exact && content.kind == ObjectKind::List).then_some(content.fixed.len() as i64)
            }
            _ => None,
        }
    }
}
