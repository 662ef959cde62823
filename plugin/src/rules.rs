//! Rule files in, a module out; what it says on the way is for people. Knows nothing of running a module.

mod carried;
mod files;
mod mappings;
mod shipped;

use std::path::{Path, PathBuf};
use std::{fmt, io};

use weir_engine::program::{Folding, Program, Validate};
use weir_eql::{Diagnostic, ExceptionFile, Mapping, RuleFile};
use weir_module::{BuildError, SourcesError};

use files::{Found, find_all, is_exception_file, read_text, unreadable};

pub use carried::{attach, find_in_module};
pub use files::unused_exceptions;
pub(crate) use files::{canonical, files_of, find_below};
pub use mappings::{is_shipped_mapping, read_mappings};
pub use shipped::{all_shipped, find};

/// The rules that Weir ships, as a module.
pub static SHIPPED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/shipped.wasm"));

/// A detector without rules.
static GENERIC: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/guest.wasm"));

/// A filter for Fluent Bit without rules.
static FLUENT_BIT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/fluent_bit_guest.wasm"));

/// Who loads a module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Host {
    /// Weir itself, or another host of components.
    #[default]
    Weir,
    /// The `wasm` filter of stock Fluent Bit.
    FluentBit,
}

/// Why rules can't be used.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// A path can't be read.
    #[error("cannot read `{}`: {source}; {}", path.display(), files::remedy(source))]
    Unreadable {
        /// As the user named it, or as found in a folder that the user named.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A folder holds no rule.
    #[error("`{}` holds no rule file (`*.toml`); give rule files, or folders that hold some", .0.display())]
    Empty(PathBuf),
    /// There are files of exceptions only.
    #[error("`{}` holds exceptions, but no rule; give the rules too, or a folder that holds both", .0.display())]
    OnlyExceptions(PathBuf),
    /// All files in the folders were skipped.
    #[error("Weir can run none of {} files, such as {}; give rules whose `type` and `language` are `eql`", .0.len(), .0[0])]
    NoneFits(Vec<Skipped>),
    /// What a user asked for is neither there nor shipped.
    #[error("`{rule}` is neither a rule file nor a rule that Weir ships; give a path, or one of {shipped}")]
    Unknown {
        /// As the user named it.
        rule: String,
        /// What is shipped.
        shipped: String,
    },
    /// A module has no such rule.
    #[error(
        "module `{module}` has no rule with the id, name or file stem `{rule}`; `weir inspect {module}` lists its rules"
    )]
    UnknownInModule {
        /// As the user named it.
        rule: String,
        /// The module's name.
        module: String,
    },
    /// Several rules have the name or file stem that a user asked for.
    #[error("several rules are called `{rule}`; give the id of one: `{}`", .ids.join("`, `"))]
    Ambiguous {
        /// As the user named it.
        rule: String,
        /// Theirs.
        ids: Vec<String>,
    },
    /// A module doesn't tell its rule files.
    #[error("module `{module}` {source}")]
    Sources {
        /// The module's name.
        module: String,
        /// Why not.
        source: SourcesError,
    },
    /// The rule that was asked for is wrong.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n\n"))]
    Wrong(Vec<Diagnostic>),
    /// What a user names as a mapping is neither there nor shipped.
    #[error("cannot read mapping `{}`: {source}; give a file, or one of {shipped}", mapping.display())]
    NoMapping {
        /// As the user named it.
        mapping: PathBuf,
        /// The system's reason.
        source: io::Error,
        /// What is shipped.
        shipped: String,
    },
    /// A mapping is given twice.
    #[error("the mapping `{}` is given twice; remove one of the two", .0.display())]
    MappingTwice(PathBuf),
    /// The rules, or mappings of their fields, are wrong.
    #[error("{0}")]
    Refused(Refusal),
    /// The rules are right, but no module can be made of them.
    #[error(transparent)]
    Build(#[from] BuildError),
}

/// Rules as they were read, with their exceptions, and the mappings of their fields.
#[derive(Debug, Default)]
pub struct RuleSet {
    /// In the order of their files.
    pub rules: Vec<RuleFile>,
    /// In the order of their files.
    pub exceptions: Vec<ExceptionFile>,
    /// What folders held besides.
    pub skipped: Vec<Skipped>,
    /// How the events spell the fields, if otherwise.
    pub mappings: Vec<Mapping>,
    /// Which lines the module checks to be events.
    pub validate: Validate,
}

/// A file in a folder that isn't a rule which Weir can run, though nothing is wrong with it.
#[derive(Debug)]
pub struct Skipped {
    /// The file.
    pub path: PathBuf,
    /// What it is instead.
    pub reason: String,
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.path.display(), self.reason)
    }
}

impl RuleSet {
    /// Reads one file; what is wrong in it is no reason to stop.
    fn add(&mut self, file: &Path) -> Result<Result<(), Vec<Diagnostic>>, RulesError> {
        let text = read_text(file).map_err(|source| unreadable(file, source))?;
        Ok(if is_exception_file(file) {
            ExceptionFile::parse(file, &text).map(|exceptions| self.exceptions.push(exceptions))
        } else {
            RuleFile::parse(file, &text).map(|rule| self.rules.push(rule))
        })
    }
}

/// Everything that is wrong with some rules, exceptions or mappings.
#[derive(Debug)]
pub struct Refusal(pub Vec<Diagnostic>);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for diagnostic in &self.0 {
            writeln!(f, "{diagnostic}\n")?;
        }
        let rules = if self.0.len() == 1 { "1 error".to_owned() } else { format!("{} errors", self.0.len()) };
        write!(f, "{rules}; no module was made")
    }
}

/// Reads rule files and files of exceptions (`*.exceptions.toml`), and all `*.toml` in folders and below them, in the order
/// of their names; a file that is reached twice, once. What is hidden in folders, and linked folders, are left out; a rule
/// there that isn't for Weir is skipped, but one that was named is refused.
///
/// # Errors
/// If one can't be read, or is wrong: then everything that is wrong in any of them is told; or if there is no rule.
pub fn read(paths: &[PathBuf]) -> Result<RuleSet, RulesError> {
    let (mut set, mut wrong) = (RuleSet::default(), Vec::new());
    for Found { path, is_named } in find_all(paths)? {
        let Err(diagnostics) = set.add(&path)? else { continue };
        // An exception that is left out would let alerts through that somebody took care to suppress.
        let may_be_skipped = !is_named && !is_exception_file(&path);
        match diagnostics.iter().find(|diagnostic| diagnostic.is_unsupported()) {
            Some(reason) if may_be_skipped => {
                set.skipped.push(Skipped { path, reason: reason.message().to_owned() });
            }
            _ => wrong.extend(diagnostics),
        }
    }
    match set.exceptions.first() {
        _ if !wrong.is_empty() => Err(RulesError::Refused(Refusal(wrong))),
        _ if set.rules.is_empty() && !set.skipped.is_empty() => Err(RulesError::NoneFits(set.skipped)),
        Some(file) if set.rules.is_empty() => Err(RulesError::OnlyExceptions(file.path().to_owned())),
        _ => Ok(set),
    }
}

/// Makes a module of rules and their exceptions.
///
/// # Errors
/// If they contradict each other, or no module can be made.
pub fn build(set: &RuleSet) -> Result<Vec<u8>, RulesError> {
    build_for(Host::Weir, set)
}

/// Makes a module of rules and their exceptions, for `host`.
///
/// # Errors
/// If they contradict each other, or no module can be made.
pub fn build_for(
    host: Host,
    RuleSet { rules, exceptions, mappings, validate, .. }: &RuleSet,
) -> Result<Vec<u8>, RulesError> {
    let program = weir_eql::compile_mapped(rules, exceptions, mappings, Folding::Unicode)
        .map_err(|wrong| RulesError::Refused(Refusal(wrong)))?;
    let program = Program { validate: *validate, ..program };
    Ok(match host {
        Host::Weir => build_program(&program),
        Host::FluentBit => weir_module::fluent_bit::build(FLUENT_BIT, &program),
    }?)
}

/// Makes a module of a program, whatever language it was compiled from.
///
/// # Errors
/// If the program refers to what it doesn't have.
pub fn build_program(program: &Program) -> Result<Vec<u8>, BuildError> {
    weir_module::build(GENERIC, program)
}

/// The module of the shipped rule, with an exception for builds.
#[cfg(test)]
pub(crate) fn with_exception() -> Vec<u8> {
    let rule = include_str!("../../wasm-guest/rules/container_management_utility.toml");
    let exception = r#"
        [[exceptions]]
        name = "Builds"
        comment = "They call docker"
        rules = "all"
        condition = 'container.id : "build-*"'
    "#;
    let set = RuleSet {
        rules: vec![RuleFile::parse("rule.toml", rule).expect("it is shipped")],
        exceptions: vec![ExceptionFile::parse("known.exceptions.toml", exception).expect("it is right")],
        ..RuleSet::default()
    };
    build(&set).expect("it is right")
}
