//! What is let go of, and what stays.

use std::time::Duration;

use watchbox_model::{audit::Checkpoint, signing::SigningKey};

use super::{Retention, open};
use crate::{
    Append, Store,
    conformance::{
        samples::{act, all_numbers, append, events, install, name, padded_rows, seconds},
        trail::{everything, whole_trail},
    },
};

const HOUR: f64 = 3600.0;

fn by_age(hours: u64) -> Retention {
    Retention {
        age: Some(Duration::from_secs(hours * 3600)),
        bytes: None,
    }
}

#[tokio::test]
async fn by_age_whole_blocks_go_and_cursors_stay() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder, by_age(2)).await.unwrap();
    let (log, other) = (events("A"), events("B"));
    for hour in 0..5 {
        let at = hour as f64 * HOUR;
        let rows = vec![append(&log, at, hour * 10..hour * 10 + 10)];
        store.append(rows, vec![]).await.unwrap();
    }
    let rows = vec![append(&other, 0.0, 0..3)];
    store.append(rows, vec![]).await.unwrap();
    install(&store, "X", &log, 5).await;

    assert_eq!(store.retain(seconds(4.0 * HOUR)).await.unwrap(), 23);
    let logs = store.logs().await.unwrap();
    assert_eq!((logs[0].first, logs[0].next), (20, 50));
    let kept = store.read(&log, 0, 100).await.unwrap();
    let bytes: usize = kept.iter().map(|block| block.rows.bytes()).sum();
    assert_eq!(logs[0].bytes, bytes as u64);
    assert_eq!((logs[1].first, logs[1].next, logs[1].bytes), (3, 3, 0));
    assert_eq!(logs[1].newest, Some(seconds(0.0)));
    assert_eq!(kept[0].first, 20, "what is gone is passed over");
    assert_eq!(store.read_back(&log, 50, 100).await.unwrap().len(), 3);
    assert!(store.read_back(&log, 20, 100).await.unwrap().is_empty());
    assert_eq!(store.seek(&log, seconds(0.0)).await.unwrap(), 20);
    assert_eq!(store.cursor(&name("X"), &log).await.unwrap(), Some(5));
    assert_eq!(store.retain(seconds(4.0 * HOUR)).await.unwrap(), 0);

    // The same from the file, and positions go on.
    store.close().await;
    drop(store);
    let store = open(&folder, by_age(2)).await.unwrap();
    assert_eq!(store.logs().await.unwrap(), logs);
    let next = store.append(vec![append(&other, HOUR, 3..4)], vec![]).await;
    assert_eq!(next.unwrap(), [3]);
    assert_eq!(all_numbers(&store, &other, 0).await, [3]);
    assert_eq!(
        all_numbers(&store, &log, 0).await,
        (20..50).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn by_age_nothing_goes_early_though_the_clock_was_set_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder, by_age(2)).await.unwrap();
    let log = events("A");
    for (at, hour) in [0.0, 50.0, 1.0, 2.0].into_iter().enumerate() {
        let at = at as u64;
        let rows = vec![append(&log, hour * HOUR, at * 2..at * 2 + 2)];
        store.append(rows, vec![]).await.unwrap();
    }
    assert_eq!(store.retain(seconds(10.0 * HOUR)).await.unwrap(), 2);
    assert_eq!(all_numbers(&store, &log, 0).await, [2, 3, 4, 5, 6, 7]);
    assert_eq!(store.retain(seconds(53.0 * HOUR)).await.unwrap(), 6);

    // The row that was ahead is gone, but `top` remembers it: a time is found all the same.
    for (at, hour) in [(4, 3.0), (5, 4.0)] {
        let rows = vec![append(&log, hour * HOUR, at * 2..at * 2 + 2)];
        store.append(rows, vec![]).await.unwrap();
    }
    assert_eq!(store.seek(&log, seconds(3.5 * HOUR)).await.unwrap(), 10);
    assert_eq!(store.seek(&log, seconds(5.0 * HOUR)).await.unwrap(), 12);
}

#[tokio::test]
async fn by_bytes_the_oldest_of_all_logs_go_first() {
    let folder = tempfile::tempdir().unwrap();
    let policy = Retention {
        age: None,
        bytes: Some(500_000),
    };
    let store = open(&folder, policy).await.unwrap();
    let logs = [events("A"), events("B")];
    for at in 0..400_u64 {
        let log = &logs[at as usize % 2];
        let rows = Append {
            log: log.clone(),
            rows: padded_rows(seconds(at as f64), at..at + 1, 9_960),
            at: seconds(at as f64),
        };
        store.append(vec![rows], vec![]).await.unwrap();
    }
    let gone = store.retain(seconds(1000.0)).await.unwrap();
    let total: u64 = store
        .logs()
        .await
        .unwrap()
        .iter()
        .map(|log| log.bytes)
        .sum();
    assert!((480_000..=500_000).contains(&total), "{total}");
    let mut kept = all_numbers(&store, &logs[0], 0).await;
    kept.extend(all_numbers(&store, &logs[1], 0).await);
    kept.sort_unstable();
    assert_eq!(kept, (gone..400).collect::<Vec<_>>());
}

#[tokio::test]
async fn audit_records_go_by_age_as_far_as_a_checkpoint_says() {
    let folder = tempfile::tempdir().unwrap();
    let key = SigningKey::generate().unwrap();
    let store = open(&folder, by_age(1)).await.unwrap();
    for hour in 0..3 {
        let mut record = act("send");
        record.at = seconds(f64::from(hour) * HOUR);
        store.record(vec![], vec![record; 3000]).await.unwrap();
    }
    let now = seconds(3.0 * HOUR);
    store.retain(now).await.unwrap();
    let oldest = store.trail(1, 1).await.unwrap().remove(0);
    assert_eq!(oldest.number, 1, "nothing is signed yet");

    let first = store.trail_kept(now).await.unwrap();
    assert_eq!(first, 6001);
    let (before, last) = (
        store.trail(first - 1, 1).await.unwrap().remove(0),
        store.trail(9000, 1).await.unwrap().remove(0),
    );
    let checkpoint = Checkpoint {
        at: now,
        first,
        before: before.hash,
        last: last.number,
        hash: last.hash,
    };
    let signed = checkpoint.sign(&key).unwrap();
    store.put_checkpoint(signed).await.unwrap();
    store.retain(now).await.unwrap();
    assert_eq!(whole_trail(&store, &key).await, Some(last));
    assert_eq!(store.trail(1, 1).await.unwrap()[0].number, 6001);
    let far = seconds(99.0 * HOUR);
    let kept = store.trail_kept(far).await.unwrap();
    assert_eq!(kept, 9000, "the last one stays");
    let kept = store.audit(everything()).await.unwrap();
    assert!(kept.more);
    assert!(
        kept.items
            .iter()
            .all(|(_, record)| record.at == seconds(2.0 * HOUR))
    );
    let numbers = kept.items.iter().map(|(number, _)| *number);
    assert_eq!(numbers.max(), Some(9000));
}

#[tokio::test]
async fn without_a_policy_all_stays() {
    let (store, _folder) = super::fresh().await;
    let log = events("A");
    store
        .append(vec![append(&log, 0.0, 0..3)], vec![])
        .await
        .unwrap();
    assert_eq!(store.retain(seconds(1e9)).await.unwrap(), 0);
    assert_eq!(all_numbers(&store, &log, 0).await, [0, 1, 2]);
}
