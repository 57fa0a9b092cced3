//! What other files are told of functions and classes: summaries that depend on nothing of the file they come from.
//!
//! `export` writes one from what the function's own analysis says, `apply` reads it at a call; `class` does both for
//! classes. All leave out what they cannot say: a summary says less than the analysis of the body, never something else.

mod apply;
mod class;
mod export;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::source::Span;
use crate::trace::ToldFacts;

/// What a call of a function does, for callers in other files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// The parameters, in the order of the signature.
    pub params: Vec<Parameter>,
    /// What it writes of the memory that it is given.
    pub writes: Vec<Write>,
    /// What it returns.
    pub returned: Returned,
    /// Parameters by which its callers say whether the result may lie in what is passed.
    pub choices: Vec<Choice>,
    /// Positions of parameters that, if they are containers, may hold other elements afterwards.
    pub tainted: Vec<u32>,
    /// What it stores in attributes of what it is given.
    pub stores: Vec<Stored>,
    /// May it run something unknown, or change attributes of what is no parameter?
    pub effects: bool,
    /// May it set the shape, dtype or flags of an array that is not its own?
    pub reshapes: bool,
}

/// A parameter like `copy=` or `inplace=`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// Its position.
    pub param: u32,
    /// With this value, the result may lie in what is passed; with the other one it does not.
    pub shares: bool,
}

/// A parameter of a function, as its callers see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// How it is passed.
    pub passed: Passed,
    /// What it is bound to where it is not passed.
    pub default: Absent,
}

/// How a parameter is passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Passed {
    /// Before `/`.
    Positional,
    /// By position or by name.
    Either,
    /// `*args`
    Rest,
    /// After `*`.
    Named,
    /// `**kwargs`
    NamedRest,
}

/// What a parameter is bound to where it is not passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Absent {
    /// There is no default.
    Required,
    /// `None`
    None,
    /// `True` or `False`
    Bool(bool),
    /// A number, a string; also the empty rest of `*args`.
    Scalar,
    /// Anything.
    Other,
}

/// Memory that a function is given: a parameter's, or that of an attribute of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Given {
    /// The parameter's position.
    pub param: u32,
    /// The attributes that lead from it to the memory.
    pub path: Vec<String>,
}

/// A write to memory that the function is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Write {
    /// Whose memory.
    pub to: Given,
    /// The file that the write stands in; none: that of the function.
    pub file: Option<String>,
    /// The write.
    pub span: Span,
}

/// What a function leaves in an attribute of an object that it is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    /// Which object.
    pub to: Given,
    /// The attribute.
    pub name: String,
    /// What it holds when the function is done.
    pub value: Returned,
}

/// What other files are told of a class: its methods, own and inherited.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassSummary {
    /// The methods of which something is known, by name.
    pub methods: BTreeMap<String, Method>,
    /// Is there a base of which nothing is known? Then it may have methods that are not listed.
    pub open: bool,
    /// Does it leave construction and access to attributes to Python?
    pub plain: bool,
    /// What the methods do with the attributes, if another class inherits from it.
    pub facts: ToldFacts,
}

/// A method of a class, as other files see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Method {
    /// How it is called.
    pub kind: MethodKind,
    /// What it does, if that is known; its first parameter is the receiver, but for static methods.
    pub summary: Option<Arc<Summary>>,
    /// The names that it asks of its receiver, and those that the methods of such names ask, sorted: a class that has a
    /// method of its own for one makes it another method.
    pub asks: Arc<[String]>,
}

/// How a method is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MethodKind {
    /// `obj.name(…)`, with the object as the first argument.
    Plain,
    /// `obj.name(…)`, without it.
    Static,
    /// `obj.name`
    Property,
}

/// What a function returns.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Returned {
    /// Nothing is known.
    #[default]
    Unknown,
    /// `None`, whatever happens.
    None,
    /// A number, a string, a bool.
    Scalar,
    /// Is, or may be, an array.
    Array(ReturnedArray),
    /// A tuple of these.
    Tuple(Vec<Returned>),
}

impl Returned {
    /// May it lie in what the function is given?
    pub(crate) fn is_given(&self) -> bool {
        match self {
            Returned::Unknown | Returned::None | Returned::Scalar => false,
            Returned::Array(array) => !array.given.is_empty(),
            Returned::Tuple(items) => items.iter().any(Returned::is_given),
        }
    }
}

/// An array that a function returns, or what may be one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnedArray {
    /// What the value may be: the bits of `domain::Kinds`.
    pub kinds: u8,
    /// How well it is known to be an array: 0 not at all, 1 likely, 2 certainly.
    pub evidence: u8,
    /// The given memory that it may lie in.
    pub given: Vec<Given>,
    /// The function's own allocations that it may lie in, numbered within the summary.
    pub made: Vec<u16>,
    /// Of these, which were made blank, to be filled?
    pub blank: bool,
    /// May it lie elsewhere as well?
    pub elsewhere: bool,
    /// Does it certainly lie in the one place that is named?
    pub lies: bool,
    /// Is it the very object that was passed?
    pub same: bool,
    /// Is it certainly the owner of its memory, certainly a view, or either (none)?
    pub owner: Option<bool>,
    /// Is it certainly writeable?
    pub writeable: bool,
    /// The number of dimensions, if it is known.
    pub ndim: Option<u8>,
}

/// What a name of this file that an import binds stands for, as far as the project knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The name in this file.
    pub name: String,
    /// The path of the module, function or class.
    pub path: String,
    /// Is it of the same package, or found from the same folder?
    pub near: bool,
    /// Is it a module, rather than something in one?
    pub module: bool,
}

/// Where the interpreter asks for what other files hold. `project` implements it.
pub trait Callees {
    /// What a function of another file does, by its dotted path, if that is known.
    fn summary(&self, _path: &str) -> Option<Arc<Summary>> {
        None
    }

    /// What is known of a class of another file, by its dotted path.
    fn class(&self, _path: &str) -> Option<Arc<ClassSummary>> {
        None
    }

    /// The absolute path of what `from …module import name` (with that many dots) names, if the project has it.
    fn absolute(&self, _module: &str, _level: u32, _name: &str) -> Option<String> {
        None
    }

    /// The absolute path of what a name of the module's scope stands for, where imports or star imports bind it and the
    /// statements do not say it in one place.
    fn global(&self, _name: &str) -> Option<String> {
        None
    }

    /// The names of this file that stand for something of the project.
    fn imported(&self) -> &[Imported] {
        &[]
    }

    /// Does another file use the function or class of this name of the file's own scope?
    fn is_wanted(&self, _name: &str) -> bool {
        false
    }

    /// Does a class of another file inherit from the class of this name of the file's own scope?
    fn is_inherited(&self, _name: &str) -> bool {
        false
    }
}

/// Knows no callee.
#[derive(Debug)]
pub struct NoCallees;

impl Callees for NoCallees {}
