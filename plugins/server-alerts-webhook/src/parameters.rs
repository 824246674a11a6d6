//! The parameters, and what is wrong with them.

use serde::Deserialize;
use watchbox_sdk::{Failure, http};

use crate::{
    message,
    template::{Body, Line},
    text::Escape,
};

/// The parameters. The URL and the token are secrets, and so not among them.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Parameters {
    pub(crate) log: String,
    method: String,
    scheme: String,
    content_type: String,
    body: String,
    key: String,
    window: i64,
    max_bytes: i64,
    escape: String,
}

/// The longest window: a week.
const LONGEST_WINDOW: i64 = 604_800;

/// What a body may be limited to.
const BYTES: std::ops::RangeInclusive<i64> = 1_000..=10_000_000;

/// What the parameters come to.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) log: String,
    pub(crate) method: String,
    pub(crate) content_type: String,
    pub(crate) authorization: Option<http::Text>,
    pub(crate) body: Body,
    /// None where no two rows are alike.
    pub(crate) key: Option<Line>,
    pub(crate) window: f64,
    pub(crate) most: usize,
    pub(crate) escape: Escape,
}

impl Parameters {
    pub(crate) fn check(self) -> Result<Settings, Failure> {
        let wrong = |name: &str, why: &str| Failure::reject(format!("{name}: {why}"));
        if !["POST", "PUT"].contains(&self.method.as_str()) {
            return Err(wrong("Method", "neither POST nor PUT"));
        }
        let is_plain = |text: &str| text.chars().all(|letter| matches!(letter, ' '..='~'));
        if !is_plain(&self.content_type) || !self.content_type.contains('/') {
            return Err(wrong(
                "ContentType",
                "this is none, such as application/json",
            ));
        }
        if !is_plain(&self.scheme) {
            return Err(wrong("Scheme", "this can't stand in a header"));
        }
        let authorization = match self.scheme.trim() {
            "none" => None,
            "plain" => Some(http::secret("token")),
            scheme => Some(http::secret_after(&format!("{scheme} "), "token")),
        };
        let body = Body::parse(&self.body).map_err(|why| wrong("Body", &why))?;
        let key = Line::parse(&self.key).map_err(|why| wrong("Key", &why))?;
        message::check(body.places()).map_err(|why| wrong("Body", &why))?;
        message::check(key.places()).map_err(|why| wrong("Key", &why))?;
        if !(0..=LONGEST_WINDOW).contains(&self.window) {
            return Err(wrong("Window", "from 0 to 604800 seconds are wanted"));
        }
        if !BYTES.contains(&self.max_bytes) {
            return Err(wrong("MaxBytes", "from 1000 to 10000000 are wanted"));
        }
        let escape =
            Escape::named(&self.escape).ok_or_else(|| wrong("Escape", "neither chat nor none"))?;
        Ok(Settings {
            log: self.log,
            method: self.method,
            content_type: self.content_type,
            authorization,
            body,
            key: (!self.key.trim().is_empty() && self.window > 0).then_some(key),
            window: self.window as f64,
            most: usize::try_from(self.max_bytes).unwrap_or(usize::MAX),
            escape,
        })
    }
}
