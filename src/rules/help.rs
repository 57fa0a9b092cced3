//! The words of helps: source text that a reader can paste as it stands.

use crate::source::Span;
use crate::trace::BodyTrace;

/// The longest text, in bytes, that a help repeats.
const MAX_QUOTED: usize = 60;

/// The text of an expression, if a help can repeat it: one line, and not a long one.
pub(super) fn quotable<'a>(trace: &BodyTrace<'a>, span: Span) -> Option<&'a str> {
    let text = trace.quote(span);
    (!text.is_empty() && text.len() <= MAX_QUOTED && !text.contains('\n')).then_some(text)
}

/// The expression that copies another: `x[:3].copy()`, `(a if b else c).copy()`.
pub(super) fn copy_of(text: &str) -> String {
    format!("{}.copy()", grouped(text))
}

/// The expression as an operand: in parentheses, unless it is one already.
pub(super) fn grouped(text: &str) -> String {
    if binds_tighter(text) { text.to_string() } else { format!("({text})") }
}

/// Does `.copy()` behind the text belong to all of it? So it does behind names, attributes, subscripts and calls.
fn binds_tighter(text: &str) -> bool {
    let mut depth = 0usize;
    let mut quote = None;
    for c in text.chars() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth = depth.saturating_sub(1),
            _ if depth == 0 && !(c.is_alphanumeric() || c == '_' || c == '.') => return false,
            _ => {}
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::copy_of;

    #[test]
    fn copy_is_put_behind_the_whole_expression() {
        for (text, copy) in [
            ("x", "x.copy()"),
            ("self.x[:, 0]", "self.x[:, 0].copy()"),
            ("np.asarray(x, dtype=float)", "np.asarray(x, dtype=float).copy()"),
            ("d['a b']", "d['a b'].copy()"),
            ("a + b", "(a + b).copy()"),
            ("x if x else y", "(x if x else y).copy()"),
            ("-x", "(-x).copy()"),
        ] {
            assert_eq!(copy_of(text), copy);
        }
    }
}
