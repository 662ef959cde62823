//! What a tag adds to an event, by path instead of by position: for events that aren't JSON bytes.

use std::ops::Range;

use serde_json::{Map, Value};

use super::NotAnObject;
use super::cursor::{Cursor, decode};
use super::verdict::value_of;

/// What one object or value of an event gets.
#[derive(Clone, Debug, PartialEq)]
pub struct Addition {
    /// The keys that lead to it from the event, which is itself at no keys.
    pub path: Vec<String>,
    /// What it gets.
    pub change: Change,
}

/// How an object or a value is added to.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// The object gets these members; it has none of them yet.
    Members(Map<String, Value>),
    /// The array gets these elements, after its own.
    Elements(Vec<Value>),
    /// The value becomes an array of itself and of these.
    Wrap(Vec<Value>),
}

impl Addition {
    /// Adds `items` to the container whose last item ends at `at`; nothing if it is hidden.
    pub(super) fn into_container(event: &[u8], at: usize, items: &str) -> Result<Option<Self>, NotAnObject> {
        // The bytes beside the position, which are still inside the container, but not both inside one item.
        Ok(find(event, &(at - 1..at + 1))?.map(|found| {
            let change = match event[found.start] {
                b'[' => Change::Elements(value_of(&format!("[{items}]"))),
                _ => Change::Members(value_of(&format!("{{{items}}}"))),
            };
            Self { path: found.path, change }
        }))
    }

    /// Wraps the value at `span` in an array, with `elements` after it; nothing if it is hidden.
    pub(super) fn around(event: &[u8], span: &Range<usize>, elements: &str) -> Result<Option<Self>, NotAnObject> {
        let change = Change::Wrap(value_of(&format!("[{elements}]")));
        Ok(find(event, span)?.map(|found| Self { path: found.path, change }))
    }
}

/// A value of an event.
struct Found {
    path: Vec<String>,
    start: usize,
}

/// The innermost value around `span` that objects alone lead to. `None` if a later one with the same key hides it from
/// readers of the last of equal keys.
fn find(event: &[u8], span: &Range<usize>) -> Result<Option<Found>, NotAnObject> {
    let mut cursor = Cursor::new(event)?;
    let mut found = Found { path: Vec::new(), start: cursor.position() };
    while cursor.peek() == Some(b'{') {
        let mut inner = None;
        let mut hidden = false;
        cursor.members(|cursor, key| {
            let (key, value) = (decode(key), cursor.skip_value()?);
            hidden |= inner.as_ref().is_some_and(|(earlier, _)| *earlier == key);
            if value.start <= span.start && span.end <= value.end {
                inner = Some((key, value.start));
            }
            Ok(())
        })?;
        if hidden {
            return Ok(None);
        }
        let Some((key, start)) = inner else { break };
        found.path.push(String::from_utf8_lossy(&key).into_owned());
        found.start = start;
        cursor = Cursor::again(event, start);
    }
    Ok(Some(found))
}
