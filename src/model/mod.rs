//! What NumPy (and friends) do, as data: one row for each function, method and attribute, in a closed vocabulary.
//!
//! The rows live in the text tables beside this file (`*.model`); [`parse`] reads them and [`Model::bundled`] holds
//! them, parsed once. A row says what comes out (fresh memory, the same object, a view of which argument, either), what
//! is written, and what is known of shape, dtype and order. Below each row stand its *witnesses*: small Python
//! expressions over `x` (and `y`, `i`, …) that a test evaluates on real NumPy, over a grid of layouts, and holds the
//! row to. No row is written from memory alone.
//!
//! ```text
//! fn numpy.zeros(shape, dtype, order, *, device, like)
//!   result fresh owner
//!   blank
//!   shape from shape
//!   dtype from dtype else float64
//!   order from order else C
//!   ~ np.zeros((2, 3))
//! ```
//!
//! Where NumPy's answer depends on the layout, dtype or keywords in a way that the words cannot say, the row names a
//! transfer of the interpreter with `by`; its words then say what holds in every case.

pub mod parse;
mod rules;
pub mod short;
pub mod version;
pub mod words;

use std::sync::{Arc, LazyLock};

use rustc_hash::FxHashMap;
pub use version::{Version, Versions};
pub use words::{DtypeRule, OrderRule, ResultRule, SetRule, ShapeRule, Special, Subclass};

/// Index into [`Model::rows`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RowId(pub u32);

/// Index of a parameter of a row: into [`Row::params`].
pub type ParamIndex = u8;

/// What a row describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RowKind {
    /// A function of a module, under its full dotted name.
    Function,
    /// A method; its first parameter is `self`.
    Method,
    /// An attribute; its only parameter is `self`.
    Attribute,
}

/// A parameter of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParamSpec {
    /// Its name.
    pub name: Box<str>,
    /// Can it be given by keyword only?
    pub keyword_only: bool,
    /// Does it take all remaining positional arguments?
    pub variadic: bool,
    /// Is it no parameter, but a flag that the object was made with (`self.copy`)? The name then is the flag's alone.
    pub of_self: bool,
    /// Is it true where it is not given (`copy=True`)?
    pub default: bool,
}

/// A flag among the arguments, and what it must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The flag.
    pub param: ParamIndex,
    /// Must it be true (`when copy`), or false (`unless copy`)?
    pub holds: bool,
}

/// Of what sort a result is where the argument need not be an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Like {
    /// The argument.
    pub of: ParamIndex,
    /// The flag that allows other things than arrays (`accept_sparse`); None: they always are.
    pub when: Option<Condition>,
}

/// A clause of a row that holds of some versions of NumPy only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// The version at which the answer changed.
    pub at: Version,
    /// Does the clause hold of the versions before it, or of those from it on?
    pub before: bool,
    /// The clause, as in the table.
    pub clause: Box<str>,
}

/// What one function, method or attribute does.
#[derive(Clone, Debug)]
pub struct Row {
    /// The dotted name: `numpy.zeros`, `ndarray.reshape`, `ndarray.T`.
    pub name: Box<str>,
    /// What it describes.
    pub kind: RowKind,
    /// Its parameters in order.
    pub params: Vec<ParamSpec>,
    /// What comes out.
    pub result: ResultRule,
    /// The parameter that receives the result where it is given and not None (`out=`); the result then is that object.
    pub out: Option<ParamIndex>,
    /// The parameters whose memory is written.
    pub writes: Vec<ParamIndex>,
    /// What writes hang on (`overwrite_input`, `inplace`); those of parameters that are not here always happen.
    pub writes_when: Vec<(ParamIndex, Condition)>,
    /// What makes the result a copy, whatever `result` says (`copy`).
    pub copies_when: Option<Condition>,
    /// The parameter without which the result need not be an array: of a sparse matrix or a data frame comes one again.
    pub like: Option<Like>,
    /// The class of the result, which is an object of a library that holds arrays: `result` speaks of these.
    pub class: Option<Box<str>>,
    /// The attributes under which the object that is made holds its arrays, in the order in which they are passed; empty
    /// where it has one array, or nobody knows how many.
    pub parts: Vec<Box<str>>,
    /// The parameters that are masked arrays whose masks change. (A mask is memory of its own: see `part of` among the
    /// results.)
    pub masks: Vec<ParamIndex>,
    /// Is the result made blank, to be filled (zeros, empty, full)?
    pub blank: bool,
    /// Is the result a scalar, whatever `result` says, when all arrays that go in have no dimensions?
    pub zero_dim_scalar: bool,
    /// What is known of the result's shape.
    pub shape: ShapeRule,
    /// What is known of the result's dtype.
    pub dtype: DtypeRule,
    /// What is known of the result's memory order.
    pub order: OrderRule,
    /// The transfer of the interpreter that refines the words.
    pub special: Option<Special>,
    /// What holds of some versions of NumPy only; the other words hold of all.
    pub variants: Vec<Variant>,
    /// Why versions differ in whether the result shares memory, in words: of a library, or of NumPy where the versions
    /// that the code is meant for lie on both sides of a change.
    pub varies: Option<Box<str>>,
    /// Is the result, or may it be, an array of a subclass that behaves in its own ways: `MaskedArray`, `matrix`?
    pub subclass: Option<Subclass>,
    /// Of an attribute: what assigning to it does.
    pub set: SetRule,
    /// The first NumPy version that has the name.
    pub since: Option<Version>,
    /// The first NumPy version that no longer has the name.
    pub until: Option<Version>,
    /// Where a row that cannot be checked is documented.
    pub documented: Option<Box<str>>,
    /// Python expressions that a test evaluates.
    pub witnesses: Vec<Box<str>>,
}

impl Row {
    /// Is it a universal function?
    pub fn is_ufunc(&self) -> bool {
        self.param("signature").is_some() && self.shape == ShapeRule::Broadcast
    }

    /// The row for these versions of NumPy: what holds of all of them takes the place of what holds of any version.
    pub fn on(&self, versions: Versions) -> Row {
        let mut row = self.clone();
        if !self.variants.is_empty() {
            // It may have been said for other versions.
            row.varies = None;
        }
        for variant in &self.variants {
            // The clause was understood when the table was read.
            match versions.before(variant.at) {
                Some(before) if before == variant.before => {
                    let _ = parse::clause(&mut row, &variant.clause, &mut true);
                }
                Some(_) => {}
                None => {
                    let mut then = self.clone();
                    let _ = parse::clause(&mut then, &variant.clause, &mut true);
                    if then.result.is_new() != self.result.is_new() {
                        let (major, minor) = variant.at;
                        let words = then.result_in_words();
                        row.varies = Some(match variant.before {
                            true => {
                                format!("before NumPy {major}.{minor} this is {words}, later it need not be").into()
                            }
                            false => {
                                format!("from NumPy {major}.{minor} on this is {words}, before it need not be").into()
                            }
                        });
                    }
                }
            }
        }
        row
    }

    /// What comes out, in words for people.
    fn result_in_words(&self) -> String {
        let name = |of: ParamIndex| &self.params[usize::from(of)].name;
        match self.result {
            ResultRule::Same(of) => format!("`{}` itself", name(of)),
            ResultRule::View { of, readonly: false } => format!("a view of `{}`", name(of)),
            ResultRule::View { of, readonly: true } => format!("a read-only view of `{}`", name(of)),
            _ => "a new array".to_owned(),
        }
    }

    /// With how many positional arguments at least (the receiver not counted) a call writes one of its arguments; None:
    /// only where a keyword asks for it.
    fn writes_with(&self) -> Option<u8> {
        // NumPy's masked functions write an `out` as well, and return another array in its memory.
        let out = self.out.or_else(|| self.writes.iter().copied().find(|&param| self.is_out(param)));
        // A flag that is to be false (`copy=False`) has a name too common to look for.
        let by_default = |param| self.write_condition(param).is_none_or(|when| self.by_default(when) || !when.holds);
        let other = self.writes.iter().any(|&param| Some(param) != out && by_default(param));
        let receiver = u8::from(self.kind == RowKind::Method);
        match out {
            _ if other => Some(0),
            // Whether `nan_to_num` writes hangs on `copy=`.
            _ if self.special == Some(Special::NanToNum) => Some(0),
            Some(out) if !self.params[usize::from(out)].keyword_only => Some((out + 1).saturating_sub(receiver)),
            _ => None,
        }
    }

    /// What the write of a parameter hangs on; None: it always happens.
    pub fn write_condition(&self, param: ParamIndex) -> Option<Condition> {
        self.writes_when.iter().find(|(of, _)| *of == param).map(|(_, condition)| *condition)
    }

    fn is_out(&self, param: ParamIndex) -> bool {
        &*self.params[usize::from(param)].name == "out"
    }

    /// Does nothing that comes out share memory with what went in, unless an `out` is given?
    fn is_new(&self) -> bool {
        match self.result {
            ResultRule::ViewOrCopy(of) => self.is_out(of),
            _ => self.result.is_new() && self.special != Some(Special::NanToNum),
        }
    }

    /// Does the condition hold where its flag is not given?
    pub fn by_default(&self, condition: Condition) -> bool {
        self.params[usize::from(condition.param)].default == condition.holds
    }

    /// The index of the parameter of this name.
    pub fn param(&self, name: &str) -> Option<ParamIndex> {
        self.params.iter().position(|p| &*p.name == name && !p.of_self).map(|i| i as ParamIndex)
    }
}

/// All rows, and how to find them.
#[derive(Clone, Debug, Default)]
pub struct Model {
    /// The versions of NumPy that the code is meant for.
    versions: Versions,
    /// The rows, in the order of the tables.
    pub rows: Vec<Row>,
    functions: FxHashMap<Box<str>, RowId>,
    methods: FxHashMap<Box<str>, RowId>,
    attributes: FxHashMap<Box<str>, RowId>,
    by_name: FxHashMap<Box<str>, Named>,
}

/// What the rows say of a name: those of which it is the last part of their name, and those that mention it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// All that bear the name return something new (fresh arrays, scalars, None); None: no row bears it.
    pub new: Option<bool>,
    /// One of them returns a tuple.
    pub tuple: bool,
    /// With how many positional arguments at least a call writes one of them. Without it a call writes only what a
    /// keyword (`out=`, `overwrite_input=`) names.
    pub writes: Option<u8>,
    /// The same for the methods of this name; `writes` is of functions.
    pub method_writes: Option<u8>,
    /// The row of `ndarray.name(…)`.
    pub array_method: Option<RowId>,
    /// The row of the attribute `ndarray.name`.
    pub array_attribute: Option<RowId>,
    /// It is a keyword that asks for a write: one that receives the result (`out`), or a flag (`overwrite_input`).
    pub asks: bool,
    /// A method or attribute of this name has a row for a class of a library round NumPy.
    pub of_library: bool,
    /// A method of this name writes an argument where its object was made with a flag, as `copy=False`: the flag is
    /// named in the same file, mostly.
    pub writes_by_flag: bool,
    /// It is a package that reads files of arrays.
    pub reads_files: bool,
    /// It is a package (the first part of a dotted name) that has functions in the model.
    pub package: bool,
}

impl Named {
    /// May a function or method of this name write what it is given by position?
    pub fn may_write(&self) -> bool {
        self.writes.is_some() || self.method_writes.is_some()
    }
}

static TABLES: &[(&str, &str)] = &[
    ("creation.model", include_str!("creation.model")),
    ("shape.model", include_str!("shape.model")),
    ("ufunc.model", include_str!("ufunc.model")),
    ("compute.model", include_str!("compute.model")),
    ("linalg.model", include_str!("linalg.model")),
    ("fft.model", include_str!("fft.model")),
    ("random.model", include_str!("random.model")),
    ("ndarray.model", include_str!("ndarray.model")),
    ("operators.model", include_str!("operators.model")),
    ("ma.model", include_str!("ma.model")),
    ("matrix.model", include_str!("matrix.model")),
    ("records.model", include_str!("records.model")),
    ("strings.model", include_str!("strings.model")),
    ("polynomial.model", include_str!("polynomial.model")),
    ("testing.model", include_str!("testing.model")),
    ("objects.model", include_str!("objects.model")),
    ("other.model", include_str!("other.model")),
];

/// The tables of the libraries round NumPy, one a library. `tests/model.rs` holds them to the libraries.
static LIBRARIES: &[(&str, &str)] = &[
    ("scipy.model", include_str!("scipy.model")),
    ("ndimage.model", include_str!("ndimage.model")),
    ("sklearn.model", include_str!("sklearn.model")),
    ("skimage.model", include_str!("skimage.model")),
    ("pandas.model", include_str!("pandas.model")),
    ("sparse.model", include_str!("sparse.model")),
    ("files.model", include_str!("files.model")),
    ("labelled.model", include_str!("labelled.model")),
    ("tensors.model", include_str!("tensors.model")),
    ("cv2.model", include_str!("cv2.model")),
    ("readers.model", include_str!("readers.model")),
];

/// Modules that hand on what is another's: a function that the first has no row for is the second's of the same name.
/// A test holds each pair to NumPy: where both have a name, it is one object.
static SAME: &[(&str, &str)] = &[
    ("numpy.core", "numpy"),
    ("numpy.lib", "numpy"),
    ("numpy.lib.npyio", "numpy"),
    ("numpy.lib.scimath", "numpy.emath"),
    ("numpy.ma.core", "numpy.ma"),
    ("numpy.ma.extras", "numpy.ma"),
    ("numpy.matlib", "numpy"),
    ("numpy.strings", "numpy.char"),
];

static BUNDLED: LazyLock<Arc<Model>> = LazyLock::new(|| {
    let mut model = Model::default();
    for (file, text) in TABLES.iter().chain(LIBRARIES) {
        // The tables are part of the program: `tests/model.rs` fails for a table that does not parse, so that a user
        // never meets this; without the rows of the broken table the analysis would know less, but claim nothing wrong.
        if let Ok(rows) = parse::table(file, text) {
            model.extend(rows);
        }
    }
    Arc::new(model)
});

impl Model {
    /// The model that viewlint ships.
    pub fn bundled() -> &'static Arc<Model> {
        &BUNDLED
    }

    /// The bundled model and these rows, for code that is meant for these versions of NumPy.
    pub fn with(rows: Vec<Row>, versions: Versions) -> Model {
        let mut model = Model { versions, ..Model::default() };
        model.extend(BUNDLED.rows.clone());
        model.extend(rows);
        model
    }

    /// The versions of NumPy that the code is meant for.
    pub fn versions(&self) -> Versions {
        self.versions
    }

    /// The texts of the bundled tables of the libraries round NumPy: file name and content.
    pub fn library_tables() -> &'static [(&'static str, &'static str)] {
        LIBRARIES
    }

    /// The texts of NumPy's bundled tables: file name and content.
    pub fn tables() -> &'static [(&'static str, &'static str)] {
        TABLES
    }

    /// The modules that hand on what is another's, each with that other.
    pub fn same_modules() -> &'static [(&'static str, &'static str)] {
        SAME
    }

    /// Adds rows; a later row replaces an earlier one of the same name and kind.
    pub fn extend(&mut self, rows: Vec<Row>) {
        for row in rows {
            let row = row.on(self.versions);
            let last = row.name.rsplit('.').next().unwrap_or(&row.name);
            let (new, tuple) = (row.is_new(), row.result.is_tuple());
            let flags = row.writes_when.iter().filter(|(_, when)| when.holds).map(|(_, when)| when.param);
            for param in row.out.into_iter().chain(flags) {
                self.by_name.entry(row.params[usize::from(param)].name.clone()).or_default().asks = true;
            }
            if row.kind == RowKind::Function
                && let Some((package, _)) = row.name.split_once('.')
            {
                self.by_name.entry(package.into()).or_default().package = true;
            }
            // Of a class of a library: its rows say something where the class is known, and nothing of the name.
            if row.kind != RowKind::Function && row.name.matches('.').count() > 1 {
                let common = self.by_name.entry(last.into()).or_default();
                common.of_library = true;
                let flagged = |param: &ParamIndex| row.write_condition(*param).is_some();
                common.writes_by_flag |= row.writes.iter().any(flagged);
                if let Some(least) = row.writes_with().filter(|_| !row.writes.iter().all(flagged)) {
                    common.method_writes = Some(common.method_writes.map_or(least, |known| known.min(least)));
                }
                if let (Some(Special::Member), true, Some((package, _))) =
                    (row.special, row.result.is_new(), row.name.split_once('.'))
                {
                    self.by_name.entry(package.into()).or_default().reads_files = true;
                }
                self.add(row);
                continue;
            }
            let common = self.by_name.entry(last.into()).or_default();
            common.new = Some(common.new.unwrap_or(true) && new);
            common.tuple |= tuple;
            if let Some(least) = row.writes_with() {
                let writes = if row.kind == RowKind::Method { &mut common.method_writes } else { &mut common.writes };
                *writes = Some(writes.map_or(least, |known| known.min(least)));
            }
            let id = RowId(self.rows.len() as u32);
            if row.name.strip_prefix("ndarray.") == Some(last) {
                match row.kind {
                    RowKind::Method => common.array_method = Some(id),
                    RowKind::Attribute => common.array_attribute = Some(id),
                    RowKind::Function => {}
                }
            }
            self.add(row);
        }
    }

    fn add(&mut self, row: Row) {
        let id = RowId(self.rows.len() as u32);
        let map = match row.kind {
            RowKind::Function => &mut self.functions,
            RowKind::Method => &mut self.methods,
            RowKind::Attribute => &mut self.attributes,
        };
        map.insert(row.name.clone(), id);
        self.rows.push(row);
    }

    /// The row of an id of this model.
    pub fn row(&self, id: RowId) -> &Row {
        &self.rows[id.0 as usize]
    }

    /// The row of a function, by its full dotted name (`numpy.linalg.norm`).
    pub fn function(&self, name: &str) -> Option<RowId> {
        if let Some(id) = self.functions.get(name) {
            return Some(*id);
        }
        let (module, last) = name.rsplit_once('.')?;
        let (_, other) = SAME.iter().find(|(same, _)| *same == module)?;
        self.functions.get(format!("{other}.{last}").as_str()).copied()
    }

    /// The row of a method, by class and name (`ndarray.sort`).
    pub fn method(&self, name: &str) -> Option<RowId> {
        self.methods.get(name).copied()
    }

    /// What the rows say of a name without dots.
    pub fn named(&self, name: &str) -> Named {
        self.by_name.get(name).copied().unwrap_or_default()
    }

    /// The row of an attribute, by class and name (`ndarray.T`).
    pub fn attribute(&self, name: &str) -> Option<RowId> {
        self.attributes.get(name).copied()
    }
}
