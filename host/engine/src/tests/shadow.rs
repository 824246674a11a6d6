//! Shadows: a new version beside the old one, which does not notice.

use watchbox_model::parameter::ParameterChange;

use super::{
    guest,
    server::{Server, WATCH, name, numbered, within},
};
use crate::{Change, EngineError, ShadowReport};

/// The same log, of which only some events are wanted.
const NARROW: &str = "subscribe: [ { artifact: Test.Events, where: [ { column: Text, matches: '[02468]$' } ], batch: { rows: 3 } } ]";

fn version(version: &str, triggers: &str) -> Change {
    Change {
        component: Some(guest::component("A", version, triggers)),
        may_widen: true,
        actor: "token:test".to_owned(),
        ..Change::default()
    }
}

/// Waits until the shadow of `A` stands so.
async fn until(server: &Server, holds: impl Fn(&ShadowReport) -> bool) -> ShadowReport {
    within(async {
        loop {
            let report = server.engine.shadow_report(&name("A")).unwrap();
            if holds(&report) {
                return report;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}

fn texts(rows: &watchbox_model::Rows) -> Vec<String> {
    rows.iter()
        .map(|row| row.column("Text").unwrap().as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn rows_that_only_one_of_them_gave_are_told() {
    let server = Server::start().await;
    server.install("A", WATCH).await;
    server.send(["before 1", "before 2"]).await;
    server.rows("A", 2).await;
    let started = server
        .engine
        .shadow(&name("A"), version("2.0.0", NARROW))
        .await;
    assert_eq!(started.unwrap().version, "2.0.0");
    assert_eq!(server.status("A").await.shadow.unwrap().1, "2.0.0");

    server.send(numbered(6)).await;
    server.rows("A", 8).await;
    let report = until(&server, |report| {
        report.facts.same == 3 && report.facts.only_live.rows == 3
    })
    .await;
    assert_eq!(
        texts(&report.facts.only_live.examples),
        ["event 1", "event 3", "event 5"]
    );
    assert_eq!(report.facts.only_shadow.rows, 0);
    assert_eq!((report.facts.events, report.facts.rows), (3, 3));
    assert!(report.is_running && report.facts.failures == 0);
    // What the shadow emits is not kept.
    server.until("A", |status| status.rows == 8).await;

    let promoted = server
        .engine
        .promote_shadow(&name("A"), "token:other", true)
        .await;
    let status = promoted.unwrap().status;
    assert_eq!((status.version.as_str(), status.shadow), ("2.0.0", None));
    assert_eq!(status.installation.changed_by, "token:other");
    let gone = server.engine.shadow_report(&name("A"));
    assert!(matches!(gone, Err(EngineError::NoShadow(_))));
}

#[tokio::test]
async fn a_shadow_that_fails_disturbs_nobody() {
    let server = Server::start().await;
    server.install("A", NARROW).await;
    server
        .engine
        .shadow(&name("A"), version("2.0.0", WATCH))
        .await
        .unwrap();
    // The installation's filter lets none of these through but the last.
    server.send(["TRAP", "LOOP", "odd", "event 2"]).await;
    server.rows("A", 1).await;
    let report = until(&server, |report| {
        report.facts.failures == 2 && report.facts.same == 1 && report.facts.lag == 0
    })
    .await;
    assert_eq!(texts(&report.facts.only_shadow.examples), ["odd"]);
    let (_, given_up) = report.facts.last_failure.unwrap();
    assert!(given_up.error.contains("compute"), "{}", given_up.error);
    let status = server.status("A").await;
    assert_eq!((status.failures, status.last_error), (0, None));
    assert!(
        server
            .store
            .dead_letters(None, None, 1)
            .await
            .unwrap()
            .items
            .is_empty()
    );
}

#[tokio::test]
async fn ticks_are_played_beside() {
    let server = Server::start().await;
    server.install("A", "schedule: { every: 1s }").await;
    server
        .engine
        .shadow(&name("A"), version("2.0.0", "schedule: { every: 1s }"))
        .await
        .unwrap();
    let report = until(&server, |report| report.facts.same >= 2).await;
    assert_eq!(report.facts.only_live.rows, 0, "{report:?}");
}

#[tokio::test]
async fn a_shadow_ends_when_it_is_stopped_and_with_each_change() {
    let server = Server::start().await;
    server.install("A", WATCH).await;
    let shadow = async || {
        server
            .engine
            .shadow(&name("A"), version("2.0.0", NARROW))
            .await
    };
    let is_gone = || {
        let report = server.engine.shadow_report(&name("A"));
        matches!(report, Err(EngineError::NoShadow(_)))
    };
    shadow().await.unwrap();
    server
        .engine
        .stop_shadow(&name("A"), "token:test")
        .await
        .unwrap();
    assert!(is_gone());
    let stopped = server.engine.stop_shadow(&name("A"), "token:test").await;
    assert!(matches!(stopped, Err(EngineError::NoShadow(_))));

    shadow().await.unwrap();
    let off = Change {
        enabled: Some(false),
        ..Change::default()
    };
    server.engine.change(&name("A"), off).await.unwrap();
    assert!(is_gone());
    let refused = shadow().await;
    assert!(
        matches!(refused, Err(EngineError::NotRunning(_))),
        "{refused:?}"
    );
    let server = server.restart().await;
    assert!(server.status("A").await.shadow.is_none());
}

#[tokio::test]
async fn what_can_not_run_is_no_shadow() {
    let server = Server::start().await;
    server.install("A", WATCH).await;
    let none = server.engine.shadow(&name("A"), Change::default()).await;
    assert!(matches!(none, Err(EngineError::Shadow)), "{none:?}");
    let wrong = Change {
        parameters: ParameterChange::All([("word".to_owned(), "WRONG".into())].into()),
        ..version("2.0.0", WATCH)
    };
    let wrong = server.engine.shadow(&name("A"), wrong).await;
    assert!(matches!(wrong, Err(EngineError::Configure(_))), "{wrong:?}");
    let other = Change {
        component: Some(guest::component("B", "2.0.0", WATCH)),
        ..Change::default()
    };
    let other = server.engine.shadow(&name("A"), other).await;
    assert!(
        matches!(other, Err(EngineError::Artifact { .. })),
        "{other:?}"
    );
    assert!(server.status("A").await.shadow.is_none());
}
