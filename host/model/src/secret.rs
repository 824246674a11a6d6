//! A value that must not be seen: kept out of every `Debug`, log line and error by its type, and out of memory once it is let go of.

use std::fmt;

use zeroize::Zeroizing;

/// The value of a parameter of type `secret`.
///
/// Its `Debug` prints a placeholder, and the only way to the value is [`Secret::reveal`], which can be searched for. Its memory is
/// overwritten when it is dropped. It can neither be printed nor written down:
///
/// ```compile_fail,E0277
/// println!("{}", watchbox_model::Secret::new("HUSH"));
/// ```
///
/// ```compile_fail,E0277
/// serde_json::to_string(&watchbox_model::Secret::new("HUSH")).unwrap();
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the value in.
    pub fn new(value: impl Into<String>) -> Self {
        Self(Zeroizing::new(value.into()))
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
