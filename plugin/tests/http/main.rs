//! The HTTP source and sink, over real sockets.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod sink;
mod source;
mod support;
