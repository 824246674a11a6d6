//! Turns that fail: tried again, halved, set aside, redriven.

use watchbox_model::{LogKey, turn::Trigger};
use watchbox_store::{AuditQuery, StateChange};

use super::server::{LOG, Server, WATCH, grants, install, name, numbered};
use crate::{EngineError, turn::nothing};

fn stretch(from: u64, to: u64) -> Trigger {
    Trigger::Events {
        log: LogKey::events(name(LOG)),
        from,
        to,
    }
}

/// Gives the guest's state the key that it waits for.
async fn let_go(server: &Server, installation: &str) {
    let mut commit = nothing(&name(installation));
    commit.state = vec![StateChange {
        key: "go".to_owned(),
        value: Some(b"on".to_vec()),
    }];
    server.store.commit(commit).await.unwrap();
}

#[tokio::test]
async fn a_turn_that_asks_for_it_is_tried_until_it_succeeds_and_its_time_stays() {
    let server = Server::start().await;
    let mut stubborn = install("Server.Echo", WATCH);
    stubborn.grants = grants("{ state: true, limits: { tries: 1000000 } }");
    server.try_install(stubborn).await.unwrap();
    let before = watchbox_model::Time::now().seconds();
    server.send(["WAIT"]).await;
    server
        .until("Server.Echo", |status| status.failures >= 3)
        .await;
    let tried = watchbox_model::Time::now().seconds();
    let_go(&server, "Server.Echo").await;
    assert_eq!(server.rows("Server.Echo", 1).await, ["WAIT"]);
    let time = server.times("Server.Echo").await[0];
    assert!(before <= time && time <= tried, "the time of the first try");
    let status = server
        .until("Server.Echo", |status| status.turns == 1)
        .await;
    assert_eq!(status.last_error, None);
    server.stop().await;
}

#[tokio::test]
async fn the_poison_event_is_found_and_the_rest_flow_in_order() {
    let server = Server::start().await;
    let wide = "subscribe: [ { artifact: Test.Events, batch: { rows: 100 } } ]";
    server.install("Server.Echo", wide).await;
    let mut texts = numbered(37);
    texts[20] = "TRAP".to_owned();
    server.send(&texts).await;
    texts.remove(20);
    assert_eq!(server.rows("Server.Echo", 36).await, texts);
    let letters = server.letters("Server.Echo", 1).await;
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].trigger, stretch(20, 21));
    assert_eq!(letters[0].tries, 3);
    assert!(letters[0].error.contains("trapped"), "{}", letters[0].error);
    server.stop().await;
}

#[tokio::test]
async fn a_tick_that_succeeds_ends_no_error_that_events_left() {
    let server = Server::start().await;
    let both = format!("{WATCH}\nschedule: {{ every: 1s }}");
    server.install("Server.Echo", &both).await;
    server.send(["TRAP"]).await;
    server.letters("Server.Echo", 1).await;
    let before = server.status("Server.Echo").await.turns;
    let ticked = server.until("Server.Echo", |status| status.turns >= before + 2);
    let (_, error) = ticked.await.last_error.unwrap();
    assert!(error.contains("trapped"), "{error}");
    server.send(["well"]).await;
    server
        .until("Server.Echo", |status| status.last_error.is_none())
        .await;
    server.stop().await;
}

#[tokio::test]
async fn what_the_artifact_can_not_bear_is_not_tried_as_often_as_what_is_outside() {
    let server = Server::start().await;
    let mut patient = install("Server.Echo", WATCH);
    patient.grants = grants("{ state: true, limits: { tries: 1000000 } }");
    server.try_install(patient).await.unwrap();
    server.send(["TRAP", "a"]).await;
    assert_eq!(server.rows("Server.Echo", 1).await, ["a"]);
    let letters = server.letters("Server.Echo", 1).await;
    assert_eq!(
        (letters[0].trigger.clone(), letters[0].tries),
        (stretch(0, 1), 8)
    );
    server.stop().await;
}

#[tokio::test]
async fn a_batch_that_is_rejected_is_set_aside_at_once_and_leaves_nothing() {
    let server = Server::start().await;
    server.install("Server.Echo", WATCH).await;
    server.send(["a", "NO  ", "b"]).await;
    let letters = server.letters("Server.Echo", 1).await;
    assert_eq!(letters[0].trigger, stretch(0, 3));
    assert_eq!(letters[0].tries, 1);
    server.send(["c"]).await;
    assert_eq!(server.rows("Server.Echo", 1).await, ["c"]);
    server.stop().await;
}

#[tokio::test]
async fn a_limit_is_named_in_the_dead_letter() {
    let server = Server::start().await;
    server.install("Server.Echo", WATCH).await;
    server.send(["LOOP"]).await;
    let letters = server.letters("Server.Echo", 1).await;
    assert!(
        letters[0].error.contains("`compute`"),
        "{}",
        letters[0].error
    );
    let said = LogKey::messages(name("Server.Echo"));
    let said = server.texts(&said, "Message").await;
    assert!(said[0].starts_with("try 1 of 3 failed"), "{said:?}");
    server.stop().await;
}

#[tokio::test]
async fn a_dead_letter_is_redriven_once_its_cause_is_mended() {
    let server = Server::start().await;
    let mut hasty = install("Server.Echo", WATCH);
    hasty.grants = grants("{ state: true, limits: { tries: 1 } }");
    server.try_install(hasty).await.unwrap();
    server.send(["WAIT"]).await;
    let id = server.letters("Server.Echo", 1).await[0].id;

    let again = server.engine.redrive(id, "token:test").await;
    assert!(
        matches!(again, Err(EngineError::Redrive { .. })),
        "{again:?}"
    );
    assert_eq!(server.letters("Server.Echo", 1).await.len(), 1);

    let_go(&server, "Server.Echo").await;
    server.engine.redrive(id, "token:test").await.unwrap();
    assert_eq!(server.rows("Server.Echo", 1).await, ["WAIT"]);
    // Who asked is in the trail, whatever came of it; what succeeded counts.
    let asked = AuditQuery {
        capability: Some("admin".to_owned()),
        limit: 10,
        ..AuditQuery::default()
    };
    let asked = server.store.audit(asked).await.unwrap().items;
    let told: Vec<_> = asked
        .iter()
        .filter(|(_, record)| record.operation == "redrive")
        .map(|(_, record)| (record.actor.as_str(), record.outcome.as_str()))
        .collect();
    assert_eq!(told, [("token:test", "ok"), ("token:test", "failed")]);
    let status = server.status("Server.Echo").await;
    assert_eq!((status.turns, status.rows, status.last_error), (1, 1, None));
    let gone = server.engine.redrive(id, "token:test").await;
    assert!(matches!(gone, Err(EngineError::NoLetter(_))), "{gone:?}");
    server.stop().await;
}

#[tokio::test]
async fn a_dead_letter_can_be_dropped() {
    let server = Server::start().await;
    server.install("Server.Echo", WATCH).await;
    server.send(["NO  "]).await;
    let id = server.letters("Server.Echo", 1).await[0].id;
    server
        .engine
        .drop_dead_letter(id, "token:test")
        .await
        .unwrap();
    let gone = server.engine.drop_dead_letter(id, "token:test").await;
    assert!(matches!(gone, Err(EngineError::NoLetter(_))), "{gone:?}");
    server.stop().await;
}

#[tokio::test]
async fn a_turn_that_keeps_failing_does_not_keep_the_operator_waiting() {
    let server = Server::start().await;
    let mut stubborn = install("Server.Echo", WATCH);
    stubborn.grants = grants("{ state: true, limits: { tries: 1000000 } }");
    server.try_install(stubborn).await.unwrap();
    server.send(["TRAP"]).await;
    server
        .until("Server.Echo", |status| status.failures >= 2)
        .await;
    let off = crate::Change {
        enabled: Some(false),
        ..Default::default()
    };
    super::server::within(server.engine.change(&name("Server.Echo"), off))
        .await
        .unwrap();
    assert_eq!(
        server.status("Server.Echo").await.phase,
        crate::Phase::Disabled
    );
    super::server::within(server.engine.remove(&name("Server.Echo"), "token:test"))
        .await
        .unwrap();
    server.stop().await;
}
