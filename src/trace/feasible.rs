//! Can it happen at all? A fact that the analysis joined over all paths may hold on none of them: where the array is
//! copied under the same flag under which it is written, for one.

use rustc_hash::FxHashSet;

use super::BodyTrace;
use crate::ir::{Block, BlockId, CmpOp, Cond, Const, Local, LocalKind, Op, OpKind, Sym, Temp, Terminator};

/// A walk gives up after this many steps, and says that it can.
const MAX_STATES: usize = 4_000;
/// So many names are followed.
const MAX_NAMES: usize = 64;
/// So many flags are remembered on one path.
const MAX_FLAGS: usize = 24;

/// What a test asks of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Asked {
    /// Whether it is true.
    Truth,
    /// Whether it is None.
    None,
    /// Whether this attribute of it is true.
    Attribute(Sym),
    /// Whether this attribute of it is None.
    NoAttribute(Sym),
    /// Whether it equals this number.
    Equal(i64),
    /// Whether it equals this text.
    Text(Sym),
    /// Whether it is less than this number.
    Less(i64),
    /// Whether it is greater than this number.
    Greater(i64),
}

/// What a path has found out about a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Flag {
    local: Local,
    asked: Asked,
    holds: bool,
}

impl Flag {
    /// Can the two not both be so?
    fn contradicts(&self, other: &Flag) -> bool {
        if self.local != other.local {
            return false;
        }
        let two_values = match (self.asked, other.asked) {
            (Asked::Equal(a), Asked::Equal(b)) => a != b,
            (Asked::Text(a), Asked::Text(b)) => a != b,
            _ => false,
        };
        self.asked == other.asked && self.holds != other.holds || two_values && self.holds && other.holds
    }
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
        let asked = self.asked_again();
        let later = self.asked_later(&asked);
        let mut seen: FxHashSet<Path> = FxHashSet::default();
        let mut queue = vec![start];
        while let Some(mut path) = queue.pop() {
            // What is not asked about any more makes no difference.
            path.flags.retain(|flag| later[path.block.index()] & bit(&asked, flag.local) != 0);
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
                if let OpKind::SetAttr { name, .. } | OpKind::DelAttr(_, name) = op.kind {
                    let is_it = |asked| matches!(asked, Asked::Attribute(of) | Asked::NoAttribute(of) if of == name);
                    path.flags.retain(|flag| !is_it(flag.asked));
                }
                if let OpKind::Store(local, value) = op.kind {
                    path.flags.retain(|flag| flag.local != local);
                    let known = constant(block, value).filter(|_| asked.contains(&local));
                    path.flags.extend(known.map(|(asked, holds)| Flag { local, asked, holds }));
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
                        if !skipped && self.follows(&mut next, block, cond, holds, fixed, &asked) {
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

    /// The names that are asked about more than once, or that are asked about and bound to a constant: what a path finds
    /// out about others, it need not remember.
    fn asked_again(&self) -> Vec<Local> {
        let mut asked: Vec<Local> = Vec::new();
        for block in &self.body.blocks {
            if let Terminator::Branch { cond, .. } = &block.term {
                asked.extend(flag_of(block, cond, true).map(|flag| flag.local));
            }
            asked.extend(block.ops.iter().filter_map(|op| match op.kind {
                OpKind::Store(local, value) => constant(block, value).map(|_| local),
                _ => None,
            }));
        }
        asked.sort_unstable();
        let mut again: Vec<Local> = asked.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
        again.dedup();
        again.truncate(MAX_NAMES);
        again
    }

    /// For each block which of these names are asked about in it, or behind it: a set of their numbers.
    fn asked_later(&self, asked: &[Local]) -> Vec<u64> {
        let own = |block: &Block| match &block.term {
            Terminator::Branch { cond, .. } => flag_of(block, cond, true).map_or(0, |flag| bit(asked, flag.local)),
            _ => 0,
        };
        let mut later: Vec<u64> = self.body.blocks.iter().map(own).collect();
        let mut changed = true;
        while changed {
            changed = false;
            for i in (0..later.len()).rev() {
                let next = self.body.followers(BlockId(i as u32));
                let all = next.iter().fold(later[i], |all, next| all | later[next.index()]);
                changed |= all != later[i];
                later[i] = all;
            }
        }
        later
    }

    /// Is the block the head of a `for` loop?
    fn is_for(&self, block: &Block, cond: &Cond) -> bool {
        let iterator = |local: Local| self.body.locals[local.index()].kind == LocalKind::Synthetic;
        *cond == Cond::Unknown
            && matches!(block.ops.last(), Some(Op { kind: OpKind::Load(local), .. }) if iterator(*local))
    }

    /// Takes in what a branch says. False: what is known contradicts it.
    fn follows(
        &self,
        path: &mut Path,
        block: &Block,
        cond: &Cond,
        holds: bool,
        fixed: &[Local],
        asked: &[Local],
    ) -> bool {
        let is_fixed = |temp| loaded(block, temp).is_some_and(|local| fixed.contains(&local));
        match *cond {
            Cond::IsInstance(temp, types) => {
                let types = self.body.temps.get(types.index()).map_or("", |&span| self.quote(span));
                path.bound &= !(holds && is_fixed(temp) && !types.contains("rray"));
            }
            // `if y is x: y = y.copy()`: else it is another one already.
            Cond::Compare(op @ (CmpOp::Is | CmpOp::IsNot), left, right) => {
                path.bound &= (op == CmpOp::Is) == holds || !(is_fixed(left) || is_fixed(right));
            }
            _ => {}
        }
        let Some(flag) = flag_of(block, cond, holds).filter(|flag| asked.contains(&flag.local)) else {
            return true;
        };
        if path.flags.iter().any(|known| known.contradicts(&flag)) {
            return false;
        }
        if path.flags.len() < MAX_FLAGS && !path.flags.contains(&flag) {
            path.flags.push(flag);
            path.flags.sort_unstable();
        }
        true
    }
}

/// The set of one name, by its place among those that are asked about.
fn bit(asked: &[Local], local: Local) -> u64 {
    asked.iter().position(|&other| other == local).map_or(0, |at| 1 << at)
}

/// What a constant says of the name that it is bound to: of its being None, or of its truth.
fn constant(block: &Block, temp: Temp) -> Option<(Asked, bool)> {
    block.ops.iter().find(|op| op.dest == Some(temp)).and_then(|op| match op.kind {
        OpKind::Const(Const::Bool(holds)) => Some((Asked::Truth, holds)),
        OpKind::Const(Const::None) => Some((Asked::None, true)),
        _ => None,
    })
}

/// What a branch says of a name, if it is taken where the condition holds, or where it does not.
fn flag_of(block: &Block, cond: &Cond, holds: bool) -> Option<Flag> {
    match *cond {
        Cond::Truthy(temp) => asked_of(block, temp, Asked::Truth, Asked::Attribute, holds),
        Cond::IsNone(temp) => asked_of(block, temp, Asked::None, Asked::NoAttribute, holds),
        Cond::Compare(op, left, right) => compared(block, op, left, right, holds),
        Cond::Unknown | Cond::IsInstance(..) => None,
    }
}

/// What a test of a name, or of an attribute of one, says. (That what a body calls may set attributes is left aside.)
fn asked_of(block: &Block, temp: Temp, own: Asked, attribute: fn(Sym) -> Asked, holds: bool) -> Option<Flag> {
    let op = block.ops.iter().find(|op| op.dest == Some(temp))?;
    match op.kind {
        OpKind::Load(local) => Some(Flag { local, asked: own, holds }),
        OpKind::Attr(obj, name) => loaded(block, obj).map(|local| Flag { local, asked: attribute(name), holds }),
        _ => None,
    }
}

/// What a comparison of a name with a constant says.
fn compared(block: &Block, op: CmpOp, left: Temp, right: Temp, holds: bool) -> Option<Flag> {
    let local = loaded(block, left)?;
    let value = block.ops.iter().find(|op| op.dest == Some(right)).map(|op| &op.kind)?;
    let (asked, holds) = match (op, value) {
        (CmpOp::Eq, OpKind::Const(Const::Int(n))) => (Asked::Equal(*n), holds),
        (CmpOp::NotEq, OpKind::Const(Const::Int(n))) => (Asked::Equal(*n), !holds),
        (CmpOp::Eq, OpKind::Const(Const::Str(text))) => (Asked::Text(*text), holds),
        (CmpOp::NotEq, OpKind::Const(Const::Str(text))) => (Asked::Text(*text), !holds),
        (CmpOp::Lt, OpKind::Const(Const::Int(n))) => (Asked::Less(*n), holds),
        (CmpOp::GtE, OpKind::Const(Const::Int(n))) => (Asked::Less(*n), !holds),
        (CmpOp::Gt, OpKind::Const(Const::Int(n))) => (Asked::Greater(*n), holds),
        (CmpOp::LtE, OpKind::Const(Const::Int(n))) => (Asked::Greater(*n), !holds),
        _ => return None,
    };
    Some(Flag { local, asked, holds })
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
