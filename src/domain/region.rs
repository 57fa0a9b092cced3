//! Which part of a buffer an array covers.
//!
//! A region is an over-approximation: the array covers at most these elements. It is fixed by the first basic index on
//! an array that is the whole buffer with the buffer's own axes; what is derived from that part keeps the region. That
//! is enough to show that `a[0]` and `a[1]`, `x[:n]` and `x[n:]`, `r["x"]` and `r["y"]` do not overlap.

use smallvec::SmallVec;

use crate::ir::{Local, Sym};

/// One end of an interval along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bound {
    /// Not known.
    Unknown,
    /// The beginning of the axis.
    Start,
    /// The end of the axis.
    End,
    /// A constant index; negative counts from the end.
    At(i64),
    /// A variable that holds one value throughout the body, plus a constant.
    Sym(Local, i64),
    /// Minus such a variable: counted from the end.
    Minus(Local),
}

/// The elements from `lo` up to, not including, `hi` along one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Interval {
    /// The first index.
    pub lo: Bound,
    /// The index behind the last.
    pub hi: Bound,
}

/// The part of a buffer that an array covers at most.
#[derive(Debug, PartialEq, Eq, Hash)]
pub enum Region {
    /// All of it, along the buffer's own axes.
    Whole,
    /// These intervals along the buffer's first axes.
    Part(SmallVec<[Interval; 2]>),
    /// A field of a structured array.
    Field(Sym),
    /// One of the pieces that the op of this number split an array into: the pieces of one op do not overlap.
    Piece(u32, u32),
    /// Not known.
    Any,
}

/// As the derived one would be, but that the intervals are copied as a whole.
impl Clone for Region {
    fn clone(&self) -> Region {
        match self {
            Region::Whole => Region::Whole,
            Region::Part(intervals) => Region::Part(SmallVec::from_slice(intervals)),
            Region::Field(name) => Region::Field(*name),
            Region::Piece(op, i) => Region::Piece(*op, *i),
            Region::Any => Region::Any,
        }
    }
}

impl Bound {
    /// Is `self` certainly at or before `other`, as positions along one axis of unknown length?
    fn at_or_before(self, other: Bound) -> bool {
        match (self, other) {
            (Bound::Start, b) | (b, Bound::End) => b != Bound::Unknown,
            (Bound::At(a), Bound::At(b)) => (a < 0) == (b < 0) && a <= b,
            (Bound::Sym(a, m), Bound::Sym(b, n)) => a == b && m <= n,
            (Bound::Minus(a), Bound::Minus(b)) => a == b,
            _ => false,
        }
    }
}

impl Interval {
    /// All of an axis.
    pub const ALL: Interval = Interval { lo: Bound::Start, hi: Bound::End };

    /// The single element at a bound.
    pub fn single(at: Bound) -> Interval {
        let hi = match at {
            Bound::Start => Bound::At(1),
            Bound::At(-1) => Bound::End,
            Bound::At(i) => Bound::At(i + 1),
            Bound::Sym(local, i) => Bound::Sym(local, i + 1),
            other => other,
        };
        Interval { lo: at, hi }
    }

    /// Do two intervals along one axis certainly have no element in common?
    pub fn disjoint(self, other: Interval) -> bool {
        self.hi.at_or_before(other.lo) || other.hi.at_or_before(self.lo)
    }
}

impl Region {
    /// Do two regions of one buffer certainly have no element in common?
    pub fn disjoint(&self, other: &Region) -> bool {
        match (self, other) {
            (Region::Part(a), Region::Part(b)) => a.iter().zip(b).any(|(a, b)| a.disjoint(*b)),
            (Region::Field(a), Region::Field(b)) => a != b,
            (Region::Piece(op, i), Region::Piece(other, j)) => op == other && i != j,
            _ => false,
        }
    }

    /// What covers both.
    pub fn join(&self, other: &Region) -> Region {
        if self == other { self.clone() } else { Region::Any }
    }
}
