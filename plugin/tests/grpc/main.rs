//! Vector's native protocol over real sockets: the source asked by tonic's client, the sink asking servers that misbehave.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod load;
mod malformed;
mod sink;
mod source;
mod support;
mod tls;
