//! A sender of Vector's native protocol, which waits for each answer.

use std::marker::PhantomData;
use std::net::SocketAddr;
use std::time::Duration;

use prost::Message;
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;
use tonic::client::Grpc;
use tonic::codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

use crate::messages::{Empty, Push};

/// As long as a Vector waits for an answer.
const LONGEST_ANSWER: Duration = Duration::from_secs(60);

/// When it is dropped, its connection breaks, as if it had been killed.
pub struct Producer {
    runtime: Runtime,
    client: Grpc<Channel>,
}

impl Producer {
    pub fn new(address: SocketAddr) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
        let channel = runtime.block_on(async { endpoint.connect_lazy() });
        Self { runtime, client: Grpc::new(channel) }
    }

    pub fn compressing(self, encoding: Option<CompressionEncoding>) -> Self {
        match encoding {
            Some(encoding) => Self { client: self.client.send_compressed(encoding), ..self },
            None => self,
        }
    }

    pub fn push(&mut self, events: Vec<Vec<u8>>) -> Result<(), Status> {
        let client = &mut self.client;
        let answered = self.runtime.block_on(async { timeout(LONGEST_ANSWER, push(client, events)).await });
        answered.expect("a sender is answered before it gives up")
    }

    /// Is killed while it waits for the answer, unless that comes before.
    pub fn push_and_die(mut self, events: Vec<Vec<u8>>, after: Duration) {
        let _ = self.runtime.block_on(async { timeout(after, push(&mut self.client, events)).await });
    }
}

async fn push(client: &mut Grpc<Channel>, events: Vec<Vec<u8>>) -> Result<(), Status> {
    client.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
    let path = "/vector.Vector/PushEvents".parse().unwrap();
    let answer = client.unary(Request::new(Push { events }), path, Prost::<Push, Empty>(PhantomData)).await;
    answer.map(|_| ())
}

/// The codec that `tonic-build` would generate.
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
