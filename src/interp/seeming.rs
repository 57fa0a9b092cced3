//! What a name is bound to, where the way that it is used speaks for an array: also what something unknown gave.

use super::machine::Machine;
use crate::domain::{Array, Evidence, Kinds, Origin, Value, ValueId};
use crate::ir::{Local, OpKind, Sym, Temp};
use crate::trace::EventKind;

impl Machine<'_> {
    /// The value of a name that is used as only arrays are, somewhere in the body.
    pub(super) fn used(&mut self, local: Local, value: ValueId, temp: Temp) -> ValueId {
        match self.values.get(value) {
            Value::Unknown if self.seems_array[local.index()] && !self.is_instance(temp) => self.result(temp),
            Value::Array(array) if array.evidence == Evidence::None && self.used_as_array[local.index()] => {
                let array = Array { evidence: Evidence::Likely, ..array.clone() };
                self.values.make(array)
            }
            _ => value,
        }
    }

    /// What something unknown gave, and what is most likely an array: it lies in memory of its own name, which may be any.
    fn result(&mut self, temp: Temp) -> ValueId {
        let span = std::mem::replace(&mut self.span, self.body.temps[temp.index()]);
        let buf = self.alloc_as(0, Origin::Result);
        let array = Array { bufs: smallvec::smallvec![buf], ..Array::unknown(Kinds::ANY, Evidence::Likely) };
        let value = self.values.make(array);
        self.emit(EventKind::Made { buf });
        self.span = span;
        value
    }

    /// Is the temp what a class was called for, as its name tells: an object with ways of its own?
    fn is_instance(&self, temp: Temp) -> bool {
        let named = |name: Sym| self.name(name).trim_start_matches('_').starts_with(|c: char| c.is_ascii_uppercase());
        match self.def(temp) {
            Some(OpKind::Call(callee, _)) => match self.def(*callee) {
                Some(OpKind::Load(local)) => {
                    let name = self.body.locals[local.index()].name;
                    named(name) || self.module.classes.iter().any(|class| class.name == name)
                }
                _ => false,
            },
            Some(OpKind::Method { name, .. }) => named(*name),
            _ => false,
        }
    }
}
