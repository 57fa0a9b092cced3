//! Data types, as far as aliasing and exactness need them.

use super::ContentId;

/// What is known of an array's dtype.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Dtype {
    /// Nothing.
    #[default]
    Unknown,
    /// The kind letter (`numpy.dtype.kind`).
    Kind(u8),
    /// The kind letter and the size of an item in bytes: `(b'f', 8)` is float64.
    Exact(u8, u8),
    /// A structured dtype (`V`).
    Struct,
    /// A structured dtype that was given as this list of fields.
    Record(ContentId),
    /// `object`
    Object,
}

impl Dtype {
    /// `float64`
    pub const FLOAT64: Dtype = Dtype::Exact(b'f', 8);
    /// `int64`, the default integer on 64-bit platforms (on Windows since NumPy 2).
    pub const INT64: Dtype = Dtype::Exact(b'i', 8);
    /// `bool`
    pub const BOOL: Dtype = Dtype::Exact(b'b', 1);
    /// `complex128`
    pub const COMPLEX128: Dtype = Dtype::Exact(b'c', 16);

    /// The kind letter, if it is known.
    pub fn kind(self) -> Option<u8> {
        match self {
            Dtype::Unknown => None,
            Dtype::Kind(kind) | Dtype::Exact(kind, _) => Some(kind),
            Dtype::Struct | Dtype::Record(_) => Some(b'V'),
            Dtype::Object => Some(b'O'),
        }
    }

    /// What holds on both of two paths.
    pub fn join(self, other: Dtype) -> Dtype {
        if self == other {
            return self;
        }
        match (self.kind(), other.kind()) {
            (Some(b'V'), Some(b'V')) => Dtype::Struct,
            (Some(a), Some(b)) if a == b => Dtype::Kind(a),
            _ => Dtype::Unknown,
        }
    }

    /// NumPy's name, or a kind letter.
    pub fn name(self) -> Option<String> {
        match self {
            Dtype::Unknown | Dtype::Struct | Dtype::Record(_) => None,
            Dtype::Object => Some("object".to_string()),
            Dtype::Kind(kind) => Some((kind as char).to_string()),
            Dtype::Exact(b'b', _) => Some("bool".to_string()),
            Dtype::Exact(kind, size) => {
                let word = match kind {
                    b'f' => "float",
                    b'i' => "int",
                    b'u' => "uint",
                    b'c' => "complex",
                    _ => return Some((kind as char).to_string()),
                };
                Some(format!("{word}{}", u32::from(size) * 8))
            }
        }
    }

    /// The dtype of a Python-level name (`float`, `float32`, `uint8`, `bool_`, `complex`).
    pub fn from_name(name: &str) -> Option<Dtype> {
        Some(match name {
            "float" | "float64" | "double" | "float_" => Dtype::FLOAT64,
            "float32" | "single" => Dtype::Exact(b'f', 4),
            "float16" | "half" => Dtype::Exact(b'f', 2),
            "longdouble" | "float128" | "longfloat" => Dtype::Kind(b'f'),
            "int" | "int64" => Dtype::INT64,
            "int_" | "intp" | "longlong" => Dtype::INT64,
            "int32" => Dtype::Exact(b'i', 4),
            "intc" | "long" => Dtype::Kind(b'i'),
            "int16" | "short" => Dtype::Exact(b'i', 2),
            "int8" | "byte" => Dtype::Exact(b'i', 1),
            "uint64" | "ulonglong" => Dtype::Exact(b'u', 8),
            "uint32" => Dtype::Exact(b'u', 4),
            "uint16" | "ushort" => Dtype::Exact(b'u', 2),
            "uint8" | "ubyte" => Dtype::Exact(b'u', 1),
            "uint" | "uintp" | "uintc" | "ulong" => Dtype::Kind(b'u'),
            "bool" | "bool_" => Dtype::BOOL,
            "complex" | "complex128" | "cdouble" | "complex_" => Dtype::COMPLEX128,
            "complex64" | "csingle" => Dtype::Exact(b'c', 8),
            "object" | "object_" => Dtype::Object,
            "str" | "str_" => Dtype::Kind(b'U'),
            "bytes" | "bytes_" => Dtype::Kind(b'S'),
            _ => return None,
        })
    }

    /// The dtype of a dtype string (`"f4"`, `"float32"`, `"<i8"`, `"d"`).
    pub fn from_string(text: &str) -> Option<Dtype> {
        if let Some(dtype) = Dtype::from_name(text) {
            return Some(dtype);
        }
        let native = text.trim_start_matches(['=', '|', if cfg!(target_endian = "big") { '>' } else { '<' }]);
        Some(match native {
            "f8" | "d" => Dtype::FLOAT64,
            "f4" | "f" => Dtype::Exact(b'f', 4),
            "f2" | "e" => Dtype::Exact(b'f', 2),
            "i8" => Dtype::INT64,
            "i4" => Dtype::Exact(b'i', 4),
            "i2" => Dtype::Exact(b'i', 2),
            "i1" => Dtype::Exact(b'i', 1),
            "i" | "l" | "q" => Dtype::Kind(b'i'),
            "u1" => Dtype::Exact(b'u', 1),
            "u2" => Dtype::Exact(b'u', 2),
            "u4" => Dtype::Exact(b'u', 4),
            "u8" => Dtype::Exact(b'u', 8),
            "c16" | "D" => Dtype::COMPLEX128,
            "c8" | "F" => Dtype::Exact(b'c', 8),
            "?" | "b1" => Dtype::BOOL,
            "O" => Dtype::Object,
            _ => return None,
        })
    }

    /// Is it certain that a view of the real part exists (complex)?
    pub fn is_complex(self) -> super::Tri {
        match self.kind() {
            None => super::Tri::May,
            Some(kind) => super::Tri::of(kind == b'c'),
        }
    }
}
