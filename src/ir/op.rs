//! The vocabulary of ops: one type, and a sentence, for each thing that a body can do.

use thin_vec::ThinVec;

use super::{BodyId, ClassId, Local, Span, Sym, Temp};

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
    /// Bytes, as the text whose characters have these numbers.
    Bytes(Sym),
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
///
/// Small: there are millions. (Lists that would make it larger are vectors of one word.)
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
    /// → one of these values: `a or b`.
    Join(Box<[Temp]>),
    /// → `then if test else other`. The ops of both stand before it, marked `maybe`.
    Choose {
        /// What is tested.
        test: Temp,
        /// The value where the test holds.
        then: Temp,
        /// The value where it does not.
        other: Temp,
    },
    /// → the result of a call of a value. A call `obj.name(…)` is [`OpKind::Method`].
    Call(Temp, ThinVec<Arg>),
    /// → the result of `obj.name(…)`; also where `obj` is a module.
    Method {
        /// The receiver, or module.
        obj: Temp,
        /// The method, or function.
        name: Sym,
        /// The arguments.
        args: ThinVec<Arg>,
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
    Import(ThinVec<Sym>),
    /// → `from module import name`; `level` dots; the path may be empty.
    ImportFrom {
        /// The dotted path.
        module: ThinVec<Sym>,
        /// How many dots lead it.
        level: u32,
        /// What is imported.
        name: Sym,
    },
    /// `from module import *`
    ImportStar(ThinVec<Sym>, u32),
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

/// There are millions of ops: what makes them larger makes everything slower.
const _: () = assert!(size_of::<Op>() <= 40 && size_of::<OpKind>() <= 24);
