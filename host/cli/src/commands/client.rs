//! `watchbox client`: one client.

use reqwest::Method;
use watchbox_model::Time;
use watchbox_server::api::types::{Client, LabelEdit, PutClient};

use super::clients::{labels, seen};
use crate::{
    api::{Api, Query},
    args::{self, ClientAdd, ClientCommand, ClientName},
    output::{Details, Output, stamp},
};

/// Does what was said with it.
pub async fn client(args: args::Client, output: &Output) -> anyhow::Result<()> {
    match args.command {
        ClientCommand::Show(ClientName { id, connection }) => {
            let api = Api::new(&connection)?;
            let client: Client = api.get(&["clients", id.as_str()], &Query::new()).await?;
            show(&client, output)
        }
        ClientCommand::Add(args) => add(args, output).await,
        ClientCommand::Remove(ClientName { id, connection }) => {
            let api = Api::new(&connection)?;
            api.act(Method::DELETE, &["clients", id.as_str()]).await?;
            output.remark(&format!("{id} is forgotten"));
            Ok(())
        }
    }
}

async fn add(args: ClientAdd, output: &Output) -> anyhow::Result<()> {
    let api = Api::new(&args.connection)?;
    let put = PutClient {
        hostname: args.hostname,
        os: args.os,
    };
    let path = ["clients", args.id.as_str()];
    let mut client: Client = api.send_json(Method::PUT, &path, &put).await?;
    if !args.labels.is_empty() {
        let edit = LabelEdit {
            add: args.labels,
            remove: Vec::new(),
        };
        let path = ["clients", args.id.as_str(), "labels"];
        client = api.send_json(Method::POST, &path, &edit).await?;
    }
    show(&client, output)
}

/// Prints a client in full.
pub fn show(client: &Client, output: &Output) -> anyhow::Result<()> {
    if output.json() {
        return Ok(output.document(client)?);
    }
    let mut details = Details::new();
    details
        .line("Client", client.id.as_str())
        .line("Hostname", client.hostname.as_str())
        .line("OS", client.os.as_str())
        .line("Labels", labels(client))
        .line("First seen", stamp(client.first_seen.0))
        .line("Last seen", seen(client, Time::now()));
    Ok(output.text(&details.render(output.look()))?)
}
