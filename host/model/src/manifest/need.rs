//! What an artifact says that it wants to do: the requests and messages that its manifest declares.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{
    MailAddress,
    grants::{Recipients, UrlPattern},
    mail_address::MailAddressError,
    placeholder::{self, Syntax},
};

/// Something that an artifact wants to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Need {
    /// A request that it wants to make.
    Http(HttpNeed),
    /// People whom it wants to write to.
    Mail(MailNeed),
}

/// A request that an artifact wants to make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpNeed {
    /// The method.
    pub method: String,
    /// The URL; `{parameter}` may stand in it, or be all of it.
    pub url: String,
}

/// People whom an artifact wants to write to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailNeed {
    /// Their addresses, with commas between them; `{parameter}` may stand in it, or be all of it.
    pub to: String,
}

impl Need {
    /// The text in which parameters may stand.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Http(need) => &need.url,
            Self::Mail(need) => &need.to,
        }
    }

    /// Whether what `other` asks for is part of this: by their patterns, where both are patterns as they stand.
    pub(super) fn covers(&self, other: &Self) -> bool {
        fn plain<T: FromStr>(text: &str) -> Option<T> {
            let names = &mut placeholder::names(text, Syntax::Plain);
            names.next().is_none().then(|| text.parse().ok()).flatten()
        }
        match (self, other) {
            (Self::Http(own), Self::Http(other)) => {
                let patterns = plain::<UrlPattern>(&own.url).zip(plain(&other.url));
                own.method == other.method
                    && patterns.is_some_and(|(own, other)| own.covers_pattern(&other))
            }
            (Self::Mail(own), Self::Mail(other)) => {
                let patterns = plain::<Recipients>(&own.to).zip(plain(&other.to));
                patterns.is_some_and(|(own, other)| own.covers_pattern(&other))
            }
            _ => false,
        }
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(HttpNeed { method, url }) => write!(f, "{method} {url}"),
            Self::Mail(MailNeed { to }) => write!(f, "to {to}"),
        }
    }
}

/// The addresses in a text that has commas between them.
pub(crate) fn addresses(text: &str) -> Result<Vec<MailAddress>, MailAddressError> {
    let pieces = text.split(',').map(str::trim);
    let found: Vec<&str> = pieces.filter(|one| !one.is_empty()).collect();
    match &found[..] {
        [] => text.parse().map(|one| vec![one]),
        some => some.iter().map(|one| one.parse()).collect(),
    }
}
