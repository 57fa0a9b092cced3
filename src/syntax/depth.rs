//! How deep a tree can get, told from the tokens alone.
//!
//! The parser grows its own stack, but whatever walks or drops the tree afterwards recurses on an ordinary one. The
//! bound is rough and errs upwards: every token that can put one node under another counts, until something that
//! certainly begins a sibling (a comma, `and`, a new statement).

use ruff_python_ast::token::TokenKind;

/// As in CPython ("too many nested parentheses").
const MAX_BRACKETS: usize = 200;
/// As in CPython ("too many levels of indentation").
const MAX_INDENT: usize = 100;
/// CPython gives up on chains of about this length too ("maximum recursion depth exceeded during compilation").
const MAX_CHAIN: usize = 3000;

/// A logical line of fewer tokens breaks none of the limits.
pub(super) const FEW: usize = MAX_BRACKETS;

/// What is open at one level of brackets.
#[derive(Clone, Copy, Default)]
struct Level {
    /// Tokens that bind tightly: a comma, `and`, `or`, a comparison or a keyword of a conditional ends their chain.
    tight: usize,
    /// `lambda`, `if … else`, `:`: only a comma, which does not stand in a lambda's parameters, ends their chain.
    loose: usize,
    /// Lambdas whose colon is still to come.
    lambdas: usize,
}

/// The state of the walk over the tokens.
pub(super) struct Depth {
    outer: Vec<Level>,
    level: Level,
    /// The nodes that the outer levels may have put above this one.
    base: usize,
    indent: usize,
}

impl Depth {
    pub(super) fn new() -> Depth {
        Depth { outer: Vec::with_capacity(16), level: Level::default(), base: 0, indent: 0 }
    }

    /// Takes the next token, if it is an indentation or its end.
    pub(super) fn indentation(&mut self, kind: TokenKind) -> Result<(), &'static str> {
        match kind {
            TokenKind::Indent => self.indent += 1,
            TokenKind::Dedent => self.indent = self.indent.saturating_sub(1),
            _ => {}
        }
        if self.indent > MAX_INDENT { Err("too many levels of indentation") } else { Ok(()) }
    }

    /// Takes the next token of a logical line, the `Newline` at its end included.
    #[inline]
    pub(super) fn token(&mut self, kind: TokenKind) -> Result<(), &'static str> {
        use TokenKind as T;
        match kind {
            T::Name | T::Int | T::Float | T::String | T::NonLogicalNewline | T::Equal => return Ok(()),
            T::Comma => {
                if self.level.lambdas == 0 {
                    self.level = Level::default();
                }
                return Ok(());
            }
            T::Newline => {
                self.outer.clear();
                self.level = Level::default();
                self.base = 0;
                return Ok(());
            }
            T::Lpar | T::Lsqb | T::Lbrace | T::FStringStart | T::TStringStart => {
                if self.outer.len() >= MAX_BRACKETS {
                    return Err("too many nested parentheses");
                }
                self.base += self.level.tight + self.level.loose + 1;
                self.outer.push(self.level);
                self.level = Level::default();
            }
            T::Rpar | T::Rsqb | T::Rbrace | T::FStringEnd | T::TStringEnd => {
                if let Some(level) = self.outer.pop() {
                    self.base -= level.tight + level.loose + 1;
                    self.level = level;
                }
                // What was in the brackets may have been a call's arguments: the call is one node above the callee.
                self.level.tight += 1;
            }
            T::And | T::Or | T::EqEqual | T::NotEqual | T::Less | T::Greater | T::LessEqual | T::GreaterEqual => {
                self.level.tight = 0;
                return Ok(());
            }
            T::Lambda => {
                self.level.lambdas += 1;
                self.level.loose += 1;
                self.level.tight = 0;
            }
            T::If | T::Else => {
                self.level.loose += 1;
                self.level.tight = 0;
            }
            T::Colon => {
                self.level.lambdas = self.level.lambdas.saturating_sub(1);
                self.level.loose += 1;
            }
            T::Async | T::ColonEqual | T::Yield | T::For => self.level.loose += 1,
            T::Dot
            | T::Plus
            | T::Minus
            | T::Star
            | T::Slash
            | T::DoubleSlash
            | T::Percent
            | T::At
            | T::Vbar
            | T::Amper
            | T::CircumFlex
            | T::Tilde
            | T::LeftShift
            | T::RightShift
            | T::DoubleStar
            | T::Not
            | T::Await => self.level.tight += 1,
            _ => return Ok(()),
        }
        if self.base + self.level.tight + self.level.loose > MAX_CHAIN {
            return Err("the expression is nested too deeply");
        }
        Ok(())
    }
}
