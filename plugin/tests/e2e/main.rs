//! The built binary between senders and receivers, over real sockets: what was acknowledged arrives, whatever dies.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may")]

#[path = "../cli/mod.rs"]
mod cli;
mod events;
mod exceptions;
mod kill;
mod load;
mod messages;
mod mixed;
mod model;
mod process;
mod producer;
mod proxy;
mod random;
mod receiver;
mod refusal;
mod reload;
mod shutdown;
mod vector_binary;
