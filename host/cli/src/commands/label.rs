//! `watchbox label`: labels put on a client, or taken off.

use reqwest::Method;
use watchbox_server::api::types::{Client, LabelEdit};

use super::client;
use crate::{
    api::Api,
    args::{Label, LabelCommand},
    output::Output,
};

/// Changes labels and shows the client as it is then.
pub async fn label(args: Label, output: &Output) -> anyhow::Result<()> {
    let (change, edit) = match args.command {
        LabelCommand::Add(change) => {
            let add = change.labels.clone();
            (
                change,
                LabelEdit {
                    add,
                    remove: Vec::new(),
                },
            )
        }
        LabelCommand::Remove(change) => {
            let remove = change.labels.clone();
            (
                change,
                LabelEdit {
                    add: Vec::new(),
                    remove,
                },
            )
        }
    };
    let api = Api::new(&change.connection)?;
    let path = ["clients", change.client.as_str(), "labels"];
    let client: Client = api.send_json(Method::POST, &path, &edit).await?;
    client::show(&client, output)
}
