//! A request that may leave: read from what the guest asked for, checked, its secrets filled in.

use std::{collections::BTreeMap, fmt};

use bytes::Bytes;
use reqwest::{
    Method, StatusCode,
    header::{ACCEPT_ENCODING, HeaderMap, HeaderName, HeaderValue},
};
use url::Url;
use watchbox_model::Secret;

use super::scrub::Scrub;
use crate::{
    WithheldRequest,
    bindings::watchbox::artifact::http::{Insertion, Request, Secret as Filled, Text},
};

/// The longest URL, in bytes.
const URL: usize = 8 << 10;
/// The most headers.
const HEADERS: usize = 100;
/// The most bytes of all headers.
const HEADER_BYTES: usize = 64 << 10;

/// The most secrets in a body.
const BODY_SECRETS: usize = 16;

/// Headers that are about the connection and not the request: one that a guest could set would let it say another length, another host or
/// another end of the request than the host sends (request smuggling).
const RESERVED: [&str; 12] = [
    "connection",
    "content-length",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
];

/// Headers that some servers take for the request's method, path or host: a grant decides on those that the request has.
const OVERRIDES: [&str; 9] = [
    "x-forwarded-host",
    "x-host",
    "x-http-host-override",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-host",
    "x-original-url",
    "x-rewrite-url",
];

/// Headers that ask for a piece of an answer: in a piece, no secret is found.
const PIECES: [&str; 2] = ["range", "if-range"];

/// A checked request.
#[derive(Clone)]
pub(crate) struct Outgoing {
    pub(crate) method: Method,
    pub(crate) url: Url,
    /// The parameter whose value the URL is. Nothing of such a URL but scheme, host and port may be shown.
    pub(crate) url_secret: Option<String>,
    headers: Vec<Header>,
    /// As the guest wrote it.
    pub(crate) body: Bytes,
    /// What is filled in within the body.
    body_secrets: Vec<Insertion>,
    /// The body with its secrets, if it has any.
    filled_body: Option<Bytes>,
    /// The name that the guest gave the effect.
    pub(crate) once: Option<String>,
    pub(crate) scrub: Scrub,
}

/// As much as the trail may show: secrets are filled in.
impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing")
            .field("target", &self.target())
            .finish_non_exhaustive()
    }
}

#[derive(Clone)]
struct Header {
    name: HeaderName,
    value: HeaderValue,
    /// What is filled in here.
    secret: Option<Filled>,
}

impl Header {
    /// The parameter that is filled in here.
    fn parameter(&self) -> Option<&str> {
        Some(&self.secret.as_ref()?.parameter)
    }
}

impl Outgoing {
    /// Reads a guest's request, filling in `secrets`. The error says what is wrong and shows no secret.
    pub(crate) fn read(
        request: &Request,
        secrets: &BTreeMap<String, Secret>,
    ) -> Result<Self, String> {
        let mut scrub = Scrub::default();
        let (url, url_secret) = read_url(&request.url, secrets, &mut scrub)?;
        if request.headers.len() > HEADERS {
            return Err(format!(
                "{} headers; at most {HEADERS} are allowed",
                request.headers.len()
            ));
        }
        let mut headers = Vec::with_capacity(request.headers.len());
        let mut bytes = 0;
        for header in &request.headers {
            // Of a secret, no more than what the guest wrote: the sum would tell how long it is.
            bytes += match &header.value {
                Text::Plain(text) => text.len(),
                Text::Secret(filled) => filled.prefix.len(),
            };
            bytes += header.name.len();
            let header = read_header(&header.name, &header.value, secrets, &mut scrub)?;
            headers.push(header);
        }
        if bytes > HEADER_BYTES {
            return Err(format!(
                "{bytes} bytes of headers; at most {HEADER_BYTES} are allowed"
            ));
        }
        let outgoing = Self {
            method: read_method(&request.method)?,
            url,
            url_secret,
            headers,
            filled_body: fill_body(request, secrets, &mut scrub)?,
            body: Bytes::copy_from_slice(&request.body),
            body_secrets: request.body_secrets.clone(),
            once: request.once.clone(),
            scrub,
        };
        let piece = |header: &&Header| PIECES.contains(&header.name.as_str());
        match outgoing.headers.iter().find(piece) {
            Some(header) if !outgoing.secrets().is_empty() => Err(format!(
                "the header `{}` can't be set where a secret is filled in: a piece of an answer can't be cleaned of it",
                header.name
            )),
            _ => Ok(outgoing),
        }
    }

    /// The parameters that are filled in, each once.
    pub(crate) fn secrets(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.url_secret.as_deref().into_iter().collect();
        for name in self.filled_in() {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// The parameters that are filled into headers and body.
    fn filled_in(&self) -> impl Iterator<Item = &str> {
        let body = self.body_secrets.iter();
        let headers = self.headers.iter().filter_map(Header::parameter);
        headers.chain(body.map(|place| place.parameter.as_str()))
    }

    /// What the trail and the operator are shown: method and URL, of a secret one no more than where it leads.
    pub(crate) fn target(&self) -> String {
        let place = self.place();
        match &self.url_secret {
            Some(name) => format!("{} secret({name}) -> {place}", self.method),
            // A header's secret may also have been put into the URL, if a server gave it away before.
            None => self.scrub.text(&format!("{} {}", self.method, self.url)),
        }
    }

    /// `text` without its secrets.
    pub(crate) fn clean(&self, text: &str) -> String {
        self.scrub.text(text)
    }

    /// The request as the guest wrote it, for one that is not made.
    pub(crate) fn written(&self) -> WithheldRequest {
        let headers = self.headers.iter().map(|header| {
            let value = match &header.secret {
                Some(filled) => format!("{}{{{}}}", filled.prefix, filled.parameter),
                None => String::from_utf8_lossy(header.value.as_bytes()).into_owned(),
            };
            (header.name.as_str().to_owned(), value)
        });
        // A redirect may have led away from what is secret.
        let url = match &self.url_secret {
            Some(name) => {
                let shown = self.scrub.text(self.url.as_str());
                shown.replace(&format!("secret({name})"), &format!("{{{name}}}"))
            }
            None => self.url.to_string(),
        };
        WithheldRequest {
            method: self.method.to_string(),
            url,
            headers: headers.collect(),
            body: self.written_body(),
        }
    }

    /// The body, with the names of its secrets where they go.
    fn written_body(&self) -> Bytes {
        let name = |place: &Insertion| format!("{{{}}}", place.parameter);
        match self.body_secrets.as_slice() {
            [] => self.body.clone(),
            places => insert(&self.body, places, name),
        }
    }

    /// The body as it is sent.
    pub(super) fn sent_body(&self) -> Bytes {
        self.filled_body.as_ref().unwrap_or(&self.body).clone()
    }

    /// Scheme, host and port.
    pub(crate) fn place(&self) -> String {
        self.url.origin().ascii_serialization()
    }

    /// Whether the method only reads.
    pub(crate) fn reads(&self) -> bool {
        self.method.is_safe()
    }

    /// Sets a header unless the guest did.
    pub(crate) fn default_header(&mut self, name: HeaderName, value: HeaderValue) {
        if !self.headers.iter().any(|header| header.name == name) {
            self.headers.push(Header {
                name,
                value,
                secret: None,
            });
        }
    }

    /// The headers as they are sent.
    pub(super) fn header_map(&self) -> HeaderMap {
        let mut map = HeaderMap::with_capacity(self.headers.len());
        for header in &self.headers {
            map.append(header.name.clone(), header.value.clone());
        }
        if !self.scrub.is_empty() {
            // What is compressed can't be cleaned.
            map.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        }
        map
    }

    /// The request that a redirect of `status` to `location` asks for, if it does: as browsers do it, and without what is secret
    /// where it leads to another origin.
    pub(crate) fn redirected(&self, status: u16, location: &str) -> Option<Self> {
        let status = StatusCode::from_u16(status).ok()?;
        let mut url = self.url.join(location).ok()?;
        url.set_fragment(None);
        if !matches!(url.scheme(), "http" | "https") || has_user(&url) || url.as_str().len() > URL {
            return None;
        }
        let mut next = self.clone();
        let same = url.origin() == self.url.origin();
        // Where the URL was a secret, the server may have put it into the new one.
        next.url = url;
        if !same && !self.body_secrets.is_empty() {
            return None;
        }
        if !same {
            next.headers
                .retain(|header| header.secret.is_none() && !is_credential(&header.name));
        }
        let to_get = match status {
            StatusCode::SEE_OTHER => self.method != Method::HEAD,
            StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => self.method == Method::POST,
            StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => false,
            _ => return None,
        };
        if to_get {
            next.method = Method::GET;
            next.body = Bytes::new();
            next.body_secrets.clear();
            next.filled_body = None;
            next.headers
                .retain(|header| !header.name.as_str().starts_with("content-"));
        }
        Some(next)
    }

    /// The parameters that go along where a redirect leads: those in headers and body, and those whose values the server put into the URL.
    pub(crate) fn redirected_secrets(&self) -> Vec<&str> {
        let url = self.url_secret.as_deref();
        let mut names = self.secrets();
        let goes_along = |name: &str| self.filled_in().any(|parameter| parameter == name);
        names.retain(|name| Some(*name) != url || goes_along(name));
        for name in self.scrub.names(self.url.as_str().as_bytes()) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }
}

fn is_credential(name: &HeaderName) -> bool {
    ["authorization", "cookie", "proxy-authorization"].contains(&name.as_str())
}

fn has_user(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

fn read_method(text: &str) -> Result<Method, String> {
    let capitals = !text.bytes().any(|byte| byte.is_ascii_lowercase());
    match Method::from_bytes(text.as_bytes()) {
        // A tunnel or an echo of the request's headers is nothing for a guest.
        Ok(Method::CONNECT | Method::TRACE) => Err(format!("the method `{text}` can't be used")),
        Ok(method) if capitals && text.len() <= 32 => Ok(method),
        _ => Err("the method is no word in capitals, such as GET or POST".to_owned()),
    }
}

fn secret<'s>(name: &str, secrets: &'s BTreeMap<String, Secret>) -> Result<&'s Secret, String> {
    secrets.get(name).ok_or_else(|| {
        format!(
            "there is no secret parameter `{}`",
            crate::printable::line(name, 100)
        )
    })
}

/// A secret's value without a file's last line break, which is none of the secret's.
fn revealed<'s>(name: &str, secrets: &'s BTreeMap<String, Secret>) -> Result<&'s str, String> {
    let value = secret(name, secrets)?.reveal();
    Ok(value.trim_end_matches(['\r', '\n']))
}

fn read_url(
    text: &Text,
    secrets: &BTreeMap<String, Secret>,
    scrub: &mut Scrub,
) -> Result<(Url, Option<String>), String> {
    let (text, name) = match text {
        Text::Plain(text) => (text.as_str(), None),
        Text::Secret(filled) if filled.prefix.is_empty() => (
            secret(&filled.parameter, secrets)?.reveal().trim(),
            Some(filled.parameter.clone()),
        ),
        Text::Secret(_) => return Err("a secret URL can't have a prefix".to_owned()),
    };
    let what = match &name {
        Some(name) => format!("the secret `{name}`"),
        None => "the URL".to_owned(),
    };
    if text.len() > URL {
        return Err(format!("{what} is longer than {URL} bytes"));
    }
    // The parser would leave some of them out, and so read something else than what was written.
    if text.contains(char::is_control) {
        return Err(format!(
            "{what} has a line break or another control character"
        ));
    }
    // The parser's own message is about the kind of error alone, and shows nothing of the text.
    let mut url = Url::parse(text).map_err(|why| format!("{what} is no absolute URL: {why}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("{what} is neither https:// nor http://"));
    }
    if has_user(&url) {
        return Err(format!(
            "{what} has user info: send an `authorization` header"
        ));
    }
    url.set_fragment(None);
    if let Some(name) = &name {
        scrub.add_url(name, text, &url);
    }
    Ok((url, name))
}

/// The body with its secrets filled in, where it has any.
fn fill_body(
    request: &Request,
    secrets: &BTreeMap<String, Secret>,
    scrub: &mut Scrub,
) -> Result<Option<Bytes>, String> {
    let places = request.body_secrets.as_slice();
    if places.is_empty() {
        return Ok(None);
    }
    if places.len() > BODY_SECRETS {
        return Err(format!(
            "{} secrets in its body; at most {BODY_SECRETS} are allowed",
            places.len()
        ));
    }
    let in_order = places.is_sorted_by_key(|place| place.at);
    let within = places
        .iter()
        .all(|place| place.at as usize <= request.body.len());
    if !in_order || !within {
        return Err(format!(
            "the places of the secrets in its body must ascend, and be none after its {} bytes",
            request.body.len()
        ));
    }
    let mut values = BTreeMap::new();
    for place in places {
        let value = revealed(&place.parameter, secrets)?;
        scrub.add(&place.parameter, value);
        values.insert(place.parameter.as_str(), value);
    }
    let value = |place: &Insertion| values.get(place.parameter.as_str()).copied();
    Ok(Some(insert(&request.body, places, |place| {
        value(place).unwrap_or_default().to_owned()
    })))
}

/// `body` with a text at each of `places`, which ascend and lie within it.
fn insert(body: &[u8], places: &[Insertion], text: impl Fn(&Insertion) -> String) -> Bytes {
    let mut whole = Vec::with_capacity(body.len() + 64 * places.len());
    let mut done = 0;
    for place in places {
        let at = place.at as usize;
        whole.extend_from_slice(body.get(done..at).unwrap_or_default());
        whole.extend_from_slice(text(place).as_bytes());
        done = at;
    }
    whole.extend_from_slice(body.get(done..).unwrap_or_default());
    whole.into()
}

fn read_header(
    name: &str,
    value: &Text,
    secrets: &BTreeMap<String, Secret>,
    scrub: &mut Scrub,
) -> Result<Header, String> {
    let shown = crate::printable::line(name, 100);
    let header = HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| format!("`{shown}` is no name of a header"))?;
    if RESERVED.contains(&header.as_str()) || header.as_str().starts_with("proxy-") {
        return Err(format!(
            "the header `{shown}` is the host's own and can't be set"
        ));
    }
    if OVERRIDES.contains(&header.as_str()) {
        return Err(format!(
            "the header `{shown}` can't be set: some servers take it for the request's own method, path or host"
        ));
    }
    let wrong = || {
        format!("the value of the header `{shown}` has a line break or another control character")
    };
    let (value, secret) = match value {
        Text::Plain(text) => (
            HeaderValue::from_bytes(text.as_bytes()).map_err(|_| wrong())?,
            None,
        ),
        Text::Secret(filled) => {
            let revealed = revealed(&filled.parameter, secrets)?;
            scrub.add(&filled.parameter, revealed);
            let text = format!("{}{revealed}", filled.prefix);
            let mut value = HeaderValue::from_bytes(text.as_bytes()).map_err(|_| wrong())?;
            value.set_sensitive(true);
            (value, Some(filled.clone()))
        }
    };
    Ok(Header {
        name: header,
        value,
        secret,
    })
}

#[cfg(test)]
#[path = "outgoing/tests.rs"]
mod tests;
