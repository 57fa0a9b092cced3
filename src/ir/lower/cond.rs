//! Tests that branch: of `if`, `while`, `assert` and guards.

use ruff_python_ast::{BoolOp, CmpOp as AstCmp, Expr, Number, UnaryOp};

use super::expr::cmp_op;
use super::{Cond, Lower, MAX_DEPTH, Terminator};
use crate::ir::BlockId;

impl<'a> Lower<'a> {
    /// Ends the current block with a test: on to `then` where it holds, to `other` where it does not.
    pub(super) fn cond(&mut self, test: &'a Expr, then: BlockId, other: BlockId) {
        if self.depth >= MAX_DEPTH {
            return self.fun.end(Terminator::Branch { cond: Cond::Unknown, then, other });
        }
        self.depth += 1;
        self.cond_inner(test, then, other);
        self.depth -= 1;
    }

    fn cond_inner(&mut self, test: &'a Expr, then: BlockId, other: BlockId) {
        match test {
            Expr::BoolOp(e) => {
                let Some((last, first)) = e.values.split_last() else { return };
                for value in first {
                    let next = self.fun.block();
                    match e.op {
                        BoolOp::And => self.cond(value, next, other),
                        BoolOp::Or => self.cond(value, then, next),
                    }
                    self.fun.start(next);
                }
                self.cond(last, then, other);
            }
            Expr::UnaryOp(e) if e.op == UnaryOp::Not => self.cond(&e.operand, other, then),
            Expr::Compare(e) => {
                if let ([op], [right]) = (&*e.ops, &*e.comparators) {
                    let none = match op {
                        AstCmp::Is | AstCmp::IsNot if right.is_none_literal_expr() => Some(&*e.left),
                        AstCmp::Is | AstCmp::IsNot if e.left.is_none_literal_expr() => Some(right),
                        _ => None,
                    };
                    let cond;
                    let mut swap = false;
                    if let Some(value) = none {
                        cond = Cond::IsNone(self.expr(value));
                        swap = *op == AstCmp::IsNot;
                    } else {
                        let left = self.expr(&e.left);
                        let right = self.expr(right);
                        cond = Cond::Compare(cmp_op(*op), left, right);
                    }
                    let (then, other) = if swap { (other, then) } else { (then, other) };
                    self.fun.end(Terminator::Branch { cond, then, other });
                } else {
                    self.truthy(test, then, other);
                }
            }
            Expr::Call(call) => {
                if let Expr::Name(name) = &*call.func
                    && name.id.as_str() == "isinstance"
                    && call.arguments.keywords.is_empty()
                    && let [value, types] = &*call.arguments.args
                    && !value.is_starred_expr()
                    && !types.is_starred_expr()
                {
                    let value = self.expr(value);
                    let types = self.expr(types);
                    self.fun.end(Terminator::Branch { cond: Cond::IsInstance(value, types), then, other });
                } else {
                    self.truthy(test, then, other);
                }
            }
            _ => self.truthy(test, then, other),
        }
    }

    fn truthy(&mut self, test: &'a Expr, then: BlockId, other: BlockId) {
        let value = self.expr(test);
        self.fun.end(Terminator::Branch { cond: Cond::Truthy(value), then, other });
    }
}

/// Is it `True` or `1` (or another number that is not zero)?
pub(super) fn always_true(test: &Expr) -> bool {
    match test {
        Expr::BooleanLiteral(e) => e.value,
        Expr::NumberLiteral(e) => matches!(&e.value, Number::Int(i) if i.as_i64() != Some(0)),
        _ => false,
    }
}
