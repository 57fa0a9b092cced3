//! What is bound, stored to, updated in place or deleted: the targets of assignments.

use ruff_python_ast::{self as ast, Expr};

use super::expr::bin_op;
use super::{Lower, OpKind, Temp};
use crate::syntax::span;

impl<'a> Lower<'a> {
    /// Stores a value to a target.
    pub(super) fn store(&mut self, target: &'a Expr, value: Temp) {
        match target {
            Expr::Name(e) => {
                let local = self.bound_local(e.id.as_str());
                self.fun.act(OpKind::Store(local, value), span(e));
            }
            Expr::Attribute(e) => {
                let obj = self.expr(&e.value);
                self.note_attribute(e);
                let name = self.intern(e.attr.as_str());
                self.fun.act(OpKind::SetAttr { obj, name, value, inplace: false }, span(e));
            }
            Expr::Subscript(e) => {
                let obj = self.expr(&e.value);
                let index = self.expr(&e.slice);
                self.fun.act(OpKind::SetItem { obj, index, value, inplace: false }, span(e));
            }
            Expr::Tuple(e) => self.unpack(&e.elts, value),
            Expr::List(e) => self.unpack(&e.elts, value),
            Expr::Starred(e) => self.store(&e.value, value),
            _ => {
                self.opaque(vec![value], span(target));
            }
        }
    }

    /// Takes a value apart, then stores the parts from left to right.
    fn unpack(&mut self, targets: &'a [Expr], value: Temp) {
        let total = targets.len() as u32;
        let star = targets.iter().position(Expr::is_starred_expr);
        let mut parts = smallvec::SmallVec::<[Temp; 4]>::with_capacity(targets.len());
        for (i, target) in targets.iter().enumerate() {
            let kind = match star {
                Some(star) if star == i => OpKind::UnpackRest { value, before: i as u32, after: total - 1 - i as u32 },
                Some(star) if star < i => {
                    OpKind::Unpack { value, index: i as i32 - total as i32, total, starred: true }
                }
                _ => OpKind::Unpack { value, index: i as i32, total, starred: star.is_some() },
            };
            parts.push(self.fun.emit(kind, span(target)));
        }
        for (target, part) in targets.iter().zip(parts) {
            self.store(target, part);
        }
    }

    /// An augmented assignment.
    pub(super) fn aug_assign(&mut self, stmt: &'a ast::StmtAugAssign) {
        let whole = span(stmt);
        let op = bin_op(stmt.op);
        match &*stmt.target {
            Expr::Name(e) => {
                let local = self.bound_local(e.id.as_str());
                let old = self.fun.emit(OpKind::Load(local), span(e));
                let value = self.expr(&stmt.value);
                let new = self.fun.emit(OpKind::InPlace(op, old, value), whole);
                self.fun.act(OpKind::Store(local, new), span(e));
            }
            Expr::Attribute(e) => {
                let obj = self.expr(&e.value);
                self.note_attribute(e);
                let name = self.intern(e.attr.as_str());
                let old = self.fun.emit(OpKind::Attr(obj, name), span(e));
                let value = self.expr(&stmt.value);
                let new = self.fun.emit(OpKind::InPlace(op, old, value), whole);
                self.fun.act(OpKind::SetAttr { obj, name, value: new, inplace: true }, span(e));
            }
            Expr::Subscript(e) => {
                let obj = self.expr(&e.value);
                let index = self.expr(&e.slice);
                let old = self.fun.emit(OpKind::Index(obj, index), span(e));
                let value = self.expr(&stmt.value);
                let new = self.fun.emit(OpKind::InPlace(op, old, value), whole);
                self.fun.act(OpKind::SetItem { obj, index, value: new, inplace: true }, span(e));
            }
            // The grammar allows nothing else.
            _ => {
                let value = self.expr(&stmt.value);
                self.opaque(vec![value], whole);
            }
        }
    }

    /// Deletes a target.
    pub(super) fn delete(&mut self, target: &'a Expr) {
        match target {
            Expr::Name(e) => {
                let local = self.bound_local(e.id.as_str());
                self.fun.act(OpKind::Delete(local), span(e));
            }
            Expr::Attribute(e) => {
                let obj = self.expr(&e.value);
                let name = self.intern(e.attr.as_str());
                self.fun.act(OpKind::DelAttr(obj, name), span(e));
            }
            Expr::Subscript(e) => {
                let obj = self.expr(&e.value);
                let index = self.expr(&e.slice);
                self.fun.act(OpKind::DelItem(obj, index), span(e));
            }
            Expr::Tuple(e) => e.elts.iter().for_each(|e| self.delete(e)),
            Expr::List(e) => e.elts.iter().for_each(|e| self.delete(e)),
            _ => {
                self.opaque(Vec::new(), span(target));
            }
        }
    }

    /// Notes an attribute that a method sets on its first parameter.
    pub(super) fn note_attribute(&mut self, target: &ast::ExprAttribute) {
        let (Some(class), Some(receiver)) = (self.fun.class, self.fun.receiver) else { return };
        if let Expr::Name(name) = &*target.value
            && self.names.text(receiver) == name.id.as_str()
        {
            let sym = self.intern(target.attr.as_str());
            self.classes[class.index()].attributes.push(sym);
        }
    }
}
