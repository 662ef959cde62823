//! Reads single values that have bounds or a form of their own; an error says what to write instead.

use std::fmt::{self, Formatter};
use std::net::SocketAddr;
use std::path::PathBuf;

use reqwest::Url;
use rustls::pki_types::ServerName;
use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};

use super::network::url_of;

/// A whole number from `MIN` to `MAX`.
struct Within<const MIN: u64, const MAX: u64>(u64);

impl<'de, const MIN: u64, const MAX: u64> Deserialize<'de> for Within<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(value: D) -> Result<Self, D::Error> {
        // Not `deserialize_u64`, whose error for text or a negative number wouldn't tell the bounds.
        value.deserialize_any(WithinVisitor::<MIN, MAX>)
    }
}

struct WithinVisitor<const MIN: u64, const MAX: u64>;

impl<const MIN: u64, const MAX: u64> Visitor<'_> for WithinVisitor<MIN, MAX> {
    type Value = Within<MIN, MAX>;

    fn expecting(&self, formatter: &mut Formatter) -> fmt::Result {
        write!(formatter, "a whole number from {MIN} to {MAX}")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        if (MIN..=MAX).contains(&number) {
            return Ok(Within(number));
        }
        Err(E::invalid_value(Unexpected::Unsigned(number), &self))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        let unsigned = u64::try_from(number).map_err(|_| E::invalid_value(Unexpected::Signed(number), &self))?;
        self.visit_u64(unsigned)
    }
}

/// Reads a whole number from `MIN` to `MAX`.
pub(super) fn within<'de, const MIN: u64, const MAX: u64, N, D>(value: D) -> Result<N, D::Error>
where
    N: TryFrom<u64, Error: fmt::Display>,
    D: Deserializer<'de>,
{
    let Within(number) = Within::<MIN, MAX>::deserialize(value)?;
    N::try_from(number).map_err(D::Error::custom)
}

/// Reads a whole number from `MIN` to `MAX`, or nothing.
pub(super) fn some_within<'de, const MIN: u64, const MAX: u64, N, D>(value: D) -> Result<Option<N>, D::Error>
where
    N: TryFrom<u64, Error: fmt::Display>,
    D: Deserializer<'de>,
{
    let number = Option::<Within<MIN, MAX>>::deserialize(value)?;
    number.map(|Within(number)| N::try_from(number)).transpose().map_err(D::Error::custom)
}

/// Reads a SHA-256 in hex, in lower case afterwards, or nothing.
pub(super) fn sha256<'de, D: Deserializer<'de>>(value: D) -> Result<Option<String>, D::Error> {
    let Some(hex) = Option::<String>::deserialize(value)? else {
        return Ok(None);
    };
    if hex.len() != 64 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(D::Error::custom("the 64 hex digits that `sha256sum` prints for the module"));
    }
    Ok(Some(hex.to_ascii_lowercase()))
}

/// Reads an IP address with a port, or nothing.
pub(super) fn address<'de, D: Deserializer<'de>>(value: D) -> Result<Option<SocketAddr>, D::Error> {
    let text = Option::<String>::deserialize(value)?;
    let address = text.map(|text| text.parse()).transpose();
    address.map_err(|_| D::Error::custom("an IP address and a port, such as `127.0.0.1:9598`"))
}

/// Reads a host with a port, with a scheme or without, or nothing.
pub(super) fn remote<'de, D: Deserializer<'de>>(value: D) -> Result<Option<String>, D::Error> {
    let Some(address) = Option::<String>::deserialize(value)? else {
        return Ok(None);
    };
    let authority = address.strip_prefix("http://").or_else(|| address.strip_prefix("https://")).unwrap_or(&address);
    // A URL doesn't tell whether its scheme's own port was written.
    let port = authority.trim_end_matches('/').rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
    let is_bare = |url: &Url| url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    match url_of(&address) {
        Some(url) if !authority.contains("://") && port.is_some() && is_bare(&url) && !has_user(&url) => {
            Ok(Some(address))
        }
        _ => Err(D::Error::custom("a host and a port, such as `vector.example:6000` or `https://vector.example:6000`")),
    }
}

/// Reads a URL, or nothing.
pub(super) fn uri<'de, D: Deserializer<'de>>(value: D) -> Result<Option<String>, D::Error> {
    let Some(uri) = Option::<String>::deserialize(value)? else {
        return Ok(None);
    };
    match url_of(&uri) {
        Some(url) if has_user(&url) => Err(D::Error::custom("it without user and password; a token goes into `auth`")),
        Some(_) if uri.starts_with("http://") || uri.starts_with("https://") => Ok(Some(uri)),
        _ => Err(D::Error::custom("a URL, such as `https://logs.example/events`")),
    }
}

fn has_user(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

/// Reads the name that a certificate must have, or nothing.
pub(super) fn server_name<'de, D: Deserializer<'de>>(value: D) -> Result<Option<String>, D::Error> {
    let name = Option::<String>::deserialize(value)?;
    match name.as_ref().map(|name| ServerName::try_from(name.as_str())) {
        Some(Err(_)) => Err(D::Error::custom("a host name or an IP address, such as `vector.example`")),
        _ => Ok(name),
    }
}

/// Reads a list of paths that isn't empty.
pub(super) fn paths<'de, D: Deserializer<'de>>(value: D) -> Result<Vec<PathBuf>, D::Error> {
    let paths = Vec::<PathBuf>::deserialize(value)?;
    if paths.is_empty() {
        return Err(D::Error::invalid_length(0, &"at least one path, or remove the key"));
    }
    Ok(paths)
}

/// Reads a mapping that has a meaning by being there: not nothing.
pub(super) fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(value: D) -> Result<Option<T>, D::Error> {
    T::deserialize(value).map(Some)
}
