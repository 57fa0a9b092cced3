//! Imports.

use ruff_python_ast as ast;
use thin_vec::{ThinVec, thin_vec};

use super::{Lower, OpKind, Sym};
use crate::syntax::span;

impl<'a> Lower<'a> {
    pub(super) fn import(&mut self, stmt: &'a ast::StmtImport) {
        for alias in &stmt.names {
            let dotted = alias.name.as_str();
            let (path, name): (ThinVec<Sym>, &str) = match &alias.asname {
                Some(name) => (self.path(dotted), name.as_str()),
                None => {
                    let first = dotted.split('.').next().unwrap_or(dotted);
                    (thin_vec![self.intern(first)], first)
                }
            };
            let value = self.fun.emit(OpKind::Import(path), span(alias));
            let local = self.bound_local(name);
            self.fun.act(OpKind::Store(local, value), span(alias));
        }
    }

    pub(super) fn import_from(&mut self, stmt: &'a ast::StmtImportFrom) {
        let module = stmt.module.as_ref().map_or("", |m| m.as_str());
        for alias in &stmt.names {
            let path = self.path(module);
            if alias.name.as_str() == "*" {
                self.fun.act(OpKind::ImportStar(path, stmt.level), span(alias));
                continue;
            }
            let name = self.intern(alias.name.as_str());
            let value = self.fun.emit(OpKind::ImportFrom { module: path, level: stmt.level, name }, span(alias));
            let local = self.bound_local(alias.asname.as_ref().unwrap_or(&alias.name).as_str());
            self.fun.act(OpKind::Store(local, value), span(alias));
        }
    }

    fn path(&mut self, dotted: &str) -> ThinVec<Sym> {
        dotted.split('.').filter(|part| !part.is_empty()).map(|part| self.intern(part)).collect()
    }
}
