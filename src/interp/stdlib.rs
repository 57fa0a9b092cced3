//! Python's own `random`, as far as it changes arrays.

use super::call::Args;
use super::machine::Machine;
use crate::domain::{Value, ValueId};
use crate::ir::{OpKind, Sym, Temp};
use crate::trace::{EventKind, WriteHow};

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

    /// `rng.shuffle(x)` on what is not known, but named like a generator of random numbers: NumPy's and Python's all
    /// shuffle in place. (<https://numpy.org/doc/stable/reference/random/generated/numpy.random.Generator.shuffle.html>)
    pub(super) fn shuffled(&mut self, obj: Temp, name: Sym, args: &Args<'a>) {
        let named = match self.def(obj) {
            Some(OpKind::Load(local)) => self.body.locals[local.index()].name,
            Some(OpKind::Attr(_, attribute)) => *attribute,
            _ => return,
        };
        let says = |word: &str| self.name(named).trim_start_matches('_').to_ascii_lowercase().contains(word);
        if self.name(name) == "shuffle"
            && ["rng", "rand", "generator"].into_iter().any(says)
            && let (Some((value, temp)), None) = (args.positional(0), args.positional(1))
        {
            self.write(temp, value, WriteHow::Argument(name));
        }
    }
}
