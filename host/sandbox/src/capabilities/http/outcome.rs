//! What came of a request, as the journal keeps it: what another try would not change.
//!
//! Not settled, and so sent again, are a request that got no answer, and the answers that ask for another try: 408, 425, 429 and every 5xx.

use std::fmt;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use watchbox_model::Digest;

use crate::bindings::watchbox::artifact::http::{Error, Request, Response, Text};

/// The request as the guest made it: a secret counts by its name, so that nothing of its value gets into the journal.
pub(super) fn digest(request: &Request) -> Digest {
    let mut sha = Sha256::new();
    // Each part with its length, so that no two requests run into the same bytes.
    let mut part = |bytes: &[u8]| {
        sha.update((bytes.len() as u64).to_le_bytes());
        sha.update(bytes);
    };
    let mut text = |text: &Text| match text {
        Text::Plain(text) => {
            part(b"plain");
            part(text.as_bytes());
        }
        Text::Secret(secret) => {
            part(b"secret");
            part(secret.parameter.as_bytes());
            part(secret.prefix.as_bytes());
        }
    };
    text(&Text::Plain(request.method.clone()));
    text(&request.url);
    for header in &request.headers {
        text(&Text::Plain(header.name.clone()));
        text(&header.value);
    }
    part(&request.body);
    for place in &request.body_secrets {
        part(&place.at.to_le_bytes());
        part(place.parameter.as_bytes());
    }
    Digest::of(&sha.finalize())
}

/// Whether another try would change nothing about an answer of this status.
pub(super) fn is_settled(status: u16) -> bool {
    !matches!(status, 408 | 425 | 429 | 500..=599)
}

/// What came of a request that was answered.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Outcome {
    Response {
        status: u16,
        headers: Vec<(String, String)>,
        body: Bytes,
    },
    TooLarge {
        status: u16,
        limit: u32,
    },
}

impl Outcome {
    pub(super) fn is_settled(&self) -> bool {
        match self {
            Self::Response { status, .. } | Self::TooLarge { status, .. } => is_settled(*status),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Response { status, .. } => write!(f, "status {status}"),
            Self::TooLarge { status, .. } => write!(f, "status {status}, too large"),
        }
    }
}

impl From<Outcome> for Result<Response, Error> {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Response {
                status,
                headers,
                body,
            } => Ok(Response {
                status,
                headers,
                body: body.into(),
            }),
            Outcome::TooLarge { limit, .. } => Err(Error::TooLarge(limit)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capabilities::effects::{decode, encode};

    #[test]
    fn what_asks_for_another_try_is_not_settled() {
        let open: Vec<u16> = (100..600).filter(|status| !is_settled(*status)).collect();
        assert_eq!(open[..3], [408, 425, 429]);
        assert_eq!(open[3..], (500..600).collect::<Vec<u16>>());
    }

    #[test]
    fn outcomes_survive_the_journal() {
        for outcome in [
            Outcome::Response {
                status: 200,
                headers: vec![("a".to_owned(), "b".to_owned())],
                body: Bytes::from_static(b"\xff\x00"),
            },
            Outcome::TooLarge {
                status: 200,
                limit: 7,
            },
        ] {
            assert_eq!(
                decode::<Outcome>(&encode(&outcome).unwrap()).unwrap(),
                outcome
            );
        }
        assert!(decode::<Outcome>(b"\xc1").is_err());
    }
}
