//! How classes hang together: what their bases are, in this file and in others, and where a name leads along them.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

use super::foreign::{Callees, ClassSummary, Method, MethodKind, Summary};
use super::machine::Machine;
use crate::ir::{Block, BodyId, ClassId, Module, OpKind, Sym};

/// Classes further up the chain of bases are not looked at.
const MAX_BASES: usize = 8;

/// Classes that have nothing to say of how objects are made and of what their attributes hold (or all of it by their
/// fields, as `NamedTuple`: see `record`).
const HARMLESS: [&str; 15] = [
    "object",
    "ABC",
    "Protocol",
    "Generic",
    "NamedTuple",
    "BaseEstimator",
    "TransformerMixin",
    "ClassifierMixin",
    "RegressorMixin",
    "ClusterMixin",
    "OutlierMixin",
    "DensityMixin",
    "MetaEstimatorMixin",
    "OneToOneFeatureMixin",
    "ClassNamePrefixFeaturesOutMixin",
];

/// Methods by which a class takes construction or access to attributes into its own hands.
const ODD: [&str; 4] = ["__new__", "__setattr__", "__getattr__", "__getattribute__"];

/// A class that a class inherits from.
#[derive(Clone, Debug)]
pub(crate) enum Base {
    /// It has no method that matters.
    Harmless,
    /// A class of the file.
    Own(ClassId),
    /// A class of another file.
    Told(Arc<ClassSummary>),
    /// Nothing is known of it.
    Unknown,
}

/// Where a method was found.
#[derive(Clone, Debug)]
pub(crate) enum Found {
    /// In this file.
    Body(BodyId),
    /// In another file.
    Told(MethodKind, Option<Arc<Summary>>),
}

/// How the file's classes hang together.
#[derive(Debug, Default)]
pub(crate) struct Classes {
    /// Classes of the module's own scope, by name; those of which the name is used twice are left out.
    by_name: FxHashMap<Sym, ClassId>,
    /// For each class its bases, in their order.
    bases: Vec<SmallVec<[Base; 1]>>,
    /// Methods that a class inheriting from this one has, too.
    pub(super) overridden: FxHashSet<(ClassId, Sym)>,
    /// Has the file a class of descriptors, whose instances answer for attributes of others?
    /// (<https://docs.python.org/3/howto/descriptor.html>)
    descriptors: bool,
}

impl Classes {
    /// Looks at all classes of a file once.
    pub(crate) fn new(module: &Module, callees: &dyn Callees) -> Classes {
        let mut classes = Classes::default();
        let mut twice = FxHashSet::default();
        for (i, class) in module.classes.iter().enumerate() {
            let top = module.bodies[class.body.index()].parent == Some(BodyId(0));
            if top && classes.by_name.insert(class.name, ClassId(i as u32)).is_some() {
                twice.insert(class.name);
            }
        }
        classes.by_name.retain(|name, _| !twice.contains(name));
        let own = |name: &Sym| module.classes.iter().any(|class| class.methods.iter().any(|method| method.0 == *name));
        classes.descriptors =
            ["__get__", "__set__"].iter().filter_map(|name| module.names.get(name)).any(|name| own(&name));
        for class in &module.classes {
            let bases = class.bases.iter().map(|path| classes.base(module, callees, path)).collect();
            classes.bases.push(bases);
        }
        for (i, class) in module.classes.iter().enumerate() {
            let mut above: Vec<ClassId> = classes.own_bases(ClassId(i as u32)).collect();
            let mut i = 0;
            while i < above.len() && i < MAX_BASES {
                classes.overridden.extend(class.methods.iter().map(|method| (above[i], method.0)));
                let more: Vec<ClassId> = classes.own_bases(above[i]).collect();
                above.extend(more);
                i += 1;
            }
        }
        classes
    }

    fn base(&self, module: &Module, callees: &dyn Callees, path: &[Sym]) -> Base {
        if let Some(class) = self.named(path) {
            return Base::Own(class);
        }
        let [first, rest @ ..] = path else { return Base::Unknown };
        if let Some(path) = imported(module, callees, *first, rest) {
            return callees.class(&path).map_or(Base::Unknown, Base::Told);
        }
        let last = rest.last().unwrap_or(first);
        if HARMLESS.contains(&module.names.text(*last)) { Base::Harmless } else { Base::Unknown }
    }

    pub(super) fn named(&self, path: &[Sym]) -> Option<ClassId> {
        match path {
            [name] => self.by_name.get(name).copied(),
            _ => None,
        }
    }

    /// The bases that are classes of the file.
    pub(super) fn own_bases(&self, class: ClassId) -> impl Iterator<Item = ClassId> {
        self.bases[class.index()].iter().filter_map(|base| match base {
            Base::Own(class) => Some(*class),
            _ => None,
        })
    }

    /// The class, and those of the file that it inherits from, however far up.
    pub(super) fn own_line(&self, class: ClassId) -> SmallVec<[ClassId; 4]> {
        let mut line: SmallVec<[ClassId; 4]> = smallvec::smallvec![class];
        let mut i = 0;
        while i < line.len() && line.len() <= MAX_BASES {
            let more: SmallVec<[ClassId; 4]> = self.own_bases(line[i]).filter(|base| !line.contains(base)).collect();
            line.extend(more);
            i += 1;
        }
        line
    }

    /// The bases of a class.
    pub(super) fn bases(&self, class: ClassId) -> &[Base] {
        &self.bases[class.index()]
    }

    /// The bases of other files.
    pub(super) fn told(&self) -> Vec<(ClassId, Arc<ClassSummary>)> {
        let all = self.bases.iter().enumerate().flat_map(|(i, bases)| bases.iter().map(move |base| (i, base)));
        let told = |(i, base): (usize, &Base)| match base {
            Base::Told(told) => Some((ClassId(i as u32), told.clone())),
            _ => None,
        };
        all.filter_map(told).collect()
    }

    /// The classes of the module's own scope.
    pub(super) fn at_top(&self) -> impl Iterator<Item = (Sym, ClassId)> {
        self.by_name.iter().map(|(name, class)| (*name, *class))
    }
}

/// What is told of a base that lies in another file.
pub(super) fn told_base(module: &Module, callees: &dyn Callees, path: &[Sym]) -> Option<Arc<ClassSummary>> {
    let (first, rest) = path.split_first()?;
    callees.class(&imported(module, callees, *first, rest)?)
}

/// The path of what a dotted name stands for, if that lies in another file of the project.
fn imported(module: &Module, callees: &dyn Callees, first: Sym, rest: &[Sym]) -> Option<String> {
    let name = module.names.text(first);
    let import = callees.imported().iter().find(|import| import.name == name)?;
    let mut path = import.path.clone();
    for part in rest {
        path.push('.');
        path.push_str(module.names.text(*part));
    }
    Some(path)
}

impl<'a> Machine<'a> {
    /// A method, looked up along the bases; None: there is none, or nobody knows.
    pub(crate) fn find_method(&self, class: ClassId, name: Sym) -> Option<Found> {
        self.find_along(smallvec::smallvec![Base::Own(class)], name, false)
    }

    /// What `super().name` is in a method of the class.
    pub(crate) fn find_inherited(&self, class: ClassId, name: Sym) -> Option<Found> {
        self.find_along(self.classes.bases(class).iter().cloned().collect(), name, false)
    }

    /// The getter of a property, looked up along the bases.
    pub(crate) fn find_getter(&self, class: ClassId, name: Sym) -> Option<Found> {
        self.find_along(smallvec::smallvec![Base::Own(class)], name, true)
    }

    fn find_along(&self, mut chain: SmallVec<[Base; 4]>, name: Sym, property: bool) -> Option<Found> {
        let mut i = 0;
        while i < chain.len() && i < MAX_BASES {
            match &chain[i] {
                Base::Harmless => {}
                Base::Own(class) => {
                    let class = *class;
                    let info = &self.module.classes[class.index()];
                    if let Some(method) = info.methods.iter().rev().find(|method| method.0 == name) {
                        return (info.properties.contains(&name) == property).then_some(Found::Body(method.1));
                    }
                    if property && info.attributes.contains(&name) {
                        return None;
                    }
                    chain.extend(self.classes.bases(class).iter().cloned());
                }
                Base::Told(told) => match told.methods.get(self.name(name)) {
                    Some(method) if (method.kind == MethodKind::Property) != property => return None,
                    Some(method) => {
                        let changed = self.is_changed(method, &chain[..i]);
                        return Some(Found::Told(method.kind, method.summary.clone().filter(|_| !changed)));
                    }
                    None if told.open => return None,
                    None => {}
                },
                Base::Unknown => return None,
            }
            i += 1;
        }
        None
    }

    /// Has one of the classes of the file that come before it a method of its own for one that the method calls?
    fn is_changed(&self, method: &Method, before: &[Base]) -> bool {
        method.asks.iter().filter_map(|name| self.module.names.get(name)).any(|name| {
            before.iter().any(|base| match base {
                Base::Own(class) => {
                    self.classes.overridden.contains(&(*class, name))
                        || self.module.classes[class.index()].methods.iter().any(|method| method.0 == name)
                }
                _ => false,
            })
        })
    }

    /// Are all bases known, and is nothing about the class out of the ordinary?
    pub(super) fn is_plain(&self, class: ClassId) -> bool {
        let mut chain = vec![class];
        let mut i = 0;
        while i < chain.len() {
            if i >= MAX_BASES {
                return false;
            }
            let info = &self.module.classes[chain[i].index()];
            let body = &self.module.bodies[info.body.index()];
            let start = body.span.start as usize;
            let header = self.text.get(start..body.span.end as usize).unwrap_or("").lines().next().unwrap_or("");
            let odd = |name: &Sym| ODD.contains(&self.name(*name));
            let decorated = !body.decorators.iter().all(|path| self.is_dataclass(path));
            if decorated || header.contains('=') || info.methods.iter().any(|method| odd(&method.0)) {
                return false;
            }
            let calls = |block: &Block| block.ops.iter().any(|op| matches!(op.kind, OpKind::Call(..)));
            if self.classes.descriptors && body.blocks.iter().any(calls) {
                return false;
            }
            for base in self.classes.bases(chain[i]) {
                match base {
                    Base::Harmless => {}
                    Base::Own(base) => chain.push(*base),
                    Base::Told(told) if told.plain => {}
                    Base::Told(_) | Base::Unknown => return false,
                }
            }
            i += 1;
        }
        true
    }
}
