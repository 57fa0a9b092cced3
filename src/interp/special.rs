//! The rows whose answer depends on layout, dtype or keywords in ways that the words cannot say.

use smallvec::SmallVec;

use super::call::{Call, Shared};
use super::machine::{LIST_PART, Machine, reaxed};
use crate::domain::{Array, CopyOf, Dtype, Evidence, Kinds, ObjectKind, Owner, Region, Shape, Tri, Value, ValueId};
use crate::model::{Row, Special};
use crate::trace::WriteHow;

impl<'a> Machine<'a> {
    /// The refined answer of a row; None: the words are all there is to say.
    pub(crate) fn special(&mut self, special: Special, call: &Call<'a>) -> Option<ValueId> {
        match special {
            Special::Asarray => self.asarray(call),
            Special::Array => self.np_array(call),
            Special::Contiguous => self.contiguous(call),
            Special::Astype => self.astype(call),
            Special::Copy => Some(self.explicit_copy(call)),
            Special::Reshape => self.reshape(call),
            Special::Ravel => self.ravel(call),
            Special::Transpose => self.transpose(call),
            Special::Squeeze => self.on_view(call, |_, array| {
                let known =
                    array.shape.as_ref().is_some_and(|shape| !shape.contains(&-1)) && call.named("axis").is_none();
                array.shape = match (&array.shape, known) {
                    (Some(shape), true) => Some(shape.iter().copied().filter(|&n| n != 1).collect()),
                    _ => None,
                };
            }),
            Special::ExpandDims => self.expand_dims(call),
            Special::Atleast => self.atleast(call),
            Special::BroadcastTo => {
                let shape = call.named("shape").and_then(|value| self.shape_value(value));
                self.on_view(call, |_, array| {
                    array.forget_layout();
                    array.set_shape(shape);
                    array.writeable = Tri::No;
                    reaxed(array);
                })
            }
            Special::BroadcastArrays => self.broadcast_arrays(call),
            Special::Flip => self.on_view(call, |_, array| {
                if call.row.name.ends_with(".flip") && array.ndim().is_none_or(|n| n == 0) {
                    // Of an array of no dimensions: its number.
                    array.kinds = array.kinds.union(Kinds::SCALAR);
                }
                let same = !call.row.name.ends_with("rot90");
                let shape = array.shape.take();
                array.forget_layout();
                array.shape = if same { shape } else { shape.map(|s| Shape::from_elem(-1, s.len())) };
                reaxed(array);
            }),
            Special::Split => self.split(call),
            Special::Meshgrid => self.meshgrid(call),
            Special::Diag => self.diag(call),
            Special::View => self.view_method(call),
            Special::Real | Special::Imag => {
                let Shared::Array(array, _) = self.shared(call, 0) else { return None };
                self.complex_part(&array, special == Special::Real)
            }
            Special::Conj => self.conj(call),
            Special::NanToNum => self.nan_to_num(call),
            Special::RealIfClose => match self.shared(call, 0) {
                Shared::Array(array, value) if array.dtype.is_complex().no() => Some(value),
                _ => None,
            },
            Special::Where if call.named("x").is_none() && !call.open => Some(self.nonzero(call)),
            Special::Nonzero => Some(self.nonzero(call)),
            Special::Einsum => self.einsum(call),
            Special::InPlace => {
                if &*call.row.name == "ndarray.resize"
                    && let (Some(temp), Shared::Array(array, _)) = (call.temp(0), self.shared(call, 0))
                {
                    self.reshape_in_place(temp, &array, None, false);
                }
                None
            }
            Special::SetFlags => {
                let known = match call.named("write").map(|value| self.values.get(value)) {
                    Some(Value::Bool(Some(write))) => Tri::of(*write),
                    _ => Tri::May,
                };
                if let (Some(temp), Shared::Array(array, _) | Shared::Perhaps(array, _)) =
                    (call.temp(0), self.shared(call, 0))
                {
                    self.set_writeable(temp, &array, known);
                }
                None
            }
            Special::Byteswap => {
                let inplace = call.named("inplace").is_some_and(|v| *self.values.get(v) == Value::Bool(Some(true)));
                match self.shared(call, 0) {
                    Shared::Array(_, value) if inplace => Some(value),
                    _ => None,
                }
            }
            Special::Stack => Some(self.stack(call)),
            Special::FromBuffer => self.frombuffer(call),
            Special::ShallowCopy => self.shallow_copy(call),
            Special::DeepCopy => match self.shared(call, 0) {
                Shared::Array(..) => Some(self.explicit_copy(call)),
                Shared::Perhaps(..) | Shared::Unknown => {
                    Some(self.fresh(0, Kinds::ALL, Evidence::None, |array| array.owner = Owner::Either))
                }
                Shared::Converted => match self.values.get(call.value(0)?) {
                    Value::Ref(_) | Value::Tuple(_) | Value::TupleOf(_) => Some(ValueId::UNKNOWN),
                    _ => call.value(0),
                },
            },
            Special::Pair => {
                if call.named("out").is_some_and(|out| out != ValueId::NONE) {
                    return Some(ValueId::UNKNOWN);
                }
                let outs = [call.named("out1"), call.named("out2")];
                let mut pair = Vec::with_capacity(2);
                for (part, out) in outs.into_iter().enumerate() {
                    pair.push(match out {
                        Some(out) if out != ValueId::NONE => out,
                        _ => self.fresh_part(call, part as u16),
                    });
                }
                Some(self.values.tuple(pair))
            }
            Special::Diagonal
            | Special::Where
            | Special::Take
            | Special::Load
            | Special::Shuffle
            | Special::WriteArgument
            | Special::TrimZeros => None,
            Special::Unstack => {
                let axis = call.named("axis").is_none();
                let item = self.on_view(call, |_, array| {
                    let shape = array.shape.take().filter(|shape| axis && !shape.is_empty());
                    array.forget_layout();
                    array.shape = shape.map(|shape| shape[1..].iter().copied().collect());
                    reaxed(array);
                });
                let item = match (item, call.value(0)) {
                    (Some(item), _) => item,
                    // Anything else is converted first.
                    (None, Some(value)) => {
                        let array = self.at_least(value, 1, 0);
                        match self.values.get(array).clone() {
                            Value::Array(array) => self.view(&array, |view| {
                                view.forget_layout();
                                reaxed(view);
                            }),
                            _ => array,
                        }
                    }
                    _ => return None,
                };
                let item = match self.values.get(item).clone() {
                    // Of a 1-D array: numbers.
                    Value::Array(mut array) if array.ndim().is_none_or(|n| n == 0) => {
                        array.kinds = array.kinds.union(Kinds::SCALAR);
                        self.values.make(array)
                    }
                    _ => item,
                };
                Some(self.values.tuple_of(item))
            }
            Special::Range => self.arange(call),
            Special::Strided => {
                let asked = call.named("writeable").is_some();
                let locks = call.row.name.ends_with("sliding_window_view") && !asked;
                self.on_view(call, |_, array| {
                    array.forget_layout();
                    array.writeable = if locks { Tri::No } else { Tri::May };
                    reaxed(array);
                })
            }
            Special::Round => self.round(call),
        }
    }

    /// The refined value of an attribute.
    pub(crate) fn special_attribute(&mut self, array: &Array, row: &Row) -> Option<ValueId> {
        match row.special? {
            Special::Transpose => {
                let last_two = row.name.ends_with("mT");
                Some(self.view(array, |view| {
                    if last_two && view.ndim() != Some(2) {
                        let ndim = view.ndim();
                        view.forget_layout();
                        view.shape = ndim.map(|n| Shape::from_elem(-1, n));
                        reaxed(view);
                    } else {
                        reverse_axes(view);
                    }
                }))
            }
            Special::Real => self.complex_part(array, true),
            Special::Imag => self.complex_part(array, false),
            _ => None,
        }
    }

    /// A view of the first argument where that certainly is an array (or is taken for one, as the receiver of a method).
    fn on_view(&mut self, call: &Call<'a>, change: impl FnOnce(&mut Self, &mut Array)) -> Option<ValueId> {
        match self.shared(call, 0) {
            Shared::Array(mut array, _) => {
                change(self, &mut array);
                Some(self.view(&array, |_| {}))
            }
            Shared::Perhaps(mut array, _) if is_method(call.row) => {
                change(self, &mut array);
                Some(self.view(&array, |_| {}))
            }
            Shared::Perhaps(array, value) => {
                // A function converts what is no array.
                let mut source = value;
                if array.kinds.meets(Kinds::CONTAINER.union(Kinds::SCALAR).union(Kinds::NONE)) {
                    let fresh = self.fresh(0, Kinds::ARRAY, Evidence::Certain, |fresh| fresh.owner = Owner::Either);
                    source = self.values.join(value, fresh);
                }
                let source = self.certain_array(source);
                let Value::Array(mut array) = self.values.get(source).clone() else { return None };
                change(self, &mut array);
                Some(self.view(&array, |_| {}))
            }
            _ => None,
        }
    }

    // --- conversions --------------------------------------------------------------------------------------------

    /// Does the array already have the dtype that the call asks for?
    fn dtype_fits(&self, call: &Call<'a>, array: &Array) -> Tri {
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
                _ if self.is_own_dtype(call, value) => Tri::Must,
                _ => Tri::May,
            },
        }
    }

    /// Is the dtype argument the attribute `dtype` of the very value that is converted?
    fn is_own_dtype(&self, call: &Call<'a>, value: ValueId) -> bool {
        let Some(temp) = call.row.param("dtype").and_then(|param| call.temp(param)) else { return false };
        let Some(crate::ir::OpKind::Attr(obj, name)) = self.def(temp) else { return false };
        let _ = value;
        self.name(*name) == "dtype" && call.value(0) == Some(self.temp(*obj)) && {
            let own = call.temp(0).and_then(|temp| self.root(temp));
            own.is_some_and(|root| root.direct) && own == self.root(*obj)
        }
    }

    fn order_fits(&self, call: &Call<'a>, array: &Array) -> Tri {
        match self.order_value(call.named("order")) {
            None | Some(b'K') => Tri::Must,
            Some(b'C') => array.c,
            Some(b'F') => array.f,
            Some(b'A') if array.c.must() || array.f.must() => Tri::Must,
            _ => Tri::May,
        }
    }

    /// Whether a copy is made: `copy=True` always, `copy=False` never (2.x) or where it must (1.26), else where it must.
    fn copy_wish(&self, call: &Call<'a>, default: Option<bool>) -> Wish {
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
    fn same_or_copy(&mut self, call: &Call<'a>, fits: Tri, wish: Wish) -> Option<ValueId> {
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
                if wish != Wish::IfNeeded {
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
            Shared::Converted => Some(self.from_list(call)),
            Shared::Unknown if wish == Wish::Always => Some(self.fresh_result(call, Owner::Either, false)),
            Shared::Unknown => None,
        }
    }

    fn asarray(&mut self, call: &Call<'a>) -> Option<ValueId> {
        let fits = match self.shared(call, 0) {
            Shared::Array(array, _) | Shared::Perhaps(array, _) => {
                self.dtype_fits(call, &array).and(self.order_fits(call, &array))
            }
            _ => Tri::No,
        };
        let wish = self.copy_wish(call, None);
        self.same_or_copy(call, fits, wish)
    }

    fn np_array(&mut self, call: &Call<'a>) -> Option<ValueId> {
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
        let value = self.same_or_copy(call, fits, wish)?;
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
            super::shapes::set_order(&mut result, self.order_value(call.named("order")));
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
    fn from_list(&mut self, call: &Call<'a>) -> ValueId {
        let source = call.value(0).unwrap_or(ValueId::UNKNOWN);
        let shape = self.nested_shape(source, 0);
        let dtype = match call.named("dtype") {
            Some(value) if value != ValueId::NONE => self.dtype_value(value).unwrap_or_default(),
            _ => self.nested_dtype(source, 0).unwrap_or_default(),
        };
        let order = self.order_value(call.named("order"));
        let minimum = match call.named("ndmin").map(|value| self.values.get(value)) {
            None => Some(0),
            Some(Value::Int(Some(n))) => usize::try_from(*n).ok(),
            Some(_) => None,
        };
        self.fresh(0, Kinds::ARRAY, Evidence::Certain, |array| {
            array.owner = Owner::Either;
            array.dtype = dtype;
            let fits = shape.as_ref().zip(minimum).is_some_and(|(shape, n)| shape.len() >= n);
            array.set_shape(if fits { shape } else { None });
            match order {
                None | Some(b'K' | b'C' | b'A') => array.c = Tri::Must,
                Some(b'F') => array.f = Tri::Must,
                _ => {}
            }
        })
    }

    fn nested_items(&self, value: ValueId) -> Option<Vec<ValueId>> {
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

    fn nested_shape(&self, value: ValueId, depth: usize) -> Option<Shape> {
        match self.values.get(value) {
            Value::Int(_) | Value::Float | Value::Bool(_) => return Some(Shape::new()),
            // A row of an array of known shape, in a list.
            Value::Array(array) if depth > 0 && array.certain() => return array.shape.clone(),
            _ => {}
        }
        if depth > 8 {
            return None;
        }
        let items = self.nested_items(value)?;
        let mut inner = self.nested_shape(*items.first()?, depth + 1)?;
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

    fn nested_dtype(&self, value: ValueId, depth: usize) -> Option<Dtype> {
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

    fn contiguous(&mut self, call: &Call<'a>) -> Option<ValueId> {
        let fortran = call.row.name.ends_with("asfortranarray");
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

    fn astype(&mut self, call: &Call<'a>) -> Option<ValueId> {
        let wish = self.copy_wish(call, Some(true));
        let fits = match self.shared(call, 0) {
            Shared::Array(array, _) | Shared::Perhaps(array, _) => {
                self.dtype_fits(call, &array).and(self.order_fits(call, &array))
            }
            _ => Tri::No,
        };
        self.same_or_copy(call, fits, wish)
    }

    fn explicit_copy(&mut self, call: &Call<'a>) -> ValueId {
        let source = call.value(0).unwrap_or(ValueId::UNKNOWN);
        let fresh = self.fresh_result(call, Owner::Owner, false);
        let how = if call.row.name.ends_with("flatten") { CopyOf::Flatten } else { CopyOf::Explicit };
        self.mark_copied(fresh, source, how, true);
        fresh
    }

    fn shallow_copy(&mut self, call: &Call<'a>) -> Option<ValueId> {
        let value = call.value(0)?;
        match self.values.get(value).clone() {
            Value::Ref(objects) if objects.len() == 1 => {
                let content = self.values.content(self.state.content(objects[0])?).clone();
                Some(self.new_object(LIST_PART, content))
            }
            Value::Ref(_) | Value::Unknown => Some(ValueId::UNKNOWN),
            Value::Array(array) if array.certain() => Some(self.explicit_copy(call)),
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

    // --- shape --------------------------------------------------------------------------------------------------

    fn reshape(&mut self, call: &Call<'a>) -> Option<ValueId> {
        let (Shared::Array(array, value) | Shared::Perhaps(array, value)) = self.shared(call, 0) else { return None };
        if !array.certain() && !is_method(call.row) && array.kinds.meets(Kinds::CONTAINER.union(Kinds::SCALAR)) {
            return None;
        }
        let order = self.order_value(call.named("order")).unwrap_or(b'C');
        let shape = self.new_shape(call, &array);
        let view = match order {
            b'C' | b'K' if array.c.must() => Tri::Must,
            b'F' if array.f.must() => Tri::Must,
            // The one axis of a 1-D array can be cut at any stride.
            b'C' | b'F' if array.ndim() == Some(1) && array.certain() => Tri::Must,
            b'A' if array.f.must() || array.c.must() => Tri::Must,
            _ => Tri::May,
        };
        let view = match self.copy_wish(call, None) {
            Wish::Always => Tri::No,
            Wish::Unknown => Tri::May,
            Wish::IfNeeded if call.named("copy").is_some_and(|v| *self.values.get(v) == Value::Bool(Some(false))) => {
                Tri::Must
            }
            Wish::IfNeeded => view,
        };
        let contiguous = array.c.must() && order == b'C';
        let contiguous_f = array.f.must() && order == b'F';
        let reshaped = self.view(&array, |v| {
            v.forget_layout();
            v.set_shape(shape.clone());
            if contiguous {
                v.c = Tri::Must;
            }
            if contiguous_f {
                v.f = Tri::Must;
            }
            reaxed(v);
        });
        if view.must() && !makes_array(&array) {
            return Some(reshaped);
        }
        let kinds = if array.certain() { Kinds::ARRAY } else { Kinds::LIKE.union(array.kinds.warnings()) };
        let dtype = array.dtype;
        let evidence = array.evidence;
        let fresh = self.fresh(0, kinds, evidence, |fresh| {
            fresh.dtype = dtype;
            fresh.set_shape(shape);
            match order {
                b'C' => fresh.c = Tri::Must,
                b'F' => fresh.f = Tri::Must,
                _ => {}
            }
            fresh.owner = Owner::Either;
            fresh.writeable = Tri::Must;
        });
        let _ = value;
        if view.no() { Some(fresh) } else { Some(self.values.join(reshaped, fresh)) }
    }

    /// The shape that `reshape` is asked for: several integers, or one tuple.
    fn new_shape(&mut self, call: &Call<'a>, array: &Array) -> Option<Shape> {
        let shape = if is_method(call.row) {
            match &call.rest[..] {
                [] => call.named("shape").and_then(|value| self.shape_value(value)),
                [(value, _)] => self.shape_value(*value),
                several => several.iter().map(|(value, _)| self.shape_value(*value)?.first().copied()).collect(),
            }
        } else {
            let value = call.named("shape").or_else(|| call.named("newshape"));
            value.and_then(|value| self.shape_value(value))
        };
        let mut shape = if call.open { None } else { shape }?;
        let Some(size) = array.size() else { return Some(shape) };
        let known: i64 = shape.iter().filter(|&&n| n >= 0).product();
        if shape.iter().filter(|&&n| n < 0).count() == 1 && known > 0 && self.has_literal_minus_one(call) {
            for n in &mut shape {
                if *n < 0 {
                    *n = size / known;
                }
            }
        }
        Some(shape)
    }

    /// Is an unknown length in the arguments a literal -1, rather than a variable?
    fn has_literal_minus_one(&self, call: &Call<'a>) -> bool {
        let minus = |value: ValueId| *self.values.get(value) == Value::Int(Some(-1));
        let inside = |value: ValueId| match self.values.get(value) {
            Value::Tuple(items) => items.iter().any(|&item| minus(item)),
            _ => minus(value),
        };
        call.rest.iter().any(|entry| inside(entry.0))
            || call.named("shape").or_else(|| call.named("newshape")).is_some_and(inside)
    }

    fn ravel(&mut self, call: &Call<'a>) -> Option<ValueId> {
        let (Shared::Array(array, _) | Shared::Perhaps(array, _)) = self.shared(call, 0) else { return None };
        if !array.certain() && !is_method(call.row) && array.kinds.meets(Kinds::CONTAINER.union(Kinds::SCALAR)) {
            return None;
        }
        let order = self.order_value(call.named("order")).unwrap_or(b'C');
        let contiguous = match order {
            b'C' => array.c,
            b'F' => array.f,
            b'A' | b'K' if array.c.must() || array.f.must() => Tri::Must,
            _ => Tri::May,
        };
        let shape: Shape = smallvec::smallvec![array.size().unwrap_or(-1)];
        let dense = if order == b'K' { Tri::May } else { Tri::Must };
        let flat = self.view(&array, |v| {
            v.shape = Some(shape.clone());
            (v.c, v.f) = (dense, dense);
            reaxed(v);
        });
        if contiguous.must() && !makes_array(&array) {
            return Some(flat);
        }
        let kinds = if array.certain() { Kinds::ARRAY } else { Kinds::LIKE.union(array.kinds.warnings()) };
        let (dtype, evidence) = (array.dtype, array.evidence);
        let fresh = self.fresh(0, kinds, evidence, |fresh| {
            fresh.dtype = dtype;
            fresh.set_shape(Some(shape));
            (fresh.c, fresh.f) = (dense, dense);
            fresh.owner = Owner::Either;
        });
        Some(self.values.join(flat, fresh))
    }

    fn transpose(&mut self, call: &Call<'a>) -> Option<ValueId> {
        let name = call.row.name.rsplit('.').next().unwrap_or("").to_string();
        let axes: Option<SmallVec<[i64; 4]>> = if matches!(&*name, "transpose" | "permute_dims") {
            let values: Vec<ValueId> = if is_method(call.row) {
                call.rest.iter().map(|entry| entry.0).collect()
            } else {
                call.named("axes").into_iter().collect()
            };
            match values[..] {
                [] => Some(SmallVec::new()),
                [one] if one == ValueId::NONE => Some(SmallVec::new()),
                [one] if !matches!(self.values.get(one), Value::Int(_)) => {
                    self.shape_value(one).filter(|axes| axes.len() != 1).map(|axes| axes.into_iter().collect())
                }
                _ => values
                    .iter()
                    .map(|&value| match self.values.get(value) {
                        Value::Int(Some(n)) => Some(*n),
                        _ => None,
                    })
                    .collect(),
            }
        } else {
            None
        };
        let last_two = name == "matrix_transpose";
        let open = call.open;
        self.on_view(call, |_, array| match axes {
            Some(axes) if axes.is_empty() && !open => reverse_axes(array),
            _ if last_two && array.ndim() == Some(2) => reverse_axes(array),
            Some(axes) if array.ndim() == Some(axes.len()) || array.ndim().is_none() && !axes.is_empty() => {
                permute_axes(array, &axes);
            }
            _ => {
                let ndim = array.ndim();
                array.forget_layout();
                array.shape = ndim.map(|n| Shape::from_elem(-1, n));
                reaxed(array);
            }
        })
    }

    fn expand_dims(&mut self, call: &Call<'a>) -> Option<ValueId> {
        let axis = call.named("axis").map(|value| self.values.get(value).clone());
        self.on_view(call, |_, array| {
            reaxed(array);
            let (Some(shape), Some(Value::Int(axis))) = (array.shape.take(), axis) else {
                array.shape = None;
                return;
            };
            let n = shape.len() as i64 + 1;
            array.shape = Some(match axis.map(|axis| if axis < 0 { axis + n } else { axis }) {
                Some(at) if (0..n).contains(&at) => {
                    let mut shape = shape;
                    shape.insert(at as usize, 1);
                    shape
                }
                _ => Shape::from_elem(-1, n as usize),
            });
        })
    }

    fn atleast(&mut self, call: &Call<'a>) -> Option<ValueId> {
        if call.open || call.rest.is_empty() {
            return None;
        }
        let want = call.row.name.bytes().rev().nth(1).map_or(0, |digit| usize::from(digit.saturating_sub(b'0')));
        let mut results = Vec::with_capacity(call.rest.len());
        for (i, (value, _)) in call.rest.iter().enumerate() {
            results.push(self.at_least(*value, want, i as u16));
        }
        if let [one] = results[..] { Some(one) } else { Some(self.values.tuple(results)) }
    }

    fn at_least(&mut self, value: ValueId, want: usize, part: u16) -> ValueId {
        let Value::Array(array) = self.values.get(value).clone() else {
            return match self.values.get(value) {
                Value::Unknown | Value::Bottom => self.values.make(Array::unknown(Kinds::ARRAY, Evidence::Certain)),
                _ => self.fresh(part, Kinds::ARRAY, Evidence::Certain, |array| array.owner = Owner::Either),
            };
        };
        if array.certain() && array.ndim().is_some_and(|n| n >= want) {
            return value;
        }
        let lists = array.kinds.meets(Kinds::CONTAINER.union(Kinds::SCALAR).union(Kinds::NONE));
        let ndim = array.ndim();
        let either = self.view(&array, |v| {
            // Of fewer dimensions: axes of length 1 are added. They leave the order as it is.
            v.shape = match (ndim, want, v.certain()) {
                (Some(0), _, true) => Some(Shape::from_elem(1, want)),
                (Some(1), 2, true) => v.shape.as_ref().map(|shape| smallvec::smallvec![1, shape[0]]),
                (Some(_), _, true) => Some(Shape::from_elem(-1, want)),
                _ => None,
            };
            if ndim.is_none() {
                v.owner = Owner::Either;
            }
            reaxed(v);
        });
        if !lists {
            return self.certain_array(either);
        }
        let fresh = self.fresh(part, Kinds::ARRAY, Evidence::Certain, |array| array.owner = Owner::Either);
        let joined = self.values.join(either, fresh);
        self.certain_array(joined)
    }

    fn broadcast_arrays(&mut self, call: &Call<'a>) -> Option<ValueId> {
        if call.open {
            return None;
        }
        let mut results = Vec::with_capacity(call.rest.len());
        for (i, (value, _)) in call.rest.iter().enumerate() {
            let result = match self.values.get(*value).clone() {
                Value::Array(array) => {
                    let certain = array.certain();
                    let view = self.view(&array, |v| {
                        v.forget_layout();
                        v.owner = Owner::Either;
                        v.writeable = Tri::May;
                        reaxed(v);
                    });
                    if certain {
                        view
                    } else {
                        let fresh = self.fresh(i as u16, Kinds::ARRAY, Evidence::Certain, |a| {
                            a.owner = Owner::Either;
                            a.writeable = Tri::May;
                        });
                        let joined = self.values.join(view, fresh);
                        self.certain_array(joined)
                    }
                }
                Value::Unknown => self.values.make(Array::unknown(Kinds::ARRAY, Evidence::Certain)),
                _ => self.fresh(i as u16, Kinds::ARRAY, Evidence::Certain, |a| {
                    a.owner = Owner::Either;
                    a.writeable = Tri::May;
                }),
            };
            results.push(result);
        }
        Some(self.values.tuple(results))
    }

    fn split(&mut self, call: &Call<'a>) -> Option<ValueId> {
        let (Shared::Array(array, _) | Shared::Perhaps(array, _)) = self.shared(call, 0) else { return None };
        if !array.certain() && array.kinds.meets(Kinds::CONTAINER) {
            return None;
        }
        let sections = call.value(1)?;
        let count = match self.values.get(sections) {
            Value::Int(Some(n)) if (1..=8).contains(n) => Some(*n as usize),
            Value::Ref(_) | Value::Tuple(_) => {
                self.nested_items(sections).map(|items| items.len() + 1).filter(|&n| n <= 8)
            }
            _ => None,
        };
        let op = self.op;
        let piece = |m: &mut Self, region: Region| {
            let view = m.view(&array, |v| {
                let ndim = v.ndim();
                v.forget_layout();
                v.shape = ndim.map(|n| Shape::from_elem(-1, n));
                v.region = region;
            });
            if array.certain() { view } else { m.certain_array(view) }
        };
        match count {
            Some(n) => {
                let pieces = (0..n).map(|i| piece(self, Region::Piece(op, i as u32))).collect();
                Some(self.new_list(pieces))
            }
            None => {
                let one = piece(self, Region::Any);
                Some(self.new_sequence(ObjectKind::List, one))
            }
        }
    }

    fn meshgrid(&mut self, call: &Call<'a>) -> Option<ValueId> {
        if call.open {
            return None;
        }
        let copies = !call.named("copy").is_some_and(|v| *self.values.get(v) != Value::Bool(Some(true)));
        let count = call.rest.len();
        let mut results = Vec::with_capacity(count);
        for (i, (value, _)) in call.rest.iter().enumerate() {
            let fresh = self.fresh(i as u16, Kinds::ARRAY, Evidence::Certain, |a| {
                a.owner = Owner::Either;
                a.writeable = Tri::May;
            });
            results.push(match self.values.get(*value).clone() {
                _ if copies => fresh,
                Value::Array(array) => {
                    let view = self.view(&array, |v| {
                        v.forget_layout();
                        v.writeable = Tri::May;
                        reaxed(v);
                    });
                    let known = call.named("copy").is_some_and(|v| *self.values.get(v) == Value::Bool(Some(false)));
                    if known && array.certain() {
                        view
                    } else {
                        let joined = self.values.join(view, fresh);
                        self.certain_array(joined)
                    }
                }
                Value::Unknown => self.values.make(Array::unknown(Kinds::ARRAY, Evidence::Certain)),
                _ => fresh,
            });
        }
        Some(self.values.tuple(results))
    }

    fn diag(&mut self, call: &Call<'a>) -> Option<ValueId> {
        let Shared::Array(array, _) = self.shared(call, 0) else { return None };
        let view = self.view(&array, |v| {
            v.forget_layout();
            v.set_shape(Some(smallvec::smallvec![-1]));
            v.writeable = Tri::No;
            reaxed(v);
        });
        if array.ndim() == Some(2) {
            return Some(view);
        }
        let fresh = self.fresh(0, Kinds::ARRAY, Evidence::Certain, |fresh| {
            fresh.set_shape(Some(smallvec::smallvec![-1, -1]));
            fresh.dtype = array.dtype;
            fresh.owner = Owner::Either;
        });
        if array.ndim() == Some(1) { Some(fresh) } else { Some(self.values.join(view, fresh)) }
    }

    fn view_method(&mut self, call: &Call<'a>) -> Option<ValueId> {
        let dtype = match call.named("dtype") {
            None => None,
            Some(value) => Some(self.dtype_value(value).unwrap_or_default()),
        };
        let own = call.named("dtype").is_some_and(|value| self.is_own_dtype(call, value));
        self.on_view(call, |_, array| {
            let Some(dtype) = dtype else { return };
            if own || dtype == array.dtype && dtype != Dtype::Unknown {
                return;
            }
            let same_size = matches!((dtype, array.dtype), (Dtype::Exact(_, m), Dtype::Exact(_, n)) if m == n);
            if !same_size {
                let ndim = array.ndim();
                array.forget_layout();
                array.shape = ndim.map(|n| Shape::from_elem(-1, n));
            }
            array.dtype = dtype;
        })
    }

    /// `real` or `imag` of an array.
    fn complex_part(&mut self, array: &Array, real: bool) -> Option<ValueId> {
        let complex = array.dtype.is_complex();
        let half = match array.dtype {
            Dtype::Exact(b'c', n) => Dtype::Exact(b'f', n / 2),
            Dtype::Kind(b'c') => Dtype::Kind(b'f'),
            _ => Dtype::Unknown,
        };
        let shape = array.shape.clone();
        let view = self.view(array, |v| {
            v.forget_layout();
            v.shape = shape.clone();
            v.dtype = half;
        });
        if real && complex == Tri::May {
            // The same array where it is real, a view where it is not: one memory either way.
            return Some(self.view(array, |v| {
                v.forget_layout();
                v.shape = shape;
                v.dtype = Dtype::Unknown;
                v.owner = Owner::Either;
                reaxed(v);
            }));
        }
        let other = if real {
            self.values.make(array.clone())
        } else {
            if complex.must() {
                return Some(view);
            }
            let (kinds, dtype) = (array.kinds, array.dtype);
            let evidence = array.evidence;
            self.fresh(0, kinds, evidence, |fresh| {
                fresh.writeable = Tri::No;
                fresh.set_shape(shape);
                fresh.dtype = dtype;
                fresh.owner = Owner::Either;
            })
        };
        Some(match complex {
            Tri::Must => view,
            Tri::No => other,
            Tri::May => self.values.join(view, other),
        })
    }

    fn conj(&mut self, call: &Call<'a>) -> Option<ValueId> {
        let (Shared::Array(array, value) | Shared::Perhaps(array, value)) = self.shared(call, 0) else { return None };
        let complex = array.dtype.is_complex();
        if complex.no() && array.certain() {
            return Some(value);
        }
        let fresh = self.fresh_result(call, Owner::Either, false);
        Some(if complex.must() { fresh } else { self.values.join(value, fresh) })
    }

    fn nan_to_num(&mut self, call: &Call<'a>) -> Option<ValueId> {
        match self.copy_wish(call, Some(true)) {
            Wish::Always => Some(self.fresh_result(call, Owner::Either, true)),
            _ => {
                let name = self.module.names.get("nan_to_num")?;
                if let (Some(value), Some(temp)) = (call.value(0), call.temp(0)) {
                    self.write(temp, value, WriteHow::Argument(name));
                }
                let fits = match self.copy_wish(call, Some(true)) {
                    Wish::IfNeeded => Tri::Must,
                    _ => Tri::May,
                };
                // A 0-d array comes back as a scalar in some versions.
                let value = self.same_or_copy(call, fits, Wish::IfNeeded)?;
                match self.values.get(value).clone() {
                    Value::Array(mut array) if array.ndim().is_none_or(|n| n == 0) => {
                        array.kinds = array.kinds.union(Kinds::SCALAR);
                        Some(self.values.make(array))
                    }
                    _ => Some(value),
                }
            }
        }
    }

    fn nonzero(&mut self, call: &Call<'a>) -> ValueId {
        let ndim =
            call.value(0).and_then(|value| self.values.array(value)).filter(|a| a.certain()).and_then(Array::ndim);
        let index = |array: &mut Array| {
            array.set_shape(Some(smallvec::smallvec![-1]));
            array.dtype = Dtype::INT64;
            array.owner = Owner::Either;
        };
        match ndim {
            Some(n) if (1..=8).contains(&n) => {
                let items = (0..n).map(|i| self.fresh(i as u16, Kinds::ARRAY, Evidence::Certain, index)).collect();
                self.values.tuple(items)
            }
            _ => {
                let item = self.fresh(0, Kinds::ARRAY, Evidence::Certain, |array| {
                    index(array);
                    array.lies = false;
                });
                self.values.tuple_of(item)
            }
        }
    }

    fn einsum(&mut self, call: &Call<'a>) -> Option<ValueId> {
        if call.rest.is_empty() || call.open {
            return None;
        }
        // `einsum(subscripts, *operands)`: the operands are the variadic ones.
        if call.rest.len() > 1 {
            return Some(self.fresh_result(call, Owner::Either, true));
        }
        let (operand, _) = call.rest[0];
        let keeps_all = match call.named("subscripts").map(|value| self.values.get(value)) {
            Some(Value::Str(Some(text))) => match self.name(*text).split_once("->") {
                Some((from, to)) => {
                    let kept = from.chars().filter(|c| c.is_alphabetic()).all(|c| to.contains(c));
                    Tri::of(kept && !from.contains('.'))
                }
                None => Tri::May,
            },
            _ => Tri::May,
        };
        let Value::Array(array) = self.values.get(operand).clone() else { return None };
        let fresh = self.fresh_result(call, Owner::Either, true);
        if keeps_all.no() {
            return Some(fresh);
        }
        let certain = array.certain();
        let view = self.view(&array, |v| {
            v.forget_layout();
            v.writeable = Tri::May;
            reaxed(v);
        });
        Some(if keeps_all.must() && certain { view } else { self.values.join(view, fresh) })
    }

    fn stack(&mut self, call: &Call<'a>) -> ValueId {
        let value = self.fresh_result(call, Owner::Either, false);
        let Some(parts) = call.value(0).and_then(|value| self.nested_items(value)) else { return value };
        let ndims: Option<Vec<usize>> =
            parts.iter().map(|&part| self.values.array(part).filter(|a| a.certain()).and_then(Array::ndim)).collect();
        let Some(ndim) = ndims.and_then(|ndims| ndims.into_iter().max()) else { return value };
        let none = call.named("axis") == Some(ValueId::NONE);
        let ndim = match call.row.name.rsplit('.').next().unwrap_or("") {
            "stack" => ndim + 1,
            "vstack" | "row_stack" => ndim.max(2),
            "hstack" => ndim.max(1),
            "column_stack" => 2,
            "dstack" => ndim.max(3),
            "concatenate" | "concat" if none => 1,
            "concatenate" | "concat" => ndim,
            _ => return value,
        };
        let Value::Array(mut array) = self.values.get(value).clone() else { return value };
        if array.shape.is_none() {
            array.set_shape(Some(Shape::from_elem(-1, ndim)));
        }
        self.values.make(array)
    }

    fn frombuffer(&mut self, call: &Call<'a>) -> Option<ValueId> {
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
        // Constant bytes may be shared with whoever else reads them.
        let dtype = self.dtype_by_rule(call).unwrap_or_default();
        let mut array = Array::unknown(Kinds::ARRAY, Evidence::Certain);
        array.set_shape(Some(smallvec::smallvec![-1]));
        array.dtype = dtype;
        (array.c, array.f) = (Tri::Must, Tri::Must);
        array.writeable = Tri::No;
        Some(self.values.make(array))
    }

    /// `arange` of integers: as many as there are.
    fn arange(&mut self, call: &Call<'a>) -> Option<ValueId> {
        if !call.row.name.ends_with("arange") {
            return None;
        }
        let value = self.fresh_result(call, Owner::Owner, false);
        let Value::Array(mut array) = self.values.get(value).clone() else { return Some(value) };
        let given: Vec<ValueId> = ["start", "stop", "step"].iter().filter_map(|name| call.named(name)).collect();
        let int = |value: ValueId| match self.values.get(value) {
            Value::Int(Some(n)) => Some(*n),
            _ => None,
        };
        let ints: Option<SmallVec<[i64; 3]>> = given.iter().map(|&value| int(value)).collect();
        let length = match ints.as_deref() {
            Some([stop]) => Some((*stop).max(0)),
            Some([start, stop]) => Some((stop - start).max(0)),
            _ => None,
        };
        array.set_shape(Some(smallvec::smallvec![length.unwrap_or(-1)]));
        (array.c, array.f) = (Tri::Must, Tri::Must);
        if call.named("dtype").is_none() {
            if ints.is_some() {
                array.dtype = Dtype::INT64;
            } else if given.iter().any(|&value| *self.values.get(value) == Value::Float) {
                let plain = |&value: &ValueId| matches!(self.values.get(value), Value::Float | Value::Int(Some(_)));
                array.dtype = if given.iter().all(plain) { Dtype::FLOAT64 } else { Dtype::Kind(b'f') };
            }
        }
        Some(self.values.make(array))
    }

    /// `round`: integers come back as the same object before NumPy 2.
    fn round(&mut self, call: &Call<'a>) -> Option<ValueId> {
        let (Shared::Array(array, value) | Shared::Perhaps(array, value)) = self.shared(call, 0) else { return None };
        let fresh = self.fresh_result(call, Owner::Either, true);
        match array.dtype.kind() {
            Some(b'f' | b'c') if array.certain() => Some(fresh),
            _ => Some(self.values.join(value, fresh)),
        }
    }

    fn fresh_part(&mut self, call: &Call<'a>, part: u16) -> ValueId {
        let value = self.fresh_result(call, Owner::Either, true);
        let Value::Array(mut array) = self.values.get(value).clone() else { return value };
        if part > 0 {
            let buf = self.alloc(part);
            array.bufs = smallvec::smallvec![buf];
            array.lies = self.buffers.get(buf).single();
        }
        self.values.make(array)
    }
}

/// Whether a copy is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Always,
    IfNeeded,
    Unknown,
}

/// May it be a NumPy scalar, which `ravel` and `reshape` make an array of its own?
fn makes_array(array: &Array) -> bool {
    array.kinds.meets(Kinds::SCALAR) && !array.entry
}

fn is_method(row: &Row) -> bool {
    row.params.first().is_some_and(|param| &*param.name == "self")
}

/// All axes reversed: C order becomes Fortran order.
fn reverse_axes(array: &mut Array) {
    if let Some(shape) = &mut array.shape {
        shape.reverse();
    }
    std::mem::swap(&mut array.c, &mut array.f);
    if array.ndim().is_none_or(|n| n > 1) {
        reaxed(array);
    }
}

fn permute_axes(array: &mut Array, axes: &[i64]) {
    let n = axes.len() as i64;
    let axes: SmallVec<[i64; 4]> = axes.iter().map(|&axis| if axis < 0 { axis + n } else { axis }).collect();
    if axes.iter().enumerate().all(|(i, &axis)| axis == i as i64) {
        return;
    }
    if axes.iter().rev().enumerate().all(|(i, &axis)| axis == i as i64) {
        reverse_axes(array);
        if array.shape.is_none() {
            array.shape = Some(Shape::from_elem(-1, axes.len()));
        }
        return;
    }
    let shape = array.shape.take();
    array.forget_layout();
    array.shape = Some(match shape {
        Some(shape) => axes.iter().map(|&axis| shape.get(axis as usize).copied().unwrap_or(-1)).collect(),
        None => Shape::from_elem(-1, axes.len()),
    });
    reaxed(array);
}
