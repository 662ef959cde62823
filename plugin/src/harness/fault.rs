//! Says what is wrong with a case file: the place, the line, and what to write instead.

use std::ops::Range;
use std::path::Path;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet, normalize_untrusted_str};

/// What is wrong, and with which bytes of the file.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) what: String,
    pub(super) remedy: String,
    pub(super) bytes: Range<usize>,
}

impl Fault {
    pub(super) fn new(bytes: Range<usize>, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { what: what.into(), remedy: remedy.into(), bytes }
    }

    /// The whole report, as rustc would print it.
    pub(super) fn render(&self, text: &str, path: &Path) -> String {
        let place = AnnotationKind::Primary.span(self.bytes.clone());
        let path = normalize_untrusted_str(&path.to_string_lossy());
        let snippet = Snippet::source(text).path(path).annotation(place);
        let title = Level::ERROR.primary_title(&self.what);
        // The library trusts the text of a help line, but ours may quote the file.
        let help = Level::HELP.message(normalize_untrusted_str(&self.remedy));
        Renderer::plain().render(&[title.element(snippet).element(help)])
    }
}

/// Proposes the known name that `written` was meant to be, if one is near enough.
pub(super) fn proposal<'n>(written: &str, known: impl IntoIterator<Item = &'n str>) -> Option<String> {
    let written = written.to_lowercase();
    let distance = |name: &&str| strsim::osa_distance(&written, &name.to_lowercase());
    let nearest = known.into_iter().min_by_key(distance)?;
    (distance(&nearest) <= nearest.len().div_ceil(3)).then(|| format!("did you mean `{nearest}`?"))
}
