//! The rule in VRL, as Vector's `remap` transform runs it: compiled once, one target and one cleared runtime an event.

use nix::sys::resource::UsageWho;
use vrl::compiler::runtime::Runtime;
use vrl::compiler::{TargetValue, TimeZone};
use vrl::value::{Secrets, Value};

use crate::events::{Events, cpu_time};
use crate::{Fallible, Outcome};

const PROGRAM: &str = r#"
types = if is_array(.event.type) { array!(.event.type) } else { [.event.type] }
name = downcase(string(.process.name) ?? "")
if !is_nullish(.container.id) && includes(types, "start") && includes(
    ["dockerd", "docker", "kubelet", "kube-proxy", "kubectl", "containerd", "runc", "systemd", "crictl"], name) {
    .rule = {
        "id": "6c6bb7ea-0636-44ca-b541-201478ef6b50",
        "name": "Container Management Utility Run Inside A Container",
    }
    .threat = {"tactic": {"id": ["TA0002"]}, "technique": {"id": ["T1609"]}}
    .tags = ["TA0002", "T1609", "6c6bb7ea-0636-44ca-b541-201478ef6b50"]
}
"#;

/// Runs it over all events.
pub fn run(events: &Events) -> Fallible<Outcome> {
    let compiled = vrl::compiler::compile(PROGRAM, &vrl::stdlib::all()).map_err(|wrong| format!("{wrong:?}"))?;
    let mut runtime = Runtime::default();
    let (timezone, mut out, mut matching) = (TimeZone::default(), Vec::new(), 0);
    let before = cpu_time(UsageWho::RUSAGE_SELF)?;
    for line in events.lines() {
        let value: Value = serde_json::from_slice(line)?;
        let mut target =
            TargetValue { value, metadata: Value::Object(Default::default()), secrets: Secrets::default() };
        runtime.resolve(&mut target, &compiled.program, &timezone).map_err(|error| error.to_string())?;
        runtime.clear();
        matching += usize::from(target.value.get(vrl::path!("rule")).is_some());
        out.clear();
        serde_json::to_writer(&mut out, &target.value)?;
        std::hint::black_box(&out);
    }
    Ok(Outcome::Ran { took: cpu_time(UsageWho::RUSAGE_SELF)? - before, matching })
}
