//! Health, readiness, metrics.

use std::time::Duration;

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
};
use tokio::{sync::Mutex, time::Instant};
use watchbox_store::{Store, StoreError};

use super::types::{Health, Readiness};
use crate::app::App;

/// A check of the store writes to it, and anybody may ask for one: what came of it is good for this long.
const CHECKED: Duration = Duration::from_secs(1);

/// The last check of the store: when it was done, and why events would not be accepted.
#[derive(Default)]
pub(crate) struct StoreCheck(Mutex<Option<(Instant, Option<&'static str>)>>);

impl StoreCheck {
    async fn reason(&self, store: &dyn Store) -> Option<&'static str> {
        let mut last = self.0.lock().await;
        if let Some((at, reason)) = *last
            && at.elapsed() < CHECKED
        {
            return reason;
        }
        let reason = match store.check().await {
            Ok(()) => None,
            Err(StoreError::ReadOnly(_)) => Some("the store can't be written to"),
            Err(StoreError::Busy(_)) => Some("the store is behind"),
            Err(_) => Some("the store failed"),
        };
        *last = Some((Instant::now(), reason));
        reason
    }
}

/// Whether the program runs
#[utoipa::path(
    get,
    path = "/health",
    tag = "health",
    security(()),
    responses((status = 200, description = "It runs", body = Health)),
)]
pub(super) async fn health() -> Json<Health> {
    Json(Health {
        status: "ok".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    })
}

/// Whether events would be accepted now
///
/// Writes to the store to find out, at most once a second.
#[utoipa::path(
    get,
    path = "/ready",
    tag = "health",
    security(()),
    responses(
        (status = 200, description = "They would", body = Readiness),
        (status = 503, description = "They would not", body = Readiness),
    ),
)]
pub(super) async fn ready(State(app): State<App>) -> (StatusCode, Json<Readiness>) {
    // Anybody may ask, so that the answer tells the kind of failure and no more.
    let reason = if app.stopping.is_cancelled() {
        Some("the server is stopping")
    } else {
        app.store_check.reason(app.store().as_ref()).await
    };
    let readiness = Readiness {
        ready: reason.is_none(),
        reason: reason.map(str::to_owned),
    };
    let status = match reason {
        None => StatusCode::OK,
        Some(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, Json(readiness))
}

/// Metrics
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "health",
    responses((status = 200, description = "In the text format of Prometheus", body = String, content_type = "text/plain")),
)]
pub(super) async fn metrics(State(app): State<App>) -> impl IntoResponse {
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], app.metrics.render())
}
