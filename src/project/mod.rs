//! What is known across files: which names of a file stand for functions of another, and what these do.
//!
//! A run has three steps. A [`Plan`] knows the paths; it asks for the lowered `__init__.py`s, which hold the re-exports,
//! and for a look at each text's import statements. From these comes a [`Project`], with an order in which every file
//! comes after those it imports, as far as that goes. Then each file is parsed, lowered and judged once, in that order;
//! what it says of its functions ([`crate::interp::Summary`]) is there when its callers are looked at.
//!
//! What a file is told depends on the files that it waits for and on nothing else, so that results do not depend on how
//! many threads there are.

pub mod files;
mod graph;
pub mod scan;
pub mod table;
mod view;

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use rustc_hash::FxHashMap;

use crate::interp::{ClassSummary, Exports, Summary};
use crate::ir::Module;
use files::{FileId, Files};
pub use graph::Needs;
use graph::Order;
use table::Table;
pub use view::View;

/// The files of a run, before their texts are known.
#[derive(Debug)]
pub struct Plan {
    files: Files,
    paths: Vec<String>,
    /// The tables of the packages.
    tables: Vec<Option<Table>>,
}

impl Plan {
    /// A plan for these files: absolute paths with `/` between their parts, and the names to show.
    pub fn new(paths: &[String], shown: Vec<String>) -> Plan {
        let files = Files::new(paths);
        Plan { tables: vec![None; files.len()], paths: shown, files }
    }

    /// The files whose tables are asked for first: those that packages are made of.
    pub fn packages(&self) -> Vec<usize> {
        (0..self.files.len()).filter(|&file| self.files.is_init(file as FileId)).collect()
    }

    /// The table of a lowered package.
    pub fn table(&self, file: usize, module: &Module) -> Table {
        Table::of(module, &self.files, file as FileId)
    }

    /// Sets the table of a package. Without one, as for a file that does not parse, it holds nothing.
    pub fn set_table(&mut self, file: usize, table: Table) {
        self.tables[file] = Some(table);
    }

    /// What a file's text needs. To be asked when the tables are set.
    pub fn needs(&self, file: usize, text: &str) -> Needs {
        graph::needs(&self.files, &self.tables, file as FileId, text)
    }

    /// The project, from the needs of all files.
    pub fn finish(self, needs: Vec<Needs>) -> Project {
        let order = graph::order(needs, &self.tables);
        let done = (0..self.files.len()).map(|_| OnceLock::new()).collect();
        Project { files: self.files, paths: self.paths, packages: self.tables, order, done }
    }
}

/// The files of a run, and what is known of them so far.
#[derive(Debug)]
pub struct Project {
    files: Files,
    paths: Vec<String>,
    /// The tables of the packages, known from the beginning.
    packages: Vec<Option<Table>>,
    order: Order,
    done: Vec<OnceLock<Kept>>,
}

/// What is kept of a file that was looked at.
#[derive(Debug, Default)]
struct Kept {
    table: Table,
    functions: FxHashMap<String, Arc<Summary>>,
    classes: FxHashMap<String, Arc<ClassSummary>>,
}

impl Project {
    /// What the project says to a file that is about to be looked at.
    pub fn view(&self, file: usize, module: &Module) -> View<'_> {
        View::new(self, file as FileId, Table::of(module, &self.files, file as FileId))
    }

    /// Does another file of the run import this one, or something in it?
    pub fn is_imported(&self, file: usize) -> bool {
        self.order.imported[file]
    }

    /// Does another file use the name of this file's scope?
    fn is_wanted(&self, file: FileId, name: &str) -> bool {
        self.order.is_wanted(file, name)
    }

    /// Keeps what a file says to others.
    pub fn keep(&self, file: usize, mut table: Table, exports: Exports) {
        let wanted = |name: &str| self.is_wanted(file as FileId, name);
        // The file that a write stands in, where the summary does not name another one.
        let place = |summary: &mut Summary| {
            for write in &mut summary.writes {
                write.file.get_or_insert_with(|| self.paths[file].clone());
            }
        };
        table.names.retain(|name, _| wanted(name));
        let mut kept = Kept { table, ..Kept::default() };
        for (name, mut summary) in exports.functions.into_iter().filter(|function| wanted(&function.0)) {
            place(&mut summary);
            kept.functions.insert(name, Arc::new(summary));
        }
        for (name, mut class) in exports.classes.into_iter().filter(|class| wanted(&class.0)) {
            for summary in class.methods.values_mut().filter_map(|method| method.summary.as_mut()) {
                // (What is inherited from another file says so already.)
                if summary.writes.iter().any(|write| write.file.is_none()) {
                    place(Arc::make_mut(summary));
                }
            }
            class.facts.place(&self.paths[file]);
            kept.classes.insert(name, Arc::new(class));
        }
        // Each file is looked at once.
        let _ = self.done[file].set(kept);
    }

    /// Runs a task for each file, as soon as those it waits for are done, on the threads of the pool that it is called on.
    pub fn run(&self, task: impl Fn(usize) + Sync) {
        let waiting: Vec<AtomicU32> = self.order.deps.iter().map(|deps| AtomicU32::new(deps.len() as u32)).collect();
        let mut users: Vec<Vec<u32>> = vec![Vec::new(); self.order.deps.len()];
        for (file, deps) in self.order.deps.iter().enumerate() {
            for &dep in deps {
                users[dep as usize].push(file as u32);
            }
        }
        let run = Run { waiting, users, task };
        rayon::scope(|scope| {
            for (file, deps) in self.order.deps.iter().enumerate() {
                if deps.is_empty() {
                    run.start(scope, file);
                }
            }
        });
    }
}

struct Run<T> {
    /// For how many files each file still waits.
    waiting: Vec<AtomicU32>,
    /// Which files wait for a file.
    users: Vec<Vec<u32>>,
    task: T,
}

impl<T: Fn(usize) + Sync> Run<T> {
    fn start<'s>(&'s self, scope: &rayon::Scope<'s>, file: usize) {
        scope.spawn(move |scope| {
            (self.task)(file);
            for &user in &self.users[file] {
                if self.waiting[user as usize].fetch_sub(1, Ordering::AcqRel) == 1 {
                    self.start(scope, user as usize);
                }
            }
        });
    }
}

#[cfg(test)]
mod tests;
