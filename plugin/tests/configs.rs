//! What `configs/` offers to copy: all of it parses, Weir takes its own configs wherever they stand, and the parts fit
//! each other.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use serde_json::Value;
use weir::config::Config;
use weir::guest::Reason;

const METRICS: &str = include_str!("../src/metrics.rs");

/// Seconds that Weir may take to drain after SIGTERM.
const DRAIN_SECS: u64 = 60;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs")
}

fn read(name: &str) -> String {
    fs::read_to_string(folder().join(name)).expect(name)
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|it| it == extension)
}

/// The documents of a YAML file.
fn documents(text: &str) -> Vec<Value> {
    serde_saphyr::from_multiple(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The one document of a YAML file.
fn document(text: &str) -> Value {
    let mut documents = documents(text);
    assert_eq!(documents.len(), 1, "{text}");
    documents.remove(0)
}

/// The one Kubernetes object of this kind and name in a file.
fn object(file: &str, kind: &str, name: &str) -> Value {
    let is_it = |it: &Value| it["kind"] == kind && it["metadata"]["name"] == name;
    documents(&read(file)).into_iter().find(is_it).unwrap_or_else(|| panic!("{file} has no {kind} {name}"))
}

/// What a ConfigMap holds under `key`.
fn mounted(file: &str, config_map: &str, key: &str) -> String {
    object(file, "ConfigMap", config_map)["data"][key].as_str().expect(key).to_owned()
}

/// All configs of Weir, with their names.
fn weir_configs() -> Vec<(&'static str, String)> {
    let own = ["quickstart.yaml", "sidecar.yaml", "aggregator.yaml", "http.yaml"];
    let in_kubernetes = [("kubernetes/agent.yaml", "vector-agent"), ("kubernetes/aggregator.yaml", "weir")];
    let mounted = in_kubernetes.map(|(file, config_map)| (file, mounted(file, config_map, "weir.yaml")));
    own.map(|file| (file, read(file))).into_iter().chain(mounted).collect()
}

/// All configs of Vector, with their names.
fn vector_configs() -> Vec<(&'static str, String)> {
    vec![
        ("vector/agent.yaml", read("vector/agent.yaml")),
        ("vector/aggregator.yaml", read("vector/aggregator.yaml")),
        ("kubernetes/agent.yaml", mounted("kubernetes/agent.yaml", "vector-agent", "vector.yaml")),
    ]
}

/// The value under every key of this name, however deep.
fn texts_under<'v>(value: &'v Value, name: &str, found: &mut Vec<&'v str>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| texts_under(item, name, found)),
        Value::Object(entries) => {
            found.extend(entries.get(name).and_then(Value::as_str));
            entries.values().for_each(|entry| texts_under(entry, name, found));
        }
        _ => {}
    }
}

/// The names of Weir's metrics in PromQL; of a histogram's series the name of the histogram.
fn metrics_in<'q>(queries: &[&'q str]) -> BTreeSet<&'q str> {
    let is_label = |word: &str| ["component_id", "component_kind", "component_type"].contains(&word);
    queries
        .iter()
        .flat_map(|query| query.split(|c: char| !c.is_ascii_alphanumeric() && c != '_'))
        .filter(|word| (word.starts_with("component_") || word.starts_with("weir_")) && !is_label(word))
        .map(|word| ["_bucket", "_count", "_sum"].iter().find_map(|suffix| word.strip_suffix(suffix)).unwrap_or(word))
        .collect()
}

/// The metrics that Weir describes, and so has.
fn metrics_of_weir() -> BTreeSet<&'static str> {
    let described = ["counter", "gauge", "histogram"].map(|kind| format!("describe_{kind}!("));
    described.iter().flat_map(|it| METRICS.split(it).skip(1)).filter_map(|it| it.split('"').nth(1)).collect()
}

/// The port of `HOST:PORT`, or of a URI that ends with it.
fn port(address: &Value) -> u64 {
    let port = address.as_str().and_then(|address| address.rsplit(':').next());
    port.and_then(|port| port.parse().ok()).unwrap_or_else(|| panic!("`{address}` has no port"))
}

/// The port of a container that has this name.
fn named_port<'c>(container: &'c Value, name: &Value) -> &'c Value {
    let ports = container["ports"].as_array().unwrap();
    &ports.iter().find(|port| port["name"] == *name).unwrap_or_else(|| panic!("no port {name}"))["containerPort"]
}

/// Runs a command; what isn't installed can't be asked.
fn ask(command: &mut Command) {
    match command.output() {
        Err(error) if error.kind() == ErrorKind::NotFound => println!("skipped: {command:?}: {error}"),
        output => {
            let output = output.unwrap();
            let said = [output.stdout, output.stderr].concat();
            assert!(output.status.success(), "{command:?}\n{}", String::from_utf8_lossy(&said));
        }
    }
}

#[test]
fn every_file_parses() {
    let (mut yaml, mut json) = (0, 0);
    for path in files(&folder()) {
        let text = || fs::read_to_string(&path).unwrap();
        if has_extension(&path, "yaml") || has_extension(&path, "yml") {
            assert!(!documents(&text()).is_empty(), "{} is empty", path.display());
            yaml += 1;
        } else if has_extension(&path, "json") {
            serde_json::from_str::<Value>(&text()).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            json += 1;
        }
    }
    assert!(yaml >= 11 && json >= 2, "where are the configs? {yaml} are YAML, {json} JSON");
}

#[test]
fn weir_takes_its_configs_in_files_and_in_kubernetes() {
    for (name, text) in weir_configs() {
        Config::parse(&text, Path::new(name)).unwrap_or_else(|error| panic!("{error}"));
    }
}

#[test]
fn weir_answers_before_vector_stops_waiting() {
    for (name, text) in weir_configs() {
        let timeout = &document(&text)["sink"]["timeout_secs"];
        assert!(timeout.as_u64().unwrap_or(25) < 60, "{name}: Vector gives up after 60 s, Weir after {timeout}");
    }
}

#[test]
fn events_go_from_vector_through_weir_and_back() {
    let in_pod = |key| mounted("kubernetes/agent.yaml", "vector-agent", key);
    for (vector, weir) in
        [(read("vector/agent.yaml"), read("sidecar.yaml")), (in_pod("vector.yaml"), in_pod("weir.yaml"))]
    {
        let (vector, weir) = (document(&vector), document(&weir));
        let sent_to = vector["sinks"]["to_weir"]["routing"]["endpoints"][0].as_str();
        assert_eq!(sent_to, weir["source"]["address"].as_str());
        let returned_to = weir["sink"]["address"].as_str();
        assert_eq!(returned_to, vector["sources"]["from_weir"]["address"].as_str());
        assert!(sent_to.is_some() && returned_to.is_some());
        assert_eq!(vector["sinks"]["aggregator"]["inputs"][0], "from_weir");
    }
}

#[test]
fn the_aggregator_listens_where_weir_and_the_agents_send() {
    let listens = port(&document(&read("vector/aggregator.yaml"))["sources"]["from_weir"]["address"]);
    assert_eq!(port(&document(&read("aggregator.yaml"))["sink"]["address"]), listens);
    let in_kubernetes = document(&mounted("kubernetes/aggregator.yaml", "weir", "weir.yaml"));
    assert_eq!(port(&in_kubernetes["sink"]["address"]), listens);
    let agents = [read("vector/agent.yaml"), mounted("kubernetes/agent.yaml", "vector-agent", "vector.yaml")];
    for agent in agents.map(|text| document(&text)) {
        assert_eq!(port(&agent["sinks"]["aggregator"]["routing"]["endpoints"][0]), listens);
    }
}

#[test]
fn vector_acknowledges_end_to_end() {
    for (name, text) in vector_configs() {
        for (id, sink) in document(&text)["sinks"].as_object().unwrap() {
            assert_eq!(sink["acknowledgements"]["enabled"], true, "{name}: {id}");
        }
    }
}

#[test]
fn the_dashboard_shows_every_metric_and_no_other() {
    let dashboard: Value = serde_json::from_str(&read("grafana/dashboard.json")).unwrap();
    let mut queries = Vec::new();
    for key in ["expr", "query"] {
        texts_under(&dashboard, key, &mut queries);
    }
    assert_eq!(metrics_in(&queries), metrics_of_weir());
}

#[test]
fn each_alert_watches_a_metric_that_is_there() {
    let alerts = document(&read("grafana/alerts.yaml"));
    let mut queries = Vec::new();
    texts_under(&alerts, "expr", &mut queries);
    for query in queries {
        let watched = metrics_in(&[query]);
        assert!(!watched.is_empty() && watched.is_subset(&metrics_of_weir()), "{query}");
    }
}

#[test]
fn each_reason_for_no_verdict_has_an_alert() {
    let alerts = read("grafana/alerts.yaml");
    let selected = alerts.split("weir_unjudged_events_total{reason=").skip(1).map(|it| it.split('"').nth(1).unwrap());
    let watched: BTreeSet<&str> = selected.flat_map(|reasons| reasons.split('|')).collect();
    assert_eq!(watched, Reason::ALL.iter().map(|reason| reason.label()).collect());
}

#[test]
fn the_service_is_shut_in() {
    let unit = read("systemd/weir.service");
    let settings: BTreeSet<&str> = unit.lines().collect();
    for setting in [
        "Type=exec",
        "Restart=on-failure",
        "RestartPreventExitStatus=78",
        "DynamicUser=yes",
        "NoNewPrivileges=yes",
        "CapabilityBoundingSet=",
        "ProtectSystem=strict",
        "ProtectHome=yes",
        "PrivateDevices=yes",
        "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX",
        "RestrictNamespaces=yes",
        "SystemCallFilter=@system-service",
    ] {
        assert!(settings.contains(setting), "{setting}");
    }
    assert!(unit.contains("\nMemoryMax="));
    assert!(!unit.contains("\nMemoryDenyWriteExecute="), "a compiled module couldn't run");
    let stop = unit.lines().find_map(|line| line.strip_prefix("TimeoutStopSec=")).unwrap();
    assert!(stop.parse::<u64>().unwrap() > DRAIN_SECS, "{stop} s don't let Weir drain");
}

/// The pod of a file, and Weir's container in it.
fn pod_of_weir(file: &str, kind: &str, name: &str) -> (Value, Value) {
    let pod = object(file, kind, name)["spec"]["template"]["spec"].clone();
    let containers = ["containers", "initContainers"].map(|list| pod[list].as_array().cloned().unwrap_or_default());
    let weir = containers.concat().into_iter().find(|container| container["name"] == "weir").unwrap();
    (pod, weir)
}

#[test]
fn in_kubernetes_weir_is_probed_where_it_listens_confined_and_given_time_to_drain() {
    for (file, kind, name, config_map) in [
        ("kubernetes/agent.yaml", "DaemonSet", "vector-agent", "vector-agent"),
        ("kubernetes/aggregator.yaml", "Deployment", "weir", "weir"),
    ] {
        let (pod, weir) = pod_of_weir(file, kind, name);
        let served = port(&document(&mounted(file, config_map, "weir.yaml"))["metrics"]["address"]);
        for (probe, path) in [("startupProbe", "/health"), ("livenessProbe", "/health"), ("readinessProbe", "/ready")] {
            assert_eq!(weir[probe]["httpGet"]["path"], path, "{file}");
            assert_eq!(*named_port(&weir, &weir[probe]["httpGet"]["port"]), served, "{file}: {probe}");
        }
        let security = &weir["securityContext"];
        assert!(security["runAsNonRoot"] == true && security["readOnlyRootFilesystem"] == true, "{file}: {security}");
        assert!(weir["resources"]["limits"]["memory"].is_string(), "{file}");
        assert!(pod["terminationGracePeriodSeconds"].as_u64() > Some(DRAIN_SECS), "{file}");
    }
}

#[test]
fn the_service_in_kubernetes_leads_to_the_source() {
    let file = "kubernetes/aggregator.yaml";
    let source = port(&document(&mounted(file, "weir", "weir.yaml"))["source"]["address"]);
    let (_, weir) = pod_of_weir(file, "Deployment", "weir");
    for service in ["weir", "weir-headless"] {
        let entrance = object(file, "Service", service)["spec"]["ports"][0].clone();
        assert_eq!(entrance["port"], source, "{service}");
        assert_eq!(*named_port(&weir, &entrance["targetPort"]), source, "{service}");
    }
}

#[test]
fn the_rules_in_kubernetes_compile() {
    let rules = object("kubernetes/aggregator.yaml", "ConfigMap", "weir-rules");
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in rules["data"].as_object().unwrap() {
        fs::write(folder.path().join(name), text.as_str().unwrap()).unwrap();
    }
    let rules = weir::rules::read(&[folder.path().to_owned()]).unwrap_or_else(|error| panic!("{error}"));
    weir::rules::build(&rules).unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn the_image_is_built_with_the_toolchain_of_this_repository() {
    let toolchain = fs::read_to_string(folder().join("../rust-toolchain.toml")).unwrap();
    let channel = toolchain.split('"').nth(1).unwrap();
    let (release, _) = channel.rsplit_once('.').unwrap();
    assert!(read("Containerfile").contains(&format!("\nFROM rust:{release}-")), "rust-toolchain.toml says {channel}");
}

#[test]
fn systemd_takes_the_service() {
    let folder = tempfile::tempdir().unwrap();
    let unit = folder.path().join("weir.service");
    // It must name a binary that is there.
    fs::write(&unit, read("systemd/weir.service").replace("/usr/bin/weir", env!("CARGO_BIN_EXE_weir"))).unwrap();
    ask(Command::new("systemd-analyze").args(["--man=no", "verify"]).arg(&unit));
}

#[test]
fn vector_takes_its_configs() {
    let folder = tempfile::tempdir().unwrap();
    let in_process = ("vector/in-process.yaml", read("vector/in-process.yaml"));
    for (number, (_, text)) in vector_configs().into_iter().chain([in_process]).enumerate() {
        let file = folder.path().join(format!("{number}.yaml"));
        fs::write(&file, text).unwrap();
        ask(Command::new("vector").args(["validate", "--no-environment"]).arg(&file));
    }
}

#[test]
fn prometheus_takes_the_alerts() {
    ask(Command::new("promtool").args(["check", "rules"]).arg(folder().join("grafana/alerts.yaml")));
}
