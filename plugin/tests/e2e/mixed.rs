//! Ends of different kinds at one Weir: events come out as they went in, in the form of where they go.

use std::ops::Range;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json as value};
use tonic::Status;

use crate::cli::{Ended, Folder, assert_same, clean, lines, matching, tagged};
use crate::events::{json, log};
use crate::process::{Weir, post};
use crate::receiver::{Answer, Receiver};

const EVENTS: usize = 300;

/// One in ten of them matches.
fn came(number: usize) -> String {
    if number.is_multiple_of(10) { matching(number) } else { clean(number) }
}

fn expected(number: usize) -> String {
    if number.is_multiple_of(10) { tagged(number) } else { clean(number) }
}

fn parsed(lines: &str) -> Vec<Value> {
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn parsed_events(receiver: &Receiver) -> Vec<Value> {
    receiver.events().iter().map(|event| json(event)).collect()
}

/// Runs a file of events to its end.
fn run_file(sections: &str, events: &str) -> Ended {
    let folder = Folder::new();
    folder.configure("", &format!("source: {{type: file, path: in.ndjson}}\n{sections}"));
    folder.write("in.ndjson", events);
    folder.run("run -c weir.yaml", "")
}

fn to_vector(receiver: &Receiver) -> String {
    format!("{{type: vector, address: \"{}\"}}", receiver.address)
}

fn to_http(receiver: &Receiver) -> String {
    format!("{{type: http, uri: \"http://{}/in\"}}", receiver.address)
}

#[test]
fn a_file_goes_to_vector_in_order() {
    let receiver = Receiver::start();
    let events = lines((0..EVENTS).map(came)) + "not JSON\n";
    run_file(&format!("sink: {}", to_vector(&receiver)), &events).output();
    let mut arrived = parsed_events(&receiver);
    assert_eq!(arrived.pop(), Some(value!({"message": "not JSON"})));
    assert_eq!(arrived, parsed(&lines((0..EVENTS).map(expected))));
}

#[test]
fn a_file_goes_to_http_as_it_is() {
    let receiver = Receiver::start();
    run_file(&format!("sink: {}", to_http(&receiver)), &lines((0..EVENTS).map(came))).output();
    assert_same(receiver.lines(), lines((0..EVENTS).map(expected)));
}

#[test]
fn a_file_waits_for_a_receiver_that_isnt_there_yet() {
    let mut receiver = Receiver::dead();
    let sections = format!("sink: {}", to_vector(&receiver));
    thread::scope(|scope| {
        let running = scope.spawn(|| run_file(&sections, &lines((0..EVENTS).map(came))));
        thread::sleep(Duration::from_millis(500));
        receiver.restart();
        let complaint = running.join().unwrap().complaint(0);
        assert!(complaint.contains("cannot deliver; trying again"), "{complaint}");
        assert!(complaint.contains("delivering again"), "{complaint}");
    });
    assert_eq!(parsed_events(&receiver), parsed(&lines((0..EVENTS).map(expected))));
}

#[test]
fn vector_goes_to_stdout_and_to_a_file() {
    for (sink, file) in [("{type: stdout}", "stdout"), ("{type: file, path: out.ndjson}", "out.ndjson")] {
        let weir = Weir::running(&format!("sink: {sink}"));
        let mut producer = weir.producer();
        for number in 0..EVENTS {
            producer.push(vec![log(&came(number))]).unwrap();
        }
        assert_eq!(parsed(&weir.folder.read(file)), parsed(&lines((0..EVENTS).map(expected))), "{file}");
    }
}

#[test]
fn vector_goes_to_http() {
    let receiver = Receiver::start();
    let weir = Weir::running(&format!("sink: {}", to_http(&receiver)));
    weir.producer().push((0..EVENTS).map(|number| log(&came(number))).collect()).unwrap();
    assert_eq!(parsed(&receiver.lines()), parsed(&lines((0..EVENTS).map(expected))));
}

#[test]
fn http_goes_to_vector() {
    let receiver = Receiver::start();
    let mut weir = Weir::with_source("http");
    weir.configure("", &format!("sink: {}", to_vector(&receiver)));
    weir.start();
    let array = |numbers: Range<usize>| format!("[{}]", numbers.map(came).collect::<Vec<_>>().join(",\n"));
    for body in [lines((0..100).map(came)), array(100..200), array(200..300)] {
        assert_eq!(post(weir.source, &body), Some((200, String::new())));
    }
    assert_eq!(parsed_events(&receiver), parsed(&lines((0..EVENTS).map(expected))));
    receiver.answer(Answer::Refuse(Status::internal("errored")));
    assert_eq!(post(weir.source, &came(1)).unwrap().0, 503);
    receiver.answer(Answer::Refuse(Status::data_loss("rejected")));
    assert_eq!(post(weir.source, &came(1)).unwrap().0, 400);
}

#[test]
fn bodies_that_end_amid_a_line_are_lines_of_a_file() {
    let mut weir = Weir::with_source("http");
    weir.configure("", "sink: {type: file, path: out.ndjson}");
    weir.start();
    for body in [clean(1), format!("{}\n{}", clean(2), clean(3)), format!("[{}]", clean(4))] {
        assert_eq!(post(weir.source, &body), Some((200, String::new())));
    }
    assert_same(weir.folder.read("out.ndjson"), lines((1..5).map(clean)));
}

#[test]
fn alerts_get_copies_of_the_matching_events_only() {
    let matching: Vec<Value> = parsed(&lines((0..EVENTS).step_by(10).map(expected)));
    let (all, alerted) = (Receiver::start(), Receiver::start());
    let weir = Weir::running(&format!("sink: {}\nalerts: {}", to_vector(&all), to_http(&alerted)));
    weir.producer().push((0..EVENTS).map(|number| log(&came(number))).collect()).unwrap();
    assert_eq!(parsed(&alerted.lines()), matching);
    assert_eq!(all.events().len(), EVENTS);
    weir.producer().push(vec![log(&clean(1))]).unwrap();
    assert_eq!(alerted.asked(), 1, "nothing matched, so nothing is sent");

    let (all, alerted) = (Receiver::start(), Receiver::start());
    let sections = format!("sink: {}\nalerts: {}", to_http(&all), to_vector(&alerted));
    run_file(&sections, &lines((0..EVENTS).map(came))).output();
    assert_eq!(parsed_events(&alerted), matching);
    assert_same(all.lines(), lines((0..EVENTS).map(expected)));
}

#[test]
fn a_sender_is_told_if_an_alert_wasnt_taken() {
    let (all, alerted) = (Receiver::start(), Receiver::start());
    alerted.answer(Answer::Refuse(Status::unavailable("closing")));
    let weir = Weir::running(&format!("sink: {}\nalerts: {}", to_vector(&all), to_vector(&alerted)));
    let status = weir.producer().push(vec![log(&matching(1))]).unwrap_err();
    assert_eq!(status.message(), "closing");
    weir.producer().push(vec![log(&clean(1))]).unwrap();
}

#[test]
fn an_alert_that_is_refused_for_good_keeps_no_event_from_going_on() {
    let (all, alerted) = (Receiver::start(), Receiver::start());
    alerted.answer(Answer::Refuse(Status::data_loss("rejected")));
    let mut weir = Weir::running(&format!("sink: {}\nalerts: {}", to_vector(&all), to_vector(&alerted)));
    weir.producer().push(vec![log(&matching(1)), log(&clean(2))]).unwrap();
    assert_eq!(all.events().len(), 2);
    let alerts = r#"component_id="alerts""#;
    assert_eq!(weir.count("component_discarded_events_total", &format!("{alerts},component_kind=\"sink\"")), 1);
    assert_eq!(weir.count("component_errors_total", alerts), 1);
    assert_eq!(weir.count("component_received_events_total", alerts), 1);
    assert_eq!(weir.stop(), 1);
    for said in
        ["alerts were refused for good, and are lost", "1  alerts refused for good", "alerts were lost (1 of them)"]
    {
        assert!(weir.stderr().contains(said), "{}", weir.stderr());
    }
}

#[test]
fn what_doesnt_match_passes_as_the_bytes_that_came() {
    let receiver = Receiver::start();
    let weir = Weir::running(&format!("sink: {}", to_vector(&receiver)));
    // Nothing that Vector makes: an empty wrapper, one with unknown fields only, fields in an order of their own.
    let odd =
        [&b""[..], &[0xf8, 0x3f, 1], &[0x0a, 4, 0x22, 2, 0x22, 0], &[0x12, 0], b"\x0a\x06\x0a\x04\x12\x00\x0a\x00"];
    let odd = odd.map(<[u8]>::to_vec).to_vec();
    weir.producer().push(odd.clone()).unwrap();
    assert_eq!(receiver.events(), odd);
}
