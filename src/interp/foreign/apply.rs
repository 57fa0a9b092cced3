//! A summary of a function of another file, at a call.

use smallvec::SmallVec;

use super::export::kinds;
use super::{Absent, Given, Passed, Returned, ReturnedArray, Summary};
use crate::domain::{Array, BufId, Evidence, Kinds, Owner, Region, Tri, Value, ValueId};
use crate::interp::call::Args;
use crate::interp::gather::{Gathered, is_plain};
use crate::interp::instantiate::FIRST_PART;
use crate::interp::machine::Machine;
use crate::interp::summary::{Done, Receiver};
use crate::ir::{ArgKind, Sym, Temp};
use crate::trace::params::chooses_to_share;
use crate::trace::{EventKind, Place, WriteHow};

/// One call: what each parameter was bound to, and what stands for the allocations that are told of.
struct Bound {
    slots: Vec<(Option<ValueId>, Option<Temp>)>,
    made: Vec<(u16, BufId)>,
}

impl<'a> Machine<'a> {
    /// A call of a function or method of another file; `receiver` is passed before the arguments.
    pub(crate) fn call_summary(
        &mut self,
        name: Sym,
        summary: &Summary,
        receiver: Option<Receiver>,
        args: &Args<'a>,
    ) -> Done {
        self.pass(args);
        let mut bound = self.bind_foreign(summary, receiver, args);
        if self.recording {
            self.tell_foreign_writes(name, summary, &bound);
        }
        for &param in &summary.tainted {
            if let Some((Some(value), _)) = bound.slots.get(param as usize) {
                self.havoc(*value);
            }
        }
        let passed: SmallVec<[ValueId; 4]> =
            args.values.iter().copied().chain(receiver.map(|receiver| receiver.value)).collect();
        if summary.effects {
            passed.iter().for_each(|&value| self.havoc(value));
            self.disturb();
        }
        if summary.reshapes {
            self.reshapes = true;
            self.forget_layouts(&passed);
            for value in bound.slots.iter_mut().filter_map(|slot| slot.0.as_mut()) {
                *value = self.of_any_layout(*value);
            }
        }
        let value = if self.shares(summary, args, &bound) {
            self.foreign_value(&summary.returned, &mut bound)
        } else {
            ValueId::UNKNOWN
        };
        if self.recording {
            for (_, temp) in &bound.slots {
                if let Some(temp) = temp {
                    self.tell_shared(*temp, value, name);
                }
            }
        }
        let stores = self.foreign_stores(summary, &mut bound);
        Done { value, stores, effects: summary.effects }
    }

    /// Stores what the callee leaves in attributes; what it leaves in those of an object that is being made comes back.
    fn foreign_stores(&mut self, summary: &Summary, bound: &mut Bound) -> Vec<(Sym, ValueId)> {
        let mut own = Vec::new();
        let mut stores = Vec::new();
        for stored in &summary.stores {
            let target = self.given_value(&stored.to, bound).unwrap_or(ValueId::UNKNOWN);
            let value = self.foreign_value(&stored.value, bound);
            // An attribute that this file has no name for nobody asks for here.
            stores.extend(self.module.names.get(&stored.name).map(|name| (target, name, value)));
        }
        for (target, name, value) in stores {
            if target == ValueId::BOTTOM {
                own.push((name, value));
            } else {
                self.store_in(target, name, value);
            }
        }
        own
    }

    /// Do the caller's choices leave it open that the result lies in what is passed?
    fn shares(&self, summary: &Summary, args: &Args<'a>, bound: &Bound) -> bool {
        // What goes into `**kwargs` may be handed on to a function that has the choice.
        let handed_on = args.list.iter().zip(&args.values).all(|(arg, &value)| match arg.kind {
            ArgKind::Kw(name) => chooses_to_share(self.name(name))
                .is_none_or(|shares| *self.values.get(value) == Value::Bool(Some(shares))),
            _ => true,
        });
        handed_on
            && summary.choices.iter().all(|choice| {
                let value = bound.slots.get(choice.param as usize).and_then(|slot| slot.0);
                value.is_some_and(|value| *self.values.get(value) == Value::Bool(Some(choice.shares)))
            })
    }

    /// Binds the arguments of a call to the parameters.
    fn bind_foreign(&mut self, summary: &Summary, receiver: Option<Receiver>, args: &Args<'a>) -> Bound {
        let params = &summary.params;
        let mut bound = Bound { slots: vec![(None, None); params.len()], made: Vec::new() };
        let positional: SmallVec<[usize; 8]> =
            (0..params.len()).filter(|&i| matches!(params[i].passed, Passed::Positional | Passed::Either)).collect();
        let rest = params.iter().position(|param| param.passed == Passed::Rest);
        let named_rest = params.iter().position(|param| param.passed == Passed::NamedRest);
        let mut next = 0;
        if let (Some(receiver), Some(&slot)) = (receiver, positional.first()) {
            bound.slots[slot] = (Some(receiver.value), receiver.temp);
            next = 1;
        }
        let (mut open, mut misplaced) = (false, false);
        for (arg, &value) in args.list.iter().zip(&args.values) {
            let slot = match arg.kind {
                ArgKind::Pos => {
                    next += 1;
                    positional.get(next - 1).copied().map(|slot| (slot, true)).or(rest.map(|rest| (rest, false)))
                }
                ArgKind::Kw(name) => {
                    let name = self.name(name);
                    let named = |i: &usize| {
                        params[*i].name == name && matches!(params[*i].passed, Passed::Either | Passed::Named)
                    };
                    let slot = (0..params.len()).find(named);
                    slot.map(|slot| (slot, true)).or(named_rest.map(|rest| (rest, false)))
                }
                ArgKind::Star => {
                    // Which of the others it fills, nobody knows.
                    (open, misplaced) = (true, true);
                    None
                }
                ArgKind::DoubleStar => {
                    open = true;
                    None
                }
            };
            match slot {
                Some((slot, true)) if !(misplaced && arg.kind == ArgKind::Pos) => {
                    bound.slots[slot] = (Some(value), Some(arg.value));
                }
                Some((slot, _)) => {
                    let old = bound.slots[slot].0.unwrap_or(ValueId::BOTTOM);
                    bound.slots[slot].0 = Some(self.values.join(old, value));
                }
                None => {}
            }
        }
        if !open {
            for (param, slot) in params.iter().zip(&mut bound.slots) {
                slot.0 = slot.0.or(match param.default {
                    Absent::None => Some(ValueId::NONE),
                    Absent::Bool(truth) => Some(self.values.intern(Value::Bool(Some(truth)))),
                    Absent::Scalar => Some(ValueId::SCALAR),
                    Absent::Required | Absent::Other => None,
                });
            }
        }
        bound
    }

    /// The value that the caller has for memory that the function is given.
    fn given_value(&mut self, given: &Given, bound: &Bound) -> Option<ValueId> {
        let mut value = bound.slots.get(given.param as usize)?.0?;
        for name in &given.path {
            let name = self.module.names.get(name)?;
            value = match self.values.get(value).clone() {
                Value::Ref(objects) if self.are_instances(&objects) => self.instance_attribute(&objects, value, name),
                Value::Array(array) if self.entry_object(&array).is_some() => self.object_attribute(&array, name),
                _ => return None,
            };
        }
        Some(value)
    }

    fn tell_foreign_writes(&mut self, name: Sym, summary: &Summary, bound: &Bound) {
        for write in &summary.writes {
            let Some(value) = self.given_value(&write.to, bound) else { continue };
            if self.values.array(value).is_none() || !self.has_memory(value) {
                continue;
            }
            let temp = bound.slots.get(write.to.param as usize).and_then(|slot| slot.1);
            let root = temp.and_then(|temp| self.root(temp));
            let direct = write.to.path.is_empty() && root.is_some_and(|root| root.direct);
            let file = write.file.as_ref().map(|file| self.paths.intern(file));
            let place = Place { file, span: write.span };
            let how = WriteHow::Callee { name, place, procedure: summary.returned == Returned::None };
            self.emit(EventKind::Written { value, object: value, via: root.map(|root| root.local), direct, how });
        }
    }

    fn foreign_value(&mut self, returned: &Returned, bound: &mut Bound) -> ValueId {
        match returned {
            Returned::Unknown => ValueId::UNKNOWN,
            Returned::None => ValueId::NONE,
            Returned::Scalar => ValueId::SCALAR,
            Returned::Array(array) => self.foreign_array(array, bound),
            Returned::Tuple(items) => {
                let items = items.iter().map(|item| self.foreign_value(item, bound)).collect();
                self.values.tuple(items)
            }
        }
    }

    fn foreign_array(&mut self, told: &ReturnedArray, bound: &mut Bound) -> ValueId {
        if told.same
            && let [given] = &told.given[..]
            && let Some(value) = self.given_value(given, bound)
        {
            return value;
        }
        let mut gathered = Gathered {
            bufs: SmallVec::new(),
            unknown: told.elsewhere,
            lies: told.lies,
            kinds: kinds(told),
            evidence: match told.evidence {
                0 => Evidence::None,
                1 => Evidence::Likely,
                _ => Evidence::Certain,
            },
        };
        for &number in &told.made {
            let made = match bound.made.iter().find(|made| made.0 == number) {
                Some(made) => made.1,
                None => {
                    let made = self.alloc(FIRST_PART + number);
                    self.buffers.get_mut(made).blank = told.blank;
                    bound.made.push((number, made));
                    made
                }
            };
            gathered.lies &= self.buffers.get(made).single();
            gathered.bufs.push(made);
        }
        for given in &told.given {
            match self.given_value(given, bound).map(|value| self.values.get(value)) {
                Some(Value::Array(passed)) => gathered.array(passed, true),
                Some(value) if is_plain(value) => gathered.lies = false,
                _ => gathered.unknown = true,
            }
        }
        gathered.settle();
        let Gathered { bufs, unknown, lies, kinds, evidence } = gathered;
        let mut result = Array {
            lies,
            bufs,
            unknown,
            region: if told.given.is_empty() && told.owner == Some(true) { Region::Whole } else { Region::Any },
            owner: match told.owner {
                Some(true) => Owner::Owner,
                Some(false) => Owner::View,
                None => Owner::Either,
            },
            writeable: if told.writeable { Tri::Must } else { Tri::May },
            made_by: self.op,
            ..Array::unknown(kinds, evidence)
        };
        if let Some(ndim) = told.ndim {
            result.set_shape(Some(SmallVec::from_elem(-1, usize::from(ndim))));
        }
        if result.evidence == Evidence::Certain && result.kinds != Kinds::ARRAY {
            result.evidence = Evidence::Likely;
        }
        self.values.make(result)
    }
}
