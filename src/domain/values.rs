//! The table of hash-consed values and contents, with their joins.

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::interner::Interner;
use super::value::{MAX_BUFFERS, MAX_DEPTH, MAX_FIXED, MAX_OBJECTS};
use super::{Array, BufId, Content, ContentId, Evidence, Key, Kinds, ObjectKind, Subclass, Value, ValueId};

/// All values and contents of a file.
#[derive(Debug)]
pub struct Values {
    table: Interner<Value>,
    masks: Vec<u64>,
    contents: Interner<Content>,
    content_masks: Vec<u64>,
    joins: FxHashMap<(ValueId, ValueId), ValueId>,
    content_joins: FxHashMap<(ContentId, ContentId), ContentId>,
    aged: FxHashMap<(ValueId, BufId), ValueId>,
}

impl Default for Values {
    fn default() -> Values {
        let mut values = Values {
            table: Interner::default(),
            masks: Vec::new(),
            contents: Interner::default(),
            content_masks: Vec::new(),
            joins: FxHashMap::default(),
            content_joins: FxHashMap::default(),
            aged: FxHashMap::default(),
        };
        // The order makes the constants of ValueId.
        for value in [Value::Bottom, Value::Unknown, Value::None, Value::Scalar] {
            values.intern(value);
        }
        values
    }
}

/// The bit of a buffer in a value's mask: a quick "certainly does not mention it".
fn bit(buf: BufId) -> u64 {
    1 << (buf.0 & 63)
}

impl Values {
    /// The id of a value.
    pub fn intern(&mut self, value: Value) -> ValueId {
        let (number, new) = self.table.intern(value);
        if new {
            let mask = match self.table.get(number) {
                Value::Array(array) => array.bufs.iter().fold(0, |mask, &b| mask | bit(b)),
                Value::Tuple(items) => items.iter().fold(0, |mask, &v| mask | self.masks[v.0 as usize]),
                Value::TupleOf(item) | Value::Bound(item, _) => self.masks[item.0 as usize],
                Value::Ref(objects) => objects.iter().fold(0, |mask, &b| mask | bit(b)),
                _ => 0,
            };
            self.masks.push(mask);
        }
        ValueId(number)
    }

    /// The value of an id.
    pub fn get(&self, id: ValueId) -> &Value {
        self.table.get(id.0)
    }

    /// The value as an array, if it is, or may be, one.
    pub fn array(&self, id: ValueId) -> Option<&Array> {
        match self.get(id) {
            Value::Array(array) if array.kinds.meets(Kinds::ARRAY) => Some(array),
            _ => None,
        }
    }

    /// Interns an array in its normal form: no warnings about kinds that it is not of, nothing said of an array that it
    /// cannot be. One of which nothing is known becomes [`ValueId::UNKNOWN`], a mere number [`ValueId::SCALAR`].
    pub fn make(&mut self, mut array: Array) -> ValueId {
        if !array.kinds.meets(Kinds::OTHER) {
            array.kinds = array.kinds.without(Kinds::WILD);
            if !array.kinds.meets(Kinds::CONTAINER) {
                array.kinds = array.kinds.without(Kinds::FOREIGN);
            }
        }
        if !array.kinds.has(Kinds::PECULIAR) {
            array.subclass = Subclass::Unknown;
        }
        if array.unknown && array.bufs.is_empty() {
            // Memory of which nothing is known.
            (array.owner, array.region) = (super::Owner::Either, super::Region::Any);
            (array.lies, array.entry, array.made_by) = (false, false, 0);
            if array == Array::unknown(Kinds::ANY, Evidence::None) {
                return ValueId::UNKNOWN;
            }
        }
        match array.kinds {
            Kinds(0) => return ValueId::BOTTOM,
            Kinds::SCALAR => return ValueId::SCALAR,
            Kinds::NONE => return ValueId::NONE,
            _ => {}
        }
        if array.says_nothing() || !array.kinds.meets(Kinds::ARRAY.union(Kinds::CONTAINER).union(Kinds::OTHER)) {
            array = Array { unknown: false, ..Array::unknown(array.kinds, Evidence::None) };
        }
        self.intern(Value::Array(array))
    }

    /// An integer of which the value may be known.
    pub fn int(&mut self, value: Option<i64>) -> ValueId {
        self.intern(Value::Int(value))
    }

    /// A tuple; nested too deep, it is unknown inside.
    pub fn tuple(&mut self, items: Vec<ValueId>) -> ValueId {
        if items.len() > MAX_FIXED * 4 {
            let joined = self.join_all(items);
            return self.tuple_of(joined);
        }
        if items.iter().any(|&item| self.depth(item) >= MAX_DEPTH) {
            return self.intern(Value::TupleOf(ValueId::UNKNOWN));
        }
        self.intern(Value::Tuple(items))
    }

    /// A tuple of unknown length.
    pub fn tuple_of(&mut self, item: ValueId) -> ValueId {
        let item = if self.depth(item) >= MAX_DEPTH { ValueId::UNKNOWN } else { item };
        self.intern(Value::TupleOf(item))
    }

    /// How deep tuples are nested in a value.
    fn depth(&self, id: ValueId) -> u8 {
        match self.get(id) {
            Value::Tuple(items) => 1 + items.iter().map(|&item| self.depth(item)).max().unwrap_or(0),
            Value::TupleOf(item) | Value::Bound(item, _) => 1 + self.depth(*item),
            _ => 0,
        }
    }

    /// What kinds of run-time value a value stands for.
    pub fn kinds(&self, id: ValueId) -> Kinds {
        match self.get(id) {
            Value::Bottom => Kinds(0),
            Value::Unknown | Value::Module(_) => Kinds::ANY,
            Value::None => Kinds::NONE,
            Value::Scalar
            | Value::Int(_)
            | Value::Bool(_)
            | Value::Float
            | Value::Complex
            | Value::Number
            | Value::Str(_) => Kinds::SCALAR,
            Value::Basic => Kinds::SCALAR.union(Kinds::OTHER).union(Kinds::FOREIGN).union(Kinds::WILD),
            Value::Array(array) => array.kinds,
            Value::Tuple(_) | Value::TupleOf(_) => Kinds::CONTAINER.union(Kinds::FOREIGN),
            Value::Ref(_) => Kinds::CONTAINER.union(Kinds::OTHER).union(Kinds::FOREIGN).union(Kinds::WILD),
            _ => Kinds::OTHER.union(Kinds::FOREIGN).union(Kinds::WILD),
        }
    }

    /// The value as what it says in the case that it is an array; nothing but kinds, if it cannot be one.
    fn as_array(&self, id: ValueId) -> Array {
        match self.get(id) {
            Value::Array(array) => array.clone(),
            // (What is imported may be anything.)
            Value::Unknown | Value::Module(_) => Array::unknown(Kinds::ANY, Evidence::None),
            _ => Array { unknown: false, ..Array::unknown(self.kinds(id), Evidence::None) },
        }
    }

    /// What holds on both of two paths: the least value that covers both.
    pub fn join(&mut self, a: ValueId, b: ValueId) -> ValueId {
        if a == b || b == ValueId::BOTTOM {
            return a;
        }
        if a == ValueId::BOTTOM {
            return b;
        }
        let key = (a.min(b), a.max(b));
        if let Some(&joined) = self.joins.get(&key) {
            return joined;
        }
        let joined = self.join_new(key.0, key.1);
        self.joins.insert(key, joined);
        joined
    }

    /// The join of all of these.
    pub fn join_all(&mut self, values: impl IntoIterator<Item = ValueId>) -> ValueId {
        values.into_iter().fold(ValueId::BOTTOM, |joined, value| self.join(joined, value))
    }

    fn join_new(&mut self, a: ValueId, b: ValueId) -> ValueId {
        let value = match (self.get(a), self.get(b)) {
            (Value::Int(_), Value::Int(_)) => Value::Int(None),
            (Value::Bool(_), Value::Bool(_)) => Value::Bool(None),
            (Value::Str(_), Value::Str(_)) => Value::Str(None),
            (
                Value::Int(_) | Value::Bool(_) | Value::Float | Value::Complex | Value::Number,
                Value::Int(_) | Value::Bool(_) | Value::Float | Value::Complex | Value::Number,
            ) => Value::Number,
            (Value::Dtype(a), Value::Dtype(b)) => Value::Dtype(a.join(*b)),
            (Value::Range(a, m, p), Value::Range(b, n, q)) => {
                Value::Range(*a && *b, if m == n { *m } else { -1 }, if p == q { *p } else { None })
            }
            (Value::Int(_) | Value::Slice(..) | Value::Basic, Value::Int(_) | Value::Slice(..) | Value::Basic)
                if !matches!((self.get(a), self.get(b)), (Value::Slice(..), Value::Slice(..))) =>
            {
                Value::Basic
            }
            (Value::Slice(a, b, c), Value::Slice(d, e, f)) => {
                let (a, b, c, d, e, f) = (*a, *b, *c, *d, *e, *f);
                let parts = [(a, d), (b, e), (c, f)].map(|(x, y)| self.join(x, y));
                Value::Slice(parts[0], parts[1], parts[2])
            }
            (Value::Tuple(x), Value::Tuple(y)) if x.len() == y.len() => {
                let pairs: Vec<_> = x.iter().copied().zip(y.iter().copied()).collect();
                let items = pairs.into_iter().map(|(x, y)| self.join(x, y)).collect();
                return self.tuple(items);
            }
            (Value::Tuple(_) | Value::TupleOf(_), Value::Tuple(_) | Value::TupleOf(_)) => {
                let (x, y) = (self.element(a), self.element(b));
                let item = self.join(x, y);
                return self.tuple_of(item);
            }
            (Value::Ref(x), Value::Ref(y)) => {
                let mut objects: SmallVec<[BufId; 2]> = x.iter().chain(y).copied().collect();
                objects.sort_unstable();
                objects.dedup();
                if objects.len() > MAX_OBJECTS {
                    let any = Array { unknown: false, ..Array::unknown(self.kinds(a), Evidence::None) };
                    return self.make(any);
                }
                Value::Ref(objects)
            }
            _ => {
                let (x, y) = (self.as_array(a), self.as_array(b));
                if !x.kinds.union(y.kinds).meets(Kinds::ARRAY) && x.kinds == Kinds::SCALAR && y.kinds == Kinds::SCALAR {
                    return ValueId::SCALAR;
                }
                return self.make(join_arrays(x, &y));
            }
        };
        self.intern(value)
    }

    /// The joined elements of a tuple.
    fn element(&mut self, id: ValueId) -> ValueId {
        match self.get(id) {
            Value::Tuple(items) => {
                let items = items.clone();
                self.join_all(items)
            }
            Value::TupleOf(item) => *item,
            _ => ValueId::UNKNOWN,
        }
    }

    /// The value after the allocation site of `recent` has made another: what it made before is now `older`.
    #[inline]
    pub fn age(&mut self, id: ValueId, recent: BufId, older: BufId) -> ValueId {
        // All names and temps are asked about at each allocation in a loop: hardly any mentions the buffer.
        if self.avoids(id, recent) { id } else { self.aged(id, recent, older) }
    }

    fn aged(&mut self, id: ValueId, recent: BufId, older: BufId) -> ValueId {
        if let Some(&aged) = self.aged.get(&(id, recent)) {
            return aged;
        }
        let rename = |bufs: &SmallVec<[BufId; 2]>| {
            let mut renamed: SmallVec<[BufId; 2]> = bufs.iter().map(|&b| if b == recent { older } else { b }).collect();
            renamed.sort_unstable();
            renamed.dedup();
            renamed
        };
        let aged = match self.get(id).clone() {
            Value::Array(mut array) => {
                if array.bufs.contains(&recent) {
                    array.bufs = rename(&array.bufs);
                    array.lies = false;
                    array.entry = false;
                }
                self.make(array)
            }
            Value::Ref(objects) => {
                let objects = rename(&objects);
                self.intern(Value::Ref(objects))
            }
            Value::Tuple(items) => {
                let items = items.into_iter().map(|item| self.age(item, recent, older)).collect();
                self.intern(Value::Tuple(items))
            }
            Value::TupleOf(item) => {
                let item = self.age(item, recent, older);
                self.intern(Value::TupleOf(item))
            }
            Value::Bound(item, name) => {
                let item = self.age(item, recent, older);
                self.intern(Value::Bound(item, name))
            }
            other => self.intern(other),
        };
        self.aged.insert((id, recent), aged);
        aged
    }

    /// Does the value certainly not mention the buffer or object?
    pub fn avoids(&self, id: ValueId, buf: BufId) -> bool {
        self.masks[id.0 as usize] & bit(buf) == 0
    }

    /// Does the content certainly mention none of these buffers or objects?
    pub fn content_avoids(&self, id: ContentId, bufs: &[BufId]) -> bool {
        bufs.iter().all(|&buf| self.content_masks[id.0 as usize] & bit(buf) == 0)
    }

    /// The id of a content.
    pub fn intern_content(&mut self, content: Content) -> ContentId {
        let (number, new) = self.contents.intern(content);
        if new {
            let content = self.contents.get(number);
            let rest = self.masks[content.rest.0 as usize];
            let mask = content.fixed.iter().fold(rest, |mask, (_, v)| mask | self.masks[v.0 as usize]);
            self.content_masks.push(mask);
        }
        ContentId(number)
    }

    /// What an object holds.
    pub fn content(&self, id: ContentId) -> &Content {
        self.contents.get(id.0)
    }

    /// The content with what was `recent` renamed.
    pub fn age_content(&mut self, id: ContentId, recent: BufId, older: BufId) -> ContentId {
        if self.content_masks[id.0 as usize] & bit(recent) == 0 {
            return id;
        }
        let mut content = self.content(id).clone();
        for (_, value) in &mut content.fixed {
            *value = self.age(*value, recent, older);
        }
        content.rest = self.age(content.rest, recent, older);
        self.intern_content(content)
    }

    /// What an object holds after either of two paths.
    pub fn join_content(&mut self, a: ContentId, b: ContentId) -> ContentId {
        if a == b {
            return a;
        }
        let key = (a.min(b), a.max(b));
        if let Some(&joined) = self.content_joins.get(&key) {
            return joined;
        }
        let (x, y) = (self.content(key.0).clone(), self.content(key.1).clone());
        let joined = self.join_contents(x, y);
        let id = self.intern_content(joined);
        self.content_joins.insert(key, id);
        id
    }

    fn join_contents(&mut self, x: Content, y: Content) -> Content {
        let kind = match (x.kind, y.kind) {
            (a, b) if a == b => a,
            (ObjectKind::Instance(_), ObjectKind::Instance(_)) => ObjectKind::Instance(None),
            _ => ObjectKind::Any,
        };
        if kind == ObjectKind::Any {
            return Content { kind, fixed: Vec::new(), rest: ValueId::UNKNOWN, exact: false };
        }
        let exact = x.exact && y.exact && x.fixed.len() == y.fixed.len();
        let mut rest = self.join(x.rest, y.rest);
        if kind == ObjectKind::List && !exact {
            // Positions mean nothing any more.
            let all: Vec<_> = x.fixed.iter().chain(&y.fixed).map(|(_, value)| *value).collect();
            rest = all.into_iter().fold(rest, |rest, value| self.join(rest, value));
            return Content { kind, fixed: Vec::new(), rest, exact: false };
        }
        let mut fixed = Vec::with_capacity(x.fixed.len());
        for (key, value) in &x.fixed {
            let other = lookup(&y, *key).unwrap_or(y.rest);
            fixed.push((*key, self.join(*value, other)));
        }
        for (key, value) in &y.fixed {
            if lookup(&x, *key).is_none() {
                fixed.push((*key, self.join(*value, x.rest)));
            }
        }
        fixed.sort_unstable_by_key(|entry| entry.0);
        if fixed.len() > MAX_FIXED {
            for (_, value) in fixed.drain(..) {
                rest = self.join(rest, value);
            }
            return Content { kind, fixed, rest, exact: false };
        }
        Content { kind, fixed, rest, exact }
    }
}

/// The value of a key that is known apart.
pub fn lookup(content: &Content, key: Key) -> Option<ValueId> {
    content.fixed.binary_search_by_key(&key, |entry| entry.0).ok().map(|i| content.fixed[i].1)
}

/// The join of two values in the case that they are arrays. A side that says nothing of memory adds but its kinds.
fn join_arrays(mut x: Array, y: &Array) -> Array {
    let kinds = x.kinds.union(y.kinds);
    if y.says_nothing() {
        x.kinds = kinds;
        x.entry = false;
        return x;
    }
    if x.says_nothing() {
        return Array { kinds, entry: false, ..y.clone() };
    }
    let mut bufs: SmallVec<[BufId; 2]> = x.bufs.iter().chain(&y.bufs).copied().collect();
    bufs.sort_unstable();
    bufs.dedup();
    let mut unknown = x.unknown || y.unknown;
    if bufs.len() > MAX_BUFFERS {
        // The smallest of the union: that keeps the join associative.
        bufs.truncate(MAX_BUFFERS);
        unknown = true;
    }
    let shape = match (x.shape, &y.shape) {
        (Some(a), Some(b)) if a.len() == b.len() => {
            Some(a.iter().zip(b).map(|(&m, &n)| if m == n { m } else { -1 }).collect())
        }
        _ => None,
    };
    Array {
        kinds,
        evidence: x.evidence.min(y.evidence),
        lies: x.lies && y.lies && bufs.len() == 1 && !unknown,
        entry: x.entry && y.entry,
        bufs,
        unknown,
        owner: x.owner.join(y.owner),
        region: x.region.join(&y.region),
        shape,
        sparse: if x.sparse == y.sparse { x.sparse } else { None },
        dtype: x.dtype.join(y.dtype),
        c: x.c.join(y.c),
        f: x.f.join(y.f),
        writeable: x.writeable.join(y.writeable),
        subclass: if x.subclass == y.subclass { x.subclass } else { Subclass::Unknown },
        made_by: match (x.made_by, y.made_by) {
            (0, n) | (n, 0) => n,
            (m, n) => m.min(n),
        },
    }
}
