//! Versions: their history, ways back, probation, approval, quarantine.

use bytes::Bytes;
use serde_json::json;
use watchbox_model::{LogKey, Secret, parameter::ParameterChange, turn::Trigger};
use watchbox_store::{AuditQuery, How, Version};

use super::{
    guest,
    server::{LOG, Server, WATCH, grants, install, name},
};
use crate::{Approve, Change, EngineError, Phase, Rollback, conduct::DEAD_LETTERS};

const ECHO: &str = "Server.Echo";

/// The guest in another version; `lines` are more of its manifest.
fn version(version: &str, lines: &str) -> Bytes {
    guest::component(ECHO, version, &format!("{WATCH}\n{lines}"))
}

/// One that never succeeds: of its events it only takes what makes it trap.
fn trapping(version: &str) -> Bytes {
    guest::trapping(ECHO, version, WATCH)
}

fn upgrade(component: Bytes) -> Change {
    Change {
        component: Some(component),
        may_widen: true,
        actor: "token:test".to_owned(),
        ..Change::default()
    }
}

fn back(to: Option<&str>) -> Rollback {
    Rollback {
        to: to.map(str::to_owned),
        restore_grants: false,
        may_widen: true,
        actor: "token:test".to_owned(),
    }
}

async fn versions(server: &Server) -> Vec<Version> {
    server.engine.versions(&name(ECHO)).await.unwrap()
}

/// What the trail has of `watchbox` itself, oldest first.
async fn by_itself(server: &Server) -> Vec<String> {
    let query = AuditQuery {
        capability: Some("admin".to_owned()),
        limit: 100,
        ..AuditQuery::default()
    };
    let page = server.store.audit(query).await.unwrap();
    let mut acts: Vec<String> = page
        .items
        .into_iter()
        .filter(|(_, record)| record.actor == "watchbox")
        .map(|(_, record)| record.operation)
        .collect();
    acts.reverse();
    acts
}

async fn said(server: &Server) -> Vec<String> {
    let log = LogKey::messages(name(ECHO));
    server.texts(&log, "Message").await
}

#[tokio::test]
async fn the_history_says_who_changed_what() {
    let server = Server::start().await;
    let echo = name(ECHO);
    server.install(ECHO, WATCH).await;
    let parameters = Change {
        parameters: ParameterChange::All([("word".to_owned(), json!("hi"))].into()),
        ..upgrade(version("2.0.0", ""))
    };
    server.engine.change(&echo, parameters).await.unwrap();
    let off = Change {
        enabled: Some(false),
        component: None,
        ..upgrade(Bytes::new())
    };
    server.engine.change(&echo, off).await.unwrap();
    let narrower = Change {
        grants: Some(grants("{}")),
        component: None,
        may_widen: true,
        actor: "token:ann".to_owned(),
        ..Change::default()
    };
    server.engine.change(&echo, narrower).await.unwrap();

    let lines: Vec<String> = versions(&server)
        .await
        .into_iter()
        .map(|version| {
            let note = version.note;
            let kind = note.changed.split(' ').next().unwrap_or_default();
            format!(
                "{} {} {} {} {kind}",
                version.number, note.version, note.how, version.by
            )
        })
        .collect();
    assert_eq!(
        lines,
        [
            "3 2.0.0 change token:ann grants",
            "2 2.0.0 upgrade token:test component",
            "1 1.0.0 install token:test ",
        ],
        "switching off is no version"
    );
    let server = server.restart().await;
    assert_eq!(versions(&server).await.len(), 3);
    server.stop().await;
}

#[tokio::test]
async fn what_waits_and_what_is_tried_beside_change_the_parameters_that_they_name() {
    let server = Server::start().await;
    let echo = name(ECHO);
    let named = |name: &str, value: Option<&str>| {
        let value = value.map(|value| json!(value));
        ParameterChange::Named([(name.to_owned(), value)].into())
    };
    let component = |version, more: &str| {
        guest::component_with_open_token(ECHO, version, &format!("{more}{WATCH}"))
    };
    let mut first = install(ECHO, WATCH);
    first.component = component("1.0.0", "");
    first.parameters = [("word", "then"), ("token", "a")]
        .map(|(name, value)| (name.to_owned(), json!(value)))
        .into();
    server.try_install(first).await.unwrap();

    let greedy = Change {
        parameters: named("word", Some("asked")),
        ..upgrade(component("2.0.0", "  labels: { reason: Marks them }\n"))
    };
    let waits = server.engine.change(&echo, greedy).await.unwrap();
    let seen = waits.status.installation.changed_at;
    let meanwhile = Change {
        parameters: named("token", Some("b")),
        ..Change::default()
    };
    server.engine.change(&echo, meanwhile).await.unwrap();
    let approved = server.engine.approve(&echo, Approve::default()).await;
    let now = approved.unwrap().status.installation.parameters;
    assert_eq!(json!(now), json!({"word": "asked", "token": "b"}));

    let beside = |unchanged_since| Change {
        parameters: named("word", None),
        unchanged_since,
        ..upgrade(component("3.0.0", ""))
    };
    let stale = server.engine.shadow(&echo, beside(Some(seen))).await;
    assert!(
        matches!(stale, Err(EngineError::ChangedMeanwhile { .. })),
        "{stale:?}"
    );
    let seen = server.status(ECHO).await.installation.changed_at;
    server
        .engine
        .shadow(&echo, beside(Some(seen)))
        .await
        .unwrap();
    let promoted = server.engine.promote_shadow(&echo, "token:ann", true).await;
    let now = promoted.unwrap().status.installation.parameters;
    assert_eq!(json!(now), json!({"token": "b"}), "a default is not kept");
    server.stop().await;
}

#[tokio::test]
async fn a_way_back_has_the_settings_of_then_and_the_grants_of_now() {
    const OLD: &str = "s3cret-of-then";
    let server = Server::start().await;
    let echo = name(ECHO);
    let mut first = install(ECHO, WATCH);
    first.component = guest::component_with_secret(ECHO, "1.0.0", WATCH);
    first.secrets = [("token".to_owned(), Secret::new(OLD))].into();
    first.parameters = [("word".to_owned(), json!("then"))].into();
    first.grants = grants("{ state: true, log: true, limits: { tries: 5 } }");
    server.try_install(first).await.unwrap();
    let second = Change {
        component: Some(guest::component_with_secret(ECHO, "2.0.0", WATCH)),
        parameters: ParameterChange::All([("word".to_owned(), json!("now"))].into()),
        secrets: [("token".to_owned(), Secret::new("s3cret-of-now"))].into(),
        grants: Some(grants("{ log: true, clock: true, limits: { tries: 3 } }")),
        ..upgrade(Bytes::new())
    };
    server.engine.change(&echo, second).await.unwrap();

    let gone_back = server.engine.rollback(&echo, back(None)).await.unwrap();
    let now = gone_back.status.installation;
    assert_eq!(gone_back.status.version, "1.0.0");
    assert_eq!(now.parameters["word"], "then");
    assert!(!now.probation);
    let granted = watchbox_model::Grants::parse("grants", &now.grants.to_string()).unwrap();
    assert!(granted.log && !granted.state && !granted.clock);
    assert_eq!(granted.limits.tries, 3);
    let warned = gone_back.warnings.join("\n");
    assert!(warned.contains("`state: true` then"), "{warned}");
    assert!(warned.contains("its secret `token`"), "{warned}");
    assert!(!warned.contains(OLD));
    let history = versions(&server).await;
    assert_eq!(history[0].note.how, How::Rollback);
    assert_eq!(history[0].note.back_to, Some(1));
    assert_eq!(
        history[0]
            .note
            .changed
            .split("; ")
            .skip(1)
            .collect::<Vec<_>>(),
        ["parameters word", "secrets token", "grants"]
    );

    // Said so, it gets back what it had.
    server
        .engine
        .rollback(&echo, back(Some("2.0.0")))
        .await
        .unwrap();
    let restored = Rollback {
        restore_grants: true,
        ..back(Some("1"))
    };
    let restored = server.engine.rollback(&echo, restored).await.unwrap();
    assert_eq!(restored.status.installation.grants["state"], true);

    for (to, says) in [
        (None, "none before it ran another component"),
        (Some("nonsense"), "no `nonsense`"),
        (Some("5"), "what runs now"),
        (Some("9"), "no `9`"),
    ] {
        let refused = server.engine.rollback(&echo, back(to)).await;
        let error = refused.unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_version_that_fails_on_its_first_turns_hands_the_same_turn_back() {
    let server = Server::start().await;
    let echo = name(ECHO);
    server.install(ECHO, WATCH).await;
    server.send(["before"]).await;
    server.rows(ECHO, 1).await;
    let upgraded = server
        .engine
        .change(&echo, upgrade(trapping("2.0.0")))
        .await
        .unwrap();
    assert!(upgraded.status.installation.probation);
    server.send(["a", "b", "c"]).await;
    assert_eq!(server.rows(ECHO, 4).await, ["before", "a", "b", "c"]);
    assert_eq!(server.letters(ECHO, 0).await, []);

    let status = server
        .until(ECHO, |status| {
            status.version == "1.0.0" && status.turns == 2
        })
        .await;
    assert_eq!(status.failures, 3, "its tries, and none of the old one");
    let history = versions(&server).await;
    let note = &history[0].note;
    assert_eq!((note.how, note.back_to), (How::AutomaticRollback, Some(1)));
    assert!(note.reason.as_ref().unwrap().contains("trapped"));
    assert_eq!(history[0].by, "watchbox");
    assert_eq!(by_itself(&server).await, ["rollback"]);
    let said = said(&server).await;
    assert!(
        said.iter()
            .any(|text| text.contains("took the place of") && text.contains("1.0.0")),
        "{said:?}"
    );
    server.stop().await;
}

#[tokio::test]
async fn a_version_that_proves_itself_is_not_taken_back() {
    let server = Server::start().await;
    let echo = name(ECHO);
    server.install(ECHO, WATCH).await;
    server
        .engine
        .change(&echo, upgrade(version("2.0.0", "")))
        .await
        .unwrap();
    for (text, so_far) in ["a", "b", "c"].into_iter().zip(1..) {
        server.send([text]).await;
        server.rows(ECHO, so_far).await;
        server.until(ECHO, |status| status.rows == so_far).await;
    }
    server
        .until(ECHO, |status| !status.installation.probation)
        .await;
    server.send(["TRAP"]).await;
    assert_eq!(server.letters(ECHO, 1).await.len(), 1);
    assert_eq!(server.status(ECHO).await.version, "2.0.0");
    assert_eq!(by_itself(&server).await, ["confirm"]);
    server.stop().await;
}

#[tokio::test]
async fn probation_goes_on_after_a_restart() {
    let server = Server::start().await;
    let echo = name(ECHO);
    server.install(ECHO, WATCH).await;
    server
        .engine
        .change(&echo, upgrade(trapping("2.0.0")))
        .await
        .unwrap();
    let server = server.restart().await;
    server.send(["a"]).await;
    assert_eq!(server.rows(ECHO, 1).await, ["a"]);
    assert_eq!(server.status(ECHO).await.version, "1.0.0");
    server.stop().await;
}

#[tokio::test]
async fn where_there_is_no_way_back_the_version_goes_on() {
    let server = Server::start().await;
    let echo = name(ECHO);
    server
        .install(ECHO, "subscribe: [ { artifact: Server.B } ]")
        .await;
    server
        .engine
        .change(&echo, upgrade(trapping("2.0.0")))
        .await
        .unwrap();
    // With the old one, the two would watch each other.
    server
        .install(
            "Server.B",
            &format!("subscribe: [ {{ artifact: {ECHO} }} ]"),
        )
        .await;
    server.send(["a"]).await;
    let letters = server.letters(ECHO, 1).await;
    assert!(letters[0].error.contains("trapped"));
    let status = server.status(ECHO).await;
    assert_eq!(status.version, "2.0.0");
    assert!(!status.installation.probation);
    let said = said(&server).await;
    assert!(
        said.iter().any(|text| text.contains("can't take over")),
        "{said:?}"
    );
    server.stop().await;
}

#[tokio::test]
async fn a_version_that_wants_more_waits_while_the_old_one_runs() {
    let server = Server::start().await;
    let echo = name(ECHO);
    server.install(ECHO, WATCH).await;
    let greedy = guest::wanting(ECHO, "2.0.0", WATCH, "labels: { reason: Marks them }");
    let asked = server
        .engine
        .change(&echo, upgrade(greedy.clone()))
        .await
        .unwrap();
    assert_eq!(asked.status.version, "1.0.0");
    let warned = asked.warnings.join("\n");
    assert!(warned.contains("it wants labels (Marks them)"), "{warned}");
    server.send(["old"]).await;
    server.rows(ECHO, 1).await;

    let server = server.restart().await;
    let status = server.until(ECHO, |status| status.version == "1.0.0").await;
    let pending = status.installation.pending.unwrap();
    assert_eq!(
        (pending.version.as_str(), pending.lacks.len()),
        ("2.0.0", 1)
    );
    let rejected = server.engine.reject(&echo, "token:test").await.unwrap();
    assert_eq!(rejected.status.installation.pending, None);
    let nothing = server.engine.reject(&echo, "token:test").await;
    assert!(matches!(nothing, Err(EngineError::NothingPending(_))));

    server
        .engine
        .change(&echo, upgrade(greedy.clone()))
        .await
        .unwrap();
    let approve = Approve {
        digest: None,
        grants: Some(grants("{ state: true, labels: { add: [X] } }")),
        may_widen: true,
        actor: "token:ann".to_owned(),
    };
    let approved = server.engine.approve(&echo, approve.clone()).await.unwrap();
    assert_eq!(approved.status.version, "2.0.0");
    assert_eq!(approved.status.installation.pending, None);
    let history = versions(&server).await;
    assert_eq!(history[0].note.how, How::Approval);
    assert_eq!(history[0].by, "token:ann");
    let nothing = server.engine.approve(&echo, approve).await;
    assert!(matches!(nothing, Err(EngineError::NothingPending(_))));
    server.send(["new"]).await;
    assert_eq!(server.rows(ECHO, 2).await, ["old", "new"]);
    server.stop().await;
}

#[tokio::test]
async fn what_was_not_granted_to_the_old_one_either_needs_no_approval() {
    let server = Server::start().await;
    let echo = name(ECHO);
    let mut denied = install(ECHO, WATCH);
    denied.grants = grants("{}");
    server.try_install(denied).await.unwrap();
    let upgraded = server
        .engine
        .change(&echo, upgrade(version("2.0.0", "")))
        .await
        .unwrap();
    assert_eq!(
        upgraded.status.version, "2.0.0",
        "it wants `state` as before"
    );
    let greedy = guest::wanting(ECHO, "3.0.0", WATCH, "labels: { reason: Marks them }");
    let decided = Change {
        grants: Some(grants("{}")),
        ..upgrade(greedy)
    };
    let decided = server.engine.change(&echo, decided).await.unwrap();
    assert_eq!(
        decided.status.version, "3.0.0",
        "whoever gives grants with it has decided"
    );
    server.stop().await;
}

#[tokio::test]
async fn what_keeps_failing_is_set_aside_and_its_neighbour_runs_on() {
    let server = Server::start().await;
    let echo = name(ECHO);
    server.install(ECHO, WATCH).await;
    let mut failing = install("Server.Failing", WATCH);
    failing.component = guest::trapping("Server.Failing", "1.0.0", WATCH);
    failing.grants = grants("{ limits: { tries: 1 } }");
    server.try_install(failing).await.unwrap();
    let texts = super::server::numbered(40);
    server.send(&texts).await;
    let set_aside = server
        .until("Server.Failing", |status| {
            status.phase == Phase::Quarantined
        })
        .await;
    let reason = set_aside.installation.quarantine.unwrap().reason;
    assert!(reason.contains("in a row became dead letters"), "{reason}");
    let letters = server
        .letters("Server.Failing", DEAD_LETTERS as usize)
        .await;
    assert_eq!(letters.len(), DEAD_LETTERS as usize);
    assert_eq!(server.rows(ECHO, 40).await, texts);

    // A restart keeps it aside, and its place.
    let server = server.restart().await;
    server.until(ECHO, |status| status.version == "1.0.0").await;
    let failing = name("Server.Failing");
    assert_eq!(
        server.status("Server.Failing").await.phase,
        Phase::Quarantined
    );
    let picky = Change {
        component: Some(guest::component("Server.Failing", "2.0.0", WATCH)),
        may_widen: true,
        actor: "token:test".to_owned(),
        ..Change::default()
    };
    let mended = server.engine.change(&failing, picky).await.unwrap();
    assert_eq!(mended.status.installation.quarantine, None);
    assert!(
        !mended.status.installation.probation,
        "nothing to go back to"
    );
    assert_eq!(
        server.rows("Server.Failing", 30).await,
        texts[DEAD_LETTERS as usize..]
    );
    server.engine.remove(&echo, "token:test").await.unwrap();
    server.stop().await;
}

#[tokio::test]
async fn switched_on_again_it_is_tried_again() {
    let server = Server::start().await;
    let mut failing = install(ECHO, WATCH);
    failing.component = trapping("1.0.0");
    failing.grants = grants("{ limits: { tries: 1 } }");
    server.try_install(failing).await.unwrap();
    server.send(super::server::numbered(25)).await;
    server
        .until(ECHO, |status| status.phase == Phase::Quarantined)
        .await;
    let on = Change {
        enabled: Some(true),
        may_widen: true,
        actor: "token:test".to_owned(),
        ..Change::default()
    };
    server.engine.change(&name(ECHO), on).await.unwrap();
    let letters = server.letters(ECHO, 2 * DEAD_LETTERS as usize).await;
    let at = |from: u64| Trigger::Events {
        log: LogKey::events(name(LOG)),
        from,
        to: from + 1,
    };
    let triggers: Vec<Trigger> = letters.into_iter().map(|letter| letter.trigger).collect();
    assert_eq!(triggers, (0..20).map(at).collect::<Vec<_>>());
    assert_eq!(by_itself(&server).await[..1], ["quarantine"]);
    server.stop().await;
}

#[tokio::test]
async fn one_that_could_not_be_loaded_is_tried_at_each_start() {
    let server = Server::start().await;
    let mut sealed = install(ECHO, WATCH);
    sealed.component = guest::component_with_secret(ECHO, "1.0.0", WATCH);
    sealed.secrets = [("token".to_owned(), Secret::new("hush"))].into();
    server.try_install(sealed).await.unwrap();
    let folder = server.stop().await;
    let key = folder.path().join("secrets.key");
    let kept = folder.path().join("secrets.kept");
    std::fs::rename(&key, &kept).unwrap();
    let store = super::server::open(&folder).await;
    let server = Server::over(folder, store).await;
    server
        .until(ECHO, |status| status.phase == Phase::Quarantined)
        .await;

    let folder = server.stop().await;
    std::fs::rename(&kept, &key).unwrap();
    let store = super::server::open(&folder).await;
    let server = Server::over(folder, store).await;
    server
        .until(ECHO, |status| {
            status.phase == Phase::Idle && status.version == "1.0.0"
        })
        .await;
    server.send(["on"]).await;
    assert_eq!(server.rows(ECHO, 1).await, ["on"]);
    assert_eq!(by_itself(&server).await, ["quarantine", "enable"]);
    server.stop().await;
}
