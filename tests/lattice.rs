//! The laws of the lattice: on random values (proptest), and by enumeration where there are few.
//!
//! A join must be idempotent, commutative and associative, with bottom as its neutral element; then it induces an order,
//! in which it is the least upper bound. Ageing must distribute over it: what holds after a site has made another
//! buffer must not depend on whether two paths met before or after.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use proptest::prelude::*;
use smallvec::SmallVec;
use viewlint::domain::value::MAX_BUFFERS;
use viewlint::domain::{
    Array, Bound, BufId, Content, ContentId, Dtype, Evidence, Interval, Key, Kinds, ObjectKind, Owner, Region,
    Subclass, Tri, Value, ValueId, Values,
};
use viewlint::ir::{Local, Sym};

/// A value, to be interned: arrays and tuples refer to others.
#[derive(Clone, Debug)]
enum Plan {
    Plain(Value),
    Array(Box<Array>),
    Tuple(Vec<Plan>),
    TupleOf(Box<Plan>),
    Ref(Vec<u32>),
    Slice(Box<Plan>),
}

impl Plan {
    fn build(&self, values: &mut Values) -> ValueId {
        match self {
            Plan::Plain(value) => values.intern(value.clone()),
            Plan::Array(array) => values.make((**array).clone()),
            Plan::Tuple(items) => {
                let items = items.iter().map(|item| item.build(values)).collect();
                values.tuple(items)
            }
            Plan::TupleOf(item) => {
                let item = item.build(values);
                values.tuple_of(item)
            }
            Plan::Ref(objects) => {
                let mut objects: SmallVec<[BufId; 2]> = objects.iter().map(|&n| BufId(n)).collect();
                objects.sort_unstable();
                objects.dedup();
                values.intern(Value::Ref(objects))
            }
            Plan::Slice(part) => {
                let part = part.build(values);
                values.intern(Value::Slice(part, ValueId::NONE, ValueId::NONE))
            }
        }
    }
}

fn tri() -> impl Strategy<Value = Tri> {
    prop_oneof![Just(Tri::No), Just(Tri::May), Just(Tri::Must)]
}

fn dtype() -> impl Strategy<Value = Dtype> {
    prop_oneof![
        Just(Dtype::Unknown),
        Just(Dtype::FLOAT64),
        Just(Dtype::Exact(b'f', 4)),
        Just(Dtype::Kind(b'f')),
        Just(Dtype::INT64),
        Just(Dtype::Kind(b'i')),
        Just(Dtype::BOOL),
        Just(Dtype::Object),
        Just(Dtype::Struct),
    ]
}

fn region() -> impl Strategy<Value = Region> {
    let bound = || {
        prop_oneof![
            Just(Bound::Unknown),
            Just(Bound::Start),
            Just(Bound::End),
            (-2i64..3).prop_map(Bound::At),
            (0u32..2, -1i64..2).prop_map(|(local, n)| Bound::Sym(Local(local), n)),
        ]
    };
    let interval = (bound(), bound()).prop_map(|(lo, hi)| Interval { lo, hi });
    prop_oneof![
        Just(Region::Whole),
        Just(Region::Any),
        prop::collection::vec(interval, 1..3).prop_map(|parts| Region::Part(parts.into_iter().collect())),
        (0u32..2).prop_map(|n| Region::Field(Sym(n))),
        (0u32..2, 0u32..2).prop_map(|(op, n)| Region::Piece(op, n)),
    ]
}

prop_compose! {
    fn array()(
        kinds in 1u8..128,
        evidence in prop_oneof![Just(Evidence::None), Just(Evidence::Likely), Just(Evidence::Certain)],
        bufs in prop::collection::vec(0u32..12, 0..4),
        unknown in any::<bool>(),
        lies in any::<bool>(),
        entry in any::<bool>(),
        owner in prop_oneof![Just(Owner::Owner), Just(Owner::View), Just(Owner::Either)],
        region in region(),
        shape in prop::option::of(prop::collection::vec(-1i64..3, 0..3)),
        strides in prop::option::of(prop::collection::vec(1i64..3, 0..3)),
        dtype in dtype(),
        (c, f, writeable) in (tri(), tri(), tri()),
        made_by in 0u32..4,
        peculiar in prop::option::of(prop_oneof![
            Just(Subclass::Unknown), Just(Subclass::Masked), Just(Subclass::Matrix),
        ]),
    ) -> Array {
        let mut bufs: SmallVec<[BufId; 2]> = bufs.into_iter().map(BufId).collect();
        bufs.sort_unstable();
        bufs.dedup();
        let single = bufs.len() == 1 && !unknown;
        Array {
            kinds: peculiar.map_or(Kinds(kinds), |_| Kinds(kinds).union(Kinds::PECULIAR)),
            subclass: peculiar.unwrap_or_default(),
            evidence,
            lies: lies && single,
            entry: entry && single,
            bufs,
            unknown,
            owner,
            region,
            shape: shape.map(|shape| shape.into_iter().collect()),
            sparse: strides.map(Vec::into_boxed_slice),
            dtype,
            c,
            f,
            writeable,
            made_by,
        }
    }
}

fn plan() -> impl Strategy<Value = Plan> {
    let leaf = prop_oneof![
        8 => array().prop_map(|array| Plan::Array(Box::new(array))),
        4 => prop_oneof![
            Just(Value::Bottom),
            Just(Value::Unknown),
            Just(Value::None),
            Just(Value::Scalar),
            Just(Value::Number),
            Just(Value::Basic),
            Just(Value::Ellipsis),
            Just(Value::Float),
            Just(Value::Ellipsis),
            prop::option::of(0i64..3).prop_map(Value::Int),
            prop::option::of(any::<bool>()).prop_map(Value::Bool),
            (any::<bool>(), -1i64..3, proptest::option::of(0i64..2)).prop_map(|(some, len, first)| Value::Range(some, len, first)),
            dtype().prop_map(Value::Dtype),
        ]
        .prop_map(Plan::Plain),
        2 => prop::collection::vec(0u32..12, 1..3).prop_map(Plan::Ref),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Plan::Tuple),
            inner.clone().prop_map(|item| Plan::TupleOf(Box::new(item))),
            inner.prop_map(|part| Plan::Slice(Box::new(part))),
        ]
    })
}

/// What an object holds, to be interned.
#[derive(Clone, Debug)]
struct Held {
    kind: ObjectKind,
    fixed: Vec<Plan>,
    rest: Plan,
    exact: bool,
}

fn held() -> impl Strategy<Value = Held> {
    let kind = prop_oneof![
        4 => Just(ObjectKind::List),
        2 => Just(ObjectKind::Dict),
        1 => Just(ObjectKind::Set),
        1 => Just(ObjectKind::Iterator),
        1 => Just(ObjectKind::Instance(None)),
    ];
    let fixed = prop::collection::vec(plan(), 0..3);
    (kind, fixed, plan(), any::<bool>()).prop_map(|(kind, fixed, rest, exact)| Held { kind, fixed, rest, exact })
}

impl Held {
    fn build(&self, values: &mut Values) -> ContentId {
        let exact = self.kind == ObjectKind::List && self.exact;
        // A list of unknown length keeps no element apart; sets and iterators never do.
        let keeps = exact || matches!(self.kind, ObjectKind::Dict | ObjectKind::Instance(_));
        let items: Vec<ValueId> = self.fixed.iter().map(|plan| plan.build(values)).collect();
        let key = |i: usize| match self.kind {
            ObjectKind::List => Key::Index(i as u32),
            _ => Key::Name(Sym(i as u32)),
        };
        let fixed = if keeps { items.into_iter().enumerate().map(|(i, v)| (key(i), v)).collect() } else { Vec::new() };
        let rest = if exact { ValueId::BOTTOM } else { self.rest.build(values) };
        values.intern_content(Content { kind: self.kind, fixed, rest, exact })
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn values_join(x in plan(), y in plan(), z in plan()) {
        let mut values = Values::default();
        let (x, y, z) = (x.build(&mut values), y.build(&mut values), z.build(&mut values));
        prop_assert_eq!(values.join(x, x), x, "idempotent");
        prop_assert_eq!(values.join(x, ValueId::BOTTOM), x, "neutral");
        let xy = values.join(x, y);
        prop_assert_eq!(xy, values.join(y, x), "commutative");
        prop_assert_eq!(values.join(x, xy), xy, "an upper bound");
        let (left, yz) = (values.join(xy, z), values.join(y, z));
        let right = values.join(x, yz);
        prop_assert_eq!(left, right, "associative: {:?} and {:?}", values.get(left).clone(), values.get(right).clone());
    }

    #[test]
    fn ageing_covers_what_is_aged_apart(x in plan(), y in plan()) {
        let mut values = Values::default();
        let (x, y) = (x.build(&mut values), y.build(&mut values));
        let (recent, older) = (BufId(1), BufId(2));
        let joined = values.join(x, y);
        let after = values.age(joined, recent, older);
        let (x, y) = (values.age(x, recent, older), values.age(y, recent, older));
        // (Two objects that age makes one of may have been one too many before.)
        let aged = values.join(x, y);
        prop_assert_eq!(values.join(after, aged), after, "{:?} and {:?}", values.get(after), values.get(aged));
        prop_assert_eq!(values.age(after, recent, older), after, "nothing recent is left");
    }

    #[test]
    fn contents_join(x in held(), y in held(), z in held()) {
        let mut values = Values::default();
        let (x, y, z) = (x.build(&mut values), y.build(&mut values), z.build(&mut values));
        prop_assert_eq!(values.join_content(x, x), x, "idempotent");
        let xy = values.join_content(x, y);
        prop_assert_eq!(xy, values.join_content(y, x), "commutative");
        prop_assert_eq!(values.join_content(x, xy), xy, "an upper bound");
        let (left, yz) = (values.join_content(xy, z), values.join_content(y, z));
        let right = values.join_content(x, yz);
        prop_assert_eq!(left, right, "{:?} and {:?}", values.content(left).clone(), values.content(right).clone());
    }

    #[test]
    fn regions_join(x in region(), y in region(), z in region()) {
        prop_assert_eq!(x.join(&x), x.clone());
        prop_assert_eq!(x.join(&y), y.join(&x));
        prop_assert_eq!(x.join(&y).join(&z), x.join(&y.join(&z)));
        prop_assert_eq!(x.disjoint(&y), y.disjoint(&x), "disjointness has no direction");
        // What covers more is disjoint from less.
        if x.join(&z).disjoint(&y) {
            prop_assert!(x.disjoint(&y) && z.disjoint(&y));
        }
    }

    #[test]
    fn an_array_is_in_no_more_buffers_than_it_says(x in array(), y in array()) {
        let mut values = Values::default();
        let (a, b) = (values.make(x), values.make(y));
        let joined = values.join(a, b);
        if let Value::Array(array) = values.get(joined) {
            prop_assert!(array.bufs.len() <= MAX_BUFFERS);
            prop_assert!(!array.lies || array.bufs.len() == 1 && !array.unknown);
        }
    }
}

#[test]
fn truth_has_the_laws() {
    let all = [Tri::No, Tri::May, Tri::Must];
    for a in all {
        assert_eq!(a.join(a), a);
        for b in all {
            assert_eq!(a.join(b), b.join(a));
            assert_eq!(a.and(b), b.and(a));
            for c in all {
                assert_eq!(a.join(b).join(c), a.join(b.join(c)));
                assert_eq!(a.and(b).and(c), a.and(b.and(c)));
            }
        }
    }
}

#[test]
fn dtypes_have_the_laws() {
    let mut all = vec![Dtype::Unknown, Dtype::Struct, Dtype::Object];
    for kind in *b"biufcVO" {
        all.push(Dtype::Kind(kind));
        all.extend([1, 4, 8].map(|size| Dtype::Exact(kind, size)));
    }
    for &a in &all {
        assert_eq!(a.join(a), a);
        assert_eq!(a.join(Dtype::Unknown), Dtype::Unknown);
        for &b in &all {
            assert_eq!(a.join(b), b.join(a));
            for &c in &all {
                assert_eq!(a.join(b).join(c), a.join(b.join(c)), "{a:?} {b:?} {c:?}");
            }
        }
    }
}
