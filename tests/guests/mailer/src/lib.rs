//! A guest for tests: mails what each event says, and emits a row with what came of it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use watchbox_sdk::{
    Artifact, Batch, Failure, Rows,
    mail::{self, Message},
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event {
    to: Vec<String>,
    subject: String,
    text: String,
    #[serde(default)]
    once: Option<String>,
    /// Whether the turn fails when it has sent.
    #[serde(default)]
    trap: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Row {
    subject: String,
    message_id: Option<String>,
    error: Option<String>,
}

/// The artifact takes none.
#[derive(Debug, Deserialize)]
pub struct Parameters {}

/// The artifact.
#[derive(Debug)]
pub struct Mailer;

impl Artifact for Mailer {
    type Parameters = Parameters;

    fn configure(_: Parameters) -> Result<Self, Failure> {
        Ok(Self)
    }

    fn events(&mut self, batch: &Batch<'_>, rows: &mut Rows) -> Result<(), Failure> {
        for event in batch.events::<Event>() {
            let event = event?;
            let message = Message {
                to: event.to,
                subject: event.subject.clone(),
                text: event.text,
                once: event.once,
            };
            let (message_id, error) = match message.send() {
                Ok(id) => (Some(id), None),
                Err(mail::Error::Unavailable(why)) => {
                    return Err(Failure::retry(why, Duration::ZERO));
                }
                Err(error) => (None, Some(error.to_string())),
            };
            assert!(!event.trap, "told to fail");
            rows.push(&Row {
                subject: event.subject,
                message_id,
                error,
            })?;
        }
        Ok(())
    }
}

watchbox_sdk::export!(Mailer);
