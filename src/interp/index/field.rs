//! Fields of structured arrays.

use super::Part;
use crate::domain::layout;
use crate::domain::{Array, Content, Dtype, Shape, Tri, Value, ValueId};
use crate::interp::machine::Machine;
use crate::ir::Sym;

/// What is known of the view that a field name, or a list of them, gives.
pub(super) enum Member {
    /// One field: its dtype, and the shape that each record has there; whether it is all that a
    /// record has, or certainly leaves something between its items.
    One { dtype: Dtype, shape: Shape, alone: bool, gaps: bool },
    /// Several: a view with gaps, its strides and lengths those of the array.
    Several,
}

impl Member {
    /// Makes a view of the whole array one of the field.
    pub(super) fn apply(self, view: &mut Array) {
        match self {
            // (`numpy.lib.recfunctions`: since NumPy 1.16, the items keep their size.)
            Member::Several => view.dtype = Dtype::Struct,
            Member::One { dtype, shape, alone, gaps } => {
                let strides = view.strides();
                let outer = view.shape.take();
                let (c, f) = (view.c, view.f);
                view.forget_layout();
                view.dtype = dtype;
                let Some(outer) = outer else { return };
                let one = outer.iter().all(|&n| n == 1);
                let gaps = gaps && !outer.contains(&-1) && !outer.contains(&0) && !one;
                let plain = shape.is_empty();
                let lengths: Shape = outer.iter().chain(&shape).copied().collect();
                if one || outer.contains(&0) {
                    let strides = layout::dense(&lengths, 0..lengths.len());
                    view.set_layout(Some(lengths), Some(strides));
                    return;
                }
                if let (true, Some(strides)) = (gaps, strides) {
                    // How far the records are apart is not followed; it is more than the field takes.
                    let far = 2 * shape.iter().product::<i64>().max(1);
                    let inner = layout::dense(&shape, 0..shape.len());
                    let strides = strides.iter().map(|stride| stride * far).chain(inner).collect();
                    view.set_layout(Some(lengths), Some(strides));
                    return;
                }
                view.set_shape(Some(lengths));
                (view.c, view.f) = match (gaps, alone && plain) {
                    (true, _) => (Tri::No, Tri::No),
                    (false, true) => (c, f),
                    (false, false) => (Tri::May, Tri::May),
                };
            }
        }
    }
}

impl<'a> Machine<'a> {
    /// What a field index gives, where the fields are known.
    pub(super) fn member_of(&self, array: &Array, parts: &[(Part, ValueId)]) -> Option<Member> {
        let Dtype::Record(fields) = array.dtype else {
            return matches!(parts, [(Part::Fields, _)]).then_some(Member::Several);
        };
        match parts {
            [(Part::Fields, _)] => Some(Member::Several),
            [(Part::Field(Some(name)), _)] => self.field(self.values.content(fields), *name),
            _ => None,
        }
    }

    /// The field of this name in a list of `(name, dtype)` or `(name, dtype, shape)`.
    fn field(&self, fields: &Content, name: Sym) -> Option<Member> {
        let items = |value: ValueId| match self.values.get(value) {
            Value::Tuple(items) => &items[..],
            _ => &[],
        };
        let named = |value: ValueId| {
            items(value).first().is_some_and(|&first| *self.values.get(first) == Value::Str(Some(name)))
        };
        let field = fields.fixed.iter().find(|entry| named(entry.1))?.1;
        let (dtype, shape) = match items(field) {
            [_, dtype] => (*dtype, Shape::new()),
            [_, dtype, shape] => (*dtype, self.shape_value(*shape).filter(|shape| !shape.contains(&-1))?),
            _ => return None,
        };
        let dtype = self.dtype_value(dtype)?;
        let gaps = fields.fixed.iter().any(|other| match items(other.1) {
            [first, dtype] => {
                *self.values.get(*first) != Value::Str(Some(name))
                    && matches!(self.dtype_value(*dtype), Some(Dtype::Exact(_, size)) if size > 0)
            }
            _ => false,
        });
        // A string such as "3f8" names a shape.
        (dtype != Dtype::Unknown).then_some(Member::One { dtype, shape, alone: fields.fixed.len() == 1, gaps })
    }
}
