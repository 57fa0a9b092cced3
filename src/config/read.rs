//! From TOML to a [`Config`].

use std::ops::Range;
use std::path::PathBuf;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Config, ConfigError, Extend, KEYS, Kind, select};
use crate::finding::Confidence;
use crate::model::{Row, Versions, short};
use crate::report::Format;
use crate::source::globs::Globs;
use crate::source::{LineIndex, Location};

/// Reads the file.
pub(super) fn config(file: &str, text: &str, kind: Kind) -> Result<Option<Config>, ConfigError> {
    let reader = Reader { file, text };
    let document = match DeTable::parse(text) {
        Ok(document) => document.into_inner(),
        Err(_) if kind == Kind::Pyproject && !text.contains("tool.viewlint") => return Ok(None),
        Err(error) => return Err(reader.error(error.span().unwrap_or(0..0), error.message().to_owned())),
    };
    match kind {
        Kind::Own => reader.config(&document).map(Some),
        Kind::Pyproject => {
            let table = document.get("tool").and_then(|tool| tool.get_ref().get("viewlint"));
            table.map(|table| reader.table("tool.viewlint", table).and_then(|table| reader.config(table))).transpose()
        }
    }
}

/// Reads values of one file, and says what is wrong with them.
struct Reader<'a> {
    file: &'a str,
    text: &'a str,
}

type Value<'a> = Spanned<DeValue<'a>>;

impl Reader<'_> {
    fn config(&self, table: &DeTable<'_>) -> Result<Config, ConfigError> {
        let mut config = Config::default();
        // In the order of the file, so that the first error is the first.
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        for (key, value) in entries {
            match key.get_ref().as_ref() {
                "extend" => {
                    let path = PathBuf::from(self.string("extend", value)?);
                    config.extend = Some(Extend { path, at: self.place(value.span()) });
                }
                "select" => config.select = Some(self.selectors("select", value)?),
                "extend-select" => config.extend_select = self.selectors("extend-select", value)?,
                "ignore" => config.ignore = Some(self.selectors("ignore", value)?),
                "per-file-ignores" => config.per_file_ignores = Some(self.per_file_ignores(value)?),
                "confidence" => config.confidence = Some(self.one_of("confidence", value, Confidence::ALL)?),
                "exclude" => config.exclude = Some(self.globs("exclude", value)?),
                "extend-exclude" => config.extend_exclude = self.globs("extend-exclude", value)?,
                "output-format" => config.output_format = Some(self.one_of("output-format", value, Format::ALL)?),
                "numpy-version" => config.numpy_version = Some(self.versions(value)?),
                "models" => config.models = self.models(value)?,
                unknown => return Err(self.error(key.span(), unknown_key(unknown))),
            }
        }
        Ok(config)
    }

    fn place(&self, span: Range<usize>) -> Location {
        let start = u32::try_from(span.start).unwrap_or(u32::MAX);
        LineIndex::new(self.text).location(self.text, start)
    }

    fn error(&self, span: Range<usize>, message: String) -> ConfigError {
        let at = self.place(span);
        // What TOML says of itself may have several lines.
        let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
        ConfigError { file: self.file.to_owned(), at, message }
    }

    fn wrong(&self, key: &str, wanted: &str, value: &Value<'_>) -> ConfigError {
        self.error(value.span(), format!("`{key}` is {wanted}, not {}", kind(value)))
    }

    fn string<'v>(&self, key: &str, value: &'v Value<'_>) -> Result<&'v str, ConfigError> {
        value.get_ref().as_str().ok_or_else(|| self.wrong(key, "a string", value))
    }

    fn table<'v, 't>(&self, key: &str, value: &'v Value<'t>) -> Result<&'v DeTable<'t>, ConfigError> {
        value.get_ref().as_table().ok_or_else(|| self.wrong(key, "a table", value))
    }

    /// A list of strings, each held against `check`.
    fn strings(
        &self,
        key: &str,
        value: &Value<'_>,
        check: impl Fn(&str) -> Result<(), String>,
    ) -> Result<Vec<String>, ConfigError> {
        let list = value.get_ref().as_array().ok_or_else(|| self.wrong(key, "a list of strings", value))?;
        let item = |item: &Value<'_>| {
            let text = item.get_ref().as_str().ok_or_else(|| {
                self.error(item.span(), format!("`{key}` is a list of strings, not of {}s", kind(item)))
            })?;
            check(text).map_err(|error| self.error(item.span(), format!("`{key}`: {error}")))?;
            Ok(text.to_owned())
        };
        list.iter().map(item).collect()
    }

    fn selectors(&self, key: &str, value: &Value<'_>) -> Result<Vec<String>, ConfigError> {
        self.strings(key, value, |text| select::check(text).map_err(|error| error.to_string()))
    }

    fn globs(&self, key: &str, value: &Value<'_>) -> Result<Vec<String>, ConfigError> {
        self.strings(key, value, |text| Globs::check(text).map_err(|error| error.to_string()))
    }

    fn one_of<T: Copy>(&self, key: &str, value: &Value<'_>, all: &[(&str, T)]) -> Result<T, ConfigError> {
        let names = || all.iter().map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let wanted = || format!("one of {}", names());
        let text = value.get_ref().as_str().ok_or_else(|| self.wrong(key, &wanted(), value))?;
        let found = all.iter().find(|(name, _)| *name == text).map(|(_, value)| *value);
        found.ok_or_else(|| self.error(value.span(), format!("`{key}` is {}, not `{text}`", wanted())))
    }

    fn versions(&self, value: &Value<'_>) -> Result<Versions, ConfigError> {
        let text = self.string("numpy-version", value)?;
        Versions::parse(text).map_err(|error| self.error(value.span(), format!("`numpy-version`: {error}")))
    }

    fn per_file_ignores(&self, value: &Value<'_>) -> Result<Vec<(String, Vec<String>)>, ConfigError> {
        let key = "per-file-ignores";
        let mut entries: Vec<_> = self.table(key, value)?.iter().collect();
        entries.sort_by_key(|(glob, _)| glob.span().start);
        let read = |(glob, codes): (&Spanned<_>, &Value<'_>)| {
            let text: &std::borrow::Cow<'_, str> = glob.get_ref();
            Globs::check(text).map_err(|error| self.error(glob.span(), format!("`{key}`: {error}")))?;
            Ok((text.to_string(), self.selectors(key, codes)?))
        };
        entries.into_iter().map(read).collect()
    }

    fn models(&self, value: &Value<'_>) -> Result<Vec<Row>, ConfigError> {
        let mut entries: Vec<_> = self.table("models", value)?.iter().collect();
        entries.sort_by_key(|(name, _)| name.span().start);
        let read = |(name, words): (&Spanned<_>, &Value<'_>)| {
            let key: &std::borrow::Cow<'_, str> = name.get_ref();
            let wrong = |error: String| self.error(name.span(), format!("`models`: {error}"));
            short::signature(key).map_err(wrong)?;
            let text = self
                .string(key, words)
                .map_err(|e| ConfigError { message: format!("`models`: {}", e.message), ..e })?;
            short::row(key, text).map_err(|error| self.error(words.span(), format!("`models`: `{key}`: {error}")))
        };
        entries.into_iter().map(read).collect()
    }
}

/// What a value is, with its article.
fn kind(value: &Value<'_>) -> String {
    let kind = value.get_ref().type_str();
    format!("{} {kind}", if kind.starts_with(['a', 'i']) { "an" } else { "a" })
}

/// What is to be said of a key that does not exist.
pub(crate) fn unknown_key(key: &str) -> String {
    let near = |name: &str| strsim::jaro_winkler(name, key);
    let nearest = KEYS.iter().map(|known| known.name).max_by(|a, b| near(a).total_cmp(&near(b)));
    match nearest.filter(|name| near(name) > 0.8) {
        Some(nearest) => format!("unknown key `{key}`: did you mean `{nearest}`?"),
        None => format!("unknown key `{key}`: `viewlint config` lists them all"),
    }
}
