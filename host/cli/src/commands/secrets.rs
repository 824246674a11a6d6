//! `watchbox secrets`: listed by name, set, sealed anew.

use reqwest::Method;
use watchbox_model::Time;
use watchbox_server::api::types::{
    Installed, Page, RotatedKey, SecretEntry, SecretText, SetSecret,
};

use super::install::report;
use crate::{
    api::{Api, Query},
    args::{self, SecretsCommand, SecretsSet},
    output::{Cell, Output, Table, Tone, ago},
    settings::secrets::{Source, fetch},
};

/// Does what was said with secrets.
pub async fn secrets(args: args::Secrets, output: &Output) -> anyhow::Result<()> {
    match args.command {
        SecretsCommand::List(args) => {
            let api = Api::new(&args.connection)?;
            let found: Page<SecretEntry> = match &args.name {
                Some(name) => {
                    api.get(&["table", name.as_str(), "secrets"], &Query::new())
                        .await?
                }
                None => api.get(&["secrets"], &Query::new()).await?,
            };
            if output.json() {
                return Ok(output.document(&found.items)?);
            }
            if found.items.is_empty() {
                output.remark("there are no secrets");
                return Ok(());
            }
            Ok(output.table(&list(&found.items, Time::now()))?)
        }
        SecretsCommand::Set(args) => set(args, output).await,
        SecretsCommand::Rotate(args) => {
            let api = Api::new(&args.connection)?;
            let rotated: RotatedKey = api.ask_json(Method::POST, &["secrets", "rotate"]).await?;
            tell(&rotated, output)
        }
    }
}

async fn set(args: SecretsSet, output: &Output) -> anyhow::Result<()> {
    let SecretsSet {
        name, parameter, ..
    } = &args;
    let source = match (&args.file, &args.variable) {
        (Some(file), _) => Source::File(file.clone()),
        (None, Some(variable)) => Source::Variable(variable.clone()),
        (None, None) => Source::Stdin,
    };
    let value = fetch(parameter, &source)?;
    let api = Api::new(&args.connection)?;
    let request = SetSecret {
        value: SecretText(value),
    };
    let path = ["table", name.as_str(), "secrets", parameter];
    let installed: Installed = api.send_json(Method::PUT, &path, &request).await?;
    let done = format!("{name} has another `{parameter}` from its next turn on");
    report(&installed, &done, output)
}

fn tell(rotated: &RotatedKey, output: &Output) -> anyhow::Result<()> {
    for left in &rotated.left {
        output.warning(&format!(
            "the secrets of {left} could not be opened by the key, and stay as they are: give them again"
        ));
    }
    if output.json() {
        return Ok(output.document(rotated)?);
    }
    output.text(&format!(
        "the key {} seals now, in {} places; {} is destroyed",
        rotated.key, rotated.sealed, rotated.previous
    ))?;
    output.remark(
        "Copies of the database that were made before need the key of then, if you kept one.",
    );
    Ok(())
}

fn list(secrets: &[SecretEntry], now: Time) -> Table {
    let mut table = Table::new(["INSTALLATION", "SECRET", "SET", "BY", "MAY GO TO"]);
    for secret in secrets {
        let set = match (secret.set, secret.set_at) {
            (true, Some(at)) => Cell::from(ago(at.0, now)),
            (true, None) => Cell::from("yes"),
            (false, _) => Cell::from("no").tone(Tone::Warn),
        };
        let destinations = match secret.destinations.as_slice() {
            [] => Cell::from("nowhere: no grant names it").tone(Tone::Warn),
            some => Cell::from(some.join(", ")),
        };
        table.row([
            secret.installation.as_str().into(),
            secret.parameter.as_str().into(),
            set,
            secret.set_by.as_deref().into(),
            destinations,
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::output::Look;

    #[test]
    fn secrets_are_listed_by_name_with_where_they_may_go() {
        let secrets: Vec<SecretEntry> = serde_json::from_value(json!([
            {
                "installation": "Server.A", "parameter": "key", "set": true,
                "set_at": "2025-11-25T03:00:00Z", "set_by": "token:admin",
                "destinations": ["GET https://a.example/*", "POST https://b.example/x"],
            },
            {"installation": "Server.A", "parameter": "old", "set": true, "destinations": []},
            {"installation": "Server.B", "parameter": "hook", "set": false, "destinations": []},
        ]))
        .unwrap();
        let look = Look {
            color: false,
            width: None,
        };
        let now = Time::from_seconds(1_764_043_200.0);
        insta::assert_snapshot!(list(&secrets, now).render(look), @r"
        INSTALLATION  SECRET  SET      BY           MAY GO TO
        Server.A      key     1 h ago  token:admin  GET https://a.example/*, POST https://b.example/x
        Server.A      old     yes      -            nowhere: no grant names it
        Server.B      hook    no       -            nowhere: no grant names it
        ");
    }
}
