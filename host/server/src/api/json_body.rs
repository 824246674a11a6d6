//! The extractor of JSON bodies. Its errors never quote what was sent, for a secret may have been put in the wrong place.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::header,
};
use serde::de::DeserializeOwned;

use super::problem::{Kind, Problem};

/// A body of JSON.
#[derive(Clone, Debug)]
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let said = request.headers().get(header::CONTENT_TYPE);
        let said = said.and_then(|said| said.to_str().ok()).unwrap_or_default();
        let kind = said.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/json") {
            return Err(Problem::new(
                Kind::UnsupportedMediaType,
                "send the body as application/json",
            ));
        }
        let body = Bytes::from_request(request, state)
            .await
            .map_err(|refused| Problem {
                status: refused.status().as_u16(),
                ..Problem::new(Kind::TooLarge, refused.body_text())
            })?;
        serde_json::from_slice(&body)
            .map(Self)
            .map_err(|error| Problem::new(Kind::BadRequest, describe(&error)))
    }
}

/// What is wrong with a body. serde quotes strings that have the wrong place: those quotes are taken out.
fn describe(error: &serde_json::Error) -> String {
    let said = error.to_string();
    let quoted = said
        .find("string \"")
        .zip(said.rfind("\", expected"))
        .map(|(from, to)| (from + "string".len(), to + 1));
    match quoted {
        Some((from, to)) if from < to => format!("{}{}", &said[..from], &said[to..]),
        _ => said,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::types::InstallRequest;

    fn error(text: &str) -> String {
        describe(&serde_json::from_str::<InstallRequest>(text).unwrap_err())
    }

    #[test]
    fn an_error_never_quotes_what_was_sent() {
        for text in [
            r#""hunter2""#,
            r#"{"secrets": "hunter2"}"#,
            r#"{"secrets": {"url": 1, "x": "hunter2"}}"#,
            r#"{"parameters": "hunter2\", expected x"}"#,
            r#"{"enabled": "hunter2"}"#,
        ] {
            assert!(!error(text).contains("hunter2"), "{}", error(text));
        }
    }

    #[test]
    fn an_error_says_what_is_wanted_and_where() {
        insta::assert_snapshot!(error(r#"{"enabled": "yes"}"#), @"invalid type: string, expected a boolean at line 1 column 17");
        insta::assert_snapshot!(error(r#"{"secretss": {}}"#), @"unknown field `secretss`, expected one of `digest`, `parameters`, `secrets`, `grants`, `start`, `enabled` at line 1 column 11");
    }
}
