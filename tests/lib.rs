//! Test support.

pub mod generate;
pub mod invariants;
pub mod report;
