//! Loops that compute each element of an array from a window around it, in that array itself: the one half of the window
//! holds new values by then, and the other half old ones.

use smallvec::SmallVec;

use super::axes::{definition, resolved};
use super::shift::{items, offset};
use super::sweep::{Variable, made, variable};
use super::{BodyTrace, EventId, EventKind, Loop, WriteHow};
use crate::domain::Evidence;
use crate::ir::validate::uses;
use crate::ir::{ArgKind, BinOp, Block, BlockId, Body, BodyKind, Const, Local, LocalKind, OpKind, Sym, Temp};
use crate::source::Span;

/// An expression is followed through so many of its parts.
const MAX_PARTS: usize = 128;
/// Names are followed through so many bindings.
const MAX_DEPTH: usize = 4;

/// A window that is read of an array which is overwritten element by element.
#[derive(Clone, Copy, Debug)]
pub struct Neighbourhood {
    /// The index that takes the window.
    pub read: Span,
    /// Does it stand in a function that the loop calls?
    pub elsewhere: bool,
}

/// What one end of a slice is, relative to a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The name itself, less something: `i - 1`.
    Below(Local),
    /// The name, more than the element itself: `i + 2`, `i + r`.
    Above(Local),
}

impl<'a> BodyTrace<'a> {
    /// Does the store put into an element what is computed from the elements on both sides of it, of which the loop has
    /// overwritten those on the one side?
    pub fn neighbourhood(&self, write: EventId) -> Option<Neighbourhood> {
        if self.is_vast() {
            return None;
        }
        let event = self.event(write);
        let EventKind::Written { value, how: WriteHow::Item { .. }, .. } = event.kind else { return None };
        let target = self.array(value).filter(|array| array.evidence >= Evidence::Likely)?;
        // What is filled from nothing grows on purpose from what is there already.
        if target.bufs.iter().all(|&buf| self.buffers.get(buf).blank) {
            return None;
        }
        let (block, op) = self.op_of(event).filter(|_| !event.maybe)?;
        let OpKind::SetItem { obj, index, value: stored, .. } = op.kind else { return None };
        variable(block, obj)?;
        let array = resolved(self.body, block, obj)?;
        let loops = self.loops_around(event.block);
        let written = items(block, index);
        let swept: SmallVec<[Option<Local>; 4]> =
            written.iter().map(|&item| self.swept(&loops, block, item, event.block)).collect();
        if swept.iter().all(Option::is_none) {
            return None;
        }
        let found = Search { trace: self, array, swept: &swept, written: &written };
        // (What decides between two values is read as well: `1 if window.sum() == 3 else 0`.)
        let stmt = |span: Span| event.stmt.start <= span.start && span.end <= event.stmt.end;
        let all = block.ops.iter().filter(|op| stmt(op.span)).filter_map(|op| op.dest);
        let (read, means) = found.window(block, all.chain([stored]).collect())?;
        // Sweep after sweep, such a loop comes to rest whatever it starts from: that is a way to solve equations. One sweep may
        // be a function of its own.
        let repeated =
            loops.iter().any(|around| !swept.iter().flatten().any(|&local| self.course(around, local).is_some()));
        let given = target.bufs.iter().any(|&buf| self.buffers.get(buf).on_entry());
        (!((repeated || given) && means)).then_some(read)
    }

    /// The name that a loop takes through the positions of an axis, one by one, with the store in each pass.
    fn swept(&self, loops: &[Loop], block: &Block, item: Temp, at: BlockId) -> Option<Local> {
        let OpKind::Load(local) = made(block, item)?.kind else { return None };
        let from = loops.iter().position(|around| self.course(around, local).is_some())?;
        self.is_in_all_passes(&loops[from..], at).then_some(local)
    }
}

/// The search for a window in the expression of what is stored.
struct Search<'t, 'a> {
    trace: &'t BodyTrace<'a>,
    array: Variable,
    /// For each axis of what is written the loop's name.
    swept: &'t [Option<Local>],
    written: &'t [Temp],
}

impl<'a> Search<'_, 'a> {
    /// The window, and whether it is added up.
    fn window(&self, block: &'a Block, read: SmallVec<[Temp; 8]>) -> Option<(Neighbourhood, bool)> {
        let body = self.trace.body;
        let mut stack: SmallVec<[(&'a Block, Temp); 8]> = read.into_iter().map(|temp| (block, temp)).collect();
        let (mut found, mut means) = (None, false);
        for _ in 0..MAX_PARTS {
            let Some((block, temp)) = stack.pop() else { break };
            let Some(op) = made(block, temp) else { continue };
            match &op.kind {
                OpKind::Load(_) => stack.extend(definition(body, block, temp)),
                OpKind::Index(obj, index) => {
                    let it = resolved(body, block, *obj).as_ref() == Some(&self.array);
                    let same = |local: Local| Some(local);
                    if it && self.is_around(body, block, *index, &same) {
                        found = Some(Neighbourhood { read: op.span, elsewhere: false });
                    }
                    stack.push((block, *obj));
                }
                OpKind::Call(callee, args) => {
                    means |= self.adds_up(body, block, *callee);
                    let callee = match made(block, *callee).map(|op| &op.kind) {
                        Some(OpKind::Load(local)) => self.function(body.locals[local.index()].name),
                        _ => None,
                    };
                    if let Some(callee) = callee {
                        let given: SmallVec<[Option<Temp>; 4]> =
                            args.iter().map(|arg| (arg.kind == ArgKind::Pos).then_some(arg.value)).collect();
                        if let Some(read) = self.in_callee(callee, block, &given, &mut means) {
                            found = Some(read);
                        }
                    }
                    stack.extend(args.iter().map(|arg| (block, arg.value)));
                }
                // To draw one after the other, given the others, is a way of sampling.
                OpKind::Method { name, .. } if draws(self.trace.module.names.text(*name)) => return None,
                OpKind::Method { obj, name, args } => {
                    means |= adds(self.trace.module.names.text(*name));
                    if let Some(callee) = self.method(block, *obj, *name) {
                        let mut given: SmallVec<[Option<Temp>; 4]> = smallvec::smallvec![None];
                        given.extend(args.iter().map(|arg| (arg.kind == ArgKind::Pos).then_some(arg.value)));
                        if let Some(read) = self.in_callee(callee, block, &given, &mut means) {
                            found = Some(read);
                        }
                    }
                    stack.push((block, *obj));
                    stack.extend(args.iter().map(|arg| (block, arg.value)));
                }
                kind => stack.extend(uses(kind).into_iter().map(|temp| (block, temp))),
            }
        }
        found.map(|read| (read, means))
    }

    /// A window that a function of the file takes of the array that it is given, around the positions that it is given.
    fn in_callee(
        &self,
        callee: &'a Body,
        block: &Block,
        given: &[Option<Temp>],
        means: &mut bool,
    ) -> Option<Neighbourhood> {
        let param = |local: Local| match callee.locals[local.index()].kind {
            LocalKind::Param(i) => given.get(i as usize).copied().flatten(),
            _ => None,
        };
        let passed = |local: Local| match made(block, param(local)?)?.kind {
            OpKind::Load(local) => Some(local),
            _ => None,
        };
        let ops = callee.blocks.iter().flat_map(|block| block.ops.iter().map(move |op| (block, op)));
        let mut found = None;
        for (inside, op) in ops {
            match &op.kind {
                OpKind::Index(obj, index) => {
                    let it = match made(inside, *obj).map(|op| &op.kind) {
                        Some(OpKind::Load(local)) => param(*local)
                            .is_some_and(|temp| resolved(self.trace.body, block, temp).as_ref() == Some(&self.array)),
                        _ => false,
                    };
                    if it && self.is_around(callee, inside, *index, &passed) {
                        found = Some(Neighbourhood { read: op.span, elsewhere: true });
                    }
                }
                OpKind::Method { name, .. } => *means |= adds(self.trace.module.names.text(*name)),
                OpKind::Call(called, _) => *means |= self.adds_up(callee, inside, *called),
                _ => {}
            }
        }
        found
    }

    /// Does the index take a window that holds the element which is written, and lies on both sides of it along an axis?
    /// `caller`: what the names of the body are to the loop.
    fn is_around(&self, body: &Body, block: &Block, index: Temp, caller: &dyn Fn(Local) -> Option<Local>) -> bool {
        let read = items(block, index);
        let mut sides = false;
        let fits = self.written.iter().zip(self.swept).zip(&read).all(|((&written, &swept), &item)| {
            let whole = matches!(made(block, item).map(|op| &op.kind), Some(OpKind::Slice(None, None, None)));
            match swept {
                _ if whole => true,
                Some(local) => match made(block, item).map(|op| &op.kind) {
                    Some(OpKind::Slice(Some(lower), Some(upper), None)) => {
                        let below = end(body, block, *lower, 0);
                        let above = end(body, block, *upper, 0);
                        let (Some(End::Below(a)), Some(End::Above(b))) = (below, above) else { return false };
                        sides = true;
                        caller(a) == Some(local) && caller(b) == Some(local)
                    }
                    _ => matches!(offset(block, item), Some((name, 0)) if caller(name) == Some(local)),
                },
                None => {
                    let text = |body: &Body, temp: Temp| self.trace.quote(body.temps[temp.index()]);
                    text(self.trace.body, written) == text(body, item)
                }
            }
        });
        fits && sides && read.len() <= self.written.len()
    }

    /// Is the function one that adds up, or takes the mean?
    fn adds_up(&self, body: &Body, block: &Block, callee: Temp) -> bool {
        match made(block, callee).map(|op| &op.kind) {
            Some(OpKind::Load(local)) => adds(self.trace.module.names.text(body.locals[local.index()].name)),
            _ => false,
        }
    }

    /// The function of the file that goes by this name alone.
    fn function(&self, name: Sym) -> Option<&'a Body> {
        let is_it = |body: &&'a Body| body.name == name && body.kind == BodyKind::Function && body.class.is_none();
        let mut known = self.trace.module.bodies.iter().filter(is_it);
        let first = known.next()?;
        known.next().is_none().then_some(first)
    }

    /// A method of the object's own class.
    fn method(&self, block: &Block, obj: Temp, name: Sym) -> Option<&'a Body> {
        let trace = self.trace;
        let OpKind::Load(local) = made(block, obj)?.kind else { return None };
        if Some(local) != trace.receiver() {
            return None;
        }
        let methods = &trace.module.classes[trace.body.class?.index()].methods;
        let (_, body) = methods.iter().find(|method| method.0 == name)?;
        let body = &trace.module.bodies[body.index()];
        body.decorators.is_empty().then_some(body)
    }
}

/// Where the end of a slice lies to a name: also through `max(0, i - 1)`, and names that are bound to such.
fn end(body: &Body, block: &Block, temp: Temp, depth: usize) -> Option<End> {
    if depth > MAX_DEPTH {
        return None;
    }
    match &made(block, temp)?.kind {
        OpKind::Load(_) => {
            let (at, temp) = definition(body, block, temp)?;
            end(body, at, temp, depth + 1)
        }
        OpKind::Binary(BinOp::Sub, left, _) => match made(block, *left)?.kind {
            OpKind::Load(local) => Some(End::Below(local)),
            _ => None,
        },
        // `i + 2`, `i + r + 1`
        OpKind::Binary(BinOp::Add, ..) => {
            let (mut first, mut number, mut others) = (None, 0, 0);
            let mut stack: SmallVec<[Temp; 4]> = smallvec::smallvec![temp];
            while let Some(temp) = stack.pop() {
                match made(block, temp)?.kind {
                    OpKind::Binary(BinOp::Add, left, right) => stack.extend([right, left]),
                    OpKind::Load(local) if first.is_none() => first = Some(local),
                    OpKind::Const(Const::Int(n)) => number += n,
                    _ => others += 1,
                }
            }
            first.filter(|_| others > 0 || number > 1).map(End::Above)
        }
        OpKind::Call(_, args) => args.iter().find_map(|arg| end(body, block, arg.value, depth + 1)),
        _ => None,
    }
}

/// Does the function add up, or take the mean?
fn adds(name: &str) -> bool {
    matches!(
        name,
        "sum" | "mean" | "average" | "dot" | "nanmean" | "nansum" | "einsum" | "vdot" | "inner" | "tensordot"
    )
}

/// Does the function draw random numbers?
fn draws(name: &str) -> bool {
    matches!(name, "random" | "rand" | "randn" | "choice" | "uniform" | "normal" | "integers" | "randint" | "binomial")
}
