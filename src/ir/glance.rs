//! What stands in a body at all, so that most bodies can be put aside without a look at their ops.
//!
//! It is collected as the ops are made, where the kind of each is known: going through them later takes a jump for each
//! that no processor foresees.

use super::{ArgKind, BinOp, Const, OpKind, Sym, Temp, Terminator};

/// What stands in a body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Glance {
    /// An item is set, something is changed in place, a name is deleted or bound to `None`, one value is bound to two
    /// attributes in a row, or a list or tuple that is written out is repeated.
    pub changes: bool,
    /// An attribute is set.
    pub sets: bool,
    /// A slice.
    pub slices: bool,
    /// Something is indexed.
    pub parts: bool,
    /// An import.
    pub imports: bool,
    /// A value is returned.
    pub returns: bool,
}

/// How a name is mentioned that is no variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mention {
    /// A method, or function of a module, is called with so many arguments; with a starred one the most there can be.
    Method(u8),
    /// An argument is passed by this name.
    Keyword,
    /// An attribute of this name is set.
    Set,
}

/// Collects what stands in a body.
#[derive(Debug, Default)]
pub(super) struct Collector {
    pub(super) glance: Glance,
    pub(super) mentions: Vec<(Sym, Mention)>,
    /// The last `None`, the last display, and what an attribute was set to last.
    none: Option<Temp>,
    display: Option<Temp>,
    set: Option<Temp>,
}

impl Collector {
    /// Takes the next op. (Inlined: where an op is made, its kind is known.)
    #[inline(always)]
    pub(super) fn op(&mut self, kind: &OpKind, dest: Option<Temp>) {
        match kind {
            OpKind::SetItem { .. } | OpKind::InPlace(..) | OpKind::Delete(_) => self.glance.changes = true,
            OpKind::Const(Const::None) => self.none = dest,
            OpKind::Store(_, value) => self.glance.changes |= Some(*value) == self.none,
            OpKind::SetAttr { name, value, .. } => {
                self.glance.sets = true;
                self.glance.changes |= self.set.replace(*value) == Some(*value);
                self.mentions.push((*name, Mention::Set));
            }
            OpKind::Slice(..) => self.glance.slices = true,
            OpKind::Index(..) => self.glance.parts = true,
            OpKind::Import(_) | OpKind::ImportFrom { .. } => self.glance.imports = true,
            OpKind::Display(..) => self.display = dest,
            OpKind::Binary(BinOp::Mult, left, right) => {
                self.glance.changes |= self.display.is_some_and(|display| *left == display || *right == display);
            }
            OpKind::Call(_, args) | OpKind::Method { args, .. } => {
                let mut count = u8::try_from(args.len()).unwrap_or(u8::MAX);
                for arg in args {
                    match arg.kind {
                        ArgKind::Kw(name) => self.mentions.push((name, Mention::Keyword)),
                        ArgKind::Star | ArgKind::DoubleStar => count = u8::MAX,
                        ArgKind::Pos => {}
                    }
                }
                if let OpKind::Method { name, .. } = kind {
                    self.mentions.push((*name, Mention::Method(count)));
                }
            }
            _ => {}
        }
    }

    /// Takes the end of a block.
    pub(super) fn end(&mut self, term: &Terminator) {
        self.glance.returns |= matches!(term, Terminator::Return(Some(_)));
    }

    /// Makes it fit for another body; what was mentioned has been taken.
    pub(super) fn reset(&mut self) {
        self.glance = Glance::default();
        (self.none, self.display, self.set) = (None, None, None);
    }
}
