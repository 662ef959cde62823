//! A detector that fails harms only the event on which it does.
#![allow(clippy::unwrap_used, reason = "a test may")]

#[path = "../../tests/support/mod.rs"]
mod detectors;
mod support;

use detectors::{BOMB, Detector};
use support::Lua;

#[test]
fn a_detector_that_fails_harms_only_its_own_event() {
    let Some(lua) = Lua::find() else { return };
    for (poison, reason) in [("unreachable", "trap"), ("(loop $forever (br $forever))", "deadline"), (BOMB, "memory")] {
        // What the rules read of the longer event is longer.
        let detect = format!("(if (i32.gt_u (local.get $length) (i32.const 30)) (then {poison}))").leak();
        lua.write("poison.wasm", Detector { detect, ..Detector::default() }.component());
        let told = lua.run(
            r#"
            local detector = load{ module = "poison.wasm", deadline_ms = 50, memory_mib = 33 }
            for _, name in ipairs{ "short", ("long"):rep(10), "short" } do
                local event = { log = { process = { name = name } } }
                detector:process(event)
                print(outcome(event.log), event.log.process.name == name)
            end
            "#,
        );
        assert_eq!(told, format!("clean\ttrue\n{reason}\ttrue\nclean\ttrue\n"), "{poison}");
    }
}
