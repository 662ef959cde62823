//! Real events of other products (`../shared/real`, which isn't part of this project): none is harmed, none is mistaken.
#![allow(clippy::unwrap_used, reason = "tests may stop at the first surprise, and so may what they share")]

use std::fs;
use std::path::Path;

use serde_json::Value;
use weir::guest::{Limits, Module};
use weir::harness::Harness;
use weir::{Detector, Verdict, rules};
use weir_engine::program::Folding;

const FILES: [&str; 5] = [
    "auditd_manager.sample_event.json",
    "cloud_defend_alert.sample_event.json",
    "falco_ecs.sample_event.json",
    "falco_raw.ndjson",
    "tetragon_process_exec.raw.json",
];

/// The samples' lines, if they are here.
fn samples() -> Option<Vec<String>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/real");
    if !folder.exists() {
        eprintln!("skipped: {} isn't there", folder.display());
        return None;
    }
    let texts = FILES.map(|file| fs::read_to_string(folder.join(file)).unwrap());
    Some(texts.iter().flat_map(|text| text.lines().map(str::to_owned)).collect())
}

#[test]
fn real_events_that_start_no_container_tool_leave_as_they_came() {
    let Some(samples) = samples() else { return };
    let harness = Harness::shipped().unwrap();
    for sample in samples {
        let outcome = harness.run_one(sample.clone().into());
        assert_eq!(outcome.event, sample);
        assert!(outcome.matches.is_empty() && outcome.unjudged.is_none(), "{sample}");
    }
}

#[test]
fn falcos_event_of_a_container_tool_is_tagged_and_keeps_falcos_verdict() {
    let Some(samples) = samples() else { return };
    let falco = samples.iter().find(|sample| sample.contains("Run shell untrusted") && sample.contains("ecs")).unwrap();
    let docker = falco.replace(r#""name":"bash""#, r#""name":"docker""#);
    let outcome = Harness::shipped().unwrap().run_one(docker.into());
    assert_eq!(outcome.matches.len(), 1);
    let event = outcome.json();
    assert_eq!(event["rule"]["name"], "Run shell untrusted");
    assert_eq!(event["rule"]["id"], outcome.matches[0]);
    assert_eq!(event["threat.technique.id"][0], "T1059");
    assert_eq!(event["threat"]["tactic"]["id"][0], "TA0002");
    assert_eq!(event["threat"]["technique"].get("id"), None, "Falco's own stays the only one");
    assert_eq!(event["weir"]["matches"][0]["rule"]["id"], outcome.matches[0]);
}

/// A sample in which `from` stands, with `to` instead.
fn changed(samples: &[String], from: &str, to: &str) -> String {
    samples.iter().find(|sample| sample.contains(from)).unwrap().replace(from, to)
}

#[test]
fn raw_events_of_falco_and_tetragon_match_through_their_mappings_natively_in_wasm_and_as_records() {
    let Some(samples) = samples() else { return };
    let mut set = rules::all_shipped().unwrap();
    set.mappings = rules::read_mappings(&["falco".into(), "tetragon".into()]).unwrap();
    let bytes = rules::build(&set).unwrap();
    let harness = Harness::load("mapped", &bytes).unwrap();
    let module = Module { name: "mapped", bytes: &bytes, pinned: None, cache: None };
    let records = Detector::load(&module, &Limits::default()).unwrap();
    let program = weir_eql::compile_mapped(&set.rules, &[], &set.mappings, Folding::Unicode);
    let native = weir_engine::Detector::new(program.map_err(|wrong| wrong[0].to_string()).unwrap()).unwrap();
    let changed = |from, to| changed(&samples, from, to);
    let falco = changed(r#""proc.name":"bash""#, r#""proc.name":"docker""#);
    let listing = r#""proc.cmdline":"bash -c ls > /dev/null","proc.exepath":"/bin/bash""#;
    let tetragon = changed("/usr/local/bin/local-path-provisioner", "/usr/local/bin/kubectl");
    let mut rows: Vec<(String, usize)> = samples.iter().map(|sample| (sample.clone(), 0)).collect();
    rows.extend([
        (falco.clone(), 1),
        (falco.replace(r#""container.id":"84c0b936c919""#, r#""container.id":"host""#), 0),
        (falco.replace(r#""evt.type":"execve""#, r#""evt.type":"openat""#), 0),
        (changed(listing, r#""proc.cmdline":"bash -i""#), 1),
        (tetragon.clone(), 1),
        (tetragon.replace(r#""binary":"/usr/local/bin/kubectl""#, r#""binary":"kubectl""#), 1),
        (tetragon.replace("process_exec", "process_exit"), 0),
    ]);
    for (event, expected) in rows {
        let outcome = harness.run_one(event.clone().into());
        assert_eq!(outcome.matches.len(), expected, "{event}");
        assert_eq!(native.detect(event.as_bytes()).findings.len(), expected, "{event}");
        let mut record = [serde_json::from_str::<Value>(&event).unwrap()];
        let verdicts = records.tag(&mut record);
        assert!(matches!(&verdicts[0], Verdict::Matches(rules) if rules.len() == expected), "{event}");
        assert_eq!(record[0], outcome.json(), "{event}");
    }
}
