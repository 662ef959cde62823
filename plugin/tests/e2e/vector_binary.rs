//! Weir between two real Vectors, if there is one on this machine.

use std::io::Write;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::cli::{Folder, clean, lines, matching, tagged, wait_until};
use crate::process::{Weir, free_address, get};

const EVENTS: usize = 2000;

#[test]
fn events_pass_from_one_vector_to_another_with_each_compression() {
    if Command::new("vector").arg("--version").stdout(Stdio::null()).status().is_err() {
        // Past what captures the output of tests that succeed.
        writeln!(std::io::stderr(), "skipped: no `vector` on PATH").unwrap();
        return;
    }
    for compression in ["none", "gzip", "zstd"] {
        pass(compression);
    }
}

fn pass(compression: &str) {
    let (folder, address, api) = (Folder::new(), free_address(), free_address());
    let receiver = format!(
        "data_dir: .\napi: {{enabled: true, address: {api}}}\nsources: {{weir: {{type: vector, address: {address}}}}}\n\
         sinks: {{out: {{type: file, inputs: [weir], path: out.ndjson, encoding: {{codec: json}}, \
         acknowledgements: {{enabled: true}}}}}}\n"
    );
    let _receiver = Vector::start(&folder, "receiver.yaml", &receiver, Stdio::null());
    wait_until("the receiving Vector", || get(api, "/health").is_some_and(|(status, _)| status == 200));
    let weir = Weir::running(&format!("sink: {{type: vector, address: \"{address}\", compression: {compression}}}"));
    let sender = format!(
        "data_dir: .\nsources: {{stdin: {{type: stdin, decoding: {{codec: json}}}}}}\n\
         sinks: {{weir: {{type: vector, inputs: [stdin], routing: {{endpoints: [\"{}\"]}}, \
         compression: {compression}, acknowledgements: {{enabled: true}}}}}}\n",
        weir.source
    );
    let mut sender = Vector::start(&folder, "sender.yaml", &sender, Stdio::piped());
    let came = |number: usize| if number.is_multiple_of(10) { matching(number) } else { clean(number) };
    let mut stdin = sender.0.stdin.take().unwrap();
    stdin.write_all(lines((0..EVENTS).map(came)).as_bytes()).unwrap();
    drop(stdin);
    let written = || std::fs::read_to_string(folder.path("out.ndjson")).unwrap_or_default();
    wait_until("all events", || written().lines().count() >= EVENTS);
    let mut events: Vec<Value> = written().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    events.sort_by_key(|event| event["n"].as_u64());
    for (number, event) in events.iter().enumerate() {
        let expected = if number.is_multiple_of(10) { tagged(number) } else { clean(number) };
        let Value::Object(expected) = serde_json::from_str(&expected).unwrap() else { panic!("{expected}") };
        // Vector itself adds when, where and how it read the event.
        assert!(expected.iter().all(|(key, value)| event[key] == *value), "{compression}: {event}");
    }
}

struct Vector(Child);

impl Vector {
    fn start(folder: &Folder, name: &str, config: &str, stdin: Stdio) -> Self {
        folder.write(name, config);
        let mut command = Command::new("vector");
        command.args(["--quiet", "--config"]).arg(folder.path(name)).current_dir(folder.path(""));
        Self(command.stdin(stdin).spawn().unwrap())
    }
}

impl Drop for Vector {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
