//! What is wrong with a rule file, or doubtful in it, shown as rustc shows it: message, place, offending text, remedy.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet, normalize_untrusted_str};

/// A file as it was read; diagnostics quote it.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

/// A mistake in a rule file, with its remedy.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    severity: Severity,
    message: String,
    /// The first is the offending place, the others explain it.
    marks: Vec<Mark>,
    help: String,
}

#[derive(Clone, Debug)]
struct Mark {
    source: Arc<Source>,
    span: Range<usize>,
    label: String,
}

/// What a mistake means for what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Severity {
    /// It can't be used.
    Error,
    /// Nothing is wrong with the file, but it isn't a rule that Weir can run: an error where just this file was asked for.
    Unsupported,
    /// It can be used, but hardly does what was meant.
    Warning,
}

/// Whether a rendering is meant for a terminal that shows colors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    /// With ANSI escapes.
    Always,
    /// As plain text.
    Never,
}

impl Diagnostic {
    /// An error that underlines `span` of `source`.
    pub(crate) fn new(source: &Arc<Source>, span: Range<usize>, message: impl Into<String>) -> Self {
        let mark = Mark { source: Arc::clone(source), span, label: String::new() };
        Self { severity: Severity::Error, message: message.into(), marks: vec![mark], help: String::new() }
    }

    /// Makes it something else than an error.
    pub(crate) fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// Says something right at the underlined text.
    pub(crate) fn label(mut self, label: impl Into<String>) -> Self {
        self.marks[0].label = label.into();
        self
    }

    /// Shows another place that explains this one.
    pub(crate) fn related(mut self, source: &Arc<Source>, span: Range<usize>, label: impl Into<String>) -> Self {
        self.marks.push(Mark { source: Arc::clone(source), span, label: label.into() });
        self
    }

    /// Names the remedy.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    /// Does it leave what was written usable?
    pub fn is_warning(&self) -> bool {
        self.severity == Severity::Warning
    }

    /// Does it only say that the file isn't a rule that Weir can run?
    pub fn is_unsupported(&self) -> bool {
        self.severity == Severity::Unsupported
    }

    /// Where in its file the offending text begins.
    pub(crate) fn start(&self) -> usize {
        self.marks[0].span.start
    }

    /// What is wrong, in one line, without the place.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The whole report, without a newline at its end.
    pub fn render(&self, color: Color) -> String {
        let level = if self.is_warning() { Level::WARNING } else { Level::ERROR };
        let mut group = Group::with_title(level.primary_title(&*self.message));
        for marks in self.marks.chunk_by(|a, b| Arc::ptr_eq(&a.source, &b.source)) {
            group = group.element(self.snippet(marks));
        }
        if !self.help.is_empty() {
            // The library trusts the text of a help line, but ours may quote the file.
            group = group.element(Level::HELP.message(normalize_untrusted_str(&self.help)));
        }
        let renderer = match color {
            Color::Always => Renderer::styled(),
            Color::Never => Renderer::plain(),
        };
        renderer.render(&[group])
    }

    /// Quotes one file, with all `marks` in it.
    fn snippet<'a>(&self, marks: &'a [Mark]) -> Snippet<'a, Annotation<'a>> {
        let source = &marks[0].source;
        let path = normalize_untrusted_str(&source.path.to_string_lossy());
        let annotations = marks.iter().map(|mark| {
            let is_offender = std::ptr::eq(mark, &self.marks[0]);
            let kind = if is_offender { AnnotationKind::Primary } else { AnnotationKind::Context };
            kind.span(mark.span.clone()).label((!mark.label.is_empty()).then_some(&*mark.label))
        });
        Snippet::source(&*source.text).path(path).annotations(annotations)
    }
}

/// The plain rendering.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(Color::Never))
    }
}

impl std::error::Error for Diagnostic {}
