//! A source with an end that records, tonic's client for it, and certificates.

use std::fs;
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use bytes::Bytes;
use prost::Message;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::client::Grpc;
use tonic::codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};
use weir::batch::Events;
use weir::config::{ClientTls, Compression, Remote, ServerTls};
use weir::delivery::Deliver;
use weir::source::budget::Budget;
use weir::source::{listener, vector};

pub const MIB: usize = 1 << 20;
pub const MAX_BYTES: usize = 100 * MIB;

/// Vector's `PushEventsRequest`; its events are left as they are.
#[derive(Clone, PartialEq, Message)]
pub struct Push {
    #[prost(bytes = "vec", repeated, tag = "1")]
    pub events: Vec<Vec<u8>>,
}

impl Push {
    /// One event such that the whole message has this length.
    pub fn of_length(length: usize) -> Self {
        let of_event = |event: usize| Self { events: vec![vec![0; event]] };
        let mut event = length - 6;
        while of_event(event).encoded_len() < length {
            event += 1;
        }
        of_event(event)
    }
}

#[derive(Clone, PartialEq, Message)]
pub struct Empty {}

/// Takes pushes, and answers as it is told.
#[derive(Clone)]
pub struct Recorder {
    pub pushes: Arc<Mutex<Vec<Bytes>>>,
    pub answer: Arc<Mutex<Result<(), Status>>>,
    /// Each push waits for a permit, and keeps it.
    pub gate: Arc<Semaphore>,
}

impl Default for Recorder {
    fn default() -> Self {
        Self {
            pushes: Arc::default(),
            answer: Arc::new(Mutex::new(Ok(()))),
            gate: Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)),
        }
    }
}

impl Deliver for Recorder {
    async fn deliver(&self, events: Events) -> Result<(), Status> {
        let Events::Native(push) = events else { panic!("a native push was sent") };
        self.pushes.lock().unwrap().push(push.bytes().clone());
        self.gate.acquire().await.unwrap().forget();
        self.answer.lock().unwrap().clone()
    }
}

/// Something that is served; it is stopped when it is dropped.
pub struct Server {
    pub address: SocketAddr,
    pub stop: CancellationToken,
    pub task: JoinHandle<()>,
}

impl Server {
    pub async fn start(app: Router) -> Self {
        Self::start_with(app, None, 1024).await
    }

    pub async fn start_with(app: Router, tls: Option<&ServerTls>, max_connections: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
        let tls = tls.map(|tls| watch::channel(Arc::new(weir::tls::server(tls).unwrap())).1);
        let task = tokio::spawn(listener::serve(listener, tls, app, max_connections, stop.clone()));
        Self { address, stop, task }
    }

    /// A connection that is made when it is first used.
    pub fn channel(&self) -> Channel {
        Endpoint::from_shared(format!("http://{}", self.address)).unwrap().connect_lazy()
    }

    pub fn client(&self) -> Client {
        Client(Grpc::new(self.channel()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// A source in front of `recorder`.
pub async fn source(recorder: &Recorder) -> Server {
    let budget = Budget::new(256 * MIB);
    Server::start(vector::router(recorder.clone(), budget).await).await
}

#[derive(Clone)]
pub struct Client(pub Grpc<Channel>);

impl Client {
    pub fn compressing(self, encoding: CompressionEncoding) -> Self {
        Self(self.0.send_compressed(encoding))
    }

    pub async fn push(&mut self, push: Push) -> Result<(), Status> {
        self.call("/vector.Vector/PushEvents", push).await
    }

    pub async fn call<M: Message + 'static>(&mut self, path: &'static str, message: M) -> Result<(), Status> {
        self.0.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
        let codec = Prost::<M, Empty>(PhantomData);
        self.0.unary(Request::new(message), path.parse().unwrap(), codec).await.map(|_| ())
    }
}

pub struct Prost<E, D>(pub PhantomData<(E, D)>);

impl<E: Message + 'static, D: Message + Default + 'static> Codec for Prost<E, D> {
    type Encode = E;
    type Decode = D;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self(PhantomData)
    }

    fn decoder(&mut self) -> Self {
        Self(PhantomData)
    }
}

impl<E: Message, D> Encoder for Prost<E, D> {
    type Item = E;
    type Error = Status;

    fn encode(&mut self, item: E, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        item.encode(buffer).map_err(|error| Status::internal(error.to_string()))
    }
}

impl<E, D: Message + Default> Decoder for Prost<E, D> {
    type Item = D;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<D>, Status> {
        D::decode(buffer).map(Some).map_err(|error| Status::internal(error.to_string()))
    }
}

pub fn remote(address: impl ToString) -> Remote {
    Remote { address: address.to_string(), compression: Compression::None, timeout_secs: 5, tls: None, auth: None }
}

/// Returns once `what` holds.
pub async fn until(what: impl Fn() -> bool) {
    let waited = tokio::time::timeout(Duration::from_secs(10), async {
        while !what() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    waited.await.expect("it came about in time");
}

/// A CA, and the folder in which its certificate is.
pub struct Authority {
    pub ca_file: PathBuf,
    folder: tempfile::TempDir,
    issuer: rcgen::Issuer<'static, rcgen::KeyPair>,
}

impl Authority {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new([]).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let ca_file = folder.path().join("ca.crt");
        fs::write(&ca_file, params.self_signed(&key).unwrap().pem()).unwrap();
        Self { ca_file, folder, issuer: rcgen::Issuer::new(params, key) }
    }

    pub fn issue(&self, name: &str) -> (PathBuf, PathBuf) {
        self.write(name, rcgen::CertificateParams::new([name.to_owned()]).unwrap())
    }

    pub fn issue_expired(&self, name: &str) -> (PathBuf, PathBuf) {
        let mut params = rcgen::CertificateParams::new([name.to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2019, 1, 1);
        params.not_after = rcgen::date_time_ymd(2020, 1, 1);
        self.write(&format!("{name}.expired"), params)
    }

    pub fn server(&self, (crt_file, key_file): (PathBuf, PathBuf)) -> ServerTls {
        ServerTls { crt_file, key_file, ca_file: Some(self.ca_file.clone()), verify_certificate: false }
    }

    pub fn client(&self) -> ClientTls {
        ClientTls { ca_file: Some(self.ca_file.clone()), crt_file: None, key_file: None, server_name: None }
    }

    fn write(&self, name: &str, params: rcgen::CertificateParams) -> (PathBuf, PathBuf) {
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().pem();
        let file = |kind: &str, text: String| {
            let path: PathBuf = Path::join(self.folder.path(), format!("{name}.{kind}"));
            fs::write(&path, text).unwrap();
            path
        };
        (file("crt", certificate), file("key", key.serialize_pem()))
    }
}
