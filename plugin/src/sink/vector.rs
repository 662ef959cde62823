//! Vector's native protocol, asking: one push, one answer, which is downstream's own wherever it gave one. Knows nothing
//! of what is pushed.

use std::error::Error;
use std::io;
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use futures_util::stream;
use http_body_util::{BodyExt, Collected, Limited, StreamBody};
use hyper::body::Frame;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, TE};
use hyper::{HeaderMap, Request, Response, Uri};
use tokio::time::timeout;
use tonic::body::Body;
use tonic::metadata::MetadataMap;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};
use tower::Service;

use super::compress::{compress, name};
use crate::config::{ClientTls, Compression, Remote};
use crate::tls::{self, TlsError};

const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// A connection whose peer has vanished is noticed within twice this, well before a sender gives up.
const PING_AFTER: Duration = Duration::from_secs(10);
/// Smaller pieces are put together until they have this length: each costs a frame.
const FRAME: usize = 16 << 10;
/// What stands before a message: is it compressed, and how long is it.
const PREFIX: usize = 5;
/// An answer has a few bytes; more isn't Vector's.
const MAX_ANSWER: usize = 64 << 10;

/// Why a sink can't be as configured.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The address can't be understood.
    #[error("`{0}` isn't an address; write `host:port`, or `https://host:port` for TLS")]
    Address(String),
    /// The address says one thing, `tls` the other.
    #[error("`{0}` is without TLS, but there is a `tls` section; write `https://`, or remove the section")]
    NotTls(String),
    /// TLS can't be had as configured.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// TLS can't be had for this address.
    #[error("cannot speak TLS with `{address}`: {reason}; check the address and the files in `tls`")]
    Channel {
        /// As the user wrote it.
        address: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// A connection to a `vector` source, made when it is first needed and whenever it was lost.
#[derive(Clone, Debug)]
pub struct VectorSink {
    channel: Channel,
    address: String,
    compression: Compression,
    limit: Duration,
}

impl VectorSink {
    /// Checks what is configured, but doesn't connect yet.
    ///
    /// # Errors
    /// If the address or the files for TLS can't be used.
    pub fn open(remote: &Remote) -> Result<Self, OpenError> {
        let uri = uri(remote)?;
        let secure = uri.scheme_str() == Some("https");
        let mut endpoint = Endpoint::from(uri)
            .connect_timeout(CONNECT_LIMIT)
            .tcp_nodelay(true)
            .http2_keep_alive_interval(PING_AFTER)
            .keep_alive_timeout(PING_AFTER);
        if secure {
            let system = ClientTls { ca_file: None, crt_file: None, key_file: None, server_name: None };
            let tls = tls::channel(remote.tls.as_ref().unwrap_or(&system))?;
            endpoint = endpoint
                .tls_config(tls)
                .map_err(|error| OpenError::Channel { address: remote.address.clone(), reason: causes(&error) })?;
        }
        Ok(Self {
            channel: endpoint.connect_lazy(),
            address: remote.address.clone(),
            compression: remote.compression,
            limit: Duration::from_secs(remote.timeout_secs),
        })
    }

    /// Pushes the message that the `pieces` are together, in one call.
    ///
    /// # Errors
    /// With downstream's own status if it gave one, else with `UNAVAILABLE`.
    pub async fn send(&self, pieces: Vec<Bytes>) -> Result<(), Status> {
        let frames = self.frames(pieces).await?;
        self.call("/vector.Vector/PushEvents", frames).await?;
        Ok(())
    }

    /// Asks downstream whether it is ready to take events.
    ///
    /// # Errors
    /// As with [`Self::send`].
    pub async fn check(&self) -> Result<(), Status> {
        let answer = self.call("/vector.Vector/HealthCheck", vec![Bytes::from_static(&[0; PREFIX])]).await?;
        // Field 1 is the status; 0, `SERVING`, is left out.
        match &answer[..] {
            [] | [0x08, 0] => Ok(()),
            _ => Err(self.unavailable("says that it isn't serving")),
        }
    }

    async fn frames(&self, pieces: Vec<Bytes>) -> Result<Vec<Bytes>, Status> {
        let length = pieces.iter().map(Bytes::len).sum();
        match compress(pieces.clone(), self.compression).await? {
            // What can't be compressed grows, and might no longer fit into a message.
            Some(compressed) if compressed.len() < length => framed(1, vec![compressed]),
            _ => framed(0, pieces),
        }
    }

    async fn call(&self, path: &'static str, frames: Vec<Bytes>) -> Result<Bytes, Status> {
        match timeout(self.limit, self.ask(path, frames)).await {
            Ok(answer) => answer,
            Err(_) => Err(self.unavailable(&format!("gave no answer within {:?}", self.limit))),
        }
    }

    async fn ask(&self, path: &'static str, frames: Vec<Bytes>) -> Result<Bytes, Status> {
        let answer = match self.request(path, frames.clone()).await {
            // It may have died long before, unnoticed. If not, the sender would do the same a second later.
            Err(error) if was_lost(&error) => self.request(path, frames).await,
            answer => answer,
        };
        let answer = answer.map_err(|error| self.unavailable(&format!("can't be reached: {}", causes(&error))))?;
        let (head, body) = answer.into_parts();
        if let Some(refusal) = self.status(&head.headers)?.filter(|status| status.code() != Code::Ok) {
            return Err(refusal);
        }
        let body = Limited::new(body, MAX_ANSWER).collect().await;
        let body = body.map_err(|error| self.unavailable(&format!("broke off its answer: {}", causes(&*error))))?;
        let status = body.trailers().map(|trailers| self.status(trailers)).transpose()?.flatten();
        match status {
            Some(status) if status.code() != Code::Ok => Err(status),
            Some(_) if head.status.is_success() => self.message(body),
            _ => Err(self.unavailable(&format!("answered HTTP {}, but not as gRPC", head.status))),
        }
    }

    async fn request(&self, path: &'static str, frames: Vec<Bytes>) -> Result<Response<Body>, tonic::transport::Error> {
        let frames = frames.into_iter().map(|frame| Ok::<_, Status>(Frame::data(frame)));
        let mut request = Request::new(Body::new(StreamBody::new(stream::iter(frames))));
        *request.method_mut() = hyper::Method::POST;
        *request.uri_mut() = Uri::from_static(path);
        let headers = request.headers_mut();
        headers.insert(TE, HeaderValue::from_static("trailers"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        if let Some(encoding) = name(self.compression) {
            headers.insert("grpc-encoding", HeaderValue::from_static(encoding));
        }
        let mut channel = self.channel.clone();
        std::future::poll_fn(|context| channel.poll_ready(context)).await?;
        channel.call(request).await
    }

    /// The status that downstream has put in its headers or trailers, if any.
    fn status(&self, headers: &HeaderMap) -> Result<Option<Status>, Status> {
        let mut headers = headers.clone();
        // It is the length of downstream's body, not of that with which the status is passed on.
        headers.remove(CONTENT_LENGTH);
        let details = MetadataMap::from_headers(headers.clone());
        let details = details.get_bin("grpc-status-details-bin").map(|details| details.to_bytes());
        // Tonic panics on these.
        if details.is_some_and(|details| details.is_err()) {
            return Err(self.unavailable("answered with a broken status"));
        }
        Ok(Status::from_header_map(&headers))
    }

    /// The one message of an answer.
    fn message(&self, body: Collected<Bytes>) -> Result<Bytes, Status> {
        let mut bytes = body.to_bytes();
        if bytes.len() >= PREFIX && bytes.get_u8() == 0 && bytes.get_u32() as usize == bytes.len() {
            return Ok(bytes);
        }
        Err(self.unavailable("answered OK, but with a broken message"))
    }

    fn unavailable(&self, what: &str) -> Status {
        Status::unavailable(format!("`{}` {what}", self.address))
    }
}

fn uri(remote: &Remote) -> Result<Uri, OpenError> {
    let address = &remote.address;
    let scheme = if remote.tls.is_some() { "https" } else { "http" };
    let full = if address.contains("://") { address.clone() } else { format!("{scheme}://{address}") };
    let uri = full.parse::<Uri>().map_err(|_| OpenError::Address(address.clone()))?;
    let is_plain_path = uri.path_and_query().is_none_or(|path| path == "/");
    let has_user = uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
    if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.port_u16().is_none() || !is_plain_path || has_user {
        return Err(OpenError::Address(address.clone()));
    }
    if uri.scheme_str() == Some("http") && remote.tls.is_some() {
        return Err(OpenError::NotTls(address.clone()));
    }
    Ok(uri)
}

/// The frames of a message: its prefix and its pieces, which are copied only if they are small.
fn framed(compressed: u8, pieces: Vec<Bytes>) -> Result<Vec<Bytes>, Status> {
    let length = pieces.iter().map(Bytes::len).sum::<usize>();
    let length = u32::try_from(length).map_err(|_| Status::internal("a message of 4 GiB or more can't be sent"))?;
    let mut frames = Vec::new();
    let mut small = BytesMut::new();
    small.put_u8(compressed);
    small.put_u32(length);
    for piece in pieces {
        if piece.len() < FRAME && small.len() + piece.len() < 2 * FRAME {
            small.extend_from_slice(&piece);
            continue;
        }
        frames.push(small.split().freeze());
        if piece.len() < FRAME {
            small.extend_from_slice(&piece);
        } else {
            frames.push(piece);
        }
    }
    frames.push(small.freeze());
    frames.retain(|frame| !frame.is_empty());
    Ok(frames)
}

/// Did the connection break? If none could be made, or downstream reset the request, trying at once is in vain.
fn was_lost(error: &tonic::transport::Error) -> bool {
    let broke = |error: &hyper::Error| error.source().is_some_and(|cause| cause.is::<io::Error>());
    chain(error).filter_map(|cause| cause.downcast_ref()).any(|error| broke(error) || error.is_canceled())
}

/// An error with its causes. Those of tonic and hyper don't tell theirs.
fn causes(error: &(dyn Error + 'static)) -> String {
    let mut told = Vec::new();
    for cause in chain(error).map(ToString::to_string) {
        if !told.last().is_some_and(|last: &String| last.contains(&cause)) {
            told.push(cause);
        }
    }
    told.join(": ")
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remote(address: &str) -> Remote {
        Remote { address: address.to_owned(), compression: Compression::None, timeout_secs: 40, tls: None, auth: None }
    }

    #[test]
    fn an_address_is_a_host_and_a_port_and_says_whether_there_is_tls() {
        let tls = ClientTls { ca_file: None, crt_file: None, key_file: None, server_name: None };
        for (address, plain, with_tls) in [
            ("10.0.0.1:6000", Some("http://10.0.0.1:6000/"), Some("https://10.0.0.1:6000/")),
            ("[::1]:6000", Some("http://[::1]:6000/"), Some("https://[::1]:6000/")),
            ("http://host:6000", Some("http://host:6000/"), None),
            ("https://host:6000/", Some("https://host:6000/"), Some("https://host:6000/")),
            ("host", None, None),
            ("host:port", None, None),
            ("http://user:secret@host:6000", None, None),
            ("http://host:6000/path", None, None),
            ("grpc://host:6000", None, None),
            ("", None, None),
        ] {
            let found = |remote: &Remote| uri(remote).ok().map(|uri| uri.to_string());
            assert_eq!(found(&remote(address)).as_deref(), plain, "{address}");
            let secure = Remote { tls: Some(tls.clone()), ..remote(address) };
            assert_eq!(found(&secure).as_deref(), with_tls, "{address} with TLS");
        }
    }

    #[test]
    fn frames_are_the_message_whatever_its_pieces() {
        let sizes = [0, 1, FRAME - 1, FRAME, FRAME + 1, 3, 3 * FRAME, 9, FRAME - 1, FRAME - 1, FRAME - 1];
        for pieces in (0..=sizes.len()).map(|count| &sizes[..count]) {
            let pieces: Vec<Bytes> = pieces.iter().map(|size| Bytes::from(vec![*size as u8; *size])).collect();
            let frames = framed(1, pieces.clone()).unwrap();
            let message = pieces.concat();
            assert_eq!(frames.concat()[..PREFIX], [&[1][..], &(message.len() as u32).to_be_bytes()].concat());
            assert!(frames.concat()[PREFIX..] == message, "{} pieces", pieces.len());
            assert!(frames.iter().all(|frame| !frame.is_empty()));
            for large in pieces.iter().filter(|piece| piece.len() >= FRAME) {
                assert!(frames.iter().any(|frame| frame.as_ptr() == large.as_ptr()), "a large piece was copied");
            }
        }
        let many = vec![Bytes::from_static(b"ten bytes."); 10_000];
        assert!(framed(0, many).unwrap().len() < 8);
    }
}
