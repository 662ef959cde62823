//! Compares what Weir says about each mapping in `tests/mappings` with the `.stderr` file beside it: warnings about those
//! named `lint-…`, errors about the others.
//!
//! `UPDATE_GOLDEN=1 cargo test -p weir-eql --test mapping_golden` writes those files anew: read the difference before it is
//! committed.

mod support;

use std::fs;
use std::path::PathBuf;

use support::golden;
use weir_engine::program::Folding;
use weir_eql::Mapping;

fn folder() -> PathBuf {
    golden::folder("mappings")
}

/// Everything that Weir says about the mapping `name`.
fn report(name: &str) -> String {
    let file = format!("{name}.toml");
    let text = fs::read_to_string(folder().join(&file)).expect("a readable file");
    let parsed = Mapping::parse(file, &text, Folding::Unicode);
    let problems = parsed.map_or_else(|errors| errors, |mapping| mapping.warnings().to_vec());
    golden::render(&problems)
}

#[test]
fn what_is_wrong_or_doubtful_is_said_in_the_expected_words() {
    let names = |end| golden::names(&folder(), end);
    golden::compare(&folder(), names(".toml"), |name| {
        let report = report(name);
        let headline = if name.starts_with("lint-") { "warning: " } else { "error: " };
        assert!(report.starts_with(headline) && report.contains("= help: "), "{name}: {report}");
        report
    });
    assert_eq!(names(".stderr"), names(".toml"));
}
