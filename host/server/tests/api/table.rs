//! Artifacts and the monitoring table.

use axum::{
    body::Body,
    http::{Method, StatusCode},
};
use futures::StreamExt as _;
use serde_json::{Value, json};

use crate::{
    guest,
    harness::{Answer, Server, events},
};

/// The lines of a manifest: one log, an open parameter and a secret one.
const WATCHES: &str = "subscribe: [ { artifact: Some.Log } ]
parameters:
  - { name: word, type: string, default: hello, description: A word }
  - { name: hook, type: secret, description: A secret }";

const ECHO: &str = "/api/v1/table/Server.Echo";
const SECRET: &str = "hunter2-is-secret";

async fn upload(server: &Server, component: Vec<u8>) -> Answer {
    let call = server.call(Method::POST, "/api/v1/artifacts");
    call.header("content-type", "application/wasm")
        .send(component)
        .await
}

async fn digest(server: &Server, version: &str, lines: &str) -> Value {
    let answer = upload(server, guest::component(version, lines)).await;
    assert!(answer.status.is_success(), "{}", answer.text());
    answer.value()["digest"].clone()
}

/// Waits until the log of what is installed goes as far as `rows`.
async fn rows(server: &Server, rows: usize) -> Vec<u64> {
    let call = server.call(Method::GET, "/api/v1/rows/Server.Echo/live?after=0");
    let (_, _, body) = call.open(Body::empty()).await;
    let mut pieces = body.into_data_stream();
    let mut text = String::new();
    while text.matches("id: ").count() + 1 < rows {
        let piece = pieces.next().await.unwrap().unwrap();
        text.push_str(std::str::from_utf8(&piece).unwrap());
    }
    server.get("/api/v1/rows/Server.Echo").await.numbers()
}

#[tokio::test]
async fn an_artifact_is_uploaded_inspected_listed_and_removed() {
    let server = Server::start().await;
    let component = guest::component("1.2.3", WATCHES);
    let first = upload(&server, component.clone()).await;
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.text());
    let again = upload(&server, component).await;
    assert_eq!(
        (again.status, again.value()),
        (StatusCode::OK, first.value())
    );

    let artifact = first.value();
    assert_eq!(
        (&artifact["name"], &artifact["version"]),
        (&json!("Server.Echo"), &json!("1.2.3"))
    );
    assert_eq!(artifact["imports"], json!([]));
    assert_eq!(artifact["subscribe"][0]["artifact"], "Some.Log");
    let path = format!("/api/v1/artifacts/{}", artifact["digest"].as_str().unwrap());
    assert_eq!(server.get(&path).await.value(), artifact);
    let listed = server.get("/api/v1/artifacts").await.value();
    assert_eq!(listed["items"][0]["digest"], artifact["digest"]);
    assert_eq!(listed["items"][0]["installed_as"], json!([]));

    let gone = server.call(Method::DELETE, &path).send(Body::empty()).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT, "{}", gone.text());
    server
        .get(&path)
        .await
        .problem(StatusCode::NOT_FOUND, "not-found");
}

#[tokio::test]
async fn what_is_no_artifact_is_refused_with_the_reason() {
    let server = Server::with(|config| config.http.component_mib = 1).await;
    for component in [
        b"nonsense".to_vec(),
        b"\0asm\x01\0\0\0".to_vec(),
        guest::bare(),
        guest::component("1.0.0", "nonsense: 1"),
    ] {
        let answer = upload(&server, component).await;
        answer.problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid-component");
    }
    let answer = upload(&server, vec![0; (1 << 20) + 1]).await;
    answer.problem(StatusCode::PAYLOAD_TOO_LARGE, "too-large");
    let call = server
        .call(Method::POST, "/api/v1/artifacts")
        .header("content-type", "text/html");
    call.send("x")
        .await
        .problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type");
    assert_eq!(
        server.get("/api/v1/artifacts").await.value()["items"],
        json!([])
    );
}

#[tokio::test]
async fn events_become_rows_and_a_change_keeps_the_place() {
    let server = Server::start().await;
    let first = digest(&server, "1.0.0", WATCHES).await;
    let body = json!({"digest": first, "secrets": {"hook": SECRET}, "grants": {}});
    let installed = server.json(Method::PUT, ECHO, body.clone()).await;
    assert_eq!(
        installed.status,
        StatusCode::CREATED,
        "{}",
        installed.text()
    );
    let taken = server.json(Method::PUT, ECHO, body).await;
    taken.problem(StatusCode::CONFLICT, "conflict");

    server.ingest("Some.Log", events(0, 10)).await;
    assert_eq!(rows(&server, 10).await, (0..10).collect::<Vec<_>>());

    let second = digest(&server, "2.0.0", WATCHES).await;
    let changed = server
        .json(Method::PATCH, ECHO, json!({"digest": second}))
        .await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text());
    let line = &changed.value()["installation"];
    assert_eq!(
        (&line["digest"], &line["previous"], &line["version"]),
        (&second, &first, &json!("2.0.0"))
    );
    server.ingest("Some.Log", events(10, 10)).await;
    assert_eq!(rows(&server, 20).await, (0..20).collect::<Vec<_>>());

    let busy = format!("/api/v1/artifacts/{}", second.as_str().unwrap());
    let busy = server.call(Method::DELETE, &busy).send(Body::empty()).await;
    busy.problem(StatusCode::CONFLICT, "conflict");

    let off = server
        .json(Method::PATCH, ECHO, json!({"enabled": false}))
        .await;
    assert_eq!(off.value()["installation"]["phase"], "disabled");
    let gone = server.call(Method::DELETE, ECHO).send(Body::empty()).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    server
        .get(ECHO)
        .await
        .problem(StatusCode::NOT_FOUND, "not-found");
    assert_eq!(
        server.get("/api/v1/rows/Server.Echo").await.rows().len(),
        20,
        "its rows stay"
    );

    // The log is an artifact's: nobody can put rows into it from outside while it is installed.
    let body = json!({"digest": second, "secrets": {"hook": SECRET}, "enabled": false});
    let installed = server.json(Method::PUT, ECHO, body).await;
    assert_eq!(
        installed.value()["installation"]["phase"],
        "disabled",
        "{}",
        installed.text()
    );
    let forged = server.ingest("Server.Echo", events(0, 1)).await;
    forged.problem(StatusCode::CONFLICT, "conflict");
}

#[tokio::test]
async fn a_secret_is_told_to_nobody() {
    let server = Server::start().await;
    let digest = digest(&server, "1.0.0", WATCHES).await;
    let body = json!({"digest": digest, "secrets": {"hook": SECRET}});
    let installed = server.json(Method::PUT, ECHO, body).await;
    assert_eq!(
        installed.status,
        StatusCode::CREATED,
        "{}",
        installed.text()
    );
    // In the wrong places it is refused, and not quoted.
    for wrong in [
        json!({"secrets": SECRET}),
        json!({"secrets": {"hook": [SECRET]}}),
        json!({"enabled": SECRET}),
    ] {
        let answer = server.json(Method::PATCH, ECHO, wrong).await;
        assert!(answer.status.is_client_error(), "{}", answer.text());
        assert!(!answer.text().contains(SECRET), "{}", answer.text());
    }
    for path in [
        ECHO,
        "/api/v1/table",
        "/api/v1/audit",
        "/api/v1/messages/Server.Echo",
        "/metrics",
    ] {
        let answer = server.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert!(!answer.text().contains(SECRET), "{path}");
    }
    let folder = server.folder.path().join("data");
    for file in ["watchbox.db", "watchbox.db-wal"] {
        let bytes = std::fs::read(folder.join(file)).unwrap_or_default();
        assert!(
            !bytes
                .windows(SECRET.len())
                .any(|part| part == SECRET.as_bytes()),
            "{file}"
        );
    }
}

#[tokio::test]
async fn parameters_are_changed_by_name_or_as_a_whole() {
    let server = Server::start().await;
    let digest = digest(&server, "1.0.0", WATCHES).await;
    let install = json!({"digest": digest, "secrets": {"hook": "x"}, "parameters": {"word": "a"}});
    let installed = server.json(Method::PUT, ECHO, install).await;
    assert_eq!(
        installed.status,
        StatusCode::CREATED,
        "{}",
        installed.text()
    );
    let change = async |body: Value| server.json(Method::PATCH, ECHO, body).await;
    let now = async || server.get(ECHO).await.value()["parameters"].clone();
    change(json!({"set_parameters": {"word": "b"}})).await;
    assert_eq!(now().await, json!({"word": "b"}));
    change(json!({"set_parameters": {"word": null}})).await;
    assert_eq!(now().await, json!({}));
    change(json!({"parameters": {"word": "c"}})).await;
    assert_eq!(now().await, json!({"word": "c"}));
    let both = json!({"parameters": {}, "set_parameters": {"word": "d"}});
    let both = change(both).await;
    both.problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid-parameter");
    let unknown = change(json!({"set_parameters": {"wrd": "d"}})).await;
    unknown.problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid-parameter");
    assert_eq!(now().await, json!({"word": "c"}));
    let line = server.get(ECHO).await.value();
    assert_eq!(line["dead_letters"], 0, "{line}");
}

#[tokio::test]
async fn what_can_not_be_installed_says_why() {
    let server = Server::start().await;
    let digest = digest(&server, "1.0.0", WATCHES).await;
    let put = async |body: Value| server.json(Method::PUT, ECHO, body).await;
    let nowhere = put(json!({"digest": "0".repeat(64)})).await;
    nowhere.problem(StatusCode::NOT_FOUND, "not-found");
    let grants = put(json!({"digest": digest, "grants": {"htp": []}})).await;
    grants.problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid-grants");
    let missing = put(json!({"digest": digest})).await;
    missing.problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid-parameter");
    let unknown =
        put(json!({"digest": digest, "secrets": {"hook": "x"}, "parameters": {"wrd": 1}})).await;
    unknown.problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid-parameter");
    let field = put(json!({"digest": digest, "secret": {}})).await;
    field.problem(StatusCode::BAD_REQUEST, "bad-request");
    assert_eq!(
        server.get("/api/v1/table").await.value()["items"],
        json!([])
    );
}
