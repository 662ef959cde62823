//! Writes what stands in an event's tables as JSON: what rules read, or what has a say in tags. Bounded by depth and bytes, so
//! that a table that holds itself is no trap.

use weir::guest::Reason;
use weir_engine::tag::has_a_say;
use weir_native::project::names::{Names, Node, Place};
use weir_native::timestamp::Timestamp;

use crate::stack::{Kind, Stack};

/// How many tables may stand inside one another, as in an event on Vector's wire.
const MAX_NESTING: u32 = 96;

/// Reads events.
pub(crate) struct Reader {
    names: Names,
    most_bytes: usize,
}

/// Whether all was read, or why not.
type Read = Result<(), Reason>;

impl Reader {
    /// Reads the fields with these dotted names, as long as they make about `most_bytes` of JSON.
    pub(crate) fn new<'a>(names: impl IntoIterator<Item = &'a str>, most_bytes: usize) -> Self {
        Self { names: Names::new(names), most_bytes }
    }

    /// Appends an object of the fields of the log on top.
    pub(crate) fn fields(&self, stack: &mut Stack, out: &mut Vec<u8>) -> Read {
        self.write_picked(stack, self.names.root(), 0, out)
    }

    /// Appends an object of what has a say in the tags of the log on top.
    pub(crate) fn told(&self, stack: &mut Stack, out: &mut Vec<u8>) -> Read {
        self.write_members(stack, has_a_say, 0, out)
    }

    /// Appends an object of those members of the table on top that lead to fields.
    fn write_picked(&self, stack: &mut Stack, node: &Node, depth: u32, out: &mut Vec<u8>) -> Read {
        let depth = deeper(depth)?;
        self.write(b"{", out)?;
        stack.members(|stack, key| {
            let Some(known) = node.find(key) else { return Ok(()) };
            separate(out);
            self.write(known.json.as_bytes(), out)?;
            match known.place {
                Place::Field => self.write_value(stack, depth, out),
                Place::Inner(node) => self.write_inner(stack, self.names.node(node), depth, out),
            }
        })?;
        self.write(b"}", out)
    }

    /// Appends what leads to fields of an object or of the elements of an array. No rule reads anything else there.
    fn write_inner(&self, stack: &mut Stack, node: &Node, depth: u32, out: &mut Vec<u8>) -> Read {
        match stack.kind() {
            Kind::Object => self.write_picked(stack, node, depth, out),
            Kind::Array => {
                self.write_elements(stack, depth, out, |stack, depth, out| self.write_inner(stack, node, depth, out))
            }
            _ => self.write(b"null", out),
        }
    }

    /// Appends the value on top.
    fn write_value(&self, stack: &mut Stack, depth: u32, out: &mut Vec<u8>) -> Read {
        match stack.kind() {
            Kind::Text(text) => self.write_text(text, out),
            Kind::Integer(integer) => self.write(integer.to_string().as_bytes(), out),
            // One that isn't finite becomes `null`, as in Vector's JSON.
            Kind::Float(float) => self.write(serde_json::Value::from(float).to_string().as_bytes(), out),
            Kind::Boolean(true) => self.write(b"true", out),
            Kind::Boolean(false) => self.write(b"false", out),
            Kind::Array => {
                self.write_elements(stack, depth, out, |stack, depth, out| self.write_value(stack, depth, out))
            }
            Kind::Object => match timestamp(stack)? {
                Some(timestamp) => self.write(timestamp.as_bytes(), out),
                None => self.write_members(stack, |_| true, depth, out),
            },
            Kind::Nil | Kind::Other => self.write(b"null", out),
        }
    }

    /// Appends an object of those members of the table on top whose keys are `wanted`.
    fn write_members(&self, stack: &mut Stack, wanted: impl Fn(&[u8]) -> bool, depth: u32, out: &mut Vec<u8>) -> Read {
        let depth = deeper(depth)?;
        self.write(b"{", out)?;
        stack.members(|stack, key| {
            if !wanted(key) {
                return Ok(());
            }
            separate(out);
            self.write_text(key, out)?;
            self.write(b":", out)?;
            // Whether an empty table was an array can't be told; where Weir has one, it was.
            if is_list(key) && matches!(stack.kind(), Kind::Object) && is_empty(stack)? {
                return self.write(b"[]", out);
            }
            self.write_value(stack, depth, out)
        })?;
        self.write(b"}", out)
    }

    /// Appends an array of what `write` makes of the elements of the table on top.
    fn write_elements(
        &self,
        stack: &mut Stack,
        depth: u32,
        out: &mut Vec<u8>,
        write: impl Fn(&mut Stack, u32, &mut Vec<u8>) -> Read,
    ) -> Read {
        let depth = deeper(depth)?;
        self.write(b"[", out)?;
        stack.elements(|stack, place| {
            if place > 0 {
                self.write(b",", out)?;
            }
            write(stack, depth, out)
        })?;
        self.write(b"]", out)
    }

    /// Appends text as JSON; what isn't UTF-8 in it becomes U+FFFD.
    fn write_text(&self, text: &[u8], out: &mut Vec<u8>) -> Read {
        if text.len() > self.most_bytes {
            return Err(Reason::TooLarge);
        }
        serde_json::to_writer(&mut *out, &*String::from_utf8_lossy(text))
            .expect("text has a JSON form, and a Vec takes it");
        self.write(b"", out)
    }

    /// Appends `json`, if there isn't too much already.
    fn write(&self, json: &[u8], out: &mut Vec<u8>) -> Read {
        if out.len() > self.most_bytes {
            return Err(Reason::TooLarge);
        }
        out.extend_from_slice(json);
        Ok(())
    }
}

/// Appends a comma, unless what follows is the first member of its object.
fn separate(out: &mut Vec<u8>) {
    if out.last() != Some(&b'{') {
        out.push(b',');
    }
}

/// The JSON of a point in time, if the table on top is what Vector makes of one, and makes one of.
fn timestamp(stack: &mut Stack) -> Result<Option<String>, Reason> {
    const PARTS: [&str; 7] = ["year", "month", "day", "hour", "min", "sec", "nanosec"];
    let mut parts = [None; PARTS.len()];
    stack.members(|stack, key| {
        if let Some(part) = PARTS.iter().position(|part| part.as_bytes() == key)
            && let Kind::Integer(value) = stack.kind()
        {
            parts[part] = Some(value);
        }
        Ok::<_, Reason>(())
    })?;
    let [Some(year), Some(month), Some(day), Some(hour), Some(minute), Some(second), nanos] = parts else {
        return Ok(None);
    };
    let Ok(nanos) = u32::try_from(nanos.unwrap_or_default()) else { return Ok(None) };
    Ok(Timestamp { year, month, day, hour, minute, second, nanos }.to_json())
}

/// Is an array what Weir adds to at this key?
fn is_list(key: &[u8]) -> bool {
    matches!(key, b"tags" | b"matches" | b"weir.matches")
}

/// Has the table on top no member?
fn is_empty(stack: &mut Stack) -> Result<bool, Reason> {
    let mut is_empty = true;
    stack.members(|_, _| {
        is_empty = false;
        Ok::<_, Reason>(())
    })?;
    Ok(is_empty)
}

fn deeper(depth: u32) -> Result<u32, Reason> {
    if depth < MAX_NESTING { Ok(depth + 1) } else { Err(Reason::Malformed) }
}
