//! Peers that are commands, and Weir's own.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::resource::UsageWho;

use crate::events::{Events, cpu_time};
use crate::{Fallible, Outcome};

const JQ: &str = r#"
if (.container.id != null) and (.event.type | if type == "array" then index("start") else . == "start" end)
  and ((.process.name // "" | ascii_downcase) as $name | ["dockerd", "docker", "kubelet", "kube-proxy", "kubectl",
       "containerd", "runc", "systemd", "crictl"] | index($name))
then .rule = {id: "6c6bb7ea-0636-44ca-b541-201478ef6b50", name: "Container Management Utility Run Inside A Container"}
  | .threat = {tactic: {id: ["TA0002"]}, technique: {id: ["T1609"]}}
  | .tags = ["TA0002", "T1609", "6c6bb7ea-0636-44ca-b541-201478ef6b50"]
else . end"#;

const EQL: &str = include_str!("rule.py");

/// The floor of any command.
pub fn cat(events: &Events) -> Fallible<Outcome> {
    let took = run(Command::new("cat").arg(events.file()).stdout(File::create(events.folder().join("cat"))?))?;
    Ok(Outcome::Ran { took, matching: events.matching })
}

/// Weir, with its start; but for the first time, the module is compiled already.
pub fn weir(events: &Events) -> Fallible<Outcome> {
    let binary = std::env::var("WEIR").unwrap_or_else(|_| "target/release/weir".into());
    let module = events.folder().join("rule.wasm");
    let rule = "wasm-guest/rules/container_management_utility.toml";
    run(Command::new(&binary).args(["build", rule, "-o"]).arg(&module).stderr(Stdio::null()))?;
    let tagged = events.folder().join("weir");
    let config = events.folder().join("weir.yaml");
    fs::write(&config, "detect: {module: rule.wasm, cache_dir: cache}")?;
    let mut command = Command::new(&binary);
    command.args(["run", "--quiet", "--workers=1", "--config"]).arg(&config);
    command.arg("--input").arg(events.file()).arg("--output").arg(&tagged);
    let took = run(&mut command)?;
    Ok(Outcome::Ran { took, matching: tagged_lines(&fs::read(tagged)?) })
}

/// The rule as a filter of jq, file → file.
pub fn jq(events: &Events) -> Fallible<Outcome> {
    let tagged = events.folder().join("jq");
    match run(Command::new("jq").args(["-c", JQ]).arg(events.file()).stdout(File::create(&tagged)?)) {
        Ok(took) => Ok(Outcome::Ran { took, matching: tagged_lines(&fs::read(tagged)?) }),
        Err(error) => skip_missing(error, "jq isn't installed"),
    }
}

/// The rule in EQL, by Endgame's Python library.
pub fn eql(events: &Events) -> Fallible<Outcome> {
    let python = std::env::var("WEIR_PYTHON").unwrap_or_else(|_| "python3".into());
    let known = Command::new(&python).args(["-c", "import eql"]).stderr(Stdio::null()).status();
    if !known.is_ok_and(|status| status.success()) {
        return Ok(Outcome::Skipped(format!("{python} has no eql; install it with pip, or set WEIR_PYTHON")));
    }
    let count = events.folder().join("eql");
    let took = run(Command::new(python).args(["-c", EQL]).arg(events.file()).stdout(File::create(&count)?))?;
    Ok(Outcome::Ran { took, matching: fs::read_to_string(count)?.trim().parse()? })
}

/// Runs a command to its end: the CPU time that it took.
fn run(command: &mut Command) -> Fallible<Duration> {
    let before = cpu_time(UsageWho::RUSAGE_CHILDREN)?;
    let status = command.status()?;
    if !status.success() {
        return Err(format!("{command:?} ended with {status}").into());
    }
    Ok(cpu_time(UsageWho::RUSAGE_CHILDREN)? - before)
}

fn skip_missing(error: Box<dyn std::error::Error>, reason: &str) -> Fallible<Outcome> {
    let missing = error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == ErrorKind::NotFound);
    if missing { Ok(Outcome::Skipped(reason.to_owned())) } else { Err(error) }
}

fn tagged_lines(bytes: &[u8]) -> usize {
    bytes.split(|byte| *byte == b'\n').filter(|line| line.windows(6).any(|window| window == b"TA0002")).count()
}
