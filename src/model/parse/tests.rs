//! Rows as tables have them, and what is wrong with others.

use super::*;
use crate::model::Versions;

fn one(text: &str) -> Row {
    table("t", text).unwrap().pop().unwrap()
}

fn error(text: &str) -> String {
    table("t.model", text).unwrap_err().to_string()
}

#[test]
fn a_function_with_every_clause() {
    let row = one(
        "# c\n\nfn numpy.f(a, out, dtype, order, *, like)\n  result list of readonly view of a\n  out out\n  \
         writes a, out when like\n  blank\n  zero-dim scalar\n  shape ndim of a -1\n  dtype from dtype else of a\n  order from order else of a\n  \
         by split\n  since 2.1\n  until 2.4\n  documented https://x\n  ~ np.f(x)\n  ~ np.f(y)\n",
    );
    assert_eq!(&*row.name, "numpy.f");
    assert_eq!(row.result, ResultRule::List(Box::new(ResultRule::View { of: 0, readonly: true })));
    assert_eq!((row.out, row.writes, row.blank), (Some(1), vec![0, 1], true));
    assert_eq!(row.writes_when, [0, 1].map(|param| (param, Condition { param: 4, holds: true })));
    assert!(row.zero_dim_scalar);
    assert_eq!(row.shape, ShapeRule::NdimOf(0, -1));
    assert_eq!(row.dtype, DtypeRule::From(2, Box::new(DtypeRule::Of(0))));
    assert_eq!(row.order, OrderRule::FromElseOf(3, 0));
    assert_eq!((row.special, row.since, row.until), (Some(Special::Split), Some((2, 1)), Some((2, 4))));
    assert_eq!(row.witnesses.len(), 2);
    assert!(row.params[4].keyword_only && !row.params[3].keyword_only);
}

#[test]
fn results_that_may_be_several_and_shapes_with_a_default() {
    let row = one("fn numpy.f(a, shape)\n  result maybe tuple of fresh owner\n  shape from shape else of a");
    assert_eq!(row.result, ResultRule::MaybeTuple(Box::new(ResultRule::Fresh { owner: Some(true) })));
    assert_eq!(row.shape, ShapeRule::FromElseOf(1, 0));
    let row = one("fn numpy.f(a, b)\n  result items same a / view of b");
    let items = vec![ResultRule::Same(0), ResultRule::View { of: 1, readonly: false }];
    assert_eq!(row.result, ResultRule::Items(items));
}

#[test]
fn objects_of_libraries_and_the_flags_they_were_made_with() {
    let row = one("fn lib.Table(data, copy)\n  result same-or-copy of data\n  class lib.Table\n  parts a, b");
    assert_eq!((row.class.as_deref(), row.parts.len()), (Some("lib.Table"), 2));
    let row = one(
        "method lib.Table.scale(self, X)\n  result same-or-copy of X\n  copies when self.copy\n  writes X unless self.copy",
    );
    let own = row.copies_when.unwrap().param;
    assert!(row.params[usize::from(own)].of_self && row.param("copy").is_none(), "it is no parameter");
    assert_eq!(row.write_condition(1), Some(Condition { param: own, holds: false }));
    let wrong = table("t.model", "fn lib.Table(data)\n  class Table").unwrap_err();
    assert!(wrong.message.contains("not a dotted name"), "{wrong}");
}

#[test]
fn clauses_for_some_versions() {
    let row =
        one("fn numpy.f(a)\n  result view-or-copy of a\n  before 2.0: result fresh\n  from 2.1: result view of a");
    let on = |text: &str| row.on(Versions::parse(text).unwrap()).result;
    assert_eq!(on("<2"), ResultRule::Fresh { owner: None });
    assert_eq!(on(">=2.1"), ResultRule::View { of: 0, readonly: false });
    for mixed in [">=1.26", "==2.0.*", ">=2.0,<2.2"] {
        assert_eq!(on(mixed), ResultRule::ViewOrCopy(0), "{mixed}");
    }
}

#[test]
fn attributes_that_can_be_set_and_subclasses() {
    let row = one("attr ndarray.shape\n  set layout\n  subclass\n  masks self");
    assert_eq!((row.set, row.subclass, row.masks), (SetRule::Layout, Some(Subclass::Some), vec![0]));
    assert_eq!(one("attr a.mask\n  result part of self").result, ResultRule::Part(0));
}

#[test]
fn methods_attributes_and_variadics() {
    let row = one("method ndarray.reshape(self, *shape, order)");
    assert!(row.params[1].variadic && row.params[2].keyword_only && row.kind == RowKind::Method);
    assert_eq!(&*one("attr ndarray.T").params[0].name, "self");
}

#[test]
fn ufuncs() {
    let row = one("ufunc numpy.add 2 1\n  dtype promote");
    assert_eq!((row.out, row.shape), (Some(2), ShapeRule::Broadcast));
    assert_eq!(&*row.witnesses[0], "np.add(x, y)");
    let row = one("ufunc numpy.modf 1 2\n  ~ np.modf(x + 1)");
    assert_eq!((row.special, row.writes.clone()), (Some(Special::Pair), vec![1, 2]));
    assert_eq!(row.witnesses.len(), 1);
    assert!(row.params[3].keyword_only && &*row.params[3].name == "out");
}

#[test]
fn aliases_take_the_name_into_their_witnesses() {
    let row =
        one("fn numpy.concatenate(a)\n  ~ np.concatenate([x])\nalias numpy.concat = numpy.concatenate\n  since 2.0");
    assert_eq!((&*row.name, &*row.witnesses[0], row.since), ("numpy.concat", "np.concat([x])", Some((2, 0))));
    let row = one("method a.conj(self)\n  ~ x.conj()\nalias a.conjugate = a.conj");
    assert_eq!(&*row.witnesses[0], "x.conjugate()");
}

#[test]
fn each_error_names_the_line_and_what_is_allowed() {
    let cases = [
        ("fun numpy.f(a)", "t.model:1: unknown row `fun`; allowed: `fn`"),
        ("\n  result none", "t.model:2: an indented line before the first row"),
        ("fn numpy.f(a", "is not a signature such as"),
        ("fn f(a)", "`f` is not a dotted name"),
        ("fn numpy.f(a, 2)", "`2` is not a parameter"),
        ("fn numpy.f(a, a)", "the parameter `a` occurs twice"),
        ("fn numpy.f(a)\nfn numpy.f(a)", "t.model:2: `numpy.f` has a row already"),
        ("method ndarray.f(a)", "is not `self`"),
        ("attr T", "is not a dotted name"),
        ("ufunc numpy.add 2", "is not a ufunc such as"),
        ("ufunc numpy.add 9 1", "is not a number of inputs"),
        ("ufunc add 2 1", "is not a dotted name"),
        ("alias numpy.a", "is not an alias such as"),
        ("alias numpy.a = numpy.b", "no row above is named `numpy.b`"),
        ("fn numpy.f(a)\n  gives none", "t.model:2: unknown clause `gives none`; allowed: `result`"),
        ("fn numpy.f(a)\n  blank a", "unknown clause `blank a`"),
        ("fn numpy.f(a)\n  result copy", "unknown result `copy`; allowed: `none`"),
        ("fn numpy.f(a)\n  result view of b", "`numpy.f` has no parameter `b`; it has: a"),
        ("fn numpy.f(a)\n  result list of copy", "unknown result `copy`"),
        ("fn numpy.f(a)\n  out b", "no parameter `b`"),
        ("fn numpy.f(a)\n  writes a, b", "no parameter `b`"),
        ("fn numpy.f(a)\n  shape ndim of a 1", "unknown shape `ndim of a 1`; allowed: `of A`"),
        ("fn numpy.f(a)\n  shape ndim x", "unknown shape"),
        ("fn numpy.f(a)\n  dtype float", "unknown dtype `float`; allowed: a dtype's name"),
        ("fn numpy.f(a)\n  order K", "unknown order `K`; allowed: `C`, `F`"),
        ("fn numpy.f(a)\n  by magic", "unknown transfer `magic`; allowed: asarray, array"),
        ("fn numpy.f(a)\n  before 2.0 result none", "is not a clause for some versions such as"),
        ("fn numpy.f(a)\n  from two: result none", "`two` is not a version"),
        ("fn numpy.f(a)\n  from 2.0: result view of b", "no parameter `b`"),
        ("fn numpy.f(a)\n  from 2.0: since 2.1", "cannot depend on the version"),
        ("attr a.f\n  set all", "unknown effect of assignment `all`; allowed: `memory`"),
        ("fn numpy.f(a)\n  since two", "`two` is not a version"),
        ("fn numpy.f(a)\n  documented", "needs an address"),
        ("fn numpy.f(a)\n  ~", "needs a Python expression"),
    ];
    for (text, expected) in cases {
        assert!(error(text).contains(expected), "{text:?}: {}", error(text));
    }
}
