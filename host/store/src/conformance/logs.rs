//! Logs: appending, reading, seeking, waiting.

use super::samples::{all_numbers, append, events, numbers, padded_rows, seconds};
use crate::{Append, LogInfo, Store};

pub async fn positions_follow_each_other(store: &dyn Store) {
    let (a, b) = (events("A"), events("B"));
    let first = vec![
        append(&a, 1.0, 0..3),
        append(&b, 1.0, 0..1),
        append(&a, 1.0, 3..5),
    ];
    assert_eq!(store.append(first, vec![]).await.unwrap(), [0, 0, 3]);
    let second = vec![append(&a, 2.0, 5..6)];
    assert_eq!(store.append(second, vec![]).await.unwrap(), [5]);
    assert_eq!(all_numbers(store, &a, 0).await, [0, 1, 2, 3, 4, 5]);
    assert_eq!(all_numbers(store, &b, 0).await, [0]);
}

pub async fn rows_come_back_as_they_were(store: &dyn Store) {
    let log = events("A");
    // More than any block holds, in rows as well as in bytes.
    let rows = padded_rows(seconds(1.5), 0..5000, 900);
    let whole = Append {
        log: log.clone(),
        rows: rows.clone(),
        at: seconds(1.5),
    };
    store.append(vec![whole], vec![]).await.unwrap();
    let blocks = store.read(&log, 0, 5000).await.unwrap();
    let mut position = 0;
    for block in &blocks {
        assert_eq!(block.first, position);
        assert_eq!((block.from, block.to), (seconds(1.5), seconds(1.5)));
        for row in block.rows.iter() {
            assert_eq!(Some(row), rows.get(position as usize));
            position += 1;
        }
    }
    assert_eq!(position, 5000);
}

pub async fn an_empty_append_makes_no_log(store: &dyn Store) {
    let log = events("A");
    let empty = vec![append(&log, 1.0, 0..0)];
    assert_eq!(store.append(empty, vec![]).await.unwrap(), [0]);
    assert_eq!(store.logs().await.unwrap(), []);
}

pub async fn a_log_that_is_not_there_is_empty(store: &dyn Store) {
    let log = events("A");
    assert!(store.read(&log, 0, 10).await.unwrap().is_empty());
    assert!(store.read_back(&log, 10, 10).await.unwrap().is_empty());
    assert_eq!(store.seek(&log, seconds(1.0)).await.unwrap(), 0);
    assert_eq!(*store.watch(&log).borrow(), 0);
}

pub async fn reading_begins_within_a_block(store: &dyn Store) {
    let log = events("A");
    let ten = vec![append(&log, 1.0, 0..10)];
    store.append(ten, vec![]).await.unwrap();
    let blocks = store.read(&log, 4, 100).await.unwrap();
    assert!(blocks[0].first <= 4 && blocks[0].next() > 4);
    assert_eq!(all_numbers(store, &log, 4).await, [4, 5, 6, 7, 8, 9]);
    assert!(store.read(&log, 10, 100).await.unwrap().is_empty());
    assert!(store.read(&log, u64::MAX, 100).await.unwrap().is_empty());

    let back = store.read_back(&log, 4, 100).await.unwrap();
    assert!(back[0].first < 4 && back[0].next() >= 4);
    assert!(store.read_back(&log, 0, 100).await.unwrap().is_empty());
}

pub async fn reading_stops_when_there_is_enough(store: &dyn Store) {
    let log = events("A");
    for at in 0..10 {
        let five = vec![append(&log, 1.0, at * 5..at * 5 + 5)];
        store.append(five, vec![]).await.unwrap();
    }
    let blocks = store.read(&log, 7, 8).await.unwrap();
    let last = blocks.last().unwrap();
    assert!(last.next() >= 15, "8 rows from 7 on");
    assert!(last.first < 15, "no block more than needed");
    assert_eq!(store.read(&log, 7, 0).await.unwrap().len(), 1);

    let back = store.read_back(&log, 43, 8).await.unwrap();
    assert!(back[0].first < 43 && back[0].next() >= 43);
    let last = back.last().unwrap();
    assert!(last.first <= 35, "8 rows before 43");
    assert!(last.next() > 35, "no block more than needed");
    for pair in back.windows(2) {
        assert_eq!(pair[1].next(), pair[0].first, "newest first, without a gap");
    }
}

pub async fn large_rows_come_in_portions(store: &dyn Store) {
    let log = events("A");
    let large = 1_000_000;
    for at in 0..5 {
        let rows = Append {
            log: log.clone(),
            rows: padded_rows(seconds(1.0), at * 16..at * 16 + 16, large),
            at: seconds(1.0),
        };
        store.append(vec![rows], vec![]).await.unwrap();
    }
    let bytes: usize = {
        let blocks = store.read(&log, 0, usize::MAX).await.unwrap();
        blocks.iter().map(|block| block.rows.bytes()).sum()
    };
    assert!(bytes < 64 * large, "{bytes} bytes at once");
    let numbers = all_numbers(store, &log, 0).await;
    assert_eq!(numbers, (0..80).collect::<Vec<_>>());
}

pub async fn the_end_is_told(store: &dyn Store) {
    let log = events("A");
    let two = vec![append(&log, 1.0, 0..2)];
    store.append(two, vec![]).await.unwrap();
    let mut end = store.watch(&log);
    assert_eq!(*end.borrow_and_update(), 2);
    let three = vec![append(&log, 2.0, 2..5)];
    store.append(three, vec![]).await.unwrap();
    end.changed().await.unwrap();
    assert_eq!(*end.borrow_and_update(), 5);
    assert_eq!(all_numbers(store, &log, 2).await, [2, 3, 4]);
}

pub async fn a_log_is_awaited_before_its_first_row(store: &dyn Store) {
    let log = events("A");
    let (mut one, mut other) = (store.watch(&log), store.watch(&log));
    assert_eq!(*one.borrow_and_update(), 0);
    let first = vec![append(&log, 1.0, 0..1)];
    store.append(first, vec![]).await.unwrap();
    one.changed().await.unwrap();
    other.changed().await.unwrap();
    assert_eq!((*one.borrow(), *other.borrow()), (1, 1));
}

pub async fn a_time_is_sought(store: &dyn Store) {
    let log = events("A");
    for at in 0..20 {
        let three = vec![append(&log, 100.0 + at as f64, at * 3..at * 3 + 3)];
        store.append(three, vec![]).await.unwrap();
    }
    let sought = async |at| store.seek(&log, seconds(at)).await.unwrap();
    assert_eq!(sought(0.0).await, 0);
    assert_eq!(sought(100.0).await, 0);
    assert_eq!(sought(100.5).await, 3);
    assert_eq!(sought(107.0).await, 21);
    assert_eq!(sought(119.0).await, 57);
    assert_eq!(sought(119.5).await, 60);
}

pub async fn a_time_is_sought_though_the_clock_was_set_back(store: &dyn Store) {
    let log = events("A");
    for (at, time) in [10.0, 50.0, 20.0, 30.0, 60.0, 25.0].into_iter().enumerate() {
        let at = at as u64;
        let two = vec![append(&log, time, at * 2..at * 2 + 2)];
        store.append(two, vec![]).await.unwrap();
    }
    let sought = async |at| store.seek(&log, seconds(at)).await.unwrap();
    assert_eq!(sought(10.0).await, 0);
    assert_eq!(sought(11.0).await, 2);
    assert_eq!(sought(25.0).await, 2);
    assert_eq!(sought(51.0).await, 8);
    assert_eq!(sought(61.0).await, 12);
    let blocks = store.read(&log, 0, 100).await.unwrap();
    assert_eq!(blocks[0].from, seconds(10.0));
    assert_eq!(numbers(blocks.last().unwrap()).last(), Some(&11));
}

pub async fn a_time_has_an_end_though_the_clock_was_set_back(store: &dyn Store) {
    let log = events("A");
    let hour = 3_600.0;
    let times = [
        hour,
        2.0 * hour,
        3.0 * hour,
        2.0 * hour,
        3.5 * hour,
        9.0 * hour,
    ];
    for (at, time) in times.into_iter().enumerate() {
        let at = at as u64;
        let two = vec![append(&log, time, at * 2..at * 2 + 2)];
        store.append(two, vec![]).await.unwrap();
    }
    let end = async |at| store.seek_end(&log, seconds(at)).await.unwrap();
    assert_eq!(end(hour / 2.0).await, 0);
    assert_eq!(end(1.5 * hour).await, 2);
    assert_eq!(
        end(2.5 * hour).await,
        8,
        "some of two hours came after three"
    );
    assert_eq!(end(4.0 * hour).await, 10);
    assert_eq!(end(10.0 * hour).await, 12);
    assert_eq!(store.seek_end(&events("B"), seconds(1.0)).await.unwrap(), 0);
}

pub async fn every_log_is_described(store: &dyn Store) {
    let (a, b) = (events("A"), events("B"));
    let appends = vec![append(&b, 1.0, 0..3), append(&a, 2.0, 0..1)];
    let bytes = appends[0].rows.bytes() as u64;
    store.append(appends, vec![]).await.unwrap();
    let logs = store.logs().await.unwrap();
    assert_eq!(logs.len(), 2);
    let expected = LogInfo {
        log: b.clone(),
        first: 0,
        next: 3,
        bytes,
        newest: Some(seconds(1.0)),
    };
    assert_eq!(logs.iter().find(|info| info.log == b), Some(&expected));
}
