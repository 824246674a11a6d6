//! What each route does, which says who may use it: one table for all. What is not in it is refused.

use axum::http::Method;

use super::Action;

/// One route: its path as the router knows it, its method, and what a request of it does.
#[derive(Clone, Debug)]
pub struct Route {
    /// The path, with its parameters in braces.
    pub path: &'static str,
    /// The method.
    pub method: Method,
    /// What it does.
    pub action: Action,
}

const fn route(method: Method, path: &'static str, action: Action) -> Route {
    Route {
        path,
        method,
        action,
    }
}

/// Every route.
pub static ROUTES: &[Route] = &[
    route(Method::GET, "/health", Action::Open),
    route(Method::GET, "/ready", Action::Open),
    route(Method::GET, "/metrics", Action::Read),
    route(Method::GET, "/api/v1/openapi.json", Action::Open),
    route(Method::POST, "/api/v1/events/{artifact}", Action::Send),
    route(Method::GET, "/api/v1/events/{artifact}", Action::Read),
    route(Method::GET, "/api/v1/events/{artifact}/live", Action::Read),
    route(Method::GET, "/api/v1/rows/{name}", Action::Read),
    route(Method::GET, "/api/v1/rows/{name}/live", Action::Read),
    route(Method::GET, "/api/v1/messages/{name}", Action::Read),
    route(Method::GET, "/api/v1/messages/{name}/live", Action::Read),
    route(Method::GET, "/api/v1/logs", Action::Read),
    route(Method::POST, "/api/v1/backups", Action::Backup),
    route(Method::GET, "/api/v1/artifacts", Action::Read),
    route(Method::POST, "/api/v1/artifacts", Action::Artifacts),
    route(Method::GET, "/api/v1/artifacts/{digest}", Action::Read),
    route(
        Method::DELETE,
        "/api/v1/artifacts/{digest}",
        Action::Artifacts,
    ),
    route(
        Method::POST,
        "/api/v1/artifacts/{digest}/signatures",
        Action::Artifacts,
    ),
    route(Method::GET, "/api/v1/secrets", Action::Read),
    route(Method::POST, "/api/v1/secrets/rotate", Action::Keys),
    route(Method::GET, "/api/v1/table/{name}/secrets", Action::Read),
    route(
        Method::PUT,
        "/api/v1/table/{name}/secrets/{parameter}",
        Action::Artifacts,
    ),
    route(Method::GET, "/api/v1/table", Action::Read),
    route(Method::GET, "/api/v1/table/{name}", Action::Read),
    route(Method::PUT, "/api/v1/table/{name}", Action::Artifacts),
    route(Method::PATCH, "/api/v1/table/{name}", Action::Artifacts),
    route(Method::DELETE, "/api/v1/table/{name}", Action::Artifacts),
    route(Method::GET, "/api/v1/table/{name}/versions", Action::Read),
    route(
        Method::POST,
        "/api/v1/table/{name}/rollback",
        Action::Artifacts,
    ),
    route(
        Method::POST,
        "/api/v1/table/{name}/approve",
        Action::Artifacts,
    ),
    route(
        Method::POST,
        "/api/v1/table/{name}/reject",
        Action::Artifacts,
    ),
    route(
        Method::POST,
        "/api/v1/table/{name}/replay",
        Action::Artifacts,
    ),
    route(Method::GET, "/api/v1/table/{name}/shadow", Action::Read),
    route(
        Method::PUT,
        "/api/v1/table/{name}/shadow",
        Action::Artifacts,
    ),
    route(
        Method::DELETE,
        "/api/v1/table/{name}/shadow",
        Action::Artifacts,
    ),
    route(
        Method::POST,
        "/api/v1/table/{name}/shadow/promote",
        Action::Artifacts,
    ),
    route(Method::GET, "/api/v1/clients", Action::Read),
    route(Method::GET, "/api/v1/clients/{id}", Action::Read),
    route(Method::PUT, "/api/v1/clients/{id}", Action::Clients),
    route(Method::DELETE, "/api/v1/clients/{id}", Action::Clients),
    route(Method::POST, "/api/v1/clients/{id}/labels", Action::Clients),
    route(Method::GET, "/api/v1/audit", Action::Read),
    route(Method::GET, "/api/v1/audit/live", Action::Read),
    route(Method::GET, "/api/v1/audit/export", Action::Read),
    route(Method::GET, "/api/v1/audit/checkpoints", Action::Read),
    route(Method::GET, "/api/v1/audit/report", Action::Read),
    route(Method::GET, "/api/v1/dead-letters", Action::Read),
    route(Method::GET, "/api/v1/dead-letters/{id}", Action::Read),
    route(
        Method::POST,
        "/api/v1/dead-letters/{id}/redrive",
        Action::DeadLetters,
    ),
    route(
        Method::DELETE,
        "/api/v1/dead-letters/{id}",
        Action::DeadLetters,
    ),
    route(Method::GET, "/api/v1/tokens", Action::Tokens),
    route(Method::POST, "/api/v1/tokens", Action::Tokens),
    route(Method::DELETE, "/api/v1/tokens/{name}", Action::Tokens),
    route(Method::POST, "/api/v1/tokens/{name}/rotate", Action::Tokens),
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
