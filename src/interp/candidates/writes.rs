//! What a body may write, op by op: which of a call's arguments, and through what.

use smallvec::SmallVec;

use super::Candidates;
use super::flow::{Places, RECEIVER, place};
use crate::ir::{Arg, ArgKind, Body, LocalKind, OpKind, Sym, Temp};

impl Candidates<'_> {
    /// What of its arguments a call may write, by what defines the callee.
    pub(crate) fn written_by_call(&self, callee: Option<&OpKind>, args: &[Arg], body: &Body) -> Places {
        if self.asks(args) {
            return Places::MAX;
        }
        let Some(OpKind::Load(local)) = callee else { return 0 };
        let info = &body.locals[local.index()];
        let meaning = self.known.meaning(info.name);
        let builtin = info.kind == LocalKind::Builtin && meaning.builtin.is_some();
        let all = !builtin && is_enough(meaning.named.writes, args);
        if all { Places::MAX } else { self.writers[info.name.0 as usize] }
    }

    /// What of its receiver and its arguments a call of a method may write, by what defines the receiver.
    pub(crate) fn written_by_method(&self, obj: Option<&OpKind>, name: Sym, args: &[Arg], body: &Body) -> Places {
        let named = &self.known.meaning(name).named;
        let (function, unbound) = match obj {
            Some(OpKind::Load(local)) => {
                (Some(self.is_modelled(*local, body)), self.own[body.locals[local.index()].name.0 as usize])
            }
            Some(OpKind::Attr(..)) => (None, false),
            _ => (Some(false), false),
        };
        let all = function != Some(false) && is_enough(named.writes, args)
            || function != Some(true) && (is_enough(named.method_writes, args) || named.writes_by_flag && self.flagged);
        let places = self.writers[name.0 as usize];
        if unbound && places != 0 || all {
            Places::MAX
        } else if self.asks(args) {
            places | !RECEIVER
        } else {
            places
        }
    }

    /// Notes a write through a temp. False: it goes into something that an expression made, a copy perhaps.
    pub(super) fn write(&mut self, obj: Temp, body: &Body, written: &mut SmallVec<[u32; 8]>) -> bool {
        written.extend(self.sources(obj, body));
        let mut at = obj;
        loop {
            match self.def(at) {
                // What a slice of `file[name]` gives was read from the file.
                Some(OpKind::Index(inner, _)) if self.reads_files && self.is_item_by_name(*inner) => return false,
                Some(OpKind::Index(inner, index)) if self.is_basic(*index) => at = *inner,
                Some(OpKind::Index(..) | OpKind::Call(..) | OpKind::Method { .. }) => return false,
                // What it returns may be a copy.
                Some(OpKind::Attr(_, name)) if self.properties[name.0 as usize] => return false,
                _ => return true,
            }
        }
    }

    /// Is the index a constant or a slice, which copy nothing?
    fn is_basic(&self, index: Temp) -> bool {
        matches!(self.def(index), Some(OpKind::Const(_) | OpKind::Slice(..)))
    }

    /// Notes a write of the arguments at these places.
    pub(super) fn write_args(
        &mut self,
        args: &[Arg],
        places: Places,
        body: &Body,
        written: &mut SmallVec<[u32; 8]>,
    ) -> bool {
        let mut named = true;
        if places & !RECEIVER == 0 {
            return named;
        }
        for (arg, mine) in args.iter().zip(arg_places(args)) {
            if places & mine != 0 {
                named &= self.write(arg.value, body, written);
            }
        }
        named
    }

    /// Is it `np.empty(n)`, or the part of `a, b = np.empty(n), 0` that is?
    pub(super) fn is_empty(&self, value: Temp) -> bool {
        match self.def(value) {
            Some(OpKind::Method { name, .. }) => self.empty.contains(&Some(*name)),
            Some(OpKind::Unpack { value, index, .. }) => match self.def(*value) {
                Some(OpKind::Display(_, items)) => {
                    let item = usize::try_from(*index).ok().and_then(|index| items.get(index));
                    item.is_some_and(|item| self.is_empty(item.0))
                }
                _ => false,
            },
            _ => false,
        }
    }

    /// Notes the arguments that were made empty, and are passed on to be filled.
    pub(super) fn fill_args(&mut self, args: &[Arg], body: &Body, written: &mut SmallVec<[u32; 8]>) {
        for arg in args {
            if matches!(self.def(arg.value), Some(OpKind::Load(local)) if self.empties.contains(local)) {
                written.extend(self.sources(arg.value, body));
            }
        }
    }

    pub(super) fn asks(&self, args: &[Arg]) -> bool {
        args.iter().any(|arg| match arg.kind {
            ArgKind::Kw(name) => self.known.meaning(name).named.asks,
            _ => false,
        })
    }
}

/// The places that each argument may take.
pub(crate) fn arg_places(args: &[Arg]) -> impl Iterator<Item = Places> {
    let mut known = true;
    args.iter().enumerate().map(move |(i, arg)| {
        known &= arg.kind == ArgKind::Pos;
        if known { place(i) } else { !RECEIVER }
    })
}

/// Are there as many arguments as it takes for a write?
fn is_enough(least: Option<u8>, args: &[Arg]) -> bool {
    let starred = || args.iter().any(|arg| matches!(arg.kind, ArgKind::Star | ArgKind::DoubleStar));
    least.is_some_and(|least| args.len() >= usize::from(least) || starred())
}
