//! Protocol Buffers' wire format: steps through a message's fields without copying, and writes fields.
//!
//! Source: "Encoding" in the Protocol Buffers documentation.

/// The bytes aren't a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a Protocol Buffers message")]
pub struct Malformed;

/// One field of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// Its number.
    pub number: u32,
    /// What it holds.
    pub content: Content<'a>,
    /// All of its bytes, its key included.
    pub whole: &'a [u8],
}

/// What a field holds, by its wire type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content<'a> {
    /// Integers, booleans and enumerations.
    Varint(u64),
    /// `fixed64`, `sfixed64`, `double`.
    Fixed64(u64),
    /// Strings, bytes, messages, packed lists.
    Bytes(&'a [u8]),
    /// `fixed32`, `sfixed32`, `float`.
    Fixed32(u32),
}

/// The fields of `message`, in order; after the first fault there are no more.
pub fn fields(message: &[u8]) -> Fields<'_> {
    Fields { rest: message }
}

/// See [`fields`].
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.read();
        if field.is_err() {
            self.rest = &[];
        }
        Some(field)
    }
}

impl<'a> Fields<'a> {
    fn read(&mut self) -> Result<Field<'a>, Malformed> {
        let start = self.rest;
        let key = u32::try_from(self.varint()?).map_err(|_| Malformed)?;
        let content = match key & 7 {
            0 => Content::Varint(self.varint()?),
            1 => Content::Fixed64(u64::from_le_bytes(self.array()?)),
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| Malformed)?;
                Content::Bytes(self.take(length)?)
            }
            5 => Content::Fixed32(u32::from_le_bytes(self.array()?)),
            // Groups are from before Vector's time.
            _ => return Err(Malformed),
        };
        if key >> 3 == 0 {
            return Err(Malformed);
        }
        Ok(Field { number: key >> 3, content, whole: &start[..start.len() - self.rest.len()] })
    }

    fn varint(&mut self) -> Result<u64, Malformed> {
        let mut value = 0;
        for (place, byte) in self.rest.iter().take(10).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * place);
            if byte & 0x80 == 0 {
                // The tenth byte has room for one bit.
                if place == 9 && *byte > 1 {
                    return Err(Malformed);
                }
                self.rest = &self.rest[place + 1..];
                return Ok(value);
            }
        }
        Err(Malformed)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (array, rest) = self.rest.split_first_chunk().ok_or(Malformed)?;
        self.rest = rest;
        Ok(*array)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Malformed)?;
        self.rest = rest;
        Ok(taken)
    }
}

/// Appends a varint field.
pub fn put_varint(out: &mut Vec<u8>, number: u32, value: u64) {
    push_varint(out, u64::from(number << 3));
    push_varint(out, value);
}

/// Appends a field of eight bytes, such as a `double`'s bits.
pub fn put_fixed64(out: &mut Vec<u8>, number: u32, value: u64) {
    push_varint(out, u64::from(number << 3 | 1));
    out.extend_from_slice(&value.to_le_bytes());
}

/// Appends a field of `bytes`: a string, or a message.
pub fn put_bytes(out: &mut Vec<u8>, number: u32, bytes: &[u8]) {
    put_header(out, number, bytes.len());
    out.extend_from_slice(bytes);
}

/// Appends the key and the length of a field of `length` bytes, which must follow.
pub fn put_header(out: &mut Vec<u8>, number: u32, length: usize) {
    push_varint(out, u64::from(number << 3 | 2));
    push_varint(out, length as u64);
}

fn push_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let mut message = Vec::new();
        put_varint(&mut message, 1, u64::MAX);
        put_fixed64(&mut message, 2, 7);
        put_bytes(&mut message, 3, &[9; 300]);
        let contents: Vec<_> = fields(&message).map(|field| field.unwrap()).map(|it| (it.number, it.content)).collect();
        let expected = [(1, Content::Varint(u64::MAX)), (2, Content::Fixed64(7)), (3, Content::Bytes(&[9; 300]))];
        assert_eq!(contents, expected);
        let whole: Vec<u8> = fields(&message).flat_map(|field| field.unwrap().whole.to_vec()).collect();
        assert_eq!(whole, message);
    }

    #[test]
    fn a_fault_ends_the_fields() {
        for (what, bytes) in [
            ("a varint without an end", &[0x08, 0x80][..]),
            ("a varint of eleven bytes", &[0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1]),
            ("a varint beyond 64 bits", &[0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 2]),
            ("a length beyond the end", &[0x0a, 2, 0]),
            ("four bytes that are three", &[0x0d, 0, 0, 0]),
            ("a group", &[0x0b]),
            ("number 0", &[0x02, 0]),
        ] {
            let read: Vec<_> = fields(bytes).collect();
            assert_eq!(read, [Err(Malformed)], "{what}");
        }
    }
}
