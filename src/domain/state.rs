//! What is known at a program point: a value for each name, and what the objects of the heap hold.

use super::{BufId, ContentId, ValueId};

/// The state at a program point. An unreachable point has no state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// The value of each local; bottom where it is not bound.
    pub locals: Vec<ValueId>,
    /// What objects hold, sorted by object. Objects that were there on entry appear once something is stored in them.
    pub heap: Vec<(BufId, ContentId)>,
    /// Was anything called that may have rebound attributes of the objects that were there on entry?
    pub dirty: bool,
}

impl State {
    /// A state with nothing bound.
    pub fn new(locals: usize) -> State {
        State { locals: vec![ValueId::BOTTOM; locals], heap: Vec::new(), dirty: false }
    }

    /// What an object holds.
    pub fn content(&self, object: BufId) -> Option<ContentId> {
        self.heap.binary_search_by_key(&object, |entry| entry.0).ok().map(|i| self.heap[i].1)
    }

    /// Sets what an object holds.
    pub fn set_content(&mut self, object: BufId, content: ContentId) {
        match self.heap.binary_search_by_key(&object, |entry| entry.0) {
            Ok(i) => self.heap[i].1 = content,
            Err(i) => self.heap.insert(i, (object, content)),
        }
    }
}
