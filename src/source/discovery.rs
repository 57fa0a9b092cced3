//! Which files are checked: what was named, and the Python files below the folders that were named.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use ignore::{DirEntry, WalkBuilder};

use super::decode::reason;
use super::globs::Globs;

/// The names of folders that are not entered unless they are named; the same as ruff's.
pub const DEFAULT_EXCLUDES: &[&str] = &[
    ".bzr",
    ".direnv",
    ".eggs",
    ".git",
    ".git-rewrite",
    ".hg",
    ".ipynb_checkpoints",
    ".mypy_cache",
    ".nox",
    ".pants.d",
    ".pyenv",
    ".pytest_cache",
    ".pytype",
    ".ruff_cache",
    ".svn",
    ".tox",
    ".venv",
    ".vscode",
    "__pypackages__",
    "_build",
    "buck-out",
    "dist",
    "node_modules",
    "site-packages",
    "venv",
];

/// What to leave out.
#[derive(Debug)]
pub struct Options {
    excludes: Globs,
    cwd: PathBuf,
    /// Leave out what git ignores.
    pub respect_gitignore: bool,
    /// Hold the excludes against files and folders that were named, too.
    pub force_exclude: bool,
}

impl Options {
    /// Options that leave out what these globs match.
    pub fn new(excludes: Globs) -> Options {
        let cwd = std::env::current_dir().unwrap_or_default();
        Options { excludes, cwd, respect_gitignore: true, force_exclude: false }
    }

    /// Is this path itself excluded, by its name or as a whole?
    fn excludes(&self, path: &Path) -> bool {
        self.excludes.match_path(&absolute(&self.cwd, path))
    }

    /// Is the path, or a folder that it lies in, excluded? Folders above the working directory do not count.
    pub fn excludes_named(&self, path: &Path) -> bool {
        let whole = absolute(&self.cwd, path);
        let inside = whole.starts_with(&self.cwd);
        whole
            .ancestors()
            .take_while(|ancestor| !inside || *ancestor != self.cwd)
            .any(|ancestor| self.excludes(ancestor))
    }
}

/// What discovery found.
#[derive(Debug, Default)]
pub struct Found {
    /// The files, sorted, each once; as named or below the folder as named.
    pub files: Vec<PathBuf>,
    /// What could not be looked at, with the reason, sorted.
    pub errors: Vec<(PathBuf, String)>,
}

/// Finds the files that `paths` name.
pub fn discover(paths: &[PathBuf], options: &Options) -> Found {
    let mut found = Finder { options, files: BTreeMap::new(), errors: BTreeMap::new() };
    for path in paths {
        found.named(path);
    }
    let mut files: Vec<PathBuf> = found.files.into_values().map(|(_, shown)| shown).collect();
    files.sort();
    Found { files, errors: found.errors.into_iter().collect() }
}

struct Finder<'a> {
    options: &'a Options,
    /// By the path that tells whether two names are the same file: is it a link, and the name to show.
    files: BTreeMap<PathBuf, (bool, PathBuf)>,
    errors: BTreeMap<PathBuf, String>,
}

impl Finder<'_> {
    fn named(&mut self, path: &Path) {
        if self.options.force_exclude && self.options.excludes_named(path) {
            return;
        }
        match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => self.folder(path),
            // What is not a regular file is refused when it is read, with the reason.
            Ok(_) => self.add(path),
            Err(error) => {
                self.errors.insert(clean(path), reason(&error));
            }
        }
    }

    fn add(&mut self, path: &Path) {
        let whole = absolute(&self.options.cwd, path);
        let is_link = path.is_symlink();
        // The same file under two names is checked once. Only links need the costly question.
        let key = if is_link { path.canonicalize().unwrap_or(whole) } else { whole };
        let candidate = (is_link, clean(path));
        let known = self.files.entry(key).or_insert_with(|| candidate.clone());
        if candidate < *known {
            *known = candidate;
        }
    }

    fn folder(&mut self, root: &Path) {
        let excludes = self.options.excludes.clone();
        let cwd = self.options.cwd.clone();
        let mut walk = self.walker(root);
        if self.options.respect_gitignore && is_ignored(self, root) {
            // The folder was named although git ignores it (a virtual environment, say): the rules that
            // ignore it would ignore all that is in it.
            walk.parents(false);
        }
        // What was named is not asked: the filter is held against what lies below it.
        walk.filter_entry(move |entry| !excludes.match_path(&absolute(&cwd, entry.path())));
        for entry in walk.build() {
            match entry {
                Ok(entry) => {
                    if entry.depth() > 0 && is_python(entry.path()) && is_regular(&entry) {
                        self.add(entry.path());
                    }
                }
                Err(error) => self.walk_error(root, &error),
            }
        }
    }

    fn walker(&self, root: &Path) -> WalkBuilder {
        let respect = self.options.respect_gitignore;
        let mut walk = WalkBuilder::new(root);
        walk.hidden(false)
            .ignore(false)
            .git_ignore(respect)
            .git_exclude(respect)
            .git_global(respect)
            .parents(respect)
            .follow_links(false);
        walk
    }

    fn walk_error(&mut self, root: &Path, error: &ignore::Error) {
        let (mut path, mut inner) = (root, error);
        loop {
            match inner {
                ignore::Error::WithPath { path: at, err } => (path, inner) = (at, err),
                ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => inner = err,
                _ => break,
            }
        }
        let text = inner.io_error().map_or_else(|| inner.to_string(), reason);
        self.errors.insert(clean(path), text);
    }
}

/// Does git ignore the folder itself? The walk over its parent tells: it does not list what is ignored.
fn is_ignored(finder: &Finder<'_>, root: &Path) -> bool {
    let Ok(whole) = root.canonicalize() else { return false };
    let (Some(parent), Some(name)) = (whole.parent(), whole.file_name().map(ToOwned::to_owned)) else { return false };
    let mut walk = finder.walker(parent);
    walk.max_depth(Some(1)).filter_entry(move |entry| entry.file_name() == name);
    !walk.build().filter_map(Result::ok).any(|entry| entry.depth() == 1)
}

fn is_python(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "py" || extension == "pyi")
}

/// A file, or a link to one. Links to folders are not followed: they may lead back.
fn is_regular(entry: &DirEntry) -> bool {
    entry.file_type().is_some_and(|kind| {
        kind.is_file() || (kind.is_symlink() && std::fs::metadata(entry.path()).is_ok_and(|target| target.is_file()))
    })
}

/// The absolute path without `.` and `..` between; links are not resolved.
pub fn absolute(cwd: &Path, path: &Path) -> PathBuf {
    let mut whole = PathBuf::new();
    for component in cwd.join(path).components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                whole.pop();
            }
            other => whole.push(other),
        }
    }
    whole
}

/// The path as shown: `./a/./b` is `a/b`.
fn clean(path: &Path) -> PathBuf {
    let shown: PathBuf = path.components().filter(|part| !matches!(part, Component::CurDir)).collect();
    if shown.as_os_str().is_empty() { PathBuf::from(".") } else { shown }
}

/// The path as printed, with `/` between the parts.
pub fn display(path: &Path) -> String {
    let text = path.to_string_lossy();
    if std::path::MAIN_SEPARATOR == '/' { text.into_owned() } else { text.replace(std::path::MAIN_SEPARATOR, "/") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excluding(excludes: &[&str]) -> Options {
        let cwd = std::env::current_dir().unwrap();
        Options::new(Globs::new(excludes.iter().map(|&glob| (cwd.as_path(), glob))).unwrap())
    }

    fn tree(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        folder
    }

    fn options() -> Options {
        excluding(DEFAULT_EXCLUDES)
    }

    fn names(root: &Path, paths: &[&str], options: &Options) -> Vec<String> {
        let paths: Vec<PathBuf> = paths.iter().map(|path| root.join(path)).collect();
        let found = discover(&paths, options);
        assert_eq!(found.errors, []);
        found.files.iter().map(|file| display(file.strip_prefix(root).unwrap())).collect()
    }

    #[test]
    fn folders_are_walked_sorted_and_without_excluded_names() {
        let root = tree(&["b.py", "a.pyi", "c.txt", "sub/d.py", ".venv/e.py", "build/f.py", "x/dist/g.py", ".h/i.py"]);
        assert_eq!(names(root.path(), &["."], &options()), [".h/i.py", "a.pyi", "b.py", "build/f.py", "sub/d.py"]);
    }

    #[test]
    fn what_is_named_is_taken() {
        let root = tree(&["venv/lib/site-packages/a.py", "venv/lib/site-packages/node_modules/b.py", "script"]);
        let paths = ["venv/lib/site-packages", "script", "venv/lib/site-packages/a.py"];
        assert_eq!(names(root.path(), &paths, &options()), ["script", "venv/lib/site-packages/a.py"]);
        let forced = Options { force_exclude: true, ..options() };
        assert_eq!(names(root.path(), &paths, &forced), ["script"]);
    }

    #[test]
    fn gitignore_counts_inside_a_repository_only_and_not_for_what_is_named() {
        let root = tree(&["a.py", "gen/gen_b.py", "env/lib/c.py"]);
        std::fs::write(root.path().join(".gitignore"), "gen*\n").unwrap();
        std::fs::write(root.path().join("env/.gitignore"), "*\n").unwrap();
        assert_eq!(names(root.path(), &["."], &options()).len(), 3);
        std::fs::create_dir(root.path().join(".git")).unwrap();
        assert_eq!(names(root.path(), &["."], &options()), ["a.py"]);
        assert_eq!(names(root.path(), &["env/lib", "gen"], &options()), ["env/lib/c.py", "gen/gen_b.py"]);
        let all = Options { respect_gitignore: false, ..options() };
        assert_eq!(names(root.path(), &["."], &all).len(), 3);
    }

    #[test]
    fn globs_hold_against_names_and_paths() {
        let root = tree(&["a.py", "a_test.py", "sub/b_test.py", "sub/c.py"]);
        let by_name = excluding(&["*_test.py"]);
        assert_eq!(names(root.path(), &["."], &by_name), ["a.py", "sub/c.py"]);
        let mut by_path = excluding(&["sub/c.py"]);
        assert_eq!(names(root.path(), &["."], &by_path).len(), 4);
        by_path = excluding(&[root.path().join("sub").to_str().unwrap()]);
        assert_eq!(names(root.path(), &["."], &by_path), ["a.py", "a_test.py"]);
        assert!(Globs::check("[x").unwrap_err().to_string().contains("`[x`"));
    }

    #[test]
    fn missing_paths_are_errors_and_the_rest_goes_on() {
        let root = tree(&["a.py"]);
        let found = discover(&[root.path().join("nope.py"), root.path().join("a.py")], &options());
        assert_eq!(found.files.len(), 1);
        assert_eq!(found.errors, [(root.path().join("nope.py"), "no such file or directory".to_owned())]);
    }

    #[cfg(unix)]
    #[test]
    fn links_are_neither_followed_round_in_circles_nor_checked_twice() {
        let root = tree(&["a/b.py", "c.py"]);
        std::os::unix::fs::symlink(root.path(), root.path().join("a/loop")).unwrap();
        std::os::unix::fs::symlink("nowhere", root.path().join("dead.py")).unwrap();
        std::os::unix::fs::symlink("c.py", root.path().join("again.py")).unwrap();
        let outside = tree(&["o.py"]);
        std::os::unix::fs::symlink(outside.path().join("o.py"), root.path().join("link.py")).unwrap();
        assert_eq!(names(root.path(), &[".", "c.py"], &options()), ["a/b.py", "c.py", "link.py"]);
    }

    #[test]
    fn paths_are_shown_without_dots() {
        assert_eq!(clean(Path::new("./a/./b.py")), Path::new("a/b.py"));
        assert_eq!(clean(Path::new(".")), Path::new("."));
        assert_eq!(absolute(Path::new("/w"), Path::new("./a/../b.py")), Path::new("/w/b.py"));
    }
}
