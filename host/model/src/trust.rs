//! Where components may come from: which keys may sign which artifacts. Default deny: what no line of the policy allows is refused.

use std::{collections::BTreeSet, fmt};

use serde::{Deserialize, Serialize};

use crate::{
    ComponentSignature, NamePattern,
    component_signature::Subject,
    signing::{KeyId, PublicKey},
};

/// Whose components are run.
///
/// ```yaml
/// keys:
///   - { name: release, key: RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3, artifacts: ["Server.Slack.*"] }
/// unsigned: ["Test.*"]
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written")]
pub struct TrustPolicy {
    /// The keys, and what each may sign.
    pub keys: Vec<TrustedKey>,
    /// The artifacts that need no signature.
    pub unsigned: Vec<NamePattern>,
}

/// A key, and what it may sign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustedKey {
    /// What people call it.
    pub name: String,
    /// The key.
    pub key: PublicKey,
    /// The names of the artifacts that it may sign.
    pub artifacts: Vec<NamePattern>,
}

/// A policy as it is written, before what is wrong with it as a whole was looked for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    keys: Vec<TrustedKey>,
    #[serde(default)]
    unsigned: Vec<NamePattern>,
}

/// Who stands for a component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Whoever has this key, which the policy trusts with it.
    Signed {
        /// What the policy calls the key.
        name: String,
        /// The key.
        key: KeyId,
    },
    /// Nobody, which the policy allows for this artifact.
    Unsigned,
    /// Nobody asked: there is no policy.
    Unchecked,
}

/// A component that the policy does not let run, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{subject} is not trusted: {reason}")]
pub struct Untrusted {
    /// What it is.
    pub subject: String,
    /// Why not, and what to do.
    pub reason: String,
    /// The keys that signed it, by what it says.
    pub keys: Vec<KeyId>,
}

impl TryFrom<Written> for TrustPolicy {
    type Error = String;

    fn try_from(Written { keys, unsigned }: Written) -> Result<Self, String> {
        let mut names = BTreeSet::new();
        for key in &keys {
            let plain = |char: char| !char.is_control() && !char.is_whitespace();
            if key.name.is_empty() || key.name.len() > 64 || !key.name.chars().all(plain) {
                return Err("a key's name has 1 to 64 characters, without spaces".to_owned());
            }
            if !names.insert(&key.name) {
                return Err(format!("two keys are called `{}`", key.name));
            }
        }
        Ok(Self { keys, unsigned })
    }
}

impl TrustPolicy {
    /// Whether the component of these bytes, whose manifest says that it is `subject`, may run: one of its `signatures` is by a key that may
    /// sign it, or it needs none.
    pub fn decide(
        &self,
        subject: &Subject,
        component: &[u8],
        signatures: &[ComponentSignature],
    ) -> Result<Origin, Untrusted> {
        let refused = |reason: String| Untrusted {
            subject: subject.to_string(),
            reason,
            keys: signatures.iter().map(ComponentSignature::key).collect(),
        };
        let mut unknown = Vec::new();
        let mut not_allowed = Vec::new();
        let mut forged = None;
        for signature in signatures {
            match self.look_at(subject, component, signature) {
                Look::Good(key) => {
                    return Ok(Origin::Signed {
                        name: key.name.clone(),
                        key: signature.key(),
                    });
                }
                Look::Unknown => unknown.push(format!(
                    "it is signed by the key {}, which the trust policy does not name",
                    signature.key()
                )),
                Look::NotIts(why) => not_allowed.push(why),
                Look::Wrong(why) => forged = Some(why),
            }
        }
        // A signature that is wrong is refused even where none is needed: somebody changed what was signed.
        if let Some(why) = forged {
            return Err(refused(why));
        }
        if self
            .unsigned
            .iter()
            .any(|pattern| pattern.covers(&subject.artifact))
        {
            return Ok(Origin::Unsigned);
        }
        let why = not_allowed.pop().or(unknown.pop());
        Err(refused(why.unwrap_or_else(|| {
            "it is not signed, and `unsigned` of the trust policy does not name it: `watchbox sign` signs it".to_owned()
        })))
    }

    /// Refuses a signature that says it is by a key of the policy, and is not; gives the key's name where it is.
    pub fn check(
        &self,
        subject: &Subject,
        component: &[u8],
        signature: &ComponentSignature,
    ) -> Result<Option<&str>, Untrusted> {
        match self.look_at(subject, component, signature) {
            Look::Good(key) => Ok(Some(&key.name)),
            Look::Unknown | Look::NotIts(_) => Ok(None),
            Look::Wrong(reason) => Err(Untrusted {
                subject: subject.to_string(),
                reason,
                keys: vec![signature.key()],
            }),
        }
    }

    fn look_at(
        &self,
        subject: &Subject,
        component: &[u8],
        signature: &ComponentSignature,
    ) -> Look<'_> {
        let id = signature.key();
        // Ids are chosen by whoever makes a key: more than one may have this one.
        let keys = self.keys.iter().filter(|key| key.key.id() == id);
        let mut wrong = None;
        for key in keys {
            let name = &key.name;
            if signature.verify(&key.key, component).is_err() {
                wrong = Some(format!(
                    "its signature by the key `{name}` ({id}) is wrong: it is another component's, or one of the two was changed"
                ));
                continue;
            }
            match signature.subject() {
                Ok(named) if named == *subject => {}
                Ok(named) => {
                    return Look::Wrong(format!(
                        "it is signed by `{name}` ({id}) as {named}, and its manifest says {subject}"
                    ));
                }
                Err(error) => {
                    return Look::Wrong(format!("it is signed by `{name}` ({id}), but {error}"));
                }
            }
            if key
                .artifacts
                .iter()
                .any(|pattern| pattern.covers(&subject.artifact))
            {
                return Look::Good(key);
            }
            return Look::NotIts(format!(
                "it is signed by `{name}` ({id}), which may sign {}",
                Listed(&key.artifacts)
            ));
        }
        wrong.map_or(Look::Unknown, Look::Wrong)
    }
}

/// What one signature is worth.
enum Look<'p> {
    /// This key may sign it, and did.
    Good(&'p TrustedKey),
    /// By a key that may not sign this artifact.
    NotIts(String),
    /// By a key that is not known.
    Unknown,
    /// No signature by the key that it says it is by, or one of something else.
    Wrong(String),
}

/// Patterns, for people.
struct Listed<'p>(&'p [NamePattern]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("nothing");
        }
        for (at, pattern) in self.0.iter().enumerate() {
            write!(f, "{}{pattern}", if at == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

impl fmt::Display for TrustPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for key in &self.keys {
            write!(
                f,
                "`{}` ({}) signs {}; ",
                key.name,
                key.key.id(),
                Listed(&key.artifacts)
            )?;
        }
        write!(f, "unsigned: {}", Listed(&self.unsigned))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signed { name, key } => write!(f, "signed by `{name}` ({key})"),
            Self::Unsigned => f.write_str("unsigned, which the trust policy allows"),
            Self::Unchecked => f.write_str("unchecked: there is no trust policy"),
        }
    }
}

#[cfg(test)]
mod tests;
