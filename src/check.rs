//! The whole way of one file: parse, lower, interpret, trace, judge. What `viewlint check` does for each file.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use crate::finding::Finding;
use crate::interp::{NoCallees, Observer, Outcome, analyse};
use crate::ir::{BodyId, BodyKind, Class, ClassId, Module, Sym, lower};
use crate::model::Model;
use crate::project::table::Table;
use crate::project::{Needs, Plan, Project};
use crate::rules;
use crate::source::{SourceFile, Span};
use crate::syntax;
use crate::trace::class::{self, lineage};
use crate::trace::{BodyTrace, ClassTrace, Deed, Fact, Source, ToldFacts};

/// What one run over a file counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Files.
    pub files: u64,
    /// Lines.
    pub lines: u64,
    /// Bodies: modules, functions, lambdas, classes.
    pub bodies: u64,
    /// Constructs that were not modelled.
    pub opaque: u64,
    /// Bodies that were not analysed, because they ran over the budget.
    pub over_budget: u64,
    /// Calls of which nothing is known, in the bodies that were interpreted.
    pub unresolved: u64,
}

impl std::ops::AddAssign for Stats {
    fn add_assign(&mut self, other: Stats) {
        self.files += other.files;
        self.lines += other.lines;
        self.bodies += other.bodies;
        self.opaque += other.opaque;
        self.over_budget += other.over_budget;
        self.unresolved += other.unresolved;
    }
}

/// A syntax error: what the parser says, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// Where.
    pub span: Span,
}

/// The result of checking one file.
#[derive(Debug, Default)]
pub struct Checked {
    /// What the rules report, all rules and all confidences, sorted by place; suppressions are not applied.
    pub findings: Vec<Finding>,
    /// The first syntax error, if the file does not parse; then there are no findings.
    pub syntax_error: Option<SyntaxError>,
    /// Counts.
    pub stats: Stats,
    /// The calls of which nothing is known, in the order of the text.
    pub unresolved: Vec<Span>,
}

/// Checks one file by itself, with what `model` knows of the libraries it uses.
pub fn check(source: &SourceFile, model: &Model) -> Checked {
    check_with(source, |module, judge| {
        let mut outcome = analyse(module, &source.text, model, &NoCallees, judge);
        judge.settle(module, &mut outcome);
        outcome
    })
}

/// Checks a file of a project, and leaves there what other files ask of it.
pub fn check_file(source: &SourceFile, model: &Model, project: &Project, file: usize) -> Checked {
    check_with(source, |module, judge| {
        let view = project.view(file, module);
        let mut outcome = analyse(module, &source.text, model, &view, judge);
        judge.settle(module, &mut outcome);
        project.keep(file, view.into_table(), std::mem::take(&mut outcome.exports));
        outcome
    })
}

fn check_with(source: &SourceFile, run: impl FnOnce(&Module, &mut Judge) -> Outcome) -> Checked {
    let mut stats = Stats { files: 1, lines: count_lines(&source.text), ..Stats::default() };
    let mut module = match lowered(&source.text, source.path.ends_with(".pyi")) {
        Ok(module) => module,
        Err(error) => return Checked { syntax_error: Some(error), stats, ..Checked::default() },
    };
    let mut judge = Judge::default();
    let outcome = run(&module, &mut judge);
    stats.bodies = module.bodies.len() as u64;
    stats.opaque = u64::from(module.opaque);
    stats.over_budget = outcome.over_budget;
    stats.unresolved = outcome.unresolved.len() as u64;
    let mut findings = judge.findings;
    let told: Vec<(ClassId, Vec<Fact>)> =
        outcome.bases.iter().map(|(class, base)| (*class, base.facts.read(&mut module.names).collect())).collect();
    judge_classes(&module, &source.text, &judge.facts, &told, &mut findings);
    findings.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()).then(b.confidence.cmp(&a.confidence)));
    // A `finally` is lowered more than once, and so is told of more than once.
    // And one write is one story, whichever of the first family tells it.
    let family = |finding: &Finding| finding.rule.code.starts_with("VL10");
    findings.dedup_by(|b, a| {
        let one = a.span == b.span && (a.rule.code == b.rule.code || family(a) && family(b));
        if one && b.confidence > a.confidence {
            std::mem::swap(a, b);
        }
        one
    });
    Checked { findings, syntax_error: None, stats, unresolved: outcome.unresolved }
}

/// The lowered file, or its first syntax error.
fn lowered(text: &str, is_stub: bool) -> Result<Module, SyntaxError> {
    let parsed = syntax::parse(text, is_stub);
    match parsed.errors.first() {
        Some((message, span)) => Err(SyntaxError { message: message.clone(), span: *span }),
        None => Ok(lower::lower(&parsed, text)),
    }
}

/// The project of files: what each needs of the others, read on the threads of the pool that this is called on.
///
/// `read` gives the text of a file, by its number; `paths` are absolute, `shown` the names to show.
pub fn project<T: AsRef<str>>(
    paths: &[String],
    shown: Vec<String>,
    read: impl Fn(usize) -> Option<T> + Sync,
) -> Project {
    let mut plan = Plan::new(paths, shown);
    let table = |&file: &usize| {
        let text = read(file)?;
        let module = catch_unwind(AssertUnwindSafe(|| lowered(text.as_ref(), false))).ok()?.ok()?;
        Some(plan.table(file, &module))
    };
    let packages = plan.packages();
    let tables: Vec<Option<Table>> = packages.par_iter().map(table).collect();
    for (file, table) in packages.into_iter().zip(tables) {
        plan.set_table(file, table.unwrap_or_default());
    }
    let needs: Vec<Needs> = (0..paths.len())
        .into_par_iter()
        .map(|file| read(file).map_or_else(Needs::default, |text| plan.needs(file, text.as_ref())))
        .collect();
    plan.finish(needs)
}

/// How many lines the text has; a line without an end counts.
fn count_lines(text: &str) -> u64 {
    let ends = memchr::memchr_iter(b'\n', text.as_bytes()).count();
    (ends + usize::from(!text.is_empty() && !text.ends_with('\n'))) as u64
}

/// Lets the rules judge the classes, each with what its methods, and those that it inherits, do with its attributes.
/// `told`: the facts of bases in other files.
fn judge_classes(
    module: &Module,
    text: &str,
    facts: &[(ClassId, Vec<Fact>)],
    told: &[(ClassId, Vec<Fact>)],
    findings: &mut Vec<Finding>,
) {
    for id in (0..module.classes.len() as u32).map(ClassId) {
        if !facts.iter().any(|entry| entry.0 == id) {
            continue;
        }
        let line = lineage(module, id);
        let of_line = |all: &[(ClassId, Vec<Fact>)]| -> Vec<Fact> {
            let mut found = Vec::new();
            for class in &line {
                found.extend(all.iter().filter(|entry| entry.0 == *class).flat_map(|entry| &entry.1));
            }
            found
        };
        let mut about = of_line(facts);
        about.extend(
            of_line(told)
                .into_iter()
                .filter(|fact| !is_hidden(module, &line, fact, module.names.text(fact.method.name))),
        );
        rules::judge_class(&ClassTrace { module, text, class: id, facts: &about }, findings);
    }
}

/// Does a base of another file keep what is passed to a method that one of these classes has, too? Then nobody knows what
/// is passed to it.
fn is_hidden(module: &Module, line: &[ClassId], fact: &Fact, method: &str) -> bool {
    let Some(method) = module.names.get(method) else { return false };
    let own = |class: &ClassId| module.classes[class.index()].methods.iter().any(|other| other.0 == method);
    matches!(fact.deed, Deed::Stored(Source::Param(..))) && line.iter().any(own)
}

/// Lets the rules judge each body as soon as it is traced.
#[derive(Default)]
struct Judge {
    findings: Vec<Finding>,
    /// What each method does with the attributes of its object, by class.
    facts: Vec<(ClassId, Vec<Fact>)>,
}

impl Judge {
    /// Completes the facts with what callers pass, and the file's exports with the facts.
    fn settle(&mut self, module: &Module, outcome: &mut Outcome) {
        // In source order, in whichever order the methods were run.
        self.facts.sort_by_key(|entry| entry.1.first().map(|fact| fact.method.start));
        for fact in self.facts.iter_mut().flat_map(|entry| &mut entry.1) {
            fact.given(module, &outcome.given);
        }
        for (name, class) in &mut outcome.exports.classes {
            let named = |info: &Class| {
                module.names.text(info.name) == name && module.bodies[info.body.index()].parent == Some(BodyId(0))
            };
            let Some(id) = module.classes.iter().position(named) else { continue };
            let line = lineage(module, ClassId(id as u32));
            let own = line.iter().flat_map(|class| self.facts.iter().filter(move |entry| entry.0 == *class));
            let facts: Vec<Fact> = own.flat_map(|entry| &entry.1).copied().collect();
            class.facts = ToldFacts::of(&facts, &module.names);
            for (_, base) in outcome.bases.iter().filter(|(class, _)| line.contains(class)) {
                class.facts.extend(&base.facts, |fact, method| !is_hidden(module, &line, fact, method));
            }
        }
    }
}

impl Observer for Judge {
    fn body(&mut self, trace: &BodyTrace<'_>) {
        if !trace.events.is_empty() {
            // (What was found in an earlier run stands: callers only add to what is known.)
            rules::judge(trace, &mut self.findings);
            let own = || trace.module.classes.iter().position(|class| class.body == trace.id);
            let (class, facts) = match trace.body.kind {
                BodyKind::Class => (own().map(|at| ClassId(at as u32)), class::common(trace)),
                _ => (trace.body.class, class::facts(trace)),
            };
            if let Some(class) = class {
                let start = trace.body.span.start;
                self.facts.retain(|(_, facts)| facts.first().is_none_or(|fact| fact.method.start != start));
                self.facts.push((class, facts));
            }
        }
    }

    fn written(&self) -> Option<FxHashSet<Sym>> {
        let facts = self.facts.iter().flat_map(|entry| &entry.1);
        Some(facts.filter(|fact| matches!(fact.deed, Deed::Written(_))).map(|fact| fact.attr).collect())
    }
}
