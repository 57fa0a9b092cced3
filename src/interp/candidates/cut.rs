//! Small parts that are cut off what a body made, and keep it alive.

use super::Candidates;
use crate::ir::{BinOp, Body, Const, LocalKind, OpKind, Temp};

impl Candidates<'_> {
    /// Is a part with constant ends cut from what the body made, as it seems?
    pub(super) fn cuts(&self, value: Temp, body: &Body) -> bool {
        match self.def(value) {
            Some(OpKind::Index(obj, index)) => {
                self.is_few(*index)
                    && match self.def(*obj) {
                        Some(OpKind::Load(local)) => body.locals[local.index()].kind == LocalKind::Plain,
                        Some(OpKind::Call(..) | OpKind::Method { .. }) => true,
                        _ => false,
                    }
            }
            Some(OpKind::Display(_, items)) => {
                let part = |item: Temp| matches!(self.def(item), Some(OpKind::Index(..) | OpKind::Load(_)));
                items.iter().any(|item| part(item.0) && self.cuts(item.0, body))
            }
            Some(OpKind::Load(local)) => self.cut.contains(local),
            _ => false,
        }
    }

    /// May the index take few elements along the first axis?
    fn is_few(&self, index: Temp) -> bool {
        let constant = |temp: &Temp| matches!(self.def(*temp), Some(OpKind::Const(_) | OpKind::Unary(..)));
        let first = match self.def(index) {
            Some(OpKind::Display(_, items)) => items.first().map(|item| item.0),
            _ => Some(index),
        };
        match first.and_then(|index| self.def(index)) {
            Some(OpKind::Slice(lower, upper, _)) => [lower, upper].into_iter().flatten().any(constant),
            Some(OpKind::Const(Const::Int(_)) | OpKind::Unary(..) | OpKind::Binary(BinOp::Sub, ..)) => true,
            _ => false,
        }
    }
}
