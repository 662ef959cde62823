//! How `weir test` tells what passed and what failed, in each of its forms, of the cases in `tests/cases/report`.
//!
//! Each form is compared with a golden file there; `UPDATE_GOLDEN=1` writes these anew.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod golden;

use std::fs;
use std::process::{Command, Output};

use serde_json::Value;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/report");

/// `weir test` in the folder of the cases, without what the surroundings say of colours.
fn weir_test(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
    command.arg("test").args(arguments).current_dir(FOLDER);
    for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
        command.env_remove(variable);
    }
    command
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

/// Asserts that the text is the one in the golden file, but for how long anything took.
fn assert_golden(name: &str, text: &str) {
    golden::assert_golden(format!("{FOLDER}/{name}"), &timeless(text));
}

/// The text with `N` in the place of each time.
fn timeless(text: &str) -> String {
    let mut text = text.to_owned();
    for before in ["finished in ", "time=\"", "\"seconds\":"] {
        let mut parts = text.split(before);
        let mut without = parts.next().unwrap().to_owned();
        for part in parts {
            let rest = part.trim_start_matches(|char: char| char.is_ascii_digit() || "e.-".contains(char));
            assert_ne!(rest, part, "there is no time after {before}");
            without += &format!("{before}N{rest}");
        }
        text = without;
    }
    text
}

#[test]
fn a_person_sees_each_verdict_and_each_difference() {
    let output = weir_test(&["."]).output().unwrap();
    assert_golden("text.stdout", stdout(&output));
    assert_eq!((stderr(&output), output.status.code()), ("error: 5 tests failed\n", Some(78)));
}

#[test]
fn a_terminal_shows_differences_in_colour() {
    let output = weir_test(&[".", "--filter", "root"]).env("CLICOLOR_FORCE", "1").output().unwrap();
    assert_golden("colour.stdout", stdout(&output));
}

#[test]
fn a_machine_reads_an_object_a_line_for_each_case_and_for_all() {
    let output = weir_test(&[".", "--json"]).output().unwrap();
    assert_golden("json.stdout", stdout(&output));
    let told: Vec<Value> = stdout(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (summary, cases) = told.split_last().unwrap();
    let passed = cases.iter().filter(|case| case["passed"] == true).count();
    assert_eq!((&summary["passed"], &summary["failed"]), (&passed.into(), &(cases.len() - passed).into()));
    assert_eq!(output.status.code(), Some(78));
}

#[test]
fn a_pipeline_gets_a_junit_report_beside_the_text() {
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("junit.xml");
    let output = weir_test(&[".", "--junit", report.to_str().unwrap()]).output().unwrap();
    assert_golden("junit.xml", &fs::read_to_string(report).unwrap());
    assert!(stdout(&output).starts_with("running 10 tests on 2 rules\n"), "{}", stdout(&output));
    assert_eq!(output.status.code(), Some(78));
}

#[test]
fn a_junit_report_that_cannot_be_written_is_a_failure_of_the_run() {
    let output = weir_test(&[".", "--filter", "nobody", "--junit", "none/junit.xml"]).output().unwrap();
    let error = "error: cannot write `none/junit.xml`: No such file or directory (os error 2); check the path, its \
                 permissions and the disk\n";
    assert_eq!((stderr(&output), output.status.code()), (error, Some(1)));
}

#[test]
fn cases_are_listed_by_the_names_that_filters_go_by() {
    let output = weir_test(&[".", "--list"]).output().unwrap();
    assert_golden("list.stdout", stdout(&output));
    let name = "shell_in_container::bash starts <outside> & \"quoted\"";
    let output = weir_test(&[".", "--list", "--exact", "--filter", name]).output().unwrap();
    assert_eq!(stdout(&output), format!("{name}\n"));
}

#[test]
fn filters_choose_cases_by_a_part_of_their_names() {
    for (arguments, passed) in [
        (&["-f", "nobody"][..], "1 passed; 0 failed; 9 filtered out;"),
        (&["-f", "nobody", "--filter", "::sh starts in"], "2 passed; 0 failed; 8 filtered out;"),
        (&["-f", "root_in_container::"], "2 passed; 0 failed; 8 filtered out;"),
        (&["-f", "shell_in_container::sh starts", "--exact"], "1 passed; 0 failed; 9 filtered out;"),
    ] {
        let output = weir_test(&[&["."], arguments].concat()).output().unwrap();
        let result = format!("\ntest result: ok. {passed} finished in Ns\n");
        assert!(timeless(stdout(&output)).ends_with(&result), "{}", stdout(&output));
        assert_eq!((stderr(&output), output.status.code()), ("", Some(0)));
    }
}

#[test]
fn a_filter_that_no_case_meets_is_refused() {
    for (arguments, error) in [
        (&["-f", "nobody", "-f", "sudo"][..], "error: no case has a name with `sudo`; `--list` shows all names\n"),
        (&["-f", "sh starts", "--exact"], "error: no case is called `sh starts`; `--list` shows all names\n"),
    ] {
        let output = weir_test(&[&["."], arguments].concat()).output().unwrap();
        assert_eq!((stderr(&output), stdout(&output), output.status.code()), (error, "", Some(78)));
    }
}

#[test]
fn a_name_takes_one_line_and_commands_no_terminal() {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(format!("{FOLDER}/shell_in_container.toml"), folder.path().join("shell.toml")).unwrap();
    let cases = "tests:\n  - {name: \"a\\nb\\t\\e[31m\\x9b\", event: {}, matches: []}\n";
    fs::write(folder.path().join("shell.test.yaml"), cases).unwrap();
    let run =
        |arguments: &[&str]| weir_test(&[&["."], arguments].concat()).current_dir(folder.path()).output().unwrap();
    let name = "shell::a␊b␉␛[31m\u{fffd}";
    assert_eq!(stdout(&run(&["--list"])), format!("{name}\n"));
    let output = run(&["--exact", "--filter", name, "--junit", "junit.xml"]);
    assert!(stdout(&output).contains(&format!("\ntest {name} ... ok\n")), "{}", stdout(&output));
    let report = fs::read_to_string(folder.path().join("junit.xml")).unwrap();
    assert!(report.contains("name=\"a&#10;b&#9;\u{fffd}[31m\u{9b}\""), "{report}");
}
