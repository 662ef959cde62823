//! Compares what Weir says about each rule in `tests/golden` with the `.stderr` file beside it: warnings about those named
//! `lint-…`, errors about the others.
//!
//! `UPDATE_GOLDEN=1 cargo test -p weir-eql` writes those files anew: read the difference before it is committed. A rule
//! `x.toml` is compiled together with `x.twin.toml` if there is one.

mod support;

use std::fs;
use std::path::PathBuf;

use support::golden;
use weir_eql::{RuleFile, compile};

fn golden_dir() -> PathBuf {
    golden::folder("golden")
}

/// The rules, by name.
fn names() -> Vec<String> {
    golden::names(&golden_dir(), ".toml").into_iter().filter(|name| !name.ends_with(".twin")).collect()
}

/// Everything that Weir says about the rule `name`.
fn report(name: &str) -> String {
    let files = [format!("{name}.toml"), format!("{name}.twin.toml")];
    let texts = files.iter().filter_map(|file| Some((file, fs::read_to_string(golden_dir().join(file)).ok()?)));
    let rules: Result<Vec<_>, _> = texts.map(|(file, text)| RuleFile::parse(file, &text)).collect();
    let problems = rules.and_then(|rules| compile(&rules, Default::default()).map(|_| rules)).map_or_else(
        |errors| errors,
        |rules| rules.iter().flat_map(|rule| rule.warnings(Default::default())).collect(),
    );
    golden::render(&problems)
}

#[test]
fn what_is_wrong_or_doubtful_is_said_in_the_expected_words() {
    golden::compare(&golden_dir(), names(), report);
}

#[test]
fn every_report_names_file_place_and_remedy() {
    for name in names() {
        let report = report(&name);
        let headline = if name.starts_with("lint-") { "warning: " } else { "error: " };
        assert!(report.starts_with(headline), "{name}: {report}");
        assert!(report.contains(&format!("--> {name}.")), "{name}: {report}");
        assert!(report.contains("= help: "), "{name}: {report}");
    }
}

#[test]
fn every_golden_file_belongs_to_a_rule() {
    let names = names();
    for file in golden::files(&golden_dir()) {
        let name = file.split('.').next().unwrap_or_default();
        assert!(names.iter().any(|known| known == name), "{file} has no rule");
    }
}
