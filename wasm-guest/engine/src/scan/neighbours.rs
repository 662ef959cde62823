//! Which token may follow which, for 64 bytes together; knows nothing of nesting.

use super::block::Block;

/// What one block must know of those before it: which kinds of tokens the next byte, or the next token, comes after.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Neighbours {
    plain: u64,
    plain_token: u64,
    value: u64,
    string: u64,
    separator: u64,
    opening: u64,
    /// Has there been no separator since the last comma or opening bracket?
    first: u64,
}

/// What follows from a block's neighbours.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    /// Bytes that no valid event has there.
    pub(super) wrong: u64,
    /// Bytes that show that an array is open, not an object.
    pub(super) in_array: u64,
    /// The first bytes of numbers and words.
    pub(super) scalars: u64,
}

impl Neighbours {
    #[inline]
    pub(super) fn check<const SPACED: bool>(&mut self, block: &Block) -> Found {
        let &Block { openings, closings, colons, commas, starts, ends, space, plain, .. } = block;
        let separators = block.separators();
        let after_byte = plain << 1 | self.plain;
        self.plain = plain >> 63;
        let scalars = plain & !after_byte;

        let after_plain = if SPACED { after(plain, space, &mut self.plain_token) } else { after_byte };
        let after_value = after(ends | closings, space, &mut self.value);
        let after_string = after(ends, space, &mut self.string);
        let after_separator = after(colons | commas, space, &mut self.separator);
        let after_opening = after(openings, space, &mut self.opening);
        let value = starts | plain | openings;
        let wrong = after_plain & !(plain & after_byte | separators & !openings)
            | after_value & !(closings | colons | commas)
            | after_separator & !value
            | after_opening & !(value | closings)
            | colons & !after_string;

        // The first separator after a comma or an opening bracket: an addition carries to it over all else.
        let (reached, carry) = ((commas | openings) << 1 | self.first).overflowing_add(!separators);
        let first = reached & separators;
        self.first = (commas | openings) >> 63 | u64::from(carry);
        // It is a colon in an object, and no other colon is in one; unless the object is empty.
        let in_array = first & !colons & !(after_opening & closings);
        Found { wrong: wrong | colons & !first, in_array, scalars }
    }
}

/// The places of what follows `tokens`, white space left out.
#[inline]
fn after(tokens: u64, space: u64, carried: &mut u64) -> u64 {
    // the addition carries over a run of white space
    let (next, carry) = (tokens << 1 | *carried).overflowing_add(space);
    *carried = tokens >> 63 | u64::from(carry);
    next & !space
}
