//! A server in a folder of its own, and the requests that are sent to it.

use std::{fs, net::SocketAddr};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt as _;
use watchbox_server::{App, Config, router};

/// Where the server would listen.
pub(crate) const ADDRESS: ([u8; 4], u16) = ([127, 0, 0, 1], 8421);

/// A server. Its folder goes with it.
pub(crate) struct Server {
    pub(crate) app: App,
    pub(crate) folder: TempDir,
    router: Router,
    admin: String,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// A request that is being put together.
pub(crate) struct Call<'s> {
    server: &'s Server,
    request: axum::http::request::Builder,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = TempDir::new().unwrap();
        let mut config = Config {
            data: folder.path().join("data"),
            listen: SocketAddr::from(ADDRESS),
            ..Config::default()
        };
        change(&mut config);
        let app = App::open(config.clone()).await.unwrap();
        let admin = fs::read_to_string(config.data.join("admin.token")).unwrap();
        Self {
            router: router(app.clone(), config.listen),
            admin: admin.trim().to_owned(),
            app,
            folder,
        }
    }

    /// The admin token's text.
    pub(crate) fn admin(&self) -> &str {
        &self.admin
    }

    /// A request without a token.
    pub(crate) fn anonymous(&self, method: Method, path: &str) -> Call<'_> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "localhost:8421");
        Call {
            server: self,
            request,
        }
    }

    /// A request of the admin.
    pub(crate) fn call(&self, method: Method, path: &str) -> Call<'_> {
        let admin = self.admin.clone();
        self.anonymous(method, path).token(&admin)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path).send(Body::empty()).await
    }

    /// Sends events as NDJSON.
    pub(crate) async fn ingest(&self, artifact: &str, events: impl Into<Body>) -> Answer {
        self.call(Method::POST, &format!("/api/v1/events/{artifact}"))
            .header("content-type", "application/x-ndjson")
            .send(events)
            .await
    }

    pub(crate) async fn json(&self, method: Method, path: &str, body: Value) -> Answer {
        self.call(method, path).json(body).await
    }

    /// Makes a token, and gives its text.
    pub(crate) async fn token(&self, body: Value) -> String {
        let made = self.json(Method::POST, "/api/v1/tokens", body).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
        made.value()["token"].as_str().unwrap().to_owned()
    }
}

impl Call<'_> {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    pub(crate) fn token(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub(crate) async fn json(self, body: Value) -> Answer {
        self.header("content-type", "application/json")
            .send(body.to_string())
            .await
    }

    pub(crate) async fn send(self, body: impl Into<Body>) -> Answer {
        let (status, headers, body) = self.open(body).await;
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Answer {
            status,
            headers,
            body,
        }
    }

    /// Sends the request, and leaves the body to be read piece by piece.
    pub(crate) async fn open(self, body: impl Into<Body>) -> (StatusCode, HeaderMap, Body) {
        let request = self.request.body(body.into()).unwrap();
        let response = self.server.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        (parts.status, parts.headers, body)
    }
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn value(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The rows of an answer in NDJSON.
    pub(crate) fn rows(&self) -> Vec<Value> {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text());
        let lines = self.text().lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// The column `N` of those rows.
    pub(crate) fn numbers(&self) -> Vec<u64> {
        let rows = self.rows();
        rows.iter().map(|row| row["N"].as_u64().unwrap()).collect()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The problem that the answer is; its last word (`urn:watchbox:problem:WORD`) must be `word`.
    pub(crate) fn problem(&self, status: StatusCode, word: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.value();
        assert_eq!(problem["type"], format!("urn:watchbox:problem:{word}"));
        assert_eq!(problem["status"], status.as_u16());
        problem
    }
}

/// `count` events of client `C.1`, with the column `N` from `first` on.
pub(crate) fn events(first: u64, count: u64) -> String {
    (first..first + count)
        .map(|n| format!("{{\"ClientId\":\"C.1\",\"N\":{n}}}\n"))
        .collect()
}
