//! What each op does to the state.

use super::call::Args;
use super::machine::{Machine, Root};
use crate::domain::{Content, Evidence, Key, Kinds, ObjectKind, Value, ValueId};
use crate::ir::{
    BinOp, BodyId, BodyKind, CmpOp, CompKind, Const, Display, Local, LocalKind, Op, OpKind, Sym, Temp, UnaryOp,
};
use crate::trace::{BoundFrom, Escape, EventKind, How, ReadHow, Repeat, WriteHow};

impl<'a> Machine<'a> {
    /// Runs one op.
    pub(crate) fn transfer(&mut self, op: &'a Op) {
        let (mut value, root) = self.compute(op);
        if self.subclasses {
            value = self.of_subclass(op, value);
        }
        if let Some(dest) = op.dest {
            self.temps[dest.index()] = value;
            self.roots[dest.index()] = root;
            self.defs[dest.index()] = Some(&op.kind);
            self.block_temps.push(dest);
        }
    }

    /// The op's result, and the name at the root of the expression.
    fn compute(&mut self, op: &'a Op) -> (ValueId, Option<Root>) {
        let derived = |root: Option<Root>| root.map(|root| Root { direct: false, ..root });
        match &op.kind {
            OpKind::Stmt => (ValueId::BOTTOM, None),
            OpKind::Const(constant) => (self.constant(*constant), None),
            OpKind::Load(local) => (self.load(*local), Some(Root { local: *local, direct: true })),
            OpKind::Store(local, temp) => {
                self.store(*local, *temp);
                (ValueId::BOTTOM, None)
            }
            OpKind::Delete(local) => {
                let value = self.state.locals[local.index()];
                if self.has_memory(value) {
                    self.emit(EventKind::Deleted { local: *local, value });
                }
                if !self.maybe {
                    self.state.locals[local.index()] = ValueId::BOTTOM;
                }
                (ValueId::BOTTOM, None)
            }
            OpKind::Attr(obj, name) => {
                let value = self.attribute(*obj, *name);
                (value, derived(self.root_of_memory(*obj)))
            }
            OpKind::SetAttr { obj, name, value, inplace } => {
                self.set_attribute(*obj, *name, *value, *inplace);
                (ValueId::BOTTOM, None)
            }
            OpKind::DelAttr(_, name) => {
                // Whichever object it was.
                self.weaken_attribute(*name, ValueId::UNKNOWN);
                (ValueId::BOTTOM, None)
            }
            OpKind::Index(obj, index) => {
                let value = self.index(*obj, *index);
                (value, derived(self.root(*obj)))
            }
            OpKind::SetItem { obj, index, value, inplace } => {
                self.set_item(*obj, *index, *value, *inplace);
                (ValueId::BOTTOM, None)
            }
            OpKind::DelItem(obj, _) => {
                self.havoc(self.temp(*obj));
                (ValueId::BOTTOM, None)
            }
            OpKind::Slice(lower, upper, step) => {
                let part = |m: &Self, temp: &Option<Temp>| temp.map_or(ValueId::NONE, |temp| m.temp(temp));
                let (a, b, c) = (part(self, lower), part(self, upper), part(self, step));
                (self.values.intern(Value::Slice(a, b, c)), None)
            }
            OpKind::InPlace(operator, target, value) => (self.in_place(*operator, *target, *value), self.root(*target)),
            OpKind::Binary(operator, left, right) => (self.binary(*operator, *left, *right), None),
            OpKind::Unary(operator, operand) => (self.unary(*operator, *operand), None),
            OpKind::Compare(operator, left, right) => (self.compare(*operator, *left, *right), None),
            OpKind::Join(parts) => {
                let joined = self.values.join_all(parts.iter().map(|&part| self.temps[part.index()]));
                let roots: Vec<_> = parts.iter().filter_map(|&part| self.root(part)).collect();
                (joined, derived(roots.first().copied()))
            }
            OpKind::Choose { test, then, other } => {
                let both = [*then, *other];
                let chosen = self.chosen(*test).map(|truth| if truth { *then } else { *other });
                let parts = chosen.as_ref().map_or(&both[..], std::slice::from_ref);
                let joined = self.values.join_all(parts.iter().map(|&part| self.temps[part.index()]));
                let root = parts.iter().find_map(|&part| self.root(part));
                (joined, if chosen.is_some() { root } else { derived(root) })
            }
            OpKind::Call(callee, args) => {
                let args = self.args(args);
                self.before_call();
                let value = self.call(*callee, &args);
                self.after_call(*callee);
                (value, None)
            }
            OpKind::Method { obj, name, args, .. } => {
                let args = self.args(args);
                let value = self.method(*obj, *name, &args);
                (value, derived(self.root_of_memory(*obj)))
            }
            OpKind::Display(kind, items) => (self.display(*kind, items), None),
            OpKind::Dict(items) => (self.dict(items), None),
            OpKind::Comprehension(kind, _, element) => (self.comprehension(*kind, *element), None),
            OpKind::Iterate(iterable) => {
                let value = self.temp(*iterable);
                let known = self.turn.pass.take().and_then(|pass| self.element_of_pass(value, pass));
                let element = known.unwrap_or_else(|| self.iterate(value, How::Element));
                self.read_elements(*iterable, element);
                (element, derived(self.root(*iterable)))
            }
            OpKind::Unpack { value, index, total, starred } => {
                let element = self.unpack(self.temp(*value), *index, *total, *starred);
                self.read_elements(*value, element);
                let root = match self.written_item(*value, *index, *total, *starred) {
                    Some(item) => self.root(item),
                    None => derived(self.root(*value)),
                };
                (element, root)
            }
            OpKind::UnpackRest { value, .. } => {
                let element = self.iterate(self.temp(*value), How::Element);
                self.read_elements(*value, element);
                (self.new_sequence(ObjectKind::List, element), None)
            }
            OpKind::Function(body, defaults) => {
                self.capture(*body);
                for default in defaults {
                    self.escape(*default, Escape::Captured);
                }
                (self.values.intern(Value::Function(*body)), None)
            }
            OpKind::Class(class, bases) => {
                self.capture(self.module.classes[class.index()].body);
                for base in bases {
                    self.escape(*base, Escape::Passed);
                }
                (self.values.intern(Value::Class(*class)), None)
            }
            OpKind::Import(path) => (self.import(path), None),
            OpKind::ImportFrom { module, level, name } => (self.import_from(module, *level, *name), None),
            OpKind::ImportStar(..) => (ValueId::BOTTOM, None),
            OpKind::Enter(manager) => (self.enter_context(*manager), None),
            OpKind::Format(parts) => {
                parts.iter().for_each(|part| self.read(*part, ReadHow::Other));
                (self.values.intern(Value::Str(None)), None)
            }
            OpKind::Yield(value) => {
                if let Some(value) = value {
                    self.escape(*value, Escape::Yielded);
                    let value = self.temp(*value);
                    if matches!(self.values.get(value), Value::Ref(_) | Value::Tuple(_)) {
                        self.havoc(value);
                    }
                    self.yielded = self.values.join(self.yielded, value);
                }
                // Anything may run before the body goes on; that is no doing of the body's.
                let effects = self.effects;
                self.disturb();
                self.effects = effects;
                (ValueId::UNKNOWN, None)
            }
            OpKind::YieldFrom(value) => {
                self.escape(*value, Escape::Yielded);
                self.havoc(self.temp(*value));
                self.disturb();
                self.yielded = ValueId::UNKNOWN;
                (ValueId::UNKNOWN, None)
            }
            OpKind::Await(value) => {
                self.escape(*value, Escape::Passed);
                self.disturb();
                (ValueId::UNKNOWN, None)
            }
            OpKind::Discard(_) => (ValueId::BOTTOM, None),
            OpKind::Use(parts) => {
                parts.iter().for_each(|part| self.read(*part, ReadHow::Other));
                (ValueId::BOTTOM, None)
            }
            OpKind::Opaque(reads) => {
                for read in reads {
                    self.escape(*read, Escape::Passed);
                    self.havoc(self.temp(*read));
                }
                (ValueId::UNKNOWN, None)
            }
        }
    }

    /// The item of a tuple that is written out and unpacked at once: `a, b = b, a`.
    fn written_item(&self, value: Temp, index: i32, total: u32, starred: bool) -> Option<Temp> {
        let Some(OpKind::Display(Display::Tuple, items)) = self.def(value) else { return None };
        let plain = !starred && items.len() == total as usize && items.iter().all(|item| !item.1);
        usize::try_from(index).ok().filter(|_| plain).and_then(|i| items.get(i)).map(|item| item.0)
    }

    /// The name whose very value the temp is, also through a tuple that is written out.
    fn loaded_from(&self, temp: Temp) -> Option<Local> {
        match self.def(temp)? {
            OpKind::Load(local) => Some(*local),
            OpKind::Unpack { value, index, total, starred } => {
                let item = self.written_item(*value, *index, *total, *starred)?;
                match self.def(item)? {
                    OpKind::Load(local) => Some(*local),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// The root of an expression; a module's name is no root of what its functions return.
    fn root_of_memory(&self, temp: Temp) -> Option<Root> {
        match self.values.get(self.temp(temp)) {
            Value::Module(_) | Value::Row(_) => None,
            _ => self.root(temp),
        }
    }

    fn constant(&mut self, constant: Const) -> ValueId {
        let value = match constant {
            Const::None => Value::None,
            Const::Ellipsis => Value::Ellipsis,
            Const::Bool(truth) => Value::Bool(Some(truth)),
            Const::Int(n) => Value::Int(Some(n)),
            Const::BigInt => Value::Int(None),
            Const::Float => Value::Float,
            Const::Str(text) => Value::Str(Some(text)),
            Const::Complex => Value::Complex,
            Const::Bytes(_) => Value::Scalar,
        };
        self.values.intern(value)
    }

    fn load(&mut self, local: Local) -> ValueId {
        let info = &self.body.locals[local.index()];
        let held = self.state.locals[local.index()];
        match info.kind {
            LocalKind::Global(global) if held == ValueId::BOTTOM => self.load_global(global),
            LocalKind::Free(outer) if held == ValueId::BOTTOM => self.load_closure(local, outer),
            LocalKind::Builtin => self.load_builtin(info.name),
            // A class body reads the enclosing scope where its own name is not bound yet; a name that is not bound on
            // any path raises, so that nothing said of it can be wrong.
            _ if held == ValueId::BOTTOM => ValueId::UNKNOWN,
            _ => held,
        }
    }

    /// A name that nothing in the file binds: a builtin, or what a star import brought.
    fn load_builtin(&mut self, name: Sym) -> ValueId {
        let value = match self.known.builtin(name) {
            None => self.callees.global(self.name(name)).map(|path| Value::Module(self.paths.intern(&path))),
            Some(_) => None,
        };
        self.values.intern(value.unwrap_or(Value::Builtin(name)))
    }

    fn store(&mut self, local: Local, temp: Temp) {
        let value = self.temp(temp);
        let info = &self.body.locals[local.index()];
        let from = match self.loaded_from(temp) {
            Some(source) => BoundFrom::Name(source),
            None => BoundFrom::Expression,
        };
        let held = self.state.locals[local.index()];
        if value == ValueId::NONE && self.has_memory(held) {
            self.emit(EventKind::Deleted { local, value: held });
        }
        let value = self.annotated(local, value);
        let value = self.used(local, value, temp);
        self.bind(local, value);
        // The store back of `x += 1` binds what the name holds already.
        let stays = matches!(self.def(temp), Some(OpKind::InPlace(..))) && self.values.array(held).is_some();
        if self.has_memory(value) {
            if !stays && !matches!(info.kind, LocalKind::Synthetic) {
                self.emit(EventKind::Bound { local, value, from });
                self.tell_holds(temp);
            }
        } else if value != ValueId::NONE && self.has_memory(held) {
            self.emit(EventKind::Lost { local });
        }
        if info.captured && self.id != BodyId(0) {
            let key = (self.id, local);
            let old = self.captures.get(&key).copied().unwrap_or(ValueId::BOTTOM);
            let joined = self.values.join(old, value);
            self.captures.insert(key, joined);
        }
        if matches!(info.kind, LocalKind::Free(_))
            || matches!(info.kind, LocalKind::Global(_)) && self.has_memory(value)
        {
            self.emit(EventKind::Escaped { value, via: None, how: Escape::Captured, into: ValueId::BOTTOM });
        }
    }

    /// The value of an annotated name: what the annotation adds.
    fn annotated(&mut self, local: Local, value: ValueId) -> ValueId {
        if self.body.annotations.is_empty() {
            return value;
        }
        let Some(ann) = self.body.annotations.iter().find(|entry| entry.0 == local).map(|entry| &entry.1) else {
            return value;
        };
        if self.annotation(ann) != super::entry::Said::Kinds(Kinds::ARRAY) {
            return value;
        }
        match self.values.get(value).clone() {
            // An annotation of a variable is no proof: a reduction of a 1-D array is a scalar for all that.
            Value::Array(mut array) if array.kinds.meets(Kinds::ARRAY) => {
                array.evidence = array.evidence.max(Evidence::Likely);
                self.values.make(array)
            }
            _ => value,
        }
    }

    /// An inner function reads these names of the body whenever it is called: that counts as handing them out.
    fn capture(&mut self, inner: BodyId) {
        if !self.recording || !matches!(self.body.kind, BodyKind::Function | BodyKind::Lambda) {
            return;
        }
        for info in &self.module.bodies[inner.index()].locals {
            if let LocalKind::Free(outer) = info.kind
                && let Some(&value) = self.state.locals.get(outer.index())
                && self.has_memory(value)
            {
                let (via, how) = (Some(outer), Escape::Captured);
                self.emit(EventKind::Escaped { value, via, how, into: ValueId::BOTTOM });
            }
        }
    }

    // --- events about operands ----------------------------------------------------------------------------------

    /// The content of a temp's value is read.
    pub(crate) fn read(&mut self, temp: Temp, how: ReadHow) {
        let value = self.temp(temp);
        if self.recording && self.has_memory(value) {
            let via = self.root(temp).map(|root| root.local);
            let span = std::mem::replace(&mut self.span, self.body.temps[temp.index()]);
            self.emit(EventKind::Read { value, via, how });
            self.span = span;
        }
    }

    /// Elements are taken of an iterable: where these are no views of it, it is read.
    fn read_elements(&mut self, iterable: Temp, element: ValueId) {
        if self.values.array(self.temp(iterable)).is_some() && !self.has_memory(element) {
            self.read(iterable, ReadHow::Other);
        }
    }

    /// A temp's value is handed out.
    pub(crate) fn escape(&mut self, temp: Temp, how: Escape) {
        self.escape_into(temp, how, ValueId::BOTTOM);
    }

    /// A temp's value is stored into an object or container.
    pub(crate) fn escape_into(&mut self, temp: Temp, how: Escape, into: ValueId) {
        if !self.recording {
            return;
        }
        let kept = into != ValueId::BOTTOM && matches!(how, Escape::Collected | Escape::Keyed(_));
        if kept || how == Escape::Yielded {
            self.tell_holds(temp);
            // What is written out in a display goes by its own name.
            match self.def(temp) {
                Some(OpKind::Display(_, items)) => {
                    return items.iter().for_each(|item| self.escape_into(item.0, how, into));
                }
                Some(OpKind::Dict(items)) => {
                    return items.iter().for_each(|item| self.escape_into(item.1, how, into));
                }
                _ => {}
            }
        }
        let value = self.temp(temp);
        if self.has_memory(value) {
            let via = self.root(temp).map(|root| root.local);
            let span = std::mem::replace(&mut self.span, self.body.temps[temp.index()]);
            self.emit(EventKind::Escaped { value, via, how, into });
            self.span = span;
        }
    }

    /// The elements of a temp's value are put into a container.
    pub(crate) fn escape_elements(&mut self, temp: Temp, into: ValueId) {
        match self.def(temp) {
            Some(OpKind::Display(..)) => self.escape_into(temp, Escape::Collected, into),
            _ => self.escape(temp, Escape::Collected),
        }
    }

    /// The memory of a temp's value is written; `value` is the region written.
    pub(crate) fn write(&mut self, temp: Temp, value: ValueId, how: WriteHow) {
        if !self.recording || !self.has_memory(value) {
            return;
        }
        let root = self.root(temp);
        self.emit(EventKind::Written {
            value,
            object: self.temp(temp),
            via: root.map(|root| root.local),
            direct: root.is_some_and(|root| root.direct),
            how,
        });
    }

    // --- displays and imports -----------------------------------------------------------------------------------

    fn display(&mut self, kind: Display, items: &[(Temp, bool)]) -> ValueId {
        let starred = items.iter().any(|item| item.1);
        if kind != Display::Tuple {
            items.iter().for_each(|item| self.escape(item.0, Escape::Collected));
        }
        let mut values = Vec::with_capacity(items.len());
        for (temp, star) in items {
            let value = self.temp(*temp);
            values.push(if *star { self.iterate(value, How::Element) } else { value });
        }
        match kind {
            Display::Tuple if starred => {
                let joined = self.values.join_all(values);
                self.values.tuple_of(joined)
            }
            Display::Tuple => self.values.tuple(values),
            Display::List if !starred => self.new_list(values),
            Display::List | Display::Set => {
                let joined = self.values.join_all(values);
                let kind = if kind == Display::List { ObjectKind::List } else { ObjectKind::Set };
                self.new_sequence(kind, joined)
            }
        }
    }

    fn dict(&mut self, items: &[(Option<Temp>, Temp)]) -> ValueId {
        let mut content = Content { kind: ObjectKind::Dict, fixed: Vec::new(), rest: ValueId::BOTTOM, exact: false };
        for (key, temp) in items {
            self.escape(*temp, Escape::Collected);
            let value = self.temp(*temp);
            let key = key.map(|key| self.key(self.temp(key)));
            match key {
                Some(Some(key)) => self.put(&mut content, key, value),
                Some(None) => content.rest = self.values.join(content.rest, value),
                None => {
                    let all = self.dict_values(value);
                    content.rest = self.values.join(content.rest, all);
                }
            }
        }
        let dict = self.new_object(super::machine::LIST_PART, content);
        if let [(None, source)] = items {
            self.tell_shallow(*source, dict);
        }
        dict
    }

    /// The key of a dict, if it is a constant.
    pub(crate) fn key(&self, value: ValueId) -> Option<Key> {
        match self.values.get(value) {
            Value::Str(Some(text)) => Some(Key::Name(*text)),
            Value::Int(Some(n)) => Some(Key::Int(*n)),
            _ => None,
        }
    }

    fn comprehension(&mut self, kind: CompKind, element: Temp) -> ValueId {
        self.escape(element, Escape::Collected);
        let one = match self.def(element) {
            Some(OpKind::Load(local)) => self.body.locals[local.index()].kind != LocalKind::Comprehension,
            _ => false,
        };
        let element = self.temp(element);
        let kind = match kind {
            CompKind::List => ObjectKind::List,
            CompKind::Set => ObjectKind::Set,
            CompKind::Dict => ObjectKind::Dict,
            CompKind::Generator => ObjectKind::Iterator,
        };
        let made = self.new_sequence(kind, element);
        if one && kind != ObjectKind::Set {
            self.repeated(element, made, Repeat::Comprehension);
        }
        made
    }

    fn import(&mut self, path: &[Sym]) -> ValueId {
        let text = path.iter().map(|&sym| self.name(sym)).collect::<Vec<_>>().join(".");
        let path = self.paths.intern(&text);
        self.values.intern(Value::Module(path))
    }

    fn import_from(&mut self, module: &[Sym], level: u32, name: Sym) -> ValueId {
        let text = module.iter().map(|&sym| self.name(sym)).collect::<Vec<_>>().join(".");
        if level > 0 {
            let Some(path) = self.callees.absolute(&text, level, self.name(name)) else { return ValueId::UNKNOWN };
            let path = self.paths.intern(&path);
            return self.values.intern(Value::Module(path));
        }
        self.member(&text, self.name(name))
    }

    fn enter_context(&mut self, manager: Temp) -> ValueId {
        if matches!(self.values.get(self.temp(manager)), Value::Ref(objects) if self.library_class(objects).is_some()) {
            // A file of arrays (`h5py.File`) gives itself.
            return self.temp(manager);
        }
        // Files, locks and the like: nothing is known of what they hand out.
        self.escape(manager, Escape::Passed);
        ValueId::UNKNOWN
    }

    // --- operators that are not arithmetic ----------------------------------------------------------------------

    fn compare(&mut self, operator: CmpOp, left: Temp, right: Temp) -> ValueId {
        if !matches!(operator, CmpOp::Is | CmpOp::IsNot) {
            self.read(left, ReadHow::Operand);
            self.read(right, ReadHow::Operand);
        }
        match operator {
            CmpOp::Is | CmpOp::IsNot | CmpOp::In | CmpOp::NotIn => self.values.intern(Value::Bool(None)),
            CmpOp::Eq | CmpOp::NotEq => self.comparison(self.temp(left), self.temp(right)),
            _ => {
                // No container has an order among numbers.
                self.needs_array(BinOp::Sub, left, self.temp(right));
                self.comparison(self.temp(left), self.temp(right))
            }
        }
    }

    fn unary(&mut self, operator: UnaryOp, operand: Temp) -> ValueId {
        self.read(operand, ReadHow::Operand);
        let value = self.temp(operand);
        match (operator, self.values.get(value)) {
            (UnaryOp::Not, value) => {
                let truth = if let Value::Bool(Some(truth)) = value { Some(!truth) } else { None };
                self.values.intern(Value::Bool(truth))
            }
            (UnaryOp::USub, Value::Int(Some(n))) => {
                let negated = n.checked_neg();
                self.values.int(negated)
            }
            _ => {
                self.is_operand(operand);
                self.elementwise(&[self.temp(operand)], None)
            }
        }
    }

    fn binary(&mut self, operator: BinOp, left: Temp, right: Temp) -> ValueId {
        self.read(left, ReadHow::Operand);
        self.read(right, ReadHow::Operand);
        self.needs_array(operator, left, self.temp(right));
        self.needs_array(operator, right, self.temp(left));
        self.operate(operator, self.temp(left), self.temp(right))
    }

    /// The arguments of a call, evaluated.
    fn args(&self, args: &'a [crate::ir::Arg]) -> Args<'a> {
        Args { list: args, values: args.iter().map(|arg| self.temp(arg.value)).collect() }
    }
}
