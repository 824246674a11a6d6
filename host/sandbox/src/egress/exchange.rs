//! One request and its answer: connected to where it was checked, in bounded time, its body cut off at the limit.

use std::{error::Error as _, time::Duration};

use bytes::{Bytes, BytesMut};
use watchbox_model::grants::HttpGrant;

use super::{Egress, Outgoing};

/// Why there is no answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The address behind the name is not to be reached. Nothing was sent.
    Denied(String),
    /// No connection, or it broke.
    Unreachable(String),
    /// Not in time.
    Timeout,
}

/// What a server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in lower case, values without secrets.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Body,
    /// Where a redirect leads, as the server said it. May hold a secret.
    pub(crate) location: Option<String>,
}

/// An answer's body.
#[derive(Debug)]
pub(crate) enum Body {
    /// All of it, without secrets.
    Whole(Bytes),
    /// More than is allowed.
    TooLarge,
    /// What came of it before it broke off.
    Broken(Bytes, Failure),
}

impl Egress {
    /// Sends `request`, which `grant` allows. The body is read up to `limit` bytes.
    pub(crate) async fn exchange(
        &self,
        request: &Outgoing,
        grant: &HttpGrant,
        limit: u64,
        timeout: Duration,
    ) -> Result<Answer, Failure> {
        if let Some(withheld) = self.withholds() {
            return Ok(withheld.exchange(request, limit));
        }
        let deadline = tokio::time::Instant::now() + timeout;
        let began = tokio::time::timeout_at(deadline, self.begin(request, grant)).await;
        let mut response = began.map_err(|_| Failure::Timeout)??;
        let text = |bytes: &[u8]| String::from_utf8_lossy(&request.scrub.bytes(bytes)).into_owned();
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), text(value.as_bytes())))
            .collect();
        let location = response.headers().get("location");
        let location = location
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        let status = response.status().as_u16();
        let body = tokio::time::timeout_at(deadline, read_body(&mut response, limit)).await;
        let body = match body {
            Ok((_, Err(TooLarge))) => Body::TooLarge,
            Ok((bytes, Ok(None))) => Body::Whole(clean(request, bytes)),
            Ok((bytes, Ok(Some(why)))) => {
                Body::Broken(clean(request, bytes), unreachable(request, why))
            }
            // What came is gone with the reading of it.
            Err(_) => Body::Broken(Bytes::new(), Failure::Timeout),
        };
        Ok(Answer {
            status,
            headers,
            body,
            location,
        })
    }

    async fn begin(
        &self,
        request: &Outgoing,
        grant: &HttpGrant,
    ) -> Result<reqwest::Response, Failure> {
        let addresses = self.addresses(&request.url, grant).await?;
        let client = self.clients.client(&request.url, addresses).await;
        let client = client.map_err(Failure::Unreachable)?;
        let sent = client
            .request(request.method.clone(), request.url.clone())
            .headers(request.header_map())
            .body(request.body.clone())
            .send()
            .await;
        sent.map_err(|why| unreachable(request, why))
    }
}

struct TooLarge;

/// The body, or what came of it before an error.
async fn read_body(
    response: &mut reqwest::Response,
    limit: u64,
) -> (Bytes, Result<Option<reqwest::Error>, TooLarge>) {
    if response
        .content_length()
        .is_some_and(|length| length > limit)
    {
        return (Bytes::new(), Err(TooLarge));
    }
    let mut body = BytesMut::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if (body.len() + chunk.len()) as u64 > limit => {
                return (Bytes::new(), Err(TooLarge));
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return (body.freeze(), Ok(None)),
            Err(why) => return (body.freeze(), Ok(Some(why))),
        }
    }
}

fn clean(request: &Outgoing, body: Bytes) -> Bytes {
    match request.scrub.bytes(&body) {
        std::borrow::Cow::Borrowed(_) => body,
        std::borrow::Cow::Owned(clean) => clean.into(),
    }
}

/// The whole story of an error, which reqwest tells in its sources, without the URL.
fn unreachable(request: &Outgoing, why: reqwest::Error) -> Failure {
    let why = why.without_url();
    let mut told = why.to_string();
    let mut source = why.source();
    while let Some(cause) = source {
        told = format!("{told}: {cause}");
        source = cause.source();
    }
    let told = format!("{}: {told}", request.place());
    Failure::Unreachable(crate::printable::line(
        &request.scrub.text(&told),
        crate::printable::TARGET,
    ))
}
