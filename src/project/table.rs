//! What the names of a file's own scope stand for, as far as it takes no analysis to say.

use rustc_hash::FxHashMap;

use super::files::{FileId, Files};
use crate::ir::{Const, Display, LocalKind, Module, OpKind, Sym, Temp};

/// The names of a file's own scope.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// What each name is bound to, each binding once.
    pub names: FxHashMap<String, Vec<Binding>>,
    /// The files of which `from … import *` brings the names.
    pub stars: Vec<FileId>,
    /// What `__all__` lists, where it is a list that is written out.
    pub all: Option<Vec<String>>,
}

/// What a name is bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Binding {
    /// A function of the file; decorated ones count as functions if the analysis of the body says what a call does.
    Function,
    /// A class of the file.
    Class,
    /// What an import finds: these names, looked up one in the other, in this file; no names: the module itself.
    Link(FileId, Vec<String>),
    /// What an import finds outside of the project, or nowhere.
    Outside,
    /// Anything else.
    Other,
}

impl Table {
    /// The table of a lowered file.
    pub fn of(module: &Module, files: &Files, file: FileId) -> Table {
        let link = |found: Option<(FileId, Vec<&str>)>| match found {
            Some((file, names)) => Binding::Link(file, names.into_iter().map(str::to_owned).collect()),
            None => Binding::Outside,
        };
        let mut table = Table::default();
        let Some(body) = module.bodies.first() else { return table };
        let dotted = |path: &[Sym]| path.iter().map(|&part| module.names.text(part)).collect::<Vec<_>>().join(".");
        let mut defs: FxHashMap<Temp, &OpKind> = FxHashMap::default();
        for block in &body.blocks {
            for op in &block.ops {
                if let Some(dest) = op.dest {
                    defs.insert(dest, &op.kind);
                }
                match &op.kind {
                    OpKind::Store(local, value) => {
                        let info = &body.locals[local.index()];
                        if info.kind != LocalKind::Plain {
                            continue;
                        }
                        let name = module.names.text(info.name);
                        let binding = match defs.get(value) {
                            Some(OpKind::Function(..)) => Binding::Function,
                            Some(OpKind::Class(..)) => Binding::Class,
                            Some(OpKind::Call(..)) if Self::is_definition(module, info.name, op.span) => {
                                Binding::Function
                            }
                            Some(OpKind::Import(path)) => {
                                let path: Vec<&str> = path.iter().map(|&part| module.names.text(part)).collect();
                                link(files.module(file, 0, &path))
                            }
                            Some(OpKind::ImportFrom { module: path, level, name }) => {
                                link(files.import(file, *level, &dotted(path), module.names.text(*name)))
                            }
                            _ => Binding::Other,
                        };
                        if name == "__all__" {
                            table.all = defs.get(value).and_then(|kind| Self::listed(module, kind, &defs));
                        }
                        let bindings = table.names.entry(name.to_owned()).or_default();
                        // A name that is defined twice is neither of the two.
                        let again = bindings.contains(&binding);
                        match (again, &binding) {
                            (true, Binding::Function | Binding::Class) => bindings.push(Binding::Other),
                            (true, _) => {}
                            (false, _) => bindings.push(binding),
                        }
                    }
                    OpKind::Delete(local) => {
                        let name = module.names.text(body.locals[local.index()].name);
                        table.names.entry(name.to_owned()).or_default().push(Binding::Other);
                    }
                    OpKind::ImportStar(path, level) => {
                        table.stars.extend(files.star(file, *level, &dotted(path)));
                    }
                    _ => {}
                }
            }
        }
        for info in body.locals.iter().filter(|info| info.rebound_inside) {
            table.names.entry(module.names.text(info.name).to_owned()).or_default().push(Binding::Other);
        }
        table
    }

    /// Is it the binding of a decorated function?
    fn is_definition(module: &Module, name: Sym, target: crate::source::Span) -> bool {
        module.bodies.iter().any(|body| {
            body.name == name
                && body.parent == Some(crate::ir::BodyId(0))
                && body.kind == crate::ir::BodyKind::Function
                && body.span.contains(target)
        })
    }

    fn listed(module: &Module, kind: &OpKind, defs: &FxHashMap<Temp, &OpKind>) -> Option<Vec<String>> {
        let OpKind::Display(Display::List | Display::Tuple, items) = kind else { return None };
        let text = |item: &(Temp, bool)| match defs.get(&item.0) {
            Some(OpKind::Const(Const::Str(text))) => Some(module.names.text(*text).to_owned()),
            _ => None,
        };
        items.iter().map(text).collect()
    }

    /// Does `from … import *` bring the name?
    pub fn brings(&self, name: &str) -> bool {
        match &self.all {
            Some(all) => all.iter().any(|listed| listed == name),
            None => !name.starts_with('_'),
        }
    }
}
