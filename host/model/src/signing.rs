//! Keys that sign, and signatures: Ed25519 in the form of minisign, so that its own tool makes and checks them too.
//!
//! The library does the cryptography; what is here keeps what it is given in the shape that it takes for granted, and a secret key out of every `Debug`.

use std::{fmt, io::Cursor, str::FromStr};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use minisign::{KeyPair, SecretKey, SecretKeyBox, SignatureBox};
use serde::{Deserialize, Serialize};

use crate::Secret;

/// The longest text of a key or a signature.
const MAX_TEXT: usize = 4 << 10;

/// Bytes of an Ed25519 signature.
const SIGNATURE: usize = 64;
/// Two bytes that say which kind, eight of the key's id, and the signature.
const SIGNED: usize = 2 + 8 + SIGNATURE;
/// Two bytes that say which kind, eight of the key's id, and the key.
const PUBLIC_KEY: usize = 2 + 8 + 32;
/// Three kinds, what the password is stretched with, the key's id, the key, and a checksum.
const SECRET_KEY: usize = 2 + 2 + 2 + 32 + 8 + 8 + 8 + 64 + CHECKSUM;
const CHECKSUM: usize = 32;

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

fn failed(error: minisign::PError) -> SigningError {
    SigningError::Failed(error.to_string())
}

fn no_secret_key(error: impl fmt::Display) -> SigningError {
    SigningError::NoKey("secret key", error.to_string())
}

/// Which key, as minisign writes it: 16 capital hexadecimal digits. Whoever makes a key can choose its id: it finds a key, and proves nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(u64);

impl KeyId {
    fn of(bytes: [u8; 8]) -> Self {
        Self(u64::from_le_bytes(bytes))
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016X}", self.0)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A secret key, out of its password.
pub struct SigningKey {
    secret: SecretKey,
    public: PublicKey,
}

impl SigningKey {
    /// A new one, from the system's randomness.
    pub fn generate() -> Result<Self, SigningError> {
        let KeyPair { pk, sk } = KeyPair::generate_unencrypted_keypair().map_err(failed)?;
        Ok(Self {
            secret: sk,
            public: PublicKey(pk),
        })
    }

    /// The text of the key file of a new key that `password` opens, and its public half.
    pub fn generate_locked(
        password: &Secret,
        comment: &str,
    ) -> Result<(Secret, PublicKey), SigningError> {
        let password = password.reveal().to_owned();
        let pair = KeyPair::generate_encrypted_keypair(Some(password)).map_err(failed)?;
        let text = pair.sk.to_box(Some(comment)).map_err(failed)?;
        Ok((Secret::new(text.into_string()), PublicKey(pair.pk)))
    }

    /// Whether the key in the text of a key file is under a password.
    pub fn is_locked(text: &str) -> bool {
        bytes_of_secret_key(text).is_some_and(|bytes| bytes[2..4] != [0, 0])
    }

    /// Reads a key file of minisign that has no password.
    pub fn parse(text: &str) -> Result<Self, SigningError> {
        let bytes = bytes_of_secret_key(text)
            .ok_or_else(|| no_secret_key("two lines are wanted, a comment and the key"))?;
        // minisign itself writes no checksum of a key without a password.
        let secret = if bytes[2..4] == [0, 0] && bytes[SECRET_KEY - CHECKSUM..] == [0; CHECKSUM] {
            SecretKey::from_bytes(&bytes)
        } else {
            SecretKeyBox::from(text.to_owned()).into_unencrypted_secret_key()
        };
        Self::of(secret.map_err(no_secret_key)?)
    }

    /// Reads a key file of minisign that `password` opens.
    pub fn unlock(text: &str, password: &Secret) -> Result<Self, SigningError> {
        if bytes_of_secret_key(text).is_none() {
            return Err(no_secret_key("two lines are wanted, a comment and the key"));
        }
        let locked = SecretKeyBox::from(text.to_owned());
        let secret = locked.into_secret_key(Some(password.reveal().to_owned()));
        Self::of(secret.map_err(no_secret_key)?)
    }

    fn of(secret: SecretKey) -> Result<Self, SigningError> {
        let public = minisign::PublicKey::from_secret_key(&secret).map_err(no_secret_key)?;
        Ok(Self {
            secret,
            public: PublicKey(public),
        })
    }

    /// The text of its key file; `comment` says whose it is.
    pub fn to_text(&self, comment: &str) -> Result<String, SigningError> {
        let text = self.secret.to_box(Some(comment)).map_err(failed)?;
        Ok(text.to_string())
    }

    /// The key that its signatures are checked with.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs `text`; `comment`, which is one line, is signed with it.
    pub fn sign(&self, text: &[u8], comment: &str) -> Result<Signature, SigningError> {
        if !is_one_line(comment) {
            return Err(SigningError::Failed("a comment is one line".to_owned()));
        }
        minisign::sign(
            Some(&self.public.0),
            &self.secret,
            Cursor::new(text),
            Some(comment),
            Some("watchbox"),
        )
        .map(|signature| Signature(signature.to_string()))
        .map_err(failed)
    }
}

/// What the second line of a key file says, where it has the length of a key.
fn bytes_of_secret_key(text: &str) -> Option<Vec<u8>> {
    let line = text.lines().nth(1).filter(|_| text.len() <= MAX_TEXT)?;
    let bytes = STANDARD.decode(line.trim()).ok()?;
    (bytes.len() == SECRET_KEY).then_some(bytes)
}

fn is_one_line(text: &str) -> bool {
    !text.chars().any(|char| char.is_control() && char != '\t')
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
    /// Its id.
    pub fn id(&self) -> KeyId {
        KeyId::of(self.0.keynum().try_into().unwrap_or_default())
    }

    /// The text of minisign's file of it.
    pub fn to_text(&self) -> String {
        format!(
            "untrusted comment: minisign public key {}\n{self}\n",
            self.id()
        )
    }

    /// Whether `signature` is of `text` and of this key.
    pub fn verify(&self, text: &[u8], signature: &Signature) -> Result<(), SigningError> {
        signature.parts()?;
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
        let wrong = || {
            let wanted =
                "its 56 characters that begin with `RW` are wanted, or the file that holds them";
            SigningError::NoKey("public key", wanted.to_owned())
        };
        let text = text.trim();
        let line = match text.split_once('\n') {
            Some((_, rest)) => rest.lines().next().unwrap_or_default(),
            None => text,
        };
        let bytes = STANDARD.decode(line.trim()).map_err(|_| wrong())?;
        if bytes.len() != PUBLIC_KEY || !bytes.starts_with(b"Ed") {
            return Err(wrong());
        }
        let key = minisign::PublicKey::from_bytes(&bytes);
        key.map(Self).map_err(|_| wrong())
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

/// What a signature says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parts<'s> {
    pub(crate) key: KeyId,
    /// The comment that is signed with the text.
    pub(crate) comment: &'s str,
}

impl Signature {
    /// The text of a `.minisig` file. What it holds is looked at when it is checked.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What it says of itself, where it has the shape of a signature. Nothing of it is proved.
    pub(crate) fn parts(&self) -> Result<Parts<'_>, SigningError> {
        let wrong = |why: &str| SigningError::NoSignature(why.to_owned());
        let shape = || wrong("its four lines are wanted, as in a `.minisig` file");
        let lines: Vec<&str> = self.0.trim_end().lines().take(5).collect();
        let (false, [untrusted, signed, trusted, over_all]) = (self.0.len() > MAX_TEXT, &lines[..])
        else {
            return Err(shape());
        };
        let comment = trusted.strip_prefix("trusted comment: ").map(str::trim);
        let comment = comment.ok_or_else(shape)?;
        if !untrusted.starts_with("untrusted comment: ") {
            return Err(shape());
        }
        // The library takes the lengths for granted.
        let signed = STANDARD.decode(signed.trim()).map_err(|_| shape())?;
        let over_all = STANDARD.decode(over_all.trim()).map_err(|_| shape())?;
        let key = signed.get(2..10).and_then(|id| id.try_into().ok());
        let (Some(key), true) = (key, signed.len() == SIGNED && over_all.len() == SIGNATURE) else {
            return Err(shape());
        };
        match &signed[..2] {
            b"ED" => {}
            b"Ed" => {
                return Err(wrong(
                    "it has the form that minisign made before version 0.10: sign it again",
                ));
            }
            _ => return Err(shape()),
        }
        if !is_one_line(comment) {
            return Err(wrong("its trusted comment has control characters"));
        }
        let key = KeyId::of(key);
        Ok(Parts { key, comment })
    }
}

#[cfg(test)]
mod tests;
