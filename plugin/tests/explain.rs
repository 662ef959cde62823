//! `weir explain` as its users meet it: the tree and the sentence, the JSON, the colours, and what it refuses.
//!
//! What is printed about `tests/explain/events.ndjson` is compared with the golden files there; `UPDATE_GOLDEN=1` writes
//! these anew.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod golden;

use std::io::Write;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/explain");
const RULE: &str = "shell_of_a_server.toml";

/// `weir explain` in the folder of the golden files, without what the surroundings say of colours.
fn explain(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
    command.arg("explain").args(arguments).current_dir(FOLDER);
    for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
        command.env_remove(variable);
    }
    command
}

fn with_input(arguments: &[&str], input: &[u8]) -> Output {
    let mut command = explain(arguments);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

/// What is printed if all is well.
fn printed(output: Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn assert_golden(name: &str, text: &str) {
    golden::assert_golden(format!("{FOLDER}/{name}"), text);
}

#[test]
fn a_person_sees_a_tree_and_why_the_rule_matches_or_the_nearest_reason_why_not() {
    for (line, golden) in [("1", "nearly.stdout"), ("2", "match.stdout"), ("3", "far.stdout")] {
        assert_golden(golden, &printed(explain(&[RULE, "events.ndjson", "--line", line]).output().unwrap()));
    }
}

#[test]
fn a_machine_reads_an_object() {
    let json = printed(explain(&[RULE, "events.ndjson", "--json", "--color", "always"]).output().unwrap());
    assert_golden("nearly.json", &json);
    let told: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&told["matches"], &told["nearest"]), (&false.into(), &serde_json::json!([5])));
}

#[test]
fn colours_are_for_terminals_and_for_those_who_ask() {
    let arguments = [RULE, "events.ndjson"];
    let coloured = printed(explain(&[&arguments[..], &["--color", "always"]].concat()).output().unwrap());
    assert_golden("colour.stdout", &coloured);
    let plain = printed(explain(&arguments).output().unwrap());
    assert!(!plain.contains('\u{1b}') && !plain.contains('✓'), "{plain}");
    for (variable, color, expected) in [
        ("CLICOLOR_FORCE", "auto", &coloured),
        ("CLICOLOR_FORCE", "never", &plain),
        ("NO_COLOR", "auto", &plain),
        ("NO_COLOR", "always", &coloured),
    ] {
        let mut command = explain(&[&arguments[..], &["--color", color]].concat());
        assert_eq!(&printed(command.env(variable, "1").output().unwrap()), expected, "{variable} {color}");
    }
}

#[test]
fn a_shipped_rule_and_an_event_on_stdin_need_no_files() {
    let event =
        b"\n{\n  \"event\": {\"category\": \"process\", \"type\": \"start\"},\n  \"process.name\": \"runc\"\n}\n{}\n";
    let by_stem = printed(with_input(&["container_management_utility", "-"], event));
    assert!(by_stem.ends_with("\nno match; there would be one if `container.id: \"*\"` were true\n"), "{by_stem}");
    let by_id = printed(with_input(&["6c6bb7ea-0636-44ca-b541-201478ef6b50", "-"], event));
    assert_eq!(by_id, by_stem);
}

#[test]
fn what_cannot_be_explained_is_refused_with_a_remedy() {
    let many: Vec<_> = (0..400).collect();
    let many = format!("{{\"process\":{{\"pid\":{many:?},\"parent.pid\":{many:?}}}}}");
    let too_many =
        "the event has so many or so long values that the rule can't judge it; give an event as a JSON object";
    for (arguments, input, expected) in [
        (&[RULE, "-"][..], &b""[..], "stdin: there is no event; give an event as a JSON object"),
        (&[RULE, "-"], b"[1]\n", "stdin: the event is JSON, but no object; give an event as a JSON object"),
        (
            &[RULE, "-"],
            b"{\"a\":1} x\n{}\n",
            "stdin: the event isn't JSON: trailing characters at line 1 column 9; give an event as a JSON object",
        ),
        (
            &[RULE, "-", "--line", "2"],
            b"{}\n{\"a\":\"\xff\"}\n",
            "stdin, line 2: the event isn't UTF-8: invalid utf-8 sequence of 1 bytes from index 6; give an event as a JSON \
             object",
        ),
        (&[RULE, "-"], many.as_bytes(), &format!("stdin: {too_many}")),
        (
            &[RULE, "events.ndjson", "--line", "9"],
            b"",
            "`events.ndjson`, line 9: there is no event; give an event as a JSON object",
        ),
        (&[RULE, "no.json"], b"", "cannot read `no.json`: No such file or directory (os error 2); check the path"),
    ] {
        let output = with_input(arguments, input);
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!((&*told, output.status.code()), (&*format!("error: {expected}\n"), Some(78)), "{arguments:?}");
    }
    let output = explain(&["no_such_rule", "events.ndjson"]).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.starts_with("error: `no_such_rule` is neither a rule file nor a rule that Weir ships; "), "{told}");
    assert_eq!(output.status.code(), Some(78));
}
