//! A JSON array of objects. Rows and columns count from 1, columns in characters; the end is behind the last character.

use std::io::{self, Write};

use serde::Serialize;

use super::{Located, absolute_path, other_file, severity, url};
use crate::finding::{Finding, Label};
use crate::source::{LineIndex, Location};

#[derive(Serialize)]
struct Entry<'a> {
    code: &'a str,
    name: &'a str,
    message: &'a str,
    filename: &'a str,
    location: Place,
    end_location: Place,
    confidence: &'a str,
    severity: &'a str,
    help: Option<&'a str>,
    /// Always null: there are no automatic fixes yet.
    fix: Option<()>,
    url: Option<String>,
    labels: Vec<Entered<'a>>,
}

#[derive(Serialize)]
struct Entered<'a> {
    filename: String,
    location: Option<Place>,
    end_location: Option<Place>,
    message: &'a str,
    role: &'a str,
}

#[derive(Clone, Copy, Serialize)]
struct Place {
    row: u32,
    column: u32,
}

impl From<Location> for Place {
    fn from(Location { row, column }: Location) -> Place {
        Place { row, column }
    }
}

/// Objects one after the other, with a comma between them and none at the end.
pub(super) fn render(file: &Located<'_>, finding: &Finding, out: &mut String) {
    let filename = absolute_path(&file.source.path);
    let (start, end) = file.ends(finding.span);
    let entry = Entry {
        code: finding.rule.code,
        name: finding.rule.name,
        message: &finding.message,
        filename: &filename,
        location: start.into(),
        end_location: end.into(),
        confidence: finding.confidence.as_str(),
        severity: severity(finding.confidence),
        help: finding.help.as_deref(),
        fix: None,
        url: url(finding.rule),
        labels: finding.labels.iter().map(|label| enter(file, label, &filename)).collect(),
    };
    // Strings, numbers and lists only: there is nothing that serialising could refuse.
    if let Ok(text) = serde_json::to_string_pretty(&entry) {
        if !out.is_empty() {
            out.push_str(SEPARATOR);
        }
        out.push_str("  ");
        out.push_str(&text.replace('\n', "\n  "));
    }
}

const SEPARATOR: &str = ",\n";

fn enter<'a>(file: &Located<'_>, label: &'a Label, filename: &str) -> Entered<'a> {
    let entered = |filename: String, ends: Option<(Location, Location)>| Entered {
        filename,
        location: ends.map(|(start, _)| start.into()),
        end_location: ends.map(|(_, end)| end.into()),
        message: &label.message,
        role: label.role.as_str(),
    };
    match &label.file {
        None => entered(filename.to_owned(), Some(file.ends(label.span))),
        Some(path) => {
            let ends = other_file(path).map(|source| {
                let index = LineIndex::new(&source.text);
                Located { source: &source, index: &index }.ends(label.span)
            });
            entered(absolute_path(path), ends)
        }
    }
}

pub(super) fn finish<'a>(files: impl IntoIterator<Item = &'a str>, out: &mut dyn Write) -> io::Result<()> {
    let mut files = files.into_iter().filter(|file| !file.is_empty()).peekable();
    if files.peek().is_none() {
        return out.write_all(b"[]\n");
    }
    out.write_all(b"[\n")?;
    while let Some(file) = files.next() {
        out.write_all(file.as_bytes())?;
        if files.peek().is_some() {
            out.write_all(SEPARATOR.as_bytes())?;
        }
    }
    out.write_all(b"\n]\n")
}
