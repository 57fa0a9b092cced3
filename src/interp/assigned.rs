//! Statements of a `try` that certainly raise no exception: what they bind is bound behind it, and no handler runs.
//!
//! Only where everything is wanted that can be known: rules ask what may happen, and that a slice is within bounds
//! depends on more than anybody looks at.

use super::machine::Machine;
use crate::domain::{Array, Kinds, Value};
use crate::ir::{BlockId, Body, Local, LocalKind, Op, OpKind, Terminator};

/// Which names certainly hold a value: without one, reading them raises.
#[derive(Debug, Default)]
pub(crate) struct Assigned {
    /// For each block, as it is entered; none: it is not reached.
    blocks: Vec<Option<Vec<bool>>>,
    /// At the op that runs.
    now: Vec<bool>,
}

impl Assigned {
    /// For a body that catches exceptions.
    pub(crate) fn of(body: &Body) -> Option<Assigned> {
        if !body.blocks.iter().any(|block| block.except.is_some()) {
            return None;
        }
        let mut blocks: Vec<Option<Vec<bool>>> = vec![None; body.blocks.len()];
        let bound =
            |local: &LocalKind| matches!(local, LocalKind::Param(_) | LocalKind::Global(_) | LocalKind::Builtin);
        blocks[0] = Some(body.locals.iter().map(|info| bound(&info.kind)).collect());
        let mut waiting = vec![BlockId(0)];
        while let Some(id) = waiting.pop() {
            let Some(mut held) = blocks[id.index()].clone() else { continue };
            let block = &body.blocks[id.index()];
            // What is deleted may be so when an exception comes, what is bound may not yet be.
            let mut saved = held.clone();
            for op in &block.ops {
                step(&mut held, op);
                if let OpKind::Delete(local) = op.kind {
                    saved[local.index()] = false;
                }
            }
            let next = body.successors(id).into_iter().map(|next| (next, &held));
            for (next, state) in next.chain(block.except.map(|handler| (handler, &saved))) {
                let slot = &mut blocks[next.index()];
                let before = slot.clone();
                match slot {
                    None => *slot = Some(state.clone()),
                    Some(known) => known.iter_mut().zip(state).for_each(|(known, &held)| *known &= held),
                }
                if *slot != before {
                    waiting.push(next);
                }
            }
        }
        Some(Assigned { blocks, now: Vec::new() })
    }
}

fn step(held: &mut [bool], op: &Op) {
    match op.kind {
        OpKind::Store(local, _) if !op.maybe => held[local.index()] = true,
        OpKind::Delete(local) => held[local.index()] = false,
        _ => {}
    }
}

impl<'a> Machine<'a> {
    /// A block begins.
    pub(crate) fn enter_safe(&mut self, block: BlockId) {
        self.may_raise = self.assigned.is_none();
        if let Some(assigned) = &mut self.assigned {
            match &assigned.blocks[block.index()] {
                Some(held) => assigned.now.clone_from(held),
                None => self.may_raise = true,
            }
        }
    }

    /// An op of the block has run: may it have raised?
    pub(crate) fn note_safe(&mut self, op: &Op) {
        if !self.may_raise && !self.is_safe(op) {
            self.may_raise = true;
        }
        if let Some(assigned) = &mut self.assigned {
            step(&mut assigned.now, op);
        }
    }

    /// A block ends.
    pub(crate) fn end_safe(&mut self, end: &Terminator) {
        self.may_raise |= !matches!(end, Terminator::Goto(_) | Terminator::Switch(_) | Terminator::Return(_));
    }

    fn is_safe(&self, op: &Op) -> bool {
        let array = |temp| self.values.array(self.temp(temp)).filter(|array| array.certain() && is_plain(array));
        match &op.kind {
            OpKind::Stmt | OpKind::Const(_) | OpKind::Slice(..) => true,
            OpKind::Load(local) => self.holds_a_value(*local),
            OpKind::Store(local, _) => {
                matches!(self.body.locals[local.index()].kind, LocalKind::Plain | LocalKind::Param(_))
            }
            OpKind::Display(_, items) => items.iter().all(|item| !item.1),
            OpKind::Index(obj, at) => array(*obj).is_some_and(|array| self.is_in_range(array, self.temp(*at))),
            // `np.newaxis`
            OpKind::Attr(obj, _) if matches!(self.values.get(self.temp(*obj)), Value::Module(_)) => {
                let found = op.dest.map(|dest| self.values.get(self.temp(dest)));
                matches!(found, Some(Value::None | Value::Row(_)))
            }
            OpKind::Attr(obj, name) => {
                array(*obj).is_some()
                    && matches!(self.name(*name), "T" | "shape" | "ndim" | "size" | "dtype" | "flags" | "strides")
            }
            OpKind::Method { obj, name, .. } if self.name(*name) == "reshape" => {
                let size = array(*obj).and_then(Array::size);
                size.is_some() && op.dest.and_then(array).and_then(Array::size) == size
            }
            OpKind::Method { obj, name, args } => {
                array(*obj).is_some()
                    && args.is_empty()
                    && matches!(self.name(*name), "copy" | "ravel" | "flatten" | "view")
            }
            _ => false,
        }
    }

    fn holds_a_value(&self, local: Local) -> bool {
        self.assigned.as_ref().is_some_and(|assigned| assigned.now[local.index()])
    }
}

/// An `ndarray`, and none of a subclass with ways of its own.
fn is_plain(array: &Array) -> bool {
    array.kinds == Kinds::ARRAY
}
