//! What an operator allows an installation to do. Default deny: what no grant covers is refused, and an empty list allows nothing.
//!
//! One submodule per capability holds its grant and its decision.

mod http;

use serde::{Deserialize, Serialize};

pub use http::{HttpGrant, HttpGrantError, UrlPattern};

use crate::{Label, Limits, SearchTerm};

/// The grants of one installation. Written in YAML or JSON:
///
/// ```yaml
/// clients: [ "label:Slack" ]              # search terms; `all` allows every one
/// labels: { add: [], remove: [Slack] }    # `*` allows every label
/// http:
///   - { method: POST, url: "https://hooks.slack.com/services/*", secrets: [token_url] }
/// state: true
/// log: true
/// clock: true
/// limits: { memory: 64MiB, compute: 5s, turn: 60s }
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Grants {
    /// The searches that may be made. A client may be read by id if one of these terms matches it.
    pub clients: Vec<SearchTerm>,
    /// The labels that may be put on and taken off.
    pub labels: LabelsGrant,
    /// The requests that may be sent.
    pub http: Vec<HttpGrant>,
    /// Whether state may be kept (its size is a limit).
    pub state: bool,
    /// Whether lines may be logged (their number is a limit).
    pub log: bool,
    /// Whether the turn's time may be read.
    pub clock: bool,
    /// The limits.
    pub limits: Limits,
}

/// Labels that may be changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LabelsGrant {
    /// Those that may be put on.
    pub add: Vec<LabelPattern>,
    /// Those that may be taken off.
    pub remove: Vec<LabelPattern>,
}

/// A label, or `*` for every one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum LabelPattern {
    /// Every label.
    Any,
    /// This one.
    Exact(Label),
}

impl TryFrom<String> for LabelPattern {
    type Error = crate::label::LabelError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Ok(if text == "*" {
            Self::Any
        } else {
            Self::Exact(text.parse()?)
        })
    }
}

impl From<LabelPattern> for String {
    fn from(pattern: LabelPattern) -> Self {
        match pattern {
            LabelPattern::Any => "*".to_owned(),
            LabelPattern::Exact(label) => label.into(),
        }
    }
}

/// What was decided, and why: the text of the rule that allows it, or what is missing.
pub type Verdict = Result<String, Denied>;

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Denied(pub String);

/// Why a text holds no grants.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {field}: {reason}")]
pub struct GrantsError {
    /// The file, or what stands for it.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The field, as a path.
    pub field: String,
    /// What is wrong, and the remedy.
    pub reason: String,
}

impl Grants {
    /// Reads YAML (or JSON, which is YAML); `file` is what errors call it. An unknown field is an error.
    pub fn parse(file: &str, text: &str) -> Result<Self, GrantsError> {
        let _ = (file, text);
        todo!()
    }

    /// The grants as a JSON value that [`Grants::parse`] reads back to the same.
    pub fn to_json(&self) -> serde_json::Value {
        todo!()
    }

    /// May this search be made?
    pub fn search(&self, term: &SearchTerm) -> Verdict {
        let _ = term;
        todo!()
    }

    /// May this client be read? (A client that no granted term matches is as good as none.)
    pub fn read_client(&self, client: &crate::Client) -> Verdict {
        let _ = client;
        todo!()
    }

    /// May this label be put on or taken off?
    pub fn change_label(&self, op: crate::label::LabelOp, label: &Label) -> Verdict {
        let _ = (op, label);
        todo!()
    }

    /// May this request be sent? `url` has its secrets filled in; `secrets` names them. The reason never shows a secret's value.
    pub fn send(
        &self,
        method: &str,
        url: &url::Url,
        secrets: &[&str],
    ) -> Result<&HttpGrant, Denied> {
        let _ = (method, url, secrets);
        todo!()
    }
}
