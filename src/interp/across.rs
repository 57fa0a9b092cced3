//! What a file calls in other files: the functions there that write what they are given.

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::foreign::{Callees, Method};
use crate::ir::{BodyId, Module, OpKind, Sym, Temp};

/// Calls of functions of other files that write what they are given.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    /// The names of the functions, as the file has them.
    pub(crate) names: Vec<Sym>,
    /// The bodies that mention one.
    pub(crate) bodies: Vec<BodyId>,
    /// The names of all functions of other files of which something is known.
    pub(crate) found: Vec<Sym>,
    /// The methods of classes of other files that may hand back what they are given, or write it; do they write it?
    pub(crate) methods: Vec<(Sym, bool)>,
}

impl Calls {
    /// Notes that a body mentions something; does it write what it is given?
    fn note(&mut self, body: BodyId, name: Sym, writes: Option<bool>) {
        if writes.is_some() {
            self.found.push(name);
        }
        if writes == Some(true) {
            self.names.push(name);
            self.bodies.push(body);
        }
    }

    /// Asks once about a path: does a function there write what it is given, or do the methods of a class? None: nothing
    /// is known of what lies there.
    fn ask(&mut self, module: &Module, callees: &dyn Callees, path: &str) -> Option<bool> {
        if let Some(summary) = callees.summary(path) {
            return Some(!summary.writes.is_empty());
        }
        let class = callees.class(path)?;
        let writes = |method: &Method| method.summary.as_ref().is_some_and(|summary| !summary.writes.is_empty());
        for (name, method) in &class.methods {
            if let Some(summary) = &method.summary
                && (!summary.writes.is_empty() || summary.returned.is_given())
                && let Some(name) = module.names.get(name)
            {
                self.methods.push((name, writes(method)));
            }
        }
        Some(class.methods.get("__init__").is_some_and(writes))
    }
}

/// Finds them in bodies that mention something of other files. `modelled` says for each symbol whether an import binds it
/// to a package of the model.
pub(crate) fn calls(module: &Module, bodies: &[BodyId], modelled: &[bool], callees: &dyn Callees) -> Calls {
    let mut calls = Calls::default();
    if bodies.is_empty() {
        return calls;
    }
    // The paths met so far, each asked about once: does a function there write what it is given?
    let mut paths: Vec<(String, Option<bool>)> = Vec::new();
    let mut is_module: Vec<bool> = Vec::new();
    // For each symbol its path's number plus one.
    let mut imported: Vec<u32> = vec![0; module.names.len()];
    for import in callees.imported() {
        let Some(name) = module.names.get(&import.name) else { continue };
        // What the model knows of another package goes before that package's own text.
        if import.near || !modelled[name.0 as usize] {
            paths.push((import.path.clone(), calls.ask(module, callees, &import.path)));
            is_module.push(import.module);
            imported[name.0 as usize] = paths.len() as u32;
        }
    }
    let mut members: FxHashMap<(usize, Sym), usize> = FxHashMap::default();
    for &id in bodies {
        let body = &module.bodies[id.index()];
        let mut modules = false;
        for info in body.locals.iter().filter(|info| info.loaded) {
            let Some(path) = imported[info.name.0 as usize].checked_sub(1) else { continue };
            modules |= is_module[path as usize];
            calls.note(id, info.name, paths[path as usize].1);
        }
        // Only what a module holds is met under other names than those that imports bind.
        if !modules {
            continue;
        }
        for block in &body.blocks {
            // The temps that hold something of another file.
            let mut held: SmallVec<[(Temp, usize); 8]> = SmallVec::new();
            for op in &block.ops {
                let (name, path) = match &op.kind {
                    OpKind::Load(local) => {
                        let name = body.locals[local.index()].name;
                        let Some(path) = imported[name.0 as usize].checked_sub(1) else { continue };
                        (name, path as usize)
                    }
                    OpKind::Attr(obj, name) | OpKind::Method { obj, name, .. } => {
                        let Some(&(_, path)) = held.iter().find(|entry| entry.0 == *obj) else { continue };
                        let member = *members.entry((path, *name)).or_insert_with(|| {
                            let member = format!("{}.{}", paths[path].0, module.names.text(*name));
                            let writes = calls.ask(module, callees, &member);
                            paths.push((member, writes));
                            paths.len() - 1
                        });
                        (*name, member)
                    }
                    _ => continue,
                };
                held.extend(op.dest.map(|dest| (dest, path)));
                calls.note(id, name, paths[path].1);
            }
        }
    }
    calls
}
