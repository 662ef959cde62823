//! Where events come from: a stream, whose events nobody else has, or requests, whose senders wait for an answer.

pub mod budget;
mod compressed;
mod cutter;
pub mod http;
mod lines;
pub mod listener;
mod pace;
pub mod vector;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use self::budget::Budget;
use crate::delivery::Deliver;
use crate::metrics;

pub use self::http::Token;
pub use self::lines::{Cut, LineSource, SourceError, Stop};
pub use self::listener::Tls;

/// Any source.
#[derive(Debug)]
pub enum Source {
    /// Standard input or a file.
    Lines(StreamSource),
    /// Other programs.
    Requests(RequestSource),
}

/// Events that come by themselves.
#[derive(Debug)]
pub struct StreamSource {
    /// What is read.
    pub lines: LineSource,
    /// Ends it.
    pub stop: Stop,
    /// How it is cut.
    pub cut: Cut,
}

/// Events that come in requests.
#[derive(Debug)]
pub struct RequestSource {
    /// Where requests come in.
    pub listener: TcpListener,
    /// What new connections are encrypted with, if they are.
    pub tls: Option<Tls>,
    /// How many connections there may be at once.
    pub max_connections: usize,
    /// How many bytes of requests may be held at once.
    pub budget: Budget,
    /// How many bytes may be held beside them of what is made of them.
    pub additions: Budget,
    /// How they are asked.
    pub protocol: Protocol,
}

/// How a request is made.
#[derive(Debug)]
pub enum Protocol {
    /// Vector's own, over gRPC.
    Vector,
    /// JSON over HTTP; with a bearer token, if there is one.
    Http {
        /// What a request must bear.
        token: Option<Token>,
    },
}

/// Why requests can't be served.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The address is taken, or isn't this machine's.
    #[error("cannot listen at {address}: {source}; set `source.address` to a free address of this machine")]
    Bind {
        /// As configured.
        address: SocketAddr,
        /// The system's reason.
        source: io::Error,
    },
    /// The runtime doesn't take the listener.
    #[error("cannot serve requests: {0}; raise the limit of open files")]
    Runtime(#[source] io::Error),
}

/// Takes the address; nobody is served yet.
///
/// # Errors
/// If the address can't be listened on.
pub fn listen(address: SocketAddr) -> Result<TcpListener, ListenError> {
    let listen = || {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        Ok(listener)
    };
    listen().map_err(|source| ListenError::Bind { address, source })
}

impl RequestSource {
    /// Takes requests and gives them to `deliver`, until `stop`; then answers those that have come.
    pub(crate) async fn serve(self, deliver: impl Deliver, stop: CancellationToken) -> Result<(), ListenError> {
        let listener = tokio::net::TcpListener::from_std(self.listener).map_err(ListenError::Runtime)?;
        let _gauge = AbortOnDropHandle::new(tokio::spawn(show(self.budget.clone(), self.additions.clone())));
        let app = match self.protocol {
            Protocol::Vector => vector::router(deliver, self.budget).await,
            Protocol::Http { token } => http::app(deliver, self.budget, token, http::Limits::default()),
        };
        listener::serve(listener, self.tls, app, self.max_connections, stop).await;
        Ok(())
    }
}

/// Shows how much memory is taken.
async fn show(budget: Budget, additions: Budget) {
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    loop {
        tick.tick().await;
        metrics::in_flight(budget.reserved() + additions.reserved());
    }
}
