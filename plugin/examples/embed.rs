//! A shipper that has a type of its own for events, and lets Weir judge and tag them: `cargo run --example embed`.

use std::collections::BTreeMap;

use serde::Serialize;
use weir::{Detector, Event, Verdict};

/// The shipper's own values.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Field {
    Text(String),
    Number(i64),
    List(Vec<Field>),
    Map(BTreeMap<String, Field>),
    Nothing,
}

/// The shipper's own event.
#[derive(Debug, Serialize)]
struct Record(BTreeMap<String, Field>);

impl Event for Record {
    fn members(&self) -> Option<impl Iterator<Item = (&str, impl Serialize)>> {
        Some(self.0.iter().map(|(key, field)| (key.as_str(), field)))
    }

    fn set(&mut self, path: &[&str], value: serde_json::Value) {
        *place(&mut self.0, path) = value.into();
    }

    fn push_all(&mut self, path: &[&str], values: Vec<serde_json::Value>) {
        let field = place(&mut self.0, path);
        let mut list = match std::mem::replace(field, Field::Nothing) {
            Field::List(list) => list,
            other => vec![other],
        };
        list.extend(values.into_iter().map(Field::from));
        *field = Field::List(list);
    }
}

fn place<'f>(map: &'f mut BTreeMap<String, Field>, path: &[&str]) -> &'f mut Field {
    let field = map.entry(path[0].to_owned()).or_insert(Field::Nothing);
    match (path, field) {
        ([_], field) => field,
        ([_, rest @ ..], Field::Map(inner)) => place(inner, rest),
        _ => unreachable!("all keys but the last lead to a map"),
    }
}

impl From<serde_json::Value> for Field {
    fn from(value: serde_json::Value) -> Self {
        match value {
            serde_json::Value::String(text) => Self::Text(text),
            serde_json::Value::Number(number) => Self::Number(number.as_i64().unwrap_or_default()),
            serde_json::Value::Array(list) => Self::List(list.into_iter().map(Self::from).collect()),
            serde_json::Value::Object(map) => {
                Self::Map(map.into_iter().map(|(key, value)| (key, value.into())).collect())
            }
            // A tag has none of these.
            serde_json::Value::Null | serde_json::Value::Bool(_) => Self::Nothing,
        }
    }
}

pub(crate) fn main() -> Result<(), weir::DetectorError> {
    let detector = Detector::shipped()?;
    let started = |name: &str| {
        let fields =
            [("event.category", "process"), ("event.type", "start"), ("container.id", "7d1f"), ("process.name", name)];
        Record(fields.map(|(key, text)| (key.to_owned(), Field::Text(text.to_owned()))).into())
    };
    let mut records = [started("bash"), started("docker")];
    for (record, verdict) in detector.tag(&mut records).into_iter().enumerate() {
        let Verdict::Matches(rules) = verdict else { continue };
        for rule in rules {
            println!("record {record} matches: {}", detector.rules()[rule as usize].name);
        }
    }
    println!("{}", serde_json::to_string_pretty(&records[1]).expect("a record is JSON"));
    Ok(())
}
