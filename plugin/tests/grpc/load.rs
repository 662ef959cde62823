//! The source under more load than it has memory for.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tonic::Code;
use tonic::codec::CompressionEncoding::Zstd;
use weir::batch::Events;
use weir::delivery::Deliver;
use weir::source::budget::Budget;
use weir::source::vector;

use crate::support::{Client, MIB, Push, Recorder, Server, source};

/// Takes its time, and looks at how much is held meanwhile.
#[derive(Clone)]
struct Slow {
    budget: Budget,
    held: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

impl Deliver for Slow {
    async fn deliver(&self, events: Events) -> Result<(), tonic::Status> {
        let Events::Native(push) = events else { panic!("a native push was sent") };
        let length = push.bytes().len();
        let held = self.held.fetch_add(length, Ordering::SeqCst) + length;
        self.most.fetch_max(held, Ordering::SeqCst);
        assert!(self.budget.reserved() >= held, "what is held is reserved");
        tokio::time::sleep(Duration::from_millis(5)).await;
        self.held.fetch_sub(length, Ordering::SeqCst);
        Ok(())
    }
}

/// Pushes until it is taken; how many times it wasn't.
async fn persist(mut client: Client, push: Push) -> usize {
    for refused in 0.. {
        match client.push(push.clone()).await {
            Ok(()) => return refused,
            Err(status) => assert_eq!(status.code(), Code::Unavailable, "{status}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    unreachable!("it is tried without end")
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_stays_within_the_budget_and_everything_gets_through() {
    let budget = Budget::new(8 * MIB);
    let slow = Slow { budget: budget.clone(), held: Arc::default(), most: Arc::default() };
    let server = Server::start(vector::router(slow.clone(), budget.clone()).await).await;
    // A connection for each two, and all at once over a single one: those that wait must not hold up those that don't.
    let shared = server.client();
    let clients = (0..30).flat_map(|_| [server.client(), server.client().compressing(Zstd), shared.clone()]);
    let pushes: Vec<_> = clients
        .enumerate()
        .map(|(number, client)| tokio::spawn(persist(client, Push::of_length([10_000, MIB, 3 * MIB][number / 3 % 3]))))
        .collect();
    for push in pushes {
        tokio::time::timeout(Duration::from_secs(60), push).await.expect("it gets through").unwrap();
    }
    let most = slow.most.load(Ordering::SeqCst);
    assert!((4 * MIB..=8 * MIB).contains(&most), "{most}");
    assert_eq!(budget.reserved(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_connections_are_served_at_once() {
    let recorder = Recorder::default();
    let server = source(&recorder).await;
    let clients: Vec<Client> = (0..200).map(|_| server.client()).collect();
    let pushes: Vec<_> = clients
        .iter()
        .flat_map(|client| [client.clone(), client.clone(), client.clone()])
        .map(|mut client| tokio::spawn(async move { client.push(Push::of_length(20_000)).await }))
        .collect();
    for push in pushes {
        push.await.unwrap().unwrap();
    }
    assert_eq!(recorder.pushes.lock().unwrap().len(), 600);
}
