//! The program from outside: what it prints, where, and with which exit status.

mod support;

use std::process::{Command, Stdio};

use support::{Folder, Ran, ran};

const PASSED: &str = "All checks passed!\n";

#[test]
fn a_clean_run() {
    let folder = Folder::with(&[("a.py", b"x = 1\n")]);
    for args in [&["."][..], &["a.py"], &[], &["check"], &["check", "a.py"], &["--output-format", "concise"]] {
        assert_eq!(folder.run(args), ran(0, PASSED, ""), "{args:?}");
    }
    assert_eq!(folder.run(&["--output-format", "json"]), ran(0, "[]\n", ""));
    assert_eq!(folder.run(&["--output-format", "github"]), ran(0, "", ""));
    assert_eq!(folder.run(&["-q"]), ran(0, "", ""));
}

#[test]
fn nothing_to_check_is_a_warning() {
    let folder = Folder::with(&[("a.txt", b"")]);
    assert_eq!(folder.run(&["."]), ran(0, PASSED, "warning: no Python files found under the given paths\n"));
}

#[test]
fn the_environment_names_the_format_and_github_actions_does_not() {
    let folder = Folder::with(&[("a.py", b"x = 1\n")]);
    let format = |name: &str, value: &str| Ran::from(folder.command(&["."]).env(name, value).output().unwrap());
    assert_eq!(format("VIEWLINT_OUTPUT_FORMAT", "json"), ran(0, "[]\n", ""));
    assert_eq!(format("GITHUB_ACTIONS", "true"), ran(0, PASSED, ""));
    assert_eq!(format("VIEWLINT_OUTPUT_FORMAT", "xml").status, 2);
}

#[test]
fn a_missing_path_is_an_error_and_the_rest_goes_on() {
    let folder = Folder::with(&[("a.py", b"x = 1\n")]);
    assert_eq!(folder.run(&["nope.py", "a.py"]), ran(2, "", "error: nope.py: no such file or directory\n"));
    assert_eq!(folder.run(&["nope.py", "--output-format", "json"]).stdout, "[]\n");
    let github = folder.run(&["no,pe.py", "--output-format", "github"]);
    assert!(github.stdout.starts_with("::error title=viewlint,file=/"), "{github:?}");
    assert!(github.stdout.ends_with("/no%2Cpe.py::no,pe.py: no such file or directory\n"), "{github:?}");
    assert_eq!((github.status, github.stderr.as_str()), (2, ""));
    assert_eq!(folder.run(&["nope.py", "--exit-zero"]).status, 0);
}

#[test]
fn usage_errors() {
    let folder = Folder::with(&[("a.py", b"x = 1\n")]);
    let unknown = folder.run(&["--select", "VL101,VL999", "."]);
    assert_eq!((unknown.status, unknown.stdout.as_str()), (2, ""));
    assert!(unknown.stderr.starts_with("error: unknown rule `VL999`"), "{unknown:?}");
    assert!(folder.run(&["--ignore", "write-trough-view"]).stderr.contains("did you mean `write-through-view`?"));
    assert_eq!(folder.run(&["--select", "VL101", "--exit-zero", "--ignore", "x"]).status, 2);
    assert_eq!(folder.run(&["--no-such-option"]).status, 2);
    assert_eq!(folder.run(&["--exclude", "[x"]).status, 2);
    assert_eq!(folder.run(&["-j", "0"]).status, 2);
    let closed = folder.run(&["-o", "no/such/folder.txt"]);
    assert_eq!(closed, ran(2, "", "error: cannot write no/such/folder.txt: no such file or directory\n"));
    for good in ["ALL", "VL", "vl101", "VL1,VL2", "stale-snapshot"] {
        assert_eq!(folder.run(&["--select", good, "--extend-select", good, "."]).status, 0, "{good}");
    }
}

#[test]
fn encodings() {
    let folder = Folder::with(&[
        ("bom.py", b"\xEF\xBB\xBFx = 1\r\n"),
        ("cookie.py", b"# coding: latin-1\nx = '\xE9'\n"),
        ("sjis.py", b"# -*- coding: shift_jis -*-\nx = '\x82\xA0'\n"),
    ]);
    assert_eq!(folder.run(&["."]), ran(0, PASSED, ""));
    let broken = Folder::with(&[
        ("bad.py", b"x = 1\ny = '\xE9'\n"),
        ("klingon.py", b"# coding: klingon\n"),
        ("nul.py", b"x = 1\n\0"),
        ("wide.py", b"\xFF\xFEx\0"),
    ]);
    insta::assert_snapshot!(broken.run(&["."]).stderr);
    assert_eq!(broken.run(&["."]).status, 2);
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_refused_and_what_cannot_be_read_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::with(&[("a.py", b"x = 1\n"), ("shut.py", b"x = 1\n")]);
    let pipe = folder.path().join("pipe.py");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    // In a walk a pipe is no file; named, it is an error rather than a wait for ever.
    assert_eq!(folder.run(&["."]), ran(0, PASSED, ""));
    let named = folder.run(&["pipe.py", "/dev/null"]);
    assert_eq!(named.status, 2);
    assert!(named.stderr.contains("error: pipe.py: not a regular file"), "{named:?}");
    assert!(named.stderr.contains("error: /dev/null: not a regular file"), "{named:?}");
    let shut = folder.path().join("shut.py");
    std::fs::set_permissions(&shut, PermissionsExt::from_mode(0o000)).unwrap();
    // The superuser may read everything.
    if std::fs::read(&shut).is_err() {
        assert_eq!(folder.run(&["."]), ran(2, "", "error: shut.py: permission denied\n"));
    }
}

#[test]
fn very_large_files_are_refused() {
    let folder = Folder::with(&[]);
    let file = std::fs::File::create(folder.path().join("big.py")).unwrap();
    file.set_len(65 * 1024 * 1024).unwrap();
    assert_eq!(folder.run(&["."]), ran(2, "", "error: big.py: larger than 64 MiB: exclude the file\n"));
}

#[test]
fn excludes() {
    let bad: &[u8] = b"\xE9";
    let folder = Folder::with(&[("a.py", b"x = 1\n"), (".venv/b.py", bad), ("gen/c.py", bad), ("gen/c_pb2.py", bad)]);
    let errors = |args: &[&str]| folder.run(args).stderr.lines().count();
    assert_eq!(errors(&["."]), 2);
    assert_eq!(errors(&[".venv"]), 1);
    assert_eq!(errors(&[".venv", "--force-exclude"]), 1, "the warning that nothing is left");
    assert_eq!(folder.run(&[".venv/b.py", "a.py", "--force-exclude"]), ran(0, PASSED, ""));
    assert_eq!(errors(&[".", "--exclude", "gen"]), 1);
    assert_eq!(errors(&[".", "--extend-exclude", "*_pb2.py"]), 1);
    assert_eq!(errors(&[".", "--extend-exclude", "gen/c.py,gen/c_pb2.py"]), 0);
    assert_eq!(errors(&[".", "--exclude", "x"]), 3);
    std::fs::create_dir(folder.path().join(".git")).unwrap();
    std::fs::write(folder.path().join(".gitignore"), "gen\n").unwrap();
    assert_eq!(errors(&["."]), 0);
    assert_eq!(errors(&[".", "--no-respect-gitignore"]), 2);
}

#[test]
fn the_standard_input() {
    let folder = Folder::with(&[]);
    assert_eq!(folder.run_stdin(&["-"], b"x = 1\n"), ran(0, PASSED, ""));
    let bad = folder.run_stdin(&["--stdin-filename", "pkg/b.py", "-"], b"\xE9");
    assert_eq!(bad.status, 2);
    assert!(bad.stderr.starts_with("error: pkg/b.py:1:1: invalid UTF-8 at byte 0"), "{bad:?}");
    let excluded = ["--stdin-filename", ".venv/b.py", "--force-exclude", "-"];
    assert_eq!(folder.run_stdin(&excluded, b"\xE9"), ran(0, PASSED, ""));
}

#[test]
fn output_goes_to_a_file_and_errors_stay_on_the_terminal() {
    let folder = Folder::with(&[("a.py", b"x = 1\n")]);
    assert_eq!(folder.run(&["-o", "out.json", "--output-format", "json", "."]), ran(0, "", ""));
    assert_eq!(std::fs::read_to_string(folder.path().join("out.json")).unwrap(), "[]\n");
    let github = folder.run(&["nope.py", "-o", "out.txt", "--output-format", "github"]);
    assert_eq!(github, ran(2, "", "error: nope.py: no such file or directory\n"));
    assert!(std::fs::read_to_string(folder.path().join("out.txt")).unwrap().starts_with("::error"));
}

#[test]
fn statistics_count() {
    let folder = Folder::with(&[("a.py", b"x = 1\n"), ("b.py", b"\xE9")]);
    let text = folder.run(&["--statistics", "."]);
    assert!(text.stdout.contains("\tfiles\n") && text.stdout.contains("1\tfiles with errors\n"), "{text:?}");
    assert!(!text.stdout.contains("passed"), "{text:?}");
    let json = folder.run(&["--statistics", "--output-format", "json", "."]);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    let keys: Vec<&String> = json.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        ["bodies", "errors", "files", "lines", "most_unresolved", "opaque", "over_budget", "rules", "unresolved"]
    );
}

#[test]
fn the_bytes_do_not_depend_on_the_number_of_threads() {
    let names: Vec<String> = (0..60).map(|n| format!("d{}/f{n}.py", n % 7)).collect();
    let files: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b"\xE9"[..])).collect();
    let folder = Folder::with(&files);
    for format in ["full", "concise", "json", "github"] {
        let one = folder.run(&["-j1", "--output-format", format, "."]);
        let many = folder.run(&["-j8", "--output-format", format, "."]);
        assert_eq!(one, many);
        assert_eq!(one.stderr.lines().count() + one.stdout.matches("::error").count(), 60);
    }
}

#[test]
fn rules_are_listed_and_explained() {
    let folder = Folder::with(&[]);
    let list = folder.run(&["rules"]);
    assert!(list.stdout.starts_with("VL101  write-through-view "), "{list:?}");
    let json = folder.run(&["rules", "--output-format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json[0]["code"], "VL101");
    let page = folder.run(&["rule", "VL101"]);
    assert!(page.status == 0 && page.stdout.starts_with("# "), "{page:?}");
    assert_eq!(folder.run(&["rule", "write-through-view"]), page);
    let unknown = folder.run(&["rule", "VL1O1"]);
    assert_eq!((unknown.status, unknown.stdout.as_str()), (2, ""));
    assert!(unknown.stderr.contains("did you mean `VL101`"), "{unknown:?}");
}

#[test]
fn inspect_says_where_no_statement_begins() {
    let folder = Folder::with(&[("a.py", b"x = (1\n     + 2)\n")]);
    let said = "warning: a.py:2: no statement begins on this line, or none that can be reached\n";
    assert_eq!(folder.run(&["inspect", "a.py:2"]), ran(0, "", said));
    assert_eq!(folder.run(&["inspect", "--output-format", "json", "a.py:1"]).stderr, "");
}

/// A script is all of a program, unless somebody may import it.
#[test]
fn inspect_believes_the_calls_of_a_script() {
    const SCRIPT: &[u8] =
        b"import numpy as np\n\ndef f(x):\n    return x\n\nif __name__ == '__main__':\n    f(np.ones(2))\n";
    let said_of_x = |files: &[(&str, &[u8])]| {
        let said = Folder::with(files).run(&["inspect", "a.py:4"]).stdout;
        said.lines().find(|line| line.contains("  x")).unwrap_or_default().to_string()
    };
    assert_eq!(said_of_x(&[("a.py", SCRIPT)]), "      |   x  array (2) float64 order CF owns param:x");
    let of_any = "      |   x  if an array: in param:x";
    assert_eq!(said_of_x(&[("a.py", SCRIPT), ("b.py", b"from a import f\nf([1])\n")]), of_any);
    assert_eq!(said_of_x(&[("a.py", SCRIPT), ("__init__.py", b"")]), of_any);
    assert_eq!(said_of_x(&[("a.py", &SCRIPT[..41])]), of_any);
}

#[test]
fn inspect_names_what_it_cannot_read() {
    let folder = Folder::with(&[("a.py", b"x = 1\n")]);
    assert_eq!(folder.run(&["inspect", "--output-format", "json", "a.py:1"]).status, 0);
    assert_eq!(folder.run(&["inspect", "b.py:1"]), ran(2, "", "error: b.py: no such file or directory\n"));
    assert_eq!(folder.run(&["inspect"]).status, 2);
}

#[cfg(unix)]
#[test]
fn nobody_reading_is_no_error() {
    let folder = Folder::with(&[]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let ran: Ran = folder.command(&["rule", "VL101"]).stdout(writer).stderr(Stdio::piped()).output().unwrap().into();
    assert_eq!(ran, support::ran(0, "", ""));
}
