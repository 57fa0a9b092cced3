//! Whether a body puts one thing somewhere several times, as `[x] * n` does.

use super::Candidates;
use crate::ir::{BinOp, Body, Const, LocalKind, OpKind, Temp};

impl Candidates<'_> {
    /// Does the op put one and the same thing, which may be an array, into a list, dict or object array several times?
    pub(super) fn repeats(&self, kind: &OpKind, body: &Body) -> bool {
        match kind {
            OpKind::Binary(BinOp::Mult, left, right) => self.displays(*left) || self.displays(*right),
            OpKind::Comprehension(_, _, element) => match self.def(*element) {
                Some(OpKind::Load(local)) => {
                    matches!(body.locals[local.index()].kind, LocalKind::Plain | LocalKind::Param(_))
                }
                _ => false,
            },
            OpKind::Method { name, args, .. } if Some(*name) == self.fromkeys => args.len() == 2,
            OpKind::Method { name, args, .. } if Some(*name) == self.fill => {
                args.first().is_some_and(|arg| !self.is_number(arg.value))
            }
            _ => false,
        }
    }

    /// Is it a list or tuple that is written out, of other things than numbers?
    fn displays(&self, value: Temp) -> bool {
        matches!(self.def(value), Some(OpKind::Display(_, items)) if items.iter().any(|item| !self.is_number(item.0)))
    }

    fn is_number(&self, value: Temp) -> bool {
        match self.def(value) {
            Some(OpKind::Const(constant)) => !matches!(constant, Const::Ellipsis),
            Some(OpKind::Unary(_, operand)) => self.is_number(*operand),
            _ => false,
        }
    }
}
