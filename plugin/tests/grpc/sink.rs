//! The sink, in front of servers that answer, misbehave or aren't there.

use std::net::{Shutdown, SocketAddr};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::IntoResponse;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tonic::metadata::MetadataMap;
use tonic::{Code, Status};
use weir::config::{Compression, Remote};
use weir::sink::VectorSink;

use crate::support::{Recorder, Server, remote, source, until};

/// A message in pieces of many sizes.
fn pieces() -> Vec<Bytes> {
    let event = |size: u32| [&[0x0a][..], &[0x80 | size as u8, 0x80 | (size >> 7) as u8, (size >> 14) as u8]].concat();
    let sizes = [1, 9, 300, 20_000, 900_000];
    sizes.into_iter().flat_map(|size| [event(size).into(), Bytes::from(vec![0xfe; size as usize])]).collect()
}

async fn send(remote: &Remote) -> Result<(), Status> {
    VectorSink::open(remote).unwrap().send(pieces()).await
}

#[tokio::test]
async fn the_pieces_arrive_as_one_push_however_it_is_compressed() {
    let recorder = Recorder::default();
    let server = source(&recorder).await;
    for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
        let sink = VectorSink::open(&Remote { compression, ..remote(server.address) }).unwrap();
        sink.check().await.unwrap();
        for pieces in [vec![], pieces(), vec![pieces().concat().into()]] {
            sink.send(pieces.clone()).await.unwrap();
            assert!(recorder.pushes.lock().unwrap().pop().unwrap() == pieces.concat());
        }
    }
}

#[tokio::test]
async fn downstreams_status_is_handed_on_as_it_is() {
    let recorder = Recorder::default();
    let server = source(&recorder).await;
    let sink = VectorSink::open(&remote(server.address)).unwrap();
    for code in (1..=16).map(Code::from) {
        let mut metadata = MetadataMap::new();
        metadata.insert("retry-after", "7".parse().unwrap());
        let status = Status::with_details_and_metadata(code, "why, “exactly”\n", "\0details".into(), metadata);
        *recorder.answer.lock().unwrap() = Err(status.clone());
        let answer = sink.send(pieces()).await.unwrap_err();
        assert_eq!((answer.code(), answer.message(), answer.details()), (code, status.message(), status.details()));
        assert_eq!(answer.metadata().get("retry-after").unwrap(), "7", "{code:?}");
    }
}

/// Answers everything with these headers, this body, and these trailers if there are any.
async fn answering(http: u16, headers: &[(&str, &str)], body: &'static [u8], trailers: &[(&str, &str)]) -> Server {
    let map = |pairs: &[(&str, &str)]| -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_str(value).unwrap())).collect()
    };
    let (headers, trailers) = (map(headers), map(trailers));
    let answer = move || {
        let trailers = (!trailers.is_empty()).then_some(Ok(trailers));
        let body = axum::body::Body::new(Full::from(body).with_trailers(async { trailers }));
        let mut response = body.into_response();
        *response.status_mut() = axum::http::StatusCode::from_u16(http).unwrap();
        *response.headers_mut() = headers;
        async { response }
    };
    Server::start(Router::new().fallback(answer)).await
}

const EMPTY: &[u8] = &[0; 5];

#[tokio::test]
async fn an_answer_that_isnt_downstreams_own_is_never_permanent() {
    let html = &[("content-type", "text/html")][..];
    for (http, headers, body, trailers) in [
        (401, html, &b"<html>"[..], &[][..]),
        (403, html, b"", &[]),
        (404, html, b"<html>", &[]),
        (503, html, b"<html>", &[]),
        (200, html, b"<html>", &[]),
        (200, &[], EMPTY, &[]),
        (200, &[], EMPTY, &[("other", "trailer")]),
        (200, &[], b"", &[("grpc-status", "0")]),
        (200, &[], b"\0\0\0\0", &[("grpc-status", "0")]),
        (200, &[], b"\0\0\0\0\x01", &[("grpc-status", "0")]),
        (200, &[], b"\x01\0\0\0\0", &[("grpc-status", "0")]),
        (200, &[], &[0; 100_000], &[("grpc-status", "0")]),
        (200, &[("grpc-status", "0")], b"", &[]),
        (500, &[], EMPTY, &[("grpc-status", "0")]),
        (200, &[("grpc-status", "3"), ("grpc-status-details-bin", "!")], b"", &[]),
    ] {
        let server = answering(http, headers, body, trailers).await;
        let status = send(&remote(server.address)).await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{http} {headers:?} {body:?} {trailers:?}");
        assert!(status.message().contains(&server.address.to_string()), "{status}");
    }
}

#[tokio::test]
async fn a_status_counts_wherever_it_stands() {
    for (headers, body, trailers, expected) in [
        (&[][..], EMPTY, &[("grpc-status", "0")][..], None),
        (&[("grpc-status", "3")], b"", &[], Some(Code::InvalidArgument)),
        (&[], EMPTY, &[("grpc-status", "15")], Some(Code::DataLoss)),
        (&[("content-length", "6"), ("grpc-status", "3")], b"<html>", &[], Some(Code::InvalidArgument)),
        (&[], b"", &[("grpc-status", "99")], Some(Code::Unknown)),
        (&[], b"", &[("grpc-status", "no number")], Some(Code::Unknown)),
    ] {
        let server = answering(200, headers, body, trailers).await;
        let status = send(&remote(server.address)).await.err();
        assert_eq!(status.as_ref().map(Status::code), expected, "{headers:?} {trailers:?}");
        assert!(status.is_none_or(|status| status.metadata().get("content-length").is_none()));
    }
}

#[tokio::test]
async fn a_source_that_isnt_serving_fails_the_check() {
    for (body, expected) in
        [(EMPTY, None), (b"\0\0\0\0\x02\x08\0", None), (b"\0\0\0\0\x02\x08\x01", Some(Code::Unavailable))]
    {
        let server = answering(200, &[], body, &[("grpc-status", "0")]).await;
        let checked = VectorSink::open(&remote(server.address)).unwrap().check().await;
        assert_eq!(checked.err().map(|status| status.code()), expected, "{body:?}");
    }
}

/// Reads a request, writes these bytes, and closes the connection or not.
async fn scripted(answer: Vec<u8>, then_close: bool) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            // Enough for the preface and the request's head.
            socket.read_exact(&mut [0; 400]).await.unwrap();
            socket.write_all(&answer).await.unwrap();
            if !then_close {
                tokio::spawn(async move { socket.read_to_end(&mut Vec::new()).await });
            }
        }
    });
    address
}

const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];

fn rst_stream(code: u8) -> Vec<u8> {
    [&SETTINGS[..], &[0, 0, 4, 3, 0, 0, 0, 0, 1, 0, 0, 0, code]].concat()
}

fn goaway(last_stream: u8, code: u8) -> Vec<u8> {
    [&SETTINGS[..], &[0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, last_stream, 0, 0, 0, code]].concat()
}

#[tokio::test]
async fn a_connection_that_fails_amid_a_call_is_unavailable() {
    let mut scripts: Vec<(String, Vec<u8>, bool)> = vec![
        ("closed".to_owned(), vec![], true),
        ("closed after the settings".to_owned(), SETTINGS.to_vec(), true),
        ("HTTP/1.1".to_owned(), b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), true),
        ("garbage".to_owned(), vec![0xff; 1000], false),
    ];
    for code in 0..=13 {
        scripts.push((format!("RST_STREAM {code}"), rst_stream(code), false));
        for last_stream in [0, 1] {
            scripts.push((format!("GOAWAY {last_stream} {code}"), goaway(last_stream, code), true));
        }
    }
    for (name, answer, then_close) in scripts {
        let address = scripted(answer, then_close).await;
        let status = send(&remote(address)).await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{name}: {status}");
        assert!(status.message().contains(&address.to_string()), "{name}: {status}");
    }
}

#[tokio::test]
async fn nobody_there_is_unavailable_and_said_at_once() {
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let sink = VectorSink::open(&remote(address)).unwrap();
    let started = Instant::now();
    for _ in 0..3 {
        let status = sink.send(pieces()).await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable);
        assert!(status.message().contains("refused") && status.message().contains(&address.to_string()), "{status}");
    }
    assert!(started.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn no_answer_in_time_is_unavailable() {
    let address = scripted(SETTINGS.to_vec(), false).await;
    let started = Instant::now();
    let status = send(&Remote { timeout_secs: 1, ..remote(address) }).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status}");
    assert!((1.0..2.0).contains(&started.elapsed().as_secs_f64()), "{:?}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_connection_serves_all_pushes() {
    let recorder = Recorder::default();
    let server = source(&recorder).await;
    let proxy = Proxy::start(server.address);
    let sink = VectorSink::open(&remote(proxy.address)).unwrap();
    let pushes: Vec<_> = (0..20)
        .map(|_| {
            let sink = sink.clone();
            tokio::spawn(async move { sink.send(pieces()).await })
        })
        .collect();
    for push in pushes {
        push.await.unwrap().unwrap();
    }
    assert_eq!(proxy.connections.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_connection_that_has_died_unnoticed_costs_no_push() {
    let recorder = Recorder::default();
    let server = source(&recorder).await;
    let proxy = Proxy::start(server.address);
    let sink = VectorSink::open(&remote(proxy.address)).unwrap();
    for round in 0..10 {
        sink.send(pieces()).await.unwrap_or_else(|status| panic!("round {round}: {status}"));
        proxy.cut();
        // Blocks the runtime: nothing of it can notice what has happened.
        thread::sleep(Duration::from_millis(20));
    }
}

/// Passes connections on, from threads of its own, and can cut them.
struct Proxy {
    address: SocketAddr,
    connections: Arc<Mutex<Vec<std::net::TcpStream>>>,
}

impl Proxy {
    fn start(to: SocketAddr) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, connections) = (listener.local_addr().unwrap(), Arc::<Mutex<Vec<_>>>::default());
        let passed_on = Arc::clone(&connections);
        thread::spawn(move || {
            for near in listener.incoming() {
                let near = near.unwrap();
                let far = std::net::TcpStream::connect(to).unwrap();
                passed_on.lock().unwrap().push(near.try_clone().unwrap());
                for (mut from, mut to) in [(near.try_clone().unwrap(), far.try_clone().unwrap()), (far, near)] {
                    thread::spawn(move || {
                        let _ = std::io::copy(&mut from, &mut to);
                        let _ = to.shutdown(Shutdown::Both);
                    });
                }
            }
        });
        Self { address, connections }
    }

    fn cut(&self) {
        self.connections.lock().unwrap().drain(..).for_each(|connection| connection.shutdown(Shutdown::Both).unwrap());
    }
}

#[tokio::test]
async fn a_server_that_was_started_anew_is_reached_by_the_next_push() {
    let recorder = Recorder::default();
    let mut server = source(&recorder).await;
    let sink = VectorSink::open(&remote(server.address)).unwrap();
    for round in 0..20 {
        sink.send(pieces()).await.unwrap_or_else(|status| panic!("round {round}: {status}"));
        server.stop.cancel();
        (&mut server.task).await.unwrap();
        let listener = TcpListener::bind(server.address).await.unwrap();
        let app = weir::source::vector::router(recorder.clone(), weir::source::budget::Budget::new(1 << 30)).await;
        let stop = tokio_util::sync::CancellationToken::new();
        server.stop = stop.clone();
        server.task = tokio::spawn(weir::source::listener::serve(listener, None, app, 10, stop));
    }
    until(|| recorder.pushes.lock().unwrap().len() == 20).await;
}
