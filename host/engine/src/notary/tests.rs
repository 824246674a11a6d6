use std::sync::Arc;

use tempfile::TempDir;
use watchbox_model::audit::{Verified, Verifier};
use watchbox_store::{AuditQuery, StoreError};

use super::*;
use crate::tests::server;

fn act(target: &str) -> AuditRecord {
    AuditRecord {
        operation: "act".to_owned(),
        target: target.to_owned(),
        decision: Decision::Allowed,
        ..found(&Fault::Changed { number: 1 })
    }
}

async fn notary(folder: &TempDir, store: &Arc<dyn Store>) -> Notary {
    let path = folder.path().join("audit.key");
    Notary::open(&path, store.as_ref()).await.unwrap()
}

async fn record(store: &Arc<dyn Store>, target: &str) {
    store.record(vec![], vec![act(target)]).await.unwrap();
}

async fn verify(store: &Arc<dyn Store>, key: &PublicKey) -> Result<Verified, Fault> {
    let checkpoints = store.checkpoints().await.unwrap();
    let mut verifier = Verifier::new(key, &checkpoints)?;
    for entry in store.trail(1, 1_000).await.unwrap() {
        verifier.record(&entry)?;
    }
    verifier.finish()
}

async fn newest(store: &Arc<dyn Store>) -> Result<AuditRecord, StoreError> {
    let query = AuditQuery {
        limit: 1,
        ..AuditQuery::default()
    };
    Ok(store.audit(query).await?.items.remove(0).1)
}

#[tokio::test]
async fn it_signs_what_is_new_with_a_key_that_stays() {
    let folder = tempfile::tempdir().unwrap();
    let store = server::open(&folder).await;
    let first = notary(&folder, &store).await;
    let now = Time::from_micros(1);
    first.sign(store.as_ref(), now).await.unwrap();
    assert_eq!(
        store.checkpoints().await.unwrap(),
        [],
        "there is nothing to sign"
    );
    record(&store, "a").await;
    for _ in 0..2 {
        first.sign(store.as_ref(), now).await.unwrap();
    }
    assert_eq!(store.checkpoints().await.unwrap().len(), 1);
    record(&store, "b").await;

    let second = notary(&folder, &store).await;
    assert_eq!(second.key(), first.key());
    second.sign(store.as_ref(), now).await.unwrap();
    let verified = verify(&store, first.key()).await.unwrap();
    assert_eq!((verified.signed, verified.checkpoints), (Some((2, now)), 2));
    assert_eq!(newest(&store).await.unwrap().target, "b", "all was well");
}

#[cfg(unix)]
#[tokio::test]
async fn its_key_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let store = server::open(&folder).await;
    notary(&folder, &store).await;
    let path = folder.path().join("audit.key");
    let permissions = std::fs::metadata(&path).unwrap().permissions();
    assert_eq!(permissions.mode() & 0o777, 0o600);
    std::fs::write(&path, "no key").unwrap();
    let error = Notary::open(&path, store.as_ref()).await.unwrap_err();
    assert!(error.to_string().contains("audit.key"), "{error}");
}

/// What somebody can do to the file of a server that is stopped.
#[tokio::test]
async fn what_is_not_what_was_signed_goes_on_record() {
    for (forge, fault) in [
        (
            "UPDATE audit SET hash = zeroblob(32) WHERE id = 2",
            "from 1 to 2",
        ),
        (
            "DELETE FROM audit WHERE id >= 2",
            "records 2 to 2 were removed from its end",
        ),
        (
            "DELETE FROM audit WHERE id = 2; INSERT INTO audit SELECT 3, at, actor, artifact, digest, turn, capability, operation, target, decision, reason, outcome, bytes, ms, hash FROM audit WHERE id = 1",
            "records 2 to 2 were removed",
        ),
        ("UPDATE checkpoints SET last = 1", "was not signed"),
        (
            "DELETE FROM checkpoints; UPDATE audit SET hash = zeroblob(32) WHERE id = 2",
            "from 1 to 2",
        ),
        (
            "DELETE FROM checkpoints; DELETE FROM audit WHERE id >= 2; UPDATE sqlite_sequence SET seq = 1 WHERE name = 'audit'",
            "records 2 to 2 were removed from its end",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let store = server::open(&folder).await;
        let before = notary(&folder, &store).await;
        record(&store, "a").await;
        record(&store, "b").await;
        before
            .sign(store.as_ref(), Time::from_micros(1))
            .await
            .unwrap();
        store.close().await;
        let raw = rusqlite::Connection::open(folder.path().join("watchbox.db")).unwrap();
        raw.execute_batch(forge).unwrap();
        drop(raw);

        let store = server::open(&folder).await;
        let after = notary(&folder, &store).await;
        let told = newest(&store).await.unwrap();
        assert_eq!(told.operation, "trail.fault", "{forge}");
        assert!(told.outcome.contains(fault), "{forge}: {}", told.outcome);
        // It goes on, and what was signed before still tells.
        after
            .sign(store.as_ref(), Time::from_micros(2))
            .await
            .unwrap();
        assert!(verify(&store, after.key()).await.is_err(), "{forge}");
    }
}
