//! Parts of arrays that are to change places: is one of them overwritten before its old values are stored?

use smallvec::SmallVec;

use super::axes::resolved;
use super::sweep::{Variable, made};
use super::{BodyTrace, EventId, EventKind, How, ReadHow, Walk, WriteHow};
use crate::domain::{Evidence, ValueId};
use crate::ir::validate::uses;
use crate::ir::{Block, Local, OpKind, Temp};
use crate::source::Span;

/// An index is followed through so many of its parts.
const MAX_PARTS: usize = 48;
/// An index of an index of an index: so deep.
const MAX_DEPTH: usize = 4;

/// A part that is overwritten before its old values are stored.
#[derive(Clone, Copy, Debug)]
pub struct Exchange {
    /// The index that takes the part, as a view; none: it is the array itself.
    pub taken: Option<EventId>,
    /// What is stored, as it is written.
    pub kept: Span,
    /// The name that keeps the view, if a statement of its own takes it.
    pub name: Option<Local>,
    /// The write that overwrites it.
    pub overwritten: EventId,
    /// The read that goes for its old values, and stores them elsewhere.
    pub stored: EventId,
}

/// A part of a variable's array: by which indices, as they are written.
#[derive(Debug, PartialEq, Eq)]
struct Part {
    of: Variable,
    words: SmallVec<[String; 2]>,
    /// The names that say which part it is.
    names: SmallVec<[Local; 4]>,
}

impl<'a> BodyTrace<'a> {
    /// Does the write store what was a view of a part that has been overwritten by then, where two or more parts of arrays
    /// were to change places?
    pub fn exchange(&self, write: EventId) -> Option<Exchange> {
        let (found, kept) = self.exchange_of(write)?;
        let sure = match found.taken {
            Some(_) => self.is_part_of_rows(kept),
            None => self.array(kept).is_some_and(|array| array.evidence >= Evidence::Likely),
        };
        sure.then_some(found)
    }

    /// Might it, if more were known of what the callers pass?
    pub fn exchanges(&self) -> bool {
        self.iter().any(|(id, event)| {
            matches!(event.kind, EventKind::Written { how: WriteHow::Item { .. }, .. })
                && self.exchange_of(id).is_some()
        })
    }

    /// The exchange, and the view that is kept.
    fn exchange_of(&self, write: EventId) -> Option<(Exchange, ValueId)> {
        if self.is_vast() {
            return None;
        }
        let event = self.event(write);
        let (stored, mut value) = self.stored_by(write)?;
        let (block, op) = self.op_of(event)?;
        let OpKind::SetItem { value: temp, .. } = op.kind else { return None };
        let temp = item_of(block, temp);
        let kept = self.body.temps[temp.index()];
        let name = match made(block, temp)?.kind {
            OpKind::Load(local) => Some(local),
            _ => None,
        };
        let given = self.part_at(write)?;
        let stores = self.iter().filter(|(_, other)| {
            other.op < event.op && matches!(other.kind, EventKind::Written { how: WriteHow::Item { .. }, .. })
        });
        let stores: SmallVec<[EventId; 4]> = stores.map(|(id, _)| id).collect();
        if stores.is_empty() {
            return None;
        }
        for link in self.chain(value) {
            let part = match link.how {
                How::Copy(_) => break,
                How::Slice | How::MaybeCopy => self.part_at(link.event).filter(|part| *part != given),
                _ => None,
            };
            if let Some(part) = part
                && let Some(overwritten) = self.overwriting(&part, &given, (Some(link.event), name), &stores, write)
            {
                let name = name.filter(|_| self.event(link.event).stmt != event.stmt);
                return Some((Exchange { taken: Some(link.event), kept, name, overwritten, stored }, value));
            }
            value = link.source;
        }
        // `x[:], y[:] = y, x`
        let part = self.whole(block, temp).filter(|part| *part != given)?;
        let overwritten = self.overwriting(&part, &given, (None, name), &stores, write)?;
        Some((Exchange { taken: None, kept, name: None, overwritten, stored }, value))
    }

    /// The store that overwrites the part after it was taken (by the index at `taken`, for a name), before the write stores it
    /// elsewhere, where the two were to change places.
    fn overwriting(
        &self,
        part: &Part,
        given: &Part,
        (taken, name): (Option<EventId>, Option<Local>),
        stores: &[EventId],
        write: EventId,
    ) -> Option<EventId> {
        let event = self.event(write);
        let since = taken.map_or(0, |taken| self.event(taken).op);
        let is_moved = |from: u32| {
            let mut moves = stores.iter().filter(|&&id| self.event(id).op >= from);
            moves.any(|&id| {
                self.sources_of(id).into_iter().any(|source| self.part_at(source).as_ref() == Some(given))
                    || self.whole_stored(id).as_ref() == Some(given)
            })
        };
        stores.iter().copied().find(|&id| {
            let over = self.event(id);
            let at_once = over.stmt == event.stmt;
            over.op > since
                && (at_once || taken.is_some())
                && self.part_at(id).as_ref() == Some(part)
                && self.keeps(part, since.max(if taken.is_none() { over.op } else { 0 }), over.op)
                && self.keeps(given, over.op, event.op)
                && (at_once || is_moved(over.op))
                && taken.is_none_or(|taken| self.comes_to(taken, id, name))
                && self.comes_to(id, write, name)
        })
    }

    /// The whole array of a variable, as a part.
    fn whole(&self, block: &Block, temp: Temp) -> Option<Part> {
        let of = resolved(self.body, block, temp)?;
        let names = smallvec::smallvec![of.0];
        Some(Part { of, words: SmallVec::new(), names })
    }

    /// The array that a store puts there as a whole.
    fn whole_stored(&self, write: EventId) -> Option<Part> {
        let (block, op) = self.op_of(self.event(write))?;
        let OpKind::SetItem { value, .. } = op.kind else { return None };
        self.whole(block, item_of(block, value))
    }

    /// What a store puts there: the read, and the value.
    fn stored_by(&self, write: EventId) -> Option<(EventId, ValueId)> {
        let op = self.event(write).op;
        let before = (0..write.0).rev().map(EventId).take_while(|&id| self.event(id).op == op);
        before.into_iter().find_map(|id| match self.event(id).kind {
            EventKind::Read { value, how: ReadHow::Stored, .. } => Some((id, value)),
            _ => None,
        })
    }

    /// The derivations that what a store puts there went through, also those before a copy.
    fn sources_of(&self, write: EventId) -> SmallVec<[EventId; 4]> {
        let mut found = SmallVec::new();
        let mut value = self.stored_by(write).map(|stored| stored.1);
        for _ in 0..MAX_DEPTH {
            let Some(link) = value.and_then(|value| self.chain(value).first().copied()) else { break };
            found.push(link.event);
            value = Some(link.source);
        }
        found
    }

    /// Does a way lead from the one event to the other on which the name stays bound?
    fn comes_to(&self, from: EventId, to: EventId, name: Option<Local>) -> bool {
        if self.event(from).block == self.event(to).block && from < to {
            return true;
        }
        // (The binding that follows the index itself is the one that is asked for.)
        let bound =
            |id| self.event(id).stmt != self.event(from).stmt && name.is_some_and(|name| self.rebinds(id, name));
        let visit = |id| match id {
            id if id == to => Walk::Found,
            id if bound(id) => Walk::Stop,
            _ => Walk::On,
        };
        self.walk_from(from, visit).is_some()
    }

    /// The part that a store, or one step of a derivation, takes.
    fn part_at(&self, event: EventId) -> Option<Part> {
        let (block, op) = self.op_of(self.event(event))?;
        let (OpKind::Index(mut obj, mut index) | OpKind::SetItem { mut obj, mut index, .. }) = op.kind else {
            return None;
        };
        let mut part = Part { of: (Local(0), SmallVec::new()), words: SmallVec::new(), names: SmallVec::new() };
        for _ in 0..MAX_DEPTH {
            // (All of it is no part.)
            match self.words(block, index, &mut part.names)? {
                words if words == ":" || words == "..." => {}
                words => part.words.insert(0, words),
            }
            match made(block, obj)?.kind {
                OpKind::Index(further, by) => (obj, index) = (further, by),
                _ => break,
            }
        }
        part.of = resolved(self.body, block, obj)?;
        part.names.push(part.of.0);
        part.names.sort_unstable();
        part.names.dedup();
        Some(part)
    }

    /// An index as it is written, if it is the same at each look; and the names in it.
    fn words(&self, block: &Block, index: Temp, names: &mut SmallVec<[Local; 4]>) -> Option<String> {
        let mut stack: SmallVec<[Temp; 8]> = smallvec::smallvec![index];
        for _ in 0..MAX_PARTS {
            let Some(temp) = stack.pop() else {
                let text = self.quote(self.body.temps[index.index()]);
                return Some(text.chars().filter(|c| !c.is_whitespace()).collect());
            };
            let op = made(block, temp)?;
            match &op.kind {
                OpKind::Load(local) => names.push(*local),
                OpKind::Const(_) => {}
                OpKind::Slice(..) | OpKind::Binary(..) | OpKind::Unary(..) | OpKind::Display(..) | OpKind::Attr(..) => {
                    stack.extend(uses(&op.kind));
                }
                OpKind::Index(..) => stack.extend(uses(&op.kind)),
                _ => return None,
            }
        }
        None
    }

    /// Is none of the names that the part goes by bound anew between two ops of the body?
    fn keeps(&self, part: &Part, from: u32, to: u32) -> bool {
        let ops = self.body.blocks.iter().flat_map(|block| &block.ops).zip(1..);
        ops.skip(from as usize).take_while(|(_, number)| *number < to).all(|(op, _)| match op.kind {
            OpKind::Store(local, _) | OpKind::Delete(local) => !part.names.contains(&local),
            _ => true,
        })
    }
}

/// The item of a tuple that is written out and unpacked at once, for the temp that it is unpacked into.
fn item_of(block: &Block, temp: Temp) -> Temp {
    let Some(OpKind::Unpack { value, index, starred: false, .. }) = made(block, temp).map(|op| &op.kind) else {
        return temp;
    };
    match made(block, *value).map(|op| &op.kind) {
        Some(OpKind::Display(_, items)) => {
            usize::try_from(*index).ok().and_then(|i| items.get(i)).map_or(temp, |item| item.0)
        }
        _ => temp,
    }
}
