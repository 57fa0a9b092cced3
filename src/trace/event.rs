//! Events, and the trace of one body.

use std::cell::OnceCell;

use smallvec::SmallVec;

use crate::domain::{BufId, Buffers, CopyOf, ValueId, Values};
use crate::ir::{BlockId, Body, BodyId, DocFacts, Local, LocalKind, Module, Names, Sym, docstring};
use crate::source::Span;

/// Index into [`BodyTrace::events`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId(pub u32);

impl EventId {
    /// The id as an index.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// How one array was derived from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// `a[1:3]`, `a[0]`, `a[..., None]`: a view by basic indexing.
    Slice,
    /// `a["x"]`: a field of a structured array.
    Field,
    /// `a[mask]`, `a[idx]`, `a.flatten()`, `a.copy()`: a copy.
    Copy(CopyOf),
    /// An attribute: `a.T`, `a.real`.
    Attribute(Sym),
    /// A method: `a.reshape(…)`.
    Method(Sym),
    /// A function of a module; its last name: `np.split`.
    Function(Sym),
    /// An element met in a loop over the array, or by unpacking it.
    Element,
    /// An index that may be basic or advanced.
    MaybeCopy,
}

/// A place in this file or in another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, by its name in [`BodyTrace::paths`]; none: this one.
    pub file: Option<Sym>,
    /// Where.
    pub span: Span,
}

/// How an array was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteHow {
    /// `a[i] = v`; `whole` for `a[...] = v` and `a[:] = v`.
    Item {
        /// Is all of the array overwritten?
        whole: bool,
    },
    /// `a += v`, on a name or attribute (or on an item, where the item is an array).
    Augmented,
    /// `t[0] += v` on a tuple: the array is changed, then the store raises `TypeError`.
    TupleItem,
    /// `a.sort()`, `a.fill(0)`.
    Method(Sym),
    /// `out=a`
    Out,
    /// Written by a function that it was passed to: `np.copyto(a, …)`, `rng.shuffle(a)`; the function's last name.
    Argument(Sym),
    /// Used up as scratch space by a function that was allowed to (`overwrite_input=True`); the function's last name.
    Scratch(Sym),
    /// Written by a function of the project that it was passed to, or whose attribute it is.
    Callee {
        /// The function's name.
        name: Sym,
        /// The write.
        place: Place,
        /// Does the function return nothing, so that the write is what it is called for?
        procedure: bool,
    },
    /// `a.flat = v`, `a.real = v`, `a.T[…]`: through an attribute.
    Attribute(Sym),
}

/// How an array's content was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadHow {
    /// As an operand.
    Operand,
    /// Passed to a function or method.
    Passed,
    /// Copied or converted.
    Copied,
    /// Stored into another array.
    Stored,
    /// Its elements were iterated, tested or formatted.
    Other,
}

/// How a value left the body's hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escape {
    /// `return x`
    Returned,
    /// `yield x`
    Yielded,
    /// `obj.name = x`
    Attribute(Sym),
    /// `obj[key] = x` where `obj` is no array, or where the key is a constant.
    Item,
    /// `items.append(x)`, or part of a display of a list, dict or set.
    Collected,
    /// `items[name] = x`, where `items` is a list or dict: under the key that this name holds.
    Keyed(Local),
    /// Passed to something unknown.
    Passed,
    /// Bound to a name of an enclosing scope, or read by an inner function.
    Captured,
}

/// How one thing was put somewhere several times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// `[x] * n`, `(x,) * 2`
    Times,
    /// `[x for _ in range(n)]`, where `x` is bound outside.
    Comprehension,
    /// `dict.fromkeys(keys, x)`
    Keys,
    /// `objects.fill(x)` of an object array.
    Fill,
}

/// What a name was bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BoundFrom {
    /// `old = x`: another name's value, as it is.
    Name(Local),
    /// Anything else.
    Expression,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// An array was made in new memory, or a list, dict or instance.
    Made {
        /// The new buffer, or object.
        buf: BufId,
    },
    /// One array was derived from another: a view, a copy, or either.
    Derived {
        /// From what.
        source: ValueId,
        /// What came out.
        result: ValueId,
        /// How.
        how: How,
        /// The name that the source was read from, if it was.
        via: Option<Local>,
    },
    /// A name was bound.
    Bound {
        /// The name.
        local: Local,
        /// To what.
        value: ValueId,
        /// What stood on the right.
        from: BoundFrom,
    },
    /// A name was unbound by `del`, or bound to None to let go of what it held.
    Deleted {
        /// The name.
        local: Local,
        /// What it was bound to.
        value: ValueId,
    },
    /// Whether what was just derived shares memory depends on a version.
    Varies {
        /// In which way: the number of a text among [`BodyTrace::paths`].
        why: Sym,
        /// Is there one among the versions where it shares nothing?
        copies: bool,
    },
    /// A name that held an array was bound to something of which no memory is known.
    Lost {
        /// The name.
        local: Local,
    },
    /// One and the same thing was put into a list, tuple, dict or object array several times.
    Repeated {
        /// What is there several times.
        element: ValueId,
        /// Where: the list, tuple or dict, or the object array.
        into: ValueId,
        /// How.
        how: Repeat,
    },
    /// A container or object was copied, but not the arrays that it holds: `list(x)`, `copy.copy(x)`.
    Shallow {
        /// The name that it was read from, if it was.
        via: Option<Local>,
        /// What both hold: a tuple.
        held: ValueId,
        /// The copy.
        result: ValueId,
    },
    /// An object or container that holds arrays was made, and is bound to a name or collected: `State(x, t)`, `(e, x)`.
    Holds {
        /// What it holds: a tuple.
        held: ValueId,
        /// The object or container.
        result: ValueId,
    },
    /// An array's content was read.
    Read {
        /// Which array.
        value: ValueId,
        /// The name that it was read from, if it was (also `x` for `x[1:]`).
        via: Option<Local>,
        /// How.
        how: ReadHow,
    },
    /// `random.shuffle` of the standard library exchanged the elements, two at a time.
    Shuffled {
        /// Of which array.
        value: ValueId,
    },
    /// An array's memory was written.
    Written {
        /// Where: an array over the written region.
        value: ValueId,
        /// The array object that the write goes through.
        object: ValueId,
        /// The name that the object was read from, if it was.
        via: Option<Local>,
        /// Is the object the value of that very name, not of an expression over it (`a[1:][0] = …`)?
        direct: bool,
        /// How.
        how: WriteHow,
    },
    /// A value was handed out or stored where the body no longer sees it.
    Escaped {
        /// Which.
        value: ValueId,
        /// The name that it was read from, if it was.
        via: Option<Local>,
        /// How.
        how: Escape,
        /// Into what it was stored: the object, list or dict; bottom where that is not one thing.
        into: ValueId,
    },
}

/// An event of a body.
#[derive(Clone, Debug)]
pub struct Event {
    /// The number of the op (from 1) in its body.
    pub op: u32,
    /// The block it lies in.
    pub block: BlockId,
    /// The expression or statement.
    pub span: Span,
    /// The statement it belongs to.
    pub stmt: Span,
    /// May it have been skipped, though its block ran?
    pub maybe: bool,
    /// What happened.
    pub kind: EventKind,
}

/// The trace of one body, with the tables that its values refer to.
#[derive(Debug)]
pub struct BodyTrace<'a> {
    /// The file.
    pub module: &'a Module,
    /// Which body.
    pub id: BodyId,
    /// The body.
    pub body: &'a Body,
    /// The file's text, for quoting.
    pub text: &'a str,
    /// The values.
    pub values: &'a Values,
    /// The buffers.
    pub buffers: &'a Buffers,
    /// The names of other files.
    pub paths: &'a Names,
    /// The events, block by block, in order of execution within each.
    pub events: &'a [Event],
    /// What is returned, joined over all returns; bottom if it never returns.
    pub returned: ValueId,
    /// For each block the range of its events.
    pub blocks: &'a [(u32, u32)],
    /// What is known from the callers, as far as they have run.
    pub witnesses: &'a super::Witnesses,
    /// What is asked for again and again.
    pub lists: Lists,
}

/// A body of more ops than this is vast.
const MAX_OPS: usize = 12_000;

/// What questions of a trace ask for again and again, listed when it is first asked for.
#[derive(Debug, Default)]
pub struct Lists {
    /// The events that tell of derivations, by op.
    derivations: OnceCell<Vec<(u32, EventId)>>,
    /// The events that tell of writes.
    written: OnceCell<Vec<EventId>>,
    /// The calls that must write what they are given, and their names.
    pub(super) filled: OnceCell<Vec<(EventId, Sym)>>,
    /// For each block those that it may follow.
    before: OnceCell<Vec<SmallVec<[BlockId; 4]>>>,
    /// Is the body vast?
    vast: OnceCell<bool>,
}

impl<'a> BodyTrace<'a> {
    /// The name of a local.
    pub fn name(&self, local: Local) -> &'a str {
        self.module.names.text(self.body.locals[local.index()].name)
    }

    /// Is the local a name that lowering made up, or a comprehension's?
    pub fn is_internal(&self, local: Local) -> bool {
        matches!(self.body.locals[local.index()].kind, LocalKind::Synthetic | LocalKind::Comprehension)
    }

    /// What the body's docstring says of its intent.
    pub fn doc_facts(&self) -> DocFacts {
        self.body.docstring.map_or_else(DocFacts::default, |span| docstring::facts(self.quote(span)))
    }

    /// What the body's comments say of its intent.
    pub fn comment_facts(&self) -> DocFacts {
        let comments = self.quote(self.body.span).lines().filter_map(|line| line.split_once('#')).map(|parts| parts.1);
        // "a copy, since it is modified" speaks of the copy.
        let comments = comments.filter(|comment| !comment.contains("cop"));
        let comments = comments.collect::<Vec<_>>().join("\n");
        let mut facts = docstring::facts(&comments);
        let saves = ["euse ", "ave memory", "aves memory", "aving memory", "already in memory"];
        facts.says_in_place |= saves.iter().any(|phrase| comments.contains(phrase));
        facts
    }

    /// An event.
    pub fn event(&self, id: EventId) -> &'a Event {
        &self.events[id.index()]
    }

    /// All events with their ids.
    pub fn iter(&self) -> impl Iterator<Item = (EventId, &'a Event)> {
        self.events.iter().enumerate().map(|(i, event)| (EventId(i as u32), event))
    }

    /// The events that tell of writes, in their order.
    pub fn written(&self) -> &[EventId] {
        let is_write = |(_, event): &(EventId, &Event)| matches!(event.kind, EventKind::Written { .. });
        self.lists.written.get_or_init(|| self.iter().filter(is_write).map(|(id, _)| id).collect())
    }

    /// The derivations that an op tells of, in the order of events.
    pub(super) fn derived_by(&self, op: u32) -> impl Iterator<Item = (EventId, &'a Event)> {
        let list = || {
            let derived = self.iter().filter(|(_, event)| matches!(event.kind, EventKind::Derived { .. }));
            let mut all: Vec<(u32, EventId)> = derived.map(|(id, event)| (event.op, id)).collect();
            all.sort_unstable();
            all
        };
        let all = self.lists.derivations.get_or_init(list);
        let from = all.partition_point(|entry| entry.0 < op);
        all[from..].iter().take_while(move |entry| entry.0 == op).map(|&(_, id)| (id, self.event(id)))
    }

    /// The blocks that a block may follow, in order.
    pub(super) fn blocks_before(&self, block: BlockId) -> &[BlockId] {
        let list = || {
            let mut before: Vec<SmallVec<[BlockId; 4]>> = vec![SmallVec::new(); self.body.blocks.len()];
            for from in (0..self.body.blocks.len() as u32).map(BlockId) {
                for to in self.body.followers(from) {
                    let known = &mut before[to.index()];
                    if known.last() != Some(&from) {
                        known.push(from);
                    }
                }
            }
            before
        };
        &self.lists.before.get_or_init(list)[block.index()]
    }

    /// Is the body larger than any that people write? Questions that look through all of it, for each of its stores, are not
    /// asked then.
    pub(super) fn is_vast(&self) -> bool {
        let count = || self.body.blocks.iter().map(|block| block.ops.len()).sum::<usize>() > MAX_OPS;
        *self.lists.vast.get_or_init(count)
    }

    /// The source text of a span.
    pub fn quote(&self, span: Span) -> &'a str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or("")
    }
}
