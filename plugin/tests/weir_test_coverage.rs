//! `weir test --coverage`: what it says of the cases in `tests/coverage`, and of those of the shipped rules.
//!
//! What is printed is compared with the golden files there; `UPDATE_GOLDEN=1` writes these anew.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod golden;

use std::fs;
use std::process::{Command, Output};

use serde_json::Value;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/coverage");
const SHIPPED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../wasm-guest/rules");

fn weir_test(folder: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
    command.arg("test").args(arguments).current_dir(folder).env_remove("CLICOLOR_FORCE").output().unwrap()
}

/// What is printed if all cases pass.
fn printed(output: Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn assert_golden(name: &str, text: &str) {
    golden::assert_golden(format!("{FOLDER}/{name}"), text);
}

#[test]
fn a_person_sees_what_is_untested_and_which_changes_would_pass() {
    let all = printed(weir_test(FOLDER, &[".", "--coverage"]));
    let (_, after) = all.split_once("\n\n").unwrap();
    let (coverage, _) = after.rsplit_once("\n\n").unwrap();
    assert_golden("coverage.stdout", &format!("{coverage}\n"));
}

#[test]
fn a_machine_reads_an_object_for_each_rule() {
    let all = printed(weir_test(FOLDER, &[".", "--coverage", "--json"]));
    let objects: Vec<Value> = all.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [coverage] = objects.iter().filter(|told| told["type"] == "coverage").collect::<Vec<_>>()[..] else {
        panic!("{all}")
    };
    assert_golden("coverage.json", &format!("{coverage:#}\n"));
}

#[test]
fn only_the_cases_that_are_run_count() {
    let all = printed(weir_test(FOLDER, &[".", "--coverage", "--filter", "tini"]));
    assert!(all.contains("\nshell_in_container: predicates 0/6, mutants killed "), "{all}");
    assert!(all.contains(": never true: `process.pid <= 1`\n"), "{all}");
}

#[test]
fn the_cases_of_the_shipped_rules_leave_nothing_untested() {
    let all = printed(weir_test(SHIPPED, &[".", "--coverage"]));
    assert!(!all.contains(": survives: ") && !all.contains(": never "), "{all}");
    assert!(all.contains("\ncontainer_management_utility: predicates 4/4, mutants killed 20/20\n"), "{all}");
}

#[test]
fn coverage_without_rule_files_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    let build = Command::new(env!("CARGO_BIN_EXE_weir"))
        .args(["build", "shell_in_container.toml", "-o"])
        .arg(folder.path().join("shell.wasm"))
        .current_dir(FOLDER)
        .output();
    assert!(build.unwrap().status.success());
    let case = "tests:\n  - {name: nothing, event: {}, matches: []}\n";
    fs::write(folder.path().join("shell.test.yaml"), case).unwrap();
    let output = weir_test(path, &[".", "--module", "shell.wasm", "--coverage"]);
    let told = String::from_utf8(output.stderr).unwrap();
    let expected = "error: `.` holds no rule file (`*.toml`); give rule files, or folders that hold some\n";
    assert_eq!((&*told, output.status.code()), (expected, Some(78)));
}
