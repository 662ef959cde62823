//! The config for Weir inside Vector does what it says: its script under Lua, and all of it in Vector, if there is one here.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use support::{Lua, tell};

const MATCHING: &str =
    r#"{"event":{"category":"process","type":"start"},"process":{"name":"docker"},"container":{"id":"c1"}}"#;

/// The config, with the module and the shipped rules at these paths.
fn config(folder: &Path) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs/vector/in-process.yaml");
    let text = fs::read_to_string(path).unwrap();
    let [library, module] = ["/usr/lib/weir/?.so", "/usr/share/weir/detections.wasm"];
    assert!(text.contains(library) && text.contains(module));
    fs::write(folder.join("detections.wasm"), weir::rules::SHIPPED).unwrap();
    let here = |name: &str| folder.join(name).display().to_string();
    serde_saphyr::from_str(&text.replace(library, &here("?.so")).replace(module, &here("detections.wasm"))).unwrap()
}

#[test]
fn the_script_in_the_config_tags_what_matches_and_emits_every_event() {
    let Some(lua) = Lua::find() else { return };
    let config = config(lua.folder.path());
    let transform = &config["transforms"]["weir"];
    let (source, process) = (transform["source"].as_str().unwrap(), transform["hooks"]["process"].as_str().unwrap());
    let told = lua.run(&format!(
        r#"
        {source}
        local process = {process}
        local log = {{ event = {{ category = "process", type = "start" }}, container = {{ id = "c" }} }}
        for _, name in ipairs{{ "docker", "bash" }} do
            log.process = {{ name = name }}
            process({{ log = log }}, function(event) print(outcome(event.log)) end)
            log.weir = nil
        end
        process({{ metric = {{}} }}, function(event) print(event.metric ~= nil) end)
        "#
    ));
    assert_eq!(told, "match\nclean\ntrue\n");
}

#[test]
fn events_pass_through_a_vector_that_has_weir_inside() {
    if Command::new("vector").arg("--version").output().is_err() {
        return tell("skipped: no `vector` on PATH");
    }
    let Some(lua) = Lua::find() else { return };
    let folder = lua.folder.path();
    let mut config = config(folder);
    config["data_dir"] = json!(folder);
    config["sources"] = json!({"events": {"type": "stdin"}});
    config["sinks"] = json!({"out": {"type": "file", "inputs": ["weir"], "path": folder.join("out.ndjson"),
        "encoding": {"codec": "json"}}});
    fs::write(folder.join("vector.json"), config.to_string()).unwrap();
    let mut vector = Command::new("vector");
    let vector = vector.args(["--quiet", "--config", "vector.json"]).current_dir(folder).stdin(Stdio::piped()).spawn();
    let mut vector = vector.unwrap();
    let clean = MATCHING.replace("docker", "bash");
    writeln!(vector.stdin.take().unwrap(), "{MATCHING}\n{clean}\nno JSON").unwrap();
    assert!(vector.wait().unwrap().success());
    let out = fs::read_to_string(folder.join("out.ndjson")).unwrap();
    let events: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events.len(), 3, "{out}");
    assert_eq!(
        events[0]["weir"]["matches"][0]["rule"],
        events[0]["rule"]
            .as_object()
            .map(|rule| {
                let mut rule = rule.clone();
                rule.insert("version".into(), json!(1));
                Value::Object(rule)
            })
            .unwrap()
    );
    assert!(events[1..].iter().all(|event| event.get("weir").is_none()), "{out}");
}
