//! The artifact as a whole. (`watchbox test` plays its cases.)

use std::{cell::Cell, fs, path::PathBuf, rc::Rc};

use serde_json::{Value as Json, json};
use watchbox_model::{Grants, Manifest};
use watchbox_sdk::{
    clients::Client,
    http::{Response, Text},
    testing::{Installed, World},
};

use super::*;

const LOG: &str = "Windows.Events.X";

fn read(file: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(folder.join(file)).unwrap()
}

/// The manifest's defaults, with changes.
fn parameters(changes: Json) -> Json {
    let manifest = Manifest::parse("artifact.yaml", &read("artifact.yaml")).unwrap();
    let mut parameters = json!({ "Log": LOG });
    for parameter in &manifest.parameters {
        if let Some(default) = &parameter.default {
            parameters[&parameter.name] = default.clone();
        }
    }
    for (name, value) in changes.as_object().unwrap() {
        parameters[name] = value.clone();
    }
    parameters
}

/// Installed so that each message is answered with what `status` holds then.
fn install(changes: Json) -> (Installed<Webhook>, Rc<Cell<u16>>) {
    let status = Rc::new(Cell::new(200));
    let answers = Rc::clone(&status);
    let world = World::new()
        .client(Client {
            id: "C.2".into(),
            hostname: "LOOKED-UP".into(),
            ..Client::default()
        })
        .respond(move |_| {
            Ok(Response {
                status: answers.get(),
                body: b"said".to_vec(),
                ..Response::default()
            })
        });
    (world.install(&parameters(changes)).unwrap(), status)
}

fn row(client: &str, number: u32) -> Json {
    json!({ "ClientId": client, "_ts": 1_767_323_045.5, "Hostname": "WS-1", "Number": number })
}

/// What was sent, as JSON.
fn sent(installed: &Installed<Webhook>) -> Vec<Json> {
    let requests = installed.world().requests().iter();
    requests
        .map(|request| serde_json::from_slice(&request.body).unwrap())
        .collect()
}

#[test]
fn manifest_and_grants_are_right() {
    Manifest::parse("artifact.yaml", &read("artifact.yaml")).unwrap();
    Grants::parse("grants.yaml", &read("grants.yaml")).unwrap();
}

#[test]
fn a_message_says_who_where_when_and_what() {
    let (mut installed, _) = install(json!({ "Scheme": "Bearer" }));
    let rows = installed
        .events(
            LOG,
            &[json!({ "ClientId": "C.1", "_ts": 1_767_323_045.5, "Hostname": "<@evil.example>\n", "Path": "a\u{202e}b" })],
        )
        .unwrap();
    assert_eq!(
        sent(&installed),
        [json!({
            "text": "Windows.Events.X on ‹＠evil[.]example›␊ (C.1) at 2026-01-02T03:04:05.500Z",
            "kind": "alert",
            "key": "Windows.Events.X C.1",
            "log": "Windows.Events.X",
            "client_id": "C.1",
            "hostname": "<@evil.example>\n",
            "time": "2026-01-02T03:04:05.500Z",
            "more": 0,
            "row": { "ClientId": "C.1", "_ts": 1_767_323_045.5, "Hostname": "<@evil.example>\n", "Path": "a\u{202e}b" },
        })]
    );
    let request = &installed.world().requests()[0];
    assert!(String::from_utf8_lossy(&request.body).contains("a\\u202eb"));
    assert_eq!(
        (request.method.as_str(), &request.url),
        ("POST", &http::secret("url"))
    );
    let authorization: Vec<&Text> = request
        .headers
        .iter()
        .filter(|(name, _)| name == "authorization")
        .map(|(_, value)| value)
        .collect();
    assert_eq!(authorization, [&http::secret_after("Bearer ", "token")]);
    assert_eq!(
        rows,
        [json!({
            "Kind": "alert", "Key": "Windows.Events.X C.1", "ClientId": "C.1", "Hostname": "<@evil.example>\n",
            "Received": 1_767_323_045.5, "More": 0, "Status": 200, "Answer": "said", "Cut": false,
        })]
    );
}

#[test]
fn what_is_alike_is_told_once_and_summed_up() {
    let (mut installed, _) = install(json!({
        "Key": "{Number}",
        "Body": "{ \"kind\": {alert.kind}, \"text\": \"{Number} {Long} on {alert.hostname}{alert.summary}\", \"more\": {alert.more}, \"row\": {alert.row} }",
    }));
    let long = json!({ "ClientId": "C.2", "Number": 7, "Long": "x".repeat(500) });
    let at = |installed: &mut Installed<Webhook>, now: f64, rows: &[Json]| {
        installed.tick(now).unwrap();
        installed.events(LOG, rows).unwrap().len()
    };
    assert_eq!(
        at(
            &mut installed,
            1_000.0,
            &[long, row("C.1", 7), row("C.1", 8)]
        ),
        2
    );
    assert_eq!(
        at(&mut installed, 1_200.0, &[row("C.1", 7), row("C.3", 7)]),
        0
    );
    assert_eq!(installed.tick(1_299.0).unwrap().len(), 0);
    let rows = installed.tick(1_300.0).unwrap();
    assert_eq!(
        (rows.len(), &rows[0]["Kind"], &rows[0]["More"]),
        (1, &json!("summary"), &json!(3))
    );
    let sent = sent(&installed);
    assert_eq!(sent.len(), 3);
    assert_eq!(
        sent[0]["text"],
        format!("7 {} on LOOKED-UP", "x".repeat(500))
    );
    assert_eq!(sent[2]["kind"], "summary");
    let text = sent[2]["text"].as_str().unwrap();
    let beginning = format!(
        "7 {}… (300 more characters) on LOOKED-UP (3 more alike within 300 s)",
        "x".repeat(200)
    );
    assert!(text.starts_with(&beginning), "{text}");
    assert_eq!(
        (&sent[2]["more"], &sent[2]["row"]),
        (&json!(3), &Json::Null)
    );
    assert!(installed.tick(2_000.0).unwrap().is_empty());
}

#[test]
fn a_webhook_that_can_not_now_is_waited_for_and_told_nothing_twice() {
    let (mut installed, status) = install(json!({ "Window": 0 }));
    let rows = [row("C.1", 1), row("C.1", 1), row("C.1", 2)];
    // The first two are the same in everything, and two all the same.
    status.set(503);
    for _ in 0..3 {
        let Err(Failure::Retry { .. }) = installed.events(LOG, &rows) else {
            panic!("it waits")
        };
    }
    assert_eq!(sent(&installed).len(), 3);
    status.set(200);
    assert_eq!(installed.events(LOG, &rows).unwrap().len(), 3);
    assert_eq!(sent(&installed).len(), 6);
    let names = installed.world().requests()[3..].iter();
    let names: std::collections::BTreeSet<_> = names.map(|request| &request.once).collect();
    assert_eq!(names.len(), 3);
}

#[test]
fn what_is_refused_is_told_and_stops_nothing() {
    let (mut installed, status) = install(json!({ "Window": 0 }));
    status.set(404);
    let rows = installed
        .events(LOG, &[row("C.1", 1), json!(7), row("C.1", 2)])
        .unwrap();
    let answers: Vec<(&Json, &Json)> = rows
        .iter()
        .map(|row| (&row["Status"], &row["Answer"]))
        .collect();
    assert_eq!(
        answers,
        [
            (&json!(404), &json!("said")),
            (&Json::Null, &json!("it is no map of columns")),
            (&json!(404), &json!("said")),
        ]
    );
    assert_eq!(sent(&installed).len(), 2);
}

#[test]
fn what_is_too_large_is_cut_with_a_note() {
    let (mut installed, status) = install(json!({ "MaxBytes": 1_000 }));
    let long = |client: &str| json!({ "ClientId": client, "Long": "ü".repeat(5_000), "List": ["y".repeat(3_000)] });
    let rows = installed.events(LOG, &[long("C.1")]).unwrap();
    assert_eq!(
        (&rows[0]["Cut"], &rows[0]["Status"]),
        (&json!(true), &json!(200))
    );
    let body = installed.world().requests()[0].body.len();
    assert!((400..=1_000).contains(&body), "{body}");
    let text = sent(&installed)[0]["row"]["Long"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        text.starts_with("üü") && text.ends_with(" more characters)"),
        "{text}"
    );

    // A webhook that takes less than it was said to.
    status.set(413);
    let rows = installed.events(LOG, &[long("C.3")]).unwrap();
    assert_eq!((rows.len(), &rows[0]["Status"]), (1, &json!(413)));
    assert!(installed.world().requests().len() <= 3);

    // One that can't be made short.
    let wide: serde_json::Map<String, Json> = (0..500)
        .map(|number| (format!("Column{number}"), json!(number)))
        .collect();
    let rows = installed.events(LOG, &[wide]).unwrap();
    assert!(
        rows[0]["Answer"]
            .as_str()
            .unwrap()
            .starts_with("not sent: it has more than 1000 bytes"),
        "{rows:?}"
    );
}

#[test]
fn what_is_kept_of_a_window_is_short_whatever_it_is() {
    let (mut installed, _) =
        install(json!({ "Body": "[ {A}, {B}, {C}, {alert.key} ]", "Key": "{A}" }));
    let huge = "\u{10ffff}".repeat(10_000);
    let rows: Vec<Json> = (0..25)
        .map(|number| json!({ "ClientId": huge, "Hostname": huge, "A": format!("{number}{huge}"), "B": [huge], "C": huge }))
        .collect();
    installed.events(LOG, &rows).unwrap();
    let again = installed.events(LOG, &rows).unwrap();
    assert!(
        again.is_empty(),
        "they are alike, though their keys are long"
    );
    let rows = installed.tick(400.0).unwrap();
    assert_eq!(rows.len(), 25);
    assert!(
        rows.iter()
            .all(|row| row["Key"].as_str().unwrap().len() <= KEY)
    );
}

#[test]
fn hostnames_are_looked_up_where_it_is_granted() {
    let mut installed = World::new()
        .deny("clients")
        .respond(|_| {
            Ok(Response {
                status: 204,
                ..Response::default()
            })
        })
        .install::<Webhook>(&parameters(json!({})))
        .unwrap();
    let rows = installed
        .events(LOG, &[json!({ "ClientId": "C.2" })])
        .unwrap();
    assert_eq!(
        (&rows[0]["Hostname"], &rows[0]["Status"]),
        (&json!(""), &json!(204))
    );
    assert_eq!(installed.world().lines().len(), 1);
}

#[test]
fn parameters_that_make_no_sense_are_refused() {
    for (change, wanted) in [
        (json!({ "Method": "GET" }), "Method: neither POST nor PUT"),
        (
            json!({ "ContentType": "json" }),
            "ContentType: this is none",
        ),
        (
            json!({ "Scheme": "Bearer\n" }),
            "Scheme: this can't stand in a header",
        ),
        (
            json!({ "Body": "{ \"a\": {Column} " }),
            "Body: it is no JSON once its places are filled: EOF",
        ),
        (
            json!({ "Body": "\"{alert.client}\"" }),
            "Body: there is no `{alert.client}`: after `alert.` comes one of kind, key",
        ),
        (
            json!({ "Key": "{alert.x}" }),
            "Key: there is no `{alert.x}`",
        ),
        (json!({ "Key": "{x" }), "Key: it has a { without a }"),
        (json!({ "Window": -1 }), "Window: from 0 to 604800"),
        (json!({ "MaxBytes": 5 }), "MaxBytes: from 1000"),
        (
            json!({ "Escape": "slack" }),
            "Escape: neither chat nor none",
        ),
    ] {
        let error = World::new()
            .install::<Webhook>(&parameters(change.clone()))
            .map(drop)
            .unwrap_err();
        assert!(error.to_string().contains(wanted), "{change}: {error}");
    }
}
