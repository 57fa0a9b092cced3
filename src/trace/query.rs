//! Questions about the order of events: what may happen after what.

use rustc_hash::FxHashSet;

use super::{BodyTrace, EventId};
use crate::ir::BlockId;

/// What a visitor of [`BodyTrace::walk_from`] wants next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Walk {
    /// Go on along this path.
    On,
    /// This path ends here.
    Stop,
    /// The whole walk ends here: found.
    Found,
}

/// A walk gives up after this many events: bodies of real code stay far below it.
const MAX_STEPS: usize = 20_000;

impl BodyTrace<'_> {
    /// Visits the events that may come after `start`, in an order of execution: the rest of its block, then the blocks
    /// that may follow, each once (the start's own block once more, up to the start, if a loop leads back to it).
    /// Returns the event at which the visitor said [`Walk::Found`].
    pub fn walk_from(&self, start: EventId, mut visit: impl FnMut(EventId) -> Walk) -> Option<EventId> {
        let event = self.event(start);
        let mut steps = 0;
        let mut seen: FxHashSet<BlockId> = FxHashSet::default();
        let mut queue = std::collections::VecDeque::new();
        let end = self.blocks[event.block.index()].1;
        match self.run(start.0 + 1, end, &mut steps, &mut visit) {
            Run::Found(id) => return Some(id),
            Run::Stopped => return None,
            Run::Through => self.follow(event.block, &mut seen, &mut queue),
        }
        while let Some(block) = queue.pop_front() {
            let (from, to) = self.blocks[block.index()];
            match self.run(from, to, &mut steps, &mut visit) {
                Run::Found(id) => return Some(id),
                Run::Stopped => {}
                Run::Through => self.follow(block, &mut seen, &mut queue),
            }
            if steps > MAX_STEPS {
                return None;
            }
        }
        None
    }

    fn follow(&self, block: BlockId, seen: &mut FxHashSet<BlockId>, queue: &mut std::collections::VecDeque<BlockId>) {
        let except = self.body.blocks[block.index()].except;
        for next in self.body.successors(block).into_iter().chain(except) {
            if seen.insert(next) {
                queue.push_back(next);
            }
        }
    }

    fn run(&self, from: u32, to: u32, steps: &mut usize, visit: &mut impl FnMut(EventId) -> Walk) -> Run {
        for id in (from..to).map(EventId) {
            *steps += 1;
            match visit(id) {
                Walk::On => {}
                Walk::Stop => return Run::Stopped,
                Walk::Found => return Run::Found(id),
            }
        }
        Run::Through
    }
}

enum Run {
    Found(EventId),
    Stopped,
    Through,
}
