//! A look at a body's ops before it runs: which names it binds, and which it uses as only arrays are used.

use smallvec::SmallVec;

use super::machine::Machine;
use crate::ir::{ArgKind, BinOp, Body, BodyKind, LocalKind, OpKind};

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
        // What is subtracted or divided is no list, and what is stored into no number: both together is an array.
        let mut operands: SmallVec<[u32; 8]> = SmallVec::new();
        let mut stored_into: SmallVec<[u32; 8]> = SmallVec::new();
        // Names bound to what another name holds: what speaks for one speaks for the other.
        let mut pairs: SmallVec<[(u32, u32); 8]> = SmallVec::new();
        for block in &body.blocks {
            for op in &block.ops {
                match &op.kind {
                    OpKind::Load(local) => {
                        if let Some(dest) = op.dest {
                            loaded[dest.index()] = Some(local.0);
                        }
                    }
                    OpKind::Store(local, value) => {
                        stores[local.index()] += 1;
                        pairs.extend(loaded[value.index()].map(|source| (local.0, source)));
                    }
                    OpKind::Delete(local) => stores[local.index()] += 1,
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
                        if matches!(op.kind, OpKind::SetItem { .. }) {
                            stored_into.extend(local);
                        }
                    }
                    OpKind::Binary(BinOp::Sub | BinOp::Div | BinOp::Pow | BinOp::MatMult, left, right) => {
                        operands.extend([left, right].into_iter().filter_map(|temp| loaded[temp.index()]));
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
                    OpKind::Method { obj, name, args } => {
                        // NumPy writes into nothing but arrays: `np.add(x, y, out=z)`, `np.copyto(z, x)`.
                        let fills =
                            matches!(self.name(*name), "copyto" | "putmask" | "fill_diagonal" | "put_along_axis");
                        for (i, arg) in args.iter().enumerate() {
                            let out = matches!(arg.kind, ArgKind::Kw(kw) if self.name(kw) == "out") || fills && i == 0;
                            if let Some(written) = loaded[arg.value.index()].filter(|_| out) {
                                self.used_as_array[written as usize] = true;
                            }
                        }
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
        self.seems_array.clone_from(&self.used_as_array);
        for &local in stored_into.iter().filter(|local| operands.contains(local)) {
            self.seems_array[local as usize] |= !used_otherwise[local as usize];
        }
        for (from, to) in pairs.into_iter().flat_map(|(a, b)| [(a, b), (b, a)]) {
            let speaks = self.seems_array[from as usize] && !used_otherwise[to as usize];
            self.seems_array[to as usize] |= speaks;
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
