//! Finds the files of rules and exceptions that a user means, and reads their text.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::{fs, io};

use super::{RuleSet, RulesError};

/// A file that a user means.
pub(super) struct Found {
    pub(super) path: PathBuf,
    /// Did the user give it itself, not just a folder around it?
    pub(super) is_named: bool,
}

/// Finds the files at all `paths`; one that is reached twice, once.
pub(super) fn find_all(paths: &[PathBuf]) -> Result<Vec<Found>, RulesError> {
    let mut all: Vec<Found> = Vec::new();
    let mut numbers = HashMap::new();
    for path in paths {
        let is_named = !path.is_dir();
        for path in files_of(path)? {
            let number = *numbers.entry(canonical(&path)).or_insert(all.len());
            match all.get_mut(number) {
                Some(before) => before.is_named |= is_named,
                None => all.push(Found { path, is_named }),
            }
        }
    }
    Ok(all)
}

/// The file at `path`, or those of rules and exceptions in the folder there.
///
/// # Errors
/// If it can't be read, or is a folder without such a file.
pub(crate) fn files_of(path: &Path) -> Result<Vec<PathBuf>, RulesError> {
    if !fs::metadata(path).map_err(|source| unreadable(path, source))?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    find_below(path, &is_rule_file, &mut files).map_err(|(folder, source)| unreadable(&folder, source))?;
    if files.is_empty() { Err(RulesError::Empty(path.to_owned())) } else { Ok(files) }
}

/// The files of exceptions that stand beside rule files among `paths`, but aren't in the `set` that was read from them.
pub fn unused_exceptions(set: &RuleSet, paths: &[PathBuf]) -> BTreeSet<PathBuf> {
    let used: Vec<_> = set.exceptions.iter().map(|file| canonical(file.path())).collect();
    let mut unused = BTreeSet::new();
    for path in paths.iter().filter(|path| !path.is_dir()) {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let files = entries.map(|entry| path.with_file_name(entry.file_name()));
        unused.extend(files.filter(|file| {
            is_exception_file(file) && !is_hidden(file) && file.is_file() && !used.contains(&canonical(file))
        }));
    }
    unused
}

/// Adds the files that are `wanted` in a folder and below it, in the order of names. What is hidden there, linked folders,
/// and what is no regular file, are left out.
///
/// # Errors
/// If a folder can't be read; says which.
pub(crate) fn find_below(
    folder: &Path,
    wanted: &impl Fn(&Path) -> bool,
    files: &mut Vec<PathBuf>,
) -> Result<(), (PathBuf, io::Error)> {
    let entries = fs::read_dir(folder).and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
    let mut entries: Vec<PathBuf> = entries.map_err(|error| (folder.to_owned(), error))?;
    entries.sort();
    for entry in entries.into_iter().filter(|entry| !is_hidden(entry)) {
        // A folder behind a link is found where it really is, or would lead round in circles.
        if entry.is_dir() && !entry.is_symlink() {
            find_below(&entry, wanted, files)?;
        } else if wanted(&entry) && !is_special(&entry) {
            files.push(entry);
        }
    }
    Ok(())
}

/// One name for a file, however it is reached.
pub(crate) fn canonical(path: &Path) -> PathBuf {
    // What isn't there has no other name.
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// Reads a file whole. A pipe is refused, for it may never end.
pub(super) fn read_text(path: &Path) -> io::Result<String> {
    match fs::metadata(path) {
        Ok(metadata) if !metadata.is_dir() && !metadata.is_file() => Err(io::Error::other("it isn't a regular file")),
        _ => fs::read_to_string(path),
    }
}

/// What to do about a path that can't be read.
pub(super) fn remedy(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::InvalidData => "save it as UTF-8",
        io::ErrorKind::IsADirectory => "give one rule file",
        _ => "give rule files, or folders that hold some",
    }
}

pub(super) fn is_exception_file(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    name == b"exceptions.toml" || name.ends_with(b".exceptions.toml")
}

fn is_rule_file(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml"))
}

/// Is it there, but nothing that could be read whole, such as a pipe? A link to nothing isn't: its loss is to be told.
fn is_special(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| !metadata.is_file())
}

/// Editors' locks, and the folders in which Kubernetes keeps what a mounted ConfigMap's links lead to.
fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

pub(super) fn unreadable(path: &Path, source: io::Error) -> RulesError {
    RulesError::Unreadable { path: path.to_owned(), source }
}
