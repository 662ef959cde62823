//! Pushes as they are on the wire, compressed or not; knows nothing of connections.

use std::io::{Read, Write};

use bytes::{Buf, Bytes};

use crate::Fallible;

/// How messages are compressed.
#[derive(Clone, Copy, PartialEq)]
pub enum Compression {
    None,
    Gzip,
    Zstd,
}

impl Compression {
    /// Its name in configs.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    /// Its name in `grpc-encoding`.
    pub fn encoding(self) -> &'static str {
        if self == Self::None { "identity" } else { self.name() }
    }

    fn compress(self, message: &[u8]) -> Fallible<Vec<u8>> {
        match self {
            Self::None => Ok(message.to_vec()),
            Self::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
                encoder.write_all(message)?;
                Ok(encoder.finish()?)
            }
            Self::Zstd => Ok(zstd::encode_all(message, zstd::DEFAULT_COMPRESSION_LEVEL)?),
        }
    }

    fn decompress(self, message: Bytes) -> Fallible<Bytes> {
        match self {
            Self::None => Ok(message),
            Self::Gzip => {
                let mut plain = Vec::new();
                flate2::bufread::GzDecoder::new(&*message).read_to_end(&mut plain)?;
                Ok(plain.into())
            }
            Self::Zstd => Ok(zstd::decode_all(&*message)?.into()),
        }
    }
}

/// The body of a request.
pub fn pack(message: &[u8], compression: Compression) -> Fallible<Bytes> {
    let compressed = compression.compress(message)?;
    let mut body = vec![u8::from(compression != Compression::None)];
    body.extend(u32::try_from(compressed.len())?.to_be_bytes());
    body.extend(compressed);
    Ok(body.into())
}

/// The message in the body of a request.
pub fn unpack(mut body: Bytes, compression: Compression) -> Fallible<Bytes> {
    let is_compressed = body.try_get_u8()? == 1;
    let length = body.try_get_u32()? as usize;
    if length != body.len() || is_compressed != (compression != Compression::None) {
        return Err("what came isn't one message, compressed as expected".into());
    }
    compression.decompress(body)
}
