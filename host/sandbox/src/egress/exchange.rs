//! One request and its answer: connected to where it was checked, in bounded time, its body cut off at the limit.

use std::{borrow::Cow, error::Error as _, time::Duration};

use bytes::{Bytes, BytesMut};
use reqwest::header::{
    CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, LOCATION,
};
use watchbox_model::grants::Reach;

use super::{Egress, Outgoing};

/// The most headers of an answer.
pub(super) const HEADERS: usize = 100;
/// The most bytes of them.
pub(super) const HEADER_BYTES: usize = 64 << 10;
/// The most bytes of a body that are cleaned of secrets in between.
const AT_ONCE: usize = 64 << 10;

/// Why there is no answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The address behind the name is not to be reached. Nothing was sent.
    Denied(String),
    /// No connection, or it broke.
    Unreachable(String),
    /// Not in time.
    Timeout,
    /// It comes too soon: there is room for it after this long. Nothing was sent.
    Limited(Duration),
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
    /// Compressed, so that it can't be cleaned of the secrets that went out. Nobody asked for that.
    Compressed,
    /// What came of it before it broke off.
    Broken(Bytes, Failure),
}

impl Egress {
    /// Sends `request`, which is allowed to reach as far as `reach` says. The body is read up to `limit` bytes.
    pub(crate) async fn exchange(
        &self,
        request: &Outgoing,
        reach: &Reach,
        limit: u64,
        timeout: Duration,
    ) -> Result<Answer, Failure> {
        if let Some(withheld) = self.withholds() {
            return withheld.exchange(request, limit);
        }
        let deadline = tokio::time::Instant::now() + timeout;
        let began = tokio::time::timeout_at(deadline, self.begin(request, reach)).await;
        let mut response = began.map_err(|_| Failure::Timeout)??;
        let headers = response.headers();
        let size = |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len();
        if headers.len() > HEADERS || headers.iter().map(size).sum::<usize>() > HEADER_BYTES {
            return Err(Failure::Unreachable(format!(
                "{}: its headers are more than {HEADERS}, or than {HEADER_BYTES} bytes",
                request.place()
            )));
        }
        let status = response.status().as_u16();
        let is_compressed = is_compressed(headers) && !request.scrub.is_empty();
        let location = headers.get(LOCATION);
        let location = location
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        let mut headers = clean_headers(request, headers);
        let body = tokio::time::timeout_at(deadline, read_body(&mut response, limit)).await;
        let body = match body {
            Ok((_, Err(TooLarge))) => Body::TooLarge,
            Ok((bytes, _)) if is_compressed && !bytes.is_empty() => Body::Compressed,
            Ok((bytes, Ok(None))) => Body::Whole(clean(request, bytes, &mut headers).await),
            Ok((bytes, Ok(Some(why)))) => Body::Broken(
                clean(request, bytes, &mut headers).await,
                unreachable(request, why),
            ),
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

    async fn begin(&self, request: &Outgoing, reach: &Reach) -> Result<reqwest::Response, Failure> {
        let addresses = self.addresses(&request.url, reach).await?;
        let client = self.clients.client(&request.url, addresses).await;
        let client = client.map_err(Failure::Unreachable)?;
        let sent = client
            .request(request.method.clone(), request.url.clone())
            .headers(request.header_map())
            .body(request.sent_body())
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

fn is_compressed(headers: &HeaderMap) -> bool {
    let plain = |value: &HeaderValue| {
        value.as_bytes().trim_ascii().is_empty()
            || value.as_bytes().eq_ignore_ascii_case(b"identity")
    };
    !headers.get_all(CONTENT_ENCODING).iter().all(plain)
}

/// The headers without secrets, neither in values nor in names.
fn clean_headers(request: &Outgoing, headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(&request.scrub.bytes(bytes)).into_owned();
    headers
        .iter()
        .map(|(name, value)| (text(name.as_str().as_bytes()), text(value.as_bytes())))
        .collect()
}

/// The body without secrets. What is said of its length is made to fit: the two together would tell how long a secret is.
async fn clean(request: &Outgoing, body: Bytes, headers: &mut [(String, String)]) -> Bytes {
    let clean = if body.len() > AT_ONCE && !request.scrub.is_empty() {
        let (scrub, body) = (request.scrub.clone(), body.clone());
        // Others wait for this thread. (It is not given up: it has no reason to panic.)
        let clean = tokio::task::spawn_blocking(move || scrub.bytes(&body).into_owned()).await;
        clean.unwrap_or_default()
    } else {
        match request.scrub.bytes(&body) {
            Cow::Borrowed(_) => return body,
            Cow::Owned(clean) => clean,
        }
    };
    for (name, value) in headers {
        if *name == CONTENT_LENGTH.as_str() {
            *value = clean.len().to_string();
        }
    }
    clean.into()
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
    // Where it leads to, the guest said itself.
    let told = format!("{}: {}", request.place(), request.scrub.text(&told));
    Failure::Unreachable(crate::printable::line(&told, crate::printable::TARGET))
}
