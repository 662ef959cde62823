//! `weir test` as its users meet it: what passes, what fails, and what a case file may not say.
//!
//! Each `tests/cases/NAME.yaml` is refused with the text in `NAME.stderr`; `UPDATE_GOLDEN=1` writes these texts anew.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod golden;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use golden::assert_golden;
use tempfile::TempDir;
use weir::harness::{RuleNames, cases};
use weir_eql::RuleFile;

const SHIPPED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../wasm-guest/rules");

const SHELL_ID: &str = "0bd1e1c2-5f0a-4c38-9a0e-0d6f4c1a7f11";

/// A rule that matches when one of two shells starts.
fn shell_rule(id: &str) -> String {
    format!(
        "[rule]\nrule_id = \"{id}\"\nname = \"Shell in a container\"\nseverity = \"low\"\nrisk_score = 21\n\
         language = \"eql\"\ntype = \"eql\"\nquery = 'process where process.name in (\"sh\", \"bash\")'\n"
    )
}

/// A folder with one rule, and one file of cases beside it.
fn folder(cases: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("shell_in_container.toml"), shell_rule(SHELL_ID)).unwrap();
    fs::write(folder.path().join("shell_in_container.test.yaml"), cases).unwrap();
    folder
}

fn weir(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_weir")).args(arguments).current_dir(folder).output().unwrap()
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

/// What was printed, but for how long it took.
fn timeless(text: &str) -> &str {
    text.rsplit_once(" finished in ").unwrap().0
}

#[test]
fn the_shipped_rules_pass_all_their_cases() {
    let output = weir(Path::new(SHIPPED), &["test", "."]);
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    assert_eq!(stderr(&output), "");
    let all = stdout(&output);
    let passed = all.lines().filter(|line| line.ends_with(" ... ok")).count();
    assert!(passed >= 270, "{all}");
    assert!(all.starts_with(&format!("running {passed} tests on 6 rules\n")), "{all}");
    assert!(timeless(all).ends_with(&format!("test result: ok. {passed} passed; 0 failed;")), "{all}");
}

#[test]
fn a_rule_that_no_case_expects_to_match_is_named() {
    let folder = folder("tests:\n  - {name: zsh starts, event: {process.name: zsh}, matches: []}\n");
    let output = weir(folder.path(), &["test", "."]);
    let warning = "warning: no case expects `./shell_in_container.toml` to match; add one to \
                   `./shell_in_container.test.yaml`\n";
    assert_eq!((stderr(&output), output.status.code()), (warning, Some(0)));
}

#[test]
fn no_cases_at_all_are_an_error_that_says_where_they_belong() {
    let folder = folder("tests: []\n");
    let rule = folder.path().join("shell_in_container.toml");
    for remove in [false, true] {
        if remove {
            fs::remove_file(cases::beside(&rule)).unwrap();
        }
        let output = weir(folder.path(), &["test", "."]);
        let error = "error: there are no cases to run; write those of `some_rule.toml` to `some_rule.test.yaml`\n";
        assert_eq!((stderr(&output), output.status.code()), (error, Some(78)));
    }
}

#[test]
fn cases_in_a_file_of_another_name_are_not_overlooked() {
    let folder = folder(
        "tests:\n  - {name: sh, event: {event.category: process, process.name: sh}, matches: [shell_in_container]}\n",
    );
    fs::write(folder.path().join("more.test.yml"), "tests: []\n").unwrap();
    fs::write(folder.path().join("shell_in_container.test.yml"), "tests: []\n").unwrap();
    let warning = |path| format!("warning: `{path}` isn't read; rename it to `….test.yaml`, as cases are called\n");
    for (path, misnamed) in [
        (".", &["./more.test.yml", "./shell_in_container.test.yml"][..]),
        ("shell_in_container.toml", &["shell_in_container.test.yml"]),
    ] {
        let output = weir(folder.path(), &["test", path]);
        assert_eq!(stderr(&output), misnamed.iter().map(warning).collect::<String>());
        assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    }
    let error = "error: `more.test.yml` holds cases; give the rule beside it, or their folder\n";
    assert_eq!(stderr(&weir(folder.path(), &["test", "more.test.yml"])), error);
}

#[test]
fn a_built_module_is_tested_without_its_rule_files_by_the_ids_of_its_rules() {
    let by_id = format!(
        "tests:\n  - {{name: sh, event: {{event.category: process, process.name: sh}}, matches: [{SHELL_ID}]}}\n"
    );
    let folder = folder(&by_id);
    assert!(weir(folder.path(), &["build", "shell_in_container.toml", "-o", "shell.wasm"]).status.success());
    fs::remove_file(folder.path().join("shell_in_container.toml")).unwrap();
    let output = weir(folder.path(), &["test", ".", "--module", "shell.wasm"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(timeless(stdout(&output)).ends_with("test result: ok. 1 passed; 0 failed;"));
}

#[test]
fn what_is_no_rule_or_no_module_is_refused_with_a_remedy() {
    let folder = folder("tests: []\n");
    for (arguments, expected) in [
        (
            &["test", "shell_in_container.test.yaml"][..],
            "error: `shell_in_container.test.yaml` holds cases; give the rule beside it, or their folder\n",
        ),
        (
            &["test", ".", "-m", "no.wasm"],
            "error: cannot read module `no.wasm`: No such file or directory (os error 2); build one with `weir build`\n",
        ),
    ] {
        let output = weir(folder.path(), arguments);
        assert_eq!((stderr(&output), output.status.code()), (expected, Some(78)));
    }
}

#[test]
fn all_that_is_wrong_with_any_case_file_is_told_at_once() {
    let folder = folder("tests:\n  - name: no verdict\n    event: {}\n");
    fs::write(folder.path().join("more.test.yaml"), "test: []\n").unwrap();
    let output = weir(folder.path(), &["test", "."]);
    let expected = "\
error: unknown key `test`
 --> ./more.test.yaml:1:1
  |
1 | test: []
  | ^^^^
  |
  = help: did you mean `tests`?

error: this test has no `matches`
 --> ./shell_in_container.test.yaml:2:5
  |
2 |   - name: no verdict
  |     ^^^^
  |
  = help: list the rules that must match; `[]` if none may
";
    assert_eq!((stderr(&output), output.status.code()), (expected, Some(78)));
    assert_eq!(stdout(&output), "");
}

#[test]
fn each_mistake_in_a_case_file_is_shown_with_its_place_and_its_remedy() {
    let parse = |path: &str, id: &str| RuleFile::parse(path, &shell_rule(id)).unwrap();
    let rules =
        [parse("shell_in_container.toml", SHELL_ID), parse("a/twin.toml", "id-of-a"), parse("b/twin.toml", "id-of-b")];
    let names = RuleNames::new(&rules, &[]);
    let files = fs::read_dir("tests/cases").unwrap().map(|entry| entry.unwrap().path());
    let mistakes: Vec<PathBuf> = files.filter(|file| file.extension().is_some_and(|it| it == "yaml")).collect();
    assert!(mistakes.len() >= 32, "where are the golden files?");
    for file in mistakes {
        let error = cases::read(&file, &names).expect_err(&file.display().to_string()).to_string() + "\n";
        assert!(error.contains(&format!("--> {}:", file.display())) && error.contains("= help: "), "{error}");
        assert_golden(file.with_extension("stderr"), &error);
    }
}

#[test]
fn a_rule_file_that_a_module_was_not_made_of_is_named() {
    let folder = folder("tests:\n  - {name: zsh, event: {process.name: zsh}, matches: []}\n");
    let rule = folder.path().join("shell_in_container.toml");
    assert!(weir(folder.path(), &["build", ".", "-o", "shell.wasm"]).status.success());
    let warning =
        "warning: module `shell.wasm` wasn't made of `./shell_in_container.toml` as it is now; build it anew\n";
    let text = shell_rule(SHELL_ID);
    for (text, said) in [
        (text.clone(), ""),
        (format!("# nothing that matters\n{text}"), ""),
        (text.replace("bash", "zsh"), warning),
        (shell_rule("another-id"), warning),
    ] {
        fs::write(&rule, &text).unwrap();
        let output = weir(folder.path(), &["test", ".", "-m", "shell.wasm", "-f", "zsh"]);
        assert_eq!((stderr(&output), output.status.code()), (said, Some(0)), "{text}");
    }
}
