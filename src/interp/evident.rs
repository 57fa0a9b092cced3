//! What is certainly an array, as far as the names of the module's scope tell: the default values of parameters, and what
//! the methods of a class bind its attributes to.

use smallvec::SmallVec;

use super::machine::Machine;
use crate::domain::{BufId, Origin, Value, ValueId};
use crate::ir::{BlockId, BodyId, ClassId, CmpOp, Const, Local, LocalKind, Module, Op, OpKind, Param, Sym, Temp};
use crate::model::{ResultRule, RowId};

/// Expressions are looked into this deep.
const MAX_DEPTH: usize = 8;

impl<'a> Machine<'a> {
    /// Is the default of a parameter of the body that runs certainly an array, made when the function was defined?
    pub(crate) fn has_array_default(&mut self, param: &Param) -> bool {
        self.default_of(self.id, param).is_some_and(|(of_block, temp)| self.makes_array(&of_block, temp, 0))
    }

    /// The string that a parameter of a function of the file has by default.
    pub(crate) fn default_text(&self, body: BodyId, param: &Param) -> Option<Sym> {
        let (of_block, temp) = self.default_of(body, param)?;
        match of_block.op(temp)?.kind {
            OpKind::Const(Const::Str(text)) => Some(text),
            _ => None,
        }
    }

    /// The expression of a parameter's default, and where it stands.
    fn default_of(&self, body: BodyId, param: &Param) -> Option<(Made<'a>, Temp)> {
        let function = &self.module.bodies[body.index()];
        let parent = function.parent?;
        let with_default = |param: &&Param| param.default.is_some();
        let position = function.params.iter().filter(with_default).position(|other| other.local == param.local)?;
        for block in &self.module.bodies[parent.index()].blocks {
            for op in &block.ops {
                if let OpKind::Function(made, defaults) = &op.kind
                    && *made == body
                {
                    return defaults.get(position).map(|&temp| (Made { parent, ops: &block.ops }, temp));
                }
            }
        }
        None
    }

    /// Does the function around the body bind its variable to an array?
    pub(crate) fn closes_over_array(&mut self, outer: Local) -> bool {
        let Some(parent) = self.function_around() else { return false };
        if let Some(&known) = self.captured_arrays.get(&(parent, outer)) {
            return known;
        }
        let module = self.module;
        let mut found = false;
        for block in &module.bodies[parent.index()].blocks {
            let of_block = Made { parent, ops: &block.ops };
            for op in &block.ops {
                let OpKind::Store(local, value) = op.kind else { continue };
                found |= local == outer && self.makes_array(&of_block, value, 0);
            }
        }
        self.captured_arrays.insert((parent, outer), found);
        found
    }

    /// Does a method of the object's class bind the attribute to an array, and none bind it to a number?
    pub(crate) fn is_array_attribute(&mut self, object: BufId, name: Sym) -> bool {
        let Origin::Param(body, local) = self.buffers.get(object).origin else { return false };
        let seeming = self.seeming.get(&(body, local)).copied();
        let body = &self.module.bodies[body.index()];
        let own = body.class.filter(|_| body.params.first().is_some_and(|param| param.local == local));
        let Some(class) = seeming.or(own) else { return false };
        if let Some(&known) = self.array_attributes.get(&(class, name)) {
            return known;
        }
        let mut line = self.classes.own_line(class).into_iter();
        let found = line.any(|class| self.binds_to_array(class, name));
        self.array_attributes.insert((class, name), found);
        found
    }

    fn binds_to_array(&mut self, class: ClassId, name: Sym) -> bool {
        self.binds_to(class, name, 0)
    }

    fn binds_to(&mut self, class: ClassId, name: Sym, depth: usize) -> bool {
        let module = self.module;
        let bindings = self.bindings.entry(class).or_insert_with(|| Bindings::of(module, class));
        let bound: SmallVec<[Bound; 4]> = bindings.0.iter().filter(|bound| bound.name == name).copied().collect();
        let mut found = self.declares_array(class, name);
        for Bound { method, block, value, .. } in bound {
            let of_block = Made { parent: method, ops: &module.bodies[method.index()].blocks[block.index()].ops };
            match of_block.op(value).map(|op| &op.kind) {
                Some(OpKind::Const(Const::None)) => {}
                Some(OpKind::Const(_)) => return false,
                _ => found = found || self.makes_array(&of_block, value, depth),
            }
        }
        found
    }

    /// Is the expression's value an array, as far as the names of the module's scope tell?
    fn makes_array(&mut self, made: &Made<'a>, temp: Temp, depth: usize) -> bool {
        let Some(op) = made.op(temp).filter(|_| depth < MAX_DEPTH) else { return false };
        match &op.kind {
            OpKind::Load(local) => {
                let value = self.outer(made.parent, *local);
                self.values.array(value).is_some_and(|array| array.certain())
            }
            OpKind::Compare(CmpOp::Is | CmpOp::IsNot | CmpOp::In | CmpOp::NotIn, ..) => false,
            OpKind::Binary(_, left, right) | OpKind::Compare(_, left, right) => {
                self.makes_array(made, *left, depth + 1) || self.makes_array(made, *right, depth + 1)
            }
            OpKind::Unary(_, operand) => self.makes_array(made, *operand, depth + 1),
            // `self.mask = self.data > 0`
            OpKind::Attr(obj, name) => {
                let body = &self.module.bodies[made.parent.index()];
                let receiver = body.params.first().map(|param| param.local);
                match (made.op(*obj).map(|op| &op.kind), body.class) {
                    (Some(OpKind::Load(local)), Some(class)) if Some(*local) == receiver => {
                        let mut line = self.classes.own_line(class).into_iter();
                        depth + 2 < MAX_DEPTH && line.any(|class| self.binds_to(class, *name, depth + 2))
                    }
                    _ => false,
                }
            }
            OpKind::Call(callee, _) => {
                let callee = self.path_value(made, *callee, depth + 1);
                self.gives_array(callee)
            }
            OpKind::Method { obj, name, .. } => match self.path_value(made, *obj, depth + 1) {
                ValueId::UNKNOWN => {
                    matches!(self.name(*name), "copy" | "astype" | "reshape") && self.makes_array(made, *obj, depth + 1)
                }
                of => {
                    let callee = self.member_at(of, self.name(*name));
                    self.gives_array(callee)
                }
            },
            _ => false,
        }
    }

    /// What a dotted name stands for: a module, or something in one.
    fn path_value(&mut self, made: &Made<'a>, temp: Temp, depth: usize) -> ValueId {
        let Some(op) = made.op(temp).filter(|_| depth < MAX_DEPTH) else { return ValueId::UNKNOWN };
        match &op.kind {
            OpKind::Load(local) => match self.outer(made.parent, *local) {
                value if matches!(self.values.get(value), Value::Module(_) | Value::Row(_)) => value,
                _ => ValueId::UNKNOWN,
            },
            OpKind::Attr(obj, name) => {
                let of = self.path_value(made, *obj, depth + 1);
                self.member_at(of, self.name(*name))
            }
            _ => ValueId::UNKNOWN,
        }
    }

    fn member_at(&mut self, of: ValueId, name: &str) -> ValueId {
        match self.values.get(of) {
            Value::Module(path) => {
                let path = self.paths.text(*path).to_string();
                self.member(&path, name)
            }
            _ => ValueId::UNKNOWN,
        }
    }

    /// Is it a function of the model that returns an array, whatever it is given?
    fn gives_array(&self, callee: ValueId) -> bool {
        match self.values.get(callee) {
            Value::Row(row) => matches!(
                self.model.row(RowId(*row)).result,
                ResultRule::Fresh { .. } | ResultRule::SameOrCopy(_) | ResultRule::ViewOrCopy(_)
            ),
            _ => false,
        }
    }

    /// What a name of the defining scope is bound to, if it is a name of the module.
    fn outer(&self, parent: BodyId, local: Local) -> ValueId {
        let global = match self.module.bodies[parent.index()].locals[local.index()].kind {
            LocalKind::Global(global) => Some(global),
            LocalKind::Plain if parent == BodyId(0) => Some(local),
            _ => None,
        };
        global.and_then(|global| self.globals.get(global.index()).copied()).unwrap_or(ValueId::UNKNOWN)
    }
}

/// What the methods of a class bind attributes of their object to.
#[derive(Debug, Default)]
pub(crate) struct Bindings(Vec<Bound>);

#[derive(Clone, Copy, Debug)]
struct Bound {
    name: Sym,
    method: BodyId,
    block: BlockId,
    value: Temp,
}

impl Bindings {
    fn of(module: &Module, class: ClassId) -> Bindings {
        let mut bindings = Vec::new();
        for &(_, method) in &module.classes[class.index()].methods {
            let body = &module.bodies[method.index()];
            let first = body.params.first().map(|param| param.local);
            for (block, ops) in body.blocks.iter().enumerate().map(|(i, block)| (BlockId(i as u32), &block.ops)) {
                let of_block = Made { parent: method, ops };
                let own =
                    |obj| matches!(of_block.op(obj).map(|op| &op.kind), Some(OpKind::Load(of)) if Some(*of) == first);
                bindings.extend(ops.iter().filter_map(|op| match op.kind {
                    OpKind::SetAttr { obj, name, value, inplace: false } if own(obj) => {
                        Some(Bound { name, method, block, value })
                    }
                    _ => None,
                }));
            }
        }
        Bindings(bindings)
    }
}

/// The block in which a function is defined: what its temps are made by.
struct Made<'a> {
    parent: BodyId,
    ops: &'a [Op],
}

impl<'a> Made<'a> {
    fn op(&self, temp: Temp) -> Option<&'a Op> {
        self.ops.iter().find(|op| op.dest == Some(temp))
    }
}
