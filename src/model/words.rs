//! The vocabulary of the model: the closed set of things that a row can say.

use super::ParamIndex;

/// What a function, method or attribute returns, given arrays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResultRule {
    /// Nothing is known.
    Unknown,
    /// `none`: None.
    None,
    /// `scalar`: a Python or NumPy scalar, a string, a dtype, a tuple of numbers: nothing that shares memory.
    Scalar,
    /// `fresh [owner|view]`: an array in new memory that shares with nothing that existed before.
    Fresh {
        /// `owner`: it certainly owns its memory (`.base is None`); `view`: it certainly is a view of an array that
        /// nobody else holds.
        owner: Option<bool>,
    },
    /// `fresh-or-scalar`: a fresh array or a scalar, depending on the arguments' dimensions.
    FreshOrScalar,
    /// `same A`: the very object that was passed as A.
    Same(ParamIndex),
    /// `[readonly] view of A`: a new array object over A's memory.
    View {
        /// Whose memory.
        of: ParamIndex,
        /// Is the result certainly not writeable?
        readonly: bool,
    },
    /// `same-or-view of A`: A itself or a view of it.
    SameOrView(ParamIndex),
    /// `same-or-copy of A`: A itself where it already fits, else a fresh array.
    SameOrCopy(ParamIndex),
    /// `view-or-copy of A`: A itself, a view of it, or a fresh array.
    ViewOrCopy(ParamIndex),
    /// `part of A`: an array in memory that the object A holds, a masked array's mask, a polynomial's coefficients; or
    /// nothing of the kind.
    Part(ParamIndex),
    /// `list of R`
    List(Box<ResultRule>),
    /// `tuple of R`
    Tuple(Box<ResultRule>),
    /// `items R / R`: a tuple of just these, in this order.
    Items(Vec<ResultRule>),
    /// `iterator of R`
    Iterator(Box<ResultRule>),
    /// `maybe tuple of R`: R, or a list or tuple of such, depending on the arguments (`np.unique` with `return_index`).
    MaybeTuple(Box<ResultRule>),
}

impl ResultRule {
    /// Does nothing that comes out share memory with what went in?
    pub fn is_new(&self) -> bool {
        match self {
            ResultRule::None | ResultRule::Scalar | ResultRule::Fresh { .. } | ResultRule::FreshOrScalar => true,
            ResultRule::List(inner)
            | ResultRule::Tuple(inner)
            | ResultRule::MaybeTuple(inner)
            | ResultRule::Iterator(inner) => inner.is_new(),
            ResultRule::Items(items) => items.iter().all(ResultRule::is_new),
            _ => false,
        }
    }

    /// The same where a copy is asked for: what might be shared is fresh.
    pub fn copied(&self) -> ResultRule {
        match self {
            ResultRule::List(inner) => ResultRule::List(Box::new(inner.copied())),
            ResultRule::Tuple(inner) => ResultRule::Tuple(Box::new(inner.copied())),
            ResultRule::Items(items) => ResultRule::Items(items.iter().map(ResultRule::copied).collect()),
            ResultRule::Iterator(inner) => ResultRule::Iterator(Box::new(inner.copied())),
            ResultRule::MaybeTuple(inner) => ResultRule::MaybeTuple(Box::new(inner.copied())),
            ResultRule::Unknown | ResultRule::None | ResultRule::Scalar => self.clone(),
            _ => ResultRule::Fresh { owner: None },
        }
    }

    /// May a tuple come out?
    pub fn is_tuple(&self) -> bool {
        matches!(self, ResultRule::Tuple(_) | ResultRule::Items(_) | ResultRule::MaybeTuple(_))
    }
}

/// What assigning to an attribute of an array does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SetRule {
    /// It raises.
    #[default]
    Never,
    /// `set memory`: writes the array's memory, as `.flat = v` does.
    Memory,
    /// `set layout`: the array object looks at its memory in another way: `.shape = s`.
    Layout,
    /// `set other`: changes something besides, a mask or a fill value.
    Other,
}

/// A subclass of `numpy.ndarray` that does most things in its own ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subclass {
    /// `subclass`: the result may be of one.
    Some,
    /// `subclass masked`: it always is a `numpy.ma.MaskedArray`.
    Masked,
    /// `subclass matrix`: it always is a `numpy.matrix`.
    Matrix,
}

/// What is known of the result's shape.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ShapeRule {
    /// Nothing.
    #[default]
    Unknown,
    /// `shape of A`: the same as A's.
    Of(ParamIndex),
    /// `shape from A`: A is an integer or a tuple of integers, the shape itself (a length of -1 is not known);
    /// nothing where A is not given.
    From(ParamIndex),
    /// `shape from A else of B`: as A says where it is given, else the same as B's.
    FromElseOf(ParamIndex, ParamIndex),
    /// `shape ndim N`: this many dimensions.
    Ndim(u8),
    /// `shape ndim of A +k` (or `-k`): A's number of dimensions, more or fewer.
    NdimOf(ParamIndex, i8),
    /// `shape broadcast`: the operands' shapes, broadcast.
    Broadcast,
    /// `shape reduce A`: A's without the dimensions named by the parameter `axis` (all, if None), kept with `keepdims`.
    Reduce(ParamIndex),
}

/// What is known of the result's dtype.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum DtypeRule {
    /// Nothing.
    #[default]
    Unknown,
    /// `dtype float64`, `dtype bool`, or a kind letter: `dtype f`.
    Exact(Box<str>),
    /// `dtype of A`: A's.
    Of(ParamIndex),
    /// `dtype from P else D`: the one that P names, else D.
    From(ParamIndex, Box<DtypeRule>),
    /// `dtype promote`: the operands' common type.
    Promote,
}

/// What is known of the result's memory order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum OrderRule {
    /// Nothing.
    #[default]
    Unknown,
    /// `order C`: C-contiguous.
    C,
    /// `order F`: Fortran-contiguous.
    F,
    /// `order of A`: like A (`K`), for a result of A's shape: C-contiguous if A is, and likewise for Fortran order.
    Of(ParamIndex),
    /// `order from P else C`: as the string passed as P says, else C.
    FromElseC(ParamIndex),
    /// `order from P else of A`: as the string passed as P says, else like A.
    FromElseOf(ParamIndex, ParamIndex),
}

macro_rules! specials {
    ($($(#[$doc:meta])* $variant:ident = $word:literal,)*) => {
        /// The transfers of the interpreter that refine a row, under the word that names them in a table (`by WORD`).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Special { $($(#[$doc])* $variant,)* }

        impl Special {
            /// All of them, with their words.
            pub const ALL: &'static [(&'static str, Special)] = &[$(($word, Special::$variant),)*];
        }
    };
}

specials! {
    /// `asarray` and its kin: the same object where dtype and order already fit.
    Asarray = "asarray",
    /// `np.array`: a copy unless `copy` says otherwise.
    Array = "array",
    /// `ma.array`: a masked array in the memory of its data, where dtype and order fit.
    MaskedArray = "masked-array",
    /// `ma.masked_where` and its kin: a masked copy, unless `copy=False`.
    MaskedCopy = "masked-copy",
    /// `ascontiguousarray`, `asfortranarray`, `require`: the same object where the layout fits.
    Contiguous = "contiguous",
    /// `astype`: a copy unless `copy=False` and the dtype fits.
    Astype = "astype",
    /// `copy` of the method and the function, with its order.
    Copy = "copy",
    /// `reshape`: a view where the layout allows.
    Reshape = "reshape",
    /// `ravel`: a view where the layout is contiguous in the order asked for.
    Ravel = "ravel",
    /// `transpose`, `T`, `swapaxes`, `moveaxis`, `rollaxis`, `permute_dims`: a view with permuted axes.
    Transpose = "transpose",
    /// `squeeze`.
    Squeeze = "squeeze",
    /// `expand_dims`.
    ExpandDims = "expand-dims",
    /// `atleast_1d`, `atleast_2d`, `atleast_3d`: one array, or a tuple (a list before NumPy 2) for several.
    Atleast = "atleast",
    /// `broadcast_to`.
    BroadcastTo = "broadcast-to",
    /// `broadcast_arrays`: a tuple (a list before NumPy 2) of views.
    BroadcastArrays = "broadcast-arrays",
    /// `flip`, `fliplr`, `flipud`, `rot90`: strided views.
    Flip = "flip",
    /// `split`, `array_split`, `hsplit`, `vsplit`, `dsplit`: a list of views.
    Split = "split",
    /// `meshgrid`: fresh arrays, or views with `copy=False`.
    Meshgrid = "meshgrid",
    /// `diag`: a view of the diagonal of a 2-D array, a fresh matrix of a 1-D one.
    Diag = "diag",
    /// `diagonal`: a read-only view.
    Diagonal = "diagonal",
    /// `ndarray.view`.
    View = "view",
    /// `real`, `imag`: views of complex arrays; the same array, or a read-only zero, of real ones.
    Real = "real",
    /// `imag`.
    Imag = "imag",
    /// `conj`, `conjugate` (the method): the same object for a real array.
    Conj = "conj",
    /// `nan_to_num`: writes and returns its argument with `copy=False`.
    NanToNum = "nan-to-num",
    /// `real_if_close`: the same array, or its real part.
    RealIfClose = "real-if-close",
    /// `where`: with one argument like `nonzero`.
    Where = "where",
    /// `nonzero`: a tuple of integer arrays, one for each dimension.
    Nonzero = "nonzero",
    /// `ix_`: an index array for each argument, with an axis of its own.
    OpenMesh = "open-mesh",
    /// `ndindex`, `ndenumerate`, `unravel_index`: tuples of integers.
    Indices = "indices",
    /// `einsum`: a view for a single operand that is only permuted or traced.
    Einsum = "einsum",
    /// `sort`, `partition` (methods), `fill`, `put`, `itemset`, `byteswap(inplace)`, `resize`: in place on the receiver.
    InPlace = "in-place",
    /// `setflags`.
    SetFlags = "setflags",
    /// `byteswap`: in place on demand.
    Byteswap = "byteswap",
    /// `take`, `compress`, `choose` and the like: fresh, unless `out`.
    Take = "take",
    /// `stack`, `vstack`, `hstack`, `column_stack`, `concatenate`: fresh.
    Stack = "stack",
    /// `frombuffer`: a view of a buffer, read-only for bytes.
    FromBuffer = "frombuffer",
    /// `sliding_window_view`, `as_strided`: overlapping views.
    Strided = "strided",
    /// `unstack`: a tuple of views.
    Unstack = "unstack",
    /// `load`: a memory map with `mmap_mode`.
    Load = "load",
    /// `shuffle` of `np.random` and of generators: writes its argument, returns None.
    Shuffle = "shuffle",
    /// `copyto`, `place`, `putmask`, `put`, `fill_diagonal`: write an argument, return None.
    WriteArgument = "write-argument",
    /// `group[name]` of a file of arrays: another object for a string, an array for anything else.
    Member = "member",
    /// `copy.copy` of the standard library.
    ShallowCopy = "shallow-copy",
    /// `copy.deepcopy` of the standard library.
    DeepCopy = "deep-copy",
    /// `arange`, `linspace` and other makers of 1-D arrays.
    Range = "range",
    /// `trim_zeros`: a slice.
    TrimZeros = "trim-zeros",
    /// `diff`: fresh, but with `n=0` the very argument.
    Diff = "diff",
    /// `tile`: fresh, but what is empty comes back as it is, read-only if it was.
    Tile = "tile",
    /// `factors`: of `qr`, where the mode does not put tuples into the tuple.
    Factors = "factors",
    /// `item`: a number; of an object array, anything.
    Item = "item",
    /// `round`: fresh, but before NumPy 2 the same object for an array of integers.
    Round = "round",
    /// `unwrap`, `divmod`, `modf`, `frexp`: a pair of fresh arrays for several outputs.
    Pair = "pair",
}
