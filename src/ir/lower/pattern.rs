//! `match`: each case a chain of tests, captures on the way.

use ruff_python_ast::{self as ast, Pattern, Singleton};
use ruff_text_size::Ranged;

use super::text::header;
use super::{Cond, Local, Lower, MAX_DEPTH, OpKind, Temp, Terminator};
use crate::ir::{BlockId, CmpOp, Const};
use crate::source::Span;
use crate::syntax::span;

impl<'a> Lower<'a> {
    pub(super) fn match_stmt(&mut self, s: &'a ast::StmtMatch) {
        self.marker(header(self.text, s.start().into(), s.subject.end().into()));
        let value = self.expr(&s.subject);
        let subject = self.keep(value, "$match", span(&*s.subject));
        let mut after = None;
        for case in &s.cases {
            let next = self.fun.block();
            let mut refutable = self.pattern(&case.pattern, subject, next);
            if let Some(guard) = &case.guard {
                refutable = true;
                let body = self.fun.block();
                self.cond(guard, body, next);
                self.fun.start(body);
            }
            self.stmts(&case.body);
            self.fun.join(&mut after);
            if refutable {
                self.fun.start(next);
            } else {
                // Nothing gets past this case. Cases behind it are no Python; they go where nothing leads.
                self.fun.blocks[next.index()].term = Terminator::Return(None);
            }
        }
        self.fun.join(&mut after);
        self.fun.start_if(after);
    }

    /// Keeps a value for other blocks.
    fn keep(&mut self, value: Temp, name: &str, span: Span) -> Local {
        let local = self.synthetic(name);
        self.fun.act(OpKind::Store(local, value), span);
        local
    }

    /// Tests a subject against a pattern and binds its captures; on to `fail` if it does not match. Can it fail?
    fn pattern(&mut self, pattern: &'a Pattern, subject: Local, fail: BlockId) -> bool {
        if self.depth >= MAX_DEPTH {
            self.opaque(Vec::new(), span(pattern));
            self.test(Cond::Unknown, fail);
            return true;
        }
        self.depth += 1;
        let refutable = self.pattern_inner(pattern, subject, fail);
        self.depth -= 1;
        refutable
    }

    fn pattern_inner(&mut self, pattern: &'a Pattern, subject: Local, fail: BlockId) -> bool {
        let place = span(pattern);
        match pattern {
            Pattern::MatchValue(p) => {
                let value = self.load(subject, place);
                let wanted = self.expr(&p.value);
                self.test(Cond::Compare(CmpOp::Eq, value, wanted), fail);
                true
            }
            Pattern::MatchSingleton(p) => {
                let value = self.load(subject, place);
                let cond = match p.value {
                    Singleton::None => Cond::IsNone(value),
                    Singleton::True | Singleton::False => {
                        let wanted = self.constant(Const::Bool(p.value == Singleton::True), place);
                        Cond::Compare(CmpOp::Is, value, wanted)
                    }
                };
                self.test(cond, fail);
                true
            }
            Pattern::MatchSequence(p) => {
                self.look(subject, place);
                self.test(Cond::Unknown, fail);
                self.sequence(&p.patterns, subject, place, fail);
                true
            }
            Pattern::MatchMapping(p) => {
                self.look(subject, place);
                self.test(Cond::Unknown, fail);
                for (key, pattern) in p.keys.iter().zip(&p.patterns) {
                    let value = self.load(subject, place);
                    let key = self.expr(key);
                    let part = self.fun.emit(OpKind::Index(value, key), span(pattern));
                    self.part(pattern, part, fail);
                }
                if let Some(rest) = &p.rest {
                    let value = self.unknown(span(rest));
                    self.capture(rest, value);
                }
                true
            }
            Pattern::MatchClass(p) => {
                let value = self.load(subject, place);
                let class = self.expr(&p.cls);
                self.test(Cond::IsInstance(value, class), fail);
                for pattern in &p.arguments.patterns {
                    // Which attribute it is, only the class's `__match_args__` tells.
                    let part = self.unknown(span(pattern));
                    self.part(pattern, part, fail);
                }
                for keyword in &p.arguments.keywords {
                    let value = self.load(subject, place);
                    let name = self.intern(keyword.attr.as_str());
                    let part = self.fun.emit(OpKind::Attr(value, name), span(keyword));
                    self.part(&keyword.pattern, part, fail);
                }
                true
            }
            Pattern::MatchStar(p) => {
                if let Some(name) = &p.name {
                    let value = self.load(subject, place);
                    self.capture(name, value);
                }
                false
            }
            Pattern::MatchAs(p) => {
                let refutable = match &p.pattern {
                    Some(pattern) => self.pattern(pattern, subject, fail),
                    None => false,
                };
                if let Some(name) = &p.name {
                    let value = self.load(subject, place);
                    self.capture(name, value);
                }
                refutable
            }
            Pattern::MatchOr(p) => {
                let Some((last, first)) = p.patterns.split_last() else { return false };
                let matched = self.fun.block();
                for pattern in first {
                    let next = self.fun.block();
                    if !self.pattern(pattern, subject, next) {
                        // An alternative that always matches has to be the last one.
                        self.fun.blocks[next.index()].term = Terminator::Goto(fail);
                        self.fun.goto(matched);
                        self.fun.start(matched);
                        return false;
                    }
                    self.fun.goto(matched);
                    self.fun.start(next);
                }
                let refutable = self.pattern(last, subject, fail);
                self.fun.goto(matched);
                self.fun.start(matched);
                refutable
            }
        }
    }

    /// The parts of a sequence.
    fn sequence(&mut self, patterns: &'a [Pattern], subject: Local, place: Span, fail: BlockId) {
        let total = patterns.len() as u32;
        let star = patterns.iter().position(Pattern::is_match_star);
        for (i, pattern) in patterns.iter().enumerate() {
            if pattern.is_wildcard() {
                continue;
            }
            let value = self.load(subject, place);
            let kind = match star {
                Some(star) if star == i => OpKind::UnpackRest { value, before: i as u32, after: total - 1 - i as u32 },
                Some(star) if star < i => {
                    OpKind::Unpack { value, index: i as i32 - total as i32, total, starred: true }
                }
                _ => OpKind::Unpack { value, index: i as i32, total, starred: star.is_some() },
            };
            let part = self.fun.emit(kind, span(pattern));
            self.part(pattern, part, fail);
        }
    }

    /// Matches a part of a subject.
    fn part(&mut self, pattern: &'a Pattern, part: Temp, fail: BlockId) {
        match pattern {
            Pattern::MatchAs(ast::PatternMatchAs { pattern: None, name, .. })
            | Pattern::MatchStar(ast::PatternMatchStar { name, .. }) => {
                if let Some(name) = name {
                    self.capture(name, part);
                }
            }
            _ => {
                let kept = self.keep(part, "$part", span(pattern));
                self.pattern(pattern, kept, fail);
            }
        }
    }

    fn load(&mut self, subject: Local, span: Span) -> Temp {
        self.fun.emit(OpKind::Load(subject), span)
    }

    fn look(&mut self, subject: Local, span: Span) {
        let value = self.load(subject, span);
        self.fun.act(OpKind::Use(Box::new([value])), span);
    }

    fn capture(&mut self, name: &ast::Identifier, value: Temp) {
        let local = self.bound_local(name.as_str());
        self.fun.act(OpKind::Store(local, value), span(name));
    }

    /// Ends the block with a test and goes on where it holds.
    fn test(&mut self, cond: Cond, fail: BlockId) {
        let next = self.fun.block();
        self.fun.end(Terminator::Branch { cond, then: next, other: fail });
        self.fun.start(next);
    }
}
