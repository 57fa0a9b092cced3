//! The abstract interpreter.
//!
//! Each body is run to a fixpoint over [`crate::domain`]: states at block entry, a worklist in reverse postorder, joins
//! at merges. Then one replay of each reachable block writes the trace and shows the state before every statement to an
//! [`Observer`]. A body without loops needs no fixpoint: its blocks are visited once, recording.
//!
//! | file | what |
//! |---|---|
//! | `machine` | the machine: state, temps, allocation, events |
//! | `suspend` | putting a body aside while a callee is analysed |
//! | `survey` | what a look at a body's ops says of its names |
//! | `order` | the order of a body's blocks, and its loops |
//! | `fixpoint` | the engine: order, joins, budget, replay |
//! | `evident` | defaults and attributes that are certainly arrays |
//! | `entry` | what is known when a body is entered: parameters, globals, closures |
//! | `transfer` | what each op does |
//! | `arith` | operators |
//! | `index` | NumPy's indexing rules |
//! | `attr` | attributes, read and set |
//! | `call` | calls: binding arguments to the rows of the model, applying their words |
//! | `special` | the rows whose answer depends on layout, dtype or keywords |
//! | `shapes` | shapes, dtypes and orders of results |
//! | `container` | lists, tuples and dicts |
//! | `builtins` | calls of builtin functions |
//! | `summary` | calls of functions of the same file |
//! | `instantiate` | a callee's values in terms of the caller |
//! | `across` | what the file calls in other files |
//! | `foreign` | calls of functions of other files, by what these tell of them |
//! | `instance` | instances of the project's classes, their methods and attributes |
//! | `lineage` | the bases of classes, and methods looked up along them |
//! | `closure` | names that inner functions rebind |
//! | `refine` | what a branch's condition says |
//! | `kept` | runs of callees, kept until it is their turn |
//! | `known` | names looked up once a file |
//!
//! **What is assumed.** Entry memory of different names does not overlap. A call to something unknown may keep or return
//! its arguments, may rebind attributes and change the elements of containers that it is given, but is not assumed to
//! write arrays. Annotations are believed. Objects that are no arrays but act like them (operators of their own,
//! `__array_ufunc__`, the methods of arrays) are taken to act like them in this, too: where an array gives new memory, so
//! do they, and where it gives a view, what they give lies in the same memory. An array of which the dtype is not known holds
//! no arrays for elements (object arrays can). A method called on `self` is the class's
//! own, unless a class of the file that inherits from it has another.

mod across;
mod arith;
mod assigned;
mod attr;
mod builtins;
mod call;
mod callers;
mod candidates;
mod class_candidates;
mod closure;
mod container;
mod duck;
mod entry;
mod evident;
mod fixpoint;
pub mod foreign;
mod gather;
mod index;
mod instance;
mod instantiate;
mod iterators;
mod kept;
mod known;
mod library;
mod lineage;
mod machine;
mod order;
mod record;
mod refine;
mod remap;
mod seeming;
mod shapes;
mod special;
mod specialise;
mod stdlib;
mod subclass;
mod summary;
mod survey;
mod suspend;
mod transfer;
mod unroll;
mod world;

use std::sync::Arc;

use rustc_hash::FxHashSet;

use crate::domain::{Buffers, State, ValueId, Values};
use crate::ir::{BodyId, ClassId, Module, Sym};
use crate::model::Model;
use crate::source::Span;
use crate::trace::BodyTrace;
use candidates::Candidates;
pub use foreign::{Callees, ClassSummary, Imported, NoCallees, Summary};
use known::Known;
pub use machine::Machine;

/// The moment before a statement.
#[derive(Debug)]
pub struct Point<'a> {
    /// The body.
    pub body: BodyId,
    /// The statement, or the header of a compound one.
    pub span: Span,
    /// What is known.
    pub state: &'a State,
    /// The values that the state refers to.
    pub values: &'a mut Values,
    /// The buffers that the values refer to.
    pub buffers: &'a Buffers,
}

/// Who looks on.
pub trait Observer {
    /// The state before a statement. Several times for one statement, if it stands in several blocks.
    fn point(&mut self, _point: &mut Point<'_>) {}

    /// Is [`Observer::point`] of interest? If not, it need not be called.
    fn wants_points(&self) -> bool {
        false
    }

    /// Is the file all of a program if it is a script: does no other file call what it holds?
    fn stands_alone(&self) -> bool {
        false
    }

    /// The trace of a body, when it is done. Once more, if its callers say more of its parameters than was known.
    fn body(&mut self, _trace: &BodyTrace<'_>) {}

    /// The attributes that methods of classes were found to write in place, if that is kept.
    fn written(&self) -> Option<FxHashSet<Sym>> {
        None
    }
}

/// What the analysis of a file counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Bodies that were analysed.
    pub bodies: u64,
    /// Parameters that a call of the file certainly passes an array for.
    pub given: FxHashSet<(BodyId, crate::ir::Local)>,
    /// Bodies that ran over the budget and were left out.
    pub over_budget: u64,
    /// The calls of the analysed bodies of whose callee nothing is known: each once, in the order of the text.
    pub unresolved: Vec<Span>,
    /// What other files are told.
    pub exports: Exports,
    /// The classes of other files that those of this file inherit from.
    pub bases: Vec<(ClassId, Arc<ClassSummary>)>,
}

/// What a file says to others of its own scope, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exports {
    /// Its functions.
    pub functions: Vec<(String, Summary)>,
    /// Its classes.
    pub classes: Vec<(String, ClassSummary)>,
}

impl Outcome {
    /// Counts a body that was analysed; not `done`: it ran over the budget.
    fn count(&mut self, done: bool) {
        *(if done { &mut self.bodies } else { &mut self.over_budget }) += 1;
    }
}

/// Analyses the bodies of a file: all of them if the observer wants the points, else those in which a rule may find
/// something (and what they call).
pub fn analyse(
    module: &Module,
    text: &str,
    model: &Model,
    callees: &dyn Callees,
    observer: &mut dyn Observer,
) -> Outcome {
    let mut outcome = Outcome::default();
    let known = Known::new(&module.names, model);
    let mut candidates = Candidates::new(module, &known, callees);
    let everything = observer.wants_points();
    let mut wanted: Vec<BodyId> =
        if everything { (0..module.bodies.len() as u32).map(BodyId).collect() } else { candidates.find(text) };
    if wanted.is_empty() {
        return outcome;
    }
    let mut machine = Machine::new(module, text, model, &known, callees);
    machine.thorough = everything;
    // The module's own statements run twice: first for what its names are bound to, which every function may read, and
    // at last, when all functions are known, for the record.
    machine.learn_globals();
    if !everything {
        machine.kept.await_all(&wanted);
    }
    if everything && observer.stands_alone() {
        machine.learn_world();
    }
    for &id in wanted.iter().filter(|&&id| id != BodyId(0)) {
        outcome.count(machine.run_in_world(id, observer));
    }
    if !everything {
        let mut others = candidates.others(observer.written().as_ref());
        others.retain(|id| wanted.binary_search(id).is_err());
        for &id in others.iter().filter(|&&id| id != BodyId(0)) {
            outcome.count(machine.run(id, observer));
        }
        wanted.append(&mut others);
    }
    // The module's own statements come last, when all functions are known.
    if wanted.contains(&BodyId(0)) {
        outcome.count(machine.run(BodyId(0), observer));
    }
    if !everything {
        machine.ask_callers(&wanted, &candidates, observer);
    }
    outcome.given = std::mem::take(&mut machine.given);
    outcome.exports = Exports { functions: machine.exports(), classes: machine.class_exports() };
    outcome.bases = machine.classes.told();
    outcome.unresolved = std::mem::take(&mut machine.unresolved);
    outcome.unresolved.sort_unstable_by_key(|span| (span.start, span.end));
    outcome.unresolved.dedup();
    outcome
}

/// Is the value bound to something?
pub(crate) fn bound(value: ValueId) -> bool {
    value != ValueId::BOTTOM
}
