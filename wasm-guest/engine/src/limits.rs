//! How much a module may say of its rules: so little that a tag stays small and a metric's labels few, and nothing that a
//! terminal takes for a command. Checked when Weir makes a module, and when it loads one that anybody made.

use std::collections::HashSet;

use crate::program::{RuleMeta, Threat, ThreatEntry};

mod exceptions;

pub use exceptions::{MAX_COMMENT_BYTES, MAX_EXCEPTIONS, check_exceptions};

/// Longest module.
pub const MAX_MODULE_BYTES: usize = 64 << 20;
/// Most rules of a module.
pub const MAX_RULES: usize = 10_000;
/// Most fields that a module's rules read.
pub const MAX_FIELDS: usize = 10_000;
/// Longest dotted name of a field.
pub const MAX_FIELD_BYTES: usize = 256;
/// Longest id of a rule.
pub const MAX_ID_BYTES: usize = 128;
/// Longest name of a rule, a framework, or an entry of one.
pub const MAX_NAME_BYTES: usize = 256;
/// What a severity may be.
pub const SEVERITIES: [&str; 4] = ["low", "medium", "high", "critical"];
/// Highest risk score.
pub const MAX_RISK_SCORE: u32 = 100;
/// Most threats of a rule.
pub const MAX_THREATS: usize = 16;
/// Most tactics, techniques and sub-techniques of a rule, over all its threats. They make up most of a tag.
pub const MAX_ENTRIES: usize = 128;
/// Longest id of a tactic, a technique or a sub-technique.
pub const MAX_ENTRY_ID_BYTES: usize = 64;
/// Most references of a rule.
pub const MAX_REFERENCES: usize = 64;
/// Longest reference, a threat's included.
pub const MAX_REFERENCE_BYTES: usize = 2 << 10;
/// Most tags of a rule, and most indices.
pub const MAX_LABELS: usize = 128;
/// Longest query.
pub const MAX_QUERY_BYTES: usize = 64 << 10;
/// Most rules that may match one event. With everything else at its limit, their tag is some 50 MiB of text.
pub const MAX_FINDINGS_PER_EVENT: usize = 1024;

/// What a module says that it may not say.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DescriptionError {
    /// More than may be.
    #[error("{0}")]
    Module(Fault),
    /// A field.
    #[error("field {place} with {fault}")]
    Field {
        /// Which, from 0.
        place: usize,
        /// What is wrong with it.
        fault: Fault,
    },
    /// A rule whose id can't be told.
    #[error("rule {place} with {fault}")]
    Id {
        /// Which, from 0.
        place: usize,
        /// What is wrong with its id.
        fault: Fault,
    },
    /// A rule.
    #[error("rule `{id}` with {fault}")]
    Rule {
        /// Its id.
        id: String,
        /// What is wrong with it.
        fault: Fault,
    },
    /// Findings and tags couldn't tell them apart.
    #[error("two rules with the id `{0}`")]
    SameId(String),
    /// An exception.
    #[error("exception {place} with {fault}")]
    Exception {
        /// Which, from 0.
        place: usize,
        /// What is wrong with it.
        fault: Fault,
    },
    /// Tags couldn't tell them apart.
    #[error("two exceptions with the name `{0}`")]
    SameException(String),
}

/// What is wrong with a part of a description. Never repeats a text that may itself be too long or not printable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// There are too many.
    #[error("{count} {what}, more than {most}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there are.
        count: usize,
        /// How many there may be.
        most: usize,
    },
    /// A text is too long.
    #[error("{what} of {bytes} bytes, more than {most}")]
    TooLong {
        /// Which text.
        what: &'static str,
        /// How long it is.
        bytes: usize,
        /// How long it may be.
        most: usize,
    },
    /// A text is empty.
    #[error("{0} that is empty")]
    Empty(&'static str),
    /// A text that a terminal might obey.
    #[error("{what} that has the control character {character:?}")]
    Control {
        /// Which text.
        what: &'static str,
        /// The first of them.
        character: char,
    },
    /// Not one of [`SEVERITIES`].
    #[error("a severity other than {}", SEVERITIES.join(", "))]
    Severity,
    /// A list of rules that can't be theirs.
    #[error("rules that aren't there, out of order or twice there")]
    Coverage,
    /// Too high.
    #[error("a risk score of {0}, more than {MAX_RISK_SCORE}")]
    RiskScore(u32),
}

/// Checks everything that a module says of its rules.
///
/// # Errors
/// If any of it is beyond a limit; says what.
pub fn check<'a>(
    rules: impl ExactSizeIterator<Item = &'a RuleMeta>,
    fields: &[String],
) -> Result<(), DescriptionError> {
    at_most(MAX_RULES, "rules", rules.len()).map_err(DescriptionError::Module)?;
    at_most(MAX_FIELDS, "fields", fields.len()).map_err(DescriptionError::Module)?;
    for (place, field) in fields.iter().enumerate() {
        check_name("a name", field, MAX_FIELD_BYTES).map_err(|fault| DescriptionError::Field { place, fault })?;
    }
    let mut ids = HashSet::new();
    for (place, rule) in rules.enumerate() {
        check_name("an id", &rule.id, MAX_ID_BYTES).map_err(|fault| DescriptionError::Id { place, fault })?;
        check_rule(rule).map_err(|fault| DescriptionError::Rule { id: rule.id.clone(), fault })?;
        if !ids.insert(&rule.id) {
            return Err(DescriptionError::SameId(rule.id.clone()));
        }
    }
    Ok(())
}

/// Checks everything but the id.
fn check_rule(rule: &RuleMeta) -> Result<(), Fault> {
    check_text("a name", &rule.name, MAX_NAME_BYTES)?;
    if !SEVERITIES.contains(&rule.severity.as_str()) {
        return Err(Fault::Severity);
    }
    if rule.risk_score > MAX_RISK_SCORE {
        return Err(Fault::RiskScore(rule.risk_score));
    }
    check_threats(&rule.threats)?;
    check_lines("a query", &rule.query, MAX_QUERY_BYTES)?;
    at_most(MAX_REFERENCES, "references", rule.references.len())?;
    rule.references.iter().try_for_each(|reference| check_text("a reference", reference, MAX_REFERENCE_BYTES))?;
    check_schedule(rule)
}

/// Checks what Elastic's detection engine would do with the rule.
fn check_schedule(rule: &RuleMeta) -> Result<(), Fault> {
    at_most(MAX_LABELS, "tags", rule.tags.len())?;
    rule.tags.iter().try_for_each(|tag| check_text("a tag", tag, MAX_NAME_BYTES))?;
    at_most(MAX_LABELS, "indices", rule.index.len())?;
    rule.index.iter().try_for_each(|index| check_text("an index", index, MAX_NAME_BYTES))?;
    check_text("an interval", &rule.interval, MAX_NAME_BYTES)?;
    check_text("a `from`", &rule.from, MAX_NAME_BYTES)?;
    check_text("a `timestamp_override`", &rule.timestamp_override, MAX_NAME_BYTES)
}

fn check_threats(threats: &[Threat]) -> Result<(), Fault> {
    at_most(MAX_THREATS, "threats", threats.len())?;
    at_most(MAX_ENTRIES, "tactics and techniques", threats.iter().flat_map(entries).count())?;
    for threat in threats {
        check_text("a framework", &threat.framework, MAX_NAME_BYTES)?;
        entries(threat).try_for_each(check_entry)?;
    }
    Ok(())
}

/// A threat's tactic, techniques and sub-techniques.
fn entries(threat: &Threat) -> impl Iterator<Item = &ThreatEntry> {
    let techniques = threat.techniques.iter();
    let below = techniques.flat_map(|technique| [&technique.entry].into_iter().chain(&technique.subtechniques));
    [&threat.tactic].into_iter().chain(below)
}

fn check_entry(entry: &ThreatEntry) -> Result<(), Fault> {
    check_text("the id of a threat", &entry.id, MAX_ENTRY_ID_BYTES)?;
    check_text("the name of a threat", &entry.name, MAX_NAME_BYTES)?;
    check_text("a reference", &entry.reference, MAX_REFERENCE_BYTES)
}

fn check_name(what: &'static str, text: &str, most: usize) -> Result<(), Fault> {
    if text.is_empty() { Err(Fault::Empty(what)) } else { check_text(what, text, most) }
}

/// Checks a text of one line.
///
/// # Errors
/// If it has more than so many bytes, or a character that a terminal might obey.
pub fn check_text(what: &'static str, text: &str, most: usize) -> Result<(), Fault> {
    check_length(what, text, most)?;
    check_printable(what, text.chars())
}

/// Checks a text of any number of lines, which may end as Windows ends them, and may be indented.
///
/// # Errors
/// If it has more than so many bytes, or a character that a terminal might obey.
pub fn check_lines(what: &'static str, text: &str, most: usize) -> Result<(), Fault> {
    check_length(what, text, most)?;
    check_printable(what, text.replace("\r\n", "\n").chars().filter(|c| !matches!(c, '\n' | '\t')))
}

fn check_length(what: &'static str, text: &str, most: usize) -> Result<(), Fault> {
    let bytes = text.len();
    if bytes > most { Err(Fault::TooLong { what, bytes, most }) } else { Ok(()) }
}

fn check_printable(what: &'static str, mut characters: impl Iterator<Item = char>) -> Result<(), Fault> {
    match characters.find(|character| character.is_control()) {
        Some(character) => Err(Fault::Control { what, character }),
        None => Ok(()),
    }
}

fn at_most(most: usize, what: &'static str, count: usize) -> Result<(), Fault> {
    if count > most { Err(Fault::TooMany { what, count, most }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::Technique;

    fn rule(id: &str) -> RuleMeta {
        RuleMeta { id: id.into(), severity: "low".into(), risk_score: 21, ..RuleMeta::default() }
    }

    fn says(rules: &[RuleMeta], fields: &[&str]) -> String {
        let fields: Vec<String> = fields.iter().map(ToString::to_string).collect();
        check(rules.iter(), &fields).map_or_else(|error| error.to_string(), |()| "nothing wrong".into())
    }

    fn entry(id: &str) -> ThreatEntry {
        ThreatEntry { id: id.into(), ..ThreatEntry::default() }
    }

    /// A rule that sees this many sub-techniques, and their technique and tactic.
    fn seeing(subtechniques: usize, id: &str) -> RuleMeta {
        let technique = Technique { subtechniques: vec![entry(id); subtechniques], ..Technique::default() };
        RuleMeta { threats: vec![Threat { techniques: vec![technique], ..Threat::default() }], ..rule("r") }
    }

    #[test]
    fn what_is_at_its_limit_passes() {
        let text = |bytes| "x".repeat(bytes);
        let full = RuleMeta {
            name: text(MAX_NAME_BYTES),
            risk_score: MAX_RISK_SCORE,
            query: text(MAX_QUERY_BYTES),
            references: vec![text(MAX_REFERENCE_BYTES); MAX_REFERENCES],
            tags: vec![text(MAX_NAME_BYTES); MAX_LABELS],
            index: vec![text(MAX_NAME_BYTES); MAX_LABELS],
            interval: text(MAX_NAME_BYTES),
            from: text(MAX_NAME_BYTES),
            timestamp_override: text(MAX_NAME_BYTES),
            ..seeing(MAX_ENTRIES - 2, &text(MAX_ENTRY_ID_BYTES))
        };
        let rules: Vec<_> = (0..MAX_RULES).map(|n| rule(&format!("{n:0MAX_ID_BYTES$}"))).collect();
        assert_eq!(says(&rules, &vec![&*text(MAX_FIELD_BYTES); MAX_FIELDS]), "nothing wrong");
        assert_eq!(says(&[full], &[]), "nothing wrong");
        assert_eq!(says(&[], &[]), "nothing wrong");
    }

    #[test]
    fn what_is_beyond_a_limit_is_refused_and_named() {
        let text = |bytes: usize| "x".repeat(bytes + 1);
        let threats = vec![Threat::default(); MAX_THREATS + 1];
        for (rule, refusal) in [
            (rule(""), "rule 0 with an id that is empty"),
            (rule(&text(MAX_ID_BYTES)), "rule 0 with an id of 129 bytes, more than 128"),
            (RuleMeta { name: text(MAX_NAME_BYTES), ..rule("r") }, "rule `r` with a name of 257 bytes, more than 256"),
            (RuleMeta { severity: "dire".into(), ..rule("r") }, "a severity other than low, medium, high, critical"),
            (RuleMeta { risk_score: 101, ..rule("r") }, "a risk score of 101, more than 100"),
            (RuleMeta { query: text(MAX_QUERY_BYTES), ..rule("r") }, "a query of 65537 bytes"),
            (RuleMeta { references: vec![String::new(); 65], ..rule("r") }, "65 references, more than 64"),
            (RuleMeta { references: vec![text(MAX_REFERENCE_BYTES)], ..rule("r") }, "a reference of 2049 bytes"),
            (RuleMeta { threats, ..rule("r") }, "17 threats, more than 16"),
            (RuleMeta { tags: vec![String::new(); 129], ..rule("r") }, "129 tags, more than 128"),
            (RuleMeta { tags: vec![text(MAX_NAME_BYTES)], ..rule("r") }, "a tag of 257 bytes"),
            (RuleMeta { index: vec![String::new(); 129], ..rule("r") }, "129 indices, more than 128"),
            (RuleMeta { index: vec![text(MAX_NAME_BYTES)], ..rule("r") }, "an index of 257 bytes"),
            (RuleMeta { interval: text(MAX_NAME_BYTES), ..rule("r") }, "an interval of 257 bytes"),
            (RuleMeta { from: text(MAX_NAME_BYTES), ..rule("r") }, "a `from` of 257 bytes"),
            (RuleMeta { timestamp_override: text(MAX_NAME_BYTES), ..rule("r") }, "a `timestamp_override` of 257 bytes"),
            (seeing(MAX_ENTRIES - 1, "T1"), "129 tactics and techniques, more than 128"),
            (seeing(1, &text(MAX_ENTRY_ID_BYTES)), "the id of a threat of 65 bytes"),
        ] {
            let said = says(&[rule], &[]);
            assert!(said.contains(refusal), "{said:?} lacks {refusal:?}");
        }
        let twins = [rule("a"), rule("b"), rule("a")];
        assert_eq!(says(&twins, &[]), "two rules with the id `a`");
        assert_eq!(says(&vec![rule("r"); MAX_RULES + 1], &[]), "10001 rules, more than 10000");
        assert_eq!(says(&[], &vec!["f"; MAX_FIELDS + 1]), "10001 fields, more than 10000");
        assert_eq!(says(&[], &["f", ""]), "field 1 with a name that is empty");
        assert_eq!(says(&[], &[&text(MAX_FIELD_BYTES)]), "field 0 with a name of 257 bytes, more than 256");
    }

    #[test]
    fn what_a_terminal_might_obey_is_refused_and_not_repeated() {
        let clear = "\u{1b}[2J";
        let queried = |query: &str| RuleMeta { query: query.into(), ..rule("r") };
        let of_threat = |entry| {
            let threat = Threat { tactic: entry, ..Threat::default() };
            RuleMeta { threats: vec![threat], ..rule("r") }
        };
        let framed = Threat { framework: clear.into(), ..Threat::default() };
        for rule in [
            rule(clear),
            RuleMeta { name: clear.into(), ..rule("r") },
            RuleMeta { references: vec![clear.into()], ..rule("r") },
            RuleMeta { tags: vec![clear.into()], ..rule("r") },
            RuleMeta { index: vec![clear.into()], ..rule("r") },
            RuleMeta { interval: clear.into(), ..rule("r") },
            RuleMeta { from: clear.into(), ..rule("r") },
            RuleMeta { timestamp_override: clear.into(), ..rule("r") },
            RuleMeta { threats: vec![framed], ..rule("r") },
            of_threat(entry(clear)),
            of_threat(ThreatEntry { name: clear.into(), ..ThreatEntry::default() }),
            of_threat(ThreatEntry { reference: clear.into(), ..ThreatEntry::default() }),
            queried(clear),
        ] {
            let said = says(&[rule], &[]);
            assert!(said.ends_with(r"the control character '\u{1b}'"), "{said:?}");
        }
        assert_eq!(says(&[], &[clear]), r"field 0 with a name that has the control character '\u{1b}'");
        assert_eq!(says(&[queried("any where\r\n\ttrue\n")], &[]), "nothing wrong");
        assert_eq!(
            says(&[queried("any where\rtrue")], &[]),
            r"rule `r` with a query that has the control character '\r'"
        );
    }
}
