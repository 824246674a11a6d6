//! `watchbox logs`: which logs are kept.

use watchbox_model::{LogKind, Time};
use watchbox_server::api::types::{Log, Page};

use crate::{
    api::{Api, Query},
    args,
    output::{Output, Table, ago, byte_size},
};

/// Lists them.
pub async fn logs(args: args::Logs, output: &Output) -> anyhow::Result<()> {
    let api = Api::new(&args.connection)?;
    let logs: Page<Log> = api.get(&["logs"], &Query::new()).await?;
    if output.json() {
        return Ok(output.document(&logs.items)?);
    }
    if logs.items.is_empty() {
        output.remark("there are no logs yet: they come into being with their first events");
        return Ok(());
    }
    Ok(output.table(&list(&logs.items, Time::now()))?)
}

fn list(logs: &[Log], now: Time) -> Table {
    let mut table = Table::new(["KIND", "NAME", "ROWS", "SIZE", "NEWEST"]);
    for log in logs {
        table.row([
            kind(log.kind).into(),
            log.name.as_str().into(),
            log.next.saturating_sub(log.first).into(),
            byte_size(log.bytes).into(),
            log.newest.map(|newest| ago(newest.0, now)).into(),
        ]);
    }
    table
}

/// What a kind of log is called, in the API's paths as well.
pub fn kind(kind: LogKind) -> &'static str {
    match kind {
        LogKind::Events => "events",
        LogKind::Rows => "rows",
        LogKind::Messages => "messages",
    }
}

#[cfg(test)]
mod tests {
    use watchbox_server::api::types::Timestamp;

    use super::*;
    use crate::output::Look;

    #[test]
    fn logs_are_listed_with_what_they_hold() {
        let now = Time::from_seconds(1_764_043_200.0);
        let log = |kind, name: &str, newest| Log {
            kind,
            name: name.parse().unwrap(),
            first: 1_000,
            next: 201_000,
            bytes: 93_600_000,
            newest,
        };
        let logs = [
            log(
                LogKind::Events,
                "Windows.Events.ProcessCreation",
                Some(Timestamp(now)),
            ),
            log(LogKind::Messages, "Server.Slack", None),
        ];
        let look = Look {
            color: false,
            width: None,
        };
        insta::assert_snapshot!(list(&logs, now).render(look), @r"
        KIND      NAME                            ROWS    SIZE      NEWEST
        events    Windows.Events.ProcessCreation  200000  89.3 MiB  now
        messages  Server.Slack                    200000  89.3 MiB  -
        ");
    }
}
