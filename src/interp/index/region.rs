//! Which part of a buffer an index takes.

use smallvec::SmallVec;

use super::{Part, Step};
use crate::domain::{Array, Bound, Interval, Region, Value, ValueId};
use crate::interp::machine::Machine;
use crate::ir::{BinOp, Local, OpKind, Temp, UnaryOp};

impl<'a> Machine<'a> {
    // --- regions ------------------------------------------------------------------------------------------------

    /// The part of the buffer that a basic index takes.
    pub(super) fn region(&self, array: &Array, index: Temp, parts: &[(Part, ValueId)]) -> Region {
        if array.region != Region::Whole {
            return array.region.clone();
        }
        if let [(Part::Field(Some(name)), _)] = parts {
            return Region::Field(*name);
        }
        let temps = self.index_temps(index, parts.len());
        let mut intervals: SmallVec<[Interval; 2]> = SmallVec::new();
        for (i, (part, value)) in parts.iter().enumerate() {
            let temp = temps.get(i).copied();
            intervals.push(match part {
                Part::Int => Interval::single(self.bound(*value, temp)),
                Part::Slice(step) => self.interval(*value, temp, *step),
                Part::Ellipsis => break,
                _ => return Region::Any,
            });
        }
        if intervals.iter().all(|interval| *interval == Interval::ALL) {
            // All of it, but along the buffer's own axes only if no step skips or reverses.
            let strided = parts.iter().any(|(part, _)| *part == Part::Slice(Step::Other));
            return if strided { Region::Any } else { Region::Whole };
        }
        Region::Part(intervals)
    }

    /// The temps of an index's components, where the index is written out.
    pub(super) fn index_temps(&self, index: Temp, count: usize) -> SmallVec<[Temp; 4]> {
        match self.def(index) {
            Some(OpKind::Display(_, items)) if items.len() == count => items.iter().map(|item| item.0).collect(),
            _ if count == 1 => smallvec::smallvec![index],
            _ => SmallVec::new(),
        }
    }

    pub(super) fn interval(&self, slice: ValueId, temp: Option<Temp>, step: Step) -> Interval {
        let Value::Slice(a, b, c) = *self.values.get(slice) else {
            return Interval { lo: Bound::Unknown, hi: Bound::Unknown };
        };
        let negative = matches!(self.values.get(c), Value::Int(Some(n)) if *n < 0);
        if step == Step::Other && (negative || !matches!(self.values.get(c), Value::Int(Some(_)))) {
            return Interval { lo: Bound::Unknown, hi: Bound::Unknown };
        }
        let (ta, tb) = match temp.and_then(|temp| self.def(temp)) {
            Some(OpKind::Slice(a, b, _)) => (*a, *b),
            _ => (None, None),
        };
        let end = |value: ValueId, temp: Option<Temp>, default: Bound| match self.values.get(value) {
            Value::None => default,
            _ => self.bound(value, temp),
        };
        Interval { lo: end(a, ta, Bound::Start), hi: end(b, tb, Bound::End) }
    }

    /// An integer as a bound: a constant, or a variable that never changes, plus a constant.
    pub(super) fn bound(&self, value: ValueId, temp: Option<Temp>) -> Bound {
        if let Value::Int(Some(n)) = self.values.get(value) {
            return if *n == 0 { Bound::Start } else { Bound::At(*n) };
        }
        let Some(temp) = temp else { return Bound::Unknown };
        match self.def(temp) {
            Some(OpKind::Load(local)) => self.stable_bound(*local, 0),
            Some(OpKind::Unary(UnaryOp::USub, operand)) => match self.def(*operand) {
                Some(OpKind::Load(local)) if self.stable[local.index()] => Bound::Minus(*local),
                _ => Bound::Unknown,
            },
            Some(OpKind::Binary(op @ (BinOp::Add | BinOp::Sub), left, right)) => {
                let (Some(OpKind::Load(local)), Value::Int(Some(n))) =
                    (self.def(*left), self.values.get(self.temp(*right)))
                else {
                    return Bound::Unknown;
                };
                self.stable_bound(*local, if *op == BinOp::Add { *n } else { -*n })
            }
            _ => Bound::Unknown,
        }
    }

    pub(super) fn stable_bound(&self, local: Local, plus: i64) -> Bound {
        if self.stable[local.index()] { Bound::Sym(local, plus) } else { Bound::Unknown }
    }
}
