//! `viewlint inspect`: the command around [`crate::inspect`].

use std::path::{Path, PathBuf};

use super::output::{self, Output};
use super::{CliError, Status};
use crate::inspect::{self, Format, Target};
use crate::source::{SourceFile, decode, discovery};

/// Prints what the analysis knows of each file.
pub(super) fn run(files: &[PathBuf], format: Format) -> Result<Status, CliError> {
    let mut status = Status::Clean;
    let mut targets = Vec::new();
    for file in files {
        let (path, line) = target(file);
        match decode::read(&path) {
            Ok(text) => {
                targets.push(Target { source: SourceFile { path: discovery::display(&path), text }, line });
            }
            Err(error) => {
                output::error(&format_args!("{}: {error}", discovery::display(&path)));
                status = Status::Error;
            }
        }
    }
    Output::open(None)?.write(|out| inspect::run(&targets, format, out))?;
    Ok(status)
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
