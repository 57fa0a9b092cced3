//! Records: classes whose constructor is made from the fields that their body declares, `@dataclass` and `NamedTuple`.
//! (<https://docs.python.org/3/library/dataclasses.html>, <https://docs.python.org/3/library/typing.html#typing.NamedTuple>)

use super::call::Args;
use super::entry::Said;
use super::machine::Machine;
use super::summary::Done;
use crate::domain::{Array, Content, Evidence, Kinds, ObjectKind, Value, ValueId};
use crate::ir::{Ann, ArgKind, ClassId, OpKind, Param, Sym};

impl<'a> Machine<'a> {
    /// Is the decorator `dataclass`, which leaves a class what it is?
    pub(super) fn is_dataclass(&self, decorator: &[Sym]) -> bool {
        decorator.last().is_some_and(|&name| self.name(name) == "dataclass")
    }

    /// Is the base `NamedTuple`?
    pub(super) fn is_named_tuple(&self, base: &[Sym]) -> bool {
        base.last().is_some_and(|&name| self.name(name) == "NamedTuple")
    }

    /// Are its instances tuples, too, of what their attributes are?
    pub(super) fn extends_tuple(&self, class: ClassId) -> bool {
        self.module.classes[class.index()].bases.iter().any(|base| self.is_named_tuple(base))
    }

    /// Is the parameter annotated as a named tuple of the file?
    pub(super) fn is_annotated_tuple(&self, param: &Param) -> bool {
        let Some(Ann::Name(path)) = &param.annotation else { return false };
        self.classes.named(path).is_some_and(|class| self.extends_tuple(class))
    }

    /// The fields of a record, in the order in which its constructor takes them; None: it is none, or takes them otherwise.
    pub(super) fn fields(&self, class: ClassId) -> Option<Vec<(Sym, &'a Ann)>> {
        let info = &self.module.classes[class.index()];
        let body = &self.module.bodies[info.body.index()];
        let made = body.decorators.iter().any(|path| self.is_dataclass(path))
            || info.bases.iter().any(|base| self.is_named_tuple(base));
        let inherits = info.bases.iter().any(|base| self.classes.named(base).is_some());
        // `field(init=False)`, `field(kw_only=True)`: the constructor takes other arguments.
        let asks = |name: Sym| matches!(self.name(name), "init" | "kw_only");
        let unlike = body.blocks.iter().flat_map(|block| &block.ops).any(|op| match &op.kind {
            OpKind::Call(_, args) => args.iter().any(|arg| matches!(arg.kind, ArgKind::Kw(name) if asks(name))),
            _ => false,
        });
        let is_field = |ann: &Ann| match ann {
            Ann::Name(path) => path.last().is_none_or(|&name| self.name(name) != "KW_ONLY"),
            Ann::Sub(head, _) => match &**head {
                Ann::Name(path) => path.last().is_none_or(|&name| !matches!(self.name(name), "ClassVar" | "InitVar")),
                _ => true,
            },
            _ => true,
        };
        if !made || inherits || unlike || !body.annotations.iter().all(|(_, ann)| is_field(ann)) {
            return None;
        }
        Some(body.annotations.iter().map(|(local, ann)| (body.locals[local.index()].name, ann)).collect())
    }

    /// Does the class's body declare the attribute as an array?
    pub(super) fn declares_array(&mut self, class: ClassId, name: Sym) -> bool {
        self.declared(class, name).is_some_and(|ann| self.annotation(ann) == Said::Kinds(Kinds::ARRAY))
    }

    /// Does the class's own body annotate the name?
    pub(super) fn declares(&self, class: ClassId, name: Sym) -> bool {
        self.declared(class, name).is_some()
    }

    fn declared(&self, class: ClassId, name: Sym) -> Option<&'a Ann> {
        let body = &self.module.bodies[self.module.classes[class.index()].body.index()];
        body.annotations.iter().find(|(local, _)| body.locals[local.index()].name == name).map(|(_, ann)| ann)
    }

    /// What the constructor that a class without one of its own has stores: of a record, what it is passed for its fields.
    pub(super) fn fill_record(&mut self, class: ClassId, args: &Args<'a>) -> Done {
        let mut done = Done::nothing();
        let starred = args.list.iter().any(|arg| matches!(arg.kind, ArgKind::Star | ArgKind::DoubleStar));
        let Some(fields) = self.fields(class).filter(|_| !starred) else { return done };
        for (position, (arg, &value)) in args.list.iter().zip(&args.values).enumerate() {
            let field = match arg.kind {
                ArgKind::Kw(name) => fields.iter().find(|field| field.0 == name),
                _ => fields.get(position),
            };
            let Some(&(name, ann)) = field else { continue };
            let is_array = self.annotation(ann) == Said::Kinds(Kinds::ARRAY);
            let value = if is_array { self.taken_for_array(value) } else { value };
            done.stores.push((name, value));
        }
        let prepares = self.module.names.get("__post_init__").and_then(|name| self.find_method(class, name));
        done.effects = prepares.is_some();
        done
    }

    /// `dataclasses.replace(record, name=value)`: a new record of what the other one's fields are, but for those that are
    /// given; None: it is not known of which class. (<https://docs.python.org/3/library/dataclasses.html#dataclasses.replace>)
    pub(super) fn replaced_record(&mut self, args: &Args<'a>) -> Option<ValueId> {
        let (record, _) = args.positional(0)?;
        let class = match self.values.get(record) {
            Value::Ref(objects) => self.instance_class(objects)?,
            Value::Array(array) => match self.entry_objects(array)[..] {
                [object] => self.class_of(object)?,
                _ => return None,
            },
            _ => return None,
        };
        let fields: Vec<Sym> = self.fields(class)?.into_iter().map(|field| field.0).collect();
        if args.list.iter().any(|arg| arg.kind == ArgKind::DoubleStar) {
            return None;
        }
        let mut done = Done::nothing();
        for name in fields {
            let given = args.list.iter().zip(&args.values).find(|(arg, _)| arg.kind == ArgKind::Kw(name));
            let value = match (given, self.values.get(record).clone()) {
                (Some((_, &value)), _) => value,
                (None, Value::Ref(objects)) => self.instance_attribute(&objects, record, name),
                (None, Value::Array(array)) => self.object_attribute(&array, name),
                (None, _) => ValueId::UNKNOWN,
            };
            done.stores.push((name, value));
        }
        let prepares = self.module.names.get("__post_init__").and_then(|name| self.find_method(class, name));
        done.effects = prepares.is_some();
        self.pass(args);
        let kind = ObjectKind::Instance(Some(class));
        let content = Content { kind, fixed: Vec::new(), rest: ValueId::UNKNOWN, exact: false };
        Some(self.made(content, Some(done), args))
    }

    /// The value, for which an annotation speaks.
    fn taken_for_array(&mut self, value: ValueId) -> ValueId {
        match self.values.get(value) {
            Value::Array(array) if array.kinds.meets(Kinds::ARRAY) && array.evidence == Evidence::None => {
                let array = Array { evidence: Evidence::Likely, ..array.clone() };
                self.values.make(array)
            }
            _ => value,
        }
    }
}
