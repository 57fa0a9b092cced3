//! `viewlint inspect`: what the analysis believes of each array, line by line.
//!
//! The JSON is a stable interface: one object a line, one line for each program point that can be reached. All points
//! of one line are joined. What is left out is not claimed.

mod text;
mod value;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::check::SyntaxError;
use crate::domain::{Value, ValueId};
use crate::interp::{NoCallees, Observer, Point, analyse};
use crate::ir::{BodyId, BodyKind, LocalKind, Module, lower};
use crate::model::Model;
use crate::project::Project;
use crate::source::{LineIndex, SourceFile};
use crate::syntax;
use crate::trace::{BodyTrace, EventKind};
use value::Claim;

/// How the beliefs are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Format {
    /// A table for people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// What is believed at one line of one function.
#[derive(Debug, Serialize)]
pub(crate) struct Row<'a> {
    file: &'a str,
    function: String,
    first_line: u32,
    line: u32,
    vars: BTreeMap<String, Claim>,
    /// What of the line depends on a version.
    #[serde(skip)]
    notes: Vec<String>,
}

/// Renders the beliefs about a file, or about one of its lines (from 1); `of`: the project that it is a file of, which
/// keeps what the file says to others; `alone`: does nobody else import it, so that a script is all of a program?
///
/// # Errors
/// The first syntax error: of a file that does not parse nothing is believed.
pub fn render(
    source: &SourceFile,
    line: Option<u32>,
    format: Format,
    model: &Model,
    of: Option<(&Project, usize)>,
    alone: bool,
) -> Result<String, SyntaxError> {
    let parsed = syntax::parse(&source.text, source.path.ends_with(".pyi"));
    if let Some((message, span)) = parsed.errors.first() {
        return Err(SyntaxError { message: message.clone(), span: *span });
    }
    let module = lower::lower(&parsed, &source.text);
    let mut believer = Believer {
        module: &module,
        lines: LineIndex::new(&source.text),
        text: &source.text,
        path: &source.path,
        only: line,
        alone,
        states: BTreeMap::new(),
        rows: Vec::new(),
    };
    match of {
        Some((project, file)) => {
            let view = project.view(file, &module);
            let outcome = analyse(&module, &source.text, model, &view, &mut believer);
            project.keep(file, view.into_table(), outcome.exports);
        }
        None => {
            analyse(&module, &source.text, model, &NoCallees, &mut believer);
        }
    }
    let rows = believer.rows;
    Ok(match format {
        Format::Json => rows
            .iter()
            .filter_map(|row| serde_json::to_string(row).ok())
            .map(|mut line| {
                line.push('\n');
                line
            })
            .collect(),
        Format::Text => text::table(&rows, &source.text),
    })
}

/// Collects the joined states of a body's lines, and puts them into words when the body is done.
struct Believer<'a> {
    module: &'a Module,
    lines: LineIndex,
    text: &'a str,
    path: &'a str,
    only: Option<u32>,
    alone: bool,
    states: BTreeMap<u32, Vec<ValueId>>,
    rows: Vec<Row<'a>>,
}

impl Observer for Believer<'_> {
    fn wants_points(&self) -> bool {
        true
    }

    fn stands_alone(&self) -> bool {
        self.alone
    }

    fn point(&mut self, point: &mut Point<'_>) {
        let line = self.lines.row(point.span.start);
        if self.only.is_some_and(|only| only != line) {
            return;
        }
        match self.states.entry(line) {
            std::collections::btree_map::Entry::Vacant(entry) => {
                entry.insert(point.state.locals.clone());
            }
            std::collections::btree_map::Entry::Occupied(mut entry) => {
                for (old, &new) in entry.get_mut().iter_mut().zip(&point.state.locals) {
                    *old = point.values.join(*old, new);
                }
            }
        }
    }

    fn body(&mut self, trace: &BodyTrace<'_>) {
        let states = std::mem::take(&mut self.states);
        if trace.body.kind == BodyKind::Lambda {
            return;
        }
        let (function, first_line) = if trace.id == BodyId(0) {
            ("<module>".to_string(), 1)
        } else {
            (trace.body.qualname.clone(), self.lines.row(trace.body.span.start))
        };
        for (line, locals) in states {
            let mut vars = BTreeMap::new();
            for (info, value) in trace.body.locals.iter().zip(locals) {
                if !matches!(info.kind, LocalKind::Plain | LocalKind::Param(_)) {
                    continue;
                }
                // That an annotation says `int` is believed, but no certainty.
                let annotated = matches!(trace.values.get(value), Value::Int(None) | Value::Bool(None));
                if annotated && matches!(info.kind, LocalKind::Param(_)) {
                    continue;
                }
                if let Some(claim) = value::claim(value, trace, &self.lines, self.text) {
                    vars.insert(self.module.names.text(info.name).to_string(), claim);
                }
            }
            let notes = trace.events.iter().filter_map(|event| match event.kind {
                EventKind::Varies { why, .. } if self.lines.row(event.span.start) == line => {
                    Some(format!("{}: {}", trace.quote(event.span), trace.paths.text(why)))
                }
                _ => None,
            });
            let notes = notes.collect();
            self.rows.push(Row { file: self.path, function: function.clone(), first_line, line, vars, notes });
        }
    }
}
