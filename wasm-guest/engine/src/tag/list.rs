//! Reads one list of an event, for what it lacks; keeps none of it, however long it is.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use serde_json::Value;

use super::NotAnObject;
use super::cursor::{Cursor, decode};
use super::verdict::{Item, join, value_of};

/// A value that holds any number of things, as an array or as the only one.
pub(super) struct List {
    /// Where the value is.
    pub(super) span: Range<usize>,
    /// Where the next element goes, if the value is an array.
    pub(super) end: Option<usize>,
    /// The wanted items that it doesn't hold, joined by commas.
    pub(super) lacking: String,
}

/// When an element of `weir.matches` is the one that would be added.
#[derive(Clone, Copy)]
pub(super) enum Sameness {
    /// If it is it byte for byte: anything else might pass as it for one reader and not for another.
    Bytes,
    /// If it is the same value: for events whose members have no order.
    Value,
}

impl List {
    /// Looks for `items` in `weir.matches` at `span`.
    pub(super) fn of_matches(
        event: &[u8],
        span: Range<usize>,
        items: &[&Item],
        sameness: Sameness,
    ) -> Result<Self, NotAnObject> {
        match sameness {
            Sameness::Bytes => Self::read(event, span, items, |cursor| Ok(Some(event[cursor.skip_value()?].into()))),
            Sameness::Value => {
                let values: Vec<Value> = items.iter().map(|item| value_of(&item.json)).collect();
                Self::read(event, span, items, |cursor| {
                    let element = serde_json::from_slice::<Value>(&event[cursor.skip_value()?]).ok();
                    let same = element.and_then(|element| values.iter().position(|value| *value == element));
                    Ok(same.map(|same| items[same].key.as_bytes().into()))
                })
            }
        }
    }

    /// Looks for `items` in `tags` at `span`, however they are spelt.
    pub(super) fn of_tags(event: &[u8], span: Range<usize>, items: &[&Item]) -> Result<Self, NotAnObject> {
        Self::read(event, span, items, |cursor| {
            if cursor.peek() == Some(b'"') {
                return Ok(Some(decode(cursor.string()?)));
            }
            cursor.skip_value()?;
            Ok(None)
        })
    }

    /// Looks for `items` in the value at `span`; `key` passes one element, and says which item's key that is, if any's.
    fn read<'a>(
        event: &'a [u8],
        span: Range<usize>,
        items: &[&Item],
        key: impl Fn(&mut Cursor<'a>) -> Result<Option<Cow<'a, [u8]>>, NotAnObject>,
    ) -> Result<Self, NotAnObject> {
        let mut cursor = Cursor::again(event, span.start);
        let mut lacking: BTreeSet<&[u8]> = items.iter().map(|item| item.key.as_bytes()).collect();
        let mut pass = |cursor: &mut Cursor<'a>| {
            if let Some(key) = key(cursor)? {
                lacking.remove(&*key);
            }
            Ok(())
        };
        let end = if cursor.peek() == Some(b'[') {
            Some(cursor.elements(pass)?)
        } else {
            pass(&mut cursor)?;
            None
        };
        let lacking = items.iter().filter(|item| lacking.contains(item.key.as_bytes()));
        Ok(Self { span, end, lacking: join(lacking.map(|item| &*item.json)) })
    }
}
