//! What the callers of a function do with what it returns, as the file's ops tell.

use super::BodyTrace;
use crate::ir::{Block, Body, Local, Op, OpKind, Temp};
use crate::source::Span;

impl BodyTrace<'_> {
    /// Where those of the file that call this function by its name, and bind what it returns to a name of its own or to an
    /// attribute, write an element of that in place: `rows = f()`, `rows[i][j] += 1`.
    pub fn result_element_writes(&self) -> Vec<Span> {
        let mut places = Vec::new();
        for body in &self.module.bodies {
            let called = |block, value| made(block, value).is_some_and(|op| self.is_called(body, block, op));
            for (block, op) in ops(body) {
                match op.kind {
                    OpKind::Store(local, value) if called(block, value) => {
                        let bound = ops(body).filter(|(_, op)| matches!(op.kind, OpKind::Store(to, _) if to == local));
                        if bound.count() == 1 {
                            places.extend(element_writes(body, local).unwrap_or_default());
                        }
                    }
                    OpKind::SetAttr { name, value, inplace: false, .. } if called(block, value) => {
                        places.extend(body.class.map_or_else(Vec::new, |class| self.element_writes_in(class, name)));
                    }
                    _ => {}
                }
            }
        }
        places.sort_unstable();
        places
    }

    fn is_called(&self, body: &Body, block: &Block, op: &Op) -> bool {
        let name = self.body.name;
        match &op.kind {
            OpKind::Call(callee, _) => match made(block, *callee).map(|op| &op.kind) {
                Some(OpKind::Load(local)) => self.body.class.is_none() && body.locals[local.index()].name == name,
                _ => false,
            },
            OpKind::Method { name: called, .. } => self.body.class.is_some() && *called == name,
            _ => false,
        }
    }
}

/// Where elements of what the name holds are written in place; None: other elements may be put there.
fn element_writes(body: &Body, holder: Local) -> Option<Vec<Span>> {
    let loads = |block: &Block, temp: Temp, local: Local| matches!(made(block, temp).map(|op| &op.kind), Some(OpKind::Load(of)) if *of == local);
    // `for row in rows:`, by way of the iterator.
    let iterators = ops(body).filter_map(|(block, op)| match op.kind {
        OpKind::Store(iterator, value) if loads(block, value, holder) => Some(iterator),
        _ => None,
    });
    let iterators: Vec<Local> = iterators.collect();
    let rows = ops(body).filter_map(|(block, op)| match op.kind {
        OpKind::Store(row, value) => match made(block, value).map(|op| &op.kind) {
            Some(OpKind::Iterate(of)) if iterators.iter().any(|&it| loads(block, *of, it)) => Some(row),
            _ => None,
        },
        _ => None,
    });
    let rows: Vec<Local> = rows.collect();
    let is_element = |block: &Block, temp: Temp| match made(block, temp).map(|op| &op.kind) {
        Some(OpKind::Index(obj, _)) => loads(block, *obj, holder),
        Some(OpKind::Load(local)) => rows.contains(local),
        _ => false,
    };
    let mut places = Vec::new();
    for (block, op) in ops(body) {
        match &op.kind {
            OpKind::SetItem { obj, inplace: false, .. } | OpKind::Method { obj, .. } if loads(block, *obj, holder) => {
                return None;
            }
            OpKind::SetItem { obj, .. } if is_element(block, *obj) => places.push(op.span),
            OpKind::InPlace(_, target, _) if is_element(block, *target) => places.push(op.span),
            _ => {}
        }
    }
    Some(places)
}

fn ops(body: &Body) -> impl Iterator<Item = (&Block, &Op)> {
    body.blocks.iter().flat_map(|block| block.ops.iter().map(move |op| (block, op)))
}

fn made(block: &Block, temp: Temp) -> Option<&Op> {
    block.ops.iter().find(|op| op.dest == Some(temp))
}
