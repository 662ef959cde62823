//! The rule as one would write it for Fluvio: JSON in, the same JSON out, with tags if it matches.

use fluvio_smartmodule::{RecordData, Result, SmartModuleRecord, smartmodule};
use serde_json::{Value, json};

const NAMES: [&str; 9] =
    ["dockerd", "docker", "kubelet", "kube-proxy", "kubectl", "containerd", "runc", "systemd", "crictl"];

#[smartmodule(map)]
pub fn map(record: &SmartModuleRecord) -> Result<(Option<RecordData>, RecordData)> {
    let mut event: Value = serde_json::from_slice(record.value.as_ref())?;
    if matches(&event) {
        tag(&mut event);
    }
    Ok((None, serde_json::to_vec(&event)?.into()))
}

fn matches(event: &Value) -> bool {
    let started = match &event["event"]["type"] {
        Value::Array(types) => types.iter().any(|kind| kind == "start"),
        kind => kind == "start",
    };
    let name = event["process"]["name"].as_str().unwrap_or_default();
    started && !event["container"]["id"].is_null() && NAMES.iter().any(|known| known.eq_ignore_ascii_case(name))
}

fn tag(event: &mut Value) {
    event["rule"] = json!({
        "id": "6c6bb7ea-0636-44ca-b541-201478ef6b50",
        "name": "Container Management Utility Run Inside A Container",
    });
    event["threat"] = json!({"tactic": {"id": ["TA0002"]}, "technique": {"id": ["T1609"]}});
    event["tags"] = json!(["TA0002", "T1609", "6c6bb7ea-0636-44ca-b541-201478ef6b50"]);
}
