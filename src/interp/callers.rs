//! What the calls of a file say of the parameters of its functions: where all of them pass arrays, it is an array.

use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

use super::machine::Machine;
use super::summary::Actuals;
use crate::domain::{Evidence, Kinds, Value};
use crate::ir::{BodyId, Local};
use crate::trace::Witnesses;

/// So often the calls are asked anew, when functions that were told of arrays have run again and call others.
pub(super) const MAX_ROUNDS: usize = 3;

/// What one call passes for a parameter: the body and the op that calls, and whether it is an array.
type Witness = ((BodyId, u32), bool);

/// The calls of the file, as witnesses.
#[derive(Debug, Default)]
pub(crate) struct Callers {
    passed: FxHashMap<(BodyId, Local), SmallVec<[Witness; 2]>>,
    /// The parameters that all calls pass arrays for.
    proven: FxHashSet<(BodyId, Local)>,
    /// What rules ask.
    pub(crate) witnesses: Witnesses,
}

impl Callers {
    /// Do all calls of the file that are known pass an array for the parameter?
    pub(crate) fn pass_an_array(&self, body: BodyId, local: Local) -> bool {
        self.proven.contains(&(body, local))
    }

    /// Learns what the calls say by now: the bodies that have a parameter of which that was not known.
    pub(crate) fn learn(&mut self) -> Vec<BodyId> {
        let mut found = Vec::new();
        for (&(body, local), witnesses) in &self.passed {
            let all = !witnesses.is_empty() && witnesses.iter().all(|witness| witness.1);
            if all && self.proven.insert((body, local)) {
                found.push(body);
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

impl<'a> Machine<'a> {
    /// Notes what a call passes.
    pub(crate) fn witness(&mut self, callee: BodyId, actuals: &Actuals) {
        for &local in actuals.temps.keys() {
            let Some(&value) = actuals.passed.get(&local) else { continue };
            let array = match self.values.get(value) {
                // It is left out in other words.
                Value::None | Value::Bottom => continue,
                Value::Array(array) => array.evidence >= Evidence::Likely && array.kinds.has(Kinds::ARRAY),
                _ => false,
            };
            let site = (self.id, self.op);
            let witnesses = self.callers.passed.entry((callee, local)).or_default();
            match witnesses.iter_mut().find(|witness| witness.0 == site) {
                Some(witness) => witness.1 = array,
                None => witnesses.push((site, array)),
            }
        }
    }
}
