//! A rule's condition with its verdicts on an event, and the values that they come from.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use weir::rules::Refusal;
use weir_engine::program::Folding;
use weir_engine::{Detector, FieldValue};
use weir_eql::{Mapping, Node, RuleFile, Tree};

use crate::command::Failure;

pub(super) struct Explanation<'r> {
    pub(super) rule: &'r RuleFile,
    pub(super) tree: Tree<'r>,
    /// By node.
    pub(super) verdicts: Vec<bool>,
    /// Each that the condition reads.
    fields: BTreeMap<String, Vec<Held>>,
}

/// A value of a field.
struct Held {
    value: FieldValue,
    /// The verdicts by node on an event that holds nothing else.
    alone: Vec<bool>,
}

/// What a test has read of a field.
pub(super) struct Read<'e> {
    pub(super) name: String,
    /// The values by which it has its verdict.
    pub(super) decisive: Vec<&'e FieldValue>,
    /// Those without a part in it.
    pub(super) others: Vec<&'e FieldValue>,
}

impl<'r> Explanation<'r> {
    /// Judges an event by a rule's condition, and each value of the event by itself; `None` if the event is malformed, or
    /// too much.
    pub(super) fn new(rule: &'r RuleFile, mappings: &'r [Mapping], event: &[u8]) -> Result<Option<Self>, Failure> {
        let tree = Tree::mapped(rule, mappings, Folding::Unicode).map_err(|wrong| Failure::input(Refusal(wrong)))?;
        let detector = tree.detector().map_err(Failure::input)?;
        let names: BTreeSet<_> = tree.nodes.iter().flat_map(Node::fields).collect();
        let names: Vec<_> = names.into_iter().collect();
        let Some(verdicts) = weir_eql::verdicts(&detector, event) else { return Ok(None) };
        let Some(values) = weir_engine::values(event, &names) else { return Ok(None) };
        let fields = names.into_iter().zip(values).map(|(name, values)| {
            let held = values.into_iter().map(|value| Some(Held { alone: alone(&detector, &name, &value)?, value }));
            let held = held.collect::<Option<_>>()?;
            Some((name, held))
        });
        let fields = fields.collect::<Option<_>>();
        Ok(fields.map(|fields| Self { rule, verdicts, fields, tree }))
    }

    /// What a test has read. Where it reads several fields, their values decide together.
    pub(super) fn read(&self, number: usize) -> Vec<Read<'_>> {
        let node = &self.tree.nodes[number];
        let names = if node.is_test() { node.fields() } else { Vec::new() };
        let decides = |held: &&Held| held.alone[number] == self.verdicts[number];
        let decides_alone = names.len() == 1;
        let read = |name: String| {
            let held = self.fields[&name].iter();
            let (decisive, others) = held.partition(|held| !decides_alone || decides(held));
            Read { name, decisive: values(decisive), others: values(others) }
        };
        names.into_iter().map(read).collect()
    }
}

fn values(held: Vec<&Held>) -> Vec<&FieldValue> {
    held.into_iter().map(|held| &held.value).collect()
}

/// The verdicts on an event that holds just this value, unless even that is too much.
fn alone(detector: &Detector, field: &str, value: &FieldValue) -> Option<Vec<bool>> {
    let value = match value {
        FieldValue::Text(text) => Value::from(text.as_str()).to_string(),
        FieldValue::Number(number) => number.clone(),
        FieldValue::Bool(value) => value.to_string(),
    };
    let event = format!("{{{}:{value}}}", Value::from(field));
    weir_eql::verdicts(detector, event.as_bytes())
}
