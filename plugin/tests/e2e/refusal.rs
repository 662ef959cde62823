//! Downstream that refuses, is away or dies: what senders, operators and the metrics are told.

use std::time::{Duration, Instant};

use tonic::{Code, Status};

use crate::cli::{Folder, clean, lines, wait_until};
use crate::events::{event, events, log};
use crate::process::Weir;
use crate::receiver::{Answer, Receiver};

fn sink(receiver: &Receiver) -> String {
    format!("sink: {{type: vector, address: \"{}\", timeout_secs: 1}}", receiver.address)
}

#[test]
fn downstreams_own_status_comes_back_as_it_is() {
    let receiver = Receiver::start();
    let weir = Weir::running(&sink(&receiver));
    let mut producer = weir.producer();
    for code in (1..=16).map(Code::from_i32) {
        let refused = Status::with_details(code, format!("no: {code:?} ä\n%"), b"\x08\x03\xff\0"[..].into());
        receiver.answer(Answer::Refuse(refused));
        let status = producer.push(events(0..3)).unwrap_err();
        let expected = (code, format!("no: {code:?} ä\n%"), &b"\x08\x03\xff\0"[..]);
        assert_eq!((status.code(), status.message().to_owned(), status.details()), expected);
    }
    receiver.answer(Answer::Take);
    producer.push(events(0..3)).unwrap();
}

#[test]
fn what_a_stream_cannot_deliver_for_good_is_counted_logged_and_ends_with_1() {
    let receiver = Receiver::start();
    receiver.answer(Answer::Refuse(Status::data_loss("rejected")));
    let folder = Folder::new();
    folder.configure("", &format!("source: {{type: file, path: in.ndjson}}\n{}", sink(&receiver)));
    folder.write("in.ndjson", lines((0..10).map(clean)));
    let complaint = folder.run("run -c weir.yaml", "").complaint(1);
    assert!(complaint.contains("events were refused for good, and are lost"), "{complaint}");
    assert!(complaint.contains("rejected"), "{complaint}");
    assert!(complaint.contains("events were lost (10 of them)"), "{complaint}");
    assert!(complaint.contains("weir: 10 events in, 0 out"), "{complaint}");
}

#[test]
fn while_downstream_is_away_senders_are_told_at_once_and_weir_isnt_ready() {
    let mut receiver = Receiver::dead();
    let mut weir = Weir::new();
    weir.configure("", &sink(&receiver));
    weir.start();
    let why = weir.wait_for("/ready", 503);
    assert!(why.contains(&receiver.address.to_string()), "{why}");
    weir.wait_for("/health", 200);
    let asked = Instant::now();
    let status = weir.producer().push(vec![event(1)]).unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status}");
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());

    receiver.restart();
    weir.wait_for("/ready", 200);
    weir.producer().push(vec![event(1)]).unwrap();
    receiver.kill();
    weir.wait_for("/ready", 503);
}

#[test]
fn downstream_that_never_answers_is_given_up_in_time() {
    let receiver = Receiver::start();
    let weir = Weir::running(&sink(&receiver));
    receiver.answer(Answer::Ignore);
    let asked = Instant::now();
    let status = weir.producer().push(vec![event(1)]).unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status}");
    assert!((1..5).contains(&asked.elapsed().as_secs()), "{:?}", asked.elapsed());
}

/// As Vector's own components are tested: nothing comes in that isn't accounted for.
#[test]
fn every_event_is_counted_as_sent_or_as_discarded_for_a_reason() {
    let receiver = Receiver::start();
    let weir = Weir::running(&sink(&receiver));
    let mut producer = weir.producer();
    let (mut sent, mut returned, mut rejected) = (0, 0, 0);
    let answers = [
        Answer::Take,
        Answer::Refuse(Status::unavailable("closing")),
        Answer::Refuse(Status::data_loss("rejected")),
        Answer::Ignore,
        Answer::Take,
    ];
    for (count, answer) in (10..).zip(answers) {
        receiver.answer(answer);
        match producer.push(events(0..count)) {
            Ok(()) => sent += count,
            Err(status) if status.code() == Code::DataLoss => rejected += count,
            Err(_) => returned += count,
        }
    }
    receiver.answer(Answer::Ignore);
    weir.producer().push_and_die(events(0..20), Duration::from_millis(200));
    returned += 20;
    let count = |name: &str, labels: &str| weir.count(&format!("component_{name}_events_total"), labels);
    let (source, sink) = (r#"component_id="source""#, r#"component_id="sink""#);
    wait_until("the counts of the sender that died", || count("discarded", "reason=\"returned\"") == returned);
    assert_eq!(count("discarded", "reason=\"rejected\""), rejected);
    assert_eq!((sent, count("sent", sink)), (24, 24));
    assert_eq!(count("received", source), sent + count("discarded", ""));
    assert_eq!(weir.count("component_errors_total", sink), 3, "each push that the sink was refused");
}

#[test]
fn what_has_no_form_that_the_sink_takes_is_counted_and_said() {
    let mut weir = Weir::running("sink: {type: file, path: out.ndjson}");
    weir.producer().push(vec![log(&clean(1)), Vec::new(), event(2)]).unwrap();
    assert_eq!(weir.folder.read("out.ndjson").lines().count(), 2);
    let count = |name: &str, labels: &str| weir.count(&format!("component_{name}_events_total"), labels);
    assert_eq!(count("discarded", r#"reason="unencodable""#), 1);
    assert_eq!(count("received", r#"component_id="source""#), 3);
    assert_eq!(count("sent", r#"component_id="sink""#), 2);
    assert_eq!(weir.stop(), 1);
    assert!(weir.stderr().contains("events were lost (1 of them)"), "{}", weir.stderr());
}
