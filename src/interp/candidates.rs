//! Which bodies are worth interpreting for the rules: those with an op that may write an array, let go of one, or
//! collect parts of one. In all others no event can happen that a rule starts from; they are interpreted only where an
//! interpreted body calls them. (`inspect` wants to know of all.)

use smallvec::SmallVec;

use super::known::Known;
use crate::ir::{
    Arg, ArgKind, BinOp, Body, BodyId, Const, Default, Local, LocalKind, Module, OpKind, Sym, Temp, Terminator, UnaryOp,
};

/// Which names of a file can write, as functions or methods.
#[derive(Debug)]
pub(crate) struct Writers<'k> {
    known: &'k Known,
    /// For each symbol: does an import bind it to a package of the model, or to something in it?
    modelled: Vec<bool>,
}

/// What in a body speaks for arrays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hint {
    /// Nothing.
    Nothing,
    /// It calls things of the file, which may give it arrays.
    Calls,
    /// It uses NumPy or another package of the model, or something as only arrays are used.
    Arrays,
}

impl<'k> Writers<'k> {
    pub(crate) fn new(module: &Module, known: &'k Known) -> Writers<'k> {
        let mut writers = Writers { known, modelled: vec![false; module.names.len()] };
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
                    let modelled = path.first().is_some_and(|&root| self.known.meaning(root).named.package);
                    if let (OpKind::Store(local, _), true) = (&pair[1].kind, modelled) {
                        self.modelled[body.locals[local.index()].name.0 as usize] = true;
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
        if body.params.iter().any(|param| matches!(param.default, Some(Default::Other(_)))) {
            return Hint::Arrays;
        }
        let mut hint = Hint::Nothing;
        for op in body.blocks.iter().flat_map(|block| &block.ops) {
            match &op.kind {
                OpKind::Load(local) => {
                    let info = &body.locals[local.index()];
                    if self.modelled[info.name.0 as usize] {
                        return Hint::Arrays;
                    }
                    if matches!(info.kind, LocalKind::Global(_) | LocalKind::Free(_)) {
                        hint = Hint::Calls;
                    }
                }
                OpKind::Attr(_, name) | OpKind::Method { name, .. } if self.known.meaning(Sym(name.0)).arrayish() => {
                    return Hint::Arrays;
                }
                OpKind::Method { .. } | OpKind::Function(..) => hint = Hint::Calls,
                OpKind::Unary(UnaryOp::Invert, _) => return Hint::Arrays,
                _ => {}
            }
        }
        hint
    }

    /// May the body do what a rule reports: write memory that goes by several names, write into a temporary, let go of
    /// an array of which a part is kept, or collect parts?
    ///
    /// Names are merged that a binding may make one memory's: `y = x`, `y = x[…]`, `y = f(x)` for an `f` that is not
    /// known to make something new.
    fn may_report(&self, body: &Body) -> bool {
        let mut flow =
            Flow { classes: (0..body.locals.len() as u32).collect(), several: vec![false; body.locals.len()] };
        // Parameters share their memory with the caller.
        for param in body.params.iter().skip(usize::from(body.class.is_some())) {
            flow.several[param.local.index()] = true;
        }
        let mut written: SmallVec<[Local; 8]> = SmallVec::new();
        // What a default argument holds, all later calls hold.
        let lasts = |local: Local| match body.locals[local.index()].kind {
            LocalKind::Param(i) => matches!(body.params[i as usize].default, Some(Default::Other(_))),
            _ => false,
        };
        let defaults = body.params.iter().any(|param| lasts(param.local));
        body.params.iter().filter(|param| lasts(param.local)).for_each(|param| flow.mark(param.local));
        let mut chain = None;
        let mut stored = None;
        let mut parts: SmallVec<[Local; 4]> = SmallVec::new();
        let mut slices = false;
        let mut collects = false;
        let mut defs = Defs(vec![None; body.temps.len()]);
        for block in &body.blocks {
            for op in &block.ops {
                match &op.kind {
                    OpKind::Store(local, value) => {
                        if let Some(OpKind::Const(Const::None)) = defs.get(*value) {
                            collects = true;
                            written.push(*local);
                        }
                        for source in self.sources(&defs, *value, body) {
                            flow.unite(*local, source);
                        }
                        if cuts(&defs, *value, body) {
                            parts.push(*local);
                        }
                        // `a = b = …`
                        if let Some((_, other)) = chain.replace((*value, *local)).filter(|last| last.0 == *value) {
                            flow.unite(*local, other);
                        }
                    }
                    OpKind::Delete(local) => written.push(*local),
                    OpKind::SetItem { obj, value, .. } => {
                        if !self.write(&defs, *obj, body, &mut written) {
                            return true;
                        }
                        collects = true;
                        if let Some(OpKind::Load(_) | OpKind::Index(..) | OpKind::Display(..)) = defs.get(*value) {
                            self.sources(&defs, *value, body).into_iter().for_each(|source| flow.mark(source));
                        }
                    }
                    OpKind::Yield(Some(value)) => {
                        self.sources(&defs, *value, body).into_iter().for_each(|source| flow.mark(source));
                    }
                    OpKind::SetAttr { obj, name, value, .. } => {
                        // `self.a = self.b = np.zeros(n)`
                        let made = matches!(defs.get(*value), Some(OpKind::Method { .. } | OpKind::Call(..)));
                        if made && stored.replace(*value) == Some(*value) || cuts(&defs, *value, body) {
                            return true;
                        }
                        if defaults && self.sources(&defs, *value, body).into_iter().any(&lasts) {
                            return true;
                        }
                        if self.known.meaning(Sym(name.0)).settable {
                            written.extend(self.sources(&defs, *obj, body));
                        }
                    }
                    OpKind::InPlace(_, target, _) => {
                        collects = true;
                        match defs.get(*target) {
                            // Items of a tuple of arrays, as `nonzero` gives it.
                            Some(OpKind::Index(obj, _)) if self.is_tuple(&defs, *obj, body) => return true,
                            Some(OpKind::Index(..)) => {}
                            _ => written.extend(self.sources(&defs, *target, body)),
                        }
                    }
                    OpKind::Call(callee, args) => {
                        let named = match defs.get(*callee) {
                            Some(OpKind::Load(local)) => self.writes(body.locals[local.index()].name, args),
                            _ => false,
                        };
                        if (named || self.asks(args)) && !self.write_args(&defs, args, body, &mut written) {
                            return true;
                        }
                    }
                    OpKind::Method { obj, name, args, .. } => {
                        if self.writes(*name, args) && !self.write(&defs, *obj, body, &mut written)
                            || (self.writes(*name, args) || self.asks(args))
                                && !self.write_args(&defs, args, body, &mut written)
                        {
                            return true;
                        }
                        if self.known.meaning(Sym(name.0)).collects {
                            collects = true;
                            for arg in args {
                                self.sources(&defs, arg.value, body).into_iter().for_each(|source| flow.mark(source));
                            }
                        }
                    }
                    OpKind::Slice(..) => slices = true,
                    _ => {}
                }
                if let Some(dest) = op.dest {
                    defs.0[dest.index()] = Some(&op.kind);
                }
            }
            if let Terminator::Return(Some(value)) = block.term
                && (cuts(&defs, value, body)
                    || matches!(defs.get(value), Some(OpKind::Load(local)) if parts.contains(local)))
            {
                return true;
            }
        }
        slices && collects || written.into_iter().any(|local| flow.is_shared(local))
    }

    /// Notes a write through a temp. False: it goes into something that an expression made, a copy perhaps.
    fn write(&self, defs: &Defs<'_>, obj: Temp, body: &Body, written: &mut SmallVec<[Local; 8]>) -> bool {
        if let Some(OpKind::Index(..) | OpKind::Call(..) | OpKind::Method { .. }) = defs.get(obj) {
            return false;
        }
        written.extend(self.sources(defs, obj, body));
        true
    }

    fn write_args(&self, defs: &Defs<'_>, args: &[Arg], body: &Body, written: &mut SmallVec<[Local; 8]>) -> bool {
        args.iter().all(|arg| self.write(defs, arg.value, body, written))
    }

    /// The names whose memory an expression's value may share.
    fn sources(&self, defs: &Defs<'_>, temp: Temp, body: &Body) -> SmallVec<[Local; 4]> {
        let mut found = SmallVec::new();
        let mut stack: SmallVec<[Temp; 8]> = smallvec::smallvec![temp];
        let mut steps = 0;
        while let Some(temp) = stack.pop() {
            steps += 1;
            if steps > MAX_STEPS {
                break;
            }
            match defs.get(temp) {
                Some(OpKind::Load(local)) => {
                    let name = body.locals[local.index()].name;
                    if !self.modelled[name.0 as usize] {
                        found.push(*local);
                    }
                }
                Some(
                    OpKind::Index(obj, _) | OpKind::Attr(obj, _) | OpKind::Iterate(obj) | OpKind::InPlace(_, obj, _),
                ) => stack.push(*obj),
                Some(OpKind::Unpack { value, .. } | OpKind::UnpackRest { value, .. }) => stack.push(*value),
                Some(OpKind::Method { obj, name, args, .. }) if !self.known.meaning(Sym(name.0)).makes_new => {
                    stack.push(*obj);
                    stack.extend(args.iter().map(|arg| arg.value));
                }
                Some(OpKind::Call(callee, args)) => {
                    let new = match defs.get(*callee) {
                        Some(OpKind::Load(local)) => {
                            self.known.meaning(Sym(body.locals[local.index()].name.0)).makes_new
                        }
                        _ => false,
                    };
                    if !new {
                        stack.extend(args.iter().map(|arg| arg.value));
                    }
                }
                Some(OpKind::Join(parts)) => stack.extend(parts.iter().copied()),
                Some(OpKind::Display(_, items)) => stack.extend(items.iter().map(|item| item.0)),
                Some(OpKind::Dict(items)) => stack.extend(items.iter().map(|item| item.1)),
                Some(OpKind::Comprehension(_, _, element)) => stack.push(*element),
                _ => {}
            }
        }
        found
    }

    /// Is the value a name that was bound to what a function returned, a tuple of arrays perhaps?
    fn is_tuple(&self, defs: &Defs<'_>, obj: Temp, body: &Body) -> bool {
        let Some(OpKind::Load(local)) = defs.get(obj) else { return false };
        body.blocks.iter().flat_map(|block| block.ops.windows(2)).any(|pair| {
            matches!(pair[1].kind, OpKind::Store(bound, _) if bound == *local)
                && matches!(&pair[0].kind, OpKind::Method { name, .. } if self.known.meaning(Sym(name.0)).named.tuple)
        })
    }

    fn writes(&self, name: Sym, args: &[Arg]) -> bool {
        let least = self.known.meaning(Sym(name.0)).named.writes.unwrap_or(u8::MAX);
        let starred = || args.iter().any(|arg| matches!(arg.kind, ArgKind::Star | ArgKind::DoubleStar));
        least != u8::MAX && (args.len() >= usize::from(least) || starred())
    }

    fn asks(&self, args: &[Arg]) -> bool {
        args.iter().any(|arg| match arg.kind {
            ArgKind::Kw(name) => self.known.meaning(Sym(name.0)).named.asks,
            _ => false,
        })
    }
}

/// Is a part with constant ends cut from what the body made, as it seems?
fn cuts(defs: &Defs<'_>, value: Temp, body: &Body) -> bool {
    let constant = |temp: &Temp| matches!(defs.get(*temp), Some(OpKind::Const(_) | OpKind::Unary(..)));
    let first = |index: &Temp| match defs.get(*index) {
        Some(OpKind::Display(_, items)) => items.first().map(|item| item.0),
        _ => Some(*index),
    };
    let few = |index: &Temp| match first(index).and_then(|index| defs.get(index)) {
        Some(OpKind::Slice(lower, upper, _)) => [lower, upper].into_iter().flatten().any(constant),
        Some(OpKind::Const(Const::Int(_)) | OpKind::Unary(..) | OpKind::Binary(BinOp::Sub, ..)) => true,
        _ => false,
    };
    match defs.get(value) {
        Some(OpKind::Index(obj, index)) => {
            few(index)
                && match defs.get(*obj) {
                    Some(OpKind::Load(local)) => body.locals[local.index()].kind == LocalKind::Plain,
                    Some(OpKind::Call(..) | OpKind::Method { .. }) => true,
                    _ => false,
                }
        }
        Some(OpKind::Display(_, items)) => {
            items.iter().any(|item| matches!(defs.get(item.0), Some(OpKind::Index(..))) && cuts(defs, item.0, body))
        }
        _ => false,
    }
}

/// For each temp the op that defined it. (A temp is used in its own block only, where its op comes first.)
struct Defs<'a>(Vec<Option<&'a OpKind>>);

impl<'a> Defs<'a> {
    fn get(&self, temp: Temp) -> Option<&'a OpKind> {
        self.0[temp.index()]
    }
}

/// An expression is followed through this many of its parts.
const MAX_STEPS: usize = 24;

/// Names that may share memory, in classes.
struct Flow {
    classes: Vec<u32>,
    /// For each class (by its root): are there several names in it?
    several: Vec<bool>,
}

impl Flow {
    fn root(&mut self, local: Local) -> u32 {
        let mut at = local.0;
        while self.classes[at as usize] != at {
            self.classes[at as usize] = self.classes[self.classes[at as usize] as usize];
            at = self.classes[at as usize];
        }
        at
    }

    fn unite(&mut self, a: Local, b: Local) {
        let (a, b) = (self.root(a), self.root(b));
        if a != b {
            self.classes[a as usize] = b;
            self.several[b as usize] = true;
        }
    }

    /// The name's memory is held by something that is no name as well.
    fn mark(&mut self, local: Local) {
        let root = self.root(local);
        self.several[root as usize] = true;
    }

    fn is_shared(&mut self, local: Local) -> bool {
        let root = self.root(local);
        self.several[root as usize]
    }
}
