//! Shapes, dtypes and orders by the words of a row; fresh results.

use super::Call;
use crate::domain::layout::{self, Strides};
use crate::domain::{Array, Dtype, Evidence, Kinds, Owner, Shape, Tri, Value, ValueId};
use crate::interp::machine::Machine;
use crate::interp::shapes::set_order;
use crate::ir::{OpKind, Temp};
use crate::model::{DtypeRule, OrderRule, ParamIndex, ShapeRule};

impl<'a> Machine<'a> {
    /// A fresh array by the row's words.
    pub(crate) fn fresh_result(&mut self, call: &Call<'a>, owner: Owner, or_scalar: bool) -> ValueId {
        if let ShapeRule::From(param) = call.row.shape
            && let Some(temp) = call.temp(param)
        {
            self.prove_ints(temp);
        }
        let same_axes = !self.dtype_has_axes(call);
        let shape = self.shape_by_rule(call).filter(|_| same_axes);
        let dtype = self.dtype_by_rule(call);
        let order = self.order_by_rule(call).filter(|_| same_axes);
        let strides = self.strides_by_rule(call, shape.as_ref()).filter(|_| same_axes);
        let kinds = self.fresh_kinds(call, or_scalar, shape.as_ref());
        let blank = call.row.blank;
        // Positions and counts are plain integers, whatever the array is.
        let always = matches!(&call.row.dtype, DtypeRule::Exact(name) if &**name == "int64");
        if or_scalar && self.is_of_numbers(call, always) {
            return self.number_of(dtype.unwrap_or_default());
        }
        let number = or_scalar && shape.as_ref().is_some_and(SmallVecExt::is_zero_dim);
        if number
            && kinds == Kinds::ARRAY.union(Kinds::SCALAR)
            && call.row.out.is_none_or(|out| call.value(out).is_none())
        {
            // A reduction over all axes of an array is a number (of a Quantity it is one with a unit).
            return match dtype {
                Some(dtype) if always => self.number_of(dtype),
                _ => ValueId::SCALAR,
            };
        }
        let evidence = if number { Evidence::None } else { Evidence::Certain };
        let value = self.fresh(0, kinds, evidence, |array| {
            array.owner = owner;
            array.set_shape(shape);
            array.dtype = dtype.unwrap_or_default();
            if let Some((c, f)) = order {
                (array.c, array.f) = (c, f);
            }
            if strides.is_some() && array.kinds == Kinds::ARRAY {
                array.set_layout(array.shape.clone(), strides);
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
            buffer.from_file = matches!(&*call.row.name, "numpy.fromfile" | "numpy.loadtxt" | "numpy.fromregex");
        }
        value
    }

    /// Is the dtype written out as one of subarrays, `(float, 2)` or `"2f8"`? Their axes come after those of the shape.
    /// (<https://numpy.org/doc/stable/reference/arrays.dtypes.html#specifying-and-constructing-data-types>)
    pub(crate) fn dtype_has_axes(&self, call: &Call<'a>) -> bool {
        match call.named("dtype").map(|value| self.values.get(value)) {
            Some(Value::Tuple(_)) => true,
            Some(Value::Str(Some(text))) => self.name(*text).starts_with(|c: char| c == '(' || c.is_ascii_digit()),
            _ => false,
        }
    }

    /// The items of a shape that is written out, `(n, m)`, are integers, or the call raises.
    pub(super) fn prove_ints(&mut self, shape: Temp) {
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

    /// Of a row that may give a scalar: does it certainly, as it was given nothing but numbers and no `size`, or a number
    /// to look for?
    fn is_of_numbers(&self, call: &Call<'a>, always: bool) -> bool {
        let number = |value: ValueId| self.values.kinds(value) == Kinds::SCALAR;
        if call.open {
            return false;
        }
        match call.row.shape {
            ShapeRule::From(size) => {
                let skip = usize::from(Self::takes_self(call.row));
                call.value(size).is_none_or(|value| value == ValueId::NONE)
                    && call.row.params.get(usize::from(size)).is_some_and(|param| &*param.name == "size")
                    && call
                        .slots
                        .iter()
                        .enumerate()
                        .skip(skip)
                        .all(|(i, slot)| i == usize::from(size) || slot.is_none_or(|(value, _)| number(value)))
            }
            ShapeRule::Of(param) if always => call.value(param).is_some_and(number),
            _ => false,
        }
    }

    /// May what a row calls fresh be a scalar, or something that is no array of NumPy's?
    pub(super) fn fresh_kinds(&self, call: &Call<'a>, or_scalar: bool, shape: Option<&Shape>) -> Kinds {
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

    /// A view of what a number or a list was made into: `change` says what sort of view.
    pub(super) fn view_of_converted(&mut self, call: &Call<'a>, change: impl FnOnce(&mut Array)) -> ValueId {
        let fresh = self.fresh_result(call, Owner::Either, false);
        let mut view = Array::unknown(Kinds::ARRAY, Evidence::Certain);
        change(&mut view);
        match self.values.get(fresh).clone() {
            Value::Array(array) if view.writeable.no() => self.values.make(Array { writeable: Tri::No, ..array }),
            _ => fresh,
        }
    }

    pub(crate) fn dtype_by_rule(&self, call: &Call<'a>) -> Option<Dtype> {
        self.dtype_rule(call, &call.row.dtype)
    }

    pub(super) fn dtype_rule(&self, call: &Call<'a>, rule: &DtypeRule) -> Option<Dtype> {
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
                _ if **otherwise == DtypeRule::Unknown => self.dtype_of_fill(call),
                _ => self.dtype_rule(call, otherwise),
            },
            DtypeRule::Promote => {
                let operands: Vec<ValueId> = call.slots.iter().flatten().map(|slot| slot.0).collect();
                Some(self.promoted(&operands))
            }
        }
    }

    /// The dtype of a fill value, which `numpy.full` takes by default.
    fn dtype_of_fill(&self, call: &Call<'a>) -> Option<Dtype> {
        match self.values.get(call.named("fill_value")?) {
            Value::Float => Some(Dtype::FLOAT64),
            Value::Int(Some(_)) => Some(Dtype::INT64),
            Value::Bool(_) => Some(Dtype::BOOL),
            Value::Array(array) if array.certain() => Some(array.dtype),
            _ => None,
        }
    }

    /// The strides of new memory for a result of the shape of what is given, where these are known.
    fn strides_by_rule(&self, call: &Call<'a>, result: Option<&Shape>) -> Option<Strides> {
        if call.open || call.row.out.is_some_and(|out| call.value(out).is_some()) {
            return None;
        }
        let of = |param: ParamIndex| {
            let array = self.values.array(call.value(param)?).filter(|array| array.certain())?;
            let (shape, strides) = (array.shape.as_ref().filter(|&shape| Some(shape) == result)?, array.strides()?);
            Some((layout::kept(shape, &strides), layout::computed(shape, &strides)))
        };
        match call.row.order {
            OrderRule::FromElseOf(param, _) if !matches!(self.order_value(call.value(param)), None | Some(b'K')) => {
                None
            }
            OrderRule::FromElseOf(_, other) if !call.row.is_ufunc() => of(other).map(|strides| strides.0),
            // Not every row says whether it computes or copies.
            OrderRule::Of(param) => of(param).filter(|strides| strides.0 == strides.1).map(|strides| strides.0),
            _ if call.row.is_ufunc() && call.named("order").is_none() => {
                let inputs = call.slots.iter().zip(&call.row.params).filter(|(_, param)| param.name.starts_with('x'));
                self.computed_strides(&inputs.filter_map(|(slot, _)| *slot).map(|slot| slot.0).collect::<Vec<_>>())
            }
            _ => None,
        }
    }

    pub(super) fn order_by_rule(&self, call: &Call<'a>) -> Option<(Tri, Tri)> {
        let of = |param: ParamIndex| {
            let array = self.values.array(call.value(param)?)?;
            let sure = |tri: Tri| if tri.must() { Tri::Must } else { Tri::May };
            let (c, f) = (sure(array.c), sure(array.f));
            if c.must() && f.must() && call.row.shape != ShapeRule::Of(param) && array.ndim() != Some(1) {
                // It is both by its lengths of 1, which the result need not have.
                return None;
            }
            if array.certain() { Some((c, f)) } else { None }
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
}

trait SmallVecExt {
    fn is_zero_dim(&self) -> bool;
}

impl SmallVecExt for Shape {
    fn is_zero_dim(&self) -> bool {
        self.is_empty()
    }
}
