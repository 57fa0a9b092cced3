//! `viewlint check`: all files in parallel, one report in the order of their names.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::args::CheckArgs;
use super::output::{self, Output};
use super::settings::{AllSettings, Settings};
use super::statistics::Statistics;
use super::{CliError, Status, workers};
use crate::check::{self, Checked};
use crate::project::Project;
use crate::report::{FileError, Format, Located, Style, Summary};
use crate::source::decode::{self, DecodeError};
use crate::source::discovery::{self, Options};
use crate::source::{LineIndex, SourceFile};
use crate::suppress;

/// Runs the command.
pub(super) fn run(args: &CheckArgs) -> Result<Status, CliError> {
    let mut settings = AllSettings::new(args)?;
    let root = settings.root()?;
    let format = root.format;
    let style = output::style(args.color, args.output_file.is_some());
    let job = Job { format, style, statistics: args.statistics };
    let mut out = Output::open(args.output_file.as_deref())?;

    let outcomes = job.run(args, &root, &mut settings)?;

    let mut statistics = Statistics::default();
    let mut summary = Summary { findings: 0, errors: 0, quiet: args.quiet };
    let mut pieces: Vec<String> = Vec::new();
    for outcome in outcomes {
        statistics.add(outcome.statistics);
        summary.findings += outcome.findings;
        if let Some(error) = outcome.error {
            summary.errors += 1;
            let rendered = if args.statistics { None } else { format.render_error(&error) };
            // Annotations reach the reader through the standard output only.
            if rendered.is_none() || args.output_file.is_some() {
                output::error(&error);
            }
            pieces.extend(rendered);
        }
        if !outcome.rendered.is_empty() {
            pieces.push(outcome.rendered);
        }
    }
    out.write(|out| {
        if args.statistics {
            statistics.write(format, out)
        } else {
            format.finish(pieces.iter().map(String::as_str), summary, out)
        }
    })?;
    Ok(match summary {
        _ if args.exit_zero => Status::Clean,
        Summary { errors: 1.., .. } => Status::Error,
        Summary { findings: 1.., .. } => Status::Findings,
        _ => Status::Clean,
    })
}

/// What remains of a file when it has been checked; its text does not.
#[derive(Debug, Default)]
struct Outcome {
    path: PathBuf,
    findings: usize,
    rendered: String,
    error: Option<FileError>,
    statistics: Statistics,
}

/// What is wanted of each file.
#[derive(Debug)]
struct Job {
    format: Format,
    style: Style,
    statistics: bool,
}

impl Job {
    /// Checks what the arguments name; the outcomes are in the order of the paths.
    fn run(&self, args: &CheckArgs, root: &Arc<Settings>, all: &mut AllSettings<'_>) -> Result<Vec<Outcome>, CliError> {
        let mut options = Options::new(root.excludes.clone());
        options.respect_gitignore = !args.no_respect_gitignore;
        options.force_exclude = args.force_exclude;
        let pool = workers::pool(args.jobs)?;

        if args.stdin_filename.is_some() || args.paths == [Path::new("-")] {
            let path = args.stdin_filename.clone().unwrap_or_else(|| PathBuf::from("-"));
            if args.force_exclude && options.excludes_named(&path) {
                return Ok(Vec::new());
            }
            let settings = all.for_file(&path)?;
            let text = decode::read_from(io::stdin().lock());
            return Ok(vec![pool.install(|| self.outcome(&path, text, &settings, None))]);
        }

        let found = discovery::discover(&args.paths, &options);
        if found.files.is_empty() && found.errors.is_empty() && !args.quiet {
            output::warning(&"no Python files found under the given paths");
        }
        let mut files: Vec<(PathBuf, Arc<Settings>)> = Vec::with_capacity(found.files.len());
        for path in found.files {
            let settings = all.for_file(&path)?;
            // Of what the nearest configuration leaves out, the walk knows only where it is the working directory's.
            let named = !args.force_exclude && args.paths.contains(&path);
            if Arc::ptr_eq(&settings, root) || named || !settings.leaves_out(&path) {
                files.push((path, settings));
            }
        }
        let mut outcomes: Vec<Outcome> = found.errors.into_iter().map(|(path, reason)| missing(path, reason)).collect();
        outcomes.extend(pool.install(|| self.all(&files)));
        outcomes.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(outcomes)
    }

    /// Checks all files of a run, each when those are done that it imports.
    fn all(&self, files: &[(PathBuf, Arc<Settings>)]) -> Vec<Outcome> {
        if let [(path, settings)] = files {
            return vec![self.outcome(path, decode::read(path), settings, None)];
        }
        let cwd = std::env::current_dir().unwrap_or_default();
        let paths: Vec<String> =
            files.iter().map(|(path, _)| discovery::display(&discovery::absolute(&cwd, path))).collect();
        let shown = files.iter().map(|(path, _)| discovery::display(path)).collect();
        let project = check::project(&paths, shown, |file| decode::read(&files[file].0).ok());
        let done: Vec<OnceLock<Outcome>> = files.iter().map(|_| OnceLock::new()).collect();
        project.run(|file| {
            let (path, settings) = &files[file];
            // Each file is checked once.
            let _ = done[file].set(self.outcome(path, decode::read(path), settings, Some((&project, file))));
        });
        done.into_iter().filter_map(OnceLock::into_inner).collect()
    }

    /// Checks one file, by itself or as one of a project's.
    fn outcome(
        &self,
        path: &Path,
        text: Result<String, DecodeError>,
        settings: &Settings,
        of: Option<(&Project, usize)>,
    ) -> Outcome {
        let mut outcome = Outcome { path: path.to_owned(), ..Outcome::default() };
        let shown = discovery::display(path);
        let result = text.map_err(|error| workers::unreadable(&shown, &error)).and_then(|text| {
            let source = SourceFile { path: shown.clone(), text };
            workers::guarded(&shown, || self.check(&source, settings, of, &mut outcome))?
        });
        if let Err(error) = result {
            outcome.statistics.error();
            outcome.error = Some(error);
        }
        outcome
    }

    fn check(
        &self,
        source: &SourceFile,
        settings: &Settings,
        of: Option<(&Project, usize)>,
        outcome: &mut Outcome,
    ) -> Result<(), FileError> {
        let Checked { mut findings, syntax_error, stats, unresolved } = match of {
            Some((project, file)) => check::check_file(source, &settings.model, project, file),
            None => check::check(source, &settings.model),
        };
        outcome.statistics.analysed(stats);
        if self.statistics {
            outcome.statistics.unresolved(&source.text, &unresolved);
        }
        if let Some(error) = syntax_error {
            let at = LineIndex::new(&source.text).location(&source.text, error.span.start);
            return Err(FileError { path: source.path.clone(), location: Some(at), message: error.message });
        }
        let path = &outcome.path;
        findings.retain(|found| found.confidence >= settings.confidence && settings.wants(path, found.rule));
        if findings.is_empty() {
            return Ok(());
        }
        let index = LineIndex::new(&source.text);
        suppress::apply(&source.text, &index, &mut findings);
        outcome.findings = findings.len();
        outcome.statistics.count(&findings);
        if !self.statistics {
            outcome.rendered = self.format.render(&Located { source, index: &index }, &findings, self.style);
        }
        Ok(())
    }
}

fn missing(path: PathBuf, reason: String) -> Outcome {
    let mut statistics = Statistics::default();
    statistics.error();
    let error = FileError { path: discovery::display(&path), location: None, message: reason };
    Outcome { path, error: Some(error), statistics, ..Outcome::default() }
}
