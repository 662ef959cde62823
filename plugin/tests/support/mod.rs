//! Detectors written by hand, good ones and hostile ones, for the tests of everything that uses a detector.
#![allow(dead_code, reason = "each test file uses another part of it")]

mod image;

use weir::guest::{Guest, Limits, LoadError, Module};
use weir_engine::program::{ExceptionMeta, RuleMeta, Technique, Threat, ThreatEntry};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use self::image::Image;

const PRELUDE: &str = include_str!("../hostile/prelude.wat");
const WIT: &str = include_str!("../../../wasm-guest/wit/detector.wit");

/// Takes all the memory there is, and then more.
pub const BOMB: &str = "
    (block $refused (loop $grow
      (br_if $refused (i32.eq (memory.grow (i32.const 1)) (i32.const -1)))
      (memory.fill (i32.mul (i32.sub (memory.size) (i32.const 1)) (i32.const 65536)) (i32.const 1) (i32.const 65536))
      (br $grow)))
    unreachable";

/// A detector that finds rule 0 in lines that start with `m`, calls those malformed that start with `x`, and does
/// something else at `!`; every part can be made hostile with some WebAssembly text.
#[derive(Clone)]
pub struct Detector {
    /// What it speaks.
    pub wit: String,
    pub interface: &'static str,
    pub rules: Vec<RuleMeta>,
    pub exceptions: Vec<ExceptionMeta>,
    /// Of its memory, at the start.
    pub pages: u32,
    pub imports: &'static str,
    /// Further functions.
    pub more: &'static str,
    /// What happens before the answer.
    pub describe: &'static str,
    pub detect: &'static str,
    pub realloc: &'static str,
    /// What happens at a line that starts with `!`.
    pub poison: &'static str,
}

impl Default for Detector {
    fn default() -> Self {
        Self {
            wit: WIT.into(),
            interface: "weir:detector/detector@0.1.0",
            rules: vec![rule()],
            exceptions: Vec::new(),
            pages: 2,
            imports: "",
            more: "",
            describe: "",
            detect: "",
            realloc: "",
            poison: "",
        }
    }
}

impl Detector {
    /// One that does this at `!`.
    pub fn poisoned(poison: &'static str) -> Self {
        Self { poison, ..Self::default() }
    }

    /// As a core module.
    pub fn core_module(&self) -> Vec<u8> {
        let image: String = Image::describing(1024, &self.rules, &["process.name", "host.id"], &self.exceptions)
            .iter()
            .map(|byte| format!("\\{byte:02x}"))
            .collect();
        let text = PRELUDE
            .replace("{interface}", self.interface)
            .replace("{pages}", &self.pages.to_string())
            .replace("{image}", &image)
            .replace("{imports}", self.imports)
            .replace("{more}", self.more)
            .replace("{describe}", self.describe)
            .replace("{detect}", self.detect)
            .replace("{realloc}", self.realloc)
            .replace("{poison}", self.poison);
        wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}"))
    }

    /// As the component that Weir loads.
    pub fn component(&self) -> Vec<u8> {
        let mut resolve = Resolve::default();
        let package = resolve.push_str("detector.wit", &self.wit).unwrap();
        let world = resolve.select_world(&[package], Some("module")).unwrap();
        let mut module = self.core_module();
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false).unwrap();
        ComponentEncoder::default().module(&module).unwrap().encode().unwrap()
    }

    pub fn load(&self, limits: &Limits) -> Result<Guest, LoadError> {
        load(&self.component(), limits)
    }
}

/// Loads whatever it is.
pub fn load(bytes: &[u8], limits: &Limits) -> Result<Guest, LoadError> {
    Guest::load(&Module { name: "test.wasm", bytes, pinned: None, cache: None }, limits)
}

/// Where the lines of a batch end.
pub fn ends(batch: &str) -> Vec<u32> {
    let mut end = 0;
    batch
        .split_inclusive('\n')
        .map(|line| {
            end += line.len() as u32;
            end
        })
        .collect()
}

/// A rule with something everywhere.
pub fn rule() -> RuleMeta {
    let entry = |id: &str| ThreatEntry {
        id: id.into(),
        name: format!("name of {id}"),
        reference: format!("https://example.com/{id}"),
    };
    let technique = Technique { entry: entry("T1609"), subtechniques: vec![entry("T1609.001"), entry("T1609.002")] };
    RuleMeta {
        id: "6f1a8a63-9f0b-4a0e-9a3c-6d2a2a1f5b11".into(),
        name: "A line that starts with m".into(),
        version: 7,
        severity: "low".into(),
        risk_score: 21,
        threats: vec![Threat {
            framework: "MITRE ATT&CK".into(),
            tactic: entry("TA0002"),
            techniques: vec![technique],
        }],
        query: "any where true".into(),
        references: vec!["https://example.com/".into()],
        tags: vec!["OS: Linux".into(), "Domain: Container".into()],
        index: vec!["logs-*".into()],
        interval: "5m".into(),
        from: "now-6m".into(),
        timestamp_override: "event.ingested".into(),
    }
}
