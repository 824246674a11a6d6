//! Installing, changing and removing on a running engine.

use std::time::Duration;

use serde_json::json;
use watchbox_model::{LogKey, Secret, parameter::ParameterChange};
use watchbox_store::AuditQuery;

use super::{
    guest,
    server::{LOG, Server, WATCH, engine, grants, install, name, numbered, open},
};
use crate::{Change, EngineError, Phase, Status};

fn change() -> Change {
    Change {
        may_widen: true,
        actor: "token:test".to_owned(),
        ..Change::default()
    }
}

fn upgrade(version: &str) -> Change {
    Change {
        component: Some(guest::component("Server.Echo", version, WATCH)),
        ..change()
    }
}

fn enabled(enabled: bool) -> Change {
    Change {
        enabled: Some(enabled),
        ..change()
    }
}

#[tokio::test]
async fn a_hot_swap_under_a_stream_of_events_loses_and_doubles_nothing() {
    let server = Server::start().await;
    server.install("Server.Echo", WATCH).await;
    let texts = numbered(600);
    for (round, some) in texts.chunks(20).enumerate() {
        server.send(some).await;
        if round % 5 == 2 {
            let installed = server
                .engine
                .change(&name("Server.Echo"), upgrade(&format!("1.0.{round}")))
                .await
                .unwrap();
            assert!(installed.previous.is_some());
        }
    }
    assert_eq!(server.rows("Server.Echo", 600).await, texts);
    let status = server
        .until("Server.Echo", |status| status.rows == 600)
        .await;
    assert_eq!(status.version, "1.0.27");
    assert_eq!(status.failures, 0);
    server.stop().await;
}

#[tokio::test]
async fn a_turn_that_fails_is_handed_to_the_new_version() {
    let server = Server::start().await;
    let mut stubborn = install("Server.Echo", WATCH);
    stubborn.grants = grants("{ limits: { tries: 1000000 } }");
    server.try_install(stubborn).await.unwrap();
    server.send(["TRAP", "fine"]).await;
    server
        .until("Server.Echo", |status| status.failures >= 2)
        .await;
    let picky = WATCH.replace("exists: true", "not_matches: TRAP");
    let mended = Change {
        component: Some(guest::component("Server.Echo", "2.0.0", &picky)),
        ..change()
    };
    server
        .engine
        .change(&name("Server.Echo"), mended)
        .await
        .unwrap();
    assert_eq!(server.rows("Server.Echo", 1).await, ["fine"]);
    assert_eq!(server.letters("Server.Echo", 0).await, []);
    server.stop().await;
}

#[tokio::test]
async fn a_turn_that_waits_is_tried_at_once_when_its_grants_change() {
    let server = Server::start().await;
    server.install("Server.Echo", WATCH).await;
    server.send(["LATE"]).await;
    let waits = |failures: u64| {
        move |status: &Status| status.failures == failures && status.next_try.is_some()
    };
    let status = server.until("Server.Echo", waits(1)).await;
    let (failed, next) = (status.last_error.unwrap().0, status.next_try.unwrap());
    assert!(next.since(failed) > Duration::from_secs(3_000), "{next:?}");
    let more = Change {
        grants: Some(grants("{ state: true, log: true }")),
        ..change()
    };
    let changed = server.engine.change(&name("Server.Echo"), more).await;
    changed.unwrap();
    server.until("Server.Echo", waits(2)).await;
    server.stop().await;
}

#[tokio::test]
async fn switched_off_it_keeps_its_place() {
    let server = Server::start().await;
    server.install("Server.Echo", WATCH).await;
    server.send(["a"]).await;
    server.rows("Server.Echo", 1).await;
    let echo = name("Server.Echo");
    let off = server.engine.change(&echo, enabled(false)).await.unwrap();
    assert_eq!(off.status.phase, Phase::Disabled);
    server.send(["b"]).await;
    let server = server.restart().await;
    server
        .until("Server.Echo", |status| status.version == "1.0.0")
        .await;
    server.send(["c"]).await;
    assert_eq!(server.rows("Server.Echo", 1).await, ["a"]);
    server.engine.change(&echo, enabled(true)).await.unwrap();
    assert_eq!(server.rows("Server.Echo", 3).await, ["a", "b", "c"]);
    server.stop().await;
}

#[tokio::test]
async fn a_circle_is_refused_by_name() {
    let server = Server::start().await;
    let watch = |whom: &str| format!("subscribe: [ {{ artifact: {whom} }} ]");
    server.install("Server.A", &watch("Server.B")).await;
    server.install("Server.B", &watch("Server.C")).await;
    let circle = server
        .try_install(install("Server.C", &watch("Server.A")))
        .await;
    assert_eq!(
        circle.unwrap_err().to_string(),
        "subscriptions go in a circle: Server.C -> Server.A -> Server.B -> Server.C"
    );
    assert_eq!(server.engine.table().await.unwrap().len(), 2);
    server.stop().await;
}

#[tokio::test]
async fn a_change_that_is_refused_leaves_the_old_version_running() {
    let server = Server::start().await;
    let before = server.install("Server.Echo", WATCH).await;
    let echo = name("Server.Echo");
    let broken = Change {
        component: Some(bytes::Bytes::from_static(b"no component")),
        ..change()
    };
    let other = Change {
        component: Some(guest::component("Server.Other", "1.0.0", WATCH)),
        ..change()
    };
    let refused = Change {
        parameters: ParameterChange::All([("word".to_owned(), json!("WRONG"))].into()),
        ..change()
    };
    let unknown = Change {
        parameters: ParameterChange::All([("wrod".to_owned(), json!("x"))].into()),
        ..change()
    };
    let tried = [
        server.engine.change(&echo, broken).await.unwrap_err(),
        server.engine.change(&echo, other).await.unwrap_err(),
        server.engine.change(&echo, refused).await.unwrap_err(),
        server.engine.change(&echo, unknown).await.unwrap_err(),
    ];
    assert!(matches!(tried[0], EngineError::Load(_)), "{}", tried[0]);
    assert!(
        matches!(tried[1], EngineError::Artifact { .. }),
        "{}",
        tried[1]
    );
    assert!(
        matches!(tried[2], EngineError::Configure(_)),
        "{}",
        tried[2]
    );
    assert!(
        matches!(tried[3], EngineError::Parameter(_)),
        "{}",
        tried[3]
    );
    let status = server.status("Server.Echo").await;
    assert_eq!(status.installation, before.status.installation);
    server.send(["on"]).await;
    assert_eq!(server.rows("Server.Echo", 1).await, ["on"]);
    server.stop().await;
}

#[tokio::test]
async fn grants_that_are_taken_away_are_missing_at_the_next_call() {
    let server = Server::start().await;
    let mut stubborn = install("Server.Echo", WATCH);
    stubborn.grants = grants("{ state: true, limits: { tries: 1000000 } }");
    server.try_install(stubborn).await.unwrap();
    server.send(["WAIT"]).await;
    server
        .until("Server.Echo", |status| status.failures >= 1)
        .await;
    let revoked = Change {
        grants: Some(grants("{ limits: { tries: 1000000 } }")),
        ..change()
    };
    let installed = server
        .engine
        .change(&name("Server.Echo"), revoked)
        .await
        .unwrap();
    assert!(
        installed
            .warnings
            .iter()
            .any(|text| text.contains("`state`"))
    );
    let query = || AuditQuery {
        capability: Some("state".to_owned()),
        decision: Some(watchbox_model::audit::Decision::Denied),
        limit: 1,
        ..AuditQuery::default()
    };
    let mut said = server.store.watch(&LogKey::messages(name("Server.Echo")));
    super::server::within(async {
        while server.store.audit(query()).await.unwrap().items.is_empty() {
            said.changed().await.unwrap();
        }
    })
    .await;
    server.stop().await;
}

#[tokio::test]
async fn a_name_is_taken_once_and_free_again_after_a_removal() {
    let server = Server::start().await;
    server.install("Server.Echo", WATCH).await;
    let taken = server.try_install(install("Server.Echo", WATCH)).await;
    assert!(matches!(taken, Err(EngineError::Exists(_))));
    let refused = server
        .engine
        .accept(
            name("Server.Echo"),
            Default::default(),
            watchbox_model::Time::now(),
            Vec::new(),
        )
        .await;
    assert!(matches!(refused, Err(EngineError::RowLog(_))));
    server
        .engine
        .remove(&name("Server.Echo"), "token:test")
        .await
        .unwrap();
    let gone = server
        .engine
        .remove(&name("Server.Echo"), "token:test")
        .await;
    assert!(matches!(gone, Err(EngineError::Missing(_))));
    server.install("Server.Echo", WATCH).await;
    server.send(["again"]).await;
    assert_eq!(server.rows("Server.Echo", 1).await, ["again"]);
    server.stop().await;
}

#[tokio::test]
async fn one_artifact_runs_under_two_names() {
    let server = Server::start().await;
    for text in ["Server.One", "Server.Two"] {
        let mut twice = install("Server.Echo", WATCH);
        twice.name = Some(name(text));
        let installed = server.try_install(twice).await.unwrap();
        assert_eq!(installed.status.artifact, name("Server.Echo"));
    }
    server.send(["both"]).await;
    assert_eq!(server.rows("Server.One", 1).await, ["both"]);
    assert_eq!(server.rows("Server.Two", 1).await, ["both"]);
    server.stop().await;
}

#[tokio::test]
async fn two_subscriptions_to_one_log_are_refused() {
    let server = Server::start().await;
    let double =
        "subscribe: [ { artifact: Test.Events }, { artifact: Test.Events, columns: [Text] } ]";
    let refused = server.try_install(install("Server.Double", double)).await;
    assert!(matches!(refused, Err(EngineError::Load(_))), "{refused:?}");
    server.stop().await;
}

#[tokio::test]
async fn secrets_are_sealed_at_rest_and_lost_with_their_key() {
    const VALUE: &str = "s3cr3t-t0ken-of-the-test";
    let server = Server::start().await;
    server.install("Server.Plain", WATCH).await;
    let mut sealed = install("Server.Sealed", WATCH);
    sealed.component = guest::component_with_secret("Server.Sealed", "1.0.0", WATCH);
    sealed.secrets = [("token".to_owned(), Secret::new(VALUE))].into();
    server.try_install(sealed).await.unwrap();
    let mut given_openly = install("Server.Open", WATCH);
    given_openly.component = guest::component_with_secret("Server.Open", "1.0.0", WATCH);
    given_openly.parameters = [("token".to_owned(), json!(VALUE))].into();
    let installed = server.try_install(given_openly).await.unwrap();
    assert!(installed.status.installation.parameters.is_empty());
    let folder = server.stop().await;
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        let found = bytes
            .windows(VALUE.len())
            .any(|some| some == VALUE.as_bytes());
        assert!(!found);
    }

    std::fs::remove_file(folder.path().join("secrets.key")).unwrap();
    let store = open(&folder).await;
    let server = Server::over(folder, store).await;
    let broken = server
        .until("Server.Sealed", |status| status.phase == Phase::Quarantined)
        .await;
    let (_, error) = broken.last_error.unwrap();
    assert!(
        error.contains("secrets.key is the key") && error.contains("give the secrets again"),
        "{error}"
    );
    server
        .until("Server.Plain", |status| status.version == "1.0.0")
        .await;
    server.send(["on"]).await;
    assert_eq!(server.rows("Server.Plain", 1).await, ["on"]);

    let given_anew = Change {
        secrets: [("token".to_owned(), Secret::new("new"))].into(),
        ..change()
    };
    let mended = server
        .engine
        .change(&name("Server.Sealed"), given_anew)
        .await
        .unwrap();
    assert_ne!(mended.status.phase, Phase::Quarantined);
    assert_eq!(server.rows("Server.Sealed", 1).await, ["on"]);
    server.stop().await;
}

#[tokio::test]
async fn a_broken_installation_keeps_nobody_from_starting() {
    let server = Server::start().await;
    server.install("Server.Fine", WATCH).await;
    server.install("Server.Lost", WATCH).await;
    let lost = server.status("Server.Lost").await.installation;
    let audit = || crate::audit::Admin::new("test", "test", &name("Server.Lost")).record();
    let astray = watchbox_store::Installation {
        digest: watchbox_model::Digest::of(b"nowhere"),
        ..lost
    };
    let put = server
        .store
        .put_installation(astray, None, Vec::new(), audit());
    if let Err(error) = put.await {
        // A store that knows better refuses it; then there is nothing to break.
        assert!(
            matches!(error, watchbox_store::StoreError::Missing(_)),
            "{error}"
        );
        server.stop().await;
        return;
    }
    let server = server.restart().await;
    let broken = server
        .until("Server.Lost", |status| status.phase == Phase::Quarantined)
        .await;
    assert!(broken.last_error.unwrap().1.contains("not in the store"));
    server.send(["on"]).await;
    assert_eq!(server.rows("Server.Fine", 1).await, ["on"]);
    server.stop().await;
}

#[tokio::test]
async fn every_change_is_in_the_trail() {
    let server = Server::start().await;
    server.install("Server.Echo", WATCH).await;
    let echo = name("Server.Echo");
    server.engine.change(&echo, upgrade("2.0.0")).await.unwrap();
    server.engine.change(&echo, enabled(false)).await.unwrap();
    server.engine.change(&echo, enabled(true)).await.unwrap();
    server.engine.remove(&echo, "token:test").await.unwrap();
    let query = AuditQuery {
        capability: Some("admin".to_owned()),
        limit: 100,
        ..AuditQuery::default()
    };
    let page = server.store.audit(query).await.unwrap();
    let mut acts: Vec<String> = page
        .items
        .into_iter()
        .map(|(_, record)| format!("{} {}", record.actor, record.operation))
        .collect();
    acts.reverse();
    assert_eq!(
        acts,
        [
            "upload", "install", "upload", "upgrade", "disable", "enable", "remove"
        ]
        .map(|act| format!("token:test {act}"))
    );
    server.stop().await;
}

#[tokio::test]
async fn nothing_begins_once_it_stops() {
    let server = Server::start().await;
    let engine_handle = server.engine.clone();
    let folder = server.stop().await;
    let refused = engine_handle.install(install("Server.Echo", WATCH)).await;
    assert!(matches!(refused, Err(EngineError::Stopping)), "{refused:?}");
    let refused = engine_handle
        .accept(
            name(LOG),
            Default::default(),
            watchbox_model::Time::now(),
            Vec::new(),
        )
        .await;
    assert!(matches!(refused, Err(EngineError::Stopping)), "{refused:?}");
    drop(engine_handle);
    let again = engine(&folder, &open(&folder).await, crate::Clock::default(), None)
        .await
        .unwrap();
    again.stop().await;
}
