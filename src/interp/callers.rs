//! What the calls of a file say of the parameters of its functions: where all of them pass arrays, it is an array; with how
//! many axes; and where all pass integers.

use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

use super::Observer;
use super::candidates::Candidates;
use super::fixpoint::Nobody;
use super::machine::Machine;
use super::summary::Actuals;
use crate::domain::{BufId, CopyOf, Evidence, Kinds, ObjectKind, Origin, Value, ValueId};
use crate::ir::{BlockId, Body, BodyId, Local, Op, OpKind, Temp};
use crate::trace::{BodyTrace, Event, EventKind, Witnesses};

/// So often the callers are asked anew, when functions that were told of arrays have run again and call others.
const MAX_ROUNDS: usize = 3;

/// Lists in lists are counted this deep.
const MAX_NESTING: usize = 4;

/// What one call passes for a parameter: the body and the op that calls, and what that is.
type Witness = ((BodyId, u32), Passed);

/// An argument of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Argument {
    /// The body and the op that calls.
    site: (BodyId, u32),
    /// The block of the call.
    block: BlockId,
    /// The argument.
    temp: Temp,
    /// What it is passed for.
    to: (BodyId, Local),
}

/// What is passed.
#[derive(Clone, Copy, Debug, Default)]
struct Passed {
    /// Is it an array?
    array: bool,
    /// How many axes it has, if that is known.
    axes: usize,
    /// Is it an integer?
    integer: bool,
}

/// The calls of the file, as witnesses.
#[derive(Debug, Default)]
pub(crate) struct Callers {
    passed: FxHashMap<(BodyId, Local), SmallVec<[Witness; 2]>>,
    /// The parameters that all calls pass arrays for.
    proven: FxHashSet<(BodyId, Local)>,
    /// The arguments of which only their other uses can say how many axes they have: where they are passed, and for what.
    unclear: Vec<Argument>,
    /// The bodies so far that write what may be an array of a caller for all that is known.
    open: Vec<BodyId>,
    /// What rules ask.
    pub(crate) witnesses: Witnesses,
}

impl Callers {
    /// Do all calls of the file that are known pass an array for the parameter?
    pub(crate) fn pass_an_array(&self, body: BodyId, local: Local) -> bool {
        self.proven.contains(&(body, local))
    }

    /// What a body says of the arguments that it passes.
    pub(crate) fn axes_passed(&self, trace: &BodyTrace<'_>) -> Vec<(Argument, usize)> {
        let own = self.unclear.iter().filter(|argument| argument.site.0 == trace.id);
        let axes = own.map(|argument| (*argument, trace.axes_of_argument(argument.block, argument.temp)));
        axes.filter(|told| told.1 > 0).collect()
    }

    /// Notes what a body says of the arguments that it passes.
    pub(crate) fn note_axes(&mut self, caller: BodyId, told: Vec<(Argument, usize)>) {
        self.unclear.retain(|argument| argument.site.0 != caller);
        for (Argument { site, to, .. }, axes) in told {
            let witnesses = self.passed.entry(to).or_default().iter_mut();
            witnesses.filter(|witness| witness.0 == site).for_each(|witness| witness.1.axes = axes);
        }
    }

    /// Notes that a body writes what may be an array of a caller for all that is known.
    pub(crate) fn note_open(&mut self, body: BodyId) {
        if !self.open.contains(&body) {
            self.open.push(body);
        }
    }

    /// Learns what the calls say by now: the bodies that wait for it and have a parameter of which it was not known.
    pub(crate) fn learn(&mut self) -> Vec<BodyId> {
        let mut found = Vec::new();
        for (&(body, local), witnesses) in &self.passed {
            if witnesses.is_empty() || !self.open.contains(&body) {
                continue;
            }
            let axes = witnesses.iter().map(|witness| witness.1.axes).min().unwrap_or(0);
            let mut says_more = witnesses.iter().all(|witness| witness.1.array) && self.proven.insert((body, local));
            says_more |= axes > 0 && self.witnesses.axes.insert((body, local), axes) != Some(axes);
            says_more |=
                witnesses.iter().all(|witness| witness.1.integer) && self.witnesses.integers.insert((body, local));
            if says_more {
                found.push(body);
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

impl<'a> Machine<'a> {
    /// Runs the callers of functions that write what nothing is known of, and the functions of which their calls say more
    /// than they do themselves, for the rules to judge them once more.
    pub(crate) fn ask_callers(&mut self, ran: &[BodyId], candidates: &Candidates<'_>, observer: &mut dyn Observer) {
        if self.callers.open.is_empty() {
            return;
        }
        for caller in candidates.callers_of(&self.callers.open) {
            if !ran.contains(&caller) {
                self.run(caller, &mut Nobody);
            }
        }
        for _ in 0..MAX_ROUNDS {
            let learnt = self.callers.learn();
            if learnt.is_empty() {
                break;
            }
            for id in learnt {
                self.run(id, observer);
            }
        }
    }

    /// How deep lists and tuples are nested, and arrays in them: the axes that an array made of them has.
    fn nesting(&self, value: ValueId, depth: usize) -> usize {
        let first = match self.values.get(value) {
            Value::Array(array) => return array.ndim().filter(|_| array.certain()).unwrap_or(0),
            Value::Tuple(items) => items.first().copied(),
            Value::Ref(objects) => match &objects[..] {
                [object] => self.state.content(*object).and_then(|id| {
                    let content = self.values.content(id);
                    let first = content.fixed.first().map(|entry| entry.1).filter(|_| content.kind == ObjectKind::List);
                    first.or((content.kind == ObjectKind::List).then_some(content.rest))
                }),
                _ => None,
            },
            _ => None,
        };
        match first {
            Some(first) if depth < MAX_NESTING => 1 + self.nesting(first, depth + 1),
            _ => 0,
        }
    }

    /// Notes what a call passes.
    pub(crate) fn witness(&mut self, callee: BodyId, actuals: &Actuals) {
        for (&local, &temp) in &actuals.temps {
            let Some(&value) = actuals.passed.get(&local) else { continue };
            let passed = match self.values.get(value) {
                // It is left out in other words.
                Value::None | Value::Bottom => continue,
                Value::Array(array) => Passed {
                    array: array.evidence >= Evidence::Likely && array.kinds.has(Kinds::ARRAY),
                    axes: array.ndim().filter(|_| array.certain()).unwrap_or(0),
                    integer: false,
                },
                Value::Int(_) => Passed { integer: true, ..Passed::default() },
                Value::Ref(_) | Value::Tuple(_) => Passed { axes: self.nesting(value, 0), ..Passed::default() },
                _ => Passed::default(),
            };
            if passed.array && passed.axes == 0 && exchanges(&self.module.bodies[callee.index()]) {
                let (site, to) = ((self.id, self.op), (callee, local));
                let argument = Argument { site, block: self.block, temp, to };
                if !self.callers.unclear.contains(&argument) {
                    self.callers.unclear.push(argument);
                }
            }
            let site = (self.id, self.op);
            let witnesses = self.callers.passed.entry((callee, local)).or_default();
            match witnesses.iter_mut().find(|witness| witness.0 == site) {
                Some(witness) => witness.1 = passed,
                None => witnesses.push((site, passed)),
            }
        }
    }
}

/// May the body exchange parts of what it is given: does it store two things, or more?
fn exchanges(body: &Body) -> bool {
    let is_store = |op: &&Op| matches!(op.kind, OpKind::SetItem { inplace: false, .. });
    body.blocks.iter().flat_map(|block| &block.ops).filter(is_store).count() > 1
}

/// Does the body write a parameter, or a part of one, of which it is not known what it is, or exchange parts of one? (The callers of private functions
/// know what these write; it is told as theirs.)
pub(crate) fn is_open(trace: &BodyTrace<'_>) -> bool {
    let is_passed = |buf: BufId| matches!(trace.buffers.get(buf).origin, Origin::Param(body, _) if body == trace.id);
    // What is written to a copy may be lost.
    let is_copy = |buf: BufId| {
        let from = trace.buffers.get(buf).copied_from.as_ref().filter(|from| from.how != CopyOf::Explicit);
        from.and_then(|from| trace.array(from.source)).is_some_and(|source| source.bufs.iter().copied().any(is_passed))
    };
    let is_unknown = |event: &Event| {
        let EventKind::Written { object, .. } = event.kind else { return false };
        trace.array(object).is_some_and(|array| {
            array.evidence == Evidence::None && array.bufs.iter().any(|&buf| is_passed(buf) || is_copy(buf))
        })
    };
    !trace.is_private() && trace.events.iter().any(is_unknown) || trace.exchanges()
}
