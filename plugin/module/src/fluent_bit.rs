//! Makes a filter for stock Fluent Bit: a core module, for its runtime knows no components and few of WebAssembly's
//! features.

use serde::{Deserialize, Serialize};
use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{ExportSection, Module, RawSection, SectionId};
use wasmparser::types::EntityType;
use wasmparser::{ExternalKind, MemoryType, Parser, Payload, ValType, Validator, WasmFeatures};
use weir_engine::limits::{self, DescriptionError};
use weir_engine::program::{ExceptionMeta, Program, RuleMeta, Window};

use crate::section::{self, Damage};
use crate::{BuildError, check, check_length, failed, snapshot};

/// Most memory that a filter may use. `plugin/build.rs` tells the linker.
pub const MAX_MEMORY_BYTES: u64 = 64 << 20;

/// The function that Fluent Bit is told to call, as `function_name`.
pub const FUNCTION: &str = "weir_filter";

/// The custom section: a [`Description`].
const SECTION: &str = "weir:description";

/// What the WebAssembly of Fluent Bit's runtime has beyond version 1.
const FEATURES: WasmFeatures = WasmFeatures::WASM1
    .union(WasmFeatures::BULK_MEMORY)
    .union(WasmFeatures::MULTI_VALUE)
    .union(WasmFeatures::REFERENCE_TYPES)
    .union(WasmFeatures::SATURATING_FLOAT_TO_INT)
    .union(WasmFeatures::SIGN_EXTENSION);

const I32: ValType = ValType::I32;

/// All functions that a filter exports, with what they take and give.
const FUNCTIONS: [(&str, &[ValType], &[ValType]); 3] =
    [(FUNCTION, &[I32; 6], &[I32]), ("malloc", &[I32], &[I32]), ("free", &[I32], &[])];

/// What a filter says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// Its rules.
    pub rules: Vec<RuleMeta>,
    /// The fields that they read.
    pub fields: Vec<String>,
    /// The exceptions to them.
    pub exceptions: Vec<ExceptionMeta>,
}

/// Why a module is no filter.
#[derive(Debug, thiserror::Error)]
pub enum FilterError {
    /// It isn't one that Fluent Bit would load.
    #[error("is no filter that Fluent Bit could use: {0}; rebuild it with `weir build --for fluent-bit`")]
    Unusable(Damage),
    /// Another tool made it.
    #[error("doesn't say what it detects; rebuild it with `weir build --for fluent-bit`")]
    Undescribed,
    /// It says more of its rules than may go into tags and logs.
    #[error("describes {0}; rebuild it with `weir build --for fluent-bit`")]
    Description(DescriptionError),
}

/// Makes the filter: `guest` with `program` in it. The same input gives the same bytes.
///
/// # Errors
/// If the program is malformed, beyond a limit, or has an exception with a window, or `guest` isn't Weir's generic filter.
pub fn build(guest: &[u8], program: &Program) -> Result<Vec<u8>, BuildError> {
    check(program)?;
    if let Some(exception) = program.exceptions.iter().find(|exception| exception.meta.window != Window::default()) {
        return Err(BuildError::Window { exception: exception.meta.name.clone() });
    }
    let core = snapshot(guest, program, "malloc")?;
    let mut module = without_other_exports(&core).map_err(failed("leaving out what nobody calls"))?;
    let memory_bytes = verify(&module).map_err(failed("checking the outcome"))?;
    if memory_bytes > MAX_MEMORY_BYTES / 2 {
        return Err(BuildError::NoRoom { bytes: memory_bytes });
    }
    let description = Description {
        rules: program.rules.iter().map(|rule| rule.meta.clone()).collect(),
        fields: program.fields.clone(),
        exceptions: program.exceptions.iter().map(|exception| exception.meta.clone()).collect(),
    };
    section::append(&mut module, SECTION, &description).map_err(failed("packing the description"))?;
    check_length(module.len())?;
    Ok(module)
}

/// What the filter `module` detects.
///
/// # Errors
/// If it is none, or was made by another tool.
pub fn describe(module: &[u8]) -> Result<Description, FilterError> {
    verify(module).map_err(FilterError::Unusable)?;
    let found = section::find(module, SECTION).map_err(FilterError::Unusable)?;
    let description: Description = found.ok_or(FilterError::Undescribed)?;
    limits::check(description.rules.iter(), &description.fields)
        .and_then(|()| limits::check_exceptions(description.exceptions.iter(), description.rules.len()))
        .map_err(FilterError::Description)?;
    Ok(description)
}

/// Checks that Fluent Bit can load and call a module, and says how much memory it starts with.
fn verify(module: &[u8]) -> Result<u64, Damage> {
    let types = Validator::new_with_features(FEATURES).validate_all(module)?;
    let types = types.as_ref();
    let (Some(mut imports), Some(exports)) = (types.core_imports(), types.core_exports()) else {
        return Err("it is a component".into());
    };
    if let Some((_, name, _)) = imports.next() {
        return Err(format!("it imports `{name}`").into());
    }
    let mut wanted: Vec<_> = FUNCTIONS.to_vec();
    let mut memory = None;
    for (name, export) in exports {
        match export {
            EntityType::Memory(exported) if name == "memory" => memory = Some(exported),
            EntityType::Func(id) => {
                let ty = types[id].unwrap_func();
                let found = wanted.iter().position(|function| *function == (name, ty.params(), ty.results()));
                wanted
                    .remove(found.ok_or_else(|| format!("its function `{name}` is none that Fluent Bit would call"))?);
            }
            _ => return Err(format!("it exports `{name}`, which nobody uses").into()),
        }
    }
    if let Some((name, ..)) = wanted.first() {
        return Err(format!("it doesn't export the function `{name}`").into());
    }
    match memory {
        Some(MemoryType { initial, maximum: Some(pages), .. }) if pages << 16 <= MAX_MEMORY_BYTES => Ok(initial << 16),
        _ => Err("its memory isn't exported, or has no bound".into()),
    }
}

/// The module, without exports for other tools (`__heap_base`), and without custom sections.
fn without_other_exports(core: &[u8]) -> Result<Vec<u8>, Damage> {
    let mut module = Module::new();
    for payload in Parser::new(0).parse_all(core) {
        match payload? {
            Payload::ExportSection(section) => {
                let mut exports = ExportSection::new();
                for export in section {
                    let export = export?;
                    if export.kind == ExternalKind::Memory || FUNCTIONS.iter().any(|(name, ..)| *name == export.name) {
                        exports.export(export.name, RoundtripReencoder.export_kind(export.kind)?, export.index);
                    }
                }
                module.section(&exports);
            }
            other => {
                if let Some((id, range)) = other.as_section().filter(|(id, _)| *id != SectionId::Custom as u8) {
                    module.section(&RawSection { id, data: &core[range.start as usize..range.end as usize] });
                }
            }
        }
    }
    Ok(module.finish())
}
