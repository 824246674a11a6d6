//! Logs, read back: by time, by page, in three formats, and live.

use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::Value;
use watchbox_tests::Home;

use crate::numbers::{LOG, events, numbers};

const EVENTS: &str = "/api/v1/events/Test.Numbers";
const SOON: Duration = Duration::from_secs(30);

#[test]
fn pages_follow_one_another() -> Result<()> {
    let home = Home::new()?;
    let server = home.server()?;
    let api = server.api();
    for start in [0, 25, 50, 75] {
        api.accept_events(LOG, &events(start, start + 25))?;
    }
    let mut seen = Vec::new();
    let mut path = format!("{EVENTS}?limit=10&format=json");
    loop {
        let page = api.get(&path)?;
        let rows: Vec<Value> = serde_json::from_slice(&page.body)?;
        if rows.is_empty() {
            break;
        }
        seen.extend(numbers(&rows)?);
        let next = page
            .headers
            .get("Watchbox-Next")
            .context("no next page told")?;
        path = format!("{EVENTS}?limit=10&format=json&after={}", next.to_str()?);
    }
    assert_eq!(seen, (0..100).collect::<Vec<_>>());

    let last: Vec<Value> =
        serde_json::from_slice(&api.get(&format!("{EVENTS}?last=3&format=json"))?.body)?;
    assert_eq!(numbers(&last)?, [97, 98, 99]);
    Ok(())
}

#[test]
fn a_time_range_is_kept_to() -> Result<()> {
    let home = Home::new()?;
    let server = home.server()?;
    let api = server.api();
    api.accept_events(LOG, &events(0, 3))?;
    api.accept_events(LOG, &events(3, 6))?;
    let rows = api.log("events/Test.Numbers")?;
    let second = rows[3]["_ts"].as_f64().context("no time")?;
    assert!(rows[2]["_ts"].as_f64().context("no time")? < second);
    let since: Vec<Value> = serde_json::from_slice(
        &api.get(&format!("{EVENTS}?since={second}&format=json"))?
            .body,
    )?;
    assert_eq!(numbers(&since)?, [3, 4, 5]);
    let until: Vec<Value> = serde_json::from_slice(
        &api.get(&format!("{EVENTS}?until={second}&format=json"))?
            .body,
    )?;
    assert_eq!(numbers(&until)?, [0, 1, 2]);
    assert_eq!(api.get(&format!("{EVENTS}?since=yesterday"))?.status, 400);
    Ok(())
}

#[test]
fn csv_has_a_header_and_quotes_what_must_be() -> Result<()> {
    let home = Home::new()?;
    let server = home.server()?;
    server
        .api()
        .accept_events(LOG, b"{\"ClientId\":\"C.1\",\"Text\":\"a,\\\"b\\\"\\nc\"}")?;
    let csv = server.api().get(&format!("{EVENTS}?format=csv"))?;
    let (header, row) = csv.text()?.split_once('\n').context("no header")?;
    assert_eq!(header.trim_end(), "_ts,ClientId,Text");
    assert!(row.trim_end().ends_with(",C.1,\"a,\"\"b\"\"\nc\""), "{row}");
    Ok(())
}

#[test]
fn a_live_tail_takes_up_where_it_was_left() -> Result<()> {
    let home = Home::new()?;
    let server = home.server()?;
    let api = server.api();
    api.accept_events(LOG, &events(0, 5))?;
    let tail = api.live("events/Test.Numbers", Some(2))?;
    api.accept_events(LOG, &events(5, 8))?;
    let rows = tail.take_within(5, SOON)?;
    let positions: Vec<_> = rows.iter().map(|row| row.position).collect();
    assert_eq!(positions, [3, 4, 5, 6, 7]);
    assert_eq!(
        numbers(&rows.into_iter().map(|row| row.row).collect::<Vec<_>>())?,
        [3, 4, 5, 6, 7]
    );
    Ok(())
}

#[test]
fn logs_are_listed_and_a_log_that_is_not_there_is_empty() -> Result<()> {
    let home = Home::new()?;
    let server = home.server()?;
    let api = server.api();
    api.accept_events(LOG, &events(0, 5))?;
    let logs = api.get_json("/api/v1/logs")?;
    let listed = logs["items"].as_array().context("no list")?;
    assert!(
        listed
            .iter()
            .any(|log| log["name"] == LOG && log["kind"] == "events"),
        "{logs}"
    );
    assert_eq!(api.log("events/Test.Nothing")?.len(), 0);
    Ok(())
}
