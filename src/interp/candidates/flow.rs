//! Which names of a body may share memory.

use crate::ir::{Local, Sym};

/// Places of arguments, a bit each: the first positional ones, not counting the receiver, from bit 0.
pub(crate) type Places = u64;

/// The receiver of a method.
pub(crate) const RECEIVER: Places = 1 << 63;

/// All places but the receiver's, from this one on.
pub(super) fn from_place(i: usize) -> Places {
    (!RECEIVER >> i.min(LAST)) << i.min(LAST)
}

/// One place; those far back are taken for one.
pub(super) fn place(i: usize) -> Places {
    1 << i.min(LAST)
}

/// The last place that is told apart.
const LAST: usize = 61;

/// Names that may share memory, in classes: the locals of a body, and behind them attributes of locals.
#[derive(Default)]
pub(super) struct Flow {
    classes: Vec<u32>,
    /// For each class (by its root): are there several names in it?
    several: Vec<bool>,
    /// For each class (by its root): the places of the parameters that are in it, or attributes of which are.
    given: Vec<Places>,
    /// The places of those that the body writes.
    pub(super) writes_given: Places,
    /// The attributes met so far, and the number of each.
    attributes: Vec<(Local, Sym, u32)>,
    /// For each local: was it bound to another name as a whole, or given to something that may return it?
    whole: Vec<bool>,
}

impl Flow {
    /// Makes it fit for another body.
    pub(super) fn reset(&mut self, locals: usize) {
        self.classes.clear();
        self.classes.extend(0..locals as u32);
        self.several.clear();
        self.several.resize(locals, false);
        self.given.clear();
        self.given.resize(locals, 0);
        self.whole.clear();
        self.whole.resize(locals, false);
        self.attributes.clear();
    }

    /// The local is a parameter; `shared`: what it is given goes by the caller's names, too.
    pub(super) fn give(&mut self, local: Local, places: Places, shared: bool) {
        self.given[local.index()] = places;
        self.several[local.index()] = shared;
    }

    /// The local is bound to another name as a whole, or given to something that may return it.
    pub(super) fn used(&mut self, local: Local) {
        self.whole[local.index()] = true;
    }

    /// The number of an attribute.
    pub(super) fn attribute(&mut self, local: Local, name: Sym) -> u32 {
        if let Some(found) = self.attributes.iter().find(|entry| (entry.0, entry.1) == (local, name)) {
            return found.2;
        }
        let id = self.classes.len() as u32;
        self.classes.push(id);
        self.several.push(false);
        let given = self.given(local.0);
        self.given.push(given);
        self.attributes.push((local, name, id));
        id
    }

    /// Where a local was used as a whole, or is another name of something, its attributes go with it.
    pub(super) fn settle(&mut self) {
        for i in 0..self.attributes.len() {
            let (local, _, id) = self.attributes[i];
            if self.whole[local.index()] || self.is_shared(local.0) {
                self.unite(id, local.0);
            }
        }
    }

    /// The name's memory is held by something that is no name as well.
    pub(super) fn mark(&mut self, name: u32) {
        let root = self.root(name);
        self.several[root as usize] = true;
    }

    fn root(&mut self, name: u32) -> u32 {
        let mut at = name;
        while self.classes[at as usize] != at {
            self.classes[at as usize] = self.classes[self.classes[at as usize] as usize];
            at = self.classes[at as usize];
        }
        at
    }

    pub(super) fn unite(&mut self, a: u32, b: u32) {
        let (a, b) = (self.root(a), self.root(b));
        if a != b {
            self.classes[a as usize] = b;
            self.several[b as usize] = true;
            self.given[b as usize] |= self.given[a as usize];
        }
    }

    pub(super) fn given(&mut self, name: u32) -> Places {
        let root = self.root(name);
        self.given[root as usize]
    }

    pub(super) fn is_shared(&mut self, name: u32) -> bool {
        let root = self.root(name);
        self.several[root as usize]
    }
}
