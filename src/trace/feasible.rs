//! Can it happen at all? A fact that the analysis joined over all paths may hold on none of them: where the array is
//! copied under the same flag under which it is written, for one.

use rustc_hash::FxHashSet;

use super::BodyTrace;
use crate::ir::{Block, BlockId, CmpOp, Cond, Const, Local, LocalKind, Op, OpKind, Temp, Terminator};

/// A walk gives up after this many steps, and says that it can.
const MAX_STATES: usize = 4_000;
/// So many flags are remembered on one path.
const MAX_FLAGS: usize = 12;

/// What a path has found out about a name: its truth, or whether it is None.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Flag {
    local: Local,
    none: bool,
    holds: bool,
}

/// A state of the walk: where it is, whether the name is bound as asked, and what is known of the flags.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Path {
    block: BlockId,
    /// Was it come to from outside, if it is the head of a loop?
    entered: bool,
    bound: bool,
    flags: Vec<Flag>,
}

impl Path {
    fn to(&self, next: BlockId) -> Path {
        // Lowering makes a loop's head before all that lies inside.
        Path { block: next, entered: self.block < next, ..self.clone() }
    }
}

impl BodyTrace<'_> {
    /// Does a path lead from the binding of a name (the op `from`; the start of the body, if None) to the op `to`, on
    /// which none of the names `fixed` is bound anew, and which no flag contradicts that was set or tested on the way?
    /// A loop over something is taken to run at least once.
    pub fn feasible(&self, from: Option<u32>, to: u32, fixed: &[Local]) -> bool {
        let start = Path { block: BlockId(0), entered: true, bound: from.is_none(), flags: Vec::new() };
        let mut bases = Vec::with_capacity(self.body.blocks.len());
        let mut count = 0;
        for block in &self.body.blocks {
            bases.push(count);
            count += block.ops.len() as u32;
        }
        let mut seen: FxHashSet<Path> = FxHashSet::default();
        let mut queue = vec![start];
        while let Some(mut path) = queue.pop() {
            if !seen.insert(path.clone()) {
                continue;
            }
            if seen.len() > MAX_STATES {
                return true;
            }
            let block = &self.body.blocks[path.block.index()];
            // An exception may come before all that the block does, or after it.
            queue.extend(block.except.map(|except| path.to(except)));
            let base = bases[path.block.index()];
            for (number, op) in (base + 1..).zip(&block.ops) {
                if number == to && path.bound {
                    return true;
                }
                if let OpKind::Store(local, value) = op.kind {
                    path.flags.retain(|flag| flag.local != local);
                    path.flags.extend(constant(block, value).map(|(none, holds)| Flag { local, none, holds }));
                    // (`x += 1` gives an array back to its name.)
                    path.bound &= !fixed.contains(&local) || in_place(block, value);
                }
                path.bound |= from == Some(number);
            }
            queue.extend(block.except.map(|except| path.to(except)));
            match &block.term {
                Terminator::Branch { cond, then, other } => {
                    for (next, holds) in [(*then, true), (*other, false)] {
                        let mut next = path.to(next);
                        let skipped = !holds && path.entered && self.is_for(block, cond);
                        if !skipped && self.follows(&mut next, block, cond, holds, fixed) {
                            queue.push(next);
                        }
                    }
                }
                Terminator::Goto(next) => queue.push(path.to(*next)),
                Terminator::Switch(all) => queue.extend(all.iter().map(|&next| path.to(next))),
                Terminator::Missing | Terminator::Return(_) | Terminator::Raise => {}
            }
        }
        false
    }

    /// Is the block the head of a `for` loop?
    fn is_for(&self, block: &Block, cond: &Cond) -> bool {
        let iterator = |local: Local| self.body.locals[local.index()].kind == LocalKind::Synthetic;
        *cond == Cond::Unknown
            && matches!(block.ops.last(), Some(Op { kind: OpKind::Load(local), .. }) if iterator(*local))
    }

    /// Takes in what a branch says. False: what is known contradicts it.
    fn follows(&self, path: &mut Path, block: &Block, cond: &Cond, holds: bool, fixed: &[Local]) -> bool {
        let is_fixed = |temp| loaded(block, temp).is_some_and(|local| fixed.contains(&local));
        let flag = match *cond {
            Cond::Truthy(temp) => loaded(block, temp).map(|local| Flag { local, none: false, holds }),
            Cond::IsNone(temp) => loaded(block, temp).map(|local| Flag { local, none: true, holds }),
            Cond::IsInstance(temp, types) => {
                let types = self.body.temps.get(types.index()).map_or("", |&span| self.quote(span));
                path.bound &= !(holds && is_fixed(temp) && !types.contains("rray"));
                None
            }
            // `if y is x: y = y.copy()`: else it is another one already.
            Cond::Compare(op @ (CmpOp::Is | CmpOp::IsNot), left, right) => {
                path.bound &= (op == CmpOp::Is) == holds || !(is_fixed(left) || is_fixed(right));
                None
            }
            _ => None,
        };
        let Some(flag) = flag else { return true };
        if let Some(known) = path.flags.iter().find(|known| known.local == flag.local && known.none == flag.none) {
            return known.holds == flag.holds;
        }
        if path.flags.len() < MAX_FLAGS {
            path.flags.push(flag);
            path.flags.sort_unstable();
        }
        true
    }
}

/// What a constant says of the name that it is bound to: of its being None, or of its truth.
fn constant(block: &Block, temp: Temp) -> Option<(bool, bool)> {
    block.ops.iter().find(|op| op.dest == Some(temp)).and_then(|op| match op.kind {
        OpKind::Const(Const::Bool(holds)) => Some((false, holds)),
        OpKind::Const(Const::None) => Some((true, true)),
        _ => None,
    })
}

/// Is the temp the result of an augmented assignment's operator?
fn in_place(block: &Block, temp: Temp) -> bool {
    block.ops.iter().any(|op| op.dest == Some(temp) && matches!(op.kind, OpKind::InPlace(..)))
}

/// The name whose value the temp is.
fn loaded(block: &Block, temp: Temp) -> Option<Local> {
    block.ops.iter().find(|op| op.dest == Some(temp)).and_then(|op| match op.kind {
        OpKind::Load(local) => Some(local),
        _ => None,
    })
}
