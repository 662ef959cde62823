//! Reads the threats of a rule, and checks those of ATT&CK: what they name, and whether it belongs where it stands.

use toml::Spanned;
use weir_engine::program::{Technique, Threat, ThreatEntry};

use crate::attack::{self, Entry};
use crate::diagnostic::Severity;
use crate::rule_table::{Reader, Required, Table};
use crate::suggest::nearest;

const FRAMEWORK: Required = Required { key: "framework", remedy: "add `framework = \"MITRE ATT&CK\"`" };
const TACTIC: Required = Required { key: "tactic", remedy: "add `[rule.threat.tactic]`" };
const ID: Required = Required { key: "id", remedy: "add its identifier, such as `id = \"T1609\"`" };
const NAME: Required = Required { key: "name", remedy: "add the name that the framework gives it: `name = \"…\"`" };

/// What rules call the framework whose ids are checked.
pub const ATTACK: &str = "MITRE ATT&CK";
/// What the levels of ATT&CK are called, and how their numbers look.
const TACTICS: Level = Level { what: "tactic", example: "TA0002" };
const TECHNIQUES: Level = Level { what: "technique", example: "T1609" };
const SUBTECHNIQUES: Level = Level { what: "sub-technique", example: "T1059.004" };

struct Level {
    what: &'static str,
    example: &'static str,
}

/// A tactic, technique or sub-technique as it was written; what is missing is a problem of the reader's.
#[derive(Default)]
struct Written<'t> {
    id: Option<Spanned<&'t str>>,
    name: Option<Spanned<&'t str>>,
    reference: String,
}

/// Reads all threats; what is wrong with them is a problem of the reader's.
pub(crate) fn read(reader: &mut Reader<'_>, rule: &Table<'_>) -> Vec<Threat> {
    let tables = reader.tables(rule, "threat", "[[rule.threat]]");
    if tables.is_empty() {
        let problem = reader.problem(rule.span(), "the rule names no threat").severity(Severity::Warning);
        let help = "add `[[rule.threat]]` with a tactic and techniques of ATT&CK; matches are tagged with them";
        reader.problems.push(problem.help(help));
    }
    tables.iter().map(|table| threat(reader, table)).collect()
}

fn threat(reader: &mut Reader<'_>, table: &Table<'_>) -> Threat {
    let framework = framework(reader, table);
    let is_attack = framework == ATTACK;
    let tactic = reader.required_table(table, &TACTIC, "[rule.threat.tactic]");
    let tactic = tactic.map(|tactic| written(reader, &tactic)).unwrap_or_default();
    if is_attack {
        check(reader, &tactic, &TACTICS);
    }
    let techniques = reader.tables(table, "technique", "[[rule.threat.technique]]");
    let techniques = techniques.iter().map(|table| {
        let technique = written(reader, table);
        if is_attack && let Some(entry) = check(reader, &technique, &TECHNIQUES) {
            check_tactic(reader, entry, &technique, &tactic);
        }
        let subtechniques = reader.tables(table, "subtechnique", "[[rule.threat.technique.subtechnique]]");
        let subtechniques = subtechniques.iter().map(|table| {
            let subtechnique = written(reader, table);
            if is_attack && check(reader, &subtechnique, &SUBTECHNIQUES).is_some() {
                check_technique(reader, &subtechnique, &technique);
            }
            subtechnique.into()
        });
        Technique { subtechniques: subtechniques.collect(), entry: technique.into() }
    });
    Threat { framework: framework.to_owned(), techniques: techniques.collect(), tactic: tactic.into() }
}

/// A team may have a framework of its own, but hardly one that is nearly called as this.
fn framework<'t>(reader: &mut Reader<'_>, table: &Table<'t>) -> &'t str {
    let Some(framework) = reader.required_text(table, &FRAMEWORK) else { return "" };
    if *framework.get_ref() != ATTACK && nearest(framework.get_ref(), [ATTACK]).is_some() {
        let message = format!("the framework `{}` isn't known", framework.get_ref());
        let problem = reader.problem(framework.span(), message).severity(Severity::Warning);
        reader.problems.push(problem.help(format!("did you mean `{ATTACK}`?")));
    }
    framework.into_inner()
}

fn written<'t>(reader: &mut Reader<'_>, table: &Table<'t>) -> Written<'t> {
    let (id, name) = (reader.required_text(table, &ID), reader.required_text(table, &NAME));
    Written { id, name, reference: reader.text_or_empty(table, "reference") }
}

/// Checks what is written by itself; what ATT&CK has under its id, if that can stand on this level.
fn check(reader: &mut Reader<'_>, written: &Written<'_>, level: &Level) -> Option<&'static Entry> {
    let id = written.id.as_ref()?;
    let Level { what, example } = level;
    if !is_like(example, id.get_ref()) {
        let problem = reader.problem(id.span(), format!("`{}` isn't the id of a {what}", id.get_ref()));
        reader.problems.push(problem.help(format!("write one such as `{example}`")));
        return None;
    }
    let entry = attack::entry(id.get_ref());
    let (message, help) = match entry {
        Some(Entry::Tactic { name } | Entry::Technique { name, .. } | Entry::Subtechnique { name }) => {
            check_name(reader, written, name);
            return entry;
        }
        Some(Entry::Revoked { by: Some(by) }) => (
            format!("{} has withdrawn `{}`", attack::VERSION, id.get_ref()),
            format!("write `{by}`, which replaced it"),
        ),
        Some(Entry::Revoked { by: None }) => {
            (format!("{} has withdrawn `{}`", attack::VERSION, id.get_ref()), format!("name another {what}"))
        }
        None => {
            let help = "check the number, unless a later version of ATT&CK has it".to_owned();
            (format!("{} has no {what} `{}`", attack::VERSION, id.get_ref()), help)
        }
    };
    let problem = reader.problem(id.span(), message).severity(Severity::Warning);
    reader.problems.push(problem.help(help));
    None
}

/// Do the two differ in nothing but digits?
fn is_like(example: &str, id: &str) -> bool {
    let shape = |id: &str| id.replace(|char: char| char.is_ascii_digit(), "0");
    shape(example) == shape(id)
}

fn check_name(reader: &mut Reader<'_>, written: &Written<'_>, expected: &str) {
    let (Some(id), Some(name)) = (&written.id, &written.name) else { return };
    if *name.get_ref() != expected {
        let message = format!("{} has another name for `{}`", attack::VERSION, id.get_ref());
        let problem = reader.problem(name.span(), message).severity(Severity::Warning);
        reader.problems.push(problem.help(format!("write `name = \"{expected}\"`, or correct the id")));
    }
}

/// Checks that a technique belongs to the tactic that it stands under.
fn check_tactic(reader: &mut Reader<'_>, entry: &Entry, technique: &Written<'_>, tactic: &Written<'_>) {
    let (Some(id), Some(tactic)) = (&technique.id, &tactic.id) else { return };
    let (Entry::Technique { tactics, name }, Some(tactic_name)) = (entry, attack::tactic_name(tactic.get_ref())) else {
        return;
    };
    if !tactics.contains(tactic.get_ref()) {
        let message = format!("`{}` isn't a technique of the tactic `{}`", id.get_ref(), tactic.get_ref());
        let problem = reader.problem(id.span(), message).label(*name);
        let own: Vec<_> =
            tactics.iter().map(|id| format!("`{id}` {}", attack::tactic_name(id).unwrap_or_default())).collect();
        let help = format!("in {} it belongs to {}", attack::VERSION, own.join(", "));
        reader.problems.push(problem.related(reader.source, tactic.span(), tactic_name).help(help));
    }
}

/// Checks that a sub-technique belongs to the technique that it stands under.
fn check_technique(reader: &mut Reader<'_>, subtechnique: &Written<'_>, technique: &Written<'_>) {
    let (Some(id), Some(technique)) = (&subtechnique.id, &technique.id) else { return };
    let own = id.get_ref().split('.').next().unwrap_or_default();
    if own != *technique.get_ref() {
        let message = format!("`{}` isn't a sub-technique of `{}`", id.get_ref(), technique.get_ref());
        let problem =
            reader.problem(id.span(), message).related(reader.source, technique.span(), "it stands under this");
        reader.problems.push(problem.help(format!("put it under `{own}`")));
    }
}

impl From<Written<'_>> for ThreatEntry {
    fn from(written: Written<'_>) -> Self {
        let text = |text: Option<Spanned<&str>>| text.map(|text| text.into_inner().to_owned()).unwrap_or_default();
        Self { id: text(written.id), name: text(written.name), reference: written.reference }
    }
}
