//! Writes a metric as Vector's `json` codec does, by default with one value a tag; knows nothing of logs and traces.
//!
//! Sources: Vector's `lib/vector-core/proto/event.proto` for the numbers, `lib/vector-core/src/event/metric/*.rs` for
//! the names, their order and the tags, `lib/codecs/src/encoding/format/json.rs` for the default.

use std::collections::BTreeMap;

use self::read::{bytes, choice, varint};
use crate::decode::{write_string, write_timestamp};
use crate::event::{contents, entries};
use crate::wire::Malformed;

pub(crate) mod read;
mod value;

/// Appends a `Metric` message, which must have a value, as a JSON object; after an error, a part of it.
pub(crate) fn write_metric(metric: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    let (kind, value) = choice(metric, value::is_kind)?.ok_or(Malformed)?;
    out.extend_from_slice(br#"{"name":"#);
    write_string(bytes(metric, 1)?.unwrap_or_default(), out);
    // Vector takes an empty namespace, like an interval of 0, for none.
    if let Some(namespace) = bytes(metric, 11)?.filter(|it| !it.is_empty()) {
        out.extend_from_slice(br#","namespace":"#);
        write_string(namespace, out);
    }
    write_tags(&tags(metric)?, out);
    if let Some(timestamp) = bytes(metric, 2)? {
        out.extend_from_slice(br#","timestamp":"#);
        write_timestamp(timestamp, out)?;
    }
    let interval = match varint(metric, 18)? {
        0 => String::new(),
        interval => format!(r#","interval_ms":{interval}"#),
    };
    let growth = if varint(metric, 4)? == 1 { "absolute" } else { "incremental" };
    let value = value::to_json(kind, value)?;
    out.extend_from_slice(format!(r#"{interval},"kind":"{growth}",{value}}}"#).as_bytes());
    Ok(())
}

fn write_tags(tags: &BTreeMap<&[u8], &[u8]>, out: &mut Vec<u8>) {
    if tags.is_empty() {
        return;
    }
    out.extend_from_slice(br#","tags":"#);
    let mut before = b'{';
    for (key, value) in tags {
        out.push(before);
        write_string(key, out);
        out.push(b':');
        write_string(value, out);
        before = b',';
    }
    out.push(b'}');
}

/// The last value of each tag that has one. Vector sends all values of a tag in field 20, and its last one also in
/// field 3, where versions before 0.26 look for it.
fn tags(metric: &[u8]) -> Result<BTreeMap<&[u8], &[u8]>, Malformed> {
    let mut tags = BTreeMap::new();
    for tag in entries(metric, 20) {
        let tag = tag?;
        if let Some(value) = last_value(tag.value)? {
            tags.insert(tag.key, value);
        }
    }
    for tag in entries(metric, 3) {
        let tag = tag?;
        tags.insert(tag.key, tag.value);
    }
    Ok(tags)
}

fn last_value(values: &[u8]) -> Result<Option<&[u8]>, Malformed> {
    contents(values, 1).try_fold(None, |last, value| Ok(bytes(value?, 1)?.or(last)))
}

#[cfg(test)]
mod tests;
