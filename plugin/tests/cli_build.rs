//! `weir build` on folders as they are: rules of every kind in them, and with `--check`.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod cli;

use std::fs;
use std::os::unix::fs::symlink;

use cli::Folder;

const RULE: &str = include_str!("../../wasm-guest/rules/container_management_utility.toml");

/// A folder `rules` with a rule, and with what no folder of rules is without.
fn mixed() -> Folder {
    let folder = Folder::new();
    fs::create_dir_all(folder.path("rules/_deprecated")).unwrap();
    folder.write("rules/good.toml", RULE);
    folder.write("rules/_deprecated/chain.toml", RULE.replace("process where", "sequence [process where"));
    folder.write("rules/count.toml", RULE.replace("type = \"eql\"", "type = \"threshold\""));
    folder.write("rules/gitleaks.toml", "[[rules]]\nid = 'key'\nregex = 'AKIA'\n");
    folder.write("rules/learned.toml", "[rule]\nname = 'Rare'\ntype = 'machine_learning'\nanomaly_threshold = 50\n");
    folder.write("rules/piped.toml", RULE.replace("\"crictl\")", "\"crictl\")\n| head 1"));
    folder.write("rules/pyproject.toml", "[project]\nname = 'rules'\n");
    folder
}

const SKIPPED: &str = "\
skipped `rules/_deprecated/chain.toml`: `sequence` isn't supported
skipped `rules/count.toml`: rules of the type `threshold` aren't supported
skipped `rules/gitleaks.toml`: the file has no `[rule]`
skipped `rules/learned.toml`: rules of the type `machine_learning` aren't supported
skipped `rules/piped.toml`: `| head` isn't supported
skipped `rules/pyproject.toml`: the file has no `[rule]`
";

#[test]
fn what_weir_cannot_run_is_skipped_and_listed_where_a_folder_was_asked_for() {
    let folder = mixed();
    let said = folder.run("build rules -o rules.wasm", "").complaint(0);
    let summary = said.strip_prefix(SKIPPED).unwrap_or_else(|| panic!("{said}"));
    assert!(summary.starts_with("weir: 1 rule, 6 files skipped → rules.wasm ("), "{summary}");
    assert!(folder.run("inspect rules.wasm", "").output().contains("\nrules   1\n"));
}

#[test]
fn what_weir_cannot_run_is_refused_where_the_file_was_asked_for() {
    let folder = mixed();
    for (file, reason) in SKIPPED.lines().map(|line| line[9..].split_once("`: ").unwrap()) {
        for paths in [file.to_owned(), format!("rules {file}")] {
            let said = folder.run(&format!("build {paths} -o rules.wasm"), "").complaint(78);
            assert!(said.starts_with(&format!("error: {reason}\n")), "{said}");
            assert!(said.contains(&format!("--> {file}:")), "{said}");
        }
    }
    assert!(!folder.path("rules.wasm").exists());
}

#[test]
fn a_rule_that_should_build_and_does_not_fails_the_build_of_its_folder() {
    let folder = mixed();
    for (wrong, complaint) in [
        (RULE.replace("type = \"eql\"", "type = \"eqll\""), "did you mean `eql`?"),
        (RULE.replace("[rule", "[rules"), "did you mean `rule`?"),
        (RULE.replace("process where", "proces whre"), "did you mean `where`?"),
    ] {
        folder.write("rules/wrong.toml", wrong);
        let said = folder.run("build rules -o rules.wasm", "").complaint(78);
        assert!(said.contains(complaint) && said.ends_with("\n1 error; no module was made\n"), "{said}");
    }
}

#[test]
fn a_folder_in_which_everything_is_skipped_is_refused() {
    let folder = mixed();
    let said = folder.run("build rules/_deprecated -o rules.wasm", "").complaint(78);
    let expected = "error: Weir can run none of 1 files, such as `rules/_deprecated/chain.toml`: `sequence` isn't supported; \
                    give rules whose `type` and `language` are `eql`\n";
    assert_eq!(said, expected);
}

#[test]
fn weir_test_skips_what_weir_build_skips() {
    let folder = mixed();
    let event = r#"{"event":{"category":"process","type":"start"},"process":{"name":"runc"},"container":{"id":"a"}}"#;
    folder.write(
        "rules/good.test.yaml",
        format!("tests:\n  - name: runc starts\n    event: {event}\n    matches: [good]\n"),
    );
    let tested = folder.run("test rules", "");
    assert_eq!(tested.stderr(), "weir: 6 files skipped; `weir build --check` lists them\n");
    assert!(tested.output().contains("1 passed; 0 failed"));
}

#[test]
fn a_run_with_a_folder_of_rules_says_how_many_files_it_skips() {
    let folder = mixed();
    folder.configure("  rules: [rules]", "");
    let said = folder.run("run -c weir.yaml", "").complaint(0);
    assert!(said.contains("rule files skipped; `weir build --check` lists them") && said.contains("files=6"), "{said}");
}

#[test]
fn check_says_what_build_says_and_writes_nothing() {
    let folder = mixed();
    let before = folder.names();
    let said = folder.run("build rules --check", "").complaint(0);
    let summary = said.strip_prefix(SKIPPED).unwrap_or_else(|| panic!("{said}"));
    assert!(summary.starts_with("weir: 1 rule, 6 files skipped → nothing written ("), "{summary}");
    folder.write("bad.toml", RULE.replace("process where", "process whre"));
    let said = folder.run("build bad.toml --check", "").complaint(78);
    assert!(said.contains("bad.toml:"), "{said}");
    fs::remove_file(folder.path("bad.toml")).unwrap();
    assert_eq!(folder.names(), before);
    for flags in ["", "--check -o rules.wasm"] {
        let said = folder.run(&format!("build rules {flags}"), "").complaint(2);
        assert!(said.contains("--output <FILE>"), "{said}");
    }
}

#[test]
fn what_is_doubtful_is_said_and_does_not_fail_the_build() {
    let folder = Folder::new();
    folder.write("rule.toml", RULE.replace("process.name", "process.nmae").replace("\"low\"", "\"high\""));
    for flags in ["--check", "-o rule.wasm"] {
        let said = folder.run(&format!("build rule.toml {flags}"), "").complaint(0);
        for expected in [
            "warning: no field `process.nmae` is known\n",
            " --> rule.toml:82:6\n",
            "= help: did you mean `process.name`?\n",
        ] {
            assert!(said.contains(expected), "{expected:?} isn't in\n{said}");
        }
        assert!(said.contains("\nweir: 1 rule, 2 warnings → "), "{said}");
    }
}

#[test]
fn what_is_doubtful_in_exceptions_and_mappings_is_said_too() {
    let folder = Folder::new();
    folder.write("rule.toml", RULE);
    folder.write("ours.toml", "[fields]\n'process.nmae' = 'comm'\n");
    let exception = |condition: &str| {
        format!("[[exceptions]]\nname = 'Builds'\ncomment = 'OPS-1'\nrules = 'all'\ncondition = '{condition}'\n")
    };
    for (condition, warning, place) in [
        ("not process.nmae : \"x\"", "no field `process.nmae` is known", "5:18"),
        ("process.pid == 1 or not process.pid == 1", "the exception covers every match of its rules", "5:14"),
    ] {
        folder.write("known.exceptions.toml", exception(condition));
        let said = folder.run("build rule.toml known.exceptions.toml --mapping ours.toml --check", "").complaint(0);
        for expected in [
            format!("warning: {warning}\n --> known.exceptions.toml:{place}\n"),
            "warning: no field `process.nmae` is known\n --> ours.toml:2:1\n".to_owned(),
        ] {
            assert!(said.contains(&expected), "{expected:?} isn't in\n{said}");
        }
    }
}

#[test]
fn a_technique_under_a_tactic_that_it_does_not_belong_to_is_refused() {
    let folder = Folder::new();
    folder.write("rule.toml", RULE.replace("\"TA0002\"", "\"TA0001\""));
    let said = folder.run("build rule.toml --check", "").complaint(78);
    assert!(said.starts_with("error: `T1609` isn't a technique of the tactic `TA0001`\n"), "{said}");
}

#[test]
fn the_rules_and_mappings_that_weir_ships_are_beyond_doubt() {
    let rules = concat!(env!("CARGO_MANIFEST_DIR"), "/../wasm-guest/rules");
    for mappings in ["", "--mapping falco --mapping tetragon"] {
        let said = Folder::new().run(&format!("build {rules} {mappings} --check"), "").complaint(0);
        assert!(said.starts_with("weir: ") && said.lines().count() == 1, "{said}");
    }
}

#[test]
fn a_file_that_is_reached_twice_is_read_once() {
    let folder = Folder::new();
    fs::create_dir(folder.path("rules")).unwrap();
    folder.write("rules/rule.toml", RULE);
    symlink("rules", folder.path("linked")).unwrap();
    for paths in ["rules rules/rule.toml", "rules/rule.toml rules", "rules rules", "rules linked/rule.toml"] {
        let said = folder.run(&format!("build {paths} -o rules.wasm"), "").complaint(0);
        assert!(said.starts_with("weir: 1 rule → rules.wasm ("), "{paths}: {said}");
    }
    folder.write("rules/rule.test.yaml", "tests:\n  - {name: nothing, event: {n: 1}, matches: []}\n");
    let tested = folder.run("test rules ./rules/rule.toml", "").output();
    assert!(tested.starts_with("running 1 test on 1 rule\n"), "{tested}");
}

#[test]
fn a_pipe_is_left_out_of_a_folder_and_refused_by_its_name() {
    let folder = Folder::new();
    fs::create_dir(folder.path("rules")).unwrap();
    folder.write("rules/rule.toml", RULE);
    folder.shell("mkfifo rules/pipe.toml rules/pipe.test.yaml").output();
    let said = folder.run("build rules -o rules.wasm", "").complaint(0);
    assert!(said.starts_with("weir: 1 rule → rules.wasm ("), "{said}");
    let error =
        "error: cannot read `rules/pipe.toml`: it isn't a regular file; give rule files, or folders that hold some\n";
    for command in ["build --check", "test", "guide"] {
        assert_eq!(folder.run(&format!("{command} rules/pipe.toml"), "").complaint(78), error);
    }
}

#[test]
fn a_folder_is_no_rule_to_explain_or_to_guide_by() {
    let folder = Folder::new();
    folder.write("event.json", "{}");
    for command in ["guide .", "explain . event.json"] {
        let error = "error: cannot read `.`: Is a directory (os error 21); give one rule file\n";
        assert_eq!(folder.run(command, "").complaint(78), error, "{command}");
    }
}
