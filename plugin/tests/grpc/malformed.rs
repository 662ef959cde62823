//! Requests that no Vector makes.

use std::convert::Infallible;
use std::time::Duration;

use axum::http::{HeaderMap, Request, StatusCode};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use tonic::body::Body;
use tonic::transport::Channel;
use tonic::{Code, Status};
use tower::Service;
use weir::source::budget::Budget;
use weir::source::vector;

use crate::support::{MAX_BYTES, MIB, Recorder, Server, source, until};

/// Posts these bytes, each part in frames of its own.
fn request(encoding: Option<&str>, parts: &[&[u8]]) -> Request<Body> {
    let frames: Vec<_> = parts.iter().map(|part| Bytes::copy_from_slice(part)).collect();
    with_body(encoding, stream::iter(frames))
}

fn with_body(encoding: Option<&str>, frames: impl stream::Stream<Item = Bytes> + Send + 'static) -> Request<Body> {
    let frames = frames.map(|frame| Ok::<_, Infallible>(Frame::data(frame)));
    let mut request = Request::post("/vector.Vector/PushEvents").header("content-type", "application/grpc");
    if let Some(encoding) = encoding {
        request = request.header("grpc-encoding", encoding);
    }
    request.body(Body::new(StreamBody::new(frames))).unwrap()
}

async fn ask(channel: &mut Channel, request: Request<Body>) -> Status {
    std::future::poll_fn(|context| channel.poll_ready(context)).await.unwrap();
    let (head, body) = channel.call(request).await.unwrap().into_parts();
    assert_eq!(head.status, StatusCode::OK);
    let in_trailers = body.collect().await.unwrap().trailers().cloned().unwrap_or_else(HeaderMap::new);
    Status::from_header_map(&head.headers).or_else(|| Status::from_header_map(&in_trailers)).unwrap()
}

fn framed(flag: u8, message: &[u8]) -> Vec<u8> {
    [&[flag][..], &(message.len() as u32).to_be_bytes(), message].concat()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The encoding that is claimed, the body in its parts, and the answer.
type Case<'c> = (Option<&'c str>, &'c [&'c [u8]], Code);

#[tokio::test]
async fn each_malformed_message_is_refused_and_none_delivered() {
    let recorder = Recorder::default();
    let server = source(&recorder).await;
    let mut channel = server.channel();
    let too_long = [&[0][..], &(MAX_BYTES as u32 + 1).to_be_bytes()].concat();
    let two_gzip_members = framed(1, &[gzip(b"\x0a\x00"), b"garbage".to_vec()].concat());
    let cases: [Case<'_>; 17] = [
        (None, &[], Code::Internal),
        (None, &[&[0]], Code::Internal),
        (None, &[&[0, 0, 0, 0]], Code::Internal),
        (None, &[&[0, 0, 0, 0, 9], b"short"], Code::Internal),
        (None, &[&framed(0, b"\x0a\x00"), b"more"], Code::Internal),
        (None, &[&framed(0, b"\x0a\x00"), &framed(0, b"\x0a\x00")], Code::Internal),
        (None, &[&[framed(0, b"\x0a\x00"), framed(0, b"")].concat()], Code::Internal),
        (None, &[&framed(0, b"\x0a\xff")], Code::Internal),
        (None, &[&framed(2, b"\x0a\x00")], Code::Internal),
        (None, &[&framed(1, &gzip(b"\x0a\x00"))], Code::Internal),
        (None, &[&too_long], Code::OutOfRange),
        (Some("gzip"), &[&framed(1, b"not gzip")], Code::Internal),
        (Some("gzip"), &[&framed(1, &gzip(b"\x0a\x00")[..9])], Code::Internal),
        (Some("gzip"), &[&two_gzip_members], Code::Internal),
        (Some("zstd"), &[&framed(1, b"not zstd")], Code::Internal),
        (Some("zstd"), &[&framed(1, &zstd_with_window(24))], Code::Internal),
        (Some("snappy"), &[&framed(1, b"\x0a\x00")], Code::Unimplemented),
    ];
    for (number, (encoding, parts, code)) in cases.into_iter().enumerate() {
        let status = ask(&mut channel, request(encoding, parts)).await;
        assert_eq!(status.code(), code, "case {number}: {status}");
        assert!(!status.message().is_empty(), "case {number}");
    }
    assert!(recorder.pushes.lock().unwrap().is_empty());
    // The same connection still serves.
    let fragments: Vec<_> = framed(0, b"\x0a\x01x").chunks(1).map(<[u8]>::to_vec).collect();
    let fragments: Vec<&[u8]> = fragments.iter().map(Vec::as_slice).collect();
    assert_eq!(ask(&mut channel, request(Some("identity"), &fragments)).await.code(), Code::Ok);
    let two_members = [gzip(b"\x0a\x01"), gzip(b"y")].concat();
    assert_eq!(ask(&mut channel, request(Some("gzip"), &[&framed(1, &two_members)])).await.code(), Code::Ok);
    assert_eq!(ask(&mut channel, request(Some("zstd"), &[&framed(1, &zstd_with_window(23))])).await.code(), Code::Ok);
    assert_eq!(*recorder.pushes.lock().unwrap(), [&b"\x0a\x01x"[..], b"\x0a\x01y", b"\x0a\x00"]);
}

/// An empty event, for whose decompression a window of 2^`log` bytes is demanded.
fn zstd_with_window(log: u8) -> Vec<u8> {
    vec![0x28, 0xb5, 0x2f, 0xfd, 0, (log - 10) << 3, 0x11, 0, 0, 0x0a, 0]
}

#[tokio::test]
async fn a_bomb_is_stopped_where_the_budget_ends() {
    let recorder = Recorder::default();
    let budget = Budget::new(8 * MIB);
    let server = Server::start(vector::router(recorder.clone(), budget.clone()).await).await;
    let mut channel = server.channel();
    let _others = budget.reserve(4 * MIB).await;
    // A hundred times as long as what came: far beyond what was expected, and what is free.
    let bomb = gzip(&vec![0; 16 * MIB]);
    let status = ask(&mut channel, request(Some("gzip"), &[&framed(1, &bomb)])).await;
    assert_eq!(status.code(), Code::Unavailable, "{status}");
    assert!(status.message().contains("try again"), "{status}");
    assert!(recorder.pushes.lock().unwrap().is_empty());
    until(|| budget.reserved() == 4 * MIB).await;
}

#[tokio::test]
async fn a_sender_that_stalls_gives_up_its_memory() {
    let budget = Budget::new(8 * MIB);
    let server = Server::start(vector::router(Recorder::default(), budget.clone()).await).await;
    let mut channel = server.channel();
    let start = Bytes::from(framed(0, &[0; MIB])[..MIB / 2].to_vec());
    let stalling = with_body(None, stream::iter([start]).chain(stream::pending()));
    let asking = tokio::spawn(async move { ask(&mut channel, stalling).await });
    until(|| budget.reserved() >= MIB).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(29)).await;
    tokio::time::resume();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(budget.reserved() >= MIB, "a short pause is nothing");
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(2)).await;
    tokio::time::resume();
    assert_eq!(asking.await.unwrap().code(), Code::DeadlineExceeded);
    assert_eq!(budget.reserved(), 0);
}

#[tokio::test]
async fn a_request_that_is_taken_back_gives_up_its_memory() {
    let recorder = Recorder::default();
    recorder.gate.forget_permits(usize::MAX);
    let budget = Budget::new(8 * MIB);
    let server = Server::start(vector::router(recorder.clone(), budget.clone()).await).await;
    let mut channel = server.channel();
    let asking = tokio::spawn(async move { ask(&mut channel, request(None, &[&framed(0, b"\x0a\x00")])).await });
    until(|| recorder.pushes.lock().unwrap().len() == 1).await;
    assert!(budget.reserved() > 0);
    asking.abort();
    // For as long as anybody holds what came.
    recorder.pushes.lock().unwrap().clear();
    until(|| budget.reserved() == 0).await;
}
