//! Full disks, folders that can't be written to, and too much at once.

use std::{fs, path::Path, sync::mpsc};

use rusqlite::Connection;

use super::{super::writer::WAITING_BYTES, Retention, SqliteStore, fresh, open};
use crate::{
    Append, Store, StoreError,
    conformance::samples::{
        all_numbers, append, events, install, name, padded_rows, seconds, seen, tick,
    },
};

/// Lets the file have this many pages and no more: what a full disk does, without one.
async fn limit_pages(store: &SqliteStore, pages: u32) {
    let limit = move |group: &mut super::super::group::Group<'_>| {
        set_limit(group.conn(), pages);
        Ok(())
    };
    store.writer.write(false, 1, limit).await.unwrap();
}

fn set_limit(conn: &Connection, pages: u32) {
    let set = conn.pragma_update_and_check(None, "max_page_count", pages, |row| row.get(0));
    let _: u32 = set.unwrap();
}

fn large(log: &watchbox_model::LogKey, from: u64) -> Vec<Append> {
    vec![Append {
        log: log.clone(),
        rows: padded_rows(seconds(1.0), from..from + 100, 10_000),
        at: seconds(1.0),
    }]
}

#[tokio::test]
async fn a_full_disk_loses_nothing_and_heals_without_a_restart() {
    let (store, folder) = fresh().await;
    let log = events("A");
    install(&store, "X", &log, 0).await;
    store.append(large(&log, 0), vec![]).await.unwrap();
    let end = store.watch(&log);
    let before = store.logs().await.unwrap();

    limit_pages(&store, 1).await;
    let failed = store.append(large(&log, 100), vec![seen("C.1", None, 1.0)]);
    let failed = failed.await.unwrap_err();
    assert!(matches!(failed, StoreError::ReadOnly(_)), "{failed:?}");
    let mut turn = tick("X", 60.0);
    turn.appends = large(&log, 100);
    let failed = store.commit(turn.clone()).await.unwrap_err();
    assert!(matches!(failed, StoreError::ReadOnly(_)), "{failed:?}");
    assert_eq!(store.logs().await.unwrap(), before);
    assert!(!end.has_changed().unwrap());
    assert_eq!(all_numbers(&store, &log, 0).await.len(), 100);
    assert_eq!(store.last_tick(&name("X")).await.unwrap(), None);

    limit_pages(&store, u32::MAX).await;
    store.check().await.unwrap();
    let positions = store.append(large(&log, 100), vec![]).await.unwrap();
    assert_eq!(positions, [100], "no position was used up");
    turn.appends = large(&log, 200);
    store.commit(turn).await.unwrap();
    let expected: Vec<_> = (0..300).collect();
    assert_eq!(all_numbers(&store, &log, 0).await, expected);
    store.close().await;
    let store = open(&folder, Retention::default()).await.unwrap();
    assert_eq!(all_numbers(&store, &log, 0).await, expected);
}

#[tokio::test]
async fn files_that_cannot_be_made_are_told_and_heal() {
    // A folder in the place of a file can't be opened by root either, whom no permission stops.
    for blocked in ["watchbox.db", "watchbox.db-wal", "watchbox.db.lock"] {
        let folder = tempfile::tempdir().unwrap();
        let blocker = folder.path().join(blocked);
        fs::create_dir(&blocker).unwrap();
        let error = open(&folder, Retention::default()).await.unwrap_err();
        assert!(
            matches!(error, StoreError::ReadOnly(_)),
            "{blocked}: {error:?}"
        );
        fs::remove_dir(&blocker).unwrap();
        let store = open(&folder, Retention::default()).await.unwrap();
        store.check().await.unwrap();
    }
    let nowhere = super::SqliteConfig {
        path: Path::new("/nowhere/watchbox.db").to_owned(),
        retention: Retention::default(),
    };
    let error = SqliteStore::open(nowhere).await.unwrap_err();
    assert!(
        error.to_string().contains("/nowhere/watchbox.db"),
        "{error}"
    );
}

/// Keeps the writer busy until the sender is dropped, so that what comes meanwhile is one group.
async fn hold(store: &SqliteStore) -> mpsc::Sender<()> {
    let (release, held) = mpsc::channel::<()>();
    let (begun, holding) = tokio::sync::oneshot::channel();
    let hold = store.writer.write(false, 1, move |_| {
        let _ = begun.send(());
        let _ = held.recv();
        Ok(())
    });
    tokio::select! {
        done = hold => panic!("{done:?}"),
        begun = holding => begun.unwrap(),
    }
    release
}

#[tokio::test]
async fn one_that_fails_takes_only_itself_back() {
    let (store, _folder) = fresh().await;
    let (log, x) = (events("A"), name("X"));
    install(&store, "X", &log, 0).await;
    let release = hold(&store).await;
    let mut stale = crate::conformance::samples::turn("X", &log, 5, 9);
    stale.appends = vec![append(&log, 1.0, 100..103)];
    let mut good = tick("X", 60.0);
    good.appends = vec![append(&log, 1.0, 2..4)];
    let (first, stale, good, last, ()) = tokio::join!(
        store.append(vec![append(&log, 1.0, 0..2)], vec![]),
        store.commit(stale),
        store.commit(good),
        store.append(vec![append(&log, 2.0, 4..6)], vec![]),
        async { drop(release) },
    );
    assert_eq!(first.unwrap(), [0]);
    assert!(matches!(stale, Err(StoreError::Moved { .. })));
    good.unwrap();
    assert_eq!(last.unwrap(), [4]);
    assert_eq!(all_numbers(&store, &log, 0).await, [0, 1, 2, 3, 4, 5]);
    assert_eq!(store.last_tick(&x).await.unwrap(), Some(seconds(60.0)));
    let blocks = store.read(&log, 0, 100).await.unwrap();
    assert_eq!(blocks.len(), 1, "a group's rows share a block");
    assert_eq!((blocks[0].from, blocks[0].to), (seconds(1.0), seconds(2.0)));
    assert_eq!(store.seek(&log, seconds(1.5)).await.unwrap(), 4);
}

#[tokio::test]
async fn a_group_that_cannot_be_committed_fails_as_a_whole() {
    let (store, _folder) = fresh().await;
    let log = events("A");
    store
        .append(vec![append(&log, 1.0, 0..2)], vec![])
        .await
        .unwrap();
    let release = hold(&store).await;
    let (small, large_one, failed, ()) = tokio::join!(
        store.append(vec![append(&log, 1.0, 2..4)], vec![]),
        store.append(large(&log, 4), vec![]),
        store.writer.write(false, 1, |group| {
            // A foreign key that is only looked at by COMMIT: the way to have it fail, and it alone.
            let conn = group.conn();
            conn.execute_batch(
                "PRAGMA defer_foreign_keys = ON; INSERT INTO ticks VALUES ('Nobody', 1);",
            )?;
            Ok(())
        }),
        async { drop(release) },
    );
    for error in [
        small.unwrap_err(),
        large_one.unwrap_err(),
        failed.unwrap_err(),
    ] {
        assert!(error.to_string().contains("FOREIGN KEY"), "{error}");
    }
    assert_eq!(all_numbers(&store, &log, 0).await, [0, 1]);
    assert_eq!(*store.watch(&log).borrow(), 2);
    let next = store.append(vec![append(&log, 1.0, 2..3)], vec![]).await;
    assert_eq!(next.unwrap(), [2]);
    assert_eq!(all_numbers(&store, &log, 0).await, [0, 1, 2]);
}

#[tokio::test(start_paused = true)]
async fn too_much_at_once_is_refused_and_what_was_taken_is_done() {
    let (store, _folder) = fresh().await;
    let log = events("A");
    let release = hold(&store).await;
    // All but what the one that holds has.
    let most = WAITING_BYTES as usize - 1;
    let (big, refused, ()) = tokio::join!(
        biased;
        store.writer.write(true, most, |_| Ok(())),
        store.append(vec![append(&log, 1.0, 0..2)], vec![]),
        async {
            // The clock goes on only once everybody waits.
            tokio::time::sleep(std::time::Duration::from_secs(5)).await;
            drop(release);
        },
    );
    big.unwrap();
    assert!(matches!(refused, Err(StoreError::Busy(_))), "{refused:?}");
    let next = store.append(vec![append(&log, 1.0, 0..2)], vec![]).await;
    assert_eq!(next.unwrap(), [0]);
}

#[tokio::test]
async fn the_write_ahead_log_does_not_grow_without_end() {
    let (store, folder) = fresh().await;
    let log = events("A");
    let wal = || {
        fs::metadata(folder.path().join("watchbox.db-wal"))
            .unwrap()
            .len()
    };
    let snapshot = store.snapshot().await.unwrap();
    for at in 0..60 {
        if at == 30 {
            // A reader in the midst of it keeps it from beginning anew until it is gone.
            snapshot.state_keys(&name("X"), "").await.unwrap();
        }
        store.append(large(&log, at * 100), vec![]).await.unwrap();
    }
    drop(snapshot);
    for at in 60..150 {
        store.append(large(&log, at * 100), vec![]).await.unwrap();
    }
    assert!(wal() < 100 << 20, "{} bytes of 150 MB written", wal());
    store.close().await;
    assert_eq!(
        fs::metadata(folder.path().join("watchbox.db-wal")).map_or(0, |it| it.len()),
        0
    );
}

#[tokio::test]
async fn a_write_that_panics_takes_its_group_back_and_the_writer_goes_on() {
    let (store, _folder) = fresh().await;
    let log = events("A");
    let broken = store
        .writer
        .write(true, 1, |group: &mut super::super::group::Group<'_>| {
            let sql = "UPDATE checked SET at = 7";
            group.conn().execute(sql, []).unwrap();
            panic!("a fault of the program")
        });
    let error: StoreError = match broken.await {
        Ok(()) => panic!("it can't have been committed"),
        Err(error) => error,
    };
    assert!(
        error.to_string().contains("fault of the program"),
        "{error}"
    );
    let rows = vec![append(&log, 1.0, 0..3)];
    store.append(rows, vec![]).await.unwrap();
    assert_eq!(all_numbers(&store, &log, 0).await, [0, 1, 2]);
}
