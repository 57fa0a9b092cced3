//! The invariants of the IR.

use super::glance::Collector;
use super::{Body, Cond, LocalKind, Module, OpKind, Temp, Terminator};

/// Checks the invariants that the room's documentation names; what is broken, in words.
///
/// # Errors
///
/// One message for each broken invariant.
pub fn validate(module: &Module) -> Result<(), Vec<String>> {
    let mut problems = Vec::new();
    for (id, body) in module.bodies.iter().enumerate() {
        let mut check = Check { module, body, problems: Vec::new() };
        check.body(id);
        let name = &body.qualname;
        problems.extend(check.problems.into_iter().map(|problem| format!("{name} (body {id}): {problem}")));
    }
    for class in &module.classes {
        let bodies = class.methods.iter().map(|(_, body)| *body).chain([class.body]);
        for body in bodies {
            if body.index() >= module.bodies.len() {
                problems.push(format!("class {}: {body:?} out of range", module.names.text(class.name)));
            }
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

struct Check<'a> {
    module: &'a Module,
    body: &'a Body,
    problems: Vec<String>,
}

impl Check<'_> {
    /// What is said of the body as a whole.
    fn glance(&mut self) {
        let mut collector = Collector::default();
        let mut loaded = vec![false; self.body.locals.len()];
        for block in &self.body.blocks {
            for op in &block.ops {
                collector.op(&op.kind, op.dest);
                if let OpKind::Load(local) = op.kind {
                    loaded.get_mut(local.index()).into_iter().for_each(|loaded| *loaded = true);
                }
            }
            collector.end(&block.term);
        }
        let mut mentions = self.module.mentions(self.body).to_vec();
        mentions.sort_unstable();
        collector.mentions.sort_unstable();
        if collector.glance != self.body.glance || collector.mentions != mentions {
            self.problems.push("it holds other ops than it says".into());
        }
        if !self.body.locals.iter().map(|info| info.loaded).eq(loaded) {
            self.problems.push("it reads other names than it says".into());
        }
    }

    fn body(&mut self, id: usize) {
        let body = self.body;
        if body.blocks.is_empty() {
            self.problems.push("no blocks".into());
            return;
        }
        if body.parent.is_some_and(|parent| parent.index() >= id) || (id == 0) != body.parent.is_none() {
            self.problems.push(format!("bad parent {:?}", body.parent));
        }
        for (i, param) in body.params.iter().enumerate() {
            let info = body.locals.get(param.local.index());
            if param.local.index() != i || info.is_none_or(|info| info.kind != LocalKind::Param(i as u32)) {
                self.problems.push(format!("parameter {i} is not local {i}"));
            }
        }
        for (i, info) in body.locals.iter().enumerate() {
            self.local_kind(i, info.kind);
        }
        self.glance();
        // Where each temp is defined: the block plus one.
        let mut defined = vec![0u32; body.temps.len()];
        for (b, block) in body.blocks.iter().enumerate() {
            let here = b as u32 + 1;
            for (i, op) in block.ops.iter().enumerate() {
                let place = || format!("block {b} op {i}");
                for temp in uses(&op.kind) {
                    if defined.get(temp.index()) != Some(&here) {
                        self.problems.push(format!("{}: {temp:?} used but not defined before, here", place()));
                    }
                }
                if let Some(dest) = op.dest {
                    match defined.get_mut(dest.index()) {
                        Some(slot) if *slot == 0 => *slot = here,
                        Some(_) => self.problems.push(format!("{}: {dest:?} defined twice", place())),
                        None => self.problems.push(format!("{}: {dest:?} out of range", place())),
                    }
                }
                if op.many && !op.maybe {
                    self.problems.push(format!("{}: many without maybe", place()));
                }
                if op.dest.is_some() != has_result(&op.kind) {
                    self.problems.push(format!("{}: result and kind do not fit: {:?}", place(), op.kind));
                }
                self.ids(&op.kind, b);
            }
            let temps: Vec<Temp> = match &block.term {
                Terminator::Return(value) => value.iter().copied().collect(),
                Terminator::Branch { cond, .. } => match cond {
                    Cond::Unknown => vec![],
                    Cond::Truthy(t) | Cond::IsNone(t) => vec![*t],
                    Cond::IsInstance(a, b) | Cond::Compare(_, a, b) => vec![*a, *b],
                },
                _ => vec![],
            };
            for temp in temps {
                if defined.get(temp.index()) != Some(&here) {
                    self.problems.push(format!("block {b} terminator: {temp:?} not defined here"));
                }
            }
        }
        self.graph();
    }

    fn graph(&mut self) {
        let body = self.body;
        let mut seen = vec![false; body.blocks.len()];
        let mut todo = vec![super::BlockId(0)];
        while let Some(block) = todo.pop() {
            let Some(slot) = seen.get_mut(block.index()) else {
                self.problems.push(format!("{block:?} out of range"));
                continue;
            };
            if std::mem::replace(slot, true) {
                continue;
            }
            let info = &body.blocks[block.index()];
            if matches!(info.term, Terminator::Missing) {
                self.problems.push(format!("{block:?} is reachable and has no terminator"));
            }
            todo.extend(body.followers(block));
        }
    }

    fn local_kind(&mut self, index: usize, kind: LocalKind) {
        let fine = match kind {
            LocalKind::Param(i) => (i as usize) < self.body.params.len(),
            LocalKind::Global(local) => self.module.bodies[0].locals.len() > local.index(),
            LocalKind::Free(local) => {
                let mut parent = self.body.parent;
                while let Some(id) = parent
                    && self.module.bodies[id.index()].kind == super::BodyKind::Class
                {
                    parent = self.module.bodies[id.index()].parent;
                }
                parent.is_some_and(|id| {
                    let outer = self.module.bodies[id.index()].locals.get(local.index());
                    outer.is_some_and(|outer| outer.name == self.body.locals[index].name && outer.captured)
                })
            }
            _ => true,
        };
        if !fine {
            self.problems.push(format!("local {index}: bad kind {kind:?}"));
        }
    }

    fn ids(&mut self, kind: &OpKind, block: usize) {
        let locals: &[super::Local] = match kind {
            OpKind::Load(local) | OpKind::Store(local, _) | OpKind::Delete(local) => std::slice::from_ref(local),
            OpKind::Function(body, _) if body.index() >= self.module.bodies.len() => {
                return self.problems.push(format!("block {block}: {body:?} out of range"));
            }
            OpKind::Class(class, _) if class.index() >= self.module.classes.len() => {
                return self.problems.push(format!("block {block}: {class:?} out of range"));
            }
            _ => return,
        };
        for local in locals {
            if local.index() >= self.body.locals.len() {
                self.problems.push(format!("block {block}: {local:?} out of range"));
            }
        }
    }
}

/// Does an op of this kind have a result?
pub fn has_result(kind: &OpKind) -> bool {
    !matches!(
        kind,
        OpKind::Stmt
            | OpKind::Store(..)
            | OpKind::Delete(_)
            | OpKind::SetAttr { .. }
            | OpKind::DelAttr(..)
            | OpKind::SetItem { .. }
            | OpKind::DelItem(..)
            | OpKind::ImportStar(..)
            | OpKind::Discard(_)
            | OpKind::Use(_)
    )
}

/// The temps that an op of this kind reads.
pub fn uses(kind: &OpKind) -> Vec<Temp> {
    match kind {
        OpKind::Stmt
        | OpKind::Const(_)
        | OpKind::Load(_)
        | OpKind::Delete(_)
        | OpKind::Import(_)
        | OpKind::ImportFrom { .. }
        | OpKind::ImportStar(..) => vec![],
        OpKind::Store(_, t)
        | OpKind::Attr(t, _)
        | OpKind::DelAttr(t, _)
        | OpKind::Unary(_, t)
        | OpKind::Iterate(t)
        | OpKind::Enter(t)
        | OpKind::YieldFrom(t)
        | OpKind::Await(t)
        | OpKind::Discard(t)
        | OpKind::Unpack { value: t, .. }
        | OpKind::UnpackRest { value: t, .. } => vec![*t],
        OpKind::SetAttr { obj, value, .. } => vec![*obj, *value],
        OpKind::SetItem { obj, index, value, .. } => vec![*obj, *index, *value],
        OpKind::Index(a, b)
        | OpKind::DelItem(a, b)
        | OpKind::InPlace(_, a, b)
        | OpKind::Binary(_, a, b)
        | OpKind::Compare(_, a, b) => vec![*a, *b],
        OpKind::Choose { test, then, other } => vec![*test, *then, *other],
        OpKind::Slice(a, b, c) => [a, b, c].into_iter().copied().flatten().collect(),
        OpKind::Join(temps) | OpKind::Format(temps) | OpKind::Use(temps) | OpKind::Opaque(temps) => temps.to_vec(),
        OpKind::Function(_, temps) | OpKind::Class(_, temps) => temps.to_vec(),
        OpKind::Call(func, args) => std::iter::once(*func).chain(args.iter().map(|arg| arg.value)).collect(),
        OpKind::Method { obj, args, .. } => std::iter::once(*obj).chain(args.iter().map(|arg| arg.value)).collect(),
        OpKind::Display(_, items) => items.iter().map(|(temp, _)| *temp).collect(),
        OpKind::Dict(items) => items.iter().flat_map(|(key, value)| key.iter().copied().chain([*value])).collect(),
        OpKind::Comprehension(_, key, value) => key.iter().copied().chain([*value]).collect(),
        OpKind::Yield(value) => value.iter().copied().collect(),
    }
}
