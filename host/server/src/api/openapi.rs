//! The OpenAPI document. It is made from the handlers, and kept as `docs/openapi.json`, so that a change of the API shows in a review.

use std::sync::LazyLock;

use axum::{http::header, response::IntoResponse};
use utoipa::{
    Modify, OpenApi,
    openapi::{
        OpenApi as Document,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use super::types::Problem;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "watchbox",
        description = "Server monitoring artifacts as sandboxed WebAssembly components. Errors are problem documents (RFC 9457).",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    components(schemas(Problem)),
    modifiers(&Bearer),
    security(("token" = [])),
    tags(
        (name = "events", description = "What clients report"),
        (name = "rows", description = "What artifacts emit and have to say"),
        (name = "logs", description = "The logs of both"),
        (name = "artifacts", description = "Components"),
        (name = "monitoring table", description = "What is installed"),
        (name = "secrets", description = "By name, never by value"),
        (name = "clients", description = "Endpoints and their labels"),
        (name = "audit", description = "Who did what, and what was denied"),
        (name = "dead letters", description = "Triggers set aside"),
        (name = "tokens", description = "Who may do what"),
        (name = "health", description = "The server itself"),
    ),
)]
struct Base;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut Document) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("A token: `wb_` and 43 characters."))
            .build();
        if let Some(components) = &mut document.components {
            components.add_security_scheme("token", SecurityScheme::Http(scheme));
        }
    }
}

/// What the document says beside the routes.
pub(super) fn base() -> Document {
    Base::openapi()
}

/// The whole document.
pub fn document() -> Document {
    super::routes(0).into_openapi()
}

static TEXT: LazyLock<String> = LazyLock::new(|| document().to_pretty_json().unwrap_or_default());

/// This document
#[utoipa::path(
    get,
    path = "/api/v1/openapi.json",
    tag = "health",
    security(()),
    responses((status = 200, description = "OpenAPI 3.1", body = Object)),
)]
pub(super) async fn serve() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], TEXT.as_str())
}
