//! The contract's imports. Each function here calls one of them and nothing else, so that the linker drops those that are not used.

use crate::{
    bindings::watchbox::artifact as wit, clients, clock, http, labels, log::Level, mail, state,
};

pub(crate) fn search_clients(
    query: &str,
    limit: u32,
    after: Option<&str>,
) -> Result<Vec<clients::Client>, clients::Error> {
    let found = wit::clients::search(query, limit, after)?;
    Ok(found.into_iter().map(Into::into).collect())
}

pub(crate) fn client(id: &str) -> Result<Option<clients::Client>, clients::Error> {
    Ok(wit::clients::get(id)?.map(Into::into))
}

impl From<wit::clients::Client> for clients::Client {
    fn from(client: wit::clients::Client) -> Self {
        Self {
            id: client.id,
            hostname: client.hostname,
            os: client.os,
            labels: client.labels,
            first_seen: client.first_seen,
            last_seen: client.last_seen,
        }
    }
}

impl From<wit::clients::Error> for clients::Error {
    fn from(error: wit::clients::Error) -> Self {
        match error {
            wit::clients::Error::Denied(text) => Self::Denied(text),
            wit::clients::Error::InvalidQuery(text) => Self::InvalidQuery(text),
            wit::clients::Error::Unavailable(text) => Self::Unavailable(text),
        }
    }
}

pub(crate) fn add_labels(client_id: &str, labels: &[&str]) -> Result<(), labels::Error> {
    Ok(wit::labels::add(client_id, &owned(labels))?)
}

pub(crate) fn remove_labels(client_id: &str, labels: &[&str]) -> Result<(), labels::Error> {
    Ok(wit::labels::remove(client_id, &owned(labels))?)
}

fn owned(labels: &[&str]) -> Vec<String> {
    labels.iter().map(|label| (*label).to_owned()).collect()
}

impl From<wit::labels::Error> for labels::Error {
    fn from(error: wit::labels::Error) -> Self {
        match error {
            wit::labels::Error::Denied(text) => Self::Denied(text),
            wit::labels::Error::UnknownClient(text) => Self::UnknownClient(text),
            wit::labels::Error::InvalidLabel(text) => Self::InvalidLabel(text),
        }
    }
}

pub(crate) fn send(request: http::Request) -> Result<http::Response, http::Error> {
    let milliseconds =
        |time: std::time::Duration| u32::try_from(time.as_millis()).unwrap_or(u32::MAX);
    let headers = request
        .headers
        .into_iter()
        .map(|(name, value)| wit::http::Header {
            name,
            value: value.into(),
        })
        .collect();
    let body_secrets = request
        .body_secrets
        .into_iter()
        .map(|(at, parameter)| wit::http::Insertion {
            at: u32::try_from(at).unwrap_or(u32::MAX),
            parameter,
        })
        .collect();
    let response = wit::http::send(&wit::http::Request {
        method: request.method,
        url: request.url.into(),
        headers,
        body: request.body,
        body_secrets,
        timeout_ms: request.timeout.map(milliseconds),
        once: request.once,
    })?;
    Ok(http::Response {
        status: response.status,
        headers: response.headers,
        body: response.body,
    })
}

pub(crate) fn forget(once: &str) {
    wit::http::forget(once);
}

impl From<http::Text> for wit::http::Text {
    fn from(text: http::Text) -> Self {
        match text {
            http::Text::Plain(text) => Self::Plain(text),
            http::Text::Secret { parameter, prefix } => {
                Self::Secret(wit::http::Secret { parameter, prefix })
            }
        }
    }
}

impl From<wit::http::Error> for http::Error {
    fn from(error: wit::http::Error) -> Self {
        match error {
            wit::http::Error::Denied(text) => Self::Denied(text),
            wit::http::Error::InvalidRequest(text) => Self::InvalidRequest(text),
            wit::http::Error::Unreachable(text) => Self::Unreachable(text),
            wit::http::Error::Timeout => Self::Timeout,
            wit::http::Error::TooLarge(limit) => Self::TooLarge(limit),
            wit::http::Error::Limited(after) => Self::Limited(after),
        }
    }
}

pub(crate) fn mail(message: mail::Message) -> Result<String, mail::Error> {
    Ok(wit::mail::send(&wit::mail::Message {
        to: message.to,
        subject: message.subject,
        text: message.text,
        once: message.once,
    })?)
}

impl From<wit::mail::Error> for mail::Error {
    fn from(error: wit::mail::Error) -> Self {
        match error {
            wit::mail::Error::Denied(text) => Self::Denied(text),
            wit::mail::Error::InvalidMessage(text) => Self::InvalidMessage(text),
            wit::mail::Error::Refused(text) => Self::Refused(text),
            wit::mail::Error::Unavailable(text) => Self::Unavailable(text),
            wit::mail::Error::Limited(after) => Self::Limited(after),
        }
    }
}

pub(crate) fn get_state(key: &str) -> Result<Option<Vec<u8>>, state::Error> {
    Ok(wit::state::get(key)?)
}

pub(crate) fn set_state(key: &str, value: &[u8]) -> Result<(), state::Error> {
    Ok(wit::state::set(key, value)?)
}

pub(crate) fn remove_state(key: &str) -> Result<(), state::Error> {
    Ok(wit::state::remove(key)?)
}

pub(crate) fn state_keys(prefix: &str) -> Result<Vec<String>, state::Error> {
    Ok(wit::state::keys(prefix)?)
}

impl From<wit::state::Error> for state::Error {
    fn from(error: wit::state::Error) -> Self {
        match error {
            wit::state::Error::Denied(text) => Self::Denied(text),
            wit::state::Error::TooLarge(limit) => Self::TooLarge(limit),
            wit::state::Error::InvalidKey(text) => Self::InvalidKey(text),
        }
    }
}

pub(crate) fn log(level: Level, message: &str) {
    let level = match level {
        Level::Debug => wit::log::Level::Debug,
        Level::Info => wit::log::Level::Info,
        Level::Warn => wit::log::Level::Warn,
        Level::Error => wit::log::Level::Error,
    };
    wit::log::write(level, message);
}

pub(crate) fn now() -> Result<f64, clock::Denied> {
    wit::clock::now().map_err(|wit::clock::Error::Denied(text)| clock::Denied(text))
}
