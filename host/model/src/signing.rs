//! Keys that sign, and signatures: Ed25519 in the form of minisign, so that its own tool can check them.

use std::{fmt, io::Cursor, str::FromStr};

use minisign::{KeyPair, PublicKeyBox, SecretKey, SecretKeyBox, SignatureBox};
use serde::{Deserialize, Serialize};

/// Why something can't be signed or checked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SigningError {
    /// A text that is no key.
    #[error("that is no {0} of minisign: {1}")]
    NoKey(&'static str, String),
    /// A text that is no signature.
    #[error("that is no signature of minisign: {0}")]
    NoSignature(String),
    /// A signature that does not hold.
    #[error("the signature does not hold: {0}")]
    Wrong(String),
    /// Nothing could be signed.
    #[error("nothing could be signed: {0}")]
    Failed(String),
}

/// A secret key, without a password.
pub struct SigningKey {
    secret: SecretKey,
    public: PublicKey,
}

impl SigningKey {
    /// A new one, from the system's randomness.
    pub fn generate() -> Result<Self, SigningError> {
        let failed = |error: minisign::PError| SigningError::Failed(error.to_string());
        let KeyPair { pk, sk } = KeyPair::generate_unencrypted_keypair().map_err(failed)?;
        Ok(Self {
            secret: sk,
            public: PublicKey(pk),
        })
    }

    /// Reads a key file of minisign that has no password.
    pub fn parse(text: &str) -> Result<Self, SigningError> {
        let wrong = |error: minisign::PError| SigningError::NoKey("secret key", error.to_string());
        let boxed = SecretKeyBox::from_string(text).map_err(wrong)?;
        let secret = boxed.into_unencrypted_secret_key().map_err(wrong)?;
        let public = minisign::PublicKey::from_secret_key(&secret).map_err(wrong)?;
        Ok(Self {
            secret,
            public: PublicKey(public),
        })
    }

    /// The text of its key file; `comment` says whose it is.
    pub fn to_text(&self, comment: &str) -> Result<String, SigningError> {
        let failed = |error: minisign::PError| SigningError::Failed(error.to_string());
        Ok(self
            .secret
            .to_box(Some(comment))
            .map_err(failed)?
            .to_string())
    }

    /// The key that its signatures are checked with.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs `text`; `comment` is signed with it.
    pub fn sign(&self, text: &[u8], comment: &str) -> Result<Signature, SigningError> {
        minisign::sign(
            Some(&self.public.0),
            &self.secret,
            Cursor::new(text),
            Some(comment),
            Some("watchbox"),
        )
        .map(|signature| Signature(signature.to_string()))
        .map_err(|error| SigningError::Failed(error.to_string()))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SigningKey").field(&self.public).finish()
    }
}

/// A public key; written as the 56 characters that stand in the second line of minisign's file.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicKey(minisign::PublicKey);

impl PublicKey {
    /// Whether `signature` is of `text` and of this key.
    pub fn verify(&self, text: &[u8], signature: &Signature) -> Result<(), SigningError> {
        let boxed = SignatureBox::from_string(&signature.0)
            .map_err(|error| SigningError::NoSignature(error.to_string()))?;
        minisign::verify(&self.0, &boxed, Cursor::new(text), true, false, false)
            .map_err(|error| SigningError::Wrong(error.to_string()))
    }
}

impl FromStr for PublicKey {
    type Err = SigningError;

    /// Reads the key alone, or a whole file of minisign.
    fn from_str(text: &str) -> Result<Self, SigningError> {
        let text = text.trim();
        let key = if text.contains('\n') {
            PublicKeyBox::from_string(text).and_then(PublicKeyBox::into_public_key)
        } else {
            minisign::PublicKey::from_base64(text)
        };
        key.map(Self)
            .map_err(|error| SigningError::NoKey("public key", error.to_string()))
    }
}

impl TryFrom<String> for PublicKey {
    type Error = SigningError;

    fn try_from(text: String) -> Result<Self, SigningError> {
        text.parse()
    }
}

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> Self {
        key.to_string()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_base64())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A signature: the four lines of a `.minisig` file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Signature(String);

impl Signature {
    /// The text of a `.minisig` file. What it holds is looked at when it is checked.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_of_one_text_and_one_key() {
        let key = SigningKey::generate().unwrap();
        let signature = key.sign(b"text", "a comment").unwrap();
        assert_eq!(key.public().verify(b"text", &signature), Ok(()));
        let other = SigningKey::generate().unwrap();
        for (by, text) in [(&key, b"Text"), (&other, b"text")] {
            let verdict = by.public().verify(text, &signature);
            assert!(
                matches!(verdict, Err(SigningError::Wrong(_))),
                "{verdict:?}"
            );
        }
        let forged = signature.as_str().replace("a comment", "b comment");
        let verdict = key.public().verify(b"text", &Signature::new(forged));
        assert!(
            matches!(verdict, Err(SigningError::Wrong(_))),
            "{verdict:?}"
        );
    }

    #[test]
    fn keys_are_read_back() {
        let key = SigningKey::generate().unwrap();
        let again = SigningKey::parse(&key.to_text("whose it is").unwrap()).unwrap();
        assert_eq!(again.public(), key.public());
        let text = key.public().to_string();
        assert_eq!(text.parse().as_ref(), Ok(key.public()));
        let file = format!("untrusted comment: minisign public key\n{text}\n");
        assert_eq!(file.parse().as_ref(), Ok(key.public()));
    }

    #[test]
    fn what_is_none_is_refused() {
        for text in ["", "x", "RWQ", "untrusted comment: x\nRWQ\n", "\n\n\n\n"] {
            assert!(text.parse::<PublicKey>().is_err(), "{text:?}");
            assert!(SigningKey::parse(text).is_err(), "{text:?}");
            let key = SigningKey::generate().unwrap();
            let verdict = key.public().verify(b"", &Signature::new(text.to_owned()));
            assert!(verdict.is_err(), "{text:?}");
        }
    }
}
