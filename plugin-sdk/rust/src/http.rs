//! Sends HTTP requests. Needs the grant `http`.
//!
//! ```
//! # fn tick() -> Result<(), watchbox_sdk::Failure> {
//! use std::time::Duration;
//! use watchbox_sdk::http::{self, Request};
//!
//! let response = Request::post(http::secret("token_url"))
//!     .json(&serde_json::json!({"text": "Client C.1 has appeared online"}))
//!     .timeout(Duration::from_secs(10))
//!     .once("C.1")
//!     .send()?;
//! if response.status == 429 {
//!     watchbox_sdk::warn!("told to wait {:?} s", response.header("retry-after"));
//! }
//! # Ok(()) }
//! ```

mod request;
mod response;

pub use request::{Request, Text, secret, secret_after};
pub use response::Response;

/// Forgets what settled the request of this `once` name, so that the next call makes it again: in a further try of the turn, when its dead letter is
/// redriven, in the ticks that follow one that was set aside.
///
/// For an answer that somebody can mend the cause of, such as a 401 for a key that ran out: forget it, then return [`crate::Failure`]'s retry or
/// reject. What the other side did for the request it may then do twice.
pub fn forget(once: &str) {
    crate::host::forget(once);
}

/// Why there is no response.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No grant covers it. Nothing was sent. The text names the grant that would allow it.
    #[error("http: denied: {0}")]
    Denied(String),
    /// The request itself is wrong. Nothing was sent.
    #[error("http: no request: {0}")]
    InvalidRequest(String),
    /// Name resolution, connection, TLS or the exchange itself failed. Whether the other side acted on it is unknown.
    #[error("http: unreachable: {0}")]
    Unreachable(String),
    /// There was no full response in time. Whether the other side acted on it is unknown.
    #[error("http: no response in time")]
    Timeout,
    /// The response's body is larger than the limit, in bytes. The request was made.
    #[error("http: the response has more than the limit of {0} bytes")]
    TooLarge(u32),
    /// The grant's requests a minute are spent: in this many milliseconds there is room for one more. Nothing was sent.
    #[error("http: the requests a minute are spent, the next one may be sent in {0} ms")]
    Limited(u32),
}
