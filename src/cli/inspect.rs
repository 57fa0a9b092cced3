//! `viewlint inspect`: the command around [`crate::inspect`].

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::args::ConfigArgs;
use super::config::{Found, Resolver};
use super::output::{self, Output};
use super::{CliError, Status, workers};
use crate::check;
use crate::inspect::{self, Format};
use crate::model::Model;
use crate::project::{Project, scan};
use crate::report::FileError;
use crate::source::{LineIndex, SourceFile, decode, discovery};

/// Prints what the analysis knows of each file, in the order of the arguments.
pub(super) fn run(files: &[PathBuf], format: Format, config: &ConfigArgs) -> Result<Status, CliError> {
    let mut resolver = Resolver::new(config)?;
    let mut models: Vec<(Found, Arc<Model>)> = Vec::new();
    let mut targets = Vec::with_capacity(files.len());
    for file in files {
        let (path, line) = target(file);
        let found = resolver.for_file(&path)?;
        let known = models.iter().find(|(other, _)| other.is(&found)).map(|(_, model)| Arc::clone(model));
        let model = known.unwrap_or_else(|| {
            let model = found.model();
            models.push((found, Arc::clone(&model)));
            model
        });
        targets.push((path, line, model));
    }
    let pool = workers::pool(None)?;
    let cwd = std::env::current_dir().unwrap_or_default();
    let paths: Vec<String> =
        targets.iter().map(|(path, ..)| discovery::display(&discovery::absolute(&cwd, path))).collect();
    let shown = targets.iter().map(|(path, ..)| discovery::display(path)).collect();
    let neighbours = Neighbours::of(targets.iter().map(|target| &*target.0));
    let done: Vec<OnceLock<Result<String, FileError>>> = targets.iter().map(|_| OnceLock::new()).collect();
    pool.install(|| {
        let project = check::project(&paths, shown, |file| decode::read(&targets[file].0).ok());
        project.run(|file| {
            let (path, line, model) = &targets[file];
            // Each file is looked at once.
            let alone = neighbours.leave_alone(path) && !project.is_imported(file);
            let _ = done[file].set(render(path, *line, format, model, (&project, file), alone));
        });
    });
    let results = targets.iter().zip(done).filter_map(|(target, done)| Some((target, done.into_inner()?)));
    let mut status = Status::Clean;
    let mut out = Output::open(None)?;
    for ((path, line, _), result) in results {
        match result {
            Ok(text) if text.is_empty() && line.is_some() => {
                let at = format!("{}:{}", discovery::display(path), line.unwrap_or_default());
                output::warning(&format!("{at}: no statement begins on this line, or none that can be reached"));
            }
            Ok(text) => out.write(|out| out.write_all(text.as_bytes()))?,
            Err(error) => {
                output::error(&error);
                status = Status::Error;
            }
        }
    }
    Ok(status)
}

fn render(
    path: &Path,
    line: Option<u32>,
    format: Format,
    model: &Model,
    of: (&Project, usize),
    alone: bool,
) -> Result<String, FileError> {
    let shown = discovery::display(path);
    let text = decode::read(path).map_err(|error| workers::unreadable(&shown, &error))?;
    let source = SourceFile { path: shown.clone(), text };
    let rendered = workers::guarded(&shown, || inspect::render(&source, line, format, model, Some(of), alone))?;
    rendered.map_err(|error| {
        let at = LineIndex::new(&source.text).location(&source.text, error.span.start);
        FileError { path: shown, location: Some(at), message: error.message }
    })
}

/// What the folders of the files hold besides them: a file that others import is not all of a program.
struct Neighbours {
    /// For each folder the modules that its files import; none: it is a package.
    imported: HashMap<PathBuf, Option<HashSet<String>>>,
}

impl Neighbours {
    fn of<'p>(files: impl Iterator<Item = &'p Path>) -> Neighbours {
        let mut imported = HashMap::new();
        for folder in files.map(folder) {
            if let Entry::Vacant(entry) = imported.entry(folder) {
                let found = modules_imported_in(entry.key());
                entry.insert(found);
            }
        }
        Neighbours { imported }
    }

    /// Does the file stand in no package, and does no file of its folder import it?
    fn leave_alone(&self, file: &Path) -> bool {
        let name = file.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        self.imported.get(&folder(file)).is_some_and(|found| found.as_ref().is_some_and(|found| !found.contains(name)))
    }
}

fn folder(file: &Path) -> PathBuf {
    match file.parent() {
        Some(parent) if parent.as_os_str().is_empty() => PathBuf::from("."),
        Some(parent) => parent.to_owned(),
        None => PathBuf::from("."),
    }
}

/// The first names of the modules that the files of a folder import; none for a package. What cannot be read imports nothing.
fn modules_imported_in(folder: &Path) -> Option<HashSet<String>> {
    if folder.join("__init__.py").exists() {
        return None;
    }
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let texts = files
        .filter(|path| path.extension().is_some_and(|end| end == "py"))
        .filter_map(|path| decode::read(&path).ok());
    let first = |import: scan::Import| import.module.split('.').next().map(str::to_owned);
    Some(texts.flat_map(|text| scan::imports(&text)).filter_map(first).collect())
}

/// `FILE:LINE`, unless there is a file of that very name.
fn target(argument: &Path) -> (PathBuf, Option<u32>) {
    let split = argument.to_str().and_then(|text| text.rsplit_once(':'));
    match split.and_then(|(path, line)| Some((path, line.parse().ok()?))) {
        Some((path, line)) if !argument.exists() => (PathBuf::from(path), Some(line)),
        _ => (argument.to_owned(), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_may_follow_the_file() {
        assert_eq!(target(Path::new("a.py:12")), (PathBuf::from("a.py"), Some(12)));
        assert_eq!(target(Path::new("a.py")), (PathBuf::from("a.py"), None));
        assert_eq!(target(Path::new("a.py:x")), (PathBuf::from("a.py:x"), None));
    }
}
