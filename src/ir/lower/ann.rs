//! Type annotations.

use ruff_python_ast::{Expr, Operator};

use super::Lower;
use crate::ir::Ann;
use crate::syntax;

/// No annotation that says anything is nested more deeply.
const DEEPEST: u32 = 16;

impl Lower<'_> {
    /// The tree of names of an annotation.
    pub(super) fn ann(&mut self, expr: &Expr) -> Ann {
        self.ann_at(expr, 0)
    }

    fn ann_at(&mut self, expr: &Expr, depth: u32) -> Ann {
        if depth > DEEPEST {
            return Ann::Other;
        }
        match expr {
            Expr::Name(_) | Expr::Attribute(_) => {
                let path = self.dotted(expr);
                if path.is_empty() { Ann::Other } else { Ann::Name(path) }
            }
            Expr::NoneLiteral(_) => Ann::None,
            Expr::StringLiteral(e) => {
                let parsed = syntax::parse_expression(e.value.to_str());
                parsed.map_or(Ann::Other, |e| self.ann_at(&e, depth + 1))
            }
            Expr::Subscript(e) => {
                let base = self.ann_at(&e.value, depth + 1);
                let args = match &*e.slice {
                    Expr::Tuple(t) => t.elts.iter().map(|e| self.ann_at(e, depth + 1)).collect(),
                    slice => vec![self.ann_at(slice, depth + 1)],
                };
                Ann::Sub(Box::new(base), args)
            }
            Expr::BinOp(e) if e.op == Operator::BitOr => {
                // `A | B | C` leans to the left.
                let mut parts = Vec::new();
                let mut at = expr;
                while let Expr::BinOp(e) = at
                    && e.op == Operator::BitOr
                {
                    parts.push(self.ann_at(&e.right, depth + 1));
                    at = &e.left;
                }
                parts.push(self.ann_at(at, depth + 1));
                parts.reverse();
                Ann::Union(parts)
            }
            _ => Ann::Other,
        }
    }
}
