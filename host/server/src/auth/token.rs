//! A token's text, and the hash that stands for it.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rand::TryRng as _;
use sha2::{Digest as _, Sha256};

/// What a token's text begins with, so that a leaked one can be found by a search.
const PREFIX: &str = "wb_";

/// The SHA-256 of a token's text. A token has 256 bits of chance in it, so that no slower hash is needed, and looking hashes up
/// in a table tells nothing of them by its timing.
pub type Hash = [u8; 32];

/// The text of a token that was just made. Not to be logged: its `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenText(String);

/// There is no chance to be had from the operating system.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gives no random bytes: {0}")]
pub struct NoRandomness(String);

impl TokenText {
    /// A new one: `wb_` and 32 random bytes in base64url.
    pub fn generate() -> Result<Self, NoRandomness> {
        let mut bytes = [0; 32];
        rand::rngs::SysRng
            .try_fill_bytes(&mut bytes)
            .map_err(|error| NoRandomness(error.to_string()))?;
        Ok(Self(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))))
    }

    /// The text itself: for its owner, once.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for TokenText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenText(…)")
    }
}

/// The hash of `text`, where it has the form of a token.
pub fn hash(text: &str) -> Option<Hash> {
    let random = URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?;
    (random.len() == 32).then(|| Sha256::digest(text).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_differ_and_have_their_form() {
        let (one, other) = (
            TokenText::generate().unwrap(),
            TokenText::generate().unwrap(),
        );
        assert_ne!(hash(one.reveal()).unwrap(), hash(other.reveal()).unwrap());
        assert!(one.reveal().starts_with("wb_") && one.reveal().len() == 3 + 43);
        assert!(!format!("{one:?}").contains("wb_"));
    }

    #[test]
    fn what_is_no_token_has_no_hash() {
        for text in [
            "",
            "wb_",
            "wb_AAAA",
            "xx_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "wb_\u{e9}",
        ] {
            assert_eq!(hash(text), None, "{text}");
        }
    }
}
