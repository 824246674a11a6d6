//! The things that a host can do for a guest.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// One capability: one interface of `watchbox:artifact`, one kind of grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Capability {
    /// Look clients up.
    Clients,
    /// Put labels on clients and take them off.
    Labels,
    /// Send HTTP requests.
    Http,
    /// Send mail.
    Mail,
    /// Keep values between turns.
    State,
    /// Write lines for the operator.
    Log,
    /// Read the turn's time.
    Clock,
}

impl Capability {
    /// All there are.
    pub const ALL: [Self; 7] = [
        Self::Clients,
        Self::Labels,
        Self::Http,
        Self::Mail,
        Self::State,
        Self::Log,
        Self::Clock,
    ];

    /// The name: of the interface, in a manifest, in a grant.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clients => "clients",
            Self::Labels => "labels",
            Self::Http => "http",
            Self::Mail => "mail",
            Self::State => "state",
            Self::Log => "log",
            Self::Clock => "clock",
        }
    }
}

/// A text that names no capability.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no capability: there are clients, labels, http, mail, state, log and clock")]
pub struct CapabilityError(String);

impl FromStr for Capability {
    type Err = CapabilityError;

    fn from_str(text: &str) -> Result<Self, CapabilityError> {
        Self::ALL
            .into_iter()
            .find(|capability| capability.as_str() == text)
            .ok_or_else(|| CapabilityError(text.chars().take(80).collect()))
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
