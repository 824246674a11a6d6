//! Stores that are well, and stores that were damaged on purpose.

use std::{fs, path::PathBuf};

use bytes::Bytes;
use tempfile::TempDir;
use watchbox_model::Digest;

use super::{Doctor, Finding, Saved, Verdict};
use crate::{
    Retention, SqliteConfig, SqliteStore, Store, StoreError,
    conformance::samples::{
        act, all_numbers, append, events, install, installation, name, put_on, seen,
    },
};

const BLOCKS: u64 = 60;

/// A folder with a store in it, closed: 60 blocks of 1,000 rows, a client with a label, an installation and a component.
async fn stored() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("watchbox.db");
    let store = open(path.clone()).await.unwrap();
    for block in 0..BLOCKS {
        let rows = append(&events("A"), block as f64, block * 1000..(block + 1) * 1000);
        let seen = vec![seen("C.1", Some("one"), 1.0)];
        store.append(vec![rows], seen).await.unwrap();
    }
    let change = store.change_labels(vec![put_on("C.1", "Slack")], act("label.add"));
    change.await.unwrap();
    install(&store, "X", &events("A"), 40_000).await;
    for (digest, bytes) in [(b"new" as &[u8], b"new" as &[u8]), (b"old", b"not it")] {
        let bytes = Bytes::from_static(bytes);
        let put = store.put_component(Digest::of(digest), bytes, act("upload"));
        put.await.unwrap();
    }
    store.close().await;
    (folder, path)
}

async fn open(path: PathBuf) -> Result<SqliteStore, StoreError> {
    let retention = Retention::default();
    SqliteStore::open(SqliteConfig { path, retention }).await
}

fn bad(findings: &[Finding]) -> Vec<&str> {
    let bad = findings.iter().filter(|it| it.verdict == Verdict::Bad);
    bad.map(|it| it.text.as_str()).collect()
}

/// Overwrites some of the file.
fn damage(path: &PathBuf, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

/// What is recovered of the store at `path`, and the new store.
async fn recovered(path: &PathBuf) -> (TempDir, SqliteStore, Vec<Saved>) {
    let before = fs::read(path).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("watchbox.db");
    let doctor = Doctor::open(path).await.unwrap();
    let saved = doctor.recover(&to).await.unwrap();
    assert!(fs::read(path).unwrap() == before, "it is left as it was");
    let left: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, ["watchbox.db"], "nothing is left over");
    (folder, open(to).await.unwrap(), saved)
}

fn lost<'a>(saved: &'a [Saved], what: &str) -> Option<&'a str> {
    let saved = saved.iter().find(|saved| saved.what == what).unwrap();
    saved.lost.as_deref()
}

#[tokio::test]
async fn a_store_that_is_well_is_said_to_be_and_recovered_whole() {
    let (folder, path) = stored().await;
    let before = fs::read(&path).unwrap();
    let doctor = Doctor::open(&path).await.unwrap();
    let findings = doctor.examine().await.unwrap();
    drop(doctor);
    // But for the component whose bytes are not those that its digest was made of.
    assert_eq!(bad(&findings).len(), 1, "{findings:#?}");
    assert!(bad(&findings)[0].contains("upload the component again"));
    assert!(fs::read(&path).unwrap() == before);
    let left = fs::read_dir(folder.path()).unwrap();
    let mut left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["watchbox.db", "watchbox.db.lock"]);

    let (_new, store, saved) = recovered(&path).await;
    let all: Vec<_> = (0..BLOCKS * 1000).collect();
    assert_eq!(all_numbers(&store, &events("A"), 0).await, all);
    assert_eq!(store.installations().await.unwrap(), [installation("X")]);
    let cursor = store.cursor(&name("X"), &events("A")).await.unwrap();
    assert_eq!(cursor, Some(40_000));
    assert_eq!(lost(&saved, "rows of events/A"), None, "{saved:#?}");
    assert_eq!(lost(&saved, "labels"), None);
    assert_eq!(lost(&saved, "components"), Some("1 that make no sense"));
    let component = store.component(Digest::of(b"new")).await.unwrap();
    assert_eq!(component, Some(Bytes::from_static(b"new")));
    assert_eq!(store.component(Digest::of(b"old")).await.unwrap(), None);
    store.check().await.unwrap();
    assert_eq!(
        store
            .append(vec![append(&events("A"), 1.0, 0..1)], vec![])
            .await
            .unwrap(),
        [BLOCKS * 1000]
    );
}

#[tokio::test]
async fn what_a_log_has_that_is_not_in_the_file_yet_is_recovered_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("watchbox.db");
    let store = open(path).await.unwrap();
    let rows = append(&events("A"), 1.0, 0..500);
    store.append(vec![rows], vec![]).await.unwrap();
    // As a kill leaves it: all is in the write-ahead log.
    let left = tempfile::tempdir().unwrap();
    for file in ["watchbox.db", "watchbox.db-wal"] {
        fs::copy(folder.path().join(file), left.path().join(file)).unwrap();
    }
    let path = left.path().join("watchbox.db");
    let doctor = Doctor::open(&path).await.unwrap();
    assert_eq!(bad(&doctor.examine().await.unwrap()), [""; 0]);
    drop(doctor);
    assert!(left.path().join("watchbox.db-wal").exists());
    let (_new, store, _) = recovered(&path).await;
    assert_eq!(all_numbers(&store, &events("A"), 0).await.len(), 500);
}

#[tokio::test]
async fn pages_that_are_garbage_cost_what_stood_on_them() {
    let (_folder, path) = stored().await;
    damage(&path, |bytes| {
        let middle = bytes.len() / 2 / 8192 * 8192;
        bytes[middle..middle + 5 * 8192].fill(0xa5);
    });
    let doctor = Doctor::open(&path).await.unwrap();
    let findings = doctor.examine().await.unwrap();
    drop(doctor);
    assert!(bad(&findings).len() > 1, "{findings:#?}");
    let (_new, store, saved) = recovered(&path).await;
    let numbers = all_numbers(&store, &events("A"), 0).await;
    let gone = BLOCKS * 1000 - numbers.len() as u64;
    assert!((1000..=10_000).contains(&gone), "{gone} are gone");
    assert_eq!(numbers.last(), Some(&(BLOCKS * 1000 - 1)));
    assert_eq!(
        lost(&saved, "rows of events/A"),
        Some(format!("{gone} rows").as_str())
    );
    let cursor = store.cursor(&name("X"), &events("A")).await.unwrap();
    assert_eq!(cursor, Some(40_000));
}

#[tokio::test]
async fn a_file_without_its_beginning_is_recovered() {
    for bytes_gone in [16, 100, 8192] {
        let (_folder, path) = stored().await;
        damage(&path, |bytes| bytes[..bytes_gone].fill(0));
        let error = open(path.clone()).await.unwrap_err().to_string();
        assert!(error.contains("watchbox doctor"), "{error}");
        let (_new, store, saved) = recovered(&path).await;
        assert!(lost(&saved, "the file's beginning").is_some());
        let numbers = all_numbers(&store, &events("A"), 0).await;
        assert_eq!(
            numbers.len() as u64,
            BLOCKS * 1000,
            "{bytes_gone}: {saved:#?}"
        );
    }
}

#[tokio::test]
async fn a_file_cut_short_is_refused_and_recovered() {
    let (_folder, path) = stored().await;
    damage(&path, |bytes| bytes.truncate(bytes.len() / 3));
    let error = open(path.clone()).await.unwrap_err().to_string();
    assert!(
        error.contains("cut short") && error.contains("watchbox doctor"),
        "{error}"
    );
    let (_new, store, saved) = recovered(&path).await;
    let numbers = all_numbers(&store, &events("A"), 0).await;
    assert!(!numbers.is_empty(), "{saved:#?}");
    assert!(lost(&saved, "rows of events/A").is_some());
}

#[tokio::test]
async fn a_log_without_its_beginning_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("watchbox.db");
    let store = open(path.clone()).await.unwrap();
    let rows = append(&events("A"), 1.0, 0..500);
    store.append(vec![rows], vec![]).await.unwrap();
    let left = tempfile::tempdir().unwrap();
    for file in ["watchbox.db", "watchbox.db-wal"] {
        fs::copy(folder.path().join(file), left.path().join(file)).unwrap();
    }
    let path = left.path().join("watchbox.db");
    damage(&left.path().join("watchbox.db-wal"), |bytes| {
        bytes[..32].fill(7)
    });
    let error = open(path.clone()).await.unwrap_err().to_string();
    assert!(
        error.contains("watchbox.db-wal") && error.contains("watchbox doctor"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_store_that_a_server_has_open_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("watchbox.db");
    assert!(matches!(
        Doctor::open(&path).await.unwrap_err(),
        StoreError::Missing(_)
    ));
    let store = open(path.clone()).await.unwrap();
    let error = Doctor::open(&path).await.unwrap_err();
    assert!(matches!(error, StoreError::Conflict(_)), "{error}");
    store.close().await;
}
