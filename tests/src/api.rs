//! The server's HTTP API, called as a program of somebody else's would.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use ureq::http::{HeaderMap, Request};

use crate::Live;

/// A server's address, and the token to call it with. Cheap to clone; clones share their connections.
#[derive(Clone, Debug)]
pub struct Api {
    base: String,
    token: Option<String>,
    agent: ureq::Agent,
}

/// What the server answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl Api {
    /// The API at `base` (`http://ADDR`).
    pub fn new(base: &str, token: Option<&str>) -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(Duration::from_secs(10)))
            .build()
            .into();
        Self {
            base: base.to_owned(),
            token: token.map(str::to_owned),
            agent,
        }
    }

    /// The same server, called with another token, or none.
    pub fn with_token(&self, token: Option<&str>) -> Self {
        Self {
            token: token.map(str::to_owned),
            ..self.clone()
        }
    }

    /// `http://ADDR`.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Sends a request. An answer of any status is an answer.
    pub fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Answer> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        let response = if body.is_empty() && method != "POST" {
            self.agent.run(request.body(())?)
        } else {
            self.agent.run(request.body(body)?)
        };
        let (parts, mut body) = response
            .with_context(|| format!("{method} {}{path}", self.base))?
            .into_parts();
        Ok(Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: body.with_config().limit(1 << 30).read_to_vec()?,
        })
    }

    /// `GET`, as it is answered.
    pub fn get(&self, path: &str) -> Result<Answer> {
        self.send("GET", path, &[], &[])
    }

    /// `GET`, where 200 and JSON are wanted.
    pub fn get_json(&self, path: &str) -> Result<Value> {
        self.get(path)?.json()
    }

    /// A request with a JSON body, where success is wanted.
    pub fn send_json(&self, method: &str, path: &str, body: &Value) -> Result<Value> {
        self.send(
            method,
            path,
            &[("Content-Type", "application/json")],
            &serde_json::to_vec(body)?,
        )?
        .json()
    }

    /// Sends events of the client artifact `artifact` as NDJSON; gives the answer, whatever it is.
    pub fn post_events(&self, artifact: &str, ndjson: &[u8]) -> Result<Answer> {
        let path = format!("/api/v1/events/{artifact}");
        self.send(
            "POST",
            &path,
            &[("Content-Type", "application/x-ndjson")],
            ndjson,
        )
    }

    /// Sends events that must all be accepted.
    pub fn accept_events(&self, artifact: &str, ndjson: &[u8]) -> Result<u64> {
        let answer = self.post_events(artifact, ndjson)?.json()?;
        ensure!(answer["refused"] == 0, "some events were refused: {answer}");
        answer["accepted"]
            .as_u64()
            .context("no count of accepted events")
    }

    /// All rows of a log that is kept under `path` (`rows/NAME`, `events/NAME`, `messages/NAME`), page by page.
    pub fn log(&self, path: &str) -> Result<Vec<Value>> {
        self.log_from(path, 0)
    }

    /// The same, from position `from` on.
    pub fn log_from(&self, path: &str, from: u64) -> Result<Vec<Value>> {
        let mut rows = Vec::new();
        let mut after = match from.checked_sub(1) {
            Some(last) => format!("&after={last}"),
            None => String::new(),
        };
        loop {
            let page = self.get(&format!("/api/v1/{path}?format=ndjson&limit=100000{after}"))?;
            ensure!(page.status == 200, "{path}: {page:?}");
            let before = rows.len();
            for line in page.text()?.lines().filter(|line| !line.is_empty()) {
                rows.push(serde_json::from_str(line)?);
            }
            match page.headers.get("Watchbox-Next") {
                Some(next) if rows.len() > before => after = format!("&after={}", next.to_str()?),
                _ => return Ok(rows),
            }
        }
    }

    /// The rows that the installation `name` has emitted.
    pub fn rows(&self, name: &str) -> Result<Vec<Value>> {
        self.log(&format!("rows/{name}"))
    }

    /// Follows a log from now on, or from behind `after`.
    pub fn live(&self, path: &str, after: Option<u64>) -> Result<Live> {
        let mut request = self.agent.get(format!("{}/api/v1/{path}/live", self.base));
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        if let Some(after) = after {
            request = request.header("Last-Event-ID", after.to_string());
        }
        let response = request.call()?;
        ensure!(
            response.status() == 200,
            "following {path}: {}",
            response.status()
        );
        Ok(Live::new(response.into_body().into_reader()))
    }
}

impl Answer {
    /// The body as text.
    pub fn text(&self) -> Result<&str> {
        std::str::from_utf8(&self.body).context("the answer is no UTF-8")
    }

    /// The body as JSON, where the answer is a success.
    pub fn json(&self) -> Result<Value> {
        let text = String::from_utf8_lossy(&self.body);
        ensure!(
            (200..300).contains(&self.status),
            "status {}: {text}",
            self.status
        );
        if text.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&text).with_context(|| format!("no JSON: {text}"))
    }

    /// The problem document's title and detail, where the answer is one.
    pub fn problem(&self) -> Result<Value> {
        let kind = self
            .headers
            .get("Content-Type")
            .and_then(|value| value.to_str().ok());
        ensure!(
            kind == Some("application/problem+json"),
            "no problem document: {self:?}"
        );
        Ok(serde_json::from_slice(&self.body)?)
    }
}
