//! Picks out of an event what rules read, as a line of JSON; knows nothing of rules but the names of their fields.
//!
//! This is the hot path: most of an event is stepped over, nothing is allocated for it, and values that no rule reads
//! aren't looked into.

pub mod names;
#[cfg(test)]
mod tests;

use std::cell::Cell;

use self::names::{Names, Node, Place};
use crate::decode::{deeper, last_entries, write_value};
use crate::event::{ENTRY, Entry, ITEM, Kind, Member, VALUE, contents, entries, kind, log, members};
use crate::wire::{Content, Malformed};

/// Which fields of events to pick.
#[derive(Debug)]
pub struct Projection {
    names: Names,
}

impl Projection {
    /// Picks the fields with these dotted names, such as `process.name`, however events nest them.
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        Self { names: Names::new(names) }
    }

    /// Appends what `wrapper`, an `EventWrapper`, holds of the picked fields: a JSON object for a log, `null` for a log
    /// that isn't an object, and nothing for what isn't a log. There is no newline in it. On an error nothing is appended.
    pub fn line(&self, wrapper: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
        let start = out.len();
        let Some(log) = log(wrapper)? else { return Ok(()) };
        self.write_log(log, out).inspect_err(|_| out.truncate(start))
    }

    fn write_log(&self, log: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
        let start = out.len();
        let value = Cell::new(None);
        self.write_object(|| entries_beside(&value, log), self.names.root(), 0, out)?;
        if let Some(value) = value.get() {
            out.truncate(start);
            match kind(value)? {
                Kind::Map(map) => self.write_object(|| entries(map, ENTRY), self.names.root(), 0, out)?,
                _ => out.extend_from_slice(b"null"),
            }
        }
        Ok(())
    }

    /// Appends the object with these `entries`, which is inside `depth` others.
    fn write_object<'a, I: Iterator<Item = Result<Entry<'a>, Malformed>>>(
        &self,
        entries: impl Fn() -> I,
        node: &Node,
        depth: u32,
        out: &mut Vec<u8>,
    ) -> Result<(), Malformed> {
        let depth = deeper(depth)?;
        let start = out.len();
        if !self.write_sorted(entries(), node, depth, out)? {
            out.truncate(start);
            let is_picked = |entry: &Entry<'_>| node.find(entry.key).is_some();
            let picked = entries().filter(|entry| entry.as_ref().map_or(true, is_picked));
            self.write_sorted(last_entries(picked)?.into_iter().map(Ok), node, depth, out)?;
        }
        Ok(())
    }

    /// Appends an object as long as the keys are sorted; then none occurs twice. Says whether they were.
    fn write_sorted<'a>(
        &self,
        entries: impl Iterator<Item = Result<Entry<'a>, Malformed>>,
        node: &Node,
        depth: u32,
        out: &mut Vec<u8>,
    ) -> Result<bool, Malformed> {
        let mut previous = None;
        out.push(b'{');
        for entry in entries {
            let Entry { key, value } = entry?;
            let Some(known) = node.find(key) else { continue };
            if let Some(previous) = previous.replace(key) {
                if previous >= key {
                    return Ok(false);
                }
                out.push(b',');
            }
            out.extend_from_slice(known.json.as_bytes());
            match known.place {
                Place::Field => write_value(value, depth, out)?,
                Place::Inner(node) => self.write_inner(kind(value)?, self.names.node(node), depth, out)?,
            }
        }
        out.push(b'}');
        Ok(true)
    }

    /// Appends what is picked of an object or of the elements of an array, for which `node` has the keys. No rule reads
    /// anything else there.
    fn write_inner(&self, kind: Kind<'_>, node: &Node, depth: u32, out: &mut Vec<u8>) -> Result<(), Malformed> {
        match kind {
            Kind::Map(map) => self.write_object(|| entries(map, ENTRY), node, depth, out)?,
            Kind::Array(array) => {
                let depth = deeper(depth)?;
                out.push(b'[');
                for (position, item) in contents(array, ITEM).enumerate() {
                    if position > 0 {
                        out.push(b',');
                    }
                    self.write_inner(crate::event::kind(item?)?, node, depth, out)?;
                }
                out.push(b']');
            }
            _ => out.extend_from_slice(b"null"),
        }
        Ok(())
    }
}

/// The entries of `log`; its root `value` is noted on the way, if it has one.
fn entries_beside<'a>(
    value: &Cell<Option<&'a [u8]>>,
    log: &'a [u8],
) -> impl Iterator<Item = Result<Entry<'a>, Malformed>> {
    members(log, ENTRY).filter_map(|member| match member {
        Ok(Member::Entry(entry)) => Some(Ok(entry)),
        Ok(Member::Other(field)) => match (field.number, field.content) {
            (VALUE, Content::Bytes(root)) => {
                value.set(Some(root));
                None
            }
            (VALUE, _) => Some(Err(Malformed)),
            _ => None,
        },
        Err(malformed) => Some(Err(malformed)),
    })
}
