//! Writes audit records as fast as the store takes them, from many tasks at once as turns do, then checks that all are there and chained.
//! Prints figures as JSON.
#![allow(clippy::print_stdout, reason = "it prints what it measured")]

use std::{sync::Arc, time::Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use watchbox_model::{
    AuditRecord, Digest, Time,
    audit::{Decision, Verifier},
    signing::SigningKey,
};
use watchbox_store::{Retention, SqliteConfig, SqliteStore, Store};

/// Tasks that write at once.
const TASKS: u64 = 32;
/// What each writes, so many records at a time.
const WRITES: u64 = 400;
const RECORDS: u64 = 16;

#[tokio::main]
async fn main() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let config = SqliteConfig {
        path: folder.path().join("watchbox.db"),
        retention: Retention::default(),
    };
    let store = Arc::new(SqliteStore::open(config).await?);
    let began = Instant::now();
    let tasks = (0..TASKS).map(|task| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            for write in 0..WRITES {
                let records = (0..RECORDS).map(|nth| record(task, write, nth));
                store.record(Vec::new(), records.collect()).await?;
            }
            anyhow::Ok(())
        })
    });
    for task in futures::future::join_all(tasks).await {
        task??;
    }
    let wrote = began.elapsed();
    let all = TASKS * WRITES * RECORDS;

    let key = SigningKey::generate()?;
    let began = Instant::now();
    let mut verifier = Verifier::new(key.public(), &[])?;
    let mut next = 1;
    loop {
        let entries = store.trail(next, 1_000).await?;
        let Some(last) = entries.last() else {
            break;
        };
        next = last.number + 1;
        for entry in &entries {
            verifier.record(entry)?;
        }
    }
    let found = verifier.finish().context("the trail is not whole")?;
    let checked = began.elapsed();
    ensure!(
        found.last == all,
        "{} of {all} records are there",
        found.last
    );
    store.close().await;
    let rate = |took: std::time::Duration| (all as f64 / took.as_secs_f64()).round();
    let figures = json!({ "records": all, "lost": all - found.last, "written": rate(wrote), "checked": rate(checked) });
    println!("{figures}");
    Ok(())
}

/// One as a turn writes it.
fn record(task: u64, write: u64, nth: u64) -> AuditRecord {
    AuditRecord {
        at: Time::now(),
        actor: format!("Server.Bench.{task}"),
        artifact: format!("Server.Bench.{task}").parse().ok(),
        digest: Some(Digest::of(b"bench")),
        turn: None,
        capability: "http".to_owned(),
        operation: "send".to_owned(),
        target: format!("POST https://hooks.example/services/{write}/{nth}"),
        decision: Decision::Allowed,
        reason: "http: POST https://hooks.example/services/*".to_owned(),
        outcome: "status 200".to_owned(),
        bytes: 512,
        ms: 12.5,
    }
}
