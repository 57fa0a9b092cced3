//! Gathers the memory in which an array that a call hands back may lie, from the arrays that were passed.

use smallvec::SmallVec;

use crate::domain::value::MAX_BUFFERS;
use crate::domain::{Array, BufId, Evidence, Kinds, Value};

/// What an array that a call hands back may lie in, and what that says of its kind.
pub(super) struct Gathered {
    /// The buffers.
    pub(super) bufs: SmallVec<[BufId; 2]>,
    /// May it lie elsewhere?
    pub(super) unknown: bool,
    /// Does it lie in them for certain?
    pub(super) lies: bool,
    /// What it may be.
    pub(super) kinds: Kinds,
    /// How well it is known to be an array.
    pub(super) evidence: Evidence,
}

impl Gathered {
    /// It may lie where an array lies that was passed. `itself`: the callee had that array, not an item of what it had.
    pub(super) fn array(&mut self, passed: &Array, itself: bool) {
        self.bufs.extend(passed.bufs.iter().copied());
        self.unknown |= passed.unknown;
        self.lies &= passed.lies;
        self.evidence = self.evidence.max(passed.evidence);
        if passed.certain() && itself && !self.kinds.meets(Kinds::FOREIGN.union(Kinds::WILD)) {
            // What is made of an array without converting it is an array, a number, or None.
            self.kinds = self.kinds.without(Kinds::CONTAINER.union(Kinds::OTHER));
        }
    }

    /// Each buffer once, and no more of them than an array has.
    pub(super) fn settle(&mut self) {
        self.bufs.sort_unstable();
        self.bufs.dedup();
        if self.bufs.len() > MAX_BUFFERS {
            self.bufs.truncate(MAX_BUFFERS);
            self.unknown = true;
        }
        self.lies &= self.bufs.len() == 1 && !self.unknown;
    }
}

/// Is it a value without memory of its own that arrays could share: `None`, a number or a string?
pub(super) fn is_plain(value: &Value) -> bool {
    matches!(
        value,
        Value::None
            | Value::Scalar
            | Value::Int(_)
            | Value::Float
            | Value::Complex
            | Value::Number
            | Value::Bool(_)
            | Value::Str(_)
    )
}
