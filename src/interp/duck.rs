//! Of which class of the file a parameter most likely is an instance: by its annotation, or because one class alone has
//! all the methods and attributes that the body asks of it. That is no proof: what is concluded from it holds perhaps.

use super::machine::Machine;
use crate::domain::{Array, BufId, Kinds, Origin, Value, ValueId};
use crate::ir::{Ann, ArgKind, Body, ClassId, Default, Local, OpKind, Param, ParamKind, Sym, Temp};

impl<'a> Machine<'a> {
    /// The class of the file that the parameter of the body that runs is an instance of, as it seems.
    pub(super) fn seeming_class(&self, param: &Param) -> Option<ClassId> {
        let plain = matches!(param.kind, ParamKind::PositionalOnly | ParamKind::Ordinary | ParamKind::KeywordOnly);
        if self.module.classes.is_empty() || !plain || !matches!(param.default, None | Some(Default::None)) {
            return None;
        }
        match &param.annotation {
            Some(Ann::Name(path)) => {
                return self.classes.named(path).filter(|&class| self.is_plain(class) && !self.extends_tuple(class));
            }
            Some(_) => return None,
            None => {}
        }
        let asked = asked_of(self.body, param.local)?;
        let telling = |name: &Sym| !self.is_common(*name);
        if !asked.iter().any(telling) {
            return None;
        }
        let mut having =
            (0..self.module.classes.len() as u32).map(ClassId).filter(|&class| self.has_all(class, &asked));
        let (Some(class), None) = (having.next(), having.next()) else { return None };
        (self.is_plain(class) && !self.extends_tuple(class)).then_some(class)
    }

    /// Is it a name that arrays or containers have a method or attribute of?
    fn is_common(&self, name: Sym) -> bool {
        let meaning = self.known.meaning(name);
        self.known.method(name).is_some()
            || self.known.attribute(name).is_some()
            || meaning.hands_on
            || meaning.collects
            || matches!(
                self.name(name),
                "keys" | "clear" | "append" | "add" | "remove" | "name" | "read" | "write" | "close"
            )
    }

    /// Has the class, with those that it inherits from, all of these methods and attributes, a method among them?
    fn has_all(&self, class: ClassId, asked: &[Sym]) -> bool {
        let chain = self.classes.own_line(class);
        let mut methods = false;
        let all = asked.iter().all(|name| {
            chain.iter().any(|class| {
                let info = &self.module.classes[class.index()];
                let method = info.methods.iter().any(|method| method.0 == *name);
                methods |= method;
                method || info.attributes.contains(name)
            })
        });
        all && methods
    }

    /// Is the object on entry one of which the class is only seeming?
    pub(super) fn is_seeming(&self, object: BufId) -> bool {
        match self.buffers.get(object).origin {
            Origin::Param(body, local) => self.seeming.contains_key(&(body, local)),
            _ => false,
        }
    }

    /// What a method returns, if it is that method that was called.
    pub(super) fn doubted(&mut self, value: ValueId) -> ValueId {
        match self.values.get(value).clone() {
            Value::Array(array) if !array.bufs.is_empty() => {
                let kinds = array.kinds.union(Kinds::ANY);
                self.values.make(Array { kinds, unknown: true, lies: false, entry: false, ..array })
            }
            Value::Tuple(items) => {
                let items = items.into_iter().map(|item| self.doubted(item)).collect();
                self.values.tuple(items)
            }
            _ => ValueId::UNKNOWN,
        }
    }
}

/// The methods and attributes that a body asks of a parameter; None where it is used in ways that instances seldom are.
fn asked_of(body: &Body, param: Local) -> Option<Vec<Sym>> {
    let mut asked = Vec::new();
    let mut loads: Vec<Temp> = Vec::new();
    for block in &body.blocks {
        loads.clear();
        for op in &block.ops {
            let is_it = |temp: &Temp| loads.contains(temp);
            match &op.kind {
                OpKind::Load(local) if *local == param => loads.extend(op.dest),
                OpKind::Store(local, _) if *local == param => return None,
                _ if loads.is_empty() => {}
                OpKind::Attr(obj, name) if is_it(obj) => asked.push(*name),
                OpKind::SetAttr { obj, name, .. } if is_it(obj) => asked.push(*name),
                OpKind::Method { obj, name, args, .. } => {
                    if is_it(obj) {
                        asked.push(*name);
                    }
                    if args.iter().any(|arg| arg.kind != ArgKind::Pos && is_it(&arg.value)) {
                        return None;
                    }
                }
                OpKind::Index(obj, _)
                | OpKind::SetItem { obj, .. }
                | OpKind::InPlace(_, obj, _)
                | OpKind::Iterate(obj)
                | OpKind::Unpack { value: obj, .. }
                | OpKind::Unary(_, obj)
                    if is_it(obj) =>
                {
                    return None;
                }
                OpKind::Binary(_, left, right) if is_it(left) || is_it(right) => return None,
                _ => {}
            }
        }
    }
    asked.sort_unstable();
    asked.dedup();
    (!asked.is_empty()).then_some(asked)
}
