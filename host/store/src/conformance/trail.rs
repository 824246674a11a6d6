//! Dead letters, the audit trail, tokens, and the store itself.

use watchbox_model::{
    AuditRecord, Digest, TurnId,
    audit::{Checkpoint, Decision, Entry, GENESIS, SignedCheckpoint, Verifier},
    dead_letter::DeadLetter,
    signing::SigningKey,
    turn::Trigger,
};

use super::samples::{act, append, events, install, name, seconds, tick};
use crate::{AuditQuery, FormerHash, Store, StoreError, Token};

/// Asks for all records.
pub fn everything() -> AuditQuery {
    AuditQuery {
        limit: 1000,
        ..AuditQuery::default()
    }
}

pub async fn dead_letters_are_numbered_and_paged(store: &dyn Store) {
    for installation in ["X", "Y", "X", "X"] {
        install(store, installation, &events("A"), 0).await;
        let mut turn = tick(installation, 60.0);
        turn.dead_letter = Some(DeadLetter {
            id: 77,
            installation: name(installation),
            digest: Digest::of(b"x"),
            turn: "a turn".to_owned().into(),
            trigger: Trigger::Tick { due: seconds(60.0) },
            now: seconds(29.0),
            tries: 3,
            error: "failed".to_owned(),
            at: seconds(61.0),
        });
        store.commit(turn).await.unwrap();
    }
    let all = store.dead_letters(None, None, 10).await.unwrap();
    let ids: Vec<_> = all.items.iter().map(|letter| letter.id).collect();
    assert_eq!((ids.len(), all.more), (4, false));
    assert!(ids.is_sorted_by(|a, b| a > b), "newest first: {ids:?}");

    let (x, y, second) = (name("X"), name("Y"), ids[2]);
    let counts = store.dead_letter_counts(None).await.unwrap();
    assert_eq!(counts, [(x.clone(), 3), (y.clone(), 1)].into());
    let counts = store.dead_letter_counts(Some(&y)).await.unwrap();
    assert_eq!(counts, [(y.clone(), 1)].into());
    let page = store.dead_letters(Some(&x), None, 2).await.unwrap();
    assert_eq!((page.items.len(), page.more), (2, true));
    let before = page.items.last().map(|letter| letter.id);
    let rest = store.dead_letters(Some(&x), before, 2).await.unwrap();
    assert_eq!((rest.items.len(), rest.more), (1, false));

    store.drop_dead_letter(second, act("drop")).await.unwrap();
    let counts = store.dead_letter_counts(None).await.unwrap();
    assert_eq!(counts, [(x, 3)].into(), "that was the only one of Y");
    let counts = store.dead_letter_counts(Some(&y)).await.unwrap();
    assert_eq!(counts, [].into());
    let left = store.dead_letters(None, None, 10).await.unwrap();
    assert!(left.items.iter().all(|letter| letter.id != second));
    for gone in [second, u64::MAX] {
        let again = store.drop_dead_letter(gone, act("drop")).await;
        assert!(matches!(again, Err(StoreError::Missing(_))));
    }
}

pub async fn audit_records_are_found(store: &dyn Store) {
    let trigger = Trigger::Tick { due: seconds(60.0) };
    let sent = AuditRecord {
        artifact: Some(name("X")),
        digest: Some(Digest::of(b"x")),
        turn: Some(TurnId::of(&trigger)),
        capability: "http".to_owned(),
        target: "https://hooks.example/…".to_owned(),
        bytes: 120,
        ms: 3.25,
        ..act("send")
    };
    let denied = AuditRecord {
        decision: Decision::Denied,
        at: seconds(20.0),
        ..sent.clone()
    };
    let other = AuditRecord {
        artifact: Some(name("Y")),
        at: seconds(30.0),
        ..sent.clone()
    };
    let records = vec![sent.clone(), denied.clone(), other.clone(), act("install")];
    store.record(vec![], records).await.unwrap();

    let ask = async |query: AuditQuery| {
        let page = store.audit(query).await.unwrap();
        let records = page.items.into_iter().map(|(_, record)| record);
        records.collect::<Vec<_>>()
    };
    let all = [act("install"), other.clone(), denied.clone(), sent.clone()];
    assert_eq!(ask(everything()).await, all);
    let of_x = AuditQuery {
        artifact: Some(name("X")),
        ..everything()
    };
    assert_eq!(ask(of_x.clone()).await, [denied.clone(), sent.clone()]);
    let denied_x = AuditQuery {
        decision: Some(Decision::Denied),
        capability: Some("http".to_owned()),
        ..of_x
    };
    assert_eq!(ask(denied_x).await, std::slice::from_ref(&denied));
    let allowed = AuditQuery {
        decision: Some(Decision::Allowed),
        capability: Some("http".to_owned()),
        ..everything()
    };
    assert_eq!(ask(allowed).await, [other.clone(), sent.clone()]);
    let between = AuditQuery {
        since: Some(seconds(20.0)),
        until: Some(seconds(30.0)),
        ..everything()
    };
    assert_eq!(ask(between).await, [denied]);

    let mut query = AuditQuery {
        limit: 3,
        ..AuditQuery::default()
    };
    let page = store.audit(query.clone()).await.unwrap();
    assert_eq!((page.items.len(), page.more), (3, true));
    query.before = page.items.last().map(|(number, _)| *number);
    let rest = store.audit(query).await.unwrap();
    assert_eq!((&rest.items[0].1, rest.more), (&sent, false));
}

/// Checks the whole trail, and gives its last record.
pub async fn whole_trail(store: &dyn Store, key: &SigningKey) -> Option<Entry> {
    let checkpoints = store.checkpoints().await.unwrap();
    let mut verifier = Verifier::new(key.public(), &checkpoints).unwrap();
    let (mut last, mut next) = (None, 1);
    loop {
        let entries = store.trail(next, 300).await.unwrap();
        let Some(end) = entries.last() else {
            break;
        };
        assert!(entries.len() <= 300 && entries[0].number >= next);
        next = end.number + 1;
        for entry in &entries {
            verifier.record(entry).unwrap();
        }
        last = entries.last().cloned();
    }
    verifier.finish().unwrap();
    last
}

pub async fn records_are_chained(store: &dyn Store) {
    let key = SigningKey::generate().unwrap();
    assert_eq!(whole_trail(store, &key).await, None);
    assert!(store.trail(0, 10).await.unwrap().is_empty());
    // Each way in which a record comes to be written.
    install(store, "X", &events("A"), 0).await;
    let odd = AuditRecord {
        ms: f64::NAN,
        target: "\u{0} ä".to_owned(),
        ..act("odd")
    };
    store.record(vec![], vec![act("one"), odd]).await.unwrap();
    let mut turn = tick("X", 60.0);
    turn.audit = vec![act("two"), act("three")];
    store.commit(turn).await.unwrap();
    let refused = store.remove_token("none", act("token.remove")).await;
    assert!(refused.is_err(), "and leaves no gap in the numbers");
    store
        .remove_installation(&name("X"), act("remove"))
        .await
        .unwrap();
    let last = whole_trail(store, &key).await.unwrap();
    let newest = store.audit(everything()).await.unwrap().items.remove(0);
    assert_eq!((last.number, last.record), newest);
    assert_eq!(last.number, 6);
    let some = store.trail(3, 2).await.unwrap();
    let numbers: Vec<u64> = some.iter().map(|entry| entry.number).collect();
    assert_eq!(numbers, [3, 4]);
}

pub async fn the_end_of_the_trail_is_told(store: &dyn Store) {
    let mut end = store.watch_trail();
    assert_eq!(*end.borrow_and_update(), 0);
    store
        .record(vec![], vec![act("one"), act("two")])
        .await
        .unwrap();
    end.wait_for(|end| *end == 2).await.unwrap();
    assert_eq!(store.trail(2, 10).await.unwrap()[0].number, 2);
}

pub async fn checkpoints_come_back_and_the_newest_are_kept(store: &dyn Store) {
    let key = SigningKey::generate().unwrap();
    store
        .record(vec![], vec![act("one"), act("two")])
        .await
        .unwrap();
    let entries = store.trail(1, 10).await.unwrap();
    let sign = |first: u64, before, entry: &Entry, at: f64| -> SignedCheckpoint {
        let checkpoint = Checkpoint {
            at: seconds(at),
            first,
            before,
            last: entry.number,
            hash: entry.hash,
        };
        checkpoint.sign(&key).unwrap()
    };
    let true_one = sign(1, GENESIS, &entries[0], 1.0);
    let mut false_one = true_one.clone();
    false_one.checkpoint.hash = GENESIS;
    for signed in [&true_one, &false_one] {
        store.put_checkpoint(signed.clone()).await.unwrap();
    }
    let both = [true_one, false_one.clone()];
    assert_eq!(store.checkpoints().await.unwrap(), both);

    // What fits is let go of when it is old, what does not is kept as a proof.
    let newer = sign(1, GENESIS, &entries[1], 2.0);
    for _ in 0..1_000 {
        store.put_checkpoint(newer.clone()).await.unwrap();
    }
    let kept = store.checkpoints().await.unwrap();
    assert_eq!(
        (kept.len(), &kept[0], &kept[1]),
        (1_001, &false_one, &newer)
    );
}

pub async fn tokens_come_back_and_go(store: &dyn Store) {
    let token = Token {
        name: "admin".to_owned(),
        role: "admin".to_owned(),
        hash: [7; 32],
        former: None,
        created: seconds(1.0),
        expires: None,
        last_used: None,
    };
    store
        .put_token(token.clone(), act("token.put"))
        .await
        .unwrap();
    let used = Token {
        hash: [8; 32],
        former: Some(FormerHash {
            hash: token.hash,
            until: seconds(50.0),
        }),
        expires: Some(seconds(99.0)),
        last_used: Some(seconds(2.0)),
        ..token.clone()
    };
    store
        .put_token(used.clone(), act("token.put"))
        .await
        .unwrap();
    assert_eq!(store.tokens().await.unwrap(), [used]);
    for (at, last) in [(5.0, 5.0), (4.0, 5.0)] {
        store.touch_token("admin", seconds(at)).await.unwrap();
        let tokens = store.tokens().await.unwrap();
        assert_eq!(tokens[0].last_used, Some(seconds(last)));
    }
    store.touch_token("gone", seconds(5.0)).await.unwrap();
    let trail = store.audit(everything()).await.unwrap();
    assert_eq!(trail.items.len(), 2, "being used is no act");
    let same = Token {
        name: "other".to_owned(),
        hash: [8; 32],
        ..token
    };
    let refused = store.put_token(same, act("token.put")).await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))));
    store
        .remove_token("admin", act("token.remove"))
        .await
        .unwrap();
    assert_eq!(store.tokens().await.unwrap(), []);
    let again = store.remove_token("admin", act("token.remove")).await;
    assert!(matches!(again, Err(StoreError::Missing(_))));
}

pub async fn it_can_be_written_to_until_it_is_closed(store: &dyn Store) {
    let log = events("A");
    store.check().await.unwrap();
    let rows = vec![append(&log, 1.0, 0..1)];
    let (done, ()) = tokio::join!(store.append(rows, vec![]), store.close());
    assert_eq!(done.unwrap(), [0], "what was accepted is finished");
    assert!(store.check().await.is_err());
    let late = vec![append(&log, 1.0, 1..2)];
    assert!(store.append(late, vec![]).await.is_err());
    store.close().await;
}
