//! The command line: reads the arguments, runs the rooms, prints.

mod args;
mod check;
mod config;
mod inspect;
mod output;
mod rules;
mod settings;
mod statistics;
mod workers;

use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use args::{Cli, Command};

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    /// Nothing was found.
    Clean,
    /// There are findings.
    Findings,
    /// Something could not be done.
    Error,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> ExitCode {
        ExitCode::from(match status {
            Status::Clean => 0,
            Status::Findings => 1,
            Status::Error => 2,
        })
    }
}

/// What ends a run before it is done.
#[derive(Debug, thiserror::Error)]
enum CliError {
    #[error(transparent)]
    Selector(#[from] crate::config::select::UnknownSelector),
    #[error(transparent)]
    Glob(#[from] crate::source::globs::GlobError),
    #[error(transparent)]
    Configuration(#[from] crate::config::ConfigError),
    #[error("{0}")]
    Key(String),
    #[error("cannot read the configuration {0}: {1}")]
    Config(String, String),
    #[error("cannot start threads: {0}: ask for fewer with `-j`")]
    Threads(rayon::ThreadPoolBuildError),
    #[error("cannot write {0}: {reason}", reason = crate::source::decode::reason(.1))]
    Output(String, io::Error),
}

impl CliError {
    /// Nobody reads on: `viewlint | head` is no error.
    fn is_broken_pipe(&self) -> bool {
        matches!(self, CliError::Output(_, error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

/// Runs the program with the process's arguments; the exit status is 0 clean, 1 findings, 2 error.
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse_from(with_command(std::env::args_os().collect())) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are "errors" too, for the standard output. If nobody reads it, nothing is lost.
            let _ = error.print();
            return if error.use_stderr() { Status::Error.into() } else { Status::Clean.into() };
        }
    };
    let result = match &cli.command {
        Command::Check(args) => check::run(args),
        Command::Rule { code } => rules::explain(code),
        Command::Rules { output_format } => rules::list(*output_format),
        Command::Inspect { files, output_format, config } => inspect::run(files, (*output_format).into(), config),
        Command::Config { key } => rules::keys(key.as_deref()),
    };
    match result {
        Ok(status) => status.into(),
        Err(error) if error.is_broken_pipe() => Status::Clean.into(),
        Err(error) => {
            output::error(&error);
            Status::Error.into()
        }
    }
}

/// `viewlint src/` is `viewlint check src/`.
fn with_command(mut args: Vec<OsString>) -> Vec<OsString> {
    let is_command = |arg: &OsString| {
        let Some(arg) = arg.to_str() else { return false };
        matches!(arg, "help" | "-h" | "--help" | "-V" | "--version")
            || Cli::command().get_subcommands().any(|command| command.get_name() == arg)
    };
    if !args.get(1).is_some_and(is_command) {
        let at = args.len().min(1);
        args.insert(at, OsString::from("check"));
    }
    args
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_is_the_default_command() {
        let with = |args: &[&str]| {
            with_command(args.iter().map(OsString::from).collect())
                .into_iter()
                .map(|arg| arg.into_string().unwrap())
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(with(&["viewlint"]), "viewlint check");
        assert_eq!(with(&["viewlint", "src"]), "viewlint check src");
        assert_eq!(with(&["viewlint", "--select", "VL101", "rules"]), "viewlint check --select VL101 rules");
        assert_eq!(with(&["viewlint", "rules"]), "viewlint rules");
        assert_eq!(with(&["viewlint", "--help"]), "viewlint --help");
    }

    #[test]
    fn the_arguments_are_well_formed() {
        Cli::command().debug_assert();
    }
}
