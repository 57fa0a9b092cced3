//! What a rule reports: a finding with its story, told in labels.

use crate::source::Span;

/// How sure viewlint is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// Worth a look; shown on demand only.
    Possible,
    /// Probably a bug or a hazard; shown by default.
    Likely,
    /// The analysis proves it.
    Certain,
}

impl Confidence {
    /// All of them, with their words.
    pub const ALL: &'static [(&'static str, Confidence)] =
        &[("possible", Confidence::Possible), ("likely", Confidence::Likely), ("certain", Confidence::Certain)];

    /// The word for it, as on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Confidence::Possible => "possible",
            Confidence::Likely => "likely",
            Confidence::Certain => "certain",
        }
    }
}

/// What a label's place has to do with the finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Where the buffer was made.
    Made,
    /// Where the alias or the copy was made.
    Aliased,
    /// The finding's own place: where the write, the deletion, … happens.
    Primary,
    /// Where the damage is seen.
    Seen,
    /// Anything else worth a look.
    Note,
}

impl Role {
    /// The word for it in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Made => "made",
            Role::Aliased => "aliased",
            Role::Primary => "primary",
            Role::Seen => "seen",
            Role::Note => "note",
        }
    }
}

/// A place in the source with a sentence about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What is to be said: lower case, no full stop.
    pub message: String,
    /// What the place has to do with the finding.
    pub role: Role,
    /// The file, if it is not the finding's own.
    pub file: Option<String>,
}

/// A rule's identity: what `viewlint rules` lists.
#[derive(Debug)]
pub struct RuleInfo {
    /// `VL101`
    pub code: &'static str,
    /// `write-through-view`
    pub name: &'static str,
    /// One line: what it finds.
    pub summary: &'static str,
    /// The page under `rules/`, Markdown.
    pub page: &'static str,
}

/// One report of one rule.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Which rule.
    pub rule: &'static RuleInfo,
    /// The primary place: where a person would look first. One of the labels has it, with [`Role::Primary`].
    pub span: Span,
    /// The headline: lower case, no full stop, names in backticks.
    pub message: String,
    /// How sure.
    pub confidence: Confidence,
    /// The story, in program order.
    pub labels: Vec<Label>,
    /// One line that mends it.
    pub help: Option<String>,
}

impl PartialEq for Finding {
    fn eq(&self, other: &Finding) -> bool {
        self.sort_key() == other.sort_key() && self.labels == other.labels
    }
}

impl Finding {
    /// The order of findings in a file: by place, then by code.
    pub fn sort_key(&self) -> (u32, u32, &'static str, &str) {
        (self.span.start, self.span.end, self.rule.code, &self.message)
    }
}
