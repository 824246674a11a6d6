//! Every operation of every capability: allowed by its grant, refused by each that only comes near it, and by all others together.

use std::collections::BTreeSet;

use watchbox_model::{Capability, audit::Decision};

use crate::{
    bindings::watchbox::artifact::{
        clients::Host as Clients,
        clock::Host as Clock,
        http::{Host as Http, Request, Text},
        labels::Host as Labels,
        log::{Host as Log, Level},
        mail::{Host as Mail, Message},
        state::Host as State,
    },
    guest::Guest,
    imports::{Class, SERVED},
    testing::{
        Outside, client, guest,
        server::{Server, answer},
    },
};

/// An operation, as the contract names it.
struct Operation {
    interface: &'static str,
    function: &'static str,
    /// What the trail calls it.
    told: (Capability, &'static str),
    /// The narrowest grant of it. `SERVER` is a server that answers.
    allowed: &'static str,
    /// Grants that come near it.
    near: &'static [&'static str],
}

const fn operation(
    interface: &'static str,
    function: &'static str,
    told: (Capability, &'static str),
    allowed: &'static str,
    near: &'static [&'static str],
) -> Operation {
    Operation {
        interface,
        function,
        told,
        allowed,
        near,
    }
}

const NEAR_HTTP: &[&str] = &[
    "http: []",
    "http: [ { method: POST, url: 'http://SERVER/a/*' } ]",
    "http: [ { method: GET, url: 'https://SERVER/a/*' } ]",
    "http: [ { method: GET, url: 'http://127.0.0.1/a/*' } ]",
    "http: [ { method: GET, url: 'http://127.0.0.2:PORT/a/*' } ]",
    "http: [ { method: GET, url: 'http://SERVER/b/*' } ]",
    "http: [ { method: GET, url: 'http://SERVER/a' } ]",
    "http: [ { method: GET, url: 'http://SERVER/*/y' } ]",
];

static OPERATIONS: [Operation; 14] = [
    operation(
        "watchbox:artifact/clients",
        "search",
        (Capability::Clients, "search"),
        "clients: [ 'label:A' ]",
        &["clients: []", "clients: [ 'label:B', 'client:C.1' ]"],
    ),
    operation(
        "watchbox:artifact/clients",
        "get",
        (Capability::Clients, "get"),
        "clients: [ 'client:C.1' ]",
        &["clients: []", "clients: [ 'label:B', 'client:C.2' ]"],
    ),
    operation(
        "watchbox:artifact/labels",
        "add",
        (Capability::Labels, "add"),
        "labels: { add: [ A ] }",
        &["labels: { add: [ B ], remove: [ A ] }"],
    ),
    operation(
        "watchbox:artifact/labels",
        "remove",
        (Capability::Labels, "remove"),
        "labels: { remove: [ A ] }",
        &["labels: { add: [ A ], remove: [ B ] }"],
    ),
    operation(
        "watchbox:artifact/http",
        "send",
        (Capability::Http, "send"),
        "http: [ { method: GET, url: 'http://SERVER/a/*' } ]",
        NEAR_HTTP,
    ),
    operation(
        "watchbox:artifact/http",
        "forget",
        (Capability::Http, "forget"),
        "http: [ { method: GET, url: 'https://other.example/*' } ]",
        &["http: []"],
    ),
    operation(
        "wasi:http/outgoing-handler",
        "handle",
        (Capability::Http, "send"),
        "http: [ { method: GET, url: 'http://SERVER/*/x' } ]",
        NEAR_HTTP,
    ),
    operation(
        "watchbox:artifact/mail",
        "send",
        (Capability::Mail, "send"),
        "mail: [ soc@example.org ]",
        &[
            "mail: []",
            "mail: [ soc@example.com ]",
            "mail: [ so@example.org ]",
            "mail: [ '*@sub.example.org' ]",
        ],
    ),
    operation(
        "watchbox:artifact/state",
        "get",
        (Capability::State, "get"),
        "state: true",
        &["state: false"],
    ),
    operation(
        "watchbox:artifact/state",
        "set",
        (Capability::State, "set"),
        "state: true",
        &["state: false"],
    ),
    operation(
        "watchbox:artifact/state",
        "remove",
        (Capability::State, "remove"),
        "state: true",
        &["state: false"],
    ),
    operation(
        "watchbox:artifact/state",
        "keys",
        (Capability::State, "keys"),
        "state: true",
        &["state: false"],
    ),
    operation(
        "watchbox:artifact/log",
        "write",
        (Capability::Log, "write"),
        "log: true",
        &["log: false"],
    ),
    operation(
        "watchbox:artifact/clock",
        "now",
        (Capability::Clock, "now"),
        "clock: true",
        &["clock: false"],
    ),
];

/// Each capability's grants that allow all there is of it.
const ALL: [(Capability, &str); 7] = [
    (Capability::Clients, "clients: [ all ]"),
    (Capability::Labels, "labels: { add: ['*'], remove: ['*'] }"),
    (
        Capability::Http,
        "http: [ { method: '*', url: 'http://SERVER/*' } ]",
    ),
    (Capability::Mail, "mail: [ '*' ]"),
    (Capability::State, "state: true"),
    (Capability::Log, "log: true"),
    (Capability::Clock, "clock: true"),
];

/// Calls an operation of a guest's. What it answers is seen in the trail.
async fn call(guest: &mut Guest, operation: &Operation, server: &Server) {
    let text = str::to_owned;
    match (operation.interface, operation.function) {
        ("watchbox:artifact/clients", "search") => {
            let _ = Clients::search(guest, text("label:A"), 0, None)
                .await
                .unwrap();
        }
        ("watchbox:artifact/clients", "get") => {
            let _ = Clients::get(guest, text("C.1")).await.unwrap();
        }
        ("watchbox:artifact/labels", "add") => {
            let _ = Labels::add(guest, text("C.1"), vec![text("A")])
                .await
                .unwrap();
        }
        ("watchbox:artifact/labels", "remove") => {
            let _ = Labels::remove(guest, text("C.1"), vec![text("A")])
                .await
                .unwrap();
        }
        ("watchbox:artifact/http", "send") => {
            let request = Request {
                method: text("GET"),
                url: Text::Plain(server.url("/a/x")),
                headers: Vec::new(),
                body: Vec::new(),
                body_secrets: Vec::new(),
                timeout_ms: None,
                once: None,
            };
            let _ = Http::send(guest, request).await.unwrap();
        }
        ("watchbox:artifact/http", "forget") => {
            Http::forget(guest, text("told")).await.unwrap();
        }
        ("wasi:http/outgoing-handler", "handle") => {
            super::http::handle_get(guest, &server.address.to_string(), "/a/x").await;
        }
        ("watchbox:artifact/mail", "send") => {
            let message = Message {
                to: vec![text("soc@example.org")],
                subject: text("subject"),
                text: text("text"),
                once: None,
            };
            let _ = Mail::send(guest, message).await.unwrap();
        }
        ("watchbox:artifact/state", "get") => {
            let _ = State::get(guest, text("k")).await.unwrap();
        }
        ("watchbox:artifact/state", "set") => {
            let _ = State::set(guest, text("k"), vec![1]).await.unwrap();
        }
        ("watchbox:artifact/state", "remove") => {
            let _ = State::remove(guest, text("k")).await.unwrap();
        }
        ("watchbox:artifact/state", "keys") => {
            let _ = State::keys(guest, String::new()).await.unwrap();
        }
        ("watchbox:artifact/log", "write") => {
            Log::write(guest, Level::Info, text("line")).unwrap();
        }
        ("watchbox:artifact/clock", "now") => {
            let _ = Clock::now(guest).unwrap();
        }
        other => panic!("{other:?}"),
    }
}

/// What an operation came to under these grants: the one record of it, and whether it left anything behind.
async fn outcome(operation: &Operation, grants: &str) -> (Decision, bool) {
    let server = Server::answering(&[&answer("200 OK", "", "")]).await;
    let grants = grants
        .replace("SERVER", &server.address.to_string())
        .replace("PORT", &server.address.port().to_string());
    let outside = Outside::with_clients([client("C.1", &["A"])]);
    let mut guest = guest(&format!("{{ {grants} }}"), &outside);
    call(&mut guest, operation, &server).await;
    guest.see_through().await.unwrap();
    let records = guest.gate.take_records();
    let [record] = &records[..] else {
        panic!("{}: {records:?}", operation.function);
    };
    let (capability, name) = operation.told;
    assert_eq!(record.capability, capability.to_string());
    assert_eq!(record.operation, name);
    let left = !guest.work.labels.is_empty()
        || !guest.lines.finish().0.is_empty()
        || guest.work.effects.left_machine()
        || !server.requests().is_empty()
        || !std::mem::take(&mut guest.work.state).finish().is_empty();
    (record.decision, left)
}

#[tokio::test]
async fn every_operation_is_allowed_by_its_grant_alone() {
    for operation in &OPERATIONS {
        let name = format!("{}#{}", operation.interface, operation.function);
        let (decision, _) = outcome(operation, operation.allowed).await;
        assert_eq!(decision, Decision::Allowed, "{name}: {}", operation.allowed);
        let others = ALL
            .iter()
            .filter(|(capability, _)| *capability != operation.told.0);
        let others: Vec<&str> = others.map(|(_, grants)| *grants).collect();
        let others = others.join(", ");
        for grants in operation.near.iter().chain([&"", &others.as_str()]) {
            let (decision, left) = outcome(operation, grants).await;
            assert_eq!(decision, Decision::Denied, "{name}: {grants}");
            assert!(!left, "{name}: {grants}");
        }
    }
}

#[test]
fn the_table_above_has_every_operation() {
    let mut resolve = wit_parser::Resolve::default();
    let (package, _) = resolve
        .push_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../wit"))
        .unwrap();
    let mut wanted: BTreeSet<(String, String)> = BTreeSet::new();
    for served in SERVED {
        if !matches!(served.class, Class::Gated(_)) {
            continue;
        }
        match served.name.strip_prefix("watchbox:artifact/") {
            Some(interface) => {
                let interface = resolve.packages[package].interfaces[interface];
                let functions = resolve.interfaces[interface].functions.keys();
                wanted.extend(functions.map(|name| (served.name.to_owned(), name.clone())));
            }
            // Of `wasi:http` it is the handler that makes a request leave.
            None if served.name == "wasi:http/types" => {}
            None => _ = wanted.insert((served.name.to_owned(), "handle".to_owned())),
        }
    }
    let own = |text: &str| text.to_owned();
    let tabled: BTreeSet<(String, String)> = OPERATIONS
        .iter()
        .map(|operation| (own(operation.interface), own(operation.function)))
        .collect();
    assert_eq!(tabled, wanted);
}
