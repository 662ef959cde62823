//! Where events go. A sink takes them in one form, and answers when they are delivered.

mod compress;
mod http;
mod lines;
mod retry;
mod vector;

use bytes::Bytes;
use tonic::Status;
use weir_native::push::Push;

use crate::batch::Form;

pub use self::http::{HttpSink, HttpSinkError};
pub use self::lines::{LineSink, Mode, SinkError};
pub use self::retry::{Backoff, until_taken};
pub use self::vector::{OpenError, VectorSink};

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

    /// Does it go on as it is when a reload doesn't change how it is configured? A file may have been moved away, a host's
    /// certificate renewed.
    pub fn goes_on(&self) -> bool {
        matches!(self, Self::Lines(sink) if sink.is_in_place())
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
            Self::Vector(sink) => {
                for push in pushes(pieces) {
                    sink.send(push).await.map_err(SendError::Refused)?;
                }
                Ok(())
            }
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

/// Puts pieces, of which each holds whole events, into as few pushes as Vector takes. With tags they may be more than came.
fn pushes(pieces: Vec<Bytes>) -> Vec<Vec<Bytes>> {
    let mut pushes = vec![Vec::new()];
    let mut bytes = 0;
    for piece in pieces {
        if bytes > 0 && bytes + piece.len() > Push::MAX_BYTES {
            pushes.push(Vec::new());
            bytes = 0;
        }
        bytes += piece.len();
        pushes.last_mut().expect("there is always one").push(piece);
    }
    pushes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_cut_into_pushes_that_vector_takes() {
        const MIB: usize = 1 << 20;
        for (pieces, expected) in [
            (&[][..], &[0][..]),
            (&[100], &[100]),
            (&[60, 40], &[100]),
            (&[60, 41, 59, 1], &[60, 100, 1]),
            (&[101, 1], &[101, 1]),
        ] {
            let pieces = pieces.iter().map(|mib| Bytes::from(vec![0; mib * MIB])).collect();
            let sizes: Vec<usize> =
                pushes(pieces).iter().map(|push| push.iter().map(Bytes::len).sum::<usize>() / MIB).collect();
            assert_eq!(sizes, expected);
        }
    }
}
