//! Turns a line of JSON into an event on Vector's wire, and such an event into a line, where one end of the pipeline
//! has lines and the other speaks Vector's protocol; knows nothing of how the messages are sent.
//!
//! Sources: Vector's `lib/vector-core/proto/event.proto` for the messages, `lib/vector-core/src/event/proto.rs` for how
//! it sends them, `lib/codecs/src/{decoding,encoding}/format/json.rs` for what its `json` codec makes of them.

use serde_json::Value;

use crate::decode::{write_map, write_value};
use crate::encode::{put_entry, put_message};
use crate::metric::read::{bytes, choice};
use crate::metric::write_metric;
use crate::push::Push;
use crate::wire::{Malformed, put_bytes};

/// How many messages Vector lets the values of an event be nested in, so that none reaches the limit of 100 of its
/// decoder, prost, beyond which it refuses the whole request.
///
/// Source: `MAX_VALUE_NESTING_FRAMES` in Vector's `lib/vector-core/src/event/ser.rs`.
const MAX_NESTING: u32 = 96;
/// `Value`, `ValueMap` and the map's entry.
const OBJECT_NESTING: u32 = 3;
/// `Value` and `ValueArray`.
const ARRAY_NESTING: u32 = 2;

/// Appends `line` as an event of a `PushEventsRequest`: a log with the members of the line's object as its fields.
///
/// A line that isn't a JSON object, or is one that Vector would refuse, becomes the log's `message` as it is, so that
/// nothing is lost.
pub fn to_native(line: &[u8], out: &mut Vec<u8>) {
    // Numbers beyond the largest float are an error here, so no float is infinite or NaN, which Vector can't take.
    let parsed = serde_json::from_slice(line).ok().filter(|value| fits(value, MAX_NESTING));
    let Some(Value::Object(members)) = parsed else { return put_log(out, |log| put_raw(log, line)) };
    let start = out.len();
    put_log(out, |log| members.iter().for_each(|(key, value)| put_entry(log, 1, key, value)));
    // Small numbers take more on the wire than in JSON.
    if out.len() - start > Push::MAX_BYTES {
        out.truncate(start);
        put_log(out, |log| put_raw(log, line));
    }
}

fn put_log(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    put_message(out, 1, |wrapper| put_message(wrapper, 1, write));
}

/// Is `value` nested in at most `limit` messages?
fn fits(value: &Value, limit: u32) -> bool {
    let inside = |taken| limit.checked_sub(taken);
    match value {
        Value::Object(members) => {
            inside(OBJECT_NESTING).is_some_and(|limit| members.values().all(|it| fits(it, limit)))
        }
        Value::Array(elements) => inside(ARRAY_NESTING).is_some_and(|limit| elements.iter().all(|it| fits(it, limit))),
        _ => true,
    }
}

/// Appends the field `message`, whose value needn't be UTF-8.
fn put_raw(log: &mut Vec<u8>, line: &[u8]) {
    put_message(log, 1, |entry| {
        put_bytes(entry, 1, b"message");
        put_message(entry, 2, |value| put_bytes(value, 1, line));
    });
}

/// Appends the event in `wrapper`, an `EventWrapper` message, as one line of JSON without its newline, as Vector's
/// `json` codec writes it. Of a log or a trace that's the fields alone. After an error `out` is as it was before.
pub fn to_line(wrapper: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    let start = out.len();
    write_event(wrapper, out).inspect_err(|_| out.truncate(start))
}

fn write_event(wrapper: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    match choice(wrapper, |number| matches!(number, 1..=3))? {
        Some((1, log)) => match bytes(log, 2)? {
            // A root that isn't an object; the fields then hold nothing but a filler.
            Some(root) => write_value(root, 0, out),
            None => write_map(log, 1, 0, out),
        },
        Some((2, metric)) => write_metric(metric, out),
        Some((_, trace)) => write_map(trace, 1, 0, out),
        None => Err(Malformed),
    }
}

#[cfg(test)]
mod tests;
