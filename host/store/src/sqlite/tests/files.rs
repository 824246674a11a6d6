//! The file over openings, and files that are no store.

use std::fs;

use watchbox_model::{Digest, signing::SigningKey};

use super::{Retention, fresh, open};
use crate::{
    How, Store, StoreError,
    conformance::{
        samples::{
            act, all_numbers, append, client_now, events, install, installation, labels, name,
            put_on, seconds, seen, tick,
        },
        trail::whole_trail,
    },
};

#[tokio::test]
async fn everything_is_there_after_a_restart_with_and_without_a_close() {
    let (mut store, folder) = fresh().await;
    let log = events("A");
    for round in 0..4 {
        let rows = vec![append(&log, round as f64, round * 3..round * 3 + 3)];
        let positions = store.append(rows, vec![seen("C.1", Some("one"), round as f64)]);
        assert_eq!(positions.await.unwrap(), [round * 3]);
        if round == 0 {
            install(&store, "X", &log, 2).await;
            let change = store.change_labels(vec![put_on("C.1", "Slack")], act("label.add"));
            change.await.unwrap();
            store.commit(tick("X", 60.0)).await.unwrap();
        }
        if round % 2 == 0 {
            store.close().await;
        }
        drop(store);
        store = open(&folder, Retention::default()).await.unwrap();
    }
    assert_eq!(
        all_numbers(&store, &log, 0).await,
        (0..12).collect::<Vec<_>>()
    );
    assert_eq!(*store.watch(&log).borrow(), 12);
    assert_eq!(store.seek(&log, seconds(2.0)).await.unwrap(), 6);
    assert_eq!(store.logs().await.unwrap()[0].newest, Some(seconds(3.0)));
    let x = name("X");
    assert_eq!(store.installations().await.unwrap(), [installation("X")]);
    assert_eq!(store.cursor(&x, &log).await.unwrap(), Some(2));
    assert_eq!(store.last_tick(&x).await.unwrap(), Some(seconds(60.0)));
    let client = client_now(&store, "C.1").await.unwrap();
    assert_eq!(
        (labels(&client), client.last_seen),
        (vec!["Slack"], seconds(3.0))
    );
}

#[tokio::test]
async fn what_was_accepted_survives_a_kill() {
    let (store, folder) = fresh().await;
    let log = events("A");
    install(&store, "X", &log, 0).await;
    for round in 0..50 {
        let rows = vec![append(&log, 1.0, round * 3..round * 3 + 3)];
        store.append(rows, vec![]).await.unwrap();
        store.commit(tick("X", round as f64)).await.unwrap();
        if round % 10 != 3 {
            continue;
        }
        // What a killed server leaves behind: the files as they are, with no word of farewell.
        let left = tempfile::tempdir().unwrap();
        for file in ["watchbox.db", "watchbox.db-wal"] {
            fs::copy(folder.path().join(file), left.path().join(file)).unwrap();
        }
        let again = open(&left, Retention::default()).await.unwrap();
        let expected: Vec<_> = (0..round * 3 + 3).collect();
        assert_eq!(all_numbers(&again, &log, 0).await, expected);
        let last = again.last_tick(&name("X")).await.unwrap();
        assert_eq!(last, Some(seconds(round as f64)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_server_is_refused() {
    let (store, folder) = fresh().await;
    let second = open(&folder, Retention::default()).await.unwrap_err();
    let StoreError::Conflict(text) = second else {
        panic!("{second:?}");
    };
    assert!(text.contains("another server has the store"), "{text}");
    store.check().await.unwrap();
    store.close().await;
    open(&folder, Retention::default()).await.unwrap();
}

#[tokio::test]
async fn a_file_that_is_no_database_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("watchbox.db");
    let content = b"<html>not a database</html>".repeat(100);
    fs::write(&path, &content).unwrap();
    let error = open(&folder, Retention::default()).await.unwrap_err();
    let text = error
        .to_string()
        .replace(&path.display().to_string(), "FILE");
    insta::assert_snapshot!(text, @"the store at FILE is unusable: it is no SQLite database; if it was one, `watchbox doctor` may save what can be read; else move it away to start with an empty store, or name another data folder");
    assert_eq!(fs::read(&path).unwrap(), content);
}

#[tokio::test]
async fn the_database_of_another_program_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("watchbox.db");
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("CREATE TABLE notes (text)").unwrap();
    drop(other);
    let content = fs::read(&path).unwrap();
    let error = open(&folder, Retention::default()).await.unwrap_err();
    let text = error
        .to_string()
        .replace(&path.display().to_string(), "FILE");
    insta::assert_snapshot!(text, @"the store at FILE is unusable: it is the database of another program; name another data folder, or move it away");
    assert_eq!(fs::read(&path).unwrap(), content);
}

#[tokio::test]
async fn the_store_of_a_later_version_is_refused() {
    let (store, folder) = fresh().await;
    store.close().await;
    let raw = rusqlite::Connection::open(folder.path().join("watchbox.db")).unwrap();
    raw.pragma_update(None, "user_version", 1000).unwrap();
    drop(raw);
    let error = open(&folder, Retention::default()).await.unwrap_err();
    assert!(
        matches!(error, StoreError::Newer { found: 1000, .. }),
        "{error}"
    );
}

#[tokio::test]
async fn the_journal_of_the_first_schema_is_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let raw = rusqlite::Connection::open(folder.path().join("watchbox.db")).unwrap();
    raw.pragma_update(None, "page_size", 8192).unwrap();
    raw.execute_batch(include_str!("../migrations/0001_initial.sql"))
        .unwrap();
    raw.execute_batch(
        r#"PRAGMA application_id = 0x77626f78; PRAGMA user_version = 1;
        INSERT INTO installations VALUES ('X', '', NULL, '{}', x'', '{}', 1, 0, 0, 'test');
        INSERT INTO open_turns VALUES (7, 'X', 'tick@60000000', '{"tick":{"due":60000000}}', 61000000);
        INSERT INTO journal VALUES (1, 7, 'once:told #1', x'01'), (2, 7, 'abc#3', x'02');"#,
    )
    .unwrap();
    drop(raw);
    let store = open(&folder, Retention::default()).await.unwrap();
    let (turn, written) = store.open_turns(&name("X")).await.unwrap().remove(0);
    assert_eq!(turn.now, seconds(61.0));
    let effects: Vec<_> = written
        .iter()
        .map(|written| (written.effect.name.as_str(), written.effect.nth))
        .collect();
    assert_eq!(effects, [("abc", 3), ("once:told #1", 0)]);
    let told = &written[1].effect;
    let outcome = store.outcome(&name("X"), &turn.turn, told).await.unwrap();
    assert_eq!(outcome, Some(vec![1]));
}

#[tokio::test]
async fn what_was_installed_before_there_was_a_history_begins_one() {
    let folder = tempfile::tempdir().unwrap();
    let raw = rusqlite::Connection::open(folder.path().join("watchbox.db")).unwrap();
    raw.execute_batch(include_str!("../migrations/0001_initial.sql"))
        .unwrap();
    raw.pragma_update(None, "application_id", i32::from_be_bytes(*b"wbox"))
        .unwrap();
    raw.pragma_update(None, "user_version", 1).unwrap();
    let digest = Digest::of(b"old");
    raw.execute(
        "INSERT INTO installations VALUES ('X', ?1, NULL, '{\"Depth\":1}', x'01', '{\"log\":true}', 1, 3, 4, 'token:ann')",
        [digest.to_string()],
    )
    .unwrap();
    drop(raw);
    let store = open(&folder, Retention::default()).await.unwrap();
    let versions = store.versions(&name("X")).await.unwrap();
    let [only] = versions.as_slice() else {
        panic!("one version, not {versions:?}");
    };
    assert_eq!(
        (only.number, only.digest, only.note.how),
        (1, digest, How::Install)
    );
    assert_eq!(
        (only.by.as_str(), &only.secrets[..]),
        ("token:ann", &[1][..])
    );
    assert_eq!(only.parameters["Depth"], 1);
    let installed = store.installations().await.unwrap();
    assert!(!installed[0].probation && installed[0].runs());
}

#[tokio::test]
async fn records_from_before_there_was_a_chain_are_chained() {
    let folder = tempfile::tempdir().unwrap();
    let raw = rusqlite::Connection::open(folder.path().join("watchbox.db")).unwrap();
    raw.execute_batch(include_str!("../migrations/0001_initial.sql"))
        .unwrap();
    raw.execute_batch(
        "PRAGMA application_id = 0x77626f78; PRAGMA user_version = 1;
        INSERT INTO audit VALUES
          (1, 5, 'X', 'X', NULL, 'tick@6', 'http', 'send', 'POST https://h/', 'denied', 'no', '', 0, 0.1),
          (2, 7, 'token:ann', NULL, NULL, NULL, 'admin', 'install', 'X', 'allowed', 'role admin', 'ok', 3, 2.0);",
    )
    .unwrap();
    drop(raw);
    let store = open(&folder, Retention::default()).await.unwrap();
    store.record(vec![], vec![act("now")]).await.unwrap();
    let key = SigningKey::generate().unwrap();
    let last = whole_trail(&store, &key).await.unwrap();
    assert_eq!((last.number, last.record.operation.as_str()), (3, "now"));
}

#[tokio::test]
async fn damage_is_told_with_the_file_and_what_to_do() {
    let (store, folder) = fresh().await;
    let log = events("A");
    store
        .append(vec![append(&log, 1.0, 0..500)], vec![])
        .await
        .unwrap();
    store.close().await;
    let path = folder.path().join("watchbox.db");
    let mut bytes = fs::read(&path).unwrap();
    bytes[8192..].fill(0xff);
    fs::write(&path, bytes).unwrap();
    let error = open(&folder, Retention::default()).await.unwrap_err();
    let StoreError::Corrupt { path: told, reason } = error else {
        panic!("{error:?}");
    };
    assert_eq!(told, path.display().to_string());
    assert!(reason.contains("put a backup in its place"), "{reason}");
}

#[tokio::test]
async fn a_backup_is_the_store_as_of_then() {
    let (store, _folder) = fresh().await;
    let log = events("A");
    store
        .append(vec![append(&log, 1.0, 0..3)], vec![])
        .await
        .unwrap();
    let copies = tempfile::tempdir().unwrap();
    let copy = copies.path().join("watchbox.db");
    let bytes = store.backup(&copy).await.unwrap();
    assert_eq!(fs::metadata(&copy).unwrap().len(), bytes);
    store
        .append(vec![append(&log, 2.0, 3..5)], vec![])
        .await
        .unwrap();
    let again = store.backup(&copy).await.unwrap_err();
    assert!(matches!(again, StoreError::ReadOnly(_)), "{again}");
    let restored = open(&copies, Retention::default()).await.unwrap();
    assert_eq!(all_numbers(&restored, &log, 0).await, [0, 1, 2]);
    assert_eq!(all_numbers(&store, &log, 0).await, [0, 1, 2, 3, 4]);
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_read_it() {
    use std::os::unix::fs::PermissionsExt;

    let (store, folder) = fresh().await;
    store.check().await.unwrap();
    store.backup(&folder.path().join("copy.db")).await.unwrap();
    for file in ["watchbox.db", "watchbox.db-wal", "copy.db"] {
        let mode = fs::metadata(folder.path().join(file)).unwrap();
        assert_eq!(mode.permissions().mode() & 0o777, 0o600, "{file}");
    }
}
