//! The engine: runs a body to its fixpoint, then replays it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rustc_hash::FxHashMap;

use super::assigned::Assigned;
use super::callers::is_open;
use super::machine::Machine;
use super::order::{Order, order};
use super::summary::{Progress, entry_writes, returns_apart};
use super::{Observer, bound};
use crate::domain::{BufId, Content, Key, Origin, State, Value, ValueId};
use crate::ir::{BlockId, Body, BodyId, Cond, LocalKind, OpKind, Terminator};
use crate::trace::Event;

/// A body is given up after this many visits a block, on average.
pub(super) const VISITS_PER_BLOCK: usize = 30;
/// A body with more cells (blocks times locals) than this is not analysed: its states would fill the memory.
const MAX_CELLS: usize = 40_000_000;

/// The states at block entry.
///
/// The head of a loop has two: as the loop is entered, and as it is come back to. Its exit is taken from each apart, so
/// that a loop whose first test certainly succeeds is not left before it has run once.
struct States {
    all: Vec<Option<State>>,
    heads: FxHashMap<BlockId, Head>,
}

/// The states of a loop's head.
#[derive(Default)]
struct Head {
    /// As the loop is entered, and as it is come back to.
    parts: [Option<State>; 2],
    /// What the last visit with the first of them left of a trace; None: it has changed since.
    entered: Option<Vec<Event>>,
}

impl<'a> Machine<'a> {
    /// Analyses one body, and keeps its summary. False: it ran over the budget and nothing is said about it.
    pub fn run(&mut self, id: BodyId, observer: &mut dyn Observer) -> bool {
        if self.tell_kept(id, observer) {
            return true;
        }
        self.progress[id.index()] = Progress::Running;
        let done = self.run_body(id, observer);
        let summary = done.then(|| self.body_summary());
        self.progress[id.index()] = Progress::Done(summary);
        done
    }

    /// Runs the module's own statements for what its names are bound to.
    pub(crate) fn learn_globals(&mut self) {
        self.run_body(BodyId(0), &mut Nobody);
        self.globals_known = true;
    }

    pub(crate) fn run_body(&mut self, id: BodyId, observer: &mut dyn Observer) -> bool {
        let body = &self.module.bodies[id.index()];
        self.enter(id, body);
        if body.blocks.is_empty() || body.blocks.len() * body.locals.len() > MAX_CELLS {
            self.forget_globals(id);
            return false;
        }
        let order = order(body);
        self.assigned = if self.thorough { Assigned::of(body) } else { None };
        let mut bases = Vec::with_capacity(body.blocks.len());
        let mut count = 0u32;
        for block in &body.blocks {
            bases.push(count);
            count += block.ops.len() as u32;
        }
        let mut states = States { all: vec![None; body.blocks.len()], heads: FxHashMap::default() };
        let entry = self.entry_state();
        states.all[0] = Some(entry.clone());
        let mut ranges = vec![(0u32, 0u32); body.blocks.len()];
        if order.loops && self.thorough && self.run_unrolled(body, &order, &bases, &entry, &mut ranges, observer) {
            // Done.
        } else if order.loops {
            // Without points to show, the last visit of each block (which saw its final state) leaves the trace.
            let replay = observer.wants_points();
            self.recording = !replay;
            let mut traces: Vec<Vec<Event>> = vec![Vec::new(); body.blocks.len()];
            if !self.fixpoint(body, &order, &bases, &mut states, &mut traces) {
                self.forget_globals(id);
                return false;
            }
            self.recording = true;
            for &block in &order.blocks {
                if !replay {
                    let from = self.events.len() as u32;
                    self.events.append(&mut traces[block.index()]);
                    ranges[block.index()] = (from, self.events.len() as u32);
                } else if let Some(state) = &states.all[block.index()] {
                    self.state = self.copy(state);
                    let from = self.events.len() as u32;
                    self.block(body, block, bases[block.index()], order.in_loop[block.index()], observer);
                    ranges[block.index()] = (from, self.events.len() as u32);
                }
            }
        } else {
            self.recording = true;
            for &block in &order.blocks {
                let Some(state) = states.all[block.index()].take() else { continue };
                let saved = body.blocks[block.index()].except.map(|_| self.copy(&state));
                self.state = state;
                let from = self.events.len() as u32;
                self.block(body, block, bases[block.index()], false, observer);
                ranges[block.index()] = (from, self.events.len() as u32);
                self.flow(body, block, saved, &mut |machine, edge, state| {
                    machine.send(edge, &order, state, &mut states, &mut |_| {});
                });
            }
        }
        self.recording = false;
        self.raised = false;
        let events = std::mem::take(&mut self.events);
        let trace = self.trace(id, &events, &ranges, self.returned);
        let harmed = trace.harmed_by();
        let open = is_open(&trace);
        let axes = self.callers.axes_passed(&trace);
        let writes = entry_writes(&trace, &self.used_otherwise);
        let apart = returns_apart(&trace);
        observer.body(&trace);
        if open {
            self.callers.note_open(id);
        }
        self.callers.witnesses.harmed.extend(harmed);
        self.callers.note_axes(id, axes);
        self.entry_writes = writes;
        self.returns_apart = apart;
        self.events = events;
        self.ranges = ranges;
        true
    }

    /// Runs a body with the passes of its short loops told apart, and records. False: over the budget.
    fn run_unrolled(
        &mut self,
        body: &'a Body,
        order: &Order,
        bases: &[u32],
        entry: &State,
        ranges: &mut [(u32, u32)],
        observer: &mut dyn Observer,
    ) -> bool {
        let Some(states) = self.unrolled(body, order, bases, entry) else { return false };
        self.recording = true;
        let mut places: Vec<_> = states.iter().collect();
        // (Stable: the passes of a block stay in their order.)
        places.sort_by_key(|(place, _)| place.last().copied());
        for (place, state) in places {
            let Some(&block) = place.last().and_then(|&position| order.blocks.get(position as usize)) else { continue };
            self.state = self.copy(state);
            let from = self.events.len() as u32;
            self.enter_place(body, order, place);
            self.block(body, block, bases[block.index()], order.in_loop[block.index()], observer);
            let (start, end) = ranges[block.index()];
            let first = if start == end { from } else { start };
            ranges[block.index()] = (first, self.events.len() as u32);
        }
        self.turn.pass = None;
        true
    }

    fn forget_globals(&mut self, id: BodyId) {
        if id == BodyId(0) {
            self.globals.iter_mut().for_each(|value| *value = ValueId::UNKNOWN);
        }
    }

    /// Prepares the machine for a body.
    fn enter(&mut self, id: BodyId, body: &'a Body) {
        self.id = id;
        self.body = body;
        self.temps.clear();
        self.temps.resize(body.temps.len(), ValueId::UNKNOWN);
        self.roots.clear();
        self.roots.resize(body.temps.len(), None);
        self.defs.clear();
        self.defs.resize(body.temps.len(), None);
        self.events.clear();
        self.recording = false;
        self.returned = ValueId::BOTTOM;
        self.yielded = ValueId::BOTTOM;
        self.exit_heap.clear();
        self.exit_free.clear();
        self.tainted.clear();
        self.effects = false;
        self.reshapes = false;
        self.raised = false;
        self.survey(body);
    }

    /// Runs the blocks until nothing changes. False: over the budget.
    fn fixpoint(
        &mut self,
        body: &'a Body,
        order: &Order,
        bases: &[u32],
        states: &mut States,
        traces: &mut [Vec<Event>],
    ) -> bool {
        let mut queue: BinaryHeap<Reverse<u32>> = BinaryHeap::new();
        let mut queued = vec![false; body.blocks.len()];
        queue.push(Reverse(0));
        queued[0] = true;
        if order.header[0] {
            let entry = states.all[0].clone();
            states.heads.insert(BlockId(0), Head { parts: [entry, None], entered: None });
        }
        let mut budget = VISITS_PER_BLOCK * body.blocks.len() + 100;
        while let Some(Reverse(position)) = queue.pop() {
            let block = order.blocks[position as usize];
            queued[block.index()] = false;
            if budget == 0 {
                return false;
            }
            budget -= 1;
            self.events.clear();
            for i in 0..2 {
                let state = match states.heads.get_mut(&block) {
                    Some(head) => {
                        if let (0, Some(events)) = (i, &head.entered) {
                            // Nothing new there: only the other way in has changed.
                            self.events.extend_from_slice(events);
                            continue;
                        }
                        &head.parts[i]
                    }
                    None if i == 0 => &None,
                    None => &states.all[block.index()],
                };
                let Some(state) = state else { continue };
                let state = self.copy(state);
                let saved = body.blocks[block.index()].except.map(|_| self.copy(&state));
                self.state = state;
                self.first_test = i == 0;
                self.block(body, block, bases[block.index()], order.in_loop[block.index()], &mut Nobody);
                self.flow(body, block, saved, &mut |machine, edge, state| {
                    machine.send(edge, order, state, states, &mut |next| {
                        if !queued[next.index()] {
                            queued[next.index()] = true;
                            queue.push(Reverse(order.position[next.index()]));
                        }
                    });
                });
                if let (true, Some(head)) = (self.first_test, states.heads.get_mut(&block)) {
                    head.entered = Some(self.events.clone());
                }
                self.first_test = false;
            }
            std::mem::swap(&mut traces[block.index()], &mut self.events);
        }
        self.events.clear();
        let heads: Vec<_> = states.heads.drain().collect();
        for (block, Head { parts: [entry, back], .. }) in heads {
            states.all[block.index()] = match (entry, back) {
                (Some(mut entry), Some(back)) => {
                    self.merge(&mut entry, &back);
                    Some(entry)
                }
                (entry, back) => entry.or(back),
            };
        }
        true
    }

    /// Runs one block on the current state.
    pub(super) fn block(
        &mut self,
        body: &'a Body,
        block: BlockId,
        base: u32,
        in_loop: bool,
        observer: &mut dyn Observer,
    ) {
        self.block = block;
        self.raised = false;
        self.enter_safe(block);
        self.block_base = base;
        self.in_loop = in_loop;
        self.op = base;
        self.block_temps.clear();
        for op in &body.blocks[block.index()].ops {
            self.at(op);
            if let OpKind::Stmt = op.kind {
                self.stmt = op.span;
                if self.recording && observer.wants_points() {
                    observer.point(&mut self.point());
                }
                continue;
            }
            self.transfer(op);
            self.note_safe(op);
            if self.raised {
                self.may_raise = true;
                self.maybe = false;
                self.many = false;
                return;
            }
        }
        self.maybe = false;
        self.many = false;
        self.end_safe(&body.blocks[block.index()].term);
        self.terminate(&body.blocks[block.index()].term);
    }

    /// Sends the state at the end of a block to the blocks that may follow.
    pub(super) fn flow(
        &mut self,
        body: &'a Body,
        block: BlockId,
        saved: Option<State>,
        send: &mut impl FnMut(&mut Machine<'a>, (BlockId, BlockId), State),
    ) {
        let out = std::mem::replace(&mut self.state, State::new(0));
        let code = &body.blocks[block.index()];
        if let (Some(handler), Some(mut saved), true) = (code.except, saved, self.may_raise) {
            // The exception may come before or after the statement took effect.
            self.merge(&mut saved, &out);
            send(self, (block, handler), saved);
        }
        if self.raised {
            self.spare.push(out);
            return;
        }
        match &code.term {
            Terminator::Goto(next) => send(self, (block, *next), out),
            Terminator::Branch { cond, then, other } => {
                let mut holds = self.copy(&out);
                if self.turn.goes_on != Some(false) && self.refine(&mut holds, cond, true) {
                    send(self, (block, *then), holds);
                }
                let mut fails = out;
                let first = self.first_test && *cond == Cond::Unknown;
                let runs = self.turn.goes_on.unwrap_or_else(|| first && self.has_element(code, &fails));
                if !runs && self.refine(&mut fails, cond, false) {
                    send(self, (block, *other), fails);
                }
            }
            Terminator::Switch(targets) => {
                for next in targets {
                    let copy = self.copy(&out);
                    send(self, (block, *next), copy);
                }
                self.spare.push(out);
            }
            Terminator::Return(_) | Terminator::Raise | Terminator::Missing => {
                if self.id == BodyId(0) && matches!(code.term, Terminator::Return(_)) {
                    for (global, value) in self.globals.iter_mut().zip(&out.locals) {
                        *global = *value;
                    }
                }
                self.spare.push(out);
            }
        }
    }

    /// At the head of a `for`: has the iterable certainly an element?
    fn has_element(&self, code: &crate::ir::Block, state: &State) -> bool {
        let Some(dest) = code.ops.last().and_then(|op| op.dest) else { return false };
        match self.values.get(self.temp(dest)) {
            Value::Range(some, ..) => *some,
            Value::Tuple(items) => !items.is_empty(),
            Value::Array(array) => {
                array.certain() && array.shape.as_ref().is_some_and(|shape| shape.first() > Some(&0))
            }
            Value::Ref(objects) if objects.len() == 1 => state.content(objects[0]).is_some_and(|id| {
                let content = self.values.content(id);
                content.exact && !content.fixed.is_empty()
            }),
            _ => false,
        }
    }

    /// Sends a state along an edge.
    fn send(
        &mut self,
        edge: (BlockId, BlockId),
        order: &Order,
        state: State,
        states: &mut States,
        changed: &mut dyn FnMut(BlockId),
    ) {
        let (from, next) = edge;
        let mut head = None;
        let slot = if order.header[next.index()] {
            let back = order.position[next.index()] <= order.position[from.index()];
            let Head { parts: [first, second], entered } = states.heads.entry(next).or_default();
            head = Some(entered).filter(|_| !back);
            if back { second } else { first }
        } else {
            &mut states.all[next.index()]
        };
        let new = match slot {
            None => {
                *slot = Some(state);
                true
            }
            Some(old) => {
                let new = self.merge(old, &state);
                self.spare.push(state);
                new
            }
        };
        if new {
            if let Some(entered) = head {
                *entered = None;
            }
            changed(next);
        }
    }

    /// A copy of a state, in the place of one that is done with: very many are made.
    pub(super) fn copy(&mut self, state: &State) -> State {
        let mut copy = self.spare.pop().unwrap_or_else(|| State::new(0));
        copy.locals.clone_from(&state.locals);
        copy.heap.clone_from(&state.heap);
        copy.dirty = state.dirty;
        copy
    }

    /// Joins `from` into `into`; says whether `into` changed.
    pub(super) fn merge(&mut self, into: &mut State, from: &State) -> bool {
        let mut changed = false;
        for (old, new) in into.locals.iter_mut().zip(&from.locals) {
            if old != new {
                let joined = self.values.join(*old, *new);
                changed |= joined != *old;
                *old = joined;
            }
        }
        if from.dirty && !into.dirty {
            into.dirty = true;
            changed = true;
        }
        if into.heap == from.heap {
            return changed;
        }
        // Both are sorted by object.
        let old = std::mem::take(&mut into.heap);
        let (mut left, mut right) = (old.iter().copied().peekable(), from.heap.iter().copied().peekable());
        into.heap.reserve(old.len().max(from.heap.len()));
        loop {
            let (a, b) = (left.peek().copied(), right.peek().copied());
            let object = match (a, b) {
                (Some(a), Some(b)) => a.0.min(b.0),
                (Some(entry), None) | (None, Some(entry)) => entry.0,
                (None, None) => break,
            };
            let a = left.next_if(|entry| entry.0 == object).map(|entry| entry.1);
            let b = right.next_if(|entry| entry.0 == object).map(|entry| entry.1);
            let joined = match (a, b) {
                (Some(a), Some(b)) if a == b => a,
                (Some(a), Some(b)) => {
                    let (a, b) = (self.complete(object, a, b, into.dirty), self.complete(object, b, a, into.dirty));
                    self.values.join_content(a, b)
                }
                (Some(a), None) | (None, Some(a)) => {
                    if self.buffers.get(object).on_entry() {
                        let empty = self.values.content(a).clone();
                        let empty = Content { fixed: Vec::new(), ..empty };
                        let empty = self.values.intern_content(empty);
                        let empty = self.complete(object, empty, a, into.dirty);
                        self.values.join_content(a, empty)
                    } else {
                        a
                    }
                }
                (None, None) => continue,
            };
            changed |= a != Some(joined);
            into.heap.push((object, joined));
        }
        changed
    }

    /// For an object that was there on entry: gives `content` the attributes that only `other` knows, as on entry.
    fn complete(
        &mut self,
        object: BufId,
        content: crate::domain::ContentId,
        other: crate::domain::ContentId,
        dirty: bool,
    ) -> crate::domain::ContentId {
        if !self.buffers.get(object).on_entry() {
            return content;
        }
        let mut filled = self.values.content(content).clone();
        let keys: Vec<Key> = self.values.content(other).fixed.iter().map(|entry| entry.0).collect();
        for key in keys {
            if let Key::Name(name) = key
                && !filled.fixed.iter().any(|entry| entry.0 == key)
            {
                let mut value = self.entry_attribute(object, name);
                if dirty {
                    value = self.values.join(value, ValueId::UNKNOWN);
                }
                filled.fixed.push((key, value));
            }
        }
        filled.fixed.sort_unstable_by_key(|entry| entry.0);
        self.values.intern_content(filled)
    }

    /// What happens at the end of a block.
    fn terminate(&mut self, term: &'a Terminator) {
        if let Terminator::Return(value) = term
            && self.recording
        {
            let first = self.returned == ValueId::BOTTOM;
            let value = value.map_or(ValueId::NONE, |temp| self.temp(temp));
            self.returned = self.values.join(self.returned, value);
            self.leave(first);
        }
        if let Terminator::Return(Some(temp)) = term {
            // Of a tuple that is written out, each item goes by its own name.
            match self.def(*temp) {
                Some(OpKind::Display(_, items)) => items.iter().for_each(|item| self.returned_temp(item.0)),
                _ => self.returned_temp(*temp),
            }
        }
    }

    fn returned_temp(&mut self, temp: crate::ir::Temp) {
        if bound(self.temp(temp)) {
            self.escape(temp, crate::trace::Escape::Returned);
        }
    }

    /// Notes what objects and names of enclosing functions hold at a return.
    fn leave(&mut self, first: bool) {
        let constructs = self.body.class.is_some() && self.name(self.body.name) == "__init__";
        let before = std::mem::take(&mut self.exit_heap);
        let old = State { heap: before, ..State::new(0) };
        let mut objects: Vec<BufId> = old.heap.iter().chain(&self.state.heap).map(|entry| entry.0).collect();
        objects.sort_unstable();
        objects.dedup();
        for object in objects {
            let (a, b) = (old.content(object), self.state.content(object));
            let Some(some) = a.or(b) else { continue };
            let joined = if first || constructs && !(a.is_some() && b.is_some()) {
                some
            } else if self.buffers.get(object).on_entry() && !constructs {
                let empty = Content { fixed: Vec::new(), ..self.values.content(some).clone() };
                let empty = self.values.intern_content(empty);
                let (a, b) = (a.unwrap_or(empty), b.unwrap_or(empty));
                let (a, b) = (self.complete(object, a, b, false), self.complete(object, b, a, false));
                self.values.join_content(a, b)
            } else {
                match (a, b) {
                    (Some(a), Some(b)) => self.values.join_content(a, b),
                    _ => some,
                }
            };
            self.exit_heap.push((object, joined));
        }
        for i in 0..self.body.locals.len() {
            let LocalKind::Free(outer) = self.body.locals[i].kind else { continue };
            if !self.stored[i] {
                continue;
            }
            let value = match self.state.locals[i] {
                ValueId::BOTTOM => self.load_closure(crate::ir::Local(i as u32), outer),
                value => value,
            };
            match self.exit_free.iter().position(|entry| entry.0 == outer) {
                Some(at) => self.exit_free[at].1 = self.values.join(self.exit_free[at].1, value),
                None => self.exit_free.push((outer, value)),
            }
        }
    }

    /// The value of an attribute of an object that was there on entry, as it was then.
    pub(crate) fn entry_attribute(&mut self, object: BufId, name: crate::ir::Sym) -> ValueId {
        let span = self.buffers.get(object).span;
        if !self.is_followed(object) {
            return ValueId::UNKNOWN;
        }
        let buf = self.buffers.of(Origin::Attr(object, name), span);
        let mut array = crate::domain::Array::on_entry(buf, crate::domain::Kinds::ALL);
        if self.is_array_attribute(object, name) {
            array.evidence = crate::domain::Evidence::Likely;
        }
        self.values.intern(Value::Array(array))
    }
}

/// Somebody who does not look.
pub(super) struct Nobody;

impl Observer for Nobody {}
