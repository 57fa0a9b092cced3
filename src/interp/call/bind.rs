//! Arguments meet the parameters of a row.

use super::{Args, Call};
use crate::domain::{Value, ValueId};
use crate::interp::known::is_library;
use crate::interp::machine::Machine;
use crate::ir::{ArgKind, Temp};
use crate::model::RowId;

impl<'a> Machine<'a> {
    // --- binding ------------------------------------------------------------------------------------------------

    pub(crate) fn bind_args(&self, row: RowId, receiver: Option<Temp>, args: &Args<'a>) -> Call<'a> {
        self.bind_args_with(row, receiver.map(|temp| (self.temp(temp), Some(temp))), args)
    }

    pub(crate) fn bind_args_with(
        &self,
        row: RowId,
        receiver: Option<(ValueId, Option<Temp>)>,
        args: &Args<'a>,
    ) -> Call<'a> {
        let row = self.model.row(row);
        let mut call =
            Call { row, slots: vec![None; row.params.len()], rest: Vec::new(), others: Vec::new(), open: false };
        let mut next = 0;
        if let Some((value, temp)) = receiver {
            let receiver = (self.as_data(value), temp);
            if let Some(slot) = call.slots.first_mut() {
                *slot = Some(receiver);
            }
            next = 1;
        }
        for (arg, &value) in args.list.iter().zip(&args.values) {
            let value = self.as_data(value);
            match arg.kind {
                ArgKind::Pos => match row.params.get(next) {
                    Some(param) if param.variadic => call.rest.push((value, arg.value)),
                    Some(param) if !param.keyword_only => {
                        call.slots[next] = Some((value, Some(arg.value)));
                        next += 1;
                    }
                    _ => {
                        call.open = true;
                        call.others.push(arg.value);
                    }
                },
                ArgKind::Kw(name) => {
                    let name = self.name(name);
                    match row.param(name) {
                        Some(param) => call.slots[param as usize] = Some((value, Some(arg.value))),
                        None => call.others.push(arg.value),
                    }
                }
                ArgKind::Star => {
                    // What a star passes is an element of it, nobody knows where.
                    match row.params.get(next) {
                        Some(param) if param.variadic => call.rest.push((ValueId::UNKNOWN, arg.value)),
                        _ => call.others.push(arg.value),
                    }
                    call.open = true;
                    next = row.params.len();
                }
                ArgKind::DoubleStar => {
                    call.open = true;
                    call.others.push(arg.value);
                }
            }
        }
        if call.open {
            for slot in &mut call.slots {
                if slot.is_none() {
                    *slot = Some((ValueId::UNKNOWN, None));
                }
            }
        }
        call
    }

    /// The value of an argument. What is imported from elsewhere may be anything: a module, a function, an array.
    fn as_data(&self, value: ValueId) -> ValueId {
        match self.values.get(value) {
            Value::Module(path) if !is_library(self.paths.text(*path)) => ValueId::UNKNOWN,
            _ => value,
        }
    }
}
