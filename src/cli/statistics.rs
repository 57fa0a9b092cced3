//! `--statistics`: what was found and what was analysed, in numbers.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use crate::check::Stats;
use crate::finding::{Finding, RuleInfo};
use crate::report::Format;

/// Counts of a run.
#[derive(Debug, Default)]
pub(super) struct Statistics {
    rules: BTreeMap<&'static str, (u64, &'static str)>,
    stats: Stats,
    errors: u64,
}

#[derive(Serialize)]
struct Row {
    code: &'static str,
    name: &'static str,
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
    errors: u64,
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
    }

    /// What was analysed of one file.
    pub(super) fn analysed(&mut self, stats: Stats) {
        self.stats += stats;
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
            (report.errors, "files with errors"),
        ];
        analysed.into_iter().try_for_each(|(count, what)| writeln!(out, "{count}\t{what}"))
    }

    fn report(self) -> Report {
        let mut rules: Vec<Row> =
            self.rules.into_iter().map(|(code, (count, name))| Row { code, name, count }).collect();
        // The order of codes remains among equals.
        rules.sort_by_key(|row| std::cmp::Reverse(row.count));
        let Stats { files, lines, bodies, opaque, over_budget } = self.stats;
        Report { rules, files, lines, bodies, opaque, over_budget, errors: self.errors }
    }
}
