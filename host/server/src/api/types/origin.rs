//! Where components come from: signatures, and what the trust policy says of them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use watchbox_engine::SignatureFacts;
use watchbox_model::{ComponentSignature, Time, trust};

use super::Timestamp;

/// A signature of a component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ArtifactSignature {
    /// The id of the key that it says it was made with.
    #[schema(example = "E7620F1842B4E81F")]
    pub key: String,
    /// What the trust policy calls that key, where it verifies the signature; left out where it does not, or where there is no policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<String>,
    /// The artifact and the version that it says it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// When it says that it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_at: Option<Timestamp>,
    /// When it came; left out where it is not kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub added: Option<Timestamp>,
}

/// Who stands for a component that runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Origin {
    /// What was found.
    pub trust: Trust,
    /// What the trust policy calls the key that signed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<String>,
    /// That key's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// What the trust policy says of a component that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Trust {
    /// It is signed by a key that may sign it.
    Signed,
    /// It needs no signature.
    Unsigned,
    /// There is no policy.
    Unchecked,
}

impl From<&ComponentSignature> for ArtifactSignature {
    /// By what the signature says; nothing of it is verified.
    fn from(signature: &ComponentSignature) -> Self {
        let seconds = signature.timestamp();
        Self {
            key: signature.key().to_string(),
            signer: None,
            subject: signature.subject().ok().map(|subject| subject.to_string()),
            signed_at: seconds.map(|seconds| Timestamp(Time::from_seconds(seconds as f64))),
            added: None,
        }
    }
}

impl From<SignatureFacts> for ArtifactSignature {
    fn from(facts: SignatureFacts) -> Self {
        Self {
            signer: facts.signer,
            added: Some(Timestamp(facts.added)),
            ..Self::from(&facts.signature)
        }
    }
}

impl From<trust::Origin> for Origin {
    fn from(origin: trust::Origin) -> Self {
        let bare = |trust| Self {
            trust,
            signer: None,
            key: None,
        };
        match origin {
            trust::Origin::Signed { name, key } => Self {
                trust: Trust::Signed,
                signer: Some(name),
                key: Some(key.to_string()),
            },
            trust::Origin::Unsigned => bare(Trust::Unsigned),
            trust::Origin::Unchecked => bare(Trust::Unchecked),
        }
    }
}
