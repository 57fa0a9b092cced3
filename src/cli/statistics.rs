//! `--statistics`: what was found and what was analysed, in numbers.

use std::collections::BTreeMap;
use std::io::{self, Write};

use rustc_hash::FxHashMap;
use serde::Serialize;

use crate::check::Stats;
use crate::finding::{Finding, RuleInfo};
use crate::report::Format;
use crate::source::Span;

/// How many of the callees are listed of which nothing is known.
const MOST: usize = 20;

/// Counts of a run.
#[derive(Debug, Default)]
pub(super) struct Statistics {
    rules: BTreeMap<&'static str, (u64, &'static str)>,
    stats: Stats,
    errors: u64,
    /// How often what is called, of which nothing is known.
    callees: FxHashMap<String, u64>,
}

#[derive(Serialize)]
struct Row {
    code: &'static str,
    name: &'static str,
    count: u64,
}

#[derive(Serialize)]
struct Callee {
    name: String,
    count: u64,
}

#[derive(Serialize)]
struct Report {
    rules: Vec<Row>,
    files: u64,
    lines: u64,
    bodies: u64,
    opaque: u64,
    over_budget: u64,
    unresolved: u64,
    errors: u64,
    most_unresolved: Vec<Callee>,
}

impl Statistics {
    /// Counts what was reported of one file.
    pub(super) fn count(&mut self, findings: &[Finding]) {
        for finding in findings {
            let RuleInfo { code, name, .. } = finding.rule;
            self.rules.entry(code).or_insert((0, name)).0 += 1;
        }
    }

    /// Adds what was analysed.
    pub(super) fn add(&mut self, other: Statistics) {
        for (code, (count, name)) in other.rules {
            self.rules.entry(code).or_insert((0, name)).0 += count;
        }
        self.stats += other.stats;
        self.errors += other.errors;
        for (name, count) in other.callees {
            *self.callees.entry(name).or_default() += count;
        }
    }

    /// What was analysed of one file.
    pub(super) fn analysed(&mut self, stats: Stats) {
        self.stats += stats;
    }

    /// Calls of which nothing is known: what they call, without the receiver.
    pub(super) fn unresolved(&mut self, text: &str, calls: &[Span]) {
        for span in calls {
            let call = text.get(span.start as usize..span.end as usize).unwrap_or_default();
            *self.callees.entry(callee(call)).or_default() += 1;
        }
    }

    /// A file could not be checked.
    pub(super) fn error(&mut self) {
        self.errors += 1;
    }

    /// `count TAB code TAB name` as in ruff, the most frequent first; then what was analysed, `count TAB what`.
    pub(super) fn write(self, format: Format, out: &mut dyn Write) -> io::Result<()> {
        let report = self.report();
        if format == Format::Json {
            serde_json::to_writer_pretty(&mut *out, &report)?;
            return writeln!(out);
        }
        for Row { code, name, count } in &report.rules {
            writeln!(out, "{count}\t{code}\t{name}")?;
        }
        let analysed = [
            (report.files, "files"),
            (report.lines, "lines"),
            (report.bodies, "bodies"),
            (report.opaque, "opaque operations"),
            (report.over_budget, "bodies over budget"),
            (report.unresolved, "unresolved calls"),
            (report.errors, "files with errors"),
        ];
        analysed.into_iter().try_for_each(|(count, what)| writeln!(out, "{count}\t{what}"))?;
        report
            .most_unresolved
            .iter()
            .try_for_each(|Callee { name, count }| writeln!(out, "{count}\tunresolved\t{name}"))
    }

    fn report(self) -> Report {
        let mut rules: Vec<Row> =
            self.rules.into_iter().map(|(code, (count, name))| Row { code, name, count }).collect();
        // The order of codes remains among equals.
        rules.sort_by_key(|row| std::cmp::Reverse(row.count));
        let mut most_unresolved: Vec<Callee> =
            self.callees.into_iter().map(|(name, count)| Callee { name, count }).collect();
        most_unresolved.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.name.cmp(&b.name)));
        most_unresolved.truncate(MOST);
        let Stats { files, lines, bodies, opaque, over_budget, unresolved } = self.stats;
        Report { rules, files, lines, bodies, opaque, over_budget, unresolved, errors: self.errors, most_unresolved }
    }
}

/// What a call calls, from the call's text: `a.b(x).run(y)` calls `.run`, `f(x)` calls `f`.
fn callee(call: &str) -> String {
    let mut depth = 0usize;
    // The parenthesis that the text's last one closes.
    let open = call.char_indices().rev().find_map(|(at, c)| {
        match c {
            ')' => depth += 1,
            '(' => depth = depth.saturating_sub(1),
            _ => {}
        }
        (c == '(' && depth == 0).then_some(at)
    });
    let called = call[..open.unwrap_or(call.len())].trim_end();
    let start = called.rfind(|c: char| !(c.is_alphanumeric() || c == '_')).map_or(0, |at| at + 1);
    match (&called[..start], &called[start..]) {
        (_, "") => "(an expression)".to_string(),
        ("", name) => name.to_string(),
        (_, name) => format!(".{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::callee;

    #[test]
    fn callees_are_named_without_their_receivers() {
        for (call, name) in [
            ("f(x)", "f"),
            ("a.b(x).run(y, (1, 2))", ".run"),
            ("np.linalg.norm (\n  x,\n)", ".norm"),
            ("table[key](x)", "(an expression)"),
            ("é(x)", "é"),
        ] {
            assert_eq!(callee(call), name);
        }
    }
}
