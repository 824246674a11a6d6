//! The artifact as a whole.

use std::path::PathBuf;

use serde_json::json;
use watchbox_model::{Capability, Grants, Manifest};
use watchbox_sdk::{
    http::Response,
    testing::{World, run_cases},
};

use super::*;

fn here(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[test]
fn cases() {
    let turns = run_cases::<ClientsOnline>(here("cases")).unwrap();
    assert!(turns > 15, "{turns}");
}

#[test]
fn manifest_and_grants_are_right() {
    let read = |file: &str| std::fs::read_to_string(here(file)).unwrap();
    let manifest = Manifest::parse("artifact.yaml", &read("artifact.yaml")).unwrap();
    assert_eq!(manifest.capabilities.len(), Capability::ALL.len());
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
fn a_label_that_stays_does_not_flood_the_channel() {
    let mut installed = World::new()
        .client(client(1, 1_000.0))
        .respond(|_| {
            Ok(Response {
                status: 200,
                body: b"ok".to_vec(),
                ..Response::default()
            })
        })
        .deny("labels")
        .install::<ClientsOnline>(&json!({"LabelGroup": "Slack"}))
        .unwrap();
    let minutes = (0..5).map(|minute| 1_010.0 + f64::from(minute) * 60.0);
    let told: Vec<usize> = minutes
        .map(|at| installed.tick(at).unwrap().len())
        .collect();
    assert_eq!(told, [1, 1, 0, 1, 0]);
    let line = &installed.world().lines()[0];
    assert_eq!(
        line.text,
        "C.001 keeps its label: labels: denied: grant `labels`"
    );
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

#[test]
fn an_empty_label_is_refused() {
    let refused = World::new().install::<ClientsOnline>(&json!({"LabelGroup": " "}));
    assert!(
        refused
            .unwrap_err()
            .to_string()
            .contains("LabelGroup is empty")
    );
}
