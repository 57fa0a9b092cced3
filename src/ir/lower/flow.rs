//! Ways out: `return`, `break` and `continue`, through the `finally`s that lie between.

use ruff_python_ast::Stmt;

use super::{Lower, OpKind, Temp, Terminator};
use crate::ir::{BlockId, Const};
use crate::source::Span;

/// Something around a statement that a way out has to do with.
pub(super) enum Frame<'a> {
    Loop(Loop),
    Finally(Finally<'a>),
}

/// A loop.
pub(super) struct Loop {
    /// Where `continue` goes.
    pub(super) next: BlockId,
    /// Where `break` goes.
    pub(super) exit: BlockId,
    /// Was there a `break`?
    pub(super) left: bool,
}

/// A `try` with a `finally`. The blocks are the entries of the copies of its statements, made when first needed.
pub(super) struct Finally<'a> {
    pub(super) body: &'a [Stmt],
    /// Where an exception goes outside the `try`.
    pub(super) outer: Option<BlockId>,
    /// For each of `return`, `break`, `continue`.
    pub(super) entries: [Option<BlockId>; 3],
}

/// A way out.
#[derive(Clone, Copy)]
pub(super) enum Exit {
    Return(Option<Temp>),
    /// A return whose value is kept in `$ret`.
    Kept,
    Break,
    Continue,
}

/// The ways out that [`Finally::entries`] stand for.
const KINDS: [Exit; 3] = [Exit::Kept, Exit::Break, Exit::Continue];

/// Copies of `finally` within copies of `finally`, before a single one is shared by all ways out.
const MAX_COPIES: u32 = 3;

/// In a body with more blocks than this, copies are not copied again.
const MAX_BLOCKS: usize = 2000;

impl<'a> Lower<'a> {
    /// Ends the current block by a way out.
    pub(super) fn exit(&mut self, exit: Exit, span: Span) {
        if !self.fun.alive() {
            return;
        }
        let is_return = matches!(exit, Exit::Return(_) | Exit::Kept);
        // A return passes the loops; the others stop at the first.
        let found = self.fun.frames.iter().rposition(|frame| !is_return || matches!(frame, Frame::Finally(_)));
        let Some(index) = found else { return self.exit_body(exit, span) };
        if matches!(self.fun.frames[index], Frame::Finally(_))
            && let Exit::Return(value) = exit
        {
            let value = value.unwrap_or_else(|| self.constant(Const::None, span));
            let ret = match self.fun.ret {
                Some(ret) => ret,
                None => self.synthetic("$ret"),
            };
            self.fun.ret = Some(ret);
            self.fun.act(OpKind::Store(ret, value), span);
        }
        let target = match &mut self.fun.frames[index] {
            Frame::Loop(frame) => match exit {
                Exit::Continue => frame.next,
                _ => {
                    frame.left = true;
                    frame.exit
                }
            },
            Frame::Finally(frame) => {
                let slot = match exit {
                    Exit::Return(_) | Exit::Kept => 0,
                    Exit::Break => 1,
                    Exit::Continue => 2,
                };
                let outer = frame.outer;
                match frame.entries[slot] {
                    Some(entry) => entry,
                    None => {
                        let inside = std::mem::replace(&mut self.fun.handler, outer);
                        let entry = self.fun.block();
                        self.fun.handler = inside;
                        if let Frame::Finally(frame) = &mut self.fun.frames[index] {
                            frame.entries[slot] = Some(entry);
                        }
                        entry
                    }
                }
            }
        };
        self.fun.goto(target);
    }

    /// A way out with nothing in between.
    fn exit_body(&mut self, exit: Exit, span: Span) {
        match exit {
            Exit::Return(value) => self.fun.end(Terminator::Return(value)),
            Exit::Kept => {
                let value = self.fun.ret.map(|ret| self.fun.emit(OpKind::Load(ret), span));
                self.fun.end(Terminator::Return(value));
            }
            // Outside a loop: no Python.
            Exit::Break | Exit::Continue => self.fun.end(Terminator::Raise),
        }
    }

    /// Lowers the statements of a `finally` for each way into it. `normal` is where control is at the normal end of
    /// what it protects, `raised` where exceptions arrive. Goes on behind the `try`.
    pub(super) fn finally(&mut self, frame: &Finally<'a>, normal: Option<BlockId>, raised: BlockId, span: Span) {
        let crowded = self.fun.copies > 0 && self.fun.blocks.len() > MAX_BLOCKS;
        if self.fun.copies >= MAX_COPIES || crowded {
            return self.shared_finally(frame, normal, raised, span);
        }
        self.fun.copies += 1;
        let mut after = None;
        if let Some(normal) = normal {
            self.fun.start(normal);
            self.stmts(frame.body);
            self.fun.join(&mut after);
        }
        self.fun.start(raised);
        self.stmts(frame.body);
        self.fun.end_raising();
        for (entry, exit) in frame.entries.iter().zip(KINDS) {
            if let Some(entry) = entry {
                self.fun.start(*entry);
                self.stmts(frame.body);
                self.exit(exit, span);
            }
        }
        self.fun.copies -= 1;
        self.fun.start_if(after);
    }

    /// One copy for all ways, which may leave by any of them.
    fn shared_finally(&mut self, frame: &Finally<'a>, normal: Option<BlockId>, raised: BlockId, span: Span) {
        let shared = self.fun.block();
        for entry in normal.into_iter().chain([raised]).chain(frame.entries.into_iter().flatten()) {
            self.fun.start(entry);
            self.fun.goto(shared);
        }
        self.fun.copies += 1;
        self.fun.start(shared);
        self.stmts(frame.body);
        self.fun.copies -= 1;
        if !self.fun.alive() {
            return;
        }
        let raise = self.fun.block();
        let after = normal.map(|_| self.fun.block());
        let exits = frame.entries.map(|entry| entry.map(|_| self.fun.block()));
        let targets = [Some(raise), after].into_iter().chain(exits).flatten().collect();
        self.fun.end(Terminator::Switch(targets));
        self.fun.start(raise);
        self.fun.end_raising();
        for (block, exit) in exits.into_iter().zip(KINDS) {
            if let Some(block) = block {
                self.fun.start(block);
                self.exit(exit, span);
            }
        }
        self.fun.start_if(after);
    }
}
