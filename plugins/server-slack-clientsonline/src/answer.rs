//! What Slack's answer means.

use serde::Deserialize;
use watchbox_sdk::http::{Error, Response};

/// The wait where 429 comes without a number of seconds, which Slack always gives.
const WAIT: f64 = 60.0;

/// The longest wait that is believed: a day.
const LONGEST_WAIT: f64 = 86_400.0;

/// How much of an answer's text is kept.
const CONTENT: usize = 1_000;

/// What became of a message.
#[derive(Debug, PartialEq)]
pub(crate) enum Answer {
    /// It was accepted.
    Accepted {
        /// The status.
        status: u16,
        /// The answer's text.
        content: String,
    },
    /// Not now; not before so many seconds, where that was said.
    Later {
        /// Why.
        why: String,
        /// Seconds.
        wait: Option<f64>,
    },
    /// It was refused, and will be again until somebody changes something.
    Refused {
        /// The status; none where nothing was sent.
        status: Option<u16>,
        /// Why.
        content: String,
    },
}

/// The answer of `chat.postMessage` and its like, which is 200 for errors too.
#[derive(Deserialize)]
struct Outcome {
    ok: bool,
}

impl Answer {
    pub(crate) fn of(outcome: Result<Response, Error>) -> Self {
        match outcome {
            Ok(response) => Self::of_response(&response),
            Err(Error::Limited(milliseconds)) => Self::Later {
                why: "the grant's requests a minute are spent".into(),
                wait: Some(f64::from(milliseconds) / 1_000.0),
            },
            Err(error @ (Error::Unreachable(_) | Error::Timeout)) => Self::Later {
                why: error.to_string(),
                wait: None,
            },
            Err(error @ (Error::Denied(_) | Error::InvalidRequest(_) | Error::TooLarge(_))) => {
                Self::Refused {
                    status: None,
                    content: error.to_string(),
                }
            }
        }
    }

    fn of_response(response: &Response) -> Self {
        let status = response.status;
        let content: String = response.text().trim().chars().take(CONTENT).collect();
        let said_ok = || content == "ok" || response.json().is_ok_and(|Outcome { ok }| ok);
        match status {
            200 if said_ok() => Self::Accepted { status, content },
            429 => Self::Later {
                why: "Slack asks for patience (429)".into(),
                wait: Some(retry_after(response).unwrap_or(WAIT)),
            },
            408 | 425 | 500.. => Self::Later {
                why: format!("Slack is not well ({status} {content})"),
                wait: retry_after(response),
            },
            _ => Self::Refused {
                status: Some(status),
                content,
            },
        }
    }
}

/// The seconds that an answer asks to wait.
fn retry_after(response: &Response) -> Option<f64> {
    let seconds: f64 = response.header("retry-after")?.trim().parse().ok()?;
    // Also where it is no number: not a reason to send at once.
    let seconds = if seconds.is_nan() { WAIT } else { seconds };
    Some(seconds.clamp(1.0, LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str, retry_after: Option<&str>) -> Answer {
        let header = |value: &str| ("retry-after".to_owned(), value.to_owned());
        Answer::of(Ok(Response {
            status,
            headers: retry_after.map(header).into_iter().collect(),
            body: body.into(),
        }))
    }

    fn waits(answer: &Answer) -> Option<f64> {
        match answer {
            Answer::Later { wait, .. } => *wait,
            other => panic!("{other:?} does not wait"),
        }
    }

    #[test]
    fn accepted_is_only_ok() {
        for body in ["ok", "ok\n", r#"{"ok":true,"ts":"1"}"#] {
            assert!(
                matches!(answer(200, body, None), Answer::Accepted { .. }),
                "{body}"
            );
        }
        for (status, body) in [
            (200, ""),
            (200, "<html>sign in</html>"),
            (200, r#"{"ok":false,"error":"invalid_token"}"#),
            (302, "ok"),
            (400, "invalid_payload"),
            (403, "invalid_token"),
            (404, "no_service"),
            (410, "channel_is_archived"),
        ] {
            let refused = Answer::Refused {
                status: Some(status),
                content: body.into(),
            };
            assert_eq!(answer(status, body, None), refused);
        }
    }

    #[test]
    fn later_says_when() {
        assert_eq!(waits(&answer(429, "rate_limited", Some("30"))), Some(30.0));
        assert_eq!(waits(&answer(429, "", Some("soon"))), Some(WAIT));
        assert_eq!(waits(&answer(429, "", Some("1e99"))), Some(LONGEST_WAIT));
        assert_eq!(
            waits(&answer(429, "", Some("NaN"))).map(f64::is_nan),
            Some(false)
        );
        assert_eq!(waits(&answer(503, "", None)), None);
        assert_eq!(waits(&answer(503, "", Some("5"))), Some(5.0));
        assert_eq!(waits(&Answer::of(Err(Error::Limited(1_500)))), Some(1.5));
        assert_eq!(waits(&Answer::of(Err(Error::Timeout))), None);
    }

    #[test]
    fn what_was_not_sent_has_no_status() {
        let denied = Answer::of(Err(Error::Denied("grant `http`".into())));
        let Answer::Refused {
            status: None,
            content,
        } = denied
        else {
            panic!("{denied:?}")
        };
        assert!(content.contains("grant `http`"), "{content}");
    }
}
