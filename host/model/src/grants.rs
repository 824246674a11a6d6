//! What an operator allows an installation to do. Default deny: what no grant covers is refused, and an empty list allows nothing.
//!
//! Grants are a set of rules: what any of them allows is allowed, in whatever order they stand. So they can be compared rule by rule
//! (`compare.rs`), told apart (`differences.rs`), added to and taken from (`amend.rs`), and narrowed to what was used (`narrow.rs`).

mod amend;
mod compare;
mod declared;
mod differences;
mod http;
mod lack;
mod narrow;
mod path_pattern;
mod print;
mod recipient;
mod rule;
mod told;
mod url_pattern;
mod uses;
mod way_up;

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

pub use amend::NotRevoked;
pub(crate) use http::is_method;
pub use http::{HttpGrant, Reach};
pub use lack::Lack;
pub use narrow::{Kept, Narrowed};
pub use recipient::Recipients;
pub use rule::Rule;
pub use url_pattern::{UrlPattern, UrlPatternError};
pub use uses::{HttpUse, Use};

/// Why a text holds no grants.
pub use crate::document::DocumentError as GrantsError;
use crate::{
    Capability, Client, Label, Limits, MailAddress, SearchTerm,
    document::{Document, Field},
    label::LabelOp,
};

/// The grants of one installation. Written in YAML or JSON:
///
/// ```yaml
/// clients: [ "label:Slack" ]              # search terms; `all` allows every one
/// labels: { add: [], remove: [Slack] }    # `*` allows every label
/// http:
///   - { method: POST, url: "https://hooks.slack.com/services/*", secrets: [token_url] }
/// mail: [ soc@example.org ]               # addresses; `*@example.org` allows all of a domain, `*` every one
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
    /// Who may be written to (how often is a limit).
    pub mail: Vec<Recipients>,
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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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

/// What was decided, and why: the rule that allows it, or what is missing. To allow takes no memory.
pub type Verdict<'g> = Result<Rule<'g>, Denied>;

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Denied(pub String);

impl LabelsGrant {
    /// Those that may be put on, or taken off.
    pub fn of(&self, op: LabelOp) -> &[LabelPattern] {
        match op {
            LabelOp::Add => &self.add,
            LabelOp::Remove => &self.remove,
        }
    }

    fn read(field: &Field<'_>) -> Result<Self, GrantsError> {
        let fields = field.fields(&["add", "remove"])?;
        let patterns = |name: &str| -> Result<Vec<LabelPattern>, GrantsError> {
            fields.list(name)?.iter().map(pattern).collect()
        };
        Ok(Self {
            add: patterns("add")?,
            remove: patterns("remove")?,
        })
    }
}

fn pattern(field: &Field<'_>) -> Result<LabelPattern, GrantsError> {
    LabelPattern::try_from(field.text()?.to_owned()).map_err(|error| field.error(error))
}

impl LabelPattern {
    /// Whether `label` is one of those meant.
    fn covers(&self, label: &Label) -> bool {
        match self {
            Self::Any => true,
            Self::Exact(own) => own.is(label.as_str()),
        }
    }
}

impl fmt::Display for LabelPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Exact(label) => write!(f, "{label}"),
        }
    }
}

impl Grants {
    /// Reads YAML (or JSON, which is YAML); `file` is what errors call it. An unknown field is an error; no text at all grants nothing.
    pub fn parse(file: &str, text: &str) -> Result<Self, GrantsError> {
        Self::read(&Document::read(file, text)?.root())
    }

    /// Reads them where they are a part of another text.
    pub fn read(field: &Field<'_>) -> Result<Self, GrantsError> {
        if field.is_empty() {
            return Ok(Self::default());
        }
        let fields = field.fields(&[
            "clients", "labels", "http", "mail", "state", "log", "clock", "limits",
        ])?;
        let flag = |name: &str| fields.get(name).map_or(Ok(false), |field| field.boolean());
        Ok(Self {
            clients: fields
                .list("clients")?
                .iter()
                .map(Field::parse)
                .collect::<Result<_, _>>()?,
            labels: match fields.get("labels") {
                Some(field) => LabelsGrant::read(&field)?,
                None => LabelsGrant::default(),
            },
            http: fields
                .list("http")?
                .iter()
                .map(HttpGrant::read)
                .collect::<Result<_, _>>()?,
            mail: fields
                .list("mail")?
                .iter()
                .map(Field::parse)
                .collect::<Result<_, _>>()?,
            state: flag("state")?,
            log: flag("log")?,
            clock: flag("clock")?,
            limits: match fields.get("limits") {
                Some(field) => Limits::read(&field)?,
                None => Limits::default(),
            },
        })
    }

    /// The grants as a JSON value that [`Grants::parse`] reads back to the same (durations to the millisecond).
    pub fn to_json(&self) -> Value {
        let texts = |patterns: &[LabelPattern]| -> Vec<String> {
            patterns.iter().map(ToString::to_string).collect()
        };
        let clients: Vec<String> = self.clients.iter().map(ToString::to_string).collect();
        let mail: Vec<String> = self.mail.iter().map(ToString::to_string).collect();
        let http: Vec<Value> = self.http.iter().map(HttpGrant::to_json).collect();
        json!({
            "clients": clients,
            "labels": { "add": texts(&self.labels.add), "remove": texts(&self.labels.remove) },
            "http": http,
            "mail": mail,
            "state": self.state,
            "log": self.log,
            "clock": self.clock,
            "limits": self.limits.to_json(),
        })
    }

    /// May this search be made?
    pub fn search(&self, term: &SearchTerm) -> Verdict<'_> {
        match self.clients.iter().find(|granted| granted.covers(term)) {
            Some(granted) => Ok(Rule::Clients(granted)),
            None => Err(Denied(format!(
                "no grant covers the search `{term}`; this one would: clients: [{}]",
                Value::String(term.to_string())
            ))),
        }
    }

    /// May this client be read? (A client that no granted term matches is as good as none.)
    pub fn read_client(&self, client: &Client) -> Verdict<'_> {
        match self.clients.iter().find(|granted| granted.matches(client)) {
            Some(granted) => Ok(Rule::Clients(granted)),
            None => Err(Denied(format!(
                "no grant covers client {id}; this one would: clients: [\"client:{id}\"]",
                id = client.id
            ))),
        }
    }

    /// May this label be put on or taken off?
    pub fn change_label(&self, op: LabelOp, label: &Label) -> Verdict<'_> {
        let mut patterns = self.labels.of(op).iter();
        match patterns.find(|pattern| pattern.covers(label)) {
            Some(pattern) => Ok(Rule::Label(op, pattern)),
            None => Err(Denied(format!(
                "no grant covers it; this one would: labels: {{ {op}: [{}] }}",
                Value::String(label.to_string())
            ))),
        }
    }

    /// May this capability be used, which is granted as a whole or not at all? Of the others, each use is decided by itself.
    pub fn whole(&self, capability: Capability) -> Verdict<'static> {
        let granted = match capability {
            Capability::State => self.state,
            Capability::Log => self.log,
            Capability::Clock => self.clock,
            Capability::Clients | Capability::Labels | Capability::Http | Capability::Mail => false,
        };
        if granted {
            Ok(Rule::Whole(capability))
        } else {
            Err(Denied(format!(
                "`{capability}` is not granted: `{capability}: true` in its grants would allow it"
            )))
        }
    }

    /// May this request be sent? `url` has its secrets filled in; `secrets` names them. The reason never shows a secret's value:
    /// where there are secrets, it shows no more of the URL than scheme, host and port.
    pub fn send(&self, method: &str, url: &Url, secrets: &[&str]) -> Result<&HttpGrant, Denied> {
        http::decide(&self.http, method, url, secrets)
    }

    /// May a message go to this address?
    pub fn mail_to(&self, address: &MailAddress) -> Verdict<'_> {
        recipient::decide(&self.mail, address)
    }

    /// How far a request may go that may be sent: as far as any of the rules says that allow it.
    pub fn reach(&self, method: &str, url: &Url, secrets: &[&str]) -> Reach {
        http::reach(&self.http, method, url, secrets)
    }
}

#[cfg(test)]
mod tests;
