//! Lowering, from text to IR: snapshots, the standard library, hostile nesting, a second parser.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests: the configuration exempts only test functions"
)]

use std::path::{Path, PathBuf};

use viewlint::ir::{self, OpKind};
use viewlint::source::Span;
use viewlint::syntax;

fn lower(text: &str) -> ir::Module {
    let parsed = syntax::parse(text, false);
    assert!(parsed.errors.is_empty(), "{:?}", parsed.errors);
    let module = ir::lower::lower(&parsed, text);
    if let Err(problems) = ir::validate::validate(&module) {
        panic!("{}\n{}", problems.join("\n"), ir::dump::dump(&module, text));
    }
    module
}

fn fixtures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/ir");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == "py"));
    paths.sort();
    assert!(paths.len() >= 12);
    paths
}

#[test]
fn snapshots() {
    for path in fixtures() {
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let dump = ir::dump::dump(&lower(&text), &text);
        insta::with_settings!({ snapshot_path => "../fixtures/ir", prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(name, dump);
        });
    }
}

/// The files of Python's own library; none where there is no Python.
fn library() -> Vec<PathBuf> {
    let script = "import sysconfig; print(sysconfig.get_path('stdlib'))";
    let Ok(output) = std::process::Command::new("python3").args(["-c", script]).output() else { return Vec::new() };
    let root = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    let walk = ignore::WalkBuilder::new(root).standard_filters(false).build();
    let paths = walk.flatten().map(ignore::DirEntry::into_path);
    let wanted = paths.filter(|path| {
        path.extension().is_some_and(|e| e == "py")
            && !path.components().any(|part| part.as_os_str() == "site-packages")
    });
    wanted.collect()
}

#[test]
fn standard_library() {
    let (mut files, mut parsed_files, mut opaque, mut problems) = (0, 0, 0, Vec::new());
    for path in library() {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        files += 1;
        let parsed = syntax::parse(&text, false);
        let module = ir::lower::lower(&parsed, &text);
        if let Err(found) = ir::validate::validate(&module) {
            problems.push(format!("{}: {}", path.display(), found[0]));
        }
        if parsed.errors.is_empty() {
            parsed_files += 1;
            opaque += module.opaque;
        }
    }
    println!("{files} files, {parsed_files} parsed, {opaque} opaque");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(parsed_files * 100 >= files * 95, "{parsed_files} of {files} parsed");
    assert_eq!(opaque, 0);
}

/// Runs on a stack as large as the workers'.
fn on_worker(text: String, deep: bool) {
    let run = move || {
        let parsed = syntax::parse(&text, false);
        assert_eq!(!parsed.errors.is_empty(), deep, "{:.60} {:?}", text, parsed.errors);
        let module = ir::lower::lower(&parsed, &text);
        assert_eq!(ir::validate::validate(&module), Ok(()));
    };
    std::thread::Builder::new().stack_size(64 << 20).spawn(run).unwrap().join().unwrap();
}

#[test]
fn hostile_nesting() {
    let n = 100_000;
    let nested = |open: &str, close: &str| format!("x = {}1{}\n", open.repeat(n), close.repeat(n));
    let hostile = [
        nested("(", ")"),
        nested("[", "]"),
        nested("{1:", "}"),
        nested("f(", ")"),
        nested("a[", "]"),
        nested("-", ""),
        nested("not ", ""),
        nested("~", ""),
        nested("await ", ""),
        nested("lambda: ", ""),
        nested("lambda x, y: ", ""),
        nested("1 if x else ", ""),
        nested("1 + ", ""),
        nested("1 ** ", ""),
        nested("", ".a"),
        nested("", "()"),
        nested("", "[0]"),
        nested("", " @ a"),
        nested("f'{", "}'"),
        nested("(yield ", ")"),
        nested("[*", "]"),
        nested("(x := ", ")"),
        "(".repeat(n),
        "async ".repeat(n),
        "if x:".repeat(n),
        "match x:\n case ".to_owned() + &"[".repeat(n) + &"]".repeat(n) + ": pass\n",
        (0..2000).map(|i| format!("{}if x:\n", " ".repeat(i))).collect::<String>() + &" ".repeat(2001) + "pass\n",
    ];
    for text in hostile {
        // Long ones are refused before they are parsed, short ones after.
        on_worker(text[..text.len().min(60_000)].to_owned(), true);
        on_worker(text, true);
    }
    // What is only long is no trouble.
    let fine = [
        format!("x = {}1\n", "1 < ".repeat(n)),
        format!("x = {}1\n", "a or ".repeat(n)),
        format!("{}1\n", "x = ".repeat(n)),
        format!("x = [{}]\n", "[1], ".repeat(n)),
        format!("if x:\n    pass\n{}", "elif y:\n    pass\n".repeat(20_000)),
        format!("x = {}1\n", "1 + ".repeat(2000)),
        format!("x = {}1{}\n", "(".repeat(190), ")".repeat(190)),
        (0..90).map(|i| format!("{}if x:\n", " ".repeat(i))).collect::<String>() + &" ".repeat(91) + "pass\n",
    ];
    for text in fine {
        on_worker(text, false);
    }
}

#[test]
fn size_is_no_trouble() {
    let n = 20_000;
    let names: String = (0..n).map(|i| format!("a{i}, ")).collect();
    on_worker(format!("x = [({names}) for {names} in y if [{}]]\n", "lambda: a1, ".repeat(n)), false);
    on_worker(format!("x = [{}]\n", "(lambda: a, ".repeat(150) + &"),".repeat(150)), false);
    on_worker("def f(x):\n    global g\n    def h(): return f, g, x\n".repeat(n), false);
}

#[test]
fn nested_finally_stays_small() {
    // Each `finally` holds the next: copies of copies.
    let mut text = String::from("def f():\n    for x in y:\n");
    let mut indent = String::from("        ");
    for _ in 0..20 {
        text += &format!(
            "{indent}try:\n{indent} if a: return 1\n{indent} elif b: break\n{indent} elif c: continue\n{indent}finally:\n"
        );
        indent.push(' ');
    }
    text += &format!("{indent}pass\n");
    let module = lower(&text);
    assert!(module.bodies[1].blocks.len() < 10_000, "{} blocks", module.bodies[1].blocks.len());
}

/// The statements of a second parser, with where they start.
fn second_opinion(text: &str) -> Vec<u32> {
    use rustpython_parser::ast::{self, Ranged, Stmt};
    fn visit(stmts: &[Stmt], out: &mut Vec<u32>) {
        for stmt in stmts {
            out.push(u32::from(stmt.start()));
            match stmt {
                Stmt::FunctionDef(s) => visit(&s.body, out),
                Stmt::AsyncFunctionDef(s) => visit(&s.body, out),
                Stmt::ClassDef(s) => visit(&s.body, out),
                Stmt::For(s) => [&s.body, &s.orelse].iter().for_each(|b| visit(b, out)),
                Stmt::AsyncFor(s) => [&s.body, &s.orelse].iter().for_each(|b| visit(b, out)),
                Stmt::While(s) => [&s.body, &s.orelse].iter().for_each(|b| visit(b, out)),
                Stmt::If(s) => [&s.body, &s.orelse].iter().for_each(|b| visit(b, out)),
                Stmt::With(s) => visit(&s.body, out),
                Stmt::AsyncWith(s) => visit(&s.body, out),
                Stmt::Match(s) => s.cases.iter().for_each(|case| visit(&case.body, out)),
                Stmt::Try(s) => {
                    visit(&s.body, out);
                    for ast::ExceptHandler::ExceptHandler(handler) in &s.handlers {
                        visit(&handler.body, out);
                    }
                    [&s.orelse, &s.finalbody].iter().for_each(|b| visit(b, out));
                    // No program point of its own.
                    let at = out.iter().position(|start| *start == u32::from(s.start()));
                    out.remove(at.unwrap());
                }
                Stmt::TryStar(s) => {
                    visit(&s.body, out);
                    for ast::ExceptHandler::ExceptHandler(handler) in &s.handlers {
                        visit(&handler.body, out);
                    }
                    [&s.orelse, &s.finalbody].iter().for_each(|b| visit(b, out));
                    let at = out.iter().position(|start| *start == u32::from(s.start()));
                    out.remove(at.unwrap());
                }
                _ => {}
            }
        }
    }
    use rustpython_parser::Parse;
    let suite = ast::Suite::parse(text, "fixture").unwrap();
    let mut out = Vec::new();
    visit(&suite, &mut out);
    out.sort_unstable();
    out
}

#[test]
fn agrees_with_a_second_parser() {
    for path in fixtures() {
        // It does not know type parameters, nor quotes within quotes.
        let text = std::fs::read_to_string(&path).unwrap().replace("type Alias[T] = list[T]", "");
        let module = lower(&text);
        let markers = module.bodies.iter().flat_map(|body| &body.blocks).flat_map(|block| &block.ops);
        let mut ours: Vec<u32> = markers.filter(|op| matches!(op.kind, OpKind::Stmt)).map(|op| op.span.start).collect();
        ours.sort_unstable();
        ours.dedup();
        assert_eq!(ours, second_opinion(&text), "{}", path.display());
    }
}

#[test]
fn headers_end_at_the_colon() {
    let text =
        "for x in (a,  # why\n    b) :\n    pass\n@dec  # x\nasync  def f(a) -> int :\n    pass\nclass A : pass\n";
    let module = lower(text);
    let ops = module.bodies[0].blocks.iter().flat_map(|block| &block.ops);
    let said: Vec<&str> = ops
        .filter(|op| matches!(op.kind, OpKind::Stmt))
        .map(|op| &text[op.span.start as usize..op.span.end as usize])
        .collect();
    let header = "for x in (a,  # why\n    b) ";
    assert_eq!(said, [header, header, "pass", "async  def f(a) -> int ", "class A "]);
    let whole = "async  def f(a) -> int :\n    pass";
    let start = text.find(whole).unwrap() as u32;
    assert_eq!(module.bodies[1].span, Span::new(start, start + whole.len() as u32));
}
