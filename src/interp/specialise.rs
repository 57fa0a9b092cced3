//! Functions of the file run once more with what is known of the arguments of a call: flags that decide branches, shapes
//! and orders that decide whether `ravel` copies. Only where somebody wants to know everything.

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::machine::Machine;
use super::summary::{Actuals, BodySummary, Progress, Quiet};
use crate::domain::{Array, Evidence, Kinds, Origin, Owner, Region, Value, ValueId};
use crate::ir::{BodyId, Default, Local, LocalKind, ParamKind};
use crate::source::Span;

/// So many runs of one function, each with other arguments.
const MAX_RUNS: usize = 32;
/// Functions of more ops than this are not run again.
const MAX_OPS: usize = 1500;

/// What is known of the arguments of a call, and of what else the callee reads of its caller: values that stand for what these
/// names hold on entry.
pub(crate) type Facts = SmallVec<[(Local, ValueId); 4]>;

/// The runs of the functions of a file with what is known of arguments.
#[derive(Debug, Default)]
pub(crate) struct Runs {
    /// For each function what it was run with, and what it said.
    done: FxHashMap<BodyId, Vec<(Facts, Option<BodySummary>)>>,
    /// The facts for the body that is about to run.
    pub(super) next: Facts,
}

impl<'a> Machine<'a> {
    /// What a callee says to a call with these arguments.
    pub(super) fn summary_for(&mut self, callee: BodyId, actuals: &Actuals) -> Option<BodySummary> {
        let summary = self.summarise(callee)?;
        let body = &self.module.bodies[callee.index()];
        let ops = || body.blocks.iter().map(|block| block.ops.len()).sum::<usize>();
        if !self.thorough || actuals.open || body.is_generator || self.is_deep() || ops() > MAX_OPS {
            return Some(summary);
        }
        let facts = self.facts(callee, actuals);
        if facts.is_empty() {
            return Some(summary);
        }
        let runs = self.runs.done.entry(callee).or_default();
        let special = match runs.iter().find(|run| run.0 == facts) {
            Some(run) => run.1.clone(),
            None if runs.len() >= MAX_RUNS => None,
            None => {
                // Should it call itself: that call goes by what is known of all calls.
                runs.push((facts.clone(), None));
                let special = self.run_with(callee, facts.clone());
                let run = self.runs.done.get_mut(&callee).and_then(|runs| runs.iter_mut().find(|run| run.0 == facts));
                if let Some(run) = run {
                    run.1.clone_from(&special);
                }
                special
            }
        };
        // Of an array under two names, one gets another shape, and with it the other.
        Some(special.filter(|special| !special.reshapes).unwrap_or(summary))
    }

    fn run_with(&mut self, callee: BodyId, facts: Facts) -> Option<BodySummary> {
        let suspended = self.suspend();
        let progress = std::mem::replace(&mut self.progress[callee.index()], Progress::Running);
        self.call_depth += 1;
        self.runs.next = facts;
        let done = self.run_body(callee, &mut Quiet);
        let summary = done.then(|| self.body_summary());
        self.call_depth -= 1;
        self.progress[callee.index()] = progress;
        self.resume(suspended);
        summary
    }

    /// What the body that is entered is run with.
    pub(super) fn take_facts(&mut self) -> Facts {
        std::mem::take(&mut self.runs.next)
    }

    /// What is known of the arguments of a call, beyond what is known of all calls.
    pub(super) fn facts(&mut self, callee: BodyId, actuals: &Actuals) -> Facts {
        let mut facts = Facts::new();
        for param in &self.module.bodies[callee.index()].params {
            let value = match actuals.passed.get(&param.local) {
                _ if matches!(param.kind, ParamKind::VarArgs | ParamKind::VarKwargs) => None,
                Some(&value) => self.fact(Origin::Param(callee, param.local), param.span, value),
                None => match param.default {
                    Some(Default::None) => Some(ValueId::NONE),
                    Some(Default::Bool(truth)) => Some(self.values.intern(Value::Bool(Some(truth)))),
                    Some(Default::Int(n)) => Some(self.values.int(Some(n))),
                    Some(Default::Literal) => {
                        self.default_text(callee, param).map(|text| self.values.intern(Value::Str(Some(text))))
                    }
                    _ => None,
                },
            };
            facts.extend(value.map(|value| (param.local, value)));
        }
        // What it reads of the function that calls it, as it is now.
        let module = self.module;
        let body = &module.bodies[callee.index()];
        let here = self.id;
        for (i, info) in body.locals.iter().enumerate().filter(|_| body.parent == Some(here)) {
            let LocalKind::Free(outer) = info.kind else { continue };
            let held = self.state.locals[outer.index()];
            if held == ValueId::BOTTOM || self.body.locals[outer.index()].rebound_inside && !self.is_tame(here, outer) {
                continue;
            }
            let local = Local(i as u32);
            let value = self.fact(Origin::Closure(callee, local), Span::default(), held);
            facts.extend(value.map(|value| (local, value)));
        }
        facts
    }

    /// What is known of one argument, or of a name of the enclosing function, as the value on entry.
    fn fact(&mut self, origin: Origin, span: Span, value: ValueId) -> Option<ValueId> {
        if self.is_memoryless(value) {
            return Some(value);
        }
        let Value::Array(array) = self.values.get(value).clone() else { return None };
        let kinds = array.kinds;
        // What a container or another object holds counts as the parameter's memory only where it was not made here.
        if kinds.warnings() != Kinds(0) || kinds == Kinds::ALL && array.shape.is_none() {
            return None;
        }
        let buf = self.buffers.of(origin, span);
        let evidence = if array.certain() { Evidence::Certain } else { Evidence::None };
        let array_owns = array.certain() && array.owner == Owner::Owner;
        let own = Array::on_entry(buf, kinds);
        let known = Array { bufs: own.bufs, region: Region::Whole, lies: true, unknown: false, evidence, ..array };
        let owner = if array_owns { Owner::Owner } else { own.owner };
        let known = Array { entry: true, made_by: 0, owner, ..known };
        Some(self.values.make(known))
    }

    /// Is it a value without memory, that means the same in every function?
    fn is_memoryless(&self, value: ValueId) -> bool {
        match self.values.get(value) {
            Value::None
            | Value::Int(_)
            | Value::Bool(_)
            | Value::Float
            | Value::Complex
            | Value::Number
            | Value::Str(_) => true,
            Value::Ellipsis | Value::Dtype(_) => true,
            Value::Slice(a, b, c) => [a, b, c].into_iter().all(|&part| self.is_memoryless(part)),
            Value::Tuple(items) => items.iter().all(|&item| self.is_memoryless(item)),
            _ => false,
        }
    }
}
