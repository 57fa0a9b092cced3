//! Loops that move the elements of an array within it: by one place, where in the wrong direction each takes what the pass
//! before has put there, and all become the first; or to the opposite end, round it, across the diagonal, where another array
//! says, so that those which come late find others in their places.

use smallvec::SmallVec;

use super::axes::{definition, resolved};
use super::sweep::{made, variable};
use super::{BodyTrace, Event, EventId, EventKind, Loop, WriteHow};
use crate::domain::{Array, Evidence, ValueId};
use crate::ir::validate::uses;
use crate::ir::{BinOp, Block, BlockId, Const, Display, Local, OpKind, Temp, UnaryOp};
use crate::source::Span;

/// An expression is followed through so many of its parts.
const MAX_PARTS: usize = 24;

/// A loop that moves elements, and reads some of them when it has overwritten them.
#[derive(Clone, Copy, Debug)]
pub struct Smear {
    /// The read of what an earlier pass has overwritten.
    pub read: Span,
    /// Where the elements go.
    pub way: Moved,
}

/// Which way a loop moves the elements of an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moved {
    /// By one place, going up: the first one goes to all places.
    Up,
    /// By one place, going down: the last one does.
    Down,
    /// Round the end: `a[i] = a[(i + 1) % n]`.
    Round,
    /// From the opposite end: `a[i] = a[n - 1 - i]`.
    Opposite,
    /// Across the diagonal: `a[i, j] = a[j, i]`.
    Across,
    /// To where another array says: `a[i] = a[perm[i]]`.
    Permuted,
}

/// What else a body does with an array.
#[derive(Clone, Copy, Debug, Default)]
struct Others {
    inside: bool,
    before: bool,
    after: bool,
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

    /// Does the loop go on to read elements that it has overwritten, where it does nothing but move them?
    pub fn smear(&self, write: EventId) -> Option<Smear> {
        if self.is_vast() {
            return None;
        }
        let event = self.event(write);
        let EventKind::Written { value, how: WriteHow::Item { .. }, .. } = event.kind else { return None };
        let written = self.array(value).filter(|array| array.evidence >= Evidence::Likely)?;
        let (block, op) = self.op_of(event).filter(|_| !event.maybe)?;
        let OpKind::SetItem { obj, index, value: stored, .. } = op.kind else { return None };
        let OpKind::Index(from, at) = made(block, stored)?.kind else { return None };
        if variable(block, obj).is_none() || resolved(self.body, block, obj) != resolved(self.body, block, from) {
            return None;
        }
        let loops = self.loops_around(event.block);
        let read = self.body.temps[stored.index()];
        if let Some((mover, distance, behind)) = self.moves(block, index, at) {
            let around = loops.iter().rposition(|around| self.course(around, mover).is_some())?;
            let down = self.course(&loops[around], mover)?;
            if !self.is_in_all_passes(&loops[around..], event.block) || distance != if down { -1 } else { 1 } {
                return None;
            }
            let first = self.first_source(&loops[around], mover, behind, down);
            let others = self.others(write, written, &loops[around], first);
            // What is put into the place that a shift leaves free comes behind the loop. Whoever sets the first one and lets
            // it run through all the others, or carries one on from the middle, means it.
            let all = matches!(first, Some(Place::At(0 | -1)));
            let shifts = others.after || all && !others.before && !self.is_made_blank(written);
            let way = if down { Moved::Down } else { Moved::Up };
            return (!others.inside && shifts).then_some(Smear { read, way });
        }
        let (way, around) = self.turns(block, index, at, &loops)?;
        let each = self.is_in_all_passes(&loops[around..], event.block);
        let alone = !self.others(write, written, &loops[around], None).inside && !self.is_made_blank(written);
        (each && alone).then_some(Smear { read, way })
    }

    /// What else the body does with the array: in the loop, before it, and to the place that a shift leaves free.
    fn others(&self, write: EventId, written: &Array, around: &Loop, free: Option<Place>) -> Others {
        let event = self.event(write);
        let is_other = |other: &Event, value: ValueId| other.op != event.op && shares(self, written, value);
        let mut found = Others::default();
        for (_, other) in self.iter() {
            let here = around.holds(other.block);
            match other.kind {
                EventKind::Written { value, .. } if is_other(other, value) => {
                    found.inside |= here;
                    found.before |= !here && other.op < event.op;
                    found.after |= !here && other.op > event.op && self.stores_at(other, free);
                }
                EventKind::Escaped { value, .. } if is_other(other, value) => found.inside |= here,
                _ => {}
            }
        }
        found
    }

    fn is_made_blank(&self, array: &Array) -> bool {
        array.bufs.iter().all(|&buf| self.buffers.get(buf).blank)
    }

    /// Does the store take each element from the place opposite, round the end, across the diagonal, or where a permutation
    /// says? And the outermost of the loops that it goes by.
    fn turns(&self, block: &Block, index: Temp, other: Temp, loops: &[Loop]) -> Option<(Moved, usize)> {
        let (to, from) = (items(block, index), items(block, other));
        let text = |temp: Temp| self.quote(self.body.temps[temp.index()]);
        let unlike: SmallVec<[(Temp, Temp); 4]> =
            to.iter().copied().zip(from.iter().copied()).filter(|(a, b)| text(*a) != text(*b)).collect();
        if to.len() != from.len() {
            return None;
        }
        let name = |temp: Temp| match made(block, temp).map(|op| &op.kind) {
            Some(OpKind::Load(local)) => Some(*local),
            _ => None,
        };
        match unlike[..] {
            [(a, b), (c, d)] if name(a).is_some() && name(a) == name(d) && name(b).is_some() && name(b) == name(c) => {
                let (one, two) = (self.goes_over_all(loops, name(a)?)?, self.goes_over_all(loops, name(b)?)?);
                Some((Moved::Across, one.min(two)))
            }
            [(to, from)] => {
                let (way, by) = match (name(to), name(from)) {
                    (Some(by), None) => (self.turn(block, from, by)?, by),
                    (None, Some(by)) => (self.turn(block, to, by).filter(|way| *way == Moved::Round)?, by),
                    _ => return None,
                };
                Some((way, self.goes_over_all(loops, by)?))
            }
            _ => None,
        }
    }

    /// What an item of an index makes of the name: `n - 1 - i`, `(i + 1) % n`, `perm[i]`.
    fn turn(&self, block: &Block, item: Temp, by: Local) -> Option<Moved> {
        let is_it =
            |temp: Temp| matches!(made(block, temp).map(|op| &op.kind), Some(OpKind::Load(local)) if *local == by);
        match made(block, item)?.kind {
            OpKind::Binary(BinOp::Mod, sum, _) => match made(block, sum)?.kind {
                OpKind::Binary(BinOp::Add | BinOp::Sub, left, right) if is_it(left) || is_it(right) => {
                    Some(Moved::Round)
                }
                _ => None,
            },
            OpKind::Binary(BinOp::Sub, left, right) if is_it(right) && !is_it(left) => Some(Moved::Opposite),
            OpKind::Binary(BinOp::Sub, left, _) => match made(block, left)?.kind {
                // `-i - 1`
                OpKind::Unary(UnaryOp::USub, operand) if is_it(operand) => Some(Moved::Opposite),
                _ => None,
            },
            OpKind::Unary(UnaryOp::Invert, operand) if is_it(operand) => Some(Moved::Opposite),
            OpKind::Index(order, at) if is_it(at) => {
                let text = self.quote(self.body.temps[order.index()]);
                let (at, made_by) = definition(self.body, block, order).unwrap_or((block, order));
                let orders = match made(at, made_by).map(|op| &op.kind) {
                    Some(OpKind::Method { name, .. }) => {
                        matches!(self.module.names.text(*name), "argsort" | "lexsort" | "permutation")
                    }
                    _ => false,
                };
                (orders || text.contains("perm")).then_some(Moved::Permuted)
            }
            _ => None,
        }
    }

    /// The loop that takes the name through all positions from the first on, and not through one half of them.
    fn goes_over_all(&self, loops: &[Loop], local: Local) -> Option<usize> {
        let at = loops.iter().position(|around| self.course(around, local).is_some())?;
        let ((block, iterable), None) = self.bound_by(&loops[at], local, false)? else { return None };
        let OpKind::Call(_, args) = &made(block, iterable)?.kind else { return None };
        let stop = match args[..] {
            [stop] => stop.value,
            [start, stop] if place(block, start.value) == Some(Place::At(0)) => stop.value,
            _ => return None,
        };
        let mut stack: SmallVec<[(&Block, Temp); 8]> = smallvec::smallvec![(block, stop)];
        for _ in 0..MAX_PARTS {
            let Some((block, temp)) = stack.pop() else { return Some(at) };
            match &made(block, temp)?.kind {
                OpKind::Binary(BinOp::FloorDiv | BinOp::Div | BinOp::RShift | BinOp::Mult, ..) => return None,
                // A triangle, and no square.
                OpKind::Load(bound) if loops.first().is_some_and(|outer| self.binds_in(outer, *bound)) => return None,
                OpKind::Load(_) => stack.extend(definition(self.body, block, temp)),
                kind => stack.extend(uses(kind).into_iter().map(|temp| (block, temp))),
            }
        }
        None
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
