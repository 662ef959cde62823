//! The exceptions in `configs/exceptions` suppress what they name and nothing beside it.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod cli;

use cli::{Folder, lines};
use serde_json::{Value, json};

const RULES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../wasm-guest/rules");
const EXCEPTIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../configs/exceptions/container_init.exceptions.toml");

/// Programs that start in a container of an image with a tag, and the exception that covers each.
const STARTS: [(&str, &str, &str, Option<&str>); 19] = [
    ("dockerd", "docker", "27-dind", Some("Docker in Docker")),
    ("docker", "docker:dind", "", Some("Docker in Docker")),
    ("runc", "docker.io/library/docker", "dind-rootless", Some("Docker in Docker")),
    ("docker", "docker", "27-cli", None),
    ("kubectl", "docker", "dind", None),
    ("systemd", "kindest/node", "v1.31", Some("kind")),
    ("kubelet", "docker.io/kindest/node:v1.31", "", Some("kind")),
    ("docker", "kindest/node", "v1.31", None),
    ("dockerd", "gcr.io/k8s-minikube/kicbase", "v0.0.45", Some("minikube")),
    ("containerd", "docker.io/rancher/k3s", "v1.30", Some("k3s and k3d")),
    ("kubelet", "ghcr.io/k3s-io/k3s:v1.30", "", Some("k3s and k3d")),
    ("systemd", "rancher/k3s", "v1.30", None),
    ("dockerd", "nestybox/ubuntu-jammy-systemd-docker", "latest", Some("Sysbox")),
    ("systemd", "registry.access.redhat.com/ubi9/ubi-init", "9.4", Some("systemd in Podman")),
    ("systemd", "registry.access.redhat.com/ubi9-init", "9.4", Some("systemd in Podman")),
    ("systemd", "nginx", "latest", None),
    ("runc", "quay.io/podman/stable", "v5", Some("Podman in a container")),
    ("docker", "quay.io/podman/stable", "v5", None),
    ("runc", "quay.io/other/stable", "v5", None),
];

#[test]
fn containers_that_run_an_init_or_a_runtime_are_excepted_by_what_they_are() {
    let folder = Folder::new();
    let stderr = folder.run(&format!("build {RULES} {EXCEPTIONS} -o rules.wasm"), "").complaint(0);
    assert!(stderr.starts_with("weir: 6 rules with 7 exceptions → rules.wasm"), "{stderr}");
    let event = |(name, image, tag, _): (&str, &str, &str, _)| {
        let container = json!({"id": "c1", "image.name": image, "image.tag": [tag]});
        json!({"event": {"category": "process", "type": "start"}, "process.name": name, "container": container})
            .to_string()
    };
    let output = folder.run("run -q --module rules.wasm", lines(STARTS.map(event))).output();
    for (line, (name, image, _, expected)) in output.lines().zip(STARTS) {
        let event: Value = serde_json::from_str(line).unwrap();
        let suppressed = event["weir"]["matches"][0].get("suppressed_by").and_then(Value::as_str);
        assert_eq!(suppressed, expected, "{name} in {image}");
        assert_eq!(event["weir"]["matches"].as_array().unwrap().len(), 1, "{name} in {image}");
    }
}
