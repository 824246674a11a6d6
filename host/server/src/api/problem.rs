//! Problem documents (RFC 9457): the one form that every error of the API has.
//!
//! [`Kind`] is the list of what can go wrong. A handler gives back a [`Problem`]; [`complete`] adds the path, and makes
//! problems of what axum itself refuses.

use axum::{
    Json,
    body::Body,
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use watchbox_engine::EngineError;
use watchbox_store::StoreError;

pub use super::types::Problem;

/// The most bytes of a refusal's own text that become a problem's detail.
const MAX_DETAIL: usize = 4 << 10;

/// What can go wrong. The words are part of the API: they are frozen by a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The request can't be understood.
    BadRequest,
    /// No token, or one that is unknown or over.
    Unauthorized,
    /// The token does not allow it.
    Forbidden,
    /// A page of another site has asked for it.
    CrossSite,
    /// It is not there.
    NotFound,
    /// The path has no such method.
    MethodNotAllowed,
    /// The sender fell silent.
    Timeout,
    /// It is there already, or in use.
    Conflict,
    /// More than is allowed.
    TooLarge,
    /// A content type or an encoding that is not known.
    UnsupportedMediaType,
    /// The request is for another host.
    Misdirected,
    /// It was understood and is wrong.
    Invalid,
    /// Events were sent and none was accepted.
    NothingAccepted,
    /// The component can't be installed.
    Component,
    /// The trust policy does not let the component run.
    Untrusted,
    /// A parameter is wrong.
    Parameter,
    /// The grants are wrong.
    Grants,
    /// Too many requests without a valid token.
    TooManyLogins,
    /// Too much at once.
    Busy,
    /// The store can't be written to.
    StoreReadOnly,
    /// The server is stopping.
    Stopping,
    /// The server failed.
    Internal,
}

impl Kind {
    /// All there are.
    pub const ALL: [Self; 22] = [
        Self::BadRequest,
        Self::Unauthorized,
        Self::Forbidden,
        Self::CrossSite,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Timeout,
        Self::Conflict,
        Self::TooLarge,
        Self::UnsupportedMediaType,
        Self::Misdirected,
        Self::Invalid,
        Self::NothingAccepted,
        Self::Component,
        Self::Untrusted,
        Self::Parameter,
        Self::Grants,
        Self::TooManyLogins,
        Self::Busy,
        Self::StoreReadOnly,
        Self::Stopping,
        Self::Internal,
    ];

    /// The status, the word in the type's URI, and the title.
    fn parts(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::BadRequest => (StatusCode::BAD_REQUEST, "bad-request", "Bad request"),
            Self::Unauthorized => (
                StatusCode::UNAUTHORIZED,
                "unauthorized",
                "A token is needed",
            ),
            Self::Forbidden => (
                StatusCode::FORBIDDEN,
                "forbidden",
                "The token does not allow it",
            ),
            Self::CrossSite => (
                StatusCode::FORBIDDEN,
                "cross-site",
                "From a page of another site",
            ),
            Self::NotFound => (StatusCode::NOT_FOUND, "not-found", "Not found"),
            Self::MethodNotAllowed => (
                StatusCode::METHOD_NOT_ALLOWED,
                "method-not-allowed",
                "Method not allowed",
            ),
            Self::Timeout => (
                StatusCode::REQUEST_TIMEOUT,
                "timeout",
                "The sender fell silent",
            ),
            Self::Conflict => (StatusCode::CONFLICT, "conflict", "Conflict"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too-large", "Too large"),
            Self::UnsupportedMediaType => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported-media-type",
                "Unsupported media type",
            ),
            Self::Misdirected => (
                StatusCode::MISDIRECTED_REQUEST,
                "misdirected",
                "Not for this host",
            ),
            Self::Invalid => (StatusCode::UNPROCESSABLE_ENTITY, "invalid", "Invalid"),
            Self::NothingAccepted => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "nothing-accepted",
                "No event was accepted",
            ),
            Self::Component => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "invalid-component",
                "The component can't be installed",
            ),
            Self::Untrusted => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "untrusted-component",
                "The component is not trusted",
            ),
            Self::Parameter => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "invalid-parameter",
                "A parameter is wrong",
            ),
            Self::Grants => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "invalid-grants",
                "The grants are wrong",
            ),
            Self::TooManyLogins => (
                StatusCode::TOO_MANY_REQUESTS,
                "too-many-logins",
                "Too many requests without a valid token",
            ),
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, "busy", "Too much at once"),
            Self::StoreReadOnly => (
                StatusCode::SERVICE_UNAVAILABLE,
                "store-read-only",
                "The store can't be written to",
            ),
            Self::Stopping => (
                StatusCode::SERVICE_UNAVAILABLE,
                "stopping",
                "The server is stopping",
            ),
            Self::Internal => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "The server failed",
            ),
        }
    }

    /// The kind that a bare status stands for.
    fn of(status: StatusCode) -> Self {
        match status {
            StatusCode::UNAUTHORIZED => Self::Unauthorized,
            StatusCode::FORBIDDEN => Self::Forbidden,
            StatusCode::NOT_FOUND => Self::NotFound,
            StatusCode::METHOD_NOT_ALLOWED => Self::MethodNotAllowed,
            StatusCode::REQUEST_TIMEOUT => Self::Timeout,
            StatusCode::CONFLICT => Self::Conflict,
            StatusCode::PAYLOAD_TOO_LARGE => Self::TooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::UnsupportedMediaType,
            StatusCode::UNPROCESSABLE_ENTITY => Self::Invalid,
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => Self::Busy,
            status if status.is_client_error() => Self::BadRequest,
            _ => Self::Internal,
        }
    }
}

impl Problem {
    /// A problem of this kind.
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        let (status, word, title) = kind.parts();
        Self {
            kind: format!("urn:watchbox:problem:{word}"),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
            instance: None,
            ingested: None,
        }
    }

    /// That `what` is not there.
    pub fn missing(what: impl std::fmt::Display) -> Self {
        Self::new(Kind::NotFound, format!("there is no {what}"))
    }

    /// A failure of the server's own: what it was goes to the log, for it may tell of things that a reader should not know.
    pub fn internal(error: impl std::fmt::Display) -> Self {
        tracing::error!(%error, "a request failed");
        Self::new(Kind::Internal, "the server failed; its log says why")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(&self)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"watchbox\""),
            );
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let kind = match &error {
            StoreError::ReadOnly(_) => Kind::StoreReadOnly,
            StoreError::Busy(_) => Kind::Busy,
            StoreError::Missing(_) => Kind::NotFound,
            StoreError::Conflict(_) | StoreError::Moved { .. } => Kind::Conflict,
            StoreError::Corrupt { .. } | StoreError::Newer { .. } | StoreError::Other(_) => {
                return Self::internal(error);
            }
        };
        Self::new(kind, error.to_string())
    }
}

impl From<EngineError> for Problem {
    fn from(error: EngineError) -> Self {
        let kind = match error {
            EngineError::Load(_) | EngineError::Configure(_) | EngineError::Altered { .. } => {
                Kind::Component
            }
            EngineError::Untrusted(_) => Kind::Untrusted,
            EngineError::Parameter(_) => Kind::Parameter,
            EngineError::Grants(_) => Kind::Grants,
            EngineError::Cycle(_) | EngineError::Replay(_) | EngineError::Shadow => Kind::Invalid,
            EngineError::Busy(_) => Kind::Busy,
            EngineError::Exists(_)
            | EngineError::Artifact { .. }
            | EngineError::NotRunning(_)
            | EngineError::NothingPending(_)
            | EngineError::WaitsAndSwitches(_)
            | EngineError::OtherPending { .. }
            | EngineError::ChangedMeanwhile { .. }
            | EngineError::Redrive { .. }
            | EngineError::RowLog(_) => Kind::Conflict,
            EngineError::Widens { .. } => Kind::Forbidden,
            EngineError::Missing(_)
            | EngineError::NoLetter(_)
            | EngineError::NoComponent(_)
            | EngineError::NoVersion { .. }
            | EngineError::NoSecret { .. }
            | EngineError::NoShadow(_) => Kind::NotFound,
            EngineError::Stopping => Kind::Stopping,
            EngineError::Store(error) => return error.into(),
            EngineError::Key(_) | EngineError::NoRecord(_) | EngineError::Threads(_) => {
                return Self::internal(error);
            }
        };
        Self::new(kind, error.to_string())
    }
}

/// Adds the path to a problem, and makes a problem of an error that is none yet: what axum's router and extractors refuse.
pub async fn complete(request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let mut response = next.run(request).await;
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let mut problem = match response.extensions_mut().remove::<Problem>() {
        Some(problem) => problem,
        None => foreign(status, std::mem::take(response.body_mut())).await,
    };
    problem.instance = Some(path);
    let mut completed = problem.into_response();
    // What the refusal said in its headers (`Allow`, ...) stands; what it said of its own body does not.
    for (name, value) in response.headers() {
        if name != header::CONTENT_LENGTH {
            completed
                .headers_mut()
                .entry(name)
                .or_insert_with(|| value.clone());
        }
    }
    completed
}

async fn foreign(status: StatusCode, body: Body) -> Problem {
    let text = axum::body::to_bytes(body, MAX_DETAIL)
        .await
        .unwrap_or_default();
    let kind = Kind::of(status);
    let said = String::from_utf8_lossy(&text);
    let detail = match (kind, said.trim()) {
        (Kind::NotFound, "") => "there is nothing at this path",
        (Kind::MethodNotAllowed, "") => "this path has no such method; `Allow` lists those it has",
        (_, "") => status.canonical_reason().unwrap_or("refused"),
        (_, said) => said,
    };
    Problem {
        status: status.as_u16(),
        ..Problem::new(kind, detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kinds_are_what_they_were() {
        let mut listing = String::new();
        for kind in Kind::ALL {
            let (status, word, title) = kind.parts();
            listing.push_str(&format!("{} {word}: {title}\n", status.as_u16()));
        }
        insta::assert_snapshot!(listing, @r"
        400 bad-request: Bad request
        401 unauthorized: A token is needed
        403 forbidden: The token does not allow it
        403 cross-site: From a page of another site
        404 not-found: Not found
        405 method-not-allowed: Method not allowed
        408 timeout: The sender fell silent
        409 conflict: Conflict
        413 too-large: Too large
        415 unsupported-media-type: Unsupported media type
        421 misdirected: Not for this host
        422 invalid: Invalid
        422 nothing-accepted: No event was accepted
        422 invalid-component: The component can't be installed
        422 untrusted-component: The component is not trusted
        422 invalid-parameter: A parameter is wrong
        422 invalid-grants: The grants are wrong
        429 too-many-logins: Too many requests without a valid token
        503 busy: Too much at once
        503 store-read-only: The store can't be written to
        503 stopping: The server is stopping
        500 internal: The server failed
        ");
    }
}
