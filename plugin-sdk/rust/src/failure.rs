//! Why a turn does not count.

use std::{error::Error, fmt, panic::Location, time::Duration};

/// Why a turn does not count. Nothing of it is kept but the outcomes of its http requests, which a further try is given again.
///
/// It is no [`Error`] itself, so that every error can become one by `?`: a [`Failure::Fault`] with the error's text, the texts of
/// what caused it, and the place of the `?`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Something outside was not ready: try this turn again.
    Retry {
        /// Why, for the operator.
        reason: String,
        /// Not before this long from now.
        after: Duration,
    },
    /// No further try can help: the trigger is set aside at once, a batch as a whole. The text says why, for the operator.
    Reject(String),
    /// The artifact failed on what it did not expect. Tried again, a batch in halves, until the event to blame stands alone.
    Fault(String),
}

impl Failure {
    /// Asks for another try, not before `after` from now.
    pub fn retry(reason: impl Into<String>, after: Duration) -> Self {
        let reason = reason.into();
        Self::Retry { reason, after }
    }

    /// Sets the trigger aside.
    pub fn reject(reason: impl Into<String>) -> Self {
        Self::Reject(reason.into())
    }

    /// Says that the artifact failed, and where: the caller's place is put before `text`.
    #[track_caller]
    pub fn fault(text: impl fmt::Display) -> Self {
        let place = Location::caller();
        Self::Fault(format!(
            "{}:{}:{}: {text}",
            place.file(),
            place.line(),
            place.column()
        ))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Retry { reason, after } => write!(f, "retry in {after:?}: {reason}"),
            Self::Reject(reason) => write!(f, "reject: {reason}"),
            Self::Fault(text) => write!(f, "fault: {text}"),
        }
    }
}

impl<E: Error> From<E> for Failure {
    #[track_caller]
    fn from(error: E) -> Self {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        Self::fault(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<u8, Failure> {
        Ok(text.parse::<u8>()?)
    }

    #[test]
    fn a_question_mark_keeps_text_and_place() {
        let Err(Failure::Fault(text)) = parse("x") else {
            panic!("a fault is wanted")
        };
        assert!(text.contains("failure.rs:"), "{text}");
        assert!(text.ends_with("invalid digit found in string"), "{text}");
    }

    #[test]
    fn causes_are_told() {
        #[derive(Debug, thiserror::Error)]
        #[error("the number is wrong")]
        struct Outer(#[source] std::num::ParseIntError);

        let outer = Outer("x".parse::<u8>().unwrap_err());
        let Failure::Fault(text) = outer.into() else {
            panic!("a fault is wanted")
        };
        assert!(
            text.ends_with("the number is wrong: invalid digit found in string"),
            "{text}"
        );
    }
}
