//! Pushes events as a Vector's sink does: over one connection, each push a request of its own. Knows nothing of who takes
//! them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use h2::client::SendRequest;
use http::{HeaderMap, Request};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep, timeout};

use crate::Fallible;
use crate::message::Compression;

/// Time for whoever listens to start.
const START_LIMIT: Duration = Duration::from_secs(30);

/// What is to be sent, again and again in the same order.
pub struct Pushes {
    /// Messages as a request has them, each with as many events.
    pub messages: Vec<Bytes>,
    /// How the messages are compressed.
    pub compression: Compression,
}

/// One connection to a `vector` source.
#[derive(Clone)]
pub struct Sender {
    requests: SendRequest<Bytes>,
    address: SocketAddr,
    pushes: Arc<Pushes>,
    next: Arc<AtomicUsize>,
}

impl Sender {
    /// Connects as soon as somebody listens.
    pub async fn connect(address: SocketAddr, pushes: Arc<Pushes>) -> Fallible<Self> {
        let listening = async {
            loop {
                match TcpStream::connect(address).await {
                    Ok(socket) => break socket,
                    Err(_) => sleep(Duration::from_millis(10)).await,
                }
            }
        };
        let socket = timeout(START_LIMIT, listening).await?;
        socket.set_nodelay(true)?;
        let (requests, connection) = h2::client::handshake(socket).await?;
        tokio::spawn(async move { connection.await.expect("the connection outlives the requests") });
        Ok(Self { requests, address, pushes, next: Arc::default() })
    }

    /// Sends without a pause for so long, `concurrent` pushes at a time; gives how many there were.
    pub async fn saturate(&self, time: Duration, concurrent: usize) -> Fallible<usize> {
        let end = Instant::now() + time;
        let mut senders = JoinSet::new();
        for _ in 0..concurrent {
            let mut sender = self.clone();
            senders.spawn(async move {
                let mut sent = 0;
                while Instant::now() < end {
                    sender.push().await?;
                    sent += 1;
                }
                Fallible::Ok(sent)
            });
        }
        senders.join_all().await.into_iter().sum()
    }

    /// Sends `count` pushes, one every so often, whether those before it are answered or not; gives, in order, how long
    /// each took from when it was to be sent.
    pub async fn pace(&self, every: Duration, count: usize) -> Fallible<Vec<Duration>> {
        let mut ticks = interval(every);
        let mut sending = JoinSet::new();
        for _ in 0..count {
            let due = ticks.tick().await;
            let mut sender = self.clone();
            sending.spawn(async move { sender.push().await.map(|()| due.elapsed()) });
        }
        let mut took = sending.join_all().await.into_iter().collect::<Fallible<Vec<_>>>()?;
        took.sort();
        Ok(took)
    }

    async fn push(&mut self) -> Fallible<()> {
        let next = self.next.fetch_add(1, Ordering::Relaxed) % self.pushes.messages.len();
        let request = Request::post(format!("http://{}/vector.Vector/PushEvents", self.address))
            .header("te", "trailers")
            .header("content-type", "application/grpc")
            .header("grpc-encoding", self.pushes.compression.encoding());
        let requests = self.requests.clone();
        let (answer, mut body) = requests.ready().await?.send_request(request.body(())?, false)?;
        body.send_data(self.pushes.messages[next].clone(), true)?;
        let (head, mut body) = answer.await?.into_parts();
        while let Some(bytes) = body.data().await {
            body.flow_control().release_capacity(bytes?.len())?;
        }
        let trailers = body.trailers().await?.unwrap_or_default();
        let status = |headers: &HeaderMap| headers.get("grpc-status").map(|status| status.as_bytes() == b"0");
        match status(&trailers).or(status(&head.headers)) {
            Some(true) => Ok(()),
            _ => Err(format!("a push was refused: {:?} {trailers:?}", head.headers).into()),
        }
    }
}
