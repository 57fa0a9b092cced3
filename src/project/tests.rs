//! Resolution, on trees of files that are only texts.

use super::*;
use crate::interp::{Callees, NoCallees, analyse};
use crate::ir::lower;
use crate::model::Model;
use crate::source::SourceFile;
use crate::syntax;

/// A project of these files.
struct Tree {
    project: Project,
    modules: Vec<Module>,
    texts: Vec<SourceFile>,
}

struct Quiet;

impl crate::interp::Observer for Quiet {}

impl Tree {
    fn new(files: &[(&str, &str)]) -> Tree {
        let paths: Vec<String> = files.iter().map(|file| format!("/{}", file.0)).collect();
        let texts: Vec<SourceFile> =
            files.iter().map(|file| SourceFile { path: file.0.to_owned(), text: file.1.to_owned() }).collect();
        let modules: Vec<Module> =
            texts.iter().map(|file| lower::lower(&syntax::parse(&file.text, false), &file.text)).collect();
        let mut plan = Plan::new(&paths, paths.clone());
        for file in plan.packages() {
            let table = plan.table(file, &modules[file]);
            plan.set_table(file, table);
        }
        let needs: Vec<Needs> = (0..files.len()).map(|file| plan.needs(file, files[file].1)).collect();
        let project = plan.finish(needs);
        project.run(|file| {
            let view = project.view(file, &modules[file]);
            let outcome = analyse(&modules[file], &texts[file].text, Model::bundled(), &view, &mut Quiet);
            project.keep(file, view.into_table(), outcome.exports);
        });
        Tree { project, modules, texts }
    }

    /// The file in which the function stands that a name of a file's scope stands for, if it writes what it is given.
    fn writes(&self, file: &str, path: &str) -> Option<String> {
        let at = self.texts.iter().position(|text| text.path == file)?;
        let view = self.project.view(at, &self.modules[at]);
        let (first, rest) = path.split_once('.').unwrap_or((path, ""));
        let import = view.imported().iter().find(|import| import.name == first).map(|import| import.path.clone());
        let start = import.or_else(|| view.global(first))?;
        let path = if rest.is_empty() { start } else { format!("{start}.{rest}") };
        view.summary(&path)?.writes.first()?.file.clone()
    }
}

const WRITER: &str = "def f(x):\n    x = x\n    x.shape\n    x[0] = 1\n";

/// Does `f`, called by this name in a file with these lines, lead to the writer?
fn leads(file: &str, import: &str, name: &str, rest: &[(&str, &str)]) -> bool {
    let text = format!("{import}\n\ndef g(y):\n    {name}(y)\n");
    let mut files = vec![(file, text.as_str())];
    files.extend_from_slice(rest);
    let tree = Tree::new(&files);
    tree.writes(file, name).is_some()
}

#[test]
fn every_form_of_import_leads_to_the_function() {
    let package: &[(&str, &str)] = &[("p/__init__.py", ""), ("p/w.py", WRITER), ("p/s/__init__.py", "")];
    for (file, import, name) in [
        ("p/a.py", "from .w import f", "f"),
        ("p/a.py", "from .w import f as h", "h"),
        ("p/a.py", "from . import w", "w.f"),
        ("p/a.py", "from . import w as v", "v.f"),
        ("p/a.py", "from p.w import f", "f"),
        ("p/a.py", "from p import w", "w.f"),
        ("p/a.py", "import p.w", "p.w.f"),
        ("p/a.py", "import p.w as v", "v.f"),
        ("p/a.py", "from .w import *", "f"),
        ("p/a.py", "from p.w import *", "f"),
        ("p/s/a.py", "from ..w import f", "f"),
        ("p/s/a.py", "from .. import w", "w.f"),
        ("p/s/__init__.py", "from ..w import f", "f"),
        ("a.py", "from p.w import f", "f"),
        ("p/a.py", "try:\n    from fast import f\nexcept ImportError:\n    from .w import f", "f"),
        ("p/a.py", "try:\n    from .w import f\nexcept ImportError:\n    f = None", ""),
        ("p/a.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .w import f", "f"),
    ] {
        let rest: Vec<_> = package.iter().copied().filter(|entry| entry.0 != file).collect();
        if name.is_empty() {
            // What else the name may be is not known.
            assert!(!leads(file, import, "f", &rest), "{file}: {import}");
        } else {
            assert!(leads(file, import, name, &rest), "{file}: {import}");
        }
    }
}

#[test]
fn re_exports_are_followed() {
    for (init, import, name) in [
        ("from .w import f", "from p import f", "f"),
        ("from .w import f as h", "import p", "p.h"),
        ("from .w import *", "from p import f", "f"),
        ("from . import w", "import p as q", "q.w.f"),
        ("from .s import f", "from p import f", "f"),
        ("__all__ = ['f']\nfrom .w import f", "from p import *", "f"),
    ] {
        let rest = [("p/__init__.py", init), ("p/w.py", WRITER), ("p/s.py", "from .w import f")];
        assert!(leads("a.py", import, name, &rest), "{init}: {import}");
        assert!(leads("p/a.py", import, name, &rest), "{init}: {import}, inside");
    }
    let hidden = [("p/__init__.py", "__all__ = ['g']\nfrom .w import f"), ("p/w.py", WRITER)];
    assert!(!leads("a.py", "from p import *", "f", &hidden));
}

#[test]
fn roots_are_found() {
    let src = [("r/src/p/__init__.py", ""), ("r/src/p/w.py", WRITER)];
    assert!(leads("r/tests/a.py", "from p.w import f", "f", &src));
    assert!(leads("r/src/p/a.py", "from p.w import f", "f", &src));
    let namespace = [("r/n/p/w.py", WRITER)];
    assert!(leads("r/n/p/a.py", "from .w import f", "f", &namespace));
    assert!(leads("r/n/q/a.py", "from ..p.w import f", "f", &namespace));
    assert!(leads("r/n/q/a.py", "from n.p.w import f", "f", &namespace));
    let scripts = [("r/w.py", WRITER), ("s/b.py", "")];
    assert!(leads("r/a.py", "from w import f", "f", &scripts));
    assert!(!leads("s/a.py", "from w import f", "f", &scripts));
}

#[test]
fn the_nearest_root_is_taken_and_none_where_two_are_as_near() {
    let pure = "def f(x):\n    return x + 1\n";
    let two = [("1/p/__init__.py", ""), ("1/p/w.py", WRITER), ("2/p/__init__.py", ""), ("2/p/w.py", pure)];
    assert!(leads("1/t/a.py", "from p.w import f", "f", &two));
    assert!(!leads("2/t/a.py", "from p.w import f", "f", &two));
    assert!(!leads("3/a.py", "from p.w import f", "f", &two));
}

#[test]
fn what_a_package_binds_goes_before_its_modules() {
    let rest = [("p/__init__.py", "from .f import f"), ("p/f.py", WRITER)];
    assert!(leads("a.py", "from p import f", "f", &rest));
    assert!(!leads("a.py", "import p.f", "p.f.f", &rest));
    let twice = [("p/__init__.py", ""), ("p/w.py", "def f(x):\n    x[0] = 1\n\ndef f(x):\n    return x.T\n")];
    assert!(!leads("a.py", "from p.w import f", "f", &twice));
}

#[test]
fn circles_are_cut_and_the_rest_goes_on() {
    let tree = Tree::new(&[
        ("p/__init__.py", "from .a import g\nfrom .w import f\n"),
        ("p/a.py", "from . import f\n\ndef g(x):\n    f(x)\n"),
        ("p/w.py", &format!("{WRITER}\ndef late():\n    from .a import g\n    g(1)\n")),
    ]);
    assert_eq!(tree.writes("p/a.py", "f").as_deref(), Some("/p/w.py"));
    let round = Tree::new(&[
        ("a.py", "import b\n\ndef f(x):\n    x[0] = 1\n    b.g(x)\n"),
        ("b.py", "import a\n\ndef g(x):\n    x[1] = 1\n    a.f(x)\n"),
    ]);
    let known = [round.writes("a.py", "b.g"), round.writes("b.py", "a.f")];
    assert_eq!(known.iter().flatten().count(), 1, "{known:?}");
}

#[test]
fn summaries_survive_being_stored() {
    let tree = Tree::new(&[
        (
            "w.py",
            "import numpy as np\n\ndef f(x, y=None, *, n=3):\n    x[0] = n\n    return np.asarray(x), y, n, np.zeros(3)\n",
        ),
        ("a.py", "from w import f\n"),
    ]);
    let at = tree.texts.iter().position(|text| text.path == "a.py").unwrap();
    let view = tree.project.view(at, &tree.modules[at]);
    let summary = view.summary(&view.imported()[0].path).unwrap();
    assert_eq!(summary.writes.len(), 1);
    let text = serde_json::to_string(&*summary).unwrap();
    assert_eq!(serde_json::from_str::<Summary>(&text).unwrap(), *summary);
    assert!(NoCallees.summary("w.f").is_none());

    let tree = Tree::new(&[
        (
            "w.py",
            "class C:\n    def f(self, x):\n        x.shape\n        x[0] = 1\n        return self.g(x)\n\n    def g(self, x):\n        return x\n",
        ),
        ("a.py", "from w import C\n"),
    ]);
    let at = tree.texts.iter().position(|text| text.path == "a.py").unwrap();
    let view = tree.project.view(at, &tree.modules[at]);
    let class = view.class(&view.imported()[0].path).unwrap();
    let method = &class.methods["f"];
    assert_eq!(method.asks[..], ["g"]);
    assert_eq!(method.summary.as_ref().unwrap().writes[0].file.as_deref(), Some("/w.py"));
    let text = serde_json::to_string(&*class).unwrap();
    assert_eq!(serde_json::from_str::<ClassSummary>(&text).unwrap(), *class);
}
