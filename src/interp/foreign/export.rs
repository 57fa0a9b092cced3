//! A function's summary, in words that other files understand.

use rustc_hash::FxHashMap;

use super::{Absent, Choice, Given, Parameter, Passed, Returned, ReturnedArray, Stored, Summary, Write};
use crate::domain::{Age, Array, BufId, Evidence, Kinds, Origin, Owner, Value, ValueId};
use crate::interp::machine::Machine;
use crate::interp::summary::{BodySummary, Progress};
use crate::ir::{BodyId, BodyKind, Default, ParamKind};
use crate::trace::params::{chooses_to_share, lets_callers_choose};

/// Attributes further than this from a parameter are not told of.
const MAX_PATH: usize = 3;
/// Items of a returned tuple beyond this, and it is unknown.
const MAX_ITEMS: usize = 8;
/// Tuples nested deeper than this are unknown.
const MAX_DEPTH: usize = 3;

impl<'a> Machine<'a> {
    /// The summaries of the functions of the file's own scope that were analysed, as far as they say anything.
    pub(crate) fn exports(&self) -> Vec<(String, Summary)> {
        let mut exports = Vec::new();
        for (i, progress) in self.progress.iter().enumerate() {
            let (Progress::Done(Some(summary)), id) = (progress, BodyId(i as u32)) else { continue };
            if !self.is_exported(id) {
                continue;
            }
            let body = &self.module.bodies[i];
            let exported = self.export(id, summary);
            if !exported.writes.is_empty() || exported.returned != Returned::Unknown {
                exports.push((self.name(body.name).to_owned(), exported));
            }
        }
        exports
    }

    /// Are other files told of the body?
    fn is_exported(&self, id: BodyId) -> bool {
        let body = &self.module.bodies[id.index()];
        body.parent == Some(BodyId(0)) && self.callees.is_wanted(self.name(body.name)) && self.can_be_told(id)
    }

    /// Does a call of the body do what its analysis says?
    pub(super) fn can_be_told(&self, id: BodyId) -> bool {
        let body = &self.module.bodies[id.index()];
        body.kind == BodyKind::Function
            && !body.is_async
            && !body.is_generator
            && body.decorators.iter().all(|path| self.is_transparent(path))
    }

    pub(super) fn export(&self, id: BodyId, summary: &BodySummary) -> Summary {
        let body = &self.module.bodies[id.index()];
        let mut writes = Vec::new();
        // Whether it writes depends on a flag that is not followed.
        if !lets_callers_choose(self.module, body) {
            for write in &summary.writes {
                let file = write.place.file.map(|file| self.paths.text(file).to_owned());
                let to = self.given(id, write.buf);
                writes.extend(to.map(|to| Write { to, file, span: write.place.span }));
            }
        }
        let mut counts = FxHashMap::default();
        for value in summary.stores.iter().map(|stored| stored.2).chain([summary.returned]) {
            self.count(value, &mut counts, 0);
        }
        let mut export = Export { machine: self, id, counts, numbers: FxHashMap::default() };
        let mut stores = Vec::new();
        let mut effects = summary.effects || !summary.rebinds.is_empty();
        for &(object, name, value) in &summary.stores {
            match self.given(id, object) {
                Some(to) => {
                    let (name, value) = (self.name(name).to_owned(), export.returned(value, 0));
                    stores.push(Stored { to, name, value });
                }
                None => effects = true,
            }
        }
        let returned = if summary.apart { Returned::Unknown } else { export.returned(summary.returned, 0) };
        let choices = body.params.iter().enumerate().filter_map(|(i, param)| {
            let shares = chooses_to_share(self.name(param.name))?;
            Some(Choice { param: i as u32, shares })
        });
        let tainted = summary.tainted.iter().filter_map(|&buf| self.given(id, buf)).map(|given| given.param);
        Summary {
            params: body.params.iter().map(|param| self.export_param(param)).collect(),
            writes,
            returned,
            choices: choices.collect(),
            tainted: tainted.collect(),
            stores,
            effects,
            reshapes: summary.reshapes,
        }
    }

    fn export_param(&self, param: &crate::ir::Param) -> Parameter {
        let passed = match param.kind {
            ParamKind::PositionalOnly => Passed::Positional,
            ParamKind::Ordinary => Passed::Either,
            ParamKind::VarArgs => Passed::Rest,
            ParamKind::KeywordOnly => Passed::Named,
            ParamKind::VarKwargs => Passed::NamedRest,
        };
        let default = match (param.default, param.kind) {
            (Some(Default::None), _) => Absent::None,
            (Some(Default::Bool(truth)), _) => Absent::Bool(truth),
            (Some(Default::Int(_) | Default::Literal), _) | (None, ParamKind::VarArgs | ParamKind::VarKwargs) => {
                Absent::Scalar
            }
            (Some(Default::Other(_)), _) => Absent::Other,
            (None, _) => Absent::Required,
        };
        Parameter { name: self.name(param.name).to_owned(), passed, default }
    }

    /// The way to a buffer from a parameter of the function.
    fn given(&self, id: BodyId, buf: BufId) -> Option<Given> {
        let mut path = Vec::new();
        let mut at = buf;
        loop {
            match self.buffers.get(at).origin {
                Origin::Attr(object, name) if path.len() < MAX_PATH => {
                    path.push(self.name(name).to_owned());
                    at = object;
                }
                Origin::Param(body, local) if body == id => {
                    path.reverse();
                    let params = &self.module.bodies[id.index()].params;
                    let param = params.iter().position(|param| param.local == local)? as u32;
                    return Some(Given { param, path });
                }
                _ => return None,
            }
        }
    }

    /// Counts in how many of the returned values each allocation stands.
    fn count(&self, value: ValueId, counts: &mut FxHashMap<BufId, u32>, depth: usize) {
        match self.values.get(value) {
            Value::Array(array) => array.bufs.iter().for_each(|&buf| *counts.entry(buf).or_insert(0) += 1),
            Value::Tuple(items) if depth < MAX_DEPTH => {
                items.iter().for_each(|&item| self.count(item, counts, depth + 1));
            }
            _ => {}
        }
    }
}

struct Export<'m, 'a> {
    machine: &'m Machine<'a>,
    id: BodyId,
    /// In how many of the returned values each buffer stands.
    counts: FxHashMap<BufId, u32>,
    /// The numbers of the allocations told of so far.
    numbers: FxHashMap<BufId, u16>,
}

impl Export<'_, '_> {
    fn returned(&mut self, value: ValueId, depth: usize) -> Returned {
        match self.machine.values.get(value) {
            Value::None => Returned::None,
            Value::Scalar
            | Value::Int(_)
            | Value::Bool(_)
            | Value::Float
            | Value::Complex
            | Value::Number
            | Value::Str(_) => Returned::Scalar,
            Value::Array(array) => Returned::Array(self.array(array)),
            Value::Tuple(items) if depth < MAX_DEPTH && items.len() <= MAX_ITEMS => {
                Returned::Tuple(items.clone().into_iter().map(|item| self.returned(item, depth + 1)).collect())
            }
            _ => Returned::Unknown,
        }
    }

    fn array(&mut self, array: &Array) -> ReturnedArray {
        let buffers = &self.machine.buffers;
        let is_made = |buf: BufId| matches!(buffers.get(buf).origin, Origin::Alloc(..));
        let all_made = !array.bufs.is_empty() && array.bufs.iter().all(|&buf| is_made(buf));
        let alone = all_made && array.bufs.iter().all(|buf| self.counts.get(buf) == Some(&1));
        let single = array.bufs.iter().all(|&buf| match buffers.get(buf).origin {
            Origin::Alloc(_, age) => age == Age::Recent || alone,
            _ => true,
        });
        let (mut given, mut made) = (Vec::new(), Vec::new());
        let mut elsewhere = array.unknown;
        let mut blank = all_made;
        for &buf in &array.bufs {
            if is_made(buf) {
                // Allocations that stand in this value and nowhere else need not be told apart.
                let first = if alone { array.bufs[0] } else { buf };
                let next = self.numbers.len() as u16;
                let number = *self.numbers.entry(first).or_insert(next);
                if !made.contains(&number) {
                    made.push(number);
                }
                blank &= buffers.get(buf).blank;
            } else {
                match self.machine.given(self.id, buf) {
                    Some(place) => given.push(place),
                    None => elsewhere = true,
                }
            }
        }
        let owner = match array.owner {
            Owner::Owner if all_made => Some(true),
            Owner::View => Some(false),
            Owner::Owner | Owner::Either => None,
        };
        ReturnedArray {
            kinds: array.kinds.0,
            evidence: match array.evidence {
                Evidence::None => 0,
                Evidence::Likely => 1,
                Evidence::Certain => 2,
            },
            lies: !elsewhere && given.len() + made.len() == 1 && single && (array.lies || alone),
            same: array.is_entry() && given.len() == 1 && !array.unknown,
            given,
            made,
            blank,
            elsewhere,
            owner,
            writeable: all_made && array.writeable.must(),
            ndim: array.ndim().and_then(|ndim| u8::try_from(ndim).ok()),
        }
    }
}

/// The kinds of a returned array.
pub(super) fn kinds(array: &ReturnedArray) -> Kinds {
    Kinds(array.kinds & Kinds::ANY.0)
}
