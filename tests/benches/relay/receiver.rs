//! Takes pushes as a Vector's source does, counts their events and answers; knows nothing of who sends them.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use bytes::{Bytes, BytesMut};
use h2::RecvStream;
use h2::server::SendResponse;
use http::{HeaderMap, HeaderValue, Request, Response};
use tokio::net::{TcpListener, TcpStream};
use weir_native::push::Push;

use crate::Fallible;
use crate::message::{Compression, unpack};

/// What Vector's source, by hyper's default, lets a peer send of a request before it is read.
const WINDOW: u32 = 1 << 20;

/// Runs on a thread of its own, until the process ends.
pub struct Receiver {
    pub address: SocketAddr,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    events: AtomicUsize,
    bytes: AtomicUsize,
}

/// What came; its bytes are those before compression.
pub struct Taken {
    pub events: usize,
    pub bytes: usize,
}

impl Receiver {
    /// Listens at a port that is free.
    pub fn start(compression: Compression) -> Fallible<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let counts = Arc::<Counts>::default();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let counting = Arc::clone(&counts);
        thread::spawn(move || runtime.block_on(serve(listener, compression, counting)));
        Ok(Self { address, counts })
    }

    /// What came since this was last asked.
    pub fn take(&self) -> Taken {
        let Counts { events, bytes } = &*self.counts;
        Taken { events: events.swap(0, Ordering::Relaxed), bytes: bytes.swap(0, Ordering::Relaxed) }
    }
}

async fn serve(listener: std::net::TcpListener, compression: Compression, counts: Arc<Counts>) {
    let listener = TcpListener::from_std(listener).expect("the runtime takes a socket");
    loop {
        let (socket, _) = listener.accept().await.expect("the socket listens");
        let counts = Arc::clone(&counts);
        tokio::spawn(async move {
            // A peer that goes away has ended its part of the benchmark.
            let _ = converse(socket, compression, counts).await;
        });
    }
}

async fn converse(socket: TcpStream, compression: Compression, counts: Arc<Counts>) -> Fallible<()> {
    socket.set_nodelay(true)?;
    let mut server = h2::server::Builder::new();
    server.initial_window_size(WINDOW).initial_connection_window_size(WINDOW);
    let mut connection = server.handshake(socket).await?;
    while let Some(request) = connection.accept().await {
        let (request, respond) = request?;
        let counts = Arc::clone(&counts);
        tokio::spawn(async move {
            // Unanswered, the push fails at the sender, which says so.
            let _ = answer(request, respond, compression, &counts).await;
        });
    }
    Ok(())
}

async fn answer(
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    compression: Compression,
    counts: &Counts,
) -> Fallible<()> {
    let message = unpack(read(request.into_body()).await?, compression)?;
    counts.bytes.fetch_add(message.len(), Ordering::Relaxed);
    counts.events.fetch_add(Push::new(message)?.len(), Ordering::Relaxed);
    let head = Response::builder().header("content-type", "application/grpc").body(())?;
    let mut body = respond.send_response(head, false)?;
    body.send_data(Bytes::from_static(&[0; 5]), false)?;
    body.send_trailers(HeaderMap::from_iter([("grpc-status".parse()?, HeaderValue::from_static("0"))]))?;
    Ok(())
}

async fn read(mut body: RecvStream) -> Fallible<Bytes> {
    let mut message = BytesMut::with_capacity(WINDOW as usize);
    while let Some(bytes) = body.data().await {
        let bytes = bytes?;
        body.flow_control().release_capacity(bytes.len())?;
        message.extend_from_slice(&bytes);
    }
    Ok(message.freeze())
}
