//! Python's `itertools`, and NumPy's iterators over indices: what they hand out.
//!
//! (Python's documentation of `itertools`; `numpy.ndindex`, `numpy.ndenumerate`, `numpy.unravel_index`.)

use super::call::{Args, Call};
use super::machine::Machine;
use crate::domain::{ObjectKind, Value, ValueId};
use crate::ir::ArgKind;
use crate::trace::How;

/// Tuples of more items than this are not followed item by item.
const MAX_ITEMS: usize = 8;

impl<'a> Machine<'a> {
    /// A call of a function of `itertools`; None if it is not one that is modelled.
    pub(crate) fn itertool(&mut self, path: &str, args: &Args<'a>) -> Option<ValueId> {
        let name = path.strip_prefix("itertools.")?;
        if args.list.iter().any(|arg| !matches!(arg.kind, ArgKind::Pos | ArgKind::Kw(_))) {
            return None;
        }
        let positional: Vec<ValueId> =
            args.list.iter().zip(&args.values).filter(|(arg, _)| arg.kind == ArgKind::Pos).map(|(_, &v)| v).collect();
        let plain = args.all_positional();
        let first = positional.first().copied();
        let item = match (name, first) {
            ("product", _) => self.product(&positional, args)?,
            ("permutations" | "combinations" | "combinations_with_replacement", Some(source)) if plain => {
                let element = self.iterate(source, How::Element);
                match positional.get(1).and_then(|&count| self.int_of(count)) {
                    Some(count) if (0..=MAX_ITEMS as i64).contains(&count) => {
                        self.values.tuple(vec![element; count as usize])
                    }
                    _ => self.values.tuple_of(element),
                }
            }
            ("chain", _) if plain => {
                let elements: Vec<ValueId> = positional.iter().map(|&v| self.iterate(v, How::Element)).collect();
                self.values.join_all(elements)
            }
            ("cycle" | "islice", Some(source)) => self.iterate(source, How::Element),
            ("pairwise", Some(source)) if plain => {
                let element = self.iterate(source, How::Element);
                self.values.tuple(vec![element; 2])
            }
            ("repeat", Some(source)) => source,
            ("count", _) if plain && positional.iter().all(|&v| matches!(self.values.get(v), Value::Int(_))) => {
                self.values.int(None)
            }
            _ => return None,
        };
        self.read_args(args);
        Some(self.new_sequence(ObjectKind::Iterator, item))
    }

    /// An item of `product(…)`.
    fn product(&mut self, sources: &[ValueId], args: &Args<'a>) -> Option<ValueId> {
        let mut repeat = 1;
        for (arg, &value) in args.list.iter().zip(&args.values) {
            if arg.kind != ArgKind::Pos {
                repeat = usize::try_from(self.int_of(value)?).ok()?;
            }
        }
        let elements: Vec<ValueId> = sources.iter().map(|&source| self.iterate(source, How::Element)).collect();
        if elements.len().saturating_mul(repeat) > MAX_ITEMS {
            let joined = self.values.join_all(elements);
            return Some(self.values.tuple_of(joined));
        }
        let items = elements.iter().copied().cycle().take(elements.len() * repeat).collect();
        Some(self.values.tuple(items))
    }

    /// The rows that hand out indices: `ndindex`, `ndenumerate`, `unravel_index`.
    pub(crate) fn indices(&mut self, call: &Call<'a>) -> Option<ValueId> {
        if call.open {
            return None;
        }
        match call.row.name.rsplit('.').next()? {
            "ndindex" => {
                let count = match call.rest[..] {
                    [(shape, _)] => self.shape_value(shape).map(|shape| shape.len()),
                    _ => Some(call.rest.len()),
                };
                let index = self.index_tuple(count);
                Some(self.new_sequence(ObjectKind::Iterator, index))
            }
            "ndenumerate" => {
                let array = self.values.array(call.value(0)?).filter(|array| array.certain())?.clone();
                let index = self.index_tuple(array.ndim());
                // An element of an object array may be anything.
                let element =
                    if array.dtype.kind().is_some() { self.element_of_dtype(&array) } else { ValueId::UNKNOWN };
                let pair = self.values.tuple(vec![index, element]);
                Some(self.new_sequence(ObjectKind::Iterator, pair))
            }
            "unravel_index" => {
                let one = matches!(self.values.get(call.value(0)?), Value::Int(_));
                let count = self.shape_value(call.named("shape")?).map(|shape| shape.len());
                one.then(|| self.index_tuple(count))
            }
            _ => None,
        }
    }

    fn element_of_dtype(&mut self, array: &crate::domain::Array) -> ValueId {
        match array.dtype {
            crate::domain::Dtype::Object => ValueId::UNKNOWN,
            dtype => self.number_of(dtype),
        }
    }

    /// A tuple of so many integers.
    fn index_tuple(&mut self, count: Option<usize>) -> ValueId {
        let int = self.values.int(None);
        match count {
            Some(count) if count <= MAX_ITEMS => self.values.tuple(vec![int; count]),
            _ => self.values.tuple_of(int),
        }
    }
}
