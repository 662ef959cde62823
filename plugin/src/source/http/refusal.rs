//! Why a request isn't answered with 200, in words and as a status; knows nothing of how that was found out.

use std::io;
use std::time::Duration;

use axum::http::header::{ACCEPT_ENCODING, ALLOW, CONTENT_TYPE, HeaderName, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use tonic::Status;

use crate::delivery::is_permanent;

/// Why the events of a request weren't delivered.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    #[error("only POST is served here; send the events as its body")]
    Method,
    #[error("the bearer token is missing or wrong; send `authorization: Bearer` with the token of Weir's config")]
    Token,
    #[error("content encoding `{0}` isn't understood; use gzip, zstd or none")]
    Encoding(String),
    #[error("the body is longer than {0} bytes once decompressed; send fewer events at once")]
    TooLarge(usize),
    #[error("less than 256 KiB of the body came within {0:?}; send it again, faster")]
    Stalled(Duration),
    #[error("other requests take the memory now; send again in a moment")]
    Busy,
    #[error("the body broke off or can't be decompressed: {0}; nothing of it was delivered")]
    Body(io::Error),
    #[error("the JSON array is malformed: {0}; nothing of it was delivered")]
    Array(serde_json::Error),
    #[error("the events were not delivered: {}", .0.message())]
    Undelivered(Status),
}

impl Refusal {
    fn status(&self) -> StatusCode {
        match self {
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Token => StatusCode::UNAUTHORIZED,
            Self::Encoding(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Body(_) | Self::Array(_) => StatusCode::BAD_REQUEST,
            Self::Undelivered(status) if is_permanent(status) => StatusCode::BAD_REQUEST,
            // Not 408 for what stalls: Logstash and Vector would drop it.
            Self::Stalled(_) | Self::Busy | Self::Undelivered(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The header that tells a program what to do about it.
    fn remedy(&self) -> Option<(HeaderName, &'static str)> {
        match self.status() {
            StatusCode::METHOD_NOT_ALLOWED => Some((ALLOW, "POST")),
            StatusCode::UNAUTHORIZED => Some((WWW_AUTHENTICATE, "Bearer")),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Some((ACCEPT_ENCODING, "gzip, zstd")),
            StatusCode::SERVICE_UNAVAILABLE => Some((RETRY_AFTER, "1")),
            _ => None,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let error = json!({ "error": self.to_string() }).to_string();
        let mut response = (self.status(), [(CONTENT_TYPE, "application/json")], error).into_response();
        if let Some((name, value)) = self.remedy() {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        response
    }
}
