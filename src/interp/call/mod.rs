//! Calls: whom they call, how arguments meet parameters, and what the words of a row of the model mean.

mod apply;
mod bind;
mod words;

use crate::domain::{Array, Dtype, Evidence, Kinds, Owner, Tri, Value, ValueId};
use crate::interp::known::{self, Builtin};
use crate::interp::machine::Machine;
use crate::interp::summary::Receiver;
use crate::ir::{Arg, ArgKind, BodyId, Sym, Temp};
use crate::model::RowId;
use crate::model::{ParamIndex, Row};
use crate::trace::{Escape, ReadHow, Repeat};

/// The evaluated arguments of a call.
#[derive(Clone, Debug)]
pub(crate) struct Args<'a> {
    pub(crate) list: &'a [Arg],
    pub(crate) values: Vec<ValueId>,
}

impl Args<'_> {
    /// The positional argument at a position, if no star comes before it.
    pub(crate) fn positional(&self, index: usize) -> Option<(ValueId, Temp)> {
        let mut position = 0;
        for (arg, &value) in self.list.iter().zip(&self.values) {
            match arg.kind {
                ArgKind::Star => return None,
                ArgKind::Pos if position == index => return Some((value, arg.value)),
                ArgKind::Pos => position += 1,
                _ => {}
            }
        }
        None
    }

    /// Nothing but positional arguments: their values.
    pub(crate) fn all_positional(&self) -> bool {
        self.list.iter().all(|arg| arg.kind == ArgKind::Pos)
    }
}

/// Arguments bound to the parameters of a row.
#[derive(Clone, Debug)]
pub(crate) struct Call<'a> {
    pub(crate) row: &'a Row,
    /// For each parameter what was passed.
    pub(crate) slots: Vec<Option<(ValueId, Option<Temp>)>>,
    /// What the variadic parameter took.
    pub(crate) rest: Vec<(ValueId, Temp)>,
    /// The arguments that no parameter of the row takes.
    pub(crate) others: Vec<Temp>,
    /// Were there `*args` or `**kwargs`, so that anything may have been passed besides?
    pub(crate) open: bool,
}

impl Call<'_> {
    /// The value of a parameter; `None` where it was not passed (or where that is not known).
    pub(crate) fn value(&self, param: ParamIndex) -> Option<ValueId> {
        self.slots.get(param as usize).copied().flatten().map(|slot| slot.0)
    }

    /// The temp of a parameter's argument.
    pub(crate) fn temp(&self, param: ParamIndex) -> Option<Temp> {
        self.slots.get(param as usize).copied().flatten().and_then(|slot| slot.1)
    }

    /// The value of the parameter of this name.
    pub(crate) fn named(&self, name: &str) -> Option<ValueId> {
        self.row.param(name).and_then(|param| self.value(param))
    }
}

impl<'a> Machine<'a> {
    /// `callee(args)`
    pub(crate) fn call(&mut self, callee: Temp, args: &Args<'a>) -> ValueId {
        let value = self.temp(callee);
        match self.values.get(value).clone() {
            Value::Row(row) => {
                let call = self.bind_args(RowId(row), None, args);
                self.apply(&call)
            }
            Value::Builtin(name) => self.call_builtin(name, args),
            Value::Dtype(dtype) => self.cast(dtype, args),
            Value::Module(path) => {
                let path = self.paths.text(path).to_string();
                self.call_foreign(&path, args)
            }
            Value::Function(body) => self.call_function(body, args),
            Value::Class(class) => self.construct(class, args),
            Value::Bound(receiver, name) => self.call_bound(receiver, name, args),
            _ => self.call_unknown(Some(callee), args),
        }
    }

    /// A method kept in a variable: the receiver's temp is gone.
    fn call_bound(&mut self, receiver: ValueId, name: Sym, args: &Args<'a>) -> ValueId {
        if let Value::Ref(objects) = self.values.get(receiver).clone() {
            if let Some(value) = self.instance_method(&objects, Receiver { value: receiver, temp: None }, name, args) {
                return value;
            }
            return self.container_method(&objects, receiver, name, args);
        }
        self.havoc(receiver);
        self.call_unknown(None, args)
    }

    /// `obj.name(args)`
    pub(crate) fn method(&mut self, obj: Temp, name: Sym, args: &Args<'a>) -> ValueId {
        let value = self.temp(obj);
        if self.recording && matches!(self.values.get(value), Value::Array(_) | Value::Unknown) {
            self.appended(name, args, value);
            self.shuffled(obj, name, args);
        }
        match self.values.get(value).clone() {
            Value::Module(path) => {
                let callee = self.module_member(path, name);
                self.call_member(callee, path, name, args)
            }
            Value::Row(row) => {
                let path = self.model.row(RowId(row)).name.to_string();
                self.call_row_method(&path, name, args)
            }
            Value::Ref(objects) => {
                let receiver = Receiver { value, temp: Some(obj) };
                let known = match self.library_class(&objects) {
                    Some(class) => self.library_method(obj, class, name, args),
                    None => self.instance_method(&objects, receiver, name, args),
                };
                known.unwrap_or_else(|| {
                    let result = self.container_method(&objects, value, name, args);
                    if self.name(name) == "copy" {
                        self.tell_shallow(obj, result);
                    }
                    result
                })
            }
            Value::Tuple(_) | Value::TupleOf(_) => match self.name(name) {
                "index" | "count" => self.values.int(None),
                _ => self.call_unknown(Some(obj), args),
            },
            Value::Str(_) => self.string_method(name),
            Value::Scalar | Value::Int(_) | Value::Float | Value::Complex | Value::Number | Value::Bool(_) => {
                self.scalar_method(name, args)
            }
            Value::Array(array) if array.kinds.meets(Kinds::ARRAY) => self.array_method(obj, &array, name, args),
            Value::Array(array) => match self.own_method(obj, &array, name, args) {
                Some(value) => value,
                None => self.call_unknown(Some(obj), args),
            },
            Value::Unknown => match (self.super_method(obj, name, args), self.known.method(name)) {
                (Some(value), _) => value,
                (None, Some(row)) if !container_like(self.name(name)) => {
                    let call = self.bind_args(row, Some(obj), args);
                    self.apply(&call)
                }
                _ => self.call_unknown(Some(obj), args),
            },
            Value::Class(_) | Value::Function(_) => self.call_unknown(None, args),
            Value::Builtin(class) if self.known.builtin(class) == Some(Builtin::Dict) => match self.name(name) {
                "fromkeys" => self.dict_from_keys(args),
                _ => self.call_unknown(Some(obj), args),
            },
            _ => self.call_unknown(Some(obj), args),
        }
    }

    /// `obj.append(x)` on what may be a list made elsewhere.
    fn appended(&mut self, name: Sym, args: &Args<'a>, into: ValueId) {
        if matches!(self.name(name), "append" | "appendleft")
            && let Some((_, temp)) = args.positional(0)
        {
            self.escape_into(temp, Escape::Collected, into);
        }
    }

    fn array_method(&mut self, obj: Temp, array: &Array, name: Sym, args: &Args<'a>) -> ValueId {
        if let Some(value) = self.subclass_method(obj, array, name, args) {
            return value;
        }
        let Some(row) = self.known.method(name) else {
            if self.known.meaning(name).masked {
                if let Some(value) = self.masked_method(obj, array, name, args) {
                    return value;
                }
                // A method of masked arrays: what it returns is an array most likely, nobody knows where.
                self.read(obj, ReadHow::Passed);
                self.read_args(args);
                return self.values.make(Array::unknown(Kinds::ANY, Evidence::Likely));
            }
            return self.call_unknown(Some(obj), args);
        };
        let ambiguous = container_like(self.name(name));
        if matches!(self.name(name), "copy" | "sort") {
            // Lists have them, too.
        } else {
            self.is_no_container(obj);
        }
        let array = &match self.values.get(self.temp(obj)) {
            Value::Array(array) => array.clone(),
            _ => array.clone(),
        };
        if !array.certain() && ambiguous && array.kinds.meets(Kinds::OTHER) && matches!(self.name(name), "put" | "fill")
        {
            // Anything can have a `put`.
            self.taint(array);
        }
        if array.dtype == Dtype::Object
            && self.name(name) == "fill"
            && let (Some((element, _)), into) = (args.positional(0), self.temp(obj))
        {
            // An object array is filled with the one object, whatever it is.
            self.repeated(element, into, Repeat::Fill);
        }
        let call = self.bind_args(row, Some(obj), args);
        let value = self.apply(&call);
        if array.certain() {
            return value;
        }
        let mut kinds = Kinds::LIKE.union(array.kinds.warnings());
        if array.kinds.meets(Kinds::CONTAINER) {
            // `copy` of a list holds the list's elements.
            kinds = kinds.union(Kinds::CONTAINER).union(Kinds::FOREIGN);
        }
        self.loosen(value, kinds)
    }

    /// The result of a method whose receiver may be no array: it may be of these kinds then.
    pub(crate) fn loosen(&mut self, value: ValueId, kinds: Kinds) -> ValueId {
        match self.values.get(value).clone() {
            Value::Array(mut array) => {
                array.kinds = array.kinds.union(kinds);
                array.entry = false;
                self.values.make(array)
            }
            Value::Tuple(_) | Value::TupleOf(_) | Value::Ref(_) => value,
            _ => ValueId::UNKNOWN,
        }
    }

    /// Calls what was found under a name in a module.
    fn call_member(&mut self, callee: ValueId, module: Sym, name: Sym, args: &Args<'a>) -> ValueId {
        match *self.values.get(callee) {
            Value::Row(row) => {
                let call = self.bind_args(RowId(row), None, args);
                self.apply(&call)
            }
            Value::Dtype(dtype) => self.cast(dtype, args),
            _ => {
                let path = self.paths.text(module).to_string();
                let class = path.rsplit('.').next().unwrap_or(&path);
                if matches!(class, "Generator" | "RandomState") {
                    let method = format!("{class}.{}", self.name(name));
                    if let Some(row) = self.model.method(&method) {
                        let call = self.bind_args_with(row, Some((ValueId::UNKNOWN, None)), args);
                        return self.apply(&call);
                    }
                }
                let full = format!("{path}.{}", self.name(name));
                self.call_foreign(&full, args)
            }
        }
    }

    /// `np.add.at(…)`, `np.maximum.reduce(…)`: methods of what is itself a function of the model.
    fn call_row_method(&mut self, path: &str, name: Sym, args: &Args<'a>) -> ValueId {
        let full = format!("{path}.{}", self.name(name));
        if let Some(row) = self.model.function(&full) {
            let call = self.bind_args(row, None, args);
            return self.apply(&call);
        }
        let generic = format!("ufunc.{}", self.name(name));
        let ufunc = path.starts_with("numpy.") || path.starts_with("scipy.special.");
        match self.model.method(&generic).filter(|_| ufunc) {
            Some(row) => {
                let call = self.bind_args_with(row, Some((ValueId::SCALAR, None)), args);
                self.apply(&call)
            }
            None => self.call_foreign(&full, args),
        }
    }

    /// A function of a library that the model does not know, or of another module of the project.
    fn call_foreign(&mut self, path: &str, args: &Args<'a>) -> ValueId {
        if path == "numpy.random.default_rng" || path == "numpy.random.RandomState" {
            let class = path.rsplit('.').next().unwrap_or(path);
            let class = if class == "RandomState" { "RandomState" } else { "Generator" };
            let class = self.paths.intern(class);
            return self.values.intern(Value::Module(class));
        }
        if let Some(value) = self.itertool(path, args) {
            return value;
        }
        if let Some(value) = self.standard_random(path, args) {
            return value;
        }
        if path == "dataclasses.replace"
            && let Some(value) = self.replaced_record(args)
        {
            return value;
        }
        if matches!(path, "numba.njit" | "numba.jit" | "dataclasses.dataclass") {
            // `@njit` leaves the function what it is, for arrays, and `@dataclass` the class; `@njit(cache=True)` gives
            // such a decorator.
            match args.positional(0) {
                Some((value, _)) if matches!(self.values.get(value), Value::Function(_) | Value::Class(_)) => {
                    return value;
                }
                None if args.list.iter().all(|arg| matches!(arg.kind, ArgKind::Kw(_))) => {
                    let decorator = self.paths.intern(path);
                    return self.values.intern(Value::Module(decorator));
                }
                _ => {}
            }
        }
        if let Some(summary) = self.callees.summary(path)
            && let Some(name) = path.rsplit('.').next().and_then(|name| self.module.names.get(name))
        {
            return self.call_summary(name, &summary, None, args).value;
        }
        if let Some(class) = self.callees.class(path) {
            let path = self.paths.intern(path);
            return self.construct_told(path, &class, args);
        }
        if known::is_library(path) {
            for &arg in args.list {
                self.escape(arg.value, Escape::Passed);
                self.read(arg.value, ReadHow::Passed);
            }
            for &value in &args.values {
                // What sums up or sorts the entries of a sparse matrix may give it other arrays.
                if matches!(self.values.get(value), Value::Ref(objects) if self.library_class(objects).is_some()) {
                    self.havoc(value);
                }
            }
            return ValueId::UNKNOWN;
        }
        self.call_unknown(None, args)
    }

    /// A method of a number: a number, but for those that make it an array, and those that work on arrays that are passed
    /// (`numpy.generic` has "the same attributes as arrays": <https://numpy.org/doc/stable/reference/arrays.scalars.html>).
    fn scalar_method(&mut self, name: Sym, args: &Args<'a>) -> ValueId {
        self.read_args(args);
        let out = |arg: &Arg| matches!(arg.kind, ArgKind::Kw(name) if self.name(name) == "out");
        if args.list.iter().any(|arg| out(arg) || matches!(arg.kind, ArgKind::Star | ArgKind::DoubleStar)) {
            return ValueId::UNKNOWN;
        }
        let flat = matches!(self.name(name), "ravel" | "flatten");
        let made = flat || matches!(self.name(name), "repeat" | "cumsum" | "cumprod" | "argsort");
        // `x.reshape(())` is the number again.
        let perhaps = self.name(name) == "reshape";
        let numbers = args.values.iter().all(|&value| {
            let kinds = self.values.kinds(value);
            kinds.without(Kinds::SCALAR.union(Kinds::NONE)) == Kinds(0) && value != ValueId::UNKNOWN
        });
        if !made && !perhaps && numbers {
            return ValueId::SCALAR;
        }
        let (kinds, evidence) = if made { (Kinds::ARRAY, Evidence::Certain) } else { (Kinds::LIKE, Evidence::None) };
        self.fresh(0, kinds, evidence, |array| {
            array.owner = Owner::Either;
            array.writeable = Tri::May;
            if flat {
                array.set_shape(Some(smallvec::smallvec![1]));
                (array.c, array.f) = (Tri::Must, Tri::Must);
            }
        })
    }

    /// A function of this file.
    fn call_function(&mut self, body: BodyId, args: &Args<'a>) -> ValueId {
        self.pass(args);
        match self.call_body(body, args) {
            Some(value) => value,
            None => self.call_unknown(None, args),
        }
    }

    /// A call of something unknown: it may keep or return what it is given, change containers, rebind attributes.
    pub(crate) fn call_unknown(&mut self, callee: Option<Temp>, args: &Args<'a>) -> ValueId {
        if self.recording {
            self.unresolved.push(self.span);
        }
        for &arg in args.list {
            self.escape(arg.value, Escape::Passed);
            self.read(arg.value, ReadHow::Passed);
        }
        if let Some(callee) = callee {
            self.read(callee, ReadHow::Passed);
            self.havoc(self.temp(callee));
        }
        for &value in &args.values {
            self.havoc(value);
        }
        self.disturb();
        ValueId::UNKNOWN
    }

    /// The arguments go to a function of this file.
    pub(crate) fn pass(&mut self, args: &Args<'a>) {
        for &arg in args.list {
            self.escape(arg.value, Escape::Passed);
            self.read(arg.value, ReadHow::Passed);
        }
    }

    pub(crate) fn read_args(&mut self, args: &Args<'a>) {
        for arg in args.list {
            self.read(arg.value, ReadHow::Passed);
        }
    }

    /// `np.float64(x)`: a scalar, or a fresh array where x is one.
    fn cast(&mut self, dtype: Dtype, args: &Args<'a>) -> ValueId {
        self.read_args(args);
        let Some((value, _)) = args.positional(0) else { return ValueId::SCALAR };
        match self.values.get(value) {
            Value::Array(_) | Value::Unknown | Value::Ref(_) | Value::Tuple(_) | Value::TupleOf(_) => {
                let certain = self.values.array(value).is_some_and(|a| a.certain() && a.ndim().is_some_and(|n| n > 0));
                let kinds = if certain { Kinds::ARRAY } else { Kinds::ARRAY.union(Kinds::SCALAR) };
                // `np.float64(x)` of a float64 array may be that array.
                let fresh = self.fresh(0, kinds, Evidence::Certain, |array| array.dtype = dtype);
                if self.has_memory(value) || value == ValueId::UNKNOWN {
                    let mut either = self.values.join(fresh, value);
                    if let Value::Array(mut array) = self.values.get(either).clone() {
                        array.kinds = kinds;
                        array.dtype = dtype;
                        array.evidence = Evidence::Certain;
                        either = self.values.make(array);
                    }
                    return either;
                }
                fresh
            }
            _ if matches!(dtype.kind(), Some(b'i' | b'u')) => self.values.int(None),
            _ => ValueId::SCALAR,
        }
    }
}

/// An argument as the memory that a result shares.
pub(crate) enum Shared {
    /// Certainly an array.
    Array(Array, ValueId),
    /// Perhaps an array.
    Perhaps(Array, ValueId),
    /// A list, a number: nothing to share.
    Converted,
    /// Anything.
    Unknown,
}

/// Methods that lists, dicts, strings and other things have as well, with other semantics.
pub(crate) fn container_like(name: &str) -> bool {
    // `super().__setitem__(…)` is anyone's.
    name.starts_with("__")
        || matches!(
            name,
            "copy"
                | "sort"
                | "index"
                | "put"
                | "fill"
                | "resize"
                | "view"
                | "min"
                | "max"
                | "sum"
                | "clip"
                | "all"
                | "any"
                | "round"
                | "partition"
                | "swapaxes"
                | "repeat"
                | "item"
                | "dump"
                | "dumps"
        )
}
