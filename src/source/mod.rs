//! Files: finding them, decoding them, and places in them.

pub mod decode;
pub mod discovery;
pub mod globs;
pub mod span;

pub use span::Span;

/// A decoded source file.
#[derive(Debug)]
pub struct SourceFile {
    /// The path as given or discovered, with `/` between parts.
    pub path: String,
    /// The text, decoded to UTF-8, without a byte order mark; line ends as in the file.
    pub text: String,
}

/// A place for people: row and column, both counted from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    /// The line.
    pub row: u32,
    /// The character in the line.
    pub column: u32,
}

/// Where the lines of a text begin.
#[derive(Debug)]
pub struct LineIndex {
    starts: Vec<u32>,
}

impl LineIndex {
    /// The index of `text`. Lines end with `\n`, `\r\n` or a lone `\r`.
    pub fn new(text: &str) -> LineIndex {
        let bytes = text.as_bytes();
        let mut starts = vec![0];
        let mut i = 0;
        while i < bytes.len() {
            match bytes[i] {
                b'\r' if bytes.get(i + 1) == Some(&b'\n') => {
                    i += 1;
                    starts.push(i as u32 + 1);
                }
                b'\n' | b'\r' => starts.push(i as u32 + 1),
                _ => {}
            }
            i += 1;
        }
        LineIndex { starts }
    }

    /// The number of the line (from 1) that holds the byte offset.
    pub fn row(&self, offset: u32) -> u32 {
        self.starts.partition_point(|&start| start <= offset) as u32
    }

    /// The place of a byte offset of `text`, which is the text that the index was made of.
    pub fn location(&self, text: &str, offset: u32) -> Location {
        let row = self.row(offset);
        let start = self.starts[row as usize - 1] as usize;
        let end = (offset as usize).min(text.len());
        let column = text.get(start..end).map_or(end.saturating_sub(start), |line| line.chars().count());
        Location { row, column: column as u32 + 1 }
    }

    /// The byte offset at which a line (from 1) begins; the last line's, if there are fewer.
    pub fn line_start(&self, row: u32) -> u32 {
        let index = (row.max(1) as usize - 1).min(self.starts.len() - 1);
        self.starts[index]
    }

    /// How many lines there are.
    pub fn lines(&self) -> u32 {
        self.starts.len() as u32
    }
}
