//! The machine: the state that ops act on, allocation with its ageing, and the events that are written down.

use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

use super::callers::Callers;
use super::evident::Bindings;
use super::kept::Kept;
use super::known::Known;
use super::lineage::Classes;
use super::summary::{EntryWrite, Progress};
use super::{Callees, Point};
use crate::domain::{
    Age, Array, BufId, Buffers, Content, ContentId, Evidence, Key, Kinds, ObjectKind, Origin, Owner, Region, Site,
    State, Subclass, Tri, Value, ValueId, Values,
};
use crate::ir::{BlockId, Body, BodyId, ClassId, Local, LocalKind, Module, Names, Op, OpKind, Sym, Temp};
use crate::model::Model;
use crate::source::Span;
use crate::trace::{Event, EventKind};

/// What a temp was computed from: the name at the root of the expression, and whether the temp is that name's very value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Root {
    pub(crate) local: Local,
    pub(crate) direct: bool,
}

/// The abstract machine of one file.
pub struct Machine<'a> {
    pub(crate) module: &'a Module,
    pub(crate) text: &'a str,
    pub(crate) model: &'a Model,
    pub(crate) callees: &'a dyn Callees,
    pub(crate) known: &'a Known,
    pub(crate) values: Values,
    pub(crate) buffers: Buffers,
    /// Dotted paths of modules and of what is found in them.
    pub(crate) paths: Names,
    /// What was found under a name in a module.
    pub(crate) members: FxHashMap<(Sym, Sym), ValueId>,
    /// What each global holds at the end of the module, and how often it is bound.
    pub(crate) globals: Vec<ValueId>,
    pub(crate) global_stores: Vec<u32>,
    /// What captured locals of function bodies were bound to, where that is a function, class, module or row.
    pub(crate) captures: FxHashMap<(BodyId, Local), ValueId>,

    pub(crate) classes: Classes,
    /// Which attributes of a class its methods bind to arrays, as far as that was asked.
    pub(crate) array_attributes: FxHashMap<(ClassId, Sym), bool>,
    /// Variables of functions that inner functions read: does anything bind them to an array?
    pub(crate) captured_arrays: FxHashMap<(BodyId, Local), bool>,
    /// What the methods of classes bind attributes to, as far as that was asked.
    pub(crate) bindings: FxHashMap<ClassId, Bindings>,
    /// Parameters that seem to be instances of a class of the file.
    pub(crate) seeming: FxHashMap<(BodyId, Local), ClassId>,
    /// For names that inner functions rebind: does a call show when?
    pub(crate) tame: FxHashMap<(BodyId, Local), bool>,
    /// How far the analysis of each body is.
    pub(crate) progress: Vec<Progress>,
    /// Has the module's own body been run?
    pub(crate) globals_known: bool,
    /// Is everything wanted that can be known, at whatever cost? (For `inspect`, not for the rules.)
    pub(crate) thorough: bool,
    /// What functions said when they were run with what is known of a call's arguments.
    pub(crate) runs: super::specialise::Runs,
    /// What callees did that are still to be judged.
    pub(crate) kept: Kept,
    /// What is known of the calls of a script's functions.
    pub(crate) world: super::world::World,
    /// How many calls deep the body that runs is.
    pub(crate) call_depth: usize,

    // The body that runs.
    pub(crate) id: BodyId,
    pub(crate) body: &'a Body,
    pub(crate) state: State,
    pub(crate) temps: Vec<ValueId>,
    pub(crate) roots: Vec<Option<Root>>,
    pub(crate) defs: Vec<Option<&'a OpKind>>,
    /// Temps defined so far in the block that runs.
    pub(crate) block_temps: Vec<Temp>,
    /// For each local: does it hold one and the same value from its binding on? Then it can be a symbolic end.
    pub(crate) stable: Vec<bool>,
    /// For each local: is it bound in the body?
    pub(crate) stored: Vec<bool>,
    /// For each local: do the ops speak for its being an array?
    pub(crate) used_as_array: Vec<bool>,
    /// For each local: do the ops, or what is said of a parameter, speak for its being an array where it is bound to
    /// something unknown?
    pub(crate) seems_array: Vec<bool>,
    /// For each local: do the ops use it as no array can be used?
    pub(crate) used_otherwise: Vec<bool>,
    /// States that are done with.
    pub(crate) spare: Vec<State>,
    pub(crate) in_loop: bool,
    pub(crate) block: BlockId,
    /// The number of ops in the blocks before it.
    pub(crate) block_base: u32,
    /// Is the block the head of a loop, and does the state stand for the moment that the loop is entered?
    pub(crate) first_test: bool,
    pub(crate) turn: super::unroll::Turn,
    /// The op that runs: its number in the body (from 1), its span, the statement, its flags.
    pub(crate) op: u32,
    pub(crate) span: Span,
    pub(crate) stmt: Span,
    pub(crate) maybe: bool,
    pub(crate) many: bool,
    /// Which of several results of the op is being made: each has a buffer of its own.
    pub(crate) part: u16,
    pub(crate) recording: bool,
    pub(crate) events: Vec<Event>,
    /// For each block the range of its events, when the body has run.
    pub(crate) ranges: Vec<(u32, u32)>,
    /// The calls of which nothing is known, in all bodies so far; one may stand here several times.
    pub(crate) unresolved: Vec<Span>,
    /// What was returned and yielded so far, joined, and what the objects held at the returns.
    pub(crate) returned: ValueId,
    pub(crate) yielded: ValueId,
    pub(crate) exit_heap: Vec<(BufId, ContentId)>,
    /// What names of the enclosing function were rebound to, at the returns.
    pub(crate) exit_free: Vec<(Local, ValueId)>,
    /// Parameters that a call of the file passes an array for.
    pub(crate) given: FxHashSet<(BodyId, Local)>,
    /// What the calls so far pass.
    pub(crate) callers: Callers,
    /// What the body that ran last writes of what was there on entry.
    pub(crate) entry_writes: Vec<EntryWrite>,
    /// Do the ways to what it returns differ in whether that shares memory?
    pub(crate) returns_apart: bool,
    /// Parameters that, if they are containers, may have other elements by now.
    pub(crate) tainted: Vec<BufId>,
    /// May the body have run something unknown, or changed attributes of what is no parameter?
    pub(crate) effects: bool,
    /// Has an array of a subclass with ways of its own been made?
    pub(crate) subclasses: bool,
    /// May it have set the shape, dtype or flags of an array that is not its own?
    pub(crate) reshapes: bool,
    /// Did the op that ran last certainly raise an exception?
    pub(crate) raised: bool,
    /// May an op of the block that runs have raised one?
    pub(crate) may_raise: bool,
    /// Which names certainly hold a value, in a body that catches exceptions.
    pub(crate) assigned: Option<super::assigned::Assigned>,
}

impl std::fmt::Debug for Machine<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Machine").field("body", &self.id).field("block", &self.block).field("op", &self.op).finish()
    }
}

impl<'a> Machine<'a> {
    /// A machine for a file. The module must have at least its own body.
    pub(crate) fn new(
        module: &'a Module,
        text: &'a str,
        model: &'a Model,
        known: &'a Known,
        callees: &'a dyn Callees,
    ) -> Machine<'a> {
        let globals = module.bodies.first().map_or(0, |body| body.locals.len());
        Machine {
            module,
            text,
            model,
            callees,
            known,
            values: Values::default(),
            buffers: Buffers::default(),
            paths: Names::default(),
            members: FxHashMap::default(),
            globals: vec![ValueId::UNKNOWN; globals],
            global_stores: vec![0; globals],
            captures: FxHashMap::default(),
            classes: Classes::new(module, callees),
            array_attributes: FxHashMap::default(),
            captured_arrays: FxHashMap::default(),
            bindings: FxHashMap::default(),
            seeming: FxHashMap::default(),
            tame: FxHashMap::default(),
            progress: vec![Progress::Waiting; module.bodies.len()],
            globals_known: false,
            thorough: false,
            runs: Default::default(),
            world: Default::default(),
            call_depth: 0,
            id: BodyId(0),
            body: &module.bodies[0],
            state: State::new(0),
            temps: Vec::new(),
            roots: Vec::new(),
            defs: Vec::new(),
            block_temps: Vec::new(),
            stable: Vec::new(),
            stored: Vec::new(),
            used_as_array: Vec::new(),
            seems_array: Vec::new(),
            used_otherwise: Vec::new(),
            spare: Vec::new(),
            in_loop: false,
            block: BlockId(0),
            first_test: false,
            turn: Default::default(),
            part: 0,
            block_base: 0,
            op: 0,
            span: Span::default(),
            stmt: Span::default(),
            maybe: false,
            many: false,
            recording: false,
            unresolved: Vec::new(),
            events: Vec::new(),
            ranges: Vec::new(),
            kept: Kept::default(),
            returned: ValueId::BOTTOM,
            yielded: ValueId::BOTTOM,
            exit_heap: Vec::new(),
            exit_free: Vec::new(),
            given: FxHashSet::default(),
            callers: Callers::default(),
            entry_writes: Vec::new(),
            returns_apart: false,
            tainted: Vec::new(),
            effects: false,
            subclasses: false,
            reshapes: false,
            raised: false,
            may_raise: true,
            assigned: None,
        }
    }

    /// The text of a name.
    pub(crate) fn name(&self, sym: Sym) -> &'a str {
        self.module.names.text(sym)
    }

    pub(crate) fn temp(&self, temp: Temp) -> ValueId {
        self.temps[temp.index()]
    }

    pub(crate) fn root(&self, temp: Temp) -> Option<Root> {
        self.roots[temp.index()]
    }

    /// The op that defined a temp of the block that runs.
    pub(crate) fn def(&self, temp: Temp) -> Option<&'a OpKind> {
        self.defs[temp.index()]
    }

    // --- events -------------------------------------------------------------------------------------------------

    pub(crate) fn emit(&mut self, kind: EventKind) {
        if self.recording {
            self.events.push(Event {
                op: self.op,
                block: self.block,
                span: self.span,
                stmt: self.stmt,
                maybe: self.maybe,
                kind,
            });
        }
    }

    /// Does the value mention any buffer, so that an event about it can matter?
    pub(crate) fn has_memory(&self, value: ValueId) -> bool {
        match self.values.get(value) {
            Value::Array(array) => !array.bufs.is_empty(),
            Value::Tuple(items) => items.iter().any(|&item| self.has_memory(item)),
            Value::TupleOf(item) | Value::Bound(item, _) => self.has_memory(*item),
            Value::Ref(_) => true,
            _ => false,
        }
    }

    /// The point before a statement, for an observer.
    pub(crate) fn point(&mut self) -> Point<'_> {
        Point { body: self.id, span: self.span, state: &self.state, values: &mut self.values, buffers: &self.buffers }
    }

    // --- allocation ---------------------------------------------------------------------------------------------

    /// Makes a buffer (or object) at the op that runs. What the op made before becomes older.
    pub(crate) fn alloc(&mut self, part: u16) -> BufId {
        self.alloc_as(part, Origin::Alloc)
    }

    pub(super) fn alloc_as(&mut self, part: u16, origin: fn(Site, Age) -> Origin) -> BufId {
        let site = Site { body: self.id, op: self.op, part: part + self.part };
        let known = self.buffers.len();
        let recent = self.buffers.of(origin(site, Age::Recent), self.span);
        // What has just been met for the first time nothing lies in.
        let first = self.buffers.len() > known;
        if self.many {
            return self.buffers.of(origin(site, Age::Older), self.span);
        }
        if self.in_loop {
            let older = self.buffers.of(origin(site, Age::Older), self.span);
            if !first {
                self.age(recent, older);
            }
        }
        recent
    }

    fn age(&mut self, recent: BufId, older: BufId) {
        for value in &mut self.state.locals {
            *value = self.values.age(*value, recent, older);
        }
        for temp in &self.block_temps {
            let value = &mut self.temps[temp.index()];
            *value = self.values.age(*value, recent, older);
        }
        for entry in &mut self.state.heap {
            entry.1 = self.values.age_content(entry.1, recent, older);
        }
        if let Ok(i) = self.state.heap.binary_search_by_key(&recent, |entry| entry.0) {
            let (_, content) = self.state.heap.remove(i);
            let joined = match self.state.content(older) {
                Some(old) => self.values.join_content(old, content),
                None => content,
            };
            self.state.set_content(older, joined);
        }
    }

    /// A fresh array of which nothing is known but that it is fresh: `init` says more.
    pub(crate) fn fresh(
        &mut self,
        part: u16,
        kinds: Kinds,
        evidence: Evidence,
        init: impl FnOnce(&mut Array),
    ) -> ValueId {
        let buf = self.alloc(part);
        let mut array = Array::within(buf, kinds, evidence);
        array.lies = self.buffers.get(buf).single();
        array.writeable = Tri::Must;
        array.made_by = self.op;
        init(&mut array);
        if let Some(shape) = &mut array.shape {
            for n in shape.iter_mut() {
                *n = (*n).max(-1);
            }
        }
        array.settle_order();
        let size = array.size().map(|n| n as u64);
        self.buffers.get_mut(buf).size = size;
        let value = self.values.make(array);
        self.emit(EventKind::Made { buf });
        value
    }

    /// A view derived from an array: the same memory, another object.
    pub(crate) fn view(&mut self, source: &Array, change: impl FnOnce(&mut Array)) -> ValueId {
        let mut array = source.clone();
        array.owner = Owner::View;
        array.subclass = Subclass::Unknown;
        array.entry = false;
        array.made_by = self.op;
        // What changes the layout says so; the strides are kept by those who know them.
        array.sparse = None;
        change(&mut array);
        array.settle_order();
        self.values.make(array)
    }

    // --- objects of the heap ------------------------------------------------------------------------------------

    /// Makes an object on the heap.
    pub(crate) fn new_object(&mut self, part: u16, content: Content) -> ValueId {
        let object = self.alloc(part);
        let content = self.values.intern_content(content);
        let content = match self.state.content(object) {
            Some(old) if !self.buffers.get(object).single() => self.values.join_content(old, content),
            _ => content,
        };
        self.state.set_content(object, content);
        self.emit(EventKind::Made { buf: object });
        self.values.intern(Value::Ref(smallvec::smallvec![object]))
    }

    /// A list of these elements.
    pub(crate) fn new_list(&mut self, items: Vec<ValueId>) -> ValueId {
        let content = self.list_content(ObjectKind::List, items);
        self.new_object(LIST_PART, content)
    }

    /// A list (or set, iterator) of unknown length over one joined element.
    pub(crate) fn new_sequence(&mut self, kind: ObjectKind, element: ValueId) -> ValueId {
        self.new_object(LIST_PART, Content { kind, fixed: Vec::new(), rest: element, exact: false })
    }

    pub(crate) fn list_content(&mut self, kind: ObjectKind, items: Vec<ValueId>) -> Content {
        if items.len() > crate::domain::value::MAX_FIXED {
            let rest = self.values.join_all(items);
            return Content { kind, fixed: Vec::new(), rest, exact: false };
        }
        let fixed = items.into_iter().enumerate().map(|(i, value)| (Key::Index(i as u32), value)).collect();
        Content { kind, fixed, rest: ValueId::BOTTOM, exact: true }
    }

    /// What the objects of a reference hold.
    pub(crate) fn contents(&self, objects: &[BufId]) -> SmallVec<[(BufId, ContentId); 2]> {
        objects.iter().filter_map(|&object| self.state.content(object).map(|content| (object, content))).collect()
    }

    /// All elements of the objects, joined.
    pub(crate) fn elements(&mut self, objects: &[BufId]) -> ValueId {
        let mut joined = ValueId::BOTTOM;
        for &object in objects {
            let Some(id) = self.state.content(object) else { return ValueId::UNKNOWN };
            let content = self.values.content(id).clone();
            joined = self.values.join(joined, content.rest);
            for (_, value) in content.fixed {
                joined = self.values.join(joined, value);
            }
        }
        joined
    }

    /// Changes what the objects hold: surely, if there is one object that stands for one at run time, else perhaps.
    pub(crate) fn update(&mut self, objects: &[BufId], change: impl Fn(&mut Machine<'a>, &mut Content)) {
        let strong = objects.len() == 1 && !self.maybe && self.buffers.get(objects[0]).single();
        for &object in objects {
            let Some(old) = self.state.content(object) else { continue };
            let mut content = self.values.content(old).clone();
            change(self, &mut content);
            let new = self.values.intern_content(content);
            let new = if strong { new } else { self.values.join_content(old, new) };
            self.state.set_content(object, new);
        }
    }

    /// The value was given to something unknown: containers that it reaches may hold anything from now on, and
    /// attributes may have been rebound.
    pub(crate) fn havoc(&mut self, value: ValueId) {
        if !self.holds_others(value) {
            return;
        }
        let mut stack = vec![value];
        let mut seen: SmallVec<[BufId; 8]> = SmallVec::new();
        let mut functions: SmallVec<[BodyId; 4]> = SmallVec::new();
        while let Some(value) = stack.pop() {
            match self.values.get(value).clone() {
                Value::Tuple(items) => stack.extend(items),
                Value::TupleOf(item) | Value::Bound(item, _) => stack.push(item),
                Value::Ref(objects) => {
                    for object in objects {
                        if seen.contains(&object) {
                            continue;
                        }
                        seen.push(object);
                        let Some(id) = self.state.content(object) else { continue };
                        let content = self.values.content(id).clone();
                        stack.extend(content.fixed.iter().map(|(_, v)| *v));
                        stack.push(content.rest);
                        // Elements may have been put in; those that were there may still be.
                        let rest = self.values.join_all(content.fixed.iter().map(|(_, v)| *v).chain([content.rest]));
                        let rest = self.values.join(rest, ValueId::UNKNOWN);
                        let new = Content { kind: content.kind, fixed: Vec::new(), rest, exact: false };
                        let new = self.values.intern_content(new);
                        self.state.set_content(object, new);
                    }
                }
                Value::Array(array) if array.kinds.meets(Kinds::CONTAINER) => self.taint(&array),
                Value::Function(body) if !functions.contains(&body) => {
                    // A function of this body reaches what it captures.
                    functions.push(body);
                    let body = &self.module.bodies[body.index()];
                    if body.parent == Some(self.id) {
                        let outer = body.locals.iter().filter_map(|info| match info.kind {
                            LocalKind::Free(outer) => self.state.locals.get(outer.index()).copied(),
                            _ => None,
                        });
                        stack.extend(outer);
                    }
                }
                _ => {}
            }
        }
    }

    /// May the value hold other values, or be a function, which reaches what it captures?
    fn holds_others(&self, value: ValueId) -> bool {
        match self.values.get(value) {
            Value::Array(array) => array.kinds.meets(Kinds::CONTAINER),
            Value::Tuple(_) | Value::TupleOf(_) | Value::Bound(..) | Value::Ref(_) | Value::Function(_) => true,
            _ => false,
        }
    }

    /// Something foreign may have been put into the containers that these buffers stand for.
    pub(crate) fn taint(&mut self, array: &Array) {
        for &buf in &array.bufs {
            if self.buffers.get(buf).on_entry() && !self.tainted.contains(&buf) {
                self.tainted.push(buf);
            }
        }
        if array.kinds.has(Kinds::FOREIGN) || array.bufs.is_empty() {
            return;
        }
        self.remap(&array.bufs.clone(), |array| {
            if array.kinds.meets(Kinds::CONTAINER.union(Kinds::OTHER)) {
                array.kinds = array.kinds.union(Kinds::FOREIGN);
            }
        });
    }

    /// Attributes of the object may be rebound by names that are not known: through `vars(object)`, or by `setattr`.
    pub(crate) fn open_up(&mut self, object: ValueId) {
        self.havoc(object);
        self.disturb();
    }

    /// Something unknown ran: attributes of objects that were there on entry may have been rebound.
    pub(crate) fn disturb(&mut self) {
        self.effects = true;
        if self.state.dirty && self.state.heap.is_empty() {
            return;
        }
        self.state.dirty = true;
        for i in 0..self.state.heap.len() {
            let (object, id) = self.state.heap[i];
            if !self.buffers.get(object).on_entry() {
                continue;
            }
            let mut content = self.values.content(id).clone();
            for (_, value) in &mut content.fixed {
                *value = self.values.join(*value, ValueId::UNKNOWN);
            }
            self.state.heap[i].1 = self.values.intern_content(content);
        }
    }

    // --- locals -------------------------------------------------------------------------------------------------

    /// The op that runs raises an exception for certain, so that what follows it is not reached. (Rules keep to what the
    /// code was meant to do.)
    pub(crate) fn raise(&mut self) {
        self.raised = self.thorough && !self.maybe;
    }

    /// Binds a local, weakly where the op may be skipped.
    pub(crate) fn bind(&mut self, local: Local, value: ValueId) {
        let info = &self.body.locals[local.index()];
        let is_name = !matches!(info.kind, LocalKind::Synthetic | LocalKind::Comprehension);
        let value = if info.rebound_inside && !self.is_tame(self.id, local) {
            // A function inside may rebind the name whenever it is called.
            self.values.join(value, ValueId::UNKNOWN)
        } else if self.maybe && is_name {
            self.values.join(self.state.locals[local.index()], value)
        } else {
            value
        };
        self.state.locals[local.index()] = value;
    }

    /// A defined op, with its flags.
    pub(crate) fn at(&mut self, op: &Op) {
        self.op += 1;
        self.span = op.span;
        self.maybe = op.maybe;
        self.many = op.many;
    }
}

/// The part number of lists and other objects, apart from arrays made by the same op.
pub(crate) const LIST_PART: u16 = 100;

/// A region that is not known, for views whose axes are not the buffer's.
pub(crate) fn reaxed(array: &mut Array) {
    if array.region == Region::Whole {
        array.region = Region::Any;
    }
}
