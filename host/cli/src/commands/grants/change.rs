//! One change of an installed artifact's grants: looked up, told, made.

use reqwest::Method;
use serde::Serialize;
use watchbox_model::{Difference, Grants, Name, difference::is_wider};
use watchbox_server::api::types::{ChangeRequest, Installation, Installed, Timestamp};

use crate::{
    api::{Api, Query},
    args::Connection,
    output::{Output, Tone, printable},
};

/// A change that was begun.
pub(super) struct Change {
    api: Api,
    name: Name,
    /// The grants as they are.
    pub(super) before: Grants,
    /// When they were looked up, as the server counts: another's change in between is not to be undone.
    seen: Timestamp,
    dry_run: bool,
}

/// What is printed for scripts.
#[derive(Serialize)]
struct Document<'d> {
    /// Whether it was done, rather than looked at.
    done: bool,
    /// Whether more can be done with it.
    wider: bool,
    differences: &'d [Difference],
    grants: serde_json::Value,
}

/// The grants of an installation.
pub(super) fn read(installation: &Installation) -> anyhow::Result<Grants> {
    let file = format!("grants of {}", installation.name);
    Ok(Grants::parse(&file, &installation.grants.to_string())?)
}

impl Change {
    /// Looks up what is granted.
    pub(super) async fn begin(
        name: &Name,
        connection: &Connection,
        dry_run: bool,
    ) -> anyhow::Result<Self> {
        let api = Api::new(connection)?;
        let path = ["table", name.as_str()];
        let installation: Installation = api.get(&path, &Query::new()).await?;
        Ok(Self {
            before: read(&installation)?,
            seen: installation.changed_at,
            name: name.clone(),
            api,
            dry_run,
        })
    }

    /// Has the server put `after` in effect, and says what that changed.
    pub(super) async fn finish(self, after: Grants, output: &Output) -> anyhow::Result<()> {
        let differences = self.before.differences(&after);
        let done = !self.dry_run && !differences.is_empty();
        if done {
            let change = ChangeRequest {
                grants: Some(after.to_json()),
                unchanged_since: Some(self.seen),
                ..ChangeRequest::default()
            };
            let path = ["table", self.name.as_str()];
            let installed: Installed = self.api.send_json(Method::PATCH, &path, &change).await?;
            for warning in &installed.warnings {
                output.warning(warning);
            }
        }
        if output.json() {
            return Ok(output.document(&Document {
                done,
                wider: is_wider(&differences),
                differences: &differences,
                grants: after.to_json(),
            })?);
        }
        if differences.is_empty() {
            output.remark("nothing changes: it is granted just that already");
            return Ok(());
        }
        Ok(output.text(&self.told(&differences))?)
    }

    fn told(&self, differences: &[Difference]) -> String {
        let mut lines: Vec<String> = differences.iter().map(line).collect();
        let what = match (self.dry_run, is_wider(differences)) {
            (true, true) => "would be granted more than before",
            (true, false) => "would be granted no more than before",
            (false, true) => "is granted more than before, from its next call on",
            (false, false) => "is granted no more than before, from its next call on",
        };
        lines.push(format!("{} {what}", self.name));
        lines.join("\n")
    }
}

/// A difference in a line: whether it is wider, and what it is.
pub(in crate::commands) fn line(one: &Difference) -> String {
    let tone = match one.mark {
        watchbox_model::difference::Mark::Wider => Tone::Warn,
        watchbox_model::difference::Mark::Narrower => Tone::Good,
        watchbox_model::difference::Mark::Changed => Tone::Dim,
    };
    let style = tone.style();
    let text = one.to_string();
    format!(
        "{style}{:<8}{style:#}  {}",
        one.mark.as_str(),
        printable(&text)
    )
}
