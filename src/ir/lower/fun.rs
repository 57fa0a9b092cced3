//! The body that is being lowered: its locals, its blocks, and the place where ops go.

use super::flow::Frame;
use crate::ir::glance::Collector;
use crate::ir::{
    Ann, Block, BlockId, BodyId, BodyKind, ClassId, Local, LocalInfo, LocalKind, Op, OpKind, Param, Sym, Temp,
    Terminator,
};
use crate::source::Span;

/// The unfinished body.
pub(super) struct Fun<'a> {
    pub(super) id: BodyId,
    pub(super) kind: BodyKind,
    pub(super) class: Option<ClassId>,
    pub(super) params: Vec<Param>,
    pub(super) locals: Vec<LocalInfo>,
    /// For each symbol its local plus one, or 0.
    pub(super) slots: Vec<u32>,
    pub(super) blocks: Vec<Block>,
    pub(super) temps: Vec<Span>,
    pub(super) annotations: Vec<(Local, Ann)>,
    pub(super) docstring: Option<Span>,
    pub(super) is_generator: bool,
    /// The comprehension variables in scope, innermost last, and what `slots` said of the name before.
    pub(super) comps: Vec<(Sym, Local, u32)>,
    /// The ops of the current block so far.
    ops: Vec<Op>,
    /// The current block; none behind a `return` and the like.
    at: Option<BlockId>,
    /// Where an exception goes in blocks made now.
    pub(super) handler: Option<BlockId>,
    /// The loops and `finally`s around this place, innermost last.
    pub(super) frames: Vec<Frame<'a>>,
    pub(super) maybe: bool,
    pub(super) many: bool,
    /// Keeps the value of a return while `finally` runs.
    pub(super) ret: Option<Local>,
    /// The block that raises.
    raise: Option<BlockId>,
    /// The first parameter of a method.
    pub(super) receiver: Option<Sym>,
    /// How many copies of `finally` statements we are inside of.
    pub(super) copies: u32,
    /// What stands in the body so far.
    pub(super) collector: Collector,
}

impl Default for Fun<'_> {
    fn default() -> Self {
        Fun {
            id: BodyId(0),
            kind: BodyKind::Module,
            class: None,
            params: Vec::new(),
            locals: Vec::new(),
            slots: Vec::new(),
            blocks: Vec::new(),
            temps: Vec::new(),
            annotations: Vec::new(),
            docstring: None,
            is_generator: false,
            comps: Vec::new(),
            ops: Vec::new(),
            at: None,
            handler: None,
            frames: Vec::new(),
            maybe: false,
            many: false,
            ret: None,
            raise: None,
            receiver: None,
            copies: 0,
            collector: Collector::default(),
        }
    }
}

impl Fun<'_> {
    /// Makes this one fit for another body; its vectors, which are empty by now, keep their room.
    pub(super) fn reset(&mut self, id: BodyId, kind: BodyKind, class: Option<ClassId>) {
        (self.id, self.kind, self.class) = (id, kind, class);
        (self.maybe, self.many, self.is_generator, self.copies) = (false, false, false, 0);
        (self.at, self.handler, self.ret, self.raise, self.receiver) = (None, None, None, None, None);
        self.comps.clear();
        self.frames.clear();
        self.collector.reset();
        for info in self.locals.drain(..) {
            if let Some(slot) = self.slots.get_mut(info.name.0 as usize) {
                *slot = 0;
            }
        }
    }

    /// A new block, protected by the handler of this place.
    pub(super) fn block(&mut self) -> BlockId {
        let id = BlockId(self.blocks.len() as u32);
        self.blocks.push(Block { ops: Vec::new(), term: Terminator::Missing, except: self.handler });
        id
    }

    /// Goes on in a block. The one before must have been ended.
    pub(super) fn start(&mut self, block: BlockId) {
        debug_assert!(self.ops.is_empty(), "the block before was not ended");
        self.at = Some(block);
    }

    /// Ends the current block, if there is one.
    pub(super) fn end(&mut self, term: Terminator) {
        if let Some(at) = self.at.take() {
            self.collector.end(&term);
            let block = &mut self.blocks[at.index()];
            block.ops = exact(&mut self.ops);
            block.term = term;
        }
    }

    /// Ends the current block with a jump.
    pub(super) fn goto(&mut self, block: BlockId) {
        self.end(Terminator::Goto(block));
    }

    /// Jumps to a new block and goes on there.
    pub(super) fn fresh(&mut self) {
        if self.at.is_some() {
            let block = self.block();
            self.goto(block);
            self.start(block);
        }
    }

    /// Sees to it that a statement inside `try` begins a block of its own.
    pub(super) fn begin_stmt(&mut self) {
        if self.handler.is_some() && !self.ops.is_empty() {
            self.fresh();
        }
    }

    /// Can this place be reached, as far as lowering knows?
    pub(super) fn alive(&self) -> bool {
        self.at.is_some()
    }

    /// The block that raises out of the body.
    pub(super) fn raise_block(&mut self) -> BlockId {
        if let Some(raise) = self.raise {
            return raise;
        }
        let raise = BlockId(self.blocks.len() as u32);
        self.blocks.push(Block { ops: Vec::new(), term: Terminator::Raise, except: None });
        self.raise = Some(raise);
        raise
    }

    /// Ends the current block, if there is one, with a jump to a block that is made when it is first needed.
    pub(super) fn join(&mut self, target: &mut Option<BlockId>) {
        if self.alive() {
            let block = *target.get_or_insert_with(|| self.block());
            self.goto(block);
        }
    }

    /// Goes on in a block that was made if it was needed.
    pub(super) fn start_if(&mut self, block: Option<BlockId>) {
        if let Some(block) = block {
            self.start(block);
        }
    }

    /// Ends the current block with an exception.
    pub(super) fn end_raising(&mut self) {
        match self.handler {
            Some(handler) => self.goto(handler),
            None => self.end(Terminator::Raise),
        }
    }

    // Inlined: an op that is built on the stack first and copied from there costs more than all the rest of this.
    #[inline(always)]
    fn push(&mut self, kind: OpKind, dest: Option<Temp>, span: Span) {
        if self.at.is_none() {
            self.start_dead();
        }
        if let OpKind::Load(local) = kind {
            self.locals[local.index()].loaded = true;
        }
        self.collector.op(&kind, dest);
        self.ops.push(Op { kind, dest, span, maybe: self.maybe, many: self.many });
    }

    /// Unreachable code goes where nothing leads.
    #[cold]
    fn start_dead(&mut self) {
        let block = self.block();
        self.start(block);
    }

    /// Adds an op that has a result.
    #[inline(always)]
    pub(super) fn emit(&mut self, kind: OpKind, span: Span) -> Temp {
        let temp = Temp::new(self.temps.len() as u32);
        self.temps.push(span);
        self.push(kind, Some(temp), span);
        temp
    }

    /// Adds an op without a result.
    #[inline(always)]
    pub(super) fn act(&mut self, kind: OpKind, span: Span) {
        self.push(kind, None, span);
    }

    pub(super) fn new_local(&mut self, name: Sym, kind: LocalKind) -> Local {
        let local = Local(self.locals.len() as u32);
        self.locals.push(LocalInfo { name, kind, captured: false, rebound_inside: false, loaded: false });
        local
    }

    /// Notes that a name is bound in this scope.
    pub(super) fn bind(&mut self, local: Local) {
        let kind = &mut self.locals[local.index()].kind;
        // `Builtin` is what a name is until something is known of it. A `global` or `nonlocal` one stays what it is.
        if *kind == LocalKind::Builtin {
            *kind = LocalKind::Plain;
        }
    }
}

/// Moves the elements to a vector that has no room to spare; the room stays where it was.
pub(super) fn exact<T>(from: &mut Vec<T>) -> Vec<T> {
    let mut to = Vec::with_capacity(from.len());
    to.append(from);
    to
}
