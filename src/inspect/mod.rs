//! `viewlint inspect`: what the analysis believes of each array, line by line.

use std::io::{self, Write};

use crate::source::SourceFile;

/// How the beliefs are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Format {
    /// A table for people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// What is inspected: a file, or one of its lines.
#[derive(Debug)]
pub struct Target {
    /// The file.
    pub source: SourceFile,
    /// The line, from 1, if only one is wanted.
    pub line: Option<u32>,
}

/// Prints the beliefs.
///
/// # Errors
/// Those of `out`.
pub fn run(targets: &[Target], format: Format, out: &mut dyn Write) -> io::Result<()> {
    let _ = (targets, format, out);
    Ok(())
}
