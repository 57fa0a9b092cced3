//! Questions about loops: which go round an event, what is bound anew in each pass, what an index is made of.

use smallvec::SmallVec;

use super::{BodyTrace, EventId, How};
use crate::domain::ValueId;
use crate::ir::validate::uses;
use crate::ir::{BlockId, Const, Local, Op, OpKind, Temp};
use crate::source::Span;

/// Expressions of an index are followed through this many parts.
const MAX_PARTS: usize = 32;

/// A loop: the block at which it is entered, and the blocks that come back to it.
#[derive(Clone, Debug)]
pub struct Loop {
    head: BlockId,
    inside: Vec<bool>,
}

impl Loop {
    /// Does the block lie in the loop?
    pub fn holds(&self, block: BlockId) -> bool {
        self.inside[block.index()]
    }

    /// The block at which it is entered, and come back to.
    pub(super) fn head(&self) -> BlockId {
        self.head
    }
}

/// One component of an index, as far as names tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Component {
    /// A name and nothing else: `a[i]`.
    Name(Local),
    /// An expression over this name: `a[i - 1]`, `a[lo:hi]`.
    Over(Local),
    /// Something that may be another at each look: a call, an attribute, an element met in a loop.
    Varying,
}

impl BodyTrace<'_> {
    /// The loops that go round a block, the outermost first.
    pub fn loops_around(&self, block: BlockId) -> Vec<Loop> {
        let mut found: Vec<Loop> = Vec::new();
        let mut within = vec![true; self.body.blocks.len()];
        while let Some(inside) = self.cycle(block, &within) {
            let entered = |to: BlockId| {
                to.0 == 0 || self.blocks_before(to).iter().any(|from| !inside[from.index()] && within[from.index()])
            };
            let head = (0..inside.len() as u32).map(BlockId).find(|&to| inside[to.index()] && entered(to));
            let Some(head) = head else { break };
            within.clone_from(&inside);
            within[head.index()] = false;
            found.push(Loop { head, inside });
            if head == block {
                break;
            }
        }
        found
    }

    /// Does each pass of the loop run the block?
    pub fn is_in_each_pass(&self, around: &Loop, block: BlockId) -> bool {
        let mut within = around.inside.clone();
        within[block.index()] = false;
        block == around.head || self.cycle(around.head, &within).is_none()
    }

    /// The blocks that lie on a way from the block back to it, through the blocks of `within` only.
    fn cycle(&self, block: BlockId, within: &[bool]) -> Option<Vec<bool>> {
        let next = |at: BlockId| self.body.followers(at);
        let behind = self.reach(block, within, next);
        if !behind[block.index()] {
            return None;
        }
        let before = self.reach(block, within, |at| SmallVec::from_slice(self.blocks_before(at)));
        Some(behind.iter().zip(&before).map(|(a, b)| *a && *b).collect())
    }

    /// The blocks met on the way from the block (itself only where a way leads back).
    fn reach(&self, from: BlockId, within: &[bool], next: impl Fn(BlockId) -> SmallVec<[BlockId; 4]>) -> Vec<bool> {
        let mut seen = vec![false; within.len()];
        let mut stack = next(from);
        while let Some(block) = stack.pop() {
            if within[block.index()] && !std::mem::replace(&mut seen[block.index()], true) {
                stack.extend(next(block));
            }
        }
        seen
    }

    /// May `to` come after `from` in one pass of the loop?
    pub fn follows_in_pass(&self, from: EventId, to: EventId, around: &Loop) -> bool {
        let (a, b) = (self.event(from).block, self.event(to).block);
        if a == b && from < to {
            return true;
        }
        let mut within = around.inside.clone();
        within[around.head.index()] = false;
        self.reach(a, &within, |at| self.body.followers(at))[b.index()] && a != b
    }

    /// Is the name bound in the loop?
    pub fn binds_in(&self, around: &Loop, local: Local) -> bool {
        self.stores(local).any(|block| around.holds(block))
    }

    /// Does the name run through its values anew in each pass of the loop: is it bound only by loops inside of this one?
    pub fn sweeps_in(&self, around: &Loop, local: Local) -> bool {
        self.stores(local).filter(|&block| around.holds(block)).all(|block| {
            // The head of a `for` binds its target in the block behind it: that lies in the inner loop.
            self.loops_around(block).iter().any(|inner| around.holds(inner.head) && inner.head != around.head)
        })
    }

    /// The blocks in which a name is bound.
    fn stores(&self, local: Local) -> impl Iterator<Item = BlockId> {
        (0..self.body.blocks.len() as u32).map(BlockId).filter(move |block| {
            self.body.blocks[block.index()].ops.iter().any(|op| match &op.kind {
                OpKind::Store(stored, _) | OpKind::Delete(stored) => *stored == local,
                _ => false,
            })
        })
    }

    /// The variable whose elements a loop binds the name to.
    pub fn iterates_over(&self, local: Local) -> Option<Local> {
        let ops = || self.body.blocks.iter().flat_map(|block| &block.ops);
        let made = |temp: Temp| ops().find(|op| op.dest == Some(temp)).map(|op| &op.kind);
        let stored = |local: Local| {
            ops().find_map(|op| match op.kind {
                OpKind::Store(stored, value) if stored == local => Some(value),
                _ => None,
            })
        };
        let OpKind::Iterate(iterator) = made(stored(local)?)? else { return None };
        let OpKind::Load(iterator) = made(*iterator)? else { return None };
        match made(stored(*iterator)?)? {
            OpKind::Load(source) => Some(*source),
            _ => None,
        }
    }

    /// Where the name is read after the event, before it is bound anew.
    pub fn used_after(&self, start: EventId, local: Local) -> Option<Span> {
        let event = self.event(start);
        let before: usize = self.body.blocks[..event.block.index()].iter().map(|block| block.ops.len()).sum();
        let mut seen = vec![false; self.body.blocks.len()];
        let mut stack = vec![(event.block, (event.op as usize).saturating_sub(before))];
        while let Some((id, from)) = stack.pop() {
            let block = &self.body.blocks[id.index()];
            let mut rebound = false;
            for op in block.ops.iter().skip(from) {
                match op.kind {
                    OpKind::Load(loaded) if loaded == local => return Some(op.span),
                    OpKind::Store(stored, _) if stored == local => {
                        rebound = true;
                        break;
                    }
                    _ => {}
                }
            }
            if !rebound {
                let next = self
                    .body
                    .followers(id)
                    .into_iter()
                    .filter(|next| !std::mem::replace(&mut seen[next.index()], true));
                stack.extend(next.map(|next| (next, 0)));
            }
        }
        None
    }

    /// Is the name's value indexed by a string, as dicts are (and structured arrays)?
    pub fn takes_keys(&self, local: Local) -> bool {
        self.body.blocks.iter().any(|block| {
            let made = |temp: Temp| block.ops.iter().find(|op| op.dest == Some(temp)).map(|op| &op.kind);
            block.ops.iter().any(|op| match op.kind {
                OpKind::Index(obj, index) | OpKind::SetItem { obj, index, .. } => {
                    matches!(made(obj), Some(OpKind::Load(loaded)) if *loaded == local)
                        && matches!(made(index), Some(OpKind::Const(Const::Str(_))))
                }
                _ => false,
            })
        })
    }

    /// Does the store at this event go to one element: is its index no slice and no tuple with one in it?
    pub fn stores_element(&self, event: EventId) -> bool {
        let event = self.event(event);
        let block = &self.body.blocks[event.block.index()];
        let made = |temp: Temp| block.ops.iter().find(|op| op.dest == Some(temp)).map(|op| &op.kind);
        block.ops.iter().any(|op| match op.kind {
            OpKind::SetItem { index, .. } if op.span == event.span => {
                matches!(made(index), Some(OpKind::Load(_) | OpKind::Const(Const::Int(_)) | OpKind::Binary(..)))
            }
            _ => false,
        })
    }

    /// What the index is made of that a write, or one step of a derivation, selects its part by; whole slices and
    /// constants count for nothing.
    pub fn selected_by(&self, event: EventId) -> SmallVec<[Component; 4]> {
        let mut found = SmallVec::new();
        let event = self.event(event);
        let block = &self.body.blocks[event.block.index()];
        let before: usize = self.body.blocks[..event.block.index()].iter().map(|block| block.ops.len()).sum();
        let Some(op) = (event.op as usize).checked_sub(before + 1).and_then(|i| block.ops.get(i)) else { return found };
        let (OpKind::Index(_, index) | OpKind::SetItem { index, .. }) = &op.kind else { return found };
        let made = |temp: Temp| block.ops.iter().find(|op| op.dest == Some(temp));
        match made(*index).map(|op| &op.kind) {
            Some(OpKind::Display(_, items)) => items.iter().for_each(|item| component(made(item.0), &made, &mut found)),
            _ => component(made(*index), &made, &mut found),
        }
        found
    }

    /// What the whole chain of views that leads to a value selects its part by.
    pub fn part_selected_by(&self, value: ValueId) -> SmallVec<[Component; 4]> {
        let mut found = SmallVec::new();
        for link in self.chain(value) {
            match link.how {
                How::Element | How::MaybeCopy | How::Copy(_) => found.push(Component::Varying),
                _ => found.extend(self.selected_by(link.event)),
            }
        }
        found
    }
}

fn component<'a>(op: Option<&'a Op>, made: &impl Fn(Temp) -> Option<&'a Op>, found: &mut SmallVec<[Component; 4]>) {
    let Some(op) = op else { return found.push(Component::Varying) };
    if let OpKind::Load(local) = op.kind {
        return found.push(Component::Name(local));
    }
    let mut stack: SmallVec<[&Op; 8]> = smallvec::smallvec![op];
    for _ in 0..MAX_PARTS {
        let Some(op) = stack.pop() else { return };
        match &op.kind {
            OpKind::Load(local) => found.push(Component::Over(*local)),
            OpKind::Const(_) => {}
            OpKind::Slice(..) | OpKind::Binary(..) | OpKind::Unary(..) => {
                for temp in uses(&op.kind) {
                    match made(temp) {
                        Some(op) => stack.push(op),
                        None => found.push(Component::Varying),
                    }
                }
            }
            _ => found.push(Component::Varying),
        }
    }
    if !stack.is_empty() {
        found.push(Component::Varying);
    }
}
