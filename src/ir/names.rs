//! Interned names: identifiers, attributes, keywords and dictionary keys of one file.

use std::hash::BuildHasher;

use rustc_hash::FxBuildHasher;

/// An interned name of one file; equal symbols of one [`Names`] are equal strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Sym(pub u32);

/// The names of one file.
///
/// One text for all of them, and a table of its own: a file has thousands, and an allocation for each is what interning
/// would otherwise spend its time on.
#[derive(Debug, Default)]
pub struct Names {
    /// All texts, one behind the other.
    arena: String,
    /// Where each text ends.
    ends: Vec<u32>,
    /// Open addressing: a symbol plus one and part of its text's hash, or zeros; a power of two long.
    table: Vec<(u32, u32)>,
}

impl Names {
    /// A table with room for about so many names.
    pub fn with_capacity(names: usize) -> Names {
        let table = vec![(0, 0); (names * 2).next_power_of_two()];
        Names { arena: String::with_capacity(names * 8), ends: Vec::with_capacity(names), table }
    }

    /// The symbol of `text`, made if it is new.
    pub fn intern(&mut self, text: &str) -> Sym {
        if (self.ends.len() + 1) * 4 > self.table.len() * 3 {
            self.grow();
        }
        let tag = tag(text);
        let slot = self.slot(text, tag);
        if self.table[slot].0 != 0 {
            return Sym(self.table[slot].0 - 1);
        }
        self.arena.push_str(text);
        self.ends.push(self.arena.len() as u32);
        self.table[slot] = (self.ends.len() as u32, tag);
        Sym(self.ends.len() as u32 - 1)
    }

    /// The place in the table where `text` is, or would be. The table has a free place.
    fn slot(&self, text: &str, tag: u32) -> usize {
        let mask = self.table.len() - 1;
        let mut slot = tag as usize & mask;
        loop {
            match self.table[slot] {
                (0, _) => return slot,
                (found, other) if other == tag && self.text(Sym(found - 1)) == text => return slot,
                _ => slot = (slot + 1) & mask,
            }
        }
    }

    fn grow(&mut self) {
        let mask = (self.table.len() * 2).max(64) - 1;
        let old = std::mem::replace(&mut self.table, vec![(0, 0); mask + 1]);
        for (sym, tag) in old.into_iter().filter(|entry| entry.0 != 0) {
            let mut slot = tag as usize & mask;
            while self.table[slot].0 != 0 {
                slot = (slot + 1) & mask;
            }
            self.table[slot] = (sym, tag);
        }
    }

    /// The symbol of `text`, if the file uses it.
    pub fn get(&self, text: &str) -> Option<Sym> {
        if self.table.is_empty() {
            return None;
        }
        self.table[self.slot(text, tag(text))].0.checked_sub(1).map(Sym)
    }

    /// The text of a symbol of this table.
    pub fn text(&self, sym: Sym) -> &str {
        let index = sym.0 as usize;
        let start = if index == 0 { 0 } else { self.ends[index - 1] as usize };
        &self.arena[start..self.ends[index] as usize]
    }

    /// How many distinct names there are; symbols are `0..len`.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Is the table without names?
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// All texts, in the order of their symbols.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.ends.len() as u32).map(|sym| self.text(Sym(sym)))
    }
}

/// What the table knows of a text: the upper bits of its hash, which are the better ones.
fn tag(text: &str) -> u32 {
    (FxBuildHasher.hash_one(text) >> 20) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_are_equal_symbols() {
        let mut names = Names::default();
        assert_eq!(names.get("a"), None);
        let syms: Vec<Sym> = (0..5000).map(|i| names.intern(&format!("name{i}"))).collect();
        assert_eq!(names.intern(""), Sym(5000));
        for (i, sym) in syms.iter().enumerate() {
            let text = format!("name{i}");
            assert_eq!((names.intern(&text), names.get(&text), names.text(*sym)), (*sym, Some(*sym), text.as_str()));
        }
        assert_eq!((names.len(), names.get("other"), names.iter().count()), (5001, None, 5001));
    }
}
