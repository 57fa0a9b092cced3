//! What the components of an index are, and what they do together.

use smallvec::SmallVec;

use super::{Kind, Part, Step};
use crate::domain::{Array, CopyOf, Dtype, ObjectKind, Value, ValueId};
use crate::interp::machine::Machine;

/// The components of an index, with their values.
pub(super) type Parts = SmallVec<[(Part, ValueId); 4]>;

impl<'a> Machine<'a> {
    // --- arrays -------------------------------------------------------------------------------------------------

    /// The components of an index, and whether it is a tuple.
    pub(super) fn parts(&self, at: ValueId) -> (Parts, bool) {
        match self.values.get(at) {
            Value::Tuple(items) => (items.iter().map(|&item| (self.part(item), item)).collect(), true),
            Value::TupleOf(item) => {
                let part = match self.part(*item) {
                    Part::Slice(_) => Part::Slices,
                    Part::Int | Part::NewAxis | Part::Ellipsis | Part::Basic => Part::Basic,
                    Part::Fancy | Part::Mask => Part::Several,
                    _ => Part::Unknown,
                };
                (smallvec::smallvec![(part, *item)], true)
            }
            _ => (smallvec::smallvec![(self.part(at), at)], false),
        }
    }

    /// Does an index of integers and slices certainly ask for more axes than there are, or for what lies beyond the end?
    /// (`IndexError`: <https://numpy.org/doc/stable/user/basics.indexing.html>)
    pub(super) fn is_out_of_range(&self, array: &Array, at: ValueId) -> bool {
        let (true, Some(shape)) = (array.certain(), &array.shape) else { return false };
        let (parts, _) = self.parts(at);
        let mut axes = 0;
        for &(part, value) in &parts {
            match (part, self.values.get(value)) {
                (Part::NewAxis, _) => {}
                (Part::Slice(_), _) => axes += 1,
                (Part::Int, Value::Int(n)) => {
                    let length = shape.get(axes).copied().unwrap_or(0);
                    // (Behind an ellipsis they count from the back.)
                    if length >= 0 && n.is_some_and(|n| n >= length || n < -length) {
                        return true;
                    }
                    axes += 1;
                }
                _ => return false,
            }
        }
        axes > shape.len()
    }

    /// Do the integers and slices of an index certainly lie within an array?
    pub(crate) fn is_in_range(&self, array: &Array, at: ValueId) -> bool {
        let Some(shape) = &array.shape else { return false };
        let end = |end: ValueId| matches!(self.values.get(end), Value::None | Value::Int(Some(_)));
        let (parts, _) = self.parts(at);
        let mut axes = 0;
        for &(part, value) in &parts {
            match (part, self.values.get(value)) {
                (Part::NewAxis, _) => {}
                (Part::Slice(_), &Value::Slice(from, to, step)) => {
                    let steps = matches!(self.values.get(step), Value::None)
                        || matches!(self.values.get(step), Value::Int(Some(n)) if *n != 0);
                    if !end(from) || !end(to) || !steps {
                        return false;
                    }
                    axes += 1;
                }
                (Part::Int, Value::Int(Some(n))) => {
                    let length = shape.get(axes).copied().unwrap_or(-1);
                    if length < 0 || *n >= length || *n < -length {
                        return false;
                    }
                    axes += 1;
                }
                _ => return false,
            }
        }
        axes <= shape.len()
    }

    pub(super) fn part(&self, value: ValueId) -> Part {
        match self.values.get(value) {
            Value::Int(_) => Part::Int,
            Value::Slice(a, b, step) => {
                let none = |id: &ValueId| *self.values.get(*id) == Value::None;
                Part::Slice(match self.values.get(*step) {
                    Value::None | Value::Int(Some(1)) if none(a) && none(b) => Step::Full,
                    Value::None | Value::Int(Some(1)) => Step::One,
                    _ => Step::Other,
                })
            }
            Value::None => Part::NewAxis,
            Value::Ellipsis => Part::Ellipsis,
            Value::Basic => Part::Basic,
            Value::Str(name) => Part::Field(*name),
            Value::Bool(_) => Part::Bool,
            Value::Range(..) => Part::Fancy,
            Value::Array(array) if array.dtype == Dtype::BOOL => match array.ndim() {
                Some(0) if array.certain() => Part::Bool,
                _ => Part::Mask,
            },
            Value::Array(array) if array.certain() => match (array.dtype.kind(), array.ndim()) {
                (Some(b'b'), _) => Part::Mask,
                (Some(b'i' | b'u'), Some(0)) => Part::Zero,
                (Some(b'i' | b'u') | None, _) => Part::Fancy,
                (Some(_), _) => Part::Unknown,
            },
            Value::Ref(objects) => self.part_of_list(value, objects),
            Value::Tuple(_) if self.nested_dtype(value, 0) == Some(Dtype::BOOL) => Part::Mask,
            Value::Tuple(_) | Value::TupleOf(_) => Part::Fancy,
            _ => Part::Unknown,
        }
    }

    fn part_of_list(&self, list: ValueId, objects: &[crate::domain::BufId]) -> Part {
        let mut fields = false;
        for (_, id) in self.contents(objects) {
            let content = self.values.content(id);
            if content.kind != ObjectKind::List {
                return Part::Unknown;
            }
            let first = content.fixed.first().map_or(content.rest, |entry| entry.1);
            match self.values.get(first) {
                Value::Str(_) => fields = true,
                _ if objects.len() == 1 && self.nested_dtype(list, 0) == Some(Dtype::BOOL) => return Part::Mask,
                // `list(x)` of something unknown is taken for numbers: names of fields are nearly always constants.
                _ => return Part::Fancy,
            }
        }
        if fields { Part::Fields } else { Part::Unknown }
    }

    pub(super) fn kind(&self, parts: &[(Part, ValueId)]) -> Kind {
        let mut kind = Kind::Basic;
        for (part, _) in parts {
            match part {
                Part::Mask | Part::Bool => kind = Kind::Advanced(CopyOf::Mask),
                Part::Fancy | Part::Several | Part::Zero if kind != Kind::Advanced(CopyOf::Mask) => {
                    kind = Kind::Advanced(CopyOf::Fancy);
                }
                Part::Unknown if kind == Kind::Basic => kind = Kind::Unknown,
                _ => {}
            }
        }
        kind
    }
}
