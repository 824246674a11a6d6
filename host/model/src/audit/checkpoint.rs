//! Checkpoints: what the server signs now and then, so that whoever can write the store still can't make the chain anew.

use serde::{Deserialize, Serialize};

use crate::{
    Digest, Time,
    signing::{PublicKey, Signature, SigningError, SigningKey},
};

/// What the trail was at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// When.
    pub at: Time,
    /// The number of the first record that is kept; what stood before it went by retention.
    pub first: u64,
    /// The hash of the record before that one.
    pub before: Digest,
    /// The number of the last record.
    pub last: u64,
    /// Its hash.
    pub hash: Digest,
}

impl Checkpoint {
    /// What is signed: six lines, the last one ended too.
    pub fn text(&self) -> String {
        let Self {
            at,
            first,
            before,
            last,
            hash,
        } = self;
        let at = at.micros();
        format!(
            "watchbox trail checkpoint 1\nat {at}\nfirst {first}\nbefore {before}\nlast {last}\nhash {hash}\n"
        )
    }

    /// Signs it.
    pub fn sign(self, key: &SigningKey) -> Result<SignedCheckpoint, SigningError> {
        let comment = format!("watchbox trail up to {}", self.last);
        let signature = key.sign(self.text().as_bytes(), &comment)?;
        Ok(SignedCheckpoint {
            checkpoint: self,
            signature,
        })
    }
}

/// A checkpoint and its signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedCheckpoint {
    /// What is signed.
    pub checkpoint: Checkpoint,
    /// The signature of [`Checkpoint::text`].
    pub signature: Signature,
}

impl SignedCheckpoint {
    /// Whether `key` signed it.
    pub fn verify(&self, key: &PublicKey) -> Result<(), SigningError> {
        key.verify(self.checkpoint.text().as_bytes(), &self.signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_signed_is_frozen() {
        let checkpoint = Checkpoint {
            at: Time::from_micros(1_700_000_000_250_000),
            first: 1,
            before: super::super::GENESIS,
            last: 17,
            hash: Digest::of(b""),
        };
        insta::assert_snapshot!(checkpoint.text(), @r"
        watchbox trail checkpoint 1
        at 1700000000250000
        first 1
        before 0000000000000000000000000000000000000000000000000000000000000000
        last 17
        hash e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
        ");
    }

    #[test]
    fn no_part_of_it_can_be_changed() {
        let key = SigningKey::generate().unwrap();
        let checkpoint = Checkpoint {
            at: Time::from_micros(1),
            first: 1,
            before: super::super::GENESIS,
            last: 17,
            hash: Digest::of(b""),
        };
        let signed = checkpoint.sign(&key).unwrap();
        assert_eq!(signed.verify(key.public()), Ok(()));
        let changes: [fn(&mut Checkpoint); 5] = [
            |it| it.at = Time::from_micros(2),
            |it| it.first = 2,
            |it| it.before = Digest::of(b""),
            |it| it.last = 18,
            |it| it.hash = super::super::GENESIS,
        ];
        for change in changes {
            let mut changed = signed.clone();
            change(&mut changed.checkpoint);
            assert!(changed.verify(key.public()).is_err(), "{changed:?}");
        }
    }
}
