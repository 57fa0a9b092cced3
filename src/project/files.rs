//! Which file a module's name stands for.
//!
//! A file's *root* is the folder that holds its outermost package: Python finds it there, or is told to look there. A
//! name is looked for in the importing file's own root first, then in the nearest other one that has it.

use rustc_hash::{FxHashMap, FxHashSet};

/// The number of a file, in the order of the paths.
pub type FileId = u32;

/// The files of a run, by the names of their modules.
#[derive(Debug, Default)]
pub struct Files {
    files: Vec<File>,
    /// The module at a path without its ending; for a package the path of its folder.
    modules: FxHashMap<String, FileId>,
    /// All folders that hold a file, or a folder that does.
    folders: FxHashSet<String>,
    /// For the first part of a dotted name the folders that hold such a package, module or folder; sorted.
    tops: FxHashMap<String, Vec<Top>>,
}

#[derive(Debug)]
struct File {
    /// Its folder.
    folder: String,
    /// The folder that holds its outermost package.
    root: String,
    package: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Top {
    base: String,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// A folder with an `__init__.py`.
    Package,
    /// A single file: only files of the same folder find it.
    Module,
    /// A folder without: perhaps a namespace package.
    Folder,
}

/// Folders above a root, up to so many, may be namespace packages.
const MAX_NAMESPACE: usize = 3;

impl Files {
    /// The modules of these files: absolute paths with `/` between their parts.
    pub fn new(paths: &[String]) -> Files {
        let mut files = Files::default();
        for (id, path) in paths.iter().enumerate() {
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
            let package = name == "__init__.py";
            files.files.push(File { folder: folder.to_owned(), root: String::new(), package });
            if package {
                files.modules.insert(folder.to_owned(), id as FileId);
            }
        }
        for (id, path) in paths.iter().enumerate() {
            let Some(stem) = path.strip_suffix(".py") else { continue };
            if !files.files[id].package {
                // A package goes before a module of the same name.
                files.modules.entry(stem.to_owned()).or_insert(id as FileId);
            }
        }
        for (id, path) in paths.iter().enumerate() {
            files.place(id, path);
        }
        files.tops.values_mut().for_each(|tops| {
            tops.sort_unstable();
            tops.dedup();
        });
        files
    }

    /// Finds the file's root, and notes what can be imported from there.
    fn place(&mut self, id: usize, path: &str) {
        let folder = self.files[id].folder.clone();
        let mut root = folder.as_str();
        let mut top = path.rsplit('/').next().unwrap_or(path).trim_end_matches(".py");
        let mut kind = Kind::Module;
        while self.is_package(root) {
            let Some((above, name)) = root.rsplit_once('/') else { break };
            (root, top, kind) = (above, name, Kind::Package);
        }
        self.files[id].root = root.to_owned();
        self.tops.entry(top.to_owned()).or_default().push(Top { base: root.to_owned(), kind });
        let mut at = folder.as_str();
        while !at.is_empty() && self.folders.insert(at.to_owned()) {
            at = at.rsplit_once('/').map_or("", |parts| parts.0);
        }
        let mut at = root;
        for _ in 0..MAX_NAMESPACE {
            let Some((above, name)) = at.rsplit_once('/') else { break };
            self.tops.entry(name.to_owned()).or_default().push(Top { base: above.to_owned(), kind: Kind::Folder });
            at = above;
        }
    }

    fn is_package(&self, folder: &str) -> bool {
        self.modules.get(folder).is_some_and(|&id| self.files[id as usize].package)
    }

    /// How many files there are.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Is the file the `__init__.py` of a package?
    pub fn is_init(&self, file: FileId) -> bool {
        self.files[file as usize].package
    }

    /// Have the two files the same root?
    pub fn are_near(&self, a: FileId, b: FileId) -> bool {
        self.files[a as usize].root == self.files[b as usize].root
    }

    /// The module of this name in a package.
    pub fn submodule(&self, package: FileId, name: &str) -> Option<FileId> {
        let package = &self.files[package as usize];
        if !package.package {
            return None;
        }
        self.modules.get(&format!("{}/{name}", package.folder)).copied()
    }

    /// The folder that a relative import with this many dots begins in.
    fn relative_base(&self, from: FileId, level: u32) -> Option<&str> {
        let mut folder = self.files[from as usize].folder.as_str();
        for _ in 1..level {
            folder = folder.rsplit_once('/')?.0;
        }
        Some(folder)
    }

    /// The module that a relative import leads to: as far as there are modules, and what remains of the path.
    fn relative<'p>(&self, from: FileId, level: u32, path: &[&'p str]) -> Option<(FileId, Vec<&'p str>)> {
        let folder = self.relative_base(from, level)?;
        self.walk(folder, path, self.modules.get(folder).copied())
    }

    /// The module that a dotted path leads to, looked up for a file: as far as there are modules, and what remains.
    pub fn absolute<'p>(&self, from: FileId, path: &[&'p str]) -> Option<(FileId, Vec<&'p str>)> {
        let tops = self.tops.get(*path.first()?)?;
        let file = &self.files[from as usize];
        // Most imports stay at home.
        if let Some(top) = tops.iter().find(|top| top.kind == Kind::Package && top.base == file.root) {
            return self.walk(&top.base, path, None);
        }
        let near = |top: &&Top| common(&top.base, &file.folder);
        for kind in [Kind::Package, Kind::Module, Kind::Folder] {
            let mut fitting: Vec<&Top> = tops.iter().filter(|top| top.kind == kind).collect();
            match kind {
                Kind::Module => fitting.retain(|top| top.base == file.root),
                Kind::Folder => fitting.retain(|top| path.len() > 1 && is_below(&file.folder, &top.base)),
                Kind::Package => {}
            }
            let Some(best) = fitting.iter().map(near).max() else { continue };
            fitting.retain(|top| near(top) == best);
            // Where several are equally near, nobody knows which one Python finds.
            if let [top] = fitting[..]
                && let Some(found) = self.walk(&top.base, path, None)
            {
                return Some(found);
            }
        }
        None
    }

    /// Where `from module import name` leads (with that many dots): a file, and the names to look up in it. What a package
    /// binds goes before its modules.
    pub fn import<'p>(
        &self,
        from: FileId,
        level: u32,
        module: &'p str,
        name: &'p str,
    ) -> Option<(FileId, Vec<&'p str>)> {
        let mut path: Vec<&str> = module.split('.').filter(|part| !part.is_empty()).collect();
        match self.module(from, level, &path) {
            // A package that imports from itself imports a module.
            Some((file, rest)) if rest.is_empty() && file == from => {
                self.submodule(file, name).map(|file| (file, Vec::new()))
            }
            Some((file, rest)) if rest.is_empty() => Some((file, vec![name])),
            _ => {
                path.push(name);
                self.module(from, level, &path)
            }
        }
    }

    /// The module that a star import names.
    pub fn star(&self, from: FileId, level: u32, module: &str) -> Option<FileId> {
        let path: Vec<&str> = module.split('.').filter(|part| !part.is_empty()).collect();
        let (target, rest) = self.module(from, level, &path)?;
        (rest.is_empty() && target != from).then_some(target)
    }

    /// The module that a dotted path with so many dots before it leads to, and what remains of the path.
    pub fn module<'p>(&self, from: FileId, level: u32, path: &[&'p str]) -> Option<(FileId, Vec<&'p str>)> {
        match level {
            0 => self.absolute(from, path),
            level => self.relative(from, level, path),
        }
    }

    fn walk<'p>(&self, base: &str, path: &[&'p str], mut found: Option<FileId>) -> Option<(FileId, Vec<&'p str>)> {
        let mut at = base.to_owned();
        let mut used = 0;
        for (i, part) in path.iter().enumerate() {
            at.push('/');
            at.push_str(part);
            match self.modules.get(&at) {
                Some(&id) => (found, used) = (Some(id), i + 1),
                None if self.folders.contains(&at) => {}
                None => break,
            }
        }
        found.map(|id| (id, path[used..].to_vec()))
    }
}

/// How many parts two paths have in common at their beginning.
fn common(a: &str, b: &str) -> usize {
    a.split('/').zip(b.split('/')).take_while(|(a, b)| a == b).count()
}

fn is_below(folder: &str, base: &str) -> bool {
    folder.strip_prefix(base).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
