//! Artifacts: what a component is and wants, read off its bytes.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use watchbox_model::{
    Capability, Digest, Manifest, Name,
    manifest::{ColumnType, ConditionSpec, Encoding, Need},
    parameter::ParameterType,
    schedule,
};
use watchbox_sandbox::{Inspection, inspect::ImportClass};

use super::{ArtifactSignature, Timestamp};

/// A component that is kept, in a line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ArtifactSummary {
    /// SHA-256 of its bytes.
    #[schema(value_type = String)]
    pub digest: Digest,
    /// How many bytes it has.
    pub size: u64,
    /// When it was uploaded.
    pub uploaded: Timestamp,
    /// The artifact's name, by its manifest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub name: Option<Name>,
    /// The artifact's version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What it is installed as.
    #[schema(value_type = Vec<String>)]
    pub installed_as: Vec<Name>,
}

/// What a component is and wants. Nothing of it was run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Artifact {
    /// SHA-256 of its bytes.
    #[schema(value_type = String)]
    pub digest: Digest,
    /// How many bytes it has.
    pub size: u64,
    /// The artifact's name; missing, like all that the manifest says, where `manifest_error` says why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub name: Option<Name>,
    /// Its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What it does.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Who wrote it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub author: String,
    /// Why the manifest is missing or wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest_error: Option<String>,
    /// How rows cross the boundary: `msgpack` or `json`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub encoding: Option<Encoding>,
    /// Its parameters.
    pub parameters: Vec<Parameter>,
    /// The logs it watches.
    pub subscribe: Vec<Subscription>,
    /// Its clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
    /// Every capability that it declares or imports.
    pub capabilities: Vec<CapabilityUse>,
    /// The columns it emits.
    pub rows: Vec<Column>,
    /// Every import.
    pub imports: Vec<Import>,
    /// Every export's full name.
    pub exports: Vec<String>,
    /// Its signatures.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signatures: Vec<ArtifactSignature>,
}

/// A parameter, as the manifest declares it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its type: `string`, `int`, `float`, `bool`, `regex`, `json` or `secret`.
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "string")]
    pub kind: ParameterType,
    /// Its value where none is given; a parameter without one must be given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub default: Option<Value>,
    /// What it is for.
    pub description: String,
}

/// A log that the artifact watches, as its manifest writes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Subscription {
    /// The log's name; `{parameter}` may stand in it.
    pub artifact: String,
    /// Conditions that all must hold, run by the host.
    #[serde(rename = "where")]
    #[schema(value_type = Vec<Object>)]
    pub filter: Vec<ConditionSpec>,
    /// The columns that cross the boundary; all where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<Vec<String>>,
}

/// An artifact's clock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Schedule {
    /// A period, in seconds.
    Every(f64),
    /// A cron expression, in UTC.
    Cron(String),
}

/// A capability, as it is declared and imported.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CapabilityUse {
    /// Which one.
    #[schema(value_type = String, example = "http")]
    pub capability: Capability,
    /// Whether the manifest declares it.
    pub declared: bool,
    /// Whether the component imports it.
    pub imported: bool,
    /// Why the artifact wants it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// For `http` and `mail`: the requests it wants to make, the people it wants to write to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>)]
    pub needs: Vec<Need>,
}

/// A column that the artifact emits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "string")]
    pub kind: ColumnType,
    /// What it holds.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
}

/// An import of a component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Import {
    /// The full name, with its version.
    #[schema(example = "watchbox:artifact/http@0.1.0")]
    pub name: String,
    /// What it is to the host.
    pub kind: ImportKind,
    /// The capability that serves it, where it is gated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "http")]
    pub capability: Option<Capability>,
}

/// What an import is to the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ImportKind {
    /// A capability: served where it is declared and granted.
    Gated,
    /// WASI, backed by nothing.
    Inert,
    /// Nothing serves it: the component can't be installed.
    Unknown,
}

impl From<&Inspection> for Artifact {
    fn from(inspection: &Inspection) -> Self {
        let manifest = inspection.manifest.as_ref();
        Self {
            digest: inspection.digest,
            size: inspection.size,
            name: manifest.map(|manifest| manifest.name.clone()),
            version: manifest.map(|manifest| manifest.version.to_string()),
            description: manifest.map_or_else(String::new, |m| m.description.clone()),
            author: manifest.map_or_else(String::new, |m| m.author.clone()),
            manifest_error: inspection.manifest_error.clone(),
            encoding: manifest.map(|manifest| manifest.encoding),
            parameters: manifest.map_or_else(Vec::new, parameters),
            subscribe: manifest.map_or_else(Vec::new, subscriptions),
            schedule: manifest
                .and_then(|manifest| manifest.schedule.as_ref())
                .map(Schedule::from),
            capabilities: capabilities(inspection),
            rows: manifest.map_or_else(Vec::new, columns),
            imports: inspection
                .imports
                .iter()
                .map(|import| Import {
                    name: import.name.clone(),
                    kind: match import.class {
                        ImportClass::Gated(_) => ImportKind::Gated,
                        ImportClass::Inert => ImportKind::Inert,
                        ImportClass::Unknown => ImportKind::Unknown,
                    },
                    capability: match import.class {
                        ImportClass::Gated(capability) => Some(capability),
                        ImportClass::Inert | ImportClass::Unknown => None,
                    },
                })
                .collect(),
            exports: inspection.exports.clone(),
            signatures: Vec::new(),
        }
    }
}

impl From<&schedule::Schedule> for Schedule {
    fn from(schedule: &schedule::Schedule) -> Self {
        match schedule {
            schedule::Schedule::Every(period) => Self::Every(period.as_secs_f64()),
            schedule::Schedule::Cron(cron) => Self::Cron(cron.as_str().to_owned()),
        }
    }
}

fn parameters(manifest: &Manifest) -> Vec<Parameter> {
    let public = |spec: &watchbox_model::parameter::ParameterSpec| Parameter {
        name: spec.name.clone(),
        kind: spec.kind,
        default: spec.default.clone(),
        description: spec.description.clone(),
    };
    manifest.parameters.iter().map(public).collect()
}

fn subscriptions(manifest: &Manifest) -> Vec<Subscription> {
    let public = |subscription: &watchbox_model::manifest::Subscription| Subscription {
        artifact: subscription.artifact.clone(),
        filter: subscription.filter.clone(),
        columns: subscription.columns.clone(),
    };
    manifest.subscribe.iter().map(public).collect()
}

fn columns(manifest: &Manifest) -> Vec<Column> {
    let public = |column: &watchbox_model::manifest::Column| Column {
        name: column.name.clone(),
        kind: column.kind,
        description: column.description.clone(),
    };
    manifest.rows.iter().map(public).collect()
}

fn capabilities(inspection: &Inspection) -> Vec<CapabilityUse> {
    let use_of = |capability| {
        let declared = inspection
            .manifest
            .as_ref()
            .and_then(|manifest| manifest.capabilities.get(&capability));
        let imported = inspection
            .imports
            .iter()
            .any(|import| import.class == ImportClass::Gated(capability));
        (declared.is_some() || imported).then(|| CapabilityUse {
            capability,
            declared: declared.is_some(),
            imported,
            reason: declared.map_or_else(String::new, |declared| declared.reason.clone()),
            needs: declared.map_or_else(Vec::new, |declared| declared.needs.clone()),
        })
    };
    Capability::ALL.into_iter().filter_map(use_of).collect()
}
