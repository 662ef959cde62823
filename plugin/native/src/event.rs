//! Reads the messages that an event is made of, down to its values; knows nothing of what is wanted of them.

use crate::wire::{Content, Field, Malformed, fields};

/// The field of an `EventWrapper` that holds a `Log`.
pub(crate) const LOG: u32 = 1;
/// The field of a `Log` that holds its root as a `Value`. It counts if there is one: its entries are dummies then.
pub(crate) const VALUE: u32 = 2;
/// The field of a map's message that holds an entry: of a `ValueMap`, of a `Log`, of a `Trace`.
pub(crate) const ENTRY: u32 = 1;
/// The field of an entry that holds its value.
pub(crate) const ENTRY_VALUE: u32 = 2;
/// The field of a `Value` that holds a `ValueMap`.
pub(crate) const MAP: u32 = 7;
/// The field of a `Value` that holds a `ValueArray`.
pub(crate) const ARRAY: u32 = 8;
/// The field of a `ValueArray` that holds an element.
pub(crate) const ITEM: u32 = 1;

/// The `Log` that `wrapper`, an `EventWrapper`, holds, if that is what it holds.
pub(crate) fn log(wrapper: &[u8]) -> Result<Option<&[u8]>, Malformed> {
    let mut log = None;
    for field in fields(wrapper) {
        let field = field?;
        log = match (field.number, field.content) {
            (LOG, Content::Bytes(message)) => Some(message),
            // A metric or a trace.
            (2 | 3, Content::Bytes(_)) => None,
            (LOG..=3, _) => return Err(Malformed),
            _ => continue,
        };
    }
    Ok(log)
}

/// The root of `log` as a `Value`, if that is where it is.
pub(crate) fn value(log: &[u8]) -> Result<Option<&[u8]>, Malformed> {
    contents(log, VALUE).try_fold(None, |_, value| value.map(Some))
}

/// What a `Value` holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind<'a> {
    /// A string, maybe not UTF-8.
    RawBytes(&'a [u8]),
    /// A `google.protobuf.Timestamp`.
    Timestamp(&'a [u8]),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    /// A `ValueMap`.
    Map(&'a [u8]),
    /// A `ValueArray`.
    Array(&'a [u8]),
    Null,
}

/// What `value`, a `Value`, holds: `Null` if it has no kind, the last one if it has several.
#[inline]
pub(crate) fn kind(value: &[u8]) -> Result<Kind<'_>, Malformed> {
    // The usual ones, by the way that is short.
    if let Some((bytes, [])) = plain_field(value, 1) {
        return Ok(Kind::RawBytes(bytes));
    }
    if let Some((message, [])) = plain_field(value, MAP) {
        return Ok(Kind::Map(message));
    }
    any_kind(value)
}

fn any_kind(value: &[u8]) -> Result<Kind<'_>, Malformed> {
    let mut kind = Kind::Null;
    for field in fields(value) {
        let field = field?;
        kind = match (field.number, field.content) {
            (1, Content::Bytes(bytes)) => Kind::RawBytes(bytes),
            (2, Content::Bytes(message)) => Kind::Timestamp(message),
            (4, Content::Varint(bits)) => Kind::Integer(bits as i64),
            (5, Content::Fixed64(bits)) => Kind::Float(f64::from_bits(bits)),
            (6, Content::Varint(bits)) => Kind::Boolean(bits != 0),
            (MAP, Content::Bytes(message)) => Kind::Map(message),
            (ARRAY, Content::Bytes(message)) => Kind::Array(message),
            (9, Content::Varint(_)) => Kind::Null,
            (1 | 2 | 4..=9, _) => return Err(Malformed),
            _ => continue,
        };
    }
    Ok(kind)
}

/// One entry of a map from strings to values.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry<'a> {
    /// Not yet checked to be UTF-8.
    pub(crate) key: &'a [u8],
    /// A `Value`.
    pub(crate) value: &'a [u8],
}

/// One field of a message that holds a map.
pub(crate) enum Member<'a> {
    Entry(Entry<'a>),
    Other(Field<'a>),
}

/// The fields of `message`, which holds a map whose entries are the fields `number`.
pub(crate) fn members(message: &[u8], number: u32) -> Members<'_> {
    Members { rest: message, number }
}

/// See [`members`].
pub(crate) struct Members<'a> {
    rest: &'a [u8],
    number: u32,
}

impl<'a> Iterator for Members<'a> {
    type Item = Result<Member<'a>, Malformed>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if let Some((entry, rest)) = plain_entry(self.rest, self.number) {
            self.rest = rest;
            return Some(Ok(Member::Entry(entry)));
        }
        self.any_next()
    }
}

impl<'a> Members<'a> {
    fn any_next(&mut self) -> Option<Result<Member<'a>, Malformed>> {
        let field = fields(self.rest).next()?;
        self.rest = field.map_or(&[], |field| &self.rest[field.whole.len()..]);
        Some(field.and_then(|field| match field.content {
            _ if field.number != self.number => Ok(Member::Other(field)),
            Content::Bytes(entry) => read_entry(entry).map(Member::Entry),
            _ => Err(Malformed),
        }))
    }
}

/// The entries of the map whose entries are the fields `number` of `message`, in order.
pub(crate) fn entries(message: &[u8], number: u32) -> impl Iterator<Item = Result<Entry<'_>, Malformed>> {
    members(message, number).filter_map(|member| match member {
        Ok(Member::Entry(entry)) => Some(Ok(entry)),
        Ok(Member::Other(_)) => None,
        Err(malformed) => Some(Err(malformed)),
    })
}

/// The contents of the fields `number` of `message`, in order; none may be a number.
pub(crate) fn contents(message: &[u8], number: u32) -> impl Iterator<Item = Result<&[u8], Malformed>> {
    fields(message).filter_map(move |field| match field {
        Ok(field) if field.number != number => None,
        Ok(field) => match field.content {
            Content::Bytes(bytes) => Some(Ok(bytes)),
            _ => Some(Err(Malformed)),
        },
        Err(malformed) => Some(Err(malformed)),
    })
}

/// Reads the message that an entry of a map is.
pub(crate) fn read_entry(message: &[u8]) -> Result<Entry<'_>, Malformed> {
    let mut entry = Entry { key: &[], value: &[] };
    for field in fields(message) {
        let field = field?;
        match (field.number, field.content) {
            (1, Content::Bytes(key)) => entry.key = key,
            (ENTRY_VALUE, Content::Bytes(value)) => entry.value = value,
            (1 | ENTRY_VALUE, _) => return Err(Malformed),
            _ => {}
        }
    }
    Ok(entry)
}

/// The entry that `bytes` begin with, and what follows it; only if it is spelt as encoders spell it, key first, and short.
/// Most of an event's bytes are passed here, in a third of the time that [`fields`] takes.
#[inline]
fn plain_entry(bytes: &[u8], number: u32) -> Option<(Entry<'_>, &[u8])> {
    let (entry, rest) = plain_field(bytes, number)?;
    let (key, value) = plain_field(entry, 1)?;
    let (value, end) = plain_field(value, ENTRY_VALUE)?;
    end.is_empty().then_some((Entry { key, value }, rest))
}

/// The content of the field that `bytes` begin with, and what follows it; only if it is the field `number`, and holds bytes
/// of a length below 2¹⁴.
#[inline]
fn plain_field(bytes: &[u8], number: u32) -> Option<(&[u8], &[u8])> {
    let (length, rest) = match bytes {
        [key, length @ ..0x80, rest @ ..] if u32::from(*key) == number << 3 | 2 => (usize::from(*length), rest),
        [key, low, high @ ..0x80, rest @ ..] if u32::from(*key) == number << 3 | 2 => {
            (usize::from(low & 0x7f) | usize::from(*high) << 7, rest)
        }
        _ => return None,
    };
    // A key of several bytes is for another field.
    if number < 16 { rest.split_at_checked(length) } else { None }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    /// Bytes that often happen to be keys and lengths of fields.
    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let likely = select(&[0x0a, 0x12, 0x3a, 0x42, 0x8a, 0x08, 0x80, 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06][..]);
        prop::collection::vec(likely, 0..12)
    }

    #[test]
    fn an_entry_with_several_keys_and_values_has_the_last() {
        let map = b"\x0a\x0b\x0a\x01a\x12\x00\x12\x01b\x0a\x01c";
        let entries: Vec<_> = entries(map, ENTRY).map(Result::unwrap).map(|entry| (entry.key, entry.value)).collect();
        assert_eq!(entries, [(&b"c"[..], &b"b"[..])]);
    }

    #[test]
    fn a_key_of_two_bytes_isnt_taken_for_a_key_and_a_length() {
        assert_eq!(plain_field(b"\x8a\x01\x00", 17), None);
        assert_eq!(plain_field(b"\x0a\x01\x00", 1), Some((&b"\x00"[..], &b""[..])));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn the_short_way_reads_what_the_long_way_reads(bytes in bytes(), number in select(&[1, 17][..])) {
            prop_assert_eq!(kind(&bytes), any_kind(&bytes));
            if let Some((content, rest)) = plain_field(&bytes, number) {
                let field = fields(&bytes).next().unwrap().unwrap();
                prop_assert_eq!((field.number, field.content), (number, Content::Bytes(content)));
                prop_assert_eq!(field.whole.len() + rest.len(), bytes.len());
            }
            if let Some((entry, _)) = plain_entry(&bytes, number) {
                let content = contents(&bytes, number).next().unwrap().unwrap();
                let expected = read_entry(content).unwrap();
                prop_assert_eq!((entry.key, entry.value), (expected.key, expected.value));
            }
        }
    }
}
