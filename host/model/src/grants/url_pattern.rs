//! Patterns of URLs.
//!
//! What a pattern is compared with is what the URL library made of the URL: lower case, punycode, dots resolved. What it leaves alone and
//! a server might still read as the way up (`..%2f`, `..;/`; see `way_up.rs`) matches no pattern, so that nothing climbs out of a granted path.

use std::{fmt, net::IpAddr, str::FromStr};

use serde::{Deserialize, Serialize};
use url::{Host, Position, Url};

/// How much of a path that no pattern can say is kept.
const LONGEST_PATH: usize = 1_024;

use super::{path_pattern::PathPattern, way_up::climbs};

/// `scheme://host[:port]/path`: the host exact, or `*.` and a domain, which stands for names below it and not for itself; the port the
/// scheme's own where left out; the path exact, or a prefix that ends in `*`; within a path, `*` stands for one segment. A query is not looked at.
///
/// | pattern | covers | does not cover |
/// | --- | --- | --- |
/// | `https://h.example/a` | `https://h.example/a?x=1` | `https://h.example/a/`, `http://h.example/a` |
/// | `https://h.example/a/*` | `https://h.example/a/b/c` | `https://h.example/a`, `https://h.example/a/../b` |
/// | `https://h.example/v1/*/x` | `https://h.example/v1/a/x` | `https://h.example/v1/a/b/x`, `https://h.example/v1//x` |
/// | `https://*.example/*` | `https://x.y.example/` | `https://example/` |
/// | `http://127.0.0.1:8080/*` | `http://127.1:8080/` | `http://localhost:8080/` |
///
/// ```
/// use watchbox_model::grants::UrlPattern;
///
/// let pattern: UrlPattern = "https://hooks.slack.com/services/*".parse()?;
/// assert!(pattern.covers(&"https://hooks.slack.com/services/T0/B0/x".parse()?));
/// assert!(!pattern.covers(&"https://hooks.slack.com/services/../admin".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UrlPattern {
    /// The pattern in its one spelling, from which the rest follows.
    text: String,
    scheme: Scheme,
    host: HostPattern,
    port: u16,
    path: PathPattern,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Scheme {
    Http,
    Https,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum HostPattern {
    Exact(Host),
    Below(String),
    /// Every host, by every scheme and port; not to be had from a text.
    Any,
}

/// What a pattern looks at of a URL, taken apart once for many patterns.
#[derive(Clone, Debug)]
pub(super) struct Place<'u> {
    scheme: &'u str,
    host: Host<&'u str>,
    port: u16,
    path: &'u str,
}

impl<'u> Place<'u> {
    /// Of a URL that some pattern may cover: `None` where it has user info, no host, or a path that climbs.
    pub(super) fn of(url: &'u Url) -> Option<Self> {
        let has_user = !url.username().is_empty() || url.password().is_some();
        if has_user || climbs(url.path()) {
            return None;
        }
        Some(Self {
            scheme: url.scheme(),
            host: url.host()?,
            port: url.port_or_known_default()?,
            path: url.path(),
        })
    }
}

/// Why a text is no URL pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("URL pattern `{pattern}`: {reason}")]
pub struct UrlPatternError {
    /// The text, cut to 200 characters.
    pub pattern: String,
    /// What is wrong, and what is wanted.
    pub reason: String,
}

impl UrlPattern {
    /// The pattern's text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The pattern of every URL. It has no text that would be read as a pattern, so that no grants file can hold it.
    pub(super) fn any() -> Self {
        Self {
            text: "*".to_owned(),
            scheme: Scheme::Https,
            host: HostPattern::Any,
            port: 0,
            path: PathPattern::any(),
        }
    }

    /// Whether `url` is one of those meant. Paths are compared after normalisation; a URL with user info never matches.
    pub fn covers(&self, url: &Url) -> bool {
        Place::of(url).is_some_and(|place| self.covers_place(&place))
    }

    /// The same, of a URL that was taken apart.
    pub(super) fn covers_place(&self, place: &Place<'_>) -> bool {
        self.covers_origin(place) && self.path.fits(place.path)
    }

    /// Whether some URL of the same scheme, host and port is one of those meant.
    pub(super) fn covers_origin(&self, place: &Place<'_>) -> bool {
        self.is_any()
            || (self.port == place.port
                && self.scheme.as_str() == place.scheme
                && self.host.covers(&place.host))
    }

    /// Whether it is the pattern of every URL.
    pub(super) fn is_any(&self) -> bool {
        self.host == HostPattern::Any
    }

    /// Whether every URL that `other` means is meant by this pattern too.
    pub(crate) fn covers_pattern(&self, other: &Self) -> bool {
        self.is_at(other)
            && self.host.covers_pattern(&other.host)
            && self.path.covers_pattern(&other.path)
    }

    /// Whether a URL may be meant by both.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        (self.is_at(other) || other.is_at(self))
            && (self.host.covers_pattern(&other.host) || other.host.covers_pattern(&self.host))
            && self.path.overlaps(&other.path)
    }

    /// Whether scheme and port are the other's.
    fn is_at(&self, other: &Self) -> bool {
        self.is_any() || (self.scheme == other.scheme && self.port == other.port)
    }

    /// The pattern of this URL alone (whatever its query), or, where none can say it, of what begins with as much of it as one can.
    pub(super) fn exactly(url: &Url) -> Option<Self> {
        let text = &url[..Position::AfterPath];
        let exact = text.parse::<Self>().ok();
        exact
            .filter(|pattern| pattern.covers(url) && !text.contains('*'))
            .or_else(|| {
                let path = url.path();
                let end = path.find(['*', '@']).unwrap_or(LONGEST_PATH);
                // Paths are ASCII, with all else in percent signs.
                let path = path.get(..end.min(LONGEST_PATH)).unwrap_or(path);
                let origin = &url[..Position::BeforePath];
                format!("{origin}{path}*").parse().ok()
            })
    }

    /// What of this pattern is at the scheme, host and port of `url`, which it covers.
    pub(super) fn at(&self, url: &Url) -> Option<Self> {
        if matches!(self.host, HostPattern::Exact(_)) {
            return Some(self.clone());
        }
        let origin = &url[..Position::BeforePath];
        format!("{origin}{}", self.path).parse().ok()
    }

    /// The address that the pattern names as its host, where it names one (`127.0.0.1`, `[::1]`).
    pub fn address(&self) -> Option<IpAddr> {
        match self.host {
            HostPattern::Exact(Host::Ipv4(address)) => Some(address.into()),
            HostPattern::Exact(Host::Ipv6(address)) => Some(address.into()),
            _ => None,
        }
    }
}

impl Scheme {
    fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

impl HostPattern {
    fn covers(&self, host: &Host<&str>) -> bool {
        match (self, host) {
            (Self::Any, _) => true,
            (Self::Exact(Host::Domain(own)), Host::Domain(host)) => own == rootless(host),
            (Self::Exact(Host::Ipv4(own)), Host::Ipv4(address)) => own == address,
            (Self::Exact(Host::Ipv6(own)), Host::Ipv6(address)) => own == address,
            (Self::Below(domain), Host::Domain(host)) => rootless(host)
                .strip_suffix(domain.as_str())
                .and_then(|below| below.strip_suffix('.'))
                .is_some_and(|below| !below.is_empty()),
            _ => false,
        }
    }

    fn covers_pattern(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any, _) => true,
            (Self::Below(_), Self::Exact(Host::Domain(host))) => {
                self.covers(&Host::Domain(host.as_str()))
            }
            (Self::Below(domain), Self::Below(lower)) => lower
                .strip_suffix(domain.as_str())
                .is_some_and(|below| below.is_empty() || below.ends_with('.')),
            (one, other) => one == other,
        }
    }
}

/// A name without the dot that may stand for the root of all names at its end.
fn rootless(host: &str) -> &str {
    host.strip_suffix('.').unwrap_or(host)
}

impl FromStr for UrlPattern {
    type Err = UrlPatternError;

    fn from_str(text: &str) -> Result<Self, UrlPatternError> {
        read(text).map_err(|reason| UrlPatternError {
            pattern: text
                .chars()
                .take(200)
                .flat_map(char::escape_debug)
                .collect(),
            reason: reason.to_owned(),
        })
    }
}

fn read(text: &str) -> Result<UrlPattern, &'static str> {
    if text.len() > 2_048 {
        return Err("it has more than 2048 characters");
    }
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("white space and control characters can't stand in it");
    }
    if text.contains(['\\', '?', '#', '@']) {
        return Err(
            "`\\`, `?`, `#` and `@` can't stand in it: a pattern has scheme, host, port and path only",
        );
    }
    let (scheme, rest) = text
        .split_once("://")
        .ok_or("it must begin with https:// or http://")?;
    let scheme = match scheme.to_ascii_lowercase().as_str() {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        _ => return Err("it must begin with https:// or http://"),
    };
    let (authority, path) = match rest.find('/') {
        Some(slash) => rest.split_at(slash),
        None => (rest, "/"),
    };
    let (below, authority) = match authority.strip_prefix("*.") {
        Some(domain) => (true, domain),
        None => (false, authority),
    };
    if authority.is_empty() {
        return Err("it has no host");
    }
    let (is_open, path) = match path.strip_suffix('*') {
        Some(path) => (true, path),
        None => (false, path),
    };
    if authority.contains('*') {
        return Err("`*` may stand for a host's first labels only, as in `https://*.example.com/`");
    }
    if climbs(path) {
        return Err(CLIMBS);
    }
    let url = Url::parse(&format!("{}://{authority}{path}", scheme.as_str()))
        .map_err(|_| "its host or port is none")?;
    let host = match url.host().ok_or("it has no host")? {
        Host::Domain(domain) => match rootless(domain) {
            domain if !domain.split('.').all(is_label) => {
                return Err(
                    "its host is no name: letters, digits, `-`, `_` and single dots are wanted",
                );
            }
            domain if below => HostPattern::Below(domain.to_owned()),
            domain => HostPattern::Exact(Host::Domain(domain.to_owned())),
        },
        _ if below => return Err("`*.` stands before a domain, not before an address"),
        host => HostPattern::Exact(host.to_owned()),
    };
    let port = url.port_or_known_default().ok_or("its port is none")?;
    // Only now are look-alikes of a dot escapes.
    if climbs(url.path()) {
        return Err(CLIMBS);
    }
    let path = PathPattern::read(url.path(), is_open)?;
    let shown_host = match &host {
        HostPattern::Exact(host) => host.to_string(),
        HostPattern::Below(domain) => format!("*.{domain}"),
        HostPattern::Any => return Err("its host is none"),
    };
    let shown_port = url
        .port()
        .map(|port| format!(":{port}"))
        .unwrap_or_default();
    Ok(UrlPattern {
        text: format!("{}://{shown_host}{shown_port}{path}", scheme.as_str()),
        scheme,
        host,
        port,
        path,
    })
}

const CLIMBS: &str = "`.` and `..`, and escapes that a server might read as one of them, as a slash or as a control character (`%2e`, `%2f`, `%5c`, `%00`), can't stand in its path";

/// Whether a part of a normalised name is one: the URL library lets more pass than names may hold, a wide `＊` that it turns to `*` among it.
fn is_label(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    !text.is_empty() && text.bytes().all(plain)
}

impl TryFrom<String> for UrlPattern {
    type Error = UrlPatternError;

    fn try_from(text: String) -> Result<Self, UrlPatternError> {
        text.parse()
    }
}

impl From<UrlPattern> for String {
    fn from(pattern: UrlPattern) -> Self {
        pattern.text
    }
}

impl fmt::Display for UrlPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}
