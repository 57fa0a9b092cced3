//! Workflow commands: `::warning title=viewlint (VL101),file=…,line=…,col=…,endLine=…,endColumn=…::message`.

use std::fmt::Write;

use super::{FileError, Located, absolute_path, other_file};
use crate::finding::{Confidence, Finding, Role};
use crate::source::{LineIndex, Location};

pub(super) fn render(file: &Located<'_>, finding: &Finding, out: &mut String) {
    let path = &file.source.path;
    let (start, end) = file.ends(finding.span);
    let command = match finding.confidence {
        Confidence::Possible => "notice",
        Confidence::Likely | Confidence::Certain => "warning",
    };
    let mut data = format!("{path}:{}:{}: {} {}", start.row, start.column, finding.rule.code, finding.message);
    for label in finding.labels.iter().filter(|label| label.role != Role::Primary || label.message != finding.message) {
        let at = match &label.file {
            None => Some((path.clone(), file.at(label.span.start))),
            Some(other) => other_file(other).map(|source| {
                let index = LineIndex::new(&source.text);
                (other.clone(), Located { source: &source, index: &index }.at(label.span.start))
            }),
        };
        if let Some((path, Location { row, column })) = at {
            let _ = write!(data, "\n  {path}:{row}:{column}: {}", label.message);
        }
    }
    if let Some(help) = &finding.help {
        let _ = write!(data, "\n  help: {help}");
    }
    let _ = writeln!(
        out,
        "::{command} title=viewlint ({}),file={},line={},col={},endLine={},endColumn={}::{}",
        finding.rule.code,
        property(&absolute_path(path)),
        start.row,
        start.column,
        end.row,
        end.column,
        escape(&data),
    );
}

pub(super) fn render_error(error: &FileError) -> String {
    let mut text = format!("::error title=viewlint,file={}", property(&absolute_path(&error.path)));
    if let Some(Location { row, column }) = error.location {
        let _ = write!(text, ",line={row},col={column}");
    }
    let _ = writeln!(text, "::{}", escape(&error.to_string()));
    text
}

/// The text behind `::`.
fn escape(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A value between the commas.
fn property(text: &str) -> String {
    escape(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_meaning_is_escaped() {
        assert_eq!(property("a,b%:c\r\n.py"), "a%2Cb%25%3Ac%0D%0A.py");
        assert_eq!(escape("50%, a:b\n"), "50%25, a:b%0A");
        let error = FileError { path: "/a,b.py".into(), location: None, message: "x\ny".into() };
        assert_eq!(render_error(&error), "::error title=viewlint,file=/a%2Cb.py::/a,b.py: x%0Ay\n");
    }
}
