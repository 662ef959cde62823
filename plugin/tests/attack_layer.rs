//! `weir attack-layer`: a file that MITRE's ATT&CK Navigator opens, with what a module's rules see.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod cli;

use cli::{Ended, Folder};
use serde_json::{Value, json};

const SHIPPED: &str = include_str!("../../wasm-guest/rules/container_management_utility.toml");
const FULL: &str = include_str!("guide/full.toml");

/// The format's version 4.5, as its specification has it: of which kind of object, which member, of which type, and
/// whether it must be there.
const SPECIFICATION: [(&str, &str, &str, Presence); 22] = [
    ("layer", "name", "string", Required),
    ("layer", "versions", "versions", Required),
    ("layer", "domain", "string", Required),
    ("layer", "description", "string", Optional),
    ("layer", "sorting", "number", Optional),
    ("layer", "layout", "layout", Optional),
    ("layer", "techniques", "[technique]", Optional),
    ("layer", "gradient", "gradient", Optional),
    ("layer", "metadata", "[metadata]", Optional),
    ("versions", "navigator", "string", Required),
    ("versions", "layer", "string", Required),
    ("layout", "layout", "string", Optional),
    ("layout", "expandedSubtechniques", "string", Optional),
    ("technique", "techniqueID", "string", Required),
    ("technique", "tactic", "string", Optional),
    ("technique", "score", "number", Optional),
    ("technique", "comment", "string", Optional),
    ("technique", "metadata", "[metadata]", Optional),
    ("technique", "links", "[link]", Optional),
    ("gradient", "colors", "[string]", Required),
    ("gradient", "minValue", "number", Required),
    ("gradient", "maxValue", "number", Required),
];
/// Those of pairs.
const PAIRS: [(&str, [&str; 2]); 2] = [("metadata", ["name", "value"]), ("link", ["label", "url"])];

#[derive(Clone, Copy, PartialEq)]
enum Presence {
    Required,
    Optional,
}
use Presence::{Optional, Required};

/// Checks `value` against the specification; it may have no member that isn't listed there.
fn check(value: &Value, kind: &str) {
    if let Some(item) = kind.strip_prefix('[').and_then(|kind| kind.strip_suffix(']')) {
        return value.as_array().unwrap().iter().for_each(|value| check(value, item));
    }
    if let Some((_, members)) = PAIRS.iter().find(|(pair, _)| *pair == kind) {
        assert!(value.as_object().unwrap().keys().eq(members), "{value}");
        return members.iter().for_each(|member| check(&value[member], "string"));
    }
    match kind {
        "string" => assert!(value.is_string(), "{value}"),
        "number" => assert!(value.is_number(), "{value}"),
        _ => check_object(value, kind),
    }
}

fn check_object(value: &Value, kind: &str) {
    let object = value.as_object().unwrap();
    let members = || SPECIFICATION.iter().filter(|(of, ..)| *of == kind);
    for (_, name, kind, presence) in members() {
        match object.get(*name) {
            Some(value) => check(value, kind),
            None => assert!(*presence == Optional, "{value} has no {name}"),
        }
    }
    let known = |key: &&String| !members().any(|(_, name, ..)| name == key);
    assert_eq!(object.keys().find(known), None, "in {value}");
}

/// A module of the shipped rule, of one with sub-techniques, and of one that names no technique.
fn module() -> Folder {
    let folder = Folder::new();
    let threats = SHIPPED.find("[[rule.threat]]").unwrap();
    folder.write("shipped.toml", SHIPPED);
    folder.write("full.toml", FULL);
    folder.write("bare.toml", SHIPPED[..threats].replace("478ef6b50", "478ef6b51"));
    folder.write(
        "again.toml",
        FULL.replace("3f6a4b1c0001", "3f6a4b1c0002").replace("Web Server\"", "Web Server, Again\""),
    );
    folder.run("build shipped.toml full.toml bare.toml again.toml -o my.rules.wasm", "").output();
    folder
}

fn layer(ended: &Ended) -> Value {
    serde_json::from_slice(ended.stdout()).unwrap()
}

#[test]
fn the_layer_is_what_the_specification_asks_for() {
    let layer = layer(&module().run("attack-layer my.rules.wasm", ""));
    check(&layer, "layer");
    assert_eq!((&layer["name"], &layer["domain"]), (&json!("my.rules"), &json!("enterprise-attack")));
    assert_eq!(layer["versions"], json!({"navigator": "5.2.0", "layer": "4.5"}));
    assert_eq!((&layer["gradient"]["minValue"], &layer["gradient"]["maxValue"]), (&json!(0), &json!(2)));
}

#[test]
fn a_score_is_the_number_of_rules_that_see_a_technique_under_a_tactic() {
    let layer = layer(&module().run("attack-layer my.rules.wasm", ""));
    let scores: Vec<_> = layer["techniques"].as_array().unwrap().iter().collect();
    let told: Vec<_> = scores
        .iter()
        .map(|technique| {
            let text = |key: &str| technique[key].as_str().unwrap();
            (text("tactic"), text("techniqueID"), technique["score"].as_u64().unwrap())
        })
        .collect();
    assert_eq!(
        told,
        [
            ("execution", "T1059", 2),
            ("execution", "T1059.004", 2),
            ("execution", "T1059.006", 2),
            ("execution", "T1609", 1),
            ("persistence", "T1505", 2),
            ("persistence", "T1505.003", 2),
        ]
    );
    let web_shell = scores.last().unwrap();
    assert_eq!(web_shell["comment"], "Shell Started By A Web Server\nShell Started By A Web Server, Again");
    assert_eq!(web_shell["metadata"][0]["value"], "0d9f7c52-5b7d-4d3a-9a53-3f6a4b1c0001, medium (47)");
    let page = "https://attack.mitre.org/techniques/T1505/003/";
    assert_eq!(web_shell["links"], json!([{"label": "Web Shell", "url": page}]));
}

#[test]
fn the_layer_goes_to_a_file_and_what_is_missing_in_it_is_said() {
    let folder = module();
    let said = folder.run("attack-layer my.rules.wasm -o layer.json", "").complaint(0);
    let expected = "weir: 6 techniques of 4 rules → layer.json
weir: without an ATT&CK technique, so not in the layer: 1 rule
";
    assert_eq!(said, expected);
    let printed = folder.run("attack-layer my.rules.wasm", "").output();
    assert_eq!(folder.read("layer.json"), printed);
}

#[test]
fn a_module_without_techniques_makes_a_layer_too() {
    let folder = module();
    folder.run("build bare.toml -o bare.wasm", "").output();
    let layer = layer(&folder.run("attack-layer bare.wasm", ""));
    check(&layer, "layer");
    assert_eq!((&layer["techniques"], &layer["gradient"]["maxValue"]), (&json!([]), &json!(1)));
}

#[test]
fn what_cannot_be_read_or_written_is_told() {
    let folder = module();
    for (arguments, code, complaint) in [
        ("none.wasm", 78, "cannot read module `none.wasm`: No such file or directory (os error 2); check the path"),
        (
            "my.rules.wasm -o none/layer.json",
            1,
            "cannot write `none/layer.json`: No such file or directory (os error 2); check the path, its permissions and the disk",
        ),
    ] {
        let said = folder.run(&format!("attack-layer {arguments}"), "").complaint(code);
        assert_eq!(said, format!("error: {complaint}\n"));
    }
}
