//! Says what is wrong with a config file: the place, the line, and what to write instead.

use std::io;
use std::ops::Range;
use std::path::Path;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use serde_saphyr::{Error, Location, UserMessageFormatter};

use super::outline::{Entry, Outline, Shape};
use super::secret;

/// What is wrong, and with which bytes of the file.
pub(super) struct Fault {
    what: String,
    remedy: String,
    bytes: Range<usize>,
}

/// What is wrong with the values of keys, not yet located.
pub(super) struct Problem {
    /// The keys that may be at fault, each after its section and the keys that it is in. The first that was written is
    /// shown, or else what the first would be in.
    pub(super) places: Vec<Vec<&'static str>>,
    pub(super) what: String,
    pub(super) remedy: String,
}

impl Problem {
    /// Finds the key in the `text` in which the problem was found.
    pub(super) fn locate(self, text: &str) -> Fault {
        let outline = Outline::of(text);
        let written = self.places.iter().find_map(|place| outline.find(place));
        let around =
            || self.places.first().and_then(|place| (1..place.len()).rev().find_map(|end| outline.find(&place[..end])));
        let bytes = match written.or_else(around) {
            Some(Entry { key, shape: Shape::Scalar, value, .. }) => key.start..value.end,
            Some(Entry { key, .. }) => key.clone(),
            None => 0..0,
        };
        Fault { what: self.what, remedy: self.remedy, bytes }
    }
}

impl Fault {
    /// Puts an error of the YAML reader in terms of the config file.
    pub(super) fn of_yaml(error: &Error, text: &str) -> Self {
        let outline = Outline::of(text);
        let text = &secret::masked(text);
        let bytes = error.location().map(|location| bytes_at(location, text)).unwrap_or_default();
        let entry = outline.at(bytes.start);
        match error {
            Error::SerdeUnknownField { field, expected, .. } => unknown_key(field, expected, entry, bytes),
            Error::DuplicateMappingKey { .. } => duplicate_key(entry, bytes),
            Error::SerdeMissingField { field, .. } => missing_key(field, entry, &outline, bytes),
            Error::SerdeInvalidLength { len: 0, expected, .. } => empty(expected, entry, bytes),
            Error::SerdeUnknownVariant { variant, expected, .. } => {
                bad_value(&one_of(variant, expected), entry, text, bytes)
            }
            Error::SerdeInvalidType { expected, .. }
            | Error::SerdeInvalidValue { expected, .. }
            | Error::Message { msg: expected, .. } => bad_value(&format!("write {expected}"), entry, text, bytes),
            Error::Unexpected { expected: "mapping start", .. } => {
                bad_value("put its keys on indented lines below it", entry, text, bytes)
            }
            Error::Unexpected { expected: "sequence start", .. } => {
                bad_value("write a list, such as `[rules]`", entry, text, bytes)
            }
            Error::InvalidBooleanStrict { .. } | Error::InvalidScalar { .. } => {
                bad_value("write `true` or `false`", entry, text, bytes)
            }
            Error::Unexpected { .. } if entry.is_some_and(|entry| entry.key.start == bytes.start) => bad_key(bytes),
            Error::Unexpected { .. }
            | Error::NullIntoString { .. }
            | Error::ExternallyTaggedEnumExpectedScalarOrMapping { .. } => {
                bad_value("write one value, neither a list nor a mapping", entry, text, bytes)
            }
            Error::ExternalMessage { msg, .. } => bad_syntax(msg, bytes),
            _ => unusual_yaml(error, bytes),
        }
    }

    /// The whole report, as rustc would print it.
    pub(super) fn render(&self, text: &str, origin: &Path) -> String {
        let place = AnnotationKind::Primary.span(self.bytes.clone());
        let snippet = Snippet::source(secret::masked(text)).path(origin.display().to_string()).annotation(place);
        let title = Level::ERROR.primary_title(&self.what);
        Renderer::plain().render(&[title.element(snippet).element(Level::HELP.message(&self.remedy))])
    }
}

/// The report on a file that can't be read at all.
pub(super) fn unreadable(path: &Path, error: &io::Error) -> String {
    let remedy = match error.kind() {
        io::ErrorKind::PermissionDenied => "let the user that runs Weir read the file",
        io::ErrorKind::InvalidData => "save the file as UTF-8",
        _ => "check the path; `configs/quickstart.yaml` is a file to start from",
    };
    let what = format!("can't read the config file `{}`: {error}", path.display());
    Renderer::plain().render(&[Level::ERROR.primary_title(what).element(Level::HELP.message(remedy))])
}

fn unknown_key(field: &str, expected: &[&str], entry: Option<&Entry>, bytes: Range<usize>) -> Fault {
    let what = match entry.and_then(Entry::parent) {
        Some(parent) => format!("unknown key `{field}` in `{parent}`"),
        None => format!("unknown section `{field}`"),
    };
    Fault { what, remedy: one_of(field, expected), bytes }
}

/// The YAML reader places a missing key where the first one of its mapping is, or the mapping begins.
fn missing_key(field: &str, entry: Option<&Entry>, outline: &Outline, bytes: Range<usize>) -> Fault {
    let at_first_key = entry.filter(|entry| entry.key.start == bytes.start);
    let mapping = at_first_key.and_then(|entry| outline.parent(entry)).or(entry);
    let (name, bytes) = mapping.map_or_else(|| (String::new(), bytes), |entry| (entry.path(), entry.key.clone()));
    Fault { what: format!("`{name}` has no `{field}`"), remedy: format!("add a line `{field}: …` to it"), bytes }
}

fn duplicate_key(entry: Option<&Entry>, bytes: Range<usize>) -> Fault {
    let name = entry.map(Entry::path).unwrap_or_default();
    Fault { what: format!("`{name}` is given twice"), remedy: "keep one of the two".to_owned(), bytes }
}

fn empty(expected: &str, entry: Option<&Entry>, bytes: Range<usize>) -> Fault {
    let (name, bytes) = entry.map_or_else(|| (String::new(), bytes), |entry| (entry.path(), entry.key.clone()));
    Fault { what: format!("`{name}` is empty"), remedy: format!("write {expected}"), bytes }
}

fn bad_key(bytes: Range<usize>) -> Fault {
    let what = "a list or a mapping can't be a key".to_owned();
    Fault { what, remedy: "write the key as a single word".to_owned(), bytes }
}

fn bad_value(remedy: &str, entry: Option<&Entry>, text: &str, bytes: Range<usize>) -> Fault {
    let Some(entry) = entry else {
        let what = "a config file consists of sections".to_owned();
        return Fault { what, remedy: "start with a section, such as `detect:`".to_owned(), bytes };
    };
    let path = entry.path();
    let at_key = |what, remedy: &str| Fault { what, remedy: remedy.to_owned(), bytes: entry.key.clone() };
    match entry.shape {
        Shape::Nothing => at_key(format!("`{path}` has no value"), "give it a value, or remove it to have its default"),
        Shape::List if bytes.start > entry.value.start => {
            Fault { what: format!("`{path}` has an item that can't be used"), remedy: remedy.to_owned(), bytes }
        }
        Shape::List => at_key(format!("`{path}` can't be a list"), remedy),
        Shape::Mapping => at_key(format!("`{path}` can't be a mapping"), remedy),
        Shape::Scalar => bad_scalar(remedy, entry, text),
    }
}

fn bad_scalar(remedy: &str, entry: &Entry, text: &str) -> Fault {
    let written = &text[entry.value.clone()];
    // YAML takes a line that is indented too far as more of the value above it.
    let remedy = if written.contains('\n') {
        format!("the value goes on in the next line; to begin a key there, align it with `{}`", entry.name())
    } else {
        remedy.to_owned()
    };
    Fault {
        what: format!("`{}` can't be `{}`", entry.path(), on_one_line(written)),
        remedy,
        bytes: entry.value.clone(),
    }
}

fn bad_syntax(message: &str, bytes: Range<usize>) -> Fault {
    let remedy = if message.starts_with("tabs disallowed") {
        "indent with spaces"
    } else {
        "check the indentation, quotes and brackets in this line and the line above"
    };
    Fault { what: format!("this isn't YAML: {message}"), remedy: remedy.to_owned(), bytes }
}

/// What YAML allows, but no config needs: tags, anchors, several documents.
fn unusual_yaml(error: &Error, bytes: Range<usize>) -> Fault {
    let message = error.render_with_formatter(&UserMessageFormatter);
    let what = message.split(" at line ").next().unwrap_or(&message).to_owned();
    Fault { what, remedy: "write it plainly, as `configs/quickstart.yaml` does".to_owned(), bytes }
}

/// Proposes the nearest of the `expected` names, or else all of them.
fn one_of(written: &str, expected: &[&str]) -> String {
    let written = written.to_lowercase();
    let distance = |name: &&&str| strsim::osa_distance(&written, name);
    match expected.iter().min_by_key(distance) {
        Some(nearest) if distance(&nearest) <= nearest.len().div_ceil(3) => format!("did you mean `{nearest}`?"),
        _ if expected.len() == 1 => format!("use `{}`", expected[0]),
        _ => format!("use one of `{}`", expected.join("`, `")),
    }
}

fn on_one_line(text: &str) -> String {
    const SHOWN: usize = 60;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// Errors of syntax come with line and column only, all others with bytes.
fn bytes_at(location: Location, text: &str) -> Range<usize> {
    let span = location.span();
    if let (Some(start), Some(length)) = (span.byte_offset(), span.byte_len()) {
        return clamp(start as usize..(start + length) as usize, text);
    }
    let before = location.line().saturating_sub(1) as usize;
    let line_start: usize = text.split_inclusive('\n').take(before).map(str::len).sum();
    let column = location.column().saturating_sub(1) as usize;
    let start = line_start + text[line_start..].chars().take(column).map(char::len_utf8).sum::<usize>();
    clamp(start..start, text)
}

/// The part of `bytes` that can be shown: inside `text`, and not through the middle of a character.
fn clamp(bytes: Range<usize>, text: &str) -> Range<usize> {
    text.floor_char_boundary(bytes.start)..text.floor_char_boundary(bytes.end)
}
