//! What passes between sources that are asked and the pipeline: events one way, an answer the other.

use tonic::Status;

use crate::batch::Events;

/// Takes the events of one request.
pub trait Deliver: Clone + Send + Sync + 'static {
    /// Returns when the events have been delivered. An error says why not, in gRPC's vocabulary: the status of who
    /// refused them further down, else `UNAVAILABLE` or `INTERNAL`, upon which a sender tries again.
    fn deliver(&self, events: Events) -> impl Future<Output = Result<(), Status>> + Send;
}

/// Would sending the same events again be in vain? These are the statuses after which Vector's sink drops a batch (its
/// `src/sinks/vector/sink.rs`).
pub fn is_permanent(status: &Status) -> bool {
    use tonic::Code::*;
    matches!(
        status.code(),
        NotFound
            | InvalidArgument
            | AlreadyExists
            | PermissionDenied
            | OutOfRange
            | Unimplemented
            | Unauthenticated
            | DataLoss
    )
}
