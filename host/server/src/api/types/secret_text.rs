//! A secret on its way to the server.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;
use watchbox_model::Secret;

/// A secret's value. It is only ever sent to the server: no answer holds one.
///
/// It is [`Secret`] from the moment it is parsed, so that no log line and no error can show it. That it can be
/// serialised is for the one who sends it.
#[derive(Clone, Debug, PartialEq, Eq, ToSchema)]
#[schema(value_type = String, format = Password)]
pub struct SecretText(pub Secret);

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // serde's own error for a value of another type would quote it.
        String::deserialize(deserializer)
            .map(|text| Self(Secret::new(text)))
            .map_err(|_| serde::de::Error::custom("a secret's value must be a string"))
    }
}

impl Serialize for SecretText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.reveal())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_debug_nor_an_error_shows_the_value() {
        let secret: SecretText = serde_json::from_str(r#""hunter2""#).unwrap();
        assert_eq!(format!("{secret:?}"), "SecretText(Secret(…))");
        let error = serde_json::from_str::<SecretText>("31337").unwrap_err();
        assert!(!error.to_string().contains("31337"), "{error}");
    }
}
