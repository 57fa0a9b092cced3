//! Which methods are worth interpreting for what rules say of classes: those that touch an attribute which some method
//! writes in place, and which is shared with a caller or with another attribute.
//!
//! A cheap look at the ops, as in `candidates`: it may take a class too many, and what it takes is interpreted.

use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

use super::candidates::{Candidates, Places, RECEIVER, arg_places};
use super::foreign::ClassSummary;
use super::lineage::told_base;
use crate::ir::{Arg, BinOp, Body, BodyId, BodyKind, Class, ClassId, Local, Module, OpKind, Sym, Temp, Terminator};
use crate::trace::{Deed, Source};

/// What the methods of a class do with an attribute.
#[derive(Clone, Copy, Default)]
struct Use {
    /// Written in place.
    written: bool,
    /// Bound to what a caller passed or to what another attribute holds, put into another attribute, or returned.
    shared: bool,
}

/// What is to be run for the rules about classes.
#[derive(Default)]
pub(crate) struct Methods {
    /// Methods that may write an attribute which is shared, or that touch one which a base in another file writes; and what
    /// classes of other files that inherit want to know of.
    pub(super) first: Vec<BodyId>,
    /// The bodies that touch such attributes, and the class. Nothing is to be found in those that do not write unless one
    /// of those that may write it does.
    touched: Vec<(BodyId, Sym, ClassId)>,
    /// Attributes that bases in other files write.
    told: Vec<Sym>,
}

/// The methods of classes in which a rule may find something. `stores` says for each body whether it may write anything.
pub(super) fn methods(candidates: &Candidates<'_>, stores: &[bool]) -> Methods {
    let module = candidates.module;
    let mut found = Methods::default();
    let Some(top) = module.bodies.first() else { return found };
    if module.classes.is_empty() || !uses_numpy(module, top) {
        return found;
    }
    for (i, class) in module.classes.iter().enumerate() {
        let mut looks = Looks::default();
        let methods =
            |storing: bool| class.methods.iter().map(|entry| entry.1).filter(move |id| stores[id.index()] == storing);
        methods(true).for_each(|method| looks.at(candidates, method));
        let inherits = inherits(module, class);
        let bases: Vec<_> = class.bases.iter().filter_map(|base| told_base(module, candidates.callees, base)).collect();
        let inherited = module.bodies[class.body.index()].parent == Some(BodyId(0))
            && candidates.callees.is_inherited(module.names.text(class.name));
        let written = looks.uses.values().any(|use_| use_.written);
        if !(written || inherits || inherited) && bases.is_empty() {
            continue;
        }
        methods(false).for_each(|method| looks.at(candidates, method));
        let Looks { mut uses, mut touched, written, does } = looks;
        touched.extend(common(module, class).map(|name| (class.body, name)));
        for (_, name) in touched.iter().filter(|entry| entry.0 == class.body) {
            uses.entry(*name).and_modify(|use_| use_.shared = true);
        }
        // What is written into an attribute that is a property goes into what its getter returns.
        for name in &class.properties {
            uses.entry(*name).and_modify(|use_| use_.shared = true);
        }
        if inherits {
            // It may share what the other writes, or write what the other shares: then all counts as both.
            for use_ in uses.values_mut() {
                let either = use_.written || use_.shared;
                *use_ = Use { written: either, shared: either };
            }
        }
        for base in bases {
            inherit_told(module, &base, &mut uses, &mut found.told);
        }
        if inherited {
            found.first.extend(does);
        }
        let wanted = |attribute: &Sym| uses.get(attribute).is_some_and(|use_| use_.written && use_.shared);
        found.first.extend(written.into_iter().filter(|entry| wanted(&entry.1)).map(|entry| entry.0));
        touched.retain(|entry| wanted(&entry.1));
        found.first.extend(touched.iter().filter(|entry| found.told.contains(&entry.1)).map(|entry| entry.0));
        found.touched.extend(touched.into_iter().map(|(body, attribute)| (body, attribute, ClassId(i as u32))));
    }
    found
}

impl Candidates<'_> {
    /// What else is to be run, when the bodies that were found have been: what touches attributes that one of them did
    /// write, as it seemed it might, and what makes such objects. `written`: these attributes; none: any.
    pub(crate) fn others(&mut self, written: Option<&FxHashSet<Sym>>) -> Vec<BodyId> {
        let Methods { mut touched, told, .. } = std::mem::take(&mut self.methods);
        // What is written through a property is an attribute of another name.
        let property = |class: ClassId, name: &Sym| self.module.classes[class.index()].properties.contains(name);
        touched.retain(|(_, name, class)| {
            written.is_none_or(|written| written.contains(name)) || told.contains(name) || property(*class, name)
        });
        let mut classes: Vec<Sym> = touched.iter().map(|entry| self.module.classes[entry.2.index()].name).collect();
        classes.dedup();
        let mut found: Vec<BodyId> = touched.into_iter().map(|entry| entry.0).collect();
        if !classes.is_empty() {
            found.extend(makers(self.module, &classes));
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// The bodies that mention one of the classes: what is passed to a constructor tells what its parameters are.
fn makers(module: &Module, classes: &[Sym]) -> impl Iterator<Item = BodyId> {
    let mentions = |body: &Body| body.locals.iter().any(|info| info.loaded && classes.contains(&info.name));
    let bodies = module.bodies.iter().enumerate();
    bodies.filter(move |(_, body)| body.kind != BodyKind::Class && mentions(body)).map(|(i, _)| BodyId(i as u32))
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

/// Does the class inherit from one of the file, or one of the file from it?
fn inherits(module: &Module, class: &Class) -> bool {
    let inside = |path: &Vec<Sym>| matches!(path[..], [name] if module.classes.iter().any(|other| other.name == name));
    class.bases.iter().any(inside)
        || module.classes.iter().any(|other| other.bases.iter().any(|path| path[..] == [class.name]))
}

/// A class that inherits from one of another file shares what that writes, or writes what that shares. Notes what it writes.
fn inherit_told(module: &Module, base: &ClassSummary, uses: &mut FxHashMap<Sym, Use>, written: &mut Vec<Sym>) {
    for fact in &base.facts.facts {
        let Some(name) = module.names.get(&base.facts.names[fact.attr.0 as usize]) else { continue };
        // What is nowhere mentioned in this file is that file's affair.
        let Some(use_) = uses.get_mut(&name) else { continue };
        match fact.deed {
            Deed::Written(_) => {
                use_.written = true;
                written.push(name);
            }
            Deed::Stored(Source::Param(..) | Source::Attr(..)) | Deed::Handed { .. } | Deed::Gathered { .. } => {
                use_.shared = true;
            }
            Deed::Common | Deed::Stored(Source::Other) | Deed::Read => {}
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

/// What the methods of a class were seen to do so far.
#[derive(Default)]
struct Looks {
    uses: FxHashMap<Sym, Use>,
    touched: Vec<(BodyId, Sym)>,
    written: Vec<(BodyId, Sym)>,
    /// The methods that write an attribute, or share one.
    does: Vec<BodyId>,
}

impl Looks {
    /// Looks at one more method.
    fn at(&mut self, candidates: &Candidates<'_>, method: BodyId) {
        let body = &candidates.module.bodies[method.index()];
        let (aliases, touched, written) = (SmallVec::new(), Vec::new(), Vec::new());
        let mut look = Look { candidates, body, uses: &mut self.uses, aliases, touched, written, does: false };
        look.run();
        let Look { touched, written, does, .. } = look;
        self.does.extend(does.then_some(method));
        self.touched.extend(touched.into_iter().map(|attribute| (method, attribute)));
        self.written.extend(written.into_iter().map(|attribute| (method, attribute)));
    }
}

/// A look at one method.
struct Look<'m, 'u> {
    candidates: &'m Candidates<'m>,
    body: &'m Body,
    uses: &'u mut FxHashMap<Sym, Use>,
    /// Names bound to an attribute or a part of it.
    aliases: SmallVec<[(Local, Sym); 8]>,
    touched: Vec<Sym>,
    written: Vec<Sym>,
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
            self.written.push(attribute);
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
                Some(OpKind::Choose { then, other, .. }) => stack.extend([*then, *other]),
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
        Some(OpKind::Load(_) | OpKind::Attr(..) | OpKind::Index(..) | OpKind::Display(..)) => true,
        Some(OpKind::Join(_) | OpKind::Choose { .. }) => true,
        Some(OpKind::Call(_, args) | OpKind::Method { args, .. }) => !args.is_empty(),
        _ => false,
    }
}
