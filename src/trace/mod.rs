//! What happened in a body, as events; and the questions that rules ask of them.
//!
//! After the fixpoint, one replay of the body writes its trace: typed events with spans, each with the values as they
//! were at that moment. Words are chosen in the rules, never here. A rule sees only the trace: the syntax tree is gone,
//! and the ops are not shown, so that a rule cannot work out aliasing by itself. What the methods of a class do with the
//! attributes of their object is collected from their traces as facts ([`class`]).

mod attributes;
mod axes;
pub mod class;
pub mod event;
mod exchange;
pub mod fact;
mod feasible;
mod fill;
mod frames;
pub mod harm;
pub mod loops;
mod neighbours;
pub mod params;
pub mod query;
mod recursion;
mod results;
mod shift;
pub mod sweep;
mod windows;

pub use class::ClassTrace;
pub use event::{BodyTrace, BoundFrom, Escape, Event, EventId, EventKind, How, Place, ReadHow, Repeat, WriteHow};
pub use exchange::Exchange;
pub use fact::{By, Deed, Fact, Source, ToldFacts, Way, Wrote};
pub use harm::Witnesses;
pub use loops::{Component, Loop};
pub use neighbours::Neighbourhood;
pub use query::{Link, Walk};
pub use shift::{Moved, Smear};
pub use sweep::{Overtaken, Selection};
pub use windows::Lapping;
