//! What is known when a body is entered: parameters, globals, closure variables, annotations.

use super::known::Builtin;
use super::machine::Machine;
use crate::domain::{Array, Evidence, Kinds, Origin, State, Tri, Value, ValueId};
use crate::ir::docstring::{self, DocTypes};
use crate::ir::{Ann, BodyId, BodyKind, Default, DocType, Local, LocalKind, Param, ParamKind};
use crate::model::RowId;
use crate::source::Span;

/// What an annotation says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// Nothing that helps.
    Nothing,
    /// These kinds; arrays among them are certain.
    Kinds(Kinds),
    /// An integer.
    Int,
    /// A bool.
    Bool,
}

impl<'a> Machine<'a> {
    /// The state at the body's first block.
    pub(crate) fn entry_state(&mut self) -> State {
        let mut state = State::new(self.body.locals.len());
        let text = self.text;
        let words = self.body.docstring.and_then(|span| text.get(span.start as usize..span.end as usize));
        // Without any word on arrays a docstring can only speak against what is used as one.
        let told = |words: &&str| {
            let used = || self.body.params.iter().any(|param| self.used_as_array[param.local.index()]);
            !self.body.params.is_empty() && (docstring::speaks_of_arrays(words) || used())
        };
        let types = words.filter(told).map(DocTypes::new);
        for (i, param) in self.body.params.iter().enumerate() {
            let doc = types.as_ref().map_or(DocType::Unsaid, |types| types.of(self.name(param.name)));
            state.locals[param.local.index()] = self.parameter(param, doc, i == 0);
        }
        for (local, value) in self.take_facts() {
            state.locals[local.index()] = value;
        }
        // A global that this body binds holds what it held before, until then.
        for (i, info) in self.body.locals.iter().enumerate() {
            if let LocalKind::Global(global) = info.kind
                && self.stored[i]
            {
                state.locals[i] = self.load_global(global);
            }
        }
        state
    }

    fn parameter(&mut self, param: &'a Param, doc: DocType, first: bool) -> ValueId {
        let buf = self.buffers.of(Origin::Param(self.id, param.local), param.span);
        let mut array = Array::on_entry(buf, Kinds::ALL);
        match param.kind {
            ParamKind::VarArgs => {
                // Each element is one of the values that are passed; which, is not known here.
                array.lies = false;
                let element = self.values.make(array);
                return self.values.tuple_of(element);
            }
            ParamKind::VarKwargs => {
                array.kinds = Kinds::CONTAINER;
                array.lies = false;
                array.entry = false;
                return self.values.make(array);
            }
            _ => {}
        }
        if first && self.is_method() {
            array.kinds = if self.extends_array() && !self.takes_class() { Kinds::ARRAY } else { Kinds::OTHER };
            return self.values.make(array);
        }
        if self.name(param.name) == "xp" {
            // The array API's name for a namespace: `xp.reshape(x, shape)` is a function's call.
            array.kinds = Kinds::OTHER.union(Kinds::NONE);
            return self.values.make(array);
        }
        if doc == DocType::Unsaid
            && let Some(class) = self.seeming_class(param)
        {
            self.seeming.insert((self.id, param.local), class);
            array.kinds = Kinds::OTHER;
            if param.default.is_some() {
                array.kinds = array.kinds.union(Kinds::NONE);
            }
            return self.values.make(array);
        }
        match param.annotation.as_ref().map_or(Said::Nothing, |ann| self.annotation(ann)) {
            Said::Int => return self.values.int(None),
            Said::Bool => return self.values.intern(Value::Bool(None)),
            Said::Nothing if self.is_annotated_tuple(param) => array.kinds = Kinds::CONTAINER.union(Kinds::NONE),
            Said::Nothing => {}
            Said::Kinds(kinds) if kinds.has(Kinds::ARRAY) => {
                // Callers pass lists and tuples to annotated parameters all the same (astropy's own tests do): an
                // annotation is good evidence for a rule, but `inspect` claims nothing of it.
                array.evidence = Evidence::Likely;
            }
            Said::Kinds(kinds) => {
                array.kinds = kinds;
                if param.default == Some(Default::None) {
                    array.kinds = array.kinds.union(Kinds::NONE);
                }
            }
        }
        if matches!(param.default, Some(Default::Other(_))) && self.has_array_default(param) {
            self.buffers.get_mut(buf).default_array = true;
            array.evidence = array.evidence.max(Evidence::Likely);
        }
        let documented = matches!(doc, DocType::Array | DocType::MaybeArray);
        let used = self.used_as_array[param.local.index()] && !matches!(doc, DocType::Other | DocType::Object);
        if (documented || used) && array.evidence == Evidence::None {
            array.evidence = Evidence::Likely;
        }
        if array.evidence == Evidence::None
            && !matches!(doc, DocType::Other | DocType::Object)
            && self.callers.pass_an_array(self.id, param.local)
        {
            array.evidence = Evidence::Likely;
            self.callers.witnesses.arrays.insert((self.id, param.local));
        }
        // What such a parameter is bound to later on is an array as well, if nothing is known of it.
        self.seems_array[param.local.index()] |= array.evidence >= Evidence::Likely;
        self.values.make(array)
    }

    /// Does the docstring say that the parameter is an object of a class of its own?
    pub(crate) fn is_documented_object(&self, local: Local) -> bool {
        let Some(param) = self.body.params.iter().find(|param| param.local == local) else { return false };
        let words = self.body.docstring.and_then(|span| self.text.get(span.start as usize..span.end as usize));
        words.is_some_and(|words| DocTypes::new(words).of(self.name(param.name)) == DocType::Object)
    }

    fn is_method(&self) -> bool {
        let holder = self.body.class.is_some() && self.body.kind == BodyKind::Function;
        holder
            && !self.body.decorators.iter().any(|path| path.last().is_some_and(|&sym| self.name(sym) == "staticmethod"))
    }

    /// Is a method's first parameter the class, rather than an instance of it?
    /// (<https://docs.python.org/3/reference/datamodel.html#object.__new__>)
    fn takes_class(&self) -> bool {
        let name = self.body.qualname.rsplit('.').next().unwrap_or("");
        matches!(name, "__new__" | "__init_subclass__" | "__class_getitem__")
            || self.body.decorators.iter().any(|path| path.last().is_some_and(|&sym| self.name(sym) == "classmethod"))
    }

    /// Does the method's class extend an array class, as far as the names of its bases tell?
    fn extends_array(&self) -> bool {
        let Some(class) = self.body.class else { return false };
        self.module.classes[class.index()].bases.iter().any(|base| {
            base.last().is_some_and(|&sym| matches!(self.name(sym), "ndarray" | "matrix" | "recarray" | "memmap"))
        })
    }

    /// The value of a name of the module's scope, read in another scope.
    pub(crate) fn load_global(&mut self, local: Local) -> ValueId {
        let value = self.globals[local.index()];
        let info = &self.module.bodies[0].locals[local.index()];
        let once = self.global_stores[local.index()] == 1 && !info.rebound_inside;
        match self.values.get(value).clone() {
            Value::Array(array) if once && array.certain() => {
                let buf = self.buffers.of(Origin::Global(local), Span::default());
                let mut array = Array { bufs: smallvec::smallvec![buf], unknown: false, lies: true, ..array };
                array.region = crate::domain::Region::Whole;
                array.made_by = 0;
                array.entry = true;
                array.writeable = Tri::May;
                self.values.make(array)
            }
            Value::Module(_) | Value::Row(_) | Value::Function(_) | Value::Class(_) | Value::Dtype(_)
                if !info.rebound_inside =>
            {
                value
            }
            Value::Int(_)
            | Value::Float
            | Value::Complex
            | Value::Number
            | Value::Bool(_)
            | Value::Str(_)
            | Value::Scalar
            | Value::Slice(..)
                if once =>
            {
                value
            }
            _ if info.rebound_inside => {
                let buf = self.buffers.of(Origin::Global(local), Span::default());
                let array = Array { lies: false, unknown: true, ..Array::within(buf, Kinds::ANY, Evidence::None) };
                self.values.make(array)
            }
            _ => {
                let buf = self.buffers.of(Origin::Global(local), Span::default());
                let kinds = match self.values.get(value) {
                    Value::Ref(_) if once => self.values.kinds(value),
                    _ if once => self.values.kinds(value).union(Kinds::ARRAY),
                    _ => Kinds::ALL,
                };
                // What a name of the module holds may be put there by anyone: elements count as the global's memory
                // only where nobody but the module binds it.
                let array = Array::on_entry(buf, kinds.union(Kinds::OTHER));
                self.values.make(array)
            }
        }
    }

    /// The value of a name of an enclosing function.
    pub(crate) fn load_closure(&mut self, local: Local, outer: Local) -> ValueId {
        if let Some(parent) = self.function_around()
            && let Some(&value) = self.captures.get(&(parent, outer))
            && matches!(self.values.get(value), Value::Module(_) | Value::Row(_) | Value::Function(_) | Value::Class(_))
        {
            return value;
        }
        let buf = self.buffers.of(Origin::Closure(self.id, local), Span::default());
        let mut array = Array::on_entry(buf, Kinds::ALL);
        if self.closes_over_array(outer) {
            array.evidence = Evidence::Likely;
        }
        if self.body.locals[local.index()].rebound_inside && !self.is_tame(self.id, local)
            || self.rebound_outside(outer)
        {
            array.unknown = true;
            array.lies = false;
            array.entry = false;
        }
        self.values.make(array)
    }

    /// May the variable of the enclosing function be rebound by another function while this one runs?
    fn rebound_outside(&mut self, outer: Local) -> bool {
        let Some(parent) = self.function_around() else { return true };
        let rebound =
            self.module.bodies[parent.index()].locals.get(outer.index()).is_none_or(|info| info.rebound_inside);
        rebound && !self.is_tame(parent, outer)
    }

    pub(super) fn function_around(&self) -> Option<BodyId> {
        self.function_around_body(self.id)
    }

    /// What an annotation says of a value.
    pub(crate) fn annotation(&mut self, ann: &Ann) -> Said {
        match ann {
            Ann::Name(path) => self.annotation_name(path),
            Ann::Sub(head, args) => {
                let Ann::Name(path) = &**head else { return Said::Nothing };
                let last = path.last().map_or("", |&sym| self.name(sym));
                match last {
                    "Optional" => match args.first().map_or(Said::Nothing, |ann| self.annotation(ann)) {
                        Said::Kinds(kinds) => Said::Kinds(kinds.union(Kinds::NONE)),
                        _ => Said::Nothing,
                    },
                    "Union" => self.annotation_union(args),
                    "Annotated" | "Final" | "ClassVar" => {
                        args.first().map_or(Said::Nothing, |ann| self.annotation(ann))
                    }
                    "NDArray" | "ndarray" => self.annotation_name(path),
                    "List" | "list" | "Tuple" | "tuple" | "Dict" | "dict" | "Sequence" | "Mapping" | "Iterable"
                    | "Set" | "set" => Said::Kinds(Kinds::CONTAINER.union(Kinds::OTHER)),
                    _ => Said::Nothing,
                }
            }
            Ann::Union(parts) => self.annotation_union(parts),
            Ann::None => Said::Kinds(Kinds::NONE),
            Ann::Other => Said::Nothing,
        }
    }

    fn annotation_union(&mut self, parts: &[Ann]) -> Said {
        let mut kinds = Kinds(0);
        for part in parts {
            match self.annotation(part) {
                Said::Kinds(more) => kinds = kinds.union(more),
                Said::Int | Said::Bool => kinds = kinds.union(Kinds::SCALAR),
                Said::Nothing => return Said::Nothing,
            }
        }
        Said::Kinds(kinds)
    }

    fn annotation_name(&mut self, path: &[crate::ir::Sym]) -> Said {
        let Some((&first, rest)) = path.split_first() else { return Said::Nothing };
        if rest.is_empty() {
            match self.known.builtin(first) {
                Some(Builtin::Int) => return Said::Int,
                Some(Builtin::Bool) => return Said::Bool,
                Some(Builtin::Str | Builtin::Bytes) => return Said::Kinds(Kinds::SCALAR),
                Some(Builtin::List | Builtin::Tuple | Builtin::Dict | Builtin::Set) => {
                    return Said::Kinds(Kinds::CONTAINER.union(Kinds::OTHER));
                }
                _ => {}
            }
        }
        let last = self.name(path[path.len() - 1]);
        if !matches!(last, "ndarray" | "NDArray") {
            return Said::Nothing;
        }
        // `np.ndarray`, `numpy.typing.NDArray`, `from numpy import ndarray`: the root must come from NumPy.
        let root = self.module.bodies[0]
            .locals
            .iter()
            .position(|info| info.name == first && matches!(info.kind, LocalKind::Plain));
        let from_numpy = match root {
            None => false,
            Some(local) => match self.global_at_entry(Local(local as u32)) {
                Some(path) => path.starts_with("numpy"),
                None => self.name(first) == "np" || self.name(first) == "numpy",
            },
        };
        if from_numpy { Said::Kinds(Kinds::ARRAY) } else { Said::Nothing }
    }

    /// The dotted path of what a global is bound to, if it is a module or something in one.
    fn global_at_entry(&self, local: Local) -> Option<&str> {
        let value =
            if self.id == BodyId(0) { self.state.locals.get(local.index()) } else { self.globals.get(local.index()) };
        match self.values.get(*value?) {
            Value::Module(path) => Some(self.paths.text(*path)),
            Value::Row(row) => Some(&self.model.row(RowId(*row)).name),
            _ => None,
        }
    }
}
