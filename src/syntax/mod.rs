//! The only door to the parser: text in; tree, errors and comments out.
//!
//! [`parse`] takes any text. What the parser would choke on (a tree too deep to be walked or dropped on an ordinary
//! stack) becomes an error like any other, with an empty tree.

mod depth;

use ruff_python_ast::token::{TokenKind, Tokens};
use ruff_python_ast::{AtomicNodeIndex, ModModule, PySourceType};
use ruff_python_parser::{Mode, lexer};
use ruff_text_size::{Ranged, TextRange};

use crate::source::Span;
use depth::Depth;

/// Texts shorter than this are parsed without looking at their nesting first: the parser grows its own stack, and so
/// short a text cannot make it grow far. Longer ones are lexed once more, before they are parsed.
const SHORT: usize = 64 * 1024;

/// What the parser made of a text.
#[derive(Debug)]
pub struct Parsed {
    /// The tree. With errors, what the parser could make of the text; empty if it is nested too deeply.
    pub tree: ModModule,
    /// What is wrong (lower case, no full stop), and where, in source order.
    pub errors: Vec<(String, Span)>,
    /// The comments, `#` included, line end not, in source order.
    pub comments: Vec<Span>,
}

/// Parses a text. `stub` says that it is a `.pyi` file. Never fails: see [`Parsed::errors`].
pub fn parse(text: &str, stub: bool) -> Parsed {
    if u32::try_from(text.len()).is_err() {
        return refuse(0, "the file is larger than 4 GB", Span::default());
    }
    if text.len() >= SHORT
        && let Some((message, span)) = too_deep_by_lexing(text)
    {
        return refuse(text.len(), message, span);
    }
    let kind = if stub { PySourceType::Stub } else { PySourceType::Python };
    // The parser asserts things about itself; a bug in it must not end the run.
    let result = std::panic::catch_unwind(|| ruff_python_parser::parse_unchecked_source(text, kind));
    let Ok(parsed) = result else {
        return refuse(text.len(), "the parser failed on this file", Span::default());
    };
    let mut errors: Vec<(String, Span)> =
        parsed.errors().iter().map(|e| (lower_first(&e.error.to_string()), span_of(e.location))).collect();
    errors.sort_by_key(|(_, span)| *span);
    let (comments, problem) = walk(parsed.tokens());
    if let Some((message, span)) = problem {
        // Dropping the tree would recurse as deeply as it is nested. It is leaked: less than `SHORT` bytes of text.
        std::mem::forget(parsed);
        return refuse(text.len(), message, span);
    }
    Parsed { tree: parsed.into_syntax(), errors, comments }
}

/// Parses a single expression, for string annotations. `None` if it is none, or a hostile one.
pub fn parse_expression(text: &str) -> Option<ruff_python_ast::Expr> {
    if text.len() > 200 {
        return None;
    }
    let parsed = std::panic::catch_unwind(|| ruff_python_parser::parse_expression(text)).ok()?.ok()?;
    Some(*parsed.into_syntax().body)
}

/// The span of a range.
pub fn span_of(range: TextRange) -> Span {
    Span::new(range.start().into(), range.end().into())
}

/// The span of a node.
pub fn span(node: &impl Ranged) -> Span {
    span_of(node.range())
}

fn refuse(len: usize, message: &str, span: Span) -> Parsed {
    let range = TextRange::up_to(u32::try_from(len).unwrap_or(u32::MAX).into());
    let tree = ModModule { node_index: AtomicNodeIndex::NONE, range, body: Default::default() };
    Parsed { tree, errors: vec![(message.to_owned(), span)], comments: Vec::new() }
}

/// The comments, and what is wrong with the nesting.
fn walk(tokens: &Tokens) -> (Vec<Span>, Option<(&'static str, Span)>) {
    let mut comments = Vec::new();
    let mut depth = Depth::new();
    // Where the logical line begins: one of few tokens cannot be deep, and nearly all are such.
    let mut line = 0;
    let mut problem = None;
    for (i, token) in tokens.iter().enumerate() {
        match token.kind() {
            TokenKind::Comment => comments.push(span_of(token.range())),
            TokenKind::Newline | TokenKind::EndOfFile => {
                if i - line >= depth::FEW {
                    let deep = tokens[line..=i].iter().find_map(|t| Some((depth.token(t.kind()).err()?, t)));
                    problem = problem.or(deep);
                }
                line = i + 1;
            }
            TokenKind::Indent | TokenKind::Dedent => {
                if let Err(message) = depth.indentation(token.kind()) {
                    problem = problem.or(Some((message, token)));
                }
            }
            _ => {}
        }
    }
    (comments, problem.map(|(message, token)| (message, span_of(token.range()))))
}

/// Looks at the nesting before the parser does. The lexer does not tell where it is, so the place is found by halving.
fn too_deep_by_lexing(text: &str) -> Option<(&'static str, Span)> {
    let message = lex_depth(text)?;
    let (mut fine, mut deep) = (0, text.len());
    while fine + 1 < deep {
        let middle = fine.midpoint(deep);
        // A cut inside a character is as good as one before it.
        let cut = (0..=middle).rev().find(|&i| text.is_char_boundary(i)).unwrap_or(0);
        if lex_depth(&text[..cut]).is_some() { deep = middle } else { fine = middle }
    }
    Some((message, Span::new(fine as u32, deep as u32)))
}

fn lex_depth(text: &str) -> Option<&'static str> {
    let mut lexer = lexer::lex(text, Mode::Module);
    let mut depth = Depth::new();
    loop {
        let kind = lexer.next_token();
        if kind == TokenKind::EndOfFile {
            return None;
        }
        if let Err(message) = depth.indentation(kind).and_then(|()| depth.token(kind)) {
            return Some(message);
        }
    }
}

fn lower_first(message: &str) -> String {
    let mut chars = message.chars();
    match chars.next() {
        // `Expected …` but not `IPython …`.
        Some(first) if !chars.clone().next().is_some_and(char::is_uppercase) => {
            first.to_lowercase().chain(chars).collect()
        }
        _ => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_errors() {
        let parsed = parse("x = 1  # noqa\n# two\n", false);
        assert_eq!(parsed.comments, [Span::new(7, 13), Span::new(14, 19)]);
        assert!(parsed.errors.is_empty());
        let parsed = parse("def (:\n", false);
        assert!(!parsed.errors.is_empty());
        assert!(parsed.errors.iter().all(|(m, _)| m.starts_with(char::is_lowercase)), "{:?}", parsed.errors);
    }

    #[test]
    fn ordinary_depth_is_no_error() {
        let long = format!("x = [{}]\n", "f(1 + 2), ".repeat(20_000));
        assert!(parse(&long, false).errors.is_empty());
        let flat = format!("if {} x:\n    pass\n", "a == 1 or ".repeat(20_000));
        assert!(parse(&flat, false).errors.is_empty());
        let lambdas = format!("x = [{}]\n", "lambda a, b: a, ".repeat(20_000));
        assert!(parse(&lambdas, false).errors.is_empty());
    }
}
