use watchbox_model::{Time, turn::Trigger};

use super::*;
use crate::tests::server;

fn turn(due: i64) -> Turn {
    let trigger = Trigger::Tick {
        due: Time::from_micros(due),
    };
    Turn {
        id: TurnId::of(&trigger),
        trigger,
        now: Time::from_micros(7),
        attempt: 1,
    }
}

fn journal(turn: &Turn) -> Journal {
    Journal::new(&server::name("A"), &turn.trigger, turn.now)
}

fn told() -> Effect {
    Effect::Named(watchbox_model::Capability::Http, "told".to_owned())
}

async fn outcome(host: &InstallationHost, turn: &Turn) -> Option<Vec<u8>> {
    host.recall(turn, &told()).await.unwrap().outcome
}

#[tokio::test]
async fn another_turn_is_told_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = server::open(&folder).await;
    server::put(store.as_ref(), "A").await;
    let host = InstallationHost::new(Arc::clone(&store), server::name("A"));
    let (one, two) = (turn(1), turn(2));
    assert!(host.recall(&one, &told()).await.is_err());
    host.enter(one.id.clone(), journal(&one));
    assert!(host.recall(&two, &told()).await.is_err());
    let before = host.enter(two.id.clone(), journal(&two));
    assert_eq!(outcome(&host, &two).await, None);
    host.reenter(before);
    assert_eq!(outcome(&host, &one).await, None);
    // Before anything of them is sent, both are on disk.
    let open = store.open_turns(&server::name("A")).await.unwrap();
    let open: Vec<_> = open.into_iter().map(|(open, _)| open.turn).collect();
    assert_eq!(open, [two.id, one.id]);
}

#[tokio::test]
async fn nothing_is_sent_of_a_turn_that_can_not_be_opened() {
    let folder = tempfile::tempdir().unwrap();
    // Nothing is installed as `A`: its turn can't be opened.
    let host = InstallationHost::new(server::open(&folder).await, server::name("A"));
    let turn = turn(1);
    host.enter(turn.id.clone(), journal(&turn));
    assert!(host.recall(&turn, &told()).await.is_err());
}

#[tokio::test]
async fn an_effect_that_could_not_be_written_down_is_written_before_the_next_try_sees_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = server::open(&folder).await;
    // Nothing is installed as `A`: its journal is refused.
    let host = InstallationHost::new(Arc::clone(&store), server::name("A"));
    let turn = turn(1);
    host.enter(turn.id.clone(), journal(&turn));
    let written = host.journal(&turn, &told(), b"ok".to_vec()).await;
    assert!(written.is_err());
    assert!(host.recall(&turn, &told()).await.is_err());

    server::put(store.as_ref(), "A").await;
    assert_eq!(outcome(&host, &turn).await.as_deref(), Some(&b"ok"[..]));
    let open = store.open_turns(&server::name("A")).await.unwrap();
    assert_eq!((open.len(), open[0].1.len()), (1, 1));
    assert_eq!(outcome(&host, &turn).await.as_deref(), Some(&b"ok"[..]));
}

#[tokio::test]
async fn what_is_forgotten_stays_so_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let store = server::open(&folder).await;
    server::put(store.as_ref(), "A").await;
    let host = InstallationHost::new(Arc::clone(&store), server::name("A"));
    let turn = turn(1);
    host.enter(turn.id.clone(), journal(&turn));
    host.journal(&turn, &told(), b"401".to_vec()).await.unwrap();
    assert!(outcome(&host, &turn).await.is_some());
    host.forget(&turn, &told()).await.unwrap();
    assert_eq!(outcome(&host, &turn).await, None);
    let open = store.open_turns(&server::name("A")).await.unwrap();
    let (_, written) = &open[0];
    assert!(written.iter().all(|entry| entry.is_taken) && written.len() == 1);
}

#[tokio::test]
async fn what_a_redrive_forgot_is_no_answer_to_a_tick_that_waited() {
    let folder = tempfile::tempdir().unwrap();
    let store = server::open(&folder).await;
    server::put(store.as_ref(), "A").await;
    let host = InstallationHost::new(Arc::clone(&store), server::name("A"));
    let (aside, waiting) = (turn(1), turn(2));
    host.enter(aside.id.clone(), journal(&aside));
    host.journal(&aside, &told(), b"401".to_vec())
        .await
        .unwrap();
    // The tick that waits knew what was carried before the redrive forgot it.
    let name = told().written().0;
    let carried = (aside.id.clone(), watchbox_store::Effect { name, nth: 0 });
    let waits = journal(&waiting).carrying(vec![carried]);
    host.forget(&aside, &told()).await.unwrap();
    host.enter(waiting.id.clone(), waits);
    assert_eq!(outcome(&host, &waiting).await, None);
    host.journal(&waiting, &told(), b"200".to_vec())
        .await
        .unwrap();
    assert_eq!(outcome(&host, &waiting).await.as_deref(), Some(&b"200"[..]));
}
