//! What a script may give to `load`, and what it is told if that can't be used.
#![allow(clippy::unwrap_used, reason = "a test may")]

#[path = "../../tests/golden/mod.rs"]
mod golden;
mod support;

use std::path::Path;

use golden::assert_golden;
use support::Lua;

/// What can't be used.
const WRONG: [&str; 16] = [
    "{ modul = \"detections.wasm\" }",
    "{ workers = 4 }",
    "{ \"detections.wasm\" }",
    "\"detections.wasm\"",
    "{ module = print }",
    "{ module = { path = \"detections.wasm\" } }",
    "{ module = 5 }",
    "{ module = \"missing.wasm\" }",
    "{ module = \"text.wasm\" }",
    "{ module = \"core.wasm\" }",
    "{ memory_mib = 0 }",
    "{ memory_mib = 8 }",
    "{ deadline_ms = \"soon\" }",
    "{ suppressed = \"drop\" }",
    "{ rules = { \"missing\" } }",
    "{ rules = { { \"a\" } } }",
];

#[test]
fn what_cant_be_used_is_an_error_in_text_that_names_it_and_the_remedy() {
    let Some(lua) = Lua::find() else { return };
    lua.write("text.wasm", "text");
    lua.write("core.wasm", b"\0asm\x01\0\0\0");
    let mut told = String::new();
    for options in WRONG {
        let error = lua.run(&format!(
            "local _, error = pcall(weir.load, {options})\nassert(type(error) == 'string')\nprint(error)"
        ));
        told += &format!("weir.load({options})\n{error}\n");
    }
    assert_golden(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/load.stdout"), &told);
}

#[test]
fn the_error_of_a_script_names_its_line() {
    let Some(lua) = Lua::find() else { return };
    let told = lua.run("print(select(2, pcall(function()\n weir.load{ modul = 1 }\nend)))");
    assert!(told.starts_with("script.lua:"), "{told}");
}

#[test]
fn without_a_module_the_shipped_rules_judge_and_process_is_called_with_a_colon_or_a_dot() {
    let Some(lua) = Lua::find() else { return };
    let told = lua.run(
        r#"
        local function started()
            return { log = { ["event.category"] = "process", ["event.type"] = "start", ["container.id"] = "a", process = { name = "docker" } } }
        end
        local detector, bare = load(), weir.load()
        local events = { started(), started(), started() }
        detector:process(events[1])
        detector.process(events[2])
        bare:process(events[3])
        for _, event in ipairs(events) do print(outcome(event.log)) end
        "#,
    );
    assert_eq!(told, "match\nmatch\nmatch\n");
}

#[test]
fn suppressed_matches_are_marked_or_hidden() {
    let Some(lua) = Lua::find() else { return };
    lua.write("root.toml", include_str!("root.toml"));
    lua.write("known.exceptions.toml", include_str!("known.exceptions.toml"));
    let told = lua.run(
        r#"
        for _, suppressed in ipairs{ "mark", "hide" } do
            local event = { log = { user = { name = "root" }, host = { name = "build-1" } } }
            load{ rules = { "root.toml", "known.exceptions.toml" }, suppressed = suppressed }:process(event)
            print(event.log.weir and event.log.weir.matches[1].suppressed_by, event.log.rule)
        end
        "#,
    );
    assert_eq!(told, "Build machines\tnil\nnil\tnil\n");
}
