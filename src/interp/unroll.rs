//! Loops of a few passes, one at a time: each pass has states of its own, so that what holds after the last one is known
//! apart from what holds in between. That costs several times what a plain fixpoint does, and pays where somebody wants to
//! know everything.

use std::collections::{BTreeMap, BTreeSet};

use smallvec::SmallVec;

use super::fixpoint::{Nobody, VISITS_PER_BLOCK};
use super::machine::Machine;
use super::order::Order;
use crate::domain::{ObjectKind, State, Value, ValueId};
use crate::ir::{BlockId, Body, Cond, Terminator};

/// Loops of more passes than this are not taken apart.
const MAX_PASSES: u32 = 4;
/// The pass that stands for all that are not told apart.
const REST: u32 = MAX_PASSES + 1;
/// So many loops within each other are taken apart.
const MAX_NESTED: usize = 2;
/// How many times what a plain fixpoint may take this one may.
const MORE_VISITS: usize = 6;

/// A block in certain passes of the loops around it: for each of those, outermost first, the position of its head and the
/// pass; then the block's own position. In this order they are visited: what comes before a loop, its passes, what follows.
type Place = SmallVec<[u32; 7]>;

/// The states at the places that are reached.
pub(super) type States = BTreeMap<Place, State>;

/// The loops of a body: for each position whether the block there lies in the loop of a head, by the head's position.
struct Loops(BTreeMap<u32, Vec<bool>>);

impl Loops {
    fn new(body: &Body, order: &Order) -> Loops {
        let mut before: Vec<Vec<u32>> = vec![Vec::new(); order.blocks.len()];
        let mut back = Vec::new();
        for (from, &block) in (0u32..).zip(&order.blocks) {
            for next in body.followers(block) {
                let to = order.position[next.index()];
                before[to as usize].push(from);
                if to <= from {
                    back.push((from, to));
                }
            }
        }
        let mut loops = BTreeMap::new();
        for (from, to) in back {
            let inside: &mut Vec<bool> = loops.entry(to).or_insert_with(|| vec![false; order.blocks.len()]);
            inside[to as usize] = true;
            let mut stack = vec![from];
            while let Some(block) = stack.pop() {
                if block >= to && !std::mem::replace(&mut inside[block as usize], true) {
                    stack.extend(&before[block as usize]);
                }
            }
        }
        Loops(loops)
    }

    fn holds(&self, head: u32, block: u32) -> bool {
        self.0.get(&head).is_some_and(|inside| inside[block as usize])
    }

    /// The place that an edge leads to. `apart`: are the passes of the loop told apart that `from` is the head of?
    fn follow(&self, from: &Place, to: u32, apart: bool) -> Place {
        let (&block, passes) = from.split_last().unwrap_or((&0, &[]));
        let mut place = Place::new();
        let mut again = false;
        for pass in passes.chunks_exact(2) {
            let (head, mut pass) = (pass[0], pass[1]);
            if !self.holds(head, to) {
                continue;
            }
            if head == to {
                pass = if to <= block { REST.min(pass + 1) } else { REST };
                again = true;
            } else if head == block && !apart {
                pass = REST;
            }
            place.extend([head, pass]);
            if again {
                break;
            }
        }
        if !again && self.0.contains_key(&to) {
            place.extend([to, if to <= block { REST } else { 0 }]);
        }
        place.push(to);
        place
    }
}

/// The pass of the innermost loop around a place, and the position of its head.
fn innermost(place: &Place) -> Option<(u32, u32)> {
    let [.., head, pass, _] = place[..] else { return None };
    Some((head, pass))
}

/// Where in a `for` loop the block is that runs, if the passes of the loop are told apart.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Turn {
    /// At its head: is there another pass?
    pub(super) goes_on: Option<bool>,
    /// In the first block of its body: which pass is this (from 0)?
    pub(super) pass: Option<usize>,
}

impl<'a> Machine<'a> {
    /// The states at all places; None: over the budget.
    pub(super) fn unrolled(&mut self, body: &'a Body, order: &Order, bases: &[u32], entry: &State) -> Option<States> {
        let loops = Loops::new(body, order);
        let mut states = States::new();
        let mut queue: BTreeSet<Place> = BTreeSet::new();
        let first: Place = if order.header[0] { smallvec::smallvec![0, 0, 0] } else { smallvec::smallvec![0] };
        states.insert(first.clone(), entry.clone());
        queue.insert(first);
        let mut budget = MORE_VISITS * VISITS_PER_BLOCK * body.blocks.len() + 100;
        while let Some(place) = queue.pop_first() {
            budget = budget.checked_sub(1)?;
            let state = self.copy(states.get(&place)?);
            let position = place.last().copied().unwrap_or_default();
            let block = order.blocks[position as usize];
            let saved = body.blocks[block.index()].except.map(|_| self.copy(&state));
            self.state = state;
            self.events.clear();
            self.enter_place(body, order, &place);
            self.block(body, block, bases[block.index()], order.in_loop[block.index()], &mut Nobody);
            let at_head = innermost(&place).filter(|&(head, _)| head == position);
            self.first_test = at_head.is_some_and(|(_, pass)| pass == 0);
            let nested = place.chunks_exact(2).filter(|pass| pass[1] != REST).count();
            let told = at_head.is_some_and(|(_, pass)| pass != REST) && nested <= MAX_NESTED;
            let (apart, goes_on) = match at_head {
                Some((_, pass)) if told => self.goes_on(body, block, pass),
                _ => (false, None),
            };
            self.turn.goes_on = goes_on;
            self.flow(body, block, saved, &mut |machine, (_, next), state| {
                let to = loops.follow(&place, order.position[next.index()], apart);
                let new = match states.get_mut(&to) {
                    Some(old) => {
                        let new = machine.merge(old, &state);
                        machine.spare.push(state);
                        new
                    }
                    None => {
                        states.insert(to.clone(), state);
                        true
                    }
                };
                if new {
                    queue.insert(to);
                }
            });
            (self.first_test, self.turn.goes_on) = (false, None);
        }
        self.events.clear();
        Some(states)
    }

    /// Notes the pass, where the block is the first of a `for` loop's body.
    pub(super) fn enter_place(&mut self, body: &Body, order: &Order, place: &Place) {
        let block = place.last().map(|&position| order.blocks[position as usize]);
        self.turn.pass = innermost(place).filter(|&(_, pass)| pass != REST).and_then(|(head, pass)| {
            let head = order.blocks[head as usize];
            match body.blocks[head.index()].term {
                Terminator::Branch { cond: Cond::Unknown, then, .. } if Some(then) == block => {
                    usize::try_from(pass).ok()
                }
                _ => None,
            }
        });
    }

    /// At the head of a loop, its block done: are its passes told apart, and, for a `for`, is there another one?
    fn goes_on(&mut self, body: &Body, head: BlockId, pass: u32) -> (bool, Option<bool>) {
        let code = &body.blocks[head.index()];
        match &code.term {
            Terminator::Branch { cond: Cond::Unknown, .. } => {
                let iterable = code.ops.last().and_then(|op| op.dest).map(|dest| self.temp(dest));
                let count = iterable.and_then(|value| self.count_of(value)).filter(|&n| n <= MAX_PASSES as usize);
                (count.is_some(), count.map(|n| (pass as usize) < n))
            }
            Terminator::Branch { cond, .. } => {
                let state = std::mem::replace(&mut self.state, State::new(0));
                let mut ways = [true, false].into_iter().filter(|&holds| {
                    let mut copy = self.copy(&state);
                    let possible = self.refine(&mut copy, cond, holds);
                    self.spare.push(copy);
                    possible
                });
                let decided = ways.next().is_some() && ways.next().is_none();
                self.state = state;
                (decided, None)
            }
            Terminator::Goto(_) => (true, None),
            _ => (false, None),
        }
    }

    /// How many elements an iterable certainly has.
    fn count_of(&self, iterable: ValueId) -> Option<usize> {
        match self.values.get(iterable) {
            Value::Range(_, n, _) => usize::try_from(*n).ok(),
            Value::Tuple(items) => Some(items.len()),
            Value::Ref(objects) if objects.len() == 1 => {
                let content = self.values.content(self.state.content(objects[0])?);
                (content.exact && content.kind == ObjectKind::List).then_some(content.fixed.len())
            }
            Value::Array(array) if array.certain() => {
                array.shape.as_ref()?.first().and_then(|&n| usize::try_from(n).ok())
            }
            _ => None,
        }
    }

    /// The element of an iterable in a certain pass of a `for`, where they are told apart.
    pub(super) fn element_of_pass(&mut self, iterable: ValueId, pass: usize) -> Option<ValueId> {
        match self.values.get(iterable) {
            Value::Range(_, _, Some(first)) => {
                let value = i64::try_from(pass).ok().and_then(|pass| first.checked_add(pass));
                Some(self.values.int(value))
            }
            Value::Tuple(items) => items.get(pass).copied(),
            _ => None,
        }
    }
}
