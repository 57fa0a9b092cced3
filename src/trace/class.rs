//! What the methods of a class do with the arrays that its attributes hold: facts that hold for the class as a whole,
//! whichever method runs when.

use rustc_hash::FxHashMap;

use super::fact::{By, Deed, Fact, Method, Source, Way, Wrote};
use super::params::lets_callers_choose;
use super::{BodyTrace, Escape, EventKind, How, Link, WriteHow};
use crate::domain::{Array, BufId, Evidence, Origin, Owner, Value, ValueId};
use crate::ir::{Block, Body, ClassId, Module, OpKind, Sym, Temp};
use crate::source::Span;

/// What all methods of a class, those that it inherits included, do with its attributes.
#[derive(Debug)]
pub struct ClassTrace<'a> {
    /// The file.
    pub module: &'a Module,
    /// The file's text.
    pub text: &'a str,
    /// The class.
    pub class: ClassId,
    /// The facts: those of inherited methods come last, those of other files at the very end.
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

    /// The writes of an attribute's array.
    pub fn writes(&self, attr: Sym) -> impl Iterator<Item = (&'a Fact, Wrote)> {
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

    /// Does the class bind the attribute to a new list, dict or the like?
    pub fn is_collection(&self, attr: Sym) -> bool {
        is_collection(self.module, self.class, attr)
    }

    /// The name of the method that a fact is from.
    pub fn method(&self, fact: &Fact) -> &'a str {
        self.name(fact.method.name)
    }

    /// The name by which methods call the object: `self`.
    pub fn receiver(&self, fact: &Fact) -> &'a str {
        self.name(fact.method.receiver)
    }
}

/// Does the class, or one of the file that it inherits from, bind the attribute to a new list, dict or the like?
pub fn is_collection(module: &Module, class: ClassId, attr: Sym) -> bool {
    let makes = |body: &Body, block: &Block, value: Temp| {
        let made = |temp: Temp| block.ops.iter().find(|op| op.dest == Some(temp)).map(|op| &op.kind);
        let name = match made(value) {
            Some(OpKind::Display(..) | OpKind::Dict(_)) => return true,
            Some(OpKind::Call(callee, _)) => match made(*callee) {
                Some(OpKind::Load(local)) => body.locals[local.index()].name,
                _ => return false,
            },
            Some(OpKind::Method { name, .. }) => *name,
            _ => return false,
        };
        matches!(module.names.text(name), "list" | "dict" | "deque" | "defaultdict" | "OrderedDict")
    };
    let line = lineage(module, class);
    let methods = line.iter().flat_map(|class| &module.classes[class.index()].methods);
    methods.map(|(_, method)| &module.bodies[method.index()]).any(|body| {
        body.blocks.iter().any(|block| {
            block.ops.iter().any(|op| {
                matches!(op.kind, OpKind::SetAttr { name, value, inplace: false, .. }
                    if name == attr && makes(body, block, value))
            })
        })
    })
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// How far the line of an offset is indented, and the line before it that is indented less: the header of the compound
/// statement around it.
pub fn placed(text: &str, offset: u32) -> (usize, &str) {
    let (own, start) = indented(text, offset);
    let mut before = text.get(..start).unwrap_or("").lines().rev();
    (own, before.find(|line| !line.trim().is_empty() && indent_of(line) < own).unwrap_or(""))
}

/// How far the line of an offset is indented, and where it begins.
fn indented(text: &str, offset: u32) -> (usize, usize) {
    let start = text.get(..offset as usize).and_then(|before| before.rfind('\n')).map_or(0, |end| end + 1);
    (indent_of(text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or("")), start)
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
    let method = method(trace, trace.body.name);
    let bound = trace.events.iter().filter_map(|event| match event.kind {
        EventKind::Bound { local, value, .. } if trace.array(value).is_some_and(Array::certain) => Some(Fact {
            attr: trace.body.locals[local.index()].name,
            deed: Deed::Common,
            span: event.span,
            stmt: event.stmt,
            indent: indented(trace.text, event.stmt.start).0 as u32,
            method,
            evidence: Evidence::Certain,
            chosen: false,
            replaced: false,
            moves_on: false,
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
        method: method(trace, trace.body.locals[receiver.index()].name),
        chosen: lets_callers_choose(trace.module, trace.body),
        kept: FxHashMap::default(),
        facts: Vec::new(),
    };
    collector.find_kept();
    for event in trace.events {
        collector.event(event);
    }
    collector.look_ahead();
    collector.facts
}

/// What is said of the body with each of its facts.
fn method(trace: &BodyTrace<'_>, receiver: Sym) -> Method {
    let body = trace.body;
    let property = body.class.is_some_and(|class| trace.module.classes[class.index()].properties.contains(&body.name));
    Method { name: body.name, receiver, property, file: None, start: body.span.start }
}

struct Collector<'t, 'a> {
    trace: &'t BodyTrace<'a>,
    /// The buffer that stands for `self`.
    own: BufId,
    method: Method,
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
            let indent = match deed {
                Deed::Read => 0,
                _ => indented(self.trace.text, event.stmt.start).0 as u32,
            };
            let (method, chosen, replaced, moves_on) = (self.method, self.chosen, false, false);
            let (span, stmt) = (event.span, event.stmt);
            self.facts.push(Fact { attr, deed, span, stmt, indent, method, evidence, chosen, replaced, moves_on });
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
            EventKind::Escaped { value, how: Escape::Collected | Escape::Keyed(_) | Escape::Item, into, .. } => {
                if let Some(holder) = self.trace.array(into).filter(|held| held.is_entry())
                    && let Some(into) = attribute(self.trace, self.own, holder)
                    && !goes_to_one_place(self.trace, event)
                {
                    for array in self.trace.arrays(value) {
                        if let Some(attr) = attribute(self.trace, self.own, array).filter(|&attr| attr != into) {
                            put(attr, Deed::Gathered { into }, array.evidence);
                        }
                    }
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
                    let quote = self.trace.quote(event.span);
                    let wrote = Wrote {
                        whole: matches!(how, WriteHow::Item { whole: true }),
                        out: how == WriteHow::Out,
                        operator: how == WriteHow::Augmented && event.span == event.stmt && !quote.contains("] "),
                        by: match how {
                            WriteHow::Callee { name, place, procedure } => {
                                let at = place.file.is_none().then_some(place.span);
                                Some(By { name, procedure, at })
                            }
                            _ => None,
                        },
                    };
                    put(attr, Deed::Written(wrote), array.evidence);
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

    /// Adds to the stores whether what they store is replaced later on.
    fn look_ahead(&mut self) {
        for i in 0..self.facts.len() {
            let stored = self.facts[i];
            let source = match stored.deed {
                Deed::Stored(source) => source,
                Deed::Gathered { .. } => {
                    let replaced = self.bound_after(&stored, stored.attr).next().is_some();
                    self.facts[i].replaced = replaced;
                    continue;
                }
                _ => continue,
            };
            let own = self.facts.iter().any(|fact| {
                fact.attr == stored.attr
                    && fact.stmt.start > stored.stmt.start
                    && matches!(fact.deed, Deed::Stored(Source::Other))
            });
            // (`self.x = np.asarray(self.x)` is such a fact, and keeps what was stored.)
            let known = |span: Span| {
                self.facts.iter().any(|fact| {
                    fact.attr == stored.attr
                        && matches!(fact.deed, Deed::Stored(_))
                        && fact.stmt.start <= span.start
                        && span.end <= fact.stmt.end
                })
            };
            let replaced = own || self.bound_after(&stored, stored.attr).any(|span| !known(span));
            let moves_on = match source {
                Source::Attr(other, _) => self.bound_after(&stored, other).next().is_some(),
                Source::Param(..) | Source::Other => false,
            };
            (self.facts[i].replaced, self.facts[i].moves_on) = (replaced, moves_on);
        }
    }

    /// Where the method binds the attribute after the statement that stores, whichever way it goes. (Loops are taken to run
    /// at least once.)
    fn bound_after(&self, stored: &Fact, attr: Sym) -> impl Iterator<Item = Span> {
        let (limit, after, text) = (stored.indent as usize, stored.stmt.start, self.trace.text);
        let ops = self.trace.body.blocks.iter().flat_map(|block| &block.ops);
        ops.filter(move |op| {
            let always = || {
                let (own, header) = placed(text, op.span.start);
                own <= limit || header.trim_start().starts_with("for ") && indent_of(header) <= limit
            };
            op.span.start > after
                && matches!(op.kind, OpKind::SetAttr { name, inplace: false, .. } if name == attr)
                && always()
        })
        .map(|op| op.span)
    }

    fn is_self(&self, value: ValueId) -> bool {
        is_self(self.trace, self.own, value)
    }
}

/// `self.items["last"] = x`: is it stored under a constant key, where the next one takes its place?
fn goes_to_one_place(trace: &BodyTrace<'_>, event: &super::Event) -> bool {
    let Some((block, op)) = trace.op_of(event) else { return false };
    let OpKind::SetItem { index, .. } = op.kind else { return false };
    block.ops.iter().any(|op| op.dest == Some(index) && matches!(op.kind, OpKind::Const(_)))
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
            (Some(_), _) => Way::Converted,
            (None, Some(link)) => Way::View { slice: link.how == How::Slice },
            (None, None) if array.is_entry() || single => Way::Same,
            (None, None) => Way::View { slice: true },
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
