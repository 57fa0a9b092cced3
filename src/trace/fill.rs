//! Buffers that are made empty and filled by something unknown: what it is given to first must write it, and does so
//! again at every call.

use smallvec::SmallVec;

use super::{BodyTrace, Escape, Event, EventId, EventKind};
use crate::domain::{Array, BufId, Owner};
use crate::ir::{OpKind, Sym};

impl<'a> BodyTrace<'a> {
    /// The events at which an array that `np.empty` made, and that nothing else in the body writes, is passed to what it
    /// is passed to first: the call's last name, and each event.
    pub fn fills(&self) -> &[(EventId, Sym)] {
        self.lists.filled.get_or_init(|| self.find_fills())
    }

    fn find_fills(&self) -> Vec<(EventId, Sym)> {
        let mut found = Vec::new();
        let mut first: SmallVec<[(BufId, Sym); 4]> = SmallVec::new();
        for (id, event) in self.iter() {
            let Some(buf) = self.passed_empty(event) else { continue };
            let Some(name) = self.callee_name(event) else { continue };
            let known = first.iter().find(|entry| entry.0 == buf).map(|entry| entry.1);
            match known {
                None => first.push((buf, name)),
                Some(other) if other != name => continue,
                Some(_) => {}
            }
            found.push((id, name));
        }
        if !found.is_empty() {
            let written = |buf| {
                self.events
                    .iter()
                    .any(|event| matches!(event.kind, EventKind::Written { object, .. } if self.mentions(object, buf)))
            };
            found.retain(|(id, _)| self.passed_empty(self.event(*id)).is_some_and(|buf| !written(buf)));
        }
        found
    }

    /// The buffer that is passed, if it was made empty.
    fn passed_empty(&self, event: &Event) -> Option<BufId> {
        let EventKind::Escaped { value, via: Some(_), how: Escape::Passed, .. } = event.kind else { return None };
        let is_whole = |array: &&Array| array.certain() && array.owner == Owner::Owner;
        let [buf] = self.array(value).filter(is_whole)?.bufs[..] else { return None };
        let made = self.buffers.get(buf);
        let makers = ["empty", "empty_like"];
        let maker = self.quote(made.span).split('(').next()?.rsplit('.').next()?;
        (made.blank && makers.contains(&maker)).then_some(buf)
    }

    /// The name of what is called at the event.
    fn callee_name(&self, event: &Event) -> Option<Sym> {
        let (block, op) = self.op_of(event)?;
        match &op.kind {
            OpKind::Method { name, .. } => Some(*name),
            OpKind::Call(callee, _) => match block.ops.iter().find(|op| op.dest == Some(*callee))?.kind {
                OpKind::Load(local) => Some(self.body.locals[local.index()].name),
                OpKind::Attr(_, name) => Some(name),
                _ => None,
            },
            _ => None,
        }
    }
}
