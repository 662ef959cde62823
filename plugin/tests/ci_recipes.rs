//! The pipelines in `configs/ci`: their commands are run as a pipeline would, on a team's rules that pass, and on some
//! that don't.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod cli;

use std::fs;
use std::path::Path;

use cli::Folder;
use serde_json::Value;

const CONFIGS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../configs/ci");
const SHIPPED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../wasm-guest/rules");

fn recipe(file: &str) -> Value {
    let text = fs::read_to_string(Path::new(CONFIGS).join(file)).unwrap();
    serde_saphyr::from_str(&text).unwrap()
}

/// The lines of shell of all steps, in their order.
fn commands_on_github() -> Vec<String> {
    let recipe = recipe("github-actions.yaml");
    let steps = recipe["jobs"]["rules"]["steps"].as_array().unwrap().clone();
    steps.iter().filter_map(|step| step["run"].as_str()).map(str::to_owned).collect()
}

/// The same of GitLab's jobs.
fn commands_on_gitlab() -> Vec<String> {
    let recipe = recipe("gitlab-ci.yml");
    let scripts = ["check", "module"].map(|job| recipe[job]["script"].as_array().unwrap().clone());
    scripts.iter().flatten().map(|line| line.as_str().unwrap().to_owned()).collect()
}

/// A team's repository: the shipped rules, and their cases, in `rules`.
fn repository() -> Folder {
    let folder = Folder::new();
    folder.shell(&format!("cp -r {SHIPPED} rules")).output();
    folder
}

#[test]
fn both_pipelines_check_test_and_build_the_rules() {
    for commands in [commands_on_github(), commands_on_gitlab()] {
        assert_eq!(commands.len(), 4, "{commands:?}");
        let folder = repository();
        for command in &commands {
            folder.shell(command).output();
        }
        assert!(folder.read("junit.xml").starts_with("<?xml"), "the report is where the pipeline looks for it");
        folder.run("inspect detections.wasm", "").output();
    }
}

#[test]
fn a_case_that_fails_stops_the_pipeline_and_leaves_its_report() {
    let folder = repository();
    folder.write("rules/wrong.test.yaml", "tests: [{name: never, event: {}, matches: [container_management_utility]}]");
    let commands = commands_on_gitlab();
    folder.shell(&commands[0]).output();
    folder.shell(&commands[1]).complaint(78);
    assert!(folder.read("junit.xml").contains("<testcase name=\"never\""));
}
