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
pub mod lower;
pub mod names;
pub mod validate;

pub use names::{Names, Sym};

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
id!(
    /// Index into [`Body::temps`].
    Temp
);

/// One lowered file.
#[derive(Debug, Default)]
pub struct Module {
    /// The names used in the file.
    pub names: Names,
    /// All bodies; a body comes after the one that holds it, in source order.
    pub bodies: Vec<Body>,
    /// All class statements, in source order.
    pub classes: Vec<Class>,
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
}

/// What is said in words about a function.
#[derive(Clone, Debug, Default)]
pub struct DocFacts {
    /// The docstring says that it works in place, modifies or overwrites an argument.
    pub says_in_place: bool,
    /// The docstring promises that the input is left alone, or that a new array or a copy is returned.
    pub says_pure: bool,
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
    /// Something else: `int`, `str`, `list of str`, `DataFrame`.
    Other,
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

/// A condition that a branch tests.
#[derive(Clone, Debug, PartialEq)]
pub enum Cond {
    /// Anything; also "the iterator has another element".
    Unknown,
    /// The value's truth.
    Truthy(Temp),
    /// `x is None`.
    IsNone(Temp),
    /// `isinstance(x, types)`.
    IsInstance(Temp, Temp),
    /// A comparison of two values.
    Compare(CmpOp, Temp, Temp),
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CmpOp {
    /// `==`
    Eq,
    /// `!=`
    NotEq,
    /// `<`
    Lt,
    /// `<=`
    LtE,
    /// `>`
    Gt,
    /// `>=`
    GtE,
    /// `is`
    Is,
    /// `is not`
    IsNot,
    /// `in`
    In,
    /// `not in`
    NotIn,
}

/// A binary operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinOp {
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mult,
    /// `@`
    MatMult,
    /// `/`
    Div,
    /// `%`
    Mod,
    /// `**`
    Pow,
    /// `<<`
    LShift,
    /// `>>`
    RShift,
    /// `|`
    BitOr,
    /// `^`
    BitXor,
    /// `&`
    BitAnd,
    /// `//`
    FloorDiv,
}

/// A unary operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnaryOp {
    /// `~`
    Invert,
    /// `not`
    Not,
    /// `+`
    UAdd,
    /// `-`
    USub,
}

/// A literal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Const {
    /// `None`
    None,
    /// `...`
    Ellipsis,
    /// `True`, `False`
    Bool(bool),
    /// An integer that fits.
    Int(i64),
    /// An integer that does not fit in 64 bits.
    BigInt,
    /// A float.
    Float,
    /// A complex number.
    Complex,
    /// A string; f-strings and t-strings are [`OpKind::Format`].
    Str(Sym),
    /// Bytes.
    Bytes,
}

/// One thing that is done.
#[derive(Debug)]
pub struct Op {
    /// What it is.
    pub kind: OpKind,
    /// The temp that receives the result, for kinds that have one.
    pub dest: Option<Temp>,
    /// The expression or statement that it comes from.
    pub span: Span,
    /// May it be skipped, though its block runs? (The second operand of `and`, an arm of a conditional expression.)
    pub maybe: bool,
    /// May it run more than once in one run of its block? (Inside a comprehension; implies `maybe`.)
    pub many: bool,
}

/// How an argument is passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgKind {
    /// By position.
    Pos,
    /// `*x`
    Star,
    /// `name=x`
    Kw(Sym),
    /// `**x`
    DoubleStar,
}

/// An argument of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arg {
    /// How it is passed.
    pub kind: ArgKind,
    /// The value.
    pub value: Temp,
}

/// A display of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Display {
    /// `(a, b)`
    Tuple,
    /// `[a, b]`
    List,
    /// `{a, b}`
    Set,
}

/// Which comprehension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompKind {
    /// `[e for …]`
    List,
    /// `{e for …}`
    Set,
    /// `{k: v for …}`
    Dict,
    /// `(e for …)`
    Generator,
}

/// What an op does. "→" means that there is a result in [`Op::dest`].
#[derive(Debug)]
pub enum OpKind {
    /// A program point: the moment before a simple statement or a compound statement's header. The op's span begins at
    /// the statement's first token and covers a simple statement, or a compound statement's header up to its colon.
    Stmt,
    /// → a literal.
    Const(Const),
    /// → the value of a name.
    Load(Local),
    /// Binds a name. The op's span is the target.
    Store(Local, Temp),
    /// Unbinds a name.
    Delete(Local),
    /// → `obj.name`
    Attr(Temp, Sym),
    /// `obj.name = value`. `inplace`: the store that ends an augmented assignment (the value was changed in place before).
    SetAttr {
        /// The object.
        obj: Temp,
        /// The attribute.
        name: Sym,
        /// What is stored.
        value: Temp,
        /// Does it end an augmented assignment?
        inplace: bool,
    },
    /// `del obj.name`
    DelAttr(Temp, Sym),
    /// → `obj[index]`. A tuple index is a [`OpKind::Display`], a slice an [`OpKind::Slice`].
    Index(Temp, Temp),
    /// `obj[index] = value`. The op's span is the target.
    SetItem {
        /// The object.
        obj: Temp,
        /// The index.
        index: Temp,
        /// What is stored.
        value: Temp,
        /// Does it end an augmented assignment?
        inplace: bool,
    },
    /// `del obj[index]`
    DelItem(Temp, Temp),
    /// → `slice(lower, upper, step)`
    Slice(Option<Temp>, Option<Temp>, Option<Temp>),
    /// → the result of an augmented assignment's operator; the store back is a separate op. The op's span is the statement.
    InPlace(BinOp, Temp, Temp),
    /// → a binary operation.
    Binary(BinOp, Temp, Temp),
    /// → a unary operation.
    Unary(UnaryOp, Temp),
    /// → a comparison; a chain is several, joined by [`OpKind::Join`].
    Compare(CmpOp, Temp, Temp),
    /// → one of these values: `a or b`, `a if c else b`.
    Join(Box<[Temp]>),
    /// → the result of a call of a value. A call `obj.name(…)` is [`OpKind::Method`].
    Call(Temp, Box<[Arg]>),
    /// → the result of `obj.name(…)`; also where `obj` is a module.
    Method {
        /// The receiver, or module.
        obj: Temp,
        /// The method, or function.
        name: Sym,
        /// The arguments.
        args: Box<[Arg]>,
    },
    /// → a tuple, list or set of these; the flag says "starred: the elements of this".
    Display(Display, Box<[(Temp, bool)]>),
    /// → a dict of these; a key of `None` is `**value`.
    Dict(Box<[(Option<Temp>, Temp)]>),
    /// → what a comprehension makes: the joined key (dicts only) and element.
    Comprehension(CompKind, Option<Temp>, Temp),
    /// → the next element of an iterable, unknown which. Also for `async for`.
    Iterate(Temp),
    /// → element `index` of `total` when the value is unpacked into `total` targets.
    /// With a starred target: `index` counts from the front before it, from the back (negative) behind it.
    Unpack {
        /// What is unpacked.
        value: Temp,
        /// Which element.
        index: i32,
        /// How many targets there are, the starred one included.
        total: u32,
        /// Is there a starred target?
        starred: bool,
    },
    /// → the list that a starred target receives: the elements from `before` up to the last `after`.
    UnpackRest {
        /// What is unpacked.
        value: Temp,
        /// Targets before the star.
        before: u32,
        /// Targets behind the star.
        after: u32,
    },
    /// → a function or lambda. Decorators are applied by later [`OpKind::Call`]s. The temps are the values of the defaults.
    Function(BodyId, Box<[Temp]>),
    /// → a class, its body run. The temps are the bases.
    Class(ClassId, Box<[Temp]>),
    /// → a module: `import a.b as c` gives `a.b`, `import a.b` gives `a` (dotted path).
    Import(Box<[Sym]>),
    /// → `from module import name`; `level` dots; the path may be empty.
    ImportFrom {
        /// The dotted path.
        module: Box<[Sym]>,
        /// How many dots lead it.
        level: u32,
        /// What is imported.
        name: Sym,
    },
    /// `from module import *`
    ImportStar(Box<[Sym]>, u32),
    /// → the value of `with x as …`: what `x.__enter__()` returns.
    Enter(Temp),
    /// → an f-string or t-string; the temps are read.
    Format(Box<[Temp]>),
    /// → what is sent into the generator; the value is handed out.
    Yield(Option<Temp>),
    /// → the value of `yield from x`.
    YieldFrom(Temp),
    /// → `await x`
    Await(Temp),
    /// The value of an expression statement is dropped.
    Discard(Temp),
    /// The values are read by something not further modelled (a `raise`, an `assert` message, a pattern's test).
    Use(Box<[Temp]>),
    /// → an unknown value, after an unmodelled construct that reads these. Counted.
    Opaque(Box<[Temp]>),
}

impl Body {
    /// The successors of a block in program order, the exceptional one not included.
    pub fn successors(&self, block: BlockId) -> smallvec::SmallVec<[BlockId; 2]> {
        match &self.blocks[block.index()].term {
            Terminator::Goto(next) => smallvec::smallvec![*next],
            Terminator::Branch { then, other, .. } => smallvec::smallvec![*then, *other],
            Terminator::Switch(targets) => targets.iter().copied().collect(),
            Terminator::Missing | Terminator::Return(_) | Terminator::Raise => smallvec::smallvec![],
        }
    }
}
