//! Reads single values that have bounds or a form of their own; an error says what to write instead.

use std::fmt::{self, Formatter};
use std::net::SocketAddr;

use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};

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
