//! One line for each finding: `path:row:col: VL101 message`.

use std::fmt::Write;

use anstyle::{AnsiColor, Style as Ansi};

use super::{Located, Style};
use crate::finding::Finding;

pub(super) fn render(file: &Located<'_>, finding: &Finding, style: Style, out: &mut String) {
    let (path, mark, code) = match style.color {
        true => (Ansi::new().bold(), AnsiColor::Cyan.on_default(), AnsiColor::Red.on_default().bold()),
        false => (Ansi::new(), Ansi::new(), Ansi::new()),
    };
    let at = file.at(finding.span.start);
    // Writing to a string does not fail.
    let _ = writeln!(
        out,
        "{path}{}{path:#}{mark}:{mark:#}{}{mark}:{mark:#}{}{mark}:{mark:#} {code}{}{code:#} {}",
        file.source.path,
        at.row,
        at.column,
        finding.rule.code,
        super::one_line(&finding.message),
    );
}
