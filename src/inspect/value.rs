//! A value as claims: what is certain of it, in the words of the interface.

use serde::Serialize;

use crate::domain::{Age, Array, BufId, Kinds, Origin, Owner, Tri, Value, ValueId};
use crate::source::LineIndex;
use crate::trace::BodyTrace;

/// What is claimed of one variable; what is left out is not claimed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Claim {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) buffers: Vec<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) must: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) same: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ndim: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) shape: Option<Vec<Option<i64>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) dtype: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) order: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) writeable: Option<bool>,
}

/// The claim about a value; None if there is nothing to claim.
pub(crate) fn claim(value: ValueId, trace: &BodyTrace<'_>, lines: &LineIndex, text: &str) -> Option<Claim> {
    let of_kind = |kind| Some(Claim { kind: Some(kind), ..Claim::default() });
    match trace.values.get(value) {
        Value::None => of_kind("none"),
        Value::Int(_) | Value::Bool(_) | Value::Float | Value::Complex | Value::Number | Value::Str(_) => {
            of_kind("scalar")
        }
        Value::Tuple(_) | Value::TupleOf(_) => of_kind("container"),
        Value::Array(array) if array.kinds.meets(Kinds::ARRAY) => array_claim(array, trace, lines, text),
        _ => None,
    }
}

fn array_claim(array: &Array, trace: &BodyTrace<'_>, lines: &LineIndex, text: &str) -> Option<Claim> {
    let mut claim = Claim::default();
    if array.kinds.without(Kinds::PECULIAR) == Kinds::ARRAY {
        claim.kind = Some("array");
    }
    // (That what something unknown gave is one and the same is no claim of where it lies.)
    let placed = array.bufs.iter().filter(|&&buf| !matches!(trace.buffers.get(buf).origin, Origin::Result(..)));
    claim.buffers = placed.map(|&buf| name(buf, trace, lines, text)).collect();
    claim.buffers.sort_unstable();
    claim.buffers.dedup();
    claim.must = array.lies && array.bufs.len() == 1 && !array.unknown;
    claim.same = claim.must && array.owner == Owner::Owner;
    if array.unknown && !claim.buffers.is_empty() {
        claim.buffers.push("?".to_string());
    }
    // What would be a number of a numeric array is, where it is an array all the same, one out of an object array.
    let number = array.ndim() == Some(0) && !array.certain();
    claim.ndim = array.ndim().filter(|_| !number);
    claim.shape = array
        .shape
        .as_ref()
        .filter(|shape| shape.iter().any(|&n| n >= 0))
        .map(|shape| shape.iter().map(|&n| (n >= 0).then_some(n)).collect());
    claim.dtype = array.dtype.name();
    claim.order = match (array.c, array.f) {
        (Tri::Must, Tri::Must) => Some("CF"),
        (Tri::Must, _) => Some("C"),
        (_, Tri::Must) => Some("F"),
        (Tri::No, Tri::No) => Some("none"),
        _ => None,
    };
    claim.writeable = match array.writeable {
        Tri::Must => Some(true),
        Tri::No => Some(false),
        Tri::May => None,
    };
    (claim != Claim::default()).then_some(claim)
}

/// The name of a buffer in the interface.
fn name(buf: BufId, trace: &BodyTrace<'_>, lines: &LineIndex, text: &str) -> String {
    let buffer = trace.buffers.get(buf);
    let local = |body: crate::ir::BodyId, local: crate::ir::Local| {
        let body = &trace.module.bodies[body.index()];
        trace.module.names.text(body.locals[local.index()].name).to_string()
    };
    match buffer.origin {
        Origin::Param(body, param) => format!("param:{}", local(body, param)),
        Origin::Attr(object, attribute) => {
            let object = name(object, trace, lines, text);
            let object = object.split_once(':').map_or(&*object, |parts| parts.1);
            format!("attr:{object}.{}", trace.module.names.text(attribute))
        }
        Origin::Global(global) => format!("global:{}", local(crate::ir::BodyId(0), global)),
        Origin::Closure(body, free) => format!("closure:{}", local(body, free)),
        Origin::Constant(_) => {
            let place = lines.location(text, buffer.span.start);
            format!("constant@{}:{}", place.row, place.column)
        }
        Origin::Alloc(site, age) | Origin::Result(site, age) => {
            let place = lines.location(text, buffer.span.start);
            let part = if site.part == 0 { String::new() } else { format!("#{}", site.part) };
            let age = if age == Age::Older { ":older" } else { "" };
            format!("alloc@{}:{}{part}{age}", place.row, place.column)
        }
    }
}
