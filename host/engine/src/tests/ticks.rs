//! Ticks: by the clock, and those that were missed.

use watchbox_model::{Time, TurnId, turn::Trigger};
use watchbox_store::{Effect, JournalEntry, OpenTurn};

use super::server::{Server, install, name};
use crate::{Change, turn::nothing};

const EVERY_SECOND: &str = "schedule: { every: 1s }";
const SELDOM: &str = "schedule: { every: 300d }";

#[tokio::test]
async fn ticks_come_by_the_clock() {
    let server = Server::start().await;
    server.install("Server.Clock", EVERY_SECOND).await;
    assert_eq!(server.rows("Server.Clock", 2).await[..2], ["tick", "tick"]);
    let last = server.store.last_tick(&name("Server.Clock")).await.unwrap();
    assert_eq!(
        last.unwrap().micros() % 1_000_000,
        0,
        "the schedule's own time"
    );
    server.stop().await;
}

#[tokio::test]
async fn a_fresh_installation_waits_for_its_first_tick() {
    let server = Server::start().await;
    server.install("Server.Clock", SELDOM).await;
    let status = server
        .until("Server.Clock", |status| status.next_tick.is_some())
        .await;
    assert!(status.next_tick.unwrap() > Time::now());
    assert_eq!(status.turns, 0);
    server.stop().await;
}

#[tokio::test]
async fn ticks_missed_while_it_was_down_are_run_once() {
    let server = Server::start().await;
    let mut off = install("Server.Clock", "schedule: { every: 1h }");
    off.enabled = false;
    server.try_install(off).await.unwrap();
    let long_ago = Time::from_seconds(Time::now().seconds() - 50_000.0);
    let mut commit = nothing(&name("Server.Clock"));
    commit.tick = Some(long_ago);
    server.store.commit(commit).await.unwrap();
    let mut installation = server.status("Server.Clock").await.installation;
    // As if it had been installed before all that, and were on.
    installation.installed_at = long_ago;
    installation.enabled = true;
    let audit = crate::audit::Admin::new("test", "enable", &name("Server.Clock")).record();
    server
        .store
        .put_installation(installation, None, Vec::new(), audit)
        .await
        .unwrap();
    let server = server.restart().await;
    assert_eq!(server.rows("Server.Clock", 1).await, ["tick"]);
    let status = server
        .until("Server.Clock", |status| {
            status.turns > 0 && status.next_tick.is_some_and(|next| next > Time::now())
        })
        .await;
    assert_eq!(status.turns, 1);
    let last = server.store.last_tick(&name("Server.Clock")).await.unwrap();
    assert!(
        Time::now().since(last.unwrap()).as_secs() <= 3_600,
        "the latest of them"
    );
    server.stop().await;
}

#[tokio::test]
async fn a_tick_that_fails_for_good_is_set_aside_and_the_next_one_comes() {
    let server = Server::start().await;
    let mut small = install("Server.Clock", EVERY_SECOND);
    small.grants = super::server::grants("{ limits: { rows: 0, tries: 2 } }");
    server.try_install(small).await.unwrap();
    let letters = server.letters("Server.Clock", 2).await;
    assert!(matches!(letters[0].trigger, Trigger::Tick { .. }));
    assert_eq!(letters[0].tries, 2);
    assert_ne!(letters[0].trigger, letters[1].trigger);
    server.stop().await;
}

#[tokio::test]
async fn a_tick_that_was_begun_is_gone_on_with_after_it_was_switched_off_and_on() {
    let server = Server::start().await;
    let mut off = install("Server.Clock", SELDOM);
    off.enabled = false;
    server.try_install(off).await.unwrap();
    let due = Time::from_seconds(Time::now().seconds() - 60.0);
    let begun = OpenTurn {
        installation: name("Server.Clock"),
        turn: TurnId::of(&Trigger::Tick { due }),
        trigger: Trigger::Tick { due },
        now: due,
        is_aside: false,
    };
    let sent = JournalEntry {
        effect: Effect {
            name: "told C.1".to_owned(),
            nth: 0,
        },
        outcome: Vec::new(),
    };
    server.store.journal(&begun, sent).await.unwrap();
    let on = Change {
        enabled: Some(true),
        ..Change::default()
    };
    let clock = name("Server.Clock");
    server.engine.change(&clock, on).await.unwrap();
    assert_eq!(server.rows("Server.Clock", 1).await, ["tick"]);
    assert_eq!(server.store.last_tick(&clock).await.unwrap(), Some(due));
    assert_eq!(server.times("Server.Clock").await, [due.seconds()]);
    server.stop().await;
}
