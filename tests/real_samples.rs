//! Real events of other products (`../shared/real`, which isn't part of this project): none is harmed, none is mistaken.
#![allow(clippy::unwrap_used, reason = "tests may stop at the first surprise, and so may what they share")]

use std::fs;
use std::path::Path;

use weir::harness::Harness;

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
