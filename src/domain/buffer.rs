//! Abstract allocations.

use rustc_hash::FxHashMap;

use super::ValueId;
use crate::ir::{BodyId, Local, Span, Sym};

/// Index into [`Buffers`]. Also names the objects of the abstract heap (lists, dicts, instances), which are made at
/// sites just as buffers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BufId(pub u32);

/// A place in a body at which something is allocated: the op, and which of its results it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Site {
    /// The body.
    pub body: BodyId,
    /// The number of the op in its body.
    pub op: u32,
    /// Which of the op's results (a call can make several arrays).
    pub part: u16,
}

/// Which of a site's allocations a buffer stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Age {
    /// The one made last.
    Recent,
    /// All made before.
    Older,
}

/// Where a buffer's memory comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Origin {
    /// The memory of a parameter's value on entry (or of an element of it, if that is a container).
    Param(BodyId, Local),
    /// The memory of the attribute of an object that was there on entry: the object's buffer, the attribute.
    Attr(BufId, Sym),
    /// The memory of a global variable's value, on entry of the function that reads it; its local in the module's body.
    Global(Local),
    /// The memory of an enclosing function's variable, on entry: the reading body and its local.
    Closure(BodyId, Local),
    /// The memory of constant bytes of the file, by their text: equal ones are one object.
    Constant(Sym),
    /// Made in this body by an operation whose result is known to be fresh.
    Alloc(Site, Age),
    /// The memory of what something unknown gave: the place at which a name is bound to it. That may be memory that was
    /// there before, of a parameter say, so that an array in it is `unknown` as well.
    Result(Site, Age),
}

/// An abstract allocation.
#[derive(Clone, Debug)]
pub struct Buffer {
    /// Where it comes from.
    pub origin: Origin,
    /// Where it is made (the expression), or where the parameter stands in the signature.
    pub span: Span,
    /// Was it made blank (`zeros`, `empty`, …), to be filled?
    pub blank: bool,
    /// For a buffer that holds a copy made by advanced indexing, `flatten` and the like: of which buffers, and whether
    /// the copy was made implicitly, where many expect a view.
    pub copied_from: Option<CopiedFrom>,
    /// The number of elements, where the shape is constant.
    pub size: Option<u64>,
    /// Was it read from a file?
    pub from_file: bool,
    /// For the memory of a parameter: is its default an array, made once for all calls?
    pub default_array: bool,
    /// Was its shape given by one plain value, so that it most likely has one dimension (`np.zeros(n)`)?
    pub likely_1d: bool,
}

/// What a copied buffer was copied from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopiedFrom {
    /// The array that was copied.
    pub source: ValueId,
    /// How.
    pub how: CopyOf,
    /// Is it certain, or nearly so, that the index selects a copy? (An index array of unknown dimensions does, unless it
    /// has none; a parameter of which nothing is known may just as well be an integer.)
    pub likely: bool,
}

/// How a copy came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopyOf {
    /// `a[mask]`
    Mask,
    /// `a[[1, 3]]`, `a[idx]` with an integer array or list.
    Fancy,
    /// `a.flatten()`
    Flatten,
    /// Read from a file of arrays: `dataset[2:5]`.
    Read,
    /// Asked for: `a.copy()`, `np.array(a)`, `astype`.
    Explicit,
}

impl Buffer {
    /// Does the buffer exist before the body's first statement?
    pub fn on_entry(&self) -> bool {
        !matches!(self.origin, Origin::Alloc(..) | Origin::Result(..))
    }

    /// Does it stand for one single run-time allocation?
    pub fn single(&self) -> bool {
        !matches!(self.origin, Origin::Alloc(_, Age::Older) | Origin::Result(_, Age::Older))
    }
}

/// All buffers of a file.
#[derive(Debug, Default)]
pub struct Buffers {
    table: Vec<Buffer>,
    index: FxHashMap<Origin, BufId>,
}

impl Buffers {
    /// The buffer of an origin, made at its first use.
    pub fn of(&mut self, origin: Origin, span: Span) -> BufId {
        if let Some(&id) = self.index.get(&origin) {
            return id;
        }
        let id = BufId(self.table.len() as u32);
        self.table.push(Buffer {
            origin,
            span,
            blank: false,
            copied_from: None,
            size: None,
            from_file: false,
            default_array: false,
            likely_1d: false,
        });
        self.index.insert(origin, id);
        id
    }

    /// The buffer of an origin, if it was met.
    pub fn find(&self, origin: Origin) -> Option<BufId> {
        self.index.get(&origin).copied()
    }

    /// The buffer's description.
    pub fn get(&self, id: BufId) -> &Buffer {
        &self.table[id.0 as usize]
    }

    /// The buffer's description, to be filled in by the op that makes it.
    pub fn get_mut(&mut self, id: BufId) -> &mut Buffer {
        &mut self.table[id.0 as usize]
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }
}
