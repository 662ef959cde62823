//! What shippers send, and what they are answered.

use std::time::{Duration, Instant};

use reqwest::header::{ALLOW, HeaderMap, RETRY_AFTER, WWW_AUTHENTICATE};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tonic::Code;
use weir::source::budget::Budget;
use weir::source::http::Limits;

use super::support::{Pipeline, client, gzip, source, source_with, zstd};

const MIB: usize = 1 << 20;

/// An answer's status and headers, and the error that it tells.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    error: String,
}

async fn post(uri: &str, headers: &[(&'static str, &str)], body: impl Into<reqwest::Body>) -> Answer {
    let request = headers.iter().fold(client().post(uri), |request, (name, value)| request.header(*name, *value));
    answer(request.body(body)).await
}

async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let body = response.text().await.unwrap();
    let error = match status {
        StatusCode::OK => body,
        _ => serde_json::from_str::<Value>(&body).unwrap()["error"].as_str().unwrap().to_owned(),
    };
    Answer { status, headers, error }
}

/// Sends as much of a request as is given, and returns all that is answered.
async fn speak(uri: &str, request: &str) -> String {
    let mut stream = connect(uri).await;
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

async fn connect(uri: &str) -> TcpStream {
    TcpStream::connect(uri.trim_start_matches("http://").trim_end_matches('/')).await.unwrap()
}

async fn until(condition: impl Fn() -> bool) {
    let wait = async {
        while !condition() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(10), wait).await.expect("it happens in time");
}

#[tokio::test]
async fn lines_and_arrays_are_delivered_as_lines_on_every_path() {
    let pipeline = Pipeline::answering(Code::Ok);
    let uri = source(&pipeline).await;
    for (path, body, expected) in [
        ("", "{\"a\":1}\n{\"a\":2}\n", "{\"a\":1}\n{\"a\":2}\n"),
        ("ingest", "{\"a\":1}\r\n\n{\"a\":2}", "{\"a\":1}\r\n\n{\"a\":2}\n"),
        ("a/b?c=d", "no JSON", "no JSON\n"),
        ("", " \n[{\"a\":\"x\\n\\\"]\"},\n {\n\"b\": [1]}\n]\n", "{\"a\":\"x\\n\\\"]\"}\n{ \"b\": [1]}\n"),
    ] {
        let answer = post(&format!("{uri}{path}"), &[], body).await;
        assert_eq!((answer.status, answer.error.as_str()), (StatusCode::OK, ""), "{body:?}");
        assert_eq!(pipeline.take(), [expected]);
    }
}

#[tokio::test]
async fn a_body_without_events_is_fine_and_nothing_is_delivered() {
    let pipeline = Pipeline::answering(Code::Unavailable);
    let uri = source(&pipeline).await;
    for body in ["", "\n", " \r\n\n", "[]", " [ ] "] {
        assert_eq!(post(&uri, &[], body).await.status, StatusCode::OK, "{body:?}");
        assert_eq!(post(&uri, &[("content-encoding", "gzip")], gzip(body.as_bytes())).await.status, StatusCode::OK);
    }
    assert_eq!(post(&uri, &[("content-encoding", "gzip")], "").await.status, StatusCode::OK);
    assert!(pipeline.delivered().is_empty());
}

#[tokio::test]
async fn compressed_bodies_are_decompressed() {
    let pipeline = Pipeline::answering(Code::Ok);
    let uri = source(&pipeline).await;
    let long = "{\"a\":\"b\"}\n".repeat(300_000);
    for (encoding, body, expected) in [
        ("identity", long.clone().into_bytes(), long.as_str()),
        ("gzip", gzip(long.as_bytes()), &long),
        ("X-GZip", [gzip(b"{}\n"), gzip(b"[]\n")].concat(), "{}\n[]\n"),
        ("zstd", zstd(long.as_bytes()), &long),
        ("zstd", [zstd(b"{}\n"), zstd(b"[]\n")].concat(), "{}\n[]\n"),
        ("zstd", zstd(b"[1,2]"), "1\n2\n"),
    ] {
        let answer = post(&uri, &[("content-encoding", encoding)], body).await;
        assert_eq!(answer.status, StatusCode::OK, "{encoding}: {}", answer.error);
        assert!(pipeline.take() == [expected], "{encoding}");
    }
}

#[tokio::test]
async fn a_huge_array_is_delivered_whole() {
    let pipeline = Pipeline::answering(Code::Ok);
    let uri = source(&pipeline).await;
    let event = format!("{{\"message\": \"{}\"}}", "\\\"x\\n".repeat(2000));
    let answer = post(&uri, &[], format!("[{}]", vec![event.as_str(); 3000].join(",\n  "))).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.error);
    assert!(pipeline.delivered() == [(event + "\n").repeat(3000)]);
}

#[tokio::test]
async fn malformed_bodies_are_refused_for_good_and_nothing_of_them_is_delivered() {
    let pipeline = Pipeline::answering(Code::Ok);
    let uri = source(&pipeline).await;
    let events = (0..10_000).map(|n| format!("{{\"n\":{n}}}\n")).collect::<String>();
    let (gzipped, zstd) = (gzip(events.as_bytes()), zstd(events.as_bytes()));
    let mut flipped = gzipped.clone();
    flipped[gzipped.len() - 6] ^= 1;
    for (encoding, body, expected) in [
        ("", b"[{\"a\":1},\n {\"a\":}]".to_vec(), "the JSON array is malformed: expected value at line 2 column 7"),
        ("", b"[1]\n[2]\n".to_vec(), "the JSON array is malformed: trailing characters at line 2 column 1"),
        ("gzip", events.clone().into_bytes(), "decompressed: invalid gzip header"),
        ("gzip", flipped, "checksum"),
        ("gzip", gzipped[..gzipped.len() / 2].to_vec(), "decompressed: "),
        ("gzip", gzipped[..gzipped.len() - 1].to_vec(), "decompressed: "),
        ("gzip", gzipped[..5].to_vec(), "decompressed: "),
        ("gzip", [gzipped.as_slice(), b"rubbish"].concat(), "decompressed: "),
        ("zstd", events.clone().into_bytes(), "decompressed: Unknown frame descriptor"),
        ("zstd", zstd[..zstd.len() / 2].to_vec(), "decompressed: incomplete frame"),
        ("zstd", zstd[..3].to_vec(), "decompressed: "),
    ] {
        let answer = post(&uri, &[("content-encoding", encoding)], body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{expected}");
        assert!(answer.error.contains(expected), "{}", answer.error);
    }
    assert!(pipeline.delivered().is_empty());
}

#[tokio::test]
async fn a_body_that_breaks_off_is_not_delivered() {
    let (pipeline, budget) = (Pipeline::answering(Code::Ok), Budget::new(256 * MIB));
    let uri = source_with(&pipeline, &budget, None, Limits::default()).await;
    let mut stream = connect(&uri).await;
    stream.write_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{}\n").await.unwrap();
    until(|| budget.reserved() > 0).await;
    drop(stream);
    until(|| budget.reserved() == 0).await;
    assert!(pipeline.delivered().is_empty());
}

#[tokio::test]
async fn encodings_that_are_not_served_are_refused_with_those_that_are() {
    let uri = source(&Pipeline::answering(Code::Ok)).await;
    for encoding in ["deflate", "br", "gzip, gzip", "zstd,gzip", "\"<script>"] {
        let answer = post(&uri, &[("content-encoding", encoding)], "{}").await;
        assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{encoding}");
        assert_eq!(answer.headers["accept-encoding"], "gzip, zstd");
        assert!(answer.error.contains(&encoding.to_lowercase()), "{}", answer.error);
    }
    let answer = post(&uri, &[("content-encoding", "gzip"), ("content-encoding", "zstd")], "{}").await;
    assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn only_the_token_lets_events_in() {
    let pipeline = Pipeline::answering(Code::Ok);
    let uri = source_with(&pipeline, &Budget::new(MIB), Some("s3cret"), Limits::default()).await;
    for shown in ["", "Bearer", "Bearer ", "Bearer wrong", "Bearer s3cre", "Bearer s3cretx", "Basic s3cret", "s3cret"] {
        let answer = post(&uri, &[("authorization", shown)], "{}").await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{shown}");
        assert_eq!(answer.headers[WWW_AUTHENTICATE], "Bearer");
        assert!(!answer.error.contains("s3cret"));
    }
    assert_eq!(post(&uri, &[], "").await.status, StatusCode::UNAUTHORIZED);
    assert!(pipeline.delivered().is_empty());
    for shown in ["Bearer s3cret", "bearer s3cret"] {
        assert_eq!(post(&uri, &[("authorization", shown)], "{}").await.status, StatusCode::OK, "{shown}");
    }
}

#[tokio::test]
async fn only_post_is_served() {
    let uri = source(&Pipeline::answering(Code::Ok)).await;
    for method in [Method::GET, Method::HEAD, Method::PUT, Method::DELETE, Method::OPTIONS] {
        let response = client().request(method.clone(), &uri).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{method}");
        assert_eq!(response.headers()[ALLOW], "POST");
    }
}

#[tokio::test]
async fn the_answer_says_whether_sending_again_may_help() {
    for code in (1..=16).map(Code::from) {
        let permanent = weir::delivery::is_permanent(&tonic::Status::new(code, ""));
        let expected = if permanent { StatusCode::BAD_REQUEST } else { StatusCode::SERVICE_UNAVAILABLE };
        let answer = post(&source(&Pipeline::answering(code)).await, &[], "{}").await;
        assert_eq!(answer.status, expected, "{code:?}");
        assert_eq!(answer.headers.contains_key(RETRY_AFTER), !permanent);
        assert_eq!(answer.error, "the events were not delivered: the disk is \"full\"");
    }
}

#[tokio::test]
async fn bodies_that_are_too_long_are_refused_before_they_take_memory() {
    let (pipeline, budget) = (Pipeline::answering(Code::Ok), Budget::new(256 * MIB));
    let limits = Limits { max_body: MIB, ..Limits::default() };
    let uri = source_with(&pipeline, &budget, None, limits).await;
    let (zeros, long) = (vec![b' '; 64 * MIB], vec![b' '; 8 * MIB]);
    for (encoding, body) in [
        ("identity", long.clone().into()),
        ("identity", reqwest::Body::wrap_stream(futures_util::stream::iter([Ok::<_, std::io::Error>(long)]))),
        ("gzip", gzip(&zeros).into()),
        ("zstd", zstd(&zeros).into()),
        ("gzip", gzip(&vec![b' '; MIB + 1]).into()),
    ] {
        let answer = post(&uri, &[("content-encoding", encoding)], body).await;
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE, "{encoding}");
        assert!(answer.error.contains("1048576 bytes"), "{}", answer.error);
    }
    for body in [vec![b'x'; MIB], gzip(&vec![b'x'; MIB])] {
        let encoding = if body.len() == MIB { "identity" } else { "gzip" };
        assert_eq!(post(&uri, &[("content-encoding", encoding)], body).await.status, StatusCode::OK);
    }
    until(|| pipeline.take().len() == 2).await;
    until(|| budget.reserved() == 0).await;
}

#[tokio::test]
async fn a_refusal_reaches_even_who_sends_everything_before_reading() {
    let limits = Limits { max_body: MIB, ..Limits::default() };
    let uri = source_with(&Pipeline::answering(Code::Ok), &Budget::new(MIB), None, limits).await;
    let head = format!("POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", 32 * MIB);
    let answer = speak(&uri, &(head + &"x".repeat(32 * MIB))).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[tokio::test]
async fn a_zstd_frame_may_not_ask_for_a_window_beyond_what_http_allows() {
    let pipeline = Pipeline::answering(Code::Ok);
    let uri = source(&pipeline).await;
    for (window_log, expected) in [(23, StatusCode::OK), (24, StatusCode::BAD_REQUEST)] {
        let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
        encoder.window_log(window_log).unwrap();
        std::io::Write::write_all(&mut encoder, b"{}\n".repeat(8 * MIB).as_slice()).unwrap();
        let answer = post(&uri, &[("content-encoding", "zstd")], encoder.finish().unwrap()).await;
        assert_eq!(answer.status, expected, "{}", answer.error);
    }
}

#[tokio::test]
async fn a_sender_that_stalls_is_cut_off() {
    let (pipeline, budget) = (Pipeline::answering(Code::Ok), Budget::new(256 * MIB));
    let limits = Limits { stall: Duration::from_millis(100), ..Limits::default() };
    let uri = source_with(&pipeline, &budget, None, limits).await;
    let started = Instant::now();
    let answer = speak(&uri, "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{}\n").await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(answer.contains("less than 256 KiB of the body came within 100ms"), "{answer}");
    assert!(started.elapsed() < Duration::from_secs(5));
    until(|| budget.reserved() == 0).await;
    assert!(pipeline.delivered().is_empty());
}

#[tokio::test]
async fn who_waits_for_a_go_ahead_is_refused_without_sending_the_body() {
    let uri = source(&Pipeline::answering(Code::Ok)).await;
    let request = format!(
        "POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: {}\r\n\r\n",
        Limits::default().max_body + 1
    );
    let answer = timeout(Duration::from_secs(5), speak(&uri, &request)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[tokio::test]
async fn requests_wait_for_memory_until_others_are_delivered() {
    let (pipeline, budget) = (Pipeline::blocked(), Budget::new(2 * MIB));
    let uri = source_with(&pipeline, &budget, None, Limits::default()).await;
    // Two are held, and four may wait.
    let posts: Vec<_> = (0..6)
        .map(|_| {
            let uri = uri.clone();
            tokio::spawn(async move { post(&uri, &[], vec![b'x'; MIB / 8 * 7 - (16 << 10)]).await.status })
        })
        .collect();
    until(|| pipeline.delivered().len() == 2).await;
    sleep(Duration::from_millis(100)).await;
    assert_eq!((pipeline.take().len(), budget.reserved() > MIB), (2, true), "the others wait");
    pipeline.unblock();
    for post in posts {
        assert_eq!(post.await.unwrap(), StatusCode::OK);
        pipeline.take();
    }
    until(|| budget.reserved() == 0).await;
}

#[tokio::test]
async fn who_waits_for_memory_keeps_nobody_from_the_end_who_came_before() {
    let lines = "{\"a\": \"as short as ordinary events ever are, in this form and in others\"}\n".repeat(10_000);
    let (pipeline, budget) = (Pipeline::answering(Code::Ok), Budget::new(lines.len() / 2 * 3));
    let uri = source_with(&pipeline, &budget, None, Limits::default()).await;
    let mut first = connect(&uri).await;
    let head = format!("POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", lines.len());
    first.write_all(head.as_bytes()).await.unwrap();
    until(|| budget.reserved() > 0).await;
    let second = tokio::spawn({
        let (uri, lines) = (uri.clone(), lines.clone());
        async move { post(&uri, &[], lines.into_bytes()).await.status }
    });
    sleep(Duration::from_millis(100)).await;
    first.write_all(lines.as_bytes()).await.unwrap();
    let mut answer = String::new();
    first.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    pipeline.take();
    assert_eq!(second.await.unwrap(), StatusCode::OK);
}

#[tokio::test]
async fn a_body_that_outgrows_its_guess_while_memory_is_short_is_to_come_again() {
    let (pipeline, budget) = (Pipeline::blocked(), Budget::new(2 * MIB));
    let uri = source_with(&pipeline, &budget, None, Limits::default()).await;
    let first = tokio::spawn({
        let uri = uri.clone();
        async move { post(&uri, &[], vec![b'x'; MIB]).await.status }
    });
    until(|| pipeline.delivered().len() == 1).await;
    let answer = post(&uri, &[("content-encoding", "gzip")], gzip(&vec![b'x'; 2 * MIB])).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.headers[RETRY_AFTER], "1");
    assert!(answer.error.contains("memory"), "{}", answer.error);
    pipeline.unblock();
    assert_eq!(first.await.unwrap(), StatusCode::OK);
}

#[tokio::test]
async fn memory_stays_reserved_for_as_long_as_the_pipeline_holds_the_bytes() {
    let (pipeline, budget) = (Pipeline::blocked(), Budget::new(4 * MIB));
    let uri = source_with(&pipeline, &budget, None, Limits::default()).await;
    let impatient = client().post(&uri).body(vec![b'x'; MIB - 100]).timeout(Duration::from_millis(200));
    assert!(impatient.send().await.unwrap_err().is_timeout());
    sleep(Duration::from_millis(100)).await;
    assert!(budget.reserved() >= MIB);
    pipeline.take();
    until(|| budget.reserved() == 0).await;
}
