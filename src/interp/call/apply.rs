//! What a row says of a call: what is read and written, and the result by its words.

use smallvec::SmallVec;

use super::{Call, Shared};
use crate::domain::{Array, Dtype, Evidence, Kinds, ObjectKind, Owner, Tri, Value, ValueId};
use crate::interp::machine::{Machine, reaxed};
use crate::ir::{OpKind, Sym, Temp};
use crate::model::{Condition, DtypeRule, Like, ParamIndex, ResultRule, Row, Special};
use crate::trace::{EventKind, How, ReadHow, WriteHow};

impl<'a> Machine<'a> {
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
        for &param in &row.writes {
            // A write that perhaps happens is none to tell of.
            let happens = row.write_condition(param).is_none_or(|when| self.holds(call, when).must());
            if happens && Some(param) != row.out && !self.is_converted(call, param) {
                self.write_argument(call, param, function);
            }
        }
        for &param in &row.masks {
            // With `copy=False` the argument's own mask changes.
            let kept = row.param("copy").and_then(|copy| call.value(copy));
            if kept.is_some_and(|value| *self.values.get(value) == Value::Bool(Some(false))) {
                self.write_argument(call, param, function);
            }
        }
        let out = row.out.and_then(|param| call.value(param).map(|value| (param, value)));
        let result = match call.row.special.and_then(|special| self.special(special, call)) {
            Some(value) => value,
            None => self.by_condition(call),
        };
        let result = self.of_objects(call, result);
        let result = self.peculiar(call, result);
        let result = self.of_that_sort(call, result);
        let result = match &row.class {
            Some(class) => {
                let object = self.library_object(call, class, result);
                if let Some(why) = &row.varies {
                    self.tell_varying(object, why, true);
                }
                return object;
            }
            None => self.of_library(call, result),
        };
        // What only looks at an array (`squeeze`, `transpose`) asks a number of NumPy for the same: a number.
        let number = |m: &Self, of: ParamIndex| {
            let kinds = call.value(of).map_or(Kinds::ARRAY, |value| m.values.kinds(value));
            !Self::takes_self(row) && kinds.meets(Kinds::SCALAR) && kinds.meets(Kinds::ARRAY)
        };
        let result = match row.result {
            ResultRule::SameOrView(of) | ResultRule::View { of, .. } if number(self, of) => {
                self.loosen(result, Kinds::SCALAR)
            }
            _ => result,
        };
        self.tell_derived(call, result, function);
        if let Some(why) = &row.varies {
            self.tell_varying(result, why, true);
        }
        match out {
            Some((param, value)) if self.values.kinds(value) != Kinds::NONE => {
                self.through_out(call, param, value, result)
            }
            _ => result,
        }
    }

    /// What would be a number of a numeric array may be anything, an array too, where it is taken or made from the
    /// elements of an object array.
    fn of_objects(&self, call: &Call<'a>, result: ValueId) -> ValueId {
        let objects = |value: ValueId| self.values.array(value).is_some_and(|array| array.dtype == Dtype::Object);
        if self.values.kinds(result).meets(Kinds::SCALAR) && call.slots.iter().flatten().any(|slot| objects(slot.0)) {
            return ValueId::UNKNOWN;
        }
        result
    }

    /// Does the flag have the value that the condition asks for?
    pub(crate) fn holds(&self, call: &Call<'a>, condition: Condition) -> Tri {
        let param = &call.row.params[usize::from(condition.param)];
        let truth = match call.value(condition.param).map(|value| self.values.get(value)) {
            _ if param.of_self => self.own_flag(call, &param.name),
            None => Tri::of(param.default),
            Some(Value::Bool(Some(truth))) => Tri::of(*truth),
            Some(Value::None) => Tri::No,
            Some(_) => Tri::May,
        };
        match (truth, condition.holds) {
            (Tri::May, _) => Tri::May,
            (truth, holds) => Tri::of(truth.must() == holds),
        }
    }

    /// Is the argument, which the result may share memory with, certainly converted first, because the result is of
    /// another kind of dtype? Then it is not the argument that is written, nor is it shared.
    fn is_converted(&self, call: &Call<'a>, param: ParamIndex) -> bool {
        let DtypeRule::Exact(name) = &call.row.dtype else { return false };
        let [wanted] = name.as_bytes() else { return false };
        let given = call.value(param).and_then(|value| self.values.array(value));
        let given = given.filter(|array| array.certain()).and_then(|array| array.dtype.kind());
        Self::shared_param(&call.row.result) == Some(param)
            && given.is_some_and(|given| given != *wanted && given != b'O')
    }

    /// The result by the row's words, or a copy where a flag asks for one.
    fn by_condition(&mut self, call: &Call<'a>) -> ValueId {
        let converted = Self::shared_param(&call.row.result).is_some_and(|param| self.is_converted(call, param));
        let copies = match call.row.copies_when {
            _ if converted => Tri::Must,
            when => when.map_or(Tri::No, |when| self.holds(call, when)),
        };
        if copies.no() {
            return self.by_words(call, &call.row.result);
        }
        let fresh = self.by_words(call, &call.row.result.copied());
        if copies.must() {
            return fresh;
        }
        let shared = self.by_words(call, &call.row.result);
        self.values.join(shared, fresh)
    }

    /// What may be a sparse matrix, a data frame or a list, because the argument may be one.
    fn of_that_sort(&mut self, call: &Call<'a>, result: ValueId) -> ValueId {
        let Some(Like { of, when }) = call.row.like else { return result };
        let array = |value: ValueId| self.values.array(value).is_some_and(Array::certain);
        let arrays = match call.row.params.get(usize::from(of)) {
            Some(param) if param.variadic => call.rest.iter().all(|entry| array(entry.0)),
            _ => call.value(of).is_some_and(array),
        };
        if arrays || when.is_some_and(|when| self.holds(call, when).no()) {
            return result;
        }
        match self.values.get(result).clone() {
            Value::Array(array) => {
                let kinds = array.kinds.union(Kinds::ALL);
                self.values.make(Array { kinds, evidence: Evidence::Likely, entry: false, ..array })
            }
            _ => ValueId::UNKNOWN,
        }
    }

    /// The last part of the row's name, if the file uses that name (it does, where it is called).
    pub(super) fn last_name(&self, row: &Row) -> Sym {
        let last = row.name.rsplit('.').next().unwrap_or(&row.name);
        self.module.names.get(last).unwrap_or(Sym(0))
    }

    pub(crate) fn takes_self(row: &Row) -> bool {
        row.params.first().is_some_and(|param| &*param.name == "self")
    }

    pub(super) fn write_argument(&mut self, call: &Call<'a>, param: ParamIndex, function: Sym) {
        let (Some(value), Some(temp)) = (call.value(param), call.temp(param)) else { return };
        let overwrites = |when: Condition| call.row.params[usize::from(when.param)].name.starts_with("overwrite_");
        let how = if call.row.write_condition(param).is_some_and(overwrites) {
            WriteHow::Scratch(function)
        } else if param == 0 && Self::takes_self(call.row) {
            WriteHow::Method(function)
        } else {
            WriteHow::Argument(function)
        };
        let written = match self.values.get(value).clone() {
            // What an object of a library writes of itself is what it holds.
            Value::Ref(objects) if self.library_class(&objects).is_some() => self.held(&objects),
            _ => value,
        };
        self.write(temp, written, how);
    }

    /// Which parameter a result may share memory with.
    pub(crate) fn shared_param(result: &ResultRule) -> Option<ParamIndex> {
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
            ResultRule::Items(items) => items.iter().find_map(Self::shared_param),
            _ => None,
        }
    }

    /// Tells which arguments are read. What the result is a view of is not; nor is what is only written.
    pub(super) fn read_operands(&mut self, call: &Call<'a>) {
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
        for &temp in &call.others {
            self.read(temp, ReadHow::Passed);
        }
        if shared.is_none() || !call.row.params.iter().any(|param| param.variadic) {
            for (_, temp) in &call.rest {
                self.read(*temp, ReadHow::Passed);
            }
        }
    }

    /// Tells why it is not known whether the result shares memory, where that depends on a version.
    pub(crate) fn tell_varying(&mut self, result: ValueId, why: &str, copies: bool) {
        let open = |array: &Array| array.bufs.len() > 1 || array.unknown;
        let is_open = match self.values.get(result).clone() {
            Value::Ref(objects) => {
                let held = self.held(&objects);
                self.values.array(held).is_some_and(open)
            }
            _ => self.values.array(result).is_some_and(open),
        };
        if self.recording && is_open {
            let why = self.paths.intern(why);
            self.emit(EventKind::Varies { why, copies });
        }
    }

    pub(super) fn tell_derived(&mut self, call: &Call<'a>, result: ValueId, function: Sym) {
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
    pub(super) fn through_out(
        &mut self,
        call: &Call<'a>,
        param: ParamIndex,
        value: ValueId,
        otherwise: ValueId,
    ) -> ValueId {
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
            ResultRule::Part(of) if Self::takes_self(call.row) => self.part_of(call, *of),
            ResultRule::Unknown | ResultRule::Part(_) => ValueId::UNKNOWN,
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
            ResultRule::Tuple(inner) => self.tuple_of_results(call, inner),
            ResultRule::Items(items) => {
                let items = (0..).zip(items).map(|(i, item)| self.part_by_words(call, item, i)).collect();
                self.values.tuple(items)
            }
            ResultRule::MaybeTuple(inner) if self.is_single(call) => self.by_words(call, inner),
            ResultRule::MaybeTuple(inner) if self.is_tuple(call) => self.tuple_of_results(call, inner),
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

    /// A tuple of what a row returns. If it is unpacked at once, as many as there are targets, each in memory of its own.
    fn tuple_of_results(&mut self, call: &Call<'a>, inner: &ResultRule) -> ValueId {
        // The items of `diag_indices` are one and the same array.
        let apart = matches!(inner, ResultRule::Fresh { .. } | ResultRule::FreshOrScalar)
            && !call.row.name.contains(".diag_indices");
        match self.targets() {
            Some(count) if apart => {
                let items = (0..count).map(|i| self.part_by_words(call, inner, i)).collect();
                self.values.tuple(items)
            }
            _ => {
                let element = self.several(call, inner);
                self.values.tuple_of(element)
            }
        }
    }

    /// One of several results of a call.
    fn part_by_words(&mut self, call: &Call<'a>, rule: &ResultRule, index: u16) -> ValueId {
        if let Some(param) = Self::shared_param(rule)
            && call.value(param).is_none_or(|value| value == ValueId::NONE)
        {
            // `check_pairwise_arrays(X)`: another argument may stand in for the one that was left out.
            return ValueId::UNKNOWN;
        }
        let part = std::mem::replace(&mut self.part, index);
        let value = self.by_words(call, rule);
        self.part = part;
        value
    }

    /// Into how many targets the op's result is unpacked, if it is: `u, s, v = svd(a)`.
    fn targets(&self) -> Option<u16> {
        let ops = &self.body.blocks[self.block.index()].ops;
        let mut ops = ops.get((self.op - self.block_base).checked_sub(1)? as usize..)?.iter();
        let dest = ops.next()?.dest?;
        let OpKind::Unpack { value, total, starred: false, .. } = ops.next()?.kind else { return None };
        (value == dest && total <= 8).then_some(total as u16)
    }

    /// Of a row that may return one thing or several: was it certainly asked for several?
    fn is_tuple(&self, call: &Call<'a>) -> bool {
        let truth = |name: &str| match call.named(name).map(|value| self.values.get(value)) {
            Some(Value::Bool(truth)) => *truth,
            _ => None,
        };
        let left_out = |name: &str| call.named(name).is_none();
        if call.open {
            return false;
        }
        match call.row.name.rsplit('.').next().unwrap_or("") {
            "svd" => left_out("compute_uv") || truth("compute_uv") == Some(true),
            "qr" if call.row.name.starts_with("numpy.") => left_out("mode"),
            "eigh" => left_out("eigvals_only") || truth("eigvals_only") == Some(false),
            "eig" => {
                (left_out("left") || truth("left") == Some(false))
                    && (left_out("right") || truth("right") == Some(true))
            }
            "lfilter" | "sosfilt" => call.named("zi").and_then(|zi| self.values.array(zi)).is_some_and(Array::certain),
            _ => call.row.params.iter().any(|param| param.name.starts_with("ret") && truth(&param.name) == Some(true)),
        }
    }

    /// Of a row that may return several things: are those that ask for more (`return_index`, `retstep`) left out?
    pub(super) fn is_single(&self, call: &Call<'a>) -> bool {
        let asks = |name: &str| name.starts_with("ret") || name == "sparse";
        let flags = call.row.params.iter().zip(&call.slots).filter(|(param, _)| asks(&param.name));
        let flags: SmallVec<[bool; 4]> = flags
            .map(|(_, slot)| slot.is_none_or(|(value, _)| *self.values.get(value) == Value::Bool(Some(false))))
            .collect();
        let three = &*call.row.name == "numpy.where" && call.named("x").is_some() && !call.open;
        three || !flags.is_empty() && flags.iter().all(|&left_out| left_out)
    }

    /// The joined elements of a container that a row returns: several arrays from one site.
    pub(super) fn several(&mut self, call: &Call<'a>, inner: &ResultRule) -> ValueId {
        let many = std::mem::replace(&mut self.many, true);
        let element = self.by_words(call, inner);
        self.many = many;
        element
    }

    pub(super) fn scalar_result(&mut self, call: &Call<'a>) -> ValueId {
        let text = call.row.name.rsplit('.').next().unwrap_or("");
        match text {
            "argmax" | "argmin" | "size" | "ndim" | "count_nonzero" => self.values.int(None),
            _ => ValueId::SCALAR,
        }
    }

    fn is_number(&self, value: Option<ValueId>) -> bool {
        value.is_some_and(|value| self.values.kinds(value) == Kinds::SCALAR)
    }

    /// An argument as the memory that a result shares.
    pub(crate) fn shared(&mut self, call: &Call<'a>, param: ParamIndex) -> Shared {
        let value = if call.row.params.get(param as usize).is_some_and(|p| p.variadic) {
            self.values.join_all(call.rest.iter().map(|entry| entry.0))
        } else {
            match call.value(param) {
                Some(value) => value,
                None => return Shared::Converted,
            }
        };
        match self.values.get(value) {
            Value::Array(array) if array.certain() => Shared::Array(array.clone(), value),
            Value::Array(array) if array.kinds.meets(Kinds::ARRAY.union(Kinds::OTHER)) => {
                Shared::Perhaps(array.clone(), value)
            }
            Value::Unknown | Value::Bottom | Value::Module(_) | Value::Bound(..) => Shared::Unknown,
            Value::Ref(objects) if self.library_class(objects).is_some() => {
                let objects = objects.clone();
                let held = self.held(&objects);
                match self.values.get(held) {
                    Value::Array(array) if Self::takes_self(call.row) && array.certain() => {
                        Shared::Array(array.clone(), value)
                    }
                    Value::Array(array) => {
                        let kinds = Kinds::OTHER.union(Kinds::WILD).union(array.kinds.warnings());
                        Shared::Perhaps(Array { kinds, entry: false, ..array.clone() }, value)
                    }
                    _ => Shared::Unknown,
                }
            }
            Value::Ref(objects) if self.may_be_instance(objects) => Shared::Unknown,
            // A list, a number: converting it makes a new array.
            _ => Shared::Converted,
        }
    }

    pub(crate) fn shared_result(
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
            Shared::Converted if call.row.zero_dim_scalar && self.is_number(call.value(param)) => {
                let dtype = self.dtype_by_rule(call).unwrap_or_default();
                self.number_of(dtype)
            }
            Shared::Converted => self.view_of_converted(call, change),
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

    pub(super) fn shape_view(&mut self, call: &Call<'a>, array: &Array, change: impl FnOnce(&mut Array)) -> ValueId {
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
}
