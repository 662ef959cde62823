//! Source and sink over TLS, and who is refused.

use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tonic::Code;
use weir::config::{ClientTls, Remote, ServerTls};
use weir::sink::VectorSink;
use weir::source::budget::Budget;
use weir::source::vector;

use crate::support::{Authority, MIB, Recorder, Server, remote};

async fn start(tls: Option<&ServerTls>) -> Server {
    let app = vector::router(Recorder::default(), Budget::new(256 * MIB)).await;
    Server::start_with(app, tls, 100).await
}

#[tokio::test]
async fn only_those_talk_who_trust_each_other() {
    let (ours, others) = (Authority::new(), Authority::new());
    let server = ours.server(ours.issue("localhost"));
    let demanding = ServerTls { verify_certificate: true, ..server.clone() };
    let expired = ours.server(ours.issue_expired("localhost"));
    let client = ours.client();
    let with = |(crt, key)| ClientTls { crt_file: Some(crt), key_file: Some(key), ..client.clone() };
    let named = |name: &str| ClientTls { server_name: Some(name.to_owned()), ..client.clone() };
    let cases = [
        ("TLS", Some(&server), Some(client.clone()), Ok(())),
        ("a certificate that isn't asked for", Some(&server), Some(with(ours.issue("client"))), Ok(())),
        ("mutual TLS", Some(&demanding), Some(with(ours.issue("client"))), Ok(())),
        ("the right server name", Some(&server), Some(named("localhost")), Ok(())),
        ("plain", None, None, Ok(())),
        ("no client certificate", Some(&demanding), Some(client.clone()), Err("")),
        ("a client of another CA", Some(&demanding), Some(with(others.issue("client"))), Err("")),
        ("an expired client", Some(&demanding), Some(with(ours.issue_expired("client"))), Err("")),
        ("a server of another CA", Some(&server), Some(others.client()), Err("invalid peer certificate")),
        ("an expired server", Some(&expired), Some(client.clone()), Err("expired")),
        ("another server name", Some(&server), Some(named("example.com")), Err("not valid for name")),
        (
            "only the system's CAs",
            Some(&server),
            Some(ClientTls { ca_file: None, ..client.clone() }),
            Err("invalid peer certificate"),
        ),
        ("plain to TLS", Some(&server), None, Err("")),
        ("TLS to plain", None, Some(client.clone()), Err("")),
    ];
    for (name, server, client, expected) in cases {
        let server = start(server).await;
        let tls = Remote { tls: client, ..remote(format!("localhost:{}", server.address.port())) };
        let sink = match VectorSink::open(&tls) {
            Ok(sink) => sink,
            Err(error) if error.to_string().contains("ca-certificates") => continue,
            Err(error) => panic!("{name}: {error}"),
        };
        let sent = sink.send(vec![vec![0x0a, 0].into()]).await;
        match (sent, expected) {
            (Ok(()), Ok(())) => {}
            (Err(status), Err(part)) => {
                assert_eq!(status.code(), Code::Unavailable, "{name}: {status}");
                assert!(status.message().contains(part) && status.message().contains(&tls.address), "{name}: {status}");
            }
            (sent, _) => panic!("{name}: {sent:?}"),
        }
    }
}

#[tokio::test]
async fn who_never_finishes_the_handshake_is_dropped_and_others_are_served_meanwhile() {
    let ours = Authority::new();
    let server = start(Some(&ours.server(ours.issue("localhost")))).await;
    let mut silent = TcpStream::connect(server.address).await.unwrap();
    let tls = Remote { tls: Some(ours.client()), ..remote(format!("localhost:{}", server.address.port())) };
    VectorSink::open(&tls).unwrap().check().await.unwrap();
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(11)).await;
    tokio::time::resume();
    let closed = tokio::time::timeout(Duration::from_secs(2), silent.read(&mut [0])).await;
    assert_eq!(closed.expect("the connection is closed").unwrap_or(0), 0);
}

#[tokio::test]
async fn who_connects_and_asks_nothing_is_dropped() {
    let server = start(None).await;
    for start in ["", "PRI * HT", "POST / HTTP/1.1\r\nhost: a"] {
        let mut slow = TcpStream::connect(server.address).await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut slow, start.as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(31)).await;
        tokio::time::resume();
        let closed = tokio::time::timeout(Duration::from_secs(6), slow.read_to_end(&mut Vec::new())).await;
        assert!(closed.is_ok(), "{start:?} may go on for ever");
    }
}
