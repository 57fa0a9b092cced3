//! Statements.

use ruff_python_ast::{self as ast, Expr, Stmt};
use ruff_text_size::Ranged;

use super::cond::always_true;
use super::expr::callee_name;
use super::flow::{Exit, Frame, Loop};
use super::text::header;
use super::{Cond, Lower, OpKind, Terminator};
use crate::source::Span;
use crate::syntax::{span, span_of};

/// Context managers that may swallow an exception that their body raises.
const SWALLOWING: [&str; 8] =
    ["suppress", "raises", "assertRaises", "assertRaisesRegex", "warns", "assertWarns", "ExitStack", "AsyncExitStack"];

impl<'a> Lower<'a> {
    pub(super) fn stmts(&mut self, stmts: &'a [Stmt]) {
        for stmt in stmts {
            self.fun.begin_stmt();
            self.stmt(stmt);
        }
    }

    /// The program point before a statement.
    pub(super) fn marker(&mut self, span: Span) {
        self.fun.act(OpKind::Stmt, span);
    }

    /// The program point before a compound statement whose header's last part ends where `last` does.
    fn header(&mut self, stmt: &impl Ranged, last: &impl Ranged) -> Span {
        let span = header(self.text, stmt.start().into(), last.end().into());
        self.marker(span);
        span
    }

    fn stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::FunctionDef(s) => return self.function_def(s),
            Stmt::ClassDef(s) => return self.class_def(s),
            Stmt::If(s) => return self.if_stmt(s),
            Stmt::For(s) => return self.for_stmt(s),
            Stmt::While(s) => return self.while_stmt(s),
            Stmt::With(s) => return self.with_stmt(s),
            Stmt::Match(s) => return self.match_stmt(s),
            Stmt::Try(s) => return self.try_stmt(s),
            _ => self.marker(span(stmt)),
        }
        match stmt {
            Stmt::Expr(s) => {
                // A docstring, or a string that serves as a comment, does nothing.
                if !s.value.is_string_literal_expr() {
                    let value = self.expr(&s.value);
                    self.fun.act(OpKind::Discard(value), span(s));
                }
            }
            Stmt::Assign(s) => {
                let value = self.expr(&s.value);
                for target in &s.targets {
                    self.store(target, value);
                }
            }
            Stmt::AugAssign(s) => self.aug_assign(s),
            Stmt::AnnAssign(s) => self.ann_assign(s),
            Stmt::Return(s) => {
                let value = s.value.as_deref().map(|value| self.expr(value));
                self.exit(Exit::Return(value), span(s));
            }
            Stmt::Break(s) => self.exit(Exit::Break, span(s)),
            Stmt::Continue(s) => self.exit(Exit::Continue, span(s)),
            Stmt::Raise(s) => {
                let mut read = Vec::new();
                for value in s.exc.iter().chain(&s.cause) {
                    read.push(self.expr(value));
                }
                self.fun.act(OpKind::Use(read.into()), span(s));
                self.fun.end_raising();
            }
            Stmt::Assert(s) => self.assert_stmt(s),
            Stmt::Delete(s) => s.targets.iter().for_each(|target| self.delete(target)),
            Stmt::Import(s) => self.import(s),
            Stmt::ImportFrom(s) => self.import_from(s),
            Stmt::Global(s) => s.names.iter().for_each(|name| self.declare_global(name)),
            Stmt::Nonlocal(s) => s.names.iter().for_each(|name| self.declare_nonlocal(name)),
            Stmt::TypeAlias(s) => {
                // Its value is evaluated when it is asked for, if ever.
                let value = self.unknown(span(&*s.value));
                self.store(&s.name, value);
            }
            Stmt::IpyEscapeCommand(s) => {
                self.opaque(Vec::new(), span(s));
            }
            Stmt::Pass(_)
            | Stmt::FunctionDef(_)
            | Stmt::ClassDef(_)
            | Stmt::If(_)
            | Stmt::For(_)
            | Stmt::While(_)
            | Stmt::With(_)
            | Stmt::Match(_)
            | Stmt::Try(_) => {}
        }
    }

    fn ann_assign(&mut self, s: &'a ast::StmtAnnAssign) {
        let value = s.value.as_deref().map(|value| self.expr(value));
        if let Expr::Name(name) = &*s.target {
            let local = self.bound_local(name.id.as_str());
            let ann = self.ann(&s.annotation);
            self.fun.annotations.push((local, ann));
        }
        match (value, &*s.target) {
            (Some(value), target) => self.store(target, value),
            (None, Expr::Attribute(target)) => self.note_attribute(target),
            _ => {}
        }
    }

    fn assert_stmt(&mut self, s: &'a ast::StmtAssert) {
        let holds = self.fun.block();
        let fails = self.fun.block();
        self.cond(&s.test, holds, fails);
        self.fun.start(fails);
        let mut read = Vec::new();
        if let Some(msg) = &s.msg {
            read.push(self.expr(msg));
        }
        self.fun.act(OpKind::Use(read.into()), s.msg.as_deref().map_or(span(s), span));
        self.fun.end_raising();
        self.fun.start(holds);
    }

    fn if_stmt(&mut self, s: &'a ast::StmtIf) {
        self.header(s, &*s.test);
        let mut after = None;
        let mut test = &*s.test;
        let mut body = &s.body;
        let mut clauses = s.elif_else_clauses.iter();
        loop {
            let then = self.fun.block();
            let other = self.fun.block();
            self.cond(test, then, other);
            self.fun.start(then);
            self.stmts(body);
            self.fun.join(&mut after);
            self.fun.start(other);
            let Some(clause) = clauses.next() else { break };
            let Some(next) = &clause.test else {
                self.stmts(&clause.body);
                break;
            };
            self.header(clause, next);
            (test, body) = (next, &clause.body);
        }
        self.fun.join(&mut after);
        self.fun.start_if(after);
    }

    fn for_stmt(&mut self, s: &'a ast::StmtFor) {
        let header = self.header(s, &*s.iter);
        let iterable = self.expr(&s.iter);
        let iter = self.synthetic("$iter");
        self.fun.act(OpKind::Store(iter, iterable), span(&*s.iter));
        let head = self.fun.block();
        self.fun.goto(head);
        self.fun.start(head);
        self.marker(header);
        self.fun.emit(OpKind::Load(iter), span(&*s.iter));
        let body = self.fun.block();
        let done = self.fun.block();
        let after = if s.orelse.is_empty() { done } else { self.fun.block() };
        self.fun.end(Terminator::Branch { cond: Cond::Unknown, then: body, other: done });
        self.fun.start(body);
        let iterable = self.fun.emit(OpKind::Load(iter), span(&*s.iter));
        let item = self.fun.emit(OpKind::Iterate(iterable), span(&*s.target));
        self.store(&s.target, item);
        let left = self.loop_body(&s.body, Loop { next: head, exit: after, left: false });
        if s.orelse.is_empty() {
            self.fun.start(done);
        } else {
            self.fun.start(done);
            self.stmts(&s.orelse);
            self.end_else(after, left);
        }
    }

    fn while_stmt(&mut self, s: &'a ast::StmtWhile) {
        let head = self.fun.block();
        self.fun.goto(head);
        self.fun.start(head);
        self.header(s, &*s.test);
        let body = self.fun.block();
        let after = self.fun.block();
        let always = always_true(&s.test);
        let done = if s.orelse.is_empty() || always { after } else { self.fun.block() };
        if always {
            self.fun.goto(body);
        } else {
            self.cond(&s.test, body, done);
        }
        self.fun.start(body);
        let left = self.loop_body(&s.body, Loop { next: head, exit: after, left: false });
        if always {
            // The names in an `else` that never runs are bound there all the same.
            self.stmts(&s.orelse);
            self.fun.end(Terminator::Goto(after));
            if left {
                self.fun.start(after);
            } else {
                self.fun.blocks[after.index()].term = Terminator::Return(None);
            }
        } else if done == after {
            self.fun.start(after);
        } else {
            self.fun.start(done);
            self.stmts(&s.orelse);
            self.end_else(after, left);
        }
    }

    /// A loop's statements, and back to its head. Was there a `break`?
    fn loop_body(&mut self, body: &'a [Stmt], frame: Loop) -> bool {
        let head = frame.next;
        self.fun.frames.push(Frame::Loop(frame));
        self.stmts(body);
        self.fun.goto(head);
        matches!(self.fun.frames.pop(), Some(Frame::Loop(Loop { left: true, .. })))
    }

    /// The end of a loop's `else`.
    fn end_else(&mut self, after: super::super::BlockId, left: bool) {
        let falls_through = self.fun.alive();
        self.fun.goto(after);
        if falls_through || left {
            self.fun.start(after);
        } else {
            self.fun.blocks[after.index()].term = Terminator::Return(None);
        }
    }

    fn with_stmt(&mut self, s: &'a ast::StmtWith) {
        if let Some(item) = s.items.last() {
            match &item.optional_vars {
                Some(target) => self.header(s, &**target),
                None => self.header(s, &item.context_expr),
            };
        }
        let mut swallows = false;
        for item in &s.items {
            let context = self.expr(&item.context_expr);
            let entered = self.fun.emit(OpKind::Enter(context), span(&item.context_expr));
            if let Some(target) = &item.optional_vars {
                self.store(target, entered);
            }
            swallows |= callee_name(&item.context_expr).is_some_and(|name| SWALLOWING.contains(&name));
        }
        if !swallows {
            return self.stmts(&s.body);
        }
        let outer = self.fun.handler;
        let dispatch = self.fun.block();
        let after = self.fun.block();
        self.fun.handler = Some(dispatch);
        self.fun.fresh();
        self.stmts(&s.body);
        self.fun.goto(after);
        self.fun.handler = outer;
        self.fun.start(dispatch);
        // It swallows some exceptions; others pass.
        let passed = outer.unwrap_or_else(|| self.fun.raise_block());
        self.fun.end(Terminator::Switch(vec![after, passed]));
        self.fun.start(after);
    }

    /// The header's span of `def` and `class`, which begins behind the decorators.
    pub(super) fn def_header(&mut self, stmt: &impl Ranged, decorators: &[ast::Decorator], end: u32) -> Span {
        let start = match decorators.last() {
            Some(last) => super::text::skip_trivia(self.text, last.end().into()),
            None => stmt.start().into(),
        };
        let span = header(self.text, start, end);
        self.marker(span);
        Span::new(start, span_of(stmt.range()).end)
    }
}
