//! Whose components are run: at each door, and at each start.

use watchbox_model::{
    AuditRecord, ComponentSignature, Digest, TrustPolicy,
    audit::Decision,
    component_signature::Subject,
    signing::{PublicKey, SigningKey},
    trust::{Origin, TrustedKey},
};
use watchbox_sandbox::CannedAnswer;
use watchbox_store::AuditQuery;

use super::{
    guest,
    server::{Server, WATCH, install, name, open},
};
use crate::{Approve, Change, EngineError, Install, Phase, Replay, Rollback};

const ECHO: &str = "Server.Echo";

struct Signer {
    secret: SigningKey,
    public: PublicKey,
}

fn signer() -> Signer {
    let secret = SigningKey::generate().unwrap();
    let public = secret.public().clone();
    Signer { secret, public }
}

impl Signer {
    fn sign(&self, component: &[u8], artifact: &str, version: &str) -> ComponentSignature {
        let subject = Subject {
            artifact: artifact.parse().unwrap(),
            version: version.parse().unwrap(),
        };
        ComponentSignature::make(&self.secret, component, &subject, "").unwrap()
    }

    /// A policy in which it alone may sign, and this.
    fn may_sign(&self, pattern: &str) -> TrustPolicy {
        let key = TrustedKey {
            name: "release".to_owned(),
            key: self.public.clone(),
            artifacts: vec![pattern.parse().unwrap()],
        };
        TrustPolicy {
            keys: vec![key],
            unsigned: vec!["Test.*".parse().unwrap()],
        }
    }
}

async fn trusting(policy: TrustPolicy) -> Server {
    Server::start().await.restart_with(Some(policy)).await
}

fn signed(signer: &Signer, version: &str) -> Install {
    let component = guest::component(ECHO, version, WATCH);
    Install {
        signature: Some(signer.sign(&component, ECHO, version)),
        component,
        ..install(ECHO, WATCH)
    }
}

fn upgrade(install: Install) -> Change {
    Change {
        component: Some(install.component),
        signature: install.signature,
        actor: "token:test".to_owned(),
        ..Change::default()
    }
}

fn refused<T: std::fmt::Debug>(result: Result<T, EngineError>) -> String {
    match result {
        Err(EngineError::Untrusted(untrusted)) => untrusted.to_string(),
        other => panic!("{other:?}"),
    }
}

/// What the trail says of trust, oldest first.
async fn decisions(server: &Server) -> Vec<AuditRecord> {
    let query = AuditQuery {
        limit: 1_000,
        ..AuditQuery::default()
    };
    let page = server.store.audit(query).await.unwrap();
    let records = page.items.into_iter().map(|(_, record)| record);
    let mut records: Vec<_> = records
        .filter(|record| record.operation == "trust")
        .collect();
    records.reverse();
    records
}

#[tokio::test]
async fn an_install_needs_a_signature_that_the_policy_trusts() {
    let (release, stranger) = (signer(), signer());
    let server = trusting(release.may_sign("Server.*")).await;
    let bare = Install {
        signature: None,
        ..signed(&release, "1.0.0")
    };
    let digest = Digest::of(&bare.component);
    let why = refused(server.try_install(bare).await);
    assert!(why.contains("it is not signed"), "{why}");
    let why = refused(server.try_install(signed(&stranger, "1.0.0")).await);
    assert!(why.contains("does not name"), "{why}");
    let mut of_another = signed(&release, "1.0.0");
    of_another.signature = signed(&release, "2.0.0").signature;
    let why = refused(server.try_install(of_another).await);
    assert!(why.contains("is wrong"), "{why}");
    assert_eq!(server.store.component(digest).await.unwrap(), None);

    let installed = server.try_install(signed(&release, "1.0.0")).await.unwrap();
    let by_release = Origin::Signed {
        name: "release".to_owned(),
        key: release.public.id(),
    };
    assert_eq!(installed.status.origin, Some(by_release));
    let facts = server.engine.signatures(digest).await.unwrap();
    assert_eq!(facts.len(), 1);
    assert_eq!(facts[0].signer.as_deref(), Some("release"));
    server.send(["on"]).await;
    assert_eq!(server.rows(ECHO, 1).await, ["on"]);

    let told: Vec<_> = decisions(&server)
        .await
        .into_iter()
        .map(|record| (record.decision, record.digest, record.actor))
        .collect();
    let actor = || "token:test".to_owned();
    let no = (Decision::Denied, Some(digest), actor());
    let yes = (Decision::Allowed, Some(digest), actor());
    assert_eq!(told, [no.clone(), no.clone(), no, yes]);
    server.stop().await;
}

#[tokio::test]
async fn what_the_policy_names_needs_no_signature() {
    let server = trusting(signer().may_sign("Server.*")).await;
    let installed = server.install("Test.Echo", WATCH).await;
    assert_eq!(installed.status.origin, Some(Origin::Unsigned));
    server.stop().await;
}

#[tokio::test]
async fn every_other_door_asks_too() {
    let release = signer();
    let server = Server::start().await;
    let echo = name(ECHO);
    server.install(ECHO, WATCH).await;
    let second = guest::component(ECHO, "2.0.0", WATCH);
    let greedy = guest::wanting(ECHO, "3.0.0", WATCH, "labels: { reason: Marks them }");
    for component in [second.clone(), greedy.clone()] {
        let change = Change {
            component: Some(component),
            ..Change::default()
        };
        server.engine.change(&echo, change).await.unwrap();
    }
    // From now on there is a policy. What runs is signed, nothing else is.
    let signature = release.sign(&second, ECHO, "2.0.0");
    let digest = Digest::of(&second);
    server
        .engine
        .keep_signature(digest, signature, "token:test")
        .await
        .unwrap();
    let server = server
        .restart_with(Some(release.may_sign("Server.*")))
        .await;
    server.until(ECHO, |status| status.version == "2.0.0").await;

    let approve = Approve {
        actor: "token:test".to_owned(),
        ..Approve::default()
    };
    refused(server.engine.approve(&echo, approve).await);
    let back = Rollback {
        actor: "token:test".to_owned(),
        ..Rollback::default()
    };
    refused(server.engine.rollback(&echo, back.clone()).await);
    let unsigned = |version: &str| {
        upgrade(Install {
            signature: None,
            ..signed(&release, version)
        })
    };
    refused(server.engine.change(&echo, unsigned("4.0.0")).await);
    refused(server.engine.shadow(&echo, unsigned("4.0.0")).await);
    let first = Digest::of(&guest::component(ECHO, "1.0.0", WATCH));
    let replay = |version| Replay {
        since: Default::default(),
        until: None,
        version,
        diff: false,
        rows: 10,
        answer: CannedAnswer::default(),
        actor: "token:test".to_owned(),
    };
    refused(
        server
            .engine
            .replay(&echo, replay(Some(first)))
            .await
            .map(drop),
    );
    server
        .engine
        .replay(&echo, replay(None))
        .await
        .map(drop)
        .unwrap();

    // Signed, each of them opens.
    let signature = release.sign(&greedy, ECHO, "3.0.0");
    let digest = Digest::of(&greedy);
    server
        .engine
        .keep_signature(digest, signature, "token:test")
        .await
        .unwrap();
    let approve = Approve {
        actor: "token:test".to_owned(),
        ..Approve::default()
    };
    server.engine.approve(&echo, approve).await.unwrap();
    let changed = upgrade(signed(&release, "4.0.0"));
    server.engine.shadow(&echo, changed.clone()).await.unwrap();
    let promoted = server
        .engine
        .promote_shadow(&echo, "token:test", true)
        .await
        .unwrap();
    assert_eq!(promoted.status.version, "4.0.0");
    server.engine.rollback(&echo, back).await.unwrap();
    server.stop().await;
}

#[tokio::test]
async fn what_the_policy_no_longer_trusts_is_set_aside_at_the_start_and_the_others_run() {
    let (release, other) = (signer(), signer());
    let server = trusting(release.may_sign("Server.*")).await;
    server.try_install(signed(&release, "1.0.0")).await.unwrap();
    server.install("Test.Other", WATCH).await;

    let server = server.restart_with(Some(other.may_sign("Server.*"))).await;
    let aside = server
        .until(ECHO, |status| status.phase == Phase::Quarantined)
        .await;
    let reason = aside.installation.quarantine.unwrap().reason;
    assert!(reason.contains("does not name"), "{reason}");
    server.send(["on"]).await;
    assert_eq!(server.rows("Test.Other", 1).await, ["on"]);
    let enable = Change {
        enabled: Some(true),
        actor: "token:test".to_owned(),
        ..Change::default()
    };
    refused(server.engine.change(&name(ECHO), enable).await);
    let last = decisions(&server).await.pop().unwrap();
    assert_eq!(
        (last.decision, last.outcome.as_str()),
        (Decision::Denied, "refused")
    );

    // Once the new key signed it too, the next start lets it go on where it stopped.
    let component = guest::component(ECHO, "1.0.0", WATCH);
    let signature = other.sign(&component, ECHO, "1.0.0");
    let digest = Digest::of(&component);
    server
        .engine
        .keep_signature(digest, signature, "token:test")
        .await
        .unwrap();
    let server = server.restart_with(Some(other.may_sign("Server.*"))).await;
    server
        .until(ECHO, |status| {
            status.phase == Phase::Idle && status.version == "1.0.0"
        })
        .await;
    assert_eq!(server.rows(ECHO, 1).await, ["on"]);
    server.stop().await;
}

#[tokio::test]
async fn a_signature_that_is_not_by_the_key_that_it_names_is_not_kept() {
    let release = signer();
    let server = trusting(release.may_sign("Server.*")).await;
    let good = signed(&release, "1.0.0");
    let digest = Digest::of(&good.component);
    let signature = good.signature.clone().unwrap();
    server.try_install(good).await.unwrap();
    let wrong = signed(&release, "2.0.0").signature.unwrap();
    refused(
        server
            .engine
            .keep_signature(digest, wrong, "token:test")
            .await,
    );
    let kept = server.engine.signatures(digest).await.unwrap();
    assert_eq!(kept[0].signature, signature);
    server.stop().await;
}

#[tokio::test]
async fn a_component_that_was_changed_in_the_database_is_not_run() {
    let server = Server::start().await;
    server.install(ECHO, WATCH).await;
    server.install("Test.Other", WATCH).await;
    let folder = server.stop().await;
    let runs = Digest::of(&guest::component(ECHO, "1.0.0", WATCH));
    let evil = guest::trapping(ECHO, "1.0.0", WATCH);
    let database = rusqlite::Connection::open(folder.path().join("watchbox.db")).unwrap();
    let changed = database.execute(
        "UPDATE components SET bytes = ?1 WHERE digest = ?2",
        rusqlite::params![&evil[..], runs.to_string()],
    );
    assert_eq!(changed.unwrap(), 1);
    drop(database);

    let store = open(&folder).await;
    let server = Server::over(folder, store).await;
    let aside = server
        .until(ECHO, |status| status.phase == Phase::Quarantined)
        .await;
    let reason = aside.installation.quarantine.unwrap().reason;
    assert!(reason.contains(&Digest::of(&evil).to_string()), "{reason}");
    server.send(["on"]).await;
    assert_eq!(server.rows("Test.Other", 1).await, ["on"]);
    server.stop().await;
}

#[tokio::test]
async fn without_a_policy_anything_runs() {
    let server = Server::start().await;
    let installed = server.install(ECHO, WATCH).await;
    assert_eq!(installed.status.origin, Some(Origin::Unchecked));
    assert!(decisions(&server).await.is_empty());
    server.stop().await;
}
