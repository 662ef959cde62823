//! Tells a machine why a rule judged an event as it did.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Number, Value};
use weir_engine::FieldValue;
use weir_eql::{Kind, Nearest, Place};

use super::explanation::{Explanation, Read};
use crate::report::write_json;

#[derive(Serialize)]
struct Told<'e> {
    rule: Rule<'e>,
    matches: bool,
    condition: Node<'e>,
    /// The tests that by themselves make the verdict.
    decisive: Vec<usize>,
    /// The fewest tests that would have to be otherwise for another verdict; null if none would do, or there are too many to
    /// try.
    nearest: Option<Vec<usize>>,
}

#[derive(Serialize)]
struct Rule<'e> {
    id: &'e str,
    name: &'e str,
    file: String,
}

#[derive(Serialize)]
struct Node<'e> {
    /// Its number, from 0 at the root.
    node: usize,
    kind: Kind,
    text: &'e str,
    /// In the rule file.
    #[serde(flatten)]
    place: Place,
    holds: bool,
    /// What a test reads.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<Field>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    children: Vec<Node<'e>>,
}

#[derive(Serialize)]
struct Field {
    name: String,
    /// The values by which the test has its verdict.
    decisive: Vec<Value>,
    /// Those without a part in it.
    others: Vec<Value>,
}

/// Writes one object.
pub(super) fn write(explanation: &Explanation<'_>, out: &mut impl Write) -> io::Result<()> {
    let Explanation { rule, tree, verdicts, .. } = explanation;
    let told = Told {
        rule: Rule { id: &rule.meta().id, name: &rule.meta().name, file: rule.path().to_string_lossy().into_owned() },
        matches: verdicts[0],
        condition: node(explanation, 0),
        decisive: tree.decisive(verdicts),
        nearest: match tree.nearest(verdicts) {
            Nearest::Tests(tests) => Some(tests),
            Nearest::Nothing | Nearest::Untried => None,
        },
    };
    write_json(&told, out)
}

fn node<'e>(explanation: &'e Explanation<'_>, number: usize) -> Node<'e> {
    let node = &explanation.tree.nodes[number];
    Node {
        node: number,
        kind: node.kind,
        text: &node.text,
        place: node.place,
        holds: explanation.verdicts[number],
        fields: explanation.read(number).into_iter().map(field).collect(),
        children: node.children.iter().map(|child| self::node(explanation, *child)).collect(),
    }
}

fn field(read: Read<'_>) -> Field {
    let values = |values: Vec<&FieldValue>| values.into_iter().map(value).collect();
    Field { name: read.name, decisive: values(read.decisive), others: values(read.others) }
}

/// A number that JSON's readers can't hold is told as text.
fn value(value: &FieldValue) -> Value {
    match value {
        FieldValue::Text(text) => Value::from(text.as_str()),
        FieldValue::Number(number) => {
            number.parse::<Number>().map_or_else(|_| Value::from(number.as_str()), Value::from)
        }
        FieldValue::Bool(value) => Value::from(*value),
    }
}
