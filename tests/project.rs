//! Whole programs from outside: what a function in one file does to the arrays of another.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use support::Folder;

const HELPERS: &str = "\
import numpy as np

def fill_off_diagonal(x, value=0.0):
    rows, cols = np.nonzero(~np.eye(x.shape[0], dtype=bool))
    x[rows, cols] = value
";

const CALLER: &str = "\
import numpy as np

from .. import util

def dtw(C):
    C = np.atleast_2d(C)
    util.fill_off_diagonal(C, np.inf)
    return C.sum()
";

const FILES: [(&str, &[u8]); 5] = [
    ("pkg/__init__.py", b""),
    ("pkg/util/__init__.py", b"from .helpers import *\n"),
    ("pkg/util/helpers.py", HELPERS.as_bytes()),
    ("pkg/seq/__init__.py", b"from .dtw import dtw\n"),
    ("pkg/seq/dtw.py", CALLER.as_bytes()),
];

#[test]
fn a_mutation_through_a_helper_elsewhere_is_reported_at_the_call() {
    let folder = Folder::with(&FILES);
    let ran = folder.run(&["--output-format", "json", "."]);
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(json.as_array().unwrap().len(), 1, "{ran:?}");
    let finding = &json[0];
    assert_eq!((&finding["code"], &finding["location"]["row"]), (&"VL102".into(), &7.into()));
    let labels = finding["labels"].as_array().unwrap();
    let rows: Vec<u64> = labels.iter().map(|label| label["location"]["row"].as_u64().unwrap()).collect();
    assert_eq!(rows, [5, 6, 7, 5, 8]);
    let other = &labels[3];
    assert!(other["filename"].as_str().unwrap().ends_with("/pkg/util/helpers.py"), "{other}");
    assert_eq!((&other["role"], &other["location"]["column"]), (&"note".into(), &5.into()));
    let full = folder.run(&["."]);
    assert!(full.stdout.contains("[pkg/util/helpers.py:5:5]"), "{full:?}");
    // One file by itself knows nothing of the others.
    assert_eq!(folder.run(&["pkg/seq/dtw.py"]).status, 0);
}

#[test]
fn a_result_that_lies_in_the_argument_is_seen_through_the_import() {
    let check = b"import numpy as np\n\ndef check(x, copy=False):\n    x = np.asarray(x)\n    if copy:\n        x = x.copy()\n    return x\n";
    let caller = |call: &str| {
        format!(
            "from check import check\n\ndef center(X):\n    X = {call}\n    X -= X.mean(axis=0)\n    return X @ X.T\n"
        )
    };
    for (call, status) in [("check(X)", 1), ("check(X, copy=False)", 1), ("check(X, copy=True)", 0), ("check(X, X)", 0)]
    {
        let folder = Folder::with(&[("check.py", check), ("a.py", caller(call).as_bytes())]);
        assert_eq!(folder.run(&["."]).status, status, "{call}");
    }
}

#[test]
fn chains_go_through_several_files_and_circles_do_not_hang() {
    let folder = Folder::with(&[
        (
            "a.py",
            b"import numpy as np\nfrom b import g\n\ndef f(x):\n    x = np.asarray(x)\n    g(x)\n    return x.sum()\n",
        ),
        ("b.py", b"from c import h\n\ndef g(x):\n    h(x)\n"),
        ("c.py", b"import a\n\ndef h(x, n=3):\n    x[1:] = n\n    if n:\n        a.f(x)\n"),
    ]);
    let ran = folder.run(&["--output-format", "concise", "--select", "VL102", "."]);
    assert!(ran.stdout.starts_with("a.py:6:5: VL102 "), "{ran:?}");
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let mut files: Vec<(String, Vec<u8>)> = FILES.iter().map(|file| (file.0.to_owned(), file.1.to_vec())).collect();
    for i in 0..40 {
        // Each imports those before it and, in a circle, one behind it.
        let text = format!(
            "import numpy as np\nfrom .m{} import fill\nfrom .m{} import more\n\ndef more(x):\n    x = np.asarray(x)\n    \
             fill(x)\n    return x.sum()\n",
            i % 7,
            (i + 1) % 40,
        );
        let text = if i < 7 { "def fill(x):\n    x[x.shape[0] - 1] = 0\n".to_owned() } else { text };
        files.push((format!("pkg/m{i}.py"), text.into_bytes()));
    }
    let files: Vec<(&str, &[u8])> = files.iter().map(|file| (file.0.as_str(), file.1.as_slice())).collect();
    let folder = Folder::with(&files);
    let one = folder.run(&["-j", "1", "--output-format", "json", "--confidence", "possible", "."]);
    assert!(one.stdout.len() > 1000, "{one:?}");
    for threads in ["2", "3", "8"] {
        let many = folder.run(&["-j", threads, "--output-format", "json", "--confidence", "possible", "."]);
        assert!(many == one, "{threads} threads");
    }
}

const BASE: &str = "\
import numpy as np

class Base:
    def __init__(self, data):
        self.data = np.asarray(data)

    def scale(self, x):
        x *= 2.0
        return x.sum()

    def run(self, x):
        x = self.prepare(x)
        x += 1.0
        return x.mean()

    def prepare(self, x):
        return x

    @property
    def column(self):
        return self.data[:, 0]

    def halve(self):
        self.values *= 0.5
        return self.values.sum()
";

/// What is reported of a file beside the one that has the base class: the code and the line.
fn beside_base(text: &str) -> Vec<(String, u64)> {
    let folder =
        Folder::with(&[("pkg/__init__.py", b""), ("pkg/base.py", BASE.as_bytes()), ("pkg/own.py", text.as_bytes())]);
    let ran = folder.run(&["--output-format", "json", "."]);
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let all = json.as_array().unwrap();
    let own = all.iter().filter(|finding| finding["filename"].as_str().unwrap().ends_with("own.py"));
    own.map(|finding| (finding["code"].as_str().unwrap().to_owned(), finding["location"]["row"].as_u64().unwrap()))
        .collect()
}

#[test]
fn a_method_of_a_base_in_another_file_does_what_it_does_there() {
    let text = "from .base import Base\n\nclass Own(Base):\n    def fit(self, X):\n        self.scale(X)\n        return X.mean()\n";
    assert_eq!(beside_base(text), [("VL102".to_owned(), 5)]);
    let text = text.replace("self.scale", "super().scale");
    assert_eq!(beside_base(&text), [("VL102".to_owned(), 5)]);
    let instance = "from pkg import base\n\ndef fit(X):\n    b = base.Base(X)\n    b.scale(X)\n    return X.mean()\n";
    assert_eq!(beside_base(instance), [("VL102".to_owned(), 5)]);
    // A class that has another `scale` is another matter.
    let other =
        format!("{text}\n    def scale(self, x):\n        return x.sum()\n").replace("super().scale", "self.scale");
    assert_eq!(beside_base(&other), []);
}

#[test]
fn a_method_that_another_class_changes_is_another_method() {
    let text = |more: &str| {
        format!(
            "from .base import Base\n\nclass Own(Base):\n    def fit(self, X):\n        self.run(X)\n        return X.mean()\n{more}"
        )
    };
    assert_eq!(beside_base(&text("")), [("VL102".to_owned(), 5)]);
    assert_eq!(beside_base(&text("\n    def prepare(self, x):\n        return x.copy()\n")), []);
}

#[test]
fn what_a_base_in_another_file_keeps_is_kept() {
    let centre = "    def centre(self):\n        self.data -= self.data.mean()\n";
    let text = format!("import numpy as np\nfrom .base import Base\n\nclass Own(Base):\n{centre}");
    assert_eq!(beside_base(&text), [("VL103".to_owned(), 6)]);
    // What is passed to the base's constructor, nobody sees.
    let text = format!(
        "import numpy as np\nfrom .base import Base\n\nclass Own(Base):\n    def __init__(self, n):\n        super().__init__(np.ones(n))\n\n{centre}"
    );
    assert_eq!(beside_base(&text), []);
}

#[test]
fn what_a_base_in_another_file_writes_is_written() {
    let text = |value: &str| {
        format!(
            "import numpy as np\nfrom .base import Base\n\nclass Own(Base):\n    def __init__(self, x):\n        self.values = {value}\n"
        )
    };
    assert_eq!(beside_base(&text("np.asarray(x)")), [("VL103".to_owned(), 6)]);
    assert_eq!(beside_base(&text("np.array(x)")), []);
}

#[test]
fn an_instance_of_a_class_elsewhere_holds_what_its_constructor_was_given() {
    let own = "import numpy as np\nfrom .base import Base\n\ndef f(x: np.ndarray):\n    b = Base(x)\n    data = b.data\n    column = b.column\n    return data, column\n";
    let folder =
        Folder::with(&[("pkg/__init__.py", b""), ("pkg/base.py", BASE.as_bytes()), ("pkg/own.py", own.as_bytes())]);
    let ran = folder.run(&["inspect", "--output-format", "json", "pkg/base.py", "pkg/own.py", "pkg/__init__.py"]);
    let last = ran.stdout.lines().find(|line| line.contains("own.py") && line.contains("\"line\":8")).unwrap();
    let point: serde_json::Value = serde_json::from_str(last).unwrap();
    for name in ["data", "column"] {
        // The constructor says `np.asarray`: what it makes, or what it is given.
        let buffers = point["vars"][name]["buffers"].as_array().unwrap();
        assert_eq!(buffers.len(), 2, "{point}");
        assert!(buffers.contains(&"param:x".into()), "{point}");
    }
}

#[test]
fn a_class_that_writes_through_a_helper_shows_the_write() {
    let text = "import numpy as np\n\ndef shift(x):\n    x -= 1.0\n    return x.sum()\n\nclass Own:\n    def __init__(self, x):\n        self.x = np.asarray(x)\n\n    def fit(self):\n        return shift(self.x)\n";
    let folder = Folder::with(&[("own.py", text.as_bytes())]);
    let ran = folder.run(&["--output-format", "json", "--select", "VL103", "."]);
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let labels = json[0]["labels"].as_array().unwrap();
    let rows: Vec<u64> = labels.iter().map(|label| label["location"]["row"].as_u64().unwrap()).collect();
    assert_eq!(rows, [4, 9, 12], "{ran:?}");
}
