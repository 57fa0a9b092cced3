//! Putting the body that runs aside while a callee is analysed.

use super::assigned::Assigned;
use super::machine::{Machine, Root};
use super::unroll::Turn;
use crate::domain::{BufId, ContentId, State, ValueId};
use crate::ir::{BlockId, Body, BodyId, Local, OpKind, Temp};
use crate::source::Span;
use crate::trace::Event;

/// The state of a body that waits for a callee.
pub(crate) struct Suspended<'a> {
    id: BodyId,
    body: &'a Body,
    state: State,
    temps: Vec<ValueId>,
    roots: Vec<Option<Root>>,
    defs: Vec<Option<&'a OpKind>>,
    block_temps: Vec<Temp>,
    stable: Vec<bool>,
    stored: Vec<bool>,
    used_as_array: Vec<bool>,
    seems_array: Vec<bool>,
    used_otherwise: Vec<bool>,
    in_loop: bool,
    block: BlockId,
    first_test: bool,
    turn: Turn,
    op: u32,
    span: Span,
    stmt: Span,
    maybe: bool,
    many: bool,
    recording: bool,
    events: Vec<Event>,
    returned: ValueId,
    yielded: ValueId,
    exit_heap: Vec<(BufId, ContentId)>,
    exit_free: Vec<(Local, ValueId)>,
    tainted: Vec<BufId>,
    effects: bool,
    reshapes: bool,
    assigned: Option<Assigned>,
    may_raise: bool,
}

impl<'a> Machine<'a> {
    /// Puts the body that runs aside.
    pub(crate) fn suspend(&mut self) -> Suspended<'a> {
        use std::mem::take;
        Suspended {
            id: self.id,
            body: self.body,
            state: std::mem::replace(&mut self.state, State::new(0)),
            temps: take(&mut self.temps),
            roots: take(&mut self.roots),
            defs: take(&mut self.defs),
            block_temps: take(&mut self.block_temps),
            stable: take(&mut self.stable),
            stored: take(&mut self.stored),
            used_as_array: take(&mut self.used_as_array),
            seems_array: take(&mut self.seems_array),
            used_otherwise: take(&mut self.used_otherwise),
            in_loop: self.in_loop,
            block: self.block,
            first_test: std::mem::take(&mut self.first_test),
            turn: std::mem::take(&mut self.turn),
            op: self.op,
            span: self.span,
            stmt: self.stmt,
            maybe: self.maybe,
            many: self.many,
            recording: self.recording,
            events: take(&mut self.events),
            returned: self.returned,
            yielded: self.yielded,
            exit_heap: take(&mut self.exit_heap),
            exit_free: take(&mut self.exit_free),
            tainted: take(&mut self.tainted),
            effects: self.effects,
            reshapes: self.reshapes,
            assigned: take(&mut self.assigned),
            may_raise: self.may_raise,
        }
    }

    /// Goes on with a body that was put aside.
    pub(crate) fn resume(&mut self, suspended: Suspended<'a>) {
        self.id = suspended.id;
        self.body = suspended.body;
        self.state = suspended.state;
        self.temps = suspended.temps;
        self.roots = suspended.roots;
        self.defs = suspended.defs;
        self.block_temps = suspended.block_temps;
        self.stable = suspended.stable;
        self.stored = suspended.stored;
        self.used_as_array = suspended.used_as_array;
        self.seems_array = suspended.seems_array;
        self.used_otherwise = suspended.used_otherwise;
        self.in_loop = suspended.in_loop;
        self.block = suspended.block;
        self.first_test = suspended.first_test;
        self.turn = suspended.turn;
        self.op = suspended.op;
        self.span = suspended.span;
        self.stmt = suspended.stmt;
        self.maybe = suspended.maybe;
        self.many = suspended.many;
        self.recording = suspended.recording;
        self.events = suspended.events;
        self.returned = suspended.returned;
        self.yielded = suspended.yielded;
        self.exit_heap = suspended.exit_heap;
        self.exit_free = suspended.exit_free;
        self.tainted = suspended.tainted;
        self.effects = suspended.effects;
        self.reshapes = suspended.reshapes;
        self.assigned = suspended.assigned;
        self.may_raise = suspended.may_raise;
    }
}
