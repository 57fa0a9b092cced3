//! Which bodies are worth interpreting for the rules: those with an op that may write an array, let go of one, or
//! collect parts of one. In all others no event can happen that a rule starts from; they are interpreted only where an
//! interpreted body calls them. (`inspect` wants to know of all.)


use smallvec::SmallVec;

use super::known::{arrayish_attribute, arrayish_method};
use crate::ir::{Arg, ArgKind, Body, BodyId, Const, LocalKind, Module, OpKind, Temp, UnaryOp};
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
    /// For each symbol: does an import bind it to NumPy, or to something in it?
    of_numpy: Vec<bool>,
    /// For each symbol: have mostly arrays an attribute or method of this name?
    arrayish: Vec<bool>,
}

/// What in a body speaks for arrays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hint {
    /// Nothing.
    Nothing,
    /// It calls things of the file, which may give it arrays.
    Calls,
    /// It uses NumPy, or something as only arrays are used.
    Arrays,
}

impl Writers {
    pub(crate) fn new(module: &Module, model: &Model) -> Writers {
        let names = &module.names;
        let writing = model.writing_names();
        let mut writers = Writers { least: Vec::new(), keywords: Vec::new(), settable: Vec::new(), collectors: Vec::new(), of_numpy: vec![false; names.len()], arrayish: Vec::new() };
        for name in names.iter() {
            writers.least.push(writing.get(name).copied().unwrap_or(u8::MAX));
            writers.keywords.push(matches!(name, "out" | "inplace") || name.starts_with("overwrite_"));
            writers.arrayish.push(arrayish_attribute(name) || arrayish_method(name));
            writers.settable.push(matches!(name, "flat" | "real" | "imag" | "T"));
            writers.collectors.push(matches!(name, "append" | "extend" | "insert" | "update" | "setdefault"));
        }
        writers.find_imports(module);
        writers
    }

    fn find_imports(&mut self, module: &Module) {
        for body in &module.bodies {
            for block in &body.blocks {
                for pair in block.ops.windows(2) {
                    let path = match &pair[0].kind {
                        OpKind::Import(path) => path,
                        OpKind::ImportFrom { module, level: 0, .. } => module,
                        _ => continue,
                    };
                    let numpy = path.first().is_some_and(|&root| module.names.text(root) == "numpy");
                    if let (OpKind::Store(local, _), true) = (&pair[1].kind, numpy) {
                        self.of_numpy[body.locals[local.index()].name.0 as usize] = true;
                    }
                }
            }
        }
    }

    /// The bodies in which a rule may find something, in source order: an event may happen there that a rule starts
    /// from, and something speaks for arrays.
    pub(crate) fn candidates(&self, module: &Module, text: &str) -> Vec<BodyId> {
        let hints: Vec<Hint> = module.bodies.iter().map(|body| self.hint(body, text)).collect();
        // A function of the file that works on arrays may hand them to those that call it.
        let any = hints.contains(&Hint::Arrays);
        let wanted = |id: &u32| {
            let hinted = match hints[*id as usize] {
                Hint::Arrays => true,
                Hint::Calls => any,
                Hint::Nothing => false,
            };
            hinted && self.may_report(&module.bodies[*id as usize])
        };
        (0..module.bodies.len() as u32).filter(wanted).map(BodyId).collect()
    }

    /// What in a body speaks for arrays.
    fn hint(&self, body: &Body, text: &str) -> Hint {
        let documented = || {
            let words = body.docstring.and_then(|span| text.get(span.start as usize..span.end as usize));
            words.is_some_and(|words| memchr::memmem::find(words.as_bytes(), b"rray").is_some())
        };
        if !body.params.is_empty() && (body.params.iter().any(|p| p.annotation.is_some()) || documented()) {
            return Hint::Arrays;
        }
        let mut hint = Hint::Nothing;
        for op in body.blocks.iter().flat_map(|block| &block.ops) {
            match &op.kind {
                OpKind::Load(local) => {
                    let info = &body.locals[local.index()];
                    if self.of_numpy[info.name.0 as usize] {
                        return Hint::Arrays;
                    }
                    if matches!(info.kind, LocalKind::Global(_) | LocalKind::Free(_)) {
                        hint = Hint::Calls;
                    }
                }
                OpKind::Attr(_, name) | OpKind::Method { name, .. } if self.arrayish[name.0 as usize] => {
                    return Hint::Arrays;
                }
                OpKind::Method { .. } | OpKind::Function(..) => hint = Hint::Calls,
                OpKind::Unary(UnaryOp::Invert, _) => return Hint::Arrays,
                _ => {}
            }
        }
        hint
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
            && (args.len() >= usize::from(least) || args.iter().any(|arg| matches!(arg.kind, ArgKind::Star | ArgKind::DoubleStar)))
    }

    fn asks(&self, args: &[Arg]) -> bool {
        args.iter().any(|arg| match arg.kind {
            ArgKind::Kw(name) => self.keywords[name.0 as usize],
            _ => false,
        })
    }
}
