//! The intermediate representation: what a Python file does, without its syntax.
//!
//! A file becomes a [`Module`]: one [`Body`] for the module itself, and one for each function, lambda and class
//! statement. A body is a control-flow graph of [`Block`]s; a block is a list of [`Op`]s and a [`Terminator`].
//! There are three kinds of thing:
//!
//! * a [`Local`] is a Python name of the body (or a name that lowering made up for itself),
//! * a [`Temp`] is the value of a subexpression: assigned by exactly one op and used only in that op's block,
//! * an [`Op`] does one thing and has a span.
//!
//! The graph is not in SSA form. States of the analysis are stored at block entry, over locals only.
//!
//! **Conditional expressions, `and`/`or` and comprehensions do not branch.** Their operands are lowered in a straight
//! line, with [`Op::maybe`] set on ops that may not run, and [`Op::many`] on ops that may run more than once (inside a
//! comprehension). The interpreter makes weak updates for the first and non-unique buffers for the second. Tests of
//! `if`, `while`, `assert` and `match` guards do branch, `and`/`or`/`not` in them included, so that a branch can refine.
//!
//! **Exceptions.** Inside `try`, every simple statement and every compound header begins a block of its own, whose
//! [`Block::except`] names where an exception goes. The state that flows there is the join of the block's entry and exit.
//!
//! **Invariants** (checked by [`validate::validate`]): block 0 is the entry; all ids are in range; a temp is defined
//! once, before its uses, in the same block; every reachable block has a terminator other than [`Terminator::Missing`].

pub mod docstring;
pub mod dump;
mod glance;
pub mod lower;
pub mod names;
mod op;
pub mod validate;

pub use glance::{Glance, Mention};
pub use names::{Names, Sym};
pub use op::{Arg, ArgKind, BinOp, CmpOp, CompKind, Cond, Const, Display, Op, OpKind, UnaryOp};
use std::num::NonZeroU32;

use smallvec::SmallVec;

/// Where an op, a parameter or a buffer stands in the source; `domain` takes it from here.
pub use crate::source::Span;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub u32);
        impl $name {
            /// The id as an index.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}

id!(
    /// Index into [`Module::bodies`]; 0 is the module itself.
    BodyId
);
id!(
    /// Index into [`Module::classes`].
    ClassId
);
id!(
    /// Index into [`Body::blocks`]; 0 is the entry.
    BlockId
);
id!(
    /// Index into [`Body::locals`].
    Local
);
/// Index into [`Body::temps`]. (Plus one: an `Option` of it takes no more room. There are very many.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Temp(NonZeroU32);

impl Temp {
    /// The temp of an index.
    pub fn new(index: u32) -> Temp {
        Temp(NonZeroU32::MIN.saturating_add(index))
    }

    /// The id as an index.
    pub fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}

/// One lowered file.
#[derive(Debug, Default)]
pub struct Module {
    /// The names used in the file.
    pub names: Names,
    /// All bodies; a body comes after the one that holds it, in source order.
    pub bodies: Vec<Body>,
    /// All class statements, in source order.
    pub classes: Vec<Class>,
    /// The names that bodies mention, and how, body by body.
    pub mentioned: Vec<(Sym, Mention)>,
    /// How many constructs were not modelled and became [`OpKind::Opaque`].
    pub opaque: u32,
}

/// What kind of scope a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyKind {
    /// The file's own statements.
    Module,
    /// A `def` or `async def`.
    Function,
    /// The statements of a class.
    Class,
    /// A lambda; its single statement is a return.
    Lambda,
}

/// A scope's code.
#[derive(Debug)]
pub struct Body {
    /// What kind of scope it is.
    pub kind: BodyKind,
    /// The name in the `def` or `class` statement; `<module>` or `<lambda>` otherwise.
    pub name: Sym,
    /// The qualified name without `<locals>`: `outer.inner`, `Class.method`, `<module>`.
    pub qualname: String,
    /// The body whose statement makes this one.
    pub parent: Option<BodyId>,
    /// For a method: the class whose statements hold the `def`. For a class body: that class.
    pub class: Option<ClassId>,
    /// The whole statement, decorators not included; for the module the whole text.
    pub span: Span,
    /// The parameters, in the order of the signature (positional-only, ordinary, `*args`, keyword-only, `**kwargs`).
    pub params: Vec<Param>,
    /// All names. Parameters come first, in the order of `params`.
    pub locals: Vec<LocalInfo>,
    /// The control-flow graph.
    pub blocks: Vec<Block>,
    /// For each temp the span of the expression whose value it is.
    pub temps: Vec<Span>,
    /// The annotation of the return value.
    pub returns: Option<Ann>,
    /// The annotations of names that this body's statements declare (`x: np.ndarray = …`), in source order.
    pub annotations: Vec<(Local, Ann)>,
    /// The dotted names of the decorators (`["np", "vectorize"]`; a call's function), in source order; empty if not a name.
    pub decorators: Vec<Vec<Sym>>,
    /// The docstring, as it stands in the source. [`docstring`] reads it, where somebody wants to know.
    pub docstring: Option<Span>,
    /// Does the function hold `yield`?
    pub is_generator: bool,
    /// Is it `async def`?
    pub is_async: bool,
    /// What stands in it at all.
    pub glance: Glance,
    /// Where in [`Module::mentioned`] the names are that it mentions, variables left out.
    pub mentions: (u32, u32),
}

/// What is said in words about a function.
#[derive(Clone, Debug, Default)]
pub struct DocFacts {
    /// The docstring says that it works in place, modifies or overwrites an argument.
    pub says_in_place: bool,
    /// The docstring promises that the input is left alone, or that a new array or a copy is returned.
    pub says_pure: bool,
    /// The docstring says that one buffer is handed out again and again.
    pub says_reused: bool,
    /// The docstring's section on the return value speaks of an array.
    pub returns_array: bool,
}

/// Of what kind a parameter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamKind {
    /// Before `/`.
    PositionalOnly,
    /// Positional or keyword.
    Ordinary,
    /// `*args`.
    VarArgs,
    /// After `*`.
    KeywordOnly,
    /// `**kwargs`.
    VarKwargs,
}

/// A parameter.
#[derive(Debug)]
pub struct Param {
    /// The local that it is bound to.
    pub local: Local,
    /// Its name.
    pub name: Sym,
    /// Its kind.
    pub kind: ParamKind,
    /// Its annotation.
    pub annotation: Option<Ann>,
    /// The default value's shape, if there is a default.
    pub default: Option<Default>,
    /// The name in the signature.
    pub span: Span,
}

/// What is known of a default value without evaluating it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Default {
    /// `None`.
    None,
    /// `True` or `False`.
    Bool(bool),
    /// An integer literal.
    Int(i64),
    /// Another literal: a string, a float.
    Literal,
    /// Anything else; the span of the expression.
    Other(Span),
}

/// What a docstring says about a parameter's type (numpydoc, Google and reST styles).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DocType {
    /// Nothing, or nothing that was understood.
    #[default]
    Unsaid,
    /// `ndarray`, `np.ndarray`, `array`, "array of shape (n, 2)".
    Array,
    /// `array_like`, "ndarray or list", "array or scalar": an array is one of the possibilities.
    MaybeArray,
    /// Something else: `int`, `str`, `list of str`.
    Other,
    /// An object of a class that is named: `DataFrame`, "Alignment object".
    Object,
}

/// A type annotation, as a tree of names. String annotations are parsed.
#[derive(Clone, Debug, PartialEq)]
pub enum Ann {
    /// A dotted name: `np.ndarray` is `["np", "ndarray"]`.
    Name(Vec<Sym>),
    /// `X[A, B]`.
    Sub(Box<Ann>, Vec<Ann>),
    /// `A | B`.
    Union(Vec<Ann>),
    /// `None`.
    None,
    /// Anything else.
    Other,
}

/// What a name is to the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LocalKind {
    /// A parameter; index into [`Body::params`].
    Param(u32),
    /// A variable of this scope. In the module's body: a global variable.
    Plain,
    /// The target of a comprehension, a scope of its own in Python; or the parameter of an inlined scope.
    Comprehension,
    /// A name of an enclosing function; its local in the nearest enclosing function or lambda (class bodies are skipped),
    /// where it may itself be free.
    Free(Local),
    /// A name of the module's scope, read or (after `global`) bound here; its local in body 0.
    Global(Local),
    /// A name that no scope of the file binds: a builtin, or from a star import.
    Builtin,
    /// Made up by lowering (`$iter`, `$ret`): not a Python name.
    Synthetic,
}

/// A name of a body.
#[derive(Clone, Debug)]
pub struct LocalInfo {
    /// The name.
    pub name: Sym,
    /// What it is to the body.
    pub kind: LocalKind,
    /// Do functions inside this one read it?
    pub captured: bool,
    /// Do functions inside this one rebind it (`nonlocal`, or `global` for the module's names)?
    pub rebound_inside: bool,
    /// Does this body read it?
    pub loaded: bool,
}

/// A class statement.
#[derive(Debug)]
pub struct Class {
    /// Its name.
    pub name: Sym,
    /// The body of its statements.
    pub body: BodyId,
    /// The dotted names of the bases; empty vectors for bases that are not names.
    pub bases: Vec<Vec<Sym>>,
    /// The methods: the name and the body, in source order.
    pub methods: Vec<(Sym, BodyId)>,
    /// Names of methods decorated as `property`, `cached_property` or `x.setter`.
    pub properties: Vec<Sym>,
    /// Attributes assigned through `self` in the methods, sorted, no duplicates.
    pub attributes: Vec<Sym>,
}

/// A straight run of ops.
#[derive(Debug)]
pub struct Block {
    /// What is done, in order.
    pub ops: Vec<Op>,
    /// Where control goes next.
    pub term: Terminator,
    /// Where an exception raised in this block goes, if it is caught in this body.
    pub except: Option<BlockId>,
}

/// Where control goes at a block's end.
#[derive(Debug, Default)]
pub enum Terminator {
    /// Not set yet: only while lowering.
    #[default]
    Missing,
    /// To one block.
    Goto(BlockId),
    /// To `then` where the condition holds, else to `other`.
    Branch {
        /// What is tested; the temps in it are defined in this block.
        cond: Cond,
        /// Where the condition holds.
        then: BlockId,
        /// Where it does not.
        other: BlockId,
    },
    /// To any of these (the exits of a `finally`, the handlers of a `try`).
    Switch(Vec<BlockId>),
    /// The function returns this value (`None` for a bare return or the end of the body).
    Return(Option<Temp>),
    /// An exception leaves the body.
    Raise,
}

impl Module {
    /// The methods, keywords and attributes set that a body mentions, as often as it does.
    pub fn mentions(&self, body: &Body) -> &[(Sym, Mention)] {
        self.mentioned.get(body.mentions.0 as usize..body.mentions.1 as usize).unwrap_or(&[])
    }
}

impl Body {
    /// The successors of a block in program order, the exceptional one not included.
    pub fn successors(&self, block: BlockId) -> SmallVec<[BlockId; 4]> {
        let mut next = SmallVec::new();
        match &self.blocks[block.index()].term {
            Terminator::Goto(to) => next.push(*to),
            Terminator::Branch { then, other, .. } => next.extend_from_slice(&[*then, *other]),
            Terminator::Switch(targets) => next.extend_from_slice(targets),
            Terminator::Missing | Terminator::Return(_) | Terminator::Raise => {}
        }
        next
    }

    /// All successors of a block; that to which an exception leads comes last.
    pub fn followers(&self, block: BlockId) -> SmallVec<[BlockId; 4]> {
        let mut next = self.successors(block);
        next.extend(self.blocks[block.index()].except);
        next
    }
}
