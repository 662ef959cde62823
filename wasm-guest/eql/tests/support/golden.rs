//! Golden files: what Weir says of each faulty or doubtful file, in the `.stderr` file beside it.

use std::fs;
use std::path::{Path, PathBuf};

use weir_eql::{Color, Diagnostic};

/// A folder in `tests`, with golden files and what they are about.
pub fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

/// The names of all files in a folder, in order.
pub fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder is part of the repository");
    let names = entries.map(|entry| entry.expect("a readable folder").file_name().to_string_lossy().into_owned());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

/// The names of the files in a folder that end so, without that.
pub fn names(folder: &Path, end: &str) -> Vec<String> {
    files(folder).iter().filter_map(|file| file.strip_suffix(end).map(str::to_owned)).collect()
}

/// Everything that is said, as on a terminal without colours.
pub fn render(problems: &[Diagnostic]) -> String {
    problems.iter().map(|problem| problem.render(Color::Never) + "\n").collect::<Vec<_>>().join("\n")
}

/// Asserts that each report is the one in its golden file; `UPDATE_GOLDEN=1` writes these anew.
pub fn compare(folder: &Path, names: impl IntoIterator<Item = String>, report: impl Fn(&str) -> String) {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut wrong = Vec::new();
    for name in names {
        let report = report(&name);
        let path = folder.join(format!("{name}.stderr"));
        if update {
            fs::write(path, report).expect("a writable folder");
        } else if fs::read_to_string(path).ok().as_ref() != Some(&report) {
            wrong.push(format!("{name}:\n{report}"));
        }
    }
    assert!(wrong.is_empty(), "golden files differ or are missing:\n\n{}", wrong.join("\n"));
}
