//! Reads the tables of a rule file key by key, and collects what is wrong with them instead of stopping at the first.

use std::ops::Range;
use std::sync::Arc;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use toml::value::Datetime;

use crate::Diagnostic;
use crate::diagnostic::Source;
use crate::suggest::nearest;

/// One table, and how messages call it.
#[derive(Clone)]
pub(crate) struct Table<'t> {
    entries: &'t DeTable<'t>,
    /// Such as `[rule]`.
    name: &'static str,
    /// Its header or braces.
    span: Range<usize>,
}

/// A key that a table must have.
pub(crate) struct Required {
    pub(crate) key: &'static str,
    /// How to add it.
    pub(crate) remedy: &'static str,
}

/// Reads values, and gathers what is wrong.
pub(crate) struct Reader<'s> {
    pub(crate) source: &'s Arc<Source>,
    pub(crate) problems: Vec<Diagnostic>,
}

impl<'s> Reader<'s> {
    pub(crate) fn new(source: &'s Arc<Source>) -> Self {
        Self { source, problems: Vec::new() }
    }

    /// A new problem at `span` of the file.
    pub(crate) fn problem(&self, span: Range<usize>, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(self.source, span, message)
    }

    /// The value of a key that must be there.
    pub(crate) fn required<'t>(&mut self, table: &Table<'t>, required: &Required) -> Option<&'t Spanned<DeValue<'t>>> {
        let value = table.entries.get(required.key);
        if value.is_none() {
            self.missing(table, required);
        }
        value
    }

    /// The text of a key that must be there; absent after a problem.
    pub(crate) fn required_text<'t>(&mut self, table: &Table<'t>, required: &Required) -> Option<Spanned<&'t str>> {
        if !table.entries.contains_key(required.key) {
            self.missing(table, required);
        }
        let text = self.text(table, required.key)?;
        if text.get_ref().trim().is_empty() {
            let problem = self.problem(text.span(), format!("`{}` is empty", required.key));
            self.problems.push(problem.help(required.remedy));
            return None;
        }
        Some(text)
    }

    pub(crate) fn text<'t>(&mut self, table: &Table<'t>, key: &str) -> Option<Spanned<&'t str>> {
        let value = table.entries.get(key)?;
        let text = value.get_ref().as_str();
        if text.is_none() {
            self.wrong_type(key, "text in quotes", value);
        }
        Some(Spanned::new(value.span(), text?))
    }

    /// The text of a key that may be absent.
    pub(crate) fn text_or_empty(&mut self, table: &Table<'_>, key: &str) -> String {
        self.text(table, key).map(|text| text.into_inner().to_owned()).unwrap_or_default()
    }

    /// The number of a key that must be there.
    pub(crate) fn required_number(&mut self, table: &Table<'_>, required: &Required) -> Option<Spanned<i64>> {
        if !table.entries.contains_key(required.key) {
            self.missing(table, required);
        }
        self.number(table, required.key)
    }

    pub(crate) fn number(&mut self, table: &Table<'_>, key: &str) -> Option<Spanned<i64>> {
        self.as_number(key, table.entries.get(key)?)
    }

    pub(crate) fn as_number(&mut self, key: &str, value: &Spanned<DeValue<'_>>) -> Option<Spanned<i64>> {
        let integer = value.get_ref().as_integer();
        let number = integer.and_then(|integer| i64::from_str_radix(integer.as_str(), integer.radix()).ok());
        if number.is_none() {
            self.wrong_type(key, "a whole number", value);
        }
        Some(Spanned::new(value.span(), number?))
    }

    /// The boolean of a key that may be absent.
    pub(crate) fn boolean(&mut self, table: &Table<'_>, key: &str) -> Option<bool> {
        let value = table.entries.get(key)?;
        let boolean = value.get_ref().as_bool();
        if boolean.is_none() {
            self.wrong_type(key, "`true` or `false`", value);
        }
        boolean
    }

    /// The texts of an array; none if the key is absent.
    pub(crate) fn texts(&mut self, table: &Table<'_>, key: &str) -> Vec<String> {
        let items = self.items(table, key, "an array of texts");
        items
            .iter()
            .filter_map(|item| {
                let text = item.get_ref().as_str();
                if text.is_none() {
                    self.wrong_type(key, "an array of texts", item);
                }
                text.map(str::to_owned)
            })
            .collect()
    }

    /// The texts of a key that must hold at least one: by itself, or in an array.
    pub(crate) fn one_or_more(&mut self, table: &Table<'_>, required: &Required) -> Vec<Spanned<String>> {
        let key = required.key;
        let Some(value) = table.entries.get(key) else {
            self.missing(table, required);
            return Vec::new();
        };
        let items = value.get_ref().as_array().map_or(std::slice::from_ref(value), |array| array);
        if items.is_empty() {
            let problem = self.problem(value.span(), format!("`{key}` is empty"));
            self.problems.push(problem.help(required.remedy));
        }
        let mut texts = Vec::new();
        for item in items {
            match item.get_ref().as_str() {
                Some(text) => texts.push(Spanned::new(item.span(), text.to_owned())),
                None => self.wrong_type(key, "text or an array of texts", item),
            }
        }
        texts
    }

    /// The moment of a key, in seconds since 1970 (UTC).
    pub(crate) fn moment(&mut self, table: &Table<'_>, key: &str) -> Option<Spanned<i64>> {
        const WANTED: &str = "a date-time with an offset, such as `2027-01-31T00:00:00Z`";
        let value = table.entries.get(key)?;
        let Some(datetime) = value.get_ref().as_datetime() else {
            self.wrong_type(key, WANTED, value);
            return None;
        };
        let seconds = unix_seconds(datetime);
        if seconds.is_none() {
            let problem = self.problem(value.span(), format!("`{key}` needs a date, a time and an offset from UTC"));
            self.problems.push(problem.help(format!("write {WANTED}")));
        }
        Some(Spanned::new(value.span(), seconds?))
    }

    /// Refuses all keys of the table but those that are `known`.
    pub(crate) fn check_keys(&mut self, table: &Table<'_>, known: &[&str]) {
        for key in table.entries.keys().filter(|key| !known.contains(&&**key.get_ref())) {
            let name = key.get_ref();
            let help = match nearest(name, known.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("remove it; {} may have {}", table.name, listed(known)),
            };
            self.problems
                .push(self.problem(key.span(), format!("there is no key `{name}` in {}", table.name)).help(help));
        }
    }

    /// The tables of an array, each called `name`; none if the key is absent.
    pub(crate) fn tables<'t>(&mut self, table: &Table<'t>, key: &str, name: &'static str) -> Vec<Table<'t>> {
        let items = self.items(table, key, "an array of tables");
        items.iter().filter_map(|item| self.as_table(key, item, name)).collect()
    }

    /// The table of a key that must be there, called `name`.
    pub(crate) fn required_table<'t>(
        &mut self,
        table: &Table<'t>,
        required: &Required,
        name: &'static str,
    ) -> Option<Table<'t>> {
        let Some(value) = table.entries.get(required.key) else {
            self.missing(table, required);
            return None;
        };
        self.as_table(required.key, value, name)
    }

    /// The table of a key that may be absent, called `name`.
    pub(crate) fn table<'t>(&mut self, table: &Table<'t>, key: &str, name: &'static str) -> Option<Table<'t>> {
        self.as_table(key, table.entries.get(key)?, name)
    }

    fn items<'t>(&mut self, table: &Table<'t>, key: &str, wanted: &str) -> &'t [Spanned<DeValue<'t>>] {
        let Some(value) = table.entries.get(key) else { return &[] };
        let array = value.get_ref().as_array();
        if array.is_none() {
            self.wrong_type(key, wanted, value);
        }
        array.map_or(&[], |array| array)
    }

    pub(crate) fn as_table<'t>(
        &mut self,
        key: &str,
        value: &'t Spanned<DeValue<'t>>,
        name: &'static str,
    ) -> Option<Table<'t>> {
        let entries = value.get_ref().as_table();
        if entries.is_none() {
            self.wrong_type(key, "a table", value);
        }
        Some(Table { entries: entries?, name, span: value.span() })
    }

    fn missing(&mut self, table: &Table<'_>, Required { key, remedy }: &Required) {
        let misspelt = nearest(key, table.entries.keys().map(|known| &**known.get_ref()));
        let (span, help) = match misspelt.and_then(|misspelt| table.entries.get_key_value(misspelt)) {
            Some((misspelt, _)) => (misspelt.span(), format!("did you mean `{key}`?")),
            None => (table.span.clone(), (*remedy).to_owned()),
        };
        self.problems.push(self.problem(span, format!("{} has no `{key}`", table.name)).help(help));
    }

    pub(crate) fn wrong_type(&mut self, key: &str, wanted: &str, value: &Spanned<DeValue<'_>>) {
        let found = match value.get_ref() {
            DeValue::String(_) => "text",
            DeValue::Integer(_) | DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "a boolean",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "an array",
            DeValue::Table(_) => "a table",
        };
        let problem = self.problem(value.span(), format!("`{key}` must be {wanted}, but is {found}"));
        self.problems.push(problem.help(format!("write {wanted}")));
    }
}

/// The seconds since 1970 of a date-time with an offset.
fn unix_seconds(datetime: &Datetime) -> Option<i64> {
    datetime.offset?;
    Some(OffsetDateTime::parse(&datetime.to_string(), &Rfc3339).ok()?.unix_timestamp())
}

/// Such as `a`, `b` and `c`.
fn listed(keys: &[&str]) -> String {
    let quoted: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => String::new(),
    }
}

impl<'t> Table<'t> {
    /// The whole file.
    pub(crate) fn document(document: &'t Spanned<DeTable<'t>>) -> Self {
        Self { entries: document.get_ref(), name: "the file", span: 0..0 }
    }

    /// Where its header or braces stand.
    pub(crate) fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// Its keys and values.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (Spanned<&'t str>, &'t Spanned<DeValue<'t>>)> + use<'t> {
        self.entries.iter().map(|(key, value)| (Spanned::new(key.span(), &**key.get_ref()), value))
    }
}
