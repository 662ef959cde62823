//! What must hold of any bytes whatever: each function panics if it doesn't. The fuzz targets in `tests/fuzz` run them
//! for as long as you like, and `tests/seeds.rs` for a moment.

mod exception_file;
mod mapping;
mod query;
mod rule_file;
mod scanner;
mod tagger;
mod wire;

use serde::de::IgnoredAny;
use weir_engine::MAX_DEPTH;

/// A check of one entrance for bytes.
#[derive(Clone, Copy)]
pub struct Invariant {
    /// The fuzz target and the folder of seeds.
    pub name: &'static str,
    /// The check; panics if the bytes break it.
    pub check: fn(&[u8]),
}

/// All of them.
pub const INVARIANTS: [Invariant; 7] = [
    Invariant { name: "exception_file", check: exception_file::check },
    Invariant { name: "mapping", check: mapping::check },
    Invariant { name: "query", check: query::check },
    Invariant { name: "rule_file", check: rule_file::check },
    Invariant { name: "scanner", check: scanner::check },
    Invariant { name: "tagger", check: tagger::check },
    Invariant { name: "wire", check: wire::check },
];

/// Checks bytes against the invariant called `name`.
///
/// # Panics
/// If they break it, or there is no such invariant.
pub fn check(name: &str, bytes: &[u8]) {
    let invariant = INVARIANTS.iter().find(|invariant| invariant.name == name);
    (invariant.unwrap_or_else(|| panic!("there is no invariant `{name}`")).check)(bytes);
}

/// Is this one JSON object that isn't nested too deeply? By `serde_json`, which shares no code with the engine.
fn is_event(bytes: &[u8]) -> bool {
    let is_object = bytes.trim_ascii_start().starts_with(b"{");
    is_object
        && std::str::from_utf8(bytes).is_ok()
        && serde_json::from_slice::<IgnoredAny>(bytes).is_ok()
        && depth(bytes) <= MAX_DEPTH
}

/// How deeply the arrays and objects of valid JSON are nested.
fn depth(json: &[u8]) -> usize {
    let (mut depth, mut deepest, mut in_text, mut escaped) = (0, 0, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => depth += 1,
            b'}' | b']' if !in_text => depth -= 1,
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}
