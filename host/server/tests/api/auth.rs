//! Who may do what.

use std::{collections::BTreeSet, os::unix::fs::PermissionsExt as _};

use axum::{
    body::Body,
    http::{Method, StatusCode},
};
use serde_json::json;
use watchbox_server::{
    api::{document, types::Role},
    auth::{Action, routes::ROUTES},
};

use crate::harness::{Server, events};

fn documented() -> BTreeSet<(String, String)> {
    let document = serde_json::to_value(document()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let methods = |(path, item): (&String, &serde_json::Value)| {
        let methods = item.as_object().unwrap().keys();
        methods
            .filter(|key| ["get", "put", "post", "patch", "delete"].contains(&key.as_str()))
            .map(|method| (method.to_uppercase(), path.clone()))
            .collect::<Vec<_>>()
    };
    paths.iter().flat_map(methods).collect()
}

/// A path that the route matches.
fn example(path: &str) -> String {
    path.replace("{artifact}", "Some.Log")
        .replace("{name}", "Some.Name")
        .replace("{digest}", &"0".repeat(64))
        .replace("{labels}", "x")
        .replace("{parameter}", "some_secret")
        .replace("{id}", if path.contains("clients") { "C.1" } else { "1" })
}

#[test]
fn the_table_of_routes_has_every_route_and_no_other() {
    let tabled: BTreeSet<_> = ROUTES
        .iter()
        .map(|route| (route.method.to_string(), route.path.to_owned()))
        .collect();
    assert_eq!(tabled.len(), ROUTES.len(), "a route comes twice");
    assert_eq!(tabled, documented());
}

/// Every route, and who may use it: to be looked at whenever it changes.
#[test]
fn the_matrix_of_routes_and_roles_is_what_it_was() {
    let mut matrix = String::new();
    for route in ROUTES {
        let may = |role: &Role| route.action.is_allowed_to(*role);
        let who = match route.action {
            Action::Open => "anybody".to_owned(),
            _ => {
                let roles = Role::ALL.into_iter().filter(may).map(Role::as_str);
                roles.collect::<Vec<_>>().join(" ")
            }
        };
        let method = route.method.as_str();
        matrix.push_str(&format!("{who:<23} {method:<6} {}\n", route.path));
    }
    insta::assert_snapshot!(matrix, @r"
    anybody                 GET    /health
    anybody                 GET    /ready
    admin operator analyst  GET    /metrics
    anybody                 GET    /api/v1/openapi.json
    admin ingest            POST   /api/v1/events/{artifact}
    admin operator analyst  GET    /api/v1/events/{artifact}
    admin operator analyst  GET    /api/v1/events/{artifact}/live
    admin operator analyst  GET    /api/v1/rows/{name}
    admin operator analyst  GET    /api/v1/rows/{name}/live
    admin operator analyst  GET    /api/v1/messages/{name}
    admin operator analyst  GET    /api/v1/messages/{name}/live
    admin operator analyst  GET    /api/v1/logs
    admin                   POST   /api/v1/backups
    admin operator analyst  GET    /api/v1/artifacts
    admin operator          POST   /api/v1/artifacts
    admin operator analyst  GET    /api/v1/artifacts/{digest}
    admin operator          DELETE /api/v1/artifacts/{digest}
    admin operator          POST   /api/v1/artifacts/{digest}/signatures
    admin operator analyst  GET    /api/v1/secrets
    admin                   POST   /api/v1/secrets/rotate
    admin operator analyst  GET    /api/v1/table/{name}/secrets
    admin operator          PUT    /api/v1/table/{name}/secrets/{parameter}
    admin operator analyst  GET    /api/v1/table
    admin operator analyst  GET    /api/v1/table/{name}
    admin operator          PUT    /api/v1/table/{name}
    admin operator          PATCH  /api/v1/table/{name}
    admin operator          DELETE /api/v1/table/{name}
    admin operator analyst  GET    /api/v1/table/{name}/versions
    admin operator          POST   /api/v1/table/{name}/rollback
    admin operator          POST   /api/v1/table/{name}/approve
    admin operator          POST   /api/v1/table/{name}/reject
    admin operator          POST   /api/v1/table/{name}/replay
    admin operator analyst  GET    /api/v1/table/{name}/shadow
    admin operator          PUT    /api/v1/table/{name}/shadow
    admin operator          DELETE /api/v1/table/{name}/shadow
    admin operator          POST   /api/v1/table/{name}/shadow/promote
    admin operator analyst  GET    /api/v1/clients
    admin operator analyst  GET    /api/v1/clients/{id}
    admin operator          PUT    /api/v1/clients/{id}
    admin operator          DELETE /api/v1/clients/{id}
    admin operator          POST   /api/v1/clients/{id}/labels
    admin operator analyst  GET    /api/v1/audit
    admin operator analyst  GET    /api/v1/audit/live
    admin operator analyst  GET    /api/v1/audit/export
    admin operator analyst  GET    /api/v1/audit/checkpoints
    admin operator analyst  GET    /api/v1/audit/report
    admin operator analyst  GET    /api/v1/dead-letters
    admin operator analyst  GET    /api/v1/dead-letters/{id}
    admin operator          POST   /api/v1/dead-letters/{id}/redrive
    admin operator          DELETE /api/v1/dead-letters/{id}
    admin                   GET    /api/v1/tokens
    admin                   POST   /api/v1/tokens
    admin                   DELETE /api/v1/tokens/{name}
    admin                   POST   /api/v1/tokens/{name}/rotate
    ");
}

#[tokio::test]
async fn every_route_asks_for_a_token_and_for_the_right_role() {
    let server = Server::start().await;
    let mut tokens = vec![(Role::Admin, server.admin().to_owned())];
    for role in [Role::Operator, Role::Analyst, Role::Ingest] {
        let token = server
            .token(json!({"name": format!("the-{role}"), "role": role}))
            .await;
        tokens.push((role, token));
    }
    let mut denied = BTreeSet::new();
    for route in ROUTES {
        let path = example(route.path);
        let place = format!("{} {path}", route.method);
        let (status, headers, _) = server
            .anonymous(route.method.clone(), &path)
            .open(Body::empty())
            .await;
        if route.action == Action::Open {
            assert_eq!(status, StatusCode::OK, "{place}");
            continue;
        }
        match status {
            StatusCode::UNAUTHORIZED => assert_eq!(
                headers["www-authenticate"], "Bearer realm=\"watchbox\"",
                "{place}"
            ),
            // It has asked often by now.
            status => assert_eq!(status, StatusCode::TOO_MANY_REQUESTS, "{place}"),
        }
        for (role, token) in &tokens {
            let call = server.anonymous(route.method.clone(), &path).token(token);
            let (status, _, _) = call.open(Body::empty()).await;
            let let_through = !matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
            let may = route.action.is_allowed_to(*role);
            assert_eq!(let_through, may, "{place} as {role:?}: {status}");
            if !may {
                let operation = format!("{} {}", route.method, route.path);
                denied.insert((format!("token:the-{role}"), operation));
            }
        }
    }
    // Each denial is in the trail, with who was denied.
    let trail = server
        .get("/api/v1/audit?decision=denied&limit=1000")
        .await
        .value();
    let text = |record: &serde_json::Value, field: &str| record[field].as_str().unwrap().to_owned();
    let told: BTreeSet<(String, String)> = trail["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|record| (text(record, "actor"), text(record, "operation")))
        .filter(|(actor, _)| actor != "address:unknown")
        .collect();
    assert_eq!(told, denied);
}

#[tokio::test]
async fn what_is_no_valid_token_is_nobody() {
    let server = Server::start().await;
    let admin = server.admin().to_owned();
    let wrong = [
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        format!("Basic {admin}"),
        admin.clone(),
        format!("Bearer {}", &admin[..admin.len() - 1]),
        format!("Bearer {admin}x"),
        format!("Bearer wb_{}", "A".repeat(43)),
    ];
    for header in wrong {
        let call = server.anonymous(Method::GET, "/api/v1/logs");
        let answer = call
            .header("authorization", &header)
            .send(Body::empty())
            .await;
        answer.problem(StatusCode::UNAUTHORIZED, "unauthorized");
        assert!(!answer.text().contains(&admin[3..20]));
    }
    let twice = server.call(Method::GET, "/api/v1/logs").token(&admin);
    let answer = twice.send(Body::empty()).await;
    answer.problem(StatusCode::UNAUTHORIZED, "unauthorized");
    let call = server.anonymous(Method::GET, "/api/v1/logs");
    let answer = call
        .header("authorization", &format!("bearer {admin}"))
        .send(Body::empty())
        .await;
    assert_eq!(answer.status, StatusCode::OK);
}

#[tokio::test]
async fn a_token_in_the_query_is_no_token() {
    let server = Server::start().await;
    let path = format!("/api/v1/logs?access_token={}", server.admin());
    let answer = server
        .anonymous(Method::GET, &path)
        .send(Body::empty())
        .await;
    answer.problem(StatusCode::UNAUTHORIZED, "unauthorized");
}

#[tokio::test]
async fn a_token_is_told_once_and_kept_as_a_hash() {
    let server = Server::start().await;
    let text = server
        .token(json!({"name": "agent", "role": "ingest", "clients": ["C.1"], "artifacts": ["A.B"]}))
        .await;
    let listed = server.get("/api/v1/tokens").await;
    assert!(!listed.text().contains(&text));
    let items = listed.value()["items"].clone();
    assert_eq!(items[0]["name"], "admin");
    assert_eq!(
        (
            &items[1]["role"],
            &items[1]["clients"],
            &items[1]["artifacts"]
        ),
        (&json!("ingest"), &json!(["C.1"]), &json!(["A.B"]))
    );
    for file in ["watchbox.db", "watchbox.db-wal"] {
        let bytes = std::fs::read(server.folder.path().join("data").join(file)).unwrap_or_default();
        for secret in [&text, server.admin()] {
            let found = bytes
                .windows(secret.len())
                .any(|part| part == secret.as_bytes());
            assert!(!found, "{file}");
        }
    }
    let trail = server.get("/api/v1/audit?capability=admin").await;
    assert!(!trail.text().contains(&text[3..]));
}

#[tokio::test]
async fn a_revoked_token_is_nobody_at_the_next_request() {
    let server = Server::start().await;
    let reader = server
        .token(json!({"name": "eyes", "role": "analyst"}))
        .await;
    let call = || server.anonymous(Method::GET, "/api/v1/logs").token(&reader);
    assert_eq!(call().send(Body::empty()).await.status, StatusCode::OK);
    let revoked = server
        .call(Method::DELETE, "/api/v1/tokens/eyes")
        .send(Body::empty())
        .await;
    assert_eq!(revoked.status, StatusCode::NO_CONTENT);
    assert_eq!(
        call().send(Body::empty()).await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn the_last_admin_stays() {
    let server = Server::start().await;
    let answer = server
        .call(Method::DELETE, "/api/v1/tokens/admin")
        .send(Body::empty())
        .await;
    answer.problem(StatusCode::CONFLICT, "conflict");
    server
        .token(json!({"name": "guest", "role": "admin", "expires": "2999-01-01T00:00:00Z"}))
        .await;
    let answer = server
        .call(Method::DELETE, "/api/v1/tokens/admin")
        .send(Body::empty())
        .await;
    answer.problem(StatusCode::CONFLICT, "conflict");
    server
        .token(json!({"name": "other", "role": "admin"}))
        .await;
    let answer = server
        .call(Method::DELETE, "/api/v1/tokens/admin")
        .send(Body::empty())
        .await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn tokens_that_make_no_sense_are_not_made() {
    let server = Server::start().await;
    let wrong = [
        json!({"name": "", "role": "analyst"}),
        json!({"name": "a b", "role": "analyst"}),
        json!({"name": "x".repeat(65), "role": "analyst"}),
        json!({"name": "eyes", "role": "analyst", "clients": ["C.1"]}),
        json!({"name": "eyes", "role": "operator", "artifacts": ["A.B"]}),
        json!({"name": "one", "role": "ingest", "clients": vec!["C.1"; 1_001]}),
        json!({"name": "eyes", "role": "analyst", "expires": "2001-01-01T00:00:00Z"}),
    ];
    for body in wrong {
        let answer = server.json(Method::POST, "/api/v1/tokens", body).await;
        answer.problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid");
    }
    let taken = server
        .json(
            Method::POST,
            "/api/v1/tokens",
            json!({"name": "admin", "role": "analyst"}),
        )
        .await;
    taken.problem(StatusCode::CONFLICT, "conflict");
    let root = server
        .json(
            Method::POST,
            "/api/v1/tokens",
            json!({"name": "root", "role": "root"}),
        )
        .await;
    root.problem(StatusCode::BAD_REQUEST, "bad-request");
}

#[tokio::test]
async fn an_ingest_token_is_held_to_its_client_and_its_artifacts() {
    let server = Server::start().await;
    let bound = server
        .token(
            json!({"name": "one", "role": "ingest", "clients": ["C.1"], "artifacts": ["Some.Log"]}),
        )
        .await;
    let send = async |path: &str, body: &str| {
        let call = server.anonymous(Method::POST, path).token(&bound);
        call.send(body.to_owned()).await
    };
    let answer = send("/api/v1/events/Some.Log", "{\"N\":1}").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    for (path, body) in [
        ("/api/v1/events/Other.Log", "{\"N\":2}"),
        (
            "/api/v1/events/Some.Log",
            "{\"N\":2}\n{\"ClientId\":\"C.2\",\"N\":3}",
        ),
        ("/api/v1/events/Some.Log?client_id=C.2", "{\"N\":2}"),
    ] {
        send(path, body)
            .await
            .problem(StatusCode::FORBIDDEN, "forbidden");
    }
    let trail = server.get("/api/v1/audit?decision=denied").await.value();
    assert_eq!(trail["items"][0]["actor"], "token:one", "{trail}");
    assert_eq!(
        trail["items"][0]["operation"],
        "POST /api/v1/events/{artifact}"
    );
    let rows = server.get("/api/v1/events/Some.Log").await.rows();
    assert_eq!((rows.len(), &rows[0]["ClientId"]), (1, &json!("C.1")));
    assert_eq!(
        server.get("/api/v1/clients/C.2").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_denial_stands_in_the_trail_once() {
    let server = Server::start().await;
    let agent = server
        .token(json!({"name": "agent", "role": "ingest"}))
        .await;
    for _ in 0..3 {
        let call = server
            .anonymous(Method::GET, "/api/v1/tokens")
            .token(&agent);
        assert_eq!(call.send(Body::empty()).await.status, StatusCode::FORBIDDEN);
    }
    let trail = server.get("/api/v1/audit?decision=denied").await.value();
    assert_eq!(trail["items"].as_array().map(Vec::len), Some(1), "{trail}");
    assert_eq!(trail["items"][0]["actor"], "token:agent");
    assert_eq!(trail["items"][0]["operation"], "GET /api/v1/tokens");
}

#[tokio::test]
async fn an_ingest_token_can_be_bound_to_several_clients() {
    let server = Server::start().await;
    let bound = server
        .token(json!({"name": "site", "role": "ingest", "clients": ["C.1", "C.2"]}))
        .await;
    let send = async |body: &str| {
        let call = server.anonymous(Method::POST, "/api/v1/events/Some.Log");
        call.token(&bound).send(body.to_owned()).await.status
    };
    let both = "{\"ClientId\":\"C.1\"}\n{\"ClientId\":\"C.2\"}";
    assert_eq!(send(both).await, StatusCode::OK);
    assert_eq!(send("{\"ClientId\":\"C.3\"}").await, StatusCode::FORBIDDEN);
    // Which of the two it is from is not guessed.
    assert_eq!(send("{\"N\":1}").await, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn requests_without_a_valid_token_are_bounded_and_keep_nobody_else_out() {
    let server = Server::start().await;
    let ask = async |token: &str| {
        let call = server.anonymous(Method::GET, "/api/v1/logs").token(token);
        call.send(Body::empty()).await
    };
    let wrong = format!("wb_{}", "A".repeat(43));
    for _ in 0..30 {
        ask(&wrong)
            .await
            .problem(StatusCode::UNAUTHORIZED, "unauthorized");
    }
    let late = ask(&wrong).await;
    late.problem(StatusCode::TOO_MANY_REQUESTS, "too-many-logins");
    let wait: u64 = late.header("retry-after").parse().unwrap();
    assert!((1..=61).contains(&wait), "{wait}");
    // From the same address, a valid one is let in.
    assert_eq!(ask(server.admin()).await.status, StatusCode::OK);
    let trail = server.get("/api/v1/audit?decision=denied").await;
    let items = trail.value()["items"].clone();
    assert_eq!(items.as_array().map(Vec::len), Some(1), "{items}");
    assert_eq!(
        (&items[0]["actor"], &items[0]["operation"]),
        (&json!("address:unknown"), &json!("login"))
    );
    assert!(!trail.text().contains(&wrong[3..]));
}

#[tokio::test]
async fn the_admin_token_is_its_owners_and_is_made_once() {
    let server = Server::start().await;
    let data = server.folder.path().join("data");
    let file = data.join("admin.token");
    let mode =
        |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&file), mode(&data)), (0o600, 0o700));
    let before = std::fs::read_to_string(&file).unwrap();
    server.app.engine().stop().await;
    let config = watchbox_server::Config {
        data,
        ..watchbox_server::Config::default()
    };
    watchbox_server::App::open(config).await.unwrap();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), before);
}

#[tokio::test]
async fn use_of_a_token_is_noted() {
    let server = Server::start().await;
    let agent = server
        .token(json!({"name": "agent", "role": "ingest"}))
        .await;
    let used = async || server.get("/api/v1/tokens").await.value()["items"][1]["last_used"].clone();
    assert!(used().await.is_null());
    server
        .anonymous(Method::POST, "/api/v1/events/Some.Log")
        .token(&agent)
        .send(events(0, 1))
        .await;
    assert!(used().await.is_string());
}
