//! What was read of a stream but not yet sent: finds the ends of lines, and knows nothing of where bytes come from.

use bytes::Bytes;
use tokio::sync::mpsc;

use super::lines::Cut;
use crate::batch::{Batch, Chunk, Events};

/// Bytes that are asked for at once at least: as many as a pipe holds.
const LEAST_READ: usize = 64 << 10;

/// Nobody takes chunks any more.
pub(super) struct Closed;

/// What was read but not yet sent.
pub(super) struct Cutter<'c> {
    cut: Cut,
    pub(super) buffer: Vec<u8>,
    /// No newline is in so much of `buffer`: a long event that comes in small reads isn't searched again and again.
    searched: usize,
    /// Does `buffer` continue an event whose beginning was sent as a piece?
    in_piece: bool,
    chunks: &'c mpsc::Sender<Chunk>,
}

impl<'c> Cutter<'c> {
    pub(super) fn new(cut: Cut, chunks: &'c mpsc::Sender<Chunk>) -> Self {
        Self { cut, buffer: Vec::new(), searched: 0, in_piece: false, chunks }
    }

    /// Sends all whole lines; of an event that is too long to be held, all that is here.
    pub(super) fn send_lines(&mut self) -> Result<(), Closed> {
        if self.in_piece {
            match memchr::memchr(b'\n', &self.buffer) {
                None => return self.send_piece(self.buffer.len()),
                Some(end) => {
                    self.send_piece(end + 1)?;
                    self.in_piece = false;
                }
            }
        }
        if let Some(end) = memchr::memrchr(b'\n', &self.buffer[self.searched..]) {
            let lines = self.take(self.searched + end + 1);
            self.send(Chunk::Events(Events::Lines(Batch::new(lines))))?;
        }
        if self.buffer.len() > self.cut.held_event_bytes {
            self.send_piece(self.buffer.len())?;
        }
        self.searched = self.buffer.len();
        Ok(())
    }

    /// Would a chunk be taken now?
    pub(super) fn can_send(&self) -> bool {
        self.chunks.capacity() > 0
    }

    /// Makes room in `buffer` for the next read.
    pub(super) fn reserve(&mut self) {
        if self.buffer.capacity() - self.buffer.len() >= LEAST_READ {
            return;
        }
        let batch_bytes = self.cut.batch_bytes;
        let room = batch_bytes.checked_sub(self.buffer.len()).unwrap_or(batch_bytes).max(LEAST_READ);
        // Exactly: else a long event would double the buffer, and be sent with as much of what follows it.
        self.buffer.reserve_exact(room);
    }

    /// Sends what is left, newline or not. Nobody may be there to take it: then the sink has failed and says so.
    pub(super) fn send_rest(&mut self) {
        if self.send_lines().is_ok() && !self.buffer.is_empty() {
            let rest = self.take(self.buffer.len());
            let _ = self.send(Chunk::Events(Events::Lines(Batch::new(rest))));
        }
    }

    fn send_piece(&mut self, len: usize) -> Result<(), Closed> {
        if len == 0 {
            return Ok(());
        }
        let first = !std::mem::replace(&mut self.in_piece, true);
        let bytes = self.take(len);
        self.send(Chunk::Piece { bytes, first })
    }

    /// Takes the first `len` bytes out of the buffer without copying them.
    fn take(&mut self, len: usize) -> Bytes {
        let mut rest = Vec::with_capacity(self.cut.batch_bytes + LEAST_READ);
        rest.extend_from_slice(&self.buffer[len..]);
        let mut taken = std::mem::replace(&mut self.buffer, rest);
        taken.truncate(len);
        Bytes::from(taken)
    }

    fn send(&self, chunk: Chunk) -> Result<(), Closed> {
        self.chunks.blocking_send(chunk).map_err(|_| Closed)
    }
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::{Duration, Instant};

    use proptest::prelude::*;

    use super::*;

    /// Takes all chunks of a reader or cutter that works on a thread of its own.
    fn collect(work: impl FnOnce(&mpsc::Sender<Chunk>) + Send) -> Vec<Chunk> {
        let (sender, mut chunks) = mpsc::channel(1);
        thread::scope(|scope| {
            scope.spawn(move || work(&sender));
            std::iter::from_fn(|| chunks.blocking_recv()).collect()
        })
    }

    /// What is sent if these bytes are read one after the other.
    fn cut(held_event_bytes: usize, reads: &[&[u8]]) -> Vec<Chunk> {
        let cut = Cut { batch_bytes: 1, held_event_bytes };
        collect(|chunks| {
            let mut cutter = Cutter::new(cut, chunks);
            for read in reads {
                cutter.buffer.extend_from_slice(read);
                assert!(cutter.send_lines().is_ok());
                assert!(cutter.buffer.len() <= held_event_bytes);
            }
            cutter.send_rest();
        })
    }

    /// `=` before whole events, `+` before the first piece of one, `-` before the others.
    fn show(chunks: &[Chunk]) -> Vec<String> {
        let show = |chunk: &Chunk| match chunk {
            Chunk::Events(events) => format!("={}", events.bytes().escape_ascii()),
            Chunk::Piece { bytes, first } => format!("{}{}", if *first { '+' } else { '-' }, bytes.escape_ascii()),
        };
        chunks.iter().map(show).collect()
    }

    #[test]
    fn whole_lines_are_sent_and_what_is_too_long_in_pieces() {
        for (reads, expected) in [
            (&[][..], &[][..]),
            (&["a"], &["=a"]),
            (&["a\n\nb\n"], &["=a\\n\\nb\\n"]),
            (&["a\nb", "c\nd", "e"], &["=a\\n", "=bc\\n", "=de"]),
            (&["abcd", "\n"], &["=abcd\\n"]),
            (&["abcde", "\n"], &["+abcde", "-\\n"]),
            (&["a\nbcdef", "gh", "i\nj\nk"], &["=a\\n", "+bcdef", "-gh", "-i\\n", "=j\\n", "=k"]),
            (&["abcde", "f\nabcde", "f"], &["+abcde", "-f\\n", "+abcde", "-f"]),
        ] {
            let reads: Vec<&[u8]> = reads.iter().map(|read| read.as_bytes()).collect();
            assert_eq!(show(&cut(4, &reads)), expected, "{reads:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_sent_once_in_order_and_only_long_events_in_pieces(
            reads in prop::collection::vec("[ab\n]{0,12}", 0..12),
            held in 1..12usize,
        ) {
            let reads: Vec<&[u8]> = reads.iter().map(|read| read.as_bytes()).collect();
            let (mut sent, mut piece_from) = (Vec::new(), None);
            for chunk in cut(held, &reads) {
                prop_assert!(piece_from.is_some() || sent.last().is_none_or(|last| *last == b'\n'));
                match chunk {
                    Chunk::Events(events) => {
                        prop_assert_eq!(piece_from, None);
                        sent.extend_from_slice(events.bytes());
                    }
                    Chunk::Piece { bytes, first } => {
                        prop_assert_eq!(first, piece_from.is_none());
                        let start = *piece_from.get_or_insert(sent.len());
                        sent.extend_from_slice(&bytes);
                        if sent.ends_with(b"\n") {
                            piece_from = None;
                        }
                        prop_assert!(sent.len() - start > held);
                        prop_assert!(!sent[start..sent.len() - 1].contains(&b'\n'));
                    }
                }
            }
            prop_assert_eq!(sent, reads.concat());
        }
    }

    #[test]
    fn a_long_event_that_comes_in_small_reads_is_searched_once() {
        let started = Instant::now();
        let chunks = cut(usize::MAX, &vec![&[b'a'; 256][..]; 32 << 10]);
        assert_eq!(chunks.len(), 1);
        // Searched again with each read, it would be 128 GiB.
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    }
}
