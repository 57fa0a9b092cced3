//! What the methods of a class do with the arrays that its attributes hold: facts that hold for the class as a whole,
//! whichever method runs when.

use rustc_hash::{FxHashMap, FxHashSet};

use super::params::lets_callers_choose;
use super::{BodyTrace, Escape, EventKind, How, Link, WriteHow};
use crate::domain::{Array, BufId, Evidence, Origin, Owner, Value, ValueId};
use crate::ir::{BodyId, ClassId, Local, Module, OpKind, Sym};
use crate::source::Span;

/// How a stored array came from its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// It is the source itself.
    Same,
    /// Through a function that copies only if it must (`np.asarray`).
    Converted(How),
    /// A view of it, or of a part.
    View(How),
}

/// Where a stored array comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A parameter of the method: its name.
    Param(Sym, Way),
    /// Another attribute of the object.
    Attr(Sym, Way),
    /// Anything else: an array of its own, as far as is known.
    Other,
}

/// What is done with an attribute's array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// The class's own body binds the name to an array: one for all objects.
    Common,
    /// `self.a = …`
    Stored(Source),
    /// `self.a.append(…)`, `self.a[k] = …` on a list or dict: it keeps the array.
    Collected(Source),
    /// The array is written in place.
    Written(WriteHow),
    /// It is returned or yielded; `part`: a view of it.
    Handed {
        /// Is it a view of a part only?
        part: bool,
    },
    /// Its content is read.
    Read,
}

/// One thing that a method does with an attribute.
#[derive(Clone, Copy, Debug)]
pub struct Fact {
    /// The attribute.
    pub attr: Sym,
    /// What is done.
    pub deed: Deed,
    /// Where: the expression.
    pub span: Span,
    /// The statement.
    pub stmt: Span,
    /// The method.
    pub method: BodyId,
    /// How well it is known that it is an array.
    pub evidence: Evidence,
    /// Does the method let its caller say whether arrays are copied or written?
    pub chosen: bool,
}

impl Fact {
    /// Takes into account that callers pass arrays for these parameters.
    pub fn given(&mut self, module: &Module, given: &FxHashSet<(BodyId, Local)>) {
        if let Deed::Stored(Source::Param(name, _)) = self.deed {
            let params = &module.bodies[self.method.index()].params;
            let local = params.iter().find(|param| param.name == name).map(|param| param.local);
            if local.is_some_and(|local| given.contains(&(self.method, local))) {
                self.evidence = self.evidence.max(Evidence::Likely);
            }
        }
    }
}

/// What all methods of a class, those that it inherits from classes of the file included, do with its attributes.
#[derive(Debug)]
pub struct ClassTrace<'a> {
    /// The file.
    pub module: &'a Module,
    /// The file's text.
    pub text: &'a str,
    /// The class.
    pub class: ClassId,
    /// The facts: those of inherited methods come last.
    pub facts: &'a [Fact],
}

impl<'a> ClassTrace<'a> {
    /// The name behind a symbol.
    pub fn name(&self, sym: Sym) -> &'a str {
        self.module.names.text(sym)
    }

    /// The source text of a span.
    pub fn quote(&self, span: Span) -> &'a str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or("")
    }

    /// The facts about an attribute.
    pub fn about(&self, attr: Sym) -> impl Iterator<Item = &'a Fact> {
        self.facts.iter().filter(move |fact| fact.attr == attr)
    }

    /// How well it is known that the attribute holds an array: the best that any method has to say.
    pub fn evidence(&self, attr: Sym) -> Evidence {
        self.about(attr).map(|fact| fact.evidence).max().unwrap_or(Evidence::None)
    }

    /// The writes of an attribute's array that come from outside of the statement that stores it.
    pub fn writes(&self, attr: Sym) -> impl Iterator<Item = (&'a Fact, WriteHow)> {
        self.about(attr).filter_map(|fact| match fact.deed {
            Deed::Written(how) => Some((fact, how)),
            _ => None,
        })
    }

    /// May an object have an attribute of this name of its own: does anything in the file bind it?
    pub fn is_objects_own(&self, attr: Sym) -> bool {
        self.module.bodies.iter().flat_map(|body| &body.blocks).flat_map(|block| &block.ops).any(
            |op| matches!(op.kind, OpKind::SetAttr { name, inplace: false, .. } | OpKind::DelAttr(_, name) if name == attr),
        )
    }

    /// Does the method bind the attribute to something of its own later on?
    pub fn replaced(&self, stored: &Fact) -> bool {
        let own = self.about(stored.attr).any(|fact| {
            fact.method == stored.method
                && fact.stmt.start > stored.stmt.start
                && matches!(fact.deed, Deed::Stored(Source::Other))
        });
        // (`self.x = np.asarray(self.x)` is such a fact, and keeps what was stored.)
        let known = |span: Span| {
            self.about(stored.attr).any(|fact| {
                matches!(fact.deed, Deed::Stored(_)) && fact.stmt.start <= span.start && span.end <= fact.stmt.end
            })
        };
        own || self.bound_after(stored, stored.attr).any(|span| !known(span))
    }

    /// Does the method that keeps the array of `source` under another name bind `source` to something else later on?
    pub fn moves_on(&self, stored: &Fact, source: Sym) -> bool {
        self.bound_after(stored, source).next().is_some()
    }

    /// Where the method binds the attribute after the statement that stores, whichever way it goes. (Loops are taken to run
    /// at least once.)
    fn bound_after(&self, stored: &Fact, attr: Sym) -> impl Iterator<Item = Span> {
        let limit = self.indent(stored);
        let after = stored.stmt.start;
        let ops = self.module.bodies[stored.method.index()].blocks.iter().flat_map(|block| &block.ops);
        ops.filter(move |op| {
            let always = || {
                let (own, header) = placed(self.text, op.span.start);
                own <= limit || header.trim_start().starts_with("for ") && indent_of(header) <= limit
            };
            op.span.start > after
                && matches!(op.kind, OpKind::SetAttr { name, inplace: false, .. } if name == attr)
                && always()
        })
        .map(|op| op.span)
    }

    /// How far the statement is indented.
    pub fn indent(&self, fact: &Fact) -> usize {
        placed(self.text, fact.stmt.start).0
    }

    /// The name of the method that a fact is from.
    pub fn method(&self, fact: &Fact) -> &'a str {
        self.name(self.module.bodies[fact.method.index()].name)
    }

    /// Is the method the getter or setter of a property?
    pub fn is_property(&self, fact: &Fact) -> bool {
        let body = &self.module.bodies[fact.method.index()];
        body.class.is_some_and(|class| self.module.classes[class.index()].properties.contains(&body.name))
    }

    /// The name by which methods call the object: `self`.
    pub fn receiver(&self, fact: &Fact) -> &'a str {
        self.module.bodies[fact.method.index()].params.first().map_or("self", |param| self.name(param.name))
    }
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// How far the line of an offset is indented, and the line before it that is indented less: the header of the compound
/// statement around it.
pub fn placed(text: &str, offset: u32) -> (usize, &str) {
    let rest = text.get(offset as usize..).unwrap_or("");
    let end = text.len() - rest.len() + rest.find('\n').unwrap_or(rest.len());
    let mut lines = text.get(..end).unwrap_or("").lines().rev();
    let own = indent_of(lines.next().unwrap_or(""));
    (own, lines.find(|line| !line.trim().is_empty() && indent_of(line) < own).unwrap_or(""))
}

/// A class, and those of the file that it inherits from, by name.
pub fn lineage(module: &Module, class: ClassId) -> Vec<ClassId> {
    let mut line = vec![class];
    let mut i = 0;
    while i < line.len() && line.len() < MAX_LINEAGE {
        for base in &module.classes[line[i].index()].bases {
            let [name] = base[..] else { continue };
            let found = module.classes.iter().position(|class| class.name == name).map(|at| ClassId(at as u32));
            line.extend(found.filter(|id| !line.contains(id)));
        }
        i += 1;
    }
    line
}

/// An array that may lie in more memory than this from outside is none that was stored on purpose.
const MAX_SOURCES: usize = 2;
/// Classes further up the line of bases are not looked at.
const MAX_LINEAGE: usize = 8;

/// The arrays that a class's own body binds names to.
pub fn common(trace: &BodyTrace<'_>) -> Vec<Fact> {
    let bound = trace.events.iter().filter_map(|event| match event.kind {
        EventKind::Bound { local, value, .. } if trace.array(value).is_some_and(Array::certain) => Some(Fact {
            attr: trace.body.locals[local.index()].name,
            deed: Deed::Common,
            span: event.span,
            stmt: event.stmt,
            method: trace.id,
            evidence: Evidence::Certain,
            chosen: false,
        }),
        _ => None,
    });
    bound.collect()
}

/// The facts of one method; none, if the body is no method.
pub fn facts(trace: &BodyTrace<'_>) -> Vec<Fact> {
    let Some(receiver) = trace.receiver() else { return Vec::new() };
    let Some(own) = trace.buffers.find(Origin::Param(trace.id, receiver)) else { return Vec::new() };
    let mut collector = Collector {
        trace,
        own,
        chosen: lets_callers_choose(trace.module, trace.body),
        kept: FxHashMap::default(),
        facts: Vec::new(),
    };
    collector.find_kept();
    for event in trace.events {
        collector.event(event);
    }
    collector.facts
}

struct Collector<'t, 'a> {
    trace: &'t BodyTrace<'a>,
    /// The buffer that stands for `self`.
    own: BufId,
    chosen: bool,
    /// Arrays made in the method, and the attribute that they are bound to.
    kept: FxHashMap<BufId, Sym>,
    facts: Vec<Fact>,
}

impl Collector<'_, '_> {
    fn find_kept(&mut self) {
        for event in self.trace.events {
            let EventKind::Escaped { value, how: Escape::Attribute(name), into, .. } = event.kind else { continue };
            if self.is_self(into)
                && let Some(array) = self.trace.array(value)
                && let [buf] = array.bufs[..]
                && !self.trace.buffers.get(buf).on_entry()
                && self.trace.chain(value).iter().all(|link| !is_part(link))
            {
                self.kept.entry(buf).or_insert(name);
            }
        }
    }

    fn event(&mut self, event: &super::Event) {
        let mut put = |attr, deed, evidence| {
            let (method, chosen) = (self.trace.id, self.chosen);
            self.facts.push(Fact { attr, deed, span: event.span, stmt: event.stmt, method, evidence, chosen });
        };
        match event.kind {
            EventKind::Escaped { value, how: Escape::Attribute(name), into, .. }
                if is_self(self.trace, self.own, into) =>
            {
                let mut known = false;
                for (source, evidence) in sources(self.trace, self.own, &self.kept, value, Some(name)) {
                    known = true;
                    put(name, Deed::Stored(source), evidence);
                }
                if !known {
                    let evidence = self.trace.array(value).map_or(Evidence::None, |array| array.evidence);
                    put(name, Deed::Stored(Source::Other), evidence);
                }
            }
            EventKind::Escaped { value, how: Escape::Collected | Escape::Item, into, .. } => {
                let Some(list) = self.trace.array(into).and_then(|array| attribute(self.trace, self.own, array)) else {
                    return;
                };
                for (source, evidence) in sources(self.trace, self.own, &self.kept, value, Some(list)) {
                    put(list, Deed::Collected(source), evidence);
                }
            }
            EventKind::Escaped { value, via, how: Escape::Returned | Escape::Yielded, .. } => {
                // Under another name it may have been cut before.
                let named = via.is_some() && via != self.trace.receiver();
                let cut = self.trace.chain(value).iter().any(is_part);
                for array in self.trace.arrays(value) {
                    if let Some(attr) = attribute(self.trace, self.own, array) {
                        put(
                            attr,
                            Deed::Handed { part: cut || array.owner == Owner::View || named && !array.is_entry() },
                            array.evidence,
                        );
                    }
                }
            }
            EventKind::Written { object, how, .. } => {
                if let Some(array) = self.trace.array(object)
                    && let Some(attr) = attribute(self.trace, self.own, array)
                    && !matches!(how, WriteHow::Scratch(_) | WriteHow::TupleItem)
                    && !self.trace.may_miss_memory(object)
                {
                    put(attr, Deed::Written(how), array.evidence);
                }
            }
            EventKind::Read { value, .. } => {
                for array in self.trace.arrays(value) {
                    if let Some(attr) = attribute(self.trace, self.own, array) {
                        put(attr, Deed::Read, array.evidence);
                    }
                }
            }
            _ => {}
        }
    }

    fn is_self(&self, value: ValueId) -> bool {
        is_self(self.trace, self.own, value)
    }
}

fn is_self(trace: &BodyTrace<'_>, own: BufId, value: ValueId) -> bool {
    matches!(trace.values.get(value), Value::Array(array) if array.is_entry() && array.bufs[..] == [own])
}

/// The attribute of `self` in whose memory on entry the array lies.
fn attribute(trace: &BodyTrace<'_>, own: BufId, array: &Array) -> Option<Sym> {
    array.bufs.iter().find_map(|&buf| match trace.buffers.get(buf).origin {
        Origin::Attr(object, name) if object == own => Some(name),
        _ => None,
    })
}

fn is_part(link: &Link) -> bool {
    matches!(link.how, How::Slice | How::Field | How::Element | How::MaybeCopy)
}

/// The parameters and attributes in whose memory the arrays of a value lie; `target` itself is none.
fn sources(
    trace: &BodyTrace<'_>,
    own: BufId,
    kept: &FxHashMap<BufId, Sym>,
    value: ValueId,
    target: Option<Sym>,
) -> Vec<(Source, Evidence)> {
    let mut found = Vec::new();
    let single = trace.array(value).is_some();
    for array in trace.arrays(value) {
        // Whatever was passed to a function may come out of it: that says nothing.
        if array.bufs.iter().filter(|&&buf| trace.buffers.get(buf).on_entry()).count() > MAX_SOURCES {
            continue;
        }
        let chain = if single { trace.chain(value) } else { Vec::new() };
        let way = match (single.then(|| trace.conversion(value)).flatten(), chain.first()) {
            (Some(link), _) => Way::Converted(link.how),
            (None, Some(link)) => Way::View(link.how),
            (None, None) if array.is_entry() || single => Way::Same,
            (None, None) => Way::View(How::Slice),
        };
        for &buf in &array.bufs {
            let source = match trace.buffers.get(buf).origin {
                // (What a default argument holds is a matter of its own.)
                Origin::Param(body, local) if body == trace.id && buf != own && !trace.defaults_to_object(local) => {
                    Source::Param(trace.body.locals[local.index()].name, way)
                }
                Origin::Attr(object, name) if object == own => Source::Attr(name, way),
                Origin::Alloc(..) | Origin::Result(..) => match kept.get(&buf) {
                    Some(&name) => Source::Attr(name, way),
                    None => continue,
                },
                _ => continue,
            };
            if source_name(source) != target {
                found.push((source, array.evidence));
            }
        }
    }
    found
}

fn source_name(source: Source) -> Option<Sym> {
    match source {
        Source::Attr(name, _) => Some(name),
        _ => None,
    }
}
