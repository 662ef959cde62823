//! Writes Vector's values as JSON text, spelt as Vector spells them; knows nothing of which value is whose.

use std::collections::BTreeMap;

use crate::event::{ENTRY, Entry, ITEM, Kind, kind};
use crate::event::{contents, entries};
use crate::wire::Malformed;

pub mod timestamp;

pub(crate) use self::timestamp::write_timestamp;

/// How many maps and arrays may stand inside one another. Vector sends fewer: 96 is its limit of messages, of which a
/// map or an array is two or three.
const MAX_NESTING: u32 = 96;

/// Appends `value`, a `Value` inside `depth` maps and arrays, as JSON.
pub(crate) fn write_value(value: &[u8], depth: u32, out: &mut Vec<u8>) -> Result<(), Malformed> {
    match kind(value)? {
        Kind::RawBytes(bytes) => write_string(bytes, out),
        Kind::Timestamp(message) => write_timestamp(message, out)?,
        Kind::Integer(integer) => written(serde_json::to_writer(out, &integer)),
        // One that isn't finite becomes `null`, as in Vector's JSON.
        Kind::Float(float) => written(serde_json::to_writer(out, &float)),
        Kind::Boolean(boolean) => written(serde_json::to_writer(out, &boolean)),
        Kind::Map(message) => write_map(message, ENTRY, depth, out)?,
        Kind::Array(message) => write_array(message, depth, out)?,
        Kind::Null => out.extend_from_slice(b"null"),
    }
    Ok(())
}

/// Appends `bytes` as a JSON string; what isn't UTF-8 in it becomes U+FFFD.
pub(crate) fn write_string(bytes: &[u8], out: &mut Vec<u8>) {
    written(match std::str::from_utf8(bytes) {
        Ok(text) => serde_json::to_writer(out, text),
        Err(_) => serde_json::to_writer(out, &*String::from_utf8_lossy(bytes)),
    });
}

/// Appends the map whose entries are the fields `number` of `message`, and which is inside `depth` maps and arrays, as a
/// JSON object. Of entries with the same key the last one counts.
pub(crate) fn write_map(message: &[u8], number: u32, depth: u32, out: &mut Vec<u8>) -> Result<(), Malformed> {
    write_object(entries(message, number), depth, out)
}

/// Appends a map of `entries`, as [`write_map`] does.
pub(crate) fn write_object<'a>(
    entries: impl Iterator<Item = Result<Entry<'a>, Malformed>>,
    depth: u32,
    out: &mut Vec<u8>,
) -> Result<(), Malformed> {
    let depth = deeper(depth)?;
    out.push(b'{');
    for (position, Entry { key, value }) in last_entries(entries)?.into_iter().enumerate() {
        if position > 0 {
            out.push(b',');
        }
        written(serde_json::to_writer(&mut *out, std::str::from_utf8(key).map_err(|_| Malformed)?));
        out.push(b':');
        write_value(value, depth, out)?;
    }
    out.push(b'}');
    Ok(())
}

/// The entries that count: the last one of each key. They are sorted by key, as Vector's JSON is.
pub(crate) fn last_entries<'a>(
    entries: impl Iterator<Item = Result<Entry<'a>, Malformed>>,
) -> Result<Vec<Entry<'a>>, Malformed> {
    let entries = entries.collect::<Result<Vec<_>, _>>()?;
    // Vector writes its maps sorted, and then no two keys are equal.
    if entries.is_sorted_by(|one, next| one.key < next.key) {
        return Ok(entries);
    }
    let last: BTreeMap<&[u8], &[u8]> = entries.into_iter().map(|entry| (entry.key, entry.value)).collect();
    Ok(last.into_iter().map(|(key, value)| Entry { key, value }).collect())
}

fn write_array(message: &[u8], depth: u32, out: &mut Vec<u8>) -> Result<(), Malformed> {
    let depth = deeper(depth)?;
    out.push(b'[');
    for (position, item) in contents(message, ITEM).enumerate() {
        if position > 0 {
            out.push(b',');
        }
        write_value(item?, depth, out)?;
    }
    out.push(b']');
    Ok(())
}

/// The depth inside a map or an array that is itself at `depth`.
pub(crate) fn deeper(depth: u32) -> Result<u32, Malformed> {
    if depth < MAX_NESTING { Ok(depth + 1) } else { Err(Malformed) }
}

fn written(scalar: serde_json::Result<()>) {
    scalar.expect("a scalar has a JSON form, and a Vec takes it");
}

#[cfg(test)]
mod tests;
