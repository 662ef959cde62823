//! Three processes, a sender, a Weir and a Weir that writes a file, of which one is killed again and again: what was
//! acknowledged to the sender is in the file, whole.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{env, fs, thread};

use serde_json::Value;

use crate::cli::{clean, lines, matching, tagged, wait_until};
use crate::events::log;
use crate::process::Weir;
use crate::producer::Producer;
use crate::random::Random;

const KILLS: u64 = 10;
const BATCH: usize = 200;
/// What the sender process is told by.
const SEND_TO: &str = "WEIR_TEST_SEND_TO";
const FIRST: &str = "WEIR_TEST_FIRST";
const ACKNOWLEDGED: &str = "WEIR_TEST_ACKNOWLEDGED";

#[test]
fn killing_the_sender_loses_nothing_that_was_acknowledged() {
    let mut chain = Chain::start();
    for kill in 0..KILLS {
        chain.wait_for_some_moment(kill);
        chain.sender.kill().unwrap();
        chain.sender.wait().unwrap();
        chain.first += 1_000_000;
        chain.sender = start_sender(&chain.near, chain.first, &chain.acknowledged);
    }
    chain.judge();
}

#[test]
fn killing_weir_loses_nothing_that_was_acknowledged() {
    let mut chain = Chain::start();
    for kill in 0..KILLS {
        chain.wait_for_some_moment(kill);
        chain.near.kill();
        chain.near.start();
    }
    chain.judge();
}

#[test]
fn killing_the_receiver_loses_nothing_that_was_acknowledged() {
    let mut chain = Chain::start();
    for kill in 0..KILLS {
        chain.wait_for_some_moment(kill);
        chain.far.kill();
        chain.far.start();
    }
    chain.judge();
}

#[test]
fn a_restart_goes_on_with_the_file_and_ends_a_line_that_was_cut() {
    let mut weir = Weir::new();
    weir.configure("", "sink: {type: file, path: out.ndjson}");
    let before = lines([clean(1)]) + r#"{"half":"#;
    weir.folder.write("out.ndjson", &before);
    for number in 2..4 {
        weir.start();
        weir.producer().push(vec![log(&clean(number))]).unwrap();
        weir.kill();
    }
    let expected = before + "\n" + &lines([clean(2), clean(3)]);
    let parse = |text: &str| text.lines().map(|line| serde_json::from_str(line).ok()).collect::<Vec<Option<Value>>>();
    assert_eq!(parse(&weir.folder.read("out.ndjson")), parse(&expected));
}

struct Chain {
    sender: Child,
    near: Weir,
    far: Weir,
    /// A file, for it outlives a sender that is killed.
    acknowledged: PathBuf,
    first: usize,
}

impl Chain {
    fn start() -> Self {
        let mut far = Weir::new();
        far.configure("", "sink: {type: file, path: out.ndjson}");
        far.start();
        let near = Weir::running(&format!("sink: {{type: vector, address: \"{}\", timeout_secs: 2}}", far.source));
        let acknowledged = near.folder.path("acknowledged");
        fs::write(&acknowledged, "").unwrap();
        Self { sender: start_sender(&near, 0, &acknowledged), near, far, acknowledged, first: 0 }
    }

    fn acknowledged(&self) -> Vec<usize> {
        fs::read_to_string(&self.acknowledged).unwrap().lines().map(|line| line.parse().unwrap()).collect()
    }

    fn wait_for_acknowledgements(&self) {
        let before = self.acknowledged().len();
        wait_until("acknowledgements", || self.acknowledged().len() >= before + 3);
    }

    fn wait_for_some_moment(&self, seed: u64) {
        self.wait_for_acknowledgements();
        thread::sleep(Random::new(seed).millis(50));
    }

    fn judge(mut self) {
        self.wait_for_acknowledgements();
        let acknowledged = self.acknowledged();
        self.sender.kill().unwrap();
        self.far.kill();
        let written = self.far.folder.read("out.ndjson");
        let (mut arrived, mut cut) = (BTreeSet::new(), 0);
        for line in written.lines() {
            match serde_json::from_str::<Value>(line) {
                Ok(event) => _ = arrived.insert(assert_intact(&event)),
                Err(_) => cut += 1,
            }
        }
        assert!(cut <= KILLS + 1, "{cut} lines aren't whole");
        let acknowledged = acknowledged.into_iter().flat_map(|first| first..first + BATCH);
        let lost: Vec<_> = acknowledged.filter(|number| !arrived.contains(number)).collect();
        assert!(lost.is_empty(), "acknowledged, but not in the file: {lost:?}");
    }
}

impl Drop for Chain {
    fn drop(&mut self) {
        let _ = self.sender.kill();
        let _ = self.sender.wait();
    }
}

fn assert_intact(event: &Value) -> usize {
    let number = event["n"].as_u64().unwrap() as usize;
    let expected = if number.is_multiple_of(50) { tagged(number) } else { clean(number) };
    assert_eq!(event, &serde_json::from_str::<Value>(&expected).unwrap());
    number
}

fn start_sender(weir: &Weir, first: usize, acknowledged: &Path) -> Child {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["kill::sender", "--exact", "--ignored"]).stdout(Stdio::null()).stderr(Stdio::inherit());
    command.env(SEND_TO, weir.source.to_string()).env(FIRST, first.to_string()).env(ACKNOWLEDGED, acknowledged);
    command.spawn().unwrap()
}

/// A process of its own: sends batches, and writes down the first number of each that was acknowledged.
#[test]
#[ignore = "the other tests start it"]
fn sender() {
    let Ok(address) = env::var(SEND_TO) else { return };
    let mut producer = Producer::new(address.parse().unwrap());
    let mut acknowledged = File::options().append(true).open(env::var(ACKNOWLEDGED).unwrap()).unwrap();
    let first: usize = env::var(FIRST).unwrap().parse().unwrap();
    for first in (first..).step_by(BATCH) {
        let event = |number: usize| if number.is_multiple_of(50) { matching(number) } else { clean(number) };
        let batch: Vec<_> = (first..first + BATCH).map(|number| log(&event(number))).collect();
        while producer.push(batch.clone()).is_err() {
            thread::sleep(Duration::from_millis(20));
        }
        // One call of the system, which can't be cut in two.
        acknowledged.write_all(format!("{first}\n").as_bytes()).unwrap();
    }
}
