//! What a case expects an event to hold, and whether it does. Sees members as rules see fields: nested, dotted or mixed
//! names are one, and a list is its items.

use std::fmt;

use serde_json::Value;

/// A member of an event with one of its values; `null` if it has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The dotted name.
    pub path: String,
    /// The value.
    pub value: Value,
}

impl Member {
    /// Everything that a partial event says: each value of a list by itself, and objects in lists whole.
    pub(super) fn all_of(partial: Value) -> Vec<Self> {
        let mut members = Vec::new();
        spread(String::new(), partial, &mut members);
        members
    }

    /// What the event holds under the same name.
    pub(super) fn found_in(&self, event: &Value) -> Self {
        let value = match Found::look_up(event, &self.path).values[..] {
            [] => Value::Null,
            [only] => only.clone(),
            ref values => values.iter().copied().cloned().collect(),
        };
        Self { path: self.path.clone(), value }
    }

    /// Does the event hold this value, maybe among others?
    pub(super) fn is_in(&self, event: &Value) -> bool {
        let found = Found::look_up(event, &self.path);
        match &self.value {
            Value::Null => found.values.is_empty() && !found.goes_on,
            expected => found.values.into_iter().any(|value| holds(value, expected)),
        }
    }
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.value)
    }
}

fn spread(path: String, value: Value, members: &mut Vec<Member>) {
    match value {
        Value::Object(entries) if !entries.is_empty() => {
            for (name, value) in entries {
                let path = if path.is_empty() { name } else { format!("{path}.{name}") };
                spread(path, value, members);
            }
        }
        // To a rule, a field with an empty list has no value.
        Value::Array(items) if items.is_empty() => members.push(Member { path, value: Value::Null }),
        Value::Array(items) => members.extend(items.into_iter().map(|value| Member { path: path.clone(), value })),
        value => members.push(Member { path, value }),
    }
}

/// What there is under a dotted name.
#[derive(Default)]
struct Found<'v> {
    values: Vec<&'v Value>,
    /// Is the name the beginning of a longer one?
    goes_on: bool,
}

impl<'v> Found<'v> {
    fn look_up(event: &'v Value, path: &str) -> Self {
        let mut found = Self::default();
        found.search(event, path);
        found
    }

    fn search(&mut self, node: &'v Value, path: &str) {
        match node {
            Value::Array(items) => items.iter().for_each(|item| self.search(item, path)),
            Value::Object(entries) => entries.iter().for_each(|(name, value)| match path.strip_prefix(name.as_str()) {
                Some("") => self.add(value),
                Some(rest) => rest.strip_prefix('.').into_iter().for_each(|rest| self.search(value, rest)),
                None => self.goes_on |= name.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')),
            }),
            _ => {}
        }
    }

    fn add(&mut self, value: &'v Value) {
        match value {
            Value::Null => {}
            Value::Array(items) => items.iter().for_each(|item| self.add(item)),
            value => self.values.push(value),
        }
    }
}

fn holds(value: &Value, expected: &Value) -> bool {
    match expected {
        Value::Object(entries) => {
            let mut members = Member::all_of(expected.clone()).into_iter();
            value.is_object() && (entries.is_empty() || members.all(|member| member.is_in(value)))
        }
        _ => value == expected,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn holds_all(event: &Value, partial: Value) -> bool {
        Member::all_of(partial).iter().all(|member| member.is_in(event))
    }

    #[test]
    fn an_event_holds_part_of_itself_however_the_names_are_written() {
        let event = json!({
            "rule": {"id": "a", "none": null, "nothing": []},
            "threat.technique": {"id": ["T1", "T2"]},
            "weir": {"matches": [{"rule": {"id": "a"}, "score": 21}, {"rule": {"id": "b"}, "score": 47}]},
        });
        for held in [
            json!({"rule": {"id": "a"}}),
            json!({"rule.id": "a", "threat": {"technique.id": "T2"}}),
            json!({"threat": {"technique": {"id": ["T2"]}}}),
            json!({"weir": {"matches": [{"rule.id": "b", "score": 47}]}}),
            json!({"weir.matches.rule.id": ["b", "a"]}),
            json!({"weir": {"matches": {"score": 47}}}),
            json!({"weir": {"matches": [{}]}}),
            json!({"tags": null, "rul": null, "rule": {"none": null, "nothing": null, "name": []}}),
        ] {
            assert!(holds_all(&event, held.clone()), "{held}");
        }
        for not_held in [
            json!({"rule": {"id": "b"}}),
            json!({"rule.id": null}),
            json!({"rule": null}),
            json!({"threat": null}),
            json!({"rule.id": {}}),
            json!({"threat.technique.id": [{"none": null}]}),
            json!({"rule": "a"}),
            json!({"rule.i": "a"}),
            json!({"ule.id": "a"}),
            json!({"threat.technique.id": ["T1", "T3"]}),
            json!({"weir": {"matches": [{"rule.id": "b", "score": 21}]}}),
            json!({"weir": {"matches": [{"score": "21"}]}}),
        ] {
            assert!(!holds_all(&event, not_held.clone()), "{not_held}");
        }
    }

    #[test]
    fn a_member_is_shown_with_what_the_event_holds_under_its_name() {
        let event = json!({"a": [{"b": 1}, {"b": [2, null]}], "c.d": "x"});
        for (path, shown) in [("a.b", "a.b: [1,2]"), ("c.d", "c.d: \"x\""), ("c", "c: null")] {
            let member = Member { path: path.into(), value: Value::Null };
            assert_eq!(member.found_in(&event).to_string(), shown);
        }
    }
}
