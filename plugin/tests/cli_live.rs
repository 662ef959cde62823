//! A running `weir`: how soon it delivers, how it stops, what it tells about itself, how much memory it takes.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod cli;

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Child;
use std::time::{Duration, Instant};

use cli::{Folder, assert_same, clean, collect, lines, matching, matching_of, read_until, signal, tagged, wait_until};

#[test]
fn an_event_is_delivered_without_waiting_for_another() {
    let folder = Folder::new();
    let mut child = folder.weir("run -c weir.yaml").spawn().unwrap();
    let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    for number in 0..3 {
        let sent = Instant::now();
        writeln!(stdin, "{}", matching(number)).unwrap();
        assert_eq!(read_until(&mut stdout, "\n"), lines([tagged(number)]));
        assert!(number == 0 || sent.elapsed() < Duration::from_secs(1), "took {:?}", sent.elapsed());
    }
    drop(stdin);
    assert_eq!(collect(child).code(), 0);
}

#[test]
fn a_signal_ends_a_pipe_after_everything_that_was_read_even_an_unfinished_line() {
    let folder = Folder::new();
    folder.shell("mkfifo pipe").output();
    for (name, arguments) in [("TERM", ""), ("INT", ""), ("TERM", "-i pipe")] {
        let mut child = folder.weir(&format!("run -c weir.yaml {arguments}")).spawn().unwrap();
        let mut input: Box<dyn Write> = match arguments {
            "" => Box::new(child.stdin.take().unwrap()),
            _ => Box::new(File::create(folder.path("pipe")).unwrap()),
        };
        input.write_all([lines([matching(1)]), matching(2)].concat().as_bytes()).unwrap();
        assert_eq!(read_until(child.stdout.as_mut().unwrap(), "\n"), lines([tagged(1)]));
        signal(&child, name);
        let ended = collect(child);
        assert_eq!(ended.output(), tagged(2));
        assert!(ended.stderr().contains("weir: 2 events in, 2 out"), "{}", ended.stderr());
    }
}

/// Starts it on a file that is larger than all its queues, waits until nothing is taken from it any more, and signals.
fn stop_amid_a_file(folder: &Folder, events: &str) -> Child {
    folder.configure("  workers: 1\n  batch_bytes: 1", "");
    folder.write("in.ndjson", events);
    let mut child = folder.weir("run -c weir.yaml -i in.ndjson").spawn().unwrap();
    let mut first = [0];
    child.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
    signal(&child, "TERM");
    read_until(child.stderr.as_mut().unwrap(), "signal again to quit at once\n");
    child
}

#[test]
fn a_signal_amid_a_file_delivers_whole_events_up_to_some_point() {
    let folder = Folder::new();
    let events = lines((0..60_000).map(clean));
    let output = collect(stop_amid_a_file(&folder, &events)).output();
    let delivered = events.len() - 1 - output.len();
    assert!(delivered > 0, "all was delivered, so nothing was stopped");
    assert_same(&events[..1 + output.len()], events[..1].to_owned() + &output);
    assert!(output.ends_with('\n'));
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let folder = Folder::new();
    let mut child = stop_amid_a_file(&folder, &lines((0..60_000).map(clean)));
    signal(&child, "TERM");
    // Nobody reads its output, so draining would last forever.
    wait_until("the end", || child.try_wait().unwrap().is_some());
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

/// What is served, and with which status.
fn get(address: &str, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: weir\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.lines().next().unwrap().to_owned(), body.to_owned())
}

#[test]
fn metrics_have_vectors_names_and_the_counts_of_what_was_done() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let folder = Folder::new();
    folder.configure("  max_event_bytes: 1024", &format!("metrics: {{address: {address:?}}}"));
    let mut child = folder.weir("run -c weir.yaml").spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let events = lines([matching(1), String::new(), clean(2), matching_of(2000), matching_of(300_000), matching(3)]);
    stdin.write_all(events.as_bytes()).unwrap();
    let delivered = read_until(child.stdout.as_mut().unwrap(), &lines([tagged(3)]));
    let labels = |id: &str, kind: &str, of_type: &str| {
        format!("component_id=\"{id}\",component_kind=\"{kind}\",component_type=\"{of_type}\"")
    };
    let (source, sink) = (labels("source", "source", "stdin"), labels("sink", "sink", "stdout"));
    let expected = [
        format!("component_received_events_total{{{source}}} 5"),
        format!("component_received_event_bytes_total{{{source}}} {}", events.len()),
        format!("component_sent_events_total{{{sink}}} 5"),
        format!("component_sent_event_bytes_total{{{sink}}} {}", delivered.len()),
        "weir_matches_total{rule_id=\"6c6bb7ea-0636-44ca-b541-201478ef6b50\"} 2".to_owned(),
        "weir_unjudged_events_total{reason=\"too_large\"} 2".to_owned(),
    ];
    wait_until("the metrics of all events", || {
        let (status, metrics) = get(&address, "/metrics");
        assert_eq!(status, "HTTP/1.1 200 OK");
        expected.iter().all(|line| metrics.lines().any(|other| other == line)) || {
            println!("{metrics}");
            false
        }
    });
    let metrics = get(&address, "/metrics").1;
    let detect = labels("detect", "transform", "weir");
    let errors = format!("component_errors_total{{{detect},error_type=\"too_large\",stage=\"processing\"}} ");
    assert!(metrics.contains(&errors) && metrics.contains("weir_guest_seconds_bucket{le=\"0.01\"} "), "{metrics}");
    for reason in ["undelivered", "rejected", "returned", "unencodable"] {
        let discarded =
            format!("component_discarded_events_total{{{sink},intentional=\"false\",reason=\"{reason}\"}} 0");
        assert!(metrics.contains(&discarded), "{metrics}");
    }
    assert!(metrics.contains("weir_unjudged_events_total{reason=\"trap\"} 0"), "what never happened is known to be 0");
    assert_eq!(get(&address, "/health"), ("HTTP/1.1 200 OK".into(), "ok\n".into()));
    assert_eq!(get(&address, "/ready"), ("HTTP/1.1 200 OK".into(), "ok\n".into()));
    assert_eq!(get(&address, "/").0, "HTTP/1.1 404 Not Found");
    drop(stdin);
    assert_eq!(collect(child).code(), 0);
}

#[test]
fn a_long_stream_takes_no_more_memory_than_a_short_one() {
    let folder = Folder::new();
    let mut child = folder.weir("run -c weir.yaml").stdout(File::create("/dev/null").unwrap()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let batch = lines((0..200).map(|_| matching_of(10_000).replace("docker", "bash")));
    for _ in 0..300_000_000 / batch.len() {
        stdin.write_all(batch.as_bytes()).unwrap();
    }
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: usize = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(peak < 200 << 10, "{peak} KiB");
    drop(stdin);
    assert_eq!(collect(child).code(), 0);
}
