//! `Server.Slack.ClientsOnline`: tells a Slack channel when clients of interest come online.
//!
//! A client's label is taken off only when its message was accepted. So whatever goes wrong, no message is lost: those that were accepted are
//! committed with the turn, the others wait for a later tick, which [`pause`] may put off.

mod answer;
mod message;
mod pause;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use watchbox_sdk::{
    Artifact, Failure, Rows, Tick,
    clients::{self, Client},
    clock,
    http::{self, Request},
    labels,
};

use answer::Answer;
use pause::Pause;

/// Seconds within which a client was last seen for it to count as online.
const ONLINE: f64 = 300.0;

/// The most messages of one tick: with more, a slow webhook would use up the turn's time. The others are told a tick later.
const MESSAGES: usize = 50;

/// How long Slack may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How much later than the turn's beginning, which is all the time that it is told, an answer is taken to have come, in seconds. Slack counts from
/// the answer on.
const ANSWERED_LATER: f64 = 1.0;

/// The parameters. The webhook's URL is a secret, and so not among them.
#[derive(Debug, Deserialize)]
struct Parameters {
    #[serde(rename = "LabelGroup")]
    label: String,
}

/// A row: a message that was accepted, or refused for good.
#[derive(Debug, Serialize)]
struct Told<'a> {
    client_id: &'a str,
    #[serde(rename = "Hostname")]
    hostname: &'a str,
    #[serde(rename = "LastSeen")]
    last_seen: f64,
    #[serde(rename = "Response")]
    response: Option<u16>,
    #[serde(rename = "Content")]
    content: &'a str,
}

/// The artifact.
#[derive(Debug)]
struct ClientsOnline {
    parameters: Parameters,
}

impl Artifact for ClientsOnline {
    type Parameters = Parameters;

    fn configure(parameters: Parameters) -> Result<Self, Failure> {
        if parameters.label.trim().is_empty() {
            return Err(Failure::reject(
                "LabelGroup is empty: give it the label of the clients to wait for",
            ));
        }
        Ok(Self { parameters })
    }

    fn tick(&mut self, _: Tick, rows: &mut Rows) -> Result<(), Failure> {
        let now = clock::now()?;
        let mut pause = Pause::load()?;
        if pause.lasts(now) {
            return Ok(());
        }
        let label = self.parameters.label.as_str();
        let online = clients::search(format!("label:{label}")).filter(|client| {
            client
                .as_ref()
                .map_or(true, |client| is_online(client, now))
        });
        for client in online.take(MESSAGES) {
            let client = client?;
            let told = |response, content: &str, rows: &mut Rows| {
                rows.push(&Told {
                    client_id: &client.id,
                    hostname: &client.hostname,
                    last_seen: client.last_seen,
                    response,
                    content,
                })
            };
            match post(&client, now) {
                Answer::Accepted { status, content } => {
                    told(Some(status), &content, rows)?;
                    match labels::remove(&client.id, &[label]) {
                        // A client that was deleted in the meantime has no label any more.
                        Ok(()) | Err(labels::Error::UnknownClient(_)) => pause.clear()?,
                        Err(error) => {
                            // It will be told of again, so not soon.
                            pause.longer_each_time(now)?;
                            watchbox_sdk::error!("{} keeps its label: {error}", client.id);
                            return Ok(());
                        }
                    }
                }
                Answer::Later { why, wait } => {
                    watchbox_sdk::warn!("{why}: it is tried again with a later tick");
                    return match wait {
                        Some(wait) => pause.for_as_long_as(now, wait + ANSWERED_LATER),
                        None => Ok(()),
                    };
                }
                Answer::Refused { status, content } => {
                    told(status, &content, rows)?;
                    let wait = pause.longer_each_time(now)?;
                    watchbox_sdk::error!(
                        "the message was refused: {content}; the next one is tried in {wait} s"
                    );
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

/// Whether a client was seen lately. One that was registered and never seen is not.
fn is_online(client: &Client, now: f64) -> bool {
    client.last_seen > 0.0 && now - client.last_seen < ONLINE
}

/// Posts the message of a client. It is named by the client alone: when a turn is done again, after a crash, the client may have been seen anew,
/// and must not be told of a second time.
fn post(client: &Client, now: f64) -> Answer {
    let outcome = Request::post(http::secret("token_url"))
        .json(&message::of(client, now))
        .timeout(TIMEOUT)
        .once(&client.id)
        .send();
    Answer::of(outcome)
}

watchbox_sdk::export!(ClientsOnline);

#[cfg(test)]
mod tests;
