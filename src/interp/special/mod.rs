//! The rows whose answer depends on layout, dtype or keywords in ways that the words cannot say.

mod convert;
mod fresh;
mod parts;
mod reshape;

use crate::domain::{Array, Dtype, Evidence, Kinds, Owner, Shape, Tri, Value, ValueId};
use crate::interp::call::{Call, Shared};
use crate::interp::machine::{Machine, reaxed};
use crate::model::{Row, Special};
use reshape::{last_two_swapped, reverse_axes, spread};

impl<'a> Machine<'a> {
    /// The refined answer of a row; None: the words are all there is to say.
    pub(crate) fn special(&mut self, special: Special, call: &Call<'a>) -> Option<ValueId> {
        match special {
            // Said of the object and its index: see `library`.
            Special::Member => None,
            Special::Asarray => self.asarray(call),
            Special::Array => self.np_array(call),
            Special::MaskedArray => self.masked_array(call),
            Special::MaskedCopy => match self.copy_wish(call, Some(true)) {
                Wish::Always => Some(self.fresh_result(call, Owner::View, false)),
                _ => None,
            },
            Special::Contiguous => self.contiguous(call),
            Special::Astype => self.astype(call),
            Special::Copy => Some(self.explicit_copy(call)),
            Special::Reshape => self.reshape(call),
            Special::Ravel => self.ravel(call),
            Special::Transpose => self.transpose(call),
            Special::Squeeze => self.on_view(call, |_, array| {
                let before = array.shape.clone();
                let known = before.as_ref().is_some_and(|shape| !shape.contains(&-1)) && call.named("axis").is_none();
                let strides = array.strides();
                let (c, f) = (array.c, array.f);
                array.forget_layout();
                (array.c, array.f) = (c, f);
                if let (Some(shape), true) = (before, known) {
                    let kept = |axis: &usize| shape[*axis] != 1;
                    let strides =
                        strides.map(|strides| (0..shape.len()).filter(kept).map(|axis| strides[axis]).collect());
                    array.set_layout(Some(shape.iter().copied().filter(|&n| n != 1).collect()), strides);
                }
            }),
            Special::ExpandDims => self.expand_dims(call),
            Special::Atleast => self.atleast(call),
            Special::BroadcastTo => {
                let shape = call.named("shape").and_then(|value| self.shape_value(value));
                self.on_view(call, |_, array| {
                    spread(array, shape);
                    array.writeable = Tri::No;
                    reaxed(array);
                })
            }
            Special::BroadcastArrays => self.broadcast_arrays(call),
            Special::Flip => self.on_view(call, |m, array| {
                if call.row.name.ends_with(".flip") && array.ndim().is_none_or(|n| n == 0) {
                    // Of an array of no dimensions: its number.
                    array.kinds = array.kinds.union(Kinds::SCALAR);
                }
                let same = !call.row.name.ends_with("rot90");
                let turned = m.flipped(call, array);
                let shape = array.shape.take();
                array.forget_layout();
                if let Some(strides) = turned {
                    array.set_layout(shape, Some(strides));
                    reaxed(array);
                    return;
                }
                array.shape = if same { shape } else { shape.map(|s| Shape::from_elem(-1, s.len())) };
                reaxed(array);
            }),
            Special::Split => self.split(call),
            Special::Meshgrid => self.meshgrid(call),
            Special::Diag => self.diag(call),
            Special::View => self.view_method(call),
            Special::Real | Special::Imag => {
                let given = call.value(0).map_or(Kinds::ANY, |value| self.values.kinds(value));
                match self.shared(call, 0) {
                    Shared::Array(array, _) => self.complex_part(&array, special == Special::Real),
                    // Numbers have a real and an imaginary part of their own: no array comes of them.
                    Shared::Perhaps(..) => {
                        let value = self.by_words(call, &call.row.result);
                        Some(self.loosen(value, Kinds::SCALAR.union(Kinds::OTHER)))
                    }
                    Shared::Converted if given.meets(Kinds::SCALAR) => Some(ValueId::SCALAR),
                    // The imaginary part of a list of real numbers is read-only.
                    Shared::Converted if special == Special::Imag => {
                        let value = self.by_words(call, &call.row.result);
                        let Value::Array(array) = self.values.get(value) else { return Some(value) };
                        let array = Array { writeable: Tri::May, ..array.clone() };
                        Some(self.values.make(array))
                    }
                    Shared::Converted | Shared::Unknown => None,
                }
            }
            Special::Conj => self.conj(call),
            Special::NanToNum => self.nan_to_num(call),
            Special::RealIfClose => match self.shared(call, 0) {
                Shared::Array(array, value) if array.dtype.is_complex().no() => Some(value),
                _ => {
                    // Real or complex, as the numbers are.
                    let value = self.by_words(call, &call.row.result);
                    let Value::Array(array) = self.values.get(value) else { return Some(value) };
                    let array = Array { dtype: Dtype::Unknown, ..array.clone() };
                    Some(self.values.make(array))
                }
            },
            Special::Where if call.named("x").is_none() && !call.open => Some(self.nonzero(call)),
            Special::Nonzero => Some(self.nonzero(call)),
            Special::OpenMesh => self.open_mesh(call),
            Special::Indices => self.indices(call),
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
            Special::Load => self.load_file(call),
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
            Special::Factors => {
                let plain = match call.named("mode").map(|mode| self.values.get(mode)) {
                    None => true,
                    Some(Value::Str(Some(mode))) => matches!(self.name(*mode), "full" | "economic"),
                    Some(_) => false,
                };
                (!plain || call.open).then_some(ValueId::UNKNOWN)
            }
            Special::Diff => {
                let fresh = match call.named("n").map(|n| self.values.get(n)) {
                    None => true,
                    Some(Value::Int(Some(n))) => *n != 0,
                    Some(_) => false,
                };
                if fresh && !call.open {
                    return None;
                }
                let differences = self.by_words(call, &call.row.result);
                let same = call.value(0).unwrap_or(ValueId::UNKNOWN);
                Some(self.values.join(differences, same))
            }
            Special::Tile => {
                let tiled = self.by_words(call, &call.row.result);
                let known = match self.shared(call, 0) {
                    Shared::Array(array, _) => array.writeable.must() || array.size().is_some_and(|size| size > 0),
                    Shared::Converted => true,
                    Shared::Perhaps(..) | Shared::Unknown => false,
                };
                match self.values.get(tiled).clone() {
                    Value::Array(mut array) if !known => {
                        array.writeable = Tri::May;
                        Some(self.values.make(array))
                    }
                    _ => Some(tiled),
                }
            }
            Special::Item => {
                let array = self.values.array(call.value(0)?)?;
                let number = array.dtype.kind().is_some_and(|kind| kind != b'O');
                if number { Some(self.number_of(array.dtype)) } else { Some(ValueId::UNKNOWN) }
            }
        }
    }

    /// The refined value of an attribute.
    pub(crate) fn special_attribute(&mut self, array: &Array, row: &Row) -> Option<ValueId> {
        match row.special? {
            Special::Transpose => {
                let last_two = row.name.ends_with("mT");
                let mut turned = array.clone();
                match array.ndim() {
                    Some(n) if last_two && n > 2 => last_two_swapped(&mut turned),
                    None if last_two => {
                        turned.forget_layout();
                        reaxed(&mut turned);
                    }
                    _ => reverse_axes(&mut turned),
                }
                let strides = turned.sparse.take();
                Some(self.view(&turned, |view| view.sparse = strides))
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
                let strides = array.sparse.take();
                Some(self.view(&array, |view| view.sparse = strides))
            }
            Shared::Perhaps(mut array, _) if is_method(call.row) => {
                change(self, &mut array);
                let strides = array.sparse.take();
                Some(self.view(&array, |view| view.sparse = strides))
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
}

/// Whether a copy is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Always,
    IfNeeded,
    Unknown,
}

fn is_method(row: &Row) -> bool {
    row.params.first().is_some_and(|param| &*param.name == "self")
}
