//! Tags an event on the wire with what was found, by adding to it; which additions those are is the engine's to say.
//!
//! Everything that the event holds stays byte for byte as it came, and in its order; only the lengths of the messages
//! around an addition change. New entries come last in their map's message, and new elements last in their array's.

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use serde_json::Value;
use weir_engine::tag::{Addition, Change, Match, NotAnObject, Tagger, has_a_say, unjudged_additions};

use crate::decode::write_object;
use crate::encode::{put_entry, put_message, put_value};
use crate::event::{
    ARRAY, ENTRY, ENTRY_VALUE, Entry, ITEM, Kind, LOG, MAP, VALUE, entries, kind, log, read_entry, value,
};
use crate::wire::{Content, Malformed, fields, put_bytes};

/// What a tag usually needs, in bytes.
const ROOM: usize = 1024;

/// Nothing can be added to an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("event isn't a log whose root is an object; pass it on as it came")]
pub struct NotALog;

/// Appends `wrapper`, an `EventWrapper`, tagged with its `matches`. Tagging once more with the same adds nothing. On an
/// error nothing is appended.
///
/// # Panics
/// If one of `matches` has a number that no rule or no exception of `tagger` has.
pub fn tagged(wrapper: &[u8], tagger: &Tagger, matches: &[Match], out: &mut Vec<u8>) -> Result<(), NotALog> {
    add_all(wrapper, tagger.additions(&told(wrapper)?, matches)?, out)
}

/// Appends `wrapper`, an `EventWrapper`, with `weir.unjudged` set to `reason`, unless it has one. On an error nothing is
/// appended.
pub fn marked(wrapper: &[u8], reason: &str, out: &mut Vec<u8>) -> Result<(), NotALog> {
    add_all(wrapper, unjudged_additions(&told(wrapper)?, reason)?, out)
}

/// The part of the event that has a say in what is added to it, as JSON.
fn told(wrapper: &[u8]) -> Result<Vec<u8>, NotALog> {
    let log = log(wrapper)?.ok_or(NotALog)?;
    let map = match value(log)?.map(kind).transpose()? {
        None => log,
        Some(Kind::Map(map)) => map,
        Some(_) => return Err(NotALog),
    };
    let has_a_say = |entry: &Entry<'_>| has_a_say(entry.key);
    let telling = entries(map, ENTRY).filter(|entry| entry.as_ref().map_or(true, has_a_say));
    let mut json = Vec::new();
    write_object(telling, 0, &mut json)?;
    Ok(json)
}

fn add_all(wrapper: &[u8], additions: Vec<Addition>, out: &mut Vec<u8>) -> Result<(), NotALog> {
    let mut wrapper = Cow::Borrowed(wrapper);
    for addition in &additions {
        let mut added = Vec::with_capacity(wrapper.len() + ROOM);
        add(&wrapper, addition, &mut added)?;
        wrapper = Cow::Owned(added);
    }
    out.extend_from_slice(&wrapper);
    Ok(())
}

fn add(wrapper: &[u8], Addition { path, change }: &Addition, out: &mut Vec<u8>) -> Result<(), Malformed> {
    copy_but(
        wrapper,
        LOG,
        |_| true,
        out,
        |log, out| {
            if value(log)?.is_none() {
                return add_to_map(log, path, change, out);
            }
            copy_but(log, VALUE, |_| true, out, |value, out| add_to_value(value, path, change, out))
        },
    )
}

/// Appends `message`, whose entries are a map's, with `change` made at `path`.
fn add_to_map(message: &[u8], path: &[String], change: &Change, out: &mut Vec<u8>) -> Result<(), Malformed> {
    if let [key, path @ ..] = path {
        let has_key = |entry: &[u8]| read_entry(entry).is_ok_and(|entry| entry.key == key.as_bytes());
        return copy_but(message, ENTRY, has_key, out, |entry, out| {
            copy_but(entry, ENTRY_VALUE, |_| true, out, |value, out| add_to_value(value, path, change, out))
        });
    }
    out.extend_from_slice(message);
    if let Change::Members(members) = change {
        members.iter().for_each(|(key, value)| put_entry(out, ENTRY, key, value));
    }
    Ok(())
}

/// Appends `value`, a `Value`, with `change` made at `path`.
fn add_to_value(value: &[u8], path: &[String], change: &Change, out: &mut Vec<u8>) -> Result<(), Malformed> {
    match change {
        Change::Elements(elements) if path.is_empty() => copy_but(
            value,
            ARRAY,
            |_| true,
            out,
            |array, out| {
                out.extend_from_slice(array);
                elements.iter().for_each(|element| put_value(out, ITEM, element));
                Ok(())
            },
        ),
        Change::Wrap(elements) if path.is_empty() => {
            put_message(out, ARRAY, |out| {
                match value {
                    // Vector drops an array with an element that holds nothing.
                    [] => put_value(out, ITEM, &Value::Null),
                    _ => put_bytes(out, ITEM, value),
                }
                elements.iter().for_each(|element| put_value(out, ITEM, element));
            });
            Ok(())
        }
        _ => copy_but(value, MAP, |_| true, out, |map, out| add_to_map(map, path, change, out)),
    }
}

/// Appends `message`, but for the last of its fields `number` whose content is `wanted`: `write` appends that content
/// anew. A field that isn't there is an empty one at the end.
fn copy_but(
    message: &[u8],
    number: u32,
    wanted: impl Fn(&[u8]) -> bool,
    out: &mut Vec<u8>,
    write: impl FnOnce(&[u8], &mut Vec<u8>) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    let mut end = 0;
    let (mut span, mut content) = (message.len()..message.len(), &[][..]);
    for field in fields(message) {
        let field = field?;
        let start = end;
        end += field.whole.len();
        match field.content {
            Content::Bytes(bytes) if field.number == number && wanted(bytes) => (span, content) = (start..end, bytes),
            _ => {}
        }
    }
    let mut written = Ok(());
    out.extend_from_slice(&message[..span.start]);
    put_message(out, number, |out| written = write(content, out));
    out.extend_from_slice(&message[span.end..]);
    written
}

impl From<Malformed> for NotALog {
    fn from(_: Malformed) -> Self {
        Self
    }
}

impl From<NotAnObject> for NotALog {
    fn from(_: NotAnObject) -> Self {
        Self
    }
}
