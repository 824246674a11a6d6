//! Why the server did not do what it was asked to.

use reqwest::{Response, Url};
use watchbox_server::api::types::Problem;

/// Why the server did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// No connection, or one that broke.
    #[error("the server at {server} can't be reached: {reason}{remedy}")]
    Unreachable {
        /// Where it should be.
        server: String,
        /// What happened.
        reason: String,
        /// What to do; on a line of its own.
        remedy: &'static str,
    },
    /// The server said no.
    #[error("{detail}{remedy}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// What the server says.
        detail: String,
        /// What to do, where that is known here; on a line of its own.
        remedy: &'static str,
    },
    /// What answered does not speak as a watchbox of this version does.
    #[error(
        "{server} answered what this watchbox can't read ({reason}): is it a watchbox of another version?"
    )]
    Answer {
        /// Who answered.
        server: String,
        /// What is wrong with the answer.
        reason: String,
    },
}

impl ApiError {
    /// That `error` came in the way of an answer of `server`.
    pub(super) fn unreachable(server: &Url, error: reqwest::Error) -> Self {
        // The URL would be said twice; and the innermost cause is the one that tells something.
        let error = error.without_url();
        let mut cause: &dyn std::error::Error = &error;
        while let Some(source) = cause.source() {
            cause = source;
        }
        let reason = cause.to_string();
        // The words of rustls.
        let remedy = if reason.contains("UnknownIssuer") {
            "\nits certificate is of a CA that is not known here: name that CA's certificate with --ca or WATCHBOX_CA"
        } else if reason.contains("peer certificate") {
            "\nwhat answers does not prove that it is the server"
        } else {
            "\nstart it with `watchbox serve`, or say where it is with --server or WATCHBOX_SERVER"
        };
        Self::Unreachable {
            server: server.to_string(),
            reason,
            remedy,
        }
    }

    /// What `response`, which is no success, says.
    pub(super) async fn refused(response: Response, with_token: bool) -> Self {
        let status = response.status();
        let remedy = match (status.as_u16(), with_token) {
            (401, false) => {
                "\ngive a token with --token-file, WATCHBOX_TOKEN_FILE or WATCHBOX_TOKEN: the server wrote its first one to `admin.token` in its data folder"
            }
            (401, true) => "\nthe token that was given is not, or no longer, one of this server's",
            (403, _) => "\nuse a token of another role: `watchbox token list` shows them",
            _ => "",
        };
        let body = response.bytes().await.unwrap_or_default();
        let detail = serde_json::from_slice::<Problem>(&body)
            .map(|problem| problem.detail)
            .ok()
            .filter(|detail| !detail.is_empty())
            .unwrap_or_else(|| format!("the server answered {status}"));
        Self::Refused {
            status: status.as_u16(),
            detail,
            remedy,
        }
    }
}
