//! Parameters: the typed settings of an artifact, given when it is installed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Name, Secret};

/// A parameter as a manifest declares it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParameterSpec {
    /// Its name: a letter or `_`, then letters, digits and `_`.
    pub name: String,
    /// Its type.
    #[serde(rename = "type", default)]
    pub kind: ParameterType,
    /// Its value where none is given; a parameter without one must be given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<serde_json::Value>,
    /// What it is for.
    #[serde(default)]
    pub description: String,
}

/// The types of parameters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ParameterType {
    /// Text.
    #[default]
    String,
    /// A whole number within ±(2^53-1), so that every language reads it exactly.
    Int,
    /// A number.
    Float,
    /// True or false.
    Bool,
    /// Text that must compile as a regular expression.
    Regex,
    /// Any JSON.
    Json,
    /// Text that never reaches the guest.
    Secret,
}

/// Values that fit their specs: secrets apart from the rest, defaults filled in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parameters {
    /// What the guest is given.
    pub open: BTreeMap<String, serde_json::Value>,
    /// What only the host sees.
    pub secrets: BTreeMap<String, Secret>,
}

/// A value that does not fit its parameter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("parameter `{parameter}` of {artifact}: {reason}")]
pub struct ParameterError {
    /// The artifact.
    pub artifact: Name,
    /// The parameter.
    pub parameter: String,
    /// What is wrong and what is wanted; never the value of a secret.
    pub reason: String,
}

impl Parameters {
    /// Checks `given` against `specs` and fills defaults in. Text is read as the type wants (so that a
    /// command line can give an `int`); an unknown name, a missing value and a value of a wrong type are errors.
    pub fn resolve(
        artifact: &Name,
        specs: &[ParameterSpec],
        given: BTreeMap<String, serde_json::Value>,
    ) -> Result<Self, ParameterError> {
        let _ = (artifact, specs, given);
        todo!()
    }

    /// `text` with each `{name}` replaced by that parameter's value; a secret or an unknown name is an error.
    pub fn fill(&self, artifact: &Name, text: &str) -> Result<String, ParameterError> {
        let _ = (artifact, text);
        todo!()
    }
}
