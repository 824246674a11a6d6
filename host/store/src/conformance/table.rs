//! The monitoring table and the components.

use bytes::Bytes;
use watchbox_model::{Digest, LogKey, TurnId, dead_letter::DeadLetter, turn::Trigger};

use super::{
    samples::{act, all_numbers, append, events, install, installation, name, seconds, tick},
    trail::everything,
};
use crate::{Effect, Installation, JournalEntry, OpenTurn, StateChange, Store, StoreError};

pub async fn installations_come_back(store: &dyn Store) {
    assert_eq!(store.installations().await.unwrap(), []);
    let b = installation("B");
    let a = Installation {
        previous: None,
        secrets: Vec::new(),
        enabled: false,
        ..installation("A")
    };
    for one in [&b, &a] {
        let put = store.put_installation(one.clone(), None, vec![], act("install"));
        put.await.unwrap();
    }
    assert_eq!(store.installations().await.unwrap(), [a.clone(), b.clone()]);
    let changed = Installation {
        digest: Digest::of(b"newer"),
        previous: Some(b.digest),
        parameters: [("Depth".to_owned(), serde_json::json!([1, {"a": null}]))].into(),
        changed_at: seconds(9.0),
        ..b
    };
    let put = store.put_installation(changed.clone(), None, vec![], act("upgrade"));
    put.await.unwrap();
    assert_eq!(store.installations().await.unwrap(), [a, changed]);
    let trail = store.audit(everything()).await.unwrap();
    let acts: Vec<_> = trail
        .items
        .iter()
        .map(|(_, record)| &record.operation)
        .collect();
    assert_eq!(acts, ["upgrade", "install", "install"]);
}

pub async fn cursors_are_kept_where_they_are_set(store: &dyn Store) {
    let (a, b, x) = (events("A"), events("B"), name("X"));
    assert_eq!(store.cursor(&x, &a).await.unwrap(), None);
    install(store, "X", &a, 7).await;
    assert_eq!(store.cursor(&x, &a).await.unwrap(), Some(7));
    let cursors = vec![(a.clone(), 99), (b.clone(), 3)];
    let put = store.put_installation(installation("X"), None, cursors, act("upgrade"));
    put.await.unwrap();
    assert_eq!(store.cursor(&x, &a).await.unwrap(), Some(7));
    assert_eq!(store.cursor(&x, &b).await.unwrap(), Some(3));
    let rows = LogKey::rows(name("A"));
    assert_eq!(store.cursor(&x, &rows).await.unwrap(), None);
}

fn open_turn() -> OpenTurn {
    let trigger = Trigger::Tick { due: seconds(9.0) };
    OpenTurn {
        installation: name("X"),
        turn: TurnId::of(&trigger),
        trigger,
        now: seconds(9.0),
        is_aside: false,
    }
}

fn entry() -> JournalEntry {
    JournalEntry {
        effect: Effect {
            name: "a".to_owned(),
            nth: 0,
        },
        outcome: vec![1],
    }
}

pub async fn removal_takes_what_is_its_own(store: &dyn Store) {
    let (log, x) = (events("A"), name("X"));
    let rows = LogKey::rows(x.clone());
    install(store, "X", &log, 7).await;
    install(store, "Y", &log, 8).await;
    let mut turn = tick("X", 60.0);
    turn.appends = vec![append(&rows, 1.0, 0..2)];
    turn.state = vec![StateChange {
        key: "key".to_owned(),
        value: Some(vec![1]),
    }];
    turn.dead_letter = Some(DeadLetter {
        id: 0,
        installation: x.clone(),
        digest: Digest::of(b"x"),
        turn: "a turn".to_owned().into(),
        trigger: Trigger::Tick { due: seconds(60.0) },
        now: seconds(29.0),
        tries: 1,
        error: "failed".to_owned(),
        at: seconds(61.0),
    });
    store.commit(turn).await.unwrap();
    store.journal(&open_turn(), entry()).await.unwrap();

    store.remove_installation(&x, act("remove")).await.unwrap();
    assert_eq!(store.installations().await.unwrap().len(), 1);
    assert_eq!(store.cursor(&x, &log).await.unwrap(), None);
    assert_eq!(store.last_tick(&x).await.unwrap(), None);
    assert_eq!(store.open_turns(&x).await.unwrap(), []);
    let snapshot = store.snapshot().await.unwrap();
    assert_eq!(snapshot.state(&x, "key").await.unwrap(), None);
    assert_eq!(all_numbers(store, &rows, 0).await, [0, 1]);
    let letters = store.dead_letters(Some(&x), None, 10).await.unwrap();
    assert_eq!(letters.items.len(), 1);
    assert_eq!(store.audit(everything()).await.unwrap().items.len(), 3);
    assert_eq!(store.cursor(&name("Y"), &log).await.unwrap(), Some(8));
    let again = store.remove_installation(&x, act("remove")).await;
    assert!(matches!(again, Err(StoreError::Missing(_))));
}

pub async fn nothing_is_kept_of_one_that_was_removed(store: &dyn Store) {
    let late = store.commit(tick("X", 60.0)).await;
    assert!(matches!(late, Err(StoreError::Missing(_))));
    let late = store.journal(&open_turn(), entry()).await;
    assert!(matches!(late, Err(StoreError::Missing(_))));
    install(store, "X", &events("A"), 0).await;
    assert_eq!(store.last_tick(&name("X")).await.unwrap(), None);
    assert_eq!(store.open_turns(&name("X")).await.unwrap(), []);
}

pub async fn components_come_back_and_go(store: &dyn Store) {
    let bytes = Bytes::from(vec![7; 3_000_000]);
    let digest = Digest::of(&bytes);
    assert_eq!(store.component(digest).await.unwrap(), None);
    for _ in 0..2 {
        let put = store.put_component(digest, bytes.clone(), act("artifact.put"));
        put.await.unwrap();
    }
    assert_eq!(store.component(digest).await.unwrap(), Some(bytes));
    let kept = store.components().await.unwrap();
    assert_eq!(kept, [(digest, 3_000_000, seconds(10.0))]);

    let running = Installation {
        digest,
        previous: None,
        ..installation("X")
    };
    let upgraded = Installation {
        digest: Digest::of(b"newer"),
        previous: Some(digest),
        ..running.clone()
    };
    for user in [running, upgraded] {
        let put = store.put_installation(user, None, vec![], act("install"));
        put.await.unwrap();
        let refused = store.remove_component(digest, act("artifact.remove")).await;
        assert!(matches!(refused, Err(StoreError::Conflict(_))));
    }
    let x = name("X");
    store.remove_installation(&x, act("remove")).await.unwrap();
    let removed = store.remove_component(digest, act("artifact.remove"));
    removed.await.unwrap();
    assert_eq!(store.component(digest).await.unwrap(), None);
    let again = store.remove_component(digest, act("artifact.remove")).await;
    assert!(matches!(again, Err(StoreError::Missing(_))));
}
