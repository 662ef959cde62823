//! Asks a detector for its rules, and which fields they read; believes none of it yet.

use wasmtime::Store;
use weir_engine::program::RuleMeta;

use super::bindings::Detector;
use super::instance::Memory;

/// What a detector tells of itself.
pub(super) struct Description {
    pub(super) rules: Vec<RuleMeta>,
    pub(super) fields: Vec<String>,
}

/// Asks for it.
pub(super) fn ask(store: &mut Store<Memory>, detector: &Detector) -> wasmtime::Result<Description> {
    let rules = detector.call_describe(&mut *store)?;
    Ok(Description { rules: rules.into_iter().map(Into::into).collect(), fields: detector.call_fields(store)? })
}
