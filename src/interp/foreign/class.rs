//! What other files are told of a class.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{ClassSummary, Method, MethodKind};
use crate::interp::lineage::Base;
use crate::interp::machine::Machine;
use crate::interp::summary::Progress;
use crate::ir::{Body, BodyId, ClassId, OpKind, Sym, Temp};

/// Classes further up the line of bases are not looked at.
const MAX_LINEAGE: usize = 8;

impl Machine<'_> {
    /// Do other files use the class?
    pub(super) fn is_wanted_class(&self, class: ClassId) -> bool {
        let info = &self.module.classes[class.index()];
        self.module.bodies[info.body.index()].parent == Some(BodyId(0)) && self.callees.is_wanted(self.name(info.name))
    }

    /// What is said of the classes of the file's own scope that other files use.
    pub(crate) fn class_exports(&self) -> Vec<(String, ClassSummary)> {
        let wanted = self.classes.at_top().filter(|&(_, class)| self.is_wanted_class(class));
        let mut exports: Vec<(String, ClassSummary)> =
            wanted.map(|(name, class)| (self.name(name).to_owned(), self.export_class(class))).collect();
        exports.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        exports
    }

    fn export_class(&self, class: ClassId) -> ClassSummary {
        let mut told =
            ClassSummary { plain: self.is_plain(class) && self.fields(class).is_none(), ..ClassSummary::default() };
        // The classes of the file come first: what they have goes before what is inherited from others.
        let mut own = vec![class];
        let mut others: Vec<Arc<ClassSummary>> = Vec::new();
        let mut i = 0;
        while i < own.len() {
            for base in self.classes.bases(own[i]) {
                match base {
                    Base::Harmless => {}
                    Base::Own(base) if own.contains(base) => {}
                    Base::Own(_) if own.len() >= MAX_LINEAGE => told.open = true,
                    Base::Own(base) => own.push(*base),
                    Base::Told(base) => others.push(base.clone()),
                    Base::Unknown => told.open = true,
                }
            }
            i += 1;
        }
        let mut bodies: FxHashMap<String, BodyId> = FxHashMap::default();
        for &class in &own {
            self.add_methods(class, &mut told.methods, &mut bodies);
        }
        self.add_asked(&own, &mut told.methods, &bodies);
        for base in others {
            told.open |= base.open;
            for (name, method) in &base.methods {
                let here = |name: &str| told.methods.contains_key(name) || self.have_method(&own, name);
                if !told.methods.contains_key(name) {
                    let mut method = method.clone();
                    if method.asks.iter().any(|asked| here(asked)) || here(name) {
                        method.summary = None;
                    }
                    told.methods.insert(name.clone(), method);
                }
            }
        }
        told
    }

    /// Has one of the classes a method of this name?
    fn have_method(&self, classes: &[ClassId], name: &str) -> bool {
        self.module.names.get(name).is_some_and(|name| {
            classes.iter().any(|class| self.module.classes[class.index()].methods.iter().any(|method| method.0 == name))
        })
    }

    /// Adds the methods of a class of which something is known, and those that hide one that is there.
    fn add_methods(
        &self,
        class: ClassId,
        methods: &mut BTreeMap<String, Method>,
        bodies: &mut FxHashMap<String, BodyId>,
    ) {
        let info = &self.module.classes[class.index()];
        // Of several definitions the last one counts.
        for &(name, id) in info.methods.iter().rev() {
            let body = &self.module.bodies[id.index()];
            let Progress::Done(Some(summary)) = &self.progress[id.index()] else { continue };
            if !self.can_be_told(id) || info.methods.iter().rfind(|method| method.0 == name) != Some(&(name, id)) {
                continue;
            }
            let decorated = |decorator: &str| {
                body.decorators.iter().any(|path| path.last().is_some_and(|&last| self.name(last) == decorator))
            };
            let kind = match info.properties.contains(&name) {
                true if decorated("property") => MethodKind::Property,
                true => continue,
                false if decorated("staticmethod") => MethodKind::Static,
                false => MethodKind::Plain,
            };
            let name = self.name(name).to_owned();
            methods.entry(name).or_insert_with_key(|name| {
                bodies.insert(name.clone(), id);
                let summary = Some(Arc::new(self.export(id, summary)));
                Method { kind, summary, asks: Arc::default() }
            });
        }
    }

    /// The names that a method asks of its receiver, each once.
    fn asked(&self, body: BodyId) -> Vec<Sym> {
        let mut asked: Vec<Sym> = Self::asked_of_receiver(&self.module.bodies[body.index()]).collect();
        asked.sort_unstable();
        asked.dedup();
        asked
    }

    fn asked_of_receiver(body: &Body) -> impl Iterator<Item = Sym> {
        let receiver = body.params.first().map(|param| param.local);
        let mut own: Vec<Temp> = Vec::new();
        body.blocks.iter().flat_map(|block| &block.ops).filter_map(move |op| match &op.kind {
            OpKind::Load(local) if Some(*local) == receiver => {
                own.extend(op.dest);
                None
            }
            OpKind::Method { obj, name, .. } | OpKind::Attr(obj, name) if own.contains(obj) => Some(*name),
            _ => None,
        })
    }

    /// Says of each method what it asks of its receiver, and what those methods ask that it asks for.
    fn add_asked(
        &self,
        classes: &[ClassId],
        methods: &mut BTreeMap<String, Method>,
        bodies: &FxHashMap<String, BodyId>,
    ) {
        // What each body asks, each looked at once.
        let mut known: FxHashMap<BodyId, Vec<Sym>> = FxHashMap::default();
        for (name, method) in methods {
            let Some(&body) = bodies.get(name) else { continue };
            let mut asks: Vec<Sym> = known.entry(body).or_insert_with(|| self.asked(body)).clone();
            let mut i = 0;
            while i < asks.len() {
                let mut all = classes.iter().flat_map(|class| &self.module.classes[class.index()].methods);
                if let Some(&(_, found)) = all.find(|method| method.0 == asks[i]) {
                    let more = known.entry(found).or_insert_with(|| self.asked(found));
                    let new: Vec<Sym> = more.iter().copied().filter(|asked| !asks.contains(asked)).collect();
                    asks.extend(new);
                }
                i += 1;
            }
            let mut asks: Vec<String> = asks.into_iter().map(|asked| self.name(asked).to_owned()).collect();
            asks.sort_unstable();
            method.asks = asks.into();
        }
    }
}
