//! `watchbox clients`: which clients there are.

use watchbox_model::Time;
use watchbox_server::api::types::Client;

use crate::{
    api::{Api, Query},
    args,
    output::{Cell, Output, Table, ago},
};

/// Lists those meant.
pub async fn clients(args: args::Clients, output: &Output) -> anyhow::Result<()> {
    let api = Api::new(&args.connection)?;
    let query = Query::from([("search", args.term.to_string())]);
    let limit = usize::try_from(args.limit)?;
    let clients: Vec<Client> = api.list(&["clients"], &query, "after", limit).await?;
    if output.json() {
        return Ok(output.document(&clients)?);
    }
    if clients.is_empty() {
        output.remark(&format!("no client matches `{}`", args.term));
        return Ok(());
    }
    Ok(output.table(&list(&clients, Time::now()))?)
}

fn list(clients: &[Client], now: Time) -> Table {
    let mut table = Table::new(["CLIENT", "HOSTNAME", "OS", "LABELS", "LAST SEEN"]);
    for client in clients {
        table.row([
            client.id.as_str().into(),
            client.hostname.as_str().into(),
            client.os.as_str().into(),
            labels(client),
            seen(client, now),
        ]);
    }
    table
}

/// A client's labels, in a cell.
pub fn labels(client: &Client) -> Cell {
    let labels: Vec<&str> = client.labels.iter().map(|label| label.as_str()).collect();
    labels.join(", ").into()
}

/// When it was last seen, in a cell.
pub fn seen(client: &Client, now: Time) -> Cell {
    client
        .last_seen
        .map_or_else(|| Cell::from("never"), |seen| ago(seen.0, now).into())
}
