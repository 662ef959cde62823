//! Lets a module in: nothing of it runs before it is known to be the one that was meant, a component, and sealed off.

use std::fmt::Write;

use sha2::{Digest, Sha256};
use wasmtime::component::{Component, ComponentExportIndex};
use weir_engine::limits::{self, DescriptionError, MAX_MODULE_BYTES};

use super::bindings::{FUNCTIONS, INTERFACE, VERSION};
use super::describe::{self, Description};
use super::halving::PATIENCE;
use super::instance::Instances;
use super::{Failure, Limits, Module, Reason, sandbox};

/// Why a module can't be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Longer than any module need be.
    #[error(
        "module `{module}` has {bytes} bytes, more than the {MAX_MODULE_BYTES} that a module may have; rebuild it with fewer \
         rules"
    )]
    TooLong {
        /// The module's name.
        module: String,
        /// How long it is.
        bytes: usize,
    },
    /// Another file than the pinned one.
    #[error(
        "module `{module}` has SHA-256 {found}, but {pinned} is pinned; restore the pinned module, or pin this one if you \
         trust it"
    )]
    OtherDigest {
        /// The module's name.
        module: String,
        /// In the config.
        pinned: String,
        /// Of the file.
        found: String,
    },
    /// No WebAssembly at all.
    #[error("module `{module}` isn't WebAssembly; build a module with `weir build`")]
    NotWasm {
        /// The module's name.
        module: String,
    },
    /// WebAssembly, but without the component model.
    #[error(
        "module `{module}` is a core WebAssembly module, but a detector is a component; build it with `weir build` (without \
         `--for fluent-bit`), or wrap it with `wasm-tools component new`"
    )]
    CoreModule {
        /// The module's name.
        module: String,
    },
    /// The sandbox can't be set up.
    #[error("can't set up the sandbox for module `{module}`: {reason}; check `detect` in the config")]
    Sandbox {
        /// The module's name.
        module: String,
        /// What failed.
        reason: String,
    },
    /// Asks for more than it may have.
    #[error(
        "module `{module}` asks for more than a detector may have: {reason}; raise `detect.memory_mib`, or rebuild it smaller"
    )]
    TooLarge {
        /// The module's name.
        module: String,
        /// What is too large.
        reason: String,
    },
    /// Damaged, or of a kind of WebAssembly that this host doesn't know.
    #[error("module `{module}` can't be compiled: {reason}; rebuild it with `weir build`")]
    Invalid {
        /// The module's name.
        module: String,
        /// What is wrong.
        reason: String,
    },
    /// Wants something from outside.
    #[error("module `{module}` imports `{import}`, but a detector may import nothing; rebuild it with `weir build`")]
    Import {
        /// The module's name.
        module: String,
        /// The first of its imports.
        import: String,
    },
    /// Speaks another version of the interface.
    #[error(
        "module `{module}` speaks `{found}`, but this Weir speaks `{INTERFACE}@{VERSION}`; rebuild it with this version's \
         `weir build`"
    )]
    OtherVersion {
        /// The module's name.
        module: String,
        /// What it exports.
        found: String,
    },
    /// Lacks the interface, or a function of it.
    #[error("module `{module}` doesn't export `{export}`, so it is no detector; rebuild it with `weir build`")]
    MissingExport {
        /// The module's name.
        module: String,
        /// What it lacks.
        export: String,
    },
    /// Has the functions, but they take or give other things.
    #[error(
        "module `{module}` exports `{INTERFACE}@{VERSION}` with other types than those of detector.wit: {reason}; rebuild it \
         with `weir build`"
    )]
    OtherTypes {
        /// The module's name.
        module: String,
        /// What differs.
        reason: String,
    },
    /// Fails before its first event.
    #[error("module `{module}` can't say what it detects ({failure}); rebuild it with `weir build`")]
    Introduction {
        /// The module's name.
        module: String,
        /// How it fails.
        failure: Failure,
    },
    /// Says more of its rules than may go into tags and logs.
    #[error("module `{module}` describes {error}; rebuild it with `weir build`")]
    Description {
        /// The module's name.
        module: String,
        /// What it says.
        error: DescriptionError,
    },
}

/// Refuses a module that would take very long to compile; how long a shorter one takes isn't bounded.
pub(super) fn check_length(module: &Module<'_>) -> Result<(), LoadError> {
    match module.bytes.len() {
        bytes if bytes > MAX_MODULE_BYTES => Err(LoadError::TooLong { module: module.name.into(), bytes }),
        _ => Ok(()),
    }
}

/// Gives the module's SHA-256 if it is the pinned one, or none is pinned.
pub(super) fn check_digest(module: &Module<'_>) -> Result<String, LoadError> {
    let found = sha256(module.bytes);
    match module.pinned {
        Some(pinned) if !pinned.eq_ignore_ascii_case(&found) => {
            Err(LoadError::OtherDigest { module: module.name.into(), pinned: pinned.into(), found })
        }
        _ => Ok(found),
    }
}

/// The SHA-256 of a module, in hexadecimal.
pub fn sha256(module: &[u8]) -> String {
    Sha256::digest(module).iter().fold(String::new(), |mut hex, byte| {
        // Writing to a string can't fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Compiles a component that imports nothing and exports the interface.
pub(super) fn compile(module: &Module<'_>, limits: &Limits) -> Result<Instances, LoadError> {
    check_header(module)?;
    let no_sandbox = |error: wasmtime::Error| LoadError::Sandbox { module: module.name.into(), reason: causes(&error) };
    let engine = sandbox::new(limits, module.cache).map_err(no_sandbox)?;
    let component = Component::from_binary(&engine, module.bytes).map_err(|error| refusal(module, &error))?;
    check_imports(module, &component)?;
    let detect = check_exports(module, &component)?;
    Instances::new(&component, detect, limits).map_err(no_sandbox)
}

/// Starts the detector for the first time, and asks for its rules.
pub(super) fn introduce(module: &Module<'_>, limits: &Limits, instances: &Instances) -> Result<Description, LoadError> {
    let name = || module.name.to_owned();
    let deadline = limits.deadline.saturating_mul(PATIENCE);
    let slot = instances.slot();
    slot.ask(deadline, 0, |_, _| Ok(())).map_err(|failure| match failure.reason {
        // Nothing was asked yet, so what couldn't be read are the types of the exports.
        Reason::BadReport => LoadError::OtherTypes { module: name(), reason: failure.detail },
        _ => LoadError::Introduction { module: name(), failure },
    })?;
    let description = slot
        .ask(deadline, limits.memory_bytes, describe::ask)
        .map_err(|failure| LoadError::Introduction { module: name(), failure })?;
    limits::check(description.rules.iter(), &description.fields)
        .and_then(|()| limits::check_exceptions(description.exceptions.iter(), description.rules.len()))
        .map_err(|error| LoadError::Description { module: name(), error })?;
    Ok(description)
}

/// The magic number, the version, and the layer: 0 is a core module, 1 a component.
fn check_header(module: &Module<'_>) -> Result<(), LoadError> {
    match module.bytes {
        [b'\0', b'a', b's', b'm', _, _, 0, 0, ..] => Err(LoadError::CoreModule { module: module.name.into() }),
        [b'\0', b'a', b's', b'm', ..] => Ok(()),
        _ => Err(LoadError::NotWasm { module: module.name.into() }),
    }
}

fn check_imports(module: &Module<'_>, component: &Component) -> Result<(), LoadError> {
    match component.component_type().imports(component.engine()).next() {
        Some((import, _)) => Err(LoadError::Import { module: module.name.into(), import: import.into() }),
        None => Ok(()),
    }
}

/// Finds `detect`, and that all else is there.
fn check_exports(module: &Module<'_>, component: &Component) -> Result<ComponentExportIndex, LoadError> {
    let wanted = format!("{INTERFACE}@{VERSION}");
    let Some(interface) = component.get_export_index(None, &*wanted) else {
        return Err(missing_interface(module, component, wanted));
    };
    let find = |function: &str| {
        let missing =
            || LoadError::MissingExport { module: module.name.into(), export: format!("{wanted}#{function}") };
        component.get_export_index(Some(&interface), function).ok_or_else(missing)
    };
    FUNCTIONS.into_iter().try_for_each(|function| find(function).map(drop))?;
    find("detect")
}

fn missing_interface(module: &Module<'_>, component: &Component, wanted: String) -> LoadError {
    let of_another_version = |name: &str| name.split('@').next() == Some(INTERFACE);
    let ty = component.component_type();
    let mut exports = ty.exports(component.engine()).map(|(name, _)| name);
    match exports.find(|name| of_another_version(name)) {
        Some(found) => LoadError::OtherVersion { module: module.name.into(), found: found.into() },
        None => LoadError::MissingExport { module: module.name.into(), export: wanted },
    }
}

fn refusal(module: &Module<'_>, error: &wasmtime::Error) -> LoadError {
    let (module, reason) = (module.name.into(), causes(error));
    // Only its text tells an error of the pool from one of the compiler.
    if reason.contains("pooling allocator") {
        LoadError::TooLarge { module, reason }
    } else {
        LoadError::Invalid { module, reason }
    }
}

fn causes(error: &wasmtime::Error) -> String {
    format!("{error:#}")
}
