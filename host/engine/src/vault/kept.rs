//! The secrets of an installation as they are kept: each with when it was set, and by whom.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use watchbox_model::{Secret, Time};
use zeroize::Zeroizing;

/// Room that a secret needs in writing, beside its texts.
const MARGIN: usize = 64;

/// When a secret was set, and by whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) at: Time,
    pub(crate) by: String,
}

/// The secrets of an installation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct KeptSecrets(BTreeMap<String, KeptSecret>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct KeptSecret {
    value: Secret,
    /// Not known of those that were sealed before that was kept.
    set: Option<Stamp>,
}

/// A secret in writing. Borrowed from what is overwritten, so that no copy is left.
#[derive(Serialize, Deserialize)]
struct Written<'w> {
    name: &'w str,
    value: &'w str,
    at: Option<i64>,
    by: Option<&'w str>,
}

impl KeptSecrets {
    /// What these become with `values`: one that has the value that it had keeps its stamp, any other gets `stamp`.
    pub(crate) fn with(&self, values: &BTreeMap<String, Secret>, stamp: &Stamp) -> Self {
        let kept = values.iter().map(|(name, value)| {
            let before = self.0.get(name).filter(|kept| kept.value == *value);
            let set = match before {
                Some(kept) => kept.set.clone(),
                None => Some(stamp.clone()),
            };
            let value = value.clone();
            (name.clone(), KeptSecret { value, set })
        });
        Self(kept.collect())
    }

    /// Takes one out, so that whatever comes in its place is another.
    pub(crate) fn forget(&mut self, name: &str) {
        self.0.remove(name);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The values, by name.
    pub(crate) fn values(&self) -> BTreeMap<String, Secret> {
        self.0
            .iter()
            .map(|(name, kept)| (name.clone(), kept.value.clone()))
            .collect()
    }

    /// The names, and when each was set and by whom.
    pub(crate) fn stamps(&self) -> impl Iterator<Item = (&String, Option<&Stamp>)> {
        self.0.iter().map(|(name, kept)| (name, kept.set.as_ref()))
    }

    /// In writing; to be sealed.
    pub(super) fn write(&self) -> Option<Zeroizing<Vec<u8>>> {
        let room = |(name, kept): (&String, &KeptSecret)| {
            let by = kept.set.as_ref().map_or(0, |stamp| stamp.by.len());
            name.len() + kept.value.reveal().len() + by + MARGIN
        };
        // Never to grow: what it grew out of would be left in memory.
        let mut plain = Zeroizing::new(Vec::with_capacity(
            MARGIN + self.0.iter().map(room).sum::<usize>(),
        ));
        let written: Vec<Written<'_>> = self
            .0
            .iter()
            .map(|(name, kept)| Written {
                name,
                value: kept.value.reveal(),
                at: kept.set.as_ref().map(|stamp| stamp.at.micros()),
                by: kept.set.as_ref().map(|stamp| stamp.by.as_str()),
            })
            .collect();
        rmp_serde::encode::write(&mut *plain, &written).ok()?;
        Some(plain)
    }

    /// What [`KeptSecrets::write`] wrote.
    pub(super) fn read(plain: &[u8]) -> Option<Self> {
        let written: Vec<Written<'_>> = rmp_serde::from_slice(plain).ok()?;
        let kept = written.into_iter().map(|written| {
            let set = written.at.zip(written.by).map(|(at, by)| Stamp {
                at: Time::from_micros(at),
                by: by.to_owned(),
            });
            let value = Secret::new(written.value);
            (written.name.to_owned(), KeptSecret { value, set })
        });
        Some(Self(kept.collect()))
    }

    /// What was written before the stamps were: names and values as JSON.
    pub(super) fn read_old(plain: &[u8]) -> Option<Self> {
        let written: BTreeMap<String, String> = serde_json::from_slice(plain).ok()?;
        let kept = written.into_iter().map(|(name, value)| {
            let value = Secret::new(value);
            (name, KeptSecret { value, set: None })
        });
        Some(Self(kept.collect()))
    }
}
