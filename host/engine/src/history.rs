//! Which earlier version is meant.

use watchbox_model::Name;
use watchbox_store::Version;

use crate::EngineError;

/// The fewest digits of a digest that name a version.
const DIGITS: usize = 6;

/// The version to go back to where nothing else is said: the last that ran another component than that which runs now. From a version
/// that was gone back to it leads further back, never to one that was given up. `history` has the newest first.
pub(crate) fn before<'h>(
    installation: &Name,
    history: &'h [Version],
) -> Result<&'h Version, EngineError> {
    let none = || EngineError::NoVersion {
        installation: installation.clone(),
        reason: format!(
            "none before it ran another component: to go back to other settings only, `watchbox versions {installation}` lists them, and --to takes a number"
        ),
    };
    let now = history.first().ok_or_else(none)?;
    let mut at = now;
    while at.digest == now.digest {
        let before = at.number.saturating_sub(1);
        let earlier = at.note.back_to.map_or(before, |to| to.min(before));
        at = history
            .iter()
            .find(|version| version.number == earlier)
            .ok_or_else(none)?;
    }
    Ok(at)
}

/// The version that `text` names: its number, the artifact's version, or the first digits of the digest; of several, the newest.
pub(crate) fn named<'h>(
    installation: &Name,
    history: &'h [Version],
    text: &str,
) -> Result<&'h Version, EngineError> {
    let failed = |reason: String| EngineError::NoVersion {
        installation: installation.clone(),
        reason,
    };
    let digits = text.to_ascii_lowercase();
    let is_digest = |version: &&Version| {
        digits.len() >= DIGITS && version.digest.to_string().starts_with(&digits)
    };
    let numbered = history
        .iter()
        .find(|version| version.number.to_string() == text);
    let found = numbered
        .or_else(|| history.iter().find(|version| version.note.version == text))
        .or_else(|| history.iter().find(is_digest))
        .ok_or_else(|| {
            let shown: String = text.chars().take(80).collect();
            failed(format!(
                "there is no `{shown}`: `watchbox versions {installation}` lists them, and --to takes a number, a version or a digest"
            ))
        })?;
    if history
        .first()
        .is_some_and(|now| now.number == found.number)
    {
        return Err(failed(format!("number {} is what runs now", found.number)));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use watchbox_model::Digest;
    use watchbox_store::{How, VersionNote};

    use super::*;

    /// A history, oldest first: each version's component, and the number that it went back to (0: none).
    fn history(components: &[(&str, u64)]) -> Vec<Version> {
        let mut history: Vec<Version> = components
            .iter()
            .zip(1..)
            .map(|((component, back_to), number)| Version {
                number,
                at: Default::default(),
                by: "token:test".to_owned(),
                digest: Digest::of(component.as_bytes()),
                parameters: Default::default(),
                secrets: Vec::new(),
                grants: serde_json::json!({}),
                note: VersionNote {
                    version: format!("{component}.0.0"),
                    how: How::Change,
                    changed: String::new(),
                    reason: None,
                    back_to: (*back_to > 0).then_some(*back_to),
                },
            })
            .collect();
        history.reverse();
        history
    }

    fn x() -> Name {
        "X".parse().unwrap()
    }

    fn number_before(components: &[(&str, u64)]) -> Option<u64> {
        let history = history(components);
        before(&x(), &history).ok().map(|version| version.number)
    }

    #[test]
    fn the_last_of_another_component_comes_before() {
        assert_eq!(number_before(&[]), None);
        assert_eq!(number_before(&[("1", 0)]), None);
        assert_eq!(number_before(&[("1", 0), ("1", 0)]), None);
        assert_eq!(
            number_before(&[("1", 0), ("1", 0), ("2", 0), ("2", 0)]),
            Some(2)
        );
    }

    #[test]
    fn from_where_one_went_back_to_it_leads_further_back() {
        let went_back = [("1", 0), ("2", 0), ("3", 0), ("2", 2)];
        assert_eq!(number_before(&went_back), Some(1));
        let twice = [went_back.as_slice(), &[("1", 1)]].concat();
        assert_eq!(number_before(&twice), None);
        // Changed after that, it is still the same way back.
        let changed = [went_back.as_slice(), &[("2", 0)]].concat();
        assert_eq!(number_before(&changed), Some(1));
        let upgraded = [changed.as_slice(), &[("4", 0)]].concat();
        assert_eq!(number_before(&upgraded), Some(5));
    }

    #[test]
    fn what_is_not_kept_any_more_is_not_gone_back_to() {
        let mut history = history(&[("1", 0), ("2", 0), ("1", 1)]);
        history.pop();
        assert!(before(&x(), &history).is_err());
    }

    #[test]
    fn a_version_is_named_by_number_version_or_digest() {
        let history = history(&[("1", 0), ("2", 0), ("1", 0), ("3", 0)]);
        let number = |text: &str| named(&x(), &history, text).map(|version| version.number);
        assert_eq!(number("2").unwrap(), 2);
        assert_eq!(number("1.0.0").unwrap(), 3, "the newest of that version");
        let digest = Digest::of(b"2").to_string();
        assert_eq!(number(&digest).unwrap(), 2);
        assert_eq!(number(&digest[..12].to_uppercase()).unwrap(), 2);
        for wrong in ["", "5", "0", &digest[..DIGITS - 1], "2.0"] {
            assert!(number(wrong).is_err(), "{wrong:?}");
        }
        let now = number("4").unwrap_err().to_string();
        assert!(now.contains("runs now"), "{now}");
    }
}
