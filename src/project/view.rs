//! What a file is told of the others.

use std::cell::RefCell;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::files::FileId;
use super::graph::MAX_STEPS;
use super::table::{Binding, Table};
use super::{Kept, Project};
use crate::interp::{Callees, ClassSummary, Imported, Summary};

/// What a dotted path stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Found {
    /// A module of the project: who waits for the file, the file.
    Module(FileId, FileId),
    /// A function or class of a file's own scope: who waits for the file, the file, the name.
    Symbol(FileId, FileId, String),
    /// Something outside of the project, or nothing at all.
    Outside,
    /// The project has it, but what it is cannot be said.
    Unclear,
}

/// The project, as one file sees it.
#[derive(Debug)]
pub struct View<'a> {
    project: &'a Project,
    file: FileId,
    table: Table,
    imported: Vec<Imported>,
    told: RefCell<FxHashMap<String, Option<Told>>>,
}

/// What another file says of a name.
#[derive(Clone, Debug)]
enum Told {
    Function(Arc<Summary>),
    Class(Arc<ClassSummary>),
}

impl<'a> View<'a> {
    pub(super) fn new(project: &'a Project, file: FileId, table: Table) -> View<'a> {
        let mut view = View { project, file, table, imported: Vec::new(), told: RefCell::default() };
        let mut imported: Vec<Imported> = Vec::new();
        for (name, bindings) in &view.table.names {
            if bindings.iter().any(|binding| matches!(binding, Binding::Link(..)))
                && let Some(path) = view.stands_for(name)
            {
                let near = key_of(&path).is_some_and(|key| project.files.are_near(file, key.1));
                let module = path.ends_with('>');
                imported.push(Imported { name: name.clone(), path, near, module });
            }
        }
        imported.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        view.imported = imported;
        view
    }

    /// The file's own table, when the file is done.
    pub fn into_table(self) -> Table {
        self.table
    }

    /// The path of what a name of the file's scope stands for, if that is something of another file.
    fn stands_for(&self, name: &str) -> Option<String> {
        match self.name(self.file, self.file, &[name], 0) {
            Found::Symbol(_, file, _) | Found::Module(_, file) if file == self.file => None,
            found => Self::shown(&found),
        }
    }

    /// What was found, as a path: its first part, a file and who waits for it, looks like no identifier.
    fn shown(found: &Found) -> Option<String> {
        match found {
            Found::Symbol(by, file, name) => Some(format!("<{by}:{file}>.{name}")),
            Found::Module(by, file) => Some(format!("<{by}:{file}>")),
            Found::Outside | Found::Unclear => None,
        }
    }

    /// What a path stands for; paths begin with a module's name or with a file's key.
    fn path(&self, path: &str) -> Found {
        if let Some((by, file, rest)) = key_of(path) {
            let names: Vec<&str> = rest.split('.').filter(|part| !part.is_empty()).collect();
            return self.name(by, file, &names, 0);
        }
        let parts: Vec<&str> = path.split('.').collect();
        match self.project.files.absolute(self.file, &parts) {
            Some((file, rest)) => self.name(self.file, file, &rest, 0),
            None => Found::Outside,
        }
    }

    /// What is known of a file when those are done that another one waits for.
    fn exports(&self, by: FileId, file: FileId) -> Option<&'a Kept> {
        let waited = self.project.order.deps[by as usize].binary_search(&file).is_ok();
        if waited { self.project.done[file as usize].get() } else { None }
    }

    /// What another file says of what a path leads to.
    fn told(&self, path: &str) -> Option<Told> {
        if let Some(told) = self.told.borrow().get(path) {
            return told.clone();
        }
        let told = match self.path(path) {
            Found::Symbol(by, file, name) if file != self.file => self.exports(by, file).and_then(|kept| {
                let function = kept.functions.get(&name).cloned().map(Told::Function);
                function.or_else(|| kept.classes.get(&name).cloned().map(Told::Class))
            }),
            _ => None,
        };
        self.told.borrow_mut().insert(path.to_owned(), told.clone());
        told
    }

    /// The table of a file, as one may know it that waits for what `by` waits for.
    fn table(&self, by: FileId, file: FileId) -> Option<&Table> {
        if file == self.file {
            return Some(&self.table);
        }
        match &self.project.packages[file as usize] {
            Some(table) => Some(table),
            None => self.exports(by, file).map(|exports| &exports.table),
        }
    }

    /// Does the file's table, as it is kept for others, still say what the name is?
    fn is_kept(&self, file: FileId, name: &str) -> bool {
        file == self.file || self.project.packages[file as usize].is_some() || self.project.is_wanted(file, name)
    }

    /// What names stand for, looked up in a file.
    fn name(&self, by: FileId, file: FileId, names: &[&str], steps: usize) -> Found {
        let Some((&name, rest)) = names.split_first() else { return Found::Module(by, file) };
        let Some(table) = self.table(by, file) else { return Found::Unclear };
        if steps > MAX_STEPS || !self.is_kept(file, name) {
            return Found::Unclear;
        }
        // What a package hands on is waited for by those that import it, what a module does by the module.
        let next = if self.project.packages[file as usize].is_some() { by } else { file };
        let found = match table.names.get(name) {
            Some(bindings) => {
                let mut all: Vec<Found> =
                    bindings.iter().map(|binding| self.binding((by, next), file, binding, name, steps)).collect();
                // Where an import may fail, another takes its place: what is not the project's own does not count.
                if all.len() > 1 {
                    all.retain(|found| *found != Found::Outside);
                }
                all.dedup();
                match &all[..] {
                    [found] => found.clone(),
                    [] => Found::Outside,
                    _ => Found::Unclear,
                }
            }
            None => match self.project.files.submodule(file, name) {
                Some(module) => Found::Module(next, module),
                None => self.star(next, table, name, steps),
            },
        };
        match found {
            Found::Module(by, module) => self.name(by, module, rest, steps + 1),
            found if rest.is_empty() => found,
            Found::Outside => Found::Outside,
            // A method, or an attribute of a function.
            Found::Symbol(..) | Found::Unclear => Found::Unclear,
        }
    }

    fn binding(
        &self,
        (by, next): (FileId, FileId),
        file: FileId,
        binding: &Binding,
        name: &str,
        steps: usize,
    ) -> Found {
        match binding {
            Binding::Function | Binding::Class => Found::Symbol(by, file, name.to_owned()),
            Binding::Other => Found::Unclear,
            Binding::Outside => Found::Outside,
            Binding::Link(target, names) => {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                self.name(next, *target, &names, steps + 1)
            }
        }
    }

    fn star(&self, by: FileId, table: &Table, name: &str, steps: usize) -> Found {
        let mut found = Found::Outside;
        for &target in &table.stars {
            let Some(brought) = self.table(by, target) else { return Found::Unclear };
            if !brought.brings(name) {
                continue;
            }
            match self.name(by, target, &[name], steps + 1) {
                Found::Outside => {}
                other if found == Found::Outside || found == other => found = other,
                _ => return Found::Unclear,
            }
        }
        found
    }
}

/// Of a path that begins with a file: who waits for the file, the file, the rest.
fn key_of(path: &str) -> Option<(FileId, FileId, &str)> {
    let (key, rest) = path.strip_prefix('<')?.split_once('>')?;
    let (by, file) = key.split_once(':')?;
    Some((by.parse().ok()?, file.parse().ok()?, rest))
}

impl Callees for View<'_> {
    fn summary(&self, path: &str) -> Option<Arc<Summary>> {
        match self.told(path)? {
            Told::Function(summary) => Some(summary),
            Told::Class(_) => None,
        }
    }

    fn class(&self, path: &str) -> Option<Arc<ClassSummary>> {
        match self.told(path)? {
            Told::Class(summary) => Some(summary),
            Told::Function(_) => None,
        }
    }

    fn absolute(&self, module: &str, level: u32, name: &str) -> Option<String> {
        let (file, rest) = self.project.files.import(self.file, level, module, name)?;
        Self::shown(&self.name(self.file, file, &rest, 0))
    }

    fn global(&self, name: &str) -> Option<String> {
        self.stands_for(name)
    }

    fn imported(&self) -> &[Imported] {
        &self.imported
    }

    fn is_wanted(&self, name: &str) -> bool {
        self.project.is_wanted(self.file, name)
    }

    fn is_inherited(&self, name: &str) -> bool {
        self.project.order.inherited[self.file as usize].contains(name)
    }
}
