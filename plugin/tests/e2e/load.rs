//! More events than downstream takes: memory stays bounded, and all of them arrive in the end.

use std::thread;
use std::time::Duration;

use crate::cli::{matching_of, wait_until};
use crate::events::log;
use crate::process::Weir;
use crate::receiver::{Answer, Receiver};

const SENDERS: usize = 24;
const EVENT_BYTES: usize = 16 << 10;
/// Eight mebibytes a push, so that all senders' pushes are half as much again as may be in flight.
const EVENTS: usize = 512;
/// What may be in flight, as much again for events in the form of the sink, and what Weir has without any.
const PEAK_MIB: usize = 128 + 128 + 100;

#[test]
fn a_slow_receiver_slows_the_senders_and_doesnt_fill_the_memory() {
    for of_type in ["vector", "http"] {
        let receiver = Receiver::start();
        let address = receiver.address;
        let weir = Weir::running(&match of_type {
            "vector" => format!("sink: {{type: vector, address: \"{address}\"}}"),
            _ => format!("sink: {{type: http, uri: \"http://{address}/\"}}"),
        });
        receiver.answer(Answer::TakeAfter(Duration::from_secs(2)));
        let batch = vec![log(&matching_of(EVENT_BYTES).replace("docker", "bash")); EVENTS];
        thread::scope(|scope| {
            for _ in 0..SENDERS {
                scope.spawn(|| {
                    let mut producer = weir.producer();
                    while producer.push(batch.clone()).is_err() {
                        thread::sleep(Duration::from_millis(100));
                    }
                });
            }
            wait_until("load", || receiver.asked() > 5);
            receiver.answer(Answer::Take);
        });
        let taken = receiver.events().len() + receiver.lines().lines().count();
        assert!(taken >= SENDERS * EVENTS, "{taken}");
        let peak = weir.peak_mib();
        println!("{of_type}: {peak} MiB at most");
        assert!(peak < PEAK_MIB, "{of_type}: {peak} MiB");
    }
}
