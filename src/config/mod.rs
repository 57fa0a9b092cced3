//! Configuration: `[tool.viewlint]` in `pyproject.toml`, or the same keys at the top of `viewlint.toml`.
//!
//! This room turns the text of one file into a [`Config`], or into one error with its place. Which file counts for
//! which source file, what `extend` adds and what the command line overrides is decided in `cli`.

mod read;
mod requires;
pub(crate) mod select;

use std::path::PathBuf;

use crate::finding::Confidence;
use crate::model::{Row, Versions};
use crate::report::Format;
use crate::source::Location;

pub(crate) use read::unknown_key;
pub use requires::numpy_versions;

/// A key of the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What its value is, with an example.
    pub example: &'static str,
    /// What it does, in one line.
    pub summary: &'static str,
}

const fn key(name: &'static str, example: &'static str, summary: &'static str) -> Key {
    Key { name, example, summary }
}

/// All keys, in the order in which they are documented.
pub const KEYS: &[Key] = &[
    key("extend", "\"../pyproject.toml\"", "a configuration file to begin with; the keys of this one replace its keys"),
    key("select", "[\"VL1\", \"VL301\"]", "rules to check, instead of all: codes, prefixes, names, ALL"),
    key("extend-select", "[\"VL203\"]", "rules to check in addition to the selected ones"),
    key("ignore", "[\"accumulated-views\"]", "rules to leave out"),
    key("per-file-ignores", "{ \"tests/*\" = [\"VL1\"] }", "rules to leave out in files whose name or path matches"),
    key("confidence", "\"likely\"", "how sure viewlint must be: possible, likely, certain"),
    key("exclude", "[\"build\"]", "files and folders to leave out, instead of the default list"),
    key("extend-exclude", "[\"generated\"]", "files and folders to leave out, too"),
    key("output-format", "\"concise\"", "how findings are printed"),
    key("numpy-version", "\">=1.26,<3\"", "the versions of NumPy that the code is for; else what the project requires"),
    key("models", "{ \"mypkg.io.load\" = \"fresh\" }", "what functions of your own do to the arrays they are given"),
];

/// `extend`: another file to begin with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extend {
    /// The file, as written: relative to the folder of the one that names it.
    pub path: PathBuf,
    /// Where it is named.
    pub at: Location,
}

/// What one file says. What it does not say is `None`, or empty.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// `extend`
    pub extend: Option<Extend>,
    /// `select`
    pub select: Option<Vec<String>>,
    /// `extend-select`
    pub extend_select: Vec<String>,
    /// `ignore`
    pub ignore: Option<Vec<String>>,
    /// `per-file-ignores`: glob and selectors.
    pub per_file_ignores: Option<Vec<(String, Vec<String>)>>,
    /// `confidence`
    pub confidence: Option<Confidence>,
    /// `exclude`
    pub exclude: Option<Vec<String>>,
    /// `extend-exclude`
    pub extend_exclude: Vec<String>,
    /// `output-format`
    pub output_format: Option<Format>,
    /// `numpy-version`
    pub numpy_version: Option<Versions>,
    /// `models`
    pub models: Vec<Row>,
}

/// What is wrong with a configuration file, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{row}:{column}: {message}", row = .at.row, column = .at.column)]
pub struct ConfigError {
    /// The file, as shown.
    pub file: String,
    /// Where in it.
    pub at: Location,
    /// What is wrong: lower case, no full stop.
    pub message: String,
}

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `viewlint.toml`: the keys stand at the top.
    Own,
    /// `pyproject.toml`: the keys stand in `[tool.viewlint]`.
    Pyproject,
}

/// Reads a configuration file. `None`: a `pyproject.toml` that says nothing of viewlint.
///
/// # Errors
/// The first thing that is wrong with it. A `pyproject.toml` that is no TOML and does not mention `tool.viewlint` is not
/// viewlint's concern.
pub fn parse(file: &str, text: &str, kind: Kind) -> Result<Option<Config>, ConfigError> {
    read::config(file, text, kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(text: &str) -> Result<Config, String> {
        parse("viewlint.toml", text, Kind::Own).map(Option::unwrap_or_default).map_err(|error| error.to_string())
    }

    #[test]
    fn every_key_is_read_as_its_example_shows() {
        for key in KEYS {
            let text = format!("{} = {}\n", key.name, key.example);
            assert!(own(&text).is_ok(), "{text}: {:?}", own(&text));
            let wrong = own(&format!("{} = 1\n", key.name)).unwrap_err();
            assert!(wrong.starts_with(&format!("viewlint.toml:1:{}: `{}`", key.name.len() + 4, key.name)), "{wrong}");
        }
    }

    #[test]
    fn a_pyproject_counts_where_it_has_the_table() {
        let read = |text: &str| parse("pyproject.toml", text, Kind::Pyproject);
        let found = read("[tool.viewlint]\nselect = [\"VL1\"]\n").unwrap().unwrap();
        assert_eq!(found.select, Some(vec!["VL1".to_owned()]));
        assert!(read("[tool.ruff]\nselect = [\"F\"]\n").unwrap().is_none());
        assert!(read("select = [\"VL1\"]\n").unwrap().is_none());
        assert!(read("this is no TOML").unwrap().is_none(), "broken, but none of ours");
        let broken = read("[tool.viewlint]\nselect = [\n").unwrap_err().to_string();
        assert!(broken.starts_with("pyproject.toml:"), "{broken}");
        assert_eq!(
            read("tool = 1\n[tool.viewlint]").map(|_| ()).unwrap_err().to_string().split(": ").next(),
            Some("pyproject.toml:2:2")
        );
    }

    #[test]
    fn errors_name_the_place_and_what_would_be_right() {
        let cases = [
            ("selct = []", "viewlint.toml:1:1: unknown key `selct`: did you mean `select`?"),
            (
                "# é\n  'per-file-ignore' = {}",
                "viewlint.toml:2:3: unknown key `per-file-ignore`: did you mean `per-file-ignores`?",
            ),
            ("zzz = 1", "viewlint.toml:1:1: unknown key `zzz`: `viewlint config` lists them all"),
            (
                "select = ['VL101', 'VL999']",
                "viewlint.toml:1:20: `select`: unknown rule `VL999`: `viewlint rules` lists them all",
            ),
            ("ignore = 'VL101'", "viewlint.toml:1:10: `ignore` is a list of strings, not a string"),
            ("extend-select = [1]", "viewlint.toml:1:18: `extend-select` is a list of strings, not of"),
            (
                "confidence = 'liekly'",
                "viewlint.toml:1:14: `confidence` is one of `possible`, `likely`, `certain`, not `liekly`",
            ),
            (
                "output-format = 'xml'",
                "viewlint.toml:1:17: `output-format` is one of `full`, `concise`, `json`, `github`",
            ),
            (
                "numpy-version = '1.26'",
                "viewlint.toml:1:17: `numpy-version`: `1.26` is not a version specifier such as `>=1.26`",
            ),
            ("numpy-version = '>=2,<1.26'", "`numpy-version`: no version fits"),
            ("per-file-ignores = {'a.py' = ['X1']}", "viewlint.toml:1:31: `per-file-ignores`: unknown rule `X1`"),
            ("exclude = ['[x']", "viewlint.toml:1:12: `exclude`: pattern `[x` is not a glob: "),
            (
                "[models]\n'mypkg.f' = 'copied'",
                "viewlint.toml:2:13: `models`: `mypkg.f`: unknown words `copied`; allowed: `fresh`",
            ),
            ("[models]\nf = 'fresh'", "viewlint.toml:2:1: `models`: `f` is not the full name of a function"),
            ("[models]\n'a.f' = ['fresh']", "viewlint.toml:2:9: `models`: `a.f` is a string, not an array"),
            ("select = [", "viewlint.toml:1:11: "),
            ("select = []\nselect = []", "viewlint.toml:2:1: duplicate key"),
        ];
        for (text, expected) in cases {
            let error = own(text).unwrap_err();
            assert!(error.contains(expected), "{text}\n  expected {expected}\n  found    {error}");
        }
    }

    #[test]
    fn the_first_error_in_the_file_is_the_one_reported() {
        assert!(own("zelect = []\nconfidence = 1\n").unwrap_err().starts_with("viewlint.toml:1:1:"));
        assert!(own("confidence = 1\nabc = []\n").unwrap_err().starts_with("viewlint.toml:1:14:"));
    }
}
