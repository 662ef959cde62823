//! Reads one list of an event, for what it lacks; keeps none of it, however long it is.

use std::borrow::{Borrow, Cow};
use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::Value;

use super::NotAnObject;
use super::cursor::{Cursor, decode};
use super::verdict::{Item, SUPPRESSED_BY, join, value_of};

/// A value that holds any number of things, as an array or as the only one.
pub(super) struct List {
    /// Where the value is.
    pub(super) span: Range<usize>,
    /// Where the next element goes, if the value is an array.
    pub(super) end: Option<usize>,
    /// The wanted items that it doesn't hold, joined by commas.
    pub(super) lacking: String,
}

/// What an element of a list is.
struct Element<'a> {
    /// The key of the item that it is, if it is one.
    key: Cow<'a, [u8]>,
    /// Is it a match that was suppressed, and so stands in for no other?
    is_suppressed: bool,
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
        items: &[Cow<'_, Item>],
        sameness: Sameness,
    ) -> Result<Self, NotAnObject> {
        match sameness {
            Sameness::Bytes => {
                Self::read(event, span, items, |cursor| Ok(Some(Element::of_match(&event[cursor.skip_value()?]))))
            }
            Sameness::Value => {
                let values: Vec<Value> = items.iter().map(|item| value_of(&item.key)).collect();
                Self::read(event, span, items, |cursor| {
                    let Ok(mut element) = serde_json::from_slice::<Value>(&event[cursor.skip_value()?]) else {
                        return Ok(None);
                    };
                    let suppressed_by = element.as_object_mut().and_then(|members| members.remove("suppressed_by"));
                    let same = values.iter().position(|value| *value == element);
                    let key = same.map(|same| items[same].key.as_bytes().into());
                    Ok(key.map(|key| Element { key, is_suppressed: suppressed_by.is_some() }))
                })
            }
        }
    }

    /// Looks for `items` in `tags` at `span`, however they are spelt.
    pub(super) fn of_tags(event: &[u8], span: Range<usize>, items: &[&Item]) -> Result<Self, NotAnObject> {
        Self::read(event, span, items, |cursor| {
            if cursor.peek() == Some(b'"') {
                return Ok(Some(Element { key: decode(cursor.string()?), is_suppressed: false }));
            }
            cursor.skip_value()?;
            Ok(None)
        })
    }

    /// Looks for `items` in the value at `span`; `element` passes one element, and says what it is, if it may be an item.
    fn read<'a, 'k: 'a>(
        event: &'a [u8],
        span: Range<usize>,
        items: &'k [impl Borrow<Item>],
        element: impl Fn(&mut Cursor<'a>) -> Result<Option<Element<'a>>, NotAnObject>,
    ) -> Result<Self, NotAnObject> {
        let mut cursor = Cursor::again(event, span.start);
        let items = || items.iter().map(Borrow::borrow);
        let mut lacking: BTreeMap<&[u8], &Item> = items().map(|item| (item.key.as_bytes(), item)).collect();
        let mut pass = |cursor: &mut Cursor<'a>| {
            if let Some(Element { key, is_suppressed }) = element(cursor)?
                && lacking.get(&*key).is_some_and(|item| item.is_suppressed || !is_suppressed)
            {
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
        let lacking = items().filter(|item| lacking.contains_key(item.key.as_bytes()));
        Ok(Self { span, end, lacking: join(lacking.map(|item| &*item.json)) })
    }
}

impl<'a> Element<'a> {
    /// What an element of `weir.matches` is: a match, as it is or with what suppresses it.
    fn of_match(element: &'a [u8]) -> Self {
        match memchr::memmem::find(element, SUPPRESSED_BY.as_bytes()) {
            Some(end) => Self { key: [&element[..end], b"}"].concat().into(), is_suppressed: true },
            None => Self { key: element.into(), is_suppressed: false },
        }
    }
}
