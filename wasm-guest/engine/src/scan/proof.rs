//! The fast way: proves that an event is valid 64 bytes at a time, and notes where its wanted values are on the way.
//!
//! Three things make it right. It may give up on any event, but it accepts none that the walk wouldn't. The first fault of
//! an event is found in the block in which it stands, or before, so that all masks are right up to there. And no value is
//! handed out before all of the event is proved.

use super::block::{Block, Strings};
use super::neighbours::Neighbours;
use super::walk::scalar;
use super::{MAX_DEPTH, Value};
use crate::paths::{Paths, Place};

/// An event with more wanted values is left to the walk, which needs no room for them.
const MAX_VALUES: usize = 1024;

/// After so many failures in a row, one more is likely.
const FAILURES: u32 = 4;
/// So only one event of so many is still tried.
const PATIENCE: u32 = 32;

/// What outlives an event: room, and what was learnt about the batch.
#[derive(Debug)]
pub(super) struct Scratch {
    key: Vec<u8>,
    outer: [Container; MAX_DEPTH + 1],
    values: Vec<Start>,
    failures: u32,
    /// Had the last event white space between its tokens?
    spaced: bool,
}

/// Where a wanted value starts.
#[derive(Clone, Copy, Debug)]
struct Start {
    field: usize,
    at: usize,
}

/// A container that is open. Elements of an array stand where the array stands.
#[derive(Clone, Copy, Debug)]
struct Container {
    place: Place,
    is_object: bool,
}

impl Default for Scratch {
    fn default() -> Self {
        let outer = [Container::AROUND; MAX_DEPTH + 1];
        Self { key: Vec::new(), outer, values: Vec::new(), failures: 0, spaced: false }
    }
}

impl Container {
    /// What the event stands in, as if it were an element of an array.
    const AROUND: Self = Self { place: Place::ROOT, is_object: false };
}

/// Hands out the values of wanted fields and answers `true`, or does nothing at all.
pub(super) fn prove<'e>(
    event: &'e [u8],
    paths: &Paths,
    scratch: &mut Scratch,
    mut found: impl FnMut(usize, Value<'e>),
) -> bool {
    if scratch.failures >= FAILURES && !scratch.failures.is_multiple_of(PATIENCE) {
        scratch.failures += 1;
        return false;
    }
    if !try_to_prove(event, paths, scratch) {
        scratch.failures += 1;
        return false;
    }
    scratch.failures = 0;
    for Start { field, at } in &scratch.values {
        if let Ok((_, Some(value))) = scalar(&event[*at..]) {
            found(*field, value);
        }
    }
    true
}

#[expect(unsafe_code, reason = "instructions that not every processor has")]
fn try_to_prove(event: &[u8], paths: &Paths, scratch: &mut Scratch) -> bool {
    #[cfg(target_arch = "x86_64")]
    if !std::arch::is_x86_feature_detected!("ssse3") {
        return false;
    }
    // SAFETY: the processor has the only feature that the function asks for.
    #[cfg_attr(
        target_arch = "wasm32",
        expect(unused_unsafe, reason = "WebAssembly knows its features when it is compiled")
    )]
    unsafe {
        if scratch.spaced {
            is_proved::<true>(event, paths, scratch)
        } else {
            is_proved::<false>(event, paths, scratch)
        }
    }
}

#[cfg_attr(target_arch = "x86_64", target_feature(enable = "ssse3"))]
fn is_proved<const SPACED: bool>(event: &[u8], paths: &Paths, scratch: &mut Scratch) -> bool {
    if event.first() != Some(&b'{') || event.last() != Some(&b'}') {
        return false;
    }
    let (blocks, tail) = event.as_chunks::<64>();
    let mut proof = Proof::<SPACED>::new(event, paths, scratch);
    for (number, block) in blocks.iter().enumerate() {
        if !proof.block(block, number * 64, 0) {
            return false;
        }
    }
    if !tail.is_empty() {
        // The last 64 bytes hold the tail, and some that were read before.
        let Some(last) = event.last_chunk::<64>() else { return false };
        if !proof.block(last, event.len() - tail.len(), 64 - tail.len() as u32) {
            return false;
        }
    }
    proof.closed && (proof.ascii || std::str::from_utf8(event).is_ok())
}

struct Proof<'p, const SPACED: bool> {
    event: &'p [u8],
    paths: &'p Paths,
    scratch: &'p mut Scratch,
    strings: Strings,
    neighbours: Neighbours,
    depth: usize,
    open: Container,
    next: Place,
    last_start: usize,
    last_end: usize,
    escaped: bool,
    ascii: bool,
    closed: bool,
}

impl<'p, const SPACED: bool> Proof<'p, SPACED> {
    fn new(event: &'p [u8], paths: &'p Paths, scratch: &'p mut Scratch) -> Self {
        scratch.values.clear();
        Self {
            event,
            paths,
            scratch,
            strings: Strings::default(),
            neighbours: Neighbours::default(),
            depth: 0,
            open: Container::AROUND,
            next: Place::NOWHERE,
            last_start: 0,
            last_end: 0,
            escaped: false,
            ascii: true,
            closed: false,
        }
    }

    /// Checks the block that starts at `base`, of which `skipped` bytes were checked before.
    #[inline]
    #[cfg_attr(target_arch = "x86_64", target_feature(enable = "ssse3"))]
    fn block(&mut self, bytes: &[u8; 64], base: usize, skipped: u32) -> bool {
        let block = Block::read::<SPACED>(bytes, skipped, &mut self.strings);
        let found = self.neighbours.check::<SPACED>(&block);
        let mut wrong = (found.wrong & u64::MAX >> skipped) | block.controls;
        if block.escapes | block.high != 0 {
            self.escaped |= block.escapes != 0;
            self.ascii &= block.high == 0;
            for at in bits(block.escapes) {
                wrong |= u64::from(crate::json::escape_len(&self.event[base + at..]).is_err());
            }
        }
        for at in bits(found.scalars) {
            wrong |= u64::from(!self.is_scalar(base + at));
        }
        let brackets = block.openings | block.closings;
        let mut ahead = u64::MAX;
        loop {
            let rest = brackets & ahead;
            let bracket = rest & rest.wrapping_neg();
            let segment = ahead & (bracket ^ bracket.wrapping_sub(1));
            ahead &= !segment;
            if self.open.is_object {
                wrong |= segment & found.in_array;
                if self.paths.leads_on(self.open.place) {
                    for colon in bits(block.colons & segment) {
                        self.member(&block, base, colon);
                    }
                }
            } else {
                wrong |= segment & block.colons;
                if let Some(field) = self.open.place.field() {
                    for comma in bits(block.commas & segment) {
                        self.value(field, base + comma + 1);
                    }
                }
            }
            if bracket == 0 {
                break;
            }
            let at = base + bracket.trailing_zeros() as usize;
            let byte = self.event[at];
            let is_object = byte & 0x20 != 0;
            if block.openings & bracket != 0 {
                if self.depth == MAX_DEPTH {
                    return false;
                }
                let place = if self.open.is_object { self.next } else { self.open.place };
                self.next = Place::NOWHERE;
                self.scratch.outer[self.depth] = self.open;
                self.depth += 1;
                self.open = Container { place, is_object };
                if !is_object && let Some(field) = place.field() {
                    self.value(field, at + 1);
                }
            } else {
                if self.depth == 0 || self.open.is_object != is_object {
                    return false;
                }
                self.depth -= 1;
                self.open = self.scratch.outer[self.depth];
                if self.depth == 0 {
                    if at + 1 != self.event.len() {
                        return false;
                    }
                    self.closed = true;
                }
            }
        }
        if block.starts != 0 {
            self.last_start = base + 63 - block.starts.leading_zeros() as usize;
        }
        if SPACED && block.ends != 0 {
            self.last_end = base + 63 - block.ends.leading_zeros() as usize;
        }
        wrong == 0 && self.scratch.values.len() <= MAX_VALUES
    }

    #[inline]
    fn is_scalar(&self, at: usize) -> bool {
        let Ok((len, _)) = scalar(&self.event[at..]) else { return false };
        match self.event.get(at + len) {
            Some(b',' | b'}' | b']') => true,
            Some(b' ' | b'\t' | b'\r' | b'\n') => SPACED,
            _ => false,
        }
    }

    #[inline]
    fn member(&mut self, block: &Block, base: usize, colon: usize) {
        let before = (1 << colon) - 1;
        let last = |mask: u64, earlier: usize| match mask & before {
            0 => earlier,
            mask => base + 63 - mask.leading_zeros() as usize,
        };
        let start = last(block.starts, self.last_start) + 1;
        let end = if SPACED { last(block.ends, self.last_end) } else { (base + colon).wrapping_sub(1) };
        let Some(key) = self.event.get(start..end) else { return };
        self.next = if self.escaped {
            self.paths.step_escaped(self.open.place, key, &mut self.scratch.key)
        } else {
            self.paths.step(self.open.place, key)
        };
        if let Some(field) = self.next.field() {
            self.value(field, base + colon + 1);
        }
    }

    /// Notes the value that stands at `at`, or after white space, unless it is a container or `null`.
    #[inline]
    fn value(&mut self, field: usize, mut at: usize) {
        if SPACED {
            while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.event.get(at) {
                at += 1;
            }
        }
        if !matches!(self.event.get(at), None | Some(b'{' | b'[' | b']' | b'n')) {
            self.scratch.values.push(Start { field, at });
        }
    }
}

/// The places of the bits, from the lowest on.
#[inline]
fn bits(mut mask: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let lowest = mask.trailing_zeros() as usize;
        let more = mask != 0;
        mask &= mask.wrapping_sub(1);
        more.then_some(lowest)
    })
}
