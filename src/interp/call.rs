//! Calls: whom they call, how arguments meet parameters, and what the words of a row of the model mean.

use smallvec::SmallVec;

use super::machine::{Machine, reaxed};
use super::shapes::set_order;
use super::{Returns, Summary, known};
use crate::domain::{Array, Dtype, Evidence, Kinds, ObjectKind, Owner, Shape, Tri, Value, ValueId};
use crate::ir::{Arg, ArgKind, BodyId, OpKind, Sym, Temp};
use crate::model::{DtypeRule, OrderRule, ParamIndex, ResultRule, Row, RowId, ShapeRule, Special};
use crate::trace::{Escape, How, ReadHow, WriteHow};

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
    slots: Vec<Option<(ValueId, Option<Temp>)>>,
    /// What the variadic parameter took.
    pub(crate) rest: Vec<(ValueId, Temp)>,
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
                let call = self.bind_args(row, None, args);
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
            if let Some(value) = self.instance_method(&objects, receiver, name, args) {
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
        match self.values.get(value).clone() {
            Value::Module(path) => {
                let path = self.paths.text(path).to_string();
                let callee = self.member(&path, self.name(name));
                self.call_member(callee, &path, name, args)
            }
            Value::Row(row) => {
                let path = self.model.row(row).name.to_string();
                self.call_row_method(&path, name, args)
            }
            Value::Ref(objects) => match self.instance_method(&objects, value, name, args) {
                Some(value) => value,
                None => self.container_method(&objects, value, name, args),
            },
            Value::Tuple(_) | Value::TupleOf(_) => match self.name(name) {
                "index" | "count" => self.values.int(None),
                _ => self.call_unknown(Some(obj), args),
            },
            Value::Str(_) => self.string_method(name),
            Value::Scalar | Value::Int(_) | Value::Float | Value::Bool(_) => {
                self.read_args(args);
                ValueId::SCALAR
            }
            Value::Array(array) if array.kinds.meets(Kinds::ARRAY) => self.array_method(obj, &array, name, args),
            Value::Array(array) => match self.own_method(obj, &array, name, args) {
                Some(value) => value,
                None => self.call_unknown(Some(obj), args),
            },
            Value::Unknown => match self.known.method(name) {
                Some(row) if !container_like(self.name(name)) => {
                    let call = self.bind_args(row, Some(obj), args);
                    self.apply(&call)
                }
                _ => self.call_unknown(Some(obj), args),
            },
            Value::Class(_) | Value::Function(_) => self.call_unknown(None, args),
            _ => self.call_unknown(Some(obj), args),
        }
    }

    fn array_method(&mut self, obj: Temp, array: &Array, name: Sym, args: &Args<'a>) -> ValueId {
        let Some(row) = self.known.method(name) else { return self.call_unknown(Some(obj), args) };
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
    fn loosen(&mut self, value: ValueId, kinds: Kinds) -> ValueId {
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
    fn call_member(&mut self, callee: ValueId, path: &str, name: Sym, args: &Args<'a>) -> ValueId {
        match *self.values.get(callee) {
            Value::Row(row) => {
                let call = self.bind_args(row, None, args);
                self.apply(&call)
            }
            Value::Dtype(dtype) => self.cast(dtype, args),
            _ => {
                let class = path.rsplit('.').next().unwrap_or(path);
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
        match self.model.method(&generic) {
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
        if let Some(summary) = self.callees.summary(path) {
            return self.call_summary(&summary, args);
        }
        if known::is_library(path) {
            for &arg in args.list {
                self.escape(arg.value, Escape::Passed);
                self.read(arg.value, ReadHow::Passed);
            }
            return ValueId::UNKNOWN;
        }
        self.call_unknown(None, args)
    }

    /// A function of this file.
    fn call_function(&mut self, body: BodyId, args: &Args<'a>) -> ValueId {
        self.pass(args);
        match self.call_body(body, args) {
            Some(value) => value,
            None => self.call_unknown(None, args),
        }
    }

    /// A function of another file: by its summary, if there is one.
    fn call_summary(&mut self, summary: &Summary, args: &Args<'a>) -> ValueId {
        for param in &summary.writes {
            if let Some((value, temp)) = args.positional(*param as usize) {
                self.write(temp, value, WriteHow::Argument(Sym(0)));
            }
        }
        self.read_args(args);
        let passed = |param: u32| args.positional(param as usize).map(|(value, _)| value);
        match summary.returns {
            Returns::Unknown => ValueId::UNKNOWN,
            Returns::Fresh => self.fresh(0, Kinds::ARRAY, Evidence::Certain, |_| {}),
            Returns::Same(param) => passed(param).unwrap_or(ValueId::UNKNOWN),
            Returns::View(param) => match passed(param).map(|value| self.values.get(value).clone()) {
                Some(Value::Array(array)) => self.view(&array, |view| {
                    view.forget_layout();
                    reaxed(view);
                }),
                _ => ValueId::UNKNOWN,
            },
        }
    }

    /// A call of something unknown: it may keep or return what it is given, change containers, rebind attributes.
    pub(crate) fn call_unknown(&mut self, callee: Option<Temp>, args: &Args<'a>) -> ValueId {
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

    // --- binding ------------------------------------------------------------------------------------------------

    pub(crate) fn bind_args(&self, row: RowId, receiver: Option<Temp>, args: &Args<'a>) -> Call<'a> {
        self.bind_args_with(row, receiver.map(|temp| (self.temp(temp), Some(temp))), args)
    }

    fn bind_args_with(&self, row: RowId, receiver: Option<(ValueId, Option<Temp>)>, args: &Args<'a>) -> Call<'a> {
        let row = self.model.row(row);
        let mut call = Call { row, slots: vec![None; row.params.len()], rest: Vec::new(), open: false };
        let mut next = 0;
        if let Some(receiver) = receiver {
            if let Some(slot) = call.slots.first_mut() {
                *slot = Some(receiver);
            }
            next = 1;
        }
        for (arg, &value) in args.list.iter().zip(&args.values) {
            match arg.kind {
                ArgKind::Pos => match row.params.get(next) {
                    Some(param) if param.variadic => call.rest.push((value, arg.value)),
                    Some(param) if !param.keyword_only => {
                        call.slots[next] = Some((value, Some(arg.value)));
                        next += 1;
                    }
                    _ => call.open = true,
                },
                ArgKind::Kw(name) => {
                    let name = self.name(name);
                    if let Some(param) = row.param(name) {
                        call.slots[param as usize] = Some((value, Some(arg.value)));
                    }
                }
                ArgKind::Star => {
                    // What a star passes is an element of it, nobody knows where.
                    match row.params.get(next) {
                        Some(param) if param.variadic => call.rest.push((ValueId::UNKNOWN, arg.value)),
                        _ => {}
                    }
                    call.open = true;
                    next = row.params.len();
                }
                ArgKind::DoubleStar => call.open = true,
            }
        }
        if call.open {
            for slot in &mut call.slots {
                if slot.is_none() {
                    *slot = Some((ValueId::UNKNOWN, None));
                }
            }
        }
        call
    }

    // --- applying a row -----------------------------------------------------------------------------------------

    /// What the row says of this call.
    pub(crate) fn apply(&mut self, call: &Call<'a>) -> ValueId {
        let row = call.row;
        if row.name.starts_with("numpy.random.")
            && matches!(&*row.name, "numpy.random.default_rng" | "numpy.random.RandomState")
        {
            let class = if row.name.ends_with("RandomState") { "RandomState" } else { "Generator" };
            let class = self.paths.intern(class);
            return self.values.intern(Value::Module(class));
        }
        self.read_operands(call);
        let function = self.last_name(row);
        let writes = row.writes_when.is_none_or(|when| {
            // Writes that depend on a flag: by default they do not happen.
            call.value(when)
                .is_some_and(|value| !matches!(self.values.get(value), Value::Bool(Some(false)) | Value::None))
        });
        for &param in row.writes.iter().filter(|_| writes) {
            if Some(param) != row.out {
                self.write_argument(call, param, function);
            }
        }
        let out = row.out.and_then(|param| call.value(param).map(|value| (param, value)));
        let result = match call.row.special.and_then(|special| self.special(special, call)) {
            Some(value) => value,
            None => self.by_words(call, &row.result),
        };
        let result = self.polynomial(call, result);
        self.tell_derived(call, result, function);
        match out {
            Some((param, value)) if self.values.kinds(value) != Kinds::NONE => {
                self.through_out(call, param, value, result)
            }
            _ => result,
        }
    }

    /// The functions of polynomials give a `poly1d` where they are given one.
    fn polynomial(&mut self, call: &Call<'a>, result: ValueId) -> ValueId {
        if !call.row.name.starts_with("numpy.poly") {
            return result;
        }
        let other = call.slots.iter().flatten().any(|slot| self.values.kinds(slot.0).meets(Kinds::OTHER));
        if other { self.loosen(result, Kinds::LIKE) } else { result }
    }

    /// The last part of the row's name, if the file uses that name (it does, where it is called).
    fn last_name(&self, row: &Row) -> Sym {
        let last = row.name.rsplit('.').next().unwrap_or(&row.name);
        self.module.names.get(last).unwrap_or(Sym(0))
    }

    fn takes_self(row: &Row) -> bool {
        row.params.first().is_some_and(|param| &*param.name == "self")
    }

    fn write_argument(&mut self, call: &Call<'a>, param: ParamIndex, function: Sym) {
        let (Some(value), Some(temp)) = (call.value(param), call.temp(param)) else { return };
        let how = if call.row.writes_when.is_some() {
            WriteHow::Scratch(function)
        } else if param == 0 && Self::takes_self(call.row) {
            WriteHow::Method(function)
        } else {
            WriteHow::Argument(function)
        };
        self.write(temp, value, how);
    }

    /// Which parameter a result may share memory with.
    fn shared_param(result: &ResultRule) -> Option<ParamIndex> {
        match result {
            ResultRule::Same(p)
            | ResultRule::View { of: p, .. }
            | ResultRule::SameOrView(p)
            | ResultRule::SameOrCopy(p)
            | ResultRule::ViewOrCopy(p) => Some(*p),
            ResultRule::List(inner)
            | ResultRule::Tuple(inner)
            | ResultRule::MaybeTuple(inner)
            | ResultRule::Iterator(inner) => Self::shared_param(inner),
            _ => None,
        }
    }

    /// Tells which arguments are read. What the result is a view of is not; nor is what is only written.
    fn read_operands(&mut self, call: &Call<'a>) {
        if !self.recording || (call.row.blank || matches!(&*call.row.name, "numpy.shape" | "numpy.ndim" | "numpy.size"))
        {
            return;
        }
        let shared = Self::shared_param(&call.row.result);
        for param in 0..call.slots.len() as u8 {
            let writes_it = call.row.out == Some(param)
                || call.row.writes.contains(&param) && matches!(call.row.special, Some(Special::WriteArgument));
            if shared != Some(param)
                && !writes_it
                && let Some(temp) = call.temp(param)
            {
                self.read(temp, ReadHow::Passed);
            }
        }
        if shared.is_none() || !call.row.params.iter().any(|param| param.variadic) {
            for (_, temp) in &call.rest {
                self.read(*temp, ReadHow::Passed);
            }
        }
    }

    fn tell_derived(&mut self, call: &Call<'a>, result: ValueId, function: Sym) {
        if !self.recording {
            return;
        }
        let how = if Self::takes_self(call.row) { How::Method(function) } else { How::Function(function) };
        let copied = match self.values.array(result) {
            Some(array) if array.bufs.len() == 1 => self.buffers.get(array.bufs[0]).copied_from.as_ref().map(|c| c.how),
            _ => None,
        };
        let how = match copied {
            Some(copy) if Self::shared_param(&call.row.result).is_none() => How::Copy(copy),
            _ => how,
        };
        let mut sources: Vec<Temp> = Vec::new();
        if let Some(param) = Self::shared_param(&call.row.result) {
            sources.extend(call.temp(param));
            if call.row.params.get(param as usize).is_some_and(|p| p.variadic) {
                sources.extend(call.rest.iter().map(|entry| entry.1));
            }
        } else if let How::Copy(_) = how {
            sources.extend(call.temp(0));
        }
        let result = match self.values.get(result).clone() {
            Value::Array(_) => result,
            Value::Ref(objects) => self.elements(&objects),
            Value::TupleOf(item) => item,
            Value::Tuple(items) => self.values.join_all(items),
            _ => return,
        };
        for source in sources {
            self.derived(source, result, how);
        }
    }

    /// The result where `out=` was passed: that very object, written.
    fn through_out(&mut self, call: &Call<'a>, param: ParamIndex, value: ValueId, otherwise: ValueId) -> ValueId {
        // `out=(a,)` is `out=a`.
        let single = match self.values.get(value) {
            Value::Tuple(items) if items.len() == 1 => items[0],
            _ => value,
        };
        if let Some(temp) = call.temp(param) {
            self.write(temp, single, WriteHow::Out);
        }
        match self.values.get(single).clone() {
            Value::Array(array) if array.kinds.meets(Kinds::NONE) => {
                let given = Array { kinds: array.kinds.without(Kinds::NONE), ..array };
                let given = self.values.make(given);
                self.values.join(given, otherwise)
            }
            Value::Array(_) | Value::Tuple(_) => single,
            _ => self.values.join(otherwise, ValueId::UNKNOWN),
        }
    }

    /// The result by the row's words alone.
    pub(crate) fn by_words(&mut self, call: &Call<'a>, result: &ResultRule) -> ValueId {
        match result {
            ResultRule::Unknown => ValueId::UNKNOWN,
            ResultRule::None => ValueId::NONE,
            ResultRule::Scalar => self.scalar_result(call),
            ResultRule::Fresh { owner } => {
                let owner = match owner {
                    Some(true) => Owner::Owner,
                    Some(false) => Owner::View,
                    None => Owner::Either,
                };
                self.fresh_result(call, owner, false)
            }
            ResultRule::FreshOrScalar => self.fresh_result(call, Owner::Either, true),
            ResultRule::Same(param) => match self.shared(call, *param) {
                Shared::Array(_, value) => value,
                Shared::Perhaps(_, value) => value,
                Shared::Converted => self.fresh_result(call, Owner::Either, false),
                Shared::Unknown => ValueId::UNKNOWN,
            },
            ResultRule::View { of, readonly } => {
                let readonly = *readonly;
                self.shared_result(call, *of, false, |view| {
                    view.forget_layout();
                    reaxed(view);
                    view.owner = Owner::View;
                    if readonly {
                        view.writeable = Tri::No;
                    }
                })
            }
            ResultRule::SameOrView(of) => self.shared_result(call, *of, false, |view| {
                view.forget_layout();
                reaxed(view);
                view.owner = view.owner.join(Owner::View);
            }),
            ResultRule::SameOrCopy(of) => {
                self.shared_result(call, *of, true, |view| view.writeable = view.writeable.join(Tri::Must))
            }
            ResultRule::ViewOrCopy(of) => self.shared_result(call, *of, true, |view| {
                view.forget_layout();
                reaxed(view);
                view.owner = Owner::Either;
                view.writeable = Tri::May;
                view.dtype = Dtype::Unknown;
            }),
            ResultRule::List(inner) => {
                let element = self.several(call, inner);
                self.new_sequence(ObjectKind::List, element)
            }
            ResultRule::Tuple(inner) => {
                let element = self.several(call, inner);
                self.values.tuple_of(element)
            }
            ResultRule::MaybeTuple(inner) if self.is_single(call) => self.by_words(call, inner),
            ResultRule::MaybeTuple(inner) => {
                let one = self.several(call, inner);
                let tuple = self.values.tuple_of(one);
                self.values.join(one, tuple)
            }
            ResultRule::Iterator(inner) => {
                let element = self.several(call, inner);
                self.new_sequence(ObjectKind::Iterator, element)
            }
        }
    }

    /// Of a row that may return several things: are those that ask for more (`return_index`, `retstep`) left out?
    fn is_single(&self, call: &Call<'a>) -> bool {
        let asks = |name: &str| name.starts_with("ret") || name == "sparse";
        let flags = call.row.params.iter().zip(&call.slots).filter(|(param, _)| asks(&param.name));
        let flags: SmallVec<[bool; 4]> = flags
            .map(|(_, slot)| slot.is_none_or(|(value, _)| *self.values.get(value) == Value::Bool(Some(false))))
            .collect();
        let three = &*call.row.name == "numpy.where" && call.named("x").is_some() && !call.open;
        three || !flags.is_empty() && flags.iter().all(|&left_out| left_out)
    }

    /// The joined elements of a container that a row returns: several arrays from one site.
    fn several(&mut self, call: &Call<'a>, inner: &ResultRule) -> ValueId {
        let many = std::mem::replace(&mut self.many, true);
        let element = self.by_words(call, inner);
        self.many = many;
        element
    }

    fn scalar_result(&mut self, call: &Call<'a>) -> ValueId {
        let text = call.row.name.rsplit('.').next().unwrap_or("");
        match text {
            "argmax" | "argmin" | "size" | "ndim" | "count_nonzero" => self.values.int(None),
            _ => ValueId::SCALAR,
        }
    }

    /// An argument as the memory that a result shares.
    pub(crate) fn shared(&mut self, call: &Call<'a>, param: ParamIndex) -> Shared {
        let value = if call.row.params.get(param as usize).is_some_and(|p| p.variadic) {
            self.values.join_all(call.rest.iter().map(|entry| entry.0))
        } else {
            call.value(param).unwrap_or(ValueId::UNKNOWN)
        };
        match self.values.get(value) {
            Value::Array(array) if array.certain() => Shared::Array(array.clone(), value),
            Value::Array(array) if array.kinds.meets(Kinds::ARRAY.union(Kinds::OTHER)) => {
                Shared::Perhaps(array.clone(), value)
            }
            Value::Unknown | Value::Bottom | Value::Module(_) | Value::Bound(..) => Shared::Unknown,
            Value::Ref(objects) if self.may_be_instance(objects) => Shared::Unknown,
            // A list, a number: converting it makes a new array.
            _ => Shared::Converted,
        }
    }

    fn shared_result(
        &mut self,
        call: &Call<'a>,
        param: ParamIndex,
        may_copy: bool,
        change: impl FnOnce(&mut Array),
    ) -> ValueId {
        match self.shared(call, param) {
            Shared::Array(array, _) => {
                let view = self.shape_view(call, &array, change);
                if may_copy {
                    let fresh = self.fresh_result(call, Owner::Either, false);
                    self.values.join(view, fresh)
                } else {
                    view
                }
            }
            Shared::Perhaps(array, _) => {
                let is_method = Self::takes_self(call.row);
                let view = self.shape_view(call, &array, change);
                if is_method && !may_copy {
                    return view;
                }
                let lists = array.kinds.meets(Kinds::CONTAINER.union(Kinds::SCALAR));
                if !is_method && !lists && !may_copy && !array.kinds.meets(Kinds::WILD) {
                    return self.certain_array(view);
                }
                let fresh = self.fresh_result(call, Owner::Either, false);
                let joined = self.values.join(view, fresh);
                if is_method { joined } else { self.certain_array(joined) }
            }
            Shared::Converted => self.fresh_result(call, Owner::Either, false),
            Shared::Unknown => {
                let array = Array::unknown(Kinds::ARRAY, Evidence::Certain);
                if Self::takes_self(call.row) { ValueId::UNKNOWN } else { self.values.make(array) }
            }
        }
    }

    /// A function of NumPy that converts its argument returns an array, whatever it was given.
    pub(crate) fn certain_array(&mut self, value: ValueId) -> ValueId {
        match self.values.get(value).clone() {
            Value::Array(mut array) => {
                if array.kinds.has(Kinds::OTHER.union(Kinds::WILD)) {
                    // What it was given may have been an array-like over memory that nothing is known of.
                    array.unknown = true;
                    array.lies = false;
                }
                array.kinds = Kinds::ARRAY;
                array.evidence = Evidence::Certain;
                array.entry = false;
                self.values.make(array)
            }
            _ => value,
        }
    }

    fn shape_view(&mut self, call: &Call<'a>, array: &Array, change: impl FnOnce(&mut Array)) -> ValueId {
        let shape = self.shape_by_rule(call);
        let dtype = self.dtype_by_rule(call);
        let keeps = matches!(call.row.dtype, DtypeRule::Of(_));
        let order = self.order_by_rule(call);
        self.view(array, |view| {
            let before = view.dtype;
            change(view);
            if let Some(shape) = shape {
                view.set_shape(Some(shape));
            }
            if let Some(dtype) = dtype {
                view.dtype = dtype;
            } else if keeps {
                view.dtype = before;
            }
            if let Some((c, f)) = order {
                if c.must() {
                    view.c = c;
                }
                if f.must() {
                    view.f = f;
                }
            }
        })
    }

    /// A fresh array by the row's words.
    pub(crate) fn fresh_result(&mut self, call: &Call<'a>, owner: Owner, or_scalar: bool) -> ValueId {
        if let ShapeRule::From(param) = call.row.shape
            && let Some(temp) = call.temp(param)
        {
            self.prove_ints(temp);
        }
        let shape = self.shape_by_rule(call);
        let dtype = self.dtype_by_rule(call);
        let order = self.order_by_rule(call);
        let kinds = self.fresh_kinds(call, or_scalar, shape.as_ref());
        let blank = call.row.blank;
        let number = or_scalar && shape.as_ref().is_some_and(SmallVecExt::is_zero_dim);
        if number
            && kinds == Kinds::ARRAY.union(Kinds::SCALAR)
            && !call.row.out.is_some_and(|out| call.value(out).is_some())
        {
            // A reduction over all axes of an array is a number (of a Quantity it is one with a unit).
            return ValueId::SCALAR;
        }
        let evidence = if number { Evidence::None } else { Evidence::Certain };
        let value = self.fresh(0, kinds, evidence, |array| {
            array.owner = owner;
            array.set_shape(shape);
            array.dtype = dtype.unwrap_or_default();
            if let Some((c, f)) = order {
                (array.c, array.f) = (c, f);
            }
            if array.ndim().is_some_and(|n| n <= 1) && owner == Owner::Owner {
                (array.c, array.f) = (Tri::Must, Tri::Must);
            }
        });
        if let Some(array) = self.values.array(value)
            && let [buf] = array.bufs[..]
        {
            let plain = match call.row.shape {
                ShapeRule::From(param) => call.value(param).is_some_and(|shape| match self.values.get(shape) {
                    Value::Array(shape) => shape.kinds.has(Kinds::SCALAR) && shape.evidence == Evidence::None,
                    _ => false,
                }),
                _ => false,
            };
            let buffer = self.buffers.get_mut(buf);
            (buffer.blank, buffer.likely_1d) = (blank, plain);
        }
        value
    }

    /// The items of a shape that is written out, `(n, m)`, are integers, or the call raises.
    fn prove_ints(&mut self, shape: Temp) {
        if let Some(OpKind::Display(crate::ir::Display::Tuple, items)) = self.def(shape) {
            for (item, starred) in items {
                if !starred {
                    self.prove_int(*item);
                }
            }
        }
    }

    /// What is used as a length or as the end of a `range` is an integer from here on, if it is a name.
    pub(crate) fn prove_int(&mut self, temp: Temp) {
        let Some(OpKind::Load(local)) = self.def(temp) else { return };
        let unproven = matches!(self.values.get(self.temp(temp)), Value::Array(array) if array.kinds.has(Kinds::SCALAR) && array.evidence == Evidence::None);
        if unproven && !self.maybe && self.state.locals[local.index()] == self.temp(temp) {
            let int = self.values.int(None);
            self.state.locals[local.index()] = int;
        }
    }

    /// May what a row calls fresh be a scalar, or something that is no array of NumPy's?
    fn fresh_kinds(&self, call: &Call<'a>, or_scalar: bool, shape: Option<&Shape>) -> Kinds {
        let mut kinds = Kinds::ARRAY;
        let scalars = or_scalar || call.row.zero_dim_scalar;
        if scalars && shape.is_none_or(SmallVecExt::is_zero_dim) {
            kinds = kinds.union(Kinds::SCALAR);
        }
        let operand = |value: ValueId| {
            let kinds = self.values.kinds(value);
            matches!(self.values.get(value), Value::Unknown | Value::Array(_)) && kinds.meets(Kinds::OTHER)
        };
        let random =
            ["Generator.", "RandomState.", "numpy.random."].iter().any(|start| call.row.name.starts_with(start));
        let dispatches = !random && (scalars || Self::takes_self(call.row) || call.row.shape == ShapeRule::Broadcast);
        for slot in call.slots.iter().take(3).flatten() {
            if dispatches && operand(slot.0) {
                kinds = kinds.union(Kinds::LIKE).union(self.values.kinds(slot.0).warnings());
            }
        }
        kinds
    }

    pub(crate) fn shape_by_rule(&mut self, call: &Call<'a>) -> Option<Shape> {
        let of = |m: &Self, param: ParamIndex| {
            let value = call.value(param)?;
            let array = m.values.array(value)?;
            if array.certain() { array.shape.clone() } else { None }
        };
        match &call.row.shape {
            ShapeRule::Unknown => None,
            ShapeRule::Of(param) => of(self, *param),
            ShapeRule::From(param) => self.shape_value(call.value(*param)?),
            ShapeRule::FromElseOf(from, other) => match call.value(*from) {
                Some(value) if value != ValueId::NONE => self.shape_value(value),
                _ => of(self, *other),
            },
            ShapeRule::Ndim(n) => Some(Shape::from_elem(-1, usize::from(*n))),
            ShapeRule::NdimOf(param, plus) => {
                let ndim = of(self, *param)?.len() as i64 + i64::from(*plus);
                usize::try_from(ndim).ok().map(|n| Shape::from_elem(-1, n))
            }
            ShapeRule::Broadcast => {
                let mut operands: Vec<ValueId> = Vec::new();
                for (param, slot) in call.row.params.iter().zip(&call.slots) {
                    if let Some((value, _)) = slot
                        && !param.keyword_only
                        && call.row.out != call.row.param(&param.name)
                    {
                        operands.push(*value);
                    }
                }
                self.broadcast(&operands)
            }
            ShapeRule::Reduce(param) => {
                let given = |name: &str| call.named(name).is_some_and(|value| value != ValueId::NONE);
                if !call.open && !given("axis") && !given("keepdims") {
                    return Some(Shape::new());
                }
                let shape = of(self, *param)?;
                let keep = match call.named("keepdims").map(|value| self.values.get(value)) {
                    None => false,
                    Some(Value::Bool(Some(keep))) => *keep,
                    Some(_) => return None,
                };
                let axis = call.named("axis").unwrap_or(ValueId::NONE);
                if axis == ValueId::NONE {
                    return Some(if keep { Shape::from_elem(1, shape.len()) } else { Shape::new() });
                }
                let axis = self.axis(axis, shape.len())?;
                let mut shape = shape;
                if keep {
                    shape[axis] = 1;
                } else {
                    shape.remove(axis);
                }
                Some(shape)
            }
        }
    }

    pub(crate) fn dtype_by_rule(&self, call: &Call<'a>) -> Option<Dtype> {
        self.dtype_rule(call, &call.row.dtype)
    }

    fn dtype_rule(&self, call: &Call<'a>, rule: &DtypeRule) -> Option<Dtype> {
        match rule {
            DtypeRule::Unknown => None,
            DtypeRule::Exact(name) if name.len() == 1 => Some(Dtype::Kind(name.as_bytes()[0])),
            DtypeRule::Exact(name) => Dtype::from_name(name),
            DtypeRule::Of(param) => {
                let array = self.values.array(call.value(*param)?)?;
                if array.certain() { Some(array.dtype) } else { None }
            }
            DtypeRule::From(param, otherwise) => match call.value(*param) {
                Some(value) if value != ValueId::NONE => self.dtype_value(value),
                _ => self.dtype_rule(call, otherwise),
            },
            DtypeRule::Promote => {
                let operands: Vec<ValueId> = call.slots.iter().flatten().map(|slot| slot.0).collect();
                Some(self.promoted(&operands))
            }
        }
    }

    fn order_by_rule(&self, call: &Call<'a>) -> Option<(Tri, Tri)> {
        let of = |param: ParamIndex| {
            let array = self.values.array(call.value(param)?)?;
            let sure = |tri: Tri| if tri.must() { Tri::Must } else { Tri::May };
            if array.certain() { Some((sure(array.c), sure(array.f))) } else { None }
        };
        let named = |param: ParamIndex| self.order_value(call.value(param));
        match call.row.order {
            OrderRule::Unknown => None,
            OrderRule::C => Some((Tri::Must, Tri::May)),
            OrderRule::F => Some((Tri::May, Tri::Must)),
            OrderRule::Of(param) => of(param),
            OrderRule::FromElseC(param) => {
                let mut array = Array::unknown(Kinds::ARRAY, Evidence::None);
                set_order(&mut array, Some(named(param).unwrap_or(b'C')));
                Some((array.c, array.f))
            }
            OrderRule::FromElseOf(param, other) => match named(param) {
                None | Some(b'K') => of(other),
                order => {
                    let mut array = Array::unknown(Kinds::ARRAY, Evidence::None);
                    set_order(&mut array, order);
                    Some((array.c, array.f))
                }
            },
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
    matches!(
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

trait SmallVecExt {
    fn is_zero_dim(&self) -> bool;
}

impl SmallVecExt for Shape {
    fn is_zero_dim(&self) -> bool {
        self.is_empty()
    }
}
