//! Turns: one transaction each, what they read, and what is left of one that was not committed.

use watchbox_model::{AuditRecord, Digest, LogKey, dead_letter::DeadLetter, turn::Trigger};

use super::{
    samples::{
        act, all_numbers, append, client, client_id, client_now, events, found, install, labels,
        name, put_on, seconds, seen, take_off, tick, turn,
    },
    trail::everything,
};
use crate::{StateChange, Store, StoreError, TurnCommit};

/// A turn with every kind of effect.
fn full(log: &LogKey, from: u64, to: u64) -> TurnCommit {
    let rows = LogKey::rows(name("X"));
    TurnCommit {
        tick: Some(seconds(30.0)),
        appends: vec![append(&rows, 30.0, from..to)],
        labels: vec![put_on("C.1", "Told")],
        state: vec![set("count", b"1"), set("gone", b"1"), unset("gone")],
        audit: vec![AuditRecord {
            artifact: Some(name("X")),
            ..act("send")
        }],
        dead_letter: Some(dead_letter(log, from)),
        ..turn("X", log, from, to)
    }
}

fn dead_letter(log: &LogKey, from: u64) -> DeadLetter {
    DeadLetter {
        id: 0,
        installation: name("X"),
        digest: Digest::of(b"x"),
        turn: "a turn".to_owned().into(),
        trigger: Trigger::Events {
            log: log.clone(),
            from,
            to: from + 1,
        },
        now: seconds(29.0),
        tries: 5,
        error: "trap".to_owned(),
        at: seconds(30.0),
    }
}

fn set(key: &str, value: &[u8]) -> StateChange {
    StateChange {
        key: key.to_owned(),
        value: Some(value.to_vec()),
    }
}

fn unset(key: &str) -> StateChange {
    StateChange {
        key: key.to_owned(),
        value: None,
    }
}

async fn state(store: &dyn Store, installation: &str, key: &str) -> Option<Vec<u8>> {
    let snapshot = store.snapshot().await.unwrap();
    let value = snapshot.state(&name(installation), key).await;
    value.unwrap()
}

pub async fn a_turn_is_committed_as_a_whole(store: &dyn Store) {
    let log = events("A");
    install(store, "X", &log, 0).await;
    store
        .append(vec![], vec![seen("C.1", None, 1.0)])
        .await
        .unwrap();
    let durable = TurnCommit {
        durable: true,
        ..full(&log, 0, 4)
    };
    store.commit(durable).await.unwrap();

    let (x, rows) = (name("X"), LogKey::rows(name("X")));
    assert_eq!(store.cursor(&x, &log).await.unwrap(), Some(4));
    assert_eq!(store.last_tick(&x).await.unwrap(), Some(seconds(30.0)));
    assert_eq!(all_numbers(store, &rows, 0).await, [0, 1, 2, 3]);
    assert_eq!(labels(&client_now(store, "C.1").await.unwrap()), ["Told"]);
    assert_eq!(state(store, "X", "count").await.as_deref(), Some(&b"1"[..]));
    assert_eq!(state(store, "X", "gone").await, None);
    let trail = store.audit(everything()).await.unwrap();
    assert_eq!(trail.items[0].1.operation, "send");
    let letters = store.dead_letters(Some(&x), None, 10).await.unwrap();
    let kept = DeadLetter {
        id: letters.items[0].id,
        ..dead_letter(&log, 0)
    };
    assert_eq!(letters.items, [kept]);
}

pub async fn a_dead_letter_is_redriven_once(store: &dyn Store) {
    let log = events("A");
    install(store, "X", &log, 0).await;
    store.commit(full(&log, 0, 4)).await.unwrap();
    let id = store.dead_letters(None, None, 1).await.unwrap().items[0].id;
    let rows = LogKey::rows(name("X"));
    let redriven = |number| TurnCommit {
        advance: None,
        appends: vec![append(&rows, 40.0, number..number + 1)],
        redriven: Some(id),
        ..turn("X", &log, 0, 1)
    };
    store.commit(redriven(4)).await.unwrap();
    let letters = store.dead_letters(None, None, 1).await.unwrap();
    assert_eq!(letters.items, []);
    let again = store.commit(redriven(5)).await;
    assert!(matches!(again, Err(StoreError::Missing(_))), "{again:?}");
    assert_eq!(all_numbers(store, &rows, 0).await, [0, 1, 2, 3, 4]);
}

pub async fn a_moved_cursor_discards_the_whole_turn(store: &dyn Store) {
    let log = events("A");
    install(store, "X", &log, 3).await;
    store
        .append(vec![], vec![seen("C.1", None, 1.0)])
        .await
        .unwrap();
    let rows = store.watch(&LogKey::rows(name("X")));
    let trail = store.audit(everything()).await.unwrap();
    let moved = store.commit(full(&log, 2, 4)).await;
    let expected = StoreError::Moved {
        installation: "X".to_owned(),
        log: log.to_string(),
        expected: 2,
        actual: 3,
    };
    assert_eq!(moved, Err(expected));

    let x = name("X");
    assert_eq!(store.cursor(&x, &log).await.unwrap(), Some(3));
    assert_eq!(store.last_tick(&x).await.unwrap(), None);
    assert_eq!(*rows.borrow(), 0);
    assert_eq!(store.logs().await.unwrap(), []);
    assert_eq!(labels(&client_now(store, "C.1").await.unwrap()), [""; 0]);
    assert_eq!(state(store, "X", "count").await, None);
    assert_eq!(store.audit(everything()).await.unwrap(), trail);
    let letters = store.dead_letters(None, None, 10).await.unwrap();
    assert_eq!(letters.items, []);
}

pub async fn two_turns_from_one_place_are_one(store: &dyn Store) {
    let log = events("A");
    install(store, "X", &log, 0).await;
    let (one, other) = tokio::join!(
        store.commit(full(&log, 0, 4)),
        store.commit(full(&log, 0, 4))
    );
    assert_eq!([&one, &other].iter().filter(|done| done.is_ok()).count(), 1);
    let rows = LogKey::rows(name("X"));
    assert_eq!(all_numbers(store, &rows, 0).await, [0, 1, 2, 3]);
}

pub async fn ticks_never_go_back(store: &dyn Store) {
    let x = name("X");
    install(store, "X", &events("A"), 0).await;
    assert_eq!(store.last_tick(&x).await.unwrap(), None);
    for (due, last) in [(60.0, 60.0), (120.0, 120.0), (90.0, 120.0)] {
        store.commit(tick("X", due)).await.unwrap();
        assert_eq!(store.last_tick(&x).await.unwrap(), Some(seconds(last)));
    }
    assert_eq!(store.cursor(&x, &events("unused")).await.unwrap(), None);
}

pub async fn a_snapshot_is_one_moment(store: &dyn Store) {
    install(store, "X", &events("A"), 0).await;
    store
        .append(vec![], vec![seen("C.1", None, 1.0)])
        .await
        .unwrap();
    let before = store.snapshot().await.unwrap();
    assert_eq!(found(&*before, "all").await, ["C.1"]);

    store
        .append(vec![], vec![seen("C.2", None, 1.0)])
        .await
        .unwrap();
    let mut writing = tick("X", 60.0);
    writing.state = vec![set("key", b"value")];
    store.commit(writing).await.unwrap();
    assert_eq!(found(&*before, "all").await, ["C.1"]);
    assert_eq!(before.client(&client_id("C.2")).await.unwrap(), None);
    assert_eq!(before.state(&name("X"), "key").await.unwrap(), None);

    let after = store.snapshot().await.unwrap();
    assert_eq!(found(&*after, "all").await, ["C.1", "C.2"]);
    assert!(after.state(&name("X"), "key").await.unwrap().is_some());
}

pub async fn state_is_per_installation(store: &dyn Store) {
    let log = events("A");
    install(store, "X", &log, 0).await;
    install(store, "Y", &log, 0).await;
    let mut writing = tick("X", 60.0);
    writing.state = vec![
        set("b/2", b"22"),
        set("b/1", b""),
        set("a", b"1"),
        set("c", b"old"),
        set("c", b"new"),
        set("bb", b"1"),
        set("ü/%_", &[0, 255]),
    ];
    store.commit(writing).await.unwrap();
    let snapshot = store.snapshot().await.unwrap();
    let keys = async |installation, prefix| {
        let keys = snapshot.state_keys(&name(installation), prefix).await;
        keys.unwrap()
    };
    let key = |key: &str, bytes| (key.to_owned(), bytes);
    assert_eq!(keys("X", "b/").await, [key("b/1", 0), key("b/2", 2)]);
    assert_eq!(keys("X", "ü/%").await, [key("ü/%_", 2)]);
    assert_eq!(keys("X", "").await.len(), 6);
    assert_eq!(keys("Y", "").await, []);
    assert_eq!(state(store, "X", "c").await.as_deref(), Some(&b"new"[..]));
    assert_eq!(state(store, "X", "b/1").await.as_deref(), Some(&b""[..]));
    assert_eq!(state(store, "Y", "a").await, None);
}

pub async fn labels_of_a_gone_client_are_passed_over(store: &dyn Store) {
    install(store, "X", &events("A"), 0).await;
    let put = store.put_client(client("C.1", "one"), act("client.put"));
    put.await.unwrap();
    let mut labelling = tick("X", 60.0);
    labelling.labels = vec![
        put_on("C.9", "Slack"),
        put_on("C.1", "Slack"),
        put_on("C.1", "Told"),
        take_off("C.1", "Slack"),
        take_off("C.9", "Slack"),
    ];
    store.commit(labelling).await.unwrap();
    assert_eq!(labels(&client_now(store, "C.1").await.unwrap()), ["Told"]);
    assert_eq!(client_now(store, "C.9").await, None);
}

pub async fn a_discarded_try_is_on_record(store: &dyn Store) {
    let messages = LogKey::messages(name("X"));
    let lines = vec![append(&messages, 1.0, 0..2)];
    store.record(lines, vec![act("send")]).await.unwrap();
    assert_eq!(all_numbers(store, &messages, 0).await, [0, 1]);
    let trail = store.audit(everything()).await.unwrap();
    assert_eq!(trail.items[0].1, act("send"));
}
