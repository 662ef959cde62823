//! Weir's host: security detections that run inside the log stream, as WebAssembly.
//!
//! The modules in the order in which an event meets them. What is configured ([`config`]) becomes a [`plan`]; a
//! [`pipeline`] takes batches from its [`source`], lets a [`judge`] ask the [`guest`] and [`tag`] them, and gives them to
//! its [`sink`]. [`rules`] makes the modules that guests are loaded from.
#![forbid(unsafe_code)]

pub mod batch;
pub mod config;
pub mod guest;
pub mod judge;
pub mod metrics;
pub mod pipeline;
pub mod plan;
pub mod sink;
pub mod source;
pub mod tag;

pub mod harness;
pub mod rules;
