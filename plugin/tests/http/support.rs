//! What both ends' tests need: a pipeline that only remembers, servers, and a client.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use bytes::Bytes;
use flate2::write::GzEncoder;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::sync::watch;
use tonic::{Code, Status};
use weir::batch::Events;
use weir::delivery::Deliver;
use weir::source::budget::Budget;
use weir::source::http::{Limits, app};

/// Remembers what is delivered, and answers what it was told to.
#[derive(Clone)]
pub struct Pipeline {
    delivered: Arc<Mutex<Vec<Bytes>>>,
    answer: Code,
    /// Deliveries that may end.
    open: Arc<Semaphore>,
}

impl Pipeline {
    pub fn answering(answer: Code) -> Self {
        Self { delivered: Arc::default(), answer, open: Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)) }
    }

    /// Keeps every delivery waiting until there is a permit.
    pub fn blocked() -> Self {
        Self { open: Arc::new(Semaphore::new(0)), ..Self::answering(Code::Ok) }
    }

    pub fn unblock(&self) {
        self.open.add_permits(1000);
    }

    pub fn delivered(&self) -> Vec<Bytes> {
        self.delivered.lock().unwrap().clone()
    }

    pub fn take(&self) -> Vec<Bytes> {
        std::mem::take(&mut self.delivered.lock().unwrap())
    }
}

impl Deliver for Pipeline {
    async fn deliver(&self, events: Events) -> Result<(), Status> {
        let Events::Lines(batch) = events else { panic!("HTTP brings lines") };
        self.delivered.lock().unwrap().push(batch.bytes().clone());
        let _permit = self.open.acquire().await.unwrap();
        if self.answer == Code::Ok { Ok(()) } else { Err(Status::new(self.answer, "the disk is \"full\"")) }
    }
}

pub async fn serve(app: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    address
}

/// A source without a token and with plenty of memory, and its URI.
pub async fn source(pipeline: &Pipeline) -> String {
    source_with(pipeline, &Budget::new(256 << 20), None, Limits::default()).await
}

pub async fn source_with(pipeline: &Pipeline, budget: &Budget, token: Option<&str>, limits: Limits) -> String {
    let app = app(pipeline.clone(), budget.clone(), token.map(|token| watch::channel(token.to_owned()).1), limits);
    format!("http://{}/", serve(app).await)
}

pub fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30)).build().unwrap()
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}
