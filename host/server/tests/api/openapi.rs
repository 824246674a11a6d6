//! The OpenAPI document: kept beside the code, so that a change of the API is seen.

use std::{env, fs, path::Path};

use crate::harness::Server;

/// `UPDATE_OPENAPI=1 cargo test -p watchbox-server openapi` writes it anew.
#[test]
fn the_document_is_the_one_that_is_kept() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let now = watchbox_server::api::document().to_pretty_json().unwrap() + "\n";
    if env::var_os("UPDATE_OPENAPI").is_some() {
        fs::write(&path, &now).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    let differs = kept
        .lines()
        .zip(now.lines())
        .position(|(kept, now)| kept != now);
    assert!(
        kept == now,
        "docs/openapi.json differs from line {} on: look at the change, then run this test with UPDATE_OPENAPI=1",
        differs.map_or(kept.lines().count(), |line| line + 1)
    );
}

#[tokio::test]
async fn the_document_is_served_to_anybody() {
    let server = Server::start().await;
    let call = server.anonymous(axum::http::Method::GET, "/api/v1/openapi.json");
    let document = call.send(axum::body::Body::empty()).await.value();
    assert_eq!(
        document,
        serde_json::to_value(watchbox_server::api::document()).unwrap()
    );
}

#[test]
fn every_reference_leads_somewhere() {
    let document = serde_json::to_value(watchbox_server::api::document()).unwrap();
    let mut references = Vec::new();
    collect(&document, &mut references);
    assert!(references.len() > 50);
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

fn collect(value: &serde_json::Value, references: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(map) => {
            if let Some(serde_json::Value::String(reference)) = map.get("$ref") {
                references.push(reference.clone());
            }
            map.values().for_each(|value| collect(value, references));
        }
        serde_json::Value::Array(items) => {
            items.iter().for_each(|value| collect(value, references))
        }
        _ => {}
    }
}
