//! Labels of clients. Changes are held back until the turn is committed; the turn's own reads see them at once.

use watchbox_model::{
    Capability, Client, ClientId, Label, LabelChange,
    grants::{Denied, Use},
    label::LabelOp,
};

use crate::{
    bindings::watchbox::artifact::labels::{Error, Host},
    gate::Allowed,
    guest::{Ended, Guest},
    printable,
};

/// The most labels of one call.
const LABELS: usize = 100;

impl Guest {
    async fn change_labels(
        &mut self,
        op: LabelOp,
        client: String,
        labels: Vec<String>,
    ) -> Result<Result<(), Error>, Ended> {
        let operation = match op {
            LabelOp::Add => "add",
            LabelOp::Remove => "remove",
        };
        let named = labels
            .iter()
            .take(LABELS)
            .map(String::as_str)
            .collect::<Vec<_>>();
        let target = format!("{} of {client}", named.join(", "));
        let call = self.enter(Capability::Labels, operation, target)?;
        // Read first, as the decision is about what they mean; what can't be read, no grant covers.
        let (client, labels) = match read(&client, &labels) {
            Ok(read) => read,
            Err(error) => {
                self.deny(call, Denied(format!("invalid: {}", text(&error))));
                return Ok(Err(error));
            }
        };
        let decided = self.decide(call, |grants| {
            let mut rules = Vec::new();
            for label in &labels {
                let rule = grants.change_label(op, label)?.to_string();
                if !rules.contains(&rule) {
                    rules.push(rule);
                }
            }
            Ok(rules.join(", "))
        });
        let allowed = match decided {
            Ok(allowed) => allowed,
            Err(why) => return Ok(Err(Error::Denied(why))),
        };
        // Each is a change of its own: a call must not stand for a hundred of them.
        self.count(labels.len().saturating_sub(1))?;
        for label in &labels {
            let label = label.clone();
            self.saw(|| Use::Label { op, label });
        }
        let Some(mut changed) = self.client(&client).await? else {
            self.done(allowed, "unknown client", 0);
            return Ok(Err(Error::UnknownClient(client.to_string())));
        };
        for label in labels {
            apply(&mut changed, op, &label);
            self.work.labels.push(LabelChange {
                client: client.clone(),
                label,
                op,
            });
        }
        self.work.changed.insert(client, changed);
        self.finish_change(allowed);
        Ok(Ok(()))
    }

    fn finish_change(&mut self, allowed: Allowed) {
        self.done(allowed, "ok", 0);
    }

    /// A client as the turn sees it.
    pub(crate) async fn client(&mut self, id: &ClientId) -> Result<Option<Client>, Ended> {
        if let Some(changed) = self.work.changed.get(id) {
            return Ok(Some(changed.clone()));
        }
        let view = self.view().await?;
        Ok(view.client(id).await?)
    }
}

fn read(client: &str, labels: &[String]) -> Result<(ClientId, Vec<Label>), Error> {
    if labels.len() > LABELS {
        let wrong = format!(
            "{} labels in one call; at most {LABELS} are allowed",
            labels.len()
        );
        return Err(Error::InvalidLabel(wrong));
    }
    let labels = labels
        .iter()
        .map(|label| {
            label
                .parse::<Label>()
                .map_err(|wrong| Error::InvalidLabel(wrong.to_string()))
        })
        .collect::<Result<_, _>>()?;
    let client = client
        .parse()
        .map_err(|_| Error::UnknownClient(printable::line(client, 100)))?;
    Ok((client, labels))
}

fn text(error: &Error) -> &str {
    match error {
        Error::Denied(text) | Error::UnknownClient(text) | Error::InvalidLabel(text) => text,
    }
}

/// Puts a label on, or takes it off, as the store will.
fn apply(client: &mut Client, op: LabelOp, label: &Label) {
    match op {
        LabelOp::Add if client.labels.iter().any(|has| has.is(label.as_str())) => {}
        LabelOp::Add => {
            client.labels.push(label.clone());
            client
                .labels
                .sort_by_key(|label| label.as_str().to_ascii_lowercase());
        }
        LabelOp::Remove => client.labels.retain(|has| !has.is(label.as_str())),
    }
}

impl Host for Guest {
    async fn add(
        &mut self,
        client_id: String,
        labels: Vec<String>,
    ) -> wasmtime::Result<Result<(), Error>> {
        Ok(self.change_labels(LabelOp::Add, client_id, labels).await?)
    }

    async fn remove(
        &mut self,
        client_id: String,
        labels: Vec<String>,
    ) -> wasmtime::Result<Result<(), Error>> {
        Ok(self
            .change_labels(LabelOp::Remove, client_id, labels)
            .await?)
    }
}
