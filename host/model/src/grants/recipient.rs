//! The grant of `mail`: who may be written to.

use std::{fmt, str::FromStr};

use super::{Denied, Verdict};
use crate::{
    MailAddress,
    mail_address::{MailAddressError, is_domain},
};

/// Recipients that a grant means: an address, `*@domain` for every one of a domain (not of those below it), or `*` for every one there is.
#[derive(Clone, Debug)]
pub enum Recipients {
    /// Every one.
    Any,
    /// Every one of a domain.
    Domain(String),
    /// This one.
    One(MailAddress),
}

impl Recipients {
    /// Whether `address` is one of those meant.
    pub fn covers(&self, address: &MailAddress) -> bool {
        match self {
            Self::Any => true,
            Self::Domain(domain) => domain.eq_ignore_ascii_case(address.domain()),
            Self::One(own) => own == address,
        }
    }

    /// Whether every address that `other` means is meant by this too.
    pub(crate) fn covers_pattern(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any, _) => true,
            (Self::Domain(own), Self::Domain(domain)) => own.eq_ignore_ascii_case(domain),
            (_, Self::One(address)) => self.covers(address),
            _ => false,
        }
    }

    /// Whether some address is meant by both.
    pub(super) fn meets(&self, other: &Self) -> bool {
        self.covers_pattern(other) || other.covers_pattern(self)
    }
}

impl PartialEq for Recipients {
    fn eq(&self, other: &Self) -> bool {
        self.covers_pattern(other) && other.covers_pattern(self)
    }
}

impl Eq for Recipients {}

impl FromStr for Recipients {
    type Err = MailAddressError;

    fn from_str(text: &str) -> Result<Self, MailAddressError> {
        match text.strip_prefix('*') {
            Some("") => Ok(Self::Any),
            Some(rest) => match rest.strip_prefix('@') {
                Some(domain) if is_domain(domain) => Ok(Self::Domain(domain.to_owned())),
                _ => Err(MailAddressError(
                    text.chars().take(80).flat_map(char::escape_debug).collect(),
                )),
            },
            None => text.parse().map(Self::One),
        }
    }
}

impl fmt::Display for Recipients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Domain(domain) => write!(f, "*@{domain}"),
            Self::One(address) => write!(f, "{address}"),
        }
    }
}

/// The first of `granted` that allows a message to `address`.
pub(super) fn decide<'g>(granted: &'g [Recipients], address: &MailAddress) -> Verdict<'g> {
    match granted.iter().find(|own| own.covers(address)) {
        Some(own) => Ok(super::Rule::Mail(own)),
        None => Err(Denied(format!(
            "no grant covers mail to {address}; this one would: mail: [\"{address}\"]"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn recipients(text: &str) -> Recipients {
        text.parse().unwrap()
    }

    #[test]
    fn a_pattern_means_what_it_says() {
        let address: MailAddress = "soc@example.org".parse().unwrap();
        for (pattern, is) in [
            ("soc@example.org", true),
            ("SOC@Example.org", true),
            ("*@example.org", true),
            ("*", true),
            ("soc2@example.org", false),
            ("*@sub.example.org", false),
            ("*@org.example", false),
        ] {
            assert_eq!(recipients(pattern).covers(&address), is, "{pattern}");
        }
        // Domains below are others.
        let below: MailAddress = "soc@sub.example.org".parse().unwrap();
        assert!(!recipients("*@example.org").covers(&below));
        for wrong in [
            "",
            "@",
            "**",
            "*@",
            "*@*",
            "*@*.org",
            "so*@example.org",
            "* @example.org",
        ] {
            assert!(wrong.parse::<Recipients>().is_err(), "{wrong}");
        }
    }

    fn any() -> impl Strategy<Value = Recipients> {
        "\\*|(\\*|[ab]|[AB])@[cd]\\.ee".prop_map(|text| recipients(&text))
    }

    proptest! {
        #[test]
        fn patterns_print_as_they_are_read(pattern in any()) {
            prop_assert_eq!(&recipients(&pattern.to_string()), &pattern);
        }

        #[test]
        fn what_covers_a_pattern_covers_its_addresses(one in any(), other in any(), address in "[abAB]@[cd]\\.ee") {
            let address: MailAddress = address.parse().unwrap();
            if one.covers_pattern(&other) && other.covers(&address) {
                prop_assert!(one.covers(&address));
            }
            if one.covers(&address) && other.covers(&address) {
                prop_assert!(one.meets(&other) && other.meets(&one));
            }
        }
    }
}
