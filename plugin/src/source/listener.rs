//! Accepts connections for every source that is asked over HTTP, and bounds what a peer can hold; knows nothing of what
//! is asked.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use hyper::rt::{Read, Write};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{error::Elapsed, sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::Service;
use tracing::warn;

use crate::occasionally::Occasionally;
use crate::tls::HANDSHAKE_LIMIT;

/// What a peer may send of one request before it is read; a usual push of Vector's has 955 kB.
pub(super) const STREAM_WINDOW: u32 = 1 << 20;
/// The same for all requests of a connection.
pub(super) const CONNECTION_WINDOW: u32 = 8 << 20;
/// Requests of a connection at the same time.
const STREAMS: u32 = 128;
const HEADERS: u32 = 16 << 10;
/// Longest time for the head of a request over HTTP/1, and from a connection's beginning to its first request.
const HEAD_LIMIT: Duration = Duration::from_secs(30);
/// How long a connection without a request stays open, at least.
const IDLE_LIMIT: Duration = Duration::from_secs(120);
/// The same once the peer has been told that it is closed.
const CLOSING_LIMIT: Duration = Duration::from_secs(5);
const PING_AFTER: Duration = Duration::from_secs(20);
/// Between attempts to accept while the process is out of file descriptors, or alike.
const ACCEPT_PAUSE: Duration = Duration::from_millis(500);

/// What new connections are encrypted with; it changes when a certificate is renewed.
pub type Tls = watch::Receiver<Arc<rustls::ServerConfig>>;

/// Answers requests over HTTP/1 and HTTP/2, the latter with prior knowledge or by ALPN, until `stop`; then accepts no
/// more, and returns when every request that had come is answered. Connections beyond `max_connections` wait.
pub async fn serve(
    listener: TcpListener,
    tls: Option<Tls>,
    app: Router,
    max_connections: usize,
    stop: CancellationToken,
) {
    let max_connections = u32::try_from(max_connections).unwrap_or(u32::MAX);
    let places = Arc::new(Semaphore::new(max_connections as usize));
    let server = Arc::new(Server { tls, app, http: http(), refused: Occasionally::default(), stop: stop.clone() });
    loop {
        let accepted = async {
            let place = Arc::clone(&places).acquire_owned().await.expect("the semaphore is never closed");
            (place, accept(&listener).await)
        };
        let (place, (socket, peer)) = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            accepted = accepted => accepted,
        };
        let server = Arc::clone(&server);
        tokio::spawn(async move {
            server.converse(socket, peer).await;
            drop(place);
        });
    }
    // From here on, peers are refused, not left waiting.
    drop(listener);
    let _all = places.acquire_many(max_connections).await.expect("the semaphore is never closed");
}

async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) if matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) => {}
            Err(error) => {
                warn!(%error, "cannot accept connections; is the limit of open files too low?");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn http() -> auto::Builder<TokioExecutor> {
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_LIMIT);
    // Frames keep their small default: what has come of one is held before its request is known, outside of any budget.
    http.http2()
        .timer(TokioTimer::new())
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEADERS)
        .keep_alive_interval(PING_AFTER)
        .keep_alive_timeout(PING_AFTER);
    http
}

struct Server {
    tls: Option<Tls>,
    app: Router,
    http: auto::Builder<TokioExecutor>,
    refused: Occasionally,
    stop: CancellationToken,
}

impl Server {
    async fn converse(&self, socket: TcpStream, peer: SocketAddr) {
        // Answers are small, and mustn't wait for more.
        let _ = socket.set_nodelay(true);
        let Some(tls) = &self.tls else {
            return self.answer(TokioIo::new(socket)).await;
        };
        let tls = TlsAcceptor::from(Arc::clone(&tls.borrow()));
        let shaken = tokio::select! {
            () = self.stop.cancelled() => return,
            shaken = timeout(HANDSHAKE_LIMIT, tls.accept(socket)) => shaken,
        };
        match shaken.unwrap_or_else(|late: Elapsed| Err(late.into())) {
            Ok(socket) => self.answer(TokioIo::new(socket)).await,
            Err(error) => {
                if let Some(times) = self.refused.say() {
                    warn!(%peer, %error, times, "a TLS handshake failed");
                }
            }
        }
    }

    async fn answer(&self, io: impl Read + Write + Unpin + Send + 'static) {
        let requests = Arc::new(Requests::default());
        let service = service_fn(|request| {
            let in_progress = InProgress::begin(&requests);
            let answer = self.app.clone().call(request);
            async move {
                let answer = answer.await;
                drop(in_progress);
                answer
            }
        });
        let mut connection = std::pin::pin!(self.http.serve_connection(io, service));
        tokio::select! {
            // An error is the peer's: it has gone, or doesn't speak HTTP.
            _ = connection.as_mut() => return,
            () = self.stop.cancelled() => {}
            () = requests.idle(HEAD_LIMIT, IDLE_LIMIT) => {}
        }
        connection.as_mut().graceful_shutdown();
        tokio::select! {
            _ = connection.as_mut() => {}
            // The peer doesn't close, or has stopped reading.
            () = requests.idle(CLOSING_LIMIT, CLOSING_LIMIT) => {}
        }
    }
}

/// How many requests a connection has seen.
#[derive(Default)]
struct Requests {
    begun: AtomicU64,
    ended: AtomicU64,
}

impl Requests {
    /// Returns when there hasn't been any for so long, or up to twice as long.
    async fn idle(&self, at_first: Duration, later: Duration) {
        let mut before = 0;
        loop {
            sleep(if before == 0 { at_first } else { later }).await;
            let ended = self.ended.load(Ordering::Acquire);
            let begun = self.begun.load(Ordering::Acquire);
            if begun == ended && begun == before {
                return;
            }
            before = begun;
        }
    }
}

/// A request that isn't answered yet. It may also end by being dropped, when the peer takes it back.
struct InProgress(Arc<Requests>);

impl InProgress {
    fn begin(requests: &Arc<Requests>) -> Self {
        requests.begun.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(requests))
    }
}

impl Drop for InProgress {
    fn drop(&mut self) {
        self.0.ended.fetch_add(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_idle_only_while_no_request_is_in_progress() {
        let requests = Arc::new(Requests::default());
        let seconds = |seconds| Duration::from_secs(seconds);
        let idle = |limit| timeout(seconds(limit), requests.idle(seconds(10), seconds(100)));
        idle(11).await.expect("no request came at first");
        let request = InProgress::begin(&requests);
        idle(1000).await.expect_err("one is in progress");
        drop(request);
        idle(100).await.expect_err("it has only just ended");
        idle(111).await.expect("none came since");
    }
}
