//! Where the comments of a Python text are.
//!
//! Only files that are about to be reported and hold a word like `noqa` are searched, so this is a scanner of its own
//! rather than a second run of the parser: it needs to know strings, and nothing else of the language. It expects a text
//! that parses (others have no findings), and reads any other in linear time, too.

use crate::source::Span;

/// The comments of `text`, without the line ends, in order.
pub(super) fn comments(text: &str) -> Vec<Span> {
    let mut scanner = Scanner { bytes: text.as_bytes(), at: 0, comments: Vec::new() };
    scanner.code(None);
    scanner.comments
}

struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    comments: Vec<Span>,
}

/// How a string ends, and what it may hold.
#[derive(Clone, Copy)]
struct Quote {
    byte: u8,
    triple: bool,
    /// An f-string or t-string: code stands between braces.
    interpolated: bool,
}

impl Quote {
    fn len(self) -> usize {
        if self.triple { 3 } else { 1 }
    }
}

/// Strings in replacement fields in strings: deeper than this, nobody writes comments.
const MAX_DEPTH: usize = 64;

impl Scanner<'_> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    /// Reads code to its end: the end of the text, or that of the replacement field which is open this deep.
    fn code(&mut self, depth: Option<usize>) {
        let mut brackets = 0_usize;
        while let Some(byte) = self.peek(0) {
            match byte {
                b'#' => self.comment(),
                b'"' | b'\'' => {
                    let quote = self.quote(byte);
                    self.string(quote, depth.map_or(0, |depth| depth + 1));
                }
                b':' if brackets == 0 && depth.is_some() => {
                    self.at += 1;
                    self.format_spec(depth.unwrap_or(0));
                    return;
                }
                b'{' | b'[' | b'(' => {
                    brackets += 1;
                    self.at += 1;
                }
                b'}' | b']' | b')' => {
                    self.at += 1;
                    if byte == b'}' && brackets == 0 && depth.is_some() {
                        return;
                    }
                    brackets = brackets.saturating_sub(1);
                }
                _ => self.at += 1,
            }
        }
    }

    /// Reads what stands behind the colon of a replacement field, `#x` say, and the brace that closes the field.
    fn format_spec(&mut self, depth: usize) {
        while let Some(byte) = self.peek(0) {
            self.at += 1;
            match byte {
                b'}' => return,
                b'{' if depth < MAX_DEPTH => self.code(Some(depth + 1)),
                _ => {}
            }
        }
    }

    fn comment(&mut self) {
        let start = self.at;
        while self.peek(0).is_some_and(|byte| byte != b'\n' && byte != b'\r') {
            self.at += 1;
        }
        self.comments.push(Span::new(start as u32, self.at as u32));
    }

    /// The opening quote here, with the letters before it.
    fn quote(&self, byte: u8) -> Quote {
        let triple = self.peek(1) == Some(byte) && self.peek(2) == Some(byte);
        let before = &self.bytes[..self.at];
        let word = before.iter().rev().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
        let prefix = &before[before.len() - word..];
        let is_prefix = prefix.len() <= 2 && prefix.iter().all(|byte| b"rRbBuUfFtT".contains(byte));
        let interpolated = is_prefix && prefix.iter().any(|byte| b"fFtT".contains(byte));
        Quote { byte, triple, interpolated }
    }

    fn string(&mut self, quote: Quote, depth: usize) {
        self.at += quote.len();
        while let Some(byte) = self.peek(0) {
            match byte {
                // In raw strings, too, a backslash keeps the quote behind it from ending the string.
                // A brace is not escaped by it.
                b'\\' if quote.interpolated && matches!(self.peek(1), Some(b'{' | b'}')) => self.at += 1,
                b'\\' => {
                    let ends_line = self.peek(1) == Some(b'\r') && self.peek(2) == Some(b'\n');
                    self.at += if ends_line { 3 } else { 2 };
                }
                b'\n' | b'\r' if !quote.triple => return,
                b'{' if quote.interpolated => {
                    self.at += 1;
                    if self.peek(0) == Some(b'{') {
                        self.at += 1;
                    } else if depth < MAX_DEPTH {
                        self.code(Some(depth));
                    }
                }
                _ if byte == quote.byte => {
                    let closes = !quote.triple || (self.peek(1) == Some(byte) && self.peek(2) == Some(byte));
                    self.at += if closes { quote.len() } else { 1 };
                    if closes {
                        return;
                    }
                }
                _ => self.at += 1,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        comments(text).into_iter().map(|span| &text[span.start as usize..span.end as usize]).collect()
    }

    #[test]
    fn comments_end_with_the_line() {
        assert_eq!(found("# a\nx = 1 # b\r\n\r#c"), ["# a", "# b", "#c"]);
        assert_eq!(found("} ) # a\nx = [1, # b\n 2] # c\n"), ["# a", "# b", "# c"]);
    }

    #[test]
    fn strings_hold_none() {
        assert_eq!(found("'# a' \"# b\" # c"), ["# c"]);
        assert_eq!(found(r#"'it\'s # a' r'\' # b' # c"#), ["# c"]);
        assert_eq!(found("'''\n# a ' '' \\'''\n''' # b"), ["# b"]);
        assert_eq!(found("\"\"\"# a\"\"\"# b"), ["# b"]);
        assert_eq!(found("'' # a\n\"\" # b\n''''''# c"), ["# a", "# b", "# c"]);
        assert_eq!(found("'a\\\n# b' # c"), ["# c"]);
        assert_eq!(found("'a\\\r\n# b' # c"), ["# c"]);
    }

    #[test]
    fn a_string_that_is_not_closed_ends_with_its_line() {
        assert_eq!(found("'abc # a\nx # b"), ["# b"]);
        assert_eq!(found("'''abc # a\nx # b"), [""; 0]);
        assert_eq!(found("'abc\\"), [""; 0]);
    }

    #[test]
    fn f_strings_hold_code() {
        assert_eq!(found(r##"f"{x["# a"]} # b" # c"##), ["# c"]);
        assert_eq!(found(r##"f'{x:{"# a"}} {{ # b' # c"##), ["# c"]);
        assert_eq!(
            found(
                r##"rf'''{x # a
        } # b''' # c"##
            ),
            ["# a", "# c"]
        );
        assert_eq!(found(r##"f"{f'{f"{1}"}'}# a" # b"##), ["# b"]);
        assert_eq!(found("f'{x:#x}' # a\nf'{x!r:{w:#d}#}' # b\nf'{x[1:2]:#}{y}' # c"), ["# a", "# b", "# c"]);
        assert_eq!(found("f'{(lambda x: 1)}{{x:#' # a"), ["# a"]);
        assert_eq!(found("f'{{' # b"), ["# b"]);
        assert_eq!(found("rf'\\{x[\"'\"]}' # b"), ["# b"]);
        assert_eq!(found("if'{' # b"), ["# b"]);
    }

    #[test]
    fn nesting_without_end_does_no_harm() {
        comments(&"f'{".repeat(10_000));
        comments(&"f'''{x:{".repeat(10_000));
        comments(&"f'{x:".repeat(10_000));
        comments(&"{[(".repeat(100_000));
    }
}
