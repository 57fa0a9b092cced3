//! Reads the words of the clauses `result`, `shape`, `dtype` and `order`.

use super::parse::{param, wrong};
use super::{DtypeRule, OrderRule, ResultRule, Row, ShapeRule};

const RESULTS: &str = "`none`, `scalar`, `fresh`, `fresh owner`, `fresh view`, `fresh-or-scalar`, `same A`, `view of A`, \
     `readonly view of A`, `same-or-view of A`, `same-or-copy of A`, `view-or-copy of A`, `part of A`, `list of R`, `tuple of R`, \
     `iterator of R`, `maybe tuple of R`, `items R / R`, `unknown`";
const SHAPES: &str = "`of A`, `from A`, `from A else of B`, `ndim N`, `ndim of A +N`, `broadcast`, `reduce A`";
const DTYPES: &str = "a dtype's name, a kind letter, `of A`, `from A else D`, `promote`";
const ORDERS: &str = "`C`, `F`, `of A`, `from A else C`, `from A else of B`";
const DTYPE_NAMES: &[&str] = &[
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float16",
    "float32",
    "float64",
    "longdouble",
    "complex64",
    "complex128",
    "clongdouble",
    "object",
    "b",
    "i",
    "u",
    "f",
    "c",
    "S",
    "U",
    "V",
    "O",
    "M",
    "m",
];

pub(super) fn result_rule(row: &Row, text: &str) -> Result<ResultRule, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    Ok(match words[..] {
        ["unknown"] => ResultRule::Unknown,
        ["none"] => ResultRule::None,
        ["scalar"] => ResultRule::Scalar,
        ["fresh"] => ResultRule::Fresh { owner: None },
        ["fresh", "owner"] => ResultRule::Fresh { owner: Some(true) },
        ["fresh", "view"] => ResultRule::Fresh { owner: Some(false) },
        ["fresh-or-scalar"] => ResultRule::FreshOrScalar,
        ["same", name] => ResultRule::Same(param(row, name)?),
        ["view", "of", name] => ResultRule::View { of: param(row, name)?, readonly: false },
        ["readonly", "view", "of", name] => ResultRule::View { of: param(row, name)?, readonly: true },
        ["same-or-view", "of", name] => ResultRule::SameOrView(param(row, name)?),
        ["same-or-copy", "of", name] => ResultRule::SameOrCopy(param(row, name)?),
        ["view-or-copy", "of", name] => ResultRule::ViewOrCopy(param(row, name)?),
        ["part", "of", name] => ResultRule::Part(param(row, name)?),
        ["maybe", "tuple", "of", ..] => ResultRule::MaybeTuple(Box::new(result_rule(row, &words[3..].join(" "))?)),
        ["items", ..] => {
            let items = text.trim_start_matches("items").split('/').map(|item| result_rule(row, item));
            ResultRule::Items(items.collect::<Result<_, _>>()?)
        }
        [container @ ("list" | "tuple" | "iterator"), "of", ..] => {
            let element = Box::new(result_rule(row, &words[2..].join(" "))?);
            match container {
                "list" => ResultRule::List(element),
                "tuple" => ResultRule::Tuple(element),
                _ => ResultRule::Iterator(element),
            }
        }
        _ => return Err(wrong("result", text, RESULTS)),
    })
}

pub(super) fn shape_rule(row: &Row, text: &str) -> Result<ShapeRule, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let bad = || wrong("shape", text, SHAPES);
    Ok(match words[..] {
        ["broadcast"] => ShapeRule::Broadcast,
        ["of", name] => ShapeRule::Of(param(row, name)?),
        ["from", name] => ShapeRule::From(param(row, name)?),
        ["from", name, "else", "of", other] => ShapeRule::FromElseOf(param(row, name)?, param(row, other)?),
        ["reduce", name] => ShapeRule::Reduce(param(row, name)?),
        ["ndim", "of", name, more] if more.starts_with(['+', '-']) => {
            ShapeRule::NdimOf(param(row, name)?, more.parse().map_err(|_| bad())?)
        }
        ["ndim", "of", name] => ShapeRule::NdimOf(param(row, name)?, 0),
        ["ndim", count] => ShapeRule::Ndim(count.parse().map_err(|_| bad())?),
        _ => return Err(bad()),
    })
}

pub(super) fn dtype_rule(row: &Row, text: &str) -> Result<DtypeRule, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    Ok(match words[..] {
        ["promote"] => DtypeRule::Promote,
        ["of", name] => DtypeRule::Of(param(row, name)?),
        ["from", name, "else", ..] => {
            DtypeRule::From(param(row, name)?, Box::new(dtype_rule(row, &words[3..].join(" "))?))
        }
        // `from dtype else unknown`: what another dtype is made of depends on the values.
        ["unknown"] => DtypeRule::Unknown,
        [name] if DTYPE_NAMES.contains(&name) => DtypeRule::Exact(name.into()),
        _ => return Err(wrong("dtype", text, DTYPES)),
    })
}

pub(super) fn order_rule(row: &Row, text: &str) -> Result<OrderRule, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    Ok(match words[..] {
        ["C"] => OrderRule::C,
        ["F"] => OrderRule::F,
        ["of", name] => OrderRule::Of(param(row, name)?),
        ["from", name, "else", "C"] => OrderRule::FromElseC(param(row, name)?),
        ["from", name, "else", "of", other] => OrderRule::FromElseOf(param(row, name)?, param(row, other)?),
        _ => return Err(wrong("order", text, ORDERS)),
    })
}
