//! The example for embedding does what it shows.
#![allow(clippy::unwrap_used, reason = "a test may")]

#[path = "../examples/embed.rs"]
mod embed;

#[test]
fn the_example_runs_to_its_end() {
    embed::main().unwrap();
}
