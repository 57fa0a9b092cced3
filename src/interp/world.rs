//! Scripts: files that are all of a program, or as good as all of it. Nobody calls their functions but they themselves,
//! so that what a function is given is what its calls in the file give it.
//!
//! From the module's own statements on, each function is run with what each of its calls says of the arguments
//! ([`Facts`]); its own calls say what others are run with, until no call says anything new. Who may be called by somebody
//! else - because a function is passed on, decorated, or called through something unknown - is run with nothing known
//! of its parameters, as in a module that others import. Only where somebody wants to know everything.

use std::collections::VecDeque;

use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

use super::machine::Machine;
use super::specialise::Facts;
use super::summary::{Actuals, Progress, Quiet};
use super::{Observer, Point};
use crate::domain::{BufId, ValueId};
use crate::ir::validate::uses;
use crate::ir::{Block, Body, BodyId, BodyKind, CmpOp, Cond, Const, Module, OpKind, Sym, Temp, Terminator};
use crate::trace::BodyTrace;

/// A function is run with so many different arguments; if there are more, with what they have in common.
const MAX_CONTEXTS: usize = 32;
/// A file whose functions were run so often in all is taken as one that others call.
const MAX_ALL: usize = 2_000;

/// What is known of the calls of a file's functions.
#[derive(Debug, Default)]
pub(crate) struct World {
    /// For each body: what its calls pass. None: somebody else may call it.
    contexts: Vec<Option<Vec<Facts>>>,
    /// The bodies that may be given one array under two names: as two arguments, or as an argument and a global.
    twice: FxHashSet<BodyId>,
    /// The functions that nothing is done with but that they are called by name.
    named: FxHashMap<Sym, SmallVec<[BodyId; 2]>>,
    /// The bodies that set the shape, dtype or flags of an array that they are given.
    reshaping: FxHashSet<BodyId>,
    waiting: VecDeque<(BodyId, Facts)>,
    /// Are the calls of the body that runs being noted?
    noting: bool,
    /// Has the call that runs been noted?
    noted: bool,
}

impl World {
    fn open(&mut self, id: BodyId) {
        if self.contexts[id.index()].take().is_some() {
            self.waiting.push_back((id, Facts::new()));
        }
    }

    fn open_named(&mut self, name: Sym) {
        for id in self.named.get(&name).cloned().unwrap_or_default() {
            self.open(id);
        }
    }
}

impl<'a> Machine<'a> {
    /// Learns what the functions of a script are given. To be asked when the globals are known.
    pub(crate) fn learn_world(&mut self) {
        if !is_script(self.module) {
            return;
        }
        let named = called_by_name(self.module);
        let mut world = World { contexts: vec![None; self.module.bodies.len()], named, ..World::default() };
        for &id in world.named.values().flatten() {
            world.contexts[id.index()] = Some(Vec::new());
        }
        for (i, contexts) in world.contexts.iter().enumerate() {
            if contexts.is_none() {
                world.waiting.push_back((BodyId(i as u32), Facts::new()));
            }
        }
        self.world = world;
        let mut runs = 0;
        while let Some((id, facts)) = self.world.waiting.pop_front() {
            runs += 1;
            // It may have become one that others call since then.
            if !facts.is_empty() && self.world.contexts[id.index()].is_none() {
                continue;
            }
            let sure = !facts.is_empty();
            self.world.noting = true;
            let done = self.run_given(id, facts, &mut Quiet);
            self.world.noting = false;
            if self.reshapes {
                self.world.reshaping.insert(id);
            }
            // Of an array under two names, one gets another shape, and with it the other.
            if sure && (!done || self.reshapes && self.world.twice.contains(&id)) {
                self.world.open(id);
            }
            if !done && !sure || runs > MAX_ALL {
                // What it calls is not known.
                self.world.contexts.clear();
                return;
            }
        }
    }

    /// What a function is given, if all its calls are known.
    fn contexts(&mut self, id: BodyId) -> Option<Vec<Facts>> {
        self.world.contexts.get(id.index()).cloned().flatten().filter(|contexts| !contexts.is_empty())
    }

    /// Runs a body for the record, in a script once for each of the arguments that it is given. False: over the budget.
    pub(crate) fn run_in_world(&mut self, id: BodyId, observer: &mut dyn Observer) -> bool {
        let Some(contexts) = self.contexts(id) else { return self.run(id, observer) };
        if matches!(self.progress[id.index()], Progress::Waiting) {
            self.run(id, &mut Quiet);
        }
        let last = contexts.len() - 1;
        let mut done = true;
        for (i, facts) in contexts.into_iter().enumerate() {
            done &= self.run_given(id, facts, &mut Part { whole: observer, last: i == last });
        }
        done
    }

    fn run_given(&mut self, id: BodyId, facts: Facts, observer: &mut dyn Observer) -> bool {
        let progress = std::mem::replace(&mut self.progress[id.index()], Progress::Running);
        self.runs.next = facts;
        let done = self.run_body(id, observer);
        self.progress[id.index()] = progress;
        done
    }

    /// Are the calls that run those of a body whose own calls are all known?
    fn notes(&self) -> bool {
        self.world.noting && self.recording && self.call_depth == 0
    }

    /// Notes what a call passes.
    pub(crate) fn note_call(&mut self, callee: BodyId, actuals: &Actuals) {
        if !self.notes() {
            return;
        }
        self.world.noted = true;
        if self.world.contexts[callee.index()].is_none() {
            return;
        }
        if actuals.open {
            return self.world.open(callee);
        }
        if !self.are_apart(callee, actuals) && self.world.twice.insert(callee) && self.world.reshaping.contains(&callee)
        {
            return self.world.open(callee);
        }
        let facts = self.facts(callee, actuals);
        if facts.is_empty() {
            return self.world.open(callee);
        }
        let Some(mut known) = self.world.contexts[callee.index()].clone() else { return };
        if known.iter().any(|wider| self.common(wider, &facts) == *wider) {
            return;
        }
        if known.len() < MAX_CONTEXTS {
            known.push(facts.clone());
            self.world.waiting.push_back((callee, facts));
        } else {
            let common = known.iter().fold(facts, |common, facts| self.common(&common, facts));
            if common.is_empty() {
                return self.world.open(callee);
            }
            known = vec![common.clone()];
            self.world.waiting.push_back((callee, common));
        }
        self.world.contexts[callee.index()] = Some(known);
    }

    /// Is each array that a call passes made here, and does the callee know it by one name only?
    fn are_apart(&self, callee: BodyId, actuals: &Actuals) -> bool {
        let mut seen: SmallVec<[BufId; 8]> = SmallVec::new();
        let inside = self.module.bodies[callee.index()].parent == Some(self.id);
        for &value in actuals.passed.values() {
            let Some(array) = self.values.array(value) else {
                if self.has_memory(value) {
                    return false;
                }
                continue;
            };
            let known = |buf: &BufId| {
                self.buffers.get(*buf).on_entry()
                    || seen.contains(buf)
                    || inside && self.state.locals.iter().any(|&other| self.reaches(other, *buf))
            };
            if array.unknown || array.bufs.iter().any(known) {
                return false;
            }
            seen.extend(array.bufs.iter().copied());
        }
        true
    }

    /// May a name with this value, or an element of it, lie in the buffer?
    fn reaches(&self, value: ValueId, buf: BufId) -> bool {
        self.values.array(value).map_or_else(|| self.has_memory(value), |array| array.bufs.contains(&buf))
    }

    /// What two calls say alike.
    fn common(&mut self, a: &Facts, b: &Facts) -> Facts {
        let mut common = Facts::new();
        for &(local, value) in a {
            if let Some(&(_, other)) = b.iter().find(|fact| fact.0 == local) {
                common.push((local, self.values.join(value, other)));
            }
        }
        common
    }

    /// Before a call of what is called `callee`.
    pub(crate) fn before_call(&mut self) {
        if self.notes() {
            self.world.noted = false;
        }
    }

    /// After a call: who may have been called without its being noted?
    pub(crate) fn after_call(&mut self, callee: Temp) {
        if self.notes()
            && !self.world.noted
            && let Some(OpKind::Load(local)) = self.def(callee)
        {
            self.world.open_named(self.body.locals[local.index()].name);
        }
    }
}

/// Hands on what one of several runs of a body shows, and the trace of the last one.
struct Part<'o> {
    whole: &'o mut dyn Observer,
    last: bool,
}

impl Observer for Part<'_> {
    fn point(&mut self, point: &mut Point<'_>) {
        self.whole.point(point);
    }

    fn wants_points(&self) -> bool {
        self.whole.wants_points()
    }

    fn body(&mut self, trace: &BodyTrace<'_>) {
        if self.last {
            self.whole.body(trace);
        }
    }
}

/// Does the file ask whether it is run as a script (`if __name__ == "__main__":`), and does it leave its names alone?
fn is_script(module: &Module) -> bool {
    let reaches_names = ["globals", "locals", "vars", "eval", "exec", "sys", "inspect", "importlib", "__import__"];
    if reaches_names.iter().any(|name| module.names.get(name).is_some()) {
        return false;
    }
    let Some(body) = module.bodies.first() else { return false };
    let (Some(name), Some(main)) = (module.names.get("__name__"), module.names.get("__main__")) else { return false };
    body.blocks.iter().any(|block| {
        let Terminator::Branch { cond: Cond::Compare(CmpOp::Eq, a, b), .. } = block.term else { return false };
        let is = |temp: Temp, what: &dyn Fn(&OpKind) -> bool| {
            block.ops.iter().any(|op| op.dest == Some(temp) && what(&op.kind))
        };
        let is_name = |kind: &OpKind| matches!(kind, OpKind::Load(local) if body.locals[local.index()].name == name);
        let is_main = |kind: &OpKind| matches!(kind, OpKind::Const(Const::Str(text)) if *text == main);
        is(a, &is_name) && is(b, &is_main)
    })
}

/// The functions that nothing is done with but that they are bound to a name and called by it, by these names.
fn called_by_name(module: &Module) -> FxHashMap<Sym, SmallVec<[BodyId; 2]>> {
    let mut named: FxHashMap<Sym, SmallVec<[BodyId; 2]>> = FxHashMap::default();
    let plain =
        |body: &Body| body.kind == BodyKind::Function && body.class.is_none() && !body.is_generator && !body.is_async;
    for (i, body) in module.bodies.iter().enumerate().filter(|(_, body)| plain(body)) {
        named.entry(body.name).or_default().push(BodyId(i as u32));
    }
    for body in &module.bodies {
        for block in &body.blocks {
            for name in used_otherwise(module, body, block) {
                named.remove(&name);
            }
        }
    }
    named
}

/// The names of functions that a block reads for something else than a call, and of those that it makes and does not just
/// bind to a name.
fn used_otherwise(module: &Module, body: &Body, block: &Block) -> SmallVec<[Sym; 8]> {
    let mut found = SmallVec::new();
    let mut loaded: SmallVec<[(Temp, Sym); 8]> = SmallVec::new();
    let mut made: SmallVec<[(Temp, Sym); 4]> = SmallVec::new();
    for op in &block.ops {
        let callee = if let OpKind::Call(callee, _) = op.kind { Some(callee) } else { None };
        let bound = if let OpKind::Store(_, value) = op.kind { Some(value) } else { None };
        let uses = uses(&op.kind);
        let count = |temp: Temp| uses.iter().filter(|&&used| used == temp).count();
        let read = loaded.iter().filter(|function| count(function.0) > usize::from(callee == Some(function.0)));
        let handed_on = made.iter().filter(|function| count(function.0) > 0 && bound != Some(function.0));
        found.extend(read.chain(handed_on).map(|function| function.1));
        match op.kind {
            OpKind::Function(id, _) => made.extend(op.dest.map(|dest| (dest, module.bodies[id.index()].name))),
            OpKind::Load(local) => {
                loaded.extend(op.dest.map(|dest| (dest, body.locals[local.index()].name)));
            }
            _ => {}
        }
    }
    if let Terminator::Return(Some(value)) = block.term {
        found.extend(loaded.iter().filter(|function| function.0 == value).map(|function| function.1));
    }
    found
}
