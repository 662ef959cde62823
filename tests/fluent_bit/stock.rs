//! What is on this machine in the place of the interpreters: V8, and Fluent Bit itself.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use weir::harness::Harness;
use weir::rules;
use weir_tests::generate::{Shape, events};

use super::{MATCHING, filter, shipped};

fn is_installed(command: &str) -> bool {
    let found = Command::new(command).arg("--version").output().is_ok();
    if !found {
        eprintln!("skipped: no `{command}` on PATH");
    }
    found
}

/// The repository's root.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[test]
fn v8_gives_the_tag_that_weir_run_gives() {
    if !is_installed("node") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let module = folder.path().join("detections.wasm");
    fs::write(&module, filter(&shipped())).unwrap();
    let mut records: Vec<String> = events(Shape::Plain, 1609, 500).map(|event| event.json).collect();
    records.extend([MATCHING, "{", "[]", r#"{"a":"\u0000"}"#].map(str::to_owned));
    records.push(MATCHING.replace(r#""a""#, &"[".repeat(1_000)));
    let mut node = Command::new("node");
    node.arg(root().join("tests/fluent_bit/host.mjs")).arg(&module).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut node = node.spawn().unwrap();
    let hexadecimal = |record: &String| record.bytes().map(|byte| format!("{byte:02x}")).collect::<String>() + "\n";
    node.stdin.take().unwrap().write_all(records.iter().map(hexadecimal).collect::<String>().as_bytes()).unwrap();
    let told = String::from_utf8(node.wait_with_output().unwrap().stdout).unwrap();
    let detector = Harness::load("detector", &rules::build(&shipped()).unwrap()).unwrap();
    let expected = records.iter().map(|record| detector.run_one(record.clone().into()).event);
    let expected: String = expected.map(|event| hexadecimal(&String::from_utf8(event.to_vec()).unwrap())).collect();
    assert_eq!(told, expected);
}

#[test]
fn stock_fluent_bit_tags_what_its_configs_read() {
    if !is_installed("fluent-bit") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("detections.wasm"), filter(&rules::all_shipped().unwrap())).unwrap();
    for path in ["configs/sample.ndjson", "configs/fluent-bit"] {
        let link = folder.path().join(path);
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(root().canonicalize().unwrap().join(path), link).unwrap();
    }
    let sample = fs::read_to_string(root().join("configs/sample.ndjson")).unwrap();
    for config in ["configs/fluent-bit/fluent-bit.conf", "configs/fluent-bit/fluent-bit.yaml"] {
        let out = fs::File::create(folder.path().join("out")).unwrap();
        let mut fluent_bit = Command::new("fluent-bit");
        fluent_bit.args(["-c", config]).current_dir(folder.path()).stdout(out);
        let mut fluent_bit = fluent_bit.spawn().unwrap();
        let read = || -> Vec<Value> {
            let text = fs::read_to_string(folder.path().join("out")).unwrap();
            text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
        };
        // It follows the file, so it never ends by itself.
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
        while read().len() < sample.lines().count() && std::time::Instant::now() < deadline {
            std::thread::sleep(std::time::Duration::from_millis(200));
        }
        fluent_bit.kill().unwrap();
        fluent_bit.wait().unwrap();
        let records = read();
        assert_eq!(records.len(), sample.lines().count(), "{config}");
        let matching = records.iter().filter(|record| record["weir"]["matches"].is_array()).count();
        assert_eq!(matching, 20, "{config}");
    }
}
