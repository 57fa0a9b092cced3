//! Names that inner functions rebind (`nonlocal`).
//!
//! Where every function that rebinds a name is only ever called by name, from the body that defines it, each call shows
//! when the name changes: such a name is *tame*. Any other may hold anything from its first binding on.

use rustc_hash::FxHashSet;

use super::machine::Machine;
use crate::ir::validate::uses;
use crate::ir::{Body, BodyId, BodyKind, Cond, Local, LocalKind, OpKind, Temp, Terminator};

impl<'a> Machine<'a> {
    /// Does the name change only where a call of an inner function shows it?
    pub(crate) fn is_tame(&mut self, id: BodyId, local: Local) -> bool {
        if id == BodyId(0) {
            return false;
        }
        if let Some(&tame) = self.tame.get(&(id, local)) {
            return tame;
        }
        let tame = self.rebinders(id, local);
        self.tame.insert((id, local), tame);
        tame
    }

    fn rebinders(&self, id: BodyId, local: Local) -> bool {
        let body = &self.module.bodies[id.index()];
        for (i, inner) in self.module.bodies.iter().enumerate().skip(id.index() + 1) {
            if inner.span.start >= body.span.end {
                break;
            }
            if inner.parent != Some(id) {
                continue;
            }
            let Some(free) = inner.locals.iter().position(|info| info.kind == LocalKind::Free(local)) else { continue };
            if inner.locals[free].rebound_inside {
                return false;
            }
            if binds(inner, Local(free as u32)) && !(plain(inner) && only_called(body, BodyId(i as u32))) {
                return false;
            }
        }
        true
    }
}

/// A `def` that runs when it is called, and only then.
fn plain(body: &Body) -> bool {
    body.kind == BodyKind::Function && body.decorators.is_empty() && !body.is_generator && !body.is_async
}

fn binds(body: &Body, local: Local) -> bool {
    body.blocks.iter().flat_map(|block| &block.ops).any(|op| match &op.kind {
        OpKind::Store(stored, _) | OpKind::Delete(stored) => *stored == local,
        _ => false,
    })
}

/// Is the function bound to one name of the body, and that name used for nothing but calls?
fn only_called(body: &Body, inner: BodyId) -> bool {
    let ops = || body.blocks.iter().flat_map(|block| &block.ops);
    let mut functions: Vec<Temp> = Vec::new();
    let mut name = None;
    for op in ops() {
        match (&op.kind, op.dest) {
            (OpKind::Function(made, _), Some(dest)) if *made == inner => functions.push(dest),
            (OpKind::Store(local, temp), _) if functions.contains(temp) => {
                if name.is_some_and(|name| name != *local) {
                    return false;
                }
                name = Some(*local);
            }
            _ => {}
        }
    }
    let Some(name) = name else { return false };
    if body.locals[name.index()].captured || body.locals[name.index()].kind != LocalKind::Plain {
        return false;
    }
    let loads: FxHashSet<Temp> =
        ops().filter(|op| matches!(op.kind, OpKind::Load(local) if local == name)).filter_map(|op| op.dest).collect();
    let stored_once =
        ops().filter(|op| matches!(op.kind, OpKind::Store(local, _) if local == name)).count() == functions.len();
    let elsewhere = ops().any(|op| match &op.kind {
        OpKind::Call(callee, args) => {
            args.iter().any(|arg| loads.contains(&arg.value) || functions.contains(&arg.value))
                || functions.contains(callee)
        }
        OpKind::Store(_, temp) => loads.contains(temp),
        kind => uses(kind).iter().any(|temp| loads.contains(temp) || functions.contains(temp)),
    });
    let ends = body.blocks.iter().any(|block| match &block.term {
        Terminator::Return(Some(temp)) => loads.contains(temp),
        Terminator::Branch { cond: Cond::Truthy(temp) | Cond::IsNone(temp), .. } => loads.contains(temp),
        Terminator::Branch { cond: Cond::IsInstance(a, b) | Cond::Compare(_, a, b), .. } => {
            loads.contains(a) || loads.contains(b)
        }
        _ => false,
    });
    stored_once && !elsewhere && !ends
}
