//! The server's HTTP API, from the client's side.

mod connection;
mod error;
mod logs;
mod sse;

use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use reqwest::{Method, RequestBuilder, Response, Url};
use serde::{Serialize, de::DeserializeOwned};
use watchbox_model::{ComponentSignature, Secret};
use watchbox_server::api::types::Page;

pub use error::ApiError;
pub use logs::{LogQuery, MAX_PAGE, Pages, Range, Tail};

/// How long the server may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(10);

/// The server, and who asks it.
pub struct Api {
    http: reqwest::Client,
    base: Url,
    token: Option<Secret>,
}

/// An answer that comes piece by piece.
pub struct Pieces<'a> {
    api: &'a Api,
    response: Response,
}

impl Pieces<'_> {
    /// The next piece of it; none at its end.
    pub async fn piece(&mut self) -> anyhow::Result<Option<Bytes>> {
        let piece = self.response.chunk().await;
        Ok(piece.map_err(|error| ApiError::unreachable(&self.api.base, error))?)
    }
}

/// The parts of a query that are given.
pub type Query = Vec<(&'static str, String)>;

impl Api {
    /// Asks for `path` and reads the JSON that comes back.
    pub async fn get<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &Query,
    ) -> anyhow::Result<T> {
        let request = self.request(Method::GET, path, query);
        self.answer(self.send(request).await?).await
    }

    /// Every item of a listing, page by page, `limit` at most; `cursor` is what the listing calls the place to go on.
    pub async fn list<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &Query,
        cursor: &'static str,
        limit: usize,
    ) -> anyhow::Result<Vec<T>> {
        let mut items: Vec<T> = Vec::new();
        let mut next: Option<String> = None;
        while items.len() < limit {
            let mut query = query.clone();
            query.push(("limit", (limit - items.len()).min(PAGE).to_string()));
            query.extend(next.take().map(|next| (cursor, next)));
            let page: Page<T> = self.get(path, &query).await?;
            let empty = page.items.is_empty();
            items.extend(page.items);
            next = page.next;
            if next.is_none() || empty {
                break;
            }
        }
        items.truncate(limit);
        Ok(items)
    }

    /// Sends `body` as JSON and reads the JSON that comes back.
    pub async fn send_json<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &[&str],
        body: &impl Serialize,
    ) -> anyhow::Result<T> {
        let request = self.request(method, path, &Query::new()).json(body);
        self.answer(self.send(request).await?).await
    }

    /// Asks for something to be done and reads the JSON that comes back.
    pub async fn ask_json<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &[&str],
    ) -> anyhow::Result<T> {
        let request = self.request(method, path, &Query::new());
        self.answer(self.send(request).await?).await
    }

    /// Asks for `path`; what comes back is read piece by piece.
    pub async fn open(&self, path: &[&str], query: &Query) -> anyhow::Result<Pieces<'_>> {
        let response = self.send(self.request(Method::GET, path, query)).await?;
        Ok(Pieces {
            api: self,
            response,
        })
    }

    /// Sends `body` as JSON; what comes back is read piece by piece.
    pub async fn stream(
        &self,
        method: Method,
        path: &[&str],
        body: &impl Serialize,
    ) -> anyhow::Result<Pieces<'_>> {
        let request = self.request(method, path, &Query::new()).json(body);
        let response = self.send(request).await?;
        Ok(Pieces {
            api: self,
            response,
        })
    }

    /// Asks for something to be done that has no answer but that it is done.
    pub async fn act(&self, method: Method, path: &[&str]) -> anyhow::Result<()> {
        self.send(self.request(method, path, &Query::new()))
            .await
            .map(drop)
    }

    /// Uploads a component and reads what the server makes of it.
    pub async fn upload<T: DeserializeOwned>(&self, component: Vec<u8>) -> anyhow::Result<T> {
        let request = self
            .request(Method::POST, &["artifacts"], &Query::new())
            .header(reqwest::header::CONTENT_TYPE, "application/wasm")
            .body(component);
        self.answer(self.send(request).await?).await
    }

    /// Sends a signature of an uploaded component, and reads what the server has of it.
    pub async fn sign<T: DeserializeOwned>(
        &self,
        digest: &str,
        signature: &ComponentSignature,
    ) -> anyhow::Result<T> {
        let path = ["artifacts", digest, "signatures"];
        let request = self
            .request(Method::POST, &path, &Query::new())
            .header(reqwest::header::CONTENT_TYPE, "text/plain")
            .body(signature.as_str().to_owned());
        self.answer(self.send(request).await?).await
    }

    /// A request of `/api/v1/` and the segments of `path`, each escaped as it needs, with `query` after it.
    fn request(&self, method: Method, path: &[&str], query: &Query) -> RequestBuilder {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["api", "v1"]).extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let request = self.http.request(method, url);
        match &self.token {
            Some(token) => request.bearer_auth(token.reveal()),
            None => request,
        }
    }

    /// Sends `request`; an answer that is no success is an error.
    async fn send(&self, request: RequestBuilder) -> anyhow::Result<Response> {
        let response = request
            .send()
            .await
            .map_err(|error| ApiError::unreachable(&self.base, error))?;
        if response.status().is_success() {
            Ok(response)
        } else {
            Err(ApiError::refused(response, self.token.is_some())
                .await
                .into())
        }
    }

    async fn answer<T: DeserializeOwned>(&self, response: Response) -> anyhow::Result<T> {
        let bytes = response
            .bytes()
            .await
            .map_err(|error| ApiError::unreachable(&self.base, error))?;
        serde_json::from_slice(&bytes)
            .map_err(|error| ApiError::Answer {
                server: self.base.to_string(),
                reason: error.to_string(),
            })
            .context("the answer can't be read")
    }
}

/// The most items that are asked for at once.
const PAGE: usize = 1_000;
