//! Judges JSON events against compiled rules, and tags them; knows nothing of wasm, hosts, files or rule languages.
//!
//! The modules in the order in which an event meets them. A compiler makes a [`program`]; a [`Detector`] runs it.

pub mod limits;
pub mod program;

mod automaton;
mod budget;
mod calculate;
mod detector;
mod exceptions;
mod field_tests;
mod fold;
mod frequencies;
mod function;
mod hits;
mod json;
mod literals;
mod lookup;
mod memo;
mod number;
mod paths;
mod pattern;
mod pattern_index;
mod predicates;
mod prefilter;
mod rules;
mod scan;
#[cfg(any(target_arch = "x86_64", all(target_arch = "wasm32", target_feature = "simd128")))]
mod simd;
pub mod tag;
mod values;

pub use detector::{Detector, Finding, ProgramError, Report, Room};
pub use scan::MAX_DEPTH;
pub use values::{FieldValue, values};
