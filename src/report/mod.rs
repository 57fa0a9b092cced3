//! Output formats: one file a format.
//!
//! A file's findings are rendered where the file is checked, in a worker thread, so that its text can be dropped at once;
//! [`Format::finish`] puts the pieces together in the order of the files.

mod concise;
mod full;
mod github;
mod json;
mod window;

use std::io::{self, Write};
use std::path::Path;

use crate::finding::{Confidence, Finding, RuleInfo};
use crate::source::discovery::absolute;
use crate::source::{LineIndex, Location, SourceFile, Span};

/// How findings are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Format {
    /// The source with the whole story drawn into it.
    #[default]
    Full,
    /// One line for each finding.
    Concise,
    /// A JSON array.
    Json,
    /// Workflow commands which GitHub turns into annotations.
    Github,
}

impl Format {
    /// All of them, with their names.
    pub const ALL: &'static [(&'static str, Format)] =
        &[("full", Format::Full), ("concise", Format::Concise), ("json", Format::Json), ("github", Format::Github)];
}

/// What the place that is written to can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// ANSI colours.
    pub color: bool,
    /// Box-drawing characters.
    pub unicode: bool,
    /// Columns.
    pub width: usize,
}

impl Default for Style {
    /// For a file or a pipe: the same bytes everywhere.
    fn default() -> Style {
        Style { color: false, unicode: false, width: 120 }
    }
}

/// A decoded file with what is needed to name places in it.
#[derive(Debug)]
pub struct Located<'a> {
    /// The file.
    pub source: &'a SourceFile,
    /// Its lines.
    pub index: &'a LineIndex,
}

impl Located<'_> {
    /// Row and column of a byte offset.
    pub fn at(&self, offset: u32) -> Location {
        self.index.location(&self.source.text, offset)
    }

    /// Where a span begins and ends.
    pub fn ends(&self, span: Span) -> (Location, Location) {
        (self.at(span.start), self.at(span.end))
    }
}

/// A file that could not be checked, or a part of it: unreadable, unparsable, or a fault of viewlint itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileError {
    /// The path as given or discovered.
    pub path: String,
    /// The place in it, if there is one.
    pub location: Option<Location>,
    /// What is wrong: lower case, no full stop.
    pub message: String,
}

impl std::fmt::Display for FileError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.location {
            Some(Location { row, column }) => write!(f, "{}:{row}:{column}: {}", self.path, self.message),
            None => write!(f, "{}: {}", self.path, self.message),
        }
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// How many findings there are.
    pub findings: usize,
    /// How many files could not be checked.
    pub errors: usize,
    /// Only findings are wanted, no closing line.
    pub quiet: bool,
}

impl Format {
    /// Renders the findings of one file.
    pub fn render(self, file: &Located<'_>, findings: &[Finding], style: Style) -> String {
        let mut out = String::new();
        for finding in findings {
            match self {
                Format::Full => full::render(file, finding, style, &mut out),
                Format::Concise => concise::render(file, finding, style, &mut out),
                Format::Json => json::render(file, finding, &mut out),
                Format::Github => github::render(file, finding, &mut out),
            }
        }
        out
    }

    /// Renders an error where the format has a place for it; otherwise it belongs on the standard error stream.
    pub fn render_error(self, error: &FileError) -> Option<String> {
        (self == Format::Github).then(|| github::render_error(error))
    }

    /// Writes the rendered files, in their order, with what the format puts around them.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn finish<'a>(
        self,
        files: impl IntoIterator<Item = &'a str>,
        summary: Summary,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        match self {
            Format::Json => json::finish(files, out),
            Format::Github => files.into_iter().try_for_each(|file| out.write_all(file.as_bytes())),
            Format::Full | Format::Concise => {
                for file in files {
                    out.write_all(file.as_bytes())?;
                }
                match closing(summary) {
                    Some(line) => writeln!(out, "{line}"),
                    None => Ok(()),
                }
            }
        }
    }
}

/// The closing line for people, in ruff's words.
fn closing(summary: Summary) -> Option<String> {
    match summary {
        Summary { quiet: true, .. } => None,
        // Not all has passed, though nothing was found: the errors speak for themselves.
        Summary { findings: 0, errors, .. } if errors > 0 => None,
        Summary { findings: 0, .. } => Some("All checks passed!".to_owned()),
        Summary { findings: 1, .. } => Some("Found 1 error.".to_owned()),
        Summary { findings, .. } => Some(format!("Found {findings} errors.")),
    }
}

/// The word for a finding's weight in formats that ask for one.
fn severity(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Possible => "info",
        Confidence::Likely | Confidence::Certain => "warning",
    }
}

/// Where a rule's page is on the web, once the project has a home there.
pub fn url(rule: &RuleInfo) -> Option<String> {
    let home = option_env!("CARGO_PKG_REPOSITORY").filter(|home| !home.is_empty())?;
    Some(format!("{home}/blob/v{}/rules/{}-{}.md", env!("CARGO_PKG_VERSION"), rule.code, rule.name))
}

/// The absolute path, as the formats for machines want it.
fn absolute_path(path: &str) -> String {
    let cwd = std::env::current_dir().unwrap_or_default();
    crate::source::discovery::display(&absolute(&cwd, Path::new(path)))
}

/// Without line breaks, for formats in which a line is a record.
fn one_line(text: &str) -> String {
    text.replace(['\r', '\n'], " ")
}

/// Another file that a label points into. It is read again: that is rare, and holding all texts would be costly.
fn other_file(path: &str) -> Option<SourceFile> {
    let text = crate::source::decode::read(Path::new(path)).ok()?;
    Some(SourceFile { path: path.to_owned(), text })
}

#[cfg(test)]
mod tests;
