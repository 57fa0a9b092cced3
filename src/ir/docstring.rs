//! What a docstring says: of its function's intent, and of its parameters' types.
//!
//! Three styles: numpydoc (`x : ndarray`), Google (`x (np.ndarray): …` below `Args:`) and reST (`:param x: …`,
//! `:type x: ndarray`). All of it is evidence for a rule, never certainty.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::ir::{DocFacts, DocType};

/// Words that say that an argument is changed.
const IN_PLACE: [&str; 21] = [
    "in place",
    "in-place",
    "inplace",
    "modifies",
    "is modified",
    "are modified",
    "be modified",
    "overwrites",
    "is overwritten",
    "are overwritten",
    "be overwritten",
    "(overwritten)",
    "mutates",
    "clobber",
    "instead of returning it",
    // An array that is there to be written.
    "storage array",
    "storage for",
    "preallocated",
    "pre-allocated",
    "workspace",
    "work array",
];

/// Words that promise that it is not.
const PURE: [&str; 6] =
    ["returns a copy", "return a copy", "a new array", "new ndarray", "without modifying", "not mutate"];

/// Words that say that one buffer is handed out again and again.
const REUSED: [&str; 7] = ["reused", "re-used", "reuses", "re-uses", "same buffer", "same array", "same memory"];

/// Words before one of [`IN_PLACE`] that turn it round.
const NEGATIONS: [&str; 7] = ["not", "never", "without", "n't", "no", "nor", "none"];

/// What a docstring is searched for before it is read: without the first letter, which may be a capital.
struct Stems {
    says: [Finder<'static>; 10],
    pure: [Finder<'static>; 4],
    reused: [Finder<'static>; 3],
    array: Finder<'static>,
    returns: [Finder<'static>; 3],
    numpy: Finder<'static>,
    google: [Finder<'static>; 3],
    rest: [Finder<'static>; 2],
    colon: Finder<'static>,
}

static STEMS: LazyLock<Stems> = LazyLock::new(|| Stems {
    says: ["lace", "odif", "verw", "utat", "lobber", "nstead of", "torage", "llocated", "orkspace", "ork array"]
        .map(Finder::new),
    pure: ["opy", "ew array", "ew ndarray", "ithout"].map(Finder::new),
    reused: ["euse", "e-use", "ame "].map(Finder::new),
    array: Finder::new("rray"),
    returns: ["eturn", "ield", "rtype"].map(Finder::new),
    numpy: Finder::new("----"),
    google: ["Args:", "Arguments:", "Parameters:"].map(Finder::new),
    rest: [":type ", ":param "].map(Finder::new),
    colon: Finder::new(" : "),
});

/// What is said of the function's intent.
pub fn facts(text: &str) -> DocFacts {
    let mut facts = DocFacts::default();
    // Most docstrings hold none of the stems, and are only searched.
    let has = |stem: &Finder<'_>| stem.find(text.as_bytes()).is_some();
    let says = STEMS.says.iter().any(has);
    let pure = STEMS.pure.iter().any(has);
    let returns = has(&STEMS.array) && STEMS.returns.iter().any(has);
    let reused = STEMS.reused.iter().any(has);
    if !(says || pure || returns || reused) {
        return facts;
    }
    let text = text.to_ascii_lowercase();
    facts.says_reused = reused && REUSED.iter().any(|phrase| text.contains(phrase));
    if says || pure {
        // A phrase may be broken over two lines.
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        facts.says_pure = PURE.iter().any(|phrase| text.contains(phrase));
        // Another form of the verb counts only where it is negated.
        for phrase in IN_PLACE.iter().chain(&["modify", "overwrite", "modified", "overwritten", "mutated"]) {
            for (at, _) in text.match_indices(phrase) {
                if negated(&text[..at]) {
                    facts.says_pure = true;
                } else if IN_PLACE.contains(phrase) {
                    facts.says_in_place = true;
                }
            }
        }
    }
    facts.returns_array = returns && returns_array(&text);
    facts
}

/// Is there a negation among the last words of a text, in the same clause?
fn negated(before: &str) -> bool {
    let clause = before.rsplit(['.', ';', ',', ':']).next().unwrap_or(before);
    clause.split_whitespace().rev().take(5).any(|word| NEGATIONS.contains(&word) || word.ends_with("n't"))
}

/// Does the section on the return value speak of an array?
fn returns_array(lower: &str) -> bool {
    let mut lines = lower.lines().map(str::trim);
    while let Some(line) = lines.next() {
        if line == "returns" || line == "yields" {
            // numpydoc: an underline, then `name : type` or `type`.
            let underline = lines.next().unwrap_or("");
            if underline.starts_with("---") {
                let head = lines.next().unwrap_or("");
                let said = head.split_once(" : ").map_or(head, |(_, said)| said);
                return doc_type(said) == DocType::Array;
            }
        } else if line == "returns:" || line == "yields:" || line == "return:" {
            let head = lines.next().unwrap_or("");
            let said = head.split_once(':').map_or(head, |(said, _)| said);
            return doc_type(said) == DocType::Array;
        } else if let Some(said) = line.strip_prefix(":rtype:") {
            return doc_type(said) == DocType::Array;
        }
    }
    false
}

/// Does the text mention arrays at all?
pub fn speaks_of_arrays(text: &str) -> bool {
    STEMS.array.find(text.as_bytes()).is_some()
}

/// The types of the parameters, as they are written down.
#[derive(Debug, Default)]
pub struct DocTypes<'t> {
    types: Vec<(&'t str, &'t str)>,
    /// Is one of Google's headers there?
    google: bool,
    /// The indentation of Google's `Args:`, while we are below it.
    section: Option<usize>,
}

impl<'t> DocTypes<'t> {
    /// Reads a docstring.
    pub fn new(text: &'t str) -> DocTypes<'t> {
        let has = |stem: &Finder<'_>| stem.find(text.as_bytes()).is_some();
        let mut types = DocTypes { google: STEMS.google.iter().any(has), ..DocTypes::default() };
        if has(&STEMS.numpy) || types.google || STEMS.rest.iter().any(has) {
            let mut start = 0;
            for end in memchr::memchr_iter(b'\n', text.as_bytes()).chain([text.len()]) {
                let line = text.get(start..end).unwrap_or("");
                start = end + 1;
                // Without a colon it can say nothing, but may end Google's section.
                if types.google || memchr::memchr(b':', line.as_bytes()).is_some() {
                    types.read_line(line);
                }
            }
        }
        types
    }

    /// What is said of a parameter.
    pub fn of(&self, name: &str) -> DocType {
        self.types.iter().find(|entry| entry.0 == name).map_or(DocType::Unsaid, |entry| doc_type(entry.1))
    }

    /// Notes a type, unless there is one already.
    fn note(&mut self, name: &'t str, said: &'t str) {
        if !self.types.iter().any(|entry| entry.0 == name) {
            self.types.push((name, said));
        }
    }

    /// Notes a type that counts whatever was said before.
    fn settle(&mut self, name: &'t str, said: &'t str) {
        self.types.retain(|entry| entry.0 != name);
        self.types.push((name, said));
    }

    fn read_line(&mut self, line: &'t str) {
        let trimmed = line.trim();
        if trimmed.is_empty() {
            return;
        }
        if let Some(rest) = trimmed.strip_prefix(":type ") {
            if let Some((name, said)) = rest.split_once(':') {
                self.settle(name.trim(), said);
            }
            return;
        }
        if let Some(rest) = trimmed.strip_prefix(":param ") {
            // `:param ndarray x: …`
            if let Some((said, name)) = rest.split_once(':').and_then(|(head, _)| head.trim().rsplit_once(' ')) {
                self.settle(name, said);
            }
            return;
        }
        if self.google {
            let indent = line.len() - line.trim_start().len();
            let header = trimmed.trim_start_matches(':');
            if matches!(header, "Args:" | "Arguments:" | "Parameters:" | "Keyword Args:" | "Other Parameters:") {
                self.section = Some(indent);
                return;
            }
            match self.section {
                Some(at) if indent > at => {
                    if let Some((name, rest)) = trimmed.split_once(" (")
                        && is_name(name.trim_start_matches('*'))
                        && let Some((said, _)) = rest.split_once("):").or_else(|| rest.rsplit_once(')'))
                    {
                        self.note(name.trim_start_matches('*'), said);
                        return;
                    }
                }
                _ => self.section = None,
            }
        }
        let numpy = STEMS.colon.find(trimmed.as_bytes()).map(|at| (&trimmed[..at], &trimmed[at + 3..]));
        if let Some((names, said)) = numpy.or_else(|| google_colon(trimmed, self.section.is_some()))
            && names.split(',').all(|name| is_name(name.trim().trim_start_matches('*')))
        {
            for name in names.split(',') {
                self.note(name.trim().trim_start_matches('*'), said);
            }
        }
    }
}

/// `x: ndarray` counts as numpydoc too, but not below Google's `Args:`, where what follows is a description.
fn google_colon(line: &str, google: bool) -> Option<(&str, &str)> {
    let (names, said) = line.split_once(": ")?;
    let typed = !google && is_array_word(first_word(said));
    typed.then_some((names, said))
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_')
}

fn first_word(said: &str) -> &str {
    said.trim_start().split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.' | '-'))).next().unwrap_or("")
}

/// Does the word name an array type?
fn is_array_word(word: &str) -> bool {
    let word = word.trim_start_matches("np.").trim_start_matches("numpy.");
    matches!(word, "ndarray" | "array" | "arrays" | "ndarrays" | "NDArray" | "Array" | "ArrayLike")
        || is_array_like(word)
}

fn is_array_like(word: &str) -> bool {
    matches!(
        word,
        "array_like" | "array-like" | "arraylike" | "ArrayLike" | "array_likes" | "Array_like" | "Array-like"
    )
}

/// Is it the name of a class, and no name of an array in other words (`Matrix`, `Tensor`)?
fn names_a_class(said: &str) -> bool {
    let name = first_word(said).rsplit('.').next().unwrap_or_default();
    let rest = said.get(first_word(said).len()..).unwrap_or_default().trim_start_matches(['`', ' ']);
    let alone = rest.is_empty() || ["or ", "object", "instance", ",", "."].iter().any(|next| rest.starts_with(next));
    let other =
        ["atrix", "ector", "ensor", "mage", "uantity", "ist", "equence", "terable", "uple", "one", "ny", "nion"];
    alone
        && name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.contains(|c: char| c.is_ascii_lowercase())
        && !other.iter().any(|word| name.contains(word))
}

/// The kind of type that a phrase names.
fn doc_type(said: &str) -> DocType {
    // `~numpy.ndarray` and ``:class:`numpy.ndarray` `` say the same.
    let said = said.trim().trim_start_matches([':', '`', '~', '{', '(']).trim_start_matches("class:");
    let said = said.trim_start_matches(['`', '~']);
    if said.is_empty() {
        return DocType::Unsaid;
    }
    if !speaks_of_arrays(said) {
        return if names_a_class(said) { DocType::Object } else { DocType::Other };
    }
    let array_like = ["array_like", "array-like", "arraylike", "array like", "Array_like", "Array-like", "ArrayLike"];
    if array_like.iter().any(|word| said.contains(word)) {
        let container = said.starts_with("list of") || said.starts_with("tuple of") || said.starts_with("sequence of");
        return if container { DocType::Other } else { DocType::MaybeArray };
    }
    let words = || {
        said.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.' | '-')))
            .filter(|word| !word.is_empty())
            .map(|word| word.trim_end_matches('.'))
    };
    let mut first = words().skip_while(|word| {
        matches!(
            *word,
            "a" | "an" | "the" | "A" | "An" | "1D" | "2D" | "3D" | "1-D" | "2-D" | "3-D" | "1d" | "2d" | "3d"
        ) || matches!(
            *word,
            "float" | "int" | "complex" | "boolean" | "bool" | "numpy" | "NumPy" | "np" | "real" | "N-D"
        )
    });
    let starts = first.next().is_some_and(is_array_word);
    if starts {
        // `ndarray or list`, but not `array of shape (n, 2) or …` with a second array.
        let other = said.split_once(" or ").is_some_and(|(_, rest)| !is_array_word(first_word(rest)));
        let said = said.to_ascii_lowercase();
        let optional = said.contains(" or none");
        return if other && !optional { DocType::MaybeArray } else { DocType::Array };
    }
    let alternatives = words().any(|word| word == "or") || said.contains(',') || said.contains('|');
    let contained = said.starts_with("list") || said.starts_with("tuple") || said.starts_with("dict");
    if alternatives && !contained && words().any(is_array_word) {
        return DocType::MaybeArray;
    }
    DocType::Other
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_of_classes_are_told_from_arrays_in_other_words() {
        let types = DocTypes::new(
            "Do.\n\n:Parameters:\n    m : MultipleSeqAlignment\n        rows.\n    a : Alignment or Other object\n\
             \x20   t : Tensor\n    x : Matrix of numbers\n    l : List\n    s : str\n    d : The data\n",
        );
        assert_eq!((types.of("m"), types.of("a")), (DocType::Object, DocType::Object));
        for name in ["t", "x", "l", "s", "d"] {
            assert_eq!(types.of(name), DocType::Other, "{name}");
        }
    }

    #[test]
    fn numpydoc() {
        let types = DocTypes::new(
            "Do.\n\nParameters\n----------\nx : ndarray\n    Data.\nX : array_like, shape (n, 2)\na, b : ndarray\n\
             n : int\ns : float or ndarray\nl : list of ndarray\nm : np.ndarray, optional\nq : ndarray or list\n\
             c : array of shape (n, 2)\n",
        );
        assert_eq!(types.of("x"), DocType::Array);
        assert_eq!(types.of("X"), DocType::MaybeArray);
        assert_eq!((types.of("a"), types.of("b")), (DocType::Array, DocType::Array));
        assert_eq!(types.of("n"), DocType::Other);
        assert_eq!(types.of("s"), DocType::MaybeArray);
        assert_eq!(types.of("l"), DocType::Other);
        assert_eq!(types.of("m"), DocType::Array);
        assert_eq!(types.of("q"), DocType::MaybeArray);
        assert_eq!(types.of("c"), DocType::Array);
        assert_eq!(types.of("unknown"), DocType::Unsaid);
    }

    #[test]
    fn google_and_rest() {
        let types = DocTypes::new("Do.\n\n    Args:\n        x (np.ndarray): Data.\n        k (int): Count.\n");
        assert_eq!((types.of("x"), types.of("k")), (DocType::Array, DocType::Other));
        let types = DocTypes::new("Do.\n\n:param x: data\n:type x: numpy.ndarray\n:param int n: count\n");
        assert_eq!((types.of("x"), types.of("n")), (DocType::Array, DocType::Other));
    }

    #[test]
    fn intent() {
        let says = |text| (facts(text).says_in_place, facts(text).says_pure);
        assert_eq!(says("Normalise x in place."), (true, false));
        assert_eq!(says("The array is modified."), (true, false));
        assert_eq!(says("x is overwritten."), (true, false));
        assert_eq!(says("x is not modified."), (false, true));
        assert_eq!(says("Does not modify x."), (false, true));
        assert_eq!(says("Sort without modifying x."), (false, true));
        assert_eq!(says("x is never modified"), (false, true));
        assert_eq!(says("Returns a copy of x."), (false, true));
        assert_eq!(says("This is not in place."), (false, true));
        assert_eq!(says("The mean of x."), (false, false));
        assert!(facts("Yields blocks. The buffer is reused.").says_reused && facts("The same array.").says_reused);
        assert!(!facts("The same length as x.").says_reused);
        assert_eq!(says("An array to store it in, instead of\n    returning it."), (true, false));
        assert_eq!(says("Storage array for the stages."), (true, false));
    }

    #[test]
    fn returns() {
        assert!(facts("Do.\n\nReturns\n-------\ny : ndarray\n    The result.").returns_array);
        assert!(facts("Do.\n\nReturns:\n    np.ndarray: the result").returns_array);
        assert!(!facts("Do.\n\nReturns\n-------\nint\n").returns_array);
    }
}
