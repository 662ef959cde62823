//! The generic detector: thin exports around `weir-engine`; knows nothing of hosts or rule languages.
//!
//! It is built once, without rules. `weir build` instantiates it, calls [`reserve`], writes a compiled program there,
//! calls [`load`], and keeps a snapshot of the memory: that is a module with rules.
#![expect(unsafe_code, reason = "exports that are called from outside, and the memory that they share")]

use std::hint::black_box;
use std::sync::OnceLock;

use weir_engine::Detector;
use weir_engine::program::{
    Coverage as Covered, ExceptionMeta, Program, RuleMeta, Technique as RuleTechnique, Threat as RuleThreat,
};

use exports::weir::detector::detector::{
    Coverage, Exception, Finding, Guest, Report, Rule, Technique, Threat, ThreatEntry,
};

mod bindings {
    wit_bindgen::generate!({ world: "module", path: "wit" });
}
use bindings::exports;

static DETECTOR: OnceLock<Detector> = OnceLock::new();

/// Memory that is there when a batch comes: enough for a small one, which needn't ask the host for more then.
const ROOM: usize = 128 << 10;

struct Module;

impl Guest for Module {
    fn describe() -> Vec<Rule> {
        DETECTOR.get().map(|detector| detector.rules().iter().map(rule).collect()).unwrap_or_default()
    }

    fn exceptions() -> Vec<Exception> {
        DETECTOR.get().map(|detector| detector.exceptions().iter().map(exception).collect()).unwrap_or_default()
    }

    fn fields() -> Vec<String> {
        DETECTOR.get().map(|detector| detector.fields().to_vec()).unwrap_or_default()
    }

    fn detect(events: Vec<u8>) -> Report {
        let found = DETECTOR.get().map(|detector| detector.detect(&events)).unwrap_or_default();
        let finding = |weir_engine::Finding { event, rule, exception }| Finding { event, rule, exception };
        Report { findings: found.findings.into_iter().map(finding).collect(), malformed: found.malformed }
    }
}

fn rule(meta: &RuleMeta) -> Rule {
    Rule {
        id: meta.id.clone(),
        name: meta.name.clone(),
        version: meta.version,
        severity: meta.severity.clone(),
        risk_score: meta.risk_score,
        threats: meta.threats.iter().map(threat).collect(),
        query: meta.query.clone(),
        references: meta.references.clone(),
        tags: meta.tags.clone(),
        index: meta.index.clone(),
        interval: meta.interval.clone(),
        from: meta.from.clone(),
        timestamp_override: meta.timestamp_override.clone(),
    }
}

fn threat(threat: &RuleThreat) -> Threat {
    Threat {
        framework: threat.framework.clone(),
        tactic: entry(&threat.tactic),
        techniques: threat.techniques.iter().map(technique).collect(),
    }
}

fn technique(technique: &RuleTechnique) -> Technique {
    Technique { entry: entry(&technique.entry), subtechniques: technique.subtechniques.iter().map(entry).collect() }
}

fn entry(entry: &weir_engine::program::ThreatEntry) -> ThreatEntry {
    ThreatEntry { id: entry.id.clone(), name: entry.name.clone(), reference: entry.reference.clone() }
}

fn exception(meta: &ExceptionMeta) -> Exception {
    Exception {
        name: meta.name.clone(),
        comment: meta.comment.clone(),
        rules: match &meta.rules {
            Covered::All => Coverage::All,
            Covered::Rules(rules) => Coverage::Rules(rules.clone()),
        },
        not_before: meta.window.not_before,
        expires: meta.window.expires,
    }
}

bindings::export!(Module with_types_in bindings);

/// Makes room for a program of `len` bytes, for [`load`] to take over.
#[unsafe(export_name = "weir-reserve")]
pub extern "C" fn reserve(len: usize) -> *mut u8 {
    Box::leak(vec![0; len].into_boxed_slice()).as_mut_ptr()
}

/// Takes over the program at `start`, in `weir_engine`'s serialised form; traps if it isn't one. Called once.
///
/// # Safety
/// `start` is what [`reserve`] answered for this `len`, and isn't used again.
#[unsafe(export_name = "weir-load")]
pub unsafe extern "C" fn load(start: *mut u8, len: usize) {
    // SAFETY: the caller's promise: this is the box that `reserve` leaked.
    let mut bytes = unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(start, len)) };
    // No `expect`: the text of these errors would be a quarter of the module, and nobody could read it.
    let loaded = Program::from_bytes(&bytes).ok().and_then(|program| Detector::new(program).ok());
    let Some(detector) = loaded else { panic!("`weir build` checks programs before it loads them") };
    assert!(DETECTOR.set(detector).is_ok(), "`weir build` loads one program");
    // What is freed stays in the snapshot, unless it is zero.
    bytes.fill(0);
    drop(bytes);
    gather_room();
}

/// Gathers free memory in one place, and gives up the gaps that loading left before it. So what a batch needs lies together,
/// and the host, which wipes each page that was touched, has few to wipe: that is half the cost of a batch of one event.
fn gather_room() {
    let allocate = |bytes| black_box(Box::<[u8]>::new_uninit_slice(bytes));
    let room = allocate(ROOM);
    for bytes in (3..=16).rev().map(|power| 1 << power) {
        loop {
            let block = allocate(bytes);
            if block.as_ptr() > room.as_ptr() {
                break;
            }
            Box::leak(block);
        }
    }
}
