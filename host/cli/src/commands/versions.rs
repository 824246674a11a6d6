//! `watchbox versions`, `rollback`, `approve` and `reject`: the versions of an installation.

use reqwest::Method;
use watchbox_model::Time;
use watchbox_server::api::types::{ApproveRequest, Installed, Page, RollbackRequest, Version};

use super::install::report;
use crate::{
    api::{Api, Query},
    args,
    output::{Cell, Output, Table, Tone, ago, cut},
    settings::Settings,
};

/// How much of what a version changed fits a line.
const CHANGED: usize = 100;

/// Lists the versions of an installation.
pub async fn versions(args: args::Versions, output: &Output) -> anyhow::Result<()> {
    let api = Api::new(&args.connection)?;
    let path = ["table", args.name.as_str(), "versions"];
    let versions: Page<Version> = api.get(&path, &Query::new()).await?;
    if output.json() {
        return Ok(output.document(&versions.items)?);
    }
    Ok(output.table(&list(&versions.items, Time::now()))?)
}

fn list(versions: &[Version], now: Time) -> Table {
    let mut table = Table::new([
        "NO.", "VERSION", "DIGEST", "KEY", "WHEN", "WHO", "HOW", "CHANGED",
    ]);
    for (nth, version) in versions.iter().enumerate() {
        let how = match version.back_to {
            Some(number) => format!("{} to {number}", version.how),
            None => version.how.to_string(),
        };
        // Why it came is more than that it is another component.
        let changed = version.reason.as_ref().unwrap_or(&version.changed);
        let tone = if version.reason.is_some() {
            Tone::Bad
        } else {
            Tone::Plain
        };
        // What runs stands out.
        let number = if nth == 0 { Tone::Good } else { Tone::Plain };
        table.row([
            Cell::from(version.number).tone(number),
            version.version.as_str().into(),
            version.digest.short().into(),
            Some(version.keys.join(", "))
                .filter(|keys| !keys.is_empty())
                .into(),
            ago(version.at.0, now).into(),
            version.by.as_str().into(),
            Cell::from(how).tone(tone),
            cut(changed, CHANGED).as_ref().into(),
        ]);
    }
    table
}

/// Goes back to an earlier version.
pub async fn rollback(args: args::Rollback, output: &Output) -> anyhow::Result<()> {
    let api = Api::new(&args.connection)?;
    let request = RollbackRequest {
        to: args.to,
        restore_grants: args.restore_grants,
    };
    let path = ["table", args.name.as_str(), "rollback"];
    let installed: Installed = api.send_json(Method::POST, &path, &request).await?;
    report(&installed, &now_is(&installed, "back at"), output)
}

/// Lets a version run that waits.
pub async fn approve(args: args::Approve, output: &Output) -> anyhow::Result<()> {
    let written = args::Settings {
        grants: args.grants,
        ..args::Settings::default()
    };
    let settings = Settings::read(&written, None)?;
    let api = Api::new(&args.connection)?;
    let request = ApproveRequest {
        digest: args.digest,
        grants: settings.grants.map(|grants| grants.to_json()),
    };
    let path = ["table", args.name.as_str(), "approve"];
    let installed: Installed = api.send_json(Method::POST, &path, &request).await?;
    report(&installed, &now_is(&installed, "now"), output)
}

/// Drops a version that waits.
pub async fn reject(args: args::Installed, output: &Output) -> anyhow::Result<()> {
    let api = Api::new(&args.connection)?;
    let path = ["table", args.name.as_str(), "reject"];
    let nothing = serde_json::Map::new();
    let installed: Installed = api.send_json(Method::POST, &path, &nothing).await?;
    let still = now_is(&installed, "still");
    report(&installed, &still, output)
}

fn now_is(installed: &Installed, word: &str) -> String {
    let now = &installed.installation;
    format!(
        "{} is {word} {} {}, {}",
        now.name,
        now.artifact,
        now.version,
        now.digest.short()
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::output::Look;

    #[test]
    fn versions_are_a_line_each() {
        let version = |number: u64, version: &str, digit: &str, how: &str, by: &str| {
            json!({
                "number": number, "version": version, "digest": digit.repeat(64),
                "at": format!("2025-11-25T03:5{number}:00Z"), "by": by, "how": how, "changed": "",
                "parameters": {}, "grants": {},
            })
        };
        let mut upgrade = version(2, "2.0.0", "2", "upgrade", "folder");
        upgrade["keys"] = json!(["E7620F1842B4E81F"]);
        upgrade["changed"] = json!("component 111111111111 -> 222222222222; grants");
        let mut back = version(3, "1.0.0", "1", "automatic-rollback", "watchbox");
        back["changed"] = json!("component 222222222222 -> 111111111111");
        back["reason"] = json!("the artifact trapped: unreachable");
        back["back_to"] = json!(1);
        let versions: Vec<Version> = serde_json::from_value(json!([
            back,
            upgrade,
            version(1, "1.0.0", "1", "install", "token:admin"),
        ]))
        .unwrap();
        let look = Look {
            color: false,
            width: None,
        };
        let now = Time::from_seconds(1_764_043_200.0);
        insta::assert_snapshot!(list(&versions, now).render(look), @r"
        NO.  VERSION  DIGEST        KEY               WHEN       WHO          HOW                      CHANGED
          3  1.0.0    111111111111  -                 7 min ago  watchbox     automatic-rollback to 1  the artifact trapped: unreachable
          2  2.0.0    222222222222  E7620F1842B4E81F  8 min ago  folder       upgrade                  component 111111111111 -> 222222222222; grants
          1  1.0.0    111111111111  -                 9 min ago  token:admin  install
        ");
    }
}
