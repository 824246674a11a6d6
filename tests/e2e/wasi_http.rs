//! A component that brings `wasi:http` along instead of the contract's `http`: the same grant, the same trail, the same withheld mode.

use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::Value;
use watchbox_tests::{Home, Server, Sink, eventually};

use crate::numbers::{LOG, events};

const NAME: &str = "Test.Herald";
const SOON: Duration = Duration::from_secs(60);

/// The herald's parameters, for it to post to `sink`.
fn parameters(sink: &Sink) -> Result<[String; 2]> {
    let url = sink.url();
    let rest = url.strip_prefix("http://").context("the sink's URL")?;
    let (authority, path) = rest.split_once('/').context("the sink's path")?;
    Ok([format!("authority={authority}"), format!("path=/{path}")])
}

/// A server with the herald installed under `grants`, in which URL stands for the sink's.
fn start(grants: &str) -> Result<(Home, Server, Sink)> {
    let home = Home::new()?;
    let (server, sink) = (home.server()?, Sink::start()?);
    let grants = home.file("grants.yaml", grants.replace("URL", &sink.url()))?;
    let [authority, path] = parameters(&sink)?;
    server.run_ok(&[
        "install",
        &home.artifact("herald")?,
        "--grants",
        &grants,
        "--param",
        &authority,
        "--param",
        &path,
    ])?;
    Ok((home, server, sink))
}

/// Has it post one number, and gives the row of that.
fn post(server: &Server) -> Result<Value> {
    let rows = server.api().live(&format!("rows/{NAME}"), None)?;
    server.api().accept_events(LOG, &events(7, 8))?;
    rows.take_within(1, SOON)?;
    let rows = server.api().rows(NAME)?;
    rows.into_iter().next_back().context("no row")
}

/// The newest record of its requests in the trail.
fn newest_record(server: &Server) -> Result<Value> {
    let path = format!("/api/v1/audit?artifact={NAME}");
    eventually(SOON, || {
        let records = server.api().get_json(&path)?;
        let found = records["items"]
            .as_array()
            .context("no records")?
            .iter()
            .rfind(|record| record["capability"] == "http")
            .cloned();
        Ok(found.ok_or_else(|| "a record".to_owned()))
    })
}

#[test]
fn inspect_shows_it_as_gated_by_http() -> Result<()> {
    let home = Home::new()?;
    let server = home.server()?;
    let shown = server.run_ok(&["inspect", &home.artifact("herald")?])?;
    for interface in ["wasi:http/outgoing-handler", "wasi:http/types"] {
        let line = shown
            .lines()
            .find(|line| line.contains(interface))
            .with_context(|| format!("{interface} in {shown}"))?;
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!((words[0], words[2]), ("http", "yes"), "{line}");
    }
    assert!(!shown.contains("watchbox:artifact/http"), "{shown}");
    Ok(())
}

#[test]
fn what_is_granted_is_sent_and_told_in_the_trail() -> Result<()> {
    let (_home, server, sink) = start("http: [ { method: POST, url: \"URL\" } ]")?;
    let row = post(&server)?;
    assert_eq!(row["Answer"], "200 ok", "{row}");
    assert_eq!(sink.accepted(), ["number 7"]);
    let record = newest_record(&server)?;
    assert_eq!(record["operation"], "send");
    assert_eq!(record["decision"], "allowed");
    assert_eq!(record["outcome"], "status 200");
    assert_eq!(record["target"], format!("POST {}", sink.url()));
    Ok(())
}

#[test]
fn what_is_not_granted_is_refused_and_told_in_the_trail() -> Result<()> {
    let (_home, server, sink) = start("http: [ { method: GET, url: \"URL\" } ]")?;
    let row = post(&server)?;
    let answer = row["Answer"].as_str().context("no answer")?;
    assert!(answer.contains("HttpRequestDenied"), "{row}");
    let record = newest_record(&server)?;
    assert_eq!(record["decision"], "denied");
    let reason = record["reason"].as_str().context("no reason")?;
    assert!(reason.contains("this one would: http:"), "{reason}");
    assert_eq!(sink.drained(SOON)?, 0);
    Ok(())
}

#[test]
fn grants_are_proposed_without_anything_being_sent() -> Result<()> {
    let home = Home::new()?;
    let (server, sink) = (home.server()?, Sink::start()?);
    let file = home.file("events.ndjson", events(0, 3))?;
    let [authority, path] = parameters(&sink)?;
    let proposed = server.run_ok(&[
        "grants",
        "propose",
        &home.artifact("herald")?,
        "--events",
        &file,
        "--param",
        &authority,
        "--param",
        &path,
    ])?;
    assert!(
        proposed.contains(&sink.url()) && proposed.contains("POST"),
        "{proposed}"
    );
    assert_eq!(sink.drained(SOON)?, 0);
    Ok(())
}
