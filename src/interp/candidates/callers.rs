//! Who calls a function of the file, or a method of a class of another one, as far as names tell.

use super::Candidates;
use super::flow::Places;
use crate::ir::{Body, BodyId, Mention, Sym};

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

    /// Notes what methods of classes of other files do; the bodies that call one which writes what it is given.
    pub(super) fn learn_methods(&mut self, methods: &[(Sym, bool)]) -> Vec<BodyId> {
        let mut writing: Vec<Sym> = Vec::new();
        for &(name, writes) in methods {
            self.own[name.0 as usize] = true;
            if writes {
                self.writers[name.0 as usize] = Places::MAX;
                writing.push(name);
            }
        }
        if writing.is_empty() {
            return Vec::new();
        }
        let calls = |mention: &(Sym, Mention)| matches!(mention.1, Mention::Method(_)) && writing.contains(&mention.0);
        let calling = |body: &Body| self.module.mentions(body).iter().any(calls);
        let bodies = self.module.bodies.iter().enumerate();
        bodies.filter(|(_, body)| calling(body)).map(|(i, _)| BodyId(i as u32)).collect()
    }
}
