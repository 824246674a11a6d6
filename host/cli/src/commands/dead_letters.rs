//! `watchbox dead-letters`: triggers that were set aside.

use reqwest::Method;
use watchbox_model::Time;
use watchbox_server::api::types::{DeadLetter, Trigger};

use crate::{
    api::{Api, Query},
    args::{self, DeadLetterNumber, DeadLettersCommand, DeadLettersList},
    output::{Details, Output, Table, ago, cut, stamp},
};

/// How much of an error fits a line of the list.
const ERROR: usize = 100;

/// Does what was said with them.
pub async fn dead_letters(args: args::DeadLetters, output: &Output) -> anyhow::Result<()> {
    match args.command {
        DeadLettersCommand::List(args) => all(args, output).await,
        DeadLettersCommand::Show(args) => show(args, output).await,
        DeadLettersCommand::Redrive(DeadLetterNumber { id, connection }) => {
            let api = Api::new(&connection)?;
            api.act(Method::POST, &["dead-letters", &id.to_string(), "redrive"])
                .await?;
            output.remark(&format!(
                "dead letter {id} was handled this time, and is gone"
            ));
            Ok(())
        }
        DeadLettersCommand::Drop(DeadLetterNumber { id, connection }) => {
            let api = Api::new(&connection)?;
            api.act(Method::DELETE, &["dead-letters", &id.to_string()])
                .await?;
            output.remark(&format!("dead letter {id} is dropped"));
            Ok(())
        }
    }
}

async fn all(args: DeadLettersList, output: &Output) -> anyhow::Result<()> {
    let api = Api::new(&args.connection)?;
    let query: Query = args
        .artifact
        .map(|artifact| ("artifact", artifact.to_string()))
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
    let letter: DeadLetter = api.get(&path, &Query::new()).await?;
    if output.json() {
        return Ok(output.document(&letter)?);
    }
    let mut details = Details::new();
    details
        .line("Number", letter.id)
        .line("Installed as", letter.installation.as_str())
        .line("Digest", letter.digest.to_string())
        .line("Trigger", trigger(&letter.trigger))
        .line("Tries", u64::from(letter.tries))
        .line("Set aside", stamp(letter.at.0))
        .line("Error", letter.error.as_str());
    Ok(output.text(&details.render(output.look()))?)
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

fn trigger(trigger: &Trigger) -> String {
    match trigger {
        Trigger::Events { log, from, to } if *to == from + 1 => format!("{log} at {from}"),
        Trigger::Events { log, from, to } => format!("{log} from {from} to {to}"),
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
                "id": id, "installation": "Server.A", "digest": "11".repeat(32), "trigger": trigger,
                "tries": 8, "error": "the artifact trapped: unreachable", "at": "2025-11-25T03:59:00Z",
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
             1  Server.A      events/X from 0 to 9               8  1 min ago  the artifact trapped: unreachable
        ");
    }
}
