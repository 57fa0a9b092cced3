//! The lattice: what the analysis can say about a variable at a point.
//!
//! ```text
//!                         Unknown
//!      /      /       |        |        \        \
//!   Array  Scalar   None   Container  Object  Function …
//!      \      \       |        |        /        /
//!                         Bottom
//! ```
//!
//! * A [`Buffer`] is an abstract allocation. Each allocation site has two: *recent*, the one made last
//!   (exactly one), and *older*, all made before it (recency abstraction, Balakrishnan & Reps 2006).
//! * An [`Array`] value says in which buffers an array's memory may lie, whether it certainly lies in the
//!   one, whether it is the owner or a view, which [`Region`] of the buffer it covers, and what is known
//!   of shape, dtype, order and writeability. The set of buffers is capped at [`value::MAX_BUFFERS`]; above that the
//!   value is unknown.
//! * Values are hash-consed: a [`ValueId`] stands for one value, equality is equality of ids, a state is
//!   a vector of ids, and joins are memoised. That decides the speed of the analysis.
//!
//! The laws (join idempotent, commutative, associative; the order it induces) are tested in `tests/lattice.rs`.

pub mod buffer;
pub mod dtype;
mod interner;
pub mod layout;
pub mod region;
pub mod state;
pub mod tri;
pub mod value;
pub mod values;

pub use buffer::{Age, BufId, Buffer, Buffers, CopiedFrom, CopyOf, Origin, Site};
pub use dtype::Dtype;
pub use region::{Bound, Interval, Region};
pub use state::State;
pub use tri::Tri;
pub use value::{Array, Content, ContentId, Evidence, Key, Kinds, ObjectKind, Owner, Shape, Subclass, Value, ValueId};
pub use values::Values;
