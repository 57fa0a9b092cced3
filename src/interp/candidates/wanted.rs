//! What other files ask about: bodies that are run for their callers' sake.

use super::hint::Hint;
use super::{Candidates, RECEIVER};
use crate::ir::{Body, BodyId, BodyKind, OpKind, Temp, Terminator};

impl Candidates<'_> {
    /// Functions and methods that other files call, and that write what they are given or may hand it back: whether these are arrays is
    /// for the callers to say.
    pub(super) fn add_wanted(&mut self, found: &mut Vec<BodyId>, text: &str) {
        let before = found.len();
        for (i, body) in self.module.bodies.iter().enumerate() {
            let id = BodyId(i as u32);
            let wanted = body.kind == BodyKind::Function && !body.params.is_empty() && self.is_wanted(body);
            if !wanted || found[..before].binary_search(&id).is_ok() {
                continue;
            }
            self.may_report(body);
            let mut returned = body.blocks.iter().filter_map(|block| match block.term {
                Terminator::Return(value) => value,
                _ => None,
            });
            // (What a method asks others for is theirs to hand back.)
            let named = |m: &Self, value| {
                body.class.is_none() || matches!(m.def(value), Some(OpKind::Load(_) | OpKind::Display(..)))
            };
            let hands_back = returned.any(|value| named(self, value) && self.is_given(value, body));
            let makes = body.class.is_some()
                && self.module.names.text(body.name) == "__init__"
                && body.blocks.iter().flat_map(|block| &block.ops).any(|op| match op.kind {
                    OpKind::SetAttr { value, .. } => self.is_given(value, body),
                    _ => false,
                });
            // What a method keeps or hands out are arrays, or nobody asks.
            let gives = (makes || hands_back) && (body.class.is_none() || self.hint(body, text) == Hint::Arrays);
            if gives || self.flow.writes_given & !RECEIVER != 0 {
                found.push(id);
            }
        }
    }

    /// May the value lie in what is passed to the body that was looked at last? (What the object holds is another matter.)
    fn is_given(&mut self, value: Temp, body: &Body) -> bool {
        self.sources(value, body).into_iter().any(|name| self.flow.given(name) & !RECEIVER != 0)
    }

    /// Do other files use the function, or the class that has the method?
    fn is_wanted(&self, body: &Body) -> bool {
        match body.class.map(|class| &self.module.classes[class.index()]) {
            Some(class) => {
                self.module.bodies[class.body.index()].parent == Some(BodyId(0))
                    && self.callees.is_wanted(self.module.names.text(class.name))
            }
            None => body.parent == Some(BodyId(0)) && self.callees.is_wanted(self.module.names.text(body.name)),
        }
    }
}
