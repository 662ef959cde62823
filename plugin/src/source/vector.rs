//! Vector's native protocol, asked: a push is answered when its events have been delivered. Knows nothing of sockets.

mod message;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::post;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::HeaderMap;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use tonic::service::Routes;
use tonic::{Code, Status};
use tonic_health::ServingStatus;
use weir_native::push::Push;
use weir_native::wire::fields;

use self::message::Message;
use super::budget::{Budget, Busy};
use crate::batch::Events;
use crate::delivery::Deliver;

/// Serves Vector's `vector.Vector` and gRPC's `grpc.health.v1.Health`. All requests together hold no more than `budget`.
pub async fn router<D: Deliver>(deliver: D, budget: Budget) -> Router {
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter.set_service_status("vector.Vector", ServingStatus::Serving).await;
    let source = Source { deliver, budget };
    Routes::new(health)
        .into_axum_router()
        .route("/vector.Vector/PushEvents", post(push::<D>).with_state(source))
        .route("/vector.Vector/HealthCheck", post(async || done()))
}

#[derive(Clone)]
struct Source<D> {
    deliver: D,
    budget: Budget,
}

async fn push<D: Deliver>(State(source): State<Source<D>>, request: Request) -> Response {
    match source.take(request).await {
        Ok(()) => done(),
        Err(status) => status.into_http(),
    }
}

impl<D: Deliver> Source<D> {
    async fn take(&self, request: Request) -> Result<(), Status> {
        let Message { bytes, mut reservation } = Message::read(request, &self.budget).await?;
        // Small events by the million take more memory to find than they have themselves.
        if !reservation.try_grow(bytes.len() + fields(&bytes).count() * Push::BYTES_PER_EVENT) {
            return Err(Status::unavailable(Busy.to_string()));
        }
        // The same code as Vector's.
        let push = Push::new(reservation.keep_for(bytes));
        let push = push.map_err(|malformed| Status::internal(malformed.to_string()))?;
        self.deliver.deliver(Events::Native(push)).await
    }
}

/// An empty message, and OK. An empty `PushEventsResponse` is all there is, an empty `HealthCheckResponse` says `SERVING`.
fn done() -> Response {
    let mut trailers = HeaderMap::new();
    trailers.insert(Status::GRPC_STATUS, HeaderValue::from(Code::Ok as i32));
    let body = Full::new(Bytes::from_static(&[0; message::PREFIX])).with_trailers(async { Some(Ok(trailers)) });
    let mut response = Response::new(Body::new(body));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    response
}
