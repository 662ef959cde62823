//! Reads one rule file: TOML, then what is told about the rule, then its query.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml::Spanned;
use toml::de::DeTable;
use weir_engine::limits::{MAX_ID_BYTES, MAX_QUERY_BYTES};
use weir_engine::program::{Folding, RuleMeta};

use crate::ast::Query;
use crate::clause::Clause;
use crate::diagnostic::{Severity, Source};
use crate::fault::Fault;
use crate::prose::{self, Prose};
use crate::rule_meta::{self, has_known_language};
use crate::rule_table::{Reader, Required, Table};
use crate::toml_text::TomlText;
use crate::tree::Place;
use crate::{Diagnostic, Mapping, file_kind, lint, mapping, parser};

const RULE: Required = Required { key: "rule", remedy: "add `[rule]` above the rule's keys" };
const ID: Required =
    Required { key: "rule_id", remedy: "add `rule_id = \"…\"` with a UUID of its own, as from `uuidgen`" };
const QUERY: Required = Required { key: "query", remedy: "add `query = '''process where …'''`" };

/// A rule as its file says it, with its query parsed.
///
/// Keys that bear neither on the verdict nor on the tag, nor tell people anything, are not read.
#[derive(Debug)]
pub struct RuleFile {
    source: Arc<Source>,
    meta: RuleMeta,
    prose: Prose,
    /// Where the rule's id stands.
    id: Range<usize>,
    query: Query,
    /// Where the query stands.
    query_text: TomlText,
    /// What is doubtful in what is told about it.
    doubts: Vec<Diagnostic>,
}

impl RuleFile {
    /// Reads the `text` of the file at `path`, which serves messages only.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the file, except what [`compile`](crate::compile) finds; or that it is none that Weir
    /// can run, see [`Diagnostic::is_unsupported`].
    pub fn parse(path: impl Into<PathBuf>, text: &str) -> Result<Self, Vec<Diagnostic>> {
        let source = Arc::new(Source { path: path.into(), text: text.to_owned() });
        let document = DeTable::parse(text).map_err(|error| vec![toml_problem(&source, &error)])?;
        let mut reader = Reader::new(&source);
        let rule = read(&mut reader, &Table::document(&document));
        let (doubts, errors): (Vec<_>, Vec<_>) = reader.problems.into_iter().partition(Diagnostic::is_warning);
        match rule {
            Some(rule) if errors.is_empty() => Ok(Self { doubts, ..rule }),
            _ => Err(errors),
        }
    }

    /// What is told about the rule.
    pub fn meta(&self) -> &RuleMeta {
        &self.meta
    }

    /// What the file says to analysts.
    pub fn prose(&self) -> &Prose {
        &self.prose
    }

    /// The file as it was written.
    pub fn text(&self) -> &str {
        &self.source.text
    }

    /// The path of the file.
    pub fn path(&self) -> &Path {
        &self.source.path
    }

    /// What is doubtful in the rule.
    pub fn warnings(&self, folding: Folding) -> Vec<Diagnostic> {
        let of_query = self.diagnose(lint::of_rule(&self.query, &self.meta.query, folding));
        self.doubts.iter().cloned().chain(of_query).collect()
    }

    /// The condition under which the rule matches.
    pub(crate) fn condition(&self, mappings: &[Mapping], folding: Folding) -> Result<Clause, Vec<Diagnostic>> {
        mapping::lower(&self.query, &self.meta.query, mappings, folding).map_err(|faults| self.diagnose(faults))
    }

    /// Its query, parsed.
    pub(crate) fn query(&self) -> &Query {
        &self.query
    }

    /// Shows faults of the query where it stands.
    pub(crate) fn diagnose(&self, faults: Vec<Fault>) -> Vec<Diagnostic> {
        faults.into_iter().map(|fault| locate(&self.source, &self.query_text, fault)).collect()
    }

    /// Where in the file the query's byte at `position` stands.
    pub(crate) fn place(&self, position: usize) -> Place {
        let before = &self.source.text[..self.query_text.in_file(position..position + 1).start];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Place { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 }
    }

    /// Says that this rule has the id of the rule `first`.
    pub(crate) fn duplicate_of(&self, first: &Self) -> Diagnostic {
        Diagnostic::new(&self.source, self.id.clone(), format!("two rules have the id `{}`", self.meta.id))
            .label("used again here")
            .related(&first.source, first.id.clone(), "used first here")
            .help("give one of them an id of its own, as from `uuidgen`")
    }
}

/// Reads the document; nothing may be missing from what it returns unless the reader has a problem.
fn read(reader: &mut Reader<'_>, document: &Table<'_>) -> Option<RuleFile> {
    let table = rule_table(reader, document)?;
    let is_eql = has_known_language(reader, &table);
    check_filters(reader, &table);
    // What another language needs of a rule, and what not, isn't known here.
    if reader.problems.iter().any(Diagnostic::is_unsupported) {
        return None;
    }
    let id = reader.required_name(&table, &ID, MAX_ID_BYTES);
    let mut meta = rule_meta::read(reader, &table);
    let prose = prose::read(reader, &table);
    let query_value = reader.required_lines(&table, &QUERY, MAX_QUERY_BYTES);
    if !is_eql {
        return None;
    }
    let (id, query_value) = (id?, query_value?);
    let (mut query, query_text) = read_query(reader, &query_value)?;
    if let Some(field) = reader.text(&table, "event_category_override") {
        query.category_field = (*field.get_ref()).to_owned();
    }
    meta.id = (*id.get_ref()).to_owned();
    meta.query = (*query_value.get_ref()).to_owned();
    let source = Arc::clone(reader.source);
    Some(RuleFile { source, meta, prose, id: id.span(), query, query_text, doubts: Vec::new() })
}

/// A file without the table may be anything, but exceptions that are overlooked would let alerts through.
fn rule_table<'t>(reader: &mut Reader<'_>, document: &Table<'t>) -> Option<Table<'t>> {
    if let Some(exceptions) = file_kind::exceptions(document) {
        let problem = reader.problem(exceptions.span(), "a file of this name can't hold exceptions");
        reader.problems.push(problem.help("rename it to `….exceptions.toml`, or move them to a file of such a name"));
        return None;
    }
    if !file_kind::is_rule(document) {
        let problem = reader.problem(0..0, "the file has no `[rule]`").severity(Severity::Unsupported);
        reader.problems.push(problem.help("give a rule file, or make this one by adding `[rule]`"));
        return None;
    }
    reader.required_table(document, &RULE, "[rule]")
}

/// Filters are part of what an event must fulfil, in the language of Elasticsearch's queries.
fn check_filters(reader: &mut Reader<'_>, rule: &Table<'_>) {
    if let Some(filter) = reader.tables(rule, "filters", "[[rule.filters]]").first() {
        let problem =
            reader.problem(filter.span(), "rules with `filters` aren't supported").severity(Severity::Unsupported);
        reader.problems.push(problem.help("write what they ask for into the query"));
    }
}

fn read_query(reader: &mut Reader<'_>, value: &Spanned<&str>) -> Option<(Query, TomlText)> {
    let query_text = TomlText::new(&reader.source.text, value.span());
    match parser::parse(value.get_ref()) {
        Ok(query) => Some((query, query_text)),
        Err(fault) => {
            reader.problems.push(locate(reader.source, &query_text, fault));
            None
        }
    }
}

/// Shows a fault of the query where the query stands.
pub(crate) fn locate(source: &Arc<Source>, query: &TomlText, Fault(fault): Fault) -> Diagnostic {
    let span = query.in_file(fault.span);
    let diagnostic = Diagnostic::new(source, span, fault.message).severity(fault.severity);
    let diagnostic = diagnostic.label(fault.label).help(fault.help);
    match fault.related {
        Some((span, label)) => diagnostic.related(source, query.in_file(span), label),
        None => diagnostic,
    }
}

/// Says that the file isn't TOML.
pub(crate) fn toml_problem(source: &Arc<Source>, error: &toml::de::Error) -> Diagnostic {
    let message = error.message();
    let help = if message.contains("escape") {
        "between `'''` and `'''` a backslash is a backslash, and nothing needs an escape"
    } else if message == "duplicate key" {
        "remove one of the two"
    } else {
        "correct the TOML here or right before"
    };
    Diagnostic::new(source, error.span().unwrap_or_default(), format!("not valid TOML: {message}")).help(help)
}
