//! Batches: their bounds, their order, and cursors over restarts.

use watchbox_model::{LogKey, Time, TurnId, turn::Trigger};
use watchbox_store::{Effect, JournalEntry, OpenTurn};

use super::server::{LOG, Server, WATCH, install, name, numbered};
use crate::StartAt;

#[tokio::test]
async fn events_become_rows_in_order_in_batches_no_larger_than_asked_for() {
    let server = Server::start().await;
    server.install("Server.Echo", WATCH).await;
    server.send(numbered(10)).await;
    assert_eq!(server.rows("Server.Echo", 10).await, numbered(10));
    let status = server
        .until("Server.Echo", |status| status.rows == 10)
        .await;
    assert_eq!((status.turns, status.failures, status.lag), (3, 0, 0));
    server.stop().await;
}

#[tokio::test]
async fn a_restart_goes_on_where_it_stopped() {
    let server = Server::start().await;
    server.install("Server.Echo", WATCH).await;
    server.send(numbered(7)).await;
    server.rows("Server.Echo", 7).await;
    let server = server.restart().await;
    server.send(["after"]).await;
    let rows = server.rows("Server.Echo", 8).await;
    assert_eq!(rows[..7], numbered(7));
    assert_eq!(rows[7..], ["after"]);
    server.stop().await;
}

#[tokio::test]
async fn events_accepted_while_it_was_down_are_handled_once() {
    let server = Server::start().await;
    server.install("Server.Echo", WATCH).await;
    let folder = server.stop().await;
    let store = super::server::open(&folder).await;
    let mut rows = watchbox_model::RowsBuilder::new();
    for text in numbered(6) {
        rows.push_columns([("Text", watchbox_model::ValueRef::Str(&text))]);
    }
    let append = watchbox_store::Append {
        log: LogKey::events(name(LOG)),
        rows: rows.finish(),
        at: Time::now(),
    };
    store.append(vec![append], Vec::new()).await.unwrap();
    let server = Server::over(folder, store).await;
    assert_eq!(server.rows("Server.Echo", 6).await, numbered(6));
    server.stop().await;
}

#[tokio::test]
async fn what_the_filter_stops_makes_no_turn_and_its_place_is_kept_at_a_stop() {
    let server = Server::start().await;
    let picky =
        "subscribe: [ { artifact: Test.Events, where: [ { column: Text, matches: '^yes' } ] } ]";
    server.install("Server.Picky", picky).await;
    server.send(["yes 1"]).await;
    server.rows("Server.Picky", 1).await;
    server.send(["no 1", "no 2", "no 3"]).await;
    let status = server
        .until("Server.Picky", |status| {
            status.turns == 1 && status.lag == 0
        })
        .await;
    assert_eq!(status.rows, 1);
    let log = LogKey::events(name(LOG));
    let cursor = server.store.cursor(&name("Server.Picky"), &log).await;
    assert_eq!(cursor.unwrap(), Some(1));
    let server = server.restart().await;
    let cursor = server.store.cursor(&name("Server.Picky"), &log).await;
    assert_eq!(cursor.unwrap(), Some(4));
    server.send(["yes 2"]).await;
    assert_eq!(server.rows("Server.Picky", 2).await, ["yes 1", "yes 2"]);
    server.stop().await;
}

#[tokio::test]
async fn a_batch_waits_for_more_if_it_is_asked_to() {
    let server = Server::start().await;
    let patient = "subscribe: [ { artifact: Test.Events, batch: { rows: 3, wait_ms: 60000 } } ]";
    server.install("Server.Patient", patient).await;
    for text in numbered(3) {
        server.send([text]).await;
    }
    assert_eq!(server.rows("Server.Patient", 3).await, numbered(3));
    let status = server
        .until("Server.Patient", |status| status.rows == 3)
        .await;
    assert_eq!(status.turns, 1);
    server.stop().await;
}

#[tokio::test]
async fn the_oldest_events_are_there_for_who_asks_for_them() {
    let server = Server::start().await;
    server.send(numbered(5)).await;
    let mut oldest = install("Server.Oldest", WATCH);
    oldest.start = StartAt::Oldest;
    server.try_install(oldest).await.unwrap();
    server.install("Server.Now", WATCH).await;
    server.send(["new"]).await;
    assert_eq!(server.rows("Server.Now", 1).await, ["new"]);
    assert_eq!(server.rows("Server.Oldest", 6).await[..5], numbered(5));
    server.stop().await;
}

#[tokio::test]
async fn a_turn_that_was_begun_is_resumed_with_its_bounds_and_its_time() {
    let server = Server::start().await;
    server.install("Server.Echo", WATCH).await;
    let folder = server.stop().await;

    // What a process that was killed leaves behind: events, and a turn over three of them that did something outside.
    let store = super::server::open(&folder).await;
    let mut rows = watchbox_model::RowsBuilder::new();
    for text in numbered(6) {
        rows.push_columns([("Text", watchbox_model::ValueRef::Str(&text))]);
    }
    let log = LogKey::events(name(LOG));
    let append = watchbox_store::Append {
        log: log.clone(),
        rows: rows.finish(),
        at: Time::now(),
    };
    store.append(vec![append], Vec::new()).await.unwrap();
    let trigger = Trigger::Events {
        log,
        from: 0,
        to: 3,
    };
    let open = OpenTurn {
        installation: name("Server.Echo"),
        turn: TurnId::of(&trigger),
        trigger,
        now: Time::from_seconds(1_000.5),
        is_aside: false,
    };
    let entry = JournalEntry {
        effect: Effect {
            name: "once:told".to_owned(),
            nth: 0,
        },
        outcome: b"ok".to_vec(),
    };
    store.journal(&open, entry).await.unwrap();

    let server = Server::over(folder, store).await;
    assert_eq!(server.rows("Server.Echo", 6).await, numbered(6));
    let times = server.times("Server.Echo").await;
    assert_eq!(times[..3], [1_000.5; 3]);
    assert!(times[3..].iter().all(|time| *time > 1_000.5));
    let open = server.store.open_turns(&name("Server.Echo")).await.unwrap();
    assert_eq!(open, []);
    server.stop().await;
}

#[tokio::test]
async fn rows_of_one_artifact_are_events_of_another() {
    let server = Server::start().await;
    server.install("Server.First", WATCH).await;
    server
        .install("Server.Second", "subscribe: [ { artifact: Server.First } ]")
        .await;
    server.send(numbered(3)).await;
    assert_eq!(server.rows("Server.Second", 3).await, numbered(3));
    server.stop().await;
}

#[tokio::test]
async fn a_watcher_goes_over_to_the_rows_of_what_is_installed_under_the_name() {
    let server = Server::start().await;
    server
        .install(
            "Server.Watcher",
            "subscribe: [ { artifact: Server.Later } ]",
        )
        .await;
    server.send_to("Server.Later", ["as an event"]).await;
    assert_eq!(server.rows("Server.Watcher", 1).await, ["as an event"]);
    let later = server.install("Server.Later", WATCH).await;
    assert!(
        later.warnings.iter().any(|text| text.contains("refused")),
        "{:?}",
        later.warnings
    );
    server.send(["as a row"]).await;
    assert_eq!(server.rows("Server.Watcher", 2).await[1], "as a row");
    server.stop().await;
}

#[tokio::test]
async fn events_that_retention_took_before_they_were_come_to_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let config = watchbox_store::SqliteConfig {
        path: folder.path().join("watchbox.db"),
        retention: watchbox_store::Retention {
            age: Some(std::time::Duration::from_secs(86_400)),
            bytes: None,
        },
    };
    let store = watchbox_store::SqliteStore::open(config).await.unwrap();
    let server = Server::over(folder, std::sync::Arc::new(store)).await;
    let mut late = install("Server.Late", WATCH);
    late.enabled = false;
    server.try_install(late).await.unwrap();
    server.send(numbered(5)).await;
    let later = Time::from_seconds(Time::now().seconds() + 200_000.0);
    assert_eq!(server.store.retain(later).await.unwrap(), 5);
    server.send(["kept"]).await;
    let on = crate::Change {
        enabled: Some(true),
        ..Default::default()
    };
    server
        .engine
        .change(&name("Server.Late"), on)
        .await
        .unwrap();
    assert_eq!(server.rows("Server.Late", 1).await, ["kept"]);
    let said = LogKey::messages(name("Server.Late"));
    let said = server.texts(&said, "Message").await;
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        said[0].starts_with("retention took 5 events of events/Test.Events"),
        "{said:?}"
    );
    server.stop().await;
}
