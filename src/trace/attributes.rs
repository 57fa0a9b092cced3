//! Questions about the class that a method belongs to: what its methods do to the attributes of `self`.

use super::BodyTrace;
use super::class::is_collection;
use crate::domain::{Array, Origin};
use crate::ir::{ArgKind, BlockId, Body, ClassId, Op, OpKind, Sym, Temp};
use crate::source::Span;

impl BodyTrace<'_> {
    /// Where a method of the body's class writes the attribute's value in place: `self.x += …`, `self.x[…] = …`,
    /// `out=self.x`; but not what a method writes after it bound the attribute to something of its own. If the value is no
    /// array, `+=` is no write: that is for the caller to know.
    pub fn attribute_writes(&self, name: Sym) -> Vec<Span> {
        let Some(class) = self.body.class else { return Vec::new() };
        let methods = &self.module.classes[class.index()].methods;
        methods.iter().flat_map(|&(_, body)| written(&self.module.bodies[body.index()], name, self)).collect()
    }

    /// Where methods of the body's class write an element of what the attribute holds in place: `self.x[i] += …`,
    /// `self.x[i][j] = …`. Nothing, where one puts other elements there.
    pub fn element_writes(&self, name: Sym) -> Vec<Span> {
        self.body.class.map_or_else(Vec::new, |class| self.element_writes_in(class, name))
    }

    /// The same of the methods of another class of the file.
    pub(super) fn element_writes_in(&self, class: ClassId, name: Sym) -> Vec<Span> {
        let mut places = Vec::new();
        for &(_, method) in &self.module.classes[class.index()].methods {
            let body = &self.module.bodies[method.index()];
            for block in &body.blocks {
                let made = |temp: Temp| block.ops.iter().find(|op| op.dest == Some(temp));
                let is_it = |temp: Temp| made(temp).is_some_and(|op| is_attribute(body, op, name, &made));
                let is_element = |temp: Temp| match made(temp).map(|op| &op.kind) {
                    Some(OpKind::Index(obj, _)) => is_it(*obj),
                    _ => false,
                };
                for op in &block.ops {
                    match &op.kind {
                        OpKind::SetItem { obj, inplace: false, .. } if is_it(*obj) => return Vec::new(),
                        OpKind::Method { obj, .. } if is_it(*obj) => return Vec::new(),
                        OpKind::SetItem { obj, .. } if is_element(*obj) => places.push(op.span),
                        OpKind::InPlace(_, target, _) if is_element(*target) => places.push(op.span),
                        _ => {}
                    }
                }
            }
        }
        places.sort_unstable();
        places
    }

    /// Is it what an attribute of `self` holds that the class binds to a list, dict or the like?
    pub fn is_held_collection(&self, held: &Array) -> bool {
        let ([buf], Some(class)) = (&held.bufs[..], self.body.class) else { return false };
        match self.buffers.get(*buf).origin {
            Origin::Attr(owner, name) if held.is_entry() => {
                let receiver = self.receiver().map(|receiver| Origin::Param(self.id, receiver));
                receiver == Some(self.buffers.get(owner).origin) && is_collection(self.module, class, name)
            }
            _ => false,
        }
    }

    /// Does a method of the body's class, other than `__init__`, use the attribute at all?
    pub fn attribute_used(&self, name: Sym) -> bool {
        let Some(class) = self.body.class else { return false };
        self.module.classes[class.index()].methods.iter().any(|&(method, body)| {
            self.module.names.text(method) != "__init__"
                && self.module.bodies[body.index()]
                    .blocks
                    .iter()
                    .flat_map(|block| &block.ops)
                    .any(|op| matches!(op.kind, OpKind::Attr(_, attr) if attr == name))
        })
    }
}

/// Where the method writes in place the value that `self.name` had when it was called.
fn written(body: &Body, name: Sym, trace: &BodyTrace<'_>) -> Vec<Span> {
    let mut places = Vec::new();
    let mut seen = vec![false; body.blocks.len()];
    let mut stack = vec![BlockId(0)];
    while let Some(id) = stack.pop() {
        let Some(block) = body.blocks.get(id.index()) else { continue };
        if std::mem::replace(&mut seen[id.index()], true) {
            continue;
        }
        let made = |temp: Temp| block.ops.iter().find(|op| op.dest == Some(temp));
        let is_it = |temp: Temp| made(temp).is_some_and(|op| is_attribute(body, op, name, &made));
        let mut bound = false;
        for op in &block.ops {
            let hit = match &op.kind {
                OpKind::SetAttr { obj, name: set, inplace: false, .. }
                    if *set == name && is_self(body, *obj, &made) =>
                {
                    bound = true;
                    break;
                }
                OpKind::InPlace(_, target, _) => is_it(*target),
                OpKind::SetItem { obj, .. } => is_it(*obj),
                OpKind::Call(_, args) | OpKind::Method { args, .. } => args.iter().any(|arg| {
                    matches!(arg.kind, ArgKind::Kw(key) if trace.module.names.text(key) == "out") && is_it(arg.value)
                }),
                _ => false,
            };
            if hit {
                places.push(op.span);
            }
        }
        if !bound {
            stack.extend(body.followers(id));
        }
    }
    places.sort_unstable();
    places
}

fn is_attribute<'a>(body: &Body, op: &'a Op, name: Sym, made: &impl Fn(Temp) -> Option<&'a Op>) -> bool {
    matches!(op.kind, OpKind::Attr(obj, attr) if attr == name && is_self(body, obj, made))
}

/// Is the value the method's first parameter?
fn is_self<'a>(body: &Body, obj: Temp, made: &impl Fn(Temp) -> Option<&'a Op>) -> bool {
    let first = body.params.first().map(|param| param.local);
    matches!(made(obj).map(|op| &op.kind), Some(OpKind::Load(local)) if Some(*local) == first)
}
