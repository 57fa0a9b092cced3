//! Which bodies are worth interpreting for the rules: those with an op that may write an array, let go of one, or
//! collect parts of one. In all others no event can happen that a rule starts from; they are interpreted only where an
//! interpreted body calls them. (`inspect` wants to know of all.)

mod alone;
mod callers;
mod cut;
mod flow;
mod glance;
mod hint;
mod wanted;
mod writes;

use smallvec::SmallVec;

use flow::{Flow, from_place, place};
pub(super) use flow::{Places, RECEIVER};
use hint::Hint;
pub(super) use writes::arg_places;

use super::across::{self, Calls};
use super::class_candidates::{self, Methods};
use super::foreign::Callees;
use super::known::Known;
use crate::ir::{
    BinOp, Body, BodyId, Const, Default, Local, LocalKind, Module, OpKind, ParamKind, Sym, Temp, Terminator,
};

/// The search for the bodies in which a rule may find something.
pub(crate) struct Candidates<'a> {
    pub(super) module: &'a Module,
    pub(super) known: &'a Known,
    pub(super) callees: &'a dyn Callees,
    /// For each symbol: does an import bind it to a package of the model, or to something in it?
    modelled: Vec<bool>,
    /// For each symbol: is it the name of a function or class of the file?
    pub(super) own: Vec<bool>,
    /// Does the file name a package that reads files of arrays?
    reads_files: bool,
    /// For each symbol: is it a property of a class of the file?
    properties: Vec<bool>,
    /// For each symbol: what of what it is given may a function of the file of this name write?
    writers: Vec<Places>,
    /// Which bodies mention which of the file's functions.
    calls: Vec<(BodyId, Sym)>,
    /// For each symbol: is it the name of something of another file?
    imported: Vec<bool>,
    /// The bodies that mention one.
    importing: Vec<BodyId>,
    /// For each temp of the body that is looked at the op that defined it. (A temp is used in its own block only, where
    /// its op comes first.)
    defs: Vec<Option<&'a OpKind>>,
    /// Names of this body that a part was cut off for.
    cut: SmallVec<[Local; 8]>,
    /// Names of this body that are bound to what was made empty: what they are passed to fills it.
    empties: SmallVec<[Local; 4]>,
    /// The names `empty` and `empty_like`, if the file uses them.
    empty: [Option<Sym>; 2],
    flow: Flow,
    /// The names `fromkeys`, `fill`, `meshgrid` and `shuffle`, if the file uses them.
    fromkeys: Option<Sym>,
    shuffle: Option<Sym>,
    fill: Option<Sym>,
    meshgrid: Option<Sym>,
    /// The name `copy`, and whether anything in the file is called with a keyword of that name: the flag by which an object
    /// lets its methods write what they are passed.
    copy: Option<Sym>,
    flagged: bool,
    /// The methods of classes that are to be run.
    pub(super) methods: Methods,
}

impl<'a> Candidates<'a> {
    pub(crate) fn new(module: &'a Module, known: &'a Known, callees: &'a dyn Callees) -> Candidates<'a> {
        let names = module.names.len();
        let mut own = vec![false; names];
        for name in module.bodies.iter().map(|body| body.name) {
            own[name.0 as usize] = true;
        }
        let mut properties = vec![false; names];
        for name in module.classes.iter().flat_map(|class| &class.properties) {
            properties[name.0 as usize] = true;
        }
        let mut imported = vec![false; names];
        for name in callees.imported().iter().filter_map(|import| module.names.get(&import.name)) {
            imported[name.0 as usize] = true;
        }
        Candidates {
            module,
            known,
            callees,
            modelled: vec![false; names],
            own,
            reads_files: known.any(|meaning| meaning.named.reads_files),
            properties,
            writers: vec![0; names],
            calls: Vec::new(),
            imported,
            importing: Vec::new(),
            defs: Vec::new(),
            cut: SmallVec::new(),
            empties: SmallVec::new(),
            empty: ["empty", "empty_like"].map(|name| module.names.get(name)),
            flow: Flow::default(),
            fromkeys: module.names.get("fromkeys"),
            fill: module.names.get("fill"),
            shuffle: module.names.get("shuffle"),
            meshgrid: module.names.get("meshgrid"),
            copy: module.names.get("copy"),
            flagged: false,
            methods: Methods::default(),
        }
    }

    /// The bodies in which a rule may find something, in source order: an event may happen there that a rule starts
    /// from, and something speaks for arrays.
    pub(crate) fn find(&mut self, text: &str) -> Vec<BodyId> {
        let ids = || (0..self.module.bodies.len() as u32).map(BodyId);
        // The cheap question first: it leaves few for the others.
        let mut stores = vec![false; self.module.bodies.len()];
        let mut waiting: Vec<BodyId> = ids().collect();
        waiting.retain(|&id| self.does_something(id));
        let Calls { names, bodies, found, methods } =
            across::calls(self.module, &self.importing, &self.modelled, self.callees);
        names.into_iter().for_each(|name| self.writers[name.0 as usize] = Places::MAX);
        found.into_iter().for_each(|name| self.own[name.0 as usize] = true);
        waiting.extend(bodies);
        waiting.extend(self.learn_methods(&methods));
        waiting.iter().for_each(|id| stores[id.index()] = true);
        waiting.sort_unstable();
        waiting.dedup();
        let mut reports = vec![false; self.module.bodies.len()];
        // A call of a function that writes what it is given is a write, too. What was looked at since that is known of the
        // function has taken it into account.
        let mut looked = vec![0u32; self.module.bodies.len()];
        let mut now = 0;
        for _ in 0..MAX_ROUNDS {
            let mut writers: Vec<(Sym, u32)> = Vec::new();
            for id in waiting.drain(..) {
                let body = &self.module.bodies[id.index()];
                now += 1;
                looked[id.index()] = now;
                reports[id.index()] |= self.may_report(body);
                let places = self.flow.writes_given;
                // What is passed to a class goes to its `__init__`.
                let class = body.class.filter(|_| self.module.names.text(body.name) == "__init__");
                let class = class.map(|class| (self.module.classes[class.index()].name, places & !RECEIVER));
                for (name, places) in [(body.name, places)].into_iter().chain(class) {
                    let known = &mut self.writers[name.0 as usize];
                    if places & !*known != 0 {
                        *known |= places;
                        writers.push((name, now));
                    }
                }
            }
            if writers.is_empty() {
                break;
            }
            let is_news = |call: &&(BodyId, Sym)| {
                writers.iter().any(|writer| writer.0 == call.1 && writer.1 >= looked[call.0.index()])
            };
            waiting.extend(self.calls.iter().filter(is_news).map(|call| call.0));
            waiting.dedup();
        }
        let mut found: Vec<BodyId> = ids().filter(|id| reports[id.index()]).collect();
        // A function of the file that works on arrays may hand them to those that call it.
        let mut any = None;
        found.retain(|&id| match self.hint(&self.module.bodies[id.index()], text) {
            Hint::Arrays => {
                any = Some(true);
                true
            }
            Hint::Calls => {
                *any.get_or_insert_with(|| self.module.bodies.iter().any(|body| self.hint(body, text) == Hint::Arrays))
            }
            Hint::Nothing => false,
        });
        self.add_wanted(&mut found, text);
        // Who calls what writes may write, too.
        for call in self.calls.iter().filter(|call| self.writers[call.1.0 as usize] != 0) {
            stores[call.0.index()] = true;
        }
        self.importing.iter().for_each(|id| stores[id.index()] = true);
        self.methods = class_candidates::methods(self, &stores);
        found.extend(&self.methods.first);
        found.sort_unstable();
        found.dedup();
        found
    }

    /// May the body do what a rule reports: write memory that goes by several names, write into a temporary, let go of
    /// an array of which a part is kept, or collect parts?
    ///
    /// Names are merged that a binding may make one memory's: `y = x`, `y = x[…]`, `y = f(x)` for an `f` that is not
    /// known to make something new. An attribute of a name (`self.x`) counts as a name of its own, unless what has the
    /// attribute is itself bound to another name, or what its methods return.
    fn may_report(&mut self, body: &'a Body) -> bool {
        self.flow.reset(body.locals.len());
        let receiver = self.has_receiver(body);
        // Parameters share their memory with the caller.
        for (i, param) in body.params.iter().enumerate() {
            let places = match param.kind {
                _ if receiver && i == 0 => RECEIVER,
                ParamKind::VarArgs => from_place(i - usize::from(receiver)),
                ParamKind::KeywordOnly | ParamKind::VarKwargs => from_place(usize::MAX),
                ParamKind::PositionalOnly | ParamKind::Ordinary => place(i - usize::from(receiver)),
            };
            self.flow.give(param.local, places, places != RECEIVER);
        }
        // Variables of the function around live from call to call.
        for (i, info) in body.locals.iter().enumerate() {
            if matches!(info.kind, LocalKind::Free(_)) {
                self.flow.mark(i as u32);
            }
        }
        // What a default argument holds, all later calls hold.
        let lasts = |name: u32| match body.locals.get(name as usize).map(|info| info.kind) {
            Some(LocalKind::Param(i)) => matches!(body.params[i as usize].default, Some(Default::Other(_))),
            _ => false,
        };
        let params = || body.params.iter().map(|param| param.local.0);
        let defaults = params().any(lasts);
        params().filter(|&name| lasts(name)).for_each(|name| self.flow.mark(name));
        let (mut chain, mut stored) = (None, None);
        let mut found = false;
        self.cut.clear();
        self.empties.clear();
        self.defs.clear();
        self.defs.resize(body.temps.len(), None);
        // What the body writes, and what it lets go of, which is nothing to its callers.
        let mut written: SmallVec<[u32; 8]> = SmallVec::new();
        let mut dropped: SmallVec<[u32; 8]> = SmallVec::new();
        let (mut temporary, mut slices, mut collects) = (false, false, false);
        let (mut alone, mut repeats) = (false, false);
        for block in &body.blocks {
            for op in &block.ops {
                match &op.kind {
                    OpKind::Store(local, value) => {
                        if let Some(OpKind::Const(Const::None)) = self.def(*value) {
                            dropped.push(local.0);
                        }
                        self.bind(local.0, *value, body);
                        if self.cuts(*value, body) {
                            self.cut.push(*local);
                        }
                        if self.is_empty(*value) {
                            self.empties.push(*local);
                        }
                        // `a = b = …`
                        if let Some((_, other)) = chain.replace((*value, local.0)).filter(|last| last.0 == *value) {
                            self.flow.unite(local.0, other);
                        }
                    }
                    OpKind::Delete(local) => {
                        dropped.push(local.0);
                    }
                    OpKind::SetItem { obj, index, value, inplace } => {
                        alone |= self.is_alone(&op.kind, body);
                        // `kwargs['x'] = …`: a dict of this call.
                        if !self.is_keywords(*obj, body) {
                            temporary |= !self.write(*obj, body, &mut written);
                        }
                        collects |= !self.is_new(*value) && !inplace;
                        found |= self.cuts(*value, body);
                        if let Some(OpKind::Load(_) | OpKind::Index(..) | OpKind::Display(..)) = self.def(*value) {
                            self.hold(*value, body);
                        }
                        if let Some(OpKind::Const(Const::Str(_))) = self.def(*index) {
                            // A dict, perhaps, that holds the array from now on.
                            for target in self.sources(*obj, body) {
                                self.bind(target, *value, body);
                            }
                        }
                    }
                    OpKind::Yield(Some(value)) => self.hold(*value, body),
                    OpKind::SetAttr { obj, name, value, .. } => {
                        // `self.a = self.b = np.zeros(n)`
                        let made = matches!(self.def(*value), Some(OpKind::Method { .. } | OpKind::Call(..)));
                        found |= made && stored.replace(*value) == Some(*value) || self.cuts(*value, body);
                        found |= alone;
                        found |= defaults && self.sources(*value, body).into_iter().any(lasts);
                        if self.known.meaning(*name).settable {
                            written.extend(self.sources(*obj, body));
                        }
                        match self.def(*obj) {
                            Some(OpKind::Load(local)) => {
                                let attribute = self.flow.attribute(*local, *name);
                                self.bind(attribute, *value, body);
                            }
                            _ => {
                                for target in self.sources(*obj, body) {
                                    self.bind(target, *value, body);
                                }
                            }
                        }
                    }
                    OpKind::InPlace(operator, target, value) => {
                        alone |= self.is_alone(&op.kind, body);
                        let lists = matches!(operator, BinOp::Add | BinOp::BitOr);
                        collects |= lists && !matches!(self.def(*value), Some(OpKind::Const(_)));
                        match self.def(*target) {
                            // Items of a tuple of arrays, as `nonzero` gives it.
                            Some(OpKind::Index(obj, _)) if self.is_tuple(*obj, body) => temporary = true,
                            Some(OpKind::Index(..)) => {}
                            // `self.count += 1`: if it is an array, that is told of the class, not of its callers.
                            Some(OpKind::Attr(obj, _)) if receiver && self.counts(*operator, *value, *obj) => {
                                dropped.extend(self.sources(*target, body));
                            }
                            _ => written.extend(self.sources(*target, body)),
                        }
                    }
                    OpKind::Call(callee, args) => {
                        let places = self.written_by_call(self.def(*callee), args, body);
                        self.fill_args(args, body, &mut written);
                        temporary |= !self.write_args(args, places, body, &mut written);
                    }
                    OpKind::Method { obj, name, args, .. } => {
                        repeats |= self.is_alone(&op.kind, body);
                        alone |= repeats;
                        let places = self.written_by_method(self.def(*obj), *name, args, body);
                        if places & RECEIVER != 0 {
                            temporary |= !self.write(*obj, body, &mut written);
                        }
                        temporary |= !self.write_args(args, places, body, &mut written);
                        self.fill_args(args, body, &mut written);
                        if self.known.meaning(*name).collects {
                            for arg in args {
                                collects |= alone || !self.is_new(arg.value);
                                found |= self.cuts(arg.value, body);
                                self.hold(arg.value, body);
                            }
                        }
                    }
                    OpKind::Binary(..) => {
                        repeats |= self.is_alone(&op.kind, body);
                        alone |= repeats;
                    }
                    OpKind::Comprehension(..) => alone |= self.is_alone(&op.kind, body),
                    OpKind::Slice(..) => slices = true,
                    _ => {}
                }
                if let Some(dest) = op.dest {
                    self.defs[dest.index()] = Some(&op.kind);
                }
            }
            // (What the callers do to what is returned several times over, they do in all its places.)
            found |= matches!(block.term, Terminator::Return(Some(value)) if repeats || self.cuts(value, body));
        }
        self.flow.settle();
        self.flow.writes_given = written.iter().fold(0, |places, &name| places | self.flow.given(name));
        found
            || temporary
            || alone && (collects || !written.is_empty())
            || slices && collects && (!dropped.is_empty() || loops(body))
            || written.into_iter().chain(dropped).any(|name| self.flow.is_shared(name))
    }

    fn def(&self, temp: Temp) -> Option<&'a OpKind> {
        self.defs[temp.index()]
    }

    /// Is a number written out added to an attribute of the first parameter?
    fn counts(&self, operator: BinOp, value: Temp, obj: Temp) -> bool {
        matches!(operator, BinOp::Add | BinOp::Sub)
            && matches!(self.def(value), Some(OpKind::Const(_)))
            && matches!(self.def(obj), Some(OpKind::Load(Local(0))))
    }

    /// A name may share the memory of a value.
    fn bind(&mut self, name: u32, value: Temp, body: &Body) {
        for source in self.sources(value, body) {
            self.flow.unite(name, source);
        }
    }

    /// Something that is no name holds a value.
    fn hold(&mut self, value: Temp, body: &Body) {
        for source in self.sources(value, body) {
            self.flow.mark(source);
        }
    }

    /// Is it a number, a text, or what an operator made: no part of an array?
    fn is_new(&self, value: Temp) -> bool {
        let new = |kind: &OpKind| {
            matches!(
                kind,
                OpKind::Const(_) | OpKind::Binary(..) | OpKind::Unary(..) | OpKind::Compare(..) | OpKind::Format(_)
            )
        };
        self.def(value).is_some_and(new)
    }

    /// Is the first parameter the object that has the method?
    fn has_receiver(&self, body: &Body) -> bool {
        let is_static = |path: &Vec<Sym>| matches!(path[..], [name] if self.module.names.text(name) == "staticmethod");
        body.class.is_some() && !body.decorators.iter().any(is_static)
    }

    /// Is the value the dict of the keyword arguments?
    fn is_keywords(&self, value: Temp, body: &Body) -> bool {
        match self.def(value) {
            Some(OpKind::Load(local)) => match body.locals[local.index()].kind {
                LocalKind::Param(i) => body.params[i as usize].kind == ParamKind::VarKwargs,
                _ => false,
            },
            _ => false,
        }
    }

    /// The names whose memory an expression's value may share.
    fn sources(&mut self, temp: Temp, body: &Body) -> SmallVec<[u32; 4]> {
        let mut found = SmallVec::new();
        let mut stack: SmallVec<[Temp; 8]> = smallvec::smallvec![temp];
        let mut steps = 0;
        while let Some(temp) = stack.pop() {
            steps += 1;
            if steps > MAX_STEPS {
                break;
            }
            match self.def(temp) {
                Some(OpKind::Load(local)) if !self.is_modelled(*local, body) => {
                    self.flow.used(*local);
                    found.push(local.0);
                }
                Some(OpKind::Attr(_, name)) if self.known.meaning(*name).tells => {}
                Some(OpKind::Attr(obj, name)) => match self.def(*obj) {
                    Some(OpKind::Load(local)) if self.is_modelled(*local, body) => {}
                    Some(OpKind::Load(local)) => found.push(self.flow.attribute(*local, *name)),
                    _ => stack.push(*obj),
                },
                Some(OpKind::Index(obj, _) | OpKind::Iterate(obj) | OpKind::InPlace(_, obj, _)) => stack.push(*obj),
                Some(OpKind::Unpack { value, .. } | OpKind::UnpackRest { value, .. }) => stack.push(*value),
                Some(OpKind::Method { obj, name, args, .. }) if self.hands_on(*name) => {
                    stack.push(*obj);
                    stack.extend(args.iter().map(|arg| arg.value));
                }
                Some(OpKind::Call(callee, args)) => {
                    let hands_on = match self.def(*callee) {
                        Some(OpKind::Load(local)) => {
                            let info = &body.locals[local.index()];
                            let here = !matches!(info.kind, LocalKind::Global(_) | LocalKind::Builtin);
                            here || self.is_modelled(*local, body) && !self.known.meaning(info.name).makes_new
                                || self.hands_on(info.name)
                        }
                        _ => true,
                    };
                    if hands_on {
                        stack.extend(args.iter().map(|arg| arg.value));
                    }
                }
                Some(OpKind::Join(parts)) => stack.extend(parts.iter().copied()),
                Some(OpKind::Choose { then, other, .. }) => stack.extend([*then, *other]),
                Some(OpKind::Display(_, items)) => stack.extend(items.iter().map(|item| item.0)),
                Some(OpKind::Dict(items)) => stack.extend(items.iter().map(|item| item.1)),
                Some(OpKind::Comprehension(_, _, element)) => stack.push(*element),
                _ => {}
            }
        }
        found
    }

    /// Is the name bound to a package of the model, or to something in it?
    fn is_modelled(&self, local: Local, body: &Body) -> bool {
        self.modelled[body.locals[local.index()].name.0 as usize]
    }

    /// May the result of a function or method of this name share memory with what it is given, as far as the interpreter
    /// can tell? Of what is neither in the file nor in the model it knows nothing.
    fn hands_on(&self, name: Sym) -> bool {
        self.own[name.0 as usize] || self.writers[name.0 as usize] != 0 || self.known.meaning(name).hands_on
    }

    /// Is the value a name that was bound to what a function returned, a tuple of arrays perhaps?
    fn is_tuple(&self, obj: Temp, body: &Body) -> bool {
        let Some(OpKind::Load(local)) = self.def(obj) else { return false };
        body.blocks.iter().flat_map(|block| block.ops.windows(2)).any(|pair| {
            matches!(pair[1].kind, OpKind::Store(bound, _) if bound == *local)
                && matches!(&pair[0].kind, OpKind::Method { name, .. } if self.known.meaning(*name).named.tuple)
        })
    }
}

/// May the body have a loop: does a block lead to itself or to one made before it?
fn loops(body: &Body) -> bool {
    body.blocks.iter().enumerate().any(|(i, block)| match &block.term {
        Terminator::Goto(next) => next.index() <= i,
        Terminator::Branch { then, other, .. } => then.index() <= i || other.index() <= i,
        Terminator::Switch(targets) => targets.iter().any(|next| next.index() <= i),
        _ => false,
    })
}

/// Chains of calls are followed this far from a write.
const MAX_ROUNDS: usize = 8;

/// An expression is followed through this many of its parts.
const MAX_STEPS: usize = 24;
