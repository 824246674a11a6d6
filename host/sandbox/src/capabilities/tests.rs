//! One allow and one deny for every operation, and what a turn sees of its own changes.

use watchbox_model::label::LabelOp;

use crate::{
    bindings::watchbox::artifact::{
        clients::{Error as ClientsError, Host as Clients},
        clock::{Error as ClockError, Host as Clock},
        labels::{Error as LabelsError, Host as Labels},
        log::{Host as Log, Level},
        state::{Error as StateError, Host as State},
    },
    guest::Guest,
    testing::{Outside, client, guest, trail},
};

fn fleet() -> Outside {
    Outside::with_clients([
        client("C.1", &["Slack"]),
        client("C.2", &["Other", "Slack"]),
        client("C.3", &[]),
        client("C.4", &["slack"]),
    ])
}

async fn search(guest: &mut Guest, query: &str, limit: u32, after: Option<&str>) -> Vec<String> {
    let found = Clients::search(guest, query.to_owned(), limit, after.map(str::to_owned)).await;
    found
        .unwrap()
        .unwrap()
        .into_iter()
        .map(|client| client.id)
        .collect()
}

async fn add(guest: &mut Guest, client: &str, labels: &[&str]) -> Result<(), LabelsError> {
    let labels = labels.iter().map(|label| (*label).to_owned()).collect();
    Labels::add(guest, client.to_owned(), labels).await.unwrap()
}

async fn remove(guest: &mut Guest, client: &str, labels: &[&str]) -> Result<(), LabelsError> {
    let labels = labels.iter().map(|label| (*label).to_owned()).collect();
    Labels::remove(guest, client.to_owned(), labels)
        .await
        .unwrap()
}

#[tokio::test]
async fn clients_are_found_page_by_page_as_granted() {
    let mut guest = guest("clients: [ \"label:Slack\" ]", &fleet());
    assert_eq!(
        search(&mut guest, "label:slack", 0, None).await,
        ["C.1", "C.2", "C.4"]
    );
    assert_eq!(
        search(&mut guest, "label:Slack", 2, None).await,
        ["C.1", "C.2"]
    );
    assert_eq!(
        search(&mut guest, "label:Slack", 2, Some("C.2")).await,
        ["C.4"]
    );
    let denied = Clients::search(&mut guest, "all".to_owned(), 1, None)
        .await
        .unwrap();
    assert!(matches!(denied, Err(ClientsError::Denied(why)) if why.contains("clients")));
    let invalid = Clients::search(&mut guest, "label:".to_owned(), 1, None)
        .await
        .unwrap();
    assert!(matches!(invalid, Err(ClientsError::InvalidQuery(_))));
    let invalid = Clients::search(
        &mut guest,
        "label:Slack".to_owned(),
        1,
        Some("x".to_owned()),
    )
    .await
    .unwrap();
    assert!(matches!(invalid, Err(ClientsError::InvalidQuery(_))));
    assert_eq!(guest.gate.denied(), 3);
}

#[tokio::test]
async fn one_view_serves_all_reads_of_a_turn() {
    let outside = fleet();
    let mut guest = guest("{ clients: [ all ], state: true }", &outside);
    search(&mut guest, "all", 0, None).await;
    State::get(&mut guest, "a".to_owned())
        .await
        .unwrap()
        .unwrap();
    Clients::get(&mut guest, "C.1".to_owned())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        outside.0.views.load(std::sync::atomic::Ordering::Relaxed),
        1
    );
    assert_eq!(trail(&mut guest).lines().count(), 3);
}

#[tokio::test]
async fn a_client_that_no_term_matches_is_as_good_as_none() {
    let mut some = guest("clients: [ \"label:Slack\" ]", &fleet());
    let mut get = async |id: &str| {
        Clients::get(&mut some, id.to_owned())
            .await
            .unwrap()
            .unwrap()
    };
    assert_eq!(get("C.2").await.unwrap().hostname, "host-C.2");
    // There, and not there: no difference.
    assert!(get("C.3").await.is_none());
    assert!(get("C.9").await.is_none());
    assert_eq!(some.gate.denied(), 2);
    let records = trail(&mut some);
    let reasons: Vec<&str> = records
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once("DENIED"))
        .map(|(_, why)| why)
        .collect();
    assert_eq!(reasons.len(), 2);
    // By its very id, it may be known to be missing.
    let mut by_id = guest("clients: [ \"client:C.9\" ]", &fleet());
    assert!(
        Clients::get(&mut by_id, "C.9".to_owned())
            .await
            .unwrap()
            .unwrap()
            .is_none()
    );
    assert_eq!(by_id.gate.denied(), 0);
    let mut none = guest("{}", &fleet());
    assert!(matches!(
        Clients::get(&mut none, "C.1".to_owned()).await.unwrap(),
        Err(ClientsError::Denied(_))
    ));
}

#[tokio::test]
async fn a_turn_sees_its_own_labels_in_every_read() {
    let grants = "{ clients: [ all, \"label:Slack\" ], labels: { add: [Slack], remove: [\"*\"] } }";
    let mut guest = guest(grants, &fleet());
    remove(&mut guest, "C.1", &["SLACK"]).await.unwrap();
    add(&mut guest, "C.3", &["Slack", "Slack"]).await.unwrap();
    assert_eq!(
        search(&mut guest, "label:Slack", 0, None).await,
        ["C.2", "C.3", "C.4"]
    );
    assert_eq!(search(&mut guest, "label:Slack", 1, None).await, ["C.2"]);
    assert_eq!(
        search(&mut guest, "label:Slack", 1, Some("C.2")).await,
        ["C.3"]
    );
    assert_eq!(
        search(&mut guest, "label:Slack", 2, Some("C.2")).await,
        ["C.3", "C.4"]
    );
    let three = Clients::get(&mut guest, "C.3".to_owned())
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert_eq!(three.labels, ["Slack"]);
    let ops: Vec<(&str, LabelOp)> = guest
        .work
        .labels
        .iter()
        .map(|change| (change.client.as_str(), change.op))
        .collect();
    assert_eq!(
        ops,
        [
            ("C.1", LabelOp::Remove),
            ("C.3", LabelOp::Add),
            ("C.3", LabelOp::Add)
        ]
    );
}

#[tokio::test]
async fn pages_stay_full_where_the_turn_took_clients_out() {
    let clients = (10..40).map(|n| client(&format!("C.{n}"), &["Slack"]));
    let outside = Outside::with_clients(clients);
    let mut guest = guest(
        "{ clients: [ \"label:Slack\" ], labels: { remove: [Slack] } }",
        &outside,
    );
    for n in 10..25 {
        remove(&mut guest, &format!("C.{n}"), &["Slack"])
            .await
            .unwrap();
    }
    assert_eq!(
        search(&mut guest, "label:Slack", 3, None).await,
        ["C.25", "C.26", "C.27"]
    );
    assert_eq!(search(&mut guest, "label:Slack", 0, None).await.len(), 15);
}

#[tokio::test]
async fn labels_are_changed_all_or_none() {
    let mut guest = guest("labels: { add: [A, B], remove: [] }", &fleet());
    let denied = add(&mut guest, "C.1", &["A", "C"]).await.unwrap_err();
    assert!(matches!(denied, LabelsError::Denied(why) if why.contains("labels")));
    assert!(matches!(
        remove(&mut guest, "C.1", &["A"]).await,
        Err(LabelsError::Denied(_))
    ));
    assert!(matches!(
        add(&mut guest, "C.9", &["A"]).await,
        Err(LabelsError::UnknownClient(_))
    ));
    assert!(matches!(
        add(&mut guest, "no id", &["A"]).await,
        Err(LabelsError::UnknownClient(_))
    ));
    assert!(matches!(
        add(&mut guest, "C.1", &["a,b"]).await,
        Err(LabelsError::InvalidLabel(_))
    ));
    assert!(matches!(
        add(&mut guest, "C.1", &["A"; 101]).await,
        Err(LabelsError::InvalidLabel(_))
    ));
    assert_eq!(guest.work.labels, []);
    add(&mut guest, "C.1", &[]).await.unwrap();
    add(&mut guest, "C.1", &["A", "B"]).await.unwrap();
    assert_eq!(guest.work.labels.len(), 2);
    insta::assert_snapshot!(trail(&mut guest).lines().last().unwrap(), @"labels add [A, B of C.1] allowed: labels: add: A, labels: add: B -> ok");
}

#[tokio::test]
async fn every_label_of_a_call_counts_as_one() {
    let grants = "{ labels: { add: [\"*\"] }, limits: { calls: 5 } }";
    let mut guest = guest(grants, &fleet());
    add(&mut guest, "C.1", &["A", "B", "C"]).await.unwrap();
    assert_eq!(guest.work.calls, 3);
    let labels = ["A", "B", "C"].map(str::to_owned).to_vec();
    let ended = Labels::add(&mut guest, "C.1".to_owned(), labels).await;
    assert!(
        ended.unwrap_err().to_string().contains("limit `calls`"),
        "six of five"
    );
    assert_eq!(guest.work.labels.len(), 3);
}

#[tokio::test]
async fn nothing_that_a_guest_writes_forges_a_line() {
    let forged = "ok\r\n2026-11-27T00:00:00Z error Server.Other: all is lost\u{1b}[2K\u{9b}1A\u{202e}\u{200b}\u{2028}\u{feff}\u{e0041}\0";
    let mut guest = guest(
        "{ log: true, state: true, clients: [ all ], labels: { add: [\"*\"] } }",
        &fleet(),
    );
    Log::write(&mut guest, Level::Error, forged.to_owned()).unwrap();
    let _ = State::get(&mut guest, forged.to_owned()).await.unwrap();
    let _ = State::keys(&mut guest, forged.to_owned()).await.unwrap();
    let _ = Clients::get(&mut guest, forged.to_owned()).await.unwrap();
    let _ = Clients::search(&mut guest, forged.to_owned(), 0, Some(forged.to_owned()))
        .await
        .unwrap();
    let _ = add(&mut guest, forged, &[forged]).await;
    let _ = add(&mut guest, "C.1", &[forged]).await;
    let _ = remove(&mut guest, forged, &["A"]).await;
    let (lines, _) = guest.lines.finish();
    let upsets = |text: &str| text.chars().find(|c| watchbox_model::printable::upsets(*c));
    // A line of the log may be several lines long; whoever prints it shows where each begins.
    assert_eq!(upsets(&lines[0].text.replace('\n', "")), None);
    let records = guest.gate.take_records();
    assert_eq!(records.len(), 8);
    for record in records {
        for text in [&record.target, &record.reason, &record.outcome] {
            assert_eq!(upsets(text), None, "{record:?}");
        }
    }
}

#[tokio::test]
async fn state_is_read_as_the_turn_left_it() {
    let outside = Outside::default();
    outside.0.state.lock().unwrap().extend([
        ("a/1".to_owned(), b"one".to_vec()),
        ("a/2".to_owned(), b"two".to_vec()),
        ("b".to_owned(), b"".to_vec()),
    ]);
    let mut guest = guest("state: true", &outside);
    State::set(&mut guest, "a/3".to_owned(), b"three".to_vec())
        .await
        .unwrap()
        .unwrap();
    State::set(&mut guest, "a/1".to_owned(), b"".to_vec())
        .await
        .unwrap()
        .unwrap();
    State::remove(&mut guest, "a/2".to_owned())
        .await
        .unwrap()
        .unwrap();
    State::remove(&mut guest, "none".to_owned())
        .await
        .unwrap()
        .unwrap();
    let mut get = async |key: &str| {
        State::get(&mut guest, key.to_owned())
            .await
            .unwrap()
            .unwrap()
    };
    assert_eq!(get("a/1").await, Some(vec![]));
    assert_eq!(get("a/2").await, None);
    assert_eq!(get("a/3").await, Some(b"three".to_vec()));
    assert_eq!(get("b").await, Some(vec![]));
    assert_eq!(
        State::keys(&mut guest, "a/".to_owned())
            .await
            .unwrap()
            .unwrap(),
        ["a/1", "a/3"]
    );
    assert_eq!(
        State::keys(&mut guest, String::new())
            .await
            .unwrap()
            .unwrap(),
        ["a/1", "a/3", "b"]
    );
    let written = std::mem::take(&mut guest.work.state).finish();
    let keys: Vec<(&str, bool)> = written
        .iter()
        .map(|(key, value)| (key.as_str(), value.is_some()))
        .collect();
    assert_eq!(
        keys,
        [
            ("a/1", true),
            ("a/2", false),
            ("a/3", true),
            ("none", false)
        ]
    );
    assert_eq!(outside.0.state.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn state_is_held_to_its_size_keys_and_grant() {
    let outside = Outside::default();
    outside
        .0
        .state
        .lock()
        .unwrap()
        .insert("old".to_owned(), vec![0; 7]);
    let mut small = guest("{ state: true, limits: { state: 20B } }", &outside);
    let mut set = async |key: &str, size| {
        State::set(&mut small, key.to_owned(), vec![0; size])
            .await
            .unwrap()
    };
    assert!(set("k", 9).await.is_ok());
    assert!(matches!(set("k", 10).await, Err(StateError::TooLarge(20))));
    assert!(matches!(set("", 0).await, Err(StateError::InvalidKey(_))));
    assert!(matches!(
        set("a\n", 0).await,
        Err(StateError::InvalidKey(_))
    ));
    assert!(matches!(
        set(&"x".repeat(257), 0).await,
        Err(StateError::InvalidKey(_))
    ));
    State::remove(&mut small, "old".to_owned())
        .await
        .unwrap()
        .unwrap();
    assert!(
        State::set(&mut small, "k".to_owned(), vec![0; 19])
            .await
            .unwrap()
            .is_ok()
    );

    let mut none = guest("{}", &outside);
    let key = || "old".to_owned();
    assert!(matches!(
        State::get(&mut none, key()).await.unwrap(),
        Err(StateError::Denied(_))
    ));
    assert!(matches!(
        State::set(&mut none, key(), vec![]).await.unwrap(),
        Err(StateError::Denied(_))
    ));
    assert!(matches!(
        State::remove(&mut none, key()).await.unwrap(),
        Err(StateError::Denied(_))
    ));
    assert!(matches!(
        State::keys(&mut none, key()).await.unwrap(),
        Err(StateError::Denied(_))
    ));
    assert_eq!(none.gate.denied(), 4);
    assert!(none.work.state.finish().is_empty());
}

#[tokio::test]
async fn a_store_that_is_away_ends_the_turn_or_is_told() {
    let outside = fleet();
    *outside.0.broken.lock().unwrap() = true;
    let mut guest = guest(
        "{ clients: [ all ], state: true, labels: { add: [A] } }",
        &outside,
    );
    let told = Clients::search(&mut guest, "all".to_owned(), 0, None)
        .await
        .unwrap();
    assert!(matches!(told, Err(ClientsError::Unavailable(_))));
    assert!(State::get(&mut guest, "a".to_owned()).await.is_err());
    assert!(
        Labels::add(&mut guest, "C.1".to_owned(), vec!["A".to_owned()])
            .await
            .is_err()
    );
}

#[tokio::test]
async fn the_clock_and_the_log_answer_as_granted() {
    let mut some = guest("{ clock: true, log: true }", &Outside::default());
    for _ in 0..3 {
        assert_eq!(Clock::now(&mut some).unwrap().unwrap(), 1_700_000_000.25);
    }
    Log::write(&mut some, Level::Warn, "careful\u{1b}[2J".to_owned()).unwrap();
    assert_eq!(some.lines.finish().0[0].text, "careful\\u{1b}[2J");
    insta::assert_snapshot!(trail(&mut some), @r"
    clock now [] allowed: clock: true -> ok, 3 times
    log write [warn] allowed: log: true -> ok
    ");
    let mut none = guest("{}", &Outside::default());
    assert!(matches!(
        Clock::now(&mut none).unwrap(),
        Err(ClockError::Denied(_))
    ));
    Log::write(&mut none, Level::Error, "unheard".to_owned()).unwrap();
    assert_eq!(none.lines.finish().0, []);
    assert_eq!(none.gate.denied(), 2);
}
