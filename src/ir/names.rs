//! Interned names: identifiers, attributes, keywords and dictionary keys of one file.

use rustc_hash::FxHashMap;

/// An interned name of one file; equal symbols of one [`Names`] are equal strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sym(pub u32);

/// The names of one file.
#[derive(Debug, Default)]
pub struct Names {
    index: FxHashMap<Box<str>, Sym>,
    texts: Vec<Box<str>>,
}

impl Names {
    /// The symbol of `text`, made if it is new.
    pub fn intern(&mut self, text: &str) -> Sym {
        if let Some(&sym) = self.index.get(text) {
            return sym;
        }
        let sym = Sym(self.texts.len() as u32);
        self.texts.push(text.into());
        self.index.insert(text.into(), sym);
        sym
    }

    /// The symbol of `text`, if the file uses it.
    pub fn get(&self, text: &str) -> Option<Sym> {
        self.index.get(text).copied()
    }

    /// The text of a symbol of this table.
    pub fn text(&self, sym: Sym) -> &str {
        &self.texts[sym.0 as usize]
    }

    /// How many distinct names there are; symbols are `0..len`.
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Is the table without names?
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// All texts, in the order of their symbols.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(AsRef::as_ref)
    }
}
