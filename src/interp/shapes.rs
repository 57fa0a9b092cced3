//! Shapes, dtypes and orders of results.

use smallvec::SmallVec;

use super::machine::Machine;
use crate::domain::layout::{self, Strides};
use crate::domain::{Array, Dtype, Kinds, ObjectKind, Shape, Tri, Value, ValueId};
use crate::model::RowId;

impl<'a> Machine<'a> {
    /// The broadcast shape of the operands, if all their numbers of dimensions are known.
    pub(crate) fn broadcast(&self, operands: &[ValueId]) -> Option<Shape> {
        let mut shapes: SmallVec<[Shape; 3]> = SmallVec::new();
        for &operand in operands {
            match self.values.array(operand) {
                Some(array) if array.certain() => shapes.push(array.shape.clone()?),
                Some(_) => return None,
                None if self.values.kinds(operand) == Kinds::SCALAR => {}
                None => return None,
            }
        }
        (!shapes.is_empty()).then(|| broadcast_shapes(&shapes))
    }

    /// The common dtype of the operands, as far as the versions of NumPy agree.
    pub(crate) fn promoted(&self, operands: &[ValueId]) -> Dtype {
        let mut result: Option<Dtype> = None;
        let mut weak: Option<u8> = None;
        for &operand in operands {
            match self.values.get(operand) {
                Value::Array(array) if array.certain() => {
                    result = Some(match result {
                        None => array.dtype,
                        Some(other) => promote(other, array.dtype),
                    });
                }
                Value::Int(Some(_)) => weak = Some(weak.map_or(b'i', |kind| wider(kind, b'i'))),
                // Perhaps a NumPy integer, which is not weak in NumPy 2.
                Value::Int(None) => weak = Some(weak.map_or(b'n', |kind| wider(kind, b'n'))),
                Value::Bool(_) => weak = Some(weak.map_or(b'b', |kind| wider(kind, b'b'))),
                Value::Float => weak = Some(weak.map_or(b'f', |kind| wider(kind, b'f'))),
                Value::Complex => weak = Some(b'c'),
                _ => return Dtype::Unknown,
            }
        }
        match (result, weak) {
            (Some(dtype), None) => dtype,
            (Some(dtype), Some(weak)) => match (dtype.kind(), weak) {
                // Python numbers of a kind that the array's covers do not change its dtype. (A Python integer may
                // be too large for a small integer dtype: then 1.26 and 2.x differ.)
                (Some(b'f' | b'c'), b'i' | b'b') => dtype,
                // Of float32 and smaller it makes complex64.
                (Some(b'f'), b'c') if matches!(dtype, Dtype::Exact(_, 2 | 4)) => Dtype::Exact(b'c', 8),
                (Some(b'c'), b'c') => dtype,
                (Some(b'f'), b'c') if dtype != Dtype::FLOAT64 => Dtype::Kind(b'c'),
                (Some(b'b' | b'i' | b'u' | b'f'), b'c') => Dtype::COMPLEX128,
                (_, b'n' | b'i' | b'b') if dtype == Dtype::INT64 => dtype,
                (_, b'n' | b'f') if dtype == Dtype::FLOAT64 || dtype == Dtype::COMPLEX128 => dtype,
                (_, b'f') if matches!(dtype, Dtype::Exact(b'i' | b'u', 4 | 8)) => Dtype::FLOAT64,
                (Some(b'f'), b'n' | b'f') => Dtype::Kind(b'f'),
                (Some(b'c'), b'n' | b'f') => Dtype::Kind(b'c'),
                (Some(_), b'b') if dtype != Dtype::BOOL => dtype,
                _ => Dtype::Unknown,
            },
            _ => Dtype::Unknown,
        }
    }

    /// Whether an elementwise result is C- or Fortran-contiguous: it follows the operands where they agree.
    pub(crate) fn dense_order(&self, operands: &[ValueId]) -> (Tri, Tri) {
        let mut c = true;
        let mut f = true;
        let mut ndim = None;
        let mut arrays = 0;
        for &operand in operands {
            match self.values.array(operand) {
                Some(array) if array.certain() => {
                    c &= array.c.must();
                    f &= array.f.must();
                    if arrays > 0 && (ndim.is_none() || ndim != array.ndim()) {
                        f = false;
                        c &= array.ndim().is_some() && ndim.is_some();
                    }
                    ndim = array.ndim();
                    arrays += 1;
                }
                Some(_) => return (Tri::May, Tri::May),
                None if self.values.kinds(operand) == Kinds::SCALAR => {}
                None => return (Tri::May, Tri::May),
            }
        }
        let sure = |truth: bool| if truth && arrays > 0 { Tri::Must } else { Tri::May };
        (sure(c), sure(f && !c))
    }

    /// The strides of the result of an elementwise operation, where those of all operands are known, and their axes lie in
    /// one order.
    pub(crate) fn computed_strides(&self, operands: &[ValueId]) -> Option<Strides> {
        let mut found: Option<(&Shape, Strides)> = None;
        for &operand in operands {
            let Some(array) = self.values.array(operand) else {
                (self.values.kinds(operand) == Kinds::SCALAR).then_some(())?;
                continue;
            };
            let (shape, strides) = (array.shape.as_ref().filter(|_| array.certain())?, array.strides()?);
            let computed = layout::computed(shape, &strides);
            match &found {
                None => found = Some((shape, computed)),
                // Where a stride is 0, another operand decides.
                Some((other, known)) => {
                    let clear = shape.iter().zip(&strides).all(|(&n, &stride)| n == 1 || stride != 0);
                    (*other == shape && *known == computed && clear).then_some(())?;
                }
            }
        }
        found.map(|found| found.1)
    }

    /// The shape that a value stands for, as an argument `shape`: an integer, or a tuple or list of integers.
    pub(crate) fn shape_value(&self, value: ValueId) -> Option<Shape> {
        match self.values.get(value) {
            Value::Int(n) => Some(smallvec::smallvec![n.unwrap_or(-1)]),
            Value::Tuple(items) => items
                .iter()
                .map(|&item| match self.values.get(item) {
                    Value::Int(n) => Some(n.unwrap_or(-1)),
                    // An element of a shape is an integer, whatever else it may be.
                    Value::Scalar | Value::Complex | Value::Number | Value::Array(_) | Value::Unknown => Some(-1),
                    _ => None,
                })
                .collect(),
            Value::Ref(objects) if objects.len() == 1 => {
                let content = self.values.content(self.state.content(objects[0])?);
                if !content.exact {
                    return None;
                }
                content
                    .fixed
                    .iter()
                    .map(|(_, item)| match self.values.get(*item) {
                        Value::Int(n) => Some(n.unwrap_or(-1)),
                        _ => Some(-1),
                    })
                    .collect()
            }
            _ => None,
        }
    }

    /// The dtype that a value stands for, as an argument `dtype`.
    pub(crate) fn dtype_value(&self, value: ValueId) -> Option<Dtype> {
        match self.values.get(value) {
            Value::Dtype(dtype) => Some(*dtype),
            Value::Str(Some(text)) => Dtype::from_string(self.name(*text)),
            Value::Builtin(name) => Dtype::from_name(self.name(*name)),
            Value::Module(path) => {
                let path = self.paths.text(*path);
                path.strip_prefix("numpy.").and_then(Dtype::from_name)
            }
            Value::Row(row) => self.model.row(RowId(*row)).name.strip_prefix("numpy.").and_then(Dtype::from_name),
            Value::Ref(objects) => Some(self.record(objects)),
            _ => None,
        }
    }

    /// The structured dtype of a list of fields.
    fn record(&self, objects: &[crate::domain::BufId]) -> Dtype {
        let [(_, id)] = self.contents(objects)[..] else { return Dtype::Struct };
        let content = self.values.content(id);
        let is_field = |value: ValueId| match self.values.get(value) {
            Value::Tuple(items) => {
                items.first().is_some_and(|&name| matches!(self.values.get(name), Value::Str(Some(_))))
            }
            _ => false,
        };
        let fields =
            content.kind == ObjectKind::List && content.exact && content.fixed.iter().all(|entry| is_field(entry.1));
        if fields && objects.len() == 1 { Dtype::Record(id) } else { Dtype::Struct }
    }

    /// An axis argument, as a non-negative number, if it and the number of dimensions are known.
    pub(crate) fn axis(&self, value: ValueId, ndim: usize) -> Option<usize> {
        let Value::Int(Some(axis)) = *self.values.get(value) else { return None };
        let axis = if axis < 0 { axis + ndim as i64 } else { axis };
        usize::try_from(axis).ok().filter(|&axis| axis < ndim)
    }

    /// The order that the argument `order` names: `C`, `F`, `A` or `K`.
    pub(crate) fn order_value(&self, value: Option<ValueId>) -> Option<u8> {
        match self.values.get(value?) {
            Value::Str(Some(text)) => self.name(*text).bytes().next().map(|b| b.to_ascii_uppercase()),
            Value::None => Some(b'K'),
            _ => Some(b'?'),
        }
    }
}

/// The shape that these broadcast to.
pub(crate) fn broadcast_shapes(shapes: &[Shape]) -> Shape {
    let ndim = shapes.iter().map(SmallVec::len).max().unwrap_or(0);
    let mut result = Shape::from_elem(1, ndim);
    for shape in shapes {
        let skip = ndim - shape.len();
        for (out, &n) in result[skip..].iter_mut().zip(shape) {
            *out = match (*out, n) {
                (a, 1) => a,
                (1, b) => b,
                (a, b) if a == b => a,
                // One of them is 1 or both are equal: a known length other than 1 decides.
                (-1, b) if b != -1 => b,
                (a, -1) if a != -1 => a,
                _ => -1,
            };
        }
    }
    result
}

/// The kind of a Python number that covers both.
fn wider(a: u8, b: u8) -> u8 {
    *[b'c', b'f', b'n', b'i'].iter().find(|kind| a == **kind || b == **kind).unwrap_or(&b'b')
}

/// NumPy's promotion of two dtypes, where it is plain.
fn promote(a: Dtype, b: Dtype) -> Dtype {
    if a == b {
        return a;
    }
    match (a, b) {
        (Dtype::Exact(x, m), Dtype::Exact(y, n)) if x == y => Dtype::Exact(x, m.max(n)),
        (Dtype::Exact(b'b', _), other) | (other, Dtype::Exact(b'b', _))
            if matches!(other.kind(), Some(b'i' | b'u' | b'f' | b'c')) =>
        {
            other
        }
        (Dtype::FLOAT64, Dtype::Exact(b'i' | b'u', _)) | (Dtype::Exact(b'i' | b'u', _), Dtype::FLOAT64) => {
            Dtype::FLOAT64
        }
        (Dtype::COMPLEX128, Dtype::Exact(b'i' | b'u' | b'f' | b'c', _))
        | (Dtype::Exact(b'i' | b'u' | b'f' | b'c', _), Dtype::COMPLEX128) => Dtype::COMPLEX128,
        _ => match (a.kind(), b.kind()) {
            (Some(b'c'), Some(b'i' | b'u' | b'f' | b'c' | b'b')) | (Some(b'i' | b'u' | b'f' | b'b'), Some(b'c')) => {
                Dtype::Kind(b'c')
            }
            (Some(b'f'), Some(b'i' | b'u' | b'f' | b'b')) | (Some(b'i' | b'u' | b'b'), Some(b'f')) => Dtype::Kind(b'f'),
            _ => Dtype::Unknown,
        },
    }
}

/// The layout of an array that was made dense in an order: `C`, `F`; anything else leaves it open.
pub(crate) fn set_order(array: &mut Array, order: Option<u8>) {
    match order {
        Some(b'C') => array.c = Tri::Must,
        Some(b'F') => array.f = Tri::Must,
        _ => {}
    }
}
