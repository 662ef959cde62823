//! Reads the one message of a gRPC request, and no faster than there is memory for it; knows nothing of what it says.
//!
//! Tonic's own reader takes a message of any length up to its limit without asking, and gives a bomb a status that makes
//! Vector send it for ever.

use std::io::{self, Read};

use axum::body::Body;
use axum::extract::Request;
use bytes::{Buf, Bytes, BytesMut};
use flate2::bufread::MultiGzDecoder;
use http_body_util::BodyExt;
use hyper::HeaderMap;
use tokio::task::spawn_blocking;
use tokio::time::timeout_at;
use tonic::Status;
use weir_native::push::Push;

use crate::source::budget::{Budget, Busy, Reservation};
use crate::source::compressed::{EXPECTED_RATIO, ZSTD_WINDOW_LOG};
use crate::source::pace::{Pace, STALL_LIMIT};

/// What stands before each message: is it compressed, and how long is it.
pub(super) const PREFIX: usize = 5;

/// A message, as it was before it was compressed.
pub(super) struct Message {
    pub(super) bytes: Bytes,
    /// The memory that it takes; to be kept as long as the message is.
    pub(super) reservation: Reservation,
}

impl Message {
    pub(super) async fn read(request: Request, budget: &Budget) -> Result<Self, Status> {
        let (head, body) = request.into_parts();
        let encoding = Encoding::of(&head.headers)?;
        let mut incoming = Incoming::new(body);
        let mut first = incoming.first().await?;
        let encoding = match (first.get_u8(), encoding) {
            (0, _) => None,
            (1, Some(encoding)) => Some(encoding),
            (1, None) => {
                return Err(Status::internal("the message is compressed, but `grpc-encoding` doesn't say how"));
            }
            _ => return Err(Status::internal("the message's compressed-flag is neither 0 nor 1")),
        };
        let length = first.get_u32() as usize;
        if length > Push::MAX_BYTES {
            return Err(too_long());
        }
        let expected = encoding.map_or(length, |_| (length * EXPECTED_RATIO).min(Push::MAX_BYTES) + length);
        let reservation = budget.admit(expected).await.map_err(busy)?;
        incoming.expect_more();
        let bytes = incoming.message(first, length).await?;
        match encoding {
            None => Ok(Self { bytes, reservation }),
            Some(encoding) => {
                let decompressing = spawn_blocking(move || encoding.decompress(&bytes, expected, reservation));
                decompressing.await.map_err(|_| Status::internal("decompressing was broken off"))?
            }
        }
    }
}

/// The body of a request, which must come at a certain pace.
struct Incoming {
    body: Body,
    pace: Pace,
}

impl Incoming {
    fn new(body: Body) -> Self {
        Self { body, pace: Pace::new(STALL_LIMIT) }
    }

    /// The time that has passed was ours.
    fn expect_more(&mut self) {
        self.pace = Pace::new(STALL_LIMIT);
    }

    /// The next bytes, or none at the end.
    async fn next(&mut self) -> Result<Option<Bytes>, Status> {
        loop {
            let frame = match timeout_at(self.pace.deadline(), self.body.frame()).await {
                Ok(None) => return Ok(None),
                Ok(Some(Ok(frame))) => frame,
                Ok(Some(Err(error))) => return Err(Status::cancelled(format!("the request broke off: {error}"))),
                Err(_) => return Err(Status::deadline_exceeded("the message came too slowly; try again")),
            };
            // Trailers say nothing here.
            let Ok(bytes) = frame.into_data() else { continue };
            self.pace.came(bytes.len());
            if !bytes.is_empty() {
                return Ok(Some(bytes));
            }
        }
    }

    /// The first bytes; they have the whole prefix.
    async fn first(&mut self) -> Result<Bytes, Status> {
        let mut first = self.next().await?.ok_or_else(|| Status::internal("the request has no message"))?;
        while first.len() < PREFIX {
            let more = self.next().await?.ok_or_else(cut_short)?;
            first = [first, more].concat().into();
        }
        Ok(first)
    }

    /// A message of this length, of which the `first` bytes were read; nothing may follow it.
    async fn message(&mut self, first: Bytes, length: usize) -> Result<Bytes, Status> {
        let mut message = BytesMut::with_capacity(length);
        let mut next = Some(first);
        while let Some(bytes) = next {
            if bytes.len() > length - message.len() {
                return Err(Status::internal("the request has more than one message"));
            }
            message.extend_from_slice(&bytes);
            next = self.next().await?;
        }
        if message.len() < length {
            return Err(cut_short());
        }
        Ok(message.freeze())
    }
}

#[derive(Clone, Copy)]
enum Encoding {
    Gzip,
    Zstd,
}

impl Encoding {
    fn of(headers: &HeaderMap) -> Result<Option<Self>, Status> {
        match headers.get("grpc-encoding").map(|name| name.as_bytes()) {
            None | Some(b"identity") => Ok(None),
            Some(b"gzip") => Ok(Some(Self::Gzip)),
            Some(b"zstd") => Ok(Some(Self::Zstd)),
            Some(_) => {
                let mut status =
                    Status::unimplemented("the message's encoding isn't known; use gzip, zstd or identity");
                let known = "gzip,zstd,identity".parse().expect("it is a header's value");
                status.metadata_mut().insert("grpc-accept-encoding", known);
                Err(status)
            }
        }
    }

    /// `reserved` bytes are for both the compressed message and the other one. More is only taken as it is needed.
    fn decompress(self, compressed: &[u8], reserved: usize, mut reservation: Reservation) -> Result<Message, Status> {
        let broken = |error: io::Error| Status::internal(format!("the message can't be decompressed: {error}"));
        let mut decoder: Box<dyn Read + '_> = match self {
            Self::Gzip => Box::new(MultiGzDecoder::new(compressed)),
            Self::Zstd => {
                let mut decoder = zstd::Decoder::with_buffer(compressed).map_err(broken)?;
                decoder.window_log_max(ZSTD_WINDOW_LOG).map_err(broken)?;
                Box::new(decoder)
            }
        };
        let mut room = reserved - compressed.len();
        let mut message = Vec::with_capacity(room);
        loop {
            let left = (room - message.len()) as u64;
            decoder.by_ref().take(left).read_to_end(&mut message).map_err(broken)?;
            let mut next = [0];
            if message.len() < room || decoder.read(&mut next).map_err(broken)? == 0 {
                return Ok(Message { bytes: message.into(), reservation });
            }
            if room == Push::MAX_BYTES {
                return Err(too_long());
            }
            room = (2 * room).clamp(64 << 10, Push::MAX_BYTES);
            if !reservation.try_grow(compressed.len() + room) {
                return Err(busy(Busy));
            }
            message.reserve_exact(room - message.len());
            message.extend(next);
        }
    }
}

fn cut_short() -> Status {
    Status::internal("the message ends early")
}

/// The same code as Vector's, after which a sender doesn't try again.
fn too_long() -> Status {
    let longest = Push::MAX_BYTES;
    Status::out_of_range(format!("the message is longer than {longest} bytes; make the sender's batches smaller"))
}

fn busy(busy: Busy) -> Status {
    Status::unavailable(busy.to_string())
}
