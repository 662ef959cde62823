//! Compares what Weir says about each rule in `tests/golden` with the `.stderr` file beside it: warnings about those named
//! `lint-…`, errors about the others.
//!
//! `UPDATE_GOLDEN=1 cargo test -p weir-eql` writes those files anew: read the difference before it is committed. A rule
//! `x.toml` is compiled together with `x.twin.toml` if there is one.

use std::fs;
use std::path::{Path, PathBuf};

use weir_eql::{Color, RuleFile, compile};

fn golden_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// The names of all files there.
fn files() -> impl Iterator<Item = String> {
    let entries = fs::read_dir(golden_dir()).expect("the folder is part of the repository");
    entries.map(|entry| entry.expect("a readable folder").file_name().to_string_lossy().into_owned())
}

/// The rules, by name.
fn names() -> Vec<String> {
    let rules = files().filter_map(|file| file.strip_suffix(".toml").map(str::to_owned));
    let mut names: Vec<_> = rules.filter(|name| !name.ends_with(".twin")).collect();
    names.sort();
    names
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
    problems.iter().map(|problem| problem.render(Color::Never) + "\n").collect::<Vec<_>>().join("\n")
}

#[test]
fn what_is_wrong_or_doubtful_is_said_in_the_expected_words() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut wrong = Vec::new();
    for name in names() {
        let report = report(&name);
        let path = golden_dir().join(format!("{name}.stderr"));
        if update {
            fs::write(path, report).expect("a writable folder");
        } else if fs::read_to_string(path).ok().as_ref() != Some(&report) {
            wrong.push(format!("{name}:\n{report}"));
        }
    }
    assert!(wrong.is_empty(), "golden files differ or are missing:\n\n{}", wrong.join("\n"));
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
    for file in files() {
        let name = file.split('.').next().unwrap_or_default();
        assert!(names.iter().any(|known| known == name), "{file} has no rule");
    }
}
