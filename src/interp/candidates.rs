//! Which bodies are worth interpreting for the rules: those with an op that may write an array, let go of one, or
//! collect parts of one. In all others no event can happen that a rule starts from; they are interpreted only where an
//! interpreted body calls them. (`inspect` wants to know of all.)

use smallvec::SmallVec;

use crate::ir::{Arg, ArgKind, Body, Const, Names, OpKind, Temp};
use crate::model::Model;

/// Which names of a file can write, as functions or methods.
#[derive(Debug)]
pub(crate) struct Writers {
    /// For each symbol: with how many positional arguments at least does a call write one; `u8::MAX`: never.
    least: Vec<u8>,
    /// For each symbol: is it a keyword that asks for a write?
    keywords: Vec<bool>,
    /// For each symbol: does setting the attribute of this name write an array?
    settable: Vec<bool>,
    /// For each symbol: does a method of this name collect its argument?
    collectors: Vec<bool>,
}

impl Writers {
    pub(crate) fn new(names: &Names, model: &Model) -> Writers {
        let writing = model.writing_names();
        let mut writers =
            Writers { least: Vec::new(), keywords: Vec::new(), settable: Vec::new(), collectors: Vec::new() };
        for name in names.iter() {
            writers.least.push(writing.get(name).copied().unwrap_or(u8::MAX));
            writers.keywords.push(matches!(name, "out" | "inplace") || name.starts_with("overwrite_"));
            writers.settable.push(matches!(name, "flat" | "real" | "imag" | "T"));
            writers.collectors.push(matches!(name, "append" | "extend" | "insert" | "update" | "setdefault"));
        }
        writers
    }

    /// May an event happen in the body that a rule starts from?
    pub(crate) fn may_report(&self, body: &Body) -> bool {
        let mut slices = false;
        let mut collects = false;
        let mut nones: SmallVec<[Temp; 8]> = SmallVec::new();
        for block in &body.blocks {
            for op in &block.ops {
                match &op.kind {
                    OpKind::SetItem { .. } | OpKind::InPlace(..) | OpKind::Delete(_) => return true,
                    OpKind::SetAttr { name, .. } if self.settable[name.0 as usize] => return true,
                    OpKind::Call(_, args) if self.asks(args) => return true,
                    OpKind::Call(callee, args) => {
                        // A function that was imported by name; the callee's op comes before it in the block.
                        let named = block.ops.iter().find(|other| other.dest == Some(*callee));
                        if let Some(OpKind::Load(local)) = named.map(|op| &op.kind)
                            && self.writes(body.locals[local.index()].name, args)
                        {
                            return true;
                        }
                    }
                    OpKind::Method { name, args, .. } => {
                        if self.writes(*name, args) || self.asks(args) {
                            return true;
                        }
                        collects |= self.collectors[name.0 as usize];
                    }
                    OpKind::Slice(..) | OpKind::Index(..) => slices = true,
                    // `big = None` lets go of an array, of which a slice may be left.
                    OpKind::Store(_, value) => collects |= nones.contains(value),
                    OpKind::Const(Const::None) => nones.extend(op.dest),
                    _ => {}
                }
            }
        }
        slices && collects
    }

    fn writes(&self, name: crate::ir::Sym, args: &[Arg]) -> bool {
        let least = self.least[name.0 as usize];
        least != u8::MAX
            && (args.len() >= usize::from(least)
                || args.iter().any(|arg| matches!(arg.kind, ArgKind::Star | ArgKind::DoubleStar)))
    }

    fn asks(&self, args: &[Arg]) -> bool {
        args.iter().any(|arg| match arg.kind {
            ArgKind::Kw(name) => self.keywords[name.0 as usize],
            _ => false,
        })
    }
}
