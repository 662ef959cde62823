//! A file descriptor with one event a line. Reads, cuts into batches, and knows nothing else.

use std::fs::File;
use std::io::{self, PipeReader, PipeWriter};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::buffer::spare_capacity;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FileType, fstat};
use tokio::sync::mpsc;

use super::cutter::Cutter;
use crate::batch::Chunk;

/// How long a batch waits for more input when nobody could take it yet: a pipe that is written while it is read would
/// else make many small ones, and each costs an instance of the guest and a few switches of threads.
const LINGER: Timespec = Timespec { tv_sec: 0, tv_nsec: 1_000_000 };
const NOT_AT_ALL: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

/// Why reading ended early.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The file couldn't be opened.
    #[error("cannot read `{}`: {source}; check the path and its permissions", path.display())]
    Open {
        /// As the user named it.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// It could be opened, but no further be read.
    #[error("reading {name} failed: {source}; all events read before it were passed on")]
    Read {
        /// `stdin` or the file.
        name: String,
        /// The system's reason.
        source: io::Error,
    },
}

/// How a source cuts its stream.
#[derive(Clone, Copy, Debug)]
pub struct Cut {
    /// Send a batch when it has this many bytes, or when nothing more can be read at once.
    pub batch_bytes: usize,
    /// Hold no more than this of one event.
    pub held_event_bytes: usize,
}

/// Newline-delimited events from a file, a pipe, a socket or a terminal.
#[derive(Debug)]
pub struct LineSource {
    name: String,
    input: OwnedFd,
    /// Is what was read gone from the input? Then an unfinished line is passed on when reading is stopped.
    consumes: bool,
    wake: PipeReader,
}

/// Ends a source's reading, from any thread. Dropping it does so, too.
#[derive(Debug)]
pub struct Stop(#[expect(dead_code, reason = "closing it is what wakes the reader")] PipeWriter);

impl LineSource {
    /// Reads standard input.
    ///
    /// # Errors
    /// If the process is out of file descriptors.
    pub fn stdin() -> io::Result<(Self, Stop)> {
        Self::new("stdin".to_owned(), io::stdin().as_fd().try_clone_to_owned()?)
    }

    /// Reads a file to its end.
    ///
    /// # Errors
    /// If it can't be opened.
    pub fn file(path: &Path) -> Result<(Self, Stop), SourceError> {
        let open = |path: &Path| {
            let file = File::open(path)?;
            if file.metadata()?.is_dir() {
                return Err(io::ErrorKind::IsADirectory.into());
            }
            Self::new(format!("`{}`", path.display()), file.into())
        };
        open(path).map_err(|source| SourceError::Open { path: path.to_owned(), source })
    }

    fn new(name: String, input: OwnedFd) -> io::Result<(Self, Stop)> {
        let consumes = !FileType::from_raw_mode(fstat(&input)?.st_mode).is_file();
        let (wake, stop) = io::pipe()?;
        Ok((Self { name, input, consumes, wake }, Stop(stop)))
    }

    /// Reads until the input ends or is stopped, or nobody takes chunks any more. Blocks; order is kept.
    ///
    /// # Errors
    /// If the input can't be read; whatever was read before has been sent.
    pub fn read(self, cut: Cut, chunks: &mpsc::Sender<Chunk>) -> Result<(), SourceError> {
        let mut cutter = Cutter::new(cut, chunks);
        let mut is_ready = false;
        loop {
            let step = if is_ready { self.read_some(&mut cutter) } else { self.wait_and_read(&mut cutter) };
            match step.map_err(|source| SourceError::Read { name: self.name.clone(), source }) {
                Ok(Step::Read { more: true }) if cutter.buffer.len() < cut.batch_bytes => is_ready = true,
                Ok(Step::Read { .. }) => {
                    // Until the batch is taken, another reader of the same pipe may take what is ready.
                    is_ready = false;
                    if cutter.send_lines().is_err() {
                        return Ok(());
                    }
                }
                Ok(Step::Ended) => {
                    cutter.send_rest();
                    return Ok(());
                }
                Ok(Step::Stopped) => {
                    // An unfinished line of a file can be read again, one of a pipe is only here.
                    let sent = cutter.send_lines();
                    if self.consumes && sent.is_ok() {
                        cutter.send_rest();
                    }
                    return Ok(());
                }
                Err(error) => {
                    cutter.send_rest();
                    return Err(error);
                }
            }
        }
    }

    fn wait_and_read(&self, cutter: &mut Cutter<'_>) -> io::Result<Step> {
        if self.ready(None)? { self.read_some(cutter) } else { Ok(Step::Stopped) }
    }

    fn read_some(&self, cutter: &mut Cutter<'_>) -> io::Result<Step> {
        cutter.reserve();
        match retry(|| rustix::io::read(&self.input, spare_capacity(&mut cutter.buffer))) {
            Ok(0) => return Ok(Step::Ended),
            Ok(_) => {}
            // Another reader of the same pipe was faster, and has made it non-blocking.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        let patience = if cutter.can_send() { NOT_AT_ALL } else { LINGER };
        Ok(Step::Read { more: self.ready(Some(&patience))? })
    }

    /// Waits for input; false if none came in time or reading shall stop.
    fn ready(&self, timeout: Option<&Timespec>) -> io::Result<bool> {
        let mut fds = [PollFd::new(&self.input, PollFlags::IN), PollFd::new(&self.wake, PollFlags::IN)];
        retry(|| poll(&mut fds, timeout))?;
        Ok(!fds[0].revents().is_empty() && fds[1].revents().is_empty())
    }
}

impl AsFd for LineSource {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.input.as_fd()
    }
}

enum Step {
    /// Something was read, and more can be at once or not.
    Read {
        more: bool,
    },
    Ended,
    Stopped,
}

fn retry<T>(mut call: impl FnMut() -> rustix::io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(rustix::io::Errno::INTR) => {}
            answer => return Ok(answer?),
        }
    }
}
