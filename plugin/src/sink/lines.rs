//! A file descriptor, which takes events one a line. Writes what it is given, in order, and knows nothing else.

use std::fs::{File, Metadata};
use std::io::{self, IoSlice, Read, Seek, SeekFrom, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{FileType, fstat};
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;

/// Why writing ended early.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// The file couldn't be opened.
    #[error("cannot write `{}`: {source}; check the path and its permissions", path.display())]
    Open {
        /// As the user named it.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// It is the file that is being read: emptying it would lose the events, adding to it would never end.
    #[error("{name} is also the input; choose another file for the output")]
    IsInput {
        /// `stdout` or the file.
        name: String,
    },
    /// Standard output can't be used.
    #[error("cannot use stdout: {0}; is it open?")]
    Stdout(io::Error),
    /// Whoever read standard output has gone.
    #[error("{name} was closed by its reader; events that it didn't take are not delivered")]
    Closed {
        /// `stdout` or the file.
        name: String,
    },
    /// The system refused, for instance because the disk is full.
    #[error("writing {name} failed: {source}; the output ends where it failed, so run again with the same input")]
    Write {
        /// `stdout` or the file.
        name: String,
        /// The system's reason.
        source: io::Error,
    },
}

/// Newline-delimited events to a file, a pipe, a socket or a terminal.
#[derive(Debug)]
pub struct LineSink {
    name: String,
    /// Where it is, if it has a place.
    path: Option<PathBuf>,
    /// Which file that is.
    id: FileId,
    /// Locked while a batch is written: batches of several requests mustn't mix.
    output: Arc<Mutex<File>>,
}

/// Device and inode.
type FileId = (u64, u64);

/// What becomes of what a file holds already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It is replaced: the events can be read again.
    Replace,
    /// It stays: its events were acknowledged, so nobody else may have them.
    Append,
}

impl LineSink {
    /// Writes standard output.
    ///
    /// # Errors
    /// If the process is out of file descriptors, or the shell led it into `input`.
    pub fn stdout(input: Option<&impl AsFd>) -> Result<Self, SinkError> {
        let name = "stdout".to_owned();
        let output = File::from(io::stdout().as_fd().try_clone_to_owned().map_err(SinkError::Stdout)?);
        if same_file(&output, input).map_err(SinkError::Stdout)? {
            return Err(SinkError::IsInput { name });
        }
        let id = id(&output.metadata().map_err(SinkError::Stdout)?);
        Ok(Self { name, path: None, id, output: Arc::new(Mutex::new(output)) })
    }

    /// Writes a file, once it was [begun](Self::begin).
    ///
    /// # Errors
    /// If it can't be opened, or is the same as `input`.
    pub fn file(path: &Path, mode: Mode, input: Option<&impl AsFd>) -> Result<Self, SinkError> {
        let name = format!("`{}`", path.display());
        let refused = |source| SinkError::Open { path: path.to_owned(), source };
        let mut options = File::options();
        options.write(true).create(true);
        match mode {
            Mode::Replace => options.truncate(false),
            Mode::Append => options.append(true),
        };
        let output = options.open(path).map_err(refused)?;
        if same_file(&output, input).map_err(refused)? {
            return Err(SinkError::IsInput { name });
        }
        let id = id(&output.metadata().map_err(refused)?);
        Ok(Self { name, path: Some(path.to_owned()), id, output: Arc::new(Mutex::new(output)) })
    }

    /// Deals with what a file holds already; before that, nothing has been changed.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn begin(&self, mode: Mode) -> Result<(), SinkError> {
        let Some(path) = &self.path else { return Ok(()) };
        let mut output = self.output.try_lock().expect("nothing is written before it begins");
        begin(&mut output, path, mode).map_err(|source| SinkError::Open { path: path.clone(), source })
    }

    /// Is what it writes still what is at its path? A log's rotation moves it away.
    pub fn is_in_place(&self) -> bool {
        self.path.as_ref().is_none_or(|path| path.metadata().is_ok_and(|now| id(&now) == self.id))
    }

    /// Returns when the system has taken all of `batch`.
    ///
    /// # Errors
    /// If it didn't; then part of the batch may have been written.
    pub async fn send(&self, batch: Vec<Bytes>) -> Result<(), SinkError> {
        // Owned by the writing thread: who waits for it may give up, and the next batch must still come after this one.
        let output = Arc::clone(&self.output).lock_owned().await;
        let write = move || write_all(&mut &*output, &batch, || wait_for_room(&output));
        let written = spawn_blocking(write).await.expect("writing doesn't panic");
        written.map_err(|source| match source.kind() {
            io::ErrorKind::BrokenPipe => SinkError::Closed { name: self.name.clone() },
            _ => SinkError::Write { name: self.name.clone(), source },
        })
    }
}

fn begin(output: &mut File, path: &Path, mode: Mode) -> io::Result<()> {
    match mode {
        _ if !output.metadata()?.is_file() => Ok(()),
        Mode::Replace => output.set_len(0),
        Mode::Append => end_last_line(output, path),
    }
}

/// Keeps what a killed process left of an event from running into the next one.
fn end_last_line(output: &mut File, path: &Path) -> io::Result<()> {
    if output.metadata()?.len() == 0 {
        return Ok(());
    }
    let mut last = [0];
    // Not opened for reading with the other: whoever can read a pipe never learns that its reader has gone.
    let mut written = File::open(path)?;
    written.seek(SeekFrom::End(-1))?;
    written.read_exact(&mut last)?;
    if last == *b"\n" { Ok(()) } else { output.write_all(b"\n") }
}

fn id(file: &Metadata) -> FileId {
    (file.dev(), file.ino())
}

fn same_file(output: &File, input: Option<&impl AsFd>) -> io::Result<bool> {
    let Some(input) = input else { return Ok(false) };
    let (output, input) = (fstat(output)?, fstat(input)?);
    let regular = FileType::from_raw_mode(output.st_mode).is_file();
    Ok(regular && (output.st_dev, output.st_ino) == (input.st_dev, input.st_ino))
}

/// Writes everything; `wait` returns when there may be room again.
fn write_all(output: &mut impl Write, batch: &[Bytes], wait: impl Fn() -> io::Result<()>) -> io::Result<()> {
    // The system takes no more slices than this in one call.
    for slices in batch.chunks(1024) {
        let mut slices: Vec<IoSlice<'_>> = slices.iter().map(|bytes| IoSlice::new(bytes)).collect();
        let mut rest = slices.as_mut_slice();
        IoSlice::advance_slices(&mut rest, 0);
        while !rest.is_empty() {
            match output.write_vectored(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => IoSlice::advance_slices(&mut rest, written),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // Another process that has the same pipe or terminal may have made it non-blocking.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => wait()?,
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

fn wait_for_room(output: &File) -> io::Result<()> {
    match poll(&mut [PollFd::new(output, PollFlags::OUT)], None) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes a few bytes a call, and has no room or is interrupted in between.
    #[derive(Default)]
    struct Reluctant {
        taken: Vec<u8>,
        calls: usize,
    }

    impl Write for Reluctant {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.calls += 1;
            match self.calls % 4 {
                1 => return Err(io::ErrorKind::Interrupted.into()),
                3 => return Err(io::ErrorKind::WouldBlock.into()),
                _ => {}
            }
            let some = bytes.len().min(7);
            self.taken.extend_from_slice(&bytes[..some]);
            Ok(some)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_file_that_was_moved_away_is_noticed_even_while_it_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        let sink = LineSink::file(&path, Mode::Append, None::<&File>).unwrap();
        let _writing = sink.output.try_lock().unwrap();
        assert!(sink.is_in_place());
        std::fs::rename(&path, folder.path().join("out.1")).unwrap();
        assert!(!sink.is_in_place(), "there is none");
        File::create(&path).unwrap();
        assert!(!sink.is_in_place(), "there is another");
    }

    #[tokio::test]
    async fn a_pipe_without_a_reader_takes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        let reader = std::thread::spawn({
            let path = path.clone();
            move || File::open(path).unwrap()
        });
        let sink = LineSink::file(&path, Mode::Append, None::<&File>).unwrap();
        sink.begin(Mode::Append).unwrap();
        drop(reader.join().unwrap());
        let sent = sink.send(vec![Bytes::from_static(b"{}\n")]).await;
        assert!(matches!(sent, Err(SinkError::Closed { .. })), "{sent:?}");
    }

    #[test]
    fn everything_is_written_in_order_however_little_is_taken_at_once() {
        let batch: Vec<Bytes> = (0..3000).map(|n| Bytes::from("x".repeat(n % 20) + &n.to_string())).collect();
        let mut output = Reluctant::default();
        write_all(&mut output, &batch, || Ok(())).unwrap();
        assert!(output.taken == batch.concat());
    }
}
