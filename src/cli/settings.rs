//! What holds for a file: its configuration, and the command line, which wins.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::CliError;
use super::args::CheckArgs;
use super::config::{Found, Resolver};
use crate::config::select::Selection;
use crate::finding::{Confidence, RuleInfo};
use crate::model::Model;
use crate::report::Format;
use crate::source::discovery::{DEFAULT_EXCLUDES, absolute};
use crate::source::globs::Globs;

/// What is wanted of a file.
#[derive(Debug)]
pub(super) struct Settings {
    selection: Selection,
    per_file_ignores: Vec<(Globs, Selection)>,
    /// How sure viewlint must be.
    pub(super) confidence: Confidence,
    /// What is known of the libraries that the file uses.
    pub(super) model: Arc<Model>,
    /// What is left out.
    pub(super) excludes: Globs,
    /// How findings are printed. Of the working directory's settings, that counts for all files.
    pub(super) format: Format,
    folder: PathBuf,
    cwd: PathBuf,
}

impl Settings {
    fn new(args: &CheckArgs, found: &Found, cwd: &Path) -> Result<Settings, CliError> {
        let concat = |list: fn(&crate::config::Config) -> &Vec<String>| {
            found.layers.iter().flat_map(|layer| list(&layer.config)).cloned().collect::<Vec<_>>()
        };
        // A selection on the command line begins anew.
        let selection = if args.select.is_some() {
            Selection::new(args.select.as_deref(), &args.extend_select, &args.ignore)?
        } else {
            let select = found.last(|config| config.select.as_ref()).map(|(_, list)| list.as_slice());
            let mut extend = concat(|config| &config.extend_select);
            extend.extend_from_slice(&args.extend_select);
            let mut ignore = found.last(|config| config.ignore.as_ref()).map_or(Vec::new(), |(_, list)| list.clone());
            ignore.extend_from_slice(&args.ignore);
            Selection::new(select, &extend, &ignore)?
        };
        let per_file_ignores: Vec<(&Path, &str, Vec<String>)> = match &args.per_file_ignores {
            Some(list) => list.iter().map(|entry| (cwd, entry.0.as_str(), vec![entry.1.clone()])).collect(),
            None => match found.last(|config| config.per_file_ignores.as_ref()) {
                Some((folder, list)) => {
                    list.iter().map(|(glob, rules)| (folder, glob.as_str(), rules.clone())).collect()
                }
                None => Vec::new(),
            },
        };
        let ignores = |(folder, glob, rules): (&Path, &str, Vec<String>)| {
            Ok::<_, CliError>((Globs::new([(folder, glob)])?, Selection::new(Some(&rules), &[], &[])?))
        };
        let level = found.last(|config| config.confidence.as_ref()).map(|(_, level)| *level);
        let format = found.last(|config| config.output_format.as_ref()).map(|(_, format)| *format);
        Ok(Settings {
            selection,
            per_file_ignores: per_file_ignores.into_iter().map(ignores).collect::<Result<_, _>>()?,
            confidence: args.confidence.map(Confidence::from).or(level).unwrap_or(Confidence::Likely),
            model: found.model(),
            excludes: excludes(args, found, cwd)?,
            format: args.output_format.map(Format::from).or(format).unwrap_or_default(),
            folder: found.layers.last().map_or(cwd, |layer| &layer.folder).to_owned(),
            cwd: cwd.to_owned(),
        })
    }

    /// Is the file, or a folder that it lies in, left out? Folders above the configuration's own do not count.
    pub(super) fn leaves_out(&self, path: &Path) -> bool {
        let whole = absolute(&self.cwd, path);
        whole.ancestors().take_while(|part| *part != self.folder).any(|part| self.excludes.match_path(part))
    }

    /// Is the rule on for the file?
    pub(super) fn wants(&self, path: &Path, rule: &RuleInfo) -> bool {
        if !self.selection.has(rule) {
            return false;
        }
        let mut ignores = self.per_file_ignores.iter().filter(|(_, rules)| rules.has(rule)).peekable();
        ignores.peek().is_none() || {
            let whole = absolute(&self.cwd, path);
            !ignores.any(|(globs, _)| globs.match_path(&whole))
        }
    }
}

fn excludes(args: &CheckArgs, found: &Found, cwd: &Path) -> Result<Globs, CliError> {
    let base = match (&args.exclude, found.last(|config| config.exclude.as_ref())) {
        (Some(list), _) => list.iter().map(|glob| (cwd, glob.as_str())).collect::<Vec<_>>(),
        (None, Some((folder, list))) => list.iter().map(|glob| (folder, glob.as_str())).collect(),
        (None, None) => DEFAULT_EXCLUDES.iter().map(|&glob| (cwd, glob)).collect(),
    };
    let of_files = found
        .layers
        .iter()
        .flat_map(|layer| layer.config.extend_exclude.iter().map(|glob| (layer.folder.as_path(), glob.as_str())));
    let of_args = args.extend_exclude.iter().map(|glob| (cwd, glob.as_str()));
    Ok(Globs::new(base.into_iter().chain(of_files).chain(of_args))?)
}

/// The settings of files; those of one configuration are made once.
#[derive(Debug)]
pub(super) struct AllSettings<'a> {
    args: &'a CheckArgs,
    resolver: Resolver,
    made: Vec<(Found, Arc<Settings>)>,
}

impl<'a> AllSettings<'a> {
    pub(super) fn new(args: &'a CheckArgs) -> Result<AllSettings<'a>, CliError> {
        Ok(AllSettings { args, resolver: Resolver::new(&args.config)?, made: Vec::new() })
    }

    /// Those of the working directory.
    pub(super) fn root(&mut self) -> Result<Arc<Settings>, CliError> {
        let cwd = self.resolver.cwd().to_owned();
        let found = self.resolver.for_folder(&cwd)?;
        self.settings(found)
    }

    /// Those of a file.
    pub(super) fn for_file(&mut self, path: &Path) -> Result<Arc<Settings>, CliError> {
        let found = self.resolver.for_file(path)?;
        self.settings(found)
    }

    fn settings(&mut self, found: Found) -> Result<Arc<Settings>, CliError> {
        if let Some((_, settings)) = self.made.iter().find(|(other, _)| other.is(&found)) {
            return Ok(Arc::clone(settings));
        }
        let settings = Arc::new(Settings::new(self.args, &found, self.resolver.cwd())?);
        self.made.push((found, Arc::clone(&settings)));
        Ok(settings)
    }
}
