//! Asks a detector for its rules and exceptions, and which fields they read; believes none of it yet.

use wasmtime::Store;
use weir_engine::program::{ExceptionMeta, RuleMeta};

use super::bindings::Detector;
use super::instance::Memory;

/// What a detector tells of itself.
pub(super) struct Description {
    pub(super) rules: Vec<RuleMeta>,
    pub(super) exceptions: Vec<ExceptionMeta>,
    pub(super) fields: Vec<String>,
}

/// Asks for it.
pub(super) fn ask(store: &mut Store<Memory>, detector: &Detector) -> wasmtime::Result<Description> {
    let rules = detector.call_describe(&mut *store)?;
    let exceptions = detector.call_exceptions(&mut *store)?;
    Ok(Description {
        rules: rules.into_iter().map(Into::into).collect(),
        exceptions: exceptions.into_iter().map(Into::into).collect(),
        fields: detector.call_fields(store)?,
    })
}
