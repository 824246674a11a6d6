//! The signature of a component: by which key, and of which artifact in which version, it says that it is.

use std::{fmt, str::FromStr};

use crate::{
    Name,
    signing::{KeyId, PublicKey, Signature, SigningError, SigningKey},
};

/// A signature of a component: the text of its `.minisig` file. What it says is not to be trusted before [`ComponentSignature::verify`].
#[derive(Clone, PartialEq, Eq)]
pub struct ComponentSignature {
    signature: Signature,
    key: KeyId,
    comment: String,
}

/// What a component is, by its manifest or by its signature: there in the trusted comment, by the words `artifact:NAME` and `version:VERSION`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The artifact's name.
    pub artifact: Name,
    /// Its version.
    pub version: semver::Version,
}

impl ComponentSignature {
    /// Signs `component` as `subject`; `more` are further words of the trusted comment.
    pub fn make(
        key: &SigningKey,
        component: &[u8],
        subject: &Subject,
        more: &str,
    ) -> Result<Self, SigningError> {
        let Subject { artifact, version } = subject;
        let comment = format!("{more}\tartifact:{artifact}\tversion:{version}");
        key.sign(component, comment.trim())?.as_str().parse()
    }

    /// The id of the key that it says it was made with.
    pub fn key(&self) -> KeyId {
        self.key
    }

    /// The comment that is signed with the component.
    pub fn comment(&self) -> &str {
        &self.comment
    }

    /// The text of the `.minisig` file.
    pub fn as_str(&self) -> &str {
        self.signature.as_str()
    }

    /// Whether `key` signed `component` and the comment.
    pub fn verify(&self, key: &PublicKey, component: &[u8]) -> Result<(), SigningError> {
        key.verify(component, &self.signature)
    }

    /// What it says that it is for.
    pub fn subject(&self) -> Result<Subject, SigningError> {
        const REMEDY: &str =
            "`watchbox sign` writes it, or minisign's `-t \"artifact:NAME version:VERSION\"`";
        let wrong = SigningError::NoSignature;
        let word = |label: &str| {
            let mut found = self
                .comment
                .split_ascii_whitespace()
                .filter_map(|word| word.strip_prefix(label));
            match (found.next(), found.next()) {
                (Some(word), None) => Ok(word),
                (None, _) => Err(wrong(format!(
                    "its trusted comment has no `{label}`: {REMEDY}"
                ))),
                (Some(_), Some(_)) => {
                    Err(wrong(format!("its trusted comment has `{label}` twice")))
                }
            }
        };
        let (artifact, version) = (word("artifact:")?, word("version:")?);
        match (artifact.parse(), version.parse()) {
            (Ok(artifact), Ok(version)) => Ok(Subject { artifact, version }),
            _ => Err(wrong(format!(
                "its trusted comment names no artifact and version: {REMEDY}"
            ))),
        }
    }

    /// The seconds since 1970 that it says it was made at.
    pub fn timestamp(&self) -> Option<u64> {
        let mut words = self.comment.split_ascii_whitespace();
        words.find_map(|word| word.strip_prefix("timestamp:")?.parse().ok())
    }
}

impl FromStr for ComponentSignature {
    type Err = SigningError;

    fn from_str(text: &str) -> Result<Self, SigningError> {
        let signature = Signature::new(text.to_owned());
        let parts = signature.parts()?;
        Ok(Self {
            key: parts.key,
            comment: parts.comment.to_owned(),
            signature,
        })
    }
}

impl fmt::Debug for ComponentSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ComponentSignature")
            .field("key", &self.key)
            .field("comment", &self.comment)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.artifact, self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(comment: &str) -> ComponentSignature {
        let key = SigningKey::generate().unwrap();
        key.sign(b"", comment).unwrap().as_str().parse().unwrap()
    }

    #[test]
    fn it_says_by_which_key_and_of_what_it_is() {
        let key = SigningKey::generate().unwrap();
        let subject = Subject {
            artifact: "Server.X".parse().unwrap(),
            version: "1.2.3-rc.1".parse().unwrap(),
        };
        let signature = ComponentSignature::make(&key, b"data", &subject, "timestamp:17").unwrap();
        signature.verify(key.public(), b"data").unwrap();
        assert!(signature.verify(key.public(), b"date").is_err());
        assert_eq!(signature.key(), key.public().id());
        assert_eq!(signature.subject().unwrap(), subject);
        assert_eq!(signature.timestamp(), Some(17));
        let again: ComponentSignature = signature.as_str().parse().unwrap();
        assert_eq!(again, signature);
    }

    #[test]
    fn the_comment_names_an_artifact_and_its_version() {
        let subject = |comment: &str| {
            let subject = signed(comment).subject();
            subject.map_err(|error| error.to_string())
        };
        let read = subject("artifact:Server.X version:1.0.0").unwrap();
        assert_eq!(read.to_string(), "Server.X 1.0.0");
        assert!(subject("x").unwrap_err().contains("no `artifact:`"));
        assert!(subject("artifact:A").unwrap_err().contains("no `version:`"));
        let twice = subject("artifact:A version:1.0.0 artifact:B");
        assert!(twice.unwrap_err().contains("twice"));
        assert!(subject("artifact:.. version:1.0.0").is_err());
        assert!(subject("artifact:A version:one").is_err());
    }
}
