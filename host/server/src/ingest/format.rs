//! What a body holds: JSON or MessagePack.

use axum::http::{HeaderMap, header};
use watchbox_model::event::{EventBatch, EventContext, read_json, read_msgpack};

use crate::api::problem::{Kind, Problem};

/// What a body holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// JSON: an object, an array, NDJSON, or objects back to back.
    Json,
    /// MessagePack.
    Msgpack,
    /// Nothing was said: the first byte decides.
    Unsaid,
}

impl Format {
    /// What `Content-Type` says.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let Some(said) = headers.get(header::CONTENT_TYPE) else {
            return Ok(Self::Unsaid);
        };
        let said = said.to_str().unwrap_or("?").to_ascii_lowercase();
        let kind = said.split(';').next().unwrap_or_default().trim();
        match kind {
            "" => Ok(Self::Unsaid),
            "application/json" | "application/x-ndjson" | "application/ndjson" => Ok(Self::Json),
            "application/msgpack" | "application/x-msgpack" | "application/vnd.msgpack" => {
                Ok(Self::Msgpack)
            }
            _ => Err(Problem::new(
                Kind::UnsupportedMediaType,
                "this Content-Type is not known: use application/json, application/x-ndjson or application/msgpack, or leave it out",
            )),
        }
    }

    /// Reads the events of `body`.
    pub(crate) fn read(self, body: &[u8], context: &EventContext) -> EventBatch {
        match self {
            Self::Json => read_json(body, context),
            Self::Msgpack => read_msgpack(body, context),
            Self::Unsaid if is_msgpack(body) => read_msgpack(body, context),
            Self::Unsaid => read_json(body, context),
        }
    }
}

/// What an event takes in memory beside its own columns: `_ts`, `ClientId` and where it ends.
const EVENT: usize = 128;

/// The most bytes that the rows of `body` may take. A row has hardly more bytes than its event, but for what is added to each:
/// a body of empty events grows by that many times its size.
pub(super) fn rows_at_most(body: &[u8]) -> usize {
    // Each event begins with one of these: `{`, or a map of MessagePack. That other bytes look the same makes the figure larger, never smaller.
    let begins = |byte: &&u8| matches!(**byte, b'{' | 0x80..=0x8f | 0xde | 0xdf);
    let events = body.iter().filter(begins).count();
    body.len().saturating_add(events.saturating_mul(EVENT))
}

/// Whether `body` begins with a map or an array of MessagePack. No JSON text begins with one of these bytes, a byte order mark (0xef) neither.
fn is_msgpack(body: &[u8]) -> bool {
    matches!(body.first(), Some(0x80..=0x9f | 0xdc..=0xdf))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn format(said: &'static str) -> Option<Format> {
        let said = (header::CONTENT_TYPE, HeaderValue::from_static(said));
        Format::of(&HeaderMap::from_iter([said])).ok()
    }

    #[test]
    fn the_content_type_decides() {
        assert_eq!(
            format("application/json; charset=utf-8"),
            Some(Format::Json)
        );
        assert_eq!(format("Application/X-NDJSON"), Some(Format::Json));
        assert_eq!(format("application/vnd.msgpack"), Some(Format::Msgpack));
        assert_eq!(format("text/csv"), None);
        assert_eq!(format("application/x-www-form-urlencoded"), None);
        assert_eq!(Format::of(&HeaderMap::new()).unwrap(), Format::Unsaid);
    }

    #[test]
    fn rows_take_no_more_than_was_reserved() {
        let context = EventContext {
            client: Some("C.1".parse().unwrap()),
            at: watchbox_model::Time::from_seconds(1.0),
        };
        let lines = "{}\n".repeat(1_000);
        let maps = vec![0x80; 1_000];
        let wide = format!("{{\"a\":[{}]}}", "1,".repeat(1_000) + "1.5");
        for body in [lines.as_bytes(), &maps, wide.as_bytes()] {
            let batch = Format::Unsaid.read(body, &context);
            assert!(!batch.rows.is_empty());
            let taken = batch.rows.bytes() + batch.rows.len() * size_of::<u32>();
            assert!(taken <= rows_at_most(body), "{taken}");
        }
    }

    #[test]
    fn where_nothing_is_said_the_first_byte_does() {
        for body in [
            &b"{}"[..],
            b"[]",
            b" \n{}",
            b"\xef\xbb\xbf{}",
            b"",
            b"nonsense",
        ] {
            assert!(!is_msgpack(body), "{body:?}");
        }
        for body in [&[0x80][..], &[0x91], &[0xdc, 0, 1], &[0xdf, 0, 0, 0, 0]] {
            assert!(is_msgpack(body), "{body:?}");
        }
    }
}
