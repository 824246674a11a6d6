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

fn effects(names: &[&str]) -> Effects {
    names
        .iter()
        .map(|name| ((*name).to_owned(), name.as_bytes().to_vec()))
        .collect()
}

#[tokio::test]
async fn what_was_done_is_recalled_and_what_was_inherited_is_claimed() {
    let folder = tempfile::tempdir().unwrap();
    let host = InstallationHost::new(server::open(&folder).await, server::name("A"));
    host.enter(turn(1).id, effects(&["own"]), effects(&["a", "b"]));
    let own = host.recall(&turn(1), "own").await.unwrap();
    assert_eq!(own.as_deref(), Some(&b"own"[..]));
    let inherited = host.recall(&turn(1), "a").await.unwrap();
    assert_eq!(inherited.as_deref(), Some(&b"a"[..]));
    assert_eq!(host.recall(&turn(1), "c").await, Ok(None));
    let left = host.leave().unwrap();
    assert_eq!(left.claimed, BTreeSet::from(["a".to_owned()]));
    assert_eq!(left.own, effects(&["own"]));
}

#[tokio::test]
async fn another_turn_is_told_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let host = InstallationHost::new(server::open(&folder).await, server::name("A"));
    assert!(host.recall(&turn(1), "own").await.is_err());
    host.enter(turn(1).id, effects(&["own"]), Effects::new());
    assert!(host.recall(&turn(2), "own").await.is_err());
    let before = host.enter(turn(2).id, Effects::new(), Effects::new());
    assert_eq!(host.recall(&turn(2), "own").await, Ok(None));
    host.reenter(before);
    assert!(host.recall(&turn(1), "own").await.unwrap().is_some());
}

#[tokio::test]
async fn an_effect_that_could_not_be_written_down_is_known_to_the_next_try() {
    let folder = tempfile::tempdir().unwrap();
    // Nothing is installed as `A`: its journal is refused.
    let host = InstallationHost::new(server::open(&folder).await, server::name("A"));
    host.enter(turn(1).id, Effects::new(), Effects::new());
    let written = host.journal(&turn(1), "told", b"ok".to_vec()).await;
    assert!(written.is_err());
    let recalled = host.recall(&turn(1), "told").await.unwrap();
    assert_eq!(recalled.as_deref(), Some(&b"ok"[..]));
}
