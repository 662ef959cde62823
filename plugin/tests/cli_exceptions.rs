//! Exceptions from their file to what a user sees: the events, the alerts, and what Weir says about them.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod cli;

use std::fs;

use cli::{Ended, Folder, assert_same, clean, lines, matching, suppressed, tagged};

const RULE: &str = include_str!("../../wasm-guest/rules/container_management_utility.toml");
const ID: &str = "6c6bb7ea-0636-44ca-b541-201478ef6b50";

/// An exception for events with these numbers, and with these further lines.
fn exception(name: &str, condition: &str, more: &str) -> String {
    format!(
        "[[exceptions]]\nname = \"{name}\"\ncomment = \"OPS-1\"\nrules = [\"{ID}\"]\ncondition = \"{condition}\"\n{more}\n\n"
    )
}

/// A folder with the shipped rule and these exceptions in `rules`, and with the module of both.
fn folder(exceptions: &str) -> Folder {
    let folder = Folder::new();
    fs::create_dir(folder.path("rules")).unwrap();
    folder.write("rules/rule.toml", RULE);
    folder.write("rules/known.exceptions.toml", exceptions);
    folder.run("build rules -o known.wasm", "").output();
    folder
}

/// Runs these lines through the module, with these lines in `detect`.
fn run(folder: &Folder, detect: &str, events: &str) -> Ended {
    folder.configure(&format!("  module: known.wasm\n{detect}"), "");
    folder.run("run -c weir.yaml", events)
}

#[test]
fn a_suppressed_match_is_told_in_weir_matches_alone_and_goes_to_no_alerts() {
    let folder = folder(&exception("Known builds", "n >= 2", ""));
    folder.write("in.ndjson", lines([matching(1), matching(2), clean(3), matching(4)]));
    folder.configure(
        "  module: known.wasm",
        "source: {type: file, path: in.ndjson}\nsink: {type: file, path: out.ndjson}\nalerts: {type: file, path: alerts.ndjson}",
    );
    let said = folder.run("run -c weir.yaml --show-match", "").complaint(0);
    let (second, fourth) = (suppressed(2, "Known builds"), suppressed(4, "Known builds"));
    assert_same(folder.read("out.ndjson"), lines([tagged(1), second, clean(3), fourth]));
    assert_same(folder.read("alerts.ndjson"), lines([tagged(1)]));
    for line in ["weir: 1 event matches\n", "weir:        2  matches suppressed by exceptions\n"] {
        assert!(said.contains(line), "{line:?} isn't in\n{said}");
    }
}

#[test]
fn hidden_matches_change_nothing_but_the_summary() {
    let folder = folder(&exception("Known builds", "n >= 2", ""));
    let ended = run(&folder, "  suppressed: hide", &lines([matching(1), matching(2), clean(3)]));
    assert_same(ended.output(), lines([tagged(1), matching(2), clean(3)]));
    assert!(ended.stderr().contains("weir:        1  match suppressed by exceptions\n"), "{}", ended.stderr());
}

#[test]
fn an_exception_is_in_force_by_the_clock_of_the_host_and_the_first_of_several_is_told() {
    let exceptions = [
        exception("Past", "n <= 4", "expires = 2020-01-01T00:00:00Z"),
        exception("Future", "n <= 4", "not_before = 2199-01-01T00:00:00Z"),
        exception("Now", "n == 2 or n == 3", "not_before = 2020-01-01T00:00:00Z\nexpires = 2199-01-01T00:00:00Z"),
        exception("Always", "n == 3 or n == 4", ""),
    ];
    let folder = folder(&exceptions.concat());
    let dated = |number| matching(number).replacen('{', r#"{"@timestamp":"2019-01-01T00:00:00Z","#, 1);
    let at = |event: String| event.replacen('{', r#"{"@timestamp":"2019-01-01T00:00:00Z","#, 1);
    let ended = run(&folder, "", &lines((1..5).map(dated)));
    let expected = [tagged(1), suppressed(2, "Now"), suppressed(3, "Now"), suppressed(4, "Always")];
    assert_same(ended.output(), lines(expected.map(at)));
}

#[test]
fn an_event_that_passes_again_is_tagged_no_more_whatever_is_suppressed_then() {
    let folder = folder(&exception("Known builds", "n >= 2", ""));
    let events = lines([matching(1), matching(2)]);
    let with = |events: &str| run(&folder, "", events).output();
    let without = |events: &str| folder.run("run -q", events).output();
    let once = with(&events);
    assert_same(with(&once), &once);
    assert_same(with(&without(&events)), without(&events));
    // Who doesn't except it says so.
    let judged_anew = without(&once);
    assert_eq!(judged_anew.matches(&format!(r#""rule":{{"id":"{ID}""#)).count(), 5);
    assert_same(without(&judged_anew), &judged_anew);
    assert_same(with(&judged_anew), &judged_anew);
}

#[test]
fn what_expires_is_told_at_build_at_validate_and_at_start() {
    let folder = folder(&exception("Old \\\"builds\\\"", "true", "expires = 2020-01-01T00:00:00Z"));
    let said = folder.run("build rules -o known.wasm", "").complaint(0);
    let warning = "warning: exception `Old \"builds\"` has expired\n --> rules/known.exceptions.toml:6:11\n";
    assert!(said.starts_with(warning), "{said}");
    assert!(said.contains("weir: 1 rule with 1 exception, 1 warning → known.wasm ("), "{said}");
    let warning =
        "exception `Old \"builds\"` expired at 2020-01-01T00:00:00Z and suppresses nothing any more; remove it";
    for detect in ["  module: known.wasm", "  rules: [rules]"] {
        folder.configure(detect, "");
        let said = folder.run("run -c weir.yaml", lines([matching(1)])).complaint(0);
        assert!(said.contains("WARN") && said.contains(warning), "{said}");
        let said = folder.run("validate weir.yaml", "").complaint(0);
        assert!(said.contains(&format!("warning: weir.yaml: {warning}")), "{said}");
    }
}

#[test]
fn inspect_shows_exceptions_with_their_rules_and_windows() {
    let window = "not_before = 2026-12-01T01:00:00+01:00\nexpires = 2199-01-01T00:00:00Z";
    let all = exception("Everything", "true", "").replace(&format!("[\"{ID}\"]"), "\"all\"");
    let folder = folder(&(exception("Known builds", "n >= 2", window) + &all));
    let shown = folder.run("inspect known.wasm", "").output();
    let expected = format!(
        "\nexceptions  2\n\nKnown builds\n  comment   OPS-1\n  rules     {ID}\n  from      2026-12-01T00:00:00Z\n  \
         until     2199-01-01T00:00:00Z\n\nEverything\n  comment   OPS-1\n  rules     all\n"
    );
    assert!(shown.ends_with(&expected), "{shown}");
}

#[test]
fn a_file_of_exceptions_is_known_by_its_name_in_a_folder_or_by_itself() {
    let folder = folder("");
    fs::create_dir(folder.path("rules/more")).unwrap();
    folder.write("rules/exceptions.toml", exception("A", "true", ""));
    folder.write("rules/more/b.exceptions.toml", exception("B", "true", ""));
    folder.write("c.exceptions.toml", exception("C", "true", ""));
    for (paths, exceptions) in [("rules", 2), ("rules c.exceptions.toml", 3), ("c.exceptions.toml rules/rule.toml", 1)]
    {
        let said = folder.run(&format!("build {paths} -o known.wasm"), "").complaint(0);
        assert!(said.starts_with(&format!("weir: 1 rule with {exceptions} exception")), "{said}");
    }
}

#[test]
fn exceptions_in_a_file_of_another_name_are_not_overlooked() {
    let folder = folder("");
    for name in ["known.toml", "known.exception.toml", "known.exceptions.TOML", "exceptions.Toml"] {
        folder.write(&format!("rules/{name}"), exception("Known", "n >= 2", ""));
        let said = folder.run("build rules -o none.wasm", "").complaint(78);
        assert!(said.starts_with("error: a file of this name can't hold exceptions\n"), "{said}");
        for expected in [&*format!("--> rules/{name}:1:3\n"), "= help: rename it to `….exceptions.toml`"] {
            assert!(said.contains(expected), "{expected:?} isn't in\n{said}");
        }
        fs::remove_file(folder.path(format!("rules/{name}"))).unwrap();
    }
}

#[test]
fn wrong_exceptions_are_refused_with_their_place_and_no_module_is_made() {
    let folder = folder("");
    for (exceptions, complaint) in [
        (
            exception("Known", "n >= 2", "").replace(ID, "none"),
            "there is no rule with the id `none`\n --> rules/known.exc",
        ),
        (
            exception("Known", "process where n >= 2", ""),
            "a condition has no event category\n --> rules/known.exceptions.toml:5",
        ),
        (exception("Known", "n >= 2", "expires = 2027-01-01"), "`expires` needs a date, a time and an offset"),
    ] {
        folder.write("rules/known.exceptions.toml", exceptions);
        let said = folder.run("build rules -o none.wasm", "").complaint(78);
        assert!(said.contains(complaint) && said.contains("1 error; no module was made"), "{said}");
        assert!(!folder.path("none.wasm").exists());
    }
    folder.write("rules/known.exceptions.toml", exception("Known", "n >= 2", ""));
    let said = folder.run("build rules/known.exceptions.toml -o none.wasm", "").complaint(78);
    let error = "error: `rules/known.exceptions.toml` holds exceptions, but no rule; give the rules too, or a folder that \
                 holds both\n";
    assert_eq!(said, error);
}

#[test]
fn an_exception_that_weir_cannot_run_is_refused_even_in_a_folder() {
    let folder = folder("");
    folder.write("rules/known.exceptions.toml", exception("Known", "n >= 2 | head 1", ""));
    let said = folder.run("build rules -o none.wasm", "").complaint(78);
    assert!(said.contains(" --> rules/known.exceptions.toml:5") && !said.contains("skipped"), "{said}");
    assert!(!folder.path("none.wasm").exists());
}

#[test]
fn cases_run_with_the_exceptions_beside_their_rules() {
    let folder = folder(&exception("Known builds", "n >= 2", ""));
    let case = |number, expected| {
        format!("  - name: n is {number}\n    event: {}\n    matches: {expected}\n", matching(number))
    };
    let cases = [case(1, "[rule]"), case(2, "[]\n    suppressed: [rule]")].concat();
    folder.write("rules/rule.test.yaml", format!("tests:\n{cases}"));
    let said = folder.run("test rules", "").output();
    assert!(said.contains("test result: ok. 2 passed; 0 failed"), "{said}");
}

#[test]
fn a_test_names_the_exception_that_would_suppress_a_match_were_it_in_force() {
    let exceptions = [
        exception("Past", "n == 1", "expires = 2020-01-01T00:00:00Z"),
        exception("Future", "n == 1", "not_before = 2199-01-01T00:00:00Z"),
        exception("Other", "n == 2", "expires = 2020-01-01T00:00:00Z"),
    ];
    let folder = folder(&exceptions.concat());
    folder.write(
        "rules/rule.test.yaml",
        format!("tests:\n  - {{name: one, json: '{}', matches: [], suppressed: [rule]}}\n", matching(1)),
    );
    let notes = "note:     exception `Past` expired at 2020-01-01T00:00:00Z\n\
                 note:     exception `Future` is in force only from 2199-01-01T00:00:00Z on\n\n";
    for (source, warning) in [
        ("", "warning: exception `Past` has expired\n --> rules/known.exceptions.toml:6:11\n"),
        (" -m known.wasm", "warning: exception `Past` expired at 2020-01-01T00:00:00Z and suppresses nothing"),
    ] {
        let ended = folder.run(&format!("test rules{source}"), "");
        let shown = String::from_utf8(ended.stdout().to_vec()).unwrap();
        assert!(shown.contains(notes), "{shown}");
        assert!(ended.complaint(78).starts_with(warning), "{}", ended.stderr());
    }
}

#[test]
fn a_test_of_a_rule_file_says_that_exceptions_beside_it_are_not_used() {
    let folder = folder(&exception("Known builds", "n >= 2", ""));
    folder.write(
        "rules/rule.test.yaml",
        format!("tests:\n  - {{name: one, json: '{}', matches: [rule]}}\n", matching(1)),
    );
    let warning =
        "warning: the exceptions in `rules/known.exceptions.toml` aren't used; give that file too, or its folder\n";
    for (arguments, said) in [
        ("test rules/rule.toml", warning),
        ("test rules/rule.toml rules/known.exceptions.toml", ""),
        ("test rules/rule.toml rules", ""),
        ("test rules", ""),
        ("test rules/rule.toml -m known.wasm", ""),
    ] {
        assert_eq!(folder.run(arguments, "").complaint(0), said, "{arguments}");
    }
}
