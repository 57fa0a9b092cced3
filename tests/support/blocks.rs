//! The Python blocks of the rule pages, and what they say should be reported.
#![allow(dead_code, reason = "not every test binary that includes this file uses all of it")]

use std::path::{Path, PathBuf};

/// The headings of a page below its title, in order.
pub const HEADINGS: [&str; 6] = ["What it does", "Why it matters", "Flagged", "Not flagged", "How to fix", "Limits"];

/// A page under `rules/`.
pub struct Page {
    /// The file's name: `VL101-write-through-view.md`.
    pub file: String,
    /// Its text.
    pub text: String,
}

/// A Python block of a page.
#[derive(Debug)]
pub struct Block {
    /// The page's file name.
    pub page: String,
    /// The heading that it stands under.
    pub section: String,
    /// The line of the page (from 1) before the block's first: line `n` of the block is line `offset + n` of the page.
    pub offset: u32,
    /// The code.
    pub text: String,
    /// What is expected to be reported.
    pub marks: Vec<Mark>,
}

/// A comment that says what is to be reported on its line.
#[derive(Debug, PartialEq, Eq)]
pub struct Mark {
    /// The line of the block, from 1.
    pub line: u32,
    /// The rule's code.
    pub code: String,
    /// `# or:` instead of `# error:`: as good a line for the block's one finding of this code.
    pub alternative: bool,
}

/// The folder of the checkout.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All pages, sorted by name.
pub fn pages() -> Vec<Page> {
    let mut pages = Vec::new();
    for entry in std::fs::read_dir(root().join("rules")).expect("rules/ is a folder") {
        let path = entry.expect("rules/ can be listed").path();
        let file = path.file_name().expect("an entry has a name").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"));
        pages.push(Page { file, text });
    }
    pages.sort_by(|a, b| a.file.cmp(&b.file));
    pages
}

/// The blocks of all pages.
pub fn all() -> Vec<Block> {
    pages().iter().flat_map(blocks).collect()
}

/// The Python blocks of a page, in order.
pub fn blocks(page: &Page) -> Vec<Block> {
    let mut found: Vec<Block> = Vec::new();
    let mut section = String::new();
    let mut inside = false;
    for (row, line) in (1..).zip(page.text.lines()) {
        if inside && line == "```" {
            inside = false;
        } else if inside {
            let block = found.last_mut().expect("a block was begun");
            block.text.push_str(line);
            block.text.push('\n');
            block.marks.extend(marks(line, row - block.offset));
        } else if line == "```python" {
            inside = true;
            found.push(Block {
                page: page.file.clone(),
                section: section.clone(),
                offset: row,
                text: String::new(),
                marks: Vec::new(),
            });
        } else if let Some(heading) = line.strip_prefix("## ") {
            section = heading.to_string();
        }
    }
    assert!(!inside, "{}: a block is not closed", page.file);
    found
}

/// The marks at the end of a line: `# error: VL101`, `# error: VL101, VL104`, `# or: VL104`.
fn marks(line: &str, row: u32) -> Vec<Mark> {
    for (word, alternative) in [("# error: ", false), ("# or: ", true)] {
        if let Some((_, codes)) = line.split_once(word) {
            return codes
                .split(',')
                .map(|code| Mark { line: row, code: code.trim().to_string(), alternative })
                .collect();
        }
    }
    Vec::new()
}

/// Writes each block into a file of its own in `folder`, which is emptied first; the files, in order.
pub fn write_all(folder: &Path) -> Vec<PathBuf> {
    let _ = std::fs::remove_dir_all(folder);
    std::fs::create_dir_all(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let write = |block: &Block| {
        let path =
            folder.join(format!("{}_line{}.py", block.page.split('-').next().unwrap_or("page"), block.offset + 1));
        std::fs::write(&path, &block.text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        path
    };
    all().iter().map(write).collect()
}

/// Compares the reports of a block, as (line, code), with its marks; what is wrong, in words.
///
/// Each `# error:` stands for exactly one report. In a block with an `# or:`, the marks of that code together stand for
/// exactly one report, on any of their lines.
pub fn compare(block: &Block, reports: &[(u32, String)]) -> Vec<String> {
    let place = |line: u32| format!("rules/{}:{}", block.page, block.offset + line);
    let mut wrong = Vec::new();
    let mut left: Vec<&(u32, String)> = reports.iter().collect();
    for mark in block.marks.iter().filter(|mark| !mark.alternative) {
        let lines: Vec<u32> = std::iter::once(mark.line)
            .chain(block.marks.iter().filter(|m| m.alternative && m.code == mark.code).map(|m| m.line))
            .collect();
        match left.iter().position(|(line, code)| lines.contains(line) && *code == mark.code) {
            Some(index) => {
                left.remove(index);
            }
            None => wrong.push(format!("{}: {} is not reported", place(mark.line), mark.code)),
        }
    }
    wrong.extend(left.iter().map(|(line, code)| format!("{}: {code} is reported", place(*line))));
    wrong
}
