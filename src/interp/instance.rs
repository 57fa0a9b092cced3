//! Instances of the project's classes: made by `__init__`'s own analysis, their methods found by class.
//!
//! A class is modelled where all its bases are known (`lineage`) and nothing takes construction or attribute access into
//! its own hands. A method called on `self` is taken to be the class's own, unless a class of the file that inherits from
//! it has another of that name.

use std::sync::Arc;

use super::call::Args;
use super::foreign::{ClassSummary, MethodKind};
use super::known::Builtin;
use super::lineage::Found;
use super::machine::Machine;
use super::summary::{Done, Receiver};
use crate::domain::values::lookup;
use crate::domain::{Array, BufId, Content, Key, ObjectKind, Origin, Value, ValueId};
use crate::ir::{BodyId, ClassId, OpKind, Sym, Temp};

/// The part of a call's site that stands for the instance it makes.
const INSTANCE_PART: u16 = 150;

impl<'a> Machine<'a> {
    /// `Class(args)`
    pub(crate) fn construct(&mut self, class: ClassId, args: &Args<'a>) -> ValueId {
        if !self.is_plain(class) {
            return self.call_unknown(None, args);
        }
        let kind = ObjectKind::Instance(Some(class));
        let content = Content { kind, fixed: Vec::new(), rest: ValueId::UNKNOWN, exact: false };
        let init = self.module.names.get("__init__").and_then(|name| self.find_method(class, name));
        self.pass(args);
        let receiver = Receiver { value: ValueId::BOTTOM, temp: None };
        let done = match init {
            Some(Found::Body(init)) => self.call_with(init, Some(receiver), args),
            Some(Found::Told(_, summary)) => {
                let name = self.module.classes[class.index()].name;
                summary.map(|summary| self.call_summary(name, &summary, Some(receiver), args))
            }
            None => Some(self.fill_record(class, args)),
        };
        self.made(content, done, args)
    }

    /// `Class(args)` for a class of another file, that goes by this path.
    pub(crate) fn construct_told(&mut self, path: Sym, class: &ClassSummary, args: &Args<'a>) -> ValueId {
        if !class.plain {
            return self.call_unknown(None, args);
        }
        let kind = ObjectKind::Imported(path);
        let content = Content { kind, fixed: Vec::new(), rest: ValueId::UNKNOWN, exact: false };
        let receiver = Receiver { value: ValueId::BOTTOM, temp: None };
        let name = self.paths.text(path).rsplit('.').next().and_then(|name| self.module.names.get(name));
        let done = match (class.methods.get("__init__").map(|init| init.summary.clone()), name) {
            (Some(Some(init)), Some(name)) => Some(self.call_summary(name, &init, Some(receiver), args)),
            (Some(_), _) => None,
            (None, _) => {
                self.pass(args);
                Some(Done::nothing())
            }
        };
        self.made(content, done, args)
    }

    /// The object that a constructor made. None: nobody knows what it did.
    pub(super) fn made(&mut self, mut content: Content, done: Option<Done>, args: &Args<'a>) -> ValueId {
        let wild = done.as_ref().is_none_or(|done| done.effects);
        match done {
            Some(done) => {
                for (name, value) in done.stores {
                    self.put(&mut content, Key::Name(name), value);
                }
            }
            None => {
                self.call_unknown(None, args);
            }
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

    /// Are all of these objects instances of classes of the project?
    pub(crate) fn are_instances(&self, objects: &[BufId]) -> bool {
        self.instance_class(objects).is_some() || self.imported_class(objects).is_some()
    }

    /// Are all of these objects instances of one class of another file? Then of which.
    fn imported_class(&self, objects: &[BufId]) -> Option<Arc<ClassSummary>> {
        let mut class = None;
        for &object in objects {
            let content = self.values.content(self.state.content(object)?);
            match (content.kind, class) {
                (ObjectKind::Imported(this), None) => class = Some(this),
                (ObjectKind::Imported(this), Some(other)) if this == other => {}
                _ => return None,
            }
        }
        self.callees.class(self.paths.text(class?))
    }

    /// May one of the objects be no list, dict, set or iterator?
    pub(crate) fn may_be_instance(&self, objects: &[BufId]) -> bool {
        let contents = self.contents(objects);
        contents.len() < objects.len()
            || contents.iter().any(|(_, id)| match self.values.content(*id).kind {
                ObjectKind::Instance(_) | ObjectKind::Imported(_) | ObjectKind::Library(_) | ObjectKind::Any => true,
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
        let (own, imported) = (self.instance_class(objects), self.imported_class(objects));
        if own.is_none() && imported.is_none() {
            return None;
        }
        let stored = objects.iter().any(|&object| {
            let content = self.state.content(object).map(|id| self.values.content(id));
            content.is_none_or(|content| lookup(content, Key::Name(name)).is_some())
        });
        if stored {
            return None;
        }
        let found = match imported {
            Some(class) => told(&class, self.name(name)),
            None => own.and_then(|class| self.find_method(class, name)),
        }?;
        self.call_found(found, name, receiver, args)
    }

    /// `self.name(args)` in a method.
    pub(crate) fn own_method(&mut self, obj: Temp, array: &Array, name: Sym, args: &Args<'a>) -> Option<ValueId> {
        let object = self.entry_object(array)?;
        let class = self.class_of(object)?;
        let info = &self.module.classes[class.index()];
        if self.classes.overridden.contains(&(class, name)) || info.attributes.contains(&name) {
            return None;
        }
        let found = self.find_method(class, name)?;
        let result = self.call_found(found, name, Receiver { value: self.temp(obj), temp: Some(obj) }, args)?;
        if !self.is_seeming(object) {
            return Some(result);
        }
        self.disturb();
        Some(self.doubted(result))
    }

    /// `super().name(args)` in a method of a class of the file.
    pub(crate) fn super_method(&mut self, obj: Temp, name: Sym, args: &Args<'a>) -> Option<ValueId> {
        let Some(OpKind::Call(callee, given)) = self.def(obj) else { return None };
        let Value::Builtin(builtin) = *self.values.get(self.temp(*callee)) else { return None };
        if self.known.builtin(builtin) != Some(Builtin::Super) {
            return None;
        }
        let class = self.body.class?;
        let own = match given.first().map(|arg| self.values.get(self.temp(arg.value))) {
            Some(Value::Class(named)) => *named == class,
            Some(_) => false,
            None => true,
        };
        let receiver = self.body.params.first().filter(|_| own && self.body.decorators.is_empty())?.local;
        let found = self.find_inherited(class, name)?;
        let value = self.state.locals[receiver.index()];
        self.call_found(found, name, Receiver { value, temp: None }, args)
    }

    fn call_found(&mut self, found: Found, name: Sym, receiver: Receiver, args: &Args<'a>) -> Option<ValueId> {
        match found {
            Found::Body(body) => {
                self.pass(args);
                let receiver = (!self.is_decorated(body, "staticmethod")).then_some(receiver);
                self.call_with(body, receiver, args).map(|done| done.value)
            }
            Found::Told(MethodKind::Plain, Some(summary)) => {
                Some(self.call_summary(name, &summary, Some(receiver), args).value)
            }
            Found::Told(MethodKind::Static, Some(summary)) => Some(self.call_summary(name, &summary, None, args).value),
            Found::Told(..) => None,
        }
    }

    fn is_decorated(&self, body: BodyId, decorator: &str) -> bool {
        let decorators = &self.module.bodies[body.index()].decorators;
        decorators.iter().any(|path| path.last().is_some_and(|&name| self.name(name) == decorator))
    }

    /// `obj.name` where the class makes a property of it: what its getter returns.
    pub(crate) fn property(&mut self, class: ClassId, receiver: ValueId, name: Sym) -> Option<ValueId> {
        if self.classes.overridden.contains(&(class, name)) {
            return None;
        }
        let getter = self.find_getter(class, name)?;
        self.get(getter, receiver, name)
    }

    /// What the getter of a property returns.
    fn get(&mut self, getter: Found, receiver: ValueId, name: Sym) -> Option<ValueId> {
        let args = Args { list: &[], values: Default::default() };
        let receiver = Receiver { value: receiver, temp: None };
        match getter {
            Found::Body(body) if !self.is_decorated(body, "property") => None,
            Found::Body(body) => self.call_with(body, Some(receiver), &args).map(|done| done.value),
            Found::Told(_, summary) => {
                let summary = summary?;
                Some(self.call_summary(name, &summary, Some(receiver), &args).value)
            }
        }
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
                    ObjectKind::Imported(path) => match lookup(content, Key::Name(name)) {
                        Some(found) => found,
                        None => self.told_attribute(path, value, name),
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

    /// An attribute of an instance of a class of another file, where nothing is known to be stored in it.
    fn told_attribute(&mut self, path: Sym, receiver: ValueId, name: Sym) -> ValueId {
        let found = self.callees.class(self.paths.text(path)).and_then(|class| told(&class, self.name(name)));
        match found {
            Some(getter @ Found::Told(MethodKind::Property, _)) => {
                self.get(getter, receiver, name).unwrap_or(ValueId::UNKNOWN)
            }
            Some(Found::Told(MethodKind::Plain, _)) => self.values.intern(Value::Bound(receiver, name)),
            _ => ValueId::UNKNOWN,
        }
    }

    /// What a method of this file stored in an attribute of what was passed to it.
    pub(crate) fn store_in(&mut self, target: ValueId, name: Sym, stored: ValueId) {
        match self.values.get(target).clone() {
            Value::Bottom => {}
            Value::Ref(objects) => {
                self.update(&objects, |m, content| {
                    if matches!(
                        content.kind,
                        ObjectKind::Instance(_) | ObjectKind::Imported(_) | ObjectKind::Library(_)
                    ) {
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

/// A method of a class of another file.
fn told(class: &ClassSummary, name: &str) -> Option<Found> {
    class.methods.get(name).map(|method| Found::Told(method.kind, method.summary.clone()))
}
