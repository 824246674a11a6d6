//! Things to store.

use watchbox_model::{
    AuditRecord, Client, ClientId, Digest, Label, LabelChange, LogKey, Name, Rows, RowsBuilder,
    SearchTerm, Time, ValueRef, audit::Decision, client::Seen, label::LabelOp, row::TS,
};

use crate::{Advance, Append, Block, How, Installation, Snapshot, Store, TurnCommit, VersionNote};

pub fn name(text: &str) -> Name {
    text.parse().unwrap()
}

pub fn client_id(text: &str) -> ClientId {
    text.parse().unwrap()
}

pub fn label(text: &str) -> Label {
    text.parse().unwrap()
}

pub fn term(text: &str) -> SearchTerm {
    text.parse().unwrap()
}

pub fn seconds(seconds: f64) -> Time {
    Time::from_seconds(seconds)
}

pub fn events(text: &str) -> LogKey {
    LogKey::events(name(text))
}

/// Rows of `at`, numbered by column `N`, each with `padding` bytes more.
pub fn padded_rows(at: Time, numbers: std::ops::Range<u64>, padding: usize) -> Rows {
    let mut rows = RowsBuilder::new();
    let padding = "x".repeat(padding);
    for number in numbers {
        rows.push_columns([
            (TS, ValueRef::Float(at.seconds())),
            ("N", ValueRef::UInt(number)),
            ("Padding", ValueRef::Str(&padding)),
        ]);
    }
    rows.finish()
}

pub fn append(log: &LogKey, at: f64, numbers: std::ops::Range<u64>) -> Append {
    let at = seconds(at);
    Append {
        log: log.clone(),
        rows: padded_rows(at, numbers, 8),
        at,
    }
}

/// The numbers of the rows of `block`.
pub fn numbers(block: &Block) -> Vec<u64> {
    let rows = block.rows.iter();
    rows.map(|row| match row.column("N") {
        Some(ValueRef::UInt(number)) => number,
        other => panic!("column N is {other:?}"),
    })
    .collect()
}

/// The numbers of all rows of `log` from `from` on, read a few at a time.
pub async fn all_numbers(store: &dyn Store, log: &LogKey, mut from: u64) -> Vec<u64> {
    let mut all = Vec::new();
    loop {
        let blocks = store.read(log, from, 7).await.unwrap();
        let Some(last) = blocks.last() else {
            return all;
        };
        for block in &blocks {
            let before = from.saturating_sub(block.first);
            all.extend(&numbers(block)[before as usize..]);
            from = block.next();
        }
        assert_eq!(from, last.next());
    }
}

pub fn seen(id: &str, hostname: Option<&str>, at: f64) -> Seen {
    Seen {
        id: client_id(id),
        hostname: hostname.map(str::to_owned),
        at: seconds(at),
    }
}

pub fn client(id: &str, hostname: &str) -> Client {
    Client {
        id: client_id(id),
        hostname: hostname.to_owned(),
        os: "linux".to_owned(),
        labels: Vec::new(),
        first_seen: seconds(1.0),
        last_seen: seconds(2.0),
    }
}

pub fn put_on(client: &str, text: &str) -> LabelChange {
    LabelChange {
        client: client_id(client),
        label: label(text),
        op: LabelOp::Add,
    }
}

pub fn take_off(client: &str, text: &str) -> LabelChange {
    LabelChange {
        op: LabelOp::Remove,
        ..put_on(client, text)
    }
}

pub fn labels(client: &Client) -> Vec<&str> {
    client.labels.iter().map(Label::as_str).collect()
}

/// The client as it is now.
pub async fn client_now(store: &dyn Store, id: &str) -> Option<Client> {
    let snapshot = store.snapshot().await.unwrap();
    snapshot.client(&client_id(id)).await.unwrap()
}

/// The ids of the clients that `text` means.
pub async fn found(snapshot: &dyn Snapshot, text: &str) -> Vec<String> {
    let page = snapshot.search(&term(text), 100, None).await.unwrap();
    assert!(!page.more);
    let clients = page.items.iter();
    clients.map(|client| client.id.to_string()).collect()
}

/// An administrative act.
pub fn act(operation: &str) -> AuditRecord {
    AuditRecord {
        at: seconds(10.0),
        actor: "token:admin".to_owned(),
        artifact: None,
        digest: None,
        turn: None,
        capability: "admin".to_owned(),
        operation: operation.to_owned(),
        target: String::new(),
        decision: Decision::Allowed,
        reason: "role admin".to_owned(),
        outcome: "ok".to_owned(),
        bytes: 0,
        ms: 0.5,
    }
}

pub fn installation(text: &str) -> Installation {
    Installation {
        name: name(text),
        digest: Digest::of(b"new"),
        previous: Some(Digest::of(b"old")),
        parameters: [("Group".to_owned(), serde_json::json!("Slack"))].into(),
        secrets: vec![0, 1, 255],
        grants: serde_json::json!({"labels": ["Slack"]}),
        enabled: true,
        installed_at: seconds(3.0),
        changed_at: seconds(4.0),
        changed_by: "token:admin".to_owned(),
        probation: false,
        quarantine: None,
        pending: None,
        files: None,
    }
}

/// What is noted of a version.
pub fn note(how: How) -> VersionNote {
    VersionNote {
        version: "1.0.0".to_owned(),
        how,
        changed: "component a -> b".to_owned(),
        reason: None,
        back_to: None,
    }
}

/// Puts an installation of this name in, its cursor in `log` at `position`.
pub async fn install(store: &dyn Store, text: &str, log: &LogKey, position: u64) {
    let cursors = vec![(log.clone(), position)];
    let put = store.put_installation(installation(text), None, cursors, act("install"));
    put.await.unwrap();
}

/// A turn over `log` that did nothing but step on.
pub fn turn(text: &str, log: &LogKey, from: u64, to: u64) -> TurnCommit {
    TurnCommit {
        installation: name(text),
        advance: Some(Advance {
            log: log.clone(),
            from,
            to,
        }),
        tick: None,
        journal: None,
        appends: Vec::new(),
        labels: Vec::new(),
        state: Vec::new(),
        audit: Vec::new(),
        dead_letter: None,
        redriven: None,
        durable: false,
    }
}

/// A tick that did nothing.
pub fn tick(text: &str, due: f64) -> TurnCommit {
    TurnCommit {
        advance: None,
        tick: Some(seconds(due)),
        ..turn(text, &events("unused"), 0, 0)
    }
}
