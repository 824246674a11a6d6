//! Checking a trail: that it is whole, in order and as it was written.

use std::collections::BTreeMap;

use super::{Checkpoint, Entry, GENESIS, SignedCheckpoint, chain};
use crate::{Digest, Time, signing::PublicKey};

/// What is wrong with a trail: the first place at which it is seen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A checkpoint that the key did not sign.
    #[error("the checkpoint up to record {last} was not signed with this key: {why}")]
    Forged {
        /// The last record that it speaks of.
        last: u64,
        /// What is wrong with the signature.
        why: String,
    },
    /// Records that are not there.
    #[error("records {first} to {last} were removed")]
    Missing {
        /// The first of them.
        first: u64,
        /// The last.
        last: u64,
    },
    /// A record behind a later one.
    #[error("record {number} stands behind record {behind}: they were put in another order")]
    Order {
        /// The record.
        number: u64,
        /// The one before it.
        behind: u64,
    },
    /// A record that is not what was hashed.
    #[error("record {number} was changed, or the one before it was, together with its hash")]
    Changed {
        /// The record.
        number: u64,
    },
    /// Records that were replaced, with hashes that fit, after a checkpoint was signed.
    #[error(
        "records were changed and hashed anew somewhere from {first} to {last}: a checkpoint was signed over others"
    )]
    Replaced {
        /// The first that may be another.
        first: u64,
        /// The last that is.
        last: u64,
    },
    /// The end is missing.
    #[error("the trail ends early: records {first} to {last} were removed from its end")]
    CutOff {
        /// The first of them.
        first: u64,
        /// The last that is known of.
        last: u64,
    },
}

/// What is known of a trail in which nothing is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The first record that was checked.
    pub first: u64,
    /// The last; one less than `first` where there is none.
    pub last: u64,
    /// The last that a checkpoint speaks of, and when that was signed.
    pub signed: Option<(u64, Time)>,
    /// Checkpoints that were compared.
    pub checkpoints: u64,
}

/// Checks the records of a trail, given one after the other, against its checkpoints.
#[derive(Debug)]
pub struct Verifier {
    /// Those that are still to be met, by their last record.
    checkpoints: BTreeMap<u64, Vec<Checkpoint>>,
    newest: Option<Checkpoint>,
    first: u64,
    next: u64,
    before: Digest,
    signed: u64,
    compared: u64,
}

impl Verifier {
    /// For a trail with these checkpoints, each of which must have been signed with `key`. Without any the trail must begin at its first record.
    pub fn new(key: &PublicKey, checkpoints: &[SignedCheckpoint]) -> Result<Self, Fault> {
        let mut by_last: BTreeMap<u64, Vec<Checkpoint>> = BTreeMap::new();
        for signed in checkpoints {
            let last = signed.checkpoint.last;
            signed.verify(key).map_err(|error| Fault::Forged {
                last,
                why: error.to_string(),
            })?;
            by_last
                .entry(last)
                .or_default()
                .push(signed.checkpoint.clone());
        }
        // Of those of one record the one signed last says where the trail begins.
        let newest = by_last
            .last_key_value()
            .and_then(|(_, all)| all.iter().max_by_key(|it| (it.first, it.at)))
            .cloned();
        let (first, before) = match &newest {
            Some(newest) => (newest.first, newest.before),
            None => (1, GENESIS),
        };
        Ok(Self {
            checkpoints: by_last.split_off(&first),
            newest,
            first,
            next: first,
            before,
            signed: first.saturating_sub(1),
            compared: 0,
        })
    }

    /// The next record. Those before the first that is kept are passed over.
    pub fn record(&mut self, entry: &Entry) -> Result<(), Fault> {
        let number = entry.number;
        if number < self.first && self.next == self.first {
            return Ok(());
        }
        if number < self.next {
            return Err(Fault::Order {
                number,
                behind: self.next - 1,
            });
        }
        if number > self.next {
            return Err(Fault::Missing {
                first: self.next,
                last: number - 1,
            });
        }
        if chain::hash(&self.before, number, &entry.record) != entry.hash {
            return Err(Fault::Changed { number });
        }
        for checkpoint in self.checkpoints.remove(&number).unwrap_or_default() {
            if checkpoint.hash != entry.hash {
                return Err(Fault::Replaced {
                    first: self.signed + 1,
                    last: number,
                });
            }
            self.signed = number;
            self.compared += 1;
        }
        self.before = entry.hash;
        self.next += 1;
        Ok(())
    }

    /// There are no more.
    pub fn finish(self) -> Result<Verified, Fault> {
        if let Some((&last, _)) = self.checkpoints.last_key_value() {
            return Err(Fault::CutOff {
                first: self.next,
                last,
            });
        }
        Ok(Verified {
            first: self.first,
            last: self.next - 1,
            signed: self.newest.map(|newest| (newest.last, newest.at)),
            checkpoints: self.compared,
        })
    }
}

#[cfg(test)]
mod tests;
