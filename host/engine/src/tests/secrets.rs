//! Secrets: set while events flow, listed by name, sealed anew under another key.

use std::{
    fs,
    sync::{Arc, atomic::Ordering},
};

use serde_json::json;
use watchbox_model::{LogKey, Secret, Time, parameter::ParameterChange};
use watchbox_store::{AuditQuery, SealedPlace};

use super::{
    faulty::Faulty,
    guest,
    server::{LOG, Server, WATCH, grants, install, name, open},
};
use crate::{Approve, Change, EngineError, Install, Installed, Rollback};

const SEALED: &str = "Server.Sealed";
const FIRST: &str = "the-first-value";
const SECOND: &str = "the-second-value";

fn with_secret(version: &str, value: &str) -> Install {
    Install {
        component: guest::component_with_secret(SEALED, version, WATCH),
        secrets: [("token".to_owned(), Secret::new(value))].into(),
        ..install(SEALED, WATCH)
    }
}

async fn set(server: &Server, parameter: &str, value: &str) -> Result<Installed, EngineError> {
    let (parameter, secret) = (parameter.to_owned(), Secret::new(value));
    let engine = &server.engine;
    engine
        .set_secret(&name(SEALED), parameter, secret, "token:ann")
        .await
}

/// The values that the key opens, wherever they are kept.
async fn opened(server: &Server) -> Vec<(SealedPlace, String)> {
    let sealed = server.store.sealed().await.unwrap();
    let vault = crate::vault::Vault::open(&server.folder.path().join("secrets.key"), &sealed);
    let vault = vault.unwrap();
    let open = |sealed: watchbox_store::Sealed| {
        let secrets = vault.unseal(&sealed.installation, &sealed.bytes).unwrap();
        (sealed.place, secrets.values()["token"].reveal().to_owned())
    };
    let mut opened: Vec<_> = sealed.into_iter().map(open).collect();
    opened.sort();
    opened
}

async fn trail(server: &Server) -> Vec<String> {
    let query = AuditQuery {
        limit: 1_000,
        ..AuditQuery::default()
    };
    let page = server.store.audit(query).await.unwrap();
    let told = page
        .items
        .into_iter()
        .map(|(_, record)| format!("{} {} {}", record.actor, record.operation, record.target));
    told.collect()
}

#[tokio::test]
async fn a_secret_is_set_while_events_flow_and_told_by_its_name_only() {
    let server = Server::start().await;
    server
        .try_install(with_secret("1.0.0", FIRST))
        .await
        .unwrap();
    server
        .send((0..50).map(|number| format!("event {number}")))
        .await;
    let installed = set(&server, "token", SECOND).await.unwrap();
    assert_eq!(installed.status.version, "1.0.0");
    server
        .send((50..100).map(|number| format!("event {number}")))
        .await;
    let rows = server.rows(SEALED, 100).await;
    assert_eq!(
        rows,
        super::server::numbered(100),
        "each event once, in order"
    );

    let facts = server.engine.secrets(&name(SEALED)).await.unwrap();
    assert_eq!(facts.len(), 1);
    assert_eq!(
        (facts[0].parameter.as_str(), facts[0].is_set),
        ("token", true)
    );
    assert_eq!(facts[0].by.as_deref(), Some("token:ann"));
    let opened_now = opened(&server).await;
    assert_eq!(opened_now[0], (SealedPlace::Current, SECOND.to_owned()));
    let told = trail(&server).await;
    assert_eq!(told[0], "token:ann set-secret secrets token");
    assert!(!told.join("\n").contains("-value"), "{told:?}");
    let history = server.engine.versions(&name(SEALED)).await.unwrap();
    assert_eq!(history[0].note.changed, "secrets token");

    // The same value again is set all the same: when, and by whom.
    let before = server.engine.secrets(&name(SEALED)).await.unwrap()[0].at;
    set(&server, "token", SECOND).await.unwrap();
    let after = server.engine.secrets(&name(SEALED)).await.unwrap()[0].at;
    assert!(after > before, "{before:?} {after:?}");
    server.stop().await;
}

#[tokio::test]
async fn only_what_is_a_secret_can_be_set() {
    let server = Server::start().await;
    server
        .try_install(with_secret("1.0.0", FIRST))
        .await
        .unwrap();
    for parameter in ["word", "tokn"] {
        let error = set(&server, parameter, SECOND).await.unwrap_err();
        assert!(matches!(error, EngineError::NoSecret { .. }), "{error}");
        let error = error.to_string();
        assert!(
            error.contains("its secrets: token") && !error.contains(SECOND),
            "{error}"
        );
    }
    assert_eq!(opened(&server).await[0].1, FIRST);
    server.stop().await;
}

#[tokio::test]
async fn secrets_are_listed_with_where_they_may_go() {
    let server = Server::start().await;
    let mut bound = with_secret("1.0.0", FIRST);
    bound.grants = grants(
        "http: [ { method: POST, url: \"https://a.example/*\", secrets: [token] }, { method: GET, url: \"https://b.example/\" } ]",
    );
    server.try_install(bound).await.unwrap();
    server.install("Server.Plain", WATCH).await;
    let facts = server.engine.secrets(&name(SEALED)).await.unwrap();
    assert_eq!(facts[0].destinations, ["POST https://a.example/*"]);
    assert!(
        server
            .engine
            .secrets(&name("Server.Plain"))
            .await
            .unwrap()
            .is_empty()
    );
    server.stop().await;
}

#[tokio::test]
async fn a_version_that_calls_a_secret_an_open_parameter_does_not_get_its_value() {
    let server = Server::start().await;
    let installed = server
        .try_install(with_secret("1.0.0", "WRONG-if-the-guest-sees-it"))
        .await
        .unwrap();
    let nowhere = "the secret `token` may go nowhere";
    let warnings = &installed.warnings;
    assert!(
        warnings.iter().any(|text| text.starts_with(nowhere)),
        "{warnings:?}"
    );
    let opened = Change {
        component: Some(guest::component_with_open_token(SEALED, "2.0.0", WATCH)),
        ..Change::default()
    };
    // `WRONG` in its parameters makes the guest's `configure` fail.
    let changed = server.engine.change(&name(SEALED), opened).await.unwrap();
    assert_eq!(changed.status.version, "2.0.0");
    assert!(
        changed
            .warnings
            .iter()
            .any(|warning| warning.contains("`token` was dropped")),
        "{:?}",
        changed.warnings
    );
    let parameters = changed.status.installation.parameters;
    assert!(parameters.is_empty(), "{parameters:?}");
    server.stop().await;
}

#[tokio::test]
async fn a_parameter_that_becomes_a_secret_has_the_value_that_is_given() {
    let server = Server::start().await;
    let sealed = name(SEALED);
    let greedy = format!("  labels: {{ reason: Marks them }}\n{WATCH}");
    let named = ParameterChange::Named([("token".to_owned(), Some(json!(SECOND)))].into());
    let as_secret =
        || std::collections::BTreeMap::from([("token".to_owned(), Secret::new(SECOND))]);
    for (parameters, secrets) in [
        (ParameterChange::Stay, as_secret()),
        (named, std::collections::BTreeMap::new()),
    ] {
        for triggers in [WATCH, &greedy] {
            let mut open = install(SEALED, WATCH);
            open.component = guest::component_with_open_token(SEALED, "1.0.0", WATCH);
            open.parameters = [("token".to_owned(), json!("everybody-saw-it"))].into();
            server.try_install(open).await.unwrap();
            let change = Change {
                component: Some(guest::component_with_secret(SEALED, "2.0.0", triggers)),
                parameters: parameters.clone(),
                secrets: secrets.clone(),
                ..Change::default()
            };
            let changed = server.engine.change(&sealed, change).await.unwrap();
            if changed.status.installation.pending.is_some() {
                let approve = Approve::default();
                server.engine.approve(&sealed, approve).await.unwrap();
            }
            let status = server.status(SEALED).await;
            assert_eq!(status.version, "2.0.0");
            assert!(status.installation.parameters.is_empty());
            let now = opened(&server).await;
            let of_now = now.iter().find(|(place, _)| *place == SealedPlace::Current);
            assert_eq!(of_now.unwrap().1, SECOND);
            server.engine.remove(&sealed, "token:ann").await.unwrap();
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn a_new_key_opens_all_that_the_old_one_did() {
    let server = Server::start().await;
    let sealed = name(SEALED);
    server
        .try_install(with_secret("1.0.0", FIRST))
        .await
        .unwrap();
    set(&server, "token", SECOND).await.unwrap();
    let greedy = guest::component_with_secret(
        SEALED,
        "2.0.0",
        &format!("  labels: {{ reason: Marks them }}\n{WATCH}"),
    );
    let waits = Change {
        component: Some(greedy),
        parameters: ParameterChange::Named(
            [("token".to_owned(), Some(json!("waits-value")))].into(),
        ),
        ..Change::default()
    };
    server.engine.change(&sealed, waits).await.unwrap();
    let before = opened(&server).await;
    assert_eq!(before.len(), 4, "{before:?}");
    let old_key = fs::read(server.folder.path().join("secrets.key")).unwrap();

    let rotated = server.engine.rotate_key("token:ann").await.unwrap();
    assert_eq!((rotated.sealed, rotated.left.as_slice()), (4, &[][..]));
    assert_ne!(rotated.key, rotated.previous);
    assert_eq!(opened(&server).await, before);
    assert_ne!(
        fs::read(server.folder.path().join("secrets.key")).unwrap(),
        old_key
    );
    let told = trail(&server).await;
    assert!(
        told[0].starts_with("token:ann rotate-key the secrets' key"),
        "{told:?}"
    );

    // What was sealed before is still there for each way that needs it.
    let server = server.restart().await;
    server
        .until(SEALED, |status| status.version == "1.0.0")
        .await;
    let approve = Approve {
        actor: "token:ann".to_owned(),
        ..Approve::default()
    };
    server.engine.approve(&sealed, approve).await.unwrap();
    assert_eq!(opened(&server).await[0].1, "waits-value");
    let back = Rollback {
        to: Some("1".to_owned()),
        ..Rollback::default()
    };
    server.engine.rollback(&sealed, back).await.unwrap();
    assert_eq!(opened(&server).await[0].1, FIRST);
    let again = server.engine.rotate_key("token:ann").await.unwrap();
    assert_eq!(again.previous, rotated.key);
    server.send(["on"]).await;
    assert_eq!(server.rows(SEALED, 1).await, ["on"]);
    server.stop().await;
}

#[tokio::test]
async fn a_change_of_keys_that_the_store_refuses_changes_nothing() {
    let server = Server::start().await;
    server
        .try_install(with_secret("1.0.0", FIRST))
        .await
        .unwrap();
    let folder = server.stop().await;
    let faulty = Arc::new(Faulty::over(open(&folder).await));
    let server = Server::over(
        folder,
        Arc::clone(&faulty) as Arc<dyn watchbox_store::Store>,
    )
    .await;
    server
        .until(SEALED, |status| status.version == "1.0.0")
        .await;
    let before = opened(&server).await;
    let key = server.folder.path().join("secrets.key");
    let old_key = fs::read(&key).unwrap();

    faulty.failing_commits.store(1, Ordering::SeqCst);
    let failed = server.engine.rotate_key("token:ann").await;
    assert!(matches!(failed, Err(EngineError::Store(_))), "{failed:?}");
    assert_eq!(fs::read(&key).unwrap(), old_key);
    set(&server, "token", SECOND).await.unwrap();

    // The next one takes the key that was made.
    let next = fs::read(server.folder.path().join("secrets.key.next")).unwrap();
    server.engine.rotate_key("token:ann").await.unwrap();
    assert_eq!(fs::read(&key).unwrap(), next);
    assert_ne!(opened(&server).await, before);
    server.stop().await;
}

/// The server is killed after everything was sealed anew, and before the files of the keys were changed; and once more before that.
#[tokio::test]
async fn killed_in_the_midst_of_a_change_of_keys_the_server_starts_with_every_secret() {
    let server = Server::start().await;
    server
        .try_install(with_secret("1.0.0", FIRST))
        .await
        .unwrap();
    let path = server.folder.path().to_owned();
    let (key, next) = (path.join("secrets.key"), path.join("secrets.key.next"));
    let old_key = fs::read(&key).unwrap();
    server.engine.rotate_key("token:ann").await.unwrap();
    let new_key = fs::read(&key).unwrap();
    let folder = server.stop().await;
    fs::rename(&key, &next).unwrap();
    fs::write(&key, &old_key).unwrap();
    private(&key);
    let server = Server::over(folder, open_at(&path).await).await;
    server
        .until(SEALED, |status| status.version == "1.0.0")
        .await;
    assert_eq!(opened(&server).await[0].1, FIRST);
    assert_eq!(fs::read(&key).unwrap(), new_key);
    assert!(!next.exists());

    let folder = server.stop().await;
    fs::write(&next, [9; 32]).unwrap();
    private(&next);
    let server = Server::over(folder, open_at(&path).await).await;
    server
        .until(SEALED, |status| status.version == "1.0.0")
        .await;
    assert_eq!(opened(&server).await[0].1, FIRST);
    assert!(!next.exists(), "a key that seals nothing is let go of");
    server.send(["on"]).await;
    server.reached(&LogKey::rows(name(SEALED)), 1).await;
    server.stop().await;
}

async fn open_at(folder: &std::path::Path) -> Arc<dyn watchbox_store::Store> {
    let config = watchbox_store::SqliteConfig {
        path: folder.join("watchbox.db"),
        retention: watchbox_store::Retention::default(),
    };
    Arc::new(watchbox_store::SqliteStore::open(config).await.unwrap())
}

/// Makes a file its owner's alone.
fn private(path: &std::path::Path) {
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    #[cfg(not(unix))]
    let _ = path;
}

#[tokio::test]
async fn keys_change_while_events_flow_and_secrets_are_set() {
    let server = Server::start().await;
    server
        .try_install(with_secret("1.0.0", FIRST))
        .await
        .unwrap();
    let began = Time::now();
    for round in 0..5 {
        server
            .send((round * 10..round * 10 + 10).map(|number| format!("event {number}")))
            .await;
        let value = format!("value of round {round}");
        let (rotated, set) = tokio::join!(
            server.engine.rotate_key("token:ann"),
            set(&server, "token", &value)
        );
        rotated.unwrap();
        set.unwrap();
        assert_eq!(opened(&server).await[0].1, value);
    }
    assert_eq!(server.rows(SEALED, 50).await, super::server::numbered(50));
    let facts = server.engine.secrets(&name(SEALED)).await.unwrap();
    assert!(facts[0].at.is_some_and(|at| at >= began));
    let log = LogKey::events(name(LOG));
    assert_eq!(*server.store.watch(&log).borrow(), 50);
    server.stop().await;
}
