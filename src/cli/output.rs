//! Where output goes, and what the place can show.

use std::ffi::OsStr;
use std::fmt::Display;
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;

use super::CliError;
use super::args::When;
use crate::report::Style;

/// A buffered writer that knows its name, for messages.
pub(super) struct Output {
    name: String,
    writer: BufWriter<Box<dyn Write>>,
}

impl Output {
    /// The standard output, or the file.
    pub(super) fn open(file: Option<&Path>) -> Result<Output, CliError> {
        let (name, writer): (String, Box<dyn Write>) = match file {
            None => ("the standard output".to_owned(), Box::new(io::stdout().lock())),
            Some(path) => {
                let name = path.display().to_string();
                let file = File::create(path).map_err(|error| CliError::Output(name.clone(), error))?;
                (name, Box::new(file))
            }
        };
        Ok(Output { name, writer: BufWriter::new(writer) })
    }

    /// Lets `write` write, and makes sure that all of it arrived.
    pub(super) fn write(&mut self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), CliError> {
        write(&mut self.writer)
            .and_then(|()| self.writer.flush())
            .map_err(|error| CliError::Output(self.name.clone(), error))
    }
}

/// What the output can show. Pipes and files get the same bytes on every machine.
pub(super) fn style(when: When, to_file: bool) -> Style {
    let terminal = !to_file && io::stdout().is_terminal();
    let color = use_color(when, terminal, |name| std::env::var_os(name));
    if !terminal {
        return Style { color: color && (!to_file || when == When::Always), ..Style::default() };
    }
    let width = terminal_size::terminal_size().map_or(Style::default().width, |(width, _)| usize::from(width.0));
    Style { color, unicode: supports_unicode::on(supports_unicode::Stream::Stdout), width: width.clamp(60, 160) }
}

/// The option decides, then FORCE_COLOR, then NO_COLOR, then the terminal: as in ruff.
fn use_color<V: AsRef<OsStr>>(when: When, terminal: bool, env: impl Fn(&str) -> Option<V>) -> bool {
    let set = |name: &str| env(name).is_some_and(|value| !value.as_ref().is_empty());
    let is = |name: &str, wanted: &str| env(name).is_some_and(|value| value.as_ref() == wanted);
    match when {
        When::Always => true,
        When::Never => false,
        When::Auto if set("FORCE_COLOR") => !is("FORCE_COLOR", "0"),
        When::Auto => terminal && !set("NO_COLOR") && !is("TERM", "dumb"),
    }
}

/// One line on the standard error stream. If that is closed, there is nobody to tell.
pub(super) fn error(message: &dyn Display) {
    let _ = writeln!(io::stderr(), "error: {message}");
}

/// One line on the standard error stream.
pub(super) fn warning(message: &dyn Display) {
    let _ = writeln!(io::stderr(), "warning: {message}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_for_terminals_unless_said_otherwise() {
        let none = |_: &str| None::<&str>;
        assert!(use_color(When::Auto, true, none));
        assert!(!use_color(When::Auto, false, none));
        assert!(use_color(When::Always, false, |name| (name == "NO_COLOR").then_some("1")));
        assert!(!use_color(When::Never, true, |name| (name == "FORCE_COLOR").then_some("1")));
        assert!(!use_color(When::Auto, true, |name| (name == "NO_COLOR").then_some("1")));
        assert!(use_color(When::Auto, true, |name| (name == "NO_COLOR").then_some("")));
        assert!(use_color(When::Auto, false, |name| (name == "FORCE_COLOR").then_some("1")));
        assert!(!use_color(When::Auto, true, |name| (name == "FORCE_COLOR").then_some("0")));
        assert!(!use_color(When::Auto, true, |name| (name == "TERM").then_some("dumb")));
    }
}
