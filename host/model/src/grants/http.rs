//! The grant of `http`: which requests may be sent, where to, with which secrets.

use std::{fmt, net::IpAddr, str::FromStr};

use serde::{Deserialize, Serialize};

/// One kind of request that may be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpGrant {
    /// The method, in capitals; `*` for every one.
    pub method: String,
    /// Where to.
    pub url: UrlPattern,
    /// The secret parameters that may be filled in on the way there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<String>,
    /// Redirects that may be followed, each decided again; 0 follows none.
    #[serde(default)]
    pub redirects: u8,
    /// Loopback, private and other special addresses that the name may resolve to, beside the public ones.
    /// An address that `url` itself names needs no mention here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<IpAddr>,
}

/// `scheme://host[:port]/path`: the host exact, or `*.` and a domain, which stands for names below it and not for itself; the port the
/// scheme's own where left out; the path exact, or a prefix that ends in `*`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UrlPattern {
    text: String,
}

/// Why a text is no URL pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("URL pattern `{pattern}`: {reason}")]
pub struct HttpGrantError {
    /// The text.
    pub pattern: String,
    /// What is wrong, and what is wanted.
    pub reason: String,
}

impl UrlPattern {
    /// Whether `url` is one of those meant. Paths are compared after normalisation; a URL with user info never matches.
    pub fn covers(&self, url: &url::Url) -> bool {
        let _ = url;
        todo!()
    }

    /// The address that the pattern names as its host, where it names one (`127.0.0.1`, `[::1]`).
    pub fn address(&self) -> Option<IpAddr> {
        todo!()
    }
}

impl FromStr for UrlPattern {
    type Err = HttpGrantError;

    fn from_str(text: &str) -> Result<Self, HttpGrantError> {
        let _ = text;
        todo!()
    }
}

impl TryFrom<String> for UrlPattern {
    type Error = HttpGrantError;

    fn try_from(text: String) -> Result<Self, HttpGrantError> {
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
