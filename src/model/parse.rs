//! Reads the tables.
//!
//! A table is a text of lines. A header at the margin begins a row; the indented lines below it say what it does:
//!
//! ```text
//! # a comment
//! fn numpy.zeros(shape, dtype, order, *, device, like)
//! fn sklearn.preprocessing.scale(X, *, copy=True)          (a flag that is true where it is not given)
//! method ndarray.reshape(self, *shape, order, copy)
//! attr ndarray.T
//! ufunc numpy.add 2 1             (inputs, outputs)
//! alias numpy.concat = numpy.concatenate
//!
//!   result fresh owner            none, scalar, fresh [owner|view], fresh-or-scalar, same A, [readonly] view of A,
//!                                 same-or-view of A, same-or-copy of A, view-or-copy of A, part of A, list of R,
//!                                 tuple of R, iterator of R, maybe tuple of R (R, or several), items R / R (a tuple of
//!                                 just these), unknown
//!   out out                       the parameter that receives the result where it is given
//!   writes a, b                   the parameters whose memory is written
//!   writes a when inplace         … and the flag that must be given and true for it (`unless`: false)
//!   copies when copy              the result is fresh where this flag is true (`unless`: false), whatever `result` says
//!   copies unless self.copy       … a flag that the object was made with
//!   class pandas.Series           the result is an object of this class; `result` speaks of the arrays that it holds, and
//!                                 in the rows of its methods and attributes `self` stands for them
//!   parts data, indices, indptr   … under these attributes
//!   like a when accept_sparse     where a is no array (a sparse matrix, a data frame), neither need the result be one
//!   masks a                       the masked arrays whose masks change
//!   blank                         the result is made to be filled
//!   zero-dim scalar               for arrays without dimensions the result is a scalar, whatever `result` says
//!   shape from shape              of A | from A | from A else of B | ndim N | ndim of A +1 | broadcast | reduce A
//!   dtype from dtype else float64 NAME | KIND | of A | from A else … | promote
//!   order from order else C       C | F | of A | from A else C | from A else of B
//!   by asarray                    a word of `Special`
//!   before 2.0: result fresh      a clause that holds of the versions before this one only (the others hold of all)
//!   from 2.0: result view of a    … and of this version and later ones
//!   set memory                    of an attribute that can be set: memory | layout | other
//!   subclass                      the result is, or may be, a masked array or a matrix: most of its methods are its own
//!   subclass masked               the result always is a masked array (`matrix`: a matrix)
//!   varies WORDS                  why versions of a library differ in whether the result shares memory (of NumPy's own
//!                                 versions `before` and `from` tell)
//!   since 2.1                     the first NumPy that has the name
//!   until 2.0                     the first NumPy that no longer has it
//!   documented https://…          where a row without witnesses is documented
//!   ~ np.zeros((2, 3))            a witness: a Python expression that a test evaluates
//! ```
//!
//! The words `same`, `view` and their kin speak of arguments that are arrays: what is made of a list or a number shares
//! memory with nothing. They speak of `numpy.ndarray` itself: of a subclass (`matrix`, `memmap`, `MaskedArray`), a function
//! that says `same` may return a view, and one that says `view` a subclass.
//!
//! `numpy.ma.masked`, an array that stands for a number that is hidden, counts as a scalar.
//!
//! Of a result that is a list, tuple or iterator, the clauses `shape`, `dtype` and `order` speak of each element.
//! `dtype` does not speak of arrays of objects. `order of A` is NumPy's `K`, for results of A's shape: where A is C-contiguous the result is, and likewise for
//! Fortran order.
//!
//! A `ufunc` has the parameters `x1 …`, then `out` (`out1`, `out2`, and the keyword `out`, for two outputs) and the
//! keywords all ufuncs take. An `alias` is a copy of an earlier row of its table under another name: its witnesses are
//! the other row's, with the name replaced, unless it brings its own.

use std::fmt::Write as _;

use rustc_hash::FxHashSet;

use super::rules::{dtype_rule, order_rule, result_rule, shape_rule};
use super::{
    Condition, DtypeRule, Like, OrderRule, ParamIndex, ParamSpec, ResultRule, Row, RowKind, SetRule, ShapeRule,
    Special, Subclass, Variant, Version,
};

/// Reads one table.
///
/// # Errors
/// The first line that is not understood.
pub fn table(file: &str, text: &str) -> Result<Vec<Row>, TableError> {
    let mut rows: Vec<Row> = Vec::new();
    let mut names = FxHashSet::default();
    let mut own_witnesses = false;
    for (index, full) in text.lines().enumerate() {
        let content = full.trim();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let read = if full.starts_with([' ', '\t']) {
            match rows.last_mut() {
                None => Err("an indented line before the first row".to_owned()),
                Some(row) => clause(row, content, &mut own_witnesses),
            }
        } else {
            header(content, &rows).and_then(|row| {
                // What a row inherits (an alias) or is given by default (a ufunc) yields to its own first witness.
                own_witnesses = false;
                if !names.insert((row.kind, row.name.clone())) {
                    return Err(format!("`{}` has a row already", row.name));
                }
                rows.push(row);
                Ok(())
            })
        };
        read.map_err(|message| TableError { file: file.to_owned(), line: index + 1, message })?;
    }
    Ok(rows)
}

/// A line of a table that is not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {message}")]
pub struct TableError {
    /// The table.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub message: String,
}

const HEADERS: &str = "`fn`, `method`, `attr`, `ufunc`, `alias`";
const CLAUSES: &str = "`result`, `out`, `writes`, `copies`, `class`, `parts`, `like`, `masks`, `blank`, `zero-dim scalar`, `shape`, `dtype`, `order`, `by`, `set`, `subclass`, `varies`, `before V: …`, `from V: …`, `since`, `until`, `documented`, `~`";
/// The keywords that every ufunc takes.
const UFUNC_KEYWORDS: [&str; 6] = ["where", "casting", "order", "dtype", "subok", "signature"];

pub(super) fn wrong(what: &str, word: &str, allowed: &str) -> String {
    format!("unknown {what} `{word}`; allowed: {allowed}")
}

fn header(line: &str, rows: &[Row]) -> Result<Row, String> {
    let (word, rest) = split(line);
    let row = match word {
        "fn" => {
            let (name, params) = signature(rest)?;
            empty_row(RowKind::Function, name, params)
        }
        "method" => {
            let (name, params) = signature(rest)?;
            if params.first().is_none_or(|first| &*first.name != "self") {
                return Err(format!("the first parameter of the method `{name}` is not `self`"));
            }
            empty_row(RowKind::Method, name, params)
        }
        "attr" => {
            if !is_dotted(rest) {
                return Err(format!("`{rest}` is not a dotted name such as `ndarray.T`"));
            }
            empty_row(RowKind::Attribute, rest, vec![parameter("self", false)])
        }
        "ufunc" => ufunc(rest)?,
        "alias" => alias(rest, rows)?,
        _ => return Err(wrong("row", word, HEADERS)),
    };
    Ok(row)
}

fn split(line: &str) -> (&str, &str) {
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    (word, rest.trim())
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_alphanumeric() || c == '_')
}

pub(super) fn is_dotted(text: &str) -> bool {
    text.contains('.') && text.split('.').all(is_name)
}

pub(super) fn parameter(name: &str, keyword_only: bool) -> ParamSpec {
    ParamSpec { name: name.into(), keyword_only, variadic: false, of_self: false, default: false }
}

pub(super) fn empty_row(kind: RowKind, name: &str, params: Vec<ParamSpec>) -> Row {
    Row {
        name: name.into(),
        kind,
        params,
        result: ResultRule::Unknown,
        out: None,
        writes: Vec::new(),
        writes_when: Vec::new(),
        copies_when: None,
        like: None,
        class: None,
        parts: Vec::new(),
        masks: Vec::new(),
        blank: false,
        zero_dim_scalar: false,
        shape: ShapeRule::Unknown,
        dtype: DtypeRule::Unknown,
        order: OrderRule::Unknown,
        special: None,
        variants: Vec::new(),
        set: SetRule::Never,
        since: None,
        until: None,
        varies: None,
        subclass: None,
        documented: None,
        witnesses: Vec::new(),
    }
}

/// Reads `numpy.zeros(shape, *, like)`.
pub(super) fn signature(text: &str) -> Result<(&str, Vec<ParamSpec>), String> {
    let inner = text.split_once('(').and_then(|(name, rest)| Some((name.trim(), rest.strip_suffix(')')?)));
    let Some((name, inner)) = inner else {
        return Err(format!("`{text}` is not a signature such as `numpy.zeros(shape, dtype)`"));
    };
    if !is_dotted(name) {
        return Err(format!("`{name}` is not a dotted name such as `numpy.zeros`"));
    }
    let mut params: Vec<ParamSpec> = Vec::new();
    let mut keyword_only = false;
    for word in inner.split(',').map(str::trim).filter(|word| !word.is_empty()) {
        if word == "*" {
            keyword_only = true;
            continue;
        }
        let (bare, default) = word.strip_suffix("=True").map_or((word, false), |word| (word, true));
        let bare = bare.strip_prefix('*').unwrap_or(bare);
        if !is_name(bare) {
            return Err(format!("`{word}` is not a parameter; allowed: a name, `name=True`, `*name`, `*`"));
        }
        if params.iter().any(|other| &*other.name == bare) {
            return Err(format!("the parameter `{bare}` occurs twice"));
        }
        let variadic = word.starts_with('*');
        params.push(ParamSpec { variadic, default, ..parameter(bare, keyword_only) });
        keyword_only |= variadic;
    }
    if params.len() > usize::from(ParamIndex::MAX) {
        return Err(format!("`{name}` has too many parameters"));
    }
    Ok((name, params))
}

/// Reads `numpy.add 2 1`.
fn ufunc(text: &str) -> Result<Row, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [name, inputs, outputs] = words[..] else {
        return Err(format!("`{text}` is not a ufunc such as `numpy.add 2 1`"));
    };
    let (Ok(inputs @ 1..=4), Ok(outputs @ 1..=2)) = (inputs.parse::<u8>(), outputs.parse::<u8>()) else {
        return Err(format!("`{inputs} {outputs}` is not a number of inputs (1 to 4) and of outputs (1 or 2)"));
    };
    if !is_dotted(name) {
        return Err(format!("`{name}` is not a dotted name such as `numpy.add`"));
    }
    let mut params: Vec<ParamSpec> = (1..=inputs).map(|k| parameter(&format!("x{k}"), false)).collect();
    if outputs > 1 {
        params.extend((1..=outputs).map(|k| parameter(&format!("out{k}"), false)));
    }
    params.push(parameter("out", outputs > 1));
    params.extend(UFUNC_KEYWORDS.map(|keyword| parameter(keyword, true)));
    let mut row = empty_row(RowKind::Function, name, params);
    row.out = row.param("out");
    row.shape = ShapeRule::Broadcast;
    row.result = ResultRule::FreshOrScalar;
    if outputs > 1 {
        row.result = ResultRule::Tuple(Box::new(ResultRule::FreshOrScalar));
        row.special = Some(Special::Pair);
        row.writes = (inputs..inputs + outputs).collect();
    }
    if let (1, Some(order)) = (inputs, row.param("order")) {
        row.order = OrderRule::FromElseOf(order, 0);
    }
    let mut witness = format!("{}(x", name.replacen("numpy.", "np.", 1));
    for operand in ["y", "x", "y"].iter().take(usize::from(inputs) - 1) {
        let _ = write!(witness, ", {operand}");
    }
    row.witnesses = vec![format!("{witness})").into()];
    Ok(row)
}

/// Reads `numpy.concat = numpy.concatenate`.
fn alias(text: &str, rows: &[Row]) -> Result<Row, String> {
    let (name, target) = text.split_once('=').map(|(a, b)| (a.trim(), b.trim())).unwrap_or_default();
    if !is_dotted(name) || !is_dotted(target) {
        return Err(format!("`{text}` is not an alias such as `numpy.concat = numpy.concatenate`"));
    }
    let Some(row) = rows.iter().find(|row| &*row.name == target) else {
        return Err(format!("no row above is named `{target}`"));
    };
    let mut row = row.clone();
    let (old, new) = if row.kind == RowKind::Function {
        (target.replacen("numpy.", "np.", 1) + "(", name.replacen("numpy.", "np.", 1) + "(")
    } else {
        let end = if row.kind == RowKind::Method { "(" } else { "" };
        let last = |name: &str| format!(".{}{end}", name.rsplit('.').next().unwrap_or_default());
        (last(target), last(name))
    };
    row.witnesses = row.witnesses.iter().map(|witness| witness.replace(&old, &new).into()).collect();
    row.name = name.into();
    (row.since, row.until) = (None, None);
    Ok(row)
}

/// Reads one indented line below a row's header.
pub(super) fn clause(row: &mut Row, line: &str, own_witnesses: &mut bool) -> Result<(), String> {
    let (word, rest) = split(line);
    match word {
        "result" => row.result = result_rule(row, rest)?,
        "out" => row.out = Some(param(row, rest)?),
        "writes" => {
            let (names, when) = conditional(row, rest)?;
            for name in names.split(',') {
                let param = param(row, name.trim())?;
                row.writes.push(param);
                row.writes_when.extend(when.map(|when| (param, when)));
            }
        }
        "like" => {
            let (name, when) = conditional(row, rest)?;
            row.like = Some(Like { of: param(row, name.trim())?, when });
        }
        "copies" => row.copies_when = Some(condition(row, rest)?),
        "class" if is_dotted(rest) => row.class = Some(rest.into()),
        "class" => return Err(format!("`{rest}` is not a dotted name such as `pandas.Series`")),
        "parts" => row.parts = rest.split(',').map(|name| name.trim().into()).collect(),
        "masks" => row.masks = rest.split(',').map(|name| param(row, name.trim())).collect::<Result<_, _>>()?,
        "blank" if rest.is_empty() => row.blank = true,
        "zero-dim" if rest == "scalar" => row.zero_dim_scalar = true,
        "shape" => row.shape = shape_rule(row, rest)?,
        "dtype" => row.dtype = dtype_rule(row, rest)?,
        "order" => row.order = order_rule(row, rest)?,
        "by" => match Special::ALL.iter().find(|(name, _)| *name == rest) {
            Some((_, special)) => row.special = Some(*special),
            None => {
                let allowed: Vec<&str> = Special::ALL.iter().map(|(name, _)| *name).collect();
                return Err(wrong("transfer", rest, &allowed.join(", ")));
            }
        },
        "before" | "from" => row.variants.push(variant(row, word == "before", rest)?),
        "subclass" => {
            row.subclass = match rest {
                "" => Some(Subclass::Some),
                "masked" => Some(Subclass::Masked),
                "matrix" => Some(Subclass::Matrix),
                _ => {
                    return Err(wrong(
                        "subclass",
                        rest,
                        "`masked`, `matrix`, or none where it may be either or a plain array",
                    ));
                }
            }
        }
        "set" => {
            row.set = match rest {
                "memory" => SetRule::Memory,
                "layout" => SetRule::Layout,
                "other" => SetRule::Other,
                _ => return Err(wrong("effect of assignment", rest, "`memory`, `layout`, `other`")),
            }
        }
        "since" => row.since = Some(version(rest)?),
        "until" => row.until = Some(version(rest)?),
        "varies" if rest.is_empty() => return Err("`varies` needs words".to_owned()),
        "varies" => row.varies = Some(rest.into()),
        "documented" if rest.is_empty() => return Err("`documented` needs an address".to_owned()),
        "documented" => row.documented = Some(rest.into()),
        "~" if rest.is_empty() => return Err("`~` needs a Python expression".to_owned()),
        "~" => {
            if !std::mem::replace(own_witnesses, true) {
                row.witnesses.clear();
            }
            row.witnesses.push(rest.into());
        }
        _ => return Err(wrong("clause", line, CLAUSES)),
    }
    Ok(())
}

pub(super) fn param(row: &Row, name: &str) -> Result<ParamIndex, String> {
    row.param(name).ok_or_else(|| {
        let names: Vec<&str> = row.params.iter().map(|p| &*p.name).collect();
        format!("`{}` has no parameter `{name}`; it has: {}", row.name, names.join(", "))
    })
}

/// Splits `a, b when copy` into what holds and the condition.
fn conditional<'a>(row: &mut Row, text: &'a str) -> Result<(&'a str, Option<Condition>), String> {
    let at = [" when ", " unless "].into_iter().find_map(|word| text.find(word));
    let (names, when) = text.split_at(at.unwrap_or(text.len()));
    Ok((names, at.map(|_| condition(row, when.trim())).transpose()?))
}

/// Reads `when copy`.
fn condition(row: &mut Row, text: &str) -> Result<Condition, String> {
    let holds = match split(text) {
        ("when", _) => true,
        ("unless", _) => false,
        _ => return Err(format!("`{text}` is not a condition such as `when copy` or `unless copy`")),
    };
    let flag = split(text).1;
    let Some(own) = flag.strip_prefix("self.") else { return Ok(Condition { param: param(row, flag)?, holds }) };
    let known = row.params.iter().position(|param| param.of_self && &*param.name == own);
    let index = known.unwrap_or(row.params.len());
    if known.is_none() {
        row.params.push(ParamSpec { of_self: true, ..parameter(own, true) });
    }
    Ok(Condition { param: index as ParamIndex, holds })
}

/// Reads `2.0: result fresh`.
fn variant(row: &Row, before: bool, text: &str) -> Result<Variant, String> {
    let Some((at, text)) = text.split_once(':') else {
        return Err(format!("`{text}` is not a clause for some versions such as `2.0: result fresh`"));
    };
    let text = text.trim();
    if let ("before" | "from" | "since" | "until" | "~", _) = split(text) {
        return Err(format!("`{text}` cannot depend on the version"));
    }
    clause(&mut row.clone(), text, &mut true)?;
    Ok(Variant { at: version(at.trim())?, before, clause: text.into() })
}

fn version(text: &str) -> Result<Version, String> {
    text.split_once('.')
        .and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)))
        .ok_or_else(|| format!("`{text}` is not a version such as `2.1`"))
}

#[cfg(test)]
mod tests;
