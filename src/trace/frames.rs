//! Slices that a loop takes one after the other, with a step shorter than they are long, and changes in place: what two of them
//! share is changed twice.

use smallvec::SmallVec;

use super::axes::{definition, resolved};
use super::shift::items;
use super::sweep::made;
use super::windows::{Product, names_a_step};
use super::{BodyTrace, EventId, EventKind, How, Loop, WriteHow};
use crate::domain::Evidence;
use crate::ir::validate::uses;
use crate::ir::{BinOp, Block, OpKind, Temp};
use crate::source::Span;

/// An expression is followed through so many of its parts.
const MAX_PARTS: usize = 32;

impl<'a> BodyTrace<'a> {
    /// Does an in-place operator level or taper a slice of which the loop's next one takes a part again? The slice.
    pub(super) fn overlapping_frames(&self, write: EventId) -> Option<Span> {
        let event = self.event(write);
        let EventKind::Written { value, how: WriteHow::Augmented, .. } = event.kind else { return None };
        self.array(value).filter(|array| array.evidence >= Evidence::Likely)?;
        let loops = self.loops_around(event.block);
        let innermost = loops.last()?;
        let (block, op) = self.op_of(event)?;
        let (operator, target, operand) = match op.kind {
            OpKind::InPlace(operator, target, operand) => (operator, target, operand),
            OpKind::SetItem { value, inplace: true, .. } => match made(block, value)?.kind {
                OpKind::InPlace(operator, target, operand) => (operator, target, operand),
                _ => return None,
            },
            _ => return None,
        };
        // The index that takes the slice: here, or where the name is bound, in the same pass.
        let (at, slice) = match made(block, target)?.kind {
            OpKind::Index(..) => (block, target),
            _ => {
                let link = self.derivation(value).filter(|link| link.how == How::Slice)?;
                if !innermost.holds(self.event(link.event).block) {
                    return None;
                }
                let (at, op) = self.op_of(self.event(link.event))?;
                (at, op.dest?)
            }
        };
        let OpKind::Index(_, index) = made(at, slice)?.kind else { return None };
        if !items(at, index).iter().any(|&item| self.laps_in_loop(&loops, at, item)) {
            return None;
        }
        let levels = matches!(operator, BinOp::Sub | BinOp::Div | BinOp::Mult);
        let tapers = operator == BinOp::Mult && self.tapers(block, operand);
        let alike = levels && self.reads_slice(block, operand, target, at, slice);
        (alike || tapers).then_some(self.body.temps[slice.index()])
    }

    /// Is the item a slice of a certain length, `i:i + size`, which the loop moves on by less?
    fn laps_in_loop(&self, loops: &[Loop], block: &'a Block, item: Temp) -> bool {
        let slice = || {
            let OpKind::Slice(Some(lower), Some(upper), None) = made(block, item)?.kind else { return None };
            let OpKind::Binary(BinOp::Add, from, size) = made(block, upper)?.kind else { return None };
            let text = |temp: Temp| self.quote(self.body.temps[temp.index()]);
            // `i * hop:i * hop + size`
            let (base, size) = match (text(from) == text(lower), text(size) == text(lower)) {
                (true, _) => (lower, size),
                (_, true) => (lower, from),
                _ => return None,
            };
            let size = self.product(self.body, block, size, 0)?;
            let step = match made(block, base)?.kind {
                OpKind::Load(local) => {
                    let around = loops.iter().find_map(|around| self.bound_by(around, local, false))?;
                    let ((at, iterable), None) = around else { return None };
                    let OpKind::Call(_, args) = &made(at, iterable)?.kind else { return None };
                    match args[..] {
                        [_] | [_, _] => Product::of(1),
                        [_, _, step] => self.product(self.body, at, step.value, 0)?,
                        _ => return None,
                    }
                }
                OpKind::Binary(BinOp::Mult, left, right) => {
                    let is_step = |temp: Temp| match made(block, temp).map(|op| &op.kind) {
                        Some(OpKind::Load(local)) => loops.iter().any(|around| self.course(around, *local).is_some()),
                        _ => false,
                    };
                    let hop = match (is_step(left), is_step(right)) {
                        (true, false) => right,
                        (false, true) => left,
                        _ => return None,
                    };
                    self.product(self.body, block, hop, 0)?
                }
                _ => return None,
            };
            Some((step, size))
        };
        match slice() {
            Some((step, size)) => match (&step.names[..], &size.names[..]) {
                ([], []) => (1..size.number).contains(&step.number),
                ([], _) => step.number == 1,
                ([hop], [size]) => hop != size && names_a_step(hop) && step.number == 1,
                _ => false,
            },
            None => false,
        }
    }

    /// Is the operand a window function: by its name, or as one of NumPy's makes it?
    fn tapers(&self, block: &'a Block, operand: Temp) -> bool {
        let names_one = |text: &str| {
            let text = text.to_ascii_lowercase();
            ["window", "taper", "hann", "hamming", "blackman", "bartlett", "kaiser"]
                .iter()
                .any(|word| text.contains(word))
        };
        let (at, temp) = definition(self.body, block, operand).unwrap_or((block, operand));
        let text = |temp: Temp| self.quote(self.body.temps[temp.index()]);
        let is_name = matches!(made(block, operand).map(|op| &op.kind), Some(OpKind::Load(_)));
        let is_call = matches!(made(at, temp).map(|op| &op.kind), Some(OpKind::Method { .. } | OpKind::Call(..)));
        is_name && names_one(text(operand)) || is_call && names_one(text(temp))
    }

    /// Does the operand read the slice that is changed: `frame -= frame.mean()`?
    fn reads_slice(&self, block: &'a Block, operand: Temp, target: Temp, at: &Block, slice: Temp) -> bool {
        let text = |temp: Temp| self.quote(self.body.temps[temp.index()]);
        let named = resolved(self.body, block, target);
        let mut stack: SmallVec<[Temp; 8]> = smallvec::smallvec![operand];
        for _ in 0..MAX_PARTS {
            let Some(temp) = stack.pop() else { return false };
            let Some(op) = made(block, temp) else { continue };
            match &op.kind {
                OpKind::Load(_) if named.is_some() && resolved(self.body, block, temp) == named => return true,
                OpKind::Index(..) if std::ptr::eq(block, at) && text(temp) == text(slice) => return true,
                kind => stack.extend(uses(kind)),
            }
        }
        false
    }
}
