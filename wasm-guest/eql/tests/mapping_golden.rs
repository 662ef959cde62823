//! Compares what Weir says about each faulty mapping in `tests/mappings` with the `.stderr` file beside it.
//!
//! `UPDATE_GOLDEN=1 cargo test -p weir-eql --test mapping_golden` writes those files anew: read the difference before it is
//! committed.

use std::fs;
use std::path::{Path, PathBuf};

use weir_engine::program::Folding;
use weir_eql::{Color, Mapping};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mappings")
}

/// The names of the files there that end so, without that.
fn names(end: &str) -> Vec<String> {
    let entries = fs::read_dir(folder()).expect("the folder is part of the repository");
    let files = entries.map(|entry| entry.expect("a readable folder").file_name().to_string_lossy().into_owned());
    let mut names: Vec<_> = files.filter_map(|file| file.strip_suffix(end).map(str::to_owned)).collect();
    names.sort();
    names
}

/// Everything that Weir says about the mapping `name`.
fn report(name: &str) -> String {
    let file = format!("{name}.toml");
    let text = fs::read_to_string(folder().join(&file)).expect("a readable file");
    let problems = Mapping::parse(file, &text, Folding::Unicode).err().unwrap_or_default();
    problems.iter().map(|problem| problem.render(Color::Never) + "\n").collect::<Vec<_>>().join("\n")
}

#[test]
fn every_faulty_mapping_is_refused_in_the_expected_words() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut wrong = Vec::new();
    for name in names(".toml") {
        let report = report(&name);
        assert!(report.starts_with("error: ") && report.contains("= help: "), "{name}: {report}");
        let path = folder().join(format!("{name}.stderr"));
        if update {
            fs::write(path, report).expect("a writable folder");
        } else if fs::read_to_string(path).ok().as_ref() != Some(&report) {
            wrong.push(format!("{name}:\n{report}"));
        }
    }
    assert!(wrong.is_empty(), "golden files differ or are missing:\n\n{}", wrong.join("\n"));
    assert_eq!(names(".stderr"), names(".toml"));
}
