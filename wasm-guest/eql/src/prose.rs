//! Reads what a rule file says to analysts; none of it bears on a verdict, so it stays out of the program.

use crate::rule_table::{Reader, Table};

/// What a rule file says to whoever handles its alerts. What it doesn't say is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prose {
    /// Who wrote the rule.
    pub author: Vec<String>,
    /// The licence of the rule.
    pub license: String,
    /// What the rule detects, and why that matters.
    pub description: String,
    /// How to triage an alert, and to respond to it, in Markdown.
    pub note: String,
    /// What sends alerts without being an attack.
    pub false_positives: Vec<String>,
    /// What has to be set up before the rule can see anything, in Markdown.
    pub setup: String,
    /// `default` if its matches are the material of other rules, not alerts.
    pub building_block_type: String,
    /// The most alerts that Elastic's detection engine would make of it in one run.
    pub max_signals: Option<i64>,
}

/// Reads all of it; what is of the wrong type is a problem of the reader's.
pub(crate) fn read(reader: &mut Reader<'_>, rule: &Table<'_>) -> Prose {
    Prose {
        author: reader.texts(rule, "author"),
        license: reader.text_or_empty(rule, "license"),
        description: reader.text_or_empty(rule, "description"),
        note: reader.text_or_empty(rule, "note"),
        false_positives: reader.texts(rule, "false_positives"),
        setup: reader.text_or_empty(rule, "setup"),
        building_block_type: reader.text_or_empty(rule, "building_block_type"),
        max_signals: reader.number(rule, "max_signals").map(|number| number.into_inner()),
    }
}
