//! The grant of `http`: which requests may be sent, where to, with which secrets.

use std::{fmt, net::IpAddr};

use serde_json::{Map, Value, json};
use url::{Position, Url};

use super::{Denied, GrantsError, UrlPattern, url_pattern::Place};
use crate::{document::Field, placeholder};

/// One kind of request that may be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpGrant {
    /// The method, in capitals; `*` for every one.
    pub method: String,
    /// Where to.
    pub url: UrlPattern,
    /// The secret parameters that may be filled in on the way there.
    pub secrets: Vec<String>,
    /// Redirects that may be followed, each decided again; 0 follows none.
    pub redirects: u8,
    /// Loopback, private and other special addresses that the name may resolve to, beside the public ones.
    /// An address that `url` itself names needs no mention here.
    pub addresses: Vec<IpAddr>,
}

/// The most redirects that a grant may allow.
const MAX_REDIRECTS: u32 = 10;

/// Capitals, or `-` between them: what a method is made of here.
pub(crate) fn is_method(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_uppercase() || byte == b'-';
    (1..=32).contains(&text.len()) && text.bytes().all(plain)
}

impl HttpGrant {
    pub(super) fn read(field: &Field<'_>) -> Result<Self, GrantsError> {
        let fields = field.fields(&["method", "url", "secrets", "redirects", "addresses"])?;
        let method = fields.need("method")?;
        let text = method.text()?;
        if text != "*" && !is_method(text) {
            return Err(method.error(
                "a method in capitals is wanted, such as GET or POST, or \"*\" for every one",
            ));
        }
        let secret = |field: &Field<'_>| match field.text()? {
            name if placeholder::is_parameter_name(name) => Ok(name.to_owned()),
            _ => Err(field.error("the name of a secret parameter is wanted")),
        };
        Ok(Self {
            method: text.to_owned(),
            url: fields.need("url")?.parse()?,
            secrets: fields
                .list("secrets")?
                .iter()
                .map(secret)
                .collect::<Result<_, _>>()?,
            redirects: match fields.get("redirects") {
                Some(field) => field.number(0, MAX_REDIRECTS)? as u8,
                None => 0,
            },
            addresses: fields
                .list("addresses")?
                .iter()
                .map(Field::parse)
                .collect::<Result<_, _>>()?,
        })
    }

    pub(super) fn to_json(&self) -> Value {
        let mut fields = Map::new();
        fields.insert("method".to_owned(), json!(self.method));
        fields.insert("url".to_owned(), json!(self.url.as_str()));
        if !self.secrets.is_empty() {
            fields.insert("secrets".to_owned(), json!(self.secrets));
        }
        if self.redirects > 0 {
            fields.insert("redirects".to_owned(), json!(self.redirects));
        }
        if !self.addresses.is_empty() {
            fields.insert("addresses".to_owned(), json!(self.addresses));
        }
        Value::Object(fields)
    }

    /// Whether it is for this method.
    pub(super) fn is_for(&self, method: &str) -> bool {
        self.method == "*" || self.method == method
    }

    fn covers(&self, method: &str, place: &Place<'_>) -> bool {
        self.is_for(method) && self.url.covers_place(place)
    }

    /// The first of `secrets` that may not go there.
    pub(super) fn lacks<'s>(&self, secrets: impl IntoIterator<Item = &'s str>) -> Option<&'s str> {
        let listed = |secret: &str| self.secrets.iter().any(|own| own == secret);
        secrets.into_iter().find(|secret| !listed(secret))
    }
}

/// How far a request that is allowed may go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// The redirects that may be followed, each decided again.
    pub redirects: u8,
    /// Special addresses that may be behind the name, or are the URL's host themselves.
    pub addresses: Vec<IpAddr>,
}

/// `http: METHOD URL`; with `{:#}`, what else belongs to the rule.
impl fmt::Display for HttpGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http: {} {}", self.method, self.url)?;
        if !f.alternate() {
            return Ok(());
        }
        let mut more = Vec::new();
        if !self.secrets.is_empty() {
            more.push(format!("secrets {}", self.secrets.join(", ")));
        }
        if self.redirects > 0 {
            more.push(format!("redirects {}", self.redirects));
        }
        if !self.addresses.is_empty() {
            let addresses: Vec<String> = self.addresses.iter().map(IpAddr::to_string).collect();
            more.push(format!("addresses {}", addresses.join(", ")));
        }
        if more.is_empty() {
            return Ok(());
        }
        write!(f, " ({})", more.join("; "))
    }
}

/// The rules that allow the request.
fn allowing<'g>(
    grants: &'g [HttpGrant],
    method: &str,
    url: &Url,
    secrets: &[&str],
) -> impl Iterator<Item = &'g HttpGrant> {
    let place = Place::of(url);
    grants.iter().filter(move |grant| {
        place
            .as_ref()
            .is_some_and(|place| grant.covers(method, place))
            && grant.lacks(secrets.iter().copied()).is_none()
    })
}

/// How far the request may go, by all the rules that allow it.
pub(super) fn reach(grants: &[HttpGrant], method: &str, url: &Url, secrets: &[&str]) -> Reach {
    let mut reach = Reach::default();
    for grant in allowing(grants, method, url, secrets) {
        reach.redirects = reach.redirects.max(grant.redirects);
        let named = grant.url.address();
        reach.addresses.extend(named.iter().chain(&grant.addresses));
    }
    reach
}

/// The first of `grants` that allows the request.
pub(super) fn decide<'g>(
    grants: &'g [HttpGrant],
    method: &str,
    url: &Url,
    secrets: &[&str],
) -> Result<&'g HttpGrant, Denied> {
    if let Some(grant) = allowing(grants, method, url, secrets).next() {
        return Ok(grant);
    }
    // Where the secrets are all that is wrong, that is what to mend.
    let near = allowing(grants, method, url, &[]).next();
    let near = near.and_then(|grant| Some((grant, grant.lacks(secrets.iter().copied())?)));
    Err(Denied(match near {
        Some((grant, secret)) => {
            format!(
                "the grant `{grant}` does not list the secret `{secret}`: add it to its `secrets`"
            )
        }
        None => missing(method, url, secrets),
    }))
}

/// That no grant covers a request, and the narrowest that would.
fn missing(method: &str, url: &Url, secrets: &[&str]) -> String {
    let method: String = method
        .chars()
        .take(32)
        .flat_map(char::escape_debug)
        .collect();
    if !url.username().is_empty() || url.password().is_some() {
        return "no grant covers a URL with a user name or password in it: use an `Authorization` header".to_owned();
    }
    let origin = &url[..Position::BeforePath];
    if secrets.is_empty() {
        let to = &url[..Position::AfterPath];
        let is_named = to
            .parse::<UrlPattern>()
            .is_ok_and(|pattern| pattern.covers(url));
        if to.contains('*') || !is_named {
            return format!(
                "no grant covers {method} {to}, and no pattern names just this: it has a `*`, or what a server might read as a way up"
            );
        }
        return format!(
            "no grant covers {method} {to}; this one would: http: [{{ method: {method}, url: \"{to}\" }}]"
        );
    }
    let names = secrets.join(", ");
    format!(
        "no grant covers {method} to {origin} with the secrets {names}; this one would: \
         http: [{{ method: {method}, url: \"{origin}/*\", secrets: [{names}] }}]"
    )
}
