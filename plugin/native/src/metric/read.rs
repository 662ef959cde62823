//! Looks a message's fields up by their numbers; knows no particular message.
//!
//! Source: "Encoding" in the Protocol Buffers documentation: the last of several fields wins, a missing number is 0,
//! and a list of numbers may come packed in one field, one by one, or both.

use crate::event::contents;
use crate::wire::{Content, Malformed, fields};

/// The number and the bytes of the last field whose number is one of a choice's (a `oneof`'s).
pub(crate) fn choice(message: &[u8], is_one: impl Fn(u32) -> bool) -> Result<Option<(u32, &[u8])>, Malformed> {
    let mut chosen = None;
    for field in fields(message) {
        match field? {
            field if !is_one(field.number) => {}
            field => match field.content {
                Content::Bytes(bytes) => chosen = Some((field.number, bytes)),
                _ => return Err(Malformed),
            },
        }
    }
    Ok(chosen)
}

/// A string or a message, if it is there.
pub(crate) fn bytes(message: &[u8], number: u32) -> Result<Option<&[u8]>, Malformed> {
    contents(message, number).try_fold(None, |_, content| content.map(Some))
}

/// An integer without a sign, or an enumeration.
pub(super) fn varint(message: &[u8], number: u32) -> Result<u64, Malformed> {
    Ok(varints(message, number)?.last().copied().unwrap_or_default())
}

/// A `double`.
pub(super) fn double(message: &[u8], number: u32) -> Result<f64, Malformed> {
    Ok(doubles(message, number)?.last().copied().unwrap_or_default())
}

/// A list of varints.
pub(super) fn varints(message: &[u8], number: u32) -> Result<Vec<u64>, Malformed> {
    let mut list = Vec::new();
    for field in fields(message) {
        match field? {
            field if field.number != number => {}
            field => match field.content {
                Content::Varint(value) => list.push(value),
                // A varint ends with its first byte that has no high bit.
                Content::Bytes(packed) => {
                    for bytes in packed.split_inclusive(|byte| byte & 0x80 == 0) {
                        list.push(unpack(bytes)?);
                    }
                }
                _ => return Err(Malformed),
            },
        }
    }
    Ok(list)
}

fn unpack(varint: &[u8]) -> Result<u64, Malformed> {
    match varint {
        [.., last] if last & 0x80 == 0 && varint.len() <= 10 => {
            Ok(varint.iter().rev().fold(0, |value, byte| value << 7 | u64::from(byte & 0x7f)))
        }
        _ => Err(Malformed),
    }
}

/// A list of `double`s.
pub(super) fn doubles(message: &[u8], number: u32) -> Result<Vec<f64>, Malformed> {
    let mut list = Vec::new();
    for field in fields(message) {
        match field? {
            field if field.number != number => {}
            field => match field.content {
                Content::Fixed64(bits) => list.push(f64::from_bits(bits)),
                Content::Bytes(packed) => {
                    let (doubles, []) = packed.as_chunks() else { return Err(Malformed) };
                    list.extend(doubles.iter().copied().map(f64::from_le_bytes));
                }
                _ => return Err(Malformed),
            },
        }
    }
    Ok(list)
}
