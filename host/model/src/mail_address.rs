//! Mail addresses: who a message is for.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};

/// The longest address, and the longest part before the `@`, in bytes (RFC 5321, 4.5.3.1).
const WHOLE: usize = 254;
const LOCAL: usize = 64;

/// What may stand before the `@` beside letters, digits and dots. Of what RFC 5322 allows there are left out quotes, and what mail systems of old took for a
/// route, a pipe or a file (`%`, `!`, `|`, `/`): an address that a grant covers must not lead elsewhere. `*` is for patterns.
const PUNCTUATION: &[u8] = b"_-+=&'~#";

/// An address such as `soc@example.org`, in ASCII. Compared without regard to ASCII case; shown as first given.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MailAddress {
    text: Arc<str>,
    at: usize,
}

/// A text that is no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no mail address: name@domain is wanted, in ASCII (of a domain in other letters its form that begins with xn--)"
)]
pub struct MailAddressError(pub(crate) String);

impl MailAddress {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What stands before the `@`.
    pub fn local(&self) -> &str {
        &self.text[..self.at]
    }

    /// What stands after the `@`.
    pub fn domain(&self) -> &str {
        &self.text[self.at + 1..]
    }
}

fn is_local(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || PUNCTUATION.contains(&byte);
    let atom = |atom: &str| !atom.is_empty() && atom.bytes().all(plain);
    // What begins with a dash is an option to programs that are handed addresses.
    text.len() <= LOCAL && !text.starts_with('-') && text.split('.').all(atom)
}

/// Whether a text is a domain's name: labels of letters, digits and dashes, two of them at least.
pub(crate) fn is_domain(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(plain)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = text.rsplit('.').next().unwrap_or_default();
    text.contains('.')
        && text.split('.').all(label)
        && !last.bytes().all(|byte| byte.is_ascii_digit())
}

impl FromStr for MailAddress {
    type Err = MailAddressError;

    fn from_str(text: &str) -> Result<Self, MailAddressError> {
        let found = text
            .split_once('@')
            .filter(|(local, domain)| text.len() <= WHOLE && is_local(local) && is_domain(domain));
        match found {
            Some((local, _)) => Ok(Self {
                at: local.len(),
                text: text.into(),
            }),
            None => Err(MailAddressError(
                text.chars().take(80).flat_map(char::escape_debug).collect(),
            )),
        }
    }
}

impl PartialEq for MailAddress {
    fn eq(&self, other: &Self) -> bool {
        self.text.eq_ignore_ascii_case(&other.text)
    }
}

impl Eq for MailAddress {}

impl std::hash::Hash for MailAddress {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.text.to_ascii_lowercase().hash(state);
    }
}

impl TryFrom<String> for MailAddress {
    type Error = MailAddressError;

    fn try_from(text: String) -> Result<Self, MailAddressError> {
        text.parse()
    }
}

impl From<MailAddress> for String {
    fn from(address: MailAddress) -> Self {
        address.text.to_string()
    }
}

impl fmt::Display for MailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        let address: MailAddress = "Soc.Team+x@Mail.example.org".parse().unwrap();
        assert_eq!(
            (address.local(), address.domain()),
            ("Soc.Team+x", "Mail.example.org")
        );
        assert_eq!(address, "soc.team+X@mail.EXAMPLE.org".parse().unwrap());
        assert_ne!(address, "soc.team@mail.example.org".parse().unwrap());
    }

    #[test]
    fn what_might_lead_elsewhere_is_no_address() {
        for text in [
            "",
            "a",
            "@example.org",
            "a@",
            "a@b@example.org",
            "a@localhost",
            "a@10.0.0.1",
            "a@[10.0.0.1]",
            "a@example..org",
            "a@-example.org",
            "a@example.org.",
            "a@exämple.org",
            "ä@example.org",
            "-a@example.org",
            ".a@example.org",
            "a..b@example.org",
            "\"a b\"@example.org",
            "victim%elsewhere.example@example.org",
            "elsewhere.example!victim@example.org",
            "a|b@example.org",
            "/etc/passwd@example.org",
            "*@example.org",
            "a@example.org\r\nBcc: b@example.org",
            "a@example.org, b@example.org",
            "<a@example.org>",
            "Name <a@example.org>",
            " a@example.org",
            "a@example.org>",
            "a(b)@example.org",
        ] {
            let error = text.parse::<MailAddress>().unwrap_err().to_string();
            assert!(!error.contains('\n') && !error.contains('\r'), "{error}");
        }
        assert!(
            format!("{}@example.org", "a".repeat(65))
                .parse::<MailAddress>()
                .is_err()
        );
    }
}
