//! What can be known of a file or an address without using it: creates and empties no file, and connects to nobody. An
//! error ends with its remedy.

use std::net::SocketAddr;
use std::path::Path;
use std::{fs, io};

use rustix::fs::{Access, access};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpSocket;
use weir::config::is_token;

/// Not by opening it: that would wait if it is a pipe.
pub(super) fn can_read(path: &Path) -> Result<(), String> {
    let readable = refuse_folder(path).and_then(|()| Ok(access(path, Access::READ_OK)?));
    readable.map_err(|error| unreadable(path, &error))
}

/// Can it be written, or made, while this file is read?
pub(super) fn can_write(path: &Path, read: Option<&Path>) -> Result<(), String> {
    let writable = match refuse_folder(path) {
        Ok(()) => access(path, Access::WRITE_OK).map_err(io::Error::from),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            takes_files(folder.unwrap_or(Path::new(".")))
        }
        Err(error) => Err(error),
    };
    writable.map_err(|error| unwritable(path, &error))?;
    let is_read =
        |read| matches!((fs::canonicalize(path), fs::canonicalize(read)), (Ok(a), Ok(b)) if a == b && a.is_file());
    if read.is_some_and(is_read) {
        return Err(format!("`{}` is also the input; choose another file for the output", path.display()));
    }
    Ok(())
}

/// Is it a folder that takes files, or can it be made?
pub(super) fn can_create(folder: &Path) -> Result<(), String> {
    let existing = folder.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("."));
    takes_files(existing).map_err(|error| unwritable(folder, &error))
}

pub(super) fn holds_certificates(path: &Path) -> Result<(), String> {
    let certificates = |bytes: &[u8]| {
        let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(bytes).collect();
        found.is_ok_and(|found| !found.is_empty())
    };
    holds(path, certificates, "certificates in PEM, which begin with `-----BEGIN CERTIFICATE-----`")
}

pub(super) fn holds_private_key(path: &Path) -> Result<(), String> {
    let key = |bytes: &[u8]| PrivateKeyDer::from_pem_slice(bytes).is_ok();
    holds(path, key, "a private key in PEM, which begins with `-----BEGIN PRIVATE KEY-----`")
}

pub(super) fn holds_token(path: &Path) -> Result<(), String> {
    let token = |bytes: &[u8]| str::from_utf8(bytes).is_ok_and(|text| is_token(text.trim()));
    holds(path, token, "the token in visible ASCII characters without spaces, and nothing else")
}

/// Is the address one of this machine that may be listened at? If so, is it free? Nobody can connect to the check, for
/// it doesn't listen.
pub(super) fn can_listen(address: SocketAddr) -> Result<bool, String> {
    let taken = |remedy| move |error| format!("cannot listen at {address}: {error}; {remedy}");
    bind(SocketAddr::new(address.ip(), 0)).map_err(taken("write an IP address of this machine"))?;
    match bind(address) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Ok(false),
        bound => bound.map(|()| true).map_err(taken("choose another port")),
    }
}

fn bind(address: SocketAddr) -> io::Result<()> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // As servers do it: what remains of closed connections doesn't count.
    socket.set_reuseaddr(true)?;
    socket.bind(address)
}

fn holds(path: &Path, wanted: impl Fn(&[u8]) -> bool, its_name: &str) -> Result<(), String> {
    let bytes = refuse_folder(path).and_then(|()| fs::read(path)).map_err(|error| unreadable(path, &error))?;
    if wanted(&bytes) { Ok(()) } else { Err(format!("`{}` can't be used; it must hold {its_name}", path.display())) }
}

fn refuse_folder(path: &Path) -> io::Result<()> {
    if fs::metadata(path)?.is_dir() { Err(io::ErrorKind::IsADirectory.into()) } else { Ok(()) }
}

fn takes_files(folder: &Path) -> io::Result<()> {
    if !fs::metadata(folder)?.is_dir() {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    Ok(access(folder, Access::WRITE_OK | Access::EXEC_OK)?)
}

fn unreadable(path: &Path, error: &io::Error) -> String {
    format!("cannot read `{}`: {error}; check the path and its permissions", path.display())
}

fn unwritable(path: &Path, error: &io::Error) -> String {
    format!("cannot write `{}`: {error}; check the path and its permissions", path.display())
}
