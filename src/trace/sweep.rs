//! Questions about loops that go over an array and write it part by part: does a write read, of the same array, what the
//! loop overwrites on its way?

use smallvec::SmallVec;

use super::{BodyTrace, Event, EventId, EventKind, How, Loop};
use crate::domain::{Array, Evidence, ValueId};
use crate::ir::validate::uses;
use crate::ir::{Arg, BinOp, Block, BlockId, Const, Display, Local, LocalKind, Op, OpKind, Sym, Temp, UnaryOp};
use crate::source::Span;

/// Expressions are followed through this many parts.
const MAX_PARTS: usize = 24;

/// What an index takes along one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// All of it.
    All,
    /// The part at a constant position.
    At(i64),
    /// The part at the position that a name holds.
    Name(Local),
    /// A stretch of it, by a slice.
    Stretch,
    /// No axis at all: a field of records.
    Field(Sym),
}

/// What an index takes along the axes of an array, from the first on; along those that are not named it takes all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    pub(super) axes: SmallVec<[Axis; 4]>,
    /// Does it begin with `...`, so that its axes are the last ones?
    last: bool,
}

/// A variable, or an attribute of one: `x`, `self.x`.
pub(super) type Variable = (Local, SmallVec<[Sym; 2]>);

/// Reads an array that the loop overwrites.
#[derive(Clone, Copy, Debug)]
pub struct Overtaken {
    /// The expression that reads it.
    pub read: Span,
    /// The name that holds the part, if it is read by one.
    pub name: Option<Local>,
    /// Is it a sum, mean or maximum over what is being written?
    pub reduced: bool,
}

/// How the loop goes over the array.
struct Sweep<'a> {
    around: &'a Loop,
    /// The array.
    array: Variable,
    /// What each pass writes.
    written: Selection,
    /// Along which axis, of `written`, it goes on from pass to pass.
    along: usize,
    /// The first position, if it is not 0, and the end; none where all elements are met.
    range: Option<(Option<Temp>, Option<Temp>, &'a Block)>,
    /// Does it go over the elements themselves, `for row in x`, not over their positions?
    rows: bool,
}

impl<'a> BodyTrace<'a> {
    /// The op that an event tells of, and its block.
    pub(super) fn op_of(&self, event: &Event) -> Option<(&'a Block, &'a Op)> {
        let block = &self.body.blocks[event.block.index()];
        let before: usize = self.body.blocks[..event.block.index()].iter().map(|block| block.ops.len()).sum();
        let op = (event.op as usize).checked_sub(before + 1).and_then(|i| block.ops.get(i))?;
        Some((block, op))
    }

    /// What the index of a store, or of one step of a derivation, takes.
    pub fn selection(&self, event: EventId) -> Option<Selection> {
        let (block, op) = self.op_of(self.event(event))?;
        match op.kind {
            OpKind::Index(_, index) | OpKind::SetItem { index, .. } => selection(block, index),
            _ => None,
        }
    }

    /// Is none of the names that the selection goes by bound anew between two ops of the body?
    pub fn holds_between(&self, selection: &Selection, from: u32, to: u32) -> bool {
        selection.axes.iter().all(|axis| match axis {
            Axis::Name(local) => {
                let mut number = 0;
                self.body.blocks.iter().flat_map(|block| &block.ops).all(|op| {
                    number += 1;
                    !(from..=to).contains(&number) || !matches!(op.kind, OpKind::Store(stored, _) if stored == *local)
                })
            }
            Axis::Stretch => false,
            _ => true,
        })
    }

    /// Does the write, which a loop makes to one part of an array after the other, read what the loop has overwritten by
    /// then, as if it were still what it was before?
    pub fn overtaken(&self, write: EventId) -> Option<Overtaken> {
        let event = self.event(write);
        let (block, op) = self.op_of(event)?;
        if event.maybe {
            return None;
        }
        let (target, operator, operand) = updated(block, op)?;
        if !matches!(operator, BinOp::Add | BinOp::Sub | BinOp::Mult | BinOp::Div) {
            return None;
        }
        let EventKind::Written { value, .. } = event.kind else { return None };
        let written = self.array(value)?;
        let loops = self.loops_around(event.block);
        let around = loops.last().filter(|around| self.is_in_each_pass(around, event.block))?;
        let sweep = self.sweep(around, block, op, target)?;
        let whole = match sweep.rows {
            true => self.array(self.derivation(value)?.source)?,
            false => written,
        };
        if whole.evidence < Evidence::Likely {
            return None;
        }
        let reads = Reads { trace: self, block, sweep: &sweep, event, written };
        reads.find(operand, operator)
    }

    /// How the loop goes over the array of which the store writes a part.
    fn sweep<'l>(&self, around: &'l Loop, block: &'a Block, op: &'a Op, target: Temp) -> Option<Sweep<'l>>
    where
        'a: 'l,
    {
        let (obj, index) = match op.kind {
            OpKind::SetItem { obj, index, .. } => (obj, Some(index)),
            _ => (target, None),
        };
        let part = match index {
            Some(index) => selection(block, index)?,
            None => Selection { axes: SmallVec::new(), last: false },
        };
        let array = variable(block, obj)?;
        if let ((local, true), false) = ((array.0, array.1.is_empty()), part.last)
            && let Some(whole) = self.elements_of(around, local)
        {
            // `for row in x: row[…] -= …`
            let mut written = part;
            written.axes.insert(0, Axis::Name(local));
            return Some(Sweep { around, array: whole, written, along: 0, range: None, rows: true });
        }
        index?;
        let mut moving = part.axes.iter().enumerate().filter_map(|(i, axis)| match *axis {
            Axis::Name(local) if self.binds_in(around, local) => Some((i, local)),
            _ => None,
        });
        let ((along, step), None) = (moving.next()?, moving.next()) else { return None };
        if self.binds_in(around, array.0) {
            return None;
        }
        let range = self.range_of(around, step)?;
        Some(Sweep { around, array, written: part, along, range, rows: false })
    }

    /// The variable whose elements the loop binds the name to, all of them in order: `for row in x`.
    fn elements_of(&self, around: &Loop, local: Local) -> Option<Variable> {
        let (source, place) = self.bound_by(around, local, true)?;
        let (block, iterable) = source;
        match (&made(block, iterable)?.kind, place) {
            (OpKind::Call(callee, args), Some(1)) if self.is_builtin(block, *callee, "enumerate") => {
                args.first().and_then(|arg| variable(block, arg.value))
            }
            (_, None) => variable(block, iterable),
            _ => None,
        }
    }

    /// The range that the loop takes the name through: none where these are the positions of all elements of something.
    #[allow(clippy::type_complexity, reason = "the two ends of a range, and where they are computed")]
    pub(super) fn range_of(
        &self,
        around: &Loop,
        local: Local,
    ) -> Option<Option<(Option<Temp>, Option<Temp>, &'a Block)>> {
        let ((block, iterable), place) = self.bound_by(around, local, false)?;
        let OpKind::Call(callee, args) = &made(block, iterable)?.kind else { return None };
        match (&args[..], place) {
            ([_], Some(0)) if self.is_builtin(block, *callee, "enumerate") => Some(None),
            ([stop], None) if self.is_builtin(block, *callee, "range") => Some(Some((None, Some(stop.value), block))),
            ([start, stop], None) if self.is_builtin(block, *callee, "range") => {
                Some(Some((Some(start.value), Some(stop.value), block)))
            }
            _ => None,
        }
    }

    pub(super) fn is_builtin(&self, block: &Block, callee: Temp, name: &str) -> bool {
        match made(block, callee).map(|op| &op.kind) {
            Some(OpKind::Load(local)) => {
                let info = &self.body.locals[local.index()];
                info.kind == LocalKind::Builtin && self.module.names.text(info.name) == name
            }
            _ => false,
        }
    }

    /// The iterable that the loop, and nothing else in it, takes the name from; and which of several names it is.
    /// (`array`: it is one, so that an in-place operator leaves it the same object.)
    #[allow(clippy::type_complexity, reason = "a temp with its block, and a position")]
    pub(super) fn bound_by(
        &self,
        around: &Loop,
        local: Local,
        array: bool,
    ) -> Option<((&'a Block, Temp), Option<i32>)> {
        let stays = |block: &Block, value: Temp| {
            array && matches!(made(block, value).map(|op| &op.kind), Some(OpKind::InPlace(..)))
        };
        let mut inside = self.stores_of(local).filter(|&(id, block, value)| around.holds(id) && !stays(block, value));
        let ((_, block, value), None) = (inside.next()?, inside.next()) else { return None };
        let (item, place) = match made(block, value)?.kind {
            OpKind::Unpack { value, index, total: 2, starred: false } => (value, Some(index)),
            _ => (value, None),
        };
        let OpKind::Iterate(iterator) = made(block, item)?.kind else { return None };
        let OpKind::Load(iterator) = made(block, iterator)?.kind else { return None };
        if self.body.locals[iterator.index()].kind != LocalKind::Synthetic {
            return None;
        }
        // One inner loop's variable is none of this loop's.
        let own = around.head() == self.head_of(iterator)?;
        let mut stores = self.stores_of(iterator);
        let ((_, block, iterable), None) = (stores.next()?, stores.next()) else { return None };
        own.then_some(((block, iterable), place))
    }

    /// The head of the `for` that has this iterator.
    fn head_of(&self, iterator: Local) -> Option<BlockId> {
        let loads =
            |block: &Block| matches!(block.ops.last().map(|op| &op.kind), Some(OpKind::Load(l)) if *l == iterator);
        (0..self.body.blocks.len() as u32).map(BlockId).find(|id| loads(&self.body.blocks[id.index()]))
    }

    fn stores_of(&self, local: Local) -> impl Iterator<Item = (BlockId, &'a Block, Temp)> {
        let body = self.body;
        (0..body.blocks.len() as u32).map(BlockId).flat_map(move |id| {
            let block = &body.blocks[id.index()];
            block.ops.iter().filter_map(move |op| match op.kind {
                OpKind::Store(stored, value) if stored == local => Some((id, block, value)),
                _ => None,
            })
        })
    }
}

/// The search for what an operand reads.
struct Reads<'t, 'a> {
    trace: &'t BodyTrace<'a>,
    block: &'a Block,
    sweep: &'t Sweep<'t>,
    event: &'a Event,
    written: &'a Array,
}

impl Reads<'_, '_> {
    fn find(&self, operand: Temp, operator: BinOp) -> Option<Overtaken> {
        if matches!(operator, BinOp::Sub | BinOp::Div)
            && let Some(op) = made(self.block, operand)
            && let Some(read) = self.reduction(op)
        {
            return Some(read);
        }
        let mut found = None;
        let mut stack: SmallVec<[Temp; 8]> = smallvec::smallvec![operand];
        for _ in 0..MAX_PARTS {
            let Some(temp) = stack.pop() else { return found };
            let op = made(self.block, temp)?;
            match &op.kind {
                OpKind::Const(_) => {}
                OpKind::Load(local) if self.moves(*local) => return None,
                OpKind::Load(local) => found = found.or_else(|| self.by_name(*local, op)),
                OpKind::Index(obj, index) => {
                    if let Some(read) = self.in_place(*obj, *index, op) {
                        found = found.or(read);
                    } else if self.mentions_step(temp) {
                        return None;
                    }
                }
                OpKind::Binary(_, left, right) => stack.extend([*left, *right]),
                OpKind::Unary(_, operand) => stack.push(*operand),
                // What is computed may be another thing in each pass.
                _ if self.mentions_step(temp) => return None,
                _ => {}
            }
        }
        None
    }

    /// Is the name bound in the loop?
    fn moves(&self, local: Local) -> bool {
        self.trace.binds_in(self.sweep.around, local)
    }

    /// Does the expression read a name that is bound in the loop, or the array itself?
    fn mentions_step(&self, temp: Temp) -> bool {
        let mut stack: SmallVec<[Temp; 8]> = smallvec::smallvec![temp];
        for _ in 0..MAX_PARTS {
            let Some(temp) = stack.pop() else { return false };
            let Some(op) = made(self.block, temp) else { return true };
            match op.kind {
                OpKind::Load(local) if self.moves(local) || local == self.sweep.array.0 => return true,
                _ => stack.extend(uses(&op.kind)),
            }
        }
        true
    }

    /// A name bound outside of the loop to a part that the loop overwrites.
    fn by_name(&self, local: Local, op: &Op) -> Option<Overtaken> {
        let trace = self.trace;
        let value = trace.iter().find_map(|(_, event)| match event.kind {
            EventKind::Read { value, via: Some(via), .. } if via == local && event.stmt == self.event.stmt => {
                Some(value)
            }
            _ => None,
        })?;
        let array = trace.array(value)?;
        // (An element that is written in place is an array; so is what is taken by a slice.)
        let evident = array.evidence >= Evidence::Likely || self.sweep.rows;
        let shares = array.bufs.iter().any(|buf| self.written.bufs.contains(buf));
        if !evident || !shares || trace.strays(array) {
            return None;
        }
        let part = self.part(value)?;
        self.is_hit(&part, false).then_some(Overtaken { read: op.span, name: Some(local), reduced: false })
    }

    /// The part of the array that a name's value was taken as, by one index.
    fn part(&self, value: ValueId) -> Option<Selection> {
        let chain = self.trace.chain(value);
        let [link] = chain[..] else { return None };
        let (block, op) = self.trace.op_of(self.trace.event(link.event))?;
        let OpKind::Index(obj, index) = op.kind else { return None };
        let own = link.how == How::Slice && variable(block, obj)? == self.sweep.array;
        own.then(|| selection(block, index)).flatten()
    }

    /// An index on the array itself: a part that the loop overwrites, or none; `None` if it is another array.
    fn in_place(&self, obj: Temp, index: Temp, op: &Op) -> Option<Option<Overtaken>> {
        if variable(self.block, obj)? != self.sweep.array {
            return None;
        }
        let part = selection(self.block, index)?;
        if part.axes.iter().any(|axis| matches!(axis, Axis::Name(local) if self.moves(*local))) {
            // What this very pass writes.
            return (part == self.sweep.written).then_some(None);
        }
        let read = Overtaken { read: op.span, name: None, reduced: false };
        Some(self.is_hit(&part, false).then_some(read))
    }

    /// `x.sum()`, `np.max(x)`: over what the loop writes.
    fn reduction(&self, op: &Op) -> Option<Overtaken> {
        let names = &self.trace.module.names;
        let (of, args): (Temp, &[Arg]) = match &op.kind {
            OpKind::Method { obj, name, args } if reduces(names.text(*name)) => match variable(self.block, *obj) {
                // `np.sum(x)`
                Some((local, path)) if path.iter().all(|&sym| names.text(sym) == "linalg") && self.is_module(local) => {
                    (args.first()?.value, args)
                }
                _ => (*obj, args),
            },
            OpKind::Call(callee, args)
                if ["sum", "max", "min"].iter().any(|name| self.trace.is_builtin(self.block, *callee, name)) =>
            {
                (args.first()?.value, args)
            }
            _ => return None,
        };
        if args.iter().any(|arg| arg.value != of && self.mentions_step(arg.value)) {
            return None;
        }
        let part = match made(self.block, of)?.kind {
            OpKind::Index(obj, index) if variable(self.block, obj)? == self.sweep.array => {
                selection(self.block, index)?
            }
            _ if variable(self.block, of)? == self.sweep.array => Selection { axes: SmallVec::new(), last: false },
            _ => return None,
        };
        let moves = part.axes.iter().any(|axis| matches!(axis, Axis::Name(local) if self.moves(*local)));
        (!moves && self.is_hit(&part, true)).then_some(Overtaken { read: op.span, name: None, reduced: true })
    }

    fn is_module(&self, local: Local) -> bool {
        matches!(self.trace.body.locals[local.index()].kind, LocalKind::Global(_))
            && matches!(self.trace.module.names.text(self.trace.body.locals[local.index()].name), "np" | "numpy")
    }

    /// Does a pass of the loop, other than the last one, certainly overwrite some of the part? `reduced`: the part is
    /// read as a whole, so that it has to lie along all of the way.
    fn is_hit(&self, part: &Selection, reduced: bool) -> bool {
        let written = &self.sweep.written;
        if part.last != written.last && !part.axes.is_empty() {
            return false;
        }
        let count = part.axes.len().max(written.axes.len());
        // Aligned at the front, or at the back.
        let at = |axes: &[Axis], i: usize| match written.last {
            true => (i + axes.len()).checked_sub(count).map_or(Axis::All, |i| axes[i]),
            false => axes.get(i).copied().unwrap_or(Axis::All),
        };
        let along = if written.last { self.sweep.along + count - written.axes.len() } else { self.sweep.along };
        (0..count).all(|i| match (at(&written.axes, i), at(&part.axes, i)) {
            (_, Axis::All) if i == along => reduced,
            (_, position) if i == along => !reduced && self.is_passed(position),
            (Axis::All, _) | (_, Axis::All) => true,
            (a, b) => a == b && a != Axis::Stretch,
        })
    }

    /// Does the loop come to the position, and go on?
    fn is_passed(&self, position: Axis) -> bool {
        let Some((start, stop, block)) = self.sweep.range else {
            return matches!(position, Axis::At(0..) | Axis::Name(_) | Axis::Stretch);
        };
        let start = start.map(|start| position_of(block, start));
        let mentions = |local: Local| {
            let mut stack: SmallVec<[Temp; 8]> = stop.into_iter().collect();
            while let Some(temp) = stack.pop() {
                match made(block, temp).map(|op| &op.kind) {
                    Some(OpKind::Load(loaded)) if *loaded == local => return true,
                    Some(kind) => stack.extend(uses(kind)),
                    None => return true,
                }
            }
            false
        };
        let end = stop.and_then(|stop| position_of(block, stop));
        match (position, start) {
            (Axis::At(n @ 0..), start) => {
                let begins = match start {
                    None => true,
                    Some(Some(Axis::At(first))) => (0..=n).contains(&first),
                    Some(_) => false,
                };
                begins && !matches!(end, Some(Axis::At(end)) if end <= n + 1)
            }
            (Axis::Name(name), None | Some(Some(Axis::At(0)))) => !mentions(name),
            (Axis::Name(name), Some(Some(Axis::Name(first)))) => name == first && !mentions(name),
            _ => false,
        }
    }
}

/// Is it a function or method that makes one number of many?
pub(super) fn reduces(name: &str) -> bool {
    matches!(
        name,
        "sum"
            | "mean"
            | "max"
            | "min"
            | "amax"
            | "amin"
            | "std"
            | "var"
            | "median"
            | "norm"
            | "ptp"
            | "nansum"
            | "nanmean"
            | "nanmax"
            | "nanmin"
            | "nanstd"
            | "average"
    )
}

/// The part that is updated, the operator and the operand: of `x[i] op= v`, `x op= v`, and of `x[i] = x[i] op v`.
fn updated(block: &Block, op: &Op) -> Option<(Temp, BinOp, Temp)> {
    match op.kind {
        OpKind::InPlace(operator, target, operand) => Some((target, operator, operand)),
        OpKind::SetItem { obj, index, value, .. } => match made(block, value)?.kind {
            OpKind::InPlace(operator, target, operand) => Some((target, operator, operand)),
            OpKind::Binary(operator, left, right) => {
                let taken = |temp: Temp| match made(block, temp).map(|op| &op.kind) {
                    Some(OpKind::Index(from, at)) => {
                        variable(block, *from).is_some()
                            && variable(block, *from) == variable(block, obj)
                            && selection(block, *at).is_some()
                            && selection(block, *at) == selection(block, index)
                    }
                    // `row[:] = row - ref`
                    Some(OpKind::Load(_)) => {
                        variable(block, temp) == variable(block, obj)
                            && selection(block, index).is_some_and(|all| all.axes.iter().all(|axis| *axis == Axis::All))
                    }
                    _ => false,
                };
                taken(left).then_some((left, operator, right))
            }
            _ => None,
        },
        _ => None,
    }
}

/// The op that made a temp.
pub(super) fn made(block: &Block, temp: Temp) -> Option<&Op> {
    block.ops.iter().find(|op| op.dest == Some(temp))
}

/// The variable that a temp was read from.
pub(super) fn variable(block: &Block, temp: Temp) -> Option<Variable> {
    let mut path = SmallVec::new();
    let mut temp = temp;
    loop {
        match made(block, temp)?.kind {
            OpKind::Load(local) => return Some((local, path)),
            OpKind::Attr(obj, name) => {
                path.push(name);
                temp = obj;
            }
            _ => return None,
        }
    }
}

/// What an index takes; None where that is not to be seen.
pub(super) fn selection(block: &Block, index: Temp) -> Option<Selection> {
    let single = [(index, false)];
    let items: &[(Temp, bool)] = match &made(block, index)?.kind {
        OpKind::Display(Display::Tuple, items) => items,
        _ => &single,
    };
    let mut axes = SmallVec::new();
    let mut last = false;
    for (i, &(item, starred)) in items.iter().enumerate() {
        match made(block, item)?.kind {
            _ if starred => return None,
            OpKind::Const(Const::Ellipsis) if i == 0 => last = true,
            OpKind::Const(Const::Ellipsis) if i + 1 == items.len() => {}
            OpKind::Slice(None, None, None) => axes.push(Axis::All),
            OpKind::Slice(..) => axes.push(Axis::Stretch),
            _ => axes.push(position_of(block, item)?),
        }
    }
    // Axes that nothing is taken of say nothing.
    if last {
        let lead = axes.iter().take_while(|axis| **axis == Axis::All).count();
        axes.drain(..lead);
    } else {
        while axes.last() == Some(&Axis::All) {
            axes.pop();
        }
    }
    Some(Selection { last: last && !axes.is_empty(), axes })
}

fn position_of(block: &Block, temp: Temp) -> Option<Axis> {
    match made(block, temp)?.kind {
        OpKind::Const(Const::Int(n)) => Some(Axis::At(n)),
        OpKind::Const(Const::Str(name)) => Some(Axis::Field(name)),
        OpKind::Load(local) => Some(Axis::Name(local)),
        OpKind::Unary(UnaryOp::USub, operand) => match made(block, operand)?.kind {
            OpKind::Const(Const::Int(n)) => n.checked_neg().map(Axis::At),
            _ => None,
        },
        _ => None,
    }
}
