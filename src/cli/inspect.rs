//! `viewlint inspect`: the command around [`crate::inspect`].

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::output::{self, Output};
use super::{CliError, Status, workers};
use crate::inspect::{self, Format};
use crate::model::Model;
use crate::report::FileError;
use crate::source::{LineIndex, SourceFile, decode, discovery};

/// Prints what the analysis knows of each file, in the order of the arguments.
pub(super) fn run(files: &[PathBuf], format: Format) -> Result<Status, CliError> {
    let pool = workers::pool(None)?;
    let results: Vec<Result<String, FileError>> =
        pool.install(|| files.par_iter().map(|file| render(file, format)).collect());
    let mut status = Status::Clean;
    let mut out = Output::open(None)?;
    for result in results {
        match result {
            Ok(text) => out.write(|out| out.write_all(text.as_bytes()))?,
            Err(error) => {
                output::error(&error);
                status = Status::Error;
            }
        }
    }
    Ok(status)
}

fn render(argument: &Path, format: Format) -> Result<String, FileError> {
    let (path, line) = target(argument);
    let shown = discovery::display(&path);
    let text = decode::read(&path).map_err(|error| workers::unreadable(&shown, &error))?;
    let source = SourceFile { path: shown.clone(), text };
    let rendered = workers::guarded(&shown, || inspect::render(&source, line, format, Model::bundled()))?;
    rendered.map_err(|error| {
        let at = LineIndex::new(&source.text).location(&source.text, error.span.start);
        FileError { path: shown, location: Some(at), message: error.message }
    })
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
