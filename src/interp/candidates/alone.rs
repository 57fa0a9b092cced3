//! Ops that a rule may start from though an array goes by one name only: those that put one thing somewhere several
//! times, as `[x] * n` and `meshgrid(copy=False)` do, those that update a part of an array from the array itself, and those
//! that exchange its parts.

use super::Candidates;
use crate::ir::{BinOp, Body, Const, LocalKind, OpKind, Sym, Temp};

impl Candidates<'_> {
    /// Is the op such a one?
    pub(super) fn is_alone(&self, kind: &OpKind, body: &Body) -> bool {
        match kind {
            // `a[i] /= a.sum()`
            OpKind::InPlace(_, target, operand) => match self.def(*target) {
                Some(OpKind::Index(obj, _)) => self.reads(*operand, *obj),
                _ => false,
            },
            OpKind::SetItem { obj, value, .. } => match self.def(*value) {
                Some(OpKind::Binary(_, _, operand)) => self.reads(*operand, *obj),
                // `a[i], a[j] = a[j], a[i]`
                Some(OpKind::Unpack { value: tuple, .. }) => match self.def(*tuple) {
                    Some(OpKind::Display(_, items)) => items.iter().any(|item| self.reads(item.0, *obj)),
                    _ => false,
                },
                // `a[i + 1] = a[i]`, `a[i] = a[i - 1:i + 2].mean()`
                _ => self.reads(*value, *obj),
            },
            // `random.shuffle(rows)`
            OpKind::Method { name, .. } if Some(*name) == self.shuffle => true,
            OpKind::Call(callee, _) => match self.def(*callee) {
                Some(OpKind::Load(local)) => Some(body.locals[local.index()].name) == self.shuffle,
                _ => false,
            },
            OpKind::Binary(BinOp::Mult, left, right) => self.displays(*left) || self.displays(*right),
            OpKind::Comprehension(_, _, element) => match self.def(*element) {
                Some(OpKind::Load(local)) => {
                    matches!(body.locals[local.index()].kind, LocalKind::Plain | LocalKind::Param(_))
                }
                _ => false,
            },
            OpKind::Method { name, args, .. } if Some(*name) == self.fromkeys => args.len() == 2,
            OpKind::Method { name, .. } if Some(*name) == self.meshgrid => true,
            OpKind::Method { name, args, .. } if Some(*name) == self.fill => {
                args.first().is_some_and(|arg| !self.is_number(arg.value))
            }
            _ => false,
        }
    }

    /// Is the operand a part of the variable, or what a function makes of it?
    fn reads(&self, operand: Temp, obj: Temp) -> bool {
        let of = match self.def(operand) {
            Some(OpKind::Index(of, _)) => Some(*of),
            Some(OpKind::Call(_, args)) => args.first().map(|arg| arg.value),
            Some(OpKind::Method { obj: of, args, .. }) => {
                let first = args.first().map(|arg| arg.value);
                return [Some(*of), first].into_iter().flatten().any(|of| self.is_part(of, obj));
            }
            _ => None,
        };
        of.is_some_and(|of| self.is_part(of, obj))
    }

    fn is_part(&self, of: Temp, obj: Temp) -> bool {
        let of = match self.def(of) {
            Some(OpKind::Index(of, _)) => *of,
            _ => of,
        };
        self.variable(of).is_some() && self.variable(of) == self.variable(obj)
    }

    fn variable(&self, value: Temp) -> Option<(u32, Option<Sym>)> {
        match self.def(value)? {
            OpKind::Load(local) => Some((local.0, None)),
            OpKind::Attr(obj, name) => match self.def(*obj)? {
                OpKind::Load(local) => Some((local.0, Some(*name))),
                _ => None,
            },
            _ => None,
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
