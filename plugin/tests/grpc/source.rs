//! The source, asked as Vector's sink does.

use std::time::Duration;

use bytes::Bytes;
use prost::Message;
use tokio::net::TcpStream;
use tonic::codec::CompressionEncoding::{Gzip, Zstd};
use tonic::metadata::MetadataMap;
use tonic::{Code, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use weir::source::budget::Budget;
use weir::source::vector;

use crate::support::{Empty, MAX_BYTES, MIB, Push, Recorder, Server, source, until};

/// Not UTF-8, with fields that nobody knows, of many sizes.
fn odd_push() -> Push {
    let event = |size: usize| {
        let log = [&[0xf8, 0x07, 0x2a][..], &(0..size).map(|byte| (byte * 7) as u8).collect::<Vec<_>>()].concat();
        [&[0x0a, 0x03, 0xff, 0xfe, 0x00][..], &log].concat()
    };
    Push { events: [0, 1, 100, 5_000, 70_000, 2_500_000].map(event).to_vec() }
}

#[tokio::test]
async fn what_is_pushed_is_delivered_byte_for_byte_however_it_is_compressed() {
    let recorder = Recorder::default();
    let server = source(&recorder).await;
    let clients = [server.client(), server.client().compressing(Gzip), server.client().compressing(Zstd)];
    for mut client in clients {
        for push in [Push::default(), Push { events: vec![b"small".to_vec()] }, odd_push(), Push::of_length(955_000)] {
            client.push(push.clone()).await.unwrap();
            let delivered = recorder.pushes.lock().unwrap().pop().unwrap();
            assert!(delivered == push.encode_to_vec(), "{} events", push.events.len());
        }
    }
}

#[tokio::test]
async fn a_push_is_answered_with_downstreams_status_as_it_is() {
    let recorder = Recorder::default();
    let mut client = source(&recorder).await.client_and_keep();
    for code in (1..=16).map(Code::from) {
        let mut metadata = MetadataMap::new();
        metadata.insert("retry-after", "7".parse().unwrap());
        let details = Bytes::from_static(b"\x00details\xff");
        let status = Status::with_details_and_metadata(code, "why, “exactly”\n", details, metadata);
        *recorder.answer.lock().unwrap() = Err(status.clone());
        let answer = client.1.push(Push::default()).await.unwrap_err();
        assert_eq!((answer.code(), answer.message(), answer.details()), (code, status.message(), status.details()));
        assert_eq!(answer.metadata().get("retry-after").unwrap(), "7", "{code:?}");
    }
}

#[tokio::test]
async fn a_push_is_answered_only_after_delivery() {
    let recorder = Recorder::default();
    recorder.gate.forget_permits(usize::MAX);
    let server = source(&recorder).await;
    let mut client = server.client();
    let push = tokio::spawn(async move { client.push(odd_push()).await });
    until(|| recorder.pushes.lock().unwrap().len() == 1).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!push.is_finished(), "it was answered before it was delivered");
    recorder.gate.add_permits(1);
    push.await.unwrap().unwrap();
}

#[tokio::test]
async fn health_is_told_in_vectors_way_and_in_grpcs() {
    let server = source(&Recorder::default()).await;
    server.client().call("/vector.Vector/HealthCheck", Empty {}).await.unwrap();
    let mut health = HealthClient::new(server.channel());
    for (service, expected) in [("", Ok(1)), ("vector.Vector", Ok(1)), ("other", Err(Code::NotFound))] {
        let answer = health.check(HealthCheckRequest { service: service.to_owned() }).await;
        assert_eq!(answer.map(|answer| answer.get_ref().status).map_err(|status| status.code()), expected, "{service}");
    }
}

#[tokio::test]
async fn a_call_that_vector_doesnt_have_is_refused() {
    let server = source(&Recorder::default()).await;
    for path in ["/vector.Vector/PullEvents", "/other.Service/PushEvents"] {
        assert_eq!(server.client().call(path, Empty {}).await.unwrap_err().code(), Code::Unimplemented, "{path}");
    }
}

#[tokio::test]
async fn a_message_may_have_a_hundred_mebibytes_and_no_more() {
    let recorder = Recorder::default();
    let server = source(&recorder).await;
    for mut client in [server.client(), server.client().compressing(Zstd), server.client().compressing(Gzip)] {
        client.push(Push::of_length(MAX_BYTES)).await.unwrap();
        assert_eq!(recorder.pushes.lock().unwrap().pop().unwrap().len(), MAX_BYTES);
        let status = client.push(Push::of_length(MAX_BYTES + 1)).await.unwrap_err();
        assert_eq!(status.code(), Code::OutOfRange, "{status}");
        assert!(recorder.pushes.lock().unwrap().is_empty());
    }
}

#[tokio::test]
async fn when_it_is_stopped_what_is_in_flight_is_answered_and_nothing_else_taken() {
    let recorder = Recorder::default();
    recorder.gate.forget_permits(usize::MAX);
    let mut server = source(&recorder).await;
    // Connections that do nothing, or don't even say what they speak, must not hold it up.
    let mut idle = server.client();
    idle.call("/vector.Vector/HealthCheck", Empty {}).await.unwrap();
    let _silent = TcpStream::connect(server.address).await.unwrap();
    let pushes: Vec<_> = (0..10)
        .map(|_| {
            let mut client = server.client();
            tokio::spawn(async move { client.push(odd_push()).await })
        })
        .collect();
    until(|| recorder.pushes.lock().unwrap().len() == 10).await;
    server.stop.cancel();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!server.task.is_finished(), "requests are still in flight");
    assert!(TcpStream::connect(server.address).await.is_err(), "a connection was taken");
    recorder.gate.add_permits(10);
    for push in pushes {
        push.await.unwrap().unwrap();
    }
    tokio::time::timeout(Duration::from_secs(2), &mut server.task).await.expect("it ends").unwrap();
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_for_their_turn() {
    let recorder = Recorder::default();
    let server = Server::start_with(vector::router(recorder, Budget::new(MIB)).await, None, 2).await;
    let mut two = [server.client(), server.client()];
    for client in &mut two {
        client.push(Push::default()).await.unwrap();
    }
    let mut third = server.client();
    let third = tokio::spawn(async move { third.push(Push::default()).await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!third.is_finished(), "it was served beyond the limit");
    drop(two);
    third.await.unwrap().unwrap();
}

impl Server {
    /// The server must live as long as its client.
    fn client_and_keep(self) -> (Self, crate::support::Client) {
        let client = self.client();
        (self, client)
    }
}
