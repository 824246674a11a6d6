//! What the webhook's answer means.

use std::time::Duration;

use watchbox_sdk::{
    Failure,
    http::{Error, Response},
};

/// How much of an answer is told.
const TOLD: usize = 200;

/// How long to wait where the webhook does not say; the host waits longer with each try.
const PAUSE: f64 = 5.0;

/// How long at most, whatever it says.
const LONGEST_PAUSE: f64 = 3_600.0;

/// What became of a message, where that is settled.
#[derive(Debug, PartialEq)]
pub(crate) struct Answer {
    /// The status; none where nothing was sent, or what came is not known.
    pub(crate) status: Option<u16>,
    /// What was answered, or why nothing was sent.
    pub(crate) content: String,
}

impl Answer {
    /// Whether the body was too large for it.
    pub(crate) fn is_too_large(&self) -> bool {
        self.status == Some(413)
    }
}

/// Reads an outcome. The failure is that of a turn that is to be tried again: what was accepted in it is not sent a second time.
pub(crate) fn read(outcome: Result<Response, Error>) -> Result<Answer, Failure> {
    let seconds = |seconds: f64| Duration::from_secs_f64(seconds);
    match outcome {
        Ok(response) if matches!(response.status, 408 | 425 | 429 | 500..) => Err(Failure::retry(
            format!(
                "the webhook answers {} {}",
                response.status,
                told(&response)
            ),
            seconds(retry_after(&response).unwrap_or(PAUSE)),
        )),
        Ok(response) => Ok(Answer {
            status: Some(response.status),
            content: told(&response),
        }),
        Err(Error::Limited(milliseconds)) => Err(Failure::retry(
            Error::Limited(milliseconds).to_string(),
            Duration::from_millis(milliseconds.into()),
        )),
        // Also where it is not granted yet: nothing was sent, and nothing is lost.
        Err(error @ (Error::Unreachable(_) | Error::Timeout | Error::Denied(_))) => {
            Err(Failure::retry(error.to_string(), seconds(PAUSE)))
        }
        Err(error @ (Error::InvalidRequest(_) | Error::TooLarge(_))) => Ok(Answer {
            status: None,
            content: error.to_string(),
        }),
    }
}

fn told(response: &Response) -> String {
    response.text().trim().chars().take(TOLD).collect()
}

/// The seconds that an answer asks to wait.
fn retry_after(response: &Response) -> Option<f64> {
    let seconds: f64 = response.header("retry-after")?.trim().parse().ok()?;
    (!seconds.is_nan()).then(|| seconds.clamp(1.0, LONGEST_PAUSE))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: u16, retry_after: Option<&str>) -> Result<Answer, Failure> {
        let header = |value: &str| ("retry-after".to_owned(), value.to_owned());
        read(Ok(Response {
            status,
            headers: retry_after.map(header).into_iter().collect(),
            body: " said ".into(),
        }))
    }

    fn waits(outcome: Result<Answer, Failure>) -> f64 {
        match outcome {
            Err(Failure::Retry { after, .. }) => after.as_secs_f64(),
            other => panic!("{other:?} does not wait"),
        }
    }

    #[test]
    fn what_another_try_can_help_is_tried_again() {
        for status in [408, 425, 429, 500, 503, 599] {
            assert_eq!(waits(answered(status, None)), PAUSE);
        }
        assert_eq!(waits(answered(429, Some("30"))), 30.0);
        assert_eq!(waits(answered(503, Some("0"))), 1.0);
        assert_eq!(waits(answered(429, Some("1e99"))), LONGEST_PAUSE);
        for unread in ["soon", "NaN", ""] {
            assert_eq!(waits(answered(429, Some(unread))), PAUSE);
        }
        assert_eq!(waits(read(Err(Error::Limited(1_500)))), 1.5);
        for error in [
            Error::Timeout,
            Error::Unreachable("x".into()),
            Error::Denied("x".into()),
        ] {
            assert_eq!(waits(read(Err(error))), PAUSE);
        }
    }

    #[test]
    fn the_rest_is_settled() {
        for status in [200, 204, 302, 400, 401, 404, 410, 413] {
            let answer = answered(status, None).unwrap();
            assert_eq!(answer.status, Some(status));
            assert_eq!(answer.content, "said");
        }
        let answer = read(Err(Error::InvalidRequest("no URL".into()))).unwrap();
        assert_eq!(answer.status, None);
        assert!(answer.content.contains("no URL"));
    }
}
