//! What a module carries for people: in custom sections, which no runtime looks into.

use std::io::{self, Read, Write};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_encoder::{CustomSection, Encode, SectionId};
use wasmparser::{Parser, Payload};
use weir_engine::limits::MAX_MODULE_BYTES;

/// Most that a section may unfold to. Prose and queries shrink to about a third.
const MAX_UNFOLDED_BYTES: u64 = 4 * MAX_MODULE_BYTES as u64;

/// It isn't WebAssembly, or a section isn't what Weir writes.
pub(crate) type Damage = Box<dyn std::error::Error + Send + Sync>;

/// Puts a custom section behind a module: gzip of JSON. The same content gives the same bytes.
pub(crate) fn append(module: &mut Vec<u8>, name: &str, content: &impl Serialize) -> io::Result<()> {
    let packed = pack(content)?;
    module.push(SectionId::Custom.into());
    CustomSection { name: name.into(), data: (&packed).into() }.encode(module);
    Ok(())
}

/// What [`append`] put behind a module, if it did.
pub(crate) fn find<T: DeserializeOwned>(module: &[u8], name: &str) -> Result<Option<T>, Damage> {
    let mut depth = 0;
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            // What a nested module carries is its own affair.
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::CustomSection(section) if depth == 0 && section.name() == name => {
                return Ok(Some(unpack(section.data())?));
            }
            _ => {}
        }
    }
    Ok(None)
}

fn pack(content: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    packer.write_all(&serde_json::to_vec(content)?)?;
    packer.finish()
}

fn unpack<T: DeserializeOwned>(packed: &[u8]) -> io::Result<T> {
    let mut json = Vec::new();
    GzDecoder::new(packed).take(MAX_UNFOLDED_BYTES).read_to_end(&mut json)?;
    Ok(serde_json::from_slice(&json)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_within_a_nested_module_is_not_read() {
        let mut nested = wasm_encoder::Module::new();
        let packed = pack(&"inner").expect("memory takes everything");
        nested.section(&CustomSection { name: "weir:test".into(), data: (&packed).into() });
        let mut component = wasm_encoder::Component::new();
        component.section(&wasm_encoder::ModuleSection(&nested));
        let mut component = component.finish();
        assert_eq!(find::<String>(&component, "weir:test").expect("it is whole"), None);
        append(&mut component, "weir:test", &"outer").expect("memory takes everything");
        assert_eq!(find::<String>(&component, "weir:test").expect("it is whole").as_deref(), Some("outer"));
    }
}
