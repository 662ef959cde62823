//! What is wrong with a query, at positions within the query: the form that the lexer, parser and lowering report in.

use std::ops::Range;

use crate::diagnostic::Severity;

/// A part of a query, in bytes; it begins and ends between characters.
pub(crate) type Span = Range<usize>;

/// One mistake in a query; it becomes a [`Diagnostic`](crate::Diagnostic) once the file is known.
///
/// A pointer, because the parser's recursion carries it through every frame.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fault(pub(crate) Box<Details>);

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Details {
    pub(crate) severity: Severity,
    pub(crate) span: Span,
    pub(crate) message: String,
    /// Said right at the underlined text.
    pub(crate) label: String,
    /// The remedy.
    pub(crate) help: String,
    /// Another place that explains this one.
    pub(crate) related: Option<(Span, &'static str)>,
}

impl Fault {
    pub(crate) fn new(span: Span, message: impl Into<String>) -> Self {
        let message = message.into();
        let (label, help) = (String::new(), String::new());
        Self(Box::new(Details { severity: Severity::Error, span, message, label, help, related: None }))
    }

    pub(crate) fn severity(mut self, severity: Severity) -> Self {
        self.0.severity = severity;
        self
    }

    pub(crate) fn label(mut self, label: impl Into<String>) -> Self {
        self.0.label = label.into();
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.0.help = help.into();
        self
    }

    pub(crate) fn related(mut self, span: Span, label: &'static str) -> Self {
        self.0.related = Some((span, label));
        self
    }
}
