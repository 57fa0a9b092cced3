//! Questions about functions that call themselves: what they pass on, and what others pass to them.

use super::sweep::made;
use super::{BodyTrace, Escape, EventId, EventKind};
use crate::ir::{Arg, ArgKind, Block, Body, BodyKind, Local, OpKind, Temp};

impl BodyTrace<'_> {
    /// The events that tell that the body passes a parameter on to itself, in its own place.
    pub fn passed_on(&self, param: Local) -> Vec<EventId> {
        let Some(place) = self.place_of(param) else { return Vec::new() };
        let passes = |id: EventId| {
            let (block, op) = self.op_of(self.event(id))?;
            let value =
                self.called(self.body, block, &op.kind)?.get(place).filter(|arg| arg.kind == ArgKind::Pos)?.value;
            let Some(OpKind::Load(local)) = made(block, value).map(|op| &op.kind) else { return None };
            (*local == param).then_some(id)
        };
        self.iter()
            .filter(|(_, event)| {
                matches!(event.kind, EventKind::Escaped { how: Escape::Passed, via: Some(via), .. } if via == param)
            })
            .filter_map(|(id, _)| passes(id))
            .collect()
    }

    /// Does another body of the file call this one with an array in the parameter's place that it has just made?
    pub fn is_given_array(&self, param: Local) -> bool {
        let Some(place) = self.place_of(param) else { return false };
        self.module.bodies.iter().filter(|body| !std::ptr::eq(*body, self.body)).any(|body| {
            body.blocks.iter().any(|block| {
                block.ops.iter().filter_map(|op| self.called(body, block, &op.kind)).any(|args| {
                    args.get(place)
                        .is_some_and(|arg| arg.kind == ArgKind::Pos && self.makes_array(body, block, arg.value))
                })
            })
        })
    }

    /// The position of the parameter among the arguments of a call.
    fn place_of(&self, param: Local) -> Option<usize> {
        let place = self.body.params.iter().position(|other| other.local == param)?;
        place.checked_sub(usize::from(self.receiver().is_some()))
    }

    /// The arguments, if the op calls this trace's body, as names tell.
    fn called<'o>(&self, body: &Body, block: &Block, kind: &'o OpKind) -> Option<&'o [Arg]> {
        let own = self.body.name;
        match kind {
            OpKind::Call(callee, args) if self.body.kind == BodyKind::Function && self.receiver().is_none() => {
                match made(block, *callee)?.kind {
                    OpKind::Load(local) => (body.locals[local.index()].name == own).then_some(&**args),
                    _ => None,
                }
            }
            OpKind::Method { obj, name, args } if *name == own && self.receiver().is_some() => {
                let first = body.params.first().filter(|_| body.class == self.body.class).map(|param| param.local);
                match made(block, *obj)?.kind {
                    OpKind::Load(local) => (Some(local) == first).then_some(&**args),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// `np.zeros(n)`, or a name that is bound to such.
    fn makes_array(&self, body: &Body, block: &Block, value: Temp) -> bool {
        match made(block, value).map(|op| &op.kind) {
            Some(OpKind::Method { obj, .. }) => match made(block, *obj).map(|op| &op.kind) {
                Some(OpKind::Load(local)) => {
                    matches!(self.module.names.text(body.locals[local.index()].name), "np" | "numpy")
                }
                _ => false,
            },
            Some(OpKind::Load(local)) => body.blocks.iter().any(|block| {
                block.ops.iter().any(|op| match op.kind {
                    OpKind::Store(stored, value) if stored == *local => {
                        !matches!(made(block, value).map(|op| &op.kind), Some(OpKind::Load(_)))
                            && self.makes_array(body, block, value)
                    }
                    _ => false,
                })
            }),
            _ => false,
        }
    }
}
