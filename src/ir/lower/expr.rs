//! Expressions: in a straight line, each value in a temp.

use ruff_python_ast::{
    self as ast, ArgOrKeyword, BoolOp, CmpOp as AstCmp, Expr, InterpolatedStringElement, Number, Operator,
    UnaryOp as AstUnary,
};
use thin_vec::ThinVec;

use super::{Lower, MAX_DEPTH};
use crate::ir::{Arg, ArgKind, BinOp, CmpOp, CompKind, Const, Display, OpKind, Sym, Temp, UnaryOp};
use crate::source::Span;
use crate::syntax::span;

impl<'a> Lower<'a> {
    /// Lowers an expression; the temp that holds its value.
    pub(super) fn expr(&mut self, expr: &'a Expr) -> Temp {
        if self.depth >= MAX_DEPTH {
            return self.opaque(Vec::new(), span(expr));
        }
        self.depth += 1;
        let temp = self.expr_inner(expr);
        self.depth -= 1;
        temp
    }

    fn expr_inner(&mut self, expr: &'a Expr) -> Temp {
        match expr {
            Expr::Name(e) => {
                let local = self.local(e.id.as_str());
                self.fun.emit(OpKind::Load(local), span(e))
            }
            Expr::Attribute(e) => {
                let obj = self.expr(&e.value);
                let name = self.intern(e.attr.as_str());
                self.fun.emit(OpKind::Attr(obj, name), span(e))
            }
            Expr::Call(e) => self.call(e),
            Expr::Subscript(e) => {
                let obj = self.expr(&e.value);
                let index = self.expr(&e.slice);
                self.fun.emit(OpKind::Index(obj, index), span(e))
            }
            Expr::NumberLiteral(e) => {
                let value = match &e.value {
                    Number::Int(i) => i.as_i64().map_or(Const::BigInt, Const::Int),
                    Number::Float(_) => Const::Float,
                    Number::Complex { .. } => Const::Complex,
                };
                self.constant(value, span(e))
            }
            Expr::StringLiteral(e) => {
                let sym = self.intern(e.value.to_str());
                self.constant(Const::Str(sym), span(e))
            }
            Expr::BytesLiteral(e) => {
                let text: String = e.value.bytes().map(char::from).collect();
                let sym = self.intern(&text);
                self.constant(Const::Bytes(sym), span(e))
            }
            Expr::BooleanLiteral(e) => self.constant(Const::Bool(e.value), span(e)),
            Expr::NoneLiteral(e) => self.constant(Const::None, span(e)),
            Expr::EllipsisLiteral(e) => self.constant(Const::Ellipsis, span(e)),
            Expr::BinOp(e) => {
                let left = self.expr(&e.left);
                let right = self.expr(&e.right);
                self.fun.emit(OpKind::Binary(bin_op(e.op), left, right), span(e))
            }
            Expr::UnaryOp(e) => {
                let value = self.expr(&e.operand);
                self.fun.emit(OpKind::Unary(unary_op(e.op), value), span(e))
            }
            Expr::Compare(e) => self.compare(e),
            Expr::BoolOp(e) => self.bool_op(e),
            Expr::If(e) => self.if_expr(e),
            Expr::Named(e) => self.named(e),
            Expr::Tuple(e) => self.display(Display::Tuple, &e.elts, span(e)),
            Expr::List(e) => self.display(Display::List, &e.elts, span(e)),
            Expr::Set(e) => self.display(Display::Set, &e.elts, span(e)),
            Expr::Dict(e) => self.dict(e),
            Expr::Slice(e) => {
                let lower = e.lower.as_deref().map(|x| self.expr(x));
                let upper = e.upper.as_deref().map(|x| self.expr(x));
                let step = e.step.as_deref().map(|x| self.expr(x));
                self.fun.emit(OpKind::Slice(lower, upper, step), span(e))
            }
            Expr::ListComp(e) => self.comprehension(CompKind::List, None, &e.elt, &e.generators, span(e)),
            Expr::SetComp(e) => self.comprehension(CompKind::Set, None, &e.elt, &e.generators, span(e)),
            Expr::DictComp(e) => self.comprehension(CompKind::Dict, e.key.as_deref(), &e.value, &e.generators, span(e)),
            Expr::Generator(e) => self.comprehension(CompKind::Generator, None, &e.elt, &e.generators, span(e)),
            Expr::Lambda(e) => self.lambda(e),
            Expr::FString(e) => {
                let mut parts = Vec::new();
                for element in e.value.elements() {
                    self.interpolation(element, &mut parts);
                }
                self.fun.emit(OpKind::Format(parts.into()), span(e))
            }
            Expr::TString(e) => {
                let mut parts = Vec::new();
                for element in e.value.elements() {
                    self.interpolation(element, &mut parts);
                }
                self.fun.emit(OpKind::Format(parts.into()), span(e))
            }
            Expr::Await(e) => {
                let value = self.expr(&e.value);
                self.fun.emit(OpKind::Await(value), span(e))
            }
            Expr::Yield(e) => {
                let value = e.value.as_deref().map(|x| self.expr(x));
                self.fun.is_generator = true;
                self.fun.emit(OpKind::Yield(value), span(e))
            }
            Expr::YieldFrom(e) => {
                let value = self.expr(&e.value);
                self.fun.is_generator = true;
                self.fun.emit(OpKind::YieldFrom(value), span(e))
            }
            // Only where the grammar does not allow it; the places that do allow it look for it themselves.
            Expr::Starred(e) => {
                let value = self.expr(&e.value);
                self.fun.emit(OpKind::Iterate(value), span(e))
            }
            Expr::IpyEscapeCommand(e) => self.opaque(Vec::new(), span(e)),
        }
    }

    pub(super) fn constant(&mut self, value: Const, span: Span) -> Temp {
        self.fun.emit(OpKind::Const(value), span)
    }

    fn call(&mut self, call: &'a ast::ExprCall) -> Temp {
        if let Expr::Attribute(func) = &*call.func {
            let obj = self.expr(&func.value);
            let args = self.args(&call.arguments);
            let name = self.intern(func.attr.as_str());
            return self.fun.emit(OpKind::Method { obj, name, args }, span(call));
        }
        let func = self.expr(&call.func);
        let args = self.args(&call.arguments);
        self.fun.emit(OpKind::Call(func, args), span(call))
    }

    fn args(&mut self, arguments: &'a ast::Arguments) -> ThinVec<Arg> {
        let mut args = ThinVec::with_capacity(arguments.args.len() + arguments.keywords.len());
        if arguments.keywords.is_empty() {
            for arg in &arguments.args {
                let arg = self.positional(arg);
                args.push(arg);
            }
        } else {
            for arg in arguments.iter_source_order() {
                let arg = match arg {
                    ArgOrKeyword::Arg(arg) => self.positional(arg),
                    ArgOrKeyword::Keyword(keyword) => {
                        let value = self.expr(&keyword.value);
                        let kind = match &keyword.arg {
                            Some(name) => ArgKind::Kw(self.intern(name.as_str())),
                            None => ArgKind::DoubleStar,
                        };
                        Arg { kind, value }
                    }
                };
                args.push(arg);
            }
        }
        args
    }

    fn positional(&mut self, arg: &'a Expr) -> Arg {
        match arg {
            Expr::Starred(starred) => Arg { kind: ArgKind::Star, value: self.expr(&starred.value) },
            _ => Arg { kind: ArgKind::Pos, value: self.expr(arg) },
        }
    }

    fn display(&mut self, kind: Display, elements: &'a [Expr], span: Span) -> Temp {
        let mut temps = Vec::with_capacity(elements.len());
        for element in elements {
            let item = match element {
                Expr::Starred(starred) => (self.expr(&starred.value), true),
                _ => (self.expr(element), false),
            };
            temps.push(item);
        }
        self.fun.emit(OpKind::Display(kind, temps.into_boxed_slice()), span)
    }

    fn dict(&mut self, dict: &'a ast::ExprDict) -> Temp {
        let mut items = Vec::with_capacity(dict.items.len());
        for item in &dict.items {
            let key = item.key.as_ref().map(|key| self.expr(key));
            let value = self.expr(&item.value);
            items.push((key, value));
        }
        self.fun.emit(OpKind::Dict(items.into_boxed_slice()), span(dict))
    }

    fn compare(&mut self, e: &'a ast::ExprCompare) -> Temp {
        let mut left = self.expr(&e.left);
        if let ([op], [right]) = (&*e.ops, &*e.comparators) {
            let right = self.expr(right);
            return self.fun.emit(OpKind::Compare(cmp_op(*op), left, right), span(e));
        }
        let maybe = self.fun.maybe;
        let mut results = Vec::with_capacity(e.ops.len());
        for (op, right) in e.ops.iter().zip(&e.comparators) {
            let right = self.expr(right);
            results.push(self.fun.emit(OpKind::Compare(cmp_op(*op), left, right), span(e)));
            left = right;
            // The rest of the chain runs only if this comparison held.
            self.fun.maybe = true;
        }
        self.fun.maybe = maybe;
        self.fun.emit(OpKind::Join(results.into()), span(e))
    }

    fn bool_op(&mut self, e: &'a ast::ExprBoolOp) -> Temp {
        let maybe = self.fun.maybe;
        let mut values = Vec::with_capacity(e.values.len());
        for value in &e.values {
            let value = self.expr(value);
            values.push(value);
            self.fun.maybe = true;
        }
        self.fun.maybe = maybe;
        debug_assert!(matches!(e.op, BoolOp::And | BoolOp::Or));
        self.fun.emit(OpKind::Join(values.into()), span(e))
    }

    fn if_expr(&mut self, e: &'a ast::ExprIf) -> Temp {
        let test = self.expr(&e.test);
        self.fun.act(OpKind::Use(Box::new([test])), span(&*e.test));
        let maybe = std::mem::replace(&mut self.fun.maybe, true);
        let body = self.expr(&e.body);
        let orelse = self.expr(&e.orelse);
        self.fun.maybe = maybe;
        self.fun.emit(OpKind::Choose { test, then: body, other: orelse }, span(e))
    }

    fn named(&mut self, e: &'a ast::ExprNamed) -> Temp {
        let value = self.expr(&e.value);
        if let Expr::Name(name) = &*e.target {
            // In a comprehension it binds in the enclosing function: its name cannot be one of the comprehension's own.
            let local = self.bound_local(name.id.as_str());
            self.fun.act(OpKind::Store(local, value), span(name));
        }
        value
    }

    fn interpolation(&mut self, element: &'a InterpolatedStringElement, parts: &mut Vec<Temp>) {
        if let InterpolatedStringElement::Interpolation(element) = element {
            let value = self.expr(&element.expression);
            parts.push(value);
            if let Some(spec) = &element.format_spec {
                for element in &*spec.elements {
                    self.interpolation(element, parts);
                }
            }
        }
    }

    /// The names of a dotted name; empty if it is none.
    pub(super) fn dotted(&mut self, expr: &Expr) -> Vec<Sym> {
        let mut parts = Vec::new();
        let mut at = expr;
        loop {
            match at {
                Expr::Attribute(e) => {
                    parts.push(self.intern(e.attr.as_str()));
                    at = &e.value;
                }
                Expr::Name(e) => {
                    parts.push(self.intern(e.id.as_str()));
                    parts.reverse();
                    return parts;
                }
                _ => return Vec::new(),
            }
        }
    }

    /// The dotted name of what is called, or of the expression itself.
    pub(super) fn callee(&mut self, expr: &Expr) -> Vec<Sym> {
        match expr {
            Expr::Call(call) => self.dotted(&call.func),
            _ => self.dotted(expr),
        }
    }
}

/// The last part of the dotted name of what is called.
pub(super) fn callee_name(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Call(call) => callee_name(&call.func),
        Expr::Attribute(e) => Some(e.attr.as_str()),
        Expr::Name(e) => Some(e.id.as_str()),
        _ => None,
    }
}

pub(super) fn bin_op(op: Operator) -> BinOp {
    match op {
        Operator::Add => BinOp::Add,
        Operator::Sub => BinOp::Sub,
        Operator::Mult => BinOp::Mult,
        Operator::MatMult => BinOp::MatMult,
        Operator::Div => BinOp::Div,
        Operator::Mod => BinOp::Mod,
        Operator::Pow => BinOp::Pow,
        Operator::LShift => BinOp::LShift,
        Operator::RShift => BinOp::RShift,
        Operator::BitOr => BinOp::BitOr,
        Operator::BitXor => BinOp::BitXor,
        Operator::BitAnd => BinOp::BitAnd,
        Operator::FloorDiv => BinOp::FloorDiv,
    }
}

fn unary_op(op: AstUnary) -> UnaryOp {
    match op {
        AstUnary::Invert => UnaryOp::Invert,
        AstUnary::Not => UnaryOp::Not,
        AstUnary::UAdd => UnaryOp::UAdd,
        AstUnary::USub => UnaryOp::USub,
    }
}

pub(super) fn cmp_op(op: AstCmp) -> CmpOp {
    match op {
        AstCmp::Eq => CmpOp::Eq,
        AstCmp::NotEq => CmpOp::NotEq,
        AstCmp::Lt => CmpOp::Lt,
        AstCmp::LtE => CmpOp::LtE,
        AstCmp::Gt => CmpOp::Gt,
        AstCmp::GtE => CmpOp::GtE,
        AstCmp::Is => CmpOp::Is,
        AstCmp::IsNot => CmpOp::IsNot,
        AstCmp::In => CmpOp::In,
        AstCmp::NotIn => CmpOp::NotIn,
    }
}
