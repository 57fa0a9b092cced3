//! What the names of a file's own scope stand for, as far as it takes no analysis to say.

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::files::{FileId, Files};
use crate::ir::{Body, BodyId, BodyKind, Const, Display, LocalKind, Module, OpKind, Sym, Temp};
use crate::source::Span;

/// The names of a file's own scope.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// What each name is bound to, each binding once.
    pub names: FxHashMap<String, SmallVec<[Binding; 1]>>,
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
        let functions = Functions::of(module);
        let mut defs: Vec<Option<&OpKind>> = vec![None; body.temps.len()];
        for block in &body.blocks {
            for op in &block.ops {
                if let Some(dest) = op.dest {
                    defs[dest.index()] = Some(&op.kind);
                }
                match &op.kind {
                    OpKind::Store(local, value) => {
                        let info = &body.locals[local.index()];
                        if info.kind != LocalKind::Plain {
                            continue;
                        }
                        let name = module.names.text(info.name);
                        let binding = match defs[value.index()] {
                            Some(OpKind::Function(..)) => Binding::Function,
                            Some(OpKind::Class(..)) => Binding::Class,
                            // What a decorator returns goes by the function's name.
                            Some(OpKind::Call(..)) if functions.is_defined(info.name, op.span) => Binding::Function,
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
                            table.all = defs[value.index()].and_then(|kind| Self::listed(module, kind, &defs));
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

    fn listed(module: &Module, kind: &OpKind, defs: &[Option<&OpKind>]) -> Option<Vec<String>> {
        let OpKind::Display(Display::List | Display::Tuple, items) = kind else { return None };
        let text = |item: &(Temp, bool)| match defs[item.0.index()] {
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

/// The functions of the module's own scope, by name and place.
struct Functions(Vec<(Sym, Span)>);

impl Functions {
    fn of(module: &Module) -> Functions {
        let own = |body: &&Body| body.parent == Some(BodyId(0)) && body.kind == BodyKind::Function;
        let mut all: Vec<(Sym, Span)> = module.bodies.iter().filter(own).map(|body| (body.name, body.span)).collect();
        all.sort_unstable_by_key(|function| function.0);
        Functions(all)
    }

    /// Is the target of a binding the name of a function, in its definition?
    fn is_defined(&self, name: Sym, target: Span) -> bool {
        let from = self.0.partition_point(|function| function.0 < name);
        self.0[from..].iter().take_while(|function| function.0 == name).any(|function| function.1.contains(target))
    }
}
