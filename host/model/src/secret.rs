//! A value that must not be seen: kept out of every `Debug`, log line and error by its type.

use std::fmt;

/// The value of a parameter of type `secret`.
///
/// It implements neither `Display` nor `Serialize`, and its `Debug` prints a placeholder, so that
/// the only way to the value is [`Secret::reveal`], which can be searched for.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes the value in.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value. Only the egress (filling in a request), the vault (sealing it) and the grants (deciding where it would go) have a reason to call this.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_hides_the_value() {
        assert_eq!(
            format!("{:?}", Some(Secret::new("HUSH"))),
            "Some(Secret(…))"
        );
    }
}
