//! The source with the story drawn into it.

use std::fmt;

use miette::ThemeStyles;
use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, Severity, SourceCode, ThemeCharacters};

use super::window::{Mark, Window};
use super::{Located, Style, other_file};
use crate::finding::{Confidence, Finding, Role};
use crate::source::LineIndex;

pub(super) fn render(file: &Located<'_>, finding: &Finding, style: Style, out: &mut String) {
    let story = Story { finding, window: window(file, finding) };
    let mut text = String::new();
    if handler(finding, &story.window, style).render_report(&mut text, &story).is_err() {
        // `miette` refused to draw; the finding must not be lost for that.
        super::concise::render(file, finding, style, out);
        return;
    }
    // The place of the icon holds the code, and begins the line.
    out.push_str(text.trim_start_matches(' '));
    out.push('\n');
}

/// A finding as `miette` sees it.
#[derive(Debug)]
struct Story<'a> {
    finding: &'a Finding,
    window: Window,
}

impl fmt::Display for Story<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.finding.rule.name, super::one_line(&self.finding.message))?;
        if self.finding.confidence == Confidence::Possible { f.write_str(" (possible)") } else { Ok(()) }
    }
}

impl std::error::Error for Story<'_> {}

impl Diagnostic for Story<'_> {
    fn severity(&self) -> Option<Severity> {
        Some(Severity::Warning)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.finding.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.window)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.window.labels.iter().cloned()))
    }
}

/// The lines that the labels are in: those of other files in the order in which the story comes to them.
fn window(file: &Located<'_>, finding: &Finding) -> Window {
    let mut paths: Vec<Option<&str>> = Vec::new();
    for label in &finding.labels {
        if !paths.contains(&label.file.as_deref()) {
            paths.push(label.file.as_deref());
        }
    }
    if !paths.contains(&None) {
        paths.push(None);
    }
    let mut window = Window::default();
    for path in paths {
        let labels = finding.labels.iter().filter(|label| label.file.as_deref() == path);
        let mut marks: Vec<Mark<'_>> = labels
            .map(|label| Mark {
                span: label.span,
                message: &label.message,
                primary: path.is_none() && label.role == Role::Primary,
            })
            .collect();
        match path {
            None => {
                if !marks.iter().any(|mark| mark.primary) {
                    marks.push(Mark { span: finding.span, message: &finding.message, primary: true });
                }
                window.add(file, &marks);
            }
            Some(path) => {
                if let Some(source) = other_file(path) {
                    let index = LineIndex::new(&source.text);
                    window.add(&Located { source: &source, index: &index }, &marks);
                }
            }
        }
    }
    window
}

fn handler(finding: &Finding, window: &Window, style: Style) -> GraphicalReportHandler {
    let mut characters = if style.unicode { ThemeCharacters::unicode() } else { ThemeCharacters::ascii() };
    characters.warning = finding.rule.code.to_owned();
    let mut styles = if style.color { ThemeStyles::ansi() } else { ThemeStyles::none() };
    if style.color {
        // The primary place in the colour of the code, the rest of the story in another one.
        let (primary, other) = (styles.warning, styles.advice);
        styles.highlights =
            (0..window.labels.len()).map(|at| if Some(at) == window.primary { primary } else { other }).collect();
        if styles.highlights.is_empty() {
            styles.highlights.push(primary);
        }
    }
    GraphicalReportHandler::new_themed(GraphicalTheme { characters, styles })
        .with_width(style.width)
        .with_links(false)
        .without_cause_chain()
        .without_syntax_highlighting()
}
