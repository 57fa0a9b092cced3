//! The part of the source that a finding is about, as `miette` wants it.
//!
//! `miette` reads a source from its beginning for each label, and counts columns in bytes. A [`Window`] holds no more than
//! the lines around the labels, in groups of neighbouring lines, and knows their numbers.

use miette::{LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use super::Located;
use crate::source::{Location, Span};

/// Lines shown before and after a line with a label.
const CONTEXT: u32 = 1;
/// As many lines may be left out between two groups before they become two.
const GAP: u32 = 1;
/// Columns of a line before the first label, and after it, beyond which the line is cut.
const LONG_BEFORE: usize = 160;
const LONG_AFTER: usize = 240;
/// What stands for the part of a line that is cut.
const CUT: &str = "...";

/// A label to be drawn.
#[derive(Debug)]
pub(super) struct Mark<'a> {
    pub(super) span: Span,
    pub(super) message: &'a str,
    pub(super) primary: bool,
}

/// Lines of one or more files, with labels in them.
#[derive(Debug, Default)]
pub(super) struct Window {
    text: String,
    groups: Vec<Group>,
    /// The labels, by offset in `text`; they do not overlap.
    pub(super) labels: Vec<LabeledSpan>,
    /// For each label the row and column in the file; a label that was moved for drawing, or is on a cut line, has another
    /// place in `text`.
    places: Vec<Location>,
    /// Which of `labels` is the primary one.
    pub(super) primary: Option<usize>,
}

#[derive(Debug)]
struct Group {
    start: usize,
    first_row: u32,
    name: Option<String>,
}

/// A label on its line, in bytes of the line as shown.
struct Drawn {
    start: usize,
    end: usize,
    place: Location,
    message: String,
    primary: bool,
}

impl Window {
    /// Adds the lines around the marks of one file.
    pub(super) fn add(&mut self, file: &Located<'_>, marks: &[Mark<'_>]) {
        let mut rows: Vec<u32> = marks.iter().map(|mark| file.index.row(mark.span.start)).collect();
        rows.sort_unstable();
        rows.dedup();
        let has_primary = marks.iter().any(|mark| mark.primary);
        let mut rows = rows.into_iter().peekable();
        while let Some(first) = rows.next() {
            let mut last = first;
            while let Some(next) = rows.next_if(|&next| next <= last + 2 * CONTEXT + GAP + 1) {
                last = next;
            }
            let primary_here = marks.iter().any(|mark| mark.primary && holds(file, mark, first, last));
            // The path stands at the finding's own place, and at places in other files.
            let name = (primary_here || !has_primary).then(|| file.source.path.clone());
            self.group(file, marks, (first, last), name);
        }
    }

    fn group(&mut self, file: &Located<'_>, marks: &[Mark<'_>], (first, last): (u32, u32), name: Option<String>) {
        let blank = |row: u32| line(file, row).trim().is_empty();
        let mut from = first.saturating_sub(CONTEXT).max(1);
        while from < first && blank(from) {
            from += 1;
        }
        let mut to = (last + CONTEXT).min(file.index.lines());
        while to > last && blank(to) {
            to -= 1;
        }
        self.groups.push(Group { start: self.text.len(), first_row: from, name });
        for row in from..=to {
            let here: Vec<&Mark<'_>> = marks.iter().filter(|mark| holds(file, mark, row, row)).collect();
            self.line(file, row, &here);
        }
    }

    fn line(&mut self, file: &Located<'_>, row: u32, marks: &[&Mark<'_>]) {
        let line = line(file, row);
        let line_start = file.index.line_start(row) as usize;
        let within = |offset: u32| line.floor_char_boundary((offset as usize).saturating_sub(line_start));
        let shown = Shown::of(line, marks.iter().map(|mark| within(mark.span.start)).min());
        let mut drawn: Vec<Drawn> = marks
            .iter()
            .map(|mark| {
                let start = within(mark.span.start);
                // A label is drawn under its first line; an empty one needs a character to stand under.
                let next = line[start..].chars().next().map_or(start, |c| start + c.len_utf8());
                let end = within(mark.span.end).max(next);
                Drawn {
                    start: shown.position(line, start),
                    end: shown.position(line, end),
                    place: file.at(mark.span.start),
                    message: super::one_line(mark.message),
                    primary: mark.primary,
                }
            })
            .collect();
        separate(&mut drawn);
        for label in drawn {
            self.places.push(label.place);
            let span = SourceSpan::new((self.text.len() + label.start).into(), label.end - label.start);
            if label.primary {
                self.primary = Some(self.labels.len());
                self.labels.push(LabeledSpan::new_primary_with_span(Some(label.message), span));
            } else {
                self.labels.push(LabeledSpan::new_with_span(Some(label.message), span));
            }
        }
        self.text.push_str(&shown.text);
        self.text.push('\n');
    }
}

/// Does the mark begin in one of these rows?
fn holds(file: &Located<'_>, mark: &Mark<'_>, first: u32, last: u32) -> bool {
    (first..=last).contains(&file.index.row(mark.span.start))
}

/// A line without its end.
fn line<'a>(file: &Located<'a>, row: u32) -> &'a str {
    let text = &file.source.text;
    let start = file.index.line_start(row) as usize;
    let end = if row < file.index.lines() { file.index.line_start(row + 1) as usize } else { text.len() };
    text.get(start..end).unwrap_or_default().trim_end_matches(['\r', '\n'])
}

/// A line as it is shown: without control characters, and cut if it is very long.
struct Shown {
    text: String,
    head: usize,
    tail: usize,
}

impl Shown {
    fn of(line: &str, first_label: Option<usize>) -> Shown {
        let label = first_label.unwrap_or(0);
        let head = if label > LONG_BEFORE { line.floor_char_boundary(label - LONG_BEFORE / 2) } else { 0 };
        let tail = line.floor_char_boundary(label.saturating_add(LONG_AFTER).min(line.len()));
        let lead = if head > 0 { CUT } else { "" };
        let trail = if tail < line.len() { CUT } else { "" };
        Shown { text: format!("{lead}{}{trail}", printable(&line[head..tail])), head, tail }
    }

    /// Where a byte of the line is in `text`.
    fn position(&self, line: &str, offset: usize) -> usize {
        let lead = if self.head > 0 { CUT.len() } else { 0 };
        lead + printable(&line[self.head..offset.clamp(self.head, self.tail)]).len()
    }
}

/// Control characters could do anything to a terminal.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\t' { '\u{FFFD}' } else { c }).collect()
}

/// Makes labels of one line disjoint: `miette` draws a label that lies in another one behind it.
fn separate(labels: &mut Vec<Drawn>) {
    loop {
        labels.sort_by_key(|label| (label.start, label.end));
        let Some(at) = (1..labels.len()).find(|&at| {
            let (left, right) = (&labels[at - 1], &labels[at]);
            right.start < left.end || (left.start, left.end) == (right.start, right.end)
        }) else {
            return;
        };
        let (left, right) = (at - 1, at);
        if (labels[left].start, labels[left].end) == (labels[right].start, labels[right].end) {
            let other = labels.remove(right);
            if other.primary {
                labels[left].primary = true;
                labels[left].place = other.place;
            }
            if labels[left].message != other.message {
                labels[left].message = format!("{}\n{}", labels[left].message, other.message);
            }
        } else if labels[left].start < labels[right].start {
            labels[left].end = labels[right].start;
        } else {
            labels[right].start = labels[left].end;
        }
    }
}

impl SourceCode for Window {
    /// The whole group that the span lies in; without context the label itself, of which only the place is used.
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let index = self.groups.partition_point(|group| group.start <= span.offset());
        let group = index.checked_sub(1).and_then(|index| self.groups.get(index)).ok_or(MietteError::OutOfBounds)?;
        let end = self.groups.get(index).map_or(self.text.len(), |next| next.start);
        // A span over two groups is refused; `miette` then keeps them apart.
        if span.offset() + span.len() > end {
            return Err(MietteError::OutOfBounds);
        }
        let (span, place) = if before == 0 && after == 0 {
            let at = self.labels.partition_point(|label| label.offset() < span.offset());
            (*span, self.places.get(at).copied().ok_or(MietteError::OutOfBounds)?)
        } else {
            let whole = SourceSpan::new(group.start.into(), end - group.start);
            (whole, Location { row: group.first_row, column: 1 })
        };
        let text = &self.text[span.offset()..span.offset() + span.len()];
        // `miette` counts from 0.
        let (line, column) = (place.row.saturating_sub(1) as usize, place.column.saturating_sub(1) as usize);
        let lines = text.matches('\n').count();
        let data = text.as_bytes();
        Ok(Box::new(match &group.name {
            Some(name) => MietteSpanContents::new_named(name.clone(), data, span, line, column, lines),
            None => MietteSpanContents::new(data, span, line, column, lines),
        }))
    }
}
