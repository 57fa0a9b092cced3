//! Hash-consing: equal things get one number.

use std::hash::{BuildHasher, Hash};

use rustc_hash::FxBuildHasher;

/// A table of different things, numbered in the order in which they came.
///
/// A table of its own, because a map would keep each thing twice, as a key and by number, and would hash all of them
/// again whenever it grows. The things lie in chunks, so that they need not be moved either: they are large.
#[derive(Debug)]
pub(super) struct Interner<T> {
    chunks: Vec<Vec<T>>,
    /// For each item its hash.
    hashes: Vec<u32>,
    /// Open addressing: an item's number plus one, or 0; a power of two long.
    slots: Vec<u32>,
}

/// How many items a chunk holds.
const CHUNK: usize = 64;
/// So many items have room in the table from the beginning.
const ROOM: usize = 512;

impl<T> Default for Interner<T> {
    fn default() -> Interner<T> {
        Interner { chunks: Vec::new(), hashes: Vec::with_capacity(ROOM), slots: vec![0; ROOM * 2] }
    }
}

impl<T: Hash + Eq> Interner<T> {
    /// The number of an item, and whether it is new.
    pub(super) fn intern(&mut self, item: T) -> (u32, bool) {
        // The upper bits of the hash are the better ones.
        let hash = (FxBuildHasher.hash_one(&item) >> 32) as u32;
        let mask = self.slots.len() - 1;
        let mut slot = hash as usize & mask;
        while let Some(found) = self.slots[slot].checked_sub(1) {
            if self.hashes[found as usize] == hash && *self.get(found) == item {
                return (found, false);
            }
            slot = (slot + 1) & mask;
        }
        let number = self.hashes.len() as u32;
        match self.chunks.last_mut().filter(|chunk| chunk.len() < CHUNK) {
            Some(chunk) => chunk.push(item),
            None => {
                let mut chunk = Vec::with_capacity(CHUNK);
                chunk.push(item);
                self.chunks.push(chunk);
            }
        }
        self.hashes.push(hash);
        self.slots[slot] = number + 1;
        if self.hashes.len() * 2 > self.slots.len() {
            self.grow();
        }
        (number, true)
    }

    fn grow(&mut self) {
        let mask = self.slots.len() * 2 - 1;
        self.slots.clear();
        self.slots.resize(mask + 1, 0);
        for (number, &hash) in self.hashes.iter().enumerate() {
            let mut slot = hash as usize & mask;
            while self.slots[slot] != 0 {
                slot = (slot + 1) & mask;
            }
            self.slots[slot] = number as u32 + 1;
        }
    }
}

impl<T> Interner<T> {
    /// The item of a number.
    pub(super) fn get(&self, number: u32) -> &T {
        &self.chunks[number as usize / CHUNK][number as usize % CHUNK]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_items_have_one_number() {
        let mut interner = Interner::default();
        let numbers: Vec<_> = (0..5000u64).map(|i| interner.intern(i * 7)).collect();
        for (i, &number) in numbers.iter().enumerate() {
            assert_eq!(number, (i as u32, true));
            assert_eq!(interner.intern(i as u64 * 7), (i as u32, false));
            assert_eq!(*interner.get(i as u32), i as u64 * 7);
        }
    }
}
