//! Clients: registering, labels, search.

use watchbox_model::ClientId;

use super::samples::{
    act, client, client_id, client_now, found, labels, put_on, seconds, seen, take_off, term,
};
use crate::{Store, StoreError};

pub async fn being_seen_registers(store: &dyn Store) {
    let both = vec![seen("C.1", Some("one"), 5.0), seen("C.2", None, 6.0)];
    store.append(vec![], both).await.unwrap();
    let one = client_now(store, "C.1").await.unwrap();
    assert_eq!((one.hostname.as_str(), one.os.as_str()), ("one", ""));
    assert_eq!(
        (one.first_seen, one.last_seen),
        (seconds(5.0), seconds(5.0))
    );
    assert_eq!(client_now(store, "C.2").await.unwrap().hostname, "");
    assert_eq!(client_now(store, "C.3").await, None);
}

pub async fn last_seen_never_goes_back(store: &dyn Store) {
    for at in [5.0, 9.0, 7.0] {
        let one = vec![seen("C.1", None, at)];
        store.append(vec![], one).await.unwrap();
    }
    let twice = vec![seen("C.2", None, 8.0), seen("C.2", None, 4.0)];
    store.append(vec![], twice).await.unwrap();
    let one = client_now(store, "C.1").await.unwrap();
    assert_eq!(
        (one.first_seen, one.last_seen),
        (seconds(5.0), seconds(9.0))
    );
    let two = client_now(store, "C.2").await.unwrap();
    assert_eq!(two.last_seen, seconds(8.0));
}

pub async fn a_hostname_is_kept_until_another_comes(store: &dyn Store) {
    let hostname = async |given: Option<&str>| {
        let one = vec![seen("C.1", given, 1.0)];
        store.append(vec![], one).await.unwrap();
        client_now(store, "C.1").await.unwrap().hostname
    };
    assert_eq!(hostname(Some("one")).await, "one");
    assert_eq!(hostname(None).await, "one");
    assert_eq!(hostname(Some("")).await, "one");
    assert_eq!(hostname(Some("other")).await, "other");
    let thrice = [Some("one"), Some(""), None].map(|given| seen("C.1", given, 2.0));
    store.append(vec![], thrice.into()).await.unwrap();
    assert_eq!(client_now(store, "C.1").await.unwrap().hostname, "one");
}

pub async fn registering_keeps_labels_and_times(store: &dyn Store) {
    let put = store.put_client(client("C.1", "one"), act("client.put"));
    put.await.unwrap();
    let change = store.change_labels(vec![put_on("C.1", "Slack")], act("label.add"));
    change.await.unwrap();
    let mut changed = client("C.1", "other");
    changed.first_seen = seconds(50.0);
    changed.last_seen = seconds(60.0);
    changed.os = "windows".to_owned();
    store.put_client(changed, act("client.put")).await.unwrap();
    let now = client_now(store, "C.1").await.unwrap();
    assert_eq!(
        (now.hostname.as_str(), now.os.as_str()),
        ("other", "windows")
    );
    assert_eq!(
        (now.first_seen, now.last_seen),
        (seconds(1.0), seconds(2.0))
    );
    assert_eq!(labels(&now), ["Slack"]);
}

pub async fn labels_differ_by_more_than_case(store: &dyn Store) {
    let put = store.put_client(client("C.1", "one"), act("client.put"));
    put.await.unwrap();
    let change = async |changes| {
        let done = store.change_labels(changes, act("label"));
        done.await.unwrap();
        client_now(store, "C.1").await.unwrap()
    };
    let on = vec![
        put_on("C.1", "Slack"),
        put_on("C.1", "sLACK"),
        put_on("C.1", "Alpha"),
    ];
    assert_eq!(labels(&change(on).await), ["Alpha", "Slack"]);
    assert_eq!(
        labels(&change(vec![put_on("C.1", "SLACK")]).await),
        ["Alpha", "Slack"]
    );
    assert_eq!(
        labels(&change(vec![take_off("C.1", "slack")]).await),
        ["Alpha"]
    );
    assert_eq!(
        labels(&change(vec![take_off("C.1", "slack")]).await),
        ["Alpha"]
    );
}

pub async fn labels_of_an_unknown_client_are_refused_as_a_whole(store: &dyn Store) {
    let put = store.put_client(client("C.1", "one"), act("client.put"));
    put.await.unwrap();
    let changes = vec![put_on("C.1", "Slack"), put_on("C.2", "Slack")];
    let refused = store.change_labels(changes, act("label.add")).await;
    assert_eq!(refused, Err(StoreError::Missing("client C.2".to_owned())));
    assert_eq!(labels(&client_now(store, "C.1").await.unwrap()), [""; 0]);
    let trail = store.audit(super::trail::everything()).await.unwrap();
    assert_eq!(trail.items.len(), 1, "only the registering is on the trail");
}

pub async fn a_removed_client_is_gone_with_its_labels(store: &dyn Store) {
    let put = async || {
        let put = store.put_client(client("C.1", "one"), act("client.put"));
        put.await.unwrap();
    };
    put().await;
    let change = store.change_labels(vec![put_on("C.1", "Slack")], act("label.add"));
    change.await.unwrap();
    let id = client_id("C.1");
    store
        .remove_client(&id, act("client.remove"))
        .await
        .unwrap();
    assert_eq!(client_now(store, "C.1").await, None);
    let again = store.remove_client(&id, act("client.remove")).await;
    assert!(matches!(again, Err(StoreError::Missing(_))));
    put().await;
    assert_eq!(labels(&client_now(store, "C.1").await.unwrap()), [""; 0]);
}

pub async fn terms_find_what_they_match(store: &dyn Store) {
    let hosts = [
        ("C.a", "web-1.example"),
        ("C.b", "WEB-2.example"),
        ("C.c", "db_1"),
        ("C.d", "dbx1"),
        ("C.e", "50%"),
        ("C.f", r"back\slash"),
        ("server", ""),
    ];
    for (id, hostname) in hosts {
        let put = store.put_client(client(id, hostname), act("client.put"));
        put.await.unwrap();
    }
    let changes = vec![
        put_on("C.a", "Prod"),
        put_on("C.b", "prod"),
        put_on("C.d", "production"),
        put_on("server", "Example"),
    ];
    store
        .change_labels(changes, act("label.add"))
        .await
        .unwrap();
    let snapshot = store.snapshot().await.unwrap();
    let all = snapshot.search(&term("all"), 100, None).await.unwrap();
    assert_eq!(all.items.len(), hosts.len());
    let terms = [
        "all",
        "label:PROD",
        "label:none",
        "host:web-*",
        "host:*1*",
        "host:WEB-1.EXAMPLE",
        "host:web",
        "host:db_1",
        "host:50%",
        r"host:*\*",
        "client:C.d",
        "client:C.none",
        "example",
        "PROD",
        "c.a",
        "db_",
        "%",
        r"\",
    ];
    for text in terms {
        let matching = all.items.iter().filter(|client| term(text).matches(client));
        let expected: Vec<_> = matching.map(|client| client.id.to_string()).collect();
        assert_eq!(found(&*snapshot, text).await, expected, "{text}");
    }
    assert_eq!(found(&*snapshot, "label:PROD").await, ["C.a", "C.b"]);
    assert_eq!(found(&*snapshot, "host:web-*").await, ["C.a", "C.b"]);
    assert_eq!(found(&*snapshot, "example").await, ["C.a", "C.b", "server"]);
}

pub async fn search_goes_on_page_by_page(store: &dyn Store) {
    let ids = (0..25).map(|number| format!("C.{number:02}"));
    let all: Vec<_> = ids.map(|id| seen(&id, Some("host"), 1.0)).collect();
    store.append(vec![], all).await.unwrap();
    let snapshot = store.snapshot().await.unwrap();
    let mut ids: Vec<ClientId> = Vec::new();
    let mut pages = 0;
    loop {
        let page = snapshot
            .search(&term("host:h*"), 10, ids.last())
            .await
            .unwrap();
        pages += 1;
        ids.extend(page.items.into_iter().map(|client| client.id));
        if !page.more {
            break;
        }
    }
    assert_eq!((pages, ids.len()), (3, 25));
    assert!(ids.is_sorted());
    let exact = snapshot.search(&term("host:h*"), 25, None).await.unwrap();
    assert!(!exact.more);
}
