//! Sends mail. Needs the grant `mail`. The relay and the sender are the server's; a message is plain text.
//!
//! ```
//! # fn tick() -> Result<(), watchbox_sdk::Failure> {
//! use std::time::Duration;
//! use watchbox_sdk::{Failure, mail::{self, Message}};
//!
//! match Message::to(["soc@example.org"]).subject("Encoded command on WS-1").text("whoami").once("C.1").send() {
//!     Err(mail::Error::Unavailable(why)) => return Err(Failure::retry(why, Duration::from_secs(60))),
//!     sent => watchbox_sdk::info!("sent as {}", sent?),
//! }
//! # Ok(()) }
//! ```

use crate::host;

/// Why a message was not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No grant covers a recipient. Nothing was sent. The text names the grant that would allow it.
    #[error("mail: denied: {0}")]
    Denied(String),
    /// The message itself is wrong. Nothing was sent.
    #[error("mail: no message: {0}")]
    InvalidMessage(String),
    /// The relay refused it, and always will.
    #[error("mail: refused: {0}")]
    Refused(String),
    /// It can't be sent just now: let the turn be tried again, with [`Failure::retry`](crate::Failure::retry).
    #[error("mail: unavailable: {0}")]
    Unavailable(String),
    /// The grant's mails an hour are spent: in this many milliseconds there is room for one more. Nothing was sent.
    #[error("mail: the mails an hour are spent, the next one may be sent in {0} ms")]
    Limited(u32),
}

/// A message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "a message does nothing until it is sent"]
pub struct Message {
    /// Who gets it: addresses, each of which must be granted.
    pub to: Vec<String>,
    /// The subject: one line.
    pub subject: String,
    /// The text.
    pub text: String,
    /// A name for this effect within its turn.
    pub once: Option<String>,
}

impl Message {
    /// A message to these addresses.
    pub fn to<T: Into<String>>(addresses: impl IntoIterator<Item = T>) -> Self {
        Self {
            to: addresses.into_iter().map(Into::into).collect(),
            ..Self::default()
        }
    }

    /// With this subject.
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = subject.into();
        self
    }

    /// With this text.
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.text = text.into();
        self
    }

    /// Named within its turn: if the turn is tried again, what was settled under this name is not sent again, even if the text now differs.
    pub fn once(mut self, name: impl Into<String>) -> Self {
        self.once = Some(name.into());
        self
    }

    /// Sends it and waits until the relay took it over. Gives its `Message-ID`.
    pub fn send(self) -> Result<String, Error> {
        host::mail(self)
    }
}
