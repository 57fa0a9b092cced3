//! Which files a file waits for: those that hold what it imports.
//!
//! The order follows imports, so that a callee's file is done when its callers are looked at. Packages import each
//! other in circles; some edges of a circle have to be cut, and what lies behind a cut edge is unknown. Imports inside
//! functions are cut first: that is where people put those that would not work at the top.

use rustc_hash::{FxHashMap, FxHashSet};

use super::files::{FileId, Files};
use super::scan::{self, Import, What};
use super::table::{Binding, Table};

/// Re-exports are followed through this many files.
pub(super) const MAX_STEPS: usize = 8;

/// What a file's text says of the files that it needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// The files, and whether all imports that lead there stand inside something; sorted.
    files: Vec<(FileId, bool)>,
    /// What it may call there: the file, the name, in no order. No name: all that a star import brings.
    names: Vec<(FileId, Option<String>)>,
    /// What it may call that one of the modules holds of which a package has everything: the package, the name.
    starred: Vec<(FileId, String)>,
    /// Of these, those that its classes inherit from.
    bases: Vec<(FileId, String)>,
}

/// The order of files.
#[derive(Debug, Default)]
pub struct Order {
    /// For each file those it waits for, sorted.
    pub deps: Vec<Vec<FileId>>,
    /// For each file the names that other files use; none: any name.
    wanted: Vec<Option<FxHashSet<String>>>,
    /// For each file: does another one import it, or something in it?
    pub imported: Vec<bool>,
    /// For each file the classes that those of other files inherit from.
    pub inherited: Vec<FxHashSet<String>>,
    /// For each package the names that other files use of one of the modules of which it has everything.
    starred: FxHashMap<FileId, FxHashSet<String>>,
    /// For each file the packages that have everything of it, where such names are used.
    brought: FxHashMap<FileId, Vec<FileId>>,
}

impl Order {
    /// Does another file use the name of the file's scope?
    pub fn is_wanted(&self, file: FileId, name: &str) -> bool {
        self.wanted[file as usize].as_ref().is_none_or(|names| names.contains(name))
            || self.brought.get(&file).is_some_and(|packages| packages.iter().any(|at| self.starred[at].contains(name)))
    }
}

/// What a text needs, as its import statements say.
pub(super) fn needs(files: &Files, tables: &[Option<Table>], from: FileId, text: &str) -> Needs {
    let imports = scan::imports(text);
    let (names, starred) = (FxHashSet::default(), FxHashSet::default());
    let (bases, needs, packages) = (scan::bases(text), Needs::default(), FxHashSet::default());
    let mut search = Search { files, tables, from, bases, inner: false, base: false, needs, names, starred, packages };
    for import in &imports {
        search.inner = import.inner;
        search.import(import, text);
    }
    let mut needs = search.needs;
    needs.names = search.names.into_iter().map(|(file, name)| (file, name.map(str::to_owned))).collect();
    needs.starred = search.starred.into_iter().map(|(file, name)| (file, name.to_owned())).collect();
    needs.files.sort_unstable();
    // False comes before true: one import at the top is enough.
    needs.files.dedup_by_key(|entry| entry.0);
    needs
}

struct Search<'a> {
    files: &'a Files,
    /// The tables of the packages.
    tables: &'a [Option<Table>],
    from: FileId,
    /// What the classes of the text inherit from.
    bases: FxHashSet<&'a str>,
    inner: bool,
    /// Does a class inherit from what is followed?
    base: bool,
    needs: Needs,
    names: FxHashSet<(FileId, Option<&'a str>)>,
    starred: FxHashSet<(FileId, &'a str)>,
    /// The packages of `starred`, and whether the import stands inside something.
    packages: FxHashSet<(FileId, bool)>,
}

impl<'a> Search<'a> {
    fn import(&mut self, import: &'a Import, text: &'a str) {
        let path: Vec<&str> = import.module.split('.').filter(|part| !part.is_empty()).collect();
        match &import.what {
            What::Module(bound) => {
                let first: Vec<&str> = if bound.contains('.') { path[..1].to_vec() } else { path };
                let name = bound.split('.').next().unwrap_or(bound);
                if self.files.absolute(self.from, &first).is_none() {
                    return;
                }
                for attributes in scan::attributes(text, name) {
                    self.base = attributes.last().is_some_and(|last| self.bases.contains(last));
                    let path: Vec<&str> = first.iter().copied().chain(attributes).collect();
                    if let Some((file, names)) = self.files.absolute(self.from, &path) {
                        self.follow(file, &names, 0);
                    }
                }
            }
            What::Name(name, alias) => {
                let Some((file, names)) = self.files.import(self.from, import.level, &import.module, name) else {
                    return;
                };
                self.base = self.bases.contains(alias.as_str());
                if self.follow(file, &names, 0) {
                    for attributes in scan::attributes(text, alias) {
                        self.base = attributes.last().is_some_and(|last| self.bases.contains(last));
                        let names: Vec<&str> = names.iter().copied().chain(attributes).collect();
                        self.follow(file, &names, 0);
                    }
                }
            }
            What::Star => {
                if let Some(file) = self.files.star(self.from, import.level, &import.module) {
                    self.star(file, 0);
                }
            }
        }
    }

    /// Follows names from a module to the file that holds them. True: what they lead to is a module.
    fn follow(&mut self, file: FileId, names: &[&'a str], steps: usize) -> bool {
        let Some((&name, rest)) = names.split_first() else {
            return true;
        };
        if steps > MAX_STEPS {
            return false;
        }
        let Some(table) = &self.tables[file as usize] else {
            self.need(file, Some(name));
            return false;
        };
        let Some(bindings) = table.names.get(name) else {
            if let Some(module) = self.files.submodule(file, name) {
                return self.follow(module, rest, steps + 1);
            }
            self.through_stars(file, table, names, steps);
            return false;
        };
        let mut is_module = false;
        for binding in bindings {
            match binding {
                Binding::Link(target, names) => {
                    let names: Vec<&str> = names.iter().map(String::as_str).chain(rest.iter().copied()).collect();
                    is_module |= self.follow(*target, &names, steps + 1);
                }
                Binding::Function | Binding::Class => self.need(file, Some(name)),
                Binding::Outside | Binding::Other => {}
            }
        }
        is_module
    }

    /// A name that a package does not bind may stand in any module of which it has everything.
    fn through_stars(&mut self, package: FileId, table: &'a Table, names: &[&'a str], steps: usize) {
        // There may be a hundred such modules: what is needed of them is noted once, if the file is none of them.
        let together = steps < MAX_STEPS && !table.stars.contains(&self.from);
        for &target in &table.stars {
            if !together || self.tables[target as usize].is_some() {
                self.follow(target, names, steps + 1);
            }
        }
        if together && plain_stars(self.tables, table).next().is_some() {
            self.starred.insert((package, names[0]));
            if self.base {
                let plain = plain_stars(self.tables, table);
                self.needs.bases.extend(plain.map(|target| (target, names[0].to_owned())));
            }
            if self.packages.insert((package, self.inner)) {
                let plain = plain_stars(self.tables, table);
                self.needs.files.extend(plain.map(|target| (target, self.inner)));
            }
        }
    }

    fn star(&mut self, file: FileId, steps: usize) {
        if steps > MAX_STEPS {
            return;
        }
        let Some(table) = &self.tables[file as usize] else {
            self.need(file, None);
            self.needs.bases.extend(self.bases.iter().map(|&name| (file, name.to_owned())));
            return;
        };
        self.need(file, None);
        for name in table.names.keys().filter(|name| table.brings(name)) {
            self.follow(file, &[name.as_str()], steps + 1);
        }
        for &target in &table.stars {
            self.star(target, steps + 1);
        }
    }

    fn need(&mut self, file: FileId, name: Option<&'a str>) {
        if file != self.from {
            self.needs.files.push((file, self.inner));
            self.names.insert((file, name));
            if let (true, Some(name)) = (self.base, name) {
                self.needs.bases.push((file, name.to_owned()));
            }
        }
    }
}

/// The modules that are no packages of which a package has everything.
fn plain_stars<'a>(tables: &'a [Option<Table>], table: &'a Table) -> impl Iterator<Item = FileId> + 'a {
    table.stars.iter().copied().filter(|&target| tables[target as usize].is_none())
}

/// The order in which every file comes after those it needs, as far as that goes.
pub(super) fn order(needs: Vec<Needs>, tables: &[Option<Table>]) -> Order {
    let mut order = Order {
        deps: vec![Vec::new(); needs.len()],
        wanted: vec![Some(FxHashSet::default()); needs.len()],
        starred: FxHashMap::default(),
        brought: FxHashMap::default(),
        imported: vec![false; needs.len()],
        inherited: vec![FxHashSet::default(); needs.len()],
    };
    let rank = ranks(&needs);
    for (file, need) in needs.into_iter().enumerate() {
        let earlier = |&&(other, _): &&(FileId, bool)| rank[other as usize] < rank[file];
        order.deps[file] = need.files.iter().filter(earlier).map(|entry| entry.0).collect();
        for &(other, _) in need.files.iter().filter(|entry| entry.0 as usize != file) {
            order.imported[other as usize] = true;
        }
        for (other, name) in need.bases {
            order.inherited[other as usize].insert(name);
        }
        for (other, name) in need.names {
            match (&mut order.wanted[other as usize], name) {
                (Some(names), Some(name)) => {
                    names.insert(name);
                }
                (wanted, None) => *wanted = None,
                (None, _) => {}
            }
        }
        for (package, name) in need.starred {
            order.starred.entry(package).or_default().insert(name);
        }
    }
    for &package in order.starred.keys() {
        for target in tables[package as usize].iter().flat_map(|table| plain_stars(tables, table)) {
            order.brought.entry(target).or_default().push(package);
        }
    }
    order
}

/// Numbers the files, so that those a file imports come before it.
///
/// Where files import each other in a circle, imports inside something do not count: that is where people put those that
/// would not work at the top. Of a circle that remains, one import is cut.
fn ranks(needs: &[Needs]) -> Vec<u32> {
    let mut rank = vec![0; needs.len()];
    let mut next = 0;
    let mut number = |file: usize| {
        rank[file] = next;
        next += 1;
    };
    let all: Vec<usize> = (0..needs.len()).collect();
    for mut circle in components(&all, needs, true) {
        if let [file] = circle[..] {
            number(file);
            continue;
        }
        circle.sort_unstable();
        for mut inner in components(&circle, needs, false) {
            inner.sort_unstable();
            after_their_own(&inner, needs).into_iter().for_each(&mut number);
        }
    }
    rank
}

/// The strongly connected components of some files, each after those it needs (Tarjan 1972).
fn components(files: &[usize], needs: &[Needs], inner: bool) -> Vec<Vec<usize>> {
    let mut index: FxHashMap<usize, usize> = FxHashMap::default();
    let mut low: FxHashMap<usize, usize> = FxHashMap::default();
    let members: FxHashSet<usize> = files.iter().copied().collect();
    let mut open: Vec<usize> = Vec::new();
    let mut is_open: FxHashSet<usize> = FxHashSet::default();
    let mut found = Vec::new();
    for &start in files {
        if index.contains_key(&start) {
            continue;
        }
        let mut stack = vec![(start, 0)];
        while let Some(&mut (file, ref mut at)) = stack.last_mut() {
            if *at == 0 {
                let number = index.len();
                index.insert(file, number);
                low.insert(file, number);
                open.push(file);
                is_open.insert(file);
            }
            if let Some(&(other, is_inner)) = needs[file].files.get(*at) {
                *at += 1;
                let other = other as usize;
                if is_inner && !inner || !members.contains(&other) {
                    continue;
                }
                match index.get(&other) {
                    None => stack.push((other, 0)),
                    Some(&number) if is_open.contains(&other) => {
                        low.entry(file).and_modify(|low| *low = number.min(*low));
                    }
                    Some(_) => {}
                }
                continue;
            }
            stack.pop();
            let lowest = low[&file];
            if let Some((above, _)) = stack.last() {
                low.entry(*above).and_modify(|low| *low = lowest.min(*low));
            }
            if lowest == index[&file] {
                let from = open.iter().position(|&other| other == file).unwrap_or(0);
                let component = open.split_off(from);
                component.iter().for_each(|file| {
                    is_open.remove(file);
                });
                found.push(component);
            }
        }
    }
    found
}

/// The files of a circle, those that one imports at its top before it, but for the one that closes the circle.
fn after_their_own(circle: &[usize], needs: &[Needs]) -> Vec<usize> {
    let members: FxHashSet<usize> = circle.iter().copied().collect();
    let mut seen: FxHashSet<usize> = FxHashSet::default();
    let mut sorted = Vec::with_capacity(circle.len());
    for &start in circle {
        if !seen.insert(start) {
            continue;
        }
        let mut stack = vec![(start, 0)];
        while let Some((file, at)) = stack.last_mut() {
            match needs[*file].files.get(*at) {
                Some(&(other, inner)) => {
                    *at += 1;
                    let other = other as usize;
                    if !inner && members.contains(&other) && seen.insert(other) {
                        stack.push((other, 0));
                    }
                }
                None => {
                    sorted.push(*file);
                    stack.pop();
                }
            }
        }
    }
    sorted
}
