//! The import statements of a text, found without parsing it.
//!
//! They decide in which order files are looked at and nothing else, so that it does no harm if the words of a docstring
//! pass for an import: what a name stands for is read from the lowered file.

use std::borrow::Cow;

use memchr::memmem;
use rustc_hash::FxHashSet;

/// An import statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// How many dots lead the module's path.
    pub level: u32,
    /// The module's dotted path.
    pub module: String,
    /// What is imported from it.
    pub what: What,
    /// Is the statement indented, so that it may run late or not at all?
    pub inner: bool,
}

/// What is imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// The module, under this name (`import a.b`: under `a.b`).
    Module(String),
    /// A name, and the name that it is bound to.
    Name(String, String),
    /// Everything.
    Star,
}

/// The imports of a text.
pub fn imports(text: &str) -> Vec<Import> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut done = 0;
    for at in memmem::find_iter(bytes, b"import") {
        let start = memchr::memrchr2(b'\n', b'\r', &bytes[..at]).map_or(0, |end| end + 1);
        if start < done {
            continue;
        }
        let line = &text[start..];
        let trimmed = line.trim_start_matches([' ', '\t']);
        if trimmed.starts_with("import ") || trimmed.starts_with("from ") {
            let inner = trimmed.len() < line.len();
            let (statement, end) = statement(trimmed);
            done = start + (line.len() - trimmed.len()) + end;
            read(&statement, inner, &mut found);
        }
    }
    found
}

/// A logical line: without comments, line breaks and parentheses; and how long it is in the text.
fn statement(text: &str) -> (Cow<'_, str>, usize) {
    let end = memchr::memchr2(b'\n', b'\r', text.as_bytes()).unwrap_or(text.len());
    let line = &text[..end];
    if line.contains(['(', ')', '#', '\\', ';']) {
        let (words, end) = spread(text);
        return (Cow::Owned(words), end);
    }
    (Cow::Borrowed(line), end)
}

/// A logical line that a look at its first physical line does not do for.
fn spread(text: &str) -> (String, usize) {
    let mut words = String::new();
    let mut open = false;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '(' => open = true,
            ')' => return (words, at),
            '#' => {
                let end = text[at..].find('\n').map_or(text.len(), |end| at + end);
                if !open {
                    return (words, end);
                }
                chars = text[end..].char_indices();
                let (rest, more) = rest_of(chars, end);
                words.push_str(&rest);
                return (words, more);
            }
            '\\' => words.push(' '),
            '\n' | '\r' if open || text[..at].ends_with('\\') || text[..at].ends_with("\\\r") => words.push(' '),
            '\n' | '\r' | ';' => return (words, at),
            c => words.push(c),
        }
    }
    (words, text.len())
}

/// The rest of a list in parentheses, behind its first comment.
fn rest_of(chars: std::str::CharIndices<'_>, from: usize) -> (String, usize) {
    let mut words = String::new();
    let mut comment = false;
    let mut end = from;
    for (at, c) in chars {
        end = from + at;
        match c {
            '\n' | '\r' => {
                comment = false;
                words.push(' ');
            }
            '#' => comment = true,
            _ if comment => {}
            ')' => return (words, end),
            c => words.push(c),
        }
    }
    (words, end)
}

fn read(statement: &str, inner: bool, found: &mut Vec<Import>) {
    if let Some(list) = statement.strip_prefix("import ") {
        for part in list.split(',') {
            let (module, name) = renamed(part);
            if is_dotted(module) {
                let what = What::Module(name.unwrap_or(module).to_owned());
                found.push(Import { level: 0, module: module.to_owned(), what, inner });
            }
        }
        return;
    }
    let Some(rest) = statement.strip_prefix("from ") else { return };
    let rest = rest.trim_start();
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let keyword = rest
        .match_indices("import")
        .find(|(at, word)| !rest[..*at].ends_with(is_word) && !rest[at + word.len()..].starts_with(is_word));
    let Some((at, word)) = keyword else { return };
    let (module, list) = (&rest[..at], &rest[at + word.len()..]);
    let path = module.trim_start_matches('.');
    let level = (module.len() - path.len()) as u32;
    let path = path.trim();
    if !path.is_empty() && !is_dotted(path) || path.is_empty() && level == 0 {
        return;
    }
    for part in list.split(',') {
        let (name, alias) = renamed(part);
        let what = match name {
            "*" => What::Star,
            name if is_dotted(name) && !name.contains('.') => {
                What::Name(name.to_owned(), alias.unwrap_or(name).to_owned())
            }
            _ => continue,
        };
        found.push(Import { level, module: path.to_owned(), what, inner });
    }
}

/// `a as b`: both.
fn renamed(part: &str) -> (&str, Option<&str>) {
    let mut words = part.split_whitespace();
    let name = words.next().unwrap_or("");
    let alias = words.next().filter(|&word| word == "as").and_then(|_| words.next());
    (name, alias)
}

fn is_dotted(path: &str) -> bool {
    !path.is_empty()
        && path.split('.').all(|part| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_'))
}

/// The attributes that the text reads of a name: for each `name.a.b` the parts behind the name.
pub fn attributes<'a>(text: &'a str, name: &str) -> Vec<Vec<&'a str>> {
    let needle = format!("{name}.");
    let bytes = text.as_bytes();
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.' || byte >= 0x80;
    let mut found: FxHashSet<&str> = FxHashSet::default();
    for at in memmem::find_iter(bytes, needle.as_bytes()) {
        if at > 0 && is_word(bytes[at - 1]) {
            continue;
        }
        let rest = &text[at + needle.len()..];
        let end = rest.bytes().position(|byte| !is_word(byte)).unwrap_or(rest.len());
        found.insert(&rest[..end]);
    }
    let mut found: Vec<Vec<&str>> = found.into_iter().map(|parts| parts.split('.').take(MAX_PARTS).collect()).collect();
    found.retain(|parts: &Vec<&str>| !parts[0].is_empty());
    found.sort_unstable();
    found
}

/// The names that classes of the text inherit from, as far as the headers show: of `a.b.C` the last part.
pub fn bases(text: &str) -> FxHashSet<&str> {
    let bytes = text.as_bytes();
    let mut found = FxHashSet::default();
    for at in memmem::find_iter(bytes, b"class ") {
        let start = memchr::memrchr2(b'\n', b'\r', &bytes[..at]).map_or(0, |end| end + 1);
        let header = &text[at..];
        let (Some(open), Some(colon)) = (header.find('('), header.find(':')) else { continue };
        if !text[start..at].trim().is_empty() || colon < open {
            continue;
        }
        let end = header.find(')').unwrap_or(open);
        let list = header.get(open + 1..end).unwrap_or("");
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        found.extend(list.split(|c: char| !is_word(c)).filter(|word| !word.is_empty()));
    }
    found
}

/// Attributes deeper than this are not followed.
const MAX_PARTS: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let show = |import: Import| {
            let from = format!("{}{}", ".".repeat(import.level as usize), import.module);
            let what = match import.what {
                What::Module(name) => format!("as {name}"),
                What::Name(name, alias) => format!("{name} as {alias}"),
                What::Star => "*".to_owned(),
            };
            format!("{from} {what}{}", if import.inner { " inside" } else { "" })
        };
        imports(text).into_iter().map(show).collect()
    }

    #[test]
    fn every_form_is_read() {
        assert_eq!(shown("import a, b.c as d\n"), ["a as a", "b.c as d"]);
        assert_eq!(shown("from a.b import c, d as e  # f\n"), ["a.b c as c", "a.b d as e"]);
        assert_eq!(shown("from . import a\nfrom ..b.c import *\n"), [". a as a", "..b.c *"]);
        assert_eq!(
            shown("from a import (\n    b,  # , x\n    c as d,\n)\nimport e"),
            ["a b as b", "a c as d", "e as e"]
        );
        assert_eq!(shown("from a import b, \\\n    c\n"), ["a b as b", "a c as c"]);
        assert_eq!(shown("from a import b, \\\r\n    c\r\n"), ["a b as b", "a c as c"]);
        assert_eq!(shown("def f():\n\tfrom .a import b; import c\n"), [".a b as b inside"]);
        assert_eq!(shown("from .important import a\n"), [".important a as a"]);
    }

    #[test]
    fn other_words_are_left_alone() {
        assert_eq!(
            shown("x = 'import a'\n# import b\nimportant = 1\nfrom the most important one\n"),
            Vec::<String>::new()
        );
        assert_eq!(shown(""), Vec::<String>::new());
        assert_eq!(shown("from a import"), Vec::<String>::new());
        assert_eq!(shown("from é import ü\n"), ["é ü as ü"]);
    }

    #[test]
    fn names_that_classes_inherit_from_are_found() {
        let text = "class A:\n    class B(C, m.D):\n        pass\nx = 'class E(F)'\nclass G(\n    H[T],\n):\n";
        let mut found: Vec<&str> = bases(text).into_iter().collect();
        found.sort_unstable();
        assert_eq!(found, ["C", "D", "H", "T", "m"]);
    }

    #[test]
    fn attributes_of_a_name_are_found() {
        let text = "m.f(x) + m.g.h[0] + am.i + x.m.j\nm.f()\nm.";
        assert_eq!(attributes(text, "m"), [vec!["f"], vec!["g", "h"]]);
    }
}
