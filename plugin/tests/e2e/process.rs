//! A running `weir` that serves: started, asked how it is, signalled, killed, started anew.

use std::collections::hash_map::RandomState;
use std::fs::{self, File};
use std::hash::BuildHasher;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use crate::cli::{Folder, signal, wait_until};
use crate::producer::Producer;

/// Longest time from a signal to the end, if downstream answers.
const LONGEST_STOP: Duration = Duration::from_secs(20);

/// A `weir` that is or was started in its own folder, with a source and metrics at addresses of its own.
pub struct Weir {
    pub folder: Folder,
    pub source: SocketAddr,
    pub metrics: SocketAddr,
    source_type: &'static str,
    child: Option<Child>,
}

impl Weir {
    /// One with a `vector` source, not started yet.
    pub fn new() -> Self {
        Self::with_source("vector")
    }

    pub fn with_source(source_type: &'static str) -> Self {
        let (source, metrics) = (free_address(), free_address());
        Self { folder: Folder::new(), source, metrics, source_type, child: None }
    }

    /// Writes its config, with these lines in `detect` and these sections.
    pub fn configure(&self, detect: &str, sections: &str) {
        let source = format!("{{type: {}, address: {}, in_flight_mib: 128}}", self.source_type, self.source);
        self.configure_source(&source, detect, sections);
    }

    pub fn configure_source(&self, source: &str, detect: &str, sections: &str) {
        let metrics = self.metrics;
        self.folder.configure(detect, &format!("source: {source}\nmetrics: {{address: {metrics}}}\n{sections}"));
    }

    /// Starts with these sections, and waits until it is ready.
    pub fn running(sections: &str) -> Self {
        let mut weir = Self::new();
        weir.configure("", sections);
        weir.start();
        weir.wait_for("/ready", 200);
        weir
    }

    /// Starts, and waits until it serves.
    pub fn start(&mut self) {
        self.begin();
        self.wait_for("/health", 200);
    }

    /// Starts, and doesn't wait.
    pub fn begin(&mut self) {
        assert!(self.child.is_none(), "it runs already");
        let mut command = self.folder.weir("run -c weir.yaml");
        let file = |name| File::options().create(true).append(true).open(self.folder.path(name)).unwrap();
        command.stdin(Stdio::null()).stdout(file("stdout")).stderr(file("stderr"));
        self.child = Some(command.spawn().unwrap());
    }

    pub fn producer(&self) -> Producer {
        Producer::new(self.source)
    }

    pub fn signal(&self, name: &str) {
        signal(self.child.as_ref().unwrap(), name);
    }

    /// With SIGKILL.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// With SIGTERM; its exit code.
    pub fn stop(&mut self) -> i32 {
        self.signal("TERM");
        self.ended()
    }

    /// Waits for its end; its exit code.
    pub fn ended(&mut self) -> i32 {
        let mut child = self.child.take().unwrap();
        let patience = Instant::now() + LONGEST_STOP;
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                return status.code().unwrap_or_else(|| panic!("{status}: {}", self.stderr()));
            }
            if Instant::now() > patience {
                child.kill().unwrap();
                panic!("it doesn't end: {}", self.stderr());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub fn is_alive(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| child.try_wait().unwrap().is_none())
    }

    /// Everything that it has written to stderr so far.
    pub fn stderr(&self) -> String {
        self.folder.read("stderr")
    }

    /// Waits until `path` of its metrics' address is answered with `status`; the answer's body.
    pub fn wait_for(&mut self, path: &str, status: u16) -> String {
        let mut body = String::new();
        wait_until(format!("{status} from {path}"), || {
            assert!(self.is_alive(), "{}", self.stderr());
            let Some((found, text)) = get(self.metrics, path) else { return false };
            body = text;
            found == status
        });
        body
    }

    /// The sum of the metrics with this name and these labels.
    pub fn count(&self, name: &str, labels: &str) -> u64 {
        let (_, text) = get(self.metrics, "/metrics").unwrap();
        let counts = text.lines().filter_map(|line| {
            let (metric, count) = line.rsplit_once(' ')?;
            let (found, rest) = metric.split_once('{')?;
            (found == name && rest.contains(labels)).then(|| count.parse::<u64>().unwrap())
        });
        counts.sum()
    }

    /// The most memory that it has had so far, in MiB.
    pub fn peak_mib(&self) -> usize {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.as_ref().unwrap().id())).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        peak.trim().trim_end_matches(" kB").parse::<usize>().unwrap() >> 10
    }
}

impl Drop for Weir {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What is served, and with which status, if anybody is there.
pub fn get(address: SocketAddr, path: &str) -> Option<(u16, String)> {
    request(address, &format!("GET {path} HTTP/1.1\r\nHost: weir\r\nConnection: close\r\n\r\n"))
}

pub fn post(address: SocketAddr, body: &str) -> Option<(u16, String)> {
    let length = body.len();
    request(
        address,
        &format!("POST / HTTP/1.1\r\nHost: weir\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"),
    )
}

/// What a request, as it is on the wire, is answered with.
pub fn request(address: SocketAddr, text: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.write_all(text.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
}

/// An address at which nobody listens. Its port is below those that the system gives to connections: one of these might
/// take it while its owner is being restarted.
pub fn free_address() -> SocketAddr {
    const PORTS: u16 = 16_000;
    static NEXT: LazyLock<AtomicU16> = LazyLock::new(|| AtomicU16::new(RandomState::new().hash_one(()) as u16));
    loop {
        let port = 16_000 + NEXT.fetch_add(1, Ordering::Relaxed) % PORTS;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        // To bind it would be surer, but a process that another thread is just starting may keep what was bound.
        if TcpStream::connect(address).is_err() {
            return address;
        }
    }
}
