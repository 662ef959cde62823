//! Mappings through the built binary: `weir build --mapping`, `detect.mappings`, and what is said of wrong ones.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod cli;

use std::fs;

use cli::{Folder, lines};
use serde_json::Value;

const RULES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../wasm-guest/rules");
const UTILITY: &str = "Container Management Utility Run Inside A Container";
const CHMOD: &str = "File Made Executable With Chmod In A Container";
const EXEC: &str = "Interactive Exec Into A Running Container";
const SHELL: &str = "Interactive Shell Spawned In A Container";
const NETCAT: &str = "Netcat Listener In A Container";
const AWS: &str = "AWS Credentials Searched For In A Container";

/// An event in Falco's own form, with these members of `output_fields`.
fn falco(fields: &str) -> String {
    format!(r#"{{"source":"syscall","rule":"Any","priority":"Notice","tags":["x"],"output_fields":{{{fields}}}}}"#)
}

/// An event in Tetragon's own form, of a process in a container.
fn tetragon(kind: &str, binary: &str, arguments: &str) -> String {
    format!(
        r#"{{"{kind}":{{"process":{{"pid":7,"binary":"{binary}","arguments":"{arguments}","pod":{{"container":{{"id":"containerd://c1","pid":12}}}}}},"parent":{{"binary":"/usr/bin/containerd-shim-runc-v2"}}}},"node_name":"n1"}}"#
    )
}

/// Falco's events, each with the rules that match it.
fn falco_events() -> Vec<(String, Vec<&'static str>)> {
    let container = r#""container.id":"c1","evt.type":"execve""#;
    let rows: [(String, &[&'static str]); 13] = [
        (format!(r#"{container},"proc.name":"docker""#), &[UTILITY]),
        (format!(r#"{container},"proc.name":"DOCKER","proc.tty":0"#), &[UTILITY]),
        (format!(r#"{container},"proc.name":"bash","proc.cmdline":"bash -c ls""#), &[]),
        (format!(r#"{container},"proc.name":"chmod","proc.cmdline":"chmod +x /tmp/x""#), &[CHMOD]),
        (format!(r#"{container},"proc.name":"chmod","proc.args":"u=rwx /tmp/x""#), &[CHMOD]),
        (format!(r#"{container},"proc.name":"bash","proc.tty":34816,"proc.pname":"runc","proc.vpid":22"#), &[EXEC]),
        (format!(r#"{container},"proc.name":"bash","proc.tty":34816,"proc.pname":"runc","proc.vpid":1"#), &[]),
        (format!(r#"{container},"proc.name":"sh","proc.tty":34816,"proc.pname":"python3""#), &[SHELL]),
        (format!(r#"{container},"proc.name":"nc","proc.cmdline":"nc -lvp 4444""#), &[NETCAT]),
        (format!(r#"{container},"proc.name":"grep","proc.args":"-r aws_secret_access_key /""#), &[AWS]),
        (r#""container.id":"host","evt.type":"execve","proc.name":"docker""#.to_owned(), &[]),
        (r#""container.id":"<NA>","evt.type":"execve","proc.name":"docker""#.to_owned(), &[]),
        (r#""container.id":"c1","evt.type":"procexit","proc.name":"docker""#.to_owned(), &[]),
    ];
    rows.into_iter().map(|(fields, rules)| (falco(&fields), rules.to_vec())).collect()
}

fn tetragon_events() -> Vec<(String, Vec<&'static str>)> {
    let start = |binary, arguments| tetragon("process_exec", binary, arguments);
    let docker = |id| format!(r#"{{"process_exec":{{"process":{{"binary":"kubectl","docker":"{id}"}}}}}}"#);
    vec![
        (start("/usr/local/bin/kubectl", "get secrets"), vec![UTILITY]),
        (start("/usr/bin/nc", "-lvp 4444"), vec![NETCAT]),
        (start("/bin/bash", "-i"), vec![SHELL]),
        (start("/usr/bin/kubectl.sh", ""), vec![]),
        (tetragon("process_exit", "/usr/bin/kubectl", ""), vec![]),
        (docker("c1"), vec![UTILITY]),
        (docker(""), vec![]),
    ]
}

/// The names of the rules in each tagged event.
fn matched(output: &str) -> Vec<Vec<String>> {
    let names = |line: &str| {
        let event: Value = serde_json::from_str(line).unwrap();
        let matches = event["weir"]["matches"].as_array().cloned().unwrap_or_default();
        matches.iter().map(|matched| matched["rule"]["name"].as_str().unwrap().to_owned()).collect()
    };
    output.lines().map(names).collect()
}

#[track_caller]
fn assert_matched(output: &str, events: &[(String, Vec<&str>)]) {
    for ((event, expected), found) in events.iter().zip(matched(output)) {
        assert_eq!(&found, expected, "{event}");
    }
    assert_eq!(output.lines().count(), events.len());
}

#[test]
fn raw_events_match_the_shipped_rules_through_a_module_that_was_built_for_them() {
    let folder = Folder::new();
    let events: Vec<_> = falco_events().into_iter().chain(tetragon_events()).collect();
    let input = lines(events.iter().map(|(event, _)| event));
    folder.run(&format!("build {RULES} --mapping falco --mapping tetragon -o both.wasm"), "").output();
    let output = folder.run("run -q --module both.wasm", &input).output();
    assert_matched(&output, &events);
    // What matches nothing, and all of the rest of what matches, is as it came.
    let untouched = |(line, (event, rules)): &(&str, &(String, Vec<&str>))| rules.is_empty() && line == event;
    let clean = events.iter().filter(|(_, rules)| rules.is_empty()).count();
    assert_eq!(output.lines().zip(&events).filter(untouched).count(), clean);
    folder.run(&format!("build {RULES} -o none.wasm"), "").output();
    assert_eq!(folder.run("run -q --module none.wasm", &input).output(), input);
}

#[test]
fn the_config_maps_the_rules_that_it_names_or_those_that_weir_ships() {
    let folder = Folder::new();
    for (detect, events) in [
        ("  mappings: [falco]".to_owned(), falco_events()),
        ("  mappings: [tetragon]".to_owned(), tetragon_events()),
        (format!("  rules: ['{RULES}']\n  mappings: [tetragon, falco]"), falco_events()),
    ] {
        folder.configure(&detect, "");
        assert!(folder.run("validate weir.yaml", "").output().contains("→ 6 rules →"));
        assert_matched(
            &folder.run("run -q -c weir.yaml", lines(events.iter().map(|(event, _)| event))).output(),
            &events,
        );
    }
}

#[test]
fn events_under_ecs_names_match_with_a_mapping_as_they_do_without() {
    let folder = Folder::new();
    folder.configure("  mappings: [falco, tetragon]", "");
    let input = lines([cli::matching(1), cli::clean(2), cli::matching(3)]);
    let expected = lines([cli::tagged(1), cli::clean(2), cli::tagged(3)]);
    assert_eq!(folder.run("run -q -c weir.yaml", input).output(), expected);
}

#[test]
fn a_user_writes_a_mapping_of_their_own_beside_the_config() {
    let folder = Folder::new();
    fs::create_dir(folder.path("etc")).unwrap();
    let mapping = r#"
[fields]
"container.id" = { from = "ctr", none = ["-"] }
"process.name" = { from = "cmd", after_last = "\\" }
[values]
"event.category" = { value = "process", when = "op != null" }
"event.type" = { value = "start", when = 'op : ("run", "spawn*")' }
"#;
    folder.write("etc/ours.toml", mapping);
    folder.write("etc/weir.yaml", "detect: {mappings: [ours.toml]}");
    let events = [
        (r#"{"op":"SPAWN2","cmd":"C:\\bin\\docker","ctr":"c1"}"#.to_owned(), vec![UTILITY]),
        (r#"{"op":"run","cmd":"kubectl","ctr":["-","c1"]}"#.to_owned(), vec![UTILITY]),
        (r#"{"op":"run","cmd":"kubectl","ctr":"-"}"#.to_owned(), vec![]),
        (r#"{"op":"stop","cmd":"kubectl","ctr":"c1"}"#.to_owned(), vec![]),
    ];
    let input = lines(events.iter().map(|(event, _)| event));
    assert_matched(&folder.run("run -q -c etc/weir.yaml", &input).output(), &events);
    folder.run(&format!("build {RULES} --mapping etc/ours.toml -o ours.wasm"), "").output();
    assert_matched(&folder.run("run -q --module ours.wasm", &input).output(), &events);
    let fields = folder.run("inspect ours.wasm", "").output();
    assert!(fields.contains(" cmd, ") && fields.contains(" op, ") && fields.contains(" ctr, "), "{fields}");
}

#[test]
fn cases_may_hold_raw_events() {
    let folder = Folder::new();
    folder.write("rule.toml", include_str!("../../wasm-guest/rules/netcat_listener_in_container.toml"));
    let event =
        r#"{"output_fields": {"container.id": "c1", "evt.type": "execve", "proc.name": "nc", "proc.args": "-l"}}"#;
    folder.write("rule.test.yaml", format!("tests:\n  - name: nc\n    event: {event}\n    matches: [rule]\n"));
    assert!(folder.run("test rule.toml --mapping falco", "").output().contains("1 passed; 0 failed;"));
    assert_eq!(folder.run("test rule.toml", "").code(), 78);
    let covered = folder.run("test rule.toml --mapping falco --coverage", "").output();
    assert!(!covered.contains("never true: `container.id"), "{covered}");
    assert!(covered.contains("never false: `container.id"), "{covered}");
}

#[test]
fn a_raw_event_is_explained_by_what_it_holds() {
    let folder = Folder::new();
    let event = falco(r#""container.id":"c1","evt.type":"execve","proc.name":"nc","proc.args":"-l""#);
    let explained = folder.run("explain netcat_listener_in_container --mapping falco -", &event).output();
    assert!(explained.contains(r#"output_fields.proc.name: "nc""#), "{explained}");
    assert!(explained.contains("\nmatch, because `category process`, "), "{explained}");
    let plain = folder.run("explain netcat_listener_in_container -", &event).output();
    assert!(plain.contains("\nno match; "), "{plain}");
}

#[test]
fn a_wrong_mapping_is_refused_with_its_place_or_with_what_there_is() {
    let folder = Folder::new();
    folder.write("bad.toml", "[fields]\n\"process.name\" = { form = \"comm\" }\n");
    for (mappings, complaint) in [
        (
            "bad.toml",
            "error: the source has no `from`
 --> bad.toml:2:20
  |
2 | \"process.name\" = { form = \"comm\" }
  |                    ^^^^
  |
  = help: did you mean `from`?

1 error; no module was made
",
        ),
        (
            "falko",
            "error: cannot read mapping `falko`: No such file or directory (os error 2); give a file, or one of `falco`, \
             `tetragon`\n",
        ),
        ("falco falco", "error: the mapping `falco` is given twice; remove one of the two\n"),
    ] {
        let flags: String = mappings.split(' ').map(|mapping| format!(" --mapping {mapping}")).collect();
        let refused = folder.run(&format!("build {RULES}{flags} -o out.wasm"), "");
        assert_eq!(refused.complaint(78), complaint);
        folder.write("refused.yaml", format!("detect: {{mappings: [{}]}}", mappings.replace(' ', ", ")));
        let refused = folder.run("validate refused.yaml", "").complaint(78);
        let (what, _) = complaint.split_once(['\n', ';']).unwrap();
        assert!(refused.contains(what), "{refused}");
    }
    assert!(!folder.path("out.wasm").exists());
}

#[test]
fn a_pipe_is_no_mapping() {
    let folder = Folder::new();
    folder.shell("mkfifo pipe").output();
    let error =
        "error: cannot read mapping `pipe`: it isn't a regular file; give a file, or one of `falco`, `tetragon`\n";
    assert_eq!(folder.run(&format!("build {RULES} --mapping pipe --check"), "").complaint(78), error);
}
