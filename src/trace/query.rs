//! Questions about the order of events: what may happen after what, and what shares memory with what.

use smallvec::SmallVec;

use super::{BodyTrace, Escape, Event, EventId, EventKind, How};
use crate::domain::{Array, BufId, CopyOf, Evidence, Kinds, Origin, Value, ValueId};
use crate::ir::{BlockId, Local};

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
/// A chain of views is followed this far.
const MAX_CHAIN: usize = 16;

/// One link of a chain of derivations: `result` was derived from `source`.
#[derive(Clone, Copy, Debug)]
pub struct Link {
    /// The event that tells of it.
    pub event: EventId,
    /// From what.
    pub source: ValueId,
    /// How.
    pub how: How,
    /// The name that the source was read from.
    pub via: Option<Local>,
}

impl<'a> BodyTrace<'a> {
    /// Visits the events that may come after `start`, in an order of execution: the rest of its block, then the blocks
    /// that may follow, each once (the start's own block once more, if a loop leads back to it). Returns the event at
    /// which the visitor said [`Walk::Found`].
    pub fn walk_from(&self, start: EventId, mut visit: impl FnMut(EventId) -> Walk) -> Option<EventId> {
        let event = self.event(start);
        let mut steps = 0;
        let mut seen = vec![false; self.blocks.len()];
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

    fn follow(&self, block: BlockId, seen: &mut [bool], queue: &mut std::collections::VecDeque<BlockId>) {
        for next in self.body.followers(block) {
            if !std::mem::replace(&mut seen[next.index()], true) {
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

    /// The first event of an op's block that the op, or one behind it, tells of: to come to it is to run the op.
    pub fn first_since(&self, op: u32) -> Option<EventId> {
        let mut end = 0;
        let block = self.body.blocks.iter().position(|block| {
            end += block.ops.len() as u32;
            op <= end
        })?;
        let (from, to) = *self.blocks.get(block)?;
        (from..to).map(EventId).find(|&id| self.event(id).op >= op)
    }

    /// May control come from the event back to it?
    pub fn in_loop(&self, id: EventId) -> bool {
        self.walk_from(id, |other| if other == id { Walk::Found } else { Walk::On }).is_some()
    }

    // --- memory -------------------------------------------------------------------------------------------------

    /// The value as an array, if it is or may be one.
    pub fn array(&self, value: ValueId) -> Option<&'a Array> {
        match self.values.get(value) {
            Value::Array(array) if array.kinds.meets(Kinds::ARRAY) => Some(array),
            _ => None,
        }
    }

    /// The arrays in a value: itself, or the elements of a tuple.
    pub fn arrays(&self, value: ValueId) -> SmallVec<[&'a Array; 4]> {
        let mut found = SmallVec::new();
        let mut stack: SmallVec<[ValueId; 4]> = smallvec::smallvec![value];
        while let Some(value) = stack.pop() {
            match self.values.get(value) {
                Value::Array(array) => found.push(array),
                Value::Tuple(items) => stack.extend(items.iter().rev().copied()),
                Value::TupleOf(item) | Value::Bound(item, _) => stack.push(*item),
                _ => {}
            }
        }
        found
    }

    /// May the array lie in memory that goes by no name? What something unknown gave does not stray: that is one array,
    /// whatever its memory.
    pub fn strays(&self, array: &Array) -> bool {
        let result = |buf: &BufId| matches!(self.buffers.get(*buf).origin, Origin::Result(..));
        array.unknown && !matches!(&array.bufs[..], [buf] if result(buf))
    }

    /// Does an array in the value lie, or perhaps lie, in the buffer?
    pub fn mentions(&self, value: ValueId, buf: BufId) -> bool {
        !self.values.avoids(value, buf) && self.arrays(value).iter().any(|array| array.bufs.contains(&buf))
    }

    /// May an array in `value` share elements with `array`, as far as buffers and regions tell?
    pub fn overlaps(&self, array: &Array, value: ValueId) -> bool {
        self.arrays(value).iter().any(|other| {
            let common = array.bufs.iter().any(|buf| other.bufs.contains(buf));
            // Regions are comparable within one buffer.
            let comparable = array.bufs.len() == 1 && other.bufs.len() == 1;
            common && !(comparable && array.region.disjoint(&other.region))
        })
    }

    // --- provenance ---------------------------------------------------------------------------------------------

    /// The event that derived a value from another, if that is known.
    pub fn derivation(&self, value: ValueId) -> Option<Link> {
        let array = self.array(value)?;
        if array.made_by == 0 {
            return None;
        }
        self.derived_by(array.made_by).find_map(|(event, told)| match told.kind {
            EventKind::Derived { source, how, via, result } => {
                // A conversion that certainly copied (`np.array(x)`) leads nowhere.
                let given = self.arrays(result);
                let shares = self.arrays(source).iter().any(|s| {
                    s.bufs.iter().any(|buf| array.bufs.contains(buf) && given.iter().any(|g| g.bufs.contains(buf)))
                });
                let same = result == value
                    || self.array(result).is_some_and(|r| r.bufs.iter().any(|buf| array.bufs.contains(buf)));
                let same = shares && same;
                same.then_some(Link { event, source, how, via })
            }
            _ => None,
        })
    }

    /// Was the array bound to its name at this event as an object holds it: an attribute, or what a method hands out, not
    /// derived from anything, and not made by the statement?
    pub fn is_held(&self, binding: EventId, array: &Array) -> bool {
        let stmt = self.event(binding).stmt;
        let made = |buf: &BufId| {
            self.events
                .iter()
                .any(|event| event.stmt == stmt && matches!(event.kind, EventKind::Made { buf: made } if made == *buf))
        };
        let derived = self.events.iter().any(|event| {
            event.op == array.made_by && event.stmt == stmt && matches!(event.kind, EventKind::Derived { .. })
        });
        // (`self.x += d` in a method may bind a new number, as far as that knows.)
        let several = array.bufs.iter().filter(|buf| self.buffers.get(**buf).on_entry()).count();
        (array.bufs.len() == 1 || several == 1) && !derived && !array.bufs.iter().any(made)
    }

    /// The chain of derivations of a value, the last first.
    pub fn chain(&self, value: ValueId) -> Vec<Link> {
        let mut links: Vec<Link> = Vec::new();
        let mut value = value;
        while let Some(link) = self.derivation(value) {
            if links.len() >= MAX_CHAIN || links.iter().any(|other| other.event == link.event) {
                break;
            }
            links.push(link);
            if matches!(link.how, How::Copy(_)) {
                break;
            }
            value = link.source;
        }
        links
    }

    /// Is the value an item that may just as well be a number, or a copy, for all that is known of the index?
    pub fn may_be_copied_item(&self, value: ValueId) -> bool {
        self.chain(value).iter().any(|link| link.how == How::MaybeCopy)
    }

    /// May a write to the value change no memory that was there before? An operator binds the name anew where a part that
    /// was taken with an index of which nothing is known is a number (`n += table["length"][i]`).
    pub fn may_miss_memory(&self, written: ValueId) -> bool {
        let guessed = self.array(written).is_some_and(|array| !array.is_entry() && array.evidence < Evidence::Likely);
        guessed && self.chain(written).iter().any(|link| link.how != How::Slice) || self.may_be_copied_item(written)
    }

    /// May the array be a copy that was asked for?
    pub fn is_asked_copy(&self, array: &Array) -> bool {
        let copied = |buf: BufId| self.buffers.get(buf).copied_from.as_ref();
        array.bufs.iter().any(|&buf| copied(buf).is_some_and(|from| from.how == CopyOf::Explicit))
    }

    /// The link of a value's chain that is a conversion, after which one has an array of one's own more often than not:
    /// `np.asarray`, `np.atleast_1d`, `astype(copy=False)`.
    pub fn conversion(&self, value: ValueId) -> Option<Link> {
        self.chain(value).into_iter().find(|link| match link.how {
            How::Function(name) | How::Method(name) => {
                let name = self.module.names.text(name);
                let converts = name.starts_with("as") || name.starts_with("atleast_");
                converts
                    || name.starts_with("check_")
                    || matches!(name, "array" | "require" | "nan_to_num" | "validate_data")
            }
            _ => false,
        })
    }

    /// Was the array taken as a diagonal?
    pub fn chain_is_diagonal(&self, array: &Array) -> bool {
        self.derived_by(array.made_by).any(|(_, event)| {
            matches!(event.kind, EventKind::Derived { how: How::Method(name) | How::Function(name), .. }
                if matches!(self.module.names.text(name), "diagonal" | "diag"))
        })
    }

    /// The bindings of a local, in the order of events.
    pub fn bindings(&self, local: Local) -> impl Iterator<Item = (EventId, &'a Event)> {
        self.iter()
            .filter(move |(_, event)| matches!(event.kind, EventKind::Bound { local: bound, .. } if bound == local))
    }

    /// Is the local bound, or unbound, by the event?
    pub fn rebinds(&self, id: EventId, local: Local) -> bool {
        match self.event(id).kind {
            EventKind::Bound { local: bound, .. }
            | EventKind::Deleted { local: bound, .. }
            | EventKind::Lost { local: bound } => bound == local,
            _ => false,
        }
    }

    /// The name and value that an event reads content of: an operand, or something handed out for others to read.
    pub fn reads(&self, id: EventId) -> Option<(ValueId, Option<Local>)> {
        match self.event(id).kind {
            EventKind::Read { value, via, .. } => Some((value, via)),
            EventKind::Escaped {
                value, via, how: Escape::Returned | Escape::Yielded | Escape::Attribute(_), ..
            } => Some((value, via)),
            _ => None,
        }
    }

    /// Where the buffer was made: its expression, or the parameter in the signature.
    pub fn made_at(&self, buf: BufId) -> Option<crate::source::Span> {
        let span = self.buffers.get(buf).span;
        (!span.is_empty()).then_some(span)
    }
}

enum Run {
    Found(EventId),
    Stopped,
    Through,
}
