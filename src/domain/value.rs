//! Abstract values.

use smallvec::SmallVec;

use super::layout::{self, Strides};
use super::{BufId, Dtype, Region, Tri};
use crate::ir::{BodyId, ClassId, Sym};

/// A hash-consed value: an index into [`super::Values`]. Equal ids are equal values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ValueId(pub u32);

impl ValueId {
    /// Not reached, or not bound.
    pub const BOTTOM: ValueId = ValueId(0);
    /// Anything at all.
    pub const UNKNOWN: ValueId = ValueId(1);
    /// `None`
    pub const NONE: ValueId = ValueId(2);
    /// A number, string or other thing without shared memory, not further known.
    pub const SCALAR: ValueId = ValueId(3);
}

/// The content of an object of the abstract heap, hash-consed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContentId(pub u32);

/// More buffers than this in one value, and the value is unknown.
pub const MAX_BUFFERS: usize = 8;
/// More objects than this in one reference, and the value is unknown.
pub const MAX_OBJECTS: usize = 4;
/// Tuples nested deeper than this are unknown inside.
pub const MAX_DEPTH: u8 = 4;
/// Containers keep at most this many elements apart; the others are joined.
pub const MAX_FIXED: usize = 16;

/// A set of kinds of run-time value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Kinds(pub u8);

impl Kinds {
    /// `numpy.ndarray` or a subclass.
    pub const ARRAY: Kinds = Kinds(1);
    /// `None`
    pub const NONE: Kinds = Kinds(2);
    /// A number, string, dtype, …: nothing that shares memory.
    pub const SCALAR: Kinds = Kinds(4);
    /// A list, tuple, dict or set.
    pub const CONTAINER: Kinds = Kinds(8);
    /// Anything else.
    pub const OTHER: Kinds = Kinds(16);
    /// Not a kind but a warning: where the value is a container or another object, its elements may lie outside `bufs`.
    /// (The elements of a container that was passed as a parameter count as the parameter's memory, so that they do not
    /// need it.)
    pub const FOREIGN: Kinds = Kinds(32);
    /// Another warning: where the value is an object that NumPy converts to an array, that array may lie outside `bufs`.
    pub const WILD: Kinds = Kinds(64);
    /// And a third: where the value is an array, it is one of a subclass that does most things in its own ways.
    pub const PECULIAR: Kinds = Kinds(128);
    /// What indexing, arithmetic and the methods of arrays give, where the operand may be something much like an array.
    pub const LIKE: Kinds = Kinds(1 | 4 | 16);
    /// All of these: what a parameter may be of which nothing is known.
    pub const ALL: Kinds = Kinds(31);
    /// All of these, elements elsewhere.
    pub const ANY: Kinds = Kinds(127);

    /// Is `other` a subset?
    pub fn has(self, other: Kinds) -> bool {
        self.0 & other.0 == other.0
    }

    /// Have the two a kind in common?
    pub fn meets(self, other: Kinds) -> bool {
        self.0 & other.0 != 0
    }

    /// Both together.
    pub fn union(self, other: Kinds) -> Kinds {
        Kinds(self.0 | other.0)
    }

    /// May it be something with elements that lie elsewhere?
    pub fn elsewhere(self) -> bool {
        self.meets(Kinds::CONTAINER.union(Kinds::OTHER)) && self.has(Kinds::FOREIGN)
    }

    /// The warnings alone, as far as they concern these kinds.
    pub fn warnings(self) -> Kinds {
        Kinds(self.0 & (Kinds::FOREIGN.0 | Kinds::WILD.0 | Kinds::PECULIAR.0))
    }

    /// These without the others.
    pub fn without(self, other: Kinds) -> Kinds {
        Kinds(self.0 & !other.0)
    }
}

/// How well it is known that a value is an array at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum Evidence {
    /// Nothing speaks for it.
    None,
    /// A docstring or the way that it is used says so.
    Likely,
    /// Made by modelled code, or annotated.
    Certain,
}

/// Is an array the object that owns the memory?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Owner {
    /// The owner itself.
    Owner,
    /// Another array object over the owner's memory.
    View,
    /// Either.
    Either,
}

impl Owner {
    /// What holds on both of two paths.
    pub fn join(self, other: Owner) -> Owner {
        if self == other { self } else { Owner::Either }
    }
}

/// A subclass of `numpy.ndarray` that does most things in its own ways.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Subclass {
    /// None, or nobody knows which.
    #[default]
    Unknown,
    /// `numpy.ma.MaskedArray`
    Masked,
    /// `numpy.matrix`
    Matrix,
}

/// The lengths along the axes; -1 where a length is not known.
pub type Shape = SmallVec<[i64; 4]>;

/// A value that is, or may be, an array.
#[derive(Debug, PartialEq, Eq)]
pub struct Array {
    /// What the value may be. Everything else here is said for the case that it is an array.
    pub kinds: Kinds,
    /// How well it is known to be an array.
    pub evidence: Evidence,
    /// The buffers that its memory may lie in: sorted, no duplicates, at most [`MAX_BUFFERS`].
    pub bufs: SmallVec<[BufId; 2]>,
    /// May its memory lie elsewhere as well?
    pub unknown: bool,
    /// Does it certainly lie in the one buffer of `bufs`? False unless there is exactly one and `unknown` is false.
    pub lies: bool,
    /// Is it the owner object?
    pub owner: Owner,
    /// The part of the buffer that it covers at most.
    pub region: Region,
    /// The lengths, if the number of dimensions is known.
    pub shape: Option<Shape>,
    /// The strides in items: only where all lengths are constants, and the strides do not follow from the order.
    /// [`Array::strides`] has them in either case.
    pub sparse: Option<Box<[i64]>>,
    /// The dtype.
    pub dtype: Dtype,
    /// Is it C-contiguous?
    pub c: Tri,
    /// Is it Fortran-contiguous?
    pub f: Tri,
    /// Is it writeable?
    pub writeable: Tri,
    /// Of which subclass it certainly is; unknown unless [`Kinds::PECULIAR`].
    pub subclass: Subclass,
    /// Is it the very value that a name had on entry, whatever its kind: one of those whose memory are `bufs`?
    pub entry: bool,
    /// The number (from 1) of the op that derived it, in its body: the last link of its provenance. 0: none, or several.
    pub made_by: u32,
}

/// As the derived one would be, but that the small vectors are copied as a whole, not element by element.
impl Clone for Array {
    fn clone(&self) -> Array {
        Array {
            kinds: self.kinds,
            evidence: self.evidence,
            bufs: SmallVec::from_slice(&self.bufs),
            unknown: self.unknown,
            lies: self.lies,
            owner: self.owner,
            region: self.region.clone(),
            shape: self.shape.as_deref().map(SmallVec::from_slice),
            sparse: self.sparse.clone(),
            dtype: self.dtype,
            c: self.c,
            f: self.f,
            writeable: self.writeable,
            subclass: self.subclass,
            entry: self.entry,
            made_by: self.made_by,
        }
    }
}

/// Of what tells most arrays apart: they are hashed more often than anything else is done with them.
impl std::hash::Hash for Array {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        let buf = |i: usize| self.bufs.get(i).map_or(0, |buf| u64::from(buf.0) + 1);
        state.write_u64(buf(0) | buf(1) << 32);
        let flags = [self.unknown, self.lies, self.entry].iter().fold(1, |flags, &flag| flags << 1 | u64::from(flag));
        let dimensions = self.shape.as_ref().map_or(0, |shape| shape.len() as u64 + 1);
        let more = [self.kinds.0.into(), self.evidence as u64, self.owner as u64, self.writeable as u64, dimensions];
        state.write_u64(more.iter().fold(flags, |all, part| all << 8 | part));
        state.write_u32(self.made_by);
        for n in self.shape.iter().flatten() {
            state.write_i64(*n);
        }
    }
}

impl Array {
    /// An array of which nothing is known but its kind.
    pub fn unknown(kinds: Kinds, evidence: Evidence) -> Array {
        Array {
            kinds,
            evidence,
            bufs: SmallVec::new(),
            unknown: true,
            lies: false,
            owner: Owner::Either,
            region: Region::Any,
            shape: None,
            sparse: None,
            dtype: Dtype::Unknown,
            c: Tri::May,
            f: Tri::May,
            writeable: Tri::May,
            subclass: Subclass::Unknown,
            entry: false,
            made_by: 0,
        }
    }

    /// An array in one buffer.
    pub fn within(buf: BufId, kinds: Kinds, evidence: Evidence) -> Array {
        Array {
            bufs: smallvec::smallvec![buf],
            unknown: false,
            lies: true,
            region: Region::Whole,
            ..Array::unknown(kinds, evidence)
        }
    }

    /// The value that a name has on entry, whose memory is the buffer.
    pub fn on_entry(buf: BufId, kinds: Kinds) -> Array {
        Array { entry: true, ..Array::within(buf, kinds, Evidence::None) }
    }

    /// The number of dimensions, if it is known.
    pub fn ndim(&self) -> Option<usize> {
        self.shape.as_ref().map(SmallVec::len)
    }

    /// Does it say anything about memory? If not, the value is no array and holds none of the arrays that are followed.
    pub fn says_nothing(&self) -> bool {
        self.bufs.is_empty() && !self.unknown
    }

    /// Is it the very value that one name had on entry, and no other?
    pub fn is_entry(&self) -> bool {
        self.entry && self.bufs.len() == 1
    }

    /// Certainly an array?
    pub fn certain(&self) -> bool {
        self.kinds == Kinds::ARRAY
    }

    /// Forgets everything that is known of shape and order.
    pub fn forget_layout(&mut self) {
        self.shape = None;
        self.sparse = None;
        self.c = Tri::May;
        self.f = Tri::May;
    }

    /// The strides, in items, if they are known. All lengths are known then.
    pub fn strides(&self) -> Option<Strides> {
        let shape = self.shape.as_ref().filter(|shape| !shape.contains(&-1))?;
        match &self.sparse {
            Some(strides) => (strides.len() == shape.len()).then(|| strides.iter().copied().collect()),
            None if self.c.must() => Some(layout::dense(shape, 0..shape.len())),
            None if self.f.must() => Some(layout::dense(shape, (0..shape.len()).rev())),
            None => None,
        }
    }

    /// Sets shape and strides; where both are known in full, the order follows.
    pub fn set_layout(&mut self, shape: Option<Shape>, strides: Option<Strides>) {
        self.shape = shape;
        self.sparse = None;
        if let (Some(shape), Some(strides)) = (&self.shape, strides)
            && strides.len() == shape.len()
            && !shape.contains(&-1)
        {
            let (c, f) = layout::contiguous(shape, &strides);
            (self.c, self.f) = (Tri::of(c), Tri::of(f));
            if !c && !f {
                self.sparse = Some(strides.into_vec().into_boxed_slice());
            }
        }
    }

    /// Sets the shape, and what follows from it for the order: arrays of at most one dimension are C if they are F.
    pub fn set_shape(&mut self, shape: Option<Shape>) {
        self.sparse = None;
        self.shape = shape;
        self.settle_order();
    }

    /// Applies what the number of dimensions says about the order.
    pub fn settle_order(&mut self) {
        match self.ndim() {
            Some(0) => (self.c, self.f) = (Tri::Must, Tri::Must),
            Some(1) => {
                let both = if self.c != Tri::May { self.c } else { self.f };
                (self.c, self.f) = (both, both);
            }
            Some(_) if self.sparse.is_none() && self.c.must() != self.f.must() => {
                // Where all lengths are known, one order settles the other.
                if let (Some(shape), Some(strides)) = (&self.shape, self.strides()) {
                    let (c, f) = layout::contiguous(shape, &strides);
                    (self.c, self.f) = (Tri::of(c), Tri::of(f));
                }
            }
            _ => {}
        }
    }

    /// The number of elements, if it is known.
    pub fn size(&self) -> Option<i64> {
        let shape = self.shape.as_ref()?;
        if shape.contains(&0) {
            return Some(0);
        }
        shape.iter().try_fold(1i64, |size, &n| if n < 0 { None } else { size.checked_mul(n) })
    }
}

/// A key of a container or an attribute's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    /// A position.
    Index(u32),
    /// A string key, or an attribute.
    Name(Sym),
    /// An integer key of a dict.
    Int(i64),
}

/// What kind of object lies on the abstract heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ObjectKind {
    /// A list.
    List,
    /// A dict.
    Dict,
    /// A set or frozenset.
    Set,
    /// An iterator or generator: a one-off sequence.
    Iterator,
    /// An instance of a class of this file, or any object whose attributes are tracked.
    Instance(Option<ClassId>),
    /// An instance of a class of another file of the project, by the path of the class.
    Imported(Sym),
    /// An object of a class of another library that holds arrays, by the dotted path of the class.
    Library(Sym),
    /// Any of these: it may hold anything.
    Any,
}

/// What an object of the abstract heap holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Content {
    /// What it is.
    pub kind: ObjectKind,
    /// Elements or attributes that are known apart, sorted by key.
    pub fixed: Vec<(Key, ValueId)>,
    /// All other elements, joined; bottom if there are none. (For instances: what an attribute not in `fixed` may be.)
    pub rest: ValueId,
    /// Are there no more than the `fixed` elements, at positions 0, 1, …? Then `rest` is bottom.
    pub exact: bool,
}

/// An abstract value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// Not reached, or not bound.
    Bottom,
    /// Anything.
    Unknown,
    /// `None`
    None,
    /// A number, string, …, not further known.
    Scalar,
    /// An integer (also an index or a length), not a bool.
    Int(Option<i64>),
    /// A Python or NumPy bool.
    Bool(Option<bool>),
    /// A Python float or a float64 scalar.
    Float,
    /// A Python complex number.
    Complex,
    /// A number of any other type, or of one that is not known.
    Number,
    /// A string.
    Str(Option<Sym>),
    /// `...`
    Ellipsis,
    /// An integer or a slice: an index that gives a view or a scalar, whichever it is.
    Basic,
    /// A slice.
    Slice(ValueId, ValueId, ValueId),
    /// A dtype, or a type that NumPy takes for one.
    Dtype(Dtype),
    /// Is, or may be, an array.
    Array(Array),
    /// A tuple of these.
    Tuple(Vec<ValueId>),
    /// A tuple of unknown length, its elements joined.
    TupleOf(ValueId),
    /// One of these objects of the heap: sorted, no duplicates, at most [`MAX_OBJECTS`].
    Ref(SmallVec<[BufId; 2]>),
    /// A `range` of integers; has it certainly one, how many are there (-1: not known), and what is the first, where each
    /// is one more than the one before?
    Range(bool, i64, Option<i64>),
    /// A module, or something unknown in it, by dotted path.
    Module(Sym),
    /// A function or class of the model: the number of its row.
    Row(u32),
    /// A builtin, by name.
    Builtin(Sym),
    /// A function of this file.
    Function(BodyId),
    /// A class of this file.
    Class(ClassId),
    /// `obj.name`, not called yet.
    Bound(ValueId, Sym),
}
