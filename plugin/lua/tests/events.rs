//! Events in the shapes that Vector's `lua` transform gives to a script, and in those that a hostile script could make.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::fmt::Write;

use serde_json::{Value, json};
use support::{Lua, literal};
use weir::Detector;
use weir_tests::generate::{Shape, events};

/// Logs, and what comes of them by the rule in `root.toml`.
const LOGS: &[(&str, &str)] = &[
    (r#"{ user = { name = "root" } }"#, "match"),
    (r#"{ ["user.name"] = "ROOT" }"#, "match"),
    (r#"{ user = { name = { "daemon", "root" } } }"#, "match"),
    (r#"{ user = { { name = "daemon" }, { name = "root" } } }"#, "match"),
    (r#"{ ["user"] = { ["name"] = "daemon" }, ["user.name"] = "root" }"#, "match"),
    (r#"{ user = { name = "daemon" } }"#, "clean"),
    (r#"{ user = "root" }"#, "clean"),
    ("{}", "clean"),
    // Integers, floats, booleans, points in time.
    ("{ process = { pid = 4 } }", "match"),
    ("{ process = { pid = 4.0 } }", "match"),
    ("{ process = { pid = \"4\" } }", "match"),
    ("{ process = { pid = 1 / 0 } }", "clean"),
    ("{ process = { pid = 0 / 0 } }", "clean"),
    ("{ process = { interactive = true } }", "match"),
    ("{ host = { load = 1.5 } }", "match"),
    (
        "{ event = { created = { year = 2026, month = 8, day = 21, hour = 0, min = 0, sec = 0, nanosec = 150000000, \
      yday = 233, wday = 6, isdst = false } } }",
        "match",
    ),
    ("{ event = { created = { year = 2026, month = 8, day = 21, hour = 0, min = 0, sec = 1 } } }", "clean"),
    ("{ event = { created = { year = 2026, month = 13, day = 21, hour = 0, min = 0, sec = 0 } } }", "clean"),
    // A null and an empty list, as Vector has them in Lua.
    (r#"{ user = { name = "" } }"#, "clean"),
    ("{ user = { name = {} } }", "clean"),
    ("{ user = {} }", "clean"),
    // Bytes that aren't text.
    (r#"{ user = { name = "ro\xffot" } }"#, "clean"),
    (r#"{ user = { name = "root" }, ["\xff"] = "\xff" }"#, "match"),
    // What is no event's: code, and what it would do.
    ("{ user = { name = print } }", "clean"),
    ("{ user = { name = io.stdout } }", "clean"),
    ("{ user = { name = coroutine.create(print) } }", "clean"),
    (r#"setmetatable({}, { __index = function() error("read") end })"#, "clean"),
    (r#"setmetatable({ user = { name = "root" } }, { __newindex = function() error("written") end })"#, "match"),
    (
        r#"{ user = setmetatable({ name = "root" }, { __len = function() error("len") end, __pairs = error }) }"#,
        "match",
    ),
    (r#"{ [1] = "root", user = { name = "root" } }"#, "match"),
    (r#"{ [true] = 1, [print] = 2, user = { [1.5] = 3, name = "root" } }"#, "match"),
    // Tables in tables without end, or nearly.
    ("nested(96)", "match"),
    ("nested(97)", "malformed"),
    ("nested(100000)", "malformed"),
    ("cyclic()", "malformed"),
    ("{ other = cyclic() }", "clean"),
    ("{ user = { name = doubled(50) } }", "too_large"),
    (r#"{ user = { name = ("x"):rep(20000) } }"#, "too_large"),
    (r#"{ message = ("x"):rep(20000), user = { name = "root" } }"#, "match"),
];

const HELPERS: &str = r#"
    -- So many tables inside one another, the log among them.
    local function nested(tables)
        local name = "root"
        for _ = 3, tables do name = { name } end
        return { user = { name = name } }
    end
    local function cyclic()
        local list = {}
        list[1] = list
        return { user = { name = list } }
    end
    -- A list of two lists, which are one and the same, and so on: few tables, but 2 to the power of `depth` ways.
    local function doubled(depth)
        local list = {}
        for _ = 1, depth do list = { list, list } end
        return list
    end
"#;

#[test]
fn what_rules_read_is_found_in_every_shape_and_no_event_is_an_error() {
    let Some(lua) = Lua::find() else { return };
    lua.write("root.toml", include_str!("root.toml"));
    let mut script =
        format!("{HELPERS}\nlocal detector = load{{ rules = {{ 'root.toml' }}, max_event_bytes = 10000 }}\n");
    for (log, _) in LOGS {
        let _ = writeln!(script, "do local log = {log}\ndetector:process{{ log = log }}\nprint(outcome(log)) end");
    }
    let told = lua.run(&script);
    assert_eq!(told.lines().count(), LOGS.len());
    for ((log, expected), told) in LOGS.iter().zip(told.lines()) {
        assert_eq!(told, *expected, "{log}");
    }
}

#[test]
fn what_is_no_log_is_left_alone() {
    let Some(lua) = Lua::find() else { return };
    let told = lua.run(
        r#"
        local detector = load()
        detector:process() detector.process() detector:process("x") detector:process(print)
        detector:process{ log = "x" }
        detector:process(setmetatable({}, { __index = error }))
        local metric = { metric = { name = "m", kind = "absolute", gauge = { value = 1 }, tags = { a = "b" } } }
        local before = json(metric)
        detector:process(metric)
        print(json(metric) == before)
        "#,
    );
    assert_eq!(told, "true\n");
}

/// Logs that the rule in `root.toml` matches, but for their user, and what then holds of them.
const TAGS: &[(&str, &str)] = &[
    ("{}", r#"log.rule.id == log.weir.matches[1].rule.id and log.rule.name == "Something Of Root""#),
    ("{}", r#"math.type(log.event.risk_score) == "integer" and log.event.severity == 73"#),
    ("{}", r#"json(log.threat.tactic) == json{ id = { "TA0004" }, name = { "Privilege Escalation" } }"#),
    ("{}", r#"#log.tags == 3 and log.tags[1] == "TA0004" and log.tags[3] == log.rule.id"#),
    ("{ tags = {} }", "#log.tags == 3"),
    (r#"{ tags = "mine" }"#, r#"#log.tags == 4 and log.tags[1] == "mine""#),
    (r#"{ tags = { "T1068" } }"#, r#"#log.tags == 3 and log.tags[1] == "T1068""#),
    (r#"{ tags = { mine = 1 } }"#, "json(log.tags) == json{ mine = 1 }"),
    (r#"{ rule = { id = "theirs" } }"#, r#"log.rule.id == "theirs" and log.rule.name == "Something Of Root""#),
    (r#"{ ["rule.id"] = "theirs" }"#, "log.rule.id == nil and #log.weir.matches == 1"),
    ("{ rule = {} }", "log.rule.id ~= nil"),
    ("{ threat = 5 }", "log.threat == 5"),
    (r#"{ event = { created = "x" } }"#, r#"log.event.created == "x" and log.event.risk_score == 73"#),
    (r#"{ weir = "mine" }"#, r#"log.weir == "mine" and #log["weir.matches"] == 1"#),
    ("{ weir = { matches = {} } }", "#log.weir.matches == 1"),
    (r#"{ weir = { matches = { "mine" } } }"#, "#log.weir.matches == 2"),
    // What has a say in tags holds itself: the event goes on as it is.
    ("(function() local rule = {} rule[1] = rule return { rule = rule } end)()", "log.weir == nil"),
];

#[test]
fn a_log_is_added_to_where_there_is_room_and_only_once() {
    let Some(lua) = Lua::find() else { return };
    lua.write("root.toml", include_str!("root.toml"));
    let mut script = "local detector = load{ rules = { 'root.toml' } }\n".to_owned();
    for (log, holds) in TAGS {
        let _ = writeln!(
            script,
            "do local log = {log}\nlog.user = {{ name = 'root' }}\ndetector:process{{ log = log }}\n\
             assert({holds}, [==[{log}]==])\n\
             if log.weir then local once = json(log) detector:process{{ log = log }} assert(json(log) == once) end end"
        );
    }
    lua.run(&script);
}

#[test]
fn a_log_gets_the_same_verdict_and_tags_as_its_json() {
    let Some(lua) = Lua::find() else { return };
    let detector = Detector::shipped().unwrap();
    let mut logs: Vec<Value> =
        events(Shape::Enriched, 1609, 400).map(|event| serde_json::from_str(&event.json).unwrap()).collect();
    let docker =
        json!({"event": {"category": ["process"], "type": "start"}, "process.name": "docker", "container.id": 7});
    for (key, value) in [("rule", json!({"id": 5})), ("tags", json!(["a", 1.5, true])), ("weir.matches", json!("x"))] {
        let mut log = docker.clone();
        log[key] = value;
        logs.push(log);
    }
    let literals: Vec<String> = logs.iter().map(literal).collect();
    lua.write("logs.lua", format!("return {{{}}}", literals.join(",\n")));
    let told = lua.run(
        "local detector = load()\n\
         for _, log in ipairs(dofile('logs.lua')) do detector:process{ log = log } print(json(log)) end",
    );
    detector.tag(&mut logs);
    let tagged: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(tagged.iter().filter(|log| log.get("weir").is_some()).count() > 3);
    assert_eq!(tagged, logs);
}
