//! Rows in a few words, as users write them in their configuration:
//!
//! ```toml
//! [tool.viewlint.models]
//! "mypkg.io.load_frame" = "fresh"
//! "mypkg.util.as2d" = "view-or-copy of 0"
//! "mypkg.util.clip_" = "writes 0, returns 0"
//! "mypkg.util.scale(x, factor, out)" = "fresh, out out"
//! ```
//!
//! The words are those of the tables ([`super::parse`]), without the clauses' names where they cannot be confused.
//! Arguments go by their position, from 0, or, where the key has a signature, by name.

use super::parse::{self, is_dotted};
use super::{ParamSpec, Row, RowKind};

/// What may be said of a function, for messages.
pub const WORDS: &str = "`fresh`, `fresh-or-scalar`, `scalar`, `none`, `returns N`, `view of N`, `readonly view of N`, \
     `same-or-view of N`, `same-or-copy of N`, `view-or-copy of N`, `list of …`, `tuple of …`, `iterator of …`, \
     `unknown`, `writes N`, `writes N when P`, `writes N unless P`, `copies when P`, `copies unless P`, `out N`, `blank`; N is the position of an argument, from 0, or a name in the signature";

/// The row of one function.
///
/// # Errors
/// What is not understood, and what is allowed in its place.
pub fn row(key: &str, words: &str) -> Result<Row, String> {
    let (name, params) = signature(key)?;
    let mut row = if let Some(params) = params {
        parse::empty_row(RowKind::Function, name, params)
    } else {
        let numbers = words.split(|c: char| !c.is_alphanumeric()).filter_map(|word| word.parse::<u8>().ok());
        let most = numbers.max().map_or(0, |most| u32::from(most) + 1);
        if most > MAX_POSITION {
            return Err(format!("there is no argument {}; positions go from 0 to {}", most - 1, MAX_POSITION - 1));
        }
        let spec = |name: String, variadic| ParamSpec { variadic, ..parse::parameter(&name, false) };
        let mut params: Vec<ParamSpec> = (0..most).map(|n| spec(n.to_string(), false)).collect();
        params.push(spec("rest".to_owned(), true));
        parse::empty_row(RowKind::Function, name, params)
    };
    let mut said = false;
    for clause in words.split(',').map(str::trim) {
        said = true;
        let clause = named(&row, clause);
        let (first, rest) = clause.split_once(' ').unwrap_or((&clause, ""));
        let clause = match first {
            "returns" => format!("result same {rest}"),
            "writes" => format!("writes {}", rest.replace(" and ", ", ")),
            "out" | "copies" | "blank" => clause,
            _ => format!("result {clause}"),
        };
        parse::clause(&mut row, &clause, &mut true).map_err(|error| match error.split_once("; allowed: ") {
            Some(_) => format!("unknown words `{}`; allowed: {WORDS}", first_words(&clause)),
            None => error,
        })?;
    }
    if said { Ok(row) } else { Err(format!("says nothing; allowed: {WORDS}")) }
}

/// The function's name, and its parameters where the key has a signature.
///
/// # Errors
/// That it has no dotted name, or no well-formed signature.
pub fn signature(key: &str) -> Result<(&str, Option<Vec<ParamSpec>>), String> {
    let key = key.trim();
    if key.contains('(') {
        parse::signature(key).map(|(name, params)| (name, Some(params)))
    } else if is_dotted(key) {
        Ok((key, None))
    } else {
        Err(format!("`{key}` is not the full name of a function, such as `mypkg.util.as2d`"))
    }
}

/// Functions with more positional arguments are rare.
const MAX_POSITION: u32 = 32;

/// The clause with the names of the parameters where it has their positions.
fn named(row: &Row, clause: &str) -> String {
    let name = |word: &str| match word.parse::<usize>().ok().and_then(|at| row.params.get(at)) {
        Some(param) => param.name.to_string(),
        None => word.to_owned(),
    };
    clause.split_whitespace().map(name).collect::<Vec<_>>().join(" ")
}

fn first_words(clause: &str) -> &str {
    clause.strip_prefix("result ").unwrap_or(clause)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Condition, ResultRule};

    fn error(key: &str, words: &str) -> String {
        row(key, words).unwrap_err()
    }

    #[test]
    fn rows_in_words() {
        assert_eq!(row("a.f", "fresh").unwrap().result, ResultRule::Fresh { owner: None });
        assert_eq!(row("a.f", "view-or-copy of 0").unwrap().result, ResultRule::ViewOrCopy(0));
        assert_eq!(
            row("a.f", "list of view of 1").unwrap().result,
            ResultRule::List(Box::new(ResultRule::View { of: 1, readonly: false }))
        );
        let clip = row("mypkg.util.clip_", " writes 0 , returns 0").unwrap();
        assert_eq!((clip.result, clip.writes, clip.params.len()), (ResultRule::Same(0), vec![0], 2));
        assert_eq!(row("a.f", "writes 0 and 2, none").unwrap().writes, [0, 2]);
        assert!(row("a.f", "fresh").unwrap().params[0].variadic, "positional arguments that no word names are taken");
    }

    #[test]
    fn a_signature_gives_names() {
        let scale = row("a.scale(x, factor, *, out, inplace)", "fresh, writes x when inplace, out out").unwrap();
        assert_eq!(
            (&*scale.name, scale.out, scale.writes, scale.writes_when),
            ("a.scale", Some(2), vec![0], vec![(0, Condition { param: 3, holds: true })])
        );
        assert_eq!(row("a.f(x, y)", "same-or-copy of 1").unwrap().result, ResultRule::SameOrCopy(1));
    }

    #[test]
    fn errors_say_what_is_allowed() {
        assert!(
            error("a.f", "copy of 0").contains("unknown words `copy of 0`; allowed: `fresh`"),
            "{}",
            error("a.f", "copy of 0")
        );
        assert!(error("a.f", "").starts_with("unknown words ``; allowed: `fresh`"), "{}", error("a.f", ""));
        assert!(error("a.f", "views 0").contains("`returns N`"));
        assert_eq!(error("f", "fresh"), "`f` is not the full name of a function, such as `mypkg.util.as2d`");
        assert_eq!(error("a.f(x)", "view of y"), "`a.f` has no parameter `y`; it has: x");
        assert!(error("a.f(x", "fresh").contains("is not a signature such as"));
        assert_eq!(error("a.f", "writes 40"), "there is no argument 40; positions go from 0 to 31");
    }
}
