//! Windows that overlap themselves: is an array written whose elements lie in the same memory, several at a time?
//!
//! What `sliding_window_view` and `as_strided` give is such an array where the step from window to window is shorter than a
//! window. (<https://numpy.org/doc/stable/reference/generated/numpy.lib.stride_tricks.as_strided.html>)

use smallvec::SmallVec;

use super::axes::{definition, resolved};
use super::shift::items;
use super::sweep::made;
use super::{BodyTrace, Event, EventId, EventKind, How, WriteHow};
use crate::domain::{Kinds, ValueId};
use crate::ir::{
    Arg, ArgKind, BinOp, Block, BlockId, Body, BodyId, BodyKind, Const, Display, Op, OpKind, Sym, Temp, Terminator,
    UnaryOp,
};
use crate::source::Span;

/// Expressions are followed through so many names and parts.
const MAX_DEPTH: usize = 6;

/// A write to windows that overlap.
#[derive(Clone, Copy, Debug)]
pub struct Lapping {
    /// Where the windows come from.
    pub made: Span,
    /// Are they written one after the other?
    pub one_by_one: bool,
}

/// A product: a number and the names that it is multiplied with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Product {
    pub(super) number: i64,
    pub(super) names: SmallVec<[String; 4]>,
}

impl Product {
    /// A number.
    pub(super) fn of(number: i64) -> Product {
        Product { number, names: SmallVec::new() }
    }
}

impl<'a> BodyTrace<'a> {
    /// Does the write give the elements of windows that overlap values of their own, so that of those in one place one alone
    /// is left, or, window by window, all are laid one upon the other?
    pub fn lapping(&self, write: EventId) -> Option<Lapping> {
        if self.is_vast() {
            return None;
        }
        let frames = || self.overlapping_frames(write).map(|made| Lapping { made, one_by_one: true });
        self.lapping_windows(write).or_else(frames)
    }

    /// Windows as NumPy's functions make them.
    fn lapping_windows(&self, write: EventId) -> Option<Lapping> {
        let event = self.event(write);
        let EventKind::Written { value, how, .. } = event.kind else { return None };
        let whole = match how {
            WriteHow::Augmented | WriteHow::Out => true,
            WriteHow::Item { whole } => whole,
            WriteHow::Method(name) | WriteHow::Argument(name) => {
                matches!(self.module.names.text(name), "sort" | "partition" | "shuffle")
            }
            _ => false,
        };
        let reorders = matches!(how, WriteHow::Method(_) | WriteHow::Argument(_));
        let derived = self.derivation(value);
        let (windows, mut one_by_one) = match derived.map(|link| (link.how, link.source)) {
            // `for frame in frames: frame *= taper`
            Some((How::Element, source)) if how == WriteHow::Augmented && self.in_loop(write) => (source, true),
            Some((How::Function(_) | How::Method(_), _)) | None => (value, false),
            _ => return None,
        };
        if !whole || self.array(value)?.writeable.no() {
            return None;
        }
        let (block, op) = self.op_of(event)?;
        let target = match op.kind {
            OpKind::InPlace(_, target, _) | OpKind::SetItem { obj: target, .. } => Some(target),
            _ => None,
        };
        let kept = || target.and_then(|target| self.attribute_windows(block, target));
        let from = self.windows_from(windows).or_else(kept)?;
        let stored = match op.kind {
            OpKind::InPlace(_, _, operand) => Some(operand),
            OpKind::SetItem { index, value, .. } if takes_all(block, index) => match made(block, value)?.kind {
                OpKind::InPlace(_, _, operand) => Some(operand),
                _ => Some(value),
            },
            OpKind::SetItem { index, inplace: true, .. } if self.goes_by(event.block, block, index, windows) => {
                one_by_one = true;
                None
            }
            OpKind::SetItem { .. } => return None,
            _ => None,
        };
        if !one_by_one && !reorders && !self.differs(event, stored, value) {
            return None;
        }
        Some(Lapping { made: from, one_by_one })
    }

    /// Is the index the variable of a loop, which goes from window to window, or those of several loops for windows along
    /// as many axes?
    fn goes_by(&self, at: BlockId, block: &Block, index: Temp, value: ValueId) -> bool {
        let items = items(block, index);
        let loops = self.loops_around(at);
        let is_step = |temp: Temp| match made(block, temp).map(|op| &op.kind) {
            Some(OpKind::Load(step)) => loops.iter().any(|around| self.course(around, *step).is_some()),
            _ => false,
        };
        items.iter().all(|&item| is_step(item))
            && (items.len() == 1
                || self.array(value).is_some_and(|array| array.ndim().is_some_and(|axes| axes > items.len()))
                || self.window_axes(value) == Some(items.len()))
    }

    /// Along how many axes `sliding_window_view(x, (n, m))` cuts its windows.
    fn window_axes(&self, value: ValueId) -> Option<usize> {
        let (block, op) = self.op_numbered(self.array(value)?.made_by)?;
        let (OpKind::Call(_, args) | OpKind::Method { args, .. }) = &op.kind else { return None };
        let (block, window) = followed(self.body, block, self.argument_of(args, 1, "window_shape")?);
        match &made(block, window)?.kind {
            OpKind::Display(_, items) => Some(items.len()),
            _ => None,
        }
    }

    /// The op of this number (from 1) in the body.
    fn op_numbered(&self, number: u32) -> Option<(&'a Block, &'a Op)> {
        let mut at = number.checked_sub(1)? as usize;
        for block in &self.body.blocks {
            if let Some(op) = block.ops.get(at) {
                return Some((block, op));
            }
            at -= block.ops.len();
        }
        None
    }

    /// Where the array was made, if by a call that gives windows which overlap.
    fn windows_from(&self, value: ValueId) -> Option<Span> {
        let (block, op) = self.op_numbered(self.array(value)?.made_by)?;
        self.overlap(self.body, block, &op.kind, 0).then_some(op.span)
    }

    /// Where the windows are made that the methods of the class keep in the attribute, and nothing else.
    fn attribute_windows(&self, block: &'a Block, target: Temp) -> Option<Span> {
        let (object, path) = resolved(self.body, block, target)?;
        let [name] = path[..] else { return None };
        let class = self.body.class.filter(|_| self.receiver() == Some(object))?;
        let mut found = None;
        for &(_, method) in &self.module.classes[class.index()].methods {
            let body = &self.module.bodies[method.index()];
            for block in &body.blocks {
                for op in &block.ops {
                    let OpKind::SetAttr { name: bound, value, inplace: false, .. } = op.kind else { continue };
                    if bound == name {
                        let (at, value) = followed(body, block, value);
                        let op = made(at, value).filter(|op| self.overlap(body, at, &op.kind, 0))?;
                        found = Some(op.span);
                    }
                }
            }
        }
        found
    }

    /// Is what is stored, or what the operator takes, an array: other numbers for other elements?
    fn differs(&self, event: &Event, stored: Option<Temp>, written: ValueId) -> bool {
        let span = stored.map(|temp| self.body.temps[temp.index()]);
        let block = &self.body.blocks[event.block.index()];
        let by_axis = |name: Sym| matches!(self.module.names.text(name), "axis" | "keepdims");
        // `frames.mean(axis=1, keepdims=True)` is no number.
        let is_along = |span: Span| {
            block.ops.iter().any(|op| match &op.kind {
                OpKind::Method { args, .. } => {
                    op.span == span && args.iter().any(|arg| matches!(arg.kind, ArgKind::Kw(name) if by_axis(name)))
                }
                _ => false,
            })
        };
        self.iter().any(|(_, read)| match read.kind {
            EventKind::Read { value, .. } if read.stmt == event.stmt && span.is_none_or(|span| span == read.span) => {
                // (Windows over another array say the same of each element wherever it is seen.)
                value != written
                    && self.windows_from(value).is_none()
                    && self.array(value).is_some_and(|array| {
                        let number = array.kinds.meets(Kinds::SCALAR) && array.ndim().is_none() && !array.is_entry();
                        (!number || is_along(read.span)) && array.ndim() != Some(0)
                    })
            }
            _ => false,
        })
    }

    /// Does the call give windows that overlap: one of NumPy's functions, or a function of the file that returns theirs?
    fn overlap(&self, body: &'a Body, block: &'a Block, call: &OpKind, depth: usize) -> bool {
        let (name, args) = match call {
            OpKind::Call(callee, args) => match made(block, *callee).map(|op| &op.kind) {
                Some(OpKind::Load(local)) => (body.locals[local.index()].name, args),
                _ => return false,
            },
            OpKind::Method { name, args, .. } => (*name, args),
            _ => return false,
        };
        match self.module.names.text(name) {
            "sliding_window_view" => self.slides(body, block, args),
            "as_strided" => self.laps(body, block, args),
            _ if depth > 0 => false,
            _ => {
                let is_it = |id: &BodyId| {
                    let other = &self.module.bodies[id.index()];
                    other.name == name && other.kind == BodyKind::Function
                };
                let mut known = (0..self.module.bodies.len() as u32).map(BodyId).filter(is_it);
                let (Some(callee), None) = (known.next(), known.next()) else { return false };
                let callee = &self.module.bodies[callee.index()];
                let returned = callee.blocks.iter().filter_map(|block| match block.term {
                    Terminator::Return(Some(temp)) => Some((block, temp)),
                    _ => None,
                });
                let mut any = false;
                returned.into_iter().all(|(block, temp)| {
                    any = true;
                    let (block, temp) = followed(callee, block, temp);
                    made(block, temp).is_some_and(|op| self.overlap(callee, block, &op.kind, depth + 1))
                }) && any
            }
        }
    }

    /// `sliding_window_view(x, window_shape)`: the step is one element.
    fn slides(&self, body: &'a Body, block: &'a Block, args: &[Arg]) -> bool {
        let Some(window) = self.argument_of(args, 1, "window_shape") else { return false };
        let (block, window) = followed(body, block, window);
        match made(block, window).map(|op| &op.kind) {
            Some(OpKind::Const(Const::Int(n))) => *n > 1,
            // One window over all of it.
            Some(OpKind::Attr(..) | OpKind::Call(..)) => false,
            Some(OpKind::Index(obj, _)) => !matches!(made(block, *obj).map(|op| &op.kind), Some(OpKind::Attr(..))),
            Some(OpKind::Display(_, items)) => items.iter().any(|item| {
                matches!(made(block, item.0).map(|op| &op.kind), Some(OpKind::Load(_) | OpKind::Const(Const::Int(2..))))
            }),
            Some(_) => true,
            None => false,
        }
    }

    /// `as_strided(x, shape, strides)`: is there an axis along which a step is shorter than what another axis covers?
    fn laps(&self, body: &'a Body, block: &'a Block, args: &[Arg]) -> bool {
        let (Some(shape), Some(strides)) = (self.argument_of(args, 1, "shape"), self.argument_of(args, 2, "strides"))
        else {
            return false;
        };
        if self.doubles(body, block, strides) {
            return true;
        }
        let (Some(shape), Some(strides)) = (self.items(body, block, shape), self.items(body, block, strides)) else {
            return false;
        };
        if shape.len() != strides.len() {
            return false;
        }
        (0..shape.len()).any(|i| {
            (0..shape.len()).any(|j| {
                i != j
                    && match (&strides[i], &strides[j]) {
                        (Some(long), Some(short)) => is_shorter(long, short, shape[i].as_ref(), shape[j].as_ref()),
                        _ => false,
                    }
            })
        })
    }

    /// `x.strides + x.strides[-1:]`, `x.strides + (x.strides[-1],)`, `x.strides * 2`: are strides of the array there twice?
    fn doubles(&self, body: &'a Body, block: &'a Block, strides: Temp) -> bool {
        let (block, temp) = followed(body, block, strides);
        let is_all = |temp: Temp| match made(block, temp).map(|op| &op.kind) {
            Some(OpKind::Attr(_, name)) => self.module.names.text(*name) == "strides",
            _ => false,
        };
        let is_one = |temp: Temp| match made(block, temp).map(|op| &op.kind) {
            Some(OpKind::Index(obj, _)) => is_all(*obj),
            _ => false,
        };
        let is_part = |temp: Temp| match made(block, temp).map(|op| &op.kind) {
            Some(OpKind::Display(_, items)) => items.iter().any(|item| is_one(item.0)),
            _ => is_all(temp) || is_one(temp),
        };
        let twice = |temp: Temp| matches!(made(block, temp).map(|op| &op.kind), Some(OpKind::Const(Const::Int(2))));
        match made(block, temp).map(|op| &op.kind) {
            Some(OpKind::Binary(BinOp::Add, left, right)) => is_all(*left) && is_part(*right),
            Some(OpKind::Binary(BinOp::Mult, left, right)) => {
                is_all(*left) && twice(*right) || twice(*left) && is_all(*right)
            }
            _ => false,
        }
    }

    /// The items of a tuple or list that is written out, as products where they are such.
    fn items(&self, body: &'a Body, block: &'a Block, tuple: Temp) -> Option<SmallVec<[Option<Product>; 4]>> {
        let (block, temp) = followed(body, block, tuple);
        let OpKind::Display(Display::Tuple | Display::List, items) = &made(block, temp)?.kind else { return None };
        let item = |item: &(Temp, bool)| self.product(body, block, item.0, 0).filter(|_| !item.1);
        Some(items.iter().map(item).collect())
    }

    pub(super) fn product(&self, body: &'a Body, block: &'a Block, temp: Temp, depth: usize) -> Option<Product> {
        if depth >= MAX_DEPTH {
            return None;
        }
        let of_name = |text: &str| Product { number: 1, names: smallvec::smallvec![text.to_owned()] };
        match &made(block, temp)?.kind {
            OpKind::Const(Const::Int(n)) => Some(Product::of(*n)),
            OpKind::Binary(BinOp::Mult, left, right) => {
                let (mut a, b) =
                    (self.product(body, block, *left, depth + 1)?, self.product(body, block, *right, depth + 1)?);
                a.number = a.number.checked_mul(b.number)?;
                a.names.extend(b.names);
                Some(a)
            }
            OpKind::Load(local) => {
                let name = self.module.names.text(body.locals[local.index()].name);
                match definition(body, block, temp) {
                    Some((at, bound)) => match made(at, bound)?.kind {
                        OpKind::Const(_)
                        | OpKind::Load(_)
                        | OpKind::Index(..)
                        | OpKind::Attr(..)
                        | OpKind::Binary(BinOp::Mult, ..) => self.product(body, at, bound, depth + 1),
                        _ => Some(of_name(name)),
                    },
                    None => Some(of_name(name)),
                }
            }
            OpKind::Attr(..) => Some(of_name(self.quote(body.temps[temp.index()]))),
            OpKind::Index(obj, at) => {
                // `s[-1]` and `s[0]` of the strides of one axis are one and the same, of several they are not.
                let position =
                    matches!(made(block, *at)?.kind, OpKind::Const(Const::Int(_)) | OpKind::Unary(UnaryOp::USub, _));
                let strides = matches!(made(block, *obj)?.kind, OpKind::Attr(..) | OpKind::Load(_));
                (position && strides).then(|| of_name(self.quote(body.temps[temp.index()])))
            }
            _ => None,
        }
    }

    /// The argument at a position, or of a name.
    fn argument_of(&self, args: &[Arg], position: usize, name: &str) -> Option<Temp> {
        let named = args.iter().find(|arg| matches!(arg.kind, ArgKind::Kw(kw) if self.module.names.text(kw) == name));
        let placed = || args.get(position).filter(|_| args[..=position].iter().all(|arg| arg.kind == ArgKind::Pos));
        named.or_else(placed).map(|arg| arg.value)
    }
}

/// Does a step along the one axis stay within what the other axis covers?
fn is_shorter(long: &Product, short: &Product, count: Option<&Product>, size: Option<&Product>) -> bool {
    let is_one = |item: Option<&Product>| item.is_some_and(|item| item.names.is_empty() && item.number <= 1);
    if long.number == 0 && !is_one(count) {
        return true;
    }
    if is_one(count) || is_one(size) || short.number == 0 || long.number % short.number != 0 {
        return false;
    }
    let mut names = long.names.clone();
    for name in &short.names {
        let Some(at) = names.iter().position(|other| other == name) else { return false };
        names.remove(at);
    }
    let step = long.number / short.number;
    match (&names[..], size) {
        ([], _) if step == 1 => true,
        ([], Some(size)) if size.names.is_empty() => (1..size.number).contains(&step),
        ([], Some(_)) => step > 1 && step < 4,
        ([name], Some(size)) if step == 1 => {
            // (A step of the size itself makes blocks; where both are numbers that nobody knows, the name has to tell.)
            !size.names.contains(name) && !size.names.is_empty() && names_a_step(name)
        }
        _ => false,
    }
}

/// Does the name say that it is the way from one window to the next?
pub(super) fn names_a_step(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["hop", "step", "stride", "shift", "skip", "slide", "advance"].iter().any(|word| name.contains(word))
}

/// Is the index `:` or `...`?
fn takes_all(block: &Block, index: Temp) -> bool {
    matches!(
        made(block, index).map(|op| &op.kind),
        Some(OpKind::Slice(None, None, None) | OpKind::Const(Const::Ellipsis))
    )
}

/// What a name that is bound once stands for.
fn followed<'b>(body: &'b Body, block: &'b Block, temp: Temp) -> (&'b Block, Temp) {
    let mut at = (block, temp);
    for _ in 0..MAX_DEPTH {
        match definition(body, at.0, at.1) {
            Some(further) => at = further,
            None => break,
        }
    }
    at
}
