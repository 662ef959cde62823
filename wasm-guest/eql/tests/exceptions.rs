//! Files of exceptions: those in `tests/exceptions`, each with a mistake, against the `.stderr` file beside it; and what
//! the others become.
//!
//! `UPDATE_GOLDEN=1 cargo test -p weir-eql` writes those files anew: read the difference before it is committed. A file
//! `x.exceptions.toml` is compiled together with `x.twin.exceptions.toml` if there is one.

mod support;

use std::fs;
use std::path::PathBuf;

use support::{HEAD, golden};
use weir_engine::program::{Coverage, Program, Window};
use weir_engine::{Detector, Finding};
use weir_eql::{Diagnostic, ExceptionFile, RuleFile, compile, compile_mapped};

/// 2026-11-24T12:00:00Z
const NOW: i64 = 1_795_521_600;
const SHELL: &str = "6f0c2c4e-0000-4000-8000-00000000000a";
const DOCKER: &str = "6f0c2c4e-0000-4000-8000-00000000000b";

fn golden_dir() -> PathBuf {
    golden::folder("exceptions")
}

/// The files with mistakes, by name.
fn names() -> impl Iterator<Item = String> {
    golden::names(&golden_dir(), ".exceptions.toml").into_iter().filter(|name| !name.ends_with(".twin"))
}

/// A rule that matches processes of this name.
fn rule(id: &str, name: &str) -> RuleFile {
    let head = HEAD.replace("rule_id = \"a\"", &format!("rule_id = \"{id}\""));
    let text = format!("{head}\nquery = '''process where process.name == \"{name}\"'''\n");
    RuleFile::parse("rule.toml", &text).expect("a sound rule")
}

fn rules() -> [RuleFile; 2] {
    [rule(SHELL, "sh"), rule(DOCKER, "docker")]
}

/// All that is wrong with the files, or else doubtful at [`NOW`].
fn problems(files: &[(String, String)]) -> Vec<Diagnostic> {
    let parsed: Result<Vec<_>, _> = files.iter().map(|(path, text)| ExceptionFile::parse(path, text)).collect();
    let compiled = parsed.and_then(|files| compile_mapped(&rules(), &files, &[], Default::default()).map(|_| files));
    match compiled {
        Ok(files) => {
            files.iter().flat_map(|file| [file.warnings(Default::default()), file.expiring(NOW)].concat()).collect()
        }
        Err(problems) => problems,
    }
}

fn report(name: &str) -> String {
    let paths = [format!("{name}.exceptions.toml"), format!("{name}.twin.exceptions.toml")];
    let read = |path: String| Some((path.clone(), fs::read_to_string(golden_dir().join(path)).ok()?));
    let files: Vec<_> = paths.into_iter().filter_map(read).collect();
    golden::render(&problems(&files))
}

#[test]
fn every_mistake_is_told_in_the_expected_words() {
    golden::compare(&golden_dir(), names(), report);
}

#[test]
fn every_report_names_file_place_and_remedy() {
    for name in names() {
        let report = report(&name);
        assert!(report.starts_with("error: ") || report.starts_with("warning: "), "{name}: {report}");
        assert!(report.contains(&format!("--> {name}.")), "{name}: {report}");
        assert!(report.contains("= help: "), "{name}: {report}");
    }
}

fn compiled(entries: &str) -> Program {
    let files = [ExceptionFile::parse("known.exceptions.toml", entries).expect("sound exceptions")];
    compile_mapped(&rules(), &files, &[], Default::default()).expect("sound exceptions")
}

/// An entry with these further lines.
fn entry(name: &str, lines: &str) -> String {
    format!("[[exceptions]]\nname = \"{name}\"\ncomment = \"Known\"\n{lines}\n")
}

#[test]
fn everything_that_an_entry_says_reaches_the_program() {
    let text = entry("Builds", &format!("rules = [\"{DOCKER}\", \"{SHELL}\", \"{DOCKER}\"]\ncondition = 'true'"))
        + "not_before = 2026-11-24T13:00:00+01:00\nexpires = 2026-11-24T12:00:01.5Z\n"
        + &entry("Updates", "rules = \"all\"\ncondition = 'a == 1'")
        + &entry("Admins", &format!("rules = \"{DOCKER}\"\ncondition = 'a == 1'"))
        + &entry("Tests", "rules = [\"all\"]\ncondition = 'a == 1'");
    let told: Vec<_> = compiled(&text).exceptions.into_iter().map(|exception| exception.meta).collect();
    assert_eq!((&*told[0].name, &*told[0].comment), ("Builds", "Known"));
    assert_eq!(told[0].window, Window { not_before: Some(NOW), expires: Some(NOW + 1) });
    let covered: Vec<_> = told.iter().map(|exception| exception.rules.clone()).collect();
    assert_eq!(covered, [Coverage::Rules(vec![0, 1]), Coverage::All, Coverage::Rules(vec![1]), Coverage::All]);
    assert_eq!(told[1].window, Window::default());
}

#[test]
fn exceptions_share_predicates_with_rules_and_cover_what_fulfils_them() {
    let lines = format!("rules = [\"{SHELL}\"]\ncondition = '''process.name == \"sh\" and user.name : \"root\"'''");
    let program = compiled(&entry("Root", &lines));
    assert_eq!(program.fields, ["event.category", "process.name", "user.name"]);
    assert_eq!(program.predicates.len(), 4);
    let detector = Detector::new(program).expect("a sound program");
    for (user, process, expected) in [
        ("Root", "sh", vec![Finding { event: 0, rule: 0, exception: Some(0) }]),
        ("joe", "sh", vec![Finding { event: 0, rule: 0, exception: None }]),
        ("root", "docker", vec![Finding { event: 0, rule: 1, exception: None }]),
        ("root", "bash", vec![]),
    ] {
        let event =
            format!(r#"{{"event.category":"process","process":{{"name":"{process}"}},"user":{{"name":"{user}"}}}}"#);
        assert_eq!(detector.detect(event.as_bytes()).findings, expected, "{user} runs {process}");
    }
}

#[test]
fn a_file_without_entries_excepts_nothing() {
    let file = ExceptionFile::parse("none.exceptions.toml", "# none yet\n").expect("a sound file");
    assert!(file.is_empty());
    let with = compile_mapped(&rules(), &[file], &[], Default::default()).expect("sound rules");
    assert_eq!(with, compile(&rules(), Default::default()).expect("sound rules"));
}
