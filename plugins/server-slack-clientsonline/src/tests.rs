//! The artifact as a whole. (`watchbox test` plays its cases.)

use std::path::PathBuf;

use serde_json::json;
use watchbox_model::{Capability, Grants, Manifest};
use watchbox_sdk::{http::Response, testing::World};

use super::*;

fn here(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[test]
fn manifest_and_grants_are_right() {
    let read = |file: &str| std::fs::read_to_string(here(file)).unwrap();
    let manifest = Manifest::parse("artifact.yaml", &read("artifact.yaml")).unwrap();
    let declares = |capability: &Capability| manifest.capabilities.contains_key(capability);
    let without: Vec<Capability> = Capability::ALL
        .into_iter()
        .filter(|capability| !declares(capability))
        .collect();
    assert_eq!(without, [Capability::Mail]);
    let grants = Grants::parse("grants.yaml", &read("grants.yaml")).unwrap();
    let term = "label:Slack".parse().unwrap();
    assert!(grants.search(&term).is_ok());
    assert!(grants.search(&"all".parse().unwrap()).is_err());
}

/// A client that was seen at `last_seen`, with the label.
fn client(number: usize, last_seen: f64) -> Client {
    Client {
        id: format!("C.{number:03}"),
        hostname: format!("HOST-{number}"),
        labels: vec!["Slack".into()],
        last_seen,
        ..Client::default()
    }
}

#[test]
fn a_tick_sends_no_more_than_its_share() {
    let mut world = World::new().respond(|_| {
        Ok(Response {
            status: 200,
            body: b"ok".to_vec(),
            ..Response::default()
        })
    });
    for number in 0..120 {
        world.set_client(client(number, 1_000.0));
    }
    let mut installed = world
        .install::<ClientsOnline>(&json!({"LabelGroup": "Slack"}))
        .unwrap();
    let mut told = |at: f64| installed.tick(at).unwrap().len();
    assert_eq!(
        [told(1_020.0), told(1_080.0), told(1_140.0), told(1_200.0)],
        [50, 50, 20, 0]
    );
}
