//! Rows, columns or slices are to change places through views of them: one of them is lost.

use crate::finding::{Confidence, Finding, Role, RuleInfo};
use crate::rules::common::{in_order, label};
use crate::trace::{BodyTrace, EventId, EventKind, Exchange, WriteHow};

pub(super) static INFO: RuleInfo = RuleInfo {
    code: "VL105",
    name: "swap-through-views",
    summary: "parts of arrays change places through views of them, so that one of them is lost",
    page: include_str!("../../rules/VL105-swap-through-views.md"),
};

pub(super) fn check(trace: &BodyTrace<'_>, findings: &mut Vec<Finding>) {
    let mut told: Vec<EventId> = Vec::new();
    for (id, event) in trace.iter() {
        match event.kind {
            EventKind::Written { how: WriteHow::Item { .. }, .. } => {
                // Of a rotation, the first part that is lost.
                if let Some(exchange) = trace.exchange(id).filter(|found| !told.contains(&found.overwritten)) {
                    let stmt = trace.event(exchange.overwritten).stmt;
                    if !told.iter().any(|&other| trace.event(other).stmt == stmt) {
                        findings.push(tell(trace, id, exchange));
                    }
                    told.push(exchange.overwritten);
                }
            }
            EventKind::Shuffled { .. } if trace.exchanges_rows(id) => findings.push(tell_shuffle(trace, id)),
            _ => {}
        }
    }
}

/// `hold = t[i]; t[i] = t[j]; t[j] = hold`, or all in one statement: `t[i], t[j] = t[j], t[i]`.
fn tell(trace: &BodyTrace<'_>, write: EventId, exchange: Exchange) -> Finding {
    let over = trace.event(exchange.overwritten);
    let late = trace.event(exchange.stored).span;
    let taken = exchange.taken.map_or(exchange.kept, |taken| trace.event(taken).span);
    let text = trace.quote(taken);
    let (what, last) = match exchange.name {
        Some(name) => (trace.name(name), trace.event(write).span),
        None => (text, late),
    };
    let at_once = over.stmt == trace.event(write).stmt;
    let span = if at_once { over.span } else { last };
    let mut labels = vec![
        label(over.span, Role::Note, "this overwrites it".to_string()),
        label(last, Role::Seen, format!("and here `{what}` is stored, with the new values")),
    ];
    if exchange.taken.is_some() {
        labels.push(label(taken, Role::Aliased, format!("`{text}` is a view here, not a copy")));
    }
    for label in &mut labels {
        if label.span == span {
            label.role = Role::Primary;
        }
    }
    let positions = exchange.name.is_none() && exchange.taken.is_some() && !text.contains(':') && !text.contains("...");
    let help = match positions {
        true => format!("swap with one index, `a[[i, j]] = a[[j, i]]`, or keep a copy: `{text}.copy()`"),
        false => format!("keep a copy: `{text}.copy()`"),
    };
    Finding {
        rule: &INFO,
        span,
        message: format!("`{what}` is overwritten before its old values are stored"),
        confidence: Confidence::Likely,
        labels: in_order(labels),
        help: Some(help),
    }
}

/// `random.shuffle(table)`
fn tell_shuffle(trace: &BodyTrace<'_>, id: EventId) -> Finding {
    let span = trace.event(id).span;
    let text = trace.quote(span);
    Finding {
        rule: &INFO,
        span,
        message: "`random.shuffle` of an array with rows loses some of them and doubles others".to_string(),
        confidence: Confidence::Likely,
        labels: vec![label(
            span,
            Role::Primary,
            format!("it swaps two elements at a time, and the rows of `{text}` are views: one of the two is lost"),
        )],
        help: Some(format!("shuffle with NumPy, which moves whole rows: `np.random.default_rng().shuffle({text})`")),
    }
}
