//! Which configuration counts for which file: the nearest one, and those that it extends.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::CliError;
use super::args::ConfigArgs;
use crate::config::{self, Config, ConfigError, Kind};
use crate::model::{Model, Versions};
use crate::source::decode::reason;
use crate::source::discovery::{absolute, display};

/// Larger files are no configuration.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// The names of configuration files, those that win first.
const NAMES: [(&str, Kind); 3] =
    [(".viewlint.toml", Kind::Own), ("viewlint.toml", Kind::Own), ("pyproject.toml", Kind::Pyproject)];

/// One layer: what one file says, and its folder, to which its globs are relative.
#[derive(Debug)]
pub(super) struct Layer {
    /// The folder.
    pub(super) folder: PathBuf,
    /// What the file says.
    pub(super) config: Config,
}

/// What counts for the files of a folder.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    /// What the nearest configuration file says, the last layer, and what it extends, before it; empty: there is none.
    pub(super) layers: Arc<Vec<Layer>>,
    /// The versions of NumPy that the nearest project requires, as far as it says.
    pub(super) required: Option<Versions>,
}

impl Found {
    /// The last layer that has this key, with its folder.
    pub(super) fn last<T>(&self, key: impl Fn(&Config) -> Option<&T>) -> Option<(&Path, &T)> {
        self.layers.iter().rev().find_map(|layer| key(&layer.config).map(|value| (layer.folder.as_path(), value)))
    }

    /// Is it the same configuration?
    pub(super) fn is(&self, other: &Found) -> bool {
        Arc::ptr_eq(&self.layers, &other.layers) && self.required == other.required
    }

    /// The model with the users' rows, for the versions of NumPy that are asked for or required.
    pub(super) fn model(&self) -> Arc<Model> {
        let versions = self.last(|config| config.numpy_version.as_ref()).map(|(_, versions)| *versions);
        let versions = versions.or(self.required).unwrap_or_default();
        let rows: Vec<_> = self.layers.iter().flat_map(|layer| layer.config.models.iter().cloned()).collect();
        if rows.is_empty() && versions == Versions::default() {
            return Arc::clone(Model::bundled());
        }
        Arc::new(Model::with(rows, versions))
    }
}

/// Finds configurations, each folder's once.
#[derive(Debug)]
pub(super) struct Resolver {
    cwd: PathBuf,
    /// With `--isolated`: the one that counts for all files.
    isolated: Option<Found>,
    /// What `--config` names: it counts for all files.
    fixed: Option<Arc<Vec<Layer>>>,
    folders: FxHashMap<PathBuf, Found>,
}

impl Resolver {
    /// A resolver for what the arguments say.
    pub(super) fn new(args: &ConfigArgs) -> Result<Resolver, CliError> {
        let cwd = std::env::current_dir().unwrap_or_default();
        let mut resolver =
            Resolver { cwd, isolated: args.isolated.then(Found::default), fixed: None, folders: FxHashMap::default() };
        if let Some(path) = &args.config {
            let whole = absolute(&resolver.cwd, path);
            let kind =
                if path.file_name().is_some_and(|name| name == "pyproject.toml") { Kind::Pyproject } else { Kind::Own };
            let layers = resolver.layers(&whole, kind)?;
            let layers =
                layers.ok_or_else(|| CliError::Config(display(path), "it has no table [tool.viewlint]".to_owned()))?;
            resolver.fixed = Some(Arc::new(layers));
        }
        Ok(resolver)
    }

    /// The working directory.
    pub(super) fn cwd(&self) -> &Path {
        &self.cwd
    }

    /// What counts for a file.
    pub(super) fn for_file(&mut self, path: &Path) -> Result<Found, CliError> {
        let whole = absolute(&self.cwd, path);
        self.for_folder(whole.parent().unwrap_or(&whole))
    }

    /// What counts for the files of a folder.
    pub(super) fn for_folder(&mut self, folder: &Path) -> Result<Found, CliError> {
        if let Some(found) = &self.isolated {
            return Ok(found.clone());
        }
        if let Some(found) = self.folders.get(folder) {
            return Ok(found.clone());
        }
        let mut found = match folder.parent() {
            Some(parent) => self.for_folder(parent)?,
            None => Found { layers: self.fixed.clone().unwrap_or_default(), required: None },
        };
        // The names that win come last.
        for (name, kind) in NAMES.into_iter().rev() {
            let path = folder.join(name);
            if !path.is_file() || (kind == Kind::Own && self.fixed.is_some()) {
                continue;
            }
            if self.fixed.is_none()
                && let Some(layers) = self.layers(&path, kind)?
            {
                found.layers = Arc::new(layers);
            }
            if kind == Kind::Pyproject
                && let Some(versions) = self.read(&path).ok().and_then(|text| config::numpy_versions(&text))
            {
                found.required = Some(versions);
            }
        }
        self.folders.insert(folder.to_owned(), found.clone());
        Ok(found)
    }

    /// A configuration file and what it extends, the file itself last; `None` where it says nothing of viewlint.
    fn layers(&self, path: &Path, kind: Kind) -> Result<Option<Vec<Layer>>, CliError> {
        let read = |path: &Path| self.read(path).map_err(|reason| CliError::Config(self.shown(path), reason));
        let Some(config) = config::parse(&self.shown(path), &read(path)?, kind)? else { return Ok(None) };
        let mut layers = vec![layer(path, config)];
        let mut visited = vec![path.to_owned()];
        while let Some(extend) = layers.last().and_then(|layer| layer.config.extend.clone()) {
            let folder = layers.last().map(|layer| layer.folder.clone()).unwrap_or_default();
            let base = absolute(&folder, &extend.path);
            let wrong = |message: String| ConfigError {
                file: visited.last().map(|path| self.shown(path)).unwrap_or_default(),
                at: extend.at,
                message: format!("`extend`: {message}"),
            };
            if visited.contains(&base) {
                return Err(wrong(format!("{} extends itself", self.shown(&base))).into());
            }
            let text =
                self.read(&base).map_err(|reason| wrong(format!("cannot read {}: {reason}", self.shown(&base))))?;
            let kind = if base.ends_with("pyproject.toml") { Kind::Pyproject } else { Kind::Own };
            let config = config::parse(&self.shown(&base), &text, kind)?;
            let config = config.ok_or_else(|| wrong(format!("{} has no table [tool.viewlint]", self.shown(&base))))?;
            layers.push(layer(&base, config));
            visited.push(base);
        }
        layers.reverse();
        Ok(Some(layers))
    }

    fn read(&self, path: &Path) -> Result<String, String> {
        let metadata = std::fs::metadata(path).map_err(|error| reason(&error))?;
        if !metadata.is_file() {
            return Err("not a regular file".to_owned());
        }
        if metadata.len() > MAX_BYTES {
            return Err("larger than 4 MiB".to_owned());
        }
        let bytes = std::fs::read(path).map_err(|error| reason(&error))?;
        String::from_utf8(bytes).map_err(|_| "not UTF-8".to_owned())
    }

    /// The path for messages: relative to the working directory, if it lies there.
    fn shown(&self, path: &Path) -> String {
        display(path.strip_prefix(&self.cwd).unwrap_or(path))
    }
}

fn layer(path: &Path, config: Config) -> Layer {
    Layer { folder: path.parent().map(Path::to_owned).unwrap_or_default(), config }
}
