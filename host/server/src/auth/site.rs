//! For which site a request is, and from a page of which it comes.
//!
//! Tokens are no cookies, so that no page can have a browser send one along. But a browser shows a client certificate by itself, and tells
//! a page much by how long an answer takes. So what a page of another site has asked for is refused, whatever it asks for: browsers say
//! where a request comes from in `Origin`, and by `Sec-Fetch-Site`; programs send neither.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, header},
    middleware::Next,
    response::Response,
};

use super::Hosts;
use crate::api::problem::{Kind, Problem};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// Refuses a request for a name that is not the server's, and one that a page of another site has asked for.
pub(crate) async fn check_site(
    State(hosts): State<Arc<Hosts>>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let headers = request.headers();
    let named = headers.get(header::HOST);
    let host = match request.uri().authority() {
        Some(authority) => Some(authority.as_str()),
        None => named.and_then(|host| host.to_str().ok()),
    };
    let Some(host) = host.filter(|host| hosts.allow(host)) else {
        return Err(Problem::new(
            Kind::Misdirected,
            "the server does not go by the name in `Host`; add it to `http.hosts` in the server's settings if it should",
        ));
    };
    if is_foreign(headers, host, &hosts) {
        return Err(Problem::new(
            Kind::CrossSite,
            "a page of another site may not use this server; add its host to `http.hosts` in the server's settings if it is the server's own",
        ));
    }
    Ok(next.run(request).await)
}

/// Whether a page of another site than `host` has asked for it.
fn is_foreign(headers: &HeaderMap, host: &str, hosts: &Hosts) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let Some(origin) = origins.next() else {
        // A browser leaves `Origin` out where it only reads; then this says it. A link that somebody follows is no harm: its page can't see
        // what comes of it.
        let says = |name, values: &[&str]| {
            headers
                .get(name)
                .is_some_and(|said| values.iter().any(|value| said == value))
        };
        return says(SEC_FETCH_SITE, &["cross-site", "same-site"])
            && !says(SEC_FETCH_MODE, &["navigate"]);
    };
    let origin = origin.to_str().ok().filter(|_| origins.next().is_none());
    let authority = origin.and_then(|origin| {
        let (scheme, authority) = origin.split_once("://")?;
        matches!(scheme, "http" | "https").then_some(authority)
    });
    !authority.is_some_and(|authority| {
        authority.eq_ignore_ascii_case(host) || hosts.is_configured(authority)
    })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn foreign(headers: &[(HeaderName, &'static str)]) -> bool {
        let hosts = Hosts::new(([127, 0, 0, 1], 8421).into(), &["watch.example".to_owned()]);
        let headers = headers
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_static(value)));
        let mut all = HeaderMap::new();
        for (name, value) in headers {
            all.append(name, value);
        }
        is_foreign(&all, "localhost:8421", &hosts)
    }

    #[test]
    fn programs_and_the_servers_own_pages_pass() {
        for headers in [
            &[][..],
            &[(header::ORIGIN, "http://localhost:8421")],
            &[(header::ORIGIN, "http://LOCALHOST:8421")],
            &[(header::ORIGIN, "https://watch.example")],
            &[(SEC_FETCH_SITE, "same-origin")],
            &[(SEC_FETCH_SITE, "none")],
            &[(SEC_FETCH_SITE, "cross-site"), (SEC_FETCH_MODE, "navigate")],
        ] {
            assert!(!foreign(headers), "{headers:?}");
        }
    }

    #[test]
    fn pages_of_others_do_not() {
        for headers in [
            &[(header::ORIGIN, "https://evil.example")][..],
            &[(header::ORIGIN, "http://localhost:3000")],
            &[(header::ORIGIN, "http://localhost")],
            &[(header::ORIGIN, "null")],
            &[(header::ORIGIN, "")],
            &[(header::ORIGIN, "file://localhost:8421")],
            &[(header::ORIGIN, "http://watch.example.evil.example")],
            &[
                (header::ORIGIN, "http://localhost:8421"),
                (header::ORIGIN, "https://evil.example"),
            ],
            &[(SEC_FETCH_SITE, "cross-site")],
            &[
                (header::ORIGIN, "https://evil.example"),
                (SEC_FETCH_MODE, "navigate"),
            ],
            &[(SEC_FETCH_SITE, "same-site")],
        ] {
            assert!(foreign(headers), "{headers:?}");
        }
    }
}
