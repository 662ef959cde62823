//! Which fields events have, as far as it is known: ECS, and what Elastic's public integrations add. Knows nothing of rules.

use std::collections::HashSet;
use std::sync::LazyLock;

use crate::suggest::nearest_within;

const TABLES: [&str; 2] = [include_str!("../data/ecs.txt"), include_str!("../data/beyond_ecs.txt")];
/// Ends of names that an index adds to a field for searches in another way; no event has them.
const MULTI_FIELDS: [&str; 3] = [".caseless", ".keyword", ".text"];

/// What is known of a name.
#[derive(Debug, PartialEq)]
pub(crate) enum Name {
    /// A field that events may have.
    Known,
    /// Only an index has it; events have this field.
    OfIndex(String),
    /// It has no value itself, but this field below it may have one.
    Object(&'static str),
    /// No schema has it; it may be meant as this one.
    Unknown(Option<&'static str>),
}

struct Schema {
    fields: HashSet<String>,
    /// Objects below which there may be anything.
    open: HashSet<String>,
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
    let mut schema = Schema { fields: HashSet::new(), open: HashSet::new() };
    for table in TABLES {
        table.lines().filter(|line| !line.starts_with('#')).for_each(|line| schema.add(line));
    }
    schema
});

/// What is known of the field `name`.
pub(crate) fn look_up(name: &str) -> Name {
    if SCHEMA.has(name) {
        return Name::Known;
    }
    if let Some(field) = MULTI_FIELDS.iter().find_map(|end| name.strip_suffix(end)).filter(|field| SCHEMA.has(field)) {
        return Name::OfIndex(field.to_owned());
    }
    let fields = || SCHEMA.fields.iter().map(String::as_str);
    let object = format!("{name}.");
    if let Some(field) = fields().filter(|field| field.starts_with(&object)).min() {
        return Name::Object(field);
    }
    // The longer a name, the more of its neighbours are names of their own.
    let slips = (name.len() / 4).clamp(1, 2);
    Name::Unknown(nearest_within(slips, name, sorted(fields())))
}

/// A set has its names in another order each time, and of those that are equally near the first is suggested.
fn sorted(names: impl Iterator<Item = &'static str>) -> Vec<&'static str> {
    let mut names: Vec<_> = names.collect();
    names.sort_unstable();
    names
}

impl Schema {
    /// Adds the members of one object, `object: member member.*`.
    fn add(&mut self, line: &str) {
        let Some((object, members)) = line.split_once(':') else { return };
        for member in members.split_whitespace() {
            let name = if object.is_empty() { member.to_owned() } else { format!("{object}.{member}") };
            match name.strip_suffix(".*") {
                Some(open) => self.open.insert(open.to_owned()),
                None => self.fields.insert(name),
            };
        }
    }

    fn has(&self, name: &str) -> bool {
        let mut objects = name.match_indices('.').map(|(end, _)| &name[..end]);
        self.fields.contains(name) || self.open.contains(name) || objects.any(|object| self.open.contains(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_known_or_one_is_suggested_that_is() {
        let of_index = |field: &str| Name::OfIndex(field.into());
        for (name, expected) in [
            ("@timestamp", Name::Known),
            ("process.parent.name", Name::Known),
            ("labels.team", Name::Known),
            ("winlog.event_data.AccessMask", Name::Known),
            ("process.Ext.token.integrity_level_name", Name::Known),
            ("process.nmae", Name::Unknown(Some("process.name"))),
            ("Process.Name", Name::Unknown(Some("process.name"))),
            ("process.commandline", Name::Unknown(Some("process.command_line"))),
            ("app.tenant", Name::Unknown(None)),
            ("process.name.caseless", of_index("process.name")),
            ("labels.team.text", Name::Known),
            ("process.thread", Name::Object("process.thread.capabilities.effective")),
        ] {
            assert_eq!(look_up(name), expected, "{name}");
        }
    }

    #[test]
    fn every_line_of_the_tables_is_an_object_with_members() {
        for line in TABLES.iter().flat_map(|table| table.lines()).filter(|line| !line.starts_with('#')) {
            let members = line.split_once(": ").map(|(_, members)| members);
            assert!(members.is_some_and(|members| members.split(' ').all(|member| !member.is_empty())), "{line}");
        }
    }
}
