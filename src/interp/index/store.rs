//! Stores: `obj[index] = value`.

use super::{Kind, Part, Step};
use crate::domain::{Array, Dtype, Key, Kinds, ObjectKind, Region, Value, ValueId};
use crate::interp::machine::Machine;
use crate::ir::{OpKind, Temp};
use crate::trace::{Escape, How, ReadHow, WriteHow};

impl<'a> Machine<'a> {
    // --- stores -------------------------------------------------------------------------------------------------

    /// `obj[index] = value`
    pub(crate) fn set_item(&mut self, obj: Temp, index: Temp, value: Temp, inplace: bool) {
        let (target, at, stored) = (self.temp(obj), self.temp(index), self.temp(value));
        self.read(index, ReadHow::Operand);
        if let Some(OpKind::Attr(array, name)) = self.def(obj)
            && self.name(*name) == "flat"
            && let Value::Array(array) = self.values.get(self.temp(*array)).clone()
        {
            return self.set_flat(obj, &array, at, value, inplace);
        }
        match self.values.get(target).clone() {
            Value::Array(array) if array.kinds.meets(Kinds::ARRAY) => {
                let array = self.stored_into(obj, array, at, stored);
                if !inplace {
                    self.read(value, ReadHow::Stored);
                }
                if let Value::Module(path) = self.values.get(stored)
                    && self.paths.text(*path) == "numpy.ma.masked"
                {
                    // Sets the mask; the data stay.
                    return;
                }
                let (parts, _) = self.parts(at);
                let whole = matches!(parts[..], [] | [(Part::Ellipsis | Part::Slice(Step::Full), _)]);
                let region = match self.kind(&parts) {
                    Kind::Basic => self.region(&array, index, &parts),
                    _ if array.region == Region::Whole => Region::Any,
                    _ => array.region.clone(),
                };
                let written = self.values.make(Array { region, ..array.clone() });
                let how = if inplace { WriteHow::Augmented } else { WriteHow::Item { whole } };
                self.write(obj, written, how);
                if array.kinds.meets(Kinds::CONTAINER.union(Kinds::OTHER)) && !inplace && self.may_hold_arrays(stored) {
                    self.escape_into(value, Escape::Item, target);
                    self.taint(&array);
                }
                if array.dtype == Dtype::Object {
                    self.escape_into(value, Escape::Item, target);
                }
            }
            Value::Array(array) => {
                self.escape_into(value, Escape::Item, target);
                if self.may_hold_arrays(stored) {
                    self.taint(&array);
                }
            }
            Value::Ref(objects) if self.library_class(&objects).is_some() => {
                self.escape_into(value, Escape::Item, target);
                self.havoc(target);
                if !inplace {
                    self.update(&objects, |m, content| m.put_at(content, None, false, stored));
                }
            }
            Value::Ref(objects) => {
                let key = self.key(at);
                if !inplace {
                    let how = match (key, self.def(index)) {
                        // The next one that is stored there takes its place.
                        (Some(_), _) => Escape::Item,
                        (None, Some(OpKind::Load(name))) => Escape::Keyed(*name),
                        _ => Escape::Collected,
                    };
                    self.escape_into(value, how, target);
                }
                let slice = matches!(self.values.get(at), Value::Slice(..));
                let stored = if slice { self.iterate(stored, How::Element) } else { stored };
                self.update(&objects, |m, content| m.put_at(content, key, slice, stored));
            }
            _ => {
                self.escape_into(value, Escape::Item, target);
                self.havoc(target);
            }
        }
    }

    /// `x.flat[index] = value`: the elements lie wherever they do in `x`.
    fn set_flat(&mut self, obj: Temp, array: &Array, at: ValueId, value: Temp, inplace: bool) {
        if !inplace {
            self.read(value, ReadHow::Stored);
        }
        let (parts, _) = self.parts(at);
        let whole = matches!(parts[..], [(Part::Ellipsis | Part::Slice(Step::Full), _)]);
        let region = if whole || array.region != Region::Whole { array.region.clone() } else { Region::Any };
        let written = self.values.make(Array { region, ..array.clone() });
        let how = if inplace { WriteHow::Augmented } else { WriteHow::Item { whole } };
        self.write(obj, written, how);
    }

    /// What is stored into, after a store that only arrays (and what acts like them) allow.
    pub(super) fn stored_into(&mut self, obj: Temp, array: Array, at: ValueId, stored: ValueId) -> Array {
        let scalar = self.values.kinds(stored) == Kinds::SCALAR && !matches!(self.values.get(stored), Value::Str(_));
        if matches!(self.values.get(at), Value::Slice(..)) && scalar && array.kinds.meets(Kinds::CONTAINER) {
            // A slice of a list takes an iterable.
            self.is_no_container(obj);
            return match self.values.get(self.temp(obj)) {
                Value::Array(array) => array.clone(),
                _ => array,
            };
        }
        self.indexed(obj, array, at)
    }

    pub(crate) fn may_hold_arrays(&self, value: ValueId) -> bool {
        self.values.kinds(value).meets(Kinds::ARRAY.union(Kinds::CONTAINER).union(Kinds::OTHER))
    }

    pub(super) fn put_at(
        &mut self,
        content: &mut crate::domain::Content,
        key: Option<Key>,
        slice: bool,
        value: ValueId,
    ) {
        match (content.kind, key) {
            (ObjectKind::List, Some(Key::Int(n))) if content.exact && !slice => {
                let len = content.fixed.len() as i64;
                let n = if n < 0 { n + len } else { n };
                if (0..len).contains(&n) {
                    content.fixed[n as usize].1 = value;
                }
            }
            (ObjectKind::Dict, Some(key)) => self.put(content, key, value),
            (ObjectKind::List, _) if slice => {
                let all: Vec<_> = content.fixed.drain(..).map(|entry| entry.1).collect();
                content.rest = all.into_iter().fold(content.rest, |rest, v| self.values.join(rest, v));
                content.rest = self.values.join(content.rest, value);
                content.exact = false;
            }
            _ => {
                // Some element, unknown which.
                for entry in &mut content.fixed {
                    entry.1 = self.values.join(entry.1, value);
                }
                if !content.exact {
                    content.rest = self.values.join(content.rest, value);
                }
            }
        }
    }

    /// Puts a value under a key that is known.
    pub(crate) fn put(&mut self, content: &mut crate::domain::Content, key: Key, value: ValueId) {
        match content.fixed.binary_search_by_key(&key, |entry| entry.0) {
            Ok(i) => content.fixed[i].1 = value,
            Err(i) if content.fixed.len() < crate::domain::value::MAX_FIXED => content.fixed.insert(i, (key, value)),
            Err(_) => content.rest = self.values.join(content.rest, value),
        }
    }
}
