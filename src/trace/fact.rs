//! Facts: what a method does with the arrays that the attributes of its object hold, told in a way that other methods of
//! the class, and classes of other files that inherit from it, can be held against.

use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

use crate::domain::Evidence;
use crate::ir::{BodyId, Local, Module, Names, Sym};
use crate::source::Span;

/// How a stored array came from its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Way {
    /// It is the source itself.
    Same,
    /// Through a function that copies only if it must (`np.asarray`).
    Converted,
    /// A view of it, or of a part.
    View {
        /// By an index?
        slice: bool,
    },
}

/// Where a stored array comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Source {
    /// A parameter of the method: its name.
    Param(Sym, Way),
    /// Another attribute of the object.
    Attr(Sym, Way),
    /// Anything else: an array of its own, as far as is known.
    Other,
}

/// How an attribute's array is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wrote {
    /// Is all of it overwritten (`self.a[...] = v`)?
    pub whole: bool,
    /// Is it passed as `out=`?
    pub out: bool,
    /// Does the statement read as an operator on the attribute: `self.a += v`?
    pub operator: bool,
    /// The function of the project that does it, if the statement is a call of one.
    pub by: Option<By>,
}

/// A function that writes an attribute's array for the method that calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct By {
    /// Its name.
    pub name: Sym,
    /// Does it return nothing, so that the write is what it is called for?
    pub procedure: bool,
    /// The write itself, if it stands in the file of the method.
    pub at: Option<Span>,
}

/// What is done with an attribute's array.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Deed {
    /// The class's own body binds the name to an array: one for all objects.
    Common,
    /// `self.a = …`
    Stored(Source),
    /// The array is written in place.
    Written(Wrote),
    /// It is returned or yielded; `part`: a view of it.
    Handed {
        /// Is it a view of a part only?
        part: bool,
    },
    /// It is put, as it is, into a list, dict or the like that another attribute holds.
    Gathered {
        /// That attribute.
        into: Sym,
    },
    /// Its content is read.
    Read,
}

/// The method that does something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Method {
    /// Its name.
    pub name: Sym,
    /// The name by which it calls the object: `self`.
    pub receiver: Sym,
    /// Is it the getter or setter of a property?
    pub property: bool,
    /// The file that it stands in, by its name; none: this one.
    pub file: Option<Sym>,
    /// Where in the file its body begins.
    pub start: u32,
}

/// One thing that a method does with an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// The attribute.
    pub attr: Sym,
    /// What is done.
    pub deed: Deed,
    /// Where: the expression.
    pub span: Span,
    /// The statement.
    pub stmt: Span,
    /// How far the statement is indented.
    pub indent: u32,
    /// The method.
    pub method: Method,
    /// How well it is known that it is an array.
    pub evidence: Evidence,
    /// Does the method let its caller say whether arrays are copied or written?
    pub chosen: bool,
    /// Does the method, after it has stored or gathered and whichever way it goes, bind the attribute to something else?
    pub replaced: bool,
    /// Does it, where another attribute's array is stored, bind that other attribute to something else?
    pub moves_on: bool,
}

impl Fact {
    /// Takes into account that callers pass arrays for these parameters.
    pub fn given(&mut self, module: &Module, given: &FxHashSet<(BodyId, Local)>) {
        if let Deed::Stored(Source::Param(name, _)) = self.deed {
            let passed = given.iter().any(|&(body, local)| {
                let body = &module.bodies[body.index()];
                body.span.start == self.method.start && body.locals[local.index()].name == name
            });
            if passed {
                self.evidence = self.evidence.max(Evidence::Likely);
            }
        }
    }

    /// The fact with other symbols for its names.
    pub fn renamed(mut self, mut rename: impl FnMut(Sym) -> Sym) -> Fact {
        self.attr = rename(self.attr);
        match &mut self.deed {
            Deed::Stored(Source::Param(name, _) | Source::Attr(name, _)) => *name = rename(*name),
            Deed::Written(Wrote { by: Some(by), .. }) => by.name = rename(by.name),
            Deed::Gathered { into } => *into = rename(*into),
            Deed::Common | Deed::Stored(Source::Other) | Deed::Written(_) | Deed::Handed { .. } | Deed::Read => {}
        }
        self.method.name = rename(self.method.name);
        self.method.receiver = rename(self.method.receiver);
        self.method.file = self.method.file.map(rename);
        self
    }
}

/// The facts of a class in words that other files understand: the symbols are places in a list of names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldFacts {
    /// The names.
    pub names: Vec<String>,
    /// The facts: of reads one for each attribute.
    pub facts: Vec<Fact>,
}

impl ToldFacts {
    /// What is told of these facts.
    pub fn of(facts: &[Fact], names: &Names) -> ToldFacts {
        let mut told = ToldFacts::default();
        let mut read: Vec<Sym> = Vec::new();
        for fact in facts {
            if fact.deed == Deed::Read {
                if read.contains(&fact.attr) {
                    continue;
                }
                read.push(fact.attr);
            }
            let fact = fact.renamed(|sym| told.number(names.text(sym)));
            told.facts.push(fact);
        }
        told
    }

    /// Adds what a base tells, where that is of interest: asked of a fact and its method's name.
    pub fn extend(&mut self, base: &ToldFacts, is_wanted: impl Fn(&Fact, &str) -> bool) {
        for fact in base.facts.iter().filter(|fact| is_wanted(fact, &base.names[fact.method.name.0 as usize])) {
            let fact = fact.renamed(|sym| self.number(&base.names[sym.0 as usize]));
            self.facts.push(fact);
        }
    }

    fn number(&mut self, name: &str) -> Sym {
        let known = self.names.iter().position(|known| known == name);
        Sym(known.unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.names.len() - 1
        }) as u32)
    }

    /// Says which file the facts are from, where they do not say so.
    pub fn place(&mut self, file: &str) {
        let file = self.number(file);
        for fact in &mut self.facts {
            fact.method.file.get_or_insert(file);
        }
    }

    /// The facts in the words of a file, which learns the names that it has not got.
    pub fn read<'s>(&'s self, names: &'s mut Names) -> impl Iterator<Item = Fact> + 's {
        self.facts.iter().map(|fact| fact.renamed(|sym| names.intern(&self.names[sym.0 as usize])))
    }
}
