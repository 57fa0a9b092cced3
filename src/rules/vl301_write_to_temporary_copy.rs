//! A write into a copy that nothing holds: `a[mask][0] = v`, `a[idx].sort()`, `out=a[idx]`.

use crate::domain::{BufId, CopyOf, Origin};
use crate::finding::{Confidence, Finding, Role, RuleInfo};
use crate::ir::Local;
use crate::rules::common::{Write, is_to_fail, label, told_in_order, writes};
use crate::trace::{BodyTrace, EventKind, ReadHow, WriteHow};

pub(super) static INFO: RuleInfo = RuleInfo {
    code: "VL301",
    name: "write-to-temporary-copy",
    summary: "a write into a copy that nothing holds is lost",
    page: include_str!("../../rules/VL301-write-to-temporary-copy.md"),
};

pub(super) fn check(trace: &BodyTrace<'_>, findings: &mut Vec<Finding>) {
    for write in writes(trace) {
        if let Some((buf, how)) = lost(trace, &write) {
            findings.push(tell(trace, &write, buf, how));
        }
    }
}

/// The copy that the write goes to, if nobody can see it afterwards.
fn lost(trace: &BodyTrace<'_>, write: &Write<'_>) -> Option<(BufId, CopyOf)> {
    let array = trace.array(write.value)?;
    if write.direct || matches!(write.how, WriteHow::Scratch(_) | WriteHow::Callee { procedure: false, .. }) {
        return None;
    }
    // (What was made before, something holds, a dict perhaps.)
    let stmt = write.event.stmt;
    let made_here = |buf: &&BufId| {
        let made = trace.buffers.get(**buf).span;
        stmt.start <= made.start && made.end <= stmt.end
    };
    let (buf, from) = array
        .bufs
        .iter()
        .filter(made_here)
        .find_map(|&buf| trace.buffers.get(buf).copied_from.as_ref().map(|from| (buf, from)))
        .filter(|(_, from)| from.likely)?;
    if matches!((write.how, from.how), (WriteHow::Callee { .. }, CopyOf::Explicit | CopyOf::Flatten)) {
        // Copied so that the function may write.
        return None;
    }
    // Nothing but the copy, and perhaps (where the index has no dimensions) a view of what was copied.
    let unknown = crate::domain::Array::unknown(crate::domain::Kinds::ANY, crate::domain::Evidence::None);
    let source = trace.array(from.source).unwrap_or(&unknown);
    let covered = |other: &BufId| *other == buf || source.bufs.contains(other);
    if array.unknown && !source.unknown || !array.bufs.iter().all(covered) {
        return None;
    }
    let held = trace.iter().any(|(_, event)| {
        event.op != write.event.op
            && match event.kind {
                EventKind::Bound { value, .. } | EventKind::Escaped { value, .. } => names(trace, value, buf),
                // `a[m][k] += 1` reads the copy only to write it.
                EventKind::Read { how: ReadHow::Copied, .. }
                    if write.how == WriteHow::Augmented && event.stmt == write.event.stmt =>
                {
                    false
                }
                EventKind::Read { value, .. } => names(trace, value, buf),
                _ => false,
            }
    });
    (!held && !is_to_fail(trace, write.event.stmt)).then_some((buf, from.how))
}

/// Does the value mention the allocation site of the buffer, whichever of its arrays?
fn names(trace: &BodyTrace<'_>, value: crate::domain::ValueId, buf: BufId) -> bool {
    let Origin::Alloc(site, _) = trace.buffers.get(buf).origin else { return trace.mentions(value, buf) };
    trace.arrays(value).iter().any(|array| {
        array.bufs.iter().any(|&other| matches!(trace.buffers.get(other).origin, Origin::Alloc(s, _) if s == site))
    })
}

/// What makes the copy, in words.
pub(super) fn copy_word(how: CopyOf) -> &'static str {
    match how {
        CopyOf::Mask => "indexing with a boolean array makes a copy",
        CopyOf::Fancy => "indexing with a list or an integer array makes a copy",
        CopyOf::Flatten => "`flatten()` always makes a copy",
        CopyOf::Read => "what is read from a file is a new array",
        CopyOf::Explicit => "this makes a copy",
    }
}

fn tell(trace: &BodyTrace<'_>, write: &Write<'_>, buf: BufId, how: CopyOf) -> Finding {
    let base = write.via.map(|local: Local| trace.name(local));
    let copy = trace.buffers.get(buf).span;
    let lost = match base {
        Some(base) => format!("the write goes to the copy and is lost: `{base}` does not change"),
        None => "the write goes to the copy and is lost".to_string(),
    };
    let labels = vec![label(copy, Role::Aliased, copy_word(how)), label(write.event.span, Role::Primary, lost)];
    Finding {
        rule: &INFO,
        span: write.event.span,
        message: match base {
            Some(base) => format!("this write to a temporary copy never reaches `{base}`"),
            None => "this write to a temporary copy is lost".to_string(),
        },
        confidence: Confidence::Likely,
        labels: told_in_order(trace, write.how, labels),
        help: Some(help(write, how)),
    }
}

fn help(write: &Write<'_>, how: CopyOf) -> String {
    match (write.how, how) {
        (_, CopyOf::Explicit) => "write to the array itself, or bind the copy to a name first".to_string(),
        (_, CopyOf::Read) => {
            "write with one index, `file[name][i, j] = v`, or change a named copy and store it back".to_string()
        }
        (_, CopyOf::Flatten) => "write through `.flat[…]`, or `reshape(-1)` of a contiguous array".to_string(),
        (WriteHow::Item { .. } | WriteHow::Augmented, _) => {
            "use one index for both steps: `a[np.flatnonzero(mask)[0]] = v`, or `a[mask, j] = v`".to_string()
        }
        (WriteHow::Out, _) => "assign the result: `a[idx] = …`, without `out=`".to_string(),
        _ => "change a named copy, and store it back: `part = a[idx]; …; a[idx] = part`".to_string(),
    }
}
