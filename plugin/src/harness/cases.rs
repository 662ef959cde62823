//! Reads `*.test.yaml`: the events beside rules, and what must become of them. Runs nothing.

mod expect;
mod reader;
mod verdict;

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::{fs, io};

use bytes::Bytes;

use super::RuleNames;
use crate::rules;
use reader::Reader;

pub use expect::Member;
pub use verdict::{Line, Verdict};

const SUFFIX: &str = ".test.yaml";
/// What the names of files of cases may end in by mistake.
const MISNAMED_SUFFIX: &str = ".test.yml";

/// A file of cases.
#[derive(Debug)]
pub struct CaseFile {
    /// As named, or as found.
    pub path: PathBuf,
    /// Its name without `.test.yaml`: the stem of the rule beside it.
    pub stem: String,
    /// In the order in which they were written.
    pub cases: Vec<Case>,
}

/// An event, and what must become of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// What it shows.
    pub name: String,
    /// The line of the file in which it begins, counted from 1.
    pub line: usize,
    /// One JSON object, without a newline.
    pub event: Bytes,
    /// The ids of all rules that must match, and not be suppressed; no other may.
    pub matches: BTreeSet<String>,
    /// The ids of all rules that must match, but be suppressed by an exception; no other may.
    pub suppressed: BTreeSet<String>,
    /// What the event must hold when it goes on.
    pub expect: Vec<Member>,
}

/// Why cases can't be run.
#[derive(Debug, thiserror::Error)]
pub enum CasesError {
    /// A file or folder can't be read.
    #[error("cannot read `{}`: {source}; make sure that it is there, may be read, and is UTF-8", path.display())]
    Unreadable {
        /// As named, or as found.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A file is wrong; displayed as the whole report, with each place in the file and the remedy.
    #[error("{0}")]
    Refused(String),
}

/// Is this the name of a case file, or meant as one?
pub fn is_case_file(path: &Path) -> bool {
    ends_in(path, SUFFIX) || ends_in(path, MISNAMED_SUFFIX)
}

/// Where the cases of the rule file at `rule` belong.
pub fn beside(rule: &Path) -> PathBuf {
    with_suffix(rule, SUFFIX)
}

/// Finds the case files beside rule files, and all in folders and below them, in the order of their names; one that is
/// reached twice, once.
///
/// # Errors
/// If a folder can't be read.
pub fn find(paths: &[PathBuf]) -> Result<Vec<PathBuf>, CasesError> {
    find_ending(paths, SUFFIX)
}

/// Finds the files where case files would be found that look like some, but aren't named so: nobody reads them.
///
/// # Errors
/// If a folder can't be read.
pub fn find_misnamed(paths: &[PathBuf]) -> Result<Vec<PathBuf>, CasesError> {
    find_ending(paths, MISNAMED_SUFFIX)
}

fn find_ending(paths: &[PathBuf], suffix: &str) -> Result<Vec<PathBuf>, CasesError> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            rules::find_below(path, &|path| ends_in(path, suffix), &mut files)
                .map_err(|(folder, source)| unreadable(&folder, source))?;
        } else {
            files.extend(Some(with_suffix(path, suffix)).filter(|cases| cases.exists()));
        }
    }
    let mut seen = HashSet::new();
    files.retain(|file| seen.insert(rules::canonical(file)));
    Ok(files)
}

fn ends_in(path: &Path, suffix: &str) -> bool {
    path.to_string_lossy().ends_with(suffix)
}

fn with_suffix(rule: &Path, suffix: &str) -> PathBuf {
    let mut name = rule.file_stem().unwrap_or_default().to_owned();
    name.push(suffix);
    rule.with_file_name(name)
}

/// Reads a case file, whose cases may call rules by `names`.
///
/// # Errors
/// If it can't be read, or is wrong: then everything that is wrong with its cases is told.
pub fn read(path: &Path, names: &RuleNames) -> Result<CaseFile, CasesError> {
    let text = fs::read_to_string(path).map_err(|source| unreadable(path, source))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.strip_suffix(SUFFIX).unwrap_or(&name).to_owned();
    let reader = Reader { folder: path.parent().unwrap_or(Path::new("")), names };
    reader.read(&text).map(|cases| CaseFile { path: path.to_owned(), stem, cases }).map_err(|faults| {
        let reports: Vec<_> = faults.iter().map(|fault| fault.render(&text, path)).collect();
        CasesError::Refused(reports.join("\n\n"))
    })
}

fn unreadable(path: &Path, source: io::Error) -> CasesError {
    CasesError::Unreadable { path: path.to_owned(), source }
}
