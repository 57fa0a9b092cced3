//! Functions, lambdas and classes: statements and expressions that make bodies.

use ruff_python_ast::{self as ast, AnyParameterRef, Expr, Number, TypeParams};
use ruff_text_size::Ranged;

use thin_vec::thin_vec;

use super::{Class, ClassId, Header, LocalKind, Lower, MAX_NESTING, OpKind, Sym, Temp, Terminator, docstring_of};
use crate::ir::{Arg, ArgKind, BodyId, BodyKind, Default, Param, ParamKind};
use crate::source::Span;
use crate::syntax::{span, span_of};

impl<'a> Lower<'a> {
    pub(super) fn function_def(&mut self, s: &'a ast::StmtFunctionDef) {
        let end = s.returns.as_ref().map_or(s.parameters.end(), |returns| returns.end());
        let whole = self.def_header(s, &s.decorator_list, end.into());
        let decorators = self.decorators(&s.decorator_list);
        let defaults = self.defaults(Some(&s.parameters));
        let id = match self.copy_of(whole) {
            Some((id, _)) => id,
            None => {
                let id = self.function_body(s, whole);
                self.remember(whole, id, None);
                id
            }
        };
        let value = self.fun.emit(OpKind::Function(id, defaults), whole);
        self.decorate_and_store(value, &decorators, &s.name);
    }

    fn function_body(&mut self, s: &'a ast::StmtFunctionDef, whole: Span) -> BodyId {
        let name = self.intern(s.name.as_str());
        let class = if self.fun.kind == BodyKind::Class { self.fun.class } else { None };
        let paths: Vec<Vec<Sym>> = s.decorator_list.iter().map(|d| self.callee(&d.expression)).collect();
        let returns = s.returns.as_deref().map(|returns| self.ann(returns));
        let (id, saved) = self.enter(Header { kind: BodyKind::Function, name, class, span: whole });
        self.fun.docstring = docstring_of(&s.body);
        self.params(&s.parameters);
        if let Some(class) = class {
            self.method(class, name, id, &paths);
        }
        self.type_params(s.type_params.as_deref());
        self.stmts(&s.body);
        self.leave(id, saved);
        let body = &mut self.bodies[id.index()];
        body.decorators = paths;
        body.returns = returns;
        body.is_async = s.is_async;
        id
    }

    /// Notes a method in its class.
    fn method(&mut self, class: ClassId, name: Sym, id: BodyId, decorators: &[Vec<Sym>]) {
        let last = |path: &Vec<Sym>| path.last().map(|sym| self.names.text(*sym));
        let is = |names: &[&str]| decorators.iter().filter_map(last).any(|name| names.contains(&name));
        let property = is(&["property", "cached_property", "setter"]);
        let bound = !is(&["staticmethod"]);
        let info = &mut self.classes[class.index()];
        info.methods.push((name, id));
        if property {
            info.properties.push(name);
        }
        if bound {
            let first = self.fun.params.first();
            let first = first.filter(|p| matches!(p.kind, ParamKind::PositionalOnly | ParamKind::Ordinary));
            self.fun.receiver = first.map(|param| param.name);
        }
    }

    pub(super) fn lambda(&mut self, e: &'a ast::ExprLambda) -> Temp {
        let defaults = self.defaults(e.parameters.as_deref());
        let whole = span(e);
        if self.nesting > MAX_NESTING {
            return self.opaque(defaults.into_vec(), whole);
        }
        let id = match self.copy_of(whole) {
            Some((id, _)) => id,
            None => {
                let id = self.lambda_body(e, whole);
                self.remember(whole, id, None);
                id
            }
        };
        self.fun.emit(OpKind::Function(id, defaults), whole)
    }

    fn lambda_body(&mut self, e: &'a ast::ExprLambda, whole: Span) -> BodyId {
        let name = self.intern("<lambda>");
        let (id, saved) = self.enter(Header { kind: BodyKind::Lambda, name, class: None, span: whole });
        if let Some(parameters) = &e.parameters {
            self.params(parameters);
        }
        let value = self.expr(&e.body);
        self.fun.end(Terminator::Return(Some(value)));
        self.leave(id, saved);
        id
    }

    /// The values of the defaults, in the order of the signature.
    fn defaults(&mut self, parameters: Option<&'a ast::Parameters>) -> Box<[Temp]> {
        let Some(parameters) = parameters else { return Box::new([]) };
        let mut temps = Vec::new();
        for parameter in parameters.iter_non_variadic_params() {
            if let Some(default) = &parameter.default {
                temps.push(self.expr(default));
            }
        }
        temps.into_boxed_slice()
    }

    fn params(&mut self, parameters: &ast::Parameters) {
        use AnyParameterRef as Any;
        let (only, plain) = (parameters.posonlyargs.len(), parameters.posonlyargs.len() + parameters.args.len());
        // In the order of the signature.
        let all = parameters.posonlyargs.iter().chain(&parameters.args).map(Any::NonVariadic);
        let all = all.chain(parameters.vararg.as_deref().map(Any::Variadic));
        let all = all.chain(parameters.kwonlyargs.iter().map(Any::NonVariadic));
        let all = all.chain(parameters.kwarg.as_deref().map(Any::Variadic));
        for (i, parameter) in all.enumerate() {
            let kind = match parameter {
                Any::NonVariadic(_) if i < only => ParamKind::PositionalOnly,
                Any::NonVariadic(_) if i < plain => ParamKind::Ordinary,
                Any::NonVariadic(_) => ParamKind::KeywordOnly,
                Any::Variadic(_) if i == plain && parameters.vararg.is_some() => ParamKind::VarArgs,
                Any::Variadic(_) => ParamKind::VarKwargs,
            };
            let identifier = parameter.name();
            let name = self.intern(identifier.as_str());
            let local = self.fun.new_local(name, LocalKind::Param(i as u32));
            let slot = name.0 as usize;
            if slot >= self.fun.slots.len() {
                self.fun.slots.resize(self.names.len().max(slot + 1), 0);
            }
            self.fun.slots[slot] = local.0 + 1;
            let annotation = parameter.annotation().map(|ann| self.ann(ann));
            let default = parameter.default().map(default_of);
            let span = span(identifier);
            self.fun.params.push(Param { local, name, kind, annotation, default, span });
        }
    }

    /// Type parameters: names of the body that they belong to. In Python they have a scope of their own around it.
    fn type_params(&mut self, params: Option<&TypeParams>) {
        for param in params.iter().flat_map(|params| &params.type_params) {
            let name = param.name();
            let value = self.unknown(span(name));
            let local = self.bound_local(name.as_str());
            self.fun.act(OpKind::Store(local, value), span(name));
        }
    }

    pub(super) fn class_def(&mut self, s: &'a ast::StmtClassDef) {
        let end = match (&s.arguments, &s.type_params) {
            (Some(arguments), _) => arguments.end(),
            (None, Some(params)) => params.end(),
            (None, None) => s.name.end(),
        };
        let whole = self.def_header(s, &s.decorator_list, end.into());
        let decorators = self.decorators(&s.decorator_list);
        let mut bases = Vec::with_capacity(s.bases().len());
        for base in s.bases() {
            let base = if let Expr::Starred(starred) = base { &*starred.value } else { base };
            bases.push(self.expr(base));
        }
        let mut read = Vec::new();
        for keyword in s.keywords() {
            read.push(self.expr(&keyword.value));
        }
        if let Some(arguments) = &s.arguments
            && !read.is_empty()
        {
            self.fun.act(OpKind::Use(read.into()), span_of(arguments.range()));
        }
        let class = match self.copy_of(whole) {
            Some((_, Some(class))) => class,
            _ => {
                let (body, class) = self.class_body(s, whole);
                self.remember(whole, body, Some(class));
                class
            }
        };
        let value = self.fun.emit(OpKind::Class(class, bases.into()), whole);
        self.decorate_and_store(value, &decorators, &s.name);
    }

    fn class_body(&mut self, s: &'a ast::StmtClassDef, whole: Span) -> (BodyId, ClassId) {
        let name = self.intern(s.name.as_str());
        let bases = s.bases().iter().map(|base| self.dotted(base)).collect();
        let decorators = s.decorator_list.iter().map(|d| self.callee(&d.expression)).collect();
        let class = ClassId(self.classes.len() as u32);
        self.classes.push(Class {
            name,
            body: BodyId(self.bodies.len() as u32),
            bases,
            methods: Vec::new(),
            properties: Vec::new(),
            attributes: Vec::new(),
        });
        let (id, saved) = self.enter(Header { kind: BodyKind::Class, name, class: Some(class), span: whole });
        self.fun.docstring = docstring_of(&s.body);
        self.type_params(s.type_params.as_deref());
        self.stmts(&s.body);
        self.leave(id, saved);
        self.bodies[id.index()].decorators = decorators;
        (id, class)
    }

    fn decorators(&mut self, decorators: &'a [ast::Decorator]) -> Vec<(Temp, Span)> {
        let mut temps = Vec::with_capacity(decorators.len());
        for decorator in decorators {
            let temp = self.expr(&decorator.expression);
            temps.push((temp, span(&decorator.expression)));
        }
        temps
    }

    /// Applies the decorators, the innermost first, and binds the name.
    fn decorate_and_store(&mut self, mut value: Temp, decorators: &[(Temp, Span)], name: &ast::Identifier) {
        for (decorator, span) in decorators.iter().rev() {
            let args = thin_vec![Arg { kind: ArgKind::Pos, value }];
            value = self.fun.emit(OpKind::Call(*decorator, args), *span);
        }
        let local = self.bound_local(name.as_str());
        self.fun.act(OpKind::Store(local, value), span(name));
    }

    /// The body and class of a statement that was lowered before, in another copy of a `finally`.
    fn copy_of(&self, place: Span) -> Option<(BodyId, Option<ClassId>)> {
        if self.fun.copies == 0 {
            return None;
        }
        self.copied.get(&(place.start, place.end)).copied()
    }

    fn remember(&mut self, place: Span, body: BodyId, class: Option<ClassId>) {
        if self.fun.copies > 0 {
            self.copied.insert((place.start, place.end), (body, class));
        }
    }
}

/// What is known of a default without evaluating it.
fn default_of(expr: &Expr) -> Default {
    match expr {
        Expr::NoneLiteral(_) => Default::None,
        Expr::BooleanLiteral(e) => Default::Bool(e.value),
        Expr::NumberLiteral(e) => match &e.value {
            Number::Int(i) => i.as_i64().map_or(Default::Literal, Default::Int),
            Number::Float(_) | Number::Complex { .. } => Default::Literal,
        },
        Expr::UnaryOp(e) if e.op == ast::UnaryOp::USub => match default_of(&e.operand) {
            Default::Int(i) => Default::Int(-i),
            Default::Literal => Default::Literal,
            _ => Default::Other(span(expr)),
        },
        Expr::StringLiteral(_) | Expr::BytesLiteral(_) => Default::Literal,
        _ => Default::Other(span(expr)),
    }
}
