//! The program from outside, on code with a bug in it.

mod support;

use support::{Folder, Ran};

const BUG: &str = "\
import numpy as np

def f():
    arr = np.array([1, 2, 3, 4])
    view = arr[:]
    view[0] = 17
    return arr, view
";

fn bugs(names: &[&str]) -> Folder {
    Folder::with(&names.iter().map(|name| (*name, BUG.as_bytes())).collect::<Vec<_>>())
}

#[test]
fn a_finding_is_printed_and_counted() {
    let folder = bugs(&["a.py"]);
    let concise = folder.run(&["--output-format", "concise", "."]);
    assert_eq!((concise.status, concise.stderr.as_str()), (1, ""));
    assert!(concise.stdout.starts_with("a.py:6:5: VL101 "), "{concise:?}");
    assert!(concise.stdout.ends_with("\nFound 1 error.\n"), "{concise:?}");
    let full = folder.run(&["."]);
    assert!(full.stdout.starts_with("VL101 write-through-view: "), "{full:?}");
    assert!(full.stdout.contains("[a.py:6:5]") && full.stdout.contains("help: "), "{full:?}");
    assert_eq!(folder.run(&["--exit-zero", "."]), Ran { status: 0, ..full });
    assert_eq!(folder.run(&["-q", "--output-format", "concise", "."]).stdout.lines().count(), 1);
}

#[test]
fn rules_can_be_chosen() {
    let folder = bugs(&["a.py"]);
    let status = |args: &[&str]| folder.run(args).status;
    assert_eq!(status(&["--select", "VL101", "."]), 1);
    assert_eq!(status(&["--select", "write-through-view", "."]), 1);
    assert_eq!(status(&["--select", "VL3", "."]), 0);
    assert_eq!(status(&["--select", "VL3", "--extend-select", "VL1", "."]), 1);
    assert_eq!(status(&["--ignore", "VL1", "."]), 0);
    assert_eq!(status(&["--select", "VL101", "--ignore", "VL1", "."]), 1);
    assert_eq!(status(&["--confidence", "possible", "."]), 1);
}

#[test]
fn json_has_exactly_the_promised_keys() {
    let folder = bugs(&["a.py", "b.py"]);
    let ran = folder.run(&["--output-format", "json", "."]);
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(json.as_array().map(Vec::len), Some(2));
    let keys = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
    let promised = "code confidence end_location filename fix help labels location message name severity url";
    assert_eq!(keys(&json[0]), promised);
    assert_eq!(keys(&json[0]["labels"][0]), "end_location filename location message role");
    assert_eq!(json[0]["location"], serde_json::json!({"row": 6, "column": 5}));
    let filename = folder.path().canonicalize().unwrap().join("a.py");
    assert_eq!(json[0]["filename"].as_str().unwrap(), filename.to_str().unwrap());
    let roles: Vec<&str> = json[0]["labels"].as_array().unwrap().iter().filter_map(|l| l["role"].as_str()).collect();
    assert!(roles.contains(&"primary"), "{roles:?}");
}

#[test]
fn github_names_are_escaped() {
    let folder = bugs(&["a,b%:c.py"]);
    let ran = folder.run(&["--output-format", "github", "."]);
    assert_eq!(ran.stdout.lines().count(), 1, "{ran:?}");
    assert!(ran.stdout.starts_with("::warning title=viewlint (VL101),file=/"), "{ran:?}");
    assert!(ran.stdout.contains("/a%2Cb%25%3Ac.py,line=6,col=5,endLine=6,endColumn="), "{ran:?}");
    assert!(ran.stdout.contains("::a,b%25:c.py:6:5: VL101 "), "{ran:?}");
}

#[test]
fn comments_silence() {
    for (comment, status) in [
        ("# noqa", 0),
        ("# noqa: VL101", 0),
        ("# noqa: F401", 1),
        ("# viewlint: ignore[VL101] on purpose", 0),
        ("# viewlint: ignore[VL104]", 1),
    ] {
        let text = BUG.replace("= 17", &format!("= 17  {comment}"));
        let folder = Folder::with(&[("a.py", text.as_bytes())]);
        assert_eq!(folder.run(&["."]).status, status, "{comment}");
    }
    let skipped = format!("# viewlint: skip-file\n{BUG}");
    assert_eq!(Folder::with(&[("a.py", skipped.as_bytes())]).run(&["."]).status, 0);
}

#[test]
fn broken_files_do_not_stop_the_run() {
    let folder = bugs(&["a.py", "c.py"]);
    std::fs::write(folder.path().join("b.py"), "x = 1\ndef f(:\n").unwrap();
    let ran = folder.run(&["--output-format", "concise", "."]);
    assert_eq!(ran.status, 2);
    assert_eq!(ran.stdout.matches("VL101").count(), 2, "{ran:?}");
    assert!(ran.stdout.ends_with("Found 2 errors.\n"), "{ran:?}");
    assert!(ran.stderr.starts_with("error: b.py:2:7: ") && ran.stderr.lines().count() == 1, "{ran:?}");
    let github = folder.run(&["--output-format", "github", "."]);
    assert!(github.stdout.contains("/b.py,line=2,col=7::b.py:2:7: "), "{github:?}");
}

#[test]
fn other_encodings_and_line_ends_have_the_same_places() {
    let plain = bugs(&["a.py"]).run(&["--output-format", "concise", "."]);
    let mark = [b"\xEF\xBB\xBF", BUG.as_bytes()].concat();
    let crlf = BUG.replace('\n', "\r\n");
    for bytes in [&mark, crlf.as_bytes()] {
        assert_eq!(Folder::with(&[("a.py", bytes)]).run(&["--output-format", "concise", "."]), plain);
    }
    let wide = BUG.replace("view[0] = 17", "é = '漢'; view[0] = 17");
    let ran = Folder::with(&[("a.py", wide.as_bytes())]).run(&["--output-format", "concise", "."]);
    assert!(ran.stdout.starts_with("a.py:6:14: VL101 "), "{ran:?}");
}

#[test]
fn colours_are_not_for_pipes() {
    let folder = bugs(&["a.py"]);
    let colored = |args: &[&str], name: &str, value: &str| {
        let ran: Ran = folder.command(args).env(name, value).output().unwrap().into();
        ran.stdout.contains('\u{1b}')
    };
    for format in ["full", "concise"] {
        let base = ["--output-format", format, "."];
        let always = ["--output-format", format, "--color", "always", "."];
        let never = ["--output-format", format, "--color", "never", "."];
        assert!(!colored(&base, "TERM", "xterm-256color"));
        assert!(colored(&base, "FORCE_COLOR", "1"));
        assert!(colored(&always, "NO_COLOR", "1"));
        assert!(!colored(&never, "FORCE_COLOR", "1"));
    }
    assert!(!colored(&["--output-format", "json", "."], "FORCE_COLOR", "1"));
}

#[test]
fn statistics_are_those_of_ruff_and_more() {
    let folder = bugs(&["a.py", "b.py"]);
    let ran = folder.run(&["--statistics", "."]);
    assert!(ran.stdout.starts_with("2\tVL101\twrite-through-view\n2\tfiles\n14\tlines\n4\tbodies\n"), "{ran:?}");
    assert_eq!(ran.status, 1);
    let called = format!("from elsewhere import g\n{BUG}")
        .replace("    return", "    for row in arr:\n        g(row)\n        g.run(row)\n    g(arr)\n    return");
    let ran = Folder::with(&[("a.py", called.as_bytes())]).run(&["--statistics", "."]);
    assert!(ran.stdout.contains("3\tunresolved calls\n"), "{ran:?}");
    assert!(ran.stdout.ends_with("2\tunresolved\tg\n1\tunresolved\t.run\n"), "{ran:?}");
}

#[test]
fn the_bytes_do_not_depend_on_the_number_of_threads() {
    let names: Vec<String> = (0..50).map(|n| format!("d{}/f{n}.py", n % 7)).collect();
    let folder = bugs(&names.iter().map(String::as_str).collect::<Vec<_>>());
    for format in ["full", "concise", "json", "github"] {
        let one = folder.run(&["-j1", "--output-format", format, "."]);
        assert_eq!(one.status, 1);
        assert_eq!(one, folder.run(&["-j8", "--output-format", format, "."]));
    }
}

#[test]
fn the_standard_input_has_a_name() {
    let folder = Folder::with(&[]);
    let ran = folder.run_stdin(&["--output-format", "concise", "--stdin-filename", "pkg/a.py", "-"], BUG.as_bytes());
    assert!(ran.stdout.starts_with("pkg/a.py:6:5: VL101 "), "{ran:?}");
    let ran = folder.run_stdin(&["--output-format", "concise", "-"], BUG.as_bytes());
    assert!(ran.stdout.starts_with("-:6:5: VL101 "), "{ran:?}");
}

#[test]
fn helps_can_be_pasted() {
    let code = "\
import numpy as np

def given(v=None):
    \"\"\"V.

    Parameters
    ----------
    v : ndarray
    \"\"\"
    v[0] = 1
    v *= 2
    return float(v.sum())

def converted(data: np.ndarray, scale):
    x = np.array(data, dtype=float, copy=False)
    x /= scale
    return x.mean()

def either(first: bool):
    table = np.zeros((4, 3))
    part = (table if first else np.ones((4, 3)))[0]
    kept = []
    for i in range(4):
        part += i
        kept.append(part if first else part)
    return kept
";
    let folder = Folder::with(&[("a.py", code.as_bytes())]);
    let said = folder.run(&["."]).stdout;
    for help in [
        "work on a copy where it is given: `v = v.copy()` before the first write",
        "copy always: `np.array(data, dtype=float, copy=True)`",
        "keep a copy: `(part if first else part).copy()`",
    ] {
        assert!(said.contains(help), "{help}: {said}");
    }
}

/// What cannot be a page's example, since it needs more than NumPy: numba, files of arrays, scalers.
#[test]
fn libraries_are_known() {
    let code = "\
import h5py
import numba as nb
import numpy as np
from numba import njit
from sklearn.preprocessing import StandardScaler

@njit
def _step(x):
    x[0] = 1.0

@nb.jit(nopython=True)
def _halve(x):
    x /= 2

def stepped(data):
    y = np.asarray(data)
    _step(y)
    return y

def halved(data):
    y = np.asarray(data)
    _halve(y)
    return y

def lost(path):
    with h5py.File(path, 'r+') as file:
        file['x'][:10][2] = 5
        part = file['y'][3:7]
        part[...] = 0
        file['z'][2:5] = 0
        kept = file['x'][...]
        kept[0] = 1
        file['x'][...] = kept

def scaled(table):
    table = np.asarray(table)
    return StandardScaler(copy=False).fit_transform(table), StandardScaler().fit_transform(table)
";
    let folder = Folder::with(&[("a.py", code.as_bytes())]);
    let said = folder.run(&["check", "--output-format", "concise", "."]).stdout;
    let found: Vec<(&str, &str)> = said
        .lines()
        .filter_map(|line| {
            let mut parts = line.splitn(4, ':');
            let (_, row, _) = (parts.next()?, parts.next()?, parts.next()?);
            Some((row, parts.next()?.split_whitespace().next()?))
        })
        .collect();
    assert_eq!(found, [("17", "VL102"), ("22", "VL102"), ("27", "VL301"), ("29", "VL302"), ("37", "VL102")], "{said}");
}
