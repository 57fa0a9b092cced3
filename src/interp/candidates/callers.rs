//! Who calls a function of the file, as far as names tell.

use super::Candidates;
use crate::ir::{BodyId, Sym};

impl Candidates<'_> {
    /// The bodies that mention one of these functions of the file.
    pub(crate) fn callers_of(&self, functions: &[BodyId]) -> Vec<BodyId> {
        let mut names: Vec<Sym> = Vec::new();
        for &id in functions {
            let body = &self.module.bodies[id.index()];
            names.push(match body.class.filter(|_| self.module.names.text(body.name) == "__init__") {
                Some(class) => self.module.classes[class.index()].name,
                None => body.name,
            });
        }
        let mut found: Vec<BodyId> =
            self.calls.iter().filter(|call| names.contains(&call.1)).map(|call| call.0).collect();
        found.sort_unstable();
        found.dedup();
        found
    }
}
