//! Attributes: read, set and deleted.

use smallvec::SmallVec;

use super::known::Builtin;
use super::machine::{Machine, reaxed};
use crate::domain::values::lookup;
use crate::domain::{
    Array, BufId, Content, Dtype, Evidence, Key, Kinds, ObjectKind, Origin, Shape, Tri, Value, ValueId,
};
use crate::ir::{OpKind, Sym, Temp};
use crate::model::{ResultRule, RowId, SetRule};
use crate::trace::{Escape, How, ReadHow, WriteHow};

/// What is neither an array nor a number, nor anything that acts like an array.
const NO_NUMBERS: Kinds = Kinds(Kinds::CONTAINER.0 | Kinds::NONE.0 | Kinds::FOREIGN.0);
/// Attributes are followed from a parameter through this many others.
const MAX_ATTRIBUTES: usize = 2;

impl<'a> Machine<'a> {
    /// `obj.name`
    pub(crate) fn attribute(&mut self, obj: Temp, name: Sym) -> ValueId {
        let value = self.temp(obj);
        match self.values.get(value).clone() {
            Value::Module(path) => self.module_member(path, name),
            Value::Row(row) => {
                // `np.add.at`, `np.maximum.accumulate`; `np.ndarray.sort`.
                let path = self.model.row(RowId(row)).name.to_string();
                self.member(&path, self.name(name))
            }
            Value::Array(array) => self.array_attribute(obj, &array, name),
            Value::Ref(_) if self.name(name) == "__dict__" => {
                self.open_up(value);
                ValueId::UNKNOWN
            }
            Value::Ref(objects) => match self.library_class(&objects) {
                Some(class) => self.library_attribute(obj, &objects, class, name),
                None => self.instance_attribute(&objects, value, name),
            },
            Value::Slice(start, stop, step) if matches!(self.name(name), "start" | "stop" | "step") => {
                match self.name(name) {
                    "start" => start,
                    "stop" => stop,
                    _ => step,
                }
            }
            Value::Scalar | Value::Int(_) | Value::Float | Value::Complex | Value::Number | Value::Bool(_)
                if matches!(self.name(name), "real" | "imag" | "dtype" | "ndim" | "size") =>
            {
                ValueId::SCALAR
            }
            Value::Unknown => match self.name(name) {
                "ndim" | "size" | "itemsize" | "nbytes" => self.values.int(None),
                "shape" => {
                    let int = self.values.int(None);
                    let shape = self.values.tuple_of(int);
                    self.values.join(shape, ValueId::UNKNOWN)
                }
                _ => ValueId::UNKNOWN,
            },
            _ => ValueId::UNKNOWN,
        }
    }

    fn array_attribute(&mut self, obj: Temp, array: &Array, name: Sym) -> ValueId {
        if self.name(name) == "obj"
            && let Some(OpKind::Call(callee, args)) = self.def(obj)
            && let (Value::Builtin(function), [arg]) = (self.values.get(self.temp(*callee)), &args[..])
            && self.known.builtin(*function) == Some(Builtin::MemoryView)
        {
            // `memoryview(x).obj` is x.
            return self.temp(arg.value);
        }
        if let Some(value) = self.subclass_attribute(obj, array, name) {
            return value;
        }
        let row = if array.kinds.meets(Kinds::ARRAY) { self.known.attribute(name) } else { None };
        let Some(row) = row else {
            if array.certain() && self.known.method(name).is_some() {
                let value = self.temp(obj);
                return self.values.intern(Value::Bound(value, name));
            }
            return self.object_attribute(array, name);
        };
        let text = self.name(name);
        if matches!(
            text,
            "shape" | "ndim" | "dtype" | "T" | "strides" | "itemsize" | "nbytes" | "flags" | "mT" | "flat" | "size"
        ) {
            self.is_no_container(obj);
        }
        // A number has these attributes, too: `()`, 0 and 1.
        let number = array.kinds.meets(Kinds::SCALAR);
        match text {
            "shape" | "ndim" | "size" if number => {
                let int = self.values.int(None);
                return if text == "shape" { self.values.tuple_of(int) } else { int };
            }
            "shape" => {
                let items = match &array.shape {
                    Some(shape) => {
                        shape.clone().into_iter().map(|n| self.values.int(if n < 0 { None } else { Some(n) })).collect()
                    }
                    None => {
                        let int = self.values.int(None);
                        return self.values.tuple_of(int);
                    }
                };
                return self.values.tuple(items);
            }
            "ndim" => return self.values.int(array.ndim().map(|n| n as i64)),
            "size" => {
                let size = array.size();
                return self.values.int(size);
            }
            "itemsize" | "nbytes" => return self.values.int(None),
            // An iterator over the array's memory.
            "flat" => {
                return self.view(array, |view| {
                    view.kinds = Kinds::OTHER;
                    view.evidence = Evidence::None;
                    view.forget_layout();
                    reaxed(view);
                });
            }
            "dtype" => return self.values.intern(Value::Dtype(array.dtype)),
            "base" | "data" | "ctypes" | "flags" | "strides" | "device"
                if array.certain() || matches!(text, "strides" | "flags") =>
            {
                return match text {
                    "base" => self.base_of(array),
                    _ => self.values.intern(Value::Array(Array {
                        unknown: false,
                        ..Array::unknown(Kinds::OTHER.union(Kinds::SCALAR).union(Kinds::ANY.warnings()), Evidence::None)
                    })),
                };
            }
            "data" | "base" | "ctypes" | "device" => return self.object_attribute(array, name),
            _ => {}
        }
        let row = self.model.row(row);
        let value = match self.special_attribute(array, row) {
            Some(value) => value,
            None => match row.result {
                ResultRule::View { .. } => self.view(array, |view| {
                    view.forget_layout();
                    reaxed(view);
                }),
                ResultRule::Scalar => ValueId::SCALAR,
                _ => ValueId::UNKNOWN,
            },
        };
        self.derived(obj, value, How::Attribute(name));
        value
    }

    /// `x.base`: None, or an array in the same memory.
    fn base_of(&mut self, array: &Array) -> ValueId {
        if array.certain() && array.owner == crate::domain::Owner::Owner {
            return ValueId::NONE;
        }
        let mut base = array.clone();
        base.kinds = Kinds::ARRAY.union(Kinds::NONE).union(Kinds::OTHER).union(Kinds::FOREIGN);
        base.lies = false;
        base.entry = false;
        base.forget_layout();
        base.dtype = Dtype::Unknown;
        base.writeable = Tri::May;
        reaxed(&mut base);
        base.owner = crate::domain::Owner::Either;
        self.values.make(base)
    }

    /// An attribute of an object that is no array, or perhaps none.
    pub(crate) fn object_attribute(&mut self, array: &Array, name: Sym) -> ValueId {
        if self.name(name) == "__dict__" && self.entry_object(array).is_some() {
            self.disturb();
            return ValueId::UNKNOWN;
        }
        let mut joined = ValueId::BOTTOM;
        for object in self.entry_objects(array) {
            let value = self.attribute_of_entry(object, array, name);
            joined = self.values.join(joined, value);
        }
        if joined == ValueId::BOTTOM { ValueId::UNKNOWN } else { joined }
    }

    /// An attribute of one of the objects on entry that the value may be.
    fn attribute_of_entry(&mut self, object: BufId, array: &Array, name: Sym) -> ValueId {
        if let Some(id) = self.state.content(object) {
            let content = self.values.content(id);
            if let Some(value) = lookup(content, Key::Name(name)) {
                return self.evident_attribute(object, name, value);
            }
        }
        if self.is_property(object, name) {
            let receiver = self.values.make(array.clone());
            return self
                .class_of(object)
                .and_then(|class| self.property(class, receiver, name))
                .unwrap_or(ValueId::UNKNOWN);
        }
        let value = self.entry_attribute(object, name);
        if !self.state.dirty {
            return value;
        }
        let value = self.values.join(value, ValueId::UNKNOWN);
        self.evident_attribute(object, name, value)
    }

    /// The value of an attribute that may have been bound anew: by the class, it is an array for all that.
    fn evident_attribute(&mut self, object: BufId, name: Sym, value: ValueId) -> ValueId {
        match self.values.get(value).clone() {
            Value::Array(array)
                if array.evidence == Evidence::None
                    && array.kinds.meets(Kinds::ARRAY)
                    && self.is_array_attribute(object, name) =>
            {
                self.values.make(Array { evidence: Evidence::Likely, ..array })
            }
            _ => value,
        }
    }

    /// The object on entry that the value certainly is: a parameter's own value.
    pub(crate) fn entry_object(&self, array: &Array) -> Option<BufId> {
        let [buf] = array.bufs[..] else { return None };
        (array.entry && array.lies && matches!(self.buffers.get(buf).origin, Origin::Param(..))).then_some(buf)
    }

    /// The objects on entry of which the value certainly is one: the values of parameters, and what their attributes
    /// were bound to. (The attributes of a named tuple are its elements, which lie in its own memory.)
    pub(crate) fn entry_objects(&self, array: &Array) -> SmallVec<[BufId; 2]> {
        let known = array.kinds.meets(Kinds::ARRAY.union(Kinds::OTHER))
            && array.entry
            && !array.unknown
            && array.bufs.iter().all(|&buf| self.is_followed(buf));
        if known { array.bufs.clone() } else { SmallVec::new() }
    }

    /// Are the attributes of the object told apart? Those of parameters are, and of what they hold, so and so deep.
    pub(crate) fn is_followed(&self, object: BufId) -> bool {
        let (mut holder, mut depth) = (object, 0);
        while let Origin::Attr(of, _) = self.buffers.get(holder).origin {
            (holder, depth) = (of, depth + 1);
        }
        depth <= MAX_ATTRIBUTES && matches!(self.buffers.get(holder).origin, Origin::Param(..))
    }

    /// Is the attribute of `self` a property, or a method, of the class as far as the file shows?
    fn is_property(&self, object: BufId, name: Sym) -> bool {
        let Origin::Param(body, local) = self.buffers.get(object).origin else { return false };
        if let Some(class) = self.seeming.get(&(body, local)) {
            let class = &self.module.classes[class.index()];
            return class.properties.contains(&name) || class.methods.iter().any(|method| method.0 == name);
        }
        let body = &self.module.bodies[body.index()];
        let Some(class) = body.class else { return false };
        if body.params.first().is_none_or(|param| param.local != local) {
            return false;
        }
        for class in self.classes.own_line(class) {
            let info = &self.module.classes[class.index()];
            if info.properties.contains(&name) || info.methods.iter().any(|method| method.0 == name) {
                return true;
            }
            if info.attributes.contains(&name) || self.declares(class, name) {
                return false;
            }
        }
        // Set nowhere: it may come from a base class of another file, as a property there.
        true
    }

    /// The temp's value was used as lists, tuples, dicts and None cannot be: from here on it is none of them. (What has
    /// the attributes of an array and is none is taken for something that acts like one.) So is every name that
    /// certainly holds the same object.
    pub(crate) fn is_no_container(&mut self, obj: Temp) {
        self.narrow(obj, NO_NUMBERS, true);
    }

    /// The temp's value was asked for the length along an axis, or cut along one of several: numbers and strings, NumPy's
    /// too, have no axes.
    pub(crate) fn has_axes(&mut self, obj: Temp) {
        self.narrow(obj, NO_NUMBERS.union(Kinds::SCALAR), true);
    }

    /// The temp's value was used as an operand, as containers cannot be. That is no evidence of an array: so are numbers.
    pub(crate) fn is_operand(&mut self, obj: Temp) {
        self.narrow(obj, NO_NUMBERS, false);
    }

    fn narrow(&mut self, obj: Temp, gone: Kinds, arrayish: bool) {
        let otherwise = self.root(obj).is_some_and(|root| root.direct && self.used_otherwise[root.local.index()]);
        let old = self.temp(obj);
        let Value::Array(array) = self.values.get(old) else { return };
        if !array.kinds.meets(gone) || array.kinds.without(gone) == Kinds(0) {
            return;
        }
        // An object of a class of its own may take such an index as well.
        let own = |local| array.evidence == Evidence::None && self.is_documented_object(local);
        let speaks = arrayish && !otherwise && !self.root(obj).is_some_and(|root| root.direct && own(root.local));
        let evidence = if speaks { Evidence::Likely } else { Evidence::None };
        let mut array = array.clone();
        array.kinds = array.kinds.without(gone);
        array.evidence = array.evidence.max(evidence);
        let own = array.entry && array.lies;
        let buf = array.bufs.first().copied();
        let value = self.values.make(array);
        self.temps[obj.index()] = value;
        if self.maybe {
            return;
        }
        if let Some(OpKind::Load(local)) = self.def(obj)
            && self.state.locals[local.index()] == old
        {
            let local = *local;
            self.state.locals[local.index()] = value;
            for i in 0..self.block_temps.len() {
                let temp = self.block_temps[i];
                if self.temp(temp) == old && matches!(self.def(temp), Some(OpKind::Load(same)) if *same == local) {
                    self.temps[temp.index()] = value;
                }
            }
        }
        if own {
            // The value of a name on entry, unchanged: every value with that mark is the same object.
            for i in 0..self.state.locals.len() {
                if let Value::Array(other) = self.values.get(self.state.locals[i])
                    && other.entry
                    && other.lies
                    && other.bufs.first().copied() == buf
                    && other.kinds.meets(gone)
                {
                    let mut other = other.clone();
                    other.kinds = other.kinds.without(gone);
                    other.evidence = other.evidence.max(evidence);
                    self.state.locals[i] = self.values.make(other);
                }
            }
        }
    }

    /// `obj.name = value`
    pub(crate) fn set_attribute(&mut self, obj: Temp, name: Sym, value: Temp, inplace: bool) {
        let target = self.temp(obj);
        let text = self.name(name);
        if let Some(OpKind::Attr(owner, flags)) = self.def(obj)
            && self.name(*flags) == "flags"
        {
            // `x.flags.writeable = False`
            if let Value::Array(array) = self.values.get(self.temp(*owner)).clone() {
                let known = match self.values.get(self.temp(value)) {
                    Value::Bool(Some(truth)) => Tri::of(*truth),
                    _ => Tri::May,
                };
                self.set_writeable(*owner, &array, known);
            }
            return;
        }
        match self.values.get(target).clone() {
            Value::Array(array) if array.kinds.meets(Kinds::ARRAY) && self.known.attribute(name).is_some() => {
                let set = self.known.attribute(name).map(|row| self.model.row(row).set).unwrap_or_default();
                match set {
                    SetRule::Layout => {
                        let shape = if text == "shape" { self.shape_value(self.temp(value)) } else { None };
                        self.reshape_in_place(obj, &array, shape, text == "dtype");
                    }
                    SetRule::Memory => {
                        self.read(value, ReadHow::Stored);
                        self.write(obj, target, WriteHow::Attribute(name));
                    }
                    _ => self.store_attribute(target, &array, name, value, inplace),
                }
            }
            Value::Array(array) => self.store_attribute(target, &array, name, value, inplace),
            Value::Ref(objects) => {
                self.escape_into(value, Escape::Attribute(name), target);
                let stored = self.temp(value);
                self.update(&objects, |m, content| m.put(content, Key::Name(name), stored));
            }
            _ => {
                if !inplace {
                    self.escape_into(value, Escape::Attribute(name), target);
                }
                self.weaken_attribute(name, self.temp(value));
            }
        }
    }

    fn store_attribute(&mut self, target: ValueId, array: &Array, name: Sym, value: Temp, inplace: bool) {
        if !inplace {
            self.escape_into(value, Escape::Attribute(name), target);
        }
        let stored = self.temp(value);
        let Some(object) = self.entry_object(array) else {
            self.weaken_attribute(name, stored);
            return;
        };
        self.set_entry_attribute(object, name, stored);
    }

    /// Sets an attribute of an object that was there on entry.
    pub(crate) fn set_entry_attribute(&mut self, object: BufId, name: Sym, stored: ValueId) {
        if self.is_property(object, name) && !self.is_assigned(object, name) {
            self.disturb();
            return;
        }
        let mut content = match self.state.content(object) {
            Some(id) => self.values.content(id).clone(),
            None => {
                Content { kind: ObjectKind::Instance(None), fixed: Vec::new(), rest: ValueId::UNKNOWN, exact: false }
            }
        };
        let stored = if self.maybe {
            let old = match lookup(&content, Key::Name(name)) {
                Some(old) => old,
                None => self.entry_attribute(object, name),
            };
            self.values.join(old, stored)
        } else {
            stored
        };
        self.put(&mut content, Key::Name(name), stored);
        let id = self.values.intern_content(content);
        self.state.set_content(object, id);
    }

    /// Is the attribute assigned through `self` in the class, and no property?
    fn is_assigned(&self, object: BufId, name: Sym) -> bool {
        let Origin::Param(body, _) = self.buffers.get(object).origin else { return false };
        let Some(class) = self.module.bodies[body.index()].class else { return true };
        let class = &self.module.classes[class.index()];
        class.attributes.contains(&name) && !class.properties.contains(&name)
    }

    /// An attribute of some object was set, which may be one of those that are tracked.
    pub(crate) fn weaken_attribute(&mut self, name: Sym, stored: ValueId) {
        self.effects = true;
        for i in 0..self.state.heap.len() {
            let (object, id) = self.state.heap[i];
            let mut content = self.values.content(id).clone();
            if !matches!(content.kind, ObjectKind::Instance(_) | ObjectKind::Imported(_) | ObjectKind::Library(_)) {
                continue;
            }
            let Some(old) = lookup(&content, Key::Name(name)) else { continue };
            let joined = self.values.join(old, stored);
            self.put(&mut content, Key::Name(name), joined);
            let id = self.values.intern_content(content);
            self.state.set_content(object, id);
        }
        self.state.dirty = true;
    }

    /// May somebody else have hold of the array, as an object?
    fn may_be_another_s(&self, array: &Array) -> bool {
        let made = |op: Option<&crate::ir::Op>| match op.map(|op| &op.kind) {
            // A view is an object of its own.
            Some(OpKind::Method { name, .. }) => self.name(*name) == "view",
            Some(OpKind::Index(..)) => true,
            _ => false,
        };
        let mut ops = self.body.blocks.iter().flat_map(|block| &block.ops);
        !(array.made_by > 0 && array.certain() && made(ops.nth(array.made_by as usize - 1)))
            && (array.unknown || array.bufs.iter().any(|&buf| self.buffers.get(buf).on_entry()))
    }

    /// Sets what is known of an array's writeability; other names of the same object, and views of it, may be affected.
    pub(crate) fn set_writeable(&mut self, obj: Temp, array: &Array, known: Tri) {
        self.reshapes |= self.may_be_another_s(array);
        if array.unknown {
            let all: Vec<BufId> = (0..self.buffers.len() as u32).map(BufId).collect();
            self.remap(&all, |array| array.writeable = Tri::May);
        } else {
            self.remap(&array.bufs.clone(), |array| array.writeable = Tri::May);
        }
        if let Some(OpKind::Load(local)) = self.def(obj)
            && let Value::Array(mut array) = self.values.get(self.state.locals[local.index()]).clone()
        {
            array.writeable = if self.maybe { Tri::May } else { known };
            let value = self.values.make(array);
            self.state.locals[local.index()] = value;
        }
    }

    /// The array object itself gets another shape or dtype: every name that may be that object does.
    pub(crate) fn reshape_in_place(&mut self, obj: Temp, array: &Array, shape: Option<Shape>, dtype: bool) {
        self.reshapes |= self.may_be_another_s(array);
        let forget = |array: &mut Array| {
            array.forget_layout();
            if dtype {
                array.dtype = Dtype::Unknown;
            }
            reaxed(array);
        };
        if array.unknown {
            let all: Vec<BufId> = (0..self.buffers.len() as u32).map(BufId).collect();
            self.remap(&all, forget);
        } else {
            self.remap(&array.bufs.clone(), forget);
        }
        if let Some(OpKind::Load(local)) = self.def(obj)
            && !self.maybe
            && let Value::Array(mut array) = self.values.get(self.state.locals[local.index()]).clone()
        {
            array.set_shape(shape.map(|shape| shape.into_iter().map(|n| n.max(-1)).collect()));
            let value = self.values.make(array);
            self.state.locals[local.index()] = value;
        }
    }

    /// A name found in a module. The same few are asked for again and again.
    pub(crate) fn module_member(&mut self, module: Sym, name: Sym) -> ValueId {
        if let Some(&value) = self.members.get(&(module, name)) {
            return value;
        }
        let path = self.paths.text(module).to_string();
        let value = self.member(&path, self.name(name));
        self.members.insert((module, name), value);
        value
    }

    /// A name found in a module (or class of the model): a row, a constant, or something unknown.
    pub(crate) fn member(&mut self, path: &str, name: &str) -> ValueId {
        let full = format!("{path}.{name}");
        if let Some(row) = self.model.function(&full) {
            return self.values.intern(Value::Row(row.0));
        }
        if is_numpy_inside(path) && !matches!(name, "clip" | "correlate" | "count_nonzero" | "interp") {
            return self.member("numpy", name);
        }
        if path == "numpy" {
            match name {
                "newaxis" => return ValueId::NONE,
                "True_" | "False_" => return self.values.intern(Value::Bool(Some(name == "True_"))),
                "pi" | "e" | "inf" | "nan" | "Inf" | "NaN" | "euler_gamma" | "NINF" | "PINF" => {
                    return self.values.intern(Value::Float);
                }
                _ => {}
            }
            if let Some(dtype) = Dtype::from_name(name) {
                return self.values.intern(Value::Dtype(dtype));
            }
        }
        if path == "math" && matches!(name, "pi" | "e" | "inf" | "nan" | "tau") {
            return self.values.intern(Value::Float);
        }
        let path = self.paths.intern(&full);
        self.values.intern(Value::Module(path))
    }
}

/// Is it one of the modules inside NumPy from which its public names come? They mean the same there, but for a few that
/// are wrapped on their way (`tests/truth`: `inner_modules.py`).
fn is_numpy_inside(path: &str) -> bool {
    let Some(rest) = path.strip_prefix("numpy.") else { return false };
    let (package, module) = rest.split_once('.').unwrap_or((rest, ""));
    match package {
        "core" | "_core" => {
            matches!(module, "" | "numeric" | "fromnumeric" | "function_base" | "shape_base" | "multiarray" | "umath")
        }
        "lib" => {
            let module = module.strip_prefix('_').and_then(|m| m.strip_suffix("_impl")).unwrap_or(module);
            matches!(
                module,
                "function_base"
                    | "shape_base"
                    | "twodim_base"
                    | "type_check"
                    | "nanfunctions"
                    | "arraysetops"
                    | "ufunclike"
            )
        }
        _ => false,
    }
}
