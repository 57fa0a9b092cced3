//! Whether anything in a body speaks for arrays.

use super::Candidates;
use crate::ir::docstring;
use crate::ir::{Body, Const, Default, LocalKind, OpKind, Temp, UnaryOp};

/// What in a body speaks for arrays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hint {
    /// Nothing.
    Nothing,
    /// It calls things of the file, which may give it arrays.
    Calls,
    /// It uses NumPy or another package of the model, or something as only arrays are used.
    Arrays,
}

impl Candidates<'_> {
    /// What in a body speaks for arrays.
    pub(super) fn hint(&self, body: &Body, text: &str) -> Hint {
        let documented = || {
            let words = body.docstring.and_then(|span| text.get(span.start as usize..span.end as usize));
            words.is_some_and(docstring::speaks_of_arrays)
        };
        if !body.params.is_empty() && (body.params.iter().any(|p| p.annotation.is_some()) || documented()) {
            return Hint::Arrays;
        }
        if body.params.iter().any(|param| matches!(param.default, Some(Default::Other(_)))) {
            return Hint::Arrays;
        }
        let mut hint = Hint::Nothing;
        let (mut slice, mut mask, mut part) = (None, None, None);
        for op in body.blocks.iter().flat_map(|block| &block.ops) {
            match &op.kind {
                OpKind::Slice(..) => slice = op.dest,
                OpKind::Compare(..) => mask = op.dest,
                // `x[:, 1]`, `x[...]`, `x[a:b] = y`, `x[x > 0]`
                OpKind::Display(_, items) if items.iter().any(|item| Some(item.0) == slice) => return Hint::Arrays,
                OpKind::Const(Const::Ellipsis) => return Hint::Arrays,
                OpKind::SetItem { index, .. } if Some(*index) == slice => return Hint::Arrays,
                OpKind::SetItem { index, .. } | OpKind::Index(_, index) if Some(*index) == mask => return Hint::Arrays,
                OpKind::Index(..) => part = op.dest,
                OpKind::Load(local) => {
                    let info = &body.locals[local.index()];
                    if self.modelled[info.name.0 as usize] {
                        return Hint::Arrays;
                    }
                    if matches!(info.kind, LocalKind::Global(_) | LocalKind::Free(_)) {
                        hint = Hint::Calls;
                    }
                }
                OpKind::Attr(_, name) | OpKind::Method { name, .. } if self.known.meaning(*name).arrayish() => {
                    return Hint::Arrays;
                }
                OpKind::Method { .. } | OpKind::Function(..) => hint = Hint::Calls,
                // `history[i + 1] = history[i]`: whatever it is that it was given.
                OpKind::SetItem { value, .. } if Some(*value) == part => hint = Hint::Calls,
                OpKind::Unary(UnaryOp::Invert, _) => return Hint::Arrays,
                _ => {}
            }
        }
        hint
    }

    /// Is it `file["name"]`?
    pub(super) fn is_item_by_name(&self, temp: Temp) -> bool {
        match self.def(temp) {
            Some(OpKind::Index(_, key)) => matches!(self.def(*key), Some(OpKind::Const(Const::Str(_)))),
            _ => false,
        }
    }
}
