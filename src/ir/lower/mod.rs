//! Lowering: from the syntax tree to the IR.
//!
//! One walk over the tree, body by body, inner bodies at the place where the statement stands that makes them. Names
//! become locals when they are first met; what kind of name each is (a free one, a global, a builtin) is decided by
//! `resolve` when all bodies are known, so that no walk before this one is needed.
//!
//! What is duplicated: the statements of `finally`, one copy for each way out (see `flow`).

mod ann;
mod comp;
mod cond;
mod def;
mod expr;
mod flow;
mod fun;
mod import;
mod pattern;
mod resolve;
mod stmt;
mod target;
mod text;
mod try_;

use ruff_python_ast::Stmt;
use rustc_hash::FxHashMap;

use super::{
    Body, BodyId, BodyKind, Class, ClassId, Cond, Glance, Local, LocalKind, Mention, Module, Names, OpKind, Sym, Temp,
    Terminator,
};
use crate::source::Span;
use crate::syntax::Parsed;
use fun::{Fun, exact};

/// Expressions nested more deeply than this become [`OpKind::Opaque`]. What [`crate::syntax::parse`] lets through can be
/// deeper, and each level takes a few hundred bytes to some kilobytes of stack.
const MAX_DEPTH: u32 = 1000;

/// Lambdas in bodies nested more deeply than this become [`OpKind::Opaque`]: their qualified names alone would be long.
const MAX_NESTING: u32 = 100;

/// With more variables of comprehensions in scope than this, the lambdas among them do not see them.
const MAX_AROUND: usize = 256;

/// Lowers a parsed file. `text` is what it was parsed from.
pub fn lower(parsed: &Parsed, text: &str) -> Module {
    let mut lower = Lower {
        text,
        names: Names::with_capacity(64 + text.len() / 64),
        bodies: Vec::new(),
        classes: Vec::new(),
        mentioned: Vec::new(),
        around: Vec::new(),
        opaque: 0,
        fun: Box::default(),
        spare: Vec::new(),
        copied: FxHashMap::default(),
        depth: 0,
        nesting: 0,
    };
    let span = Span::new(0, text.len() as u32);
    let name = lower.names.intern("<module>");
    let header = Header { kind: BodyKind::Module, name, class: None, span };
    let (id, saved) = lower.enter(header);
    lower.fun.docstring = docstring_of(&parsed.tree.body);
    lower.stmts(&parsed.tree.body);
    lower.leave(id, saved);
    resolve::resolve(&mut lower);
    let Lower { names, bodies, mut classes, mentioned, opaque, .. } = lower;
    for class in &mut classes {
        class.attributes.sort_unstable();
        class.attributes.dedup();
        class.properties.sort_unstable();
        class.properties.dedup();
    }
    Module { names, bodies, classes, mentioned, opaque }
}

/// What is known of a body when it is begun.
struct Header {
    kind: BodyKind,
    name: Sym,
    class: Option<ClassId>,
    span: Span,
}

/// The state of the walk.
struct Lower<'a> {
    text: &'a str,
    names: Names,
    bodies: Vec<Body>,
    classes: Vec<Class>,
    mentioned: Vec<(Sym, Mention)>,
    /// For each body the comprehension variables of the enclosing body that are in scope where it is made.
    around: Vec<Vec<(Sym, Local)>>,
    opaque: u32,
    /// The body that is being lowered.
    fun: Box<Fun<'a>>,
    /// What served bodies that are done, to be used again.
    #[expect(clippy::vec_box, reason = "the boxes move between here and `fun`; what is in them need not")]
    spare: Vec<Box<Fun<'a>>>,
    /// The bodies and classes made by statements that are lowered more than once, by their place.
    copied: FxHashMap<(u32, u32), (BodyId, Option<ClassId>)>,
    /// How deep in an expression we are.
    depth: u32,
    /// How deep in bodies we are.
    nesting: u32,
}

impl<'a> Lower<'a> {
    /// Begins a body: gives it its id and puts the enclosing one aside.
    fn enter(&mut self, header: Header) -> (BodyId, Box<Fun<'a>>) {
        let id = BodyId(self.bodies.len() as u32);
        let Header { kind, name, class, span } = header;
        let root = self.bodies.is_empty();
        let parent = (!root).then_some(self.fun.id);
        let qualname = match parent {
            Some(parent) if parent.0 != 0 => {
                format!("{}.{}", self.bodies[parent.index()].qualname, self.names.text(name))
            }
            _ => self.names.text(name).to_owned(),
        };
        self.bodies.push(Body {
            kind,
            name,
            qualname,
            parent,
            class,
            span,
            params: Vec::new(),
            locals: Vec::new(),
            blocks: Vec::new(),
            temps: Vec::new(),
            returns: None,
            annotations: Vec::new(),
            decorators: Vec::new(),
            docstring: None,
            is_generator: false,
            is_async: false,
            glance: Glance::default(),
            mentions: (0, 0),
        });
        self.nesting += 1;
        // What a hostile file puts there in masses is not worth a copy for each lambda.
        let comps = if self.fun.comps.len() > MAX_AROUND { &[] } else { &self.fun.comps[..] };
        self.around.push(comps.iter().map(|(sym, local, _)| (*sym, *local)).collect());
        let mut fun = self.spare.pop().unwrap_or_default();
        fun.reset(id, kind, class);
        let entry = fun.block();
        fun.start(entry);
        (id, std::mem::replace(&mut self.fun, fun))
    }

    /// Ends a body: what falls off its end returns `None`.
    fn leave(&mut self, id: BodyId, saved: Box<Fun<'a>>) {
        self.nesting -= 1;
        self.fun.end(Terminator::Return(None));
        let mut fun = std::mem::replace(&mut self.fun, saved);
        let body = &mut self.bodies[id.index()];
        // A copy: the locals are still needed to clear the table from names to locals.
        body.locals = fun.locals.clone();
        body.blocks = exact(&mut fun.blocks);
        body.temps = exact(&mut fun.temps);
        body.params = exact(&mut fun.params);
        body.annotations = exact(&mut fun.annotations);
        body.docstring = fun.docstring;
        body.is_generator = fun.is_generator;
        body.glance = fun.collector.glance;
        let from = self.mentioned.len() as u32;
        self.mentioned.append(&mut fun.collector.mentions);
        body.mentions = (from, self.mentioned.len() as u32);
        self.spare.push(fun);
    }

    fn intern(&mut self, name: &str) -> Sym {
        self.names.intern(name)
    }

    fn local(&mut self, name: &str) -> Local {
        let sym = self.names.intern(name);
        self.local_of(sym)
    }

    /// The local of a name as it is used here; made if it is new.
    fn local_of(&mut self, sym: Sym) -> Local {
        let index = sym.0 as usize;
        if index >= self.fun.slots.len() {
            self.fun.slots.resize(self.names.len().max(index + 1), 0);
        }
        let slot = self.fun.slots[index];
        if slot != 0 {
            return Local(slot - 1);
        }
        // Not bound so far: a builtin, for all we know. `resolve` knows more.
        let local = self.fun.new_local(sym, LocalKind::Builtin);
        self.fun.slots[index] = local.0 + 1;
        local
    }

    /// The local of a name that is bound here.
    fn bound_local(&mut self, name: &str) -> Local {
        let local = self.local(name);
        self.fun.bind(local);
        local
    }

    /// A local that is no Python name.
    fn synthetic(&mut self, name: &str) -> Local {
        let sym = self.names.intern(name);
        self.fun.new_local(sym, LocalKind::Synthetic)
    }

    /// A construct that is not modelled.
    fn opaque(&mut self, reads: Vec<Temp>, span: Span) -> Temp {
        self.opaque += 1;
        self.fun.emit(OpKind::Opaque(reads.into()), span)
    }

    /// A value that nothing is known of, where there is nothing to model.
    fn unknown(&mut self, span: Span) -> Temp {
        self.fun.emit(OpKind::Opaque(Box::new([])), span)
    }
}

/// The docstring of a module, class or function.
fn docstring_of(body: &[Stmt]) -> Option<Span> {
    let Some(Stmt::Expr(first)) = body.first() else { return None };
    first.value.as_string_literal_expr().map(crate::syntax::span)
}
