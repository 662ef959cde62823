//! What is posted, and what becomes of the answers.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::serve::ListenerExt;
use bytes::Bytes;
use rcgen::generate_simple_self_signed;
use rustls::pki_types::PrivateKeyDer;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tonic::Code;
use weir::config::Compression;
use weir::sink::{HttpSink, HttpSinkError};
use weir::source::budget::Budget;
use weir::source::http::Limits;

use super::support::{Pipeline, serve, source, source_with};

const TIMEOUT: Duration = Duration::from_secs(10);

fn sink(uri: &str) -> HttpSink {
    HttpSink::open(uri, Compression::None, TIMEOUT, None, None).unwrap()
}

fn pieces(pieces: &[&'static str]) -> Vec<Bytes> {
    pieces.iter().map(|piece| Bytes::from_static(piece.as_bytes())).collect()
}

/// A server that answers this to everything.
async fn answering(status: u16, body: &'static str) -> String {
    let status = StatusCode::from_u16(status).unwrap();
    format!("http://{}/in?key=s3cret", serve(Router::new().fallback(move || async move { (status, body) })).await)
}

#[tokio::test]
async fn each_status_tells_whether_the_events_can_be_sent_again() {
    for (status, expected) in [
        (200, Code::Ok),
        (201, Code::Ok),
        (202, Code::Ok),
        (204, Code::Ok),
        (301, Code::Unavailable),
        (302, Code::Unavailable),
        (304, Code::Unavailable),
        (307, Code::Unavailable),
        (400, Code::DataLoss),
        (401, Code::Unavailable),
        (403, Code::Unavailable),
        (404, Code::Unavailable),
        (405, Code::Unavailable),
        (408, Code::Unavailable),
        (409, Code::Unavailable),
        (413, Code::DataLoss),
        (415, Code::Unavailable),
        (422, Code::DataLoss),
        (429, Code::Unavailable),
        (500, Code::Unavailable),
        (501, Code::Unavailable),
        (502, Code::Unavailable),
        (503, Code::Unavailable),
        (599, Code::Unavailable),
    ] {
        let uri = answering(status, "").await;
        let answer = sink(&uri).send(pieces(&["{}\n"])).await;
        assert_eq!(answer.as_ref().err().map_or(Code::Ok, |status| status.code()), expected, "{status}");
        if let Err(answer) = answer {
            let name = uri.split('?').next().unwrap();
            assert!(answer.message().starts_with(&format!("{name} answered {status}")), "{}", answer.message());
        }
    }
}

#[tokio::test]
async fn answers_are_quoted_briefly_and_in_print() {
    for (body, expected) in [
        ("mapping\nfailed\x1b[31m\0", "answered 400 Bad Request: mapping failed [31m"),
        (" ", "answered 400 Bad Request"),
        (Box::leak("ä".repeat(10_000).into_boxed_str()), &format!("answered 400 Bad Request: {}", "ä".repeat(100))),
    ] {
        let status = sink(&answering(400, body).await).send(pieces(&["{}"])).await.unwrap_err();
        assert!(status.message().ends_with(expected), "{:?}", status.message());
    }
}

#[tokio::test]
async fn what_is_too_large_is_posted_in_parts_and_one_bad_event_keeps_no_other_from_arriving() {
    let taken: Arc<Mutex<Vec<u8>>> = Arc::default();
    let lines = Arc::clone(&taken);
    let app = Router::new().fallback(move |body: Bytes| async move {
        if body.len() > 20 {
            return StatusCode::PAYLOAD_TOO_LARGE;
        }
        lines.lock().unwrap().extend_from_slice(&body);
        StatusCode::OK
    });
    let sink = sink(&format!("http://{}/", serve(app).await));
    let all: String = (0..100).map(|n| format!("{{\"n\":{n}}}\n")).collect();
    sink.send(vec![all.clone().into()]).await.unwrap();
    assert_eq!(String::from_utf8(std::mem::take(&mut *taken.lock().unwrap())).unwrap(), all);

    let large = format!("{{\"n\":\"{}\"}}\n", "x".repeat(20));
    let status = sink.send(vec![format!("{{}}\n{large}{{}}\n{{}}").into()]).await.unwrap_err();
    assert_eq!(status.code(), Code::DataLoss);
    assert_eq!(*taken.lock().unwrap(), b"{}\n{}\n{}\n");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let pipeline = Pipeline::answering(Code::Ok);
    let elsewhere = source(&pipeline).await;
    let app =
        Router::new().fallback(move || async move { (StatusCode::TEMPORARY_REDIRECT, [("location", elsewhere)]) });
    let uri = format!("http://{}/", serve(app).await);
    assert_eq!(sink(&uri).send(pieces(&["{}"])).await.unwrap_err().code(), Code::Unavailable);
    assert!(pipeline.delivered().is_empty());
}

#[tokio::test]
async fn events_arrive_through_a_source_with_every_compression() {
    let pipeline = Pipeline::answering(Code::Ok);
    let uri = source_with(&pipeline, &Budget::new(64 << 20), Some("s3cret"), Limits::default()).await;
    for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
        let sink = HttpSink::open(&uri, compression, TIMEOUT, None, Some("s3cret".to_owned())).unwrap();
        for (sent, expected) in [
            (&["{\"a\":1}\n"][..], "{\"a\":1}\n"),
            (&["{\"a\"", ":1}\n{\"b\":", "", "2}"], "{\"a\":1}\n{\"b\":2}\n"),
            (&["{}", ""], "{}\n"),
            (&["{}\n", ""], "{}\n"),
        ] {
            sink.send(pieces(sent)).await.unwrap();
            assert_eq!(pipeline.take(), [expected], "{compression:?}");
        }
        let long: Vec<Bytes> = (0..50_000).map(|n| Bytes::from(format!("{{\"n\":{n}}}\n"))).collect();
        sink.send(long.clone()).await.unwrap();
        assert!(pipeline.take() == [long.concat()], "{compression:?}");
    }
    assert_eq!(sink(&uri).send(pieces(&["{}"])).await.unwrap_err().code(), Code::Unavailable, "without the token");
}

#[tokio::test]
async fn nothing_is_posted_if_there_is_nothing() {
    let sink = sink(&answering(500, "").await);
    sink.send(Vec::new()).await.unwrap();
    sink.send(pieces(&["", ""])).await.unwrap();
}

#[tokio::test]
async fn the_headers_say_what_comes_and_from_whom() {
    let headers: Arc<Mutex<HeaderMap>> = Arc::default();
    let seen = Arc::clone(&headers);
    let app = Router::new().fallback(move |request: Request| async move {
        *seen.lock().unwrap() = request.headers().clone();
    });
    let uri = format!("http://{}/", serve(app).await);
    let sink = HttpSink::open(&uri, Compression::Zstd, TIMEOUT, None, Some("s3cret".to_owned())).unwrap();
    sink.send(pieces(&["{}"])).await.unwrap();
    let headers = headers.lock().unwrap();
    for (name, expected) in [
        ("content-type", "application/x-ndjson"),
        ("content-encoding", "zstd"),
        ("authorization", "Bearer s3cret"),
        ("user-agent", concat!("weir/", env!("CARGO_PKG_VERSION"))),
    ] {
        assert_eq!(headers[name], expected);
    }
    assert!(headers.contains_key("content-length"));
}

#[tokio::test]
async fn a_connection_serves_many_posts_whatever_they_are_answered() {
    let connections = Arc::new(AtomicUsize::new(0));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("http://{}/", listener.local_addr().unwrap());
    let counted = Arc::clone(&connections);
    let listener = listener.tap_io(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
    });
    let requests = Arc::new(AtomicUsize::new(0));
    let app = Router::new().fallback(move |_body: Bytes| async move {
        let status = if requests.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) { 200 } else { 503 };
        (StatusCode::from_u16(status).unwrap(), "thanks ".repeat(100)).into_response()
    });
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    let sink = sink(&uri);
    for _ in 0..20 {
        let _ = sink.send(pieces(&["{}"])).await;
    }
    assert_eq!(connections.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_server_that_is_away_or_silent_is_unavailable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = format!("http://{}/in?key=s3cret", listener.local_addr().unwrap());
    let open = |uri: &str| HttpSink::open(uri, Compression::None, Duration::from_millis(200), None, None).unwrap();
    let sink = open(&silent);
    for answer in [sink.send(pieces(&["{}"])).await, sink.check().await] {
        let status = answer.unwrap_err();
        let name = silent.split('?').next().unwrap();
        assert_eq!(status.code(), Code::Unavailable);
        assert_eq!(status.message(), format!("{name} didn't answer within 200ms; is it overloaded?"));
    }
    drop(listener);
    for answer in [sink.send(pieces(&["{}"])).await, sink.check().await] {
        let status = answer.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable);
        assert!(status.message().contains("/in can't be reached: Connection refused"), "{}", status.message());
        assert!(!status.message().contains("s3cret"));
    }
}

#[tokio::test]
async fn any_answer_makes_a_server_present() {
    for status in [200, 302, 401, 405, 500] {
        sink(&answering(status, "").await).check().await.unwrap();
    }
    sink(&source(&Pipeline::answering(Code::Ok)).await).check().await.unwrap();
}

#[test]
fn what_cannot_be_used_is_refused_when_opened_and_secrets_are_not_told() {
    let tls = || ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let tls = || tls().with_safe_default_protocol_versions().unwrap();
    let tls = || tls().with_root_certificates(RootCertStore::empty()).with_no_client_auth();
    let open = |uri: &str, tls, token: Option<&str>| {
        HttpSink::open(uri, Compression::None, TIMEOUT, tls, token.map(str::to_owned))
    };
    for (error, expected) in [
        (open("http://u:s3cret@host/", None, None), "user name or password; take them out, and use `auth`"),
        (open("http://s3cret@host/", None, None), "user name or password"),
        (open("http://u:s3cret@host:x/", None, None), "malformed: invalid port number"),
        (open("ingest", None, None), "malformed: relative URL without a base"),
        (open("localhost:8080", None, None), "begins with `localhost:`"),
        (open("ftp://host/", None, None), "begins with `ftp:`"),
        (open("http://host/", Some(tls()), None), "but its URI begins with `http:`"),
        (open("http://host/", None, Some("s3cret\n")), "check for line breaks"),
    ] {
        let error: HttpSinkError = error.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }
    let opened = open("http://host/in?key=s3cret", None, Some("s3cret")).unwrap();
    assert_eq!(format!("{opened:?}"), "HttpSink { name: \"http://host/in\", .. }");
}

/// Serves TLS only.
struct TlsListener {
    tcp: TcpListener,
    acceptor: TlsAcceptor,
}

impl axum::serve::Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, SocketAddr) {
        loop {
            let (stream, address) = self.tcp.accept().await.unwrap();
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.tcp.local_addr()
    }
}

#[tokio::test]
async fn tls_goes_only_to_whom_the_roots_vouch_for() {
    let provider = || Arc::new(rustls::crypto::ring::default_provider());
    let identity = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = identity.cert.der().clone();
    let key = PrivateKeyDer::try_from(identity.signing_key.serialize_der()).unwrap();
    let server = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().unwrap();
    let mut server = server.with_no_client_auth().with_single_cert(vec![certificate.clone()], key).unwrap();
    server.alpn_protocols = vec![b"http/1.1".to_vec()];
    let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("https://localhost:{}/", tcp.local_addr().unwrap().port());
    let listener = TlsListener { tcp, acceptor: TlsAcceptor::from(Arc::new(server)) };
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(|| async {})).await.unwrap() });

    for (trusted, expected) in [(true, Code::Ok), (false, Code::Unavailable)] {
        let mut roots = RootCertStore::empty();
        if trusted {
            roots.add(certificate.clone()).unwrap();
        }
        let tls = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().unwrap();
        let mut tls = tls.with_root_certificates(roots).with_no_client_auth();
        tls.alpn_protocols = vec![b"h2".to_vec()];
        let sink = HttpSink::open(&uri, Compression::None, TIMEOUT, Some(tls), None).unwrap();
        for answer in [sink.send(pieces(&["{}"])).await, sink.check().await] {
            assert_eq!(answer.as_ref().err().map_or(Code::Ok, |status| status.code()), expected, "{answer:?}");
            assert!(trusted || answer.unwrap_err().message().contains("invalid peer certificate"));
        }
    }
}
