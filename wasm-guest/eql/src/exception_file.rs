//! Reads one file of exceptions: TOML, then each entry with its condition. Which rules there are, it doesn't know.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml::Spanned;
use toml::de::DeTable;
use weir_engine::limits::{MAX_COMMENT_BYTES, MAX_NAME_BYTES};
use weir_engine::program::{Expiry, Folding, Window};

use crate::ast::Query;
use crate::clause::Clause;
use crate::diagnostic::{Severity, Source};
use crate::rule_file::{locate, toml_problem};
use crate::rule_table::{Reader, Required, Table};
use crate::toml_text::TomlText;
use crate::{Diagnostic, Mapping, lint, mapping, parser};

const KEYS: [&str; 6] = ["name", "comment", "rules", "condition", "not_before", "expires"];
const NAME: Required = Required { key: "name", remedy: "add `name = \"What is known and harmless\"`" };
const COMMENT: Required = Required { key: "comment", remedy: "add `comment = \"Why, and who knows of it\"`" };
const RULES: Required =
    Required { key: "rules", remedy: "add the ids of rules, `rules = [\"…\"]`, or `rules = \"all\"`" };
const CONDITION: Required = Required {
    key: "condition",
    remedy: "add `condition = '''process.name : \"…\"'''`, as a query has it behind `where`",
};
/// What stands in the place of ids for every rule.
pub(crate) const ALL: &str = "all";

/// Exceptions as their file says them, with their conditions parsed.
#[derive(Debug)]
pub struct ExceptionFile {
    source: Arc<Source>,
    pub(crate) entries: Vec<Entry>,
}

/// An exception as it was written.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) name: Spanned<String>,
    pub(crate) comment: String,
    /// Ids of rules, or [`ALL`].
    pub(crate) rules: Vec<Spanned<String>>,
    condition: Condition,
    pub(crate) window: Window,
    /// Where `expires` stands, if it does.
    expires: Range<usize>,
}

#[derive(Debug)]
struct Condition {
    text: String,
    parsed: Query,
    /// Where it stands.
    place: TomlText,
}

impl ExceptionFile {
    /// Reads the `text` of the file at `path`, which serves messages only.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the file, except what [`compile_mapped`](crate::compile_mapped) finds.
    pub fn parse(path: impl Into<PathBuf>, text: &str) -> Result<Self, Vec<Diagnostic>> {
        let source = Arc::new(Source { path: path.into(), text: text.to_owned() });
        let document = DeTable::parse(text).map_err(|error| vec![toml_problem(&source, &error)])?;
        let mut reader = Reader::new(&source);
        let document = Table::document(&document);
        reader.check_keys(&document, &["exceptions"]);
        let tables = reader.tables(&document, "exceptions", "[[exceptions]]");
        let entries = tables.iter().filter_map(|table| read(&mut reader, table)).collect();
        if reader.problems.is_empty() { Ok(Self { source, entries }) } else { Err(reader.problems) }
    }

    /// The path of the file.
    pub fn path(&self) -> &Path {
        &self.source.path
    }

    /// How many exceptions it holds.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Does it hold none?
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// What is doubtful in the conditions.
    pub fn warnings(&self, folding: Folding) -> Vec<Diagnostic> {
        let of_entry = |Entry { condition: Condition { text, parsed, place }, .. }: &Entry| {
            let doubts = lint::of_exception(parsed, text, folding);
            doubts.into_iter().map(|doubt| locate(&self.source, place, doubt)).collect::<Vec<_>>()
        };
        self.entries.iter().flat_map(of_entry).collect()
    }

    /// Warnings of the exceptions that have expired `now`, in seconds since 1970, or will within a week.
    pub fn expiring(&self, now: i64) -> Vec<Diagnostic> {
        self.entries.iter().filter_map(|entry| self.expiry_of(entry, now)).collect()
    }

    fn expiry_of(&self, entry: &Entry, now: i64) -> Option<Diagnostic> {
        let name = entry.name.get_ref();
        let (message, help) = match entry.window.expiry(now)? {
            Expiry::Past => (format!("exception `{name}` has expired"), "remove it, or give it a later `expires`"),
            Expiry::Near => {
                let help = "give it a later `expires` if it will still be needed";
                (format!("exception `{name}` expires within a week"), help)
            }
        };
        Some(self.problem(entry.expires.clone(), message).severity(Severity::Warning).help(help))
    }

    /// A new problem at `span` of the file.
    pub(crate) fn problem(&self, span: Range<usize>, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(&self.source, span, message)
    }

    /// Says that `entry` has the name of the exception `first` in the file `other`.
    pub(crate) fn duplicate_of(&self, entry: &Entry, other: &Self, first: &Entry) -> Diagnostic {
        self.problem(entry.name.span(), format!("two exceptions have the name `{}`", entry.name.get_ref()))
            .label("used again here")
            .related(&other.source, first.name.span(), "used first here")
            .help("give one of them a name of its own: suppressed matches tell it")
    }

    /// The condition of an entry of this file.
    pub(crate) fn condition(
        &self,
        entry: &Entry,
        mappings: &[Mapping],
        folding: Folding,
    ) -> Result<Clause, Vec<Diagnostic>> {
        let Condition { text, parsed, place } = &entry.condition;
        mapping::lower(parsed, text, mappings, folding)
            .map_err(|faults| faults.into_iter().map(|fault| locate(&self.source, place, fault)).collect())
    }
}

/// Reads one entry; nothing may be missing from what it returns unless the reader has a problem.
fn read(reader: &mut Reader<'_>, table: &Table<'_>) -> Option<Entry> {
    reader.check_keys(table, &KEYS);
    let name = reader.required_name(table, &NAME, MAX_NAME_BYTES);
    let comment = reader.required_lines(table, &COMMENT, MAX_COMMENT_BYTES);
    let rules = reader.one_or_more(table, &RULES);
    check_all(reader, &rules);
    let condition = reader.required_text(table, &CONDITION).and_then(|text| parse_condition(reader, &text));
    let not_before = reader.moment(table, "not_before");
    let expires = reader.moment(table, "expires");
    if let (Some(start), Some(end)) = (&not_before, &expires)
        && end.get_ref() <= start.get_ref()
    {
        let problem = reader.problem(end.span(), "`expires` isn't after `not_before`").label("ends here");
        let problem = problem.related(reader.source, start.span(), "begins here");
        reader
            .problems
            .push(problem.help("move one of them, or leave it out: an exception without is in force for ever"));
    }
    let name = name?;
    Some(Entry {
        name: Spanned::new(name.span(), name.into_inner().to_owned()),
        comment: comment?.into_inner().to_owned(),
        rules,
        condition: condition?,
        expires: expires.as_ref().map(Spanned::span).unwrap_or_default(),
        window: Window { not_before: not_before.map(Spanned::into_inner), expires: expires.map(Spanned::into_inner) },
    })
}

/// Whoever names rules beside `all` means one of the two.
fn check_all(reader: &mut Reader<'_>, rules: &[Spanned<String>]) {
    if rules.len() > 1
        && let Some(all) = rules.iter().find(|id| id.get_ref() == ALL)
    {
        let problem = reader.problem(all.span(), format!("`{ALL}` stands beside ids"));
        let problem = problem.label("covers every rule");
        reader.problems.push(problem.help("write `rules = \"all\"`, or leave `all` out to cover just those rules"));
    }
}

fn parse_condition(reader: &mut Reader<'_>, value: &Spanned<&str>) -> Option<Condition> {
    let place = TomlText::new(&reader.source.text, value.span());
    match parser::parse_condition(value.get_ref()) {
        Ok(parsed) => Some(Condition { text: (*value.get_ref()).to_owned(), parsed, place }),
        Err(fault) => {
            reader.problems.push(locate(reader.source, &place, fault));
            None
        }
    }
}
