//! Three-valued truth.

/// The answer to a question about a program: certainly not, perhaps, certainly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tri {
    /// Certainly not.
    No,
    /// Not known, or it depends.
    #[default]
    May,
    /// Certainly.
    Must,
}

impl Tri {
    /// `Must` or `No`.
    pub fn of(truth: bool) -> Tri {
        if truth { Tri::Must } else { Tri::No }
    }

    /// Is it certain?
    pub fn must(self) -> bool {
        self == Tri::Must
    }

    /// Is it ruled out?
    pub fn no(self) -> bool {
        self == Tri::No
    }

    /// What holds on both of two paths.
    pub fn join(self, other: Tri) -> Tri {
        if self == other { self } else { Tri::May }
    }

    /// Both hold.
    pub fn and(self, other: Tri) -> Tri {
        self.min(other)
    }
}
