//! `viewlint rule` and `viewlint rules`.

use serde::Serialize;

use super::args::ListFormat;
use super::output::Output;
use super::{CliError, Status, select};
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
