//! Where events go. A sink takes them in one form, and answers when they are delivered.

mod http;
mod lines;
mod retry;
mod vector;

use bytes::Bytes;
use tonic::Status;

use crate::batch::Form;

pub use self::http::{HttpSink, HttpSinkError};
pub use self::lines::{LineSink, Mode, SinkError};
pub use self::retry::{Backoff, until_taken};
pub use self::vector::{OpenError, VectorSink};

/// Generated events become as small as with 3, the default, in four fifths of the time.
const ZSTD_LEVEL: i32 = 1;

/// Any sink.
#[derive(Debug)]
pub enum Sink {
    /// Standard output or a file.
    Lines(LineSink),
    /// A `vector` source, or another Weir.
    Vector(VectorSink),
    /// A server that takes newline-delimited JSON.
    Http(HttpSink),
}

/// Why events weren't taken.
#[derive(Debug)]
pub enum SendError {
    /// The sink takes no more, and can't be mended while Weir runs.
    Broken(SinkError),
    /// They were refused further down, or nobody answered.
    Refused(Status),
}

impl Sink {
    /// The form that it takes.
    pub fn form(&self) -> Form {
        match self {
            Self::Lines(_) | Self::Http(_) => Form::Lines,
            Self::Vector(_) => Form::Native,
        }
    }

    /// Is it on this machine? Then it is one that goes on where it was, and is never opened anew.
    pub fn is_local(&self) -> bool {
        matches!(self, Self::Lines(_))
    }

    /// Does it take part of an event, and the rest later? Else an event that can't be held can't be sent.
    pub fn takes_pieces(&self) -> bool {
        matches!(self, Self::Lines(_))
    }

    /// Returns when all of `pieces`, events in the sink's form, are delivered.
    ///
    /// # Errors
    /// If they aren't; some of them may be all the same.
    pub async fn send(&self, pieces: Vec<Bytes>) -> Result<(), SendError> {
        match self {
            Self::Lines(sink) => sink.send(pieces).await.map_err(SendError::Broken),
            Self::Vector(sink) => sink.send(pieces).await.map_err(SendError::Refused),
            Self::Http(sink) => sink.send(pieces).await.map_err(SendError::Refused),
        }
    }

    /// Could it deliver now?
    ///
    /// # Errors
    /// If whoever takes its events can't be reached, or isn't well.
    pub async fn check(&self) -> Result<(), Status> {
        match self {
            Self::Lines(_) => Ok(()),
            Self::Vector(sink) => sink.check().await,
            Self::Http(sink) => sink.check().await,
        }
    }
}
