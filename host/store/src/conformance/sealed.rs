//! Sealed secrets in their places, and signatures beside their components.

use bytes::Bytes;
use watchbox_model::{
    ComponentSignature, Digest, component_signature::Subject, parameter::ParameterChange,
    signing::SigningKey,
};

use super::{
    samples::{act, installation, name, note, seconds},
    trail::everything,
};
use crate::{How, Installation, Pending, Sealed, SealedPlace, Store, StoreError};

fn place(installation: &str, place: SealedPlace, bytes: &[u8]) -> Sealed {
    Sealed {
        installation: name(installation),
        place,
        bytes: bytes.to_vec(),
    }
}

pub async fn secrets_are_sealed_anew_everywhere_or_nowhere(store: &dyn Store) {
    let bare = Installation {
        secrets: Vec::new(),
        ..installation("Bare")
    };
    let waits = Installation {
        pending: Some(Pending {
            digest: Digest::of(b"waits"),
            version: "2.0.0".to_owned(),
            parameters: ParameterChange::Stay,
            secrets: vec![3],
            lacks: Vec::new(),
            at: seconds(6.0),
            by: "folder".to_owned(),
        }),
        ..installation("X")
    };
    for (installation, note) in [(bare, None), (waits, Some(note(How::Install)))] {
        let put = store.put_installation(installation, note, vec![], act("install"));
        put.await.unwrap();
    }
    let old = [0, 1, 255];
    assert_eq!(
        store.sealed().await.unwrap(),
        [
            place("X", SealedPlace::Current, &old),
            place("X", SealedPlace::Pending, &[3]),
            place("X", SealedPlace::Version(1), &old),
        ]
    );

    let anew = vec![
        place("X", SealedPlace::Current, &[7]),
        place("X", SealedPlace::Version(1), &[8]),
        place("X", SealedPlace::Pending, &[9]),
    ];
    for gone in [
        place("Y", SealedPlace::Current, &[1]),
        place("X", SealedPlace::Version(2), &[1]),
        place("Bare", SealedPlace::Pending, &[1]),
    ] {
        let before = store.sealed().await.unwrap();
        let with_one_gone = [anew.as_slice(), &[gone]].concat();
        let refused = store.reseal(with_one_gone, act("rotate-key")).await;
        assert!(matches!(refused, Err(StoreError::Missing(_))));
        assert_eq!(store.sealed().await.unwrap(), before);
    }
    store.reseal(anew, act("rotate-key")).await.unwrap();
    let installed = store.installations().await.unwrap();
    assert_eq!(installed[1].secrets, [7]);
    assert_eq!(installed[1].pending.as_ref().unwrap().secrets, [9]);
    assert_eq!(store.versions(&name("X")).await.unwrap()[0].secrets, [8]);
    let trail = store.audit(everything()).await.unwrap().items;
    let rotations = trail
        .iter()
        .filter(|(_, record)| record.operation == "rotate-key");
    assert_eq!(rotations.count(), 1, "what was refused is not in the trail");
}

pub async fn signatures_come_back_and_go_with_their_component(store: &dyn Store) {
    let bytes = Bytes::from_static(b"component");
    let digest = Digest::of(&bytes);
    let [one, other] = [(); 2].map(|()| SigningKey::generate().unwrap());
    let sign = |key: &SigningKey, version: &str| {
        let subject = Subject {
            artifact: name("A"),
            version: version.parse().unwrap(),
        };
        ComponentSignature::make(key, &bytes, &subject, "").unwrap()
    };
    let first = sign(&one, "1.0.0");
    let early = store
        .put_signature(digest, first.clone(), act("sign"))
        .await;
    assert!(matches!(early, Err(StoreError::Missing(_))));

    let put = store.put_component(digest, bytes.clone(), act("upload"));
    put.await.unwrap();
    assert_eq!(store.signatures(digest).await.unwrap(), []);
    let second = sign(&other, "1.0.0");
    let again = sign(&one, "2.0.0");
    for signature in [&first, &second, &again] {
        let put = store.put_signature(digest, signature.clone(), act("sign"));
        put.await.unwrap();
    }
    let mut kept = store.signatures(digest).await.unwrap();
    let mut wanted = vec![(second, seconds(10.0)), (again, seconds(10.0))];
    for signatures in [&mut kept, &mut wanted] {
        signatures.sort_by_key(|(signature, _)| signature.key());
    }
    assert_eq!(kept, wanted, "the last one of each key");

    let removed = store.remove_component(digest, act("remove-artifact"));
    removed.await.unwrap();
    let put = store.put_component(digest, bytes.clone(), act("upload"));
    put.await.unwrap();
    assert_eq!(store.signatures(digest).await.unwrap(), []);
}
