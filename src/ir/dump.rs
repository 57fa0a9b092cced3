//! The text form of the IR, for people and for tests.

use std::fmt::Write;

use super::docstring::{self, DocTypes};
use super::{
    Ann, ArgKind, BinOp, BlockId, Body, CmpOp, Cond, Const, Display, DocFacts, DocType, Local, LocalKind, Module, Op,
    OpKind, Sym, Temp, Terminator, UnaryOp,
};
use crate::source::LineIndex;

/// The text form of a module; `text` is what it was lowered from.
pub fn dump(module: &Module, text: &str) -> String {
    let mut out = String::new();
    let lines = LineIndex::new(text);
    for (id, body) in module.bodies.iter().enumerate() {
        let mut printer = Printer { module, body, text, lines: &lines, out: String::new() };
        printer.body(id);
        if id > 0 {
            out.push('\n');
        }
        out.push_str(&printer.out);
    }
    for (id, class) in module.classes.iter().enumerate() {
        let name = |sym: &Sym| module.names.text(*sym).to_owned();
        let list = |syms: &[Sym]| syms.iter().map(name).collect::<Vec<_>>().join(", ");
        let bases = class.bases.iter().map(|path| path.iter().map(name).collect::<Vec<_>>().join(".").to_string());
        let methods = class.methods.iter().map(|(sym, body)| format!("{} body {}", name(sym), body.0));
        let (bases, methods) = (bases.collect::<Vec<_>>().join(", "), methods.collect::<Vec<_>>().join(", "));
        let _ = writeln!(out, "\nclass {id} {}({bases}): body {}", name(&class.name), class.body.0);
        for (what, said) in
            [("methods", methods), ("properties", list(&class.properties)), ("attributes", list(&class.attributes))]
        {
            if !said.is_empty() {
                let _ = writeln!(out, "  {what}: {said}");
            }
        }
    }
    if module.opaque > 0 {
        let _ = writeln!(out, "\nopaque: {}", module.opaque);
    }
    out
}

struct Printer<'a> {
    module: &'a Module,
    body: &'a Body,
    text: &'a str,
    lines: &'a LineIndex,
    out: String,
}

impl Printer<'_> {
    fn name(&self, sym: Sym) -> &str {
        self.module.names.text(sym)
    }

    fn path(&self, path: &[Sym]) -> String {
        path.iter().map(|sym| self.name(*sym)).collect::<Vec<_>>().join(".")
    }

    fn local(&self, local: Local) -> String {
        let Some(info) = self.body.locals.get(local.index()) else { return format!("?{}", local.0) };
        let name = self.name(info.name);
        let same = self.body.locals.iter().filter(|other| other.name == info.name).count();
        if same > 1 { format!("{name}#{}", local.0) } else { name.to_owned() }
    }

    fn body(&mut self, id: usize) {
        let body = self.body;
        let kind = format!("{:?}", body.kind).to_lowercase();
        let flags = [(body.is_async, " async"), (body.is_generator, " generator")];
        let flags: String = flags.iter().filter(|(on, _)| *on).map(|(_, flag)| *flag).collect();
        let line = self.lines.row(body.span.start);
        let _ = writeln!(self.out, "body {id} {kind}{flags} {} (line {line})", body.qualname);
        for decorator in &body.decorators {
            let path = self.path(decorator);
            let _ = writeln!(self.out, "  decorator {path}");
        }
        let words = body.docstring.and_then(|span| self.text.get(span.start as usize..span.end as usize));
        let types = words.map(DocTypes::new);
        for param in &body.params {
            let mut line = format!("  param {} {:?}", self.name(param.name), param.kind);
            if let Some(ann) = &param.annotation {
                let _ = write!(line, ": {}", self.ann(ann));
            }
            if let Some(default) = &param.default {
                let _ = write!(line, " = {default:?}");
            }
            let doc = types.as_ref().map_or(DocType::Unsaid, |types| types.of(self.name(param.name)));
            let _ = writeln!(self.out, "{line} doc {doc:?}");
        }
        if let Some(ann) = &body.returns {
            let ann = self.ann(ann);
            let _ = writeln!(self.out, "  returns {ann}");
        }
        for (local, ann) in &body.annotations {
            let (local, ann) = (self.local(*local), self.ann(ann));
            let _ = writeln!(self.out, "  annotation {local}: {ann}");
        }
        let doc = words.map_or_else(DocFacts::default, docstring::facts);
        if doc.says_in_place || doc.says_pure || doc.returns_array {
            let _ = writeln!(self.out, "  {doc:?}");
        }
        for i in 0..body.locals.len() {
            let info = &body.locals[i];
            if matches!(info.kind, LocalKind::Param(_)) && !info.captured && !info.rebound_inside {
                continue;
            }
            let captured = if info.captured { " captured" } else { "" };
            let rebound = if info.rebound_inside { " rebound-inside" } else { "" };
            let _ = writeln!(self.out, "  local {} {:?}{captured}{rebound}", self.local(Local(i as u32)), info.kind);
        }
        let mut preds: Vec<Vec<String>> = vec![Vec::new(); body.blocks.len()];
        for b in 0..body.blocks.len() {
            for next in body.successors(BlockId(b as u32)) {
                preds[next.index()].push(format!("b{b}"));
            }
        }
        for (b, block) in body.blocks.iter().enumerate() {
            let from = if preds[b].is_empty() { String::new() } else { format!(" <- {}", preds[b].join(" ")) };
            let except = block.except.map_or(String::new(), |to| format!("  except -> b{}", to.0));
            let _ = writeln!(self.out, "  b{b}:{from}{except}");
            for op in &block.ops {
                self.op(op);
            }
            let term = self.term(&block.term);
            let _ = writeln!(self.out, "    {term}");
        }
    }

    fn op(&mut self, op: &Op) {
        let mut line = String::from("    ");
        if op.many {
            line.push_str("many ");
        } else if op.maybe {
            line.push_str("maybe ");
        }
        if let Some(dest) = op.dest {
            let _ = write!(line, "{} = ", t(dest));
        }
        if matches!(op.kind, OpKind::Stmt) {
            let source = self.text.get(op.span.start as usize..op.span.end as usize).unwrap_or("?");
            let mut source = source.split_whitespace().collect::<Vec<_>>().join(" ");
            if let Some((at, _)) = source.char_indices().nth(72) {
                source.truncate(at);
                source.push('…');
            }
            let _ = write!(line, "stmt {}: {source}", self.lines.row(op.span.start));
        } else {
            line.push_str(&self.kind(&op.kind));
        }
        let _ = writeln!(self.out, "{line}");
    }

    fn kind(&self, kind: &OpKind) -> String {
        let inplace = |flag: bool| if flag { " (in place)" } else { "" };
        match kind {
            OpKind::Stmt => "stmt".into(),
            OpKind::Const(c) => match c {
                Const::Str(sym) => format!("{:?}", self.name(*sym)),
                Const::Bytes(_) => "bytes".to_string(),
                Const::Int(i) => format!("{i}"),
                Const::Bool(b) => format!("{b}"),
                other => format!("{other:?}").to_lowercase(),
            },
            OpKind::Load(local) => format!("load {}", self.local(*local)),
            OpKind::Store(local, value) => format!("store {} = {}", self.local(*local), t(*value)),
            OpKind::Delete(local) => format!("delete {}", self.local(*local)),
            OpKind::Attr(obj, name) => format!("attr {}.{}", t(*obj), self.name(*name)),
            OpKind::SetAttr { obj, name, value, inplace: flag } => {
                format!("set {}.{} = {}{}", t(*obj), self.name(*name), t(*value), inplace(*flag))
            }
            OpKind::DelAttr(obj, name) => format!("del {}.{}", t(*obj), self.name(*name)),
            OpKind::Index(obj, index) => format!("index {}[{}]", t(*obj), t(*index)),
            OpKind::SetItem { obj, index, value, inplace: flag } => {
                format!("set {}[{}] = {}{}", t(*obj), t(*index), t(*value), inplace(*flag))
            }
            OpKind::DelItem(obj, index) => format!("del {}[{}]", t(*obj), t(*index)),
            OpKind::Slice(lower, upper, step) => {
                let part = |temp: &Option<Temp>| temp.map_or(String::new(), t);
                format!("slice {}:{}:{}", part(lower), part(upper), part(step))
            }
            OpKind::InPlace(op, a, b) => format!("inplace {} {}= {}", t(*a), bin(*op), t(*b)),
            OpKind::Binary(op, a, b) => format!("{} {} {}", t(*a), bin(*op), t(*b)),
            OpKind::Unary(op, a) => format!("{}{}", unary(*op), t(*a)),
            OpKind::Compare(op, a, b) => format!("{} {} {}", t(*a), cmp(*op), t(*b)),
            OpKind::Join(temps) => format!("join {}", temps.iter().map(|x| t(*x)).collect::<Vec<_>>().join(" | ")),
            OpKind::Choose { test, then, other } => format!("{} if {} else {}", t(*then), t(*test), t(*other)),
            OpKind::Call(func, args) => format!("call {}({})", t(*func), self.args(args)),
            OpKind::Method { obj, name, args, .. } => {
                format!("method {}.{}({})", t(*obj), self.name(*name), self.args(args))
            }
            OpKind::Display(kind, items) => {
                let item = |(temp, star): &(Temp, bool)| format!("{}{}", if *star { "*" } else { "" }, t(*temp));
                let items = items.iter().map(item).collect::<Vec<_>>().join(", ");
                match kind {
                    Display::Tuple => format!("tuple ({items})"),
                    Display::List => format!("list [{items}]"),
                    Display::Set => format!("set {{{items}}}"),
                }
            }
            OpKind::Dict(items) => {
                let item = |(key, value): &(Option<Temp>, Temp)| {
                    key.map_or(format!("**{}", t(*value)), |key| format!("{}: {}", t(key), t(*value)))
                };
                format!("dict {{{}}}", items.iter().map(item).collect::<Vec<_>>().join(", "))
            }
            OpKind::Comprehension(kind, key, value) => {
                let key = key.map_or(String::new(), |key| format!("{}: ", t(key)));
                format!("comprehension {} {key}{}", format!("{kind:?}").to_lowercase(), t(*value))
            }
            OpKind::Iterate(value) => format!("iterate {}", t(*value)),
            OpKind::Unpack { value, index, total, starred } => {
                format!("unpack {}[{index} of {total}{}]", t(*value), if *starred { " starred" } else { "" })
            }
            OpKind::UnpackRest { value, before, after } => {
                format!("unpack {}[rest, {before} before, {after} after]", t(*value))
            }
            OpKind::Function(body, defaults) => format!("function body {}({})", body.0, list(defaults)),
            OpKind::Class(class, bases) => format!("class {}({})", class.0, list(bases)),
            OpKind::Import(path) => format!("import {}", self.path(path)),
            OpKind::ImportFrom { module, level, name } => {
                format!("from {}{} import {}", ".".repeat(*level as usize), self.path(module), self.name(*name))
            }
            OpKind::ImportStar(module, level) => {
                format!("from {}{} import *", ".".repeat(*level as usize), self.path(module))
            }
            OpKind::Enter(value) => format!("enter {}", t(*value)),
            OpKind::Format(parts) => format!("format {}", list(parts)),
            OpKind::Yield(value) => format!("yield {}", value.map_or(String::new(), t)).trim_end().to_owned(),
            OpKind::YieldFrom(value) => format!("yield from {}", t(*value)),
            OpKind::Await(value) => format!("await {}", t(*value)),
            OpKind::Discard(value) => format!("discard {}", t(*value)),
            OpKind::Use(values) => format!("use {}", list(values)).trim_end().to_owned(),
            OpKind::Opaque(reads) => format!("opaque reads({})", list(reads)),
        }
    }

    fn args(&self, args: &[super::Arg]) -> String {
        let arg = |arg: &super::Arg| match arg.kind {
            ArgKind::Pos => t(arg.value),
            ArgKind::Star => format!("*{}", t(arg.value)),
            ArgKind::Kw(name) => format!("{}={}", self.name(name), t(arg.value)),
            ArgKind::DoubleStar => format!("**{}", t(arg.value)),
        };
        args.iter().map(arg).collect::<Vec<_>>().join(", ")
    }

    fn term(&self, term: &Terminator) -> String {
        match term {
            Terminator::Missing => "missing".into(),
            Terminator::Goto(to) => format!("goto b{}", to.0),
            Terminator::Branch { cond, then, other } => {
                let cond = match cond {
                    Cond::Unknown => "?".into(),
                    Cond::Truthy(value) => t(*value),
                    Cond::IsNone(value) => format!("{} is None", t(*value)),
                    Cond::IsInstance(value, types) => format!("isinstance({}, {})", t(*value), t(*types)),
                    Cond::Compare(op, a, b) => format!("{} {} {}", t(*a), cmp(*op), t(*b)),
                };
                format!("if {cond} then b{} else b{}", then.0, other.0)
            }
            Terminator::Switch(targets) => {
                format!("switch {}", targets.iter().map(|b| format!("b{}", b.0)).collect::<Vec<_>>().join(" "))
            }
            Terminator::Return(None) => "return".into(),
            Terminator::Return(Some(value)) => format!("return {}", t(*value)),
            Terminator::Raise => "raise".into(),
        }
    }

    fn ann(&self, ann: &Ann) -> String {
        let all = |anns: &[Ann], by: &str| anns.iter().map(|ann| self.ann(ann)).collect::<Vec<_>>().join(by);
        match ann {
            Ann::Name(path) => self.path(path),
            Ann::Sub(base, args) => format!("{}[{}]", self.ann(base), all(args, ", ")),
            Ann::Union(parts) => all(parts, " | "),
            Ann::None => "None".into(),
            Ann::Other => "?".into(),
        }
    }
}

fn t(temp: Temp) -> String {
    format!("t{}", temp.index())
}

fn list(temps: &[Temp]) -> String {
    temps.iter().map(|temp| t(*temp)).collect::<Vec<_>>().join(", ")
}

fn bin(op: BinOp) -> &'static str {
    match op {
        BinOp::Add => "+",
        BinOp::Sub => "-",
        BinOp::Mult => "*",
        BinOp::MatMult => "@",
        BinOp::Div => "/",
        BinOp::Mod => "%",
        BinOp::Pow => "**",
        BinOp::LShift => "<<",
        BinOp::RShift => ">>",
        BinOp::BitOr => "|",
        BinOp::BitXor => "^",
        BinOp::BitAnd => "&",
        BinOp::FloorDiv => "//",
    }
}

fn unary(op: UnaryOp) -> &'static str {
    match op {
        UnaryOp::Invert => "~",
        UnaryOp::Not => "not ",
        UnaryOp::UAdd => "+",
        UnaryOp::USub => "-",
    }
}

fn cmp(op: CmpOp) -> &'static str {
    match op {
        CmpOp::Eq => "==",
        CmpOp::NotEq => "!=",
        CmpOp::Lt => "<",
        CmpOp::LtE => "<=",
        CmpOp::Gt => ">",
        CmpOp::GtE => ">=",
        CmpOp::Is => "is",
        CmpOp::IsNot => "is not",
        CmpOp::In => "in",
        CmpOp::NotIn => "not in",
    }
}
