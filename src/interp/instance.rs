//! Instances of the file's classes: made by `__init__`'s own analysis, their methods found by class.
//!
//! A class is modelled where all its bases are classes of the file (or `object`) and nothing takes construction or
//! attribute access into its own hands. A method called on `self` is taken to be the class's own, unless a class of the
//! file that inherits from it has another of that name.

use rustc_hash::{FxHashMap, FxHashSet};

use super::call::Args;
use super::machine::Machine;
use super::summary::Receiver;
use crate::domain::values::lookup;
use crate::domain::{Array, BufId, Content, Key, ObjectKind, Origin, Value, ValueId};
use crate::ir::{Block, BodyId, ClassId, Module, OpKind, Sym, Temp};

/// The part of a call's site that stands for the instance it makes.
const INSTANCE_PART: u16 = 150;
/// Classes further up the chain of bases are not looked at.
const MAX_BASES: usize = 8;

/// How the file's classes hang together.
#[derive(Debug, Default)]
pub(crate) struct Classes {
    /// Classes of the module's own scope, by name; those of which the name is used twice are left out.
    by_name: FxHashMap<Sym, ClassId>,
    /// Methods that a class inheriting from this one has, too.
    overridden: FxHashSet<(ClassId, Sym)>,
}

impl Classes {
    /// Looks at all classes of a file once.
    pub(crate) fn new(module: &Module) -> Classes {
        let mut classes = Classes::default();
        let mut twice = FxHashSet::default();
        for (i, class) in module.classes.iter().enumerate() {
            let top = module.bodies[class.body.index()].parent == Some(BodyId(0));
            if top && classes.by_name.insert(class.name, ClassId(i as u32)).is_some() {
                twice.insert(class.name);
            }
        }
        classes.by_name.retain(|name, _| !twice.contains(name));
        for class in &module.classes {
            let mut above: Vec<ClassId> = class.bases.iter().filter_map(|base| classes.named(base)).collect();
            let mut i = 0;
            while i < above.len() && i < MAX_BASES {
                classes.overridden.extend(class.methods.iter().map(|method| (above[i], method.0)));
                let more = module.classes[above[i].index()].bases.iter().filter_map(|base| classes.named(base));
                above.extend(more.collect::<Vec<_>>());
                i += 1;
            }
        }
        classes
    }

    pub(super) fn named(&self, path: &[Sym]) -> Option<ClassId> {
        match path {
            [name] => self.by_name.get(name).copied(),
            _ => None,
        }
    }
}

impl<'a> Machine<'a> {
    /// The body of a method, looked up along the bases; None: there is none, or nobody knows.
    pub(crate) fn find_method(&self, class: ClassId, name: Sym) -> Option<BodyId> {
        let mut chain = vec![class];
        let mut i = 0;
        while i < chain.len() && i < MAX_BASES {
            let info = &self.module.classes[chain[i].index()];
            if let Some(method) = info.methods.iter().rev().find(|method| method.0 == name) {
                return (!info.properties.contains(&name)).then_some(method.1);
            }
            for base in &info.bases {
                if self.is_object(base) {
                    continue;
                }
                chain.push(self.classes.named(base)?);
            }
            i += 1;
        }
        None
    }

    /// Is the base just `object`?
    fn is_object(&self, base: &[Sym]) -> bool {
        matches!(base, [name] if self.name(*name) == "object")
    }

    /// Has the file a class of descriptors, whose instances answer for attributes of others?
    /// (<https://docs.python.org/3/howto/descriptor.html>)
    fn has_descriptors(&self) -> bool {
        ["__get__", "__set__"]
            .iter()
            .filter_map(|name| self.module.names.get(name))
            .any(|name| self.module.classes.iter().any(|class| class.methods.iter().any(|method| method.0 == name)))
    }

    /// Are all bases known, and is nothing about the class out of the ordinary?
    pub(super) fn is_plain(&self, class: ClassId) -> bool {
        let mut chain = vec![class];
        let mut i = 0;
        let descriptors = self.has_descriptors();
        while i < chain.len() {
            if i >= MAX_BASES {
                return false;
            }
            let info = &self.module.classes[chain[i].index()];
            let body = &self.module.bodies[info.body.index()];
            let start = body.span.start as usize;
            let header = self.text.get(start..body.span.end as usize).unwrap_or("").lines().next().unwrap_or("");
            let odd =
                |name: &Sym| matches!(self.name(*name), "__new__" | "__setattr__" | "__getattr__" | "__getattribute__");
            if !body.decorators.is_empty() || header.contains('=') || info.methods.iter().any(|method| odd(&method.0)) {
                return false;
            }
            let calls = |block: &Block| block.ops.iter().any(|op| matches!(op.kind, OpKind::Call(..)));
            if descriptors && body.blocks.iter().any(calls) {
                return false;
            }
            for base in &info.bases {
                if self.is_object(base) {
                    continue;
                }
                match self.classes.named(base) {
                    Some(base) => chain.push(base),
                    None => return false,
                }
            }
            i += 1;
        }
        true
    }

    /// `Class(args)`
    pub(crate) fn construct(&mut self, class: ClassId, args: &Args<'a>) -> ValueId {
        if !self.is_plain(class) {
            return self.call_unknown(None, args);
        }
        let kind = ObjectKind::Instance(Some(class));
        let mut content = Content { kind, fixed: Vec::new(), rest: ValueId::UNKNOWN, exact: false };
        let init = self.module.names.get("__init__").and_then(|name| self.find_method(class, name));
        let mut wild = false;
        if let Some(init) = init {
            self.pass(args);
            match self.call_with(init, Some(Receiver { value: ValueId::BOTTOM, temp: None }), args) {
                Some(done) => {
                    for (name, value) in done.stores {
                        self.put(&mut content, Key::Name(name), value);
                    }
                    wild = done.effects;
                }
                None => {
                    self.call_unknown(None, args);
                    wild = true;
                }
            }
        } else {
            self.pass(args);
        }
        let value = self.new_object(INSTANCE_PART, content);
        if wild {
            self.havoc(value);
        }
        value
    }

    /// Are all of these objects instances of classes of the file? Then of which.
    pub(crate) fn instance_class(&self, objects: &[BufId]) -> Option<ClassId> {
        let mut class = None;
        for &object in objects {
            let content = self.values.content(self.state.content(object)?);
            match (content.kind, class) {
                (ObjectKind::Instance(Some(this)), None) => class = Some(this),
                (ObjectKind::Instance(Some(this)), Some(other)) if this == other => {}
                _ => return None,
            }
        }
        class
    }

    /// May one of the objects be no list, dict, set or iterator?
    pub(crate) fn may_be_instance(&self, objects: &[BufId]) -> bool {
        let contents = self.contents(objects);
        contents.len() < objects.len()
            || contents.iter().any(|(_, id)| match self.values.content(*id).kind {
                ObjectKind::Instance(_) | ObjectKind::Library(_) | ObjectKind::Any => true,
                ObjectKind::List | ObjectKind::Dict | ObjectKind::Set | ObjectKind::Iterator => false,
            })
    }

    /// `obj.name(args)` where `obj` is an instance; None: not a method that is known.
    pub(crate) fn instance_method(
        &mut self,
        objects: &[BufId],
        receiver: Receiver,
        name: Sym,
        args: &Args<'a>,
    ) -> Option<ValueId> {
        let class = self.instance_class(objects)?;
        let stored = objects.iter().any(|&object| {
            let content = self.state.content(object).map(|id| self.values.content(id));
            content.is_none_or(|content| lookup(content, Key::Name(name)).is_some())
        });
        if stored {
            return None;
        }
        let body = self.find_method(class, name)?;
        self.call_method(body, receiver, args)
    }

    /// `self.name(args)` in a method.
    pub(crate) fn own_method(&mut self, obj: Temp, array: &Array, name: Sym, args: &Args<'a>) -> Option<ValueId> {
        let object = self.entry_object(array)?;
        let class = self.class_of(object)?;
        let info = &self.module.classes[class.index()];
        if self.classes.overridden.contains(&(class, name)) || info.attributes.contains(&name) {
            return None;
        }
        let body = self.find_method(class, name)?;
        let result = self.call_method(body, Receiver { value: self.temp(obj), temp: Some(obj) }, args)?;
        if !self.is_seeming(object) {
            return Some(result);
        }
        self.disturb();
        Some(self.doubted(result))
    }

    fn call_method(&mut self, body: BodyId, receiver: Receiver, args: &Args<'a>) -> Option<ValueId> {
        self.pass(args);
        let receiver = (!self.is_decorated(body, "staticmethod")).then_some(receiver);
        self.call_with(body, receiver, args).map(|done| done.value)
    }

    fn is_decorated(&self, body: BodyId, decorator: &str) -> bool {
        let decorators = &self.module.bodies[body.index()].decorators;
        decorators.iter().any(|path| path.last().is_some_and(|&name| self.name(name) == decorator))
    }

    /// The getter of a property, looked up along the bases.
    fn find_getter(&self, class: ClassId, name: Sym) -> Option<BodyId> {
        let mut class = class;
        for _ in 0..MAX_BASES {
            let info = &self.module.classes[class.index()];
            if info.properties.contains(&name) {
                let getter = info.methods.iter().find(|method| method.0 == name)?.1;
                return self.is_decorated(getter, "property").then_some(getter);
            }
            let [base] = &info.bases[..] else { return None };
            if info.attributes.contains(&name) || info.methods.iter().any(|method| method.0 == name) {
                return None;
            }
            class = self.classes.named(base)?;
        }
        None
    }

    /// `obj.name` where the class makes a property of it: what its getter returns.
    pub(crate) fn property(&mut self, class: ClassId, receiver: ValueId, name: Sym) -> Option<ValueId> {
        if self.classes.overridden.contains(&(class, name)) {
            return None;
        }
        let getter = self.find_getter(class, name)?;
        let args = Args { list: &[], values: Default::default() };
        self.call_with(getter, Some(Receiver { value: receiver, temp: None }), &args).map(|done| done.value)
    }

    /// The class of the object on entry, if that is the `self` of a method, or seems to be an instance of one.
    pub(crate) fn class_of(&self, object: BufId) -> Option<ClassId> {
        let Origin::Param(body, local) = self.buffers.get(object).origin else { return None };
        if let Some(&class) = self.seeming.get(&(body, local)) {
            return Some(class);
        }
        let body = &self.module.bodies[body.index()];
        let class = body.class?;
        let first = body.params.first().is_some_and(|param| param.local == local);
        (first && body.decorators.is_empty()).then_some(class)
    }

    /// An attribute of instances of the heap.
    pub(crate) fn instance_attribute(&mut self, objects: &[BufId], value: ValueId, name: Sym) -> ValueId {
        let mut joined = ValueId::BOTTOM;
        for &object in objects {
            let found = match self.state.content(object).map(|id| self.values.content(id)) {
                Some(content) => match content.kind {
                    ObjectKind::Instance(class) => match lookup(content, Key::Name(name)) {
                        Some(found) => found,
                        None if class.is_some_and(|class| self.find_method(class, name).is_some()) => {
                            return self.values.intern(Value::Bound(value, name));
                        }
                        None => match class.and_then(|class| self.property(class, value, name)) {
                            Some(value) => value,
                            None => {
                                self.state.content(object).map_or(ValueId::UNKNOWN, |id| self.values.content(id).rest)
                            }
                        },
                    },
                    ObjectKind::Any | ObjectKind::Library(_) => return ValueId::UNKNOWN,
                    _ => return self.values.intern(Value::Bound(value, name)),
                },
                None => return ValueId::UNKNOWN,
            };
            joined = self.values.join(joined, found);
        }
        if joined == ValueId::BOTTOM { ValueId::UNKNOWN } else { joined }
    }

    /// What a method of this file stored in an attribute of what was passed to it.
    pub(crate) fn store_in(&mut self, target: ValueId, name: Sym, stored: ValueId) {
        match self.values.get(target).clone() {
            Value::Bottom => {}
            Value::Ref(objects) => {
                self.update(&objects, |m, content| {
                    if matches!(content.kind, ObjectKind::Instance(_) | ObjectKind::Library(_)) {
                        m.put(content, Key::Name(name), stored);
                    }
                });
            }
            Value::Array(array) => match self.entry_object(&array) {
                Some(object) => self.set_entry_attribute(object, name, stored),
                None => self.weaken_attribute(name, stored),
            },
            _ => self.weaken_attribute(name, stored),
        }
    }
}
