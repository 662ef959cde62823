//! Reads one event, strictly and in one pass, and hands out the values of wanted fields; knows nothing of rules.
//!
//! What is valid and what an event's values are is defined by the [`walk`], which takes a byte at a time. The [`proof`]
//! takes 64 of them: it is much faster, but may give up on any event, and then says nothing about it.

#[cfg(any(target_arch = "x86_64", all(target_arch = "wasm32", target_feature = "simd128")))]
mod block;
#[cfg(any(target_arch = "x86_64", all(target_arch = "wasm32", target_feature = "simd128")))]
mod neighbours;
#[cfg(any(target_arch = "x86_64", all(target_arch = "wasm32", target_feature = "simd128")))]
mod proof;
mod walk;

use crate::json::{Malformed, Text};
use crate::paths::{Paths, Place};

use self::walk::Walk;

/// How many objects and arrays may stand inside one another, the event included. Deeper events count as malformed:
/// `serde_json`'s limit, too.
pub const MAX_DEPTH: usize = 127;

/// A scalar that isn't `null`, as it is spelt in the event.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Value<'e> {
    Text(Text<'e>),
    /// A number in JSON's grammar.
    Number(&'e str),
    Bool(bool),
}

/// Room that a scan needs, lent to it so that no event needs its own.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// A key that has escapes, without them.
    key: Vec<u8>,
    /// The open containers around the innermost one.
    outer: Vec<Container>,
    #[cfg(any(target_arch = "x86_64", all(target_arch = "wasm32", target_feature = "simd128")))]
    proof: proof::Scratch,
}

/// A container that is open. Elements of an array stand where the array stands.
#[derive(Clone, Copy, Debug)]
struct Container {
    place: Place,
    close: u8,
}

/// Hands every value of a field in `paths` to `found`, in the order of the event; an array's elements are values of
/// their own, at any depth. `found` may be called before a fault is met: what it was told about a malformed event is void.
pub(crate) fn scan<'e>(
    event: &'e [u8],
    paths: &Paths,
    scratch: &mut Scratch,
    found: impl FnMut(usize, Value<'e>),
) -> Result<(), Malformed> {
    #[cfg(any(target_arch = "x86_64", all(target_arch = "wasm32", target_feature = "simd128")))]
    let mut found = found;
    #[cfg(any(target_arch = "x86_64", all(target_arch = "wasm32", target_feature = "simd128")))]
    if proof::prove(event, paths, &mut scratch.proof, &mut found) {
        return Ok(());
    }
    Walk::new(event, paths, scratch, found).run()
}
