use watchbox_model::{Time, turn::Trigger};

use super::*;
use crate::testing::Outside;

fn client(id: &str, labels: &[&str]) -> Client {
    Client {
        id: id.parse().unwrap(),
        hostname: String::new(),
        os: String::new(),
        labels: labels.iter().map(|label| label.parse().unwrap()).collect(),
        first_seen: Time::default(),
        last_seen: Time::default(),
    }
}

fn change(id: &str, label: &str, op: LabelOp) -> LabelChange {
    LabelChange {
        client: id.parse().unwrap(),
        label: label.parse().unwrap(),
        op,
    }
}

fn turn() -> Turn {
    let trigger = Trigger::Tick {
        due: Time::default(),
    };
    Turn {
        id: TurnId::of(&trigger),
        trigger,
        now: Time::default(),
        attempt: 1,
    }
}

#[tokio::test]
async fn labels_change_with_the_commit_and_not_for_views_taken_before() {
    let memory = Overlay::new([client("C.1", &["Slack"]), client("C.2", &[])]);
    let before = memory.view().await.unwrap();
    let effects = Effects {
        labels: vec![
            change("C.1", "slack", LabelOp::Remove),
            change("C.2", "New", LabelOp::Add),
            change("C.2", "NEW", LabelOp::Add),
            change("C.3", "New", LabelOp::Add),
        ],
        ..Effects::default()
    };
    memory.commit(&turn().id, &effects).await.unwrap();
    let found = async |view: &Arc<dyn View>, term: &str| {
        let found = view.search(&term.parse().unwrap(), 10, None).await.unwrap();
        found
            .iter()
            .map(|client| client.id.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(found(&before, "label:Slack").await, ["C.1"]);
    let after = memory.view().await.unwrap();
    assert!(found(&after, "label:Slack").await.is_empty());
    assert_eq!(found(&after, "label:New").await, ["C.2"]);
    let two = after
        .client(&"C.2".parse().unwrap())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(two.labels.len(), 1);
}

#[tokio::test]
async fn searches_go_on_after_a_client() {
    let memory = Overlay::new(["C.1", "C.2", "C.3"].map(|id| client(id, &[])));
    let view = memory.view().await.unwrap();
    let after = "C.1".parse().unwrap();
    let found = view
        .search(&SearchTerm::All, 1, Some(&after))
        .await
        .unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].id.as_str(), "C.2");
}

#[tokio::test]
async fn state_is_set_removed_and_listed_by_prefix() {
    let memory = Overlay::new([]);
    let set = |key: &str, value: Option<&[u8]>| (key.to_owned(), value.map(<[u8]>::to_vec));
    let effects = Effects {
        state: vec![
            set("a/1", Some(b"x")),
            set("a/2", Some(b"yy")),
            set("b", Some(b"")),
            set("a/1", None),
        ],
        ..Effects::default()
    };
    memory.commit(&turn().id, &effects).await.unwrap();
    let view = memory.view().await.unwrap();
    assert_eq!(
        view.state_keys("a/").await.unwrap(),
        [("a/2".to_owned(), 2)]
    );
    assert_eq!(view.state("a/1").await.unwrap(), None);
    assert_eq!(view.state("b").await.unwrap(), Some(Vec::new()));
}

#[tokio::test]
async fn what_was_sent_is_known_until_its_part_or_the_batch_is_done() {
    let memory = Overlay::new([]);
    let (turn, post) = (
        turn(),
        Effect::Named(watchbox_model::Capability::Http, "post".to_owned()),
    );
    let known = async || memory.recall(&turn, &post).await.unwrap().outcome;
    let sent = memory.journal(&turn, &post, b"200".to_vec());
    sent.await.unwrap();
    assert_eq!(known().await, Some(b"200".to_vec()));
    let nothing = Effects::default();
    memory.commit(&turn.id, &nothing).await.unwrap();
    assert_eq!(known().await, None);

    let sent = memory.journal(&turn, &post, b"201".to_vec());
    sent.await.unwrap();
    assert_eq!(known().await, Some(b"201".to_vec()));
    memory.clear();
    assert_eq!(known().await, None);
}

#[tokio::test]
async fn what_is_changed_below_for_real_holds() {
    let below = Outside::with_clients(["C.1", "C.2", "C.3"].map(|id| client(id, &["Slack"])));
    let overlay = Overlay::over(Arc::new(below.clone()));
    let effects = Effects {
        labels: vec![
            change("C.1", "Slack", LabelOp::Remove),
            change("C.2", "Slack", LabelOp::Remove),
            change("C.2", "New", LabelOp::Add),
        ],
        ..Effects::default()
    };
    overlay.commit(&turn().id, &effects).await.unwrap();
    let labelled = async |term: &str| {
        let view = overlay.view().await.unwrap();
        let found = view.search(&term.parse().unwrap(), 2, None).await.unwrap();
        found
            .iter()
            .map(|client| client.id.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(labelled("label:Slack").await, ["C.3"]);
    assert_eq!(labelled("label:New").await, ["C.2"]);
    assert_eq!(labelled("all").await, ["C.1", "C.2"]);

    // Nothing of it is below.
    let real = |id: &str| below.0.clients.lock().unwrap()[id].labels.len();
    assert_eq!((real("C.1"), real("C.2")), (1, 1));
    for labels in [&[][..], &["Slack", "Other"]] {
        let other = client("C.1", labels);
        below
            .0
            .clients
            .lock()
            .unwrap()
            .insert(other.id.clone(), other);
        let expected: &[&str] = if labels.is_empty() {
            &["C.3"]
        } else {
            &["C.1", "C.3"]
        };
        assert_eq!(labelled("label:Slack").await, expected);
    }
}

#[tokio::test]
async fn a_view_can_be_taken_before_it_is_asked_for() {
    let memory = Overlay::new([client("C.1", &[])]);
    memory.look().await.unwrap();
    assert!(lock(&memory.taken).is_some());
    memory.view().await.unwrap();
    assert!(lock(&memory.taken).is_none());
}

#[tokio::test]
async fn a_client_that_is_set_is_as_it_was_set_and_others_stay() {
    let memory = Overlay::new([client("C.1", &["Slack"]), client("C.2", &["Slack"])]);
    let effects = Effects {
        labels: vec![
            change("C.1", "Slack", LabelOp::Remove),
            change("C.2", "Slack", LabelOp::Remove),
        ],
        ..Effects::default()
    };
    memory.commit(&turn().id, &effects).await.unwrap();
    // Put back on, to be told again.
    memory.set_client(client("C.1", &["Slack"]));
    memory.set_client(client("C.3", &[]));
    memory.set_state("key".to_owned(), b"value".to_vec());
    let view = memory.view().await.unwrap();
    let found = view.search(&SearchTerm::All, 10, None).await.unwrap();
    let labels: Vec<usize> = found.iter().map(|client| client.labels.len()).collect();
    assert_eq!(labels, [1, 0, 0]);
    assert_eq!(
        view.state("key").await.unwrap().as_deref(),
        Some(&b"value"[..])
    );
}
