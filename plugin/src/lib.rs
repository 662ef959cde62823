//! Weir's host: security detections that run inside the log stream, as WebAssembly.
//!
//! The modules in the order in which an event meets them. What is configured ([`config`]) becomes a [`plan`]; a
//! [`pipeline`] takes batches from its [`source`] and passes them along a [`route`]: a [`judge`] asks the [`guest`],
//! settles by [`exceptions`] what is suppressed, and [`tag`]s them, and a [`sink`] gets them, if need be [`encode`]d.
//! [`detector`] does the same inside another program. [`rules`] makes the modules that guests are loaded from.
#![forbid(unsafe_code)]

pub mod batch;
pub mod config;
pub mod delivery;
pub mod encode;
pub mod exceptions;
pub mod guest;
pub mod judge;
pub mod metrics;
mod occasionally;
pub mod pipeline;
pub mod plan;
pub mod reload;
pub mod route;
pub mod sink;
pub mod source;
pub mod summary;
pub mod tag;
pub mod tls;

pub mod detector;
pub mod harness;
pub mod rules;

pub use self::detector::{Detector, DetectorError, Event, Found, Verdict};
pub use self::guest::Limits;
