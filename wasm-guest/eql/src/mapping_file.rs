//! Reads one mapping file: TOML, then for each field its further origins.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use weir_engine::program::{Constant, Expression, Folding, Function, Number};

use crate::clause::Clause;
use crate::compile::collect_fields;
use crate::diagnostic::Source;
use crate::fault::Fault;
use crate::lower::lower;
use crate::mapping::{Entry, Mapping, Origin};
use crate::parser::parse_condition;
use crate::rule_file::{locate, toml_problem};
use crate::rule_table::{Reader, Required, Table};
use crate::toml_text::TomlText;
use crate::{Diagnostic, lint};

const FROM: Required = Required {
    key: "from",
    remedy: "add `from = \"a field of the source\"`; a dotted name before a `=` stands in quotes: `\"process.name\" = …`",
};
const VALUE: Required = Required { key: "value", remedy: "add the value that the field has then: `value = \"start\"`" };
const WHEN: Required = Required { key: "when", remedy: "add the condition for it: `when = 'evt.type == \"execve\"'`" };

impl Mapping {
    /// Reads the `text` of the file at `path`, which serves messages only.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the file.
    pub fn parse(path: impl Into<PathBuf>, text: &str, folding: Folding) -> Result<Self, Vec<Diagnostic>> {
        let source = Arc::new(Source { path: path.into(), text: text.to_owned() });
        let document = DeTable::parse(text).map_err(|error| vec![toml_problem(&source, &error)])?;
        let mut file = MappingFile { reader: Reader::new(&source), folding, entries: Vec::new() };
        file.read(&Table::document(&document));
        file.check_sources();
        let MappingFile { mut reader, entries, .. } = file;
        // TOML's tables are in the order of their keys.
        reader.problems.sort_by_key(Diagnostic::start);
        let (doubts, errors): (Vec<_>, Vec<_>) = reader.problems.into_iter().partition(Diagnostic::is_warning);
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(Self { entries: entries.into_iter().map(|placed| placed.entry).collect(), doubts })
    }
}

/// A file that is being read.
struct MappingFile<'s> {
    reader: Reader<'s>,
    folding: Folding,
    entries: Vec<Placed>,
}

/// An entry, and where it says what it reads.
struct Placed {
    entry: Entry,
    reads: Range<usize>,
}

impl MappingFile<'_> {
    fn read(&mut self, document: &Table<'_>) {
        self.reader.check_keys(document, &["fields", "values"]);
        let fields = self.reader.table(document, "fields", "[fields]");
        let values = self.reader.table(document, "values", "[values]");
        for (field, value) in fields.iter().flat_map(Table::entries) {
            self.check_entry(&field, value);
            for item in items(value) {
                let source = self.source(field.get_ref(), item);
                self.add(field.get_ref(), source);
            }
        }
        for (field, value) in values.iter().flat_map(Table::entries) {
            self.check_entry(&field, value);
            for item in items(value) {
                let value = self.value(field.get_ref(), item);
                self.add(field.get_ref(), value);
            }
        }
        if self.entries.is_empty() && self.reader.problems.is_empty() {
            let problem = self.reader.problem(0..0, "the mapping maps no field");
            let help = "add a table `[fields]` with lines such as `\"process.name\" = \"proc.name\"`";
            self.reader.problems.push(problem.help(help));
        }
    }

    fn add(&mut self, field: &str, read: Option<Spanned<Origin>>) {
        let Some(read) = read else { return };
        let reads = read.span();
        let entry = Entry { field: field.to_owned(), origin: read.into_inner() };
        if self.entries.iter().any(|known| known.entry == entry) {
            let problem = self.reader.problem(reads, format!("`{field}` is mapped to this twice"));
            self.reader.problems.push(problem.help("remove one of the two"));
            return;
        }
        self.entries.push(Placed { entry, reads });
    }

    /// Reads `"field"`, or `{ from = "field", … }`.
    fn source(&mut self, field: &str, item: &Spanned<DeValue<'_>>) -> Option<Spanned<Origin>> {
        if let Some(name) = item.get_ref().as_str() {
            self.check_name(&Spanned::new(item.span(), name));
            return Some(Spanned::new(item.span(), Origin::Field(Expression::Field(name.to_owned()))));
        }
        if !item.get_ref().is_table() {
            self.reader.wrong_type(field, "a field's name in quotes, or a table", item);
            return None;
        }
        let table = self.reader.as_table(field, item, "the source")?;
        let from = self.reader.one_or_more(&table, &FROM);
        let reads = from.first()?.span().start..from.last()?.span().end;
        self.reader.check_keys(&table, &["from", "join", "none", "after_last", "words"]);
        let mut source = self.joined(from, &table);
        let none = self.reader.texts(&table, "none");
        if !none.is_empty() {
            let none = none.into_iter().map(|text| Expression::Constant(Constant::Text(text)));
            source = Expression::Call(Function::Except, [source].into_iter().chain(none).collect());
        }
        if let Some(mark) = self.reader.text(&table, "after_last") {
            let mark = Expression::Constant(Constant::Text((*mark.get_ref()).to_owned()));
            source = Expression::Call(Function::AfterLast, vec![source, mark]);
        }
        if self.reader.boolean(&table, "words") == Some(true) {
            source = Expression::Call(Function::Words, vec![source]);
        }
        Some(Spanned::new(reads, Origin::Field(source)))
    }

    /// The field that a source takes its values from, or its fields with what `table` says stands between them.
    fn joined(&mut self, from: Vec<Spanned<String>>, table: &Table<'_>) -> Expression<String> {
        from.iter().for_each(|name| self.check_name(name));
        let join = self.reader.text(table, "join").map_or(" ", Spanned::into_inner);
        let join = Expression::Constant(Constant::Text(join.to_owned()));
        let mut fields: Vec<_> = from.into_iter().map(|name| Expression::Field(name.into_inner())).collect();
        if fields.len() == 1 {
            return fields.remove(0);
        }
        let parts = fields.into_iter().flat_map(|field| [join.clone(), field]).skip(1);
        Expression::Call(Function::Concat, parts.collect())
    }

    /// Reads `{ value = …, when = "condition" }`.
    fn value(&mut self, field: &str, item: &Spanned<DeValue<'_>>) -> Option<Spanned<Origin>> {
        let table = self.reader.as_table(field, item, "the value")?;
        let value = self.reader.required(&table, &VALUE).and_then(|value| self.constant(value));
        let when = self.reader.required_text(&table, &WHEN);
        self.reader.check_keys(&table, &["value", "when"]);
        let when = when?;
        Some(Spanned::new(when.span(), Origin::Value(value?, self.condition(&when)?)))
    }

    fn constant(&mut self, value: &Spanned<DeValue<'_>>) -> Option<Constant> {
        match value.get_ref() {
            DeValue::String(text) => Some(Constant::Text(text.clone().into_owned())),
            DeValue::Boolean(value) => Some(Constant::Bool(*value)),
            DeValue::Integer(_) => {
                let number = self.reader.as_number("value", value)?;
                Some(Constant::Number(Number::Int(number.into_inner())))
            }
            _ => {
                self.reader.wrong_type("value", "text, a whole number or a boolean", value);
                None
            }
        }
    }

    fn condition(&mut self, when: &Spanned<&str>) -> Option<Clause> {
        let text = TomlText::new(&self.reader.source.text, when.span());
        let parsed = parse_condition(when.get_ref()).map_err(|fault| vec![fault]);
        let lowered = parsed.and_then(|query| {
            let clause = lower(&query, when.get_ref(), self.folding)?;
            Ok((clause, lint::of_mapping(&query, when.get_ref(), self.folding)))
        });
        let (clause, faults) = match lowered {
            Ok((clause, doubts)) => (Some(clause), doubts),
            Err(errors) => (None, errors),
        };
        self.reader.problems.extend(faults.into_iter().map(|fault| locate(self.reader.source, &text, fault)));
        clause
    }

    /// What is read must be the event's own: a field that is mapped itself would need an order, and could lead in circles.
    fn check_sources(&mut self) {
        for placed in &self.entries {
            let (entry, gives) = (&placed.entry, placed.entry.origin.gives());
            let mut reads = BTreeSet::new();
            collect_fields(&gives, &mut reads);
            let is_mapped = |read: &&str| self.entries.iter().any(|other| other.entry.field == **read);
            if let Some(mapped) = reads.into_iter().find(is_mapped) {
                let message = format!("`{}` reads `{mapped}`, which this file fills itself", entry.field);
                let problem = self.reader.problem(placed.reads.clone(), message);
                let help = "name the field in which the source keeps it";
                self.reader.problems.push(problem.help(help));
            }
        }
    }

    fn check_entry(&mut self, field: &Spanned<&str>, value: &Spanned<DeValue<'_>>) {
        self.check_name(field);
        if items(value).is_empty() {
            let problem = self.reader.problem(value.span(), format!("`{}` is mapped to nothing", field.get_ref()));
            self.reader.problems.push(problem.help("remove the line, or write where its values are"));
        }
        if let Some(Fault(doubt)) = lint::field(field.get_ref(), &field.span()) {
            let problem = self.reader.problem(doubt.span, doubt.message).severity(doubt.severity);
            self.reader.problems.push(problem.help(doubt.help));
        }
    }

    fn check_name(&mut self, name: &Spanned<impl AsRef<str>>) {
        let (name, span) = (name.get_ref().as_ref(), name.span());
        if name.is_empty() || name.contains('`') || name.split('.').any(str::is_empty) {
            let problem = self.reader.problem(span, format!("`{name}` isn't a field's name"));
            let help = "write the names on the way to it, joined by dots, without backquotes: `output_fields.evt.type`";
            self.reader.problems.push(problem.help(help));
        }
    }
}

/// The items of an array, or the one that stands there without brackets.
fn items<'t>(value: &'t Spanned<DeValue<'t>>) -> &'t [Spanned<DeValue<'t>>] {
    value.get_ref().as_array().map_or(std::slice::from_ref(value), |array| array)
}
