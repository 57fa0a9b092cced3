//! Globs for files and folders.

use std::path::Path;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// Globs. Each is held against the name of a file or folder, and, from the folder on that it was given for, against the
/// whole path. `*` stands for slashes as well.
#[derive(Clone, Debug, Default)]
pub struct Globs(GlobSet);

/// A glob that is not understood.
#[derive(Debug, thiserror::Error)]
#[error("pattern `{pattern}` is not a glob: {reason}")]
pub struct GlobError {
    /// The pattern.
    pub pattern: String,
    /// What is wrong with it.
    pub reason: String,
}

impl Globs {
    /// These patterns, each with the folder that it is relative to.
    ///
    /// # Errors
    /// A pattern that is no glob.
    pub fn new<'a>(patterns: impl IntoIterator<Item = (&'a Path, &'a str)>) -> Result<Globs, GlobError> {
        let mut set = GlobSetBuilder::new();
        let wrong = |pattern: &str, error: globset::Error| GlobError {
            pattern: pattern.to_owned(),
            reason: error.kind().to_string(),
        };
        for (folder, pattern) in patterns {
            let trimmed = pattern.trim_start_matches("./").trim_end_matches('/');
            let whole = format!("{}/{trimmed}", globset::escape(&folder.to_string_lossy()));
            for text in [trimmed, whole.as_str()] {
                set.add(GlobBuilder::new(text).build().map_err(|error| wrong(pattern, error))?);
            }
        }
        set.build().map(Globs).map_err(|error| wrong("", error))
    }

    /// Is this pattern a glob?
    ///
    /// # Errors
    /// It is none.
    pub fn check(pattern: &str) -> Result<(), GlobError> {
        Globs::new([(Path::new(""), pattern)]).map(|_| ())
    }

    /// Does one of them match the path's last part, or the path, which has to be absolute?
    pub fn match_path(&self, path: &Path) -> bool {
        path.file_name().is_some_and(|name| self.0.is_match(Path::new(name))) || self.0.is_match(path)
    }
}
