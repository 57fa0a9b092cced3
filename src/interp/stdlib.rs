//! Python's own `random`, as far as it changes arrays.

use super::call::Args;
use super::machine::Machine;
use crate::domain::{Value, ValueId};
use crate::trace::EventKind;

impl<'a> Machine<'a> {
    /// A call of something of the module `random`: what a generator of one's own does, the functions of the module do as
    /// well. (<https://docs.python.org/3/library/random.html>) None: it is called like any other function.
    pub(super) fn standard_random(&mut self, path: &str, args: &Args<'a>) -> Option<ValueId> {
        match path.strip_prefix("random.")? {
            "Random" | "SystemRandom" => {
                let module = self.paths.intern("random");
                Some(self.values.intern(Value::Module(module)))
            }
            "shuffle" => {
                let (value, temp) = args.positional(0)?;
                if self.recording && self.has_memory(value) {
                    let span = std::mem::replace(&mut self.span, self.body.temps[temp.index()]);
                    self.emit(EventKind::Shuffled { value });
                    self.span = span;
                }
                None
            }
            _ => None,
        }
    }
}
