//! Events that others post over HTTP; knows nothing of sockets, TLS or what becomes of the events.
//!
//! What shippers make of an answer, by default, is why there are so few: a 2xx is taken as delivered by all; Fluent Bit
//! tries again after anything but another 4xx than 408 and 429, Vector after 429 and 5xx other than 501, Logstash after
//! 429, 500, 502, 503 and 504. So whatever may get better is a 503, and whatever can't is a 4xx.

mod array;
mod body;
mod refusal;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::http::header::{AUTHORIZATION, CONTENT_ENCODING, EXPECT};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http_body_util::BodyExt;
use sha2::{Digest, Sha256};
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use self::body::{Encoding, Held};
use self::refusal::Refusal;
use super::budget::Budget;
use super::pace::STALL_LIMIT;
use crate::batch::{Batch, Events, is_blank};
use crate::delivery::Deliver;

/// The bearer token that requests must show; it changes when it is renewed.
pub type Token = watch::Receiver<String>;

/// What one sender may ask for.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of a body, once decompressed; at most [`Batch::MAX_BYTES`]. Default: 100 MiB.
    pub max_body: usize,
    /// Longest time for the next 256 KiB of a body, or its end. Default: 30 s.
    pub stall: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_body: 100 << 20, stall: STALL_LIMIT }
    }
}

/// Serves `POST` on every path. The body holds events, one a line, or as a single JSON array; any content type will do.
/// It may be compressed with gzip or zstd. With a `token`, only those who show it as their bearer token may send.
///
/// Answers 200 once the events have been delivered, else `{"error": "…"}` with one of these: 400 for a malformed body or
/// if the events were refused for good, 401, 405, 413, 415, and 503 if sending again may help.
pub fn app<D: Deliver>(deliver: D, budget: Budget, token: Option<Token>, limits: Limits) -> Router {
    let source = Arc::new(Source { deliver, budget, token, limits });
    Router::new().fallback(move |request| answer(source, request))
}

struct Source<D> {
    deliver: D,
    budget: Budget,
    token: Option<Token>,
    limits: Limits,
}

async fn answer<D: Deliver>(source: Arc<Source<D>>, request: Request) -> Response {
    let (head, mut body) = request.into_parts();
    match source.take(&head, &mut body).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(refusal) => {
            if !matches!(refusal, Refusal::Stalled(_)) && !head.headers.contains_key(EXPECT) {
                discard(&mut body, source.limits.stall).await;
            }
            refusal.into_response()
        }
    }
}

/// Lets the sender finish, within reason: closing a connection that it still writes to resets it, and the answer may be
/// lost with it.
async fn discard(body: &mut Body, time: Duration) {
    let rest = async { while let Some(Ok(_)) = body.frame().await {} };
    let _ = timeout(time, rest).await;
}

impl<D: Deliver> Source<D> {
    async fn take(&self, head: &Parts, body: &mut Body) -> Result<(), Refusal> {
        if head.method != Method::POST {
            return Err(Refusal::Method);
        }
        if !self.admits(&head.headers) {
            return Err(Refusal::Token);
        }
        let encoding = encoding(&head.headers)?;
        if body.is_end_stream() {
            return Ok(());
        }
        let held = body::read(body, encoding, &self.budget, self.limits).await?;
        let lines = lines(held).await?;
        if is_blank(&lines) {
            return Ok(());
        }
        self.deliver.deliver(Events::Lines(Batch::new(lines))).await.map_err(Refusal::Undelivered)
    }

    fn admits(&self, headers: &HeaderMap) -> bool {
        let Some(expected) = &self.token else { return true };
        let shown = headers.get(AUTHORIZATION).and_then(|value| value.as_bytes().split_at_checked("Bearer ".len()));
        // What is compared tells nothing of the token, however long comparing takes.
        let expected = Sha256::digest(expected.borrow().as_bytes());
        shown.is_some_and(|(scheme, token)| {
            scheme.eq_ignore_ascii_case(b"Bearer ") && Sha256::digest(token.trim_ascii()) == expected
        })
    }
}

fn encoding(headers: &HeaderMap) -> Result<Encoding, Refusal> {
    let named: Vec<&[u8]> = headers.get_all(CONTENT_ENCODING).iter().map(|value| value.as_bytes()).collect();
    let named = String::from_utf8_lossy(&named.join(&b", "[..])).trim().to_ascii_lowercase();
    match named.as_str() {
        "" | "identity" => Ok(Encoding::Identity),
        "gzip" | "x-gzip" => Ok(Encoding::Gzip),
        "zstd" => Ok(Encoding::Zstd),
        _ => Err(Refusal::Encoding(named)),
    }
}

/// The body's events, one a line, the last one ended as well. The memory stays reserved for as long as any of the bytes
/// are held.
async fn lines(mut held: Held) -> Result<Bytes, Refusal> {
    if held.bytes.trim_ascii_start().first() == Some(&b'[') {
        // An array of 100 MiB takes a fifth of a second, in which a thread of the runtime would serve nobody else.
        let split = move || array::into_lines(&mut held.bytes).map(|()| held).map_err(Refusal::Array);
        held = spawn_blocking(split).await.expect("splitting doesn't panic")?;
    }
    held.end_last_line()?;
    Ok(Bytes::from_owner(held))
}
