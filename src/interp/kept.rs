//! What bodies did when they ran for their callers' sake, kept until it is their turn to be judged: so none runs twice.

use rustc_hash::{FxHashMap, FxHashSet};

use super::Observer;
use super::machine::Machine;
use crate::domain::ValueId;
use crate::ir::{BodyId, LocalKind};
use crate::trace::event::Lists;
use crate::trace::{BodyTrace, Event};

/// The runs of bodies whose turn is still to come.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    awaited: FxHashSet<BodyId>,
    runs: FxHashMap<BodyId, Run>,
    /// Does what runs lack what it would know in its turn: was something asked of that waits for it, or is nested too deep?
    lacks: bool,
    /// Bodies that lacked something when they ran, and have not run again.
    partial: FxHashSet<BodyId>,
}

/// What a run left.
#[derive(Debug)]
struct Run {
    events: Vec<Event>,
    blocks: Vec<(u32, u32)>,
    returned: ValueId,
}

impl Kept {
    /// These bodies are going to be judged.
    pub(super) fn await_all(&mut self, bodies: &[BodyId]) {
        self.awaited = bodies.iter().copied().collect();
    }

    /// What runs asked in vain.
    pub(super) fn note_lack(&mut self) {
        self.lacks = true;
    }

    /// What runs was told by a body that has run.
    pub(super) fn note_told(&mut self, by: BodyId) {
        self.lacks |= self.partial.contains(&by);
    }

    /// Begins a run inside another one; what is known of that one.
    pub(super) fn begin(&mut self) -> bool {
        std::mem::take(&mut self.lacks)
    }
}

impl<'a> Machine<'a> {
    /// Keeps what the callee that just ran left, if it is going to be judged and will not know more then. `outer`: what was
    /// known of the body that called it; not `done`: it ran over the budget.
    pub(super) fn keep_run(&mut self, id: BodyId, done: bool, outer: bool) {
        let lacks = std::mem::replace(&mut self.kept.lacks, outer);
        if lacks {
            self.kept.lacks = true;
            self.kept.partial.insert(id);
        }
        // (What a name of an enclosing function is bound to is known when that has run.)
        let closed = || !self.body.locals.iter().any(|info| matches!(info.kind, LocalKind::Free(_)));
        if done && !lacks && self.kept.awaited.contains(&id) && closed() {
            let (events, blocks) = (std::mem::take(&mut self.events), std::mem::take(&mut self.ranges));
            self.kept.runs.insert(id, Run { events, blocks, returned: self.returned });
        }
    }

    /// It is a body's turn: tells of what was kept of it. False: nothing was.
    pub(super) fn tell_kept(&mut self, id: BodyId, observer: &mut dyn Observer) -> bool {
        self.kept.awaited.remove(&id);
        self.kept.partial.remove(&id);
        self.kept.lacks = false;
        let Some(Run { events, blocks, returned }) = self.kept.runs.remove(&id) else { return false };
        observer.body(&self.trace(id, &events, &blocks, returned));
        true
    }

    /// The trace of a body.
    pub(super) fn trace<'t>(
        &'t self,
        id: BodyId,
        events: &'t [Event],
        blocks: &'t [(u32, u32)],
        returned: ValueId,
    ) -> BodyTrace<'t> {
        BodyTrace {
            module: self.module,
            id,
            body: &self.module.bodies[id.index()],
            text: self.text,
            values: &self.values,
            buffers: &self.buffers,
            paths: &self.paths,
            events,
            returned,
            blocks,
            witnesses: &self.callers.witnesses,
            lists: Lists::default(),
        }
    }
}
