//! Which methods are worth interpreting for what rules say of classes: those that touch an attribute which some method
//! writes in place, and which is shared with a caller or with another attribute.
//!
//! A cheap look at the ops, as in `candidates`: it may take a class too many, and what it takes is interpreted.

use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

use super::candidates::{Candidates, Places, RECEIVER, arg_places};
use super::lineage::told_base;
use crate::ir::{Arg, BinOp, Body, BodyId, BodyKind, Class, Local, Module, OpKind, Sym, Temp, Terminator};
use crate::trace::{Deed, Source};

/// What the methods of a class do with an attribute.
#[derive(Clone, Copy, Default)]
struct Use {
    /// Written in place.
    written: bool,
    /// Bound to what a caller passed or to what another attribute holds, put into another attribute, or returned.
    shared: bool,
}

/// The methods of classes in which a rule may find something.
pub(super) fn methods(candidates: &Candidates<'_>) -> FxHashSet<BodyId> {
    let module = candidates.module;
    let mut found = FxHashSet::default();
    let Some(top) = module.bodies.first() else { return found };
    if module.classes.is_empty() || !uses_numpy(module, top) {
        return found;
    }
    let mut makers: Vec<Sym> = Vec::new();
    let inherited = |class: &Class| {
        module.bodies[class.body.index()].parent == Some(BodyId(0))
            && candidates.callees.is_inherited(module.names.text(class.name))
    };
    for class in &module.classes {
        let mut uses: FxHashMap<Sym, Use> = FxHashMap::default();
        let mut touched: Vec<(BodyId, Sym)> = Vec::new();
        // The methods that write an attribute, or share one.
        let mut does: Vec<BodyId> = Vec::new();
        for &(_, method) in &class.methods {
            let mut look = Look {
                candidates,
                body: &module.bodies[method.index()],
                uses: &mut uses,
                aliases: SmallVec::new(),
                touched: Vec::new(),
                does: false,
            };
            look.run();
            does.extend(look.does.then_some(method));
            touched.extend(look.touched.into_iter().map(|attribute| (method, attribute)));
        }
        touched.extend(common(module, class).map(|name| (class.body, name)));
        for (_, name) in touched.iter().filter(|entry| entry.0 == class.body) {
            uses.entry(*name).and_modify(|use_| use_.shared = true);
        }
        // What is written into an attribute that is a property goes into what its getter returns.
        for name in &class.properties {
            uses.entry(*name).and_modify(|use_| use_.shared = true);
        }
        inherit(module, class, &mut uses);
        inherit_told(candidates, class, &mut uses);
        let wanted = |attribute: &Sym| uses.get(attribute).is_some_and(|use_| use_.written && use_.shared);
        if touched.iter().any(|entry| wanted(&entry.1)) {
            makers.push(class.name);
        }
        if inherited(class) {
            found.extend(does);
        }
        found.extend(touched.into_iter().filter(|entry| wanted(&entry.1)).map(|entry| entry.0));
    }
    // What is passed to a constructor tells what its parameters are.
    if !makers.is_empty() {
        for (i, body) in module.bodies.iter().enumerate() {
            let mentions = |op: &crate::ir::Op| match op.kind {
                OpKind::Load(local) => makers.contains(&body.locals[local.index()].name),
                _ => false,
            };
            if body.kind != BodyKind::Class && body.blocks.iter().flat_map(|block| &block.ops).any(mentions) {
                found.insert(BodyId(i as u32));
            }
        }
    }
    found
}

/// The names that the class's own body binds to what a function gives: they may be arrays, one for all objects.
fn common<'m>(module: &'m Module, class: &'m Class) -> impl Iterator<Item = Sym> + 'm {
    let body = &module.bodies[class.body.index()];
    body.blocks.iter().flat_map(|block| block.ops.windows(2)).filter_map(|pair| match (&pair[0].kind, &pair[1].kind) {
        (OpKind::Call(..) | OpKind::Method { .. } | OpKind::Binary(..), OpKind::Store(local, value))
            if pair[0].dest == Some(*value) =>
        {
            Some(body.locals[local.index()].name)
        }
        _ => None,
    })
}

/// A class that inherits may share what the other writes, or write what the other shares: then all counts as both.
fn inherit(module: &Module, class: &Class, uses: &mut FxHashMap<Sym, Use>) {
    let inside = |path: &Vec<Sym>| matches!(path[..], [name] if module.classes.iter().any(|other| other.name == name));
    let base = module.classes.iter().any(|other| other.bases.iter().any(|path| path[..] == [class.name]));
    if base || class.bases.iter().any(inside) {
        for use_ in uses.values_mut() {
            let either = use_.written || use_.shared;
            *use_ = Use { written: either, shared: either };
        }
    }
}

/// A class that inherits from one of another file shares what that writes, or writes what that shares.
fn inherit_told(candidates: &Candidates<'_>, class: &Class, uses: &mut FxHashMap<Sym, Use>) {
    let module = candidates.module;
    for base in &class.bases {
        let Some(told) = told_base(module, candidates.callees, base) else { continue };
        for fact in &told.facts.facts {
            let Some(name) = module.names.get(&told.facts.names[fact.attr.0 as usize]) else { continue };
            // What is nowhere mentioned in this file is that file's affair.
            let Some(use_) = uses.get_mut(&name) else { continue };
            match fact.deed {
                Deed::Written(_) => use_.written = true,
                Deed::Stored(Source::Param(..) | Source::Attr(..)) | Deed::Handed { .. } => use_.shared = true,
                Deed::Common | Deed::Stored(Source::Other) | Deed::Read => {}
            }
        }
    }
}

/// Does the module import NumPy, or anything from it?
fn uses_numpy(module: &Module, top: &Body) -> bool {
    top.blocks.iter().flat_map(|block| &block.ops).any(|op| {
        let path = match &op.kind {
            OpKind::Import(path) => path,
            OpKind::ImportFrom { module, level: 0, .. } => module,
            _ => return false,
        };
        path.first().is_some_and(|&root| module.names.text(root) == "numpy")
    })
}

/// A look at one method.
struct Look<'m, 'u> {
    candidates: &'m Candidates<'m>,
    body: &'m Body,
    uses: &'u mut FxHashMap<Sym, Use>,
    /// Names bound to an attribute or a part of it.
    aliases: SmallVec<[(Local, Sym); 8]>,
    touched: Vec<Sym>,
    /// Does it write an attribute, or share one?
    does: bool,
}

impl<'m> Look<'m, '_> {
    fn run(&mut self) {
        let body = self.body;
        let Some(receiver) = body.params.first().filter(|_| body.kind == BodyKind::Function) else { return };
        let mut defs: Vec<Option<&'m OpKind>> = vec![None; body.temps.len()];
        for block in &body.blocks {
            for op in &block.ops {
                self.op(&op.kind, receiver.local, &defs);
                if let Some(dest) = op.dest {
                    defs[dest.index()] = Some(&op.kind);
                }
            }
            if let Terminator::Return(Some(value)) = &block.term {
                self.share(*value, receiver.local, &defs);
            }
        }
    }

    fn op(&mut self, kind: &OpKind, receiver: Local, defs: &[Option<&'m OpKind>]) {
        match kind {
            OpKind::Attr(obj, name) if is(*obj, receiver, defs) => self.touched.push(*name),
            OpKind::SetAttr { obj, name, value, inplace } => {
                if !is(*obj, receiver, defs) {
                    return;
                }
                self.touched.push(*name);
                if !inplace && passes_on(*value, defs) {
                    self.uses.entry(*name).or_default().shared = true;
                    self.does = true;
                    self.share(*value, receiver, defs);
                }
            }
            OpKind::Store(local, value) => {
                let found = self.attributes(*value, receiver, defs);
                self.aliases.extend(found.into_iter().map(|attribute| (*local, attribute)));
            }
            OpKind::InPlace(operator, target, value) => {
                // A counter, not an array.
                let number = matches!(operator, BinOp::Add | BinOp::Sub)
                    && matches!(defs[value.index()], Some(OpKind::Const(_)));
                if !number {
                    self.write(*target, receiver, defs);
                }
            }
            OpKind::SetItem { obj, value, .. } => {
                self.write(*obj, receiver, defs);
                self.share(*value, receiver, defs);
            }
            OpKind::Method { obj, name, args, .. } => {
                let def = defs[obj.index()];
                let places = self.candidates.written_by_method(def, *name, args, self.body);
                if places & RECEIVER != 0 {
                    self.write(*obj, receiver, defs);
                }
                let keeps = self.candidates.own[name.0 as usize] || self.candidates.known.meaning(*name).collects;
                self.arguments(args, places, keeps, receiver, defs);
            }
            OpKind::Call(callee, args) => {
                let name = match defs[callee.index()] {
                    Some(OpKind::Load(local)) => Some(self.body.locals[local.index()].name),
                    _ => None,
                };
                let places = self.candidates.written_by_call(defs[callee.index()], args, self.body);
                let keeps = name.is_none_or(|name| self.candidates.own[name.0 as usize]);
                self.arguments(args, places, keeps, receiver, defs);
            }
            OpKind::Yield(Some(value)) => self.share(*value, receiver, defs),
            _ => {}
        }
    }

    /// `places`: those of the arguments that are written; `keeps`: may what is called keep them?
    fn arguments(&mut self, args: &[Arg], places: Places, keeps: bool, receiver: Local, defs: &[Option<&'m OpKind>]) {
        for (arg, mine) in args.iter().zip(arg_places(args)) {
            if places & mine != 0 {
                self.write(arg.value, receiver, defs);
            }
            if keeps {
                self.share(arg.value, receiver, defs);
            }
        }
    }

    /// The value is written, if it is an attribute of the receiver.
    fn write(&mut self, value: Temp, receiver: Local, defs: &[Option<&'m OpKind>]) {
        for attribute in self.attributes(value, receiver, defs) {
            self.uses.entry(attribute).or_default().written = true;
            self.does = true;
        }
    }

    /// The value, or a part of it, is shared with somebody.
    fn share(&mut self, value: Temp, receiver: Local, defs: &[Option<&'m OpKind>]) {
        for attribute in self.attributes(value, receiver, defs) {
            self.uses.entry(attribute).or_default().shared = true;
            self.does = true;
        }
    }

    /// The attributes of the receiver that the expression is, or is a part of.
    fn attributes(&self, value: Temp, receiver: Local, defs: &[Option<&'m OpKind>]) -> SmallVec<[Sym; 4]> {
        let mut found = SmallVec::new();
        let mut stack: SmallVec<[Temp; 8]> = smallvec::smallvec![value];
        while let Some(value) = stack.pop() {
            match defs[value.index()] {
                Some(OpKind::Attr(obj, name)) if is(*obj, receiver, defs) => found.push(*name),
                Some(OpKind::Load(local)) => {
                    found.extend(self.aliases.iter().filter(|alias| alias.0 == *local).map(|alias| alias.1));
                }
                Some(OpKind::Attr(obj, _) | OpKind::Index(obj, _)) => stack.push(*obj),
                Some(OpKind::Display(_, items)) => stack.extend(items.iter().map(|item| item.0)),
                Some(OpKind::Join(parts)) => stack.extend(parts.iter().copied()),
                _ => {}
            }
        }
        found
    }
}

fn is(value: Temp, local: Local, defs: &[Option<&OpKind>]) -> bool {
    matches!(defs[value.index()], Some(OpKind::Load(loaded)) if *loaded == local)
}

/// May the value be somebody else's array: a name, an attribute, a part of one, or what a function made of it?
fn passes_on(value: Temp, defs: &[Option<&OpKind>]) -> bool {
    match defs[value.index()] {
        Some(OpKind::Load(_) | OpKind::Attr(..) | OpKind::Index(..) | OpKind::Join(_) | OpKind::Display(..)) => true,
        Some(OpKind::Call(_, args) | OpKind::Method { args, .. }) => !args.is_empty(),
        _ => false,
    }
}
