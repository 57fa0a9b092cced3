//! Loops that move the elements of an array by one place: in the wrong direction, each takes what the pass before has put
//! there, and all become the first.

use smallvec::SmallVec;

use super::axes::resolved;
use super::sweep::{made, variable};
use super::{BodyTrace, Event, EventId, EventKind, Loop, WriteHow};
use crate::domain::{Array, Evidence, ValueId};
use crate::ir::{BinOp, Block, BlockId, Const, Display, Local, OpKind, Temp, UnaryOp};
use crate::source::Span;

/// A loop that copies one element to all of them.
#[derive(Clone, Copy, Debug)]
pub struct Smear {
    /// The read of the neighbour that the pass before has overwritten.
    pub read: Span,
    /// Does the loop go down?
    pub down: bool,
}

/// A place along an axis: a number, or a name and a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    At(i64),
    By(Local, i64),
}

impl Place {
    /// So much further.
    fn and(self, further: i64) -> Option<Place> {
        match self {
            Place::At(n) => n.checked_add(further).map(Place::At),
            Place::By(local, n) => n.checked_add(further).map(|n| Place::By(local, n)),
        }
    }
}

impl<'a> BodyTrace<'a> {
    /// Which way the loop takes the name, one by one: down? None: otherwise than by ones.
    pub(super) fn course(&self, around: &Loop, local: Local) -> Option<bool> {
        let ((block, iterable), place) = self.bound_by(around, local, false)?;
        let is_one = |temp: Temp| match made(block, temp).map(|op| &op.kind) {
            Some(OpKind::Const(Const::Int(1))) => Some(false),
            Some(OpKind::Const(Const::Int(-1))) => Some(true),
            Some(OpKind::Unary(UnaryOp::USub, one)) => {
                matches!(made(block, *one).map(|op| &op.kind), Some(OpKind::Const(Const::Int(1)))).then_some(true)
            }
            _ => None,
        };
        let ranges = |temp: Temp| match &made(block, temp)?.kind {
            OpKind::Call(callee, args) if self.is_builtin(block, *callee, "range") => match &args[..] {
                [_] | [_, _] => Some(false),
                [_, _, step] => is_one(step.value),
                _ => None,
            },
            _ => None,
        };
        match (&made(block, iterable)?.kind, place) {
            (OpKind::Call(callee, args), None) if self.is_builtin(block, *callee, "reversed") => {
                ranges(args.first()?.value).map(|down| !down)
            }
            (OpKind::Call(callee, _), Some(0)) if self.is_builtin(block, *callee, "enumerate") => Some(false),
            // `for y, x in np.ndindex(h, w)`
            (OpKind::Method { name, .. }, Some(_)) if self.module.names.text(*name) == "ndindex" => Some(false),
            (_, None) => ranges(iterable),
            _ => None,
        }
    }

    /// Does each pass of the loops, the outermost first, come to the block, but that a loop inside may not run at all?
    pub(super) fn is_in_all_passes(&self, loops: &[Loop], block: BlockId) -> bool {
        let inner = loops.iter().skip(1).map(Loop::head).chain([block]);
        loops.iter().zip(inner).all(|(around, next)| self.is_in_each_pass(around, next))
    }

    /// Does the store put into each element what the pass before has put into its neighbour, and nothing else?
    pub fn smear(&self, write: EventId) -> Option<Smear> {
        let event = self.event(write);
        let EventKind::Written { value, how: WriteHow::Item { .. }, .. } = event.kind else { return None };
        let written = self.array(value).filter(|array| array.evidence >= Evidence::Likely)?;
        let (block, op) = self.op_of(event).filter(|_| !event.maybe)?;
        let OpKind::SetItem { obj, index, value: stored, .. } = op.kind else { return None };
        let OpKind::Index(from, at) = made(block, stored)?.kind else { return None };
        if variable(block, obj).is_none() || resolved(self.body, block, obj) != resolved(self.body, block, from) {
            return None;
        }
        let (mover, distance, behind) = self.moves(block, index, at)?;
        let loops = self.loops_around(event.block);
        let at = loops.iter().rposition(|around| self.course(around, mover).is_some())?;
        let down = self.course(&loops[at], mover)?;
        if !self.is_in_all_passes(&loops[at..], event.block) || distance != if down { -1 } else { 1 } {
            return None;
        }
        let is_other = |other: &Event, value: ValueId| other.op != event.op && shares(self, written, value);
        let first = self.first_source(&loops[at], mover, behind, down);
        let (mut inside, mut before, mut after) = (false, false, false);
        for (_, other) in self.iter() {
            match other.kind {
                EventKind::Written { value, .. } if is_other(other, value) => {
                    let here = loops[at].holds(other.block);
                    inside |= here;
                    before |= !here && other.op < event.op;
                    after |= !here && other.op > event.op && self.stores_at(other, first);
                }
                EventKind::Escaped { value, .. } if is_other(other, value) => inside |= loops[at].holds(other.block),
                _ => {}
            }
        }
        // What is put into the place that a shift leaves free comes behind the loop. Whoever sets the first one and lets it
        // run through all the others, or carries one on from the middle, means it.
        let blank = written.bufs.iter().all(|&buf| self.buffers.get(buf).blank);
        let all = matches!(first, Some(Place::At(0 | -1)));
        let shifts = after || all && !before && !blank;
        (!inside && shifts).then_some(Smear { read: self.body.temps[stored.index()], down })
    }

    /// The place from which the first pass of the loop takes its element: the loop's first position, and `behind` further.
    fn first_source(&self, around: &Loop, mover: Local, behind: i64, down: bool) -> Option<Place> {
        let ((block, iterable), _) = self.bound_by(around, mover, false)?;
        let OpKind::Call(_, args) = &made(block, iterable)?.kind else { return None };
        match (&args[..], down) {
            ([_], false) => Some(Place::At(behind)),
            ([start, ..], false) => place(block, start.value)?.and(behind),
            // Down to the first one: from the last one, then.
            ([_, stop, _], true) => (place(block, stop.value)? == Place::At(-1)).then_some(Place::At(-1)),
            // `reversed(range(n - 1))`
            _ => Some(Place::At(-1)),
        }
    }

    /// Does the event store into the place?
    fn stores_at(&self, event: &Event, at: Option<Place>) -> bool {
        let index = self.op_of(event).and_then(|(block, op)| match op.kind {
            OpKind::SetItem { index, .. } => items(block, index).first().map(|item| (block, *item)),
            _ => None,
        });
        let Some((block, index)) = index else { return false };
        let stored = place(block, index);
        // (The last one is `-1`, or `n - 1`.)
        at.is_some() && (stored == at || at == Some(Place::At(-1)) && matches!(stored, Some(Place::By(_, -1))))
    }

    /// By which name, and how far, the index lies ahead of the other one, and how far that one lies ahead of the name; all
    /// other items are the same.
    fn moves(&self, block: &Block, index: Temp, other: Temp) -> Option<(Local, i64, i64)> {
        let (to, from) = (items(block, index), items(block, other));
        if to.len() != from.len() {
            return None;
        }
        let text = |temp: Temp| self.quote(self.body.temps[temp.index()]);
        let mut unlike = to.into_iter().zip(from).filter(|(a, b)| text(*a) != text(*b));
        let ((to, from), None) = (unlike.next()?, unlike.next()) else { return None };
        let ((name, ahead), (other, behind)) = (offset(block, to)?, offset(block, from)?);
        (name == other).then_some((name, ahead.checked_sub(behind)?, behind))
    }
}

/// Do the two lie in one memory, as far as is known?
fn shares(trace: &BodyTrace<'_>, array: &Array, value: ValueId) -> bool {
    trace.arrays(value).iter().any(|other| other.bufs.iter().any(|buf| array.bufs.contains(buf)))
}

/// The items of an index.
pub(super) fn items(block: &Block, index: Temp) -> SmallVec<[Temp; 4]> {
    match made(block, index).map(|op| &op.kind) {
        Some(OpKind::Display(Display::Tuple, items)) => items.iter().map(|item| item.0).collect(),
        _ => smallvec::smallvec![index],
    }
}

/// A name, and what is added to it: `i`, `i + 1`, `i - 1`, `1 + i`.
pub(super) fn offset(block: &Block, temp: Temp) -> Option<(Local, i64)> {
    let number = |temp: Temp| match made(block, temp).map(|op| &op.kind) {
        Some(OpKind::Const(Const::Int(n))) => Some(*n),
        _ => None,
    };
    let name = |temp: Temp| match made(block, temp).map(|op| &op.kind) {
        Some(OpKind::Load(local)) => Some(*local),
        _ => None,
    };
    match made(block, temp)?.kind {
        OpKind::Load(local) => Some((local, 0)),
        OpKind::Binary(BinOp::Add, left, right) => match name(left) {
            Some(local) => Some((local, number(right)?)),
            None => Some((name(right)?, number(left)?)),
        },
        OpKind::Binary(BinOp::Sub, left, right) => Some((name(left)?, number(right)?.checked_neg()?)),
        _ => None,
    }
}

/// The place that an expression says: `0`, `-1`, `pos`, `pos + 1`.
fn place(block: &Block, temp: Temp) -> Option<Place> {
    match made(block, temp)?.kind {
        OpKind::Const(Const::Int(n)) => Some(Place::At(n)),
        OpKind::Unary(UnaryOp::USub, operand) => match made(block, operand)?.kind {
            OpKind::Const(Const::Int(n)) => n.checked_neg().map(Place::At),
            _ => None,
        },
        _ => offset(block, temp).map(|(local, n)| Place::By(local, n)),
    }
}
