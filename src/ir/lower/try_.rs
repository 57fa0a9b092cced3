//! `try`: handlers, `else` and `finally`.

use ruff_python_ast::{self as ast, ExceptHandler, Expr};

use super::flow::{Finally, Frame};
use super::{Lower, OpKind, Terminator};
use crate::ir::BlockId;
use crate::syntax::span;

impl<'a> Lower<'a> {
    pub(super) fn try_stmt(&mut self, s: &'a ast::StmtTry) {
        let outer = self.fun.handler;
        let whole = span(s);
        // Made with the outer handler: where exceptions arrive that the handlers do not catch.
        let raised = (!s.finalbody.is_empty()).then(|| self.fun.block());
        if raised.is_some() {
            let frame = Finally { body: &s.finalbody, outer, entries: [None; 3] };
            self.fun.frames.push(Frame::Finally(frame));
        }
        // Handlers and `else` are protected by `finally` only.
        let inner = raised.or(outer);
        self.fun.handler = inner;
        let dispatch = (!s.handlers.is_empty()).then(|| self.fun.block());
        self.fun.handler = dispatch.or(inner);
        self.fun.fresh();
        self.stmts(&s.body);
        self.fun.handler = inner;
        self.fun.fresh();
        self.stmts(&s.orelse);
        let mut done = None;
        self.join_outside(&mut done, outer);
        if let Some(dispatch) = dispatch {
            if s.is_star {
                self.star_handlers(&s.handlers, dispatch, &mut done, outer);
            } else {
                self.handlers(&s.handlers, dispatch, &mut done, outer);
            }
        }
        self.fun.handler = outer;
        match raised {
            Some(raised) => {
                if let Some(Frame::Finally(frame)) = self.fun.frames.pop() {
                    self.finally(&frame, done, raised, whole);
                }
            }
            None => self.fun.start_if(done),
        }
    }

    /// Joins a block that has another handler than this place.
    fn join_outside(&mut self, target: &mut Option<BlockId>, handler: Option<BlockId>) {
        let inside = std::mem::replace(&mut self.fun.handler, handler);
        self.fun.join(target);
        self.fun.handler = inside;
    }

    fn handlers(
        &mut self,
        handlers: &'a [ExceptHandler],
        dispatch: BlockId,
        done: &mut Option<BlockId>,
        outer: Option<BlockId>,
    ) {
        let mut targets: Vec<BlockId> = handlers.iter().map(|_| self.fun.block()).collect();
        let entries = targets.clone();
        if !handlers.iter().any(catches_all) {
            let uncaught = self.fun.handler.unwrap_or_else(|| self.fun.raise_block());
            targets.push(uncaught);
        }
        self.fun.start(dispatch);
        self.fun.end(Terminator::Switch(targets));
        for (handler, entry) in handlers.iter().zip(entries) {
            self.fun.start(entry);
            self.handler(handler);
            self.join_outside(done, outer);
        }
    }

    /// `except*`: several handlers may run, one after the other.
    fn star_handlers(
        &mut self,
        handlers: &'a [ExceptHandler],
        dispatch: BlockId,
        done: &mut Option<BlockId>,
        outer: Option<BlockId>,
    ) {
        let mut at = dispatch;
        for handler in handlers {
            let entry = self.fun.block();
            let next = self.fun.block();
            self.fun.start(at);
            self.fun.end(Terminator::Switch(vec![entry, next]));
            self.fun.start(entry);
            self.handler(handler);
            self.fun.goto(next);
            at = next;
        }
        // All caught, or some left over.
        self.fun.start(at);
        let caught = self.fun.block();
        let uncaught = self.fun.handler.unwrap_or_else(|| self.fun.raise_block());
        self.fun.end(Terminator::Switch(vec![caught, uncaught]));
        self.fun.start(caught);
        self.join_outside(done, outer);
    }

    fn handler(&mut self, handler: &'a ExceptHandler) {
        let ExceptHandler::ExceptHandler(handler) = handler;
        if let Some(kind) = &handler.type_ {
            let value = self.expr(kind);
            self.fun.act(OpKind::Use(Box::new([value])), span(&**kind));
        }
        let Some(name) = &handler.name else { return self.stmts(&handler.body) };
        let value = self.unknown(span(name));
        let local = self.bound_local(name.as_str());
        self.fun.act(OpKind::Store(local, value), span(name));
        self.stmts(&handler.body);
        if self.fun.alive() {
            self.fun.act(OpKind::Delete(local), span(name));
        }
    }
}

/// Does the handler catch whatever is raised (nearly)?
fn catches_all(handler: &ExceptHandler) -> bool {
    let ExceptHandler::ExceptHandler(handler) = handler;
    match handler.type_.as_deref() {
        None => true,
        Some(Expr::Name(name)) => matches!(name.id.as_str(), "Exception" | "BaseException"),
        Some(_) => false,
    }
}
