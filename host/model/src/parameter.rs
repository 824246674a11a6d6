//! Parameters: the typed settings of an artifact, given when it is installed.

mod change;
mod encode;

use std::{borrow::Cow, collections::BTreeMap};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Name, Secret,
    placeholder::{self, Part, Syntax},
    suggestion::did_you_mean,
};

pub use change::ParameterChange;

/// The largest whole number that every language reads exactly.
const MAX_INT: u64 = (1 << 53) - 1;

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
    pub default: Option<Value>,
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
    pub open: BTreeMap<String, Value>,
    /// What only the host sees.
    pub secrets: BTreeMap<String, Secret>,
}

/// Refuses `names` under which secrets are given and that are no secret parameters.
pub fn check_secrets<'n>(
    artifact: &Name,
    specs: &[ParameterSpec],
    names: impl IntoIterator<Item = &'n String>,
) -> Result<(), ParameterError> {
    let is_secret = |spec: &&ParameterSpec| spec.kind == ParameterType::Secret;
    for name in names {
        match specs.iter().find(|spec| spec.name == *name) {
            Some(spec) if is_secret(&spec) => {}
            Some(_) => {
                return Err(ParameterError {
                    artifact: artifact.clone(),
                    parameter: name.clone(),
                    reason: "it is no secret: give it as an open parameter".to_owned(),
                });
            }
            None => return Err(no_such(artifact, specs.iter().filter(is_secret), name)),
        }
    }
    Ok(())
}

/// That none of `specs` has this name.
fn no_such<'s>(
    artifact: &Name,
    specs: impl Iterator<Item = &'s ParameterSpec> + Clone,
    name: &str,
) -> ParameterError {
    let names = specs.map(|spec| spec.name.as_str());
    let hint = did_you_mean(name, names.clone());
    let known = names.collect::<Vec<_>>().join(", ");
    let known = match &*known {
        "" => "the artifact has none".to_owned(),
        known => format!("there are {known}"),
    };
    ParameterError {
        artifact: artifact.clone(),
        parameter: name.to_owned(),
        reason: format!("no such parameter{hint}: {known}"),
    }
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

impl ParameterType {
    /// All there are.
    pub const ALL: [Self; 7] = [
        Self::String,
        Self::Int,
        Self::Float,
        Self::Bool,
        Self::Regex,
        Self::Json,
        Self::Secret,
    ];

    /// The name, as in a manifest.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Int => "int",
            Self::Float => "float",
            Self::Bool => "bool",
            Self::Regex => "regex",
            Self::Json => "json",
            Self::Secret => "secret",
        }
    }

    /// `value` as this type has it, or what is wrong with it. Text is read as the type wants; what comes out is read to the same again.
    pub(crate) fn read(self, value: Value) -> Result<Value, String> {
        let wanted = match self {
            Self::String | Self::Secret => "text",
            Self::Int => "a whole number",
            Self::Float => "a number",
            Self::Bool => "true or false",
            Self::Regex => "a regular expression, as text",
            Self::Json => "JSON",
        };
        let refuse = |value: &Value| match self {
            // Whatever was given in its place may be the secret itself.
            Self::Secret => format!("{wanted} is wanted"),
            _ => format!("{wanted} is wanted, {} was given", shown(value)),
        };
        match (self, value) {
            (Self::String | Self::Secret, Value::String(text)) => Ok(Value::String(text)),
            (Self::Bool, Value::Bool(value)) => Ok(Value::Bool(value)),
            (Self::Bool, Value::String(text)) => match text.trim() {
                "true" => Ok(Value::Bool(true)),
                "false" => Ok(Value::Bool(false)),
                _ => Err(refuse(&Value::String(text))),
            },
            (Self::Int, value) => match whole(&value) {
                Some(number) if number.unsigned_abs() <= MAX_INT => Ok(number.into()),
                Some(_) => Err("it is beyond ±(2^53-1), which not every language holds".to_owned()),
                None => Err(refuse(&value)),
            },
            (Self::Float, value) => {
                let number = match &value {
                    Value::Number(number) => number.as_f64(),
                    Value::String(text) => text.trim().parse().ok(),
                    _ => None,
                };
                number
                    .and_then(serde_json::Number::from_f64)
                    .map(Value::Number)
                    .ok_or_else(|| refuse(&value))
            }
            (Self::Regex, Value::String(text)) => match crate::pattern::compile(&text) {
                Ok(_) => Ok(Value::String(text)),
                Err(error) => Err(format!("{error}")),
            },
            // Text that is JSON is read as such but where that is text again: that would be read once more the next time.
            (Self::Json, Value::String(text)) => match serde_json::from_str(&text) {
                Ok(Value::String(_)) | Err(_) => Ok(Value::String(text)),
                Ok(value) => Ok(value),
            },
            (Self::Json, value) => Ok(value),
            (_, value) => Err(refuse(&value)),
        }
    }
}

/// The whole number that a value is, or reads as.
fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| {
            let float = number.as_f64().filter(|float| float.fract() == 0.0)?;
            Some(float as i64)
        }),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A value, short enough for a message.
fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text,
    }
}

impl Parameters {
    /// Checks `given` against `specs` and fills defaults in. Text is read as the type wants (so that a
    /// command line can give an `int`); an unknown name, a missing value and a value of a wrong type are errors.
    pub fn resolve(
        artifact: &Name,
        specs: &[ParameterSpec],
        mut given: BTreeMap<String, Value>,
    ) -> Result<Self, ParameterError> {
        let failed = |parameter: &str, reason: String| ParameterError {
            artifact: artifact.clone(),
            parameter: parameter.to_owned(),
            reason,
        };
        let mut parameters = Self::default();
        for spec in specs {
            let value = given
                .remove(&spec.name)
                .or_else(|| spec.default.clone())
                .ok_or_else(|| {
                    let kind = spec.kind.as_str();
                    failed(
                        &spec.name,
                        format!(
                            "it is missing: give it a value (its type is {kind}, it has no default)"
                        ),
                    )
                })?;
            let value = spec
                .kind
                .read(value)
                .map_err(|reason| failed(&spec.name, reason))?;
            match (spec.kind, value) {
                (ParameterType::Secret, Value::String(text)) => {
                    parameters
                        .secrets
                        .insert(spec.name.clone(), Secret::new(text));
                }
                (_, value) => {
                    parameters.open.insert(spec.name.clone(), value);
                }
            }
        }
        match given.into_keys().next() {
            None => Ok(parameters),
            Some(unknown) => Err(no_such(artifact, specs.iter(), &unknown)),
        }
    }

    /// `text` with each `{name}` replaced by that parameter's value; a secret or an unknown name is an error.
    pub fn fill(&self, artifact: &Name, text: &str) -> Result<String, ParameterError> {
        let mut filled = String::with_capacity(text.len());
        for part in placeholder::parts(text, Syntax::Plain) {
            match part {
                Part::Text(text) => filled.push_str(text),
                Part::Parameter(name) => filled.push_str(&self.text(artifact, name)?),
            }
        }
        Ok(filled)
    }

    /// The value of the open parameter `name`, as text.
    pub(crate) fn text(&self, artifact: &Name, name: &str) -> Result<Cow<'_, str>, ParameterError> {
        let failed = |reason: &str| ParameterError {
            artifact: artifact.clone(),
            parameter: name.to_owned(),
            reason: reason.to_owned(),
        };
        match self.open.get(name) {
            Some(Value::String(text)) => Ok(Cow::Borrowed(text)),
            Some(value @ (Value::Number(_) | Value::Bool(_))) => Ok(Cow::Owned(value.to_string())),
            Some(_) => Err(failed(
                "its value is no text, number or boolean, and can't stand in a text",
            )),
            None if self.secrets.contains_key(name) => Err(failed(
                "it is a secret, which may stand in the URL of an http need only",
            )),
            None => Err(failed("no such parameter")),
        }
    }
}

#[cfg(test)]
mod tests;
