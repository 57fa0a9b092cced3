//! Holds the model to real NumPy: every row of every table has witnesses, which are evaluated on two versions of NumPy
//! over a grid of layouts and dtypes; what comes out must be what the row says, no more and no less.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "this is a test")]

#[path = "support/venv.rs"]
mod support;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use serde_json::{Value, json};
use support::{NEW_NUMPY, OLD_NUMPY, python, python_with_libraries, run};
use viewlint::model::{
    Condition, DtypeRule, Model, OrderRule, ResultRule, Row, RowKind, SetRule, ShapeRule, Special, Subclass, Versions,
    parse,
};

/// All rows of the bundled tables, each with the name of its table.
fn bundled() -> Vec<(&'static str, Row)> {
    let mut rows = Vec::new();
    for (file, text) in Model::tables() {
        let table = parse::table(file, text).unwrap_or_else(|error| panic!("{error}"));
        rows.extend(table.into_iter().map(|row| (*file, row)));
    }
    rows
}

fn name(row: &Row, index: u8) -> &str {
    &row.params[usize::from(index)].name
}

fn result_words(row: &Row, rule: &ResultRule) -> String {
    match rule {
        ResultRule::Unknown => "unknown".to_owned(),
        ResultRule::None => "none".to_owned(),
        ResultRule::Scalar => "scalar".to_owned(),
        ResultRule::Fresh { owner: None } => "fresh".to_owned(),
        ResultRule::Fresh { owner: Some(true) } => "fresh owner".to_owned(),
        ResultRule::Fresh { owner: Some(false) } => "fresh view".to_owned(),
        ResultRule::FreshOrScalar => "fresh-or-scalar".to_owned(),
        ResultRule::Same(of) => format!("same {}", name(row, *of)),
        ResultRule::View { of, readonly: false } => format!("view of {}", name(row, *of)),
        ResultRule::View { of, readonly: true } => format!("readonly view of {}", name(row, *of)),
        ResultRule::SameOrView(of) => format!("same-or-view of {}", name(row, *of)),
        ResultRule::SameOrCopy(of) => format!("same-or-copy of {}", name(row, *of)),
        ResultRule::ViewOrCopy(of) => format!("view-or-copy of {}", name(row, *of)),
        ResultRule::Part(of) => format!("part of {}", name(row, *of)),
        ResultRule::List(element) => format!("list of {}", result_words(row, element)),
        ResultRule::Tuple(element) => format!("tuple of {}", result_words(row, element)),
        ResultRule::Items(items) => {
            format!("items {}", items.iter().map(|item| result_words(row, item)).collect::<Vec<_>>().join(" / "))
        }
        ResultRule::Iterator(element) => format!("iterator of {}", result_words(row, element)),
        ResultRule::MaybeTuple(element) => format!("maybe tuple of {}", result_words(row, element)),
    }
}

fn shape_words(row: &Row) -> Option<String> {
    Some(match &row.shape {
        ShapeRule::Unknown => return None,
        ShapeRule::Of(of) => format!("of {}", name(row, *of)),
        ShapeRule::From(of) => format!("from {}", name(row, *of)),
        ShapeRule::FromElseOf(from, of) => format!("from {} else of {}", name(row, *from), name(row, *of)),
        ShapeRule::Ndim(count) => format!("ndim {count}"),
        ShapeRule::NdimOf(of, more) => format!("ndim of {} {more:+}", name(row, *of)),
        ShapeRule::Broadcast => "broadcast".to_owned(),
        ShapeRule::Reduce(of) => format!("reduce {}", name(row, *of)),
    })
}

fn dtype_words(row: &Row, rule: &DtypeRule) -> Option<String> {
    Some(match rule {
        DtypeRule::Unknown => return None,
        DtypeRule::Exact(dtype) => dtype.to_string(),
        DtypeRule::Of(of) => format!("of {}", name(row, *of)),
        DtypeRule::From(from, other) => {
            let other = dtype_words(row, other).unwrap_or_else(|| "unknown".to_owned());
            format!("from {} else {other}", name(row, *from))
        }
        DtypeRule::Promote => "promote".to_owned(),
    })
}

fn order_words(row: &Row) -> Option<String> {
    Some(match &row.order {
        OrderRule::Unknown => return None,
        OrderRule::C => "C".to_owned(),
        OrderRule::F => "F".to_owned(),
        OrderRule::Of(of) => format!("of {}", name(row, *of)),
        OrderRule::FromElseC(from) => format!("from {} else C", name(row, *from)),
        OrderRule::FromElseOf(from, of) => format!("from {} else of {}", name(row, *from), name(row, *of)),
    })
}

fn condition_words(row: &Row, condition: Condition) -> Value {
    let of_self = row.params[usize::from(condition.param)].of_self;
    json!({"flag": name(row, condition.param), "holds": condition.holds, "of_self": of_self})
}

fn as_json(table: &str, row: &Row) -> Value {
    let params: Vec<Value> = row
        .params
        .iter()
        .filter(|p| !p.of_self)
        .map(|p| json!({"name": p.name, "keyword_only": p.keyword_only, "variadic": p.variadic, "default": p.default}))
        .collect();
    let kind = match row.kind {
        RowKind::Function => "function",
        RowKind::Method => "method",
        RowKind::Attribute => "attribute",
    };
    json!({
        "table": table,
        "name": row.name,
        "kind": kind,
        "params": params,
        "result": result_words(row, &row.result),
        "out": row.out.map(|index| name(row, index)),
        "writes": row.writes.iter().map(|index| name(row, *index)).collect::<Vec<_>>(),
        "writes_when": row.writes_when.iter().map(|(of, when)| (name(row, *of), condition_words(row, *when))).collect::<BTreeMap<_, _>>(),
        "copies_when": row.copies_when.map(|when| condition_words(row, when)),
        "class": row.class,
        "zero_dim_scalar": row.zero_dim_scalar,
        "shape": shape_words(row),
        "dtype": dtype_words(row, &row.dtype),
        "order": order_words(row),
        "special": row.special.and_then(|s| Special::ALL.iter().find(|(_, other)| *other == s)).map(|(word, _)| word),
        "set": match row.set {
            SetRule::Never => None,
            SetRule::Memory => Some("memory"),
            SetRule::Layout => Some("layout"),
            SetRule::Other => Some("other"),
        },
        "masks": row.masks.iter().map(|index| name(row, *index)).collect::<Vec<_>>(),
        "subclass": row.subclass.map(|subclass| match subclass {
            Subclass::Some => "some",
            Subclass::Masked => "masked",
            Subclass::Matrix => "matrix",
        }),
        "variants": row.variants.len(),
        "since": row.since,
        "until": row.until,
        "documented": row.documented,
        "witnesses": row.witnesses,
    })
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/model").join(name)
}

/// Runs the checker on both versions of NumPy; returns the reports, and the complaints about words that are too weak.
fn check(rows: &[(&str, Row)]) -> (Vec<Value>, Vec<String>) {
    let with = |version: &'static str| (version, python(version), Versions::parse(&format!("=={version}")).unwrap());
    check_on(rows, &[with(OLD_NUMPY), with(NEW_NUMPY)])
}

/// Runs the checker with each of these interpreters, the rows as they are for its versions of NumPy.
fn check_on(rows: &[(&str, Row)], interpreters: &[(&str, PathBuf, Versions)]) -> (Vec<Value>, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let written = |name: String, rows: Vec<Value>| {
        let file = folder.path().join(name);
        std::fs::write(&file, Value::from(rows).to_string()).unwrap();
        file
    };
    let rows_file = written("rows.json".to_owned(), rows.iter().map(|(table, row)| as_json(table, row)).collect());
    let reports: Vec<(PathBuf, Value)> = std::thread::scope(|scope| {
        let folder = folder.path();
        let running: Vec<_> = interpreters
            .iter()
            .map(|(version, interpreter, versions)| {
                let on = rows.iter().map(|(table, row)| as_json(table, &row.on(*versions))).collect();
                let rows_file = written(format!("rows-{version}.json"), on);
                scope.spawn(move || {
                    let mut command = Command::new(interpreter);
                    let text = run(command.arg("-B").arg(script("check_rows.py")).arg(&rows_file), "check the rows");
                    let file = folder.join(format!("report-{version}.json"));
                    std::fs::write(&file, &text).unwrap();
                    (file, serde_json::from_str(&text).unwrap())
                })
            })
            .collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let mut command = Command::new(python(NEW_NUMPY));
    command.arg("-B").arg(script("check_rows.py")).arg("--weak").arg(&rows_file);
    let weak = run(command.args(reports.iter().map(|(file, _)| file)), "look for weak words");
    (reports.into_iter().map(|(_, report)| report).collect(), serde_json::from_str(&weak).unwrap())
}

fn problems(report: &Value) -> Vec<String> {
    let version = report["numpy"].as_str().unwrap();
    let texts = report["problems"].as_array().unwrap().iter();
    texts.map(|text| format!("NumPy {version}: {}", text.as_str().unwrap())).collect()
}

#[test]
fn every_row_is_named_once_and_can_be_checked() {
    let mut names = HashSet::new();
    for (table, row) in bundled() {
        assert!(names.insert((row.kind, row.name.clone())), "{table}: `{}` has two rows", row.name);
        let checked = !row.witnesses.is_empty() || row.documented.is_some();
        assert!(checked, "{table}: `{}` has no witness (`~ …`) and no address (`documented …`)", row.name);
    }
}

#[test]
fn every_row_says_what_numpy_does() {
    let start = Instant::now();
    let rows = bundled();
    let (reports, mut wrong) = check(&rows);
    for report in &reports {
        println!(
            "NumPy {}: {} rows, {} witnesses, {} evaluations",
            report["numpy"], report["rows"], report["witnesses"], report["evaluated"]
        );
        wrong.extend(problems(report));
    }
    println!("{:.1} s", start.elapsed().as_secs_f64());
    assert!(wrong.is_empty(), "{} complaints:\n{}", wrong.len(), wrong.join("\n"));
}

/// What the script prints about the names of both versions of NumPy.
fn public_names(arguments: &[String]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for version in [OLD_NUMPY, NEW_NUMPY] {
        let mut command = Command::new(python(version));
        let text = run(command.arg("-B").arg(script("public_names.py")).args(arguments), "list NumPy's names");
        names.extend(serde_json::from_str::<Vec<String>>(&text).unwrap());
    }
    names
}

#[test]
fn every_row_of_a_library_says_what_the_library_does() {
    let start = Instant::now();
    let mut rows = Vec::new();
    for (file, text) in Model::library_tables() {
        let table = parse::table(file, text).unwrap_or_else(|error| panic!("{error}"));
        rows.extend(table.into_iter().map(|row| (*file, row)));
    }
    let unproved = |(_, row): &&(&str, Row)| row.witnesses.is_empty() && row.documented.is_none();
    let bare: Vec<&str> = rows.iter().filter(unproved).map(|(_, row)| &*row.name).collect();
    assert!(bare.is_empty(), "no witness and no address: {bare:?}");
    let only = Versions::parse(&format!("=={NEW_NUMPY}")).unwrap();
    let (reports, mut wrong) = check_on(&rows, &[("libraries", python_with_libraries(), only)]);
    for report in &reports {
        println!("{} rows, {} witnesses, {} evaluations", report["rows"], report["witnesses"], report["evaluated"]);
        wrong.extend(problems(report));
    }
    println!("{:.1} s", start.elapsed().as_secs_f64());
    assert!(wrong.is_empty(), "{} complaints:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_public_name_has_a_row() {
    let rows: HashSet<String> = bundled().into_iter().map(|(_, row)| row.name.into_string()).collect();
    let names = public_names(&[]);
    let missing: Vec<&String> =
        names.iter().filter(|name| !rows.contains(*name) && Model::bundled().function(name).is_none()).collect();
    println!("{} public names, {} rows of their own", names.len(), rows.iter().filter(|n| names.contains(*n)).count());
    assert!(missing.is_empty(), "{} names have no row: {missing:?}", missing.len());
}

#[test]
fn modules_that_hand_on_anothers_names_do() {
    let rows: HashSet<String> = bundled().into_iter().map(|(_, row)| row.name.into_string()).collect();
    let pairs: Vec<String> = Model::same_modules().iter().map(|(same, other)| format!("{same}={other}")).collect();
    let others: Vec<String> = public_names(&pairs).into_iter().filter(|name| !rows.contains(name)).collect();
    assert!(others.is_empty(), "not what the other module has, and without a row: {others:?}");
}

/// Rows that are wrong, each in one respect, with a word of the complaint that the checker must make.
const WRONG: &[(&str, &str)] = &[
    ("fn numpy.transpose(a, axes)\n  result fresh\n  ~ np.transpose(x)", "but returns view"),
    ("fn numpy.copy(a, order, subok)\n  result view of a\n  ~ np.copy(x)", "but returns fresh-owner"),
    ("fn numpy.copy(a, order, subok)\n  result same a\n  ~ np.copy(x)", "but returns fresh-owner"),
    ("fn numpy.asarray(a)\n  result view of a\n  ~ np.asarray(x)", "but returns same"),
    ("fn numpy.asarray(a)\n  result fresh owner\n  ~ np.asarray(x)", "but returns same"),
    ("fn numpy.ravel(a)\n  result same-or-view of a\n  ~ np.ravel(x)", "but returns fresh"),
    ("fn numpy.ravel(a)\n  result same-or-copy of a\n  ~ np.ravel(x)", "but returns view"),
    ("fn numpy.tensordot(a, b, axes)\n  result fresh owner\n  ~ np.tensordot(x, y, 0)", "but returns fresh-view"),
    ("fn numpy.copy(a)\n  result fresh view\n  ~ np.copy(x)", "but returns fresh-owner"),
    ("fn numpy.sort(a)\n  result scalar\n  ~ np.sort(x)", "but returns fresh-owner"),
    ("fn numpy.sum(a)\n  result fresh owner\n  ~ np.sum(x)", "but returns scalar"),
    ("method ndarray.sum(self)\n  result none\n  ~ x.sum()", "but returns scalar"),
    ("method ndarray.sort(self)\n  result scalar\n  ~ x.sort()", "writes self, which the row does not say"),
    ("method ndarray.sort(self)\n  result fresh owner\n  writes self\n  ~ x.sort()", "but returns none"),
    ("fn numpy.copyto(dst, src)\n  result none\n  writes dst, src\n  ~ np.copyto(x, y)", "said to write src"),
    ("fn numpy.copyto(dst, src)\n  result none\n  writes src\n  ~ np.copyto(x, y)", "writes dst"),
    (
        "fn numpy.nan_to_num(x, copy)\n  result same-or-copy of x\n  writes x\n  ~ np.nan_to_num(x + np.nan)\n  ~ np.nan_to_num(x + np.nan, copy=False)",
        "(x + np.nan)` never does",
    ),
    (
        "fn numpy.nan_to_num(x, copy=True)\n  result same-or-copy of x\n  zero-dim scalar\n  writes x unless copy\n  ~ np.nan_to_num(np.divide(x, 0, out=x, casting=\"unsafe\"), copy=False)",
        "never does with bool, int64",
    ),
    (
        "fn numpy.median(a, overwrite_input)\n  result fresh-or-scalar\n  ~ np.median(x, overwrite_input=True)",
        "writes a, which the row does not say",
    ),
    (
        "method ndarray.partition(self, kth, axis)\n  result none\n  writes self when axis\n  ~ x.partition(2)",
        "writes self, which the row does not say",
    ),
    (
        "fn numpy.fft.ifft2(a, s, axes, norm, out)\n  result fresh\n  out out\n  ~ np.fft.ifft2(x)",
        "does not return the array given as `out`",
    ),
    ("fn numpy.sort(a, axis)\n  result fresh owner\n  out axis\n  ~ np.sort(x)", "no witness shows it"),
    ("fn numpy.sort(a, axis)\n  result fresh owner\n  out axis\n  ~ np.sort(x, 0)", "given as `axis`"),
    ("fn numpy.diff(a)\n  result fresh\n  shape of a\n  ~ np.diff(x)", "has `shape of a`"),
    ("fn numpy.diff(a)\n  result fresh\n  shape ndim 2\n  ~ np.diff(x)", "has `shape ndim 2`"),
    (
        "fn numpy.stack(arrays)\n  result fresh owner\n  shape ndim of arrays\n  ~ np.stack((x, x))",
        "has `shape ndim of",
    ),
    ("fn numpy.cumsum(a, axis)\n  result fresh owner\n  shape reduce a\n  ~ np.cumsum(x, 0)", "has `shape reduce a`"),
    ("fn numpy.outer(a, b)\n  result fresh owner\n  shape broadcast\n  ~ np.outer(x, y)", "has `shape broadcast`"),
    ("fn numpy.zeros(shape)\n  result fresh owner\n  dtype int64\n  ~ np.zeros(3)", "has `dtype int64`"),
    ("fn numpy.sqrt(x)\n  result fresh-or-scalar\n  dtype of x\n  ~ np.sqrt(x)", "has `dtype of x`"),
    ("fn numpy.argsort(a)\n  result fresh owner\n  dtype f\n  ~ np.argsort(x)", "has `dtype f`"),
    ("fn numpy.divide(x1, x2)\n  result fresh-or-scalar\n  dtype promote\n  ~ np.divide(x, y)", "has `dtype promote`"),
    (
        "fn numpy.zeros(shape, dtype)\n  result fresh owner\n  dtype from shape else float64\n  ~ np.zeros(dtype=int, shape=8)",
        "no witness ever succeeds",
    ),
    ("fn numpy.copy(a)\n  result fresh owner\n  order C\n  ~ np.copy(x)", "is not C-contiguous"),
    ("fn numpy.argsort(a)\n  result fresh owner\n  order of a\n  ~ np.argsort(x)", "is not F-contiguous"),
    ("fn numpy.broadcast_to(array, shape)\n  result view of array\n  ~ np.broadcast_to(x, x.shape)", "only read-only"),
    ("fn numpy.squeeze(a)\n  result readonly view of a\n  ~ np.squeeze(x[None])", "the view is writeable"),
    ("fn numpy.split(ary, at)\n  result view of ary\n  ~ np.split(x, [1])", "but returns list"),
    ("fn numpy.split(ary, at)\n  result list of fresh\n  ~ np.split(x, [1])", "but returns view"),
    ("fn numpy.flip(m)\n  result list of view of m\n  ~ np.flip(x)", "not a list"),
    ("fn numpy.transpose(a)\n  result same-or-view of a\n  ~ np.transpose(x)", "ever gives same: too weak"),
    ("fn numpy.transpose(a)\n  result view-or-copy of a\n  ~ np.transpose(x)", "too weak"),
    ("fn numpy.copy(a)\n  result same-or-copy of a\n  ~ np.copy(x)", "too weak"),
    ("fn numpy.copy(a)\n  result fresh\n  ~ np.copy(x)", "too weak"),
    ("fn numpy.copy(a)\n  result fresh-or-scalar\n  ~ np.copy(x)", "too weak"),
    ("fn numpy.copy(a)\n  result unknown\n  ~ np.copy(x)", "too weak"),
    ("fn numpy.copy(a)\n  result maybe tuple of fresh owner\n  ~ np.copy(x)", "too weak"),
    ("fn numpy.nowhere(a)\n  result unknown\n  ~ np.nowhere(x)", "no witness ever succeeds"),
    ("fn numpy.copy(a)\n  result fresh owner\n  before 2.0: result same a\n  ~ np.copy(x)", "but returns fresh-owner"),
    ("fn numpy.copy(a)\n  result fresh owner\n  from 2.0: result same a\n  ~ np.copy(x)", "but returns fresh-owner"),
    ("fn numpy.copy(a)\n  since 3.0\n  result fresh owner\n  ~ np.copy(x)", "said not to exist"),
    (
        "fn numpy.copy(a)\n  result fresh owner\n  ~ np.copy(x, order='C')",
        "a keyword `order` that the row does not have",
    ),
    ("fn numpy.copy(a)\n  result fresh owner\n  ~ np.copy(x, 'C')", "more positional arguments"),
    ("fn numpy.copy(a)\n  result fresh owner\n  class numpy.ndarray\n  ~ np.copy(x)", "but `class` is numpy.ndarray"),
    ("fn numpy.copy(a)\n  result fresh owner\n  ~ x.copy()", "does not use the row's name"),
    ("fn numpy.ma.getmask(a)\n  result fresh owner\n  ~ np.ma.getmask(mx)", "but returns part"),
    ("fn numpy.ma.getdata(a)\n  result part of a\n  ~ np.ma.getdata(mx)", "but returns view"),
    ("fn numpy.ma.filled(a)\n  result part of a\n  ~ np.ma.filled(mx[:0])", "ever gives part: too weak"),
    ("fn numpy.ma.zeros(shape)\n  result fresh view\n  ~ np.ma.zeros(3)", "which `subclass` does not say"),
    ("fn numpy.ma.sqrt(x)\n  result fresh-or-scalar\n  subclass masked\n  ~ np.ma.sqrt(mx)", "always a masked array"),
    ("fn numpy.asanyarray(a)\n  result same a\n  subclass matrix\n  ~ np.asanyarray(x)", "always a matrix"),
    ("fn numpy.zeros(shape)\n  result fresh owner\n  subclass\n  ~ np.zeros(3)", "said to return a subclass"),
    (
        "method MaskedArray.put(self, indices, values)\n  result none\n  writes self\n  ~ mx.put(0, 1)",
        "the mask of self",
    ),
    ("method MaskedArray.put(self, indices, values)\n  result none\n  masks self\n  ~ mz.put(0, 1)", "writes self"),
    ("method MaskedArray.copy(self)\n  result fresh view\n  subclass\n  masks self\n  ~ mx.copy()", "change the mask"),
    ("attr ndarray.shape\n  result scalar\n  ~ x.shape\n  ~ setattr(x, \"shape\", -1)", "can be set"),
    (
        "attr ndarray.shape\n  result scalar\n  set memory\n  ~ x.shape\n  ~ setattr(x, \"shape\", -1)",
        "but sets layout",
    ),
    ("attr ndarray.flat\n  result unknown\n  set layout\n  ~ x.flat\n  ~ setattr(x, \"flat\", 7)", "but sets memory"),
    ("attr ndarray.T\n  result view of self\n  set other\n  ~ x.T", "said to `set other`, but no witness"),
    ("fn numpy.round(a)\n  result same-or-copy of a\n  zero-dim scalar\n  ~ np.round(x)", "which the row does not say"),
    (
        "fn numpy.fft.fft(a, n, axis)\n  result fresh\n  ~ np.fft.fft(x)\n  ~ np.fft.fft(x, axis=0)",
        "which the row does not say",
    ),
];

#[test]
fn the_checker_finds_what_is_wrong_with_a_row() {
    let labels: Vec<String> = (0..WRONG.len()).map(|index| format!("wrong{index}.model")).collect();
    let mut rows = Vec::new();
    for ((text, _), label) in WRONG.iter().zip(&labels) {
        let row = parse::table(label, text).unwrap_or_else(|error| panic!("{error}"));
        rows.extend(row.into_iter().map(|row| (label.as_str(), row)));
    }
    let (reports, mut complaints) = check(&rows);
    complaints.extend(reports.iter().flat_map(problems));
    let mut missed = Vec::new();
    for ((text, expected), label) in WRONG.iter().zip(&labels) {
        let about = format!("{label}: ");
        let found: Vec<&String> = complaints.iter().filter(|text| text.contains(&about)).collect();
        if !found.iter().any(|text| text.contains(expected)) {
            missed.push(format!("{text}\nexpected: {expected}\nfound: {found:#?}"));
        }
    }
    assert!(missed.is_empty(), "{} wrong rows are not found out:\n{}", missed.len(), missed.join("\n"));
}
