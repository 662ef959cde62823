//! A source or a sink as it was written, and which of its keys belong together.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;

use super::fault::Problem;
use super::network::{Bearer, ClientTls, Compression, Listen, Remote, ServerTls, default_timeout_secs};
use super::secret::Secret;
use super::{Sink, Source, value};

/// A source of whatever type. Flat, because serde forgets the places of the keys of an enum that is tagged by one of them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SourceKeys {
    r#type: Option<SourceType>,
    path: Option<PathBuf>,
    #[serde(default, deserialize_with = "value::address")]
    address: Option<SocketAddr>,
    #[serde(default, deserialize_with = "value::present")]
    tls: Option<ServerTls>,
    #[serde(default, deserialize_with = "value::present")]
    auth: Option<AuthKeys>,
    #[serde(default, deserialize_with = "value::some_within::<128, 65_536, _, _>")]
    in_flight_mib: Option<usize>,
    #[serde(default, deserialize_with = "value::some_within::<1, 65_536, _, _>")]
    max_connections: Option<usize>,
}

/// A sink of whatever type; flat, too.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SinkKeys {
    r#type: Option<SinkType>,
    path: Option<PathBuf>,
    #[serde(default, deserialize_with = "value::remote")]
    address: Option<String>,
    #[serde(default, deserialize_with = "value::uri")]
    uri: Option<String>,
    compression: Option<Compression>,
    #[serde(default, deserialize_with = "value::some_within::<1, 3600, _, _>")]
    timeout_secs: Option<u64>,
    #[serde(default, deserialize_with = "value::present")]
    tls: Option<ClientTls>,
    #[serde(default, deserialize_with = "value::present")]
    auth: Option<AuthKeys>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AuthKeys {
    #[serde(rename = "strategy")]
    _strategy: Strategy,
    token: Option<Secret>,
    token_file: Option<PathBuf>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SourceType {
    Stdin,
    File,
    Vector,
    Http,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SinkType {
    Stdout,
    File,
    Vector,
    Http,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Strategy {
    Bearer,
}

/// A key that not every type has.
struct Key {
    name: &'static str,
    is_written: bool,
    types: &'static [&'static str],
}

impl SourceKeys {
    pub(super) fn check(self) -> Result<Source, Problem> {
        let keys = self.keys();
        let Some(of_type) = self.r#type else {
            return Err(missing_type("source", &["stdin", "file", "vector", "http"], &keys));
        };
        refuse_strays("source", of_type.name(), &keys)?;
        match of_type {
            SourceType::Stdin => Ok(Source::Stdin),
            SourceType::File => match self.path {
                Some(path) => Ok(Source::File { path }),
                None => Err(missing_key("source", "file", "path", "FILE")),
            },
            SourceType::Vector => Ok(Source::Vector(self.listen(Listen::VECTOR)?)),
            SourceType::Http => Ok(Source::Http(self.listen(Listen::HTTP)?)),
        }
    }

    fn keys(&self) -> [Key; 6] {
        let key = |name, is_written, types| Key { name, is_written, types };
        [
            key("path", self.path.is_some(), &["file"]),
            key("address", self.address.is_some(), &["vector", "http"]),
            key("tls", self.tls.is_some(), &["vector", "http"]),
            key("auth", self.auth.is_some(), &["http"]),
            key("in_flight_mib", self.in_flight_mib.is_some(), &["vector", "http"]),
            key("max_connections", self.max_connections.is_some(), &["vector", "http"]),
        ]
    }

    fn listen(self, address: SocketAddr) -> Result<Listen, Problem> {
        let defaults = Listen::default();
        if let Some(ServerTls { ca_file: None, verify_certificate: true, .. }) = self.tls {
            return Err(Problem {
                places: vec![vec!["source", "tls", "verify_certificate"]],
                what: "`source.tls` verifies certificates, but has no `ca_file` that says who signs them".to_owned(),
                remedy: "add a line `ca_file: FILE`, or set `verify_certificate: false`".to_owned(),
            });
        }
        Ok(Listen {
            address: self.address.unwrap_or(address),
            tls: self.tls,
            auth: self.auth.map(|auth| auth.check("source")).transpose()?,
            in_flight_mib: self.in_flight_mib.unwrap_or(defaults.in_flight_mib),
            max_connections: self.max_connections.unwrap_or(defaults.max_connections),
        })
    }
}

impl SourceType {
    fn name(self) -> &'static str {
        match self {
            Self::Stdin => "stdin",
            Self::File => "file",
            Self::Vector => "vector",
            Self::Http => "http",
        }
    }
}

impl SinkKeys {
    /// Of the `section` with this name.
    pub(super) fn check(mut self, section: &'static str) -> Result<Sink, Problem> {
        let keys = self.keys();
        let Some(of_type) = self.r#type else {
            return Err(missing_type(section, &["stdout", "file", "vector", "http"], &keys));
        };
        refuse_strays(section, of_type.name(), &keys)?;
        match of_type {
            SinkType::Stdout => Ok(Sink::Stdout),
            SinkType::File => match self.path {
                Some(path) => Ok(Sink::File { path }),
                None => Err(missing_key(section, "file", "path", "FILE")),
            },
            SinkType::Vector => match self.address.take() {
                Some(address) => Ok(Sink::Vector(self.remote(section, "address", address)?)),
                None => Err(missing_key(section, "vector", "address", "HOST:PORT")),
            },
            SinkType::Http => match self.uri.take() {
                Some(uri) => Ok(Sink::Http(self.remote(section, "uri", uri)?)),
                None => Err(missing_key(section, "http", "uri", "URL")),
            },
        }
    }

    fn keys(&self) -> [Key; 7] {
        let key = |name, is_written, types| Key { name, is_written, types };
        [
            key("path", self.path.is_some(), &["file"]),
            key("address", self.address.is_some(), &["vector"]),
            key("uri", self.uri.is_some(), &["http"]),
            key("compression", self.compression.is_some(), &["vector", "http"]),
            key("timeout_secs", self.timeout_secs.is_some(), &["vector", "http"]),
            key("tls", self.tls.is_some(), &["vector", "http"]),
            key("auth", self.auth.is_some(), &["http"]),
        ]
    }

    fn remote(self, section: &'static str, key: &'static str, address: String) -> Result<Remote, Problem> {
        if self.tls.is_some() && address.starts_with("http://") {
            return Err(Problem {
                places: vec![vec![section, key]],
                what: format!("`{section}` has `tls`, but its `{key}` begins with `http://`"),
                remedy: "begin it with `https://`, or remove `tls`".to_owned(),
            });
        }
        if let Some(tls) = &self.tls {
            check_pair(section, tls)?;
            if key == "uri" && tls.server_name.is_some() {
                return Err(Problem {
                    places: vec![vec![section, "tls", "server_name"]],
                    what: format!("`{section}` is of type `http`, but `tls.server_name` is for type `vector`"),
                    remedy: "write that name in `uri`, or remove `server_name`".to_owned(),
                });
            }
        }
        Ok(Remote {
            address,
            compression: self.compression.unwrap_or_default(),
            timeout_secs: self.timeout_secs.unwrap_or_else(default_timeout_secs),
            tls: self.tls,
            auth: self.auth.map(|auth| auth.check(section)).transpose()?,
        })
    }
}

impl SinkType {
    fn name(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::File => "file",
            Self::Vector => "vector",
            Self::Http => "http",
        }
    }
}

impl AuthKeys {
    fn check(self, section: &'static str) -> Result<Bearer, Problem> {
        let refused = |place: &[&'static str], what, remedy: &str| Problem {
            places: vec![[&[section, "auth"], place].concat()],
            what,
            remedy: remedy.to_owned(),
        };
        match (&self.token, &self.token_file) {
            (None, None) => {
                let what = format!("`{section}.auth` has no `token`");
                Err(refused(&[], what, "add a line `token: TOKEN` or `token_file: FILE`"))
            }
            (Some(_), Some(_)) => {
                let what = format!("`{section}.auth` has both `token` and `token_file`");
                Err(refused(&["token_file"], what, "keep one of the two"))
            }
            _ => Ok(Bearer { token: self.token, token_file: self.token_file }),
        }
    }
}

/// A certificate is of no use without its key, nor a key without its certificate.
fn check_pair(section: &'static str, tls: &ClientTls) -> Result<(), Problem> {
    let (written, lacking) = match (&tls.crt_file, &tls.key_file) {
        (Some(_), None) => ("crt_file", "key_file"),
        (None, Some(_)) => ("key_file", "crt_file"),
        _ => return Ok(()),
    };
    Err(Problem {
        places: vec![vec![section, "tls", written]],
        what: format!("`{section}.tls` has a `{written}`, but no `{lacking}`"),
        remedy: format!("add a line `{lacking}: FILE`, or remove `{written}`"),
    })
}

fn refuse_strays(section: &'static str, of_type: &str, keys: &[Key]) -> Result<(), Problem> {
    let Some(Key { name, types, .. }) = keys.iter().find(|key| key.is_written && !key.types.contains(&of_type)) else {
        return Ok(());
    };
    let of_types = if types.len() == 1 { "type" } else { "types" };
    Err(Problem {
        places: vec![vec![section, name]],
        what: format!(
            "`{section}` is of type `{of_type}`, but `{name}` is for {of_types} {}",
            quoted("", types, "and")
        ),
        remedy: format!("write {}, or remove `{name}`", quoted("type: ", types, "or")),
    })
}

fn missing_key(section: &'static str, of_type: &str, key: &str, example: &str) -> Problem {
    Problem {
        places: vec![vec![section, "type"]],
        what: format!("`{section}` is of type `{of_type}`, but has no `{key}`"),
        remedy: format!("add a line `{key}: {example}`"),
    }
}

fn missing_type(section: &'static str, types: &[&str], keys: &[Key]) -> Problem {
    let written = keys.iter().filter(|key| key.is_written);
    Problem {
        places: written.map(|key| vec![section, key.name]).chain([vec![section]]).collect(),
        what: format!("`{section}` has no `type`"),
        remedy: format!("add a line {}", quoted("type: ", types, "or")),
    }
}

/// Such as `` `file`, `vector` or `http` ``.
fn quoted(before: &str, names: &[&str], conjunction: &str) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("`{before}{name}`")).collect();
    match &names[..] {
        [all @ .., last] if !all.is_empty() => format!("{} {conjunction} {last}", all.join(", ")),
        all => all.concat(),
    }
}
