//! `weir build`, `inspect` and `schema`, and what `weir run` says on stderr.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod cli;

use std::fs;
use std::os::unix::fs::symlink;

use cli::{Ended, Folder, assert_same, clean, lines, matching, tagged};
use serde_json::{Value, json};

const RULE: &str = include_str!("../../wasm-guest/rules/container_management_utility.toml");
const ID: &str = "6c6bb7ea-0636-44ca-b541-201478ef6b50";

/// A rule file like the shipped one, with an id that ends in this digit.
fn rule(digit: u8) -> String {
    RULE.replace("478ef6b50", &format!("478ef6b5{digit}"))
}

/// The text, each number in it replaced.
fn without_numbers(text: &str) -> String {
    let mut plain = String::new();
    for char in text.chars() {
        match char {
            '0'..='9' if plain.ends_with('N') => {}
            '0'..='9' => plain.push('N'),
            _ => plain.push(char),
        }
    }
    plain
}

#[test]
fn files_and_folders_become_one_module_the_same_each_time() {
    let folder = Folder::new();
    fs::create_dir_all(folder.path("rules/more")).unwrap();
    folder.write("rules/b.toml", rule(1));
    folder.write("rules/more/a.toml", rule(2));
    folder.write("rules/notes.txt", "no rule");
    folder.write("single", rule(3));
    for (paths, rules) in [("single", 1), ("rules", 2), ("rules/b.toml single", 2), ("rules single", 3)] {
        let stderr = folder.run(&format!("build {paths} -o one.wasm"), "").complaint(0);
        let plural = if rules == 1 { "" } else { "s" };
        assert!(stderr.starts_with(&format!("weir: {rules} rule{plural} → one.wasm (")), "{stderr}");
        folder.run(&format!("build {paths} -o two.wasm"), "").output();
        assert!(fs::read(folder.path("one.wasm")).unwrap() == fs::read(folder.path("two.wasm")).unwrap());
    }
    let ids = folder.run("inspect one.wasm", "").output();
    let ids: Vec<&str> = ids.lines().filter_map(|line| line.strip_prefix("  id        ")).collect();
    assert_eq!(ids, [1, 2, 3].map(|digit| ID.replace("ef6b50", &format!("ef6b5{digit}"))));
}

#[test]
fn hidden_files_and_linked_folders_are_left_out() {
    let folder = Folder::new();
    // As Kubernetes mounts a ConfigMap.
    fs::create_dir_all(folder.path("rules/..2026_11_24")).unwrap();
    folder.write("rules/..2026_11_24/rule.toml", RULE);
    symlink("..2026_11_24", folder.path("rules/..data")).unwrap();
    symlink("..data/rule.toml", folder.path("rules/rule.toml")).unwrap();
    // As an editor locks a file.
    symlink("nobody@nowhere", folder.path("rules/.#rule.toml")).unwrap();
    symlink(".", folder.path("rules/round")).unwrap();
    let stderr = folder.run("build rules -o rules.wasm", "").complaint(0);
    assert!(stderr.starts_with("weir: 1 rule → rules.wasm"), "{stderr}");
}

#[test]
fn wrong_rules_are_refused_with_their_place_and_the_module_before_stays() {
    let folder = Folder::new();
    fs::create_dir(folder.path("empty")).unwrap();
    folder.write("good.toml", RULE);
    folder.write("twin.toml", RULE);
    folder.write("bad.toml", RULE.replace("process where", "process whre"));
    folder.write("worse.toml", "[rule");
    folder.write("latin1.toml", b"name = '\xe9'");
    folder.write("out.wasm", "the module before");
    for (paths, complaints) in [
        ("bad.toml", &["error: ", "bad.toml:", "whre", "\n1 error; no module was made\n"][..]),
        ("good.toml bad.toml worse.toml", &["bad.toml:", "worse.toml:", " errors; no module was made\n"]),
        ("good.toml twin.toml", &["error: ", ID, "good.toml", "twin.toml"]),
        ("empty", &["error: `empty` holds no rule file (`*.toml`); give rule files, or folders that hold some\n"]),
        ("none", &["error: cannot read `none`: No such file or directory (os error 2); give rule files"]),
        ("latin1.toml", &["error: cannot read `latin1.toml`: stream did not contain valid UTF-8; save it as UTF-8\n"]),
    ] {
        let message = folder.run(&format!("build {paths} -o out.wasm"), "").complaint(78);
        for complaint in complaints {
            assert!(message.contains(complaint), "{complaint:?} isn't in\n{message}");
        }
        assert_eq!(folder.read("out.wasm"), "the module before");
    }
}

#[test]
fn a_module_that_cannot_be_written_leaves_nothing_behind_and_the_one_before_whole() {
    let folder = Folder::new();
    folder.write("rule.toml", RULE);
    folder.write("out.wasm", "the module before");
    fs::create_dir(folder.path("folder")).unwrap();
    let before = folder.names();
    for (script, reason) in [
        (
            "weir build rule.toml -o none/out.wasm",
            "cannot write `none/out.wasm`: No such file or directory (os error 2)",
        ),
        ("weir build rule.toml -o folder", "cannot write `folder`: Is a directory (os error 21)"),
        ("weir build rule.toml -o /dev/full", "cannot write `/dev/full`: No space left on device (os error 28)"),
        // As when the disk runs full half-way.
        (
            "trap '' XFSZ; ulimit -f 10; weir build rule.toml -o out.wasm",
            "cannot write `out.wasm`: File too large (os error 27)",
        ),
    ] {
        let message = folder.shell(script).complaint(1);
        assert_eq!(message, format!("error: {reason}; check the path, its permissions and the disk\n"));
        assert_eq!(folder.names(), before);
        assert_eq!(folder.read("out.wasm"), "the module before");
    }
}

#[test]
fn a_module_may_be_written_through_a_link_or_to_a_pipe() {
    let folder = Folder::new();
    folder.write("rule.toml", RULE);
    folder.write("real.wasm", "");
    symlink("real.wasm", folder.path("link.wasm")).unwrap();
    folder.run("build rule.toml -o link.wasm", "").output();
    assert!(fs::symlink_metadata(folder.path("link.wasm")).unwrap().is_symlink());
    let piped = folder.shell("weir build rule.toml -o /dev/stdout | cat");
    assert!(piped.stdout() == fs::read(folder.path("real.wasm")).unwrap());
}

#[test]
fn inspect_shows_what_a_module_is() {
    let folder = Folder::new();
    folder.write("rule.toml", RULE);
    folder.run("build rule.toml -o rules.wasm", "").output();
    let sum = folder.shell("sha256sum rules.wasm | cut -d' ' -f1").output();
    let size = fs::metadata(folder.path("rules.wasm")).unwrap().len();
    assert_eq!(
        folder.run("inspect rules.wasm", "").output(),
        format!(
            r#"module  rules.wasm
kind    component, for `weir run` and programs that embed Weir
size    {size} bytes
sha256  {sum}fields  container.id, event.category, event.type, process.name
rules   1

Container Management Utility Run Inside A Container (version 1)
  id        {ID}
  severity  low, risk score 21
  threat    MITRE ATT&CK: TA0002 Execution
            T1609 Container Administration Command
  tags      Data Source: Elastic Defend for Containers, Domain: Container, OS: Linux, Use Case: Threat Detection, Tactic: Execution, Resources: Investigation Guide
  index     logs-cloud_defend*
  interval  5m
  from      now-6m
  time      event.ingested
  see       https://attack.mitre.org/techniques/T1609/
  query     process where container.id: "*" and event.type== "start"
             and process.name: ("dockerd", "docker", "kubelet", "kube-proxy", "kubectl", "containerd", "runc", "systemd", "crictl")
"#
        )
    );
}

#[test]
fn inspect_tells_programs_the_same_as_json() {
    let folder = Folder::new();
    folder.write("rule.toml", RULE);
    folder.write(
        "known.exceptions.toml",
        r#"
            [[exceptions]]
            name = "Builds"
            comment = "They call docker"
            rules = "all"
            condition = 'container.id : "build-*"'
            expires = 2030-01-31T00:00:00Z
        "#,
    );
    folder.run("build rule.toml known.exceptions.toml -o rules.wasm", "").output();
    let told: Value = serde_json::from_str(&folder.run("inspect --json rules.wasm", "").output()).unwrap();
    assert_eq!(told["module"], "rules.wasm");
    assert_eq!(told["size"], fs::metadata(folder.path("rules.wasm")).unwrap().len());
    assert_eq!(told["fields"], json!(["container.id", "event.category", "event.type", "process.name"]));
    let [rule] = &told["rules"].as_array().unwrap()[..] else { panic!("{told}") };
    for (key, expected) in [
        ("id", json!(ID)),
        ("version", json!(1)),
        ("risk_score", json!(21)),
        ("index", json!(["logs-cloud_defend*"])),
        ("interval", json!("5m")),
        ("from", json!("now-6m")),
        ("timestamp_override", json!("event.ingested")),
    ] {
        assert_eq!(rule[key], expected, "{key}");
    }
    assert_eq!(rule["tags"][1], "Domain: Container");
    assert_eq!(rule["threats"][0]["techniques"][0]["entry"]["id"], "T1609");
    let exception = json!({
        "name": "Builds",
        "comment": "They call docker",
        "rules": ["all"],
        "not_before": null,
        "expires": "2030-01-31T00:00:00Z",
    });
    assert_eq!(told["exceptions"], json!([exception]));
}

#[test]
fn inspect_refuses_what_is_no_module() {
    let folder = Folder::new();
    folder.write("garbage.wasm", "garbage");
    for (module, complaint) in [
        (
            "none.wasm",
            "error: cannot read module `none.wasm`: No such file or directory (os error 2); check the path\n",
        ),
        ("garbage.wasm", "error: module `garbage.wasm` isn't WebAssembly; build a module with `weir build`\n"),
    ] {
        assert_eq!(folder.run(&format!("inspect {module}"), "").complaint(78), complaint);
    }
}

#[test]
fn the_schema_that_is_printed_is_the_one_in_the_repository() {
    assert_same(Folder::new().run("schema", "").output(), include_str!("../../configs/weir.schema.json"));
}

#[test]
fn a_full_disk_behind_stdout_ends_any_command_with_one() {
    let folder = Folder::new();
    folder.write("rule.toml", RULE);
    folder.run("build rule.toml -o rules.wasm", "").output();
    for command in ["schema", "inspect rules.wasm"] {
        let message = folder.shell(&format!("weir {command} > /dev/full")).complaint(1);
        assert_eq!(message, "error: writing stdout failed: No space left on device (os error 28)\n");
    }
}

#[test]
fn a_reader_that_has_read_enough_ends_what_is_only_shown_in_silence() {
    let folder = Folder::new();
    folder.write("rule.toml", RULE);
    folder.write("rule.test.yaml", format!("tests:\n  - {{name: one, json: '{}', matches: [rule]}}\n", matching(1)));
    folder.write("event.json", clean(1));
    folder.run("build rule.toml -o rules.wasm", "").output();
    for (command, code) in [
        ("schema", 141),
        ("inspect rules.wasm", 141),
        ("inspect rules.wasm --json", 141),
        ("guide rule.toml", 141),
        ("explain rule.toml event.json", 141),
        ("attack-layer rules.wasm", 141),
        ("test rule.toml --list", 141),
        ("test rule.toml --json", 141),
        ("--help", 0),
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = folder.weir(command).stdout(writer).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), said.as_str()), (Some(code), ""), "{command}");
    }
}

/// Runs over two events that match, one that doesn't and one that can't be judged.
fn run_with(flags: &str, sections: &str) -> Ended {
    let folder = Folder::new();
    folder.configure("  max_event_bytes: 1024", sections);
    let ended = folder
        .run(&format!("run -c weir.yaml {flags}"), lines([matching(1), clean(2), cli::matching_of(2000), matching(3)]));
    assert_same(ended.output(), lines([tagged(1), clean(2), cli::too_large_of(2000), tagged(3)]));
    ended
}

#[test]
fn the_summary_counts_events_matches_and_what_was_not_judged() {
    let stderr = run_with("", "logs: {level: error}").stderr();
    let (first, rest) = stderr.split_once(": ").and_then(|(_, text)| text.split_once(": ")).unwrap();
    assert_eq!(first, "4 events in, 4 out");
    assert_eq!(
        rest.split_once('\n').unwrap().1,
        format!(
            "weir: 2 events match
weir:        2  Container Management Utility Run Inside A Container ({ID})
weir:        1  not judged: too_large
"
        )
    );
    assert_eq!(without_numbers(rest).lines().next(), Some("N.N MB in N.N s (N MB/s, N events/s)"));
}

#[test]
fn the_summary_names_the_file_that_was_written() {
    let folder = Folder::new();
    let stderr = folder.run("run -c weir.yaml -o out.ndjson", "").complaint(0);
    assert!(stderr.ends_with("weir: 0 events match\nweir: written to out.ndjson\n"), "{stderr}");
}

#[test]
fn quiet_is_silent_unless_there_is_something_to_warn_of() {
    assert_eq!(run_with("--quiet", "logs: {level: error}").stderr(), "");
    let warned = run_with("-q", "").stderr();
    assert!(
        warned.contains(" WARN ") && warned.contains("reason=\"too_large\"") && warned.lines().count() == 1,
        "{warned}"
    );
}

#[test]
fn show_match_prints_the_first_match_readably() {
    let stderr = run_with("--quiet --show-match", "logs: {level: error}").stderr();
    let json = stderr.strip_prefix("weir: the first event that matched, tagged:\n").unwrap();
    assert!(json.starts_with("{\n  \"event\": {\n"), "{json}");
    let shown: Value = serde_json::from_str(json).unwrap();
    assert_eq!(shown, serde_json::from_str::<Value>(&tagged(1)).unwrap());
    assert_eq!(Folder::new().run("run -q --show-match -c weir.yaml", clean(1)).stderr(), "weir: no event matched\n");
}

#[test]
fn the_match_that_is_shown_is_whole_even_right_after_an_event_that_was_marked() {
    let folder = Folder::new();
    folder.configure("  max_event_bytes: 1024", "logs: {level: error}");
    let ended = folder.run("run -q --show-match -c weir.yaml", lines([cli::matching_of(2000), matching(1)]));
    let stderr = ended.stderr();
    let json = stderr.strip_prefix("weir: the first event that matched, tagged:\n").unwrap();
    assert!(serde_json::from_str::<Value>(json).is_ok(), "{json}");
}

#[test]
fn json_logs_are_one_object_a_line_the_summary_included() {
    let stderr = run_with("", "logs: {format: json}").stderr();
    let logged: Vec<Value> = stderr.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let [warning, summary] = &logged[..] else { panic!("{stderr}") };
    assert_eq!((&warning["level"], &warning["fields"]["reason"]), (&"WARN".into(), &"too_large".into()));
    for (field, expected) in [("events_in", 4), ("events_out", 4), ("matching_events", 2), ("unjudged_events", 1)] {
        assert_eq!(summary["fields"][field], expected, "{summary}");
    }
}
