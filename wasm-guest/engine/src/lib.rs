//! Judges JSON events against compiled rules, and tags them; knows nothing of wasm, hosts, files or rule languages.
//!
//! The modules in the order in which an event meets them. A compiler makes a [`program`]; a [`Detector`] runs it.
#![forbid(unsafe_code)]

pub mod limits;
pub mod program;

mod detector;
mod fold;
mod json;
mod lookup;
mod paths;
mod pattern;
mod predicates;
mod rules;
mod scan;
pub mod tag;

pub use detector::{Detector, Finding, ProgramError, Report};
pub use scan::MAX_DEPTH;
