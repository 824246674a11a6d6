//! A request's body: received in pieces, decompressed in pieces, never larger than it may be.

use std::{
    io::{self, Read},
    time::Duration,
};

use axum::{
    body::Body,
    http::{HeaderMap, header},
};
use bytes::{Bytes, BytesMut};
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use futures::StreamExt as _;

use super::limits::{Full, Reservation};
use crate::api::problem::{Kind, Problem};

/// Decompression hands over pieces of this size.
const PIECE: usize = 64 << 10;

/// The largest window of zstd that is accepted, as a power of two: 8 MiB, what RFC 8878 asks decoders to support.
const ZSTD_WINDOW: u32 = 23;

/// How a body is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    /// It is not.
    Identity,
    /// gzip, one member or many.
    Gzip,
    /// Zstandard.
    Zstd,
    /// zlib (RFC 1950), as HTTP means it, or bare deflate (RFC 1951), as many send it.
    Deflate,
}

/// Why a body can't be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BodyError {
    /// It is too large, as sent or when decompressed.
    #[error("the body has more than {0} bytes, as sent or when decompressed; send it in parts")]
    TooLarge(usize),
    /// Its events are so many that their rows take too much.
    #[error("the rows of the body's events could take more than {0} bytes; send it in parts")]
    TooMany(usize),
    /// Too much is being worked on.
    #[error("too many bytes are being worked on; come again")]
    Busy,
    /// The sender fell silent.
    #[error("no byte of the body came for {} seconds", .0.as_secs())]
    Idle(Duration),
    /// The connection broke, or the body is not framed as it says.
    #[error("the body broke off: {0}")]
    Broken(String),
    /// It is not what `Content-Encoding` says.
    #[error("the body is no {0}, or cut short: {1}")]
    Malformed(&'static str, String),
}

impl From<Full> for BodyError {
    fn from(_: Full) -> Self {
        Self::Busy
    }
}

impl From<BodyError> for Problem {
    fn from(error: BodyError) -> Self {
        let kind = match error {
            BodyError::TooLarge(_) | BodyError::TooMany(_) => Kind::TooLarge,
            BodyError::Busy => Kind::Busy,
            BodyError::Idle(_) => Kind::Timeout,
            BodyError::Broken(_) | BodyError::Malformed(..) => Kind::BadRequest,
        };
        Self::new(kind, error.to_string())
    }
}

impl Coding {
    /// What `Content-Encoding` says.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let Some(said) = headers.get(header::CONTENT_ENCODING) else {
            return Ok(Self::Identity);
        };
        match said
            .to_str()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase()
            .as_str()
        {
            "" | "identity" => Ok(Self::Identity),
            "gzip" | "x-gzip" => Ok(Self::Gzip),
            "zstd" => Ok(Self::Zstd),
            "deflate" => Ok(Self::Deflate),
            _ => Err(Problem::new(
                Kind::UnsupportedMediaType,
                "this Content-Encoding is not known: use gzip, zstd, deflate or none",
            )),
        }
    }

    /// `body`, decompressed: at most `max` bytes, each reserved before it is kept.
    pub(super) fn decode(
        self,
        body: Bytes,
        max: usize,
        reservation: &mut Reservation,
    ) -> Result<Bytes, BodyError> {
        let compressed = body.as_ref();
        match self {
            _ if body.is_empty() => Ok(body),
            Self::Identity => Ok(body),
            Self::Gzip => collect("gzip", MultiGzDecoder::new(compressed), max, reservation),
            Self::Deflate if is_zlib(compressed) => {
                collect("deflate", ZlibDecoder::new(compressed), max, reservation)
            }
            Self::Deflate => collect("deflate", DeflateDecoder::new(compressed), max, reservation),
            Self::Zstd => {
                let malformed = |error: io::Error| BodyError::Malformed("zstd", error.to_string());
                let mut decoder =
                    zstd::stream::read::Decoder::with_buffer(compressed).map_err(malformed)?;
                decoder.window_log_max(ZSTD_WINDOW).map_err(malformed)?;
                collect("zstd", decoder, max, reservation)
            }
        }
    }
}

/// Whether `body` begins as zlib does: method 8, and a header whose check is right.
fn is_zlib(body: &[u8]) -> bool {
    match body {
        [method, flags, ..] => {
            method & 0x0f == 8 && u16::from_be_bytes([*method, *flags]).is_multiple_of(31)
        }
        _ => false,
    }
}

fn collect(
    name: &'static str,
    mut decoder: impl Read,
    max: usize,
    reservation: &mut Reservation,
) -> Result<Bytes, BodyError> {
    let mut decoded = Vec::new();
    let mut piece = vec![0; PIECE];
    loop {
        let read = match decoder.read(&mut piece) {
            Ok(0) => return Ok(decoded.into()),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(BodyError::Malformed(name, error.to_string())),
        };
        if decoded.len() + read > max {
            return Err(BodyError::TooLarge(max));
        }
        reservation.grow(read)?;
        decoded.extend_from_slice(&piece[..read]);
    }
}

/// Receives `body`: at most `max` bytes, each reserved before it is kept, none later than `idle` after the one before.
pub(super) async fn receive(
    body: Body,
    max: usize,
    idle: Duration,
    reservation: &mut Reservation,
) -> Result<Bytes, BodyError> {
    let mut pieces = body.into_data_stream();
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    while let Some(piece) = tokio::time::timeout(idle, pieces.next())
        .await
        .map_err(|_| BodyError::Idle(idle))?
    {
        let piece = piece.map_err(|error| BodyError::Broken(error.to_string()))?;
        if first.len() + all.len() + piece.len() > max {
            return Err(BodyError::TooLarge(max));
        }
        reservation.grow(piece.len())?;
        if first.is_empty() && all.is_empty() {
            // A body of one piece, as small ones are, is not copied.
            first = piece;
        } else {
            if all.is_empty() {
                all.extend_from_slice(&std::mem::take(&mut first));
            }
            all.extend_from_slice(&piece);
        }
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}

#[cfg(test)]
mod tests;
