//! A look at a body's ops before it runs: which names it binds, and which it uses as only arrays are used.

use super::machine::Machine;
use crate::ir::{Body, BodyKind, LocalKind, OpKind};

impl<'a> Machine<'a> {
    /// Counts bindings and looks for evidence, once a body.
    pub(crate) fn survey(&mut self, body: &'a Body) {
        let locals = body.locals.len();
        let mut stores = vec![0u32; locals];
        self.used_as_array.clear();
        self.used_as_array.resize(locals, false);
        let mut used_otherwise = std::mem::take(&mut self.used_otherwise);
        used_otherwise.clear();
        used_otherwise.resize(locals, false);
        let mut loaded: Vec<Option<u32>> = vec![None; body.temps.len()];
        // `x[x > 0]`: only arrays, and things much like them, take a comparison with themselves for an index.
        let mut compared: Vec<Option<u32>> = Vec::new();
        for block in &body.blocks {
            for op in &block.ops {
                match &op.kind {
                    OpKind::Load(local) => {
                        if let Some(dest) = op.dest {
                            loaded[dest.index()] = Some(local.0);
                        }
                    }
                    OpKind::Store(local, _) | OpKind::Delete(local) => stores[local.index()] += 1,
                    OpKind::Compare(_, left, _) if loaded[left.index()].is_some() => {
                        if let Some(dest) = op.dest {
                            compared.resize(body.temps.len(), None);
                            compared[dest.index()] = loaded[left.index()];
                        }
                    }
                    OpKind::Index(obj, index) | OpKind::SetItem { obj, index, .. } => {
                        let local = loaded[obj.index()];
                        if let Some(local) = local.filter(|_| compared.get(index.index()) == Some(&local)) {
                            self.used_as_array[local as usize] = true;
                        }
                    }
                    OpKind::Attr(obj, name) => {
                        if let Some(local) = loaded[obj.index()] {
                            let meaning = self.known.meaning(*name);
                            self.used_as_array[local as usize] |= meaning.arrayish_attribute;
                            used_otherwise[local as usize] |= meaning.named.array_attribute.is_none()
                                && meaning.named.array_method.is_none()
                                && !meaning.masked;
                        }
                    }
                    OpKind::Method { obj, name, .. } => {
                        if let Some(local) = loaded[obj.index()] {
                            let meaning = self.known.meaning(*name);
                            self.used_as_array[local as usize] |= meaning.arrayish_method;
                            used_otherwise[local as usize] |= meaning.named.array_method.is_none() && !meaning.masked;
                        }
                    }
                    _ => {}
                }
            }
        }
        // What has an attribute that arrays have not is something else: a data frame, a module of functions for arrays.
        for (array, otherwise) in self.used_as_array.iter_mut().zip(&used_otherwise) {
            *array &= !otherwise;
        }
        self.used_otherwise = used_otherwise;
        self.stored.clear();
        self.stored.extend(stores.iter().map(|&count| count > 0));
        self.stable.clear();
        for (info, &count) in body.locals.iter().zip(&stores) {
            let stable = match info.kind {
                LocalKind::Param(_) => count == 0,
                LocalKind::Global(_) | LocalKind::Free(_) => count == 0 && !info.rebound_inside,
                _ => false,
            };
            self.stable.push(stable && !info.rebound_inside);
        }
        if body.kind == BodyKind::Module {
            self.global_stores = stores;
        }
    }
}
