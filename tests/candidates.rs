//! Only bodies in which a rule may find something are run: the choice must lose no finding. Each program is judged once
//! with all its bodies run, and once with those that `check` chooses.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "support/blocks.rs"]
mod blocks;

use std::path::Path;

use viewlint::check::check;
use viewlint::finding::{Confidence, Finding};
use viewlint::interp::{NoCallees, Observer, analyse};
use viewlint::model::Model;
use viewlint::source::SourceFile;
use viewlint::trace::BodyTrace;

/// A write in a callee, into what a property gives, and a part that has a name.
const PROGRAMS: [&str; 3] = [
    "import numpy as np\n\ndef fill(a, b):\n    b[:] = 0\n\ndef g():\n    x = np.ones(9)\n    y = x[2:]\n    fill(1, y)\n    return x\n",
    "import numpy as np\n\nclass A:\n    def __init__(self, x):\n        self.x = np.array(x)\n\n    @property\n    def y(self):\n        \
     return self.x.copy()\n\n    def f(self):\n        self.y[0] = 1\n",
    "import numpy as np\n\ndef f():\n    big = np.zeros(10000)\n    small = big[:10]\n    return small\n",
];

/// Runs all bodies, since it wants to see the points.
struct All(Vec<Finding>);

impl Observer for All {
    fn wants_points(&self) -> bool {
        true
    }

    fn body(&mut self, trace: &BodyTrace<'_>) {
        viewlint::rules::judge(trace, &mut self.0);
    }
}

/// What is found, as place and rule: of several at one place `check` tells one.
fn told<'a>(findings: impl Iterator<Item = &'a Finding>, least: Confidence) -> Vec<String> {
    let mut told: Vec<String> = findings
        .filter(|finding| finding.confidence >= least)
        .map(|finding| format!("{}: {}", finding.span.start, finding.rule.code))
        .collect();
    told.sort();
    told.dedup();
    told
}

fn compare(name: &str, text: &str, least: Confidence) -> usize {
    let source = SourceFile { path: name.into(), text: text.into() };
    let parsed = viewlint::syntax::parse(text, false);
    let module = viewlint::ir::lower::lower(&parsed, text);
    let mut all = All(Vec::new());
    analyse(&module, text, Model::bundled(), &NoCallees, &mut all);
    let checked = check(&source, Model::bundled());
    let (all, chosen) = (told(all.0.iter(), least), told(checked.findings.iter(), least));
    let lost: Vec<&String> = all.iter().filter(|finding| !chosen.contains(finding)).collect();
    assert!(lost.is_empty(), "{name}: bodies that were not run have {lost:?}");
    all.len()
}

#[test]
fn no_finding_is_lost_with_the_bodies_that_are_not_run() {
    let found = |(i, program): (usize, &&str)| compare(&format!("program {i}"), program, Confidence::Possible);
    let counts: Vec<usize> = PROGRAMS.iter().enumerate().map(found).collect();
    assert!(!counts.contains(&0), "each program is there for a finding: {counts:?}");
    let mut count = 0;
    for page in blocks::pages() {
        for block in blocks::blocks(&page) {
            count += compare(&page.file, &block.text, Confidence::Likely);
        }
    }
    for folder in ["fixtures/demo", "fixtures/truth"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        for entry in std::fs::read_dir(folder).expect("the fixtures are there") {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|extension| extension == "py") {
                let text = std::fs::read_to_string(&path).expect("a readable file");
                count += compare(&path.display().to_string(), &text, Confidence::Likely);
            }
        }
    }
    assert!(count > 50, "only {count} findings were compared");
}
