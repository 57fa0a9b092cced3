//! Callers as witnesses: whether a caller is harmed by what a function that it calls writes.

use rustc_hash::{FxHashMap, FxHashSet};

use super::{BodyTrace, Event, EventId, EventKind, Place, Walk, WriteHow};
use crate::domain::{Array, BufId, Origin};
use crate::ir::{BodyId, Local};
use crate::source::Span;

/// What the callers of a file's functions bear witness to.
#[derive(Debug, Default)]
pub struct Witnesses {
    /// Parameters that are taken for arrays for no other reason than that all calls of the file pass arrays.
    pub arrays: FxHashSet<(BodyId, Local)>,
    /// Parameters that all calls of the file pass integers for.
    pub integers: FxHashSet<(BodyId, Local)>,
    /// How many axes the arrays have, at least, that the calls of the file pass for a parameter, where all are known.
    pub axes: FxHashMap<(BodyId, Local), usize>,
    /// The places of writes by which a caller is harmed.
    pub harmed: FxHashSet<Span>,
}

impl BodyTrace<'_> {
    /// Is it known from the callers alone that the parameter is an array? They decide whether they are harmed, then.
    pub fn is_array_by_callers(&self, param: Local) -> bool {
        self.witnesses.arrays.contains(&(self.id, param))
    }

    /// Is a caller harmed by what the body writes in the buffer?
    pub fn harms_a_caller(&self, buf: BufId) -> bool {
        !self.witnesses.harmed.is_empty()
            && self.events.iter().any(|event| match event.kind {
                EventKind::Written { object, .. } => {
                    self.witnesses.harmed.contains(&event.span) && self.mentions(object, buf)
                }
                _ => false,
            })
    }

    /// The writes of functions of this file by which this body is harmed: it looks at the memory again through a name
    /// that it held before the call (not through one bound to the result), or the memory is an attribute's.
    pub fn harmed_by(&self) -> Vec<Span> {
        let mut found = Vec::new();
        for (id, event) in self.iter() {
            if let EventKind::Written { value, via, how: WriteHow::Callee { place, .. }, .. } = event.kind
                && let Place { file: None, span } = place
                && !found.contains(&span)
                && self.array(value).is_some_and(|array| {
                    array.bufs.iter().any(|&buf| matches!(self.buffers.get(buf).origin, Origin::Attr(..)))
                        || via.is_some_and(|via| self.looks_again(id, via, array))
                })
            {
                found.push(span);
            }
        }
        found
    }

    fn looks_again(&self, call: EventId, via: Local, array: &Array) -> bool {
        let Event { op, stmt, block, .. } = *self.event(call);
        // `x[i:] = f(x[i:])` puts the result where the argument was.
        let (from, to) = self.blocks[block.index()];
        let put_back = self.events[from as usize..to as usize].iter().any(|event| {
            event.stmt == stmt
                && matches!(event.kind, EventKind::Written { via: Some(name), value, how: WriteHow::Item { .. }, .. }
                    if name == via && self.overlaps(array, value))
        });
        if put_back {
            return false;
        }
        let visit = |id| {
            if self.rebinds(id, via)
                || matches!(self.event(id).kind, EventKind::Made { buf } if array.bufs.contains(&buf))
            {
                return Walk::Stop;
            }
            match self.reads(id) {
                Some((value, Some(name))) if name == via && self.event(id).op != op && self.overlaps(array, value) => {
                    Walk::Found
                }
                _ => Walk::On,
            }
        };
        self.walk_from(call, visit).is_some()
    }
}
