//! What stands downstream of Weir, for Vector's native protocol and for HTTP: answers as it is told, remembers what it has
//! taken, and can be killed.

use std::future::{Future, pending, ready};
use std::marker::PhantomData;
use std::net::{SocketAddr, TcpListener};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use tokio::runtime::{Builder, Runtime};
use tonic::codec::CompressionEncoding::{Gzip, Zstd};
use tonic::server::{Grpc, UnaryService};
use tonic::{Code, Status};

use crate::cli::wait_until;
use crate::messages::{Empty, Push};
use crate::process::free_address;
use crate::producer::Prost;

/// What becomes of a push.
#[derive(Clone, Debug)]
pub enum Answer {
    /// It is taken.
    Take,
    /// It is taken after so long.
    TakeAfter(Duration),
    /// It is taken, but nobody is told.
    TakeSilently,
    /// It isn't taken, and nobody is told.
    Ignore,
    /// It isn't taken.
    Refuse(Status),
}

type Answers = Box<dyn FnMut() -> Answer + Send>;

pub struct Receiver {
    pub address: SocketAddr,
    state: Arc<Shared>,
    /// Without one, it is dead.
    runtime: Option<Runtime>,
}

struct Shared {
    answers: Mutex<Answers>,
    events: Mutex<Vec<Vec<u8>>>,
    lines: Mutex<String>,
    asked: AtomicUsize,
}

impl Receiver {
    /// One that takes everything.
    pub fn start() -> Self {
        let mut receiver = Self::dead();
        receiver.restart();
        receiver
    }

    /// One that has an address, but doesn't live yet.
    pub fn dead() -> Self {
        let state = Shared {
            answers: Mutex::new(Box::new(|| Answer::Take)),
            events: Mutex::default(),
            lines: Mutex::default(),
            asked: AtomicUsize::new(0),
        };
        Self { address: free_address(), state: Arc::new(state), runtime: None }
    }

    /// From now on, every push is answered like this.
    pub fn answer(&self, answer: Answer) {
        self.answer_by(move || answer.clone());
    }

    pub fn answer_by(&self, answers: impl FnMut() -> Answer + Send + 'static) {
        *self.state.answers.lock().unwrap() = Box::new(answers);
    }

    /// Breaks all connections; what was asked is never answered.
    pub fn kill(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(5));
        }
    }

    /// Lives again, at the same address, and has what it had taken.
    pub fn restart(&mut self) {
        self.kill();
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let mut bound = None;
        // A process that another test is just starting may still hold the old one.
        wait_until("its address", || {
            bound = TcpListener::bind(self.address).ok();
            bound.is_some()
        });
        let listener = bound.unwrap();
        listener.set_nonblocking(true).unwrap();
        let app = Router::new()
            .route("/vector.Vector/PushEvents", post(push))
            .route("/vector.Vector/HealthCheck", post(health_check))
            .fallback(take_lines)
            .with_state(Arc::clone(&self.state));
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            axum::serve(listener, app).await
        });
        self.runtime = Some(runtime);
    }

    /// The events that it has taken, in their wrappers.
    pub fn events(&self) -> Vec<Vec<u8>> {
        self.state.events.lock().unwrap().clone()
    }

    /// What it has taken over HTTP.
    pub fn lines(&self) -> String {
        self.state.lines.lock().unwrap().clone()
    }

    /// How many pushes have come, taken or not.
    pub fn asked(&self) -> usize {
        self.state.asked.load(Ordering::Relaxed)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Shared {
    /// Does as it is told; `take` takes what came.
    async fn respond(&self, take: impl FnOnce(&Self)) -> Result<(), Status> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let answer = (self.answers.lock().unwrap())();
        match answer {
            Answer::Take => take(self),
            Answer::TakeAfter(time) => {
                tokio::time::sleep(time).await;
                take(self);
            }
            Answer::TakeSilently => {
                take(self);
                pending().await
            }
            Answer::Ignore => pending().await,
            Answer::Refuse(status) => return Err(status),
        }
        Ok(())
    }
}

async fn push(State(state): State<Arc<Shared>>, request: Request) -> Response {
    grpc::<Push>().max_decoding_message_size(100 << 20).unary(Pushed(state), request).await.map(Body::new)
}

async fn health_check(request: Request) -> Response {
    grpc::<Empty>().unary(Healthy, request).await.map(Body::new)
}

fn grpc<M: prost::Message + Default + 'static>() -> Grpc<Prost<Empty, M>> {
    Grpc::new(Prost(PhantomData)).accept_compressed(Gzip).accept_compressed(Zstd)
}

type Answered = Pin<Box<dyn Future<Output = Result<tonic::Response<Empty>, Status>> + Send>>;

struct Pushed(Arc<Shared>);

impl UnaryService<Push> for Pushed {
    type Response = Empty;
    type Future = Answered;

    fn call(&mut self, request: tonic::Request<Push>) -> Answered {
        let state = Arc::clone(&self.0);
        Box::pin(async move {
            let events = request.into_inner().events;
            let answer = state.respond(|state| state.events.lock().unwrap().extend(events)).await;
            answer.map(|()| tonic::Response::new(Empty {}))
        })
    }
}

struct Healthy;

impl UnaryService<Empty> for Healthy {
    type Response = Empty;
    type Future = Answered;

    fn call(&mut self, _: tonic::Request<Empty>) -> Answered {
        Box::pin(ready(Ok(tonic::Response::new(Empty {}))))
    }
}

async fn take_lines(State(state): State<Arc<Shared>>, request: Request) -> Response {
    if request.method() != Method::POST {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let body = to_bytes(request.into_body(), usize::MAX).await.unwrap();
    let text = String::from_utf8(body.to_vec()).unwrap();
    match state.respond(|state| state.lines.lock().unwrap().push_str(&text)).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(status) if status.code() == Code::DataLoss => StatusCode::BAD_REQUEST.into_response(),
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}
