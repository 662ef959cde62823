//! SIGTERM while events flow: what is in flight is answered, nothing that was acknowledged is lost, and the end comes soon.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tonic::Code;

use crate::cli::{clean, wait_until};
use crate::events::{arrived, events, log};
use crate::process::Weir;
use crate::receiver::{Answer, Receiver};

fn sink(receiver: &Receiver) -> String {
    format!("sink: {{type: vector, address: \"{}\", timeout_secs: 1}}", receiver.address)
}

#[test]
fn what_is_in_flight_is_answered_before_the_end() {
    let receiver = Receiver::start();
    let mut weir = Weir::running(&sink(&receiver));
    receiver.answer(Answer::TakeAfter(Duration::from_millis(500)));
    let mut producer = weir.producer();
    thread::scope(|scope| {
        let pushing = scope.spawn(|| producer.push(events(0..10)));
        wait_until("a push", || receiver.asked() == 1);
        weir.signal("TERM");
        assert_eq!(weir.wait_for("/ready", 503), "weir is stopping\n");
        pushing.join().unwrap().unwrap();
    });
    assert_eq!(weir.ended(), 0);
    assert_eq!(receiver.events().len(), 10);
    assert_eq!(producer.push(events(0..10)).unwrap_err().code(), Code::Unavailable);
}

#[test]
fn a_receiver_that_never_answers_doesnt_delay_the_end() {
    let receiver = Receiver::start();
    let mut weir = Weir::running(&sink(&receiver));
    receiver.answer(Answer::Ignore);
    let mut producer = weir.producer();
    thread::scope(|scope| {
        let pushing = scope.spawn(|| producer.push(events(0..10)));
        wait_until("a push", || receiver.asked() == 1);
        weir.signal("TERM");
        assert_eq!(pushing.join().unwrap().unwrap_err().code(), Code::Unavailable);
    });
    let answered = Instant::now();
    assert_eq!(weir.ended(), 0, "its sender knows, so nothing is lost");
    assert!(answered.elapsed() < Duration::from_secs(5), "{:?}", answered.elapsed());
    assert!(weir.stderr().contains("10  not delivered, and left with their senders"), "{}", weir.stderr());
}

#[test]
fn under_load_it_ends_soon_and_what_was_acknowledged_has_arrived() {
    let receiver = Receiver::start();
    receiver.answer(Answer::TakeAfter(Duration::from_millis(10)));
    let mut weir = Weir::running(&sink(&receiver));
    let acknowledged = Mutex::new(Vec::new());
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let mut producer = weir.producer();
                loop {
                    let first = next.fetch_add(20, Ordering::SeqCst) as u64;
                    match producer.push(events(first..first + 20)) {
                        Ok(()) => acknowledged.lock().unwrap().extend(first..first + 20),
                        Err(_) => return,
                    }
                }
            });
        }
        wait_until("some load", || receiver.asked() > 100);
        weir.signal("TERM");
    });
    let refused = Instant::now();
    assert_eq!(weir.ended(), 0, "{}", weir.stderr());
    assert!(refused.elapsed() < Duration::from_secs(5), "{:?}", refused.elapsed());
    let arrived: BTreeSet<u64> = receiver.events().iter().map(|event| arrived(event)).collect();
    let acknowledged = acknowledged.into_inner().unwrap();
    assert!(acknowledged.iter().all(|number| arrived.contains(number)));
}

#[test]
fn a_file_has_all_that_was_acknowledged_when_it_ends() {
    let mut weir = Weir::running("sink: {type: file, path: out.ndjson}");
    let acknowledged = AtomicUsize::new(0);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut producer = weir.producer();
            while producer.push((0..100).map(|number| log(&clean(number))).collect()).is_ok() {
                acknowledged.fetch_add(100, Ordering::SeqCst);
            }
        });
        wait_until("some load", || acknowledged.load(Ordering::SeqCst) > 1000);
        weir.signal("TERM");
    });
    assert_eq!(weir.ended(), 0, "{}", weir.stderr());
    let written = weir.folder.read("out.ndjson");
    assert!(written.lines().count() >= acknowledged.into_inner());
    assert!(written.ends_with('\n'));
}
