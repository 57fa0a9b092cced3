//! Conversions and copies: `asarray`, `array`, `astype`, `copy`, `ascontiguousarray`, `frombuffer`.

use super::{Wish, is_method};
use crate::domain::{
    Array, Content, CopyOf, Dtype, Evidence, Key, Kinds, ObjectKind, Origin, Owner, Region, Shape, Tri, Value, ValueId,
};
use crate::interp::call::{Call, Shared};
use crate::interp::machine::{LIST_PART, Machine, reaxed};
use crate::ir::{ClassId, Const, OpKind};

/// Methods by which a class says how its instances are copied (<https://docs.python.org/3/library/copy.html>).
const COPYING: [&str; 5] = ["__copy__", "__reduce__", "__reduce_ex__", "__getstate__", "__setstate__"];

impl<'a> Machine<'a> {
    // --- conversions --------------------------------------------------------------------------------------------

    /// Does the array already have the dtype that the call asks for?
    pub(super) fn dtype_fits(&self, call: &Call<'a>, array: &Array) -> Tri {
        match call.named("dtype") {
            None => Tri::Must,
            Some(value) if value == ValueId::NONE => Tri::Must,
            Some(value) => match (self.dtype_value(value), array.dtype) {
                (Some(Dtype::Exact(k, n)), Dtype::Exact(l, m)) => {
                    // `int64` and `longlong` are one dtype in size and kind, yet two: a copy is possible.
                    if k == l && n == m { Tri::Must } else { Tri::No }
                }
                (Some(a), b) if a.kind().is_some() && b.kind().is_some() && a.kind() != b.kind() => Tri::No,
                // `x.astype(x.dtype)`
                _ if self.is_own_dtype(call) => Tri::Must,
                _ => Tri::May,
            },
        }
    }

    /// Is the dtype argument the attribute `dtype` of the very value that is converted?
    pub(super) fn is_own_dtype(&self, call: &Call<'a>) -> bool {
        let Some(temp) = call.row.param("dtype").and_then(|param| call.temp(param)) else { return false };
        let Some(crate::ir::OpKind::Attr(obj, name)) = self.def(temp) else { return false };
        self.name(*name) == "dtype" && call.value(0) == Some(self.temp(*obj)) && {
            let own = call.temp(0).and_then(|temp| self.root(temp));
            own.is_some_and(|root| root.direct) && own == self.root(*obj)
        }
    }

    pub(super) fn order_fits(&self, call: &Call<'a>, array: &Array) -> Tri {
        match self.order_value(call.named("order")) {
            None | Some(b'K') => Tri::Must,
            Some(b'C') => array.c,
            Some(b'F') => array.f,
            Some(b'A') if array.c.must() || array.f.must() => Tri::Must,
            _ => Tri::May,
        }
    }

    /// Whether a copy is made: `copy=True` always, `copy=False` never (2.x) or where it must (1.26), else where it must.
    pub(super) fn copy_wish(&self, call: &Call<'a>, default: Option<bool>) -> Wish {
        let Some(value) = call.named("copy") else {
            return match default {
                Some(true) => Wish::Always,
                _ => Wish::IfNeeded,
            };
        };
        match self.values.get(value) {
            Value::Bool(Some(true)) => Wish::Always,
            Value::Bool(Some(false)) | Value::None => Wish::IfNeeded,
            _ => Wish::Unknown,
        }
    }

    /// The array itself where it fits, else a fresh one.
    pub(super) fn same_or_copy(&mut self, call: &Call<'a>, fits: Tri, wish: Wish) -> Option<ValueId> {
        let dtype = self.dtype_by_rule(call);
        let fits = match wish {
            Wish::Always => Tri::No,
            Wish::IfNeeded => fits,
            Wish::Unknown => fits.and(Tri::May),
        };
        match self.shared(call, 0) {
            Shared::Array(array, value) => {
                if fits.must() {
                    return Some(value);
                }
                let fresh = self.fresh_result(call, Owner::Either, false);
                // A copy of what has no name protects nothing.
                if wish != Wish::IfNeeded && call.temp(0).is_some_and(|temp| self.root(temp).is_some()) {
                    self.mark_copied(fresh, value, CopyOf::Explicit, true);
                }
                if fits.no() {
                    return Some(fresh);
                }
                let same = self.values.make(Array { dtype: dtype.unwrap_or(array.dtype), ..array });
                Some(self.values.join(same, fresh))
            }
            Shared::Perhaps(array, value) => {
                if is_method(call.row) && fits.must() {
                    return Some(value);
                }
                let lists = array.kinds.meets(Kinds::CONTAINER.union(Kinds::SCALAR).union(Kinds::NONE));
                let dtype = dtype.unwrap_or(array.dtype);
                if fits.must() && !lists && !array.kinds.has(Kinds::WILD) {
                    let same = self.values.make(Array { dtype, ..array });
                    return Some(self.certain_array(same));
                }
                let fresh = self.fresh_result(call, Owner::Either, false);
                // `np.array(x.flat)` may be no copy: the object itself makes the array, and NumPy takes its word.
                if wish == Wish::Always && array.kinds.without(array.kinds.warnings()) != Kinds::OTHER {
                    // `np.array(x)` of something that may be a list is a conversion, no deliberate copy.
                    if array.evidence >= Evidence::Likely {
                        self.mark_copied(fresh, value, CopyOf::Explicit, true);
                    }
                    return Some(fresh);
                }
                let mut same = Array { dtype, owner: Owner::Either, ..array };
                if !same.kinds.meets(Kinds::ARRAY) {
                    same.kinds = same.kinds.union(Kinds::ARRAY);
                }
                if !fits.must() || lists {
                    same.lies = false;
                }
                let same = self.values.make(same);
                let joined = self.values.join(same, fresh);
                Some(if is_method(call.row) { joined } else { self.certain_array(joined) })
            }
            Shared::Converted => Some(self.array_of_list(call)),
            Shared::Unknown if wish == Wish::Always => Some(self.fresh_result(call, Owner::Either, false)),
            Shared::Unknown => None,
        }
    }

    pub(super) fn asarray(&mut self, call: &Call<'a>) -> Option<ValueId> {
        let fits = match self.shared(call, 0) {
            Shared::Array(array, _) | Shared::Perhaps(array, _) => {
                self.dtype_fits(call, &array).and(self.order_fits(call, &array))
            }
            _ => Tri::No,
        };
        let wish = self.copy_wish(call, None);
        self.converted(call, fits, wish)
    }

    /// What `asarray` and `array` return. From NumPy 2 on, `copy=False` is no wish: where a copy is needed, it raises. (A
    /// dtype that only looks like another one gives a view.)
    /// <https://numpy.org/doc/stable/numpy_2_0_migration_guide.html#adapting-to-changes-in-the-copy-keyword>
    fn converted(&mut self, call: &Call<'a>, fits: Tri, wish: Wish) -> Option<ValueId> {
        let never = call.named("copy").is_some_and(|value| *self.values.get(value) == Value::Bool(Some(false)));
        if !never || fits != Tri::May || self.model.versions().before((2, 0)) != Some(false) {
            let value = self.same_or_copy(call, fits, wish)?;
            if never && self.model.versions().before((2, 0)).is_none() {
                self.tell_varying(value, "where a copy is needed, NumPy 2 raises; before, it copied", false);
            }
            return Some(value);
        }
        let value = self.same_or_copy(call, Tri::Must, wish)?;
        let Value::Array(array) = self.values.get(value).clone() else { return Some(value) };
        let dtype = self.dtype_by_rule(call).unwrap_or(array.dtype);
        Some(self.values.make(Array { dtype, owner: Owner::Either, entry: false, ..array }))
    }

    /// What `ma.array` and `masked_array` return: a view of the data, unless a copy is asked for or needed.
    /// <https://numpy.org/doc/stable/reference/generated/numpy.ma.masked_array.html>
    pub(super) fn masked_array(&mut self, call: &Call<'a>) -> Option<ValueId> {
        let plain = ["ndmin", "subok"].iter().all(|name| call.named(name).is_none());
        let Shared::Array(array, _) = self.shared(call, 0) else { return None };
        let fits = self.dtype_fits(call, &array).and(self.order_fits(call, &array));
        match self.copy_wish(call, Some(false)) {
            Wish::Always => Some(self.fresh_result(call, Owner::View, false)),
            Wish::IfNeeded if plain && fits.must() => {
                Some(self.shared_result(call, 0, false, |view| view.owner = Owner::View))
            }
            _ => None,
        }
    }

    pub(super) fn np_array(&mut self, call: &Call<'a>) -> Option<ValueId> {
        let wish = self.copy_wish(call, Some(true));
        let ndmin = match call.named("ndmin").map(|value| self.values.get(value)) {
            None => Some(0),
            Some(Value::Int(Some(n))) => Some(*n),
            Some(_) => None,
        };
        let shared = self.shared(call, 0);
        let (Shared::Array(array, _) | Shared::Perhaps(array, _)) = &shared else {
            return self.same_or_copy(call, Tri::No, wish);
        };
        let fits = self.dtype_fits(call, array).and(self.order_fits(call, array));
        let enough = match (ndmin, array.ndim()) {
            (Some(0), _) => Tri::Must,
            (Some(n), Some(ndim)) if array.certain() => Tri::of(ndim as i64 >= n),
            _ => Tri::May,
        };
        let value = self.converted(call, fits, wish)?;
        let Value::Array(mut result) = self.values.get(value).clone() else { return Some(value) };
        let shape = if array.certain() { array.shape.clone() } else { None };
        if enough.must() {
            if wish == Wish::Always {
                result.set_shape(shape);
            }
        } else {
            result.shape = match (shape, ndmin, enough) {
                (Some(shape), Some(n), Tri::No) => {
                    let mut padded = Shape::from_elem(1, n as usize - shape.len());
                    padded.extend(shape);
                    Some(padded)
                }
                _ => None,
            };
            result.owner = Owner::Either;
            result.entry = false;
            reaxed(&mut result);
        }
        if wish == Wish::Always {
            crate::interp::shapes::set_order(&mut result, self.order_value(call.named("order")));
            let order = self.order_value(call.named("order"));
            if array.certain() && matches!(order, None | Some(b'K')) {
                // A copy keeps the order of its source where that is contiguous.
                result.c = if array.c.must() { Tri::Must } else { result.c };
                result.f = if array.f.must() { Tri::Must } else { result.f };
            }
            result.settle_order();
            if result.ndim().is_some_and(|n| n <= 1) {
                (result.c, result.f) = (Tri::Must, Tri::Must);
            }
        }
        Some(self.values.make(result))
    }

    /// An array made of a list, tuple or number: fresh, its shape as deep as the lists are written out.
    pub(super) fn array_of_list(&mut self, call: &Call<'a>) -> ValueId {
        let source = call.value(0).unwrap_or(ValueId::UNKNOWN);
        let shape = self.nested_shape(source, 0);
        let dtype = match call.named("dtype") {
            Some(value) if value != ValueId::NONE => self.dtype_value(value).unwrap_or_default(),
            _ => self.nested_dtype(source, 0).unwrap_or_default(),
        };
        // Where it may make objects, rows of several lengths give one dimension, and tuples may be records.
        let plain = call.named("dtype").is_none() || dtype.kind().is_some_and(|kind| !matches!(kind, b'O' | b'V'));
        let list = matches!(self.values.get(source), Value::Ref(_)) && !self.dtype_has_axes(call);
        let order = self.order_value(call.named("order"));
        let minimum = match call.named("ndmin").map(|value| self.values.get(value)) {
            None => Some(0),
            Some(Value::Int(Some(n))) => usize::try_from(*n).ok(),
            Some(_) => None,
        };
        self.fresh(0, Kinds::ARRAY, Evidence::Certain, |array| {
            array.owner = Owner::Either;
            array.dtype = dtype;
            let fits = shape.as_ref().zip(minimum).is_some_and(|(shape, n)| shape.len() >= n)
                && (plain || list && shape.as_ref().is_some_and(|shape| shape.len() == 1));
            array.set_shape(if fits { shape } else { None });
            match order {
                None | Some(b'K' | b'C' | b'A') => array.c = Tri::Must,
                Some(b'F') => array.f = Tri::Must,
                _ => {}
            }
        })
    }

    pub(crate) fn nested_items(&self, value: ValueId) -> Option<Vec<ValueId>> {
        match self.values.get(value) {
            Value::Tuple(items) => Some(items.clone()),
            Value::Ref(objects) if objects.len() == 1 => {
                let content = self.values.content(self.state.content(objects[0])?);
                (content.exact && content.kind == ObjectKind::List)
                    .then(|| content.fixed.iter().map(|entry| entry.1).collect())
            }
            _ => None,
        }
    }

    pub(crate) fn nested_shape(&self, value: ValueId, depth: usize) -> Option<Shape> {
        match self.values.get(value) {
            Value::Int(_) | Value::Float | Value::Complex | Value::Number | Value::Bool(_) => return Some(Shape::new()),
            // A row of an array of known shape, in a list.
            Value::Array(array) if depth > 0 && array.certain() => return array.shape.clone(),
            _ => {}
        }
        if depth > 8 {
            return None;
        }
        let Some(items) = self.nested_items(value) else { return self.flat_shape(value) };
        let Some(&first) = items.first() else { return Some(smallvec::smallvec![0]) };
        let mut inner = self.nested_shape(first, depth + 1)?;
        for &item in &items[1..] {
            let other = self.nested_shape(item, depth + 1)?;
            if other.len() != inner.len() {
                return None;
            }
            for (a, b) in inner.iter_mut().zip(other) {
                if *a != b {
                    *a = -1;
                }
            }
        }
        inner.insert(0, items.len() as i64);
        Some(inner)
    }

    /// The shape of a list of unknown length that holds numbers alone.
    fn flat_shape(&self, value: ValueId) -> Option<Shape> {
        let Value::Ref(objects) = self.values.get(value) else { return None };
        let contents = self.contents(objects);
        let numbers = contents.iter().all(|(_, id)| {
            let content = self.values.content(*id);
            let mut items = content.fixed.iter().map(|entry| entry.1).chain([content.rest]);
            content.kind == ObjectKind::List
                && items.all(|item| {
                    let value = self.values.get(item);
                    matches!(
                        value,
                        Value::Bottom | Value::Int(_) | Value::Float | Value::Complex | Value::Number | Value::Bool(_)
                    )
                })
        });
        (numbers && contents.len() == objects.len()).then(|| smallvec::smallvec![-1])
    }

    pub(crate) fn nested_dtype(&self, value: ValueId, depth: usize) -> Option<Dtype> {
        match self.values.get(value) {
            Value::Int(Some(_)) => return Some(Dtype::INT64),
            Value::Float => return Some(Dtype::FLOAT64),
            Value::Bool(Some(_)) => return Some(Dtype::BOOL),
            Value::Array(array) if depth > 0 && array.certain() => return Some(array.dtype),
            _ => {}
        }
        if depth > 8 {
            return None;
        }
        let items = self.nested_items(value)?;
        let mut joined = self.nested_dtype(*items.first()?, depth + 1)?;
        for &item in &items[1..] {
            joined = match (joined, self.nested_dtype(item, depth + 1)?) {
                (a, b) if a == b => a,
                (Dtype::INT64, Dtype::FLOAT64) | (Dtype::FLOAT64, Dtype::INT64) => Dtype::FLOAT64,
                _ => return None,
            };
        }
        Some(joined)
    }

    pub(super) fn contiguous(&mut self, call: &Call<'a>) -> Option<ValueId> {
        let fortran = call.row.name.ends_with("asfortranarray");
        if call.row.name.ends_with("require") {
            return self.required(call);
        }
        if !fortran && !call.row.name.ends_with("ascontiguousarray") {
            return None;
        }
        let (Shared::Array(array, value) | Shared::Perhaps(array, value)) = self.shared(call, 0) else { return None };
        let layout = if fortran { array.f } else { array.c };
        let fits = self.dtype_fits(call, &array).and(layout);
        let keeps_ndim = array.ndim().is_some_and(|n| n > 0);
        let dtype = self.dtype_by_rule(call);
        let shape = if keeps_ndim && array.certain() { array.shape.clone() } else { None };
        if fits.must() && array.certain() {
            // An array of no dimensions comes back as one of one: a view.
            return Some(if keeps_ndim {
                value
            } else {
                let mut same = array;
                same.shape = None;
                same.owner = Owner::Either;
                same.entry = false;
                same.made_by = self.op;
                self.values.make(same)
            });
        }
        let fresh = self.fresh(0, Kinds::ARRAY, Evidence::Certain, |fresh| {
            fresh.dtype = dtype.unwrap_or_default();
            fresh.set_shape(shape.clone());
            fresh.owner = Owner::Either;
            *(if fortran { &mut fresh.f } else { &mut fresh.c }) = Tri::Must;
        });
        if fits.no() && array.certain() {
            return Some(fresh);
        }
        let mut same = Array { shape, dtype: dtype.unwrap_or(array.dtype), owner: Owner::Either, ..array };
        *(if fortran { &mut same.f } else { &mut same.c }) = Tri::Must;
        let same = self.values.make(same);
        let joined = self.values.join(same, fresh);
        Some(self.certain_array(joined))
    }

    /// `np.require(a, dtype, requirements)`: the array itself where it fulfils them all
    /// (<https://numpy.org/doc/stable/reference/generated/numpy.require.html>).
    fn required(&mut self, call: &Call<'a>) -> Option<ValueId> {
        let (Shared::Array(array, value) | Shared::Perhaps(array, value)) = self.shared(call, 0) else { return None };
        let words = match call.named("requirements") {
            None => Vec::new(),
            Some(words) if words == ValueId::NONE => Vec::new(),
            Some(words) => self.words(words)?,
        };
        let mut fits = self.dtype_fits(call, &array);
        let mut fortran = None;
        for word in words {
            fits = fits.and(match word.as_str() {
                "C" | "C_CONTIGUOUS" | "CONTIGUOUS" => {
                    fortran = Some(false);
                    array.c
                }
                "F" | "F_CONTIGUOUS" | "FORTRAN" => {
                    fortran = Some(true);
                    array.f
                }
                "W" | "WRITEABLE" => array.writeable,
                _ => Tri::May,
            });
        }
        if !array.certain() || call.open || fits == Tri::May {
            return None;
        }
        if fits.must() {
            return Some(value);
        }
        let dtype = self.dtype_by_rule(call);
        Some(self.fresh(0, Kinds::ARRAY, Evidence::Certain, |fresh| {
            fresh.dtype = dtype.unwrap_or_default();
            fresh.set_shape(array.shape);
            fresh.owner = Owner::Either;
            match fortran {
                Some(true) => fresh.f = Tri::Must,
                Some(false) => fresh.c = Tri::Must,
                None => {}
            }
        }))
    }

    /// The words that a text, or a list of texts, is known to stand for, in capitals; of a text its letters.
    fn words(&self, value: ValueId) -> Option<Vec<String>> {
        if let Value::Str(Some(text)) = self.values.get(value) {
            return Some(self.name(*text).to_uppercase().chars().map(String::from).collect());
        }
        let word = |item| match self.values.get(item) {
            Value::Str(Some(text)) => Some(self.name(*text).to_uppercase()),
            _ => None,
        };
        self.nested_items(value)?.into_iter().map(word).collect()
    }

    pub(super) fn astype(&mut self, call: &Call<'a>) -> Option<ValueId> {
        let wish = self.copy_wish(call, Some(true));
        let fits = match self.shared(call, 0) {
            Shared::Array(array, _) | Shared::Perhaps(array, _) => {
                self.dtype_fits(call, &array).and(self.order_fits(call, &array))
            }
            _ => Tri::No,
        };
        self.same_or_copy(call, fits, wish)
    }

    pub(super) fn explicit_copy(&mut self, call: &Call<'a>) -> ValueId {
        let source = call.value(0).unwrap_or(ValueId::UNKNOWN);
        let fresh = self.fresh_result(call, Owner::Owner, false);
        let how = if call.row.name.ends_with("flatten") { CopyOf::Flatten } else { CopyOf::Explicit };
        self.mark_copied(fresh, source, how, true);
        fresh
    }

    pub(super) fn shallow_copy(&mut self, call: &Call<'a>) -> Option<ValueId> {
        let value = call.value(0)?;
        match self.values.get(value).clone() {
            Value::Ref(objects) if objects.len() == 1 => {
                let content = self.values.content(self.state.content(objects[0])?).clone();
                let copies_itself = match content.kind {
                    ObjectKind::Instance(Some(class)) => self.copies_itself(class),
                    ObjectKind::Imported(path) => {
                        let class = self.callees.class(self.paths.text(path));
                        class.is_none_or(|class| COPYING.iter().any(|name| class.methods.contains_key(*name)))
                    }
                    _ => false,
                };
                if copies_itself {
                    return Some(ValueId::UNKNOWN);
                }
                let copy = self.new_object(LIST_PART, content);
                if let Some(temp) = call.temp(0) {
                    self.tell_shallow(temp, copy);
                }
                Some(copy)
            }
            Value::Ref(_) | Value::Unknown => Some(ValueId::UNKNOWN),
            Value::Array(array) if array.certain() => Some(self.explicit_copy(call)),
            Value::Array(array)
                if self.entry_object(&array).and_then(|object| self.class_of(object)).is_some()
                    && !array.kinds.meets(Kinds::ARRAY) =>
            {
                let copy = self.copy_of_entry(&array)?;
                if let Some(temp) = call.temp(0) {
                    self.tell_shallow(temp, copy);
                }
                Some(copy)
            }
            Value::Array(array) => {
                let kinds = array.kinds.union(if array.kinds.meets(Kinds::CONTAINER.union(Kinds::OTHER)) {
                    Kinds::FOREIGN
                } else {
                    Kinds(0)
                });
                Some(self.fresh(0, kinds, Evidence::None, |array| array.owner = Owner::Either))
            }
            _ => Some(value),
        }
    }

    /// A shallow copy of an object that was there on entry: its attributes hold what the object's hold.
    fn copy_of_entry(&mut self, array: &Array) -> Option<ValueId> {
        let class = self.entry_object(array).and_then(|object| self.class_of(object))?;
        if self.copies_itself(class) {
            return None;
        }
        let kind = ObjectKind::Instance(Some(class));
        let mut content = Content { kind, fixed: Vec::new(), rest: ValueId::UNKNOWN, exact: false };
        for &name in &self.module.classes[class.index()].attributes {
            let value = self.object_attribute(array, name);
            self.put(&mut content, Key::Name(name), value);
        }
        Some(self.new_object(LIST_PART, content))
    }

    /// Has the class a method that says how its instances are copied?
    fn copies_itself(&self, class: ClassId) -> bool {
        COPYING
            .iter()
            .any(|name| self.module.names.get(name).is_some_and(|name| self.find_method(class, name).is_some()))
    }

    pub(super) fn frombuffer(&mut self, call: &Call<'a>) -> Option<ValueId> {
        let value = call.value(0)?;
        if let Value::Array(array) = self.values.get(value).clone() {
            let dtype = self.dtype_by_rule(call).unwrap_or_default();
            let view = self.view(&array, |view| {
                view.forget_layout();
                view.set_shape(Some(smallvec::smallvec![-1]));
                view.dtype = dtype;
                (view.c, view.f) = (Tri::Must, Tri::Must);
                reaxed(view);
                view.owner = Owner::View;
                view.writeable = Tri::May;
            });
            return Some(self.certain_array(view));
        }
        if self.values.kinds(value) != Kinds::SCALAR {
            return None;
        }
        let dtype = self.dtype_by_rule(call).unwrap_or_default();
        let mut array = match call.temp(0).and_then(|temp| self.def(temp)) {
            // Equal constants are one object: their memory goes by what they hold.
            Some(OpKind::Const(Const::Bytes(text))) => {
                let buf = self.buffers.of(Origin::Constant(*text), self.span);
                Array { owner: Owner::View, region: Region::Any, ..Array::within(buf, Kinds::ARRAY, Evidence::Certain) }
            }
            _ => Array::unknown(Kinds::ARRAY, Evidence::Certain),
        };
        array.set_shape(Some(smallvec::smallvec![-1]));
        array.dtype = dtype;
        (array.c, array.f) = (Tri::Must, Tri::Must);
        array.writeable = Tri::No;
        Some(self.values.make(array))
    }
}
