//! The first question about a body: does it do anything at all that a rule may start from?

use super::Candidates;
use crate::ir::{Body, BodyId, Default, Mention, OpKind};

impl Candidates<'_> {
    /// Has the body any op at all that a rule may start from? Notes what it imports and whom it may call, by the way.
    pub(super) fn does_something(&mut self, id: BodyId) -> bool {
        let body = &self.module.bodies[id.index()];
        if body.glance.imports {
            self.note_imports(body);
        }
        let glance = body.glance;
        let lasts = || body.params.iter().any(|param| matches!(param.default, Some(Default::Other(_))));
        let mut does = glance.changes || glance.parts && (glance.returns || glance.sets) || glance.sets && lasts();
        let (mut collects, mut imports) = (false, false);
        for info in body.locals.iter().filter(|info| info.loaded) {
            let name = info.name;
            does |= self.known.meaning(name).named.may_write();
            if self.own[name.0 as usize] {
                self.calls.push((id, name));
            }
            imports |= self.imported[name.0 as usize];
        }
        for &(name, mention) in self.module.mentions(body) {
            let meaning = self.known.meaning(name);
            match mention {
                Mention::Method(args) => {
                    let named = &meaning.named;
                    let least = [named.writes, named.method_writes].into_iter().flatten().min();
                    does |= least.is_some_and(|least| args >= least) || named.writes_by_flag;
                    does |= self.fromkeys == Some(name) || self.empty.contains(&Some(name));
                    collects |= meaning.collects;
                    if self.own[name.0 as usize] {
                        self.calls.push((id, name));
                    }
                }
                Mention::Keyword => {
                    does |= meaning.named.asks;
                    self.flagged |= self.copy == Some(name);
                }
                Mention::Set => does |= meaning.settable,
            }
        }
        if imports {
            self.importing.push(id);
        }
        does || glance.slices && collects
    }

    /// Notes which names imports bind to packages of the model, or to something in one.
    fn note_imports(&mut self, body: &Body) {
        for pair in body.blocks.iter().flat_map(|block| block.ops.windows(2)) {
            let (OpKind::Import(path) | OpKind::ImportFrom { module: path, level: 0, .. }) = &pair[0].kind else {
                continue;
            };
            if let OpKind::Store(local, _) = pair[1].kind
                && path.first().is_some_and(|&root| self.known.meaning(root).named.package)
            {
                self.modelled[body.locals[local.index()].name.0 as usize] = true;
            }
        }
    }
}
