//! Makes cases of a case file's text, and refuses what no case can mean, at its place.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::{Case, Member};
use crate::harness::fault::{Fault, proposal};
use crate::harness::yaml::{self, Node, Value};
use crate::harness::{RuleNames, event};

pub(super) struct Reader<'r> {
    /// What the paths of events are relative to.
    pub(super) folder: &'r Path,
    pub(super) names: &'r RuleNames,
}

impl Reader<'_> {
    /// Reads all cases, or says everything that is wrong with them.
    pub(super) fn read(&self, text: &str) -> Result<Vec<Case>, Vec<Fault>> {
        let document = yaml::read(text).map_err(|fault| vec![fault])?;
        let tests = tests(document.as_ref()).map_err(|fault| vec![fault])?;
        let (mut cases, mut faults) = (Vec::new(), Vec::new());
        for test in tests {
            match self.case(test, text, &cases) {
                Ok(case) => cases.push(case),
                Err(fault) => faults.push(fault),
            }
        }
        if faults.is_empty() { Ok(cases) } else { Err(faults) }
    }

    fn case(&self, test: &Node, source: &str, before: &[Case]) -> Result<Case, Fault> {
        let keys = ["name", "event", "json", "file", "matches", "suppressed", "expect"];
        let [name, event, json, file, matches, suppressed, expect] = values(test, keys)?;
        let missing = |key: &str, remedy| Fault::new(test.place(), format!("this test has no `{key}`"), remedy);
        let name = name.ok_or_else(|| missing("name", "say in a few words what it shows: `name: …`"))?;
        let matches = matches.ok_or_else(|| missing("matches", "list the rules that must match; `[]` if none may"))?;
        let event = match (event, json, file) {
            (Some(event), None, None) => of_mapping(event),
            (None, Some(json), None) => of_json(json),
            (None, None, Some(file)) => self.of_file(file),
            (None, None, None) => Err(missing("event", "add one as `event: {…}`, `json: '{…}'` or `file: …`")),
            _ => {
                Err(Fault::new(test.place(), "this test has several events", "keep one of `event`, `json` and `file`"))
            }
        };
        let matches = self.rules("matches", matches)?;
        let suppressed = suppressed.map_or(Ok(BTreeSet::new()), |rules| self.suppressed(rules, &matches))?;
        Ok(Case {
            name: unused(name, before)?,
            line: memchr::memchr_iter(b'\n', &source.as_bytes()[..test.place().start]).count() + 1,
            event: event?.into(),
            matches,
            suppressed,
            expect: expect.map_or(Ok(Vec::new()), partial_event)?,
        })
    }

    fn suppressed(&self, rules: &Node, matches: &BTreeSet<String>) -> Result<BTreeSet<String>, Fault> {
        let suppressed = self.rules("suppressed", rules)?;
        if suppressed.is_disjoint(matches) {
            return Ok(suppressed);
        }
        Err(Fault::new(
            rules.place(),
            "a rule stands here and under `matches`",
            "keep it where it belongs, in one of the two",
        ))
    }

    /// The ids of the rules that are listed.
    fn rules(&self, key: &str, rules: &Node) -> Result<BTreeSet<String>, Fault> {
        let id = |rule: &Node| self.names.find(text(rule, "a rule's name")?, &rule.bytes).map(str::to_owned);
        let Value::List(rules) = &rules.value else {
            return Err(Fault::new(rules.place(), format!("`{key}` must be a list"), "put brackets around it: `[…]`"));
        };
        rules.iter().map(id).collect()
    }

    /// The event in a file's first line.
    fn of_file(&self, file: &Node) -> Result<Vec<u8>, Fault> {
        let path = text(file, "`file`")?;
        let mut event = fs::read(self.folder.join(path)).map_err(|error| {
            let what = format!("can't read `{path}`: {error}");
            Fault::new(file.bytes.clone(), what, "check the path; it is relative to the folder of this case file")
        })?;
        event.truncate(memchr::memchr(b'\n', &event).unwrap_or(event.len()));
        checked(event, file)
    }
}

fn tests(document: Option<&Node>) -> Result<&[Node], Fault> {
    let refuse =
        |bytes| Fault::new(bytes, "there is no list of tests", "begin with `tests:`, and below it `- name: …`");
    let document = document.ok_or_else(|| refuse(0..0))?;
    match values(document, ["tests"])? {
        [Some(Node { value: Value::List(tests), .. })] => Ok(tests),
        _ => Err(refuse(document.place())),
    }
}

/// The values of a mapping that has some of the `known` keys, and no others.
fn values<'n, const N: usize>(node: &'n Node, known: [&str; N]) -> Result<[Option<&'n Node>; N], Fault> {
    let Value::Mapping(entries) = &node.value else {
        let remedy = format!("give it keys: `{}`", known.join("`, `"));
        return Err(Fault::new(node.bytes.clone(), "this must be a mapping", remedy));
    };
    if let Some((key, _)) = entries.iter().find(|(key, _)| !known.contains(&&*key.name)) {
        let remedy = proposal(&key.name, known).unwrap_or_else(|| format!("use one of `{}`", known.join("`, `")));
        return Err(Fault::new(key.bytes.clone(), format!("unknown key `{}`", key.name), remedy));
    }
    Ok(known.map(|name| entries.iter().find(|(key, _)| key.name == name).map(|(_, value)| value)))
}

fn text<'n>(node: &'n Node, what: &str) -> Result<&'n str, Fault> {
    match &node.value {
        Value::Plain(text) | Value::Quoted(text) if !text.is_empty() => Ok(text),
        _ => Err(Fault::new(node.place(), format!("{what} must be text"), "put it in quotes")),
    }
}

fn unused(name: &Node, before: &[Case]) -> Result<String, Fault> {
    let text = text(name, "`name`")?;
    if before.iter().any(|case| case.name == text) {
        let what = format!("two tests are called `{text}`");
        return Err(Fault::new(name.bytes.clone(), what, "give each a name of its own"));
    }
    Ok(text.to_owned())
}

fn of_mapping(event: &Node) -> Result<Vec<u8>, Fault> {
    if !matches!(event.value, Value::Mapping(_)) {
        let remedy = "write a mapping, or the event's bytes as `json: '{…}'`";
        return Err(Fault::new(event.bytes.clone(), "`event` must be a mapping", remedy));
    }
    let mut json = Vec::new();
    event::write(event, &mut json);
    Ok(json)
}

/// What an event must hold.
fn partial_event(node: &Node) -> Result<Vec<Member>, Fault> {
    if !matches!(&node.value, Value::Mapping(entries) if !entries.is_empty()) {
        let remedy = "write what the event must hold when it goes on, such as `{rule.name: …}`";
        return Err(Fault::new(node.place(), "`expect` must be a mapping", remedy));
    }
    let mut json = Vec::new();
    event::write(node, &mut json);
    let partial = serde_json::from_slice(&json).map_err(|error| {
        Fault::new(node.place(), format!("`expect` can't be compared: {error}"), "use numbers that fit into 64 bits")
    })?;
    Ok(Member::all_of(partial))
}

fn of_json(json: &Node) -> Result<Vec<u8>, Fault> {
    // A block of text ends with a newline, which is no part of the event.
    checked(text(json, "`json`")?.trim_end_matches('\n').into(), json)
}

fn checked(event: Vec<u8>, node: &Node) -> Result<Vec<u8>, Fault> {
    match event::check(&event) {
        Ok(()) => Ok(event),
        Err(why) => {
            let what = format!("the event isn't one JSON object: {why}");
            Err(Fault::new(node.bytes.clone(), what, "correct it; an event that can't be read tests nothing"))
        }
    }
}
