//! Vector's events as its native protocol has them on the wire: read where needed, added to, and never written anew.
//!
//! The messages are Vector's `vector.PushEventsRequest` (its `proto/vector/vector.proto`) and `event.EventWrapper` (its
//! `lib/vector-core/proto/event.proto`). Knows nothing of networks, guests or files.
#![forbid(unsafe_code)]

mod decode;
mod encode;
mod event;
pub mod json;
mod metric;
#[cfg(test)]
mod oracle;
pub mod project;
pub mod push;
pub mod tag;
pub mod wire;

pub use self::decode::timestamp;
