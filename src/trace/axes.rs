//! How many axes has an array, as its uses tell, and is a part of it an array again, not a number?

use smallvec::SmallVec;

use super::sweep::{Variable, made, reduces, variable};
use super::{BodyTrace, EventId, EventKind, How};
use crate::domain::{Evidence, Owner, ValueId};
use crate::ir::{
    ArgKind, Block, BlockId, Body, Const, Display, Local, LocalInfo, LocalKind, Op, OpKind, Temp, UnaryOp,
};

/// Names are followed through so many bindings, and indices of indices.
const MAX_DEPTH: usize = 6;
/// An index is followed through so many of its parts.
const MAX_PARTS: usize = 24;

impl<'a> BodyTrace<'a> {
    /// Is the value a view that a basic index took of an array, and an array itself: not one of its numbers, and no part of
    /// a list? Names that are used for positions (`i`, `row`), and those that all callers pass integers for, are taken for
    /// integers.
    pub fn is_part_of_rows(&self, value: ValueId) -> bool {
        let Some(array) = self.array(value).filter(|array| array.owner != Owner::Owner) else { return false };
        let chain = self.chain(value);
        let Some(link) = chain.first() else { return false };
        let Some((block, op)) = self.op_of(self.event(link.event)) else { return false };
        let OpKind::Index(obj, index) = op.kind else { return false };
        match link.how {
            How::Slice => {}
            How::MaybeCopy if self.is_basic(block, index) => {}
            _ => return false,
        }
        // A row of a matrix of SymPy is a copy.
        if !array.certain() && self.module.names.get("sympy").is_some() {
            return false;
        }
        let source = self.array(link.source);
        let likely = |array: &crate::domain::Array| array.evidence >= Evidence::Likely;
        // (What is taken of a part of an array is taken of an array, too.)
        let mut sources = chain.iter().filter_map(|link| self.array(link.source));
        if !likely(array) && !sources.any(likely) && !self.is_evident(block, obj, 0) {
            return false;
        }
        let known = source.and_then(|source| source.ndim()).unwrap_or(0);
        array.certain()
            || stretches(block, index)
            || known.max(self.axes(self.body, block, obj, 0)) > positions(block, index)
    }

    /// Has the array whose elements are exchanged at the event two axes or more?
    pub fn exchanges_rows(&self, event: EventId) -> bool {
        let event = self.event(event);
        let EventKind::Shuffled { value } = event.kind else { return false };
        let (Some(array), Some((block, op))) = (self.array(value), self.op_of(event)) else { return false };
        let (OpKind::Call(_, args) | OpKind::Method { args, .. }) = &op.kind else { return false };
        let Some(arg) = args.first() else { return false };
        let evident = array.evidence >= Evidence::Likely || self.is_evident(block, arg.value, 0);
        evident && array.ndim().unwrap_or_else(|| self.axes(self.body, block, arg.value, 0)) > 1
    }

    /// How many axes an argument has at least, as its other uses in the body tell: a temp of the block.
    pub fn axes_of_argument(&self, block: BlockId, temp: Temp) -> usize {
        self.axes(self.body, &self.body.blocks[block.index()], temp, 0)
    }

    /// Does the op at the event take a part by an index that is made of slices, integers, and what is taken for integers?
    pub fn takes_by_position(&self, event: EventId) -> bool {
        let Some((block, op)) = self.op_of(self.event(event)) else { return false };
        matches!(op.kind, OpKind::Index(_, index) if self.is_basic(block, index))
    }

    /// Is the index made of slices, integers, and what is taken for integers?
    fn is_basic(&self, block: &Block, index: Temp) -> bool {
        let mut stack: SmallVec<[Temp; 8]> = smallvec::smallvec![index];
        for _ in 0..MAX_PARTS {
            let Some(temp) = stack.pop() else { return true };
            match made(block, temp).map(|op| &op.kind) {
                Some(OpKind::Const(Const::Int(_) | Const::Ellipsis | Const::None) | OpKind::Slice(..)) => {}
                Some(OpKind::Load(local)) if self.is_position(*local) => {}
                Some(OpKind::Binary(_, left, right)) => stack.extend([*left, *right]),
                Some(OpKind::Unary(UnaryOp::USub, operand)) => stack.push(*operand),
                Some(OpKind::Display(Display::Tuple, items)) if items.iter().all(|item| !item.1) => {
                    stack.extend(items.iter().map(|item| item.0));
                }
                _ => return false,
            }
        }
        false
    }

    /// Does the name stand for a position: by the custom of naming them, or since all callers pass integers?
    fn is_position(&self, local: Local) -> bool {
        names_a_position(self.name(local)) || self.witnesses.integers.contains(&(self.id, local))
    }

    /// Is the value of the temp used as only arrays are: by a slice along one of several axes, or by its shape?
    fn is_evident(&self, block: &'a Block, temp: Temp, depth: usize) -> bool {
        if depth >= MAX_DEPTH {
            return false;
        }
        let tells = |(block, op): (&Block, &Op)| match op.kind {
            OpKind::Index(_, index) | OpKind::SetItem { index, .. } => is_of_arrays(block, index),
            OpKind::Attr(_, name) => matches!(self.module.names.text(name), "shape" | "ndim" | "dtype"),
            _ => false,
        };
        let of = variable(block, temp);
        let used = of.as_ref().is_some_and(|of| {
            self.everywhere(self.body, of).any(|(body, of)| uses(body, &of).any(tells))
                || self.axes_bound(self.body, of) > 1
        });
        if used {
            return true;
        }
        // A part of an array that leaves an axis.
        let (at, temp) = match made(block, temp).map(|op| &op.kind) {
            Some(OpKind::Index(..)) => (block, temp),
            _ => match definition(self.body, block, temp) {
                Some(found) => found,
                None => return false,
            },
        };
        match made(at, temp).map(|op| &op.kind) {
            Some(OpKind::Index(obj, index)) => {
                self.is_evident(at, *obj, depth + 1)
                    && self.axes(self.body, at, *obj, depth + 1) > positions(at, *index)
            }
            _ => self.is_evident(at, temp, depth + 1),
        }
    }

    /// How many axes the value of a temp has at least, as it is used, here and where else the attribute is.
    fn axes(&self, body: &'a Body, block: &'a Block, temp: Temp, depth: usize) -> usize {
        if depth >= MAX_DEPTH {
            return 0;
        }
        let most = variable(block, temp).map_or(0, |of| self.axes_of(body, &of));
        let (at, temp) = match made(block, temp).map(|op| &op.kind) {
            Some(OpKind::Load(_)) => match definition(body, block, temp) {
                Some(found) => found,
                None => return most,
            },
            Some(OpKind::Index(..)) => (block, temp),
            _ => return most,
        };
        let above = match made(at, temp).map(|op| &op.kind) {
            Some(OpKind::Index(obj, index)) => {
                self.axes(body, at, *obj, depth + 1).saturating_sub(positions(at, *index))
            }
            Some(OpKind::Attr(..) | OpKind::Load(_)) => self.axes(body, at, temp, depth + 1),
            _ => self.axes_made(body, at, temp, depth + 1),
        };
        most.max(above)
    }

    /// How many axes the variable's array has at least, by what is done with it.
    fn axes_of(&self, body: &'a Body, of: &Variable) -> usize {
        let told = |(body, of): (&'a Body, Variable)| {
            uses(body, &of).map(|(block, op)| self.axes_told(block, op)).max().unwrap_or(0)
        };
        // Where the number of axes is asked for, each branch has its own.
        if uses(body, of).any(|(block, op)| self.asks_for_axes(block, op)) {
            return 0;
        }
        let used = self.everywhere(body, of).map(told).max().unwrap_or(0).max(self.axes_bound(body, of));
        used.max(if of.1.is_empty() { self.axes_given(body, of.0) } else { 0 })
    }

    /// How many axes the array has that a parameter is given, as the docstring says and as the calls of the file pass it.
    fn axes_given(&self, body: &Body, local: Local) -> usize {
        if !matches!(body.locals[local.index()].kind, LocalKind::Param(_)) {
            return 0;
        }
        let passed = match std::ptr::eq(body, self.body) {
            true => self.witnesses.axes.get(&(self.id, local)).copied().unwrap_or(0),
            false => 0,
        };
        let name = self.module.names.text(body.locals[local.index()].name);
        passed.max(body.docstring.map_or(0, |span| axes_documented(self.quote(span), name)))
    }

    /// How many axes have the arrays that methods of the class bind the attribute to, where that is to be seen?
    fn axes_bound(&self, body: &'a Body, of: &Variable) -> usize {
        let [name] = of.1[..] else { return 0 };
        let bound = self.everywhere(body, of).flat_map(|(body, of)| {
            let all = body.blocks.iter().flat_map(|block| block.ops.iter().map(move |op| (block, op)));
            all.filter_map(move |(block, op)| match op.kind {
                OpKind::SetAttr { obj, name: bound, value, inplace: false } if bound == name => {
                    (variable(block, obj)? == (of.0, SmallVec::new())).then_some((body, block, value))
                }
                _ => None,
            })
        });
        let axes = bound.map(|(body, block, value)| self.axes_made(body, block, value, 0));
        axes.filter(|axes| *axes > 0).min().unwrap_or(0)
    }

    /// How many axes has the array that the expression makes, as it is written: `np.zeros((n, m))`, `np.vstack(rows)`? 0: that
    /// is not to be seen.
    fn axes_made(&self, body: &'a Body, block: &'a Block, temp: Temp, depth: usize) -> usize {
        if depth >= MAX_DEPTH {
            return 0;
        }
        let again = |temp: Temp| self.axes_made(body, block, temp, depth + 1);
        let (of, name, args) = match made(block, temp).map(|op| &op.kind) {
            Some(OpKind::Load(local)) => {
                return match definition(body, block, temp) {
                    Some((at, temp)) => self.axes_made(body, at, temp, depth + 1),
                    None => self.axes_given(body, *local),
                };
            }
            Some(OpKind::Binary(_, left, right)) => return again(*left).max(again(*right)),
            // `[[1, 2], [3, 4]]`
            Some(OpKind::Display(Display::List | Display::Tuple, items)) => {
                return 1 + items.first().map_or(0, |item| again(item.0));
            }
            Some(OpKind::Method { obj, name, args }) => (Some(*obj), *name, args),
            Some(OpKind::Call(callee, args)) => match made(block, *callee).map(|op| &op.kind) {
                Some(OpKind::Load(local)) => (None, body.locals[local.index()].name, args),
                _ => return 0,
            },
            _ => return 0,
        };
        let named = |word: &str| {
            let is_it = |kind: &ArgKind| matches!(kind, ArgKind::Kw(name) if self.module.names.text(*name) == word);
            args.iter().find(|arg| is_it(&arg.kind)).map(|arg| arg.value)
        };
        let first = || args.first().filter(|arg| arg.kind == ArgKind::Pos).map(|arg| arg.value);
        let listed = |shape: Option<Temp>| match shape.and_then(|shape| made(block, shape)).map(|op| &op.kind) {
            Some(OpKind::Display(_, items)) if items.iter().all(|item| !item.1) => items.len(),
            _ => 0,
        };
        match self.module.names.text(name) {
            "zeros" | "ones" | "empty" | "full" | "random" | "random_sample" => {
                listed(named("shape").or_else(|| named("size")).or_else(first))
            }
            "rand" | "randn" => args.len(),
            "eye" | "identity" | "stack" | "vstack" | "column_stack" | "atleast_2d" | "outer" => 2,
            "dstack" => 3,
            "array" | "asarray" | "ascontiguousarray" | "zeros_like" | "ones_like" | "empty_like" => {
                first().map_or(0, again)
            }
            "copy" | "astype" => of.map_or(0, again).max(first().map_or(0, again)),
            "hstack" | "concatenate" => match first().and_then(|list| made(block, list)).map(|op| &op.kind) {
                Some(OpKind::Display(_, items)) => items.iter().map(|item| again(item.0)).max().unwrap_or(0),
                _ => 0,
            },
            "reshape" => match (args.len(), first()) {
                (1, shape) => listed(shape),
                // `np.reshape(x, (n, m))` has the shape behind the array.
                (2, Some(first)) if listed(args.get(1).map(|arg| arg.value)) > 0 && listed(Some(first)) == 0 => {
                    listed(args.get(1).map(|arg| arg.value))
                }
                (count, _) => count,
            },
            _ => listed(named("size")),
        }
    }

    /// Is it `x.ndim`, or `len(x.shape)`?
    fn asks_for_axes(&self, block: &Block, op: &Op) -> bool {
        let OpKind::Attr(_, name) = op.kind else { return false };
        let is_passed = || {
            block.ops.iter().any(|other| match &other.kind {
                OpKind::Call(_, args) => args.iter().any(|arg| Some(arg.value) == op.dest),
                _ => false,
            })
        };
        match self.module.names.text(name) {
            "ndim" => true,
            "shape" => is_passed(),
            _ => false,
        }
    }

    /// The variable in its own body, and where it is an attribute of what other bodies call by the same name: of `self`, in
    /// the methods of the class, or in other functions of the file that are no methods either; and what inner functions and
    /// lambdas make of a name of the body.
    fn everywhere<'s>(&'s self, body: &'a Body, of: &'s Variable) -> impl Iterator<Item = (&'a Body, Variable)> + 's {
        let name = body.locals[of.0.index()].name;
        let path = of.1.clone();
        let told = matches!(body.locals[of.0.index()].kind, LocalKind::Param(_)) && !path.is_empty();
        let inner = body.locals[of.0.index()].captured;
        let others = self.module.bodies.iter().filter(move |other| !std::ptr::eq(*other, body));
        let others = others.filter_map(move |other| {
            let is_peer = told && other.class == body.class && other.parent == body.parent;
            let local = match other.params.iter().find(|param| is_peer && param.name == name) {
                Some(same) => same.local,
                None if inner
                    && other.parent.is_some_and(|parent| std::ptr::eq(&self.module.bodies[parent.index()], body)) =>
                {
                    captures(other, of.0)?
                }
                None => return None,
            };
            Some((other, (local, path.clone())))
        });
        std::iter::once((body, of.clone())).chain(others)
    }

    /// How many axes the array of the variable has at least, as one of its uses tells.
    fn axes_told(&self, block: &Block, op: &Op) -> usize {
        match &op.kind {
            OpKind::Index(_, index) | OpKind::SetItem { index, .. } => match made(block, *index).map(|op| &op.kind) {
                Some(OpKind::Display(Display::Tuple, items)) if items.iter().all(|item| !item.1) => {
                    items.iter().filter(|item| takes_an_axis(block, item.0)).count()
                }
                // `a[i][j]`
                _ if takes_an_axis(block, *index) && !stretches(block, *index) => {
                    let again = block.ops.iter().any(|other| match other.kind {
                        OpKind::Index(obj, index) | OpKind::SetItem { obj, index, .. } => {
                            Some(obj) == op.dest && !is_key(block, index)
                        }
                        _ => false,
                    });
                    1 + usize::from(again)
                }
                _ => 0,
            },
            OpKind::Attr(_, name) if self.module.names.text(*name) == "shape" => shape_told(block, op),
            OpKind::Method { name, args, .. } if sums(self.module.names.text(*name)) => {
                let axis = args
                    .iter()
                    .find(|arg| matches!(arg.kind, ArgKind::Kw(name) if self.module.names.text(name) == "axis"));
                match axis.and_then(|axis| made(block, axis.value)).map(|op| &op.kind) {
                    Some(OpKind::Const(Const::Int(axis))) => usize::try_from(*axis).map_or(0, |axis| axis + 1),
                    _ => 0,
                }
            }
            _ => 0,
        }
    }
}

/// The inner body's own number for a name of the body around it.
fn captures(inner: &Body, local: Local) -> Option<Local> {
    let is_it = |info: &LocalInfo| matches!(info.kind, LocalKind::Free(outer) if outer == local);
    inner.locals.iter().position(is_it).map(|at| Local(at as u32))
}

/// How many axes a docstring says that a parameter has, in the line that begins with its name: `x : ndarray, shape (n, 2)`.
fn axes_documented(docstring: &str, name: &str) -> usize {
    let of_line = |line: &str| {
        let line = line.trim();
        let line = line.strip_prefix(":param ").or_else(|| line.strip_prefix(":type ")).unwrap_or(line);
        let rest =
            line.strip_prefix(name).filter(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))?;
        let mut told = ["2D", "2-D", "2d ", "2-d", "3D", "3-D"].iter().filter(|word| rest.contains(**word));
        let shapes = rest.split("shape").skip(1).filter_map(|after| {
            let (head, inside) = after.split_once('(')?;
            let (inside, _) = inside.split_once(')')?;
            let near = head.trim_matches(|c: char| c.is_whitespace() || matches!(c, '=' | ':')).is_empty();
            near.then(|| inside.split(',').filter(|length| !length.trim().is_empty()).count())
        });
        shapes.min().or_else(|| told.next().map(|_| 2))
    };
    docstring.lines().find_map(of_line).unwrap_or(0)
}

/// What `shape[1]`, and `h, w = shape`, say of the number of axes.
fn shape_told(block: &Block, shape: &Op) -> usize {
    let is_it = |temp: Temp| Some(temp) == shape.dest;
    let told = block.ops.iter().map(|op| match op.kind {
        OpKind::Index(obj, index) if is_it(obj) => match made(block, index).map(|op| &op.kind) {
            Some(OpKind::Const(Const::Int(axis))) => usize::try_from(*axis).map_or(0, |axis| axis + 1),
            _ => 0,
        },
        OpKind::Unpack { value, total, starred: false, .. } if is_it(value) => total as usize,
        _ => 0,
    });
    told.max().unwrap_or(0)
}

/// Does the method, or function, go over one axis of what it is given, if it is told which?
fn sums(name: &str) -> bool {
    reduces(name) || matches!(name, "argmax" | "argmin" | "argsort" | "sort" | "any" | "all" | "cumsum" | "prod")
}

/// The uses of the variable in the body: indices, stores, attributes and methods, and what functions are given it first.
fn uses<'b>(body: &'b Body, of: &Variable) -> impl Iterator<Item = (&'b Block, &'b Op)> {
    let of = of.clone();
    let all = body.blocks.iter().flat_map(|block| block.ops.iter().map(move |op| (block, op)));
    all.filter(move |(block, op)| {
        let is_it = |temp: Temp| resolved(body, block, temp).as_ref() == Some(&of);
        match &op.kind {
            OpKind::Index(obj, _) | OpKind::SetItem { obj, .. } | OpKind::Attr(obj, _) => is_it(*obj),
            OpKind::Method { obj, args, .. } => is_it(*obj) || args.first().is_some_and(|arg| is_it(arg.value)),
            _ => false,
        }
    })
}

/// The variable that a temp was read from; a name that is bound once, to another variable, stands for that.
pub(super) fn resolved(body: &Body, block: &Block, temp: Temp) -> Option<Variable> {
    let mut found = variable(block, temp)?;
    let (mut block, mut temp) = (block, temp);
    for _ in 0..MAX_DEPTH {
        let Some((at, bound)) = definition(body, block, temp) else { break };
        let Some(further) = variable(at, bound) else { break };
        found = further;
        (block, temp) = (at, bound);
    }
    Some(found)
}

/// What the name that the temp was read from is bound to, if that happens once in the body and the name is no parameter.
pub(super) fn definition<'b>(body: &'b Body, block: &Block, temp: Temp) -> Option<(&'b Block, Temp)> {
    let OpKind::Load(local) = made(block, temp)?.kind else { return None };
    if body.locals[local.index()].kind != LocalKind::Plain {
        return None;
    }
    let mut stores = body.blocks.iter().flat_map(|block| {
        block.ops.iter().filter_map(move |op| match op.kind {
            OpKind::Store(stored, value) if stored == local => Some((block, value)),
            _ => None,
        })
    });
    let ((at, value), None) = (stores.next()?, stores.next()) else { return None };
    match made(at, value)?.kind {
        // `a, b = x, y`
        OpKind::Unpack { value: tuple, index, starred: false, .. } => match &made(at, tuple)?.kind {
            OpKind::Display(_, items) => {
                let item = usize::try_from(index).ok().and_then(|i| items.get(i)).filter(|item| !item.1)?;
                Some((at, item.0))
            }
            _ => Some((at, value)),
        },
        _ => Some((at, value)),
    }
}

/// How many axes the index takes a single position of.
fn positions(block: &Block, index: Temp) -> usize {
    let taken = |temp: Temp| takes_an_axis(block, temp) && !stretches(block, temp);
    match made(block, index).map(|op| &op.kind) {
        Some(OpKind::Display(Display::Tuple, items)) => items.iter().filter(|item| taken(item.0)).count(),
        _ => usize::from(taken(index)),
    }
}

/// Does the index leave an axis of its own, by a slice or `...`?
fn stretches(block: &Block, index: Temp) -> bool {
    let is_stretch = |temp: Temp| {
        matches!(made(block, temp).map(|op| &op.kind), Some(OpKind::Slice(..) | OpKind::Const(Const::Ellipsis)))
    };
    match made(block, index).map(|op| &op.kind) {
        Some(OpKind::Display(Display::Tuple, items)) => items.iter().any(|item| is_stretch(item.0)),
        _ => is_stretch(index),
    }
}

/// Is it an index that only arrays take: a tuple with a slice in it, or `...`?
fn is_of_arrays(block: &Block, index: Temp) -> bool {
    match made(block, index).map(|op| &op.kind) {
        Some(OpKind::Display(Display::Tuple, _)) => stretches(block, index),
        Some(OpKind::Const(Const::Ellipsis)) => true,
        _ => false,
    }
}

/// Does an item of an index go along an axis of the array? `None` makes a new one, and `...` stands for any number.
fn takes_an_axis(block: &Block, item: Temp) -> bool {
    !is_key(block, item)
        && !matches!(
            made(block, item).map(|op| &op.kind),
            Some(OpKind::Attr(..) | OpKind::Const(Const::None | Const::Ellipsis))
        )
}

/// Is it a text: the key of a dict, or a field's name?
fn is_key(block: &Block, index: Temp) -> bool {
    matches!(made(block, index).map(|op| &op.kind), Some(OpKind::Const(Const::Str(_)) | OpKind::Format(_)))
}

/// Is it by custom the name of a position, one integer: `i`, `k2`, `row`?
fn names_a_position(name: &str) -> bool {
    let name = name.trim_matches('_').trim_end_matches(|c: char| c.is_ascii_digit()).to_ascii_lowercase();
    matches!(
        &*name,
        "i" | "j" | "k" | "l" | "m" | "n" | "p" | "q" | "r" | "c" | "row" | "col" | "column" | "pivot" | "lo" | "hi"
    )
}
