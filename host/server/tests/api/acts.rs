//! Every administrative act is in the trail, with who did it.

use std::collections::BTreeSet;

use axum::{body::Body, http::Method};
use serde_json::{Value, json};
use watchbox_model::{
    ComponentSignature, LogKey, Time, component_signature::Subject, dead_letter::DeadLetter,
    signing::SigningKey, turn::Trigger,
};
use watchbox_server::auth::{Action, routes::ROUTES};
use watchbox_store::TurnCommit;

use crate::{
    guest,
    harness::{Answer, Server, events},
};

const WATCHES: &str = "subscribe: [ { artifact: Some.Log } ]
parameters: [ { name: hook, type: secret, description: A secret } ]";
const ECHO: &str = "/api/v1/table/Server.Echo";

/// Does one act after another, each as whoever may just do it, and looks for it in the trail.
struct Acts {
    server: Server,
    operator: String,
    done: BTreeSet<String>,
}

impl Acts {
    async fn new() -> Self {
        let server = Server::start().await;
        let operator = server
            .token(json!({"name": "ops", "role": "operator"}))
            .await;
        Self {
            server,
            operator,
            done: BTreeSet::new(),
        }
    }

    /// The number and the record of the newest act.
    async fn newest(&self) -> (u64, Value) {
        let path = "/api/v1/audit?capability=admin&decision=allowed&limit=1";
        let record = self.server.get(path).await.value()["items"][0].clone();
        (record["number"].as_u64().unwrap(), record)
    }

    /// An act of an operator, with a JSON body.
    async fn act(&mut self, route: &str, path: &str, body: Value, operation: &str) -> Answer {
        self.act_as("ops", route, path, body.to_string().into(), operation)
            .await
    }

    /// `route` is `METHOD PATH` as in the table of routes, `path` is that with its parameters.
    async fn act_as(
        &mut self,
        who: &str,
        route: &str,
        path: &str,
        body: Body,
        operation: &str,
    ) -> Answer {
        let (before, _) = self.newest().await;
        let method: Method = route.split_once(' ').unwrap().0.parse().unwrap();
        let token = match who {
            "ops" => &self.operator,
            _ => self.server.admin(),
        };
        let call = self.server.anonymous(method, path).token(token);
        let kind = match path {
            "/api/v1/artifacts" => "application/wasm",
            _ => "application/json",
        };
        let answer = call.header("content-type", kind).send(body).await;
        assert!(answer.status.is_success(), "{route}: {}", answer.text());
        let (number, record) = self.newest().await;
        assert!(number > before, "{route} left no record");
        let told = (&record["actor"], &record["operation"], &record["outcome"]);
        let wanted = (
            &json!(format!("token:{who}")),
            &json!(operation),
            &json!("ok"),
        );
        assert_eq!(told, wanted, "{route}");
        self.done.insert(route.to_owned());
        answer
    }

    async fn upload(&mut self, version: &str, lines: &str) -> Value {
        let component = guest::component(version, lines);
        let route = "POST /api/v1/artifacts";
        let path = "/api/v1/artifacts";
        let uploaded = self
            .act_as("ops", route, path, component.into(), "upload")
            .await;
        uploaded.value()["digest"].clone()
    }

    /// Sets the first event aside, as if it had failed; gives the dead letter's number.
    async fn set_aside(&self, digest: &Value) -> u64 {
        let trigger = Trigger::Events {
            log: LogKey::events("Some.Log".parse().unwrap()),
            from: 0,
            to: 1,
        };
        let letter = DeadLetter {
            id: 0,
            installation: "Server.Echo".parse().unwrap(),
            digest: digest.as_str().unwrap().parse().unwrap(),
            turn: watchbox_model::TurnId::of(&trigger),
            trigger,
            now: Time::now(),
            tries: 8,
            error: "the artifact trapped".to_owned(),
            at: Time::now(),
        };
        let commit = TurnCommit {
            installation: letter.installation.clone(),
            advance: None,
            tick: None,
            journal: None,
            appends: Vec::new(),
            labels: Vec::new(),
            state: Vec::new(),
            audit: Vec::new(),
            dead_letter: Some(letter),
            redriven: None,
            durable: true,
        };
        let store = self.server.app.engine().store();
        store.commit(commit).await.unwrap();
        let letters = self.server.get("/api/v1/dead-letters?limit=1").await;
        letters.value()["items"][0]["id"].as_u64().unwrap()
    }
}

/// The text of a signature of the component of this version.
fn signature(version: &str) -> String {
    let subject = Subject {
        artifact: "Server.Echo".parse().unwrap(),
        version: version.parse().unwrap(),
    };
    let component = guest::component(version, WATCHES);
    let key = SigningKey::generate().unwrap();
    let signature = ComponentSignature::make(&key, &component, &subject, "").unwrap();
    signature.as_str().to_owned()
}

#[tokio::test]
async fn every_route_that_changes_something_leaves_a_record_of_who_did() {
    let mut acts = Acts::new().await;
    let none = || json!({});

    let client = "/api/v1/clients/C.1";
    let body = json!({"hostname": "ws1"});
    acts.act(
        "PUT /api/v1/clients/{id}",
        client,
        body.clone(),
        "register-client",
    )
    .await;
    acts.act("PUT /api/v1/clients/{id}", client, body, "change-client")
        .await;
    let labels = "POST /api/v1/clients/{id}/labels";
    let path = format!("{client}/labels");
    acts.act(labels, &path, json!({"add": ["X"]}), "change-labels")
        .await;
    acts.act(
        "DELETE /api/v1/clients/{id}",
        client,
        none(),
        "remove-client",
    )
    .await;

    let first = acts.upload("1.0.0", WATCHES).await;
    let second = acts.upload("2.0.0", WATCHES).await;
    let greedy = format!("{WATCHES}\ncapabilities:\n  clock: {{ reason: Tells the time }}");
    let third = acts.upload("3.0.0", &greedy).await;
    let spare = acts.upload("4.0.0", WATCHES).await;
    let install = "PUT /api/v1/table/{name}";
    let body = json!({"digest": first, "secrets": {"hook": "hush"}});
    acts.act(install, ECHO, body, "install").await;
    acts.act(
        "PUT /api/v1/table/{name}/secrets/{parameter}",
        &format!("{ECHO}/secrets/hook"),
        json!({"value": "another"}),
        "set-secret",
    )
    .await;
    acts.act_as(
        "ops",
        "POST /api/v1/artifacts/{digest}/signatures",
        &format!("/api/v1/artifacts/{}/signatures", spare.as_str().unwrap()),
        signature("4.0.0").into(),
        "sign",
    )
    .await;
    let change = "PATCH /api/v1/table/{name}";
    for (body, operation) in [
        (json!({"enabled": false}), "disable"),
        (json!({"enabled": true}), "enable"),
        (json!({"digest": second}), "upgrade"),
        (json!({"digest": third}), "ask"),
    ] {
        acts.act(change, ECHO, body, operation).await;
    }
    let reject = "POST /api/v1/table/{name}/reject";
    acts.act(reject, &format!("{ECHO}/reject"), none(), "reject")
        .await;
    acts.act(change, ECHO, json!({"digest": third}), "ask")
        .await;
    let approve = "POST /api/v1/table/{name}/approve";
    acts.act(approve, &format!("{ECHO}/approve"), none(), "approve")
        .await;
    let rollback = "POST /api/v1/table/{name}/rollback";
    let to = json!({"to": "1.0.0"});
    acts.act(rollback, &format!("{ECHO}/rollback"), to, "rollback")
        .await;

    let shadow = format!("{ECHO}/shadow");
    for (route, path, body, operation) in [
        (
            "PUT /api/v1/table/{name}/shadow",
            &shadow,
            json!({"digest": second}),
            "shadow",
        ),
        (
            "DELETE /api/v1/table/{name}/shadow",
            &shadow,
            none(),
            "stop-shadow",
        ),
        (
            "PUT /api/v1/table/{name}/shadow",
            &shadow,
            json!({"digest": second}),
            "shadow",
        ),
        (
            "POST /api/v1/table/{name}/shadow/promote",
            &format!("{shadow}/promote"),
            none(),
            "upgrade",
        ),
        (
            "POST /api/v1/table/{name}/replay",
            &format!("{ECHO}/replay"),
            json!({"since": "0"}),
            "replay",
        ),
    ] {
        acts.act(route, path, body, operation).await;
    }

    acts.server.ingest("Some.Log", events(0, 1)).await;
    let letter = acts.set_aside(&second).await;
    let path = format!("/api/v1/dead-letters/{letter}/redrive");
    acts.act(
        "POST /api/v1/dead-letters/{id}/redrive",
        &path,
        none(),
        "redrive",
    )
    .await;
    let letter = acts.set_aside(&second).await;
    let path = format!("/api/v1/dead-letters/{letter}");
    acts.act("DELETE /api/v1/dead-letters/{id}", &path, none(), "drop")
        .await;

    acts.act("DELETE /api/v1/table/{name}", ECHO, none(), "remove")
        .await;
    let path = format!("/api/v1/artifacts/{}", spare.as_str().unwrap());
    acts.act(
        "DELETE /api/v1/artifacts/{digest}",
        &path,
        none(),
        "remove-artifact",
    )
    .await;

    let new = json!({"name": "agents", "role": "ingest"}).to_string();
    for (route, path, body, operation) in [
        (
            "POST /api/v1/tokens",
            "/api/v1/tokens",
            new.as_str(),
            "create-token",
        ),
        (
            "POST /api/v1/tokens/{name}/rotate",
            "/api/v1/tokens/agents/rotate",
            "{}",
            "rotate-token",
        ),
        (
            "DELETE /api/v1/tokens/{name}",
            "/api/v1/tokens/agents",
            "",
            "revoke-token",
        ),
        ("POST /api/v1/backups", "/api/v1/backups", "", "backup"),
        (
            "POST /api/v1/secrets/rotate",
            "/api/v1/secrets/rotate",
            "",
            "rotate-key",
        ),
    ] {
        acts.act_as("admin", route, path, body.to_owned().into(), operation)
            .await;
    }

    // Sending events is no administrative act; all else that is no reading must have been done above.
    let changes: BTreeSet<String> = ROUTES
        .iter()
        .filter(|route| route.method != Method::GET && route.action != Action::Send)
        .map(|route| format!("{} {}", route.method, route.path))
        .collect();
    assert_eq!(acts.done, changes);
}
