//! The rule in Sigma, as RSigma evaluates it: natively, on a parsed event; it neither tags nor writes.

use nix::sys::resource::UsageWho;
use rsigma_eval::Engine;
use rsigma_eval::event::JsonEvent;
use rsigma_parser::parse_sigma_yaml;
use serde_json::Value;

use crate::events::{Events, cpu_time};
use crate::{Fallible, Outcome};

const RULE: &str = "
title: Container management utility in a container
logsource: {product: linux, category: process_creation}
detection:
  started:
    event.type: start
    container.id: '*'
    process.name: [dockerd, docker, kubelet, kube-proxy, kubectl, containerd, runc, systemd, crictl]
  condition: started
level: low
";

/// Evaluates it on all events.
pub fn run(events: &Events) -> Fallible<Outcome> {
    let mut engine = Engine::new();
    engine.add_collection(&parse_sigma_yaml(RULE)?)?;
    let before = cpu_time(UsageWho::RUSAGE_SELF)?;
    let mut matching = 0;
    for line in events.lines() {
        let value: Value = serde_json::from_slice(line)?;
        matching += engine.evaluate(&JsonEvent::borrow(&value)).len();
    }
    Ok(Outcome::Ran { took: cpu_time(UsageWho::RUSAGE_SELF)? - before, matching })
}
