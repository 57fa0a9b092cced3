//! Configuration files from outside: which one counts, what they may say, and that the command line wins.

#![allow(clippy::unwrap_used, reason = "this is a test")]

mod support;

use support::{Folder, Ran, ran};

const PASSED: &str = "All checks passed!\n";
/// One VL101, on line 4.
const VIEW: &[u8] = b"import numpy as np\na = np.arange(10.0)\nhead = a[:3]\nhead[0] = 100.0\nprint(a)\n";
/// What it is depends on what `as2d` does: nothing is known of it.
const AS2D: &[u8] =
    b"import numpy as np\nfrom mypkg.util import as2d\na = np.arange(6.0)\nb = as2d(a)\nb[0] = 1.0\nprint(a)\n";
/// What it is depends on what `step` writes.
const STEP: &[u8] = b"import numpy as np\nimport mypkg.solve\na = np.arange(6.0)\nold = a\nmypkg.solve.step(a, 2)\nprint(np.abs(a - old).max())\n";

/// The findings as `file:row code`, or the error.
fn found(ran: &Ran) -> Vec<String> {
    if ran.status == 2 {
        return vec![ran.stderr.trim_end().to_owned()];
    }
    let lines = ran.stdout.lines().filter(|line| line.contains(": VL"));
    lines
        .map(|line| {
            let mut parts = line.split(':');
            let (file, row) = (parts.next().unwrap(), parts.next().unwrap());
            format!("{file}:{row} {}", parts.nth(1).unwrap().split_whitespace().next().unwrap())
        })
        .collect()
}

fn check(folder: &Folder, args: &[&str]) -> Vec<String> {
    found(&folder.run(&[&["check", "--output-format", "concise"], args].concat()))
}

#[test]
fn the_nearest_file_with_our_table_wins() {
    let folder = Folder::with(&[
        ("pyproject.toml", b"[tool.viewlint]\nignore = ['VL101']\n"),
        ("a.py", VIEW),
        ("other/pyproject.toml", b"[tool.ruff]\nselect = ['F']\n"),
        ("other/b.py", VIEW),
        ("near/viewlint.toml", b"select = ['VL1']\n"),
        ("near/pyproject.toml", b"[tool.viewlint]\nignore = ['VL101']\n"),
        ("near/deep/c.py", VIEW),
        ("hidden/.viewlint.toml", b"# nothing\n"),
        ("hidden/viewlint.toml", b"ignore = ['VL101']\n"),
        ("hidden/d.py", VIEW),
    ]);
    assert_eq!(check(&folder, &["."]), ["hidden/d.py:4 VL101", "near/deep/c.py:4 VL101"]);
    assert_eq!(check(&folder, &[".", "--isolated"]).len(), 4);
    assert_eq!(check(&folder, &[".", "--config", "near/viewlint.toml"]).len(), 4);
    assert_eq!(check(&folder, &[".", "--config", "pyproject.toml"]), [""; 0]);
    let stdin = ["check", "--output-format", "concise", "--stdin-filename", "near/x.py", "-"];
    assert_eq!(found(&folder.run_stdin(&stdin, VIEW)), ["near/x.py:4 VL101"]);
    let stdin = ["check", "--stdin-filename", "x.py", "-"];
    assert_eq!(folder.run_stdin(&stdin, VIEW), ran(0, PASSED, ""));
}

#[test]
fn the_command_line_wins_over_the_file() {
    let toml = b"select = ['VL2']\nextend-select = ['VL301']\nignore = ['VL203']\nconfidence = 'certain'\noutput-format = 'json'\n";
    let folder = Folder::with(&[("viewlint.toml", toml), ("a.py", VIEW)]);
    assert_eq!(folder.run(&["."]), ran(0, "[]\n", ""));
    assert_eq!(folder.run(&[".", "--output-format", "full"]), ran(0, PASSED, ""));
    let env = folder.command(&["."]).env("VIEWLINT_OUTPUT_FORMAT", "concise").output().unwrap();
    assert_eq!(Ran::from(env), ran(0, PASSED, ""));
    assert_eq!(check(&folder, &[".", "--select", "VL101", "--confidence", "likely"]), ["a.py:4 VL101"]);
    assert_eq!(check(&folder, &[".", "--extend-select", "VL101", "--confidence", "likely"]), ["a.py:4 VL101"]);
    let both = [".", "--extend-select", "VL101", "--ignore", "VL101", "--confidence", "likely"];
    assert_eq!(check(&folder, &both), [""; 0]);
}

#[test]
fn extend_begins_with_another_file() {
    let folder = Folder::with(&[
        ("base/viewlint.toml", b"ignore = ['VL101']\nextend-exclude = ['gen']\nextend-select = ['VL203']\n[models]\n'mypkg.util.as2d' = 'view of 0'\n"),
        ("base/gen/a.py", VIEW),
        ("viewlint.toml", b"extend = 'base/viewlint.toml'\nignore = ['VL3']\n"),
        ("a.py", VIEW),
        ("b.py", AS2D),
        ("sub/viewlint.toml", b"extend = '../viewlint.toml'\n[models]\n'mypkg.util.as2d' = 'fresh'\n"),
        ("sub/b.py", AS2D),
        ("sub/gen/a.py", VIEW),
    ]);
    assert_eq!(check(&folder, &["."]), ["a.py:4 VL101", "b.py:5 VL101"]);
    let wrong = Folder::with(&[
        ("viewlint.toml", b"extend = 'a.toml'\n"),
        ("a.toml", b"\n extend = 'viewlint.toml'"),
        ("b.toml", b"extend = 'no.toml'"),
        ("c.toml", b"extend = 'pyproject.toml'"),
        ("pyproject.toml", b"[tool.x]\n"),
        ("d.toml", b"extend = 'e.toml'"),
        ("e.toml", b"selekt = []"),
    ]);
    assert_eq!(check(&wrong, &[]), ["error: a.toml:2:11: `extend`: viewlint.toml extends itself"]);
    let explicit = |file: &str| check(&wrong, &["--config", file]);
    assert_eq!(explicit("b.toml"), ["error: b.toml:1:10: `extend`: cannot read no.toml: no such file or directory"]);
    assert_eq!(explicit("c.toml"), ["error: c.toml:1:10: `extend`: pyproject.toml has no table [tool.viewlint]"]);
    assert_eq!(explicit("d.toml"), ["error: e.toml:1:1: unknown key `selekt`: did you mean `select`?"]);
    assert_eq!(explicit("no.toml"), ["error: cannot read the configuration no.toml: no such file or directory"]);
    assert_eq!(
        explicit("pyproject.toml"),
        ["error: cannot read the configuration pyproject.toml: it has no table [tool.viewlint]"]
    );
}

#[test]
fn a_bad_configuration_is_one_error_wherever_it_is_met() {
    let text = b"[project]\nname = 'x'\n\n[tool.viewlint]\nselect = ['VL1']\nignroe = ['VL1']\n";
    let folder = Folder::with(&[("pkg/pyproject.toml", text), ("a.py", VIEW), ("pkg/b.py", VIEW)]);
    let expected = ran(2, "", "error: pkg/pyproject.toml:6:1: unknown key `ignroe`: did you mean `ignore`?\n");
    assert_eq!(folder.run(&["."]), expected);
    assert_eq!(folder.run(&["inspect", "pkg/b.py"]), expected);
    assert_eq!(folder.run(&["--exit-zero", "pkg"]), expected, "a bad configuration is no finding");
    assert_eq!(check(&folder, &["a.py"]), ["a.py:4 VL101"], "what is not needed is not read");
    assert_eq!(check(&folder, &["pkg", "--isolated"]), ["pkg/b.py:4 VL101"]);
    assert_eq!(folder.run(&["--isolated", "--config", "x.toml"]).status, 2);
    let latin = Folder::with(&[("viewlint.toml", b"ignore = ['\xE9']")]);
    assert_eq!(latin.run(&["."]), ran(2, "", "error: cannot read the configuration viewlint.toml: not UTF-8\n"));
}

#[test]
fn per_file_ignores_match_names_and_paths() {
    let toml = b"[tool.viewlint.per-file-ignores]\n'tests/*' = ['VL1']\n'*_gen.py' = ['write-through-view']\n'b.py' = ['VL3']\n";
    let folder = Folder::with(&[
        ("pyproject.toml", toml),
        ("a.py", VIEW),
        ("b.py", VIEW),
        ("c_gen.py", VIEW),
        ("tests/deep/d.py", VIEW),
        ("src/tests/e.py", VIEW),
    ]);
    assert_eq!(check(&folder, &["."]), ["a.py:4 VL101", "b.py:4 VL101", "src/tests/e.py:4 VL101"]);
    assert_eq!(check(&folder, &["tests/deep/d.py"]), [""; 0]);
    let own = check(&folder, &[".", "--per-file-ignores", "a.py:VL101,src/*:ALL"]);
    assert_eq!(own, ["b.py:4 VL101", "c_gen.py:4 VL101", "tests/deep/d.py:4 VL101"]);
    assert!(folder.run(&["--per-file-ignores", "a.py"]).stderr.contains("GLOB:RULE"));
    assert_eq!(
        check(&folder, &["--per-file-ignores", "a.py:VL999"])[0].split(':').nth(1),
        Some(" unknown rule `VL999`")
    );
}

#[test]
fn excludes_are_relative_to_their_file() {
    let folder = Folder::with(&[
        ("viewlint.toml", b"extend-exclude = ['gen/a.py']\n"),
        ("gen/a.py", VIEW),
        ("pkg/viewlint.toml", b"exclude = ['gen', 'old/*.py']\n"),
        ("pkg/gen/a.py", VIEW),
        ("pkg/old/b.py", VIEW),
        ("pkg/c.py", VIEW),
        ("pkg/.venv/d.py", VIEW),
    ]);
    assert_eq!(check(&folder, &["."]), ["pkg/c.py:4 VL101"]);
    assert_eq!(check(&folder, &["pkg/gen/a.py"]).len(), 1, "what is named is checked");
    assert_eq!(check(&folder, &["pkg/gen/a.py", "--force-exclude"]), [""; 0]);
}

#[test]
fn rows_of_ones_own_make_findings_appear_and_disappear() {
    let with = |words: &str| {
        let toml = format!("[tool.viewlint.models]\n{words}\n");
        let folder = Folder::with(&[("pyproject.toml", toml.as_bytes()), ("a.py", AS2D), ("s.py", STEP)]);
        check(&folder, &["."])
    };
    assert_eq!(with(""), [""; 0]);
    assert_eq!(with("'mypkg.util.as2d' = 'view of 0'"), ["a.py:5 VL101"]);
    assert_eq!(with("'mypkg.util.as2d(array)' = 'returns array'"), with("'mypkg.util.as2d' = 'same 0'"));
    assert_eq!(with("'mypkg.util.as2d' = 'fresh'"), [""; 0]);
    assert_eq!(with("'mypkg.solve.step' = 'writes 0, none'"), ["s.py:4 VL104"]);
    assert_eq!(with("'mypkg.solve.step' = 'writes 1, none'"), [""; 0]);
    assert_eq!(
        with("'mypkg.solve.step' = 'changes 0'"),
        [format!(
            "error: pyproject.toml:2:22: `models`: `mypkg.solve.step`: unknown words `changes 0`; allowed: {}",
            viewlint::model::short::WORDS
        )]
    );
    let folder = Folder::with(&[("viewlint.toml", b"[models]\n'mypkg.util.as2d' = 'view of 0'\n"), ("a.py", AS2D)]);
    let inspected = folder.run(&["inspect", "a.py:6", "--output-format", "json"]).stdout;
    let isolated = folder.run(&["inspect", "a.py:6", "--output-format", "json", "--isolated"]).stdout;
    assert_ne!(inspected, isolated);
}

#[test]
fn the_keys_are_listed() {
    let folder = Folder::with(&[]);
    let list = folder.run(&["config"]);
    assert_eq!((list.status, list.stdout.lines().count()), (0, viewlint::config::KEYS.len()));
    assert!(folder.run(&["config", "numpy-version"]).stdout.ends_with("\n\nnumpy-version = \">=1.26,<3\"\n"));
    assert_eq!(folder.run(&["config", "zelect"]), ran(2, "", "error: unknown key `zelect`: did you mean `select`?\n"));
    let readme = readme();
    for key in viewlint::config::KEYS {
        assert!(readme.contains(&format!("`{}`", key.name)), "README.md does not speak of `{}`", key.name);
    }
}

fn readme() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap()
}

#[test]
fn the_examples_of_the_readme_are_right() {
    let readme = readme();
    let blocks: Vec<&str> = readme.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert_eq!(blocks.len(), 2);
    for block in blocks {
        let folder = Folder::with(&[("pyproject.toml", block.as_bytes()), ("a.py", b"x = 1\n")]);
        assert_eq!(folder.run(&["."]), ran(0, PASSED, ""), "{block}");
    }
}

#[test]
fn the_version_of_numpy_picks_the_answers() {
    let program = b"import numpy as np\nx = np.arange(6)\ny = np.round(x)\nz = np.array(x, dtype=y.dtype, copy=False)\nprint(x, y, z)\n";
    let buffers = |toml: &str, name: &str| {
        let folder = Folder::with(&[("pyproject.toml", toml.as_bytes()), ("a.py", program)]);
        let said = folder.run(&["inspect", "a.py:5", "--output-format", "json"]).stdout;
        let said: serde_json::Value = serde_json::from_str(&said).unwrap();
        let of = |name: &str| said["vars"][name]["buffers"].as_array().unwrap().len();
        let shares = said["vars"][name]["buffers"].as_array().unwrap().contains(&said["vars"]["x"]["buffers"][0]);
        (shares, of(name))
    };
    let version = |range: &str| format!("[tool.viewlint]\nnumpy-version = '{range}'\n");
    // `round` gave an array of integers back as it was, until 2.4.
    assert_eq!(buffers(&version(">=2.4"), "y"), (false, 1));
    assert_eq!(buffers(&version(">=1.26"), "y"), (true, 2));
    assert_eq!(buffers("", "y"), (true, 2));
    // What the project requires counts where the configuration says nothing; the configuration wins.
    let requires = "[project]\nname = 'x'\ndependencies = ['numpy>=2.4,<3']\n";
    assert_eq!(buffers(requires, "y"), (false, 1));
    assert_eq!(buffers(&format!("{requires}{}", version("<2")), "y"), (true, 2));
    assert_eq!(buffers("[project]\nname = 'x'\nrequires-python = '>=3.14'\n", "y"), (true, 2));
    // `copy=False` is a demand from 2.0 on: there is no copy, or an error.
    assert_eq!(buffers(&version(">=2.0"), "z"), (true, 1));
    assert_eq!(buffers(&version("<2"), "z"), (true, 2));
}

#[test]
fn what_depends_on_the_version_says_so() {
    let round = b"import numpy as np\ndef f(x: np.ndarray):\n    y = np.round(x)\n    y += 1\n    return y\n";
    let say = |range: &str| {
        let toml = format!("numpy-version = '{range}'\n");
        let folder = Folder::with(&[("a.py", round.as_slice()), ("viewlint.toml", toml.as_bytes())]);
        let inspected = folder.run(&["inspect", "a.py:3"]).stdout;
        (inspected, folder.run(&["check", "--confidence", "possible", "a.py"]).stdout, check(&folder, &["a.py"]))
    };
    let why = "from NumPy 2.4 on this is a new array";
    let (inspected, found, shown) = say(">=1.26");
    assert!(inspected.contains(&format!("depends on the version: np.round(x): {why}")), "{inspected}");
    assert!(found.contains(why) && found.contains("(possible)"), "{found}");
    assert_eq!(shown, [""; 0], "on one of the versions there is nothing to tell");
    let (inspected, found, _) = say(">=2.4");
    assert!(!inspected.contains("depends") && !found.contains("VL102"), "{inspected}{found}");
    let (inspected, found, _) = say("<2");
    assert!(!inspected.contains("depends") && !found.contains(why), "{inspected}{found}");
}
