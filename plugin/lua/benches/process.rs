//! What `process` costs for each event under `lua5.4`, of events of which 1 in 100 matches: beside a function that does
//! nothing, in the same run.

#[path = "../tests/support/mod.rs"]
mod support;

use std::env;

use support::{Lua, literal};
use weir_tests::generate::{Shape, events};

const SEED: u64 = 1609;

fn main() {
    let Some(lua) = Lua::find() else { return };
    // `cargo test --benches` only wants to know that it still runs.
    let is_bench = env::args().any(|argument| argument == "--bench");
    let (count, rounds) = if is_bench { (200, 500) } else { (100, 1) };
    for shape in [Shape::Plain, Shape::Enriched] {
        let logs = events(shape, SEED, count)
            .map(|event| literal(&serde_json::from_str(&event.json).expect("the generator makes JSON")));
        lua.write("logs.lua", format!("return {{{}}}", logs.collect::<Vec<_>>().join(",\n")));
        let script = format!("local ROUNDS = {rounds}\n{}", include_str!("process.lua"));
        println!("{shape:?} events: {}", lua.run(&script).trim());
    }
}
