//! Names of the file that mean something to the interpreter, looked up once.

use crate::ir::{Names, Sym};
use crate::model::{Model, RowId};

macro_rules! builtins {
    ($($variant:ident = $name:literal,)*) => {
        /// The builtin functions that the interpreter knows.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Builtin { $(#[doc = $name] $variant,)* }

        impl Builtin {
            fn from_name(name: &str) -> Option<Builtin> {
                match name { $($name => Some(Builtin::$variant),)* _ => None }
            }
        }
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

/// What each symbol of the file means.
#[derive(Debug)]
pub(crate) struct Known {
    methods: Vec<Option<RowId>>,
    attributes: Vec<Option<RowId>>,
    builtins: Vec<Option<Builtin>>,
}

impl Known {
    /// Looks all names of the file up.
    pub(crate) fn new(names: &Names, model: &Model) -> Known {
        let mut known = Known {
            methods: Vec::with_capacity(names.len()),
            attributes: Vec::with_capacity(names.len()),
            builtins: Vec::with_capacity(names.len()),
        };
        for text in names.iter() {
            known.methods.push(model.array_method(text));
            known.attributes.push(model.array_attribute(text));
            known.builtins.push(Builtin::from_name(text));
        }
        known
    }

    /// The row of `ndarray.name`, if it is a method.
    pub(crate) fn method(&self, name: Sym) -> Option<RowId> {
        self.methods.get(name.0 as usize).copied().flatten()
    }

    /// The row of `ndarray.name`, if it is an attribute.
    pub(crate) fn attribute(&self, name: Sym) -> Option<RowId> {
        self.attributes.get(name.0 as usize).copied().flatten()
    }

    /// The builtin of this name.
    pub(crate) fn builtin(&self, name: Sym) -> Option<Builtin> {
        self.builtins.get(name.0 as usize).copied().flatten()
    }
}

/// Attributes that only arrays and things much like them have: reading one is evidence.
pub(crate) fn arrayish_attribute(name: &str) -> bool {
    matches!(name, "shape" | "ndim" | "dtype" | "T" | "strides" | "itemsize" | "nbytes" | "mT")
}

/// Methods that only arrays and things much like them have.
pub(crate) fn arrayish_method(name: &str) -> bool {
    matches!(
        name,
        "astype"
            | "reshape"
            | "ravel"
            | "flatten"
            | "transpose"
            | "swapaxes"
            | "squeeze"
            | "tolist"
            | "cumsum"
            | "argsort"
            | "argmax"
            | "argmin"
            | "searchsorted"
            | "nonzero"
            | "conj"
            | "dot"
            | "mean"
            | "std"
            | "max"
            | "min"
            | "sum"
    )
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
    )
}
