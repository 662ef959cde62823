//! More events than downstream takes: memory stays bounded, and all of them arrive in the end.

use std::thread;
use std::time::Duration;

use crate::cli::{matching, matching_of, wait_until};
use crate::events::log;
use crate::process::Weir;
use crate::receiver::{Answer, Receiver};

const SENDERS: usize = 40;
const EVENT_BYTES: usize = 16 << 10;
/// Eight mebibytes a push, so that all senders' pushes are far more than may be in flight.
const EVENTS: usize = 512;
const IN_FLIGHT_MIB: usize = 128;
/// What Weir has without any event, and what connections hold of those that come and go.
const IDLE_MIB: usize = 140;

#[test]
fn a_slow_receiver_slows_the_senders_and_doesnt_fill_the_memory() {
    // Events in another form than they came in are held in both.
    for (of_type, forms) in [("vector", 1), ("http", 2)] {
        let receiver = Receiver::start();
        let address = receiver.address;
        let weir = Weir::running(&match of_type {
            "vector" => format!("sink: {{type: vector, address: \"{address}\"}}"),
            _ => format!("sink: {{type: http, uri: \"http://{address}/\"}}"),
        });
        send(&weir, &receiver, &vec![log(&matching_of(EVENT_BYTES).replace("docker", "bash")); EVENTS]);
        let taken = receiver.events().len() + receiver.lines().lines().count();
        assert!(taken >= SENDERS * EVENTS, "{taken}");
        let peak = weir.peak_mib();
        println!("{of_type}: {peak} MiB at most");
        assert!(peak < forms * IN_FLIGHT_MIB + IDLE_MIB, "{of_type}: {peak} MiB");
    }
}

/// What is added to small events that all match is several times what came.
#[test]
fn tags_are_counted_as_memory_too() {
    let receiver = Receiver::start();
    let weir = Weir::running(&format!("sink: {{type: vector, address: \"{}\"}}", receiver.address));
    send(&weir, &receiver, &(0..8_000).map(|number| log(&matching(number))).collect::<Vec<_>>());
    let peak = weir.peak_mib();
    println!("{peak} MiB at most");
    assert!(peak < IN_FLIGHT_MIB + IDLE_MIB, "{peak} MiB");
}

/// Has all senders send a batch until it is taken, by a receiver that is slow at first.
fn send(weir: &Weir, receiver: &Receiver, batch: &[Vec<u8>]) {
    receiver.answer(Answer::TakeAfter(Duration::from_secs(2)));
    thread::scope(|scope| {
        for _ in 0..SENDERS {
            scope.spawn(|| {
                let mut producer = weir.producer();
                while producer.push(batch.to_vec()).is_err() {
                    thread::sleep(Duration::from_millis(100));
                }
            });
        }
        wait_until("load", || receiver.asked() > 5);
        receiver.answer(Answer::Take);
    });
}
