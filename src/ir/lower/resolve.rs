//! What kind of name each local is, decided when all bodies are known.
//!
//! While bodies are lowered, a name is `Plain` if something binds it there, and `Builtin` if nothing does so far;
//! `global` and `nonlocal` names carry [`UNRESOLVED`]. Enclosing bodies come first in the module, so that one pass in
//! order finds each name in an enclosing body that is done already.

use ruff_python_ast::Identifier;
use rustc_hash::FxHashMap;

use super::Lower;
use crate::ir::{BodyId, BodyKind, Local, LocalInfo, LocalKind, Sym};

/// Stands in for a local of another body until that is known.
const UNRESOLVED: Local = Local(u32::MAX);

impl Lower<'_> {
    pub(super) fn declare_global(&mut self, name: &Identifier) {
        // In the module's own scope it says nothing.
        if self.fun.kind != BodyKind::Module {
            self.declare_as(name, LocalKind::Global(UNRESOLVED));
        }
    }

    pub(super) fn declare_nonlocal(&mut self, name: &Identifier) {
        self.declare_as(name, LocalKind::Free(UNRESOLVED));
    }

    fn declare_as(&mut self, name: &Identifier, kind: LocalKind) {
        let sym = self.intern(name.as_str());
        let local = self.local_of(sym);
        let info = &mut self.fun.locals[local.index()];
        if !matches!(info.kind, LocalKind::Param(_)) {
            info.kind = kind;
        }
    }
}

/// Decides the kinds of all locals.
pub(super) fn resolve(lower: &mut Lower<'_>) {
    let mut names = Resolver { globals: vec![None; lower.names.len()], maps: FxHashMap::default() };
    let Some(module) = lower.bodies.first() else { return };
    for (i, info) in module.locals.iter().enumerate() {
        if !matches!(info.kind, LocalKind::Synthetic | LocalKind::Comprehension) {
            names.globals[info.name.0 as usize] = Some(Local(i as u32));
        }
    }
    // `global x` makes `x` a name of the module, even if the module's own statements do not bind it.
    for body in 1..lower.bodies.len() {
        for local in 0..lower.bodies[body].locals.len() {
            let info = &lower.bodies[body].locals[local];
            if info.kind == LocalKind::Global(UNRESOLVED) {
                let name = info.name;
                let global = names.global(lower, name);
                let info = &mut lower.bodies[0].locals[global.index()];
                if info.kind == LocalKind::Builtin {
                    info.kind = LocalKind::Plain;
                }
                info.captured = true;
                info.rebound_inside = true;
                lower.bodies[body].locals[local].kind = LocalKind::Global(global);
            }
        }
    }
    for body in 1..lower.bodies.len() {
        // Names that this adds on the way are added resolved.
        for local in 0..lower.bodies[body].locals.len() {
            let info = &lower.bodies[body].locals[local];
            let (name, nonlocal) = match info.kind {
                LocalKind::Builtin => (info.name, false),
                LocalKind::Free(UNRESOLVED) => (info.name, true),
                _ => continue,
            };
            let kind = names.outside(lower, BodyId(body as u32), name, nonlocal);
            lower.bodies[body].locals[local].kind = kind;
        }
    }
}

struct Resolver {
    /// The module's locals by name.
    globals: Vec<Option<Local>>,
    /// The locals of functions that hold others, by name; made when first needed.
    maps: FxHashMap<BodyId, FxHashMap<Sym, Local>>,
}

impl Resolver {
    /// The module's local of a name, made if there is none.
    fn global(&mut self, lower: &mut Lower<'_>, name: Sym) -> Local {
        if let Some(local) = self.globals[name.0 as usize] {
            return local;
        }
        let locals = &mut lower.bodies[0].locals;
        let local = Local(locals.len() as u32);
        locals.push(LocalInfo { name, kind: LocalKind::Plain, captured: false, rebound_inside: false, loaded: false });
        self.globals[name.0 as usize] = Some(local);
        local
    }

    /// What a name is that `body` does not bind.
    fn outside(&mut self, lower: &mut Lower<'_>, body: BodyId, name: Sym, nonlocal: bool) -> LocalKind {
        // The functions between `body` and the one that binds the name.
        let mut between = Vec::new();
        let mut at = body;
        let mut found = loop {
            // A variable of a comprehension in which the body stands.
            let around = lower.around[at.index()].iter().rev().find(|(sym, _)| *sym == name);
            let Some(parent) = lower.bodies[at.index()].parent else { break LocalKind::Builtin };
            if let Some(&(_, local)) = around {
                mark(lower, parent, local, nonlocal);
                break match (parent, lower.bodies[parent.index()].kind) {
                    (BodyId(0), _) => LocalKind::Global(local),
                    // A class's comprehension: there is no way to say where its variable is.
                    (_, BodyKind::Class) => LocalKind::Builtin,
                    _ => LocalKind::Free(local),
                };
            }
            at = parent;
            if at.0 == 0 {
                break match self.globals[name.0 as usize] {
                    Some(local) if lower.bodies[0].locals[local.index()].kind != LocalKind::Builtin => {
                        mark(lower, at, local, false);
                        LocalKind::Global(local)
                    }
                    _ => LocalKind::Builtin,
                };
            }
            if lower.bodies[at.index()].kind == BodyKind::Class {
                continue;
            }
            match self.map(lower, at).get(&name) {
                Some(&local) => match lower.bodies[at.index()].locals[local.index()].kind {
                    LocalKind::Builtin if !nonlocal => break LocalKind::Builtin,
                    LocalKind::Global(global) if !nonlocal => {
                        mark(lower, BodyId(0), global, false);
                        break LocalKind::Global(global);
                    }
                    LocalKind::Builtin | LocalKind::Global(_) => between.push(at),
                    _ => {
                        mark(lower, at, local, nonlocal);
                        break LocalKind::Free(local);
                    }
                },
                None => between.push(at),
            }
        };
        // The functions in between hand the name through.
        if matches!(found, LocalKind::Free(_)) {
            for at in between.into_iter().rev() {
                let locals = &mut lower.bodies[at.index()].locals;
                let local = Local(locals.len() as u32);
                locals.push(LocalInfo { name, kind: found, captured: true, rebound_inside: nonlocal, loaded: false });
                self.maps.entry(at).or_default().insert(name, local);
                found = LocalKind::Free(local);
            }
        }
        found
    }

    fn map(&mut self, lower: &Lower<'_>, body: BodyId) -> &FxHashMap<Sym, Local> {
        self.maps.entry(body).or_insert_with(|| {
            let locals = lower.bodies[body.index()].locals.iter().enumerate();
            let named =
                locals.filter(|(_, info)| !matches!(info.kind, LocalKind::Synthetic | LocalKind::Comprehension));
            named.map(|(i, info)| (info.name, Local(i as u32))).collect()
        })
    }
}

/// Notes that a name is read, or rebound, by a body inside the one that it belongs to.
fn mark(lower: &mut Lower<'_>, body: BodyId, local: Local, rebound: bool) {
    let info = &mut lower.bodies[body.index()].locals[local.index()];
    info.captured = true;
    if rebound {
        info.rebound_inside = true;
        if let LocalKind::Free(_) = info.kind {
            propagate(lower, body, local);
        }
    }
}

/// Marks a name as rebound in all functions that hand it through.
fn propagate(lower: &mut Lower<'_>, body: BodyId, local: Local) {
    let (mut body, mut local) = (body, local);
    while let LocalKind::Free(outer) = lower.bodies[body.index()].locals[local.index()].kind {
        let mut parent = lower.bodies[body.index()].parent;
        while let Some(id) = parent
            && lower.bodies[id.index()].kind == BodyKind::Class
        {
            parent = lower.bodies[id.index()].parent;
        }
        let Some(id) = parent else { return };
        let Some(info) = lower.bodies[id.index()].locals.get_mut(outer.index()) else { return };
        info.captured = true;
        info.rebound_inside = true;
        (body, local) = (id, outer);
    }
}
