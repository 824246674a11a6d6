//! Which roles may do what: one table for all routes. What is not in it is refused.

use axum::http::Method;

use crate::api::types::Role;

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// Anybody, without a token.
    Anybody,
    /// Admins and readers.
    Readers,
    /// Admins and those who send events.
    Senders,
    /// Admins.
    Admins,
}

impl Allowed {
    /// Whether `role` is among them.
    pub fn includes(self, role: Role) -> bool {
        match self {
            Self::Anybody => true,
            Self::Readers => matches!(role, Role::Admin | Role::Reader),
            Self::Senders => matches!(role, Role::Admin | Role::Ingest),
            Self::Admins => role == Role::Admin,
        }
    }
}

/// One route: its path as the router knows it, its method, and who may use it.
#[derive(Clone, Debug)]
pub struct Route {
    /// The path, with its parameters in braces.
    pub path: &'static str,
    /// The method.
    pub method: Method,
    /// Who may use it.
    pub allowed: Allowed,
}

const fn route(method: Method, path: &'static str, allowed: Allowed) -> Route {
    Route {
        path,
        method,
        allowed,
    }
}

/// Every route.
pub static ROUTES: [Route; 47] = [
    route(Method::GET, "/health", Allowed::Anybody),
    route(Method::GET, "/ready", Allowed::Anybody),
    route(Method::GET, "/metrics", Allowed::Readers),
    route(Method::GET, "/api/v1/openapi.json", Allowed::Anybody),
    route(Method::POST, "/api/v1/events/{artifact}", Allowed::Senders),
    route(Method::GET, "/api/v1/events/{artifact}", Allowed::Readers),
    route(
        Method::GET,
        "/api/v1/events/{artifact}/live",
        Allowed::Readers,
    ),
    route(Method::GET, "/api/v1/rows/{name}", Allowed::Readers),
    route(Method::GET, "/api/v1/rows/{name}/live", Allowed::Readers),
    route(Method::GET, "/api/v1/messages/{name}", Allowed::Readers),
    route(
        Method::GET,
        "/api/v1/messages/{name}/live",
        Allowed::Readers,
    ),
    route(Method::GET, "/api/v1/logs", Allowed::Readers),
    route(Method::POST, "/api/v1/backups", Allowed::Admins),
    route(Method::GET, "/api/v1/artifacts", Allowed::Readers),
    route(Method::POST, "/api/v1/artifacts", Allowed::Admins),
    route(Method::GET, "/api/v1/artifacts/{digest}", Allowed::Readers),
    route(
        Method::DELETE,
        "/api/v1/artifacts/{digest}",
        Allowed::Admins,
    ),
    route(Method::GET, "/api/v1/table", Allowed::Readers),
    route(Method::GET, "/api/v1/table/{name}", Allowed::Readers),
    route(Method::PUT, "/api/v1/table/{name}", Allowed::Admins),
    route(Method::PATCH, "/api/v1/table/{name}", Allowed::Admins),
    route(Method::DELETE, "/api/v1/table/{name}", Allowed::Admins),
    route(
        Method::GET,
        "/api/v1/table/{name}/versions",
        Allowed::Readers,
    ),
    route(
        Method::POST,
        "/api/v1/table/{name}/rollback",
        Allowed::Admins,
    ),
    route(
        Method::POST,
        "/api/v1/table/{name}/approve",
        Allowed::Admins,
    ),
    route(Method::POST, "/api/v1/table/{name}/reject", Allowed::Admins),
    route(Method::POST, "/api/v1/table/{name}/replay", Allowed::Admins),
    route(Method::GET, "/api/v1/table/{name}/shadow", Allowed::Readers),
    route(Method::PUT, "/api/v1/table/{name}/shadow", Allowed::Admins),
    route(
        Method::DELETE,
        "/api/v1/table/{name}/shadow",
        Allowed::Admins,
    ),
    route(
        Method::POST,
        "/api/v1/table/{name}/shadow/promote",
        Allowed::Admins,
    ),
    route(Method::GET, "/api/v1/clients", Allowed::Readers),
    route(Method::GET, "/api/v1/clients/{id}", Allowed::Readers),
    route(Method::PUT, "/api/v1/clients/{id}", Allowed::Admins),
    route(Method::DELETE, "/api/v1/clients/{id}", Allowed::Admins),
    route(Method::POST, "/api/v1/clients/{id}/labels", Allowed::Admins),
    route(Method::GET, "/api/v1/audit", Allowed::Readers),
    route(Method::GET, "/api/v1/audit/live", Allowed::Readers),
    route(Method::GET, "/api/v1/audit/export", Allowed::Readers),
    route(Method::GET, "/api/v1/audit/checkpoints", Allowed::Readers),
    route(Method::GET, "/api/v1/dead-letters", Allowed::Readers),
    route(Method::GET, "/api/v1/dead-letters/{id}", Allowed::Readers),
    route(
        Method::POST,
        "/api/v1/dead-letters/{id}/redrive",
        Allowed::Admins,
    ),
    route(Method::DELETE, "/api/v1/dead-letters/{id}", Allowed::Admins),
    route(Method::GET, "/api/v1/tokens", Allowed::Admins),
    route(Method::POST, "/api/v1/tokens", Allowed::Admins),
    route(Method::DELETE, "/api/v1/tokens/{name}", Allowed::Admins),
];

/// The route of `method` on `path`; `None` where the path has no such method.
pub fn find(method: &Method, path: &str) -> Option<&'static Route> {
    // The router answers HEAD with what it has for GET.
    let method = if method == Method::HEAD {
        &Method::GET
    } else {
        method
    };
    ROUTES
        .iter()
        .find(|route| route.path == path && route.method == method)
}

/// The methods that `path` has.
pub fn methods(path: &str) -> impl Iterator<Item = &'static Method> {
    let of_path = move |route: &&Route| route.path == path;
    ROUTES.iter().filter(of_path).map(|route| &route.method)
}
