//! A change of all that is known of the arrays that may lie in certain buffers.

use rustc_hash::FxHashMap;

use super::machine::Machine;
use crate::domain::{Array, BufId, Value, ValueId, Values};

impl Machine<'_> {
    /// Changes every array value of the state (and of the block's temps) that may lie in one of the buffers.
    pub(crate) fn remap(&mut self, bufs: &[BufId], change: impl Fn(&mut Array)) {
        let mut memo: FxHashMap<ValueId, ValueId> = FxHashMap::default();
        for i in 0..self.state.locals.len() {
            self.state.locals[i] = remap_value(&mut self.values, self.state.locals[i], bufs, &change, &mut memo);
        }
        for i in 0..self.block_temps.len() {
            let temp = self.block_temps[i].index();
            self.temps[temp] = remap_value(&mut self.values, self.temps[temp], bufs, &change, &mut memo);
        }
        for i in 0..self.state.heap.len() {
            if self.values.content_avoids(self.state.heap[i].1, bufs) {
                continue;
            }
            let mut content = self.values.content(self.state.heap[i].1).clone();
            for (_, value) in &mut content.fixed {
                *value = remap_value(&mut self.values, *value, bufs, &change, &mut memo);
            }
            content.rest = remap_value(&mut self.values, content.rest, bufs, &change, &mut memo);
            self.state.heap[i].1 = self.values.intern_content(content);
        }
    }
}

fn remap_value(
    values: &mut Values,
    value: ValueId,
    bufs: &[BufId],
    change: &impl Fn(&mut Array),
    memo: &mut FxHashMap<ValueId, ValueId>,
) -> ValueId {
    if bufs.iter().all(|&buf| values.avoids(value, buf)) {
        return value;
    }
    if let Some(&new) = memo.get(&value) {
        return new;
    }
    let new = match values.get(value).clone() {
        Value::Array(mut array) if array.bufs.iter().any(|buf| bufs.contains(buf)) => {
            change(&mut array);
            values.make(array)
        }
        Value::Tuple(items) => {
            let items = items.into_iter().map(|item| remap_value(values, item, bufs, change, memo)).collect();
            values.intern(Value::Tuple(items))
        }
        Value::TupleOf(item) => {
            let item = remap_value(values, item, bufs, change, memo);
            values.intern(Value::TupleOf(item))
        }
        _ => value,
    };
    memo.insert(value, new);
    new
}
