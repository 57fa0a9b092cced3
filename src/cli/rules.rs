//! `viewlint rule`, `viewlint rules` and `viewlint config`: what there is, in lists.

use serde::Serialize;

use super::args::ListFormat;
use super::output::Output;
use super::{CliError, Status};
use crate::config::{KEYS, select};
use crate::{report, rules};

/// Prints a rule's page.
pub(super) fn explain(code: &str) -> Result<Status, CliError> {
    let rule = select::rule(code)?;
    Output::open(None)?.write(|out| writeln!(out, "{}", rule.page.trim_end()))?;
    Ok(Status::Clean)
}

#[derive(Serialize)]
struct Row {
    code: &'static str,
    name: &'static str,
    summary: &'static str,
    url: Option<String>,
}

/// Prints the table of the rules.
pub(super) fn list(format: ListFormat) -> Result<Status, CliError> {
    let all = rules::all();
    Output::open(None)?.write(|out| match format {
        ListFormat::Text => {
            let width = all.iter().map(|rule| rule.name.len()).max().unwrap_or(0);
            all.iter().try_for_each(|rule| writeln!(out, "{}  {:width$}  {}", rule.code, rule.name, rule.summary))
        }
        ListFormat::Json => {
            let row = |rule: &&'static crate::finding::RuleInfo| Row {
                code: rule.code,
                name: rule.name,
                summary: rule.summary,
                url: report::url(rule),
            };
            serde_json::to_writer_pretty(&mut *out, &all.iter().map(row).collect::<Vec<_>>())?;
            writeln!(out)
        }
    })?;
    Ok(Status::Clean)
}

/// Prints the keys of the configuration, or one of them.
pub(super) fn keys(name: Option<&str>) -> Result<Status, CliError> {
    let wanted: Vec<_> = KEYS.iter().filter(|key| name.is_none_or(|name| key.name == name)).collect();
    if let (Some(name), true) = (name, wanted.is_empty()) {
        return Err(CliError::Key(crate::config::unknown_key(name)));
    }
    Output::open(None)?.write(|out| {
        let width = wanted.iter().map(|key| key.name.len()).max().unwrap_or(0);
        wanted.iter().try_for_each(|key| match name {
            None => writeln!(out, "{:width$}  {}", key.name, key.summary),
            Some(_) => writeln!(out, "{}\n\n{} = {}", key.summary, key.name, key.example),
        })
    })?;
    Ok(Status::Clean)
}
