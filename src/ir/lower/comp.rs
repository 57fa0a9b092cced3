//! Comprehensions: inlined, with variables of their own.

use ruff_python_ast::{self as ast, Expr};

use super::Lower;
use crate::ir::{CompKind, LocalKind, OpKind, Temp};
use crate::source::Span;
use crate::syntax::span;

impl<'a> Lower<'a> {
    pub(super) fn comprehension(
        &mut self,
        kind: CompKind,
        key: Option<&'a Expr>,
        element: &'a Expr,
        generators: &'a [ast::Comprehension],
        whole: Span,
    ) -> Temp {
        let Some((first, rest)) = generators.split_first() else {
            return self.opaque(Vec::new(), whole);
        };
        // The first iterable is evaluated once, and in the enclosing scope.
        let iterable = self.expr(&first.iter);
        let (maybe, many) = (self.fun.maybe, self.fun.many);
        let scope = self.fun.comps.len();
        let base = self.fun.locals.len() as u32;
        for generator in generators {
            self.declare(&generator.target, base);
        }
        (self.fun.maybe, self.fun.many) = (true, true);
        self.generator(first, iterable);
        for generator in rest {
            let iterable = self.expr(&generator.iter);
            self.generator(generator, iterable);
        }
        let mut key = key.map(|key| self.expr(key));
        let mut value = self.expr(element);
        if kind == CompKind::Dict && key.is_none() {
            // `{**d for d in ds}`: keys and values of `d`.
            key = Some(self.fun.emit(OpKind::Iterate(value), span(element)));
            value = self.unknown(span(element));
        }
        (self.fun.maybe, self.fun.many) = (maybe, many);
        while self.fun.comps.len() > scope
            && let Some((sym, _, before)) = self.fun.comps.pop()
        {
            self.fun.slots[sym.0 as usize] = before;
        }
        self.fun.emit(OpKind::Comprehension(kind, key, value), whole)
    }

    /// One `for … in … if …`.
    fn generator(&mut self, generator: &'a ast::Comprehension, iterable: Temp) {
        let item = self.fun.emit(OpKind::Iterate(iterable), span(&generator.target));
        self.store(&generator.target, item);
        for test in &generator.ifs {
            let value = self.expr(test);
            self.fun.act(OpKind::Use(Box::new([value])), span(test));
        }
    }

    /// Makes the variables of a target. Locals from `base` on belong to this comprehension.
    fn declare(&mut self, target: &Expr, base: u32) {
        match target {
            Expr::Name(name) => {
                let sym = self.intern(name.id.as_str());
                let index = sym.0 as usize;
                if index >= self.fun.slots.len() {
                    self.fun.slots.resize(self.names.len().max(index + 1), 0);
                }
                let before = self.fun.slots[index];
                if before <= base {
                    let local = self.fun.new_local(sym, LocalKind::Comprehension);
                    self.fun.slots[index] = local.0 + 1;
                    self.fun.comps.push((sym, local, before));
                }
            }
            Expr::Tuple(e) => e.elts.iter().for_each(|e| self.declare(e, base)),
            Expr::List(e) => e.elts.iter().for_each(|e| self.declare(e, base)),
            Expr::Starred(e) => self.declare(&e.value, base),
            _ => {}
        }
    }
}
