//! The histories of installations, and what waits or was set aside.

use bytes::Bytes;
use watchbox_model::{
    Capability, Digest,
    grants::Lack,
    manifest::{HttpNeed, Need},
    parameter::ParameterChange,
};

use super::samples::{act, installation, name, note, seconds};
use crate::{
    How, Installation, KEPT_VERSIONS, Pending, Quarantine, Store, StoreError, VersionNote,
};

async fn put(store: &dyn Store, installation: Installation, note: Option<VersionNote>) {
    let put = store.put_installation(installation, note, vec![], act("upgrade"));
    put.await.unwrap();
}

/// Puts `X` in as it is with this component, and keeps the component.
async fn put_component(store: &dyn Store, number: u64) -> Digest {
    let bytes = Bytes::from(number.to_le_bytes().to_vec());
    let digest = Digest::of(&bytes);
    let kept = store.put_component(digest, bytes, act("upload"));
    kept.await.unwrap();
    let installation = Installation {
        digest,
        previous: None,
        ..installation("X")
    };
    put(store, installation, Some(note(How::Upgrade))).await;
    digest
}

pub async fn they_are_numbered_and_come_back_newest_first(store: &dyn Store) {
    let x = name("X");
    assert_eq!(store.versions(&x).await.unwrap(), []);
    let first = installation("X");
    put(store, first.clone(), Some(note(How::Install))).await;
    // No other version: nothing is written down.
    let off = Installation {
        enabled: false,
        ..first.clone()
    };
    put(store, off, None).await;
    let second = Installation {
        digest: Digest::of(b"newer"),
        parameters: [("Depth".to_owned(), serde_json::json!([1, {"a": null}]))].into(),
        secrets: vec![9, 0],
        grants: serde_json::json!({}),
        changed_at: seconds(9.0),
        changed_by: "watchbox".to_owned(),
        ..first.clone()
    };
    let back = VersionNote {
        reason: Some("it failed".to_owned()),
        back_to: Some(1),
        ..note(How::AutomaticRollback)
    };
    put(store, second.clone(), Some(back.clone())).await;
    put(store, installation("Y"), Some(note(How::Install))).await;

    let versions = store.versions(&x).await.unwrap();
    let [newer, older] = versions.as_slice() else {
        panic!("two versions, not {versions:?}");
    };
    assert_eq!((newer.number, older.number), (2, 1));
    for (version, installation) in [(newer, second), (older, first)] {
        assert_eq!(version.at, installation.changed_at);
        assert_eq!(version.by, installation.changed_by);
        assert_eq!(version.digest, installation.digest);
        assert_eq!(version.parameters, installation.parameters);
        assert_eq!(version.secrets, installation.secrets);
        assert_eq!(version.grants, installation.grants);
    }
    assert_eq!(newer.note, back);
    assert_eq!(older.note, note(How::Install));
    for how in How::ALL {
        put(store, installation("Z"), Some(note(how))).await;
        let versions = store.versions(&name("Z")).await.unwrap();
        assert_eq!(versions[0].note.how, how);
    }
}

pub async fn the_newest_are_kept_with_their_components(store: &dyn Store) {
    let first = put_component(store, 1).await;
    let shared = put_component(store, 2).await;
    let also = Installation {
        digest: shared,
        previous: None,
        ..installation("Y")
    };
    put(store, also, None).await;
    for number in 3..=KEPT_VERSIONS {
        put_component(store, number).await;
    }
    assert!(store.component(first).await.unwrap().is_some());
    for number in KEPT_VERSIONS + 1..=KEPT_VERSIONS + 3 {
        put_component(store, number).await;
    }
    let versions = store.versions(&name("X")).await.unwrap();
    let numbers: Vec<u64> = versions.iter().map(|version| version.number).collect();
    assert_eq!(
        numbers,
        (4..=KEPT_VERSIONS + 3).rev().collect::<Vec<_>>(),
        "the newest"
    );
    assert_eq!(store.component(first).await.unwrap(), None);
    assert!(
        store.component(shared).await.unwrap().is_some(),
        "another installation runs it"
    );
    for version in &versions {
        assert!(store.component(version.digest).await.unwrap().is_some());
    }
    let refused = store.remove_component(versions[9].digest, act("remove-artifact"));
    assert!(matches!(refused.await, Err(StoreError::Conflict(_))));
}

pub async fn they_go_with_their_installation(store: &dyn Store) {
    let digest = put_component(store, 1).await;
    let x = name("X");
    store.remove_installation(&x, act("remove")).await.unwrap();
    assert_eq!(store.versions(&x).await.unwrap(), []);
    let removed = store.remove_component(digest, act("remove-artifact"));
    removed.await.unwrap();
    put_component(store, 2).await;
    assert_eq!(store.versions(&x).await.unwrap()[0].number, 1);
}

pub async fn what_waits_or_was_set_aside_comes_back(store: &dyn Store) {
    let bytes = Bytes::from_static(b"waits");
    let digest = Digest::of(&bytes);
    let kept = store.put_component(digest, bytes, act("upload"));
    kept.await.unwrap();
    let lack = |need: Option<Need>| Lack {
        capability: Capability::Http,
        need,
        reason: "Posts".to_owned(),
        refusal: "no grant".to_owned(),
    };
    let need = HttpNeed {
        method: "POST".to_owned(),
        url: "{hook}".to_owned(),
    };
    let waits = Installation {
        probation: true,
        quarantine: Some(Quarantine {
            at: seconds(5.0),
            reason: "it kept failing".to_owned(),
            unloadable: true,
        }),
        pending: Some(Pending {
            digest,
            version: "2.0.0".to_owned(),
            parameters: ParameterChange::Named(
                [("Depth".to_owned(), Some(serde_json::json!(1)))].into(),
            ),
            secrets: vec![1, 2],
            lacks: vec![lack(None), lack(Some(Need::Http(need)))],
            at: seconds(6.0),
            by: "folder".to_owned(),
        }),
        files: Some(Digest::of(b"files")),
        ..installation("X")
    };
    put(store, waits.clone(), None).await;
    assert_eq!(
        store.installations().await.unwrap(),
        std::slice::from_ref(&waits)
    );
    let refused = store.remove_component(digest, act("remove-artifact"));
    assert!(matches!(refused.await, Err(StoreError::Conflict(_))));

    let bare = Installation {
        pending: waits.pending.clone().map(|pending| Pending {
            parameters: ParameterChange::Stay,
            ..pending
        }),
        ..waits.clone()
    };
    put(store, bare.clone(), None).await;
    assert_eq!(store.installations().await.unwrap(), [bare]);
    let over = Installation {
        probation: false,
        quarantine: None,
        pending: None,
        files: None,
        ..waits
    };
    put(store, over.clone(), None).await;
    assert_eq!(store.installations().await.unwrap(), [over]);
    let removed = store.remove_component(digest, act("remove-artifact"));
    removed.await.unwrap();
}
