//! A request, and how it is put together.

use std::time::Duration;

use serde::Serialize;

use super::{Error, Response};
use crate::host;

/// A text of a request, or a place where the host fills a secret in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Text {
    /// The text itself.
    Plain(String),
    /// A secret parameter's value, which the artifact never sees.
    Secret {
        /// The parameter's name.
        parameter: String,
        /// Text to stand before it.
        prefix: String,
    },
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::Plain(text.to_owned())
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::Plain(text)
    }
}

/// The value of a parameter of type `secret`, filled in by the host, and only towards destinations whose grant names it.
pub fn secret(parameter: &str) -> Text {
    secret_after("", parameter)
}

/// `prefix` and then the value of a parameter of type `secret`: `secret_after("Bearer ", "token")`.
pub fn secret_after(prefix: &str, parameter: &str) -> Text {
    Text::Secret {
        parameter: parameter.to_owned(),
        prefix: prefix.to_owned(),
    }
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a request does nothing until it is sent"]
pub struct Request {
    /// The method, in capitals.
    pub method: String,
    /// An absolute URL.
    pub url: Text,
    /// Its headers, in order.
    pub headers: Vec<(String, Text)>,
    /// Its body, without its secrets; empty for none.
    pub body: Vec<u8>,
    /// The secret parameters that the host puts into the body, each before the byte of it that is counted.
    pub body_secrets: Vec<(usize, String)>,
    /// How long it may take; 30 s where none is given.
    pub timeout: Option<Duration>,
    /// A name for this effect within its turn.
    pub once: Option<String>,
}

impl Request {
    /// A request of any method.
    pub fn new(method: &str, url: impl Into<Text>) -> Self {
        Self {
            method: method.to_owned(),
            url: url.into(),
            headers: Vec::new(),
            body: Vec::new(),
            body_secrets: Vec::new(),
            timeout: None,
            once: None,
        }
    }

    /// A GET.
    pub fn get(url: impl Into<Text>) -> Self {
        Self::new("GET", url)
    }

    /// A POST.
    pub fn post(url: impl Into<Text>) -> Self {
        Self::new("POST", url)
    }

    /// A PUT.
    pub fn put(url: impl Into<Text>) -> Self {
        Self::new("PUT", url)
    }

    /// With a header more.
    pub fn header(mut self, name: &str, value: impl Into<Text>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// With this body.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.body_secrets.clear();
        self
    }

    /// With a body of these parts, one after the other, secrets among them: for services that want their key there.
    ///
    /// ```
    /// # use watchbox_sdk::http::{self, Request};
    /// let request = Request::post("https://h.example/token").body_parts([
    ///     "grant_type=client_credentials&client_secret=".into(),
    ///     http::secret("client_secret"),
    /// ]);
    /// # assert_eq!(request.body_secrets, [(44, "client_secret".to_owned())]);
    /// ```
    pub fn body_parts(self, parts: impl IntoIterator<Item = Text>) -> Self {
        let mut whole = self.body("");
        for part in parts {
            match part {
                Text::Plain(text) => whole.body.extend(text.into_bytes()),
                Text::Secret { parameter, prefix } => {
                    whole.body.extend(prefix.into_bytes());
                    whole.body_secrets.push((whole.body.len(), parameter));
                }
            }
        }
        whole
    }

    /// With this body as JSON, and the header `content-type` that says so.
    ///
    /// # Panics
    /// Where `value` can't be JSON: a map with keys that are no text, or a `Serialize` that fails. What derives `Serialize` from plain
    /// fields always can.
    #[track_caller]
    #[allow(clippy::panic)] // A mistake in the artifact's types, which no input brings about; documented above.
    pub fn json<T: Serialize + ?Sized>(self, value: &T) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => self.header("content-type", "application/json").body(body),
            Err(error) => panic!("the body can't be JSON: {error}"),
        }
    }

    /// Which may take this long until the response's body is in.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Named within its turn: if the turn is tried again, what was settled under this name is not done again, even if the body now
    /// differs. What settles it says `wit/http.wit`: in short, any answer but one that asks for patience (408, 425, 429, 5xx).
    pub fn once(mut self, name: impl Into<String>) -> Self {
        self.once = Some(name.into());
        self
    }

    /// Sends it and waits for its response, whatever its status.
    pub fn send(self) -> Result<Response, Error> {
        host::send(self)
    }
}
