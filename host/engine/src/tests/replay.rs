//! Replays: over what is stored, without a trace.

use tokio::sync::mpsc::Receiver;
use watchbox_model::{Digest, LogKey, Rows, Time};
use watchbox_sandbox::CannedAnswer;

use super::{
    guest,
    server::{LOG, Server, WATCH, name, numbered, within},
};
use crate::{EngineError, Replay, ReplayEnd, ReplaySummary, Replayed};

/// The same log, of which only some events are wanted.
const NARROW: &str = "subscribe: [ { artifact: Test.Events, where: [ { column: Text, matches: '[02468]$' } ], batch: { rows: 3 } } ]";

/// A replay of all that is stored.
fn all() -> Replay {
    Replay {
        since: Time::from_micros(0),
        until: None,
        version: None,
        diff: false,
        rows: 1_000,
        answer: CannedAnswer::default(),
        actor: "token:test".to_owned(),
    }
}

/// What came of a replay.
#[derive(Default)]
struct Outcome {
    rows: Vec<String>,
    only_replayed: Vec<String>,
    only_stored: Vec<String>,
    failures: Vec<String>,
    summary: Option<ReplaySummary>,
}

async fn outcome(mut replayed: Receiver<Replayed>) -> Outcome {
    let texts = |rows: Rows| -> Vec<String> {
        let text = |row: watchbox_model::RowRef<'_>| {
            row.column("Text").unwrap().as_str().unwrap().to_owned()
        };
        rows.iter().map(text).collect()
    };
    let mut outcome = Outcome::default();
    within(async {
        while let Some(item) = replayed.recv().await {
            assert!(outcome.summary.is_none(), "nothing follows the summary");
            match item {
                Replayed::Rows(rows) => outcome.rows.extend(texts(rows)),
                Replayed::OnlyReplayed(rows) => outcome.only_replayed.extend(texts(rows)),
                Replayed::OnlyStored(rows) => outcome.only_stored.extend(texts(rows)),
                Replayed::Failure(given_up) => outcome.failures.push(given_up.error),
                Replayed::Call(_) | Replayed::Denied(_) => {}
                Replayed::Summary(summary) => outcome.summary = Some(*summary),
            }
        }
    })
    .await;
    outcome
}

async fn replay(server: &Server, replay: Replay) -> Outcome {
    outcome(server.engine.replay(&name("A"), replay).await.unwrap()).await
}

/// Keeps another version of the artifact, without installing it.
async fn upload(server: &Server, version: &str, triggers: &str) -> Digest {
    let component = guest::component("A", version, triggers);
    let digest = Digest::of(&component);
    let audit = crate::audit::Admin::new("token:test", "upload", &name("A")).record();
    server
        .store
        .put_component(digest, component, audit)
        .await
        .unwrap();
    digest
}

#[tokio::test]
async fn stored_events_are_replayed_and_nothing_of_it_stays() {
    let server = Server::start().await;
    server.install("A", WATCH).await;
    server.send(numbered(10)).await;
    server.rows("A", 10).await;
    let before = server.until("A", |status| status.turns >= 3).await;

    let replayed = replay(&server, all()).await;
    assert_eq!(replayed.rows, numbered(10));
    let summary = replayed.summary.unwrap();
    assert_eq!(
        (summary.end, summary.events, summary.rows, summary.turns),
        (ReplayEnd::Done, 10, 10, 3)
    );
    let after = server.status("A").await;
    assert_eq!(
        (after.turns, after.rows, after.failures, after.phase),
        (before.turns, before.rows, 0, before.phase)
    );
    let kept = *server.store.watch(&LogKey::rows(name("A"))).borrow();
    assert_eq!(kept, 10);
    let query = watchbox_store::AuditQuery {
        capability: Some("admin".to_owned()),
        limit: 1,
        ..Default::default()
    };
    let trail = server.store.audit(query).await.unwrap();
    assert_eq!(trail.items[0].1.operation, "replay");
}

#[tokio::test]
async fn only_the_range_is_replayed() {
    let server = Server::start().await;
    server.install("A", WATCH).await;
    server.send(["before"]).await;
    let since = Time::now();
    server.send(["within", "within too"]).await;
    let until = Time::now();
    server.send(["after"]).await;
    server.rows("A", 4).await;
    let range = Replay {
        since,
        until: Some(until),
        ..all()
    };
    assert_eq!(
        replay(&server, range.clone()).await.rows,
        ["within", "within too"]
    );

    let few = Replay { rows: 1, ..all() };
    let ended = replay(&server, few).await.summary.unwrap();
    assert_eq!(ended.end, ReplayEnd::Rows);

    let empty = Replay {
        until: Some(since),
        ..range
    };
    let refused = server.engine.replay(&name("A"), empty).await;
    assert!(
        matches!(refused, Err(EngineError::Replay(_))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn another_version_is_compared_with_what_was_stored() {
    let server = Server::start().await;
    server.install("A", WATCH).await;
    server.send(numbered(6)).await;
    server.rows("A", 6).await;

    let same = replay(
        &server,
        Replay {
            diff: true,
            ..all()
        },
    )
    .await;
    assert_eq!(same.summary.unwrap().differences, Some((0, 0)));
    assert!(same.rows.is_empty());

    let digest = upload(&server, "2.0.0", NARROW).await;
    let narrow = Replay {
        version: Some(digest),
        diff: true,
        ..all()
    };
    let narrow = replay(&server, narrow).await;
    assert_eq!(narrow.only_stored, ["event 1", "event 3", "event 5"]);
    let summary = narrow.summary.unwrap();
    assert_eq!(
        (
            summary.digest,
            summary.version.as_str(),
            summary.differences
        ),
        (digest, "2.0.0", Some((0, 3)))
    );
    // The other way round: the one that runs gave less than the other would.
    let change = crate::Change {
        component: Some(guest::component("A", "2.0.0", NARROW)),
        ..crate::Change::default()
    };
    server.engine.change(&name("A"), change).await.unwrap();
    server.send(["more 7", "more 8"]).await;
    server.rows("A", 7).await;
    let wide = Replay {
        version: Some(Digest::of(&guest::component("A", "1.0.0", WATCH))),
        diff: true,
        ..all()
    };
    let wide = replay(&server, wide).await;
    assert_eq!(wide.only_replayed, ["more 7"]);
    assert!(wide.only_stored.is_empty());
}

#[tokio::test]
async fn what_fails_is_told_and_the_rest_goes_on() {
    let server = Server::start().await;
    server.install("A", WATCH).await;
    server.send(["one", "TRAP", "two"]).await;
    server.rows("A", 2).await;
    let letters = server.letters("A", 1).await.len();
    let replayed = replay(&server, all()).await;
    assert_eq!(replayed.rows, ["one", "two"]);
    assert_eq!(replayed.failures.len(), 1);
    assert!(
        replayed.failures[0].contains("trapped"),
        "{:?}",
        replayed.failures
    );
    assert_eq!(replayed.summary.unwrap().failures, 1);
    assert_eq!(server.letters("A", 1).await.len(), letters);
}

#[tokio::test]
async fn past_ticks_are_replayed() {
    let server = Server::start().await;
    server.install("A", "schedule: { every: 1h }").await;
    let since = Time::from_seconds(1_700_000_000.0);
    let day = Replay {
        since,
        until: Some(since.plus(std::time::Duration::from_secs(86_400))),
        ..all()
    };
    let replayed = replay(&server, day).await;
    assert_eq!(replayed.rows, vec!["tick"; 24]);
    assert_eq!(replayed.summary.unwrap().turns, 24);
}

#[tokio::test]
async fn an_installation_that_is_off_is_replayed_and_one_that_is_not_there_is_not() {
    let server = Server::start().await;
    server.install("A", WATCH).await;
    let off = crate::Change {
        enabled: Some(false),
        ..crate::Change::default()
    };
    server.engine.change(&name("A"), off).await.unwrap();
    server.send(numbered(2)).await;
    assert_eq!(replay(&server, all()).await.rows, numbered(2));
    let missing = server.engine.replay(&name("B"), all()).await;
    assert!(
        matches!(missing, Err(EngineError::Missing(_))),
        "{missing:?}"
    );
    let unknown = Replay {
        version: Some(Digest::of(b"unknown")),
        ..all()
    };
    let unknown = server.engine.replay(&name("A"), unknown).await;
    assert!(
        matches!(unknown, Err(EngineError::NoComponent(_))),
        "{unknown:?}"
    );
}

#[tokio::test]
async fn a_replay_ends_when_nobody_reads_it_and_makes_room() {
    let server = Server::start().await;
    server.install("A", WATCH).await;
    server.send_to(LOG, numbered(200)).await;
    server.rows("A", 200).await;
    let mut running = Vec::new();
    for _ in 0..2 {
        running.push(server.engine.replay(&name("A"), all()).await.unwrap());
    }
    let full = server.engine.replay(&name("A"), all()).await;
    assert!(matches!(full, Err(EngineError::Busy(_))), "{full:?}");
    running.pop();
    within(async {
        while let Err(EngineError::Busy(_)) = server.engine.replay(&name("A"), all()).await {
            tokio::task::yield_now().await;
        }
    })
    .await;
    // The one that is read goes on to its end.
    assert_eq!(outcome(running.remove(0)).await.rows.len(), 200);
}
