//! `watchbox dead-letters`: triggers that were set aside.

use reqwest::Method;
use watchbox_model::{LogKind, Time};
use watchbox_server::api::types::{DeadLetter, DeadLetterDetails, Trigger};

use crate::{
    api::{Api, LogQuery, Query, Range},
    args::{self, DeadLetterNumber, DeadLetterNumbers, DeadLettersCommand, DeadLettersList},
    output::{Details, Output, Table, ago, cut, stamp},
};

/// How much of an error fits a line of the list.
const ERROR: usize = 100;

/// How many messages are searched for those of a letter's turn, and how many of these are shown.
const MESSAGES_READ: u64 = 10_000;
const MESSAGES_SHOWN: usize = 20;

/// Does what was said with them.
pub async fn dead_letters(args: args::DeadLetters, output: &Output) -> anyhow::Result<()> {
    match args.command {
        DeadLettersCommand::List(args) => all(args, output).await,
        DeadLettersCommand::Show(args) => show(args, output).await,
        DeadLettersCommand::Redrive(DeadLetterNumbers { ids, connection }) => {
            let api = Api::new(&connection)?;
            for id in ids.iter().map(u64::to_string) {
                api.act(Method::POST, &["dead-letters", &id, "redrive"])
                    .await?;
                let done = format!("dead letter {id} was handled this time, and is gone");
                output.remark(&done);
            }
            Ok(())
        }
        DeadLettersCommand::Drop(DeadLetterNumbers { ids, connection }) => {
            let api = Api::new(&connection)?;
            for id in ids.iter().map(u64::to_string) {
                api.act(Method::DELETE, &["dead-letters", &id]).await?;
                output.remark(&format!("dead letter {id} is dropped"));
            }
            Ok(())
        }
    }
}

async fn all(args: DeadLettersList, output: &Output) -> anyhow::Result<()> {
    let api = Api::new(&args.connection)?;
    let query: Query = args
        .artifact
        .map(|artifact| ("installation", artifact.to_string()))
        .into_iter()
        .collect();
    let limit = usize::try_from(args.limit)?;
    let letters: Vec<DeadLetter> = api.list(&["dead-letters"], &query, "before", limit).await?;
    if output.json() {
        return Ok(output.document(&letters)?);
    }
    if letters.is_empty() {
        output.remark("there are no dead letters");
        return Ok(());
    }
    Ok(output.table(&list(&letters, Time::now()))?)
}

async fn show(args: DeadLetterNumber, output: &Output) -> anyhow::Result<()> {
    let api = Api::new(&args.connection)?;
    let path = ["dead-letters", &args.id.to_string()];
    let details: DeadLetterDetails = api.get(&path, &Query::new()).await?;
    if output.json() {
        return Ok(output.document(&details)?);
    }
    let DeadLetterDetails { letter, sent } = details;
    let said = said(&api, &letter).await?;
    let mut details = Details::new();
    details
        .line("Number", letter.id)
        .line("Installed as", letter.installation.as_str())
        .line("Digest", letter.digest.to_string())
        .line("Turn", letter.turn.as_str())
        .line("Trigger", trigger(&letter.trigger))
        .line("Begun", stamp(letter.now.0))
        .line("Tries", u64::from(letter.tries))
        .line("Set aside", stamp(letter.at.0))
        .line("Error", letter.error.as_str())
        .lines("Sent", sent)
        .lines("Said", said);
    Ok(output.text(&details.render(output.look()))?)
}

/// The last that was said in its turn, and of it.
async fn said(api: &Api, letter: &DeadLetter) -> anyhow::Result<Vec<String>> {
    // Messages are kept with the moment at which their try ended.
    let until = Time::from_micros(letter.at.0.micros().saturating_add(1_000_000));
    let query = LogQuery {
        kind: LogKind::Messages,
        name: letter.installation.clone(),
        since: Some(letter.now.0),
        until: Some(until),
    };
    let mut pages = api.ndjson(&query, Range::Last(MESSAGES_READ));
    let mut text = Vec::new();
    while let Some(piece) = pages.piece().await? {
        text.extend_from_slice(&piece);
    }
    let mut said = Vec::new();
    for line in text
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
    {
        let message: Said = serde_json::from_slice(line)?;
        if message.turn.as_deref() == Some(letter.turn.as_str()) {
            said.push(format!("{}: {}", message.level, message.message));
        }
    }
    said.drain(..said.len().saturating_sub(MESSAGES_SHOWN));
    Ok(said)
}

/// A row of a messages log, as far as it is shown.
#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Said {
    level: String,
    turn: Option<String>,
    message: String,
}

fn list(letters: &[DeadLetter], now: Time) -> Table {
    let mut table = Table::new([
        "NUMBER",
        "INSTALLED AS",
        "TRIGGER",
        "TRIES",
        "SET ASIDE",
        "ERROR",
    ]);
    for letter in letters {
        table.row([
            letter.id.into(),
            letter.installation.as_str().into(),
            trigger(&letter.trigger).into(),
            u64::from(letter.tries).into(),
            ago(letter.at.0, now).into(),
            cut(&letter.error, ERROR).as_ref().into(),
        ]);
    }
    table
}

/// What set a turn off, in words.
pub(super) fn trigger(trigger: &Trigger) -> String {
    match trigger {
        Trigger::Events { log, from, to } if *to == from + 1 => format!("{log} at {from}"),
        Trigger::Events { log, from, to } => {
            format!("{log} from {from} to {}", to.saturating_sub(1))
        }
        Trigger::Tick { due } => format!("tick due {}", stamp(due.0)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::output::Look;

    #[test]
    fn letters_are_listed_with_what_set_them_off() {
        let letter = |id: u64, trigger: serde_json::Value| -> DeadLetter {
            serde_json::from_value(json!({
                "id": id, "installation": "Server.A", "digest": "11".repeat(32), "turn": "tick@7", "trigger": trigger,
                "now": "2025-11-25T03:58:00Z", "tries": 8, "error": "the artifact trapped: unreachable", "at": "2025-11-25T03:59:00Z",
            }))
            .unwrap()
        };
        let letters = [
            letter(3, json!({"tick": {"due": "2025-11-25T03:58:00Z"}})),
            letter(
                2,
                json!({"events": {"log": "events/X", "from": 41, "to": 42}}),
            ),
            letter(
                1,
                json!({"events": {"log": "events/X", "from": 0, "to": 9}}),
            ),
        ];
        let look = Look {
            color: false,
            width: None,
        };
        let now = Time::from_seconds(1_764_043_200.0);
        insta::assert_snapshot!(list(&letters, now).render(look), @r"
        NUMBER  INSTALLED AS  TRIGGER                        TRIES  SET ASIDE  ERROR
             3  Server.A      tick due 2025-11-25T03:58:00Z      8  1 min ago  the artifact trapped: unreachable
             2  Server.A      events/X at 41                     8  1 min ago  the artifact trapped: unreachable
             1  Server.A      events/X from 0 to 8               8  1 min ago  the artifact trapped: unreachable
        ");
    }
}
