//! Places that the tree does not tell: where a header ends, where `def` stands below its decorators.

use crate::source::Span;

/// The header of a compound statement that begins at `start`, whose last expression ends at `after`: up to its colon.
pub(super) fn header(text: &str, start: u32, after: u32) -> Span {
    let bytes = text.as_bytes();
    let mut i = after as usize;
    while let Some(&byte) = bytes.get(i) {
        match byte {
            b':' => return Span::new(start, i as u32),
            b'#' => i = line_end(bytes, i),
            // Closing parentheses, a last comma, space, a backslash: all that can stand here.
            b')' | b',' | b']' | b' ' | b'\t' | b'\n' | b'\r' | b'\x0c' | b'\\' => i += 1,
            _ => break,
        }
    }
    Span::new(start, after)
}

/// The first place at or behind `from` that is neither space nor comment.
pub(super) fn skip_trivia(text: &str, from: u32) -> u32 {
    let bytes = text.as_bytes();
    let mut i = from as usize;
    while let Some(&byte) = bytes.get(i) {
        match byte {
            b'#' => i = line_end(bytes, i),
            b')' | b' ' | b'\t' | b'\n' | b'\r' | b'\x0c' | b'\\' => i += 1,
            _ => break,
        }
    }
    i as u32
}

fn line_end(bytes: &[u8], from: usize) -> usize {
    bytes[from..].iter().position(|b| matches!(b, b'\n' | b'\r')).map_or(bytes.len(), |n| from + n)
}
