//! Names of the file that mean something to the interpreter, looked up once.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use crate::ir::{Names, Sym};
use crate::model::{Model, Named, RowId};

macro_rules! builtins {
    ($($variant:ident = $name:literal,)*) => {
        /// The builtin functions that the interpreter knows.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Builtin { $(#[doc = $name] $variant,)* }

        const BUILTINS: &[(&str, Builtin)] = &[$(($name, Builtin::$variant)),*];
    };
}

builtins! {
    Len = "len", Range = "range", List = "list", Tuple = "tuple", Dict = "dict", Set = "set", FrozenSet = "frozenset",
    Enumerate = "enumerate", Zip = "zip", Reversed = "reversed", Sorted = "sorted", Iter = "iter", Next = "next",
    Map = "map", Filter = "filter", Isinstance = "isinstance", Issubclass = "issubclass", Hasattr = "hasattr",
    Getattr = "getattr", Setattr = "setattr", Callable = "callable", Id = "id", Hash = "hash", Repr = "repr",
    Print = "print", Sum = "sum", Min = "min", Max = "max", Abs = "abs", Round = "round", Any = "any", All = "all",
    Int = "int", Float = "float", Complex = "complex", Bool = "bool", Str = "str", Bytes = "bytes",
    ByteArray = "bytearray", MemoryView = "memoryview", Slice = "slice", Type = "type", Divmod = "divmod", Pow = "pow",
    Ord = "ord", Chr = "chr", Super = "super", Vars = "vars", Dir = "dir", Format = "format", Open = "open",
    Input = "input", Object = "object",
}

/// Attributes that only arrays and things much like them have: reading one is evidence.
const ARRAYISH_ATTRIBUTES: [&str; 8] = ["shape", "ndim", "dtype", "T", "strides", "itemsize", "nbytes", "mT"];

/// Methods that only arrays and things much like them have.
const ARRAYISH_METHODS: [&str; 21] = [
    "astype",
    "reshape",
    "ravel",
    "flatten",
    "transpose",
    "swapaxes",
    "squeeze",
    "tolist",
    "cumsum",
    "argsort",
    "argmax",
    "argmin",
    "searchsorted",
    "nonzero",
    "conj",
    "dot",
    "mean",
    "std",
    "max",
    "min",
    "sum",
];

/// Attributes that tell about an array; their values share no memory with it.
const TELLING: [&str; 6] = ["shape", "ndim", "size", "dtype", "itemsize", "nbytes"];

/// Attributes that can be set to write an array's elements.
const SETTABLE: [&str; 4] = ["flat", "real", "imag", "T"];

/// Methods that collect their argument.
const COLLECTORS: [&str; 5] = ["append", "extend", "insert", "update", "setdefault"];

/// Builtins whose results hold nothing of what they are given.
const LOOKERS: [&str; 24] = [
    "len",
    "range",
    "int",
    "float",
    "complex",
    "bool",
    "str",
    "repr",
    "isinstance",
    "issubclass",
    "hasattr",
    "callable",
    "id",
    "hash",
    "ord",
    "chr",
    "format",
    "print",
    "any",
    "all",
    "divmod",
    "open",
    "input",
    "dir",
];

/// Methods of containers, and functions of `itertools`, `copy` and `dataclasses`, that give what these hold.
const GIVERS: [&str; 14] = [
    "get",
    "pop",
    "popleft",
    "setdefault",
    "values",
    "items",
    "copy",
    "deepcopy",
    "permutations",
    "combinations",
    "combinations_with_replacement",
    "cycle",
    "islice",
    "replace",
];

/// What is known of a name, wherever it stands.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Meaning {
    /// What the rows of the model say of it.
    pub(crate) named: Named,
    /// The builtin of this name.
    pub(crate) builtin: Option<Builtin>,
    /// Have mostly arrays an attribute of this name?
    pub(crate) arrayish_attribute: bool,
    /// Have mostly arrays a method of this name?
    pub(crate) arrayish_method: bool,
    /// Does the attribute of this name tell about an array without giving of its memory?
    pub(crate) tells: bool,
    /// Is it an attribute or method that masked arrays have beside those of all arrays?
    pub(crate) masked: bool,
    /// Does setting the attribute of this name write an array?
    pub(crate) settable: bool,
    /// Does a method of this name collect its argument?
    pub(crate) collects: bool,
    /// Does the builtin of this name give nothing of what it is given?
    looks: bool,
    /// Is it a method of containers, or a function, that gives what they hold?
    gives: bool,
    /// May a builtin, or a function or method that the interpreter knows, by this name return a part of what it is given?
    pub(crate) hands_on: bool,
    /// Do all functions and methods of the model by this name return something new?
    pub(crate) makes_new: bool,
}

impl Meaning {
    /// Have mostly arrays an attribute or method of this name?
    pub(crate) fn arrayish(&self) -> bool {
        self.arrayish_attribute || self.arrayish_method
    }
}

/// Attributes and methods of masked arrays alone.
const MASKED: [&str; 8] =
    ["mask", "filled", "fill_value", "compressed", "harden_mask", "soften_mask", "set_fill_value", "nomask"];

static WORDS: LazyLock<FxHashMap<&str, Meaning>> = LazyLock::new(|| {
    let mut words: FxHashMap<&str, Meaning> = FxHashMap::default();
    let mut note = |names: &[&'static str], set: fn(&mut Meaning)| {
        names.iter().for_each(|name| set(words.entry(name).or_default()));
    };
    note(&ARRAYISH_ATTRIBUTES, |word| word.arrayish_attribute = true);
    note(&ARRAYISH_METHODS, |word| word.arrayish_method = true);
    note(&TELLING, |word| word.tells = true);
    note(&MASKED, |word| word.masked = true);
    note(&SETTABLE, |word| word.settable = true);
    note(&COLLECTORS, |word| word.collects = true);
    note(&LOOKERS, |word| word.looks = true);
    note(&GIVERS, |word| word.gives = true);
    for (name, builtin) in BUILTINS {
        words.entry(name).or_default().builtin = Some(*builtin);
    }
    words
});

/// What each symbol of the file means.
#[derive(Debug)]
pub(crate) struct Known(Vec<Meaning>);

impl Known {
    /// Looks all names of the file up.
    pub(crate) fn new(names: &Names, model: &Model) -> Known {
        let meaning = |text: &str| {
            let word = WORDS.get(text).copied().unwrap_or_default();
            let named = model.named(text);
            // What is written into a flattened copy is lost: VL302 wants to know.
            let makes_new = named.new == Some(true) && text != "flatten";
            let hands_on = word.gives || word.builtin.is_some() && !word.looks || named.new.is_some() && !makes_new;
            Meaning { named, makes_new, hands_on, ..word }
        };
        Known(names.iter().map(meaning).collect())
    }

    /// Is one of the file's names such a one?
    pub(crate) fn any(&self, test: impl Fn(&Meaning) -> bool) -> bool {
        self.0.iter().any(test)
    }

    /// What the name means.
    pub(crate) fn meaning(&self, name: Sym) -> &Meaning {
        &self.0[name.0 as usize]
    }

    /// The row of `ndarray.name`, if it is a method.
    pub(crate) fn method(&self, name: Sym) -> Option<RowId> {
        self.meaning(name).named.array_method
    }

    /// The row of `ndarray.name`, if it is an attribute.
    pub(crate) fn attribute(&self, name: Sym) -> Option<RowId> {
        self.meaning(name).named.array_attribute
    }

    /// The builtin of this name.
    pub(crate) fn builtin(&self, name: Sym) -> Option<Builtin> {
        self.meaning(name).builtin
    }
}

/// Top-level packages whose functions keep their hands off the project's objects: they do not rebind attributes, nor
/// change containers that they are given.
pub(crate) fn is_library(path: &str) -> bool {
    let root = path.split('.').next().unwrap_or(path);
    matches!(
        root,
        "numpy"
            | "np"
            | "scipy"
            | "math"
            | "cmath"
            | "os"
            | "sys"
            | "time"
            | "datetime"
            | "warnings"
            | "logging"
            | "itertools"
            | "functools"
            | "re"
            | "json"
            | "string"
            | "struct"
            | "abc"
            | "typing"
            | "operator"
            | "types"
            | "inspect"
            | "contextlib"
            | "pathlib"
            | "textwrap"
            | "collections"
            | "pandas"
            | "matplotlib"
            | "sklearn"
            | "skimage"
            | "torch"
            | "numba"
            | "threading"
            | "tempfile"
            | "shutil"
            | "io"
            | "enum"
            | "dataclasses"
            | "numbers"
            | "platform"
            | "pytest"
            | "copy"
            | "traceback"
            | "hashlib"
            | "fractions"
            | "decimal"
            | "statistics"
            | "unittest"
            | "cv2"
            | "PIL"
            | "imageio"
            | "tifffile"
            | "h5py"
            | "networkx"
            | "xarray"
    )
}
