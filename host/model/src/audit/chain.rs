//! The chain: each record's hash covers the record, its number and the hash of the record before it, so that none can be changed,
//! left out or moved without all that follow being made anew.
//!
//! What is hashed, in this order: the 16 bytes `watchbox-trail-1`, the 32 bytes of the hash before, the number, and the record's fields in
//! the order of [`AuditRecord`]. Numbers are 8 bytes, the highest first: `at` in microseconds as a signed one, `ms` as the bits of an
//! IEEE 754 double. A text is its length in bytes as such a number, and its bytes in UTF-8; what may be missing is one byte, 1 or 0, and
//! the text if it is there. A digest is its text; the decision is `allowed` or `denied`.

use sha2::{Digest as _, Sha256};

use super::AuditRecord;
use crate::Digest;

/// The hash before the first record.
pub const GENESIS: Digest = Digest::from_bytes([0; 32]);

/// What marks this way of hashing; another one gets another mark.
const MARK: &[u8; 16] = b"watchbox-trail-1";

/// A record in its place in the trail.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its number: 1 more than that of the record before.
    pub number: u64,
    /// The record.
    pub record: AuditRecord,
    /// Its hash.
    pub hash: Digest,
}

/// The hash of `record` as number `number`, behind one whose hash is `before`.
pub fn hash(before: &Digest, number: u64, record: &AuditRecord) -> Digest {
    let mut hasher = Hasher(Sha256::new());
    hasher.0.update(MARK);
    hasher.0.update(before.as_bytes());
    hasher.number(number);
    hasher.0.update(record.at.micros().to_be_bytes());
    hasher.text(&record.actor);
    hasher.optional(record.artifact.as_ref().map(|name| name.as_str()));
    hasher.optional(record.digest.map(|digest| digest.to_string()).as_deref());
    hasher.optional(record.turn.as_ref().map(|turn| turn.as_str()));
    hasher.text(&record.capability);
    hasher.text(&record.operation);
    hasher.text(&record.target);
    hasher.text(record.decision.as_str());
    hasher.text(&record.reason);
    hasher.text(&record.outcome);
    hasher.number(record.bytes);
    hasher.number(record.ms.to_bits());
    Digest::from_bytes(hasher.0.finalize().into())
}

struct Hasher(Sha256);

impl Hasher {
    fn number(&mut self, number: u64) {
        self.0.update(number.to_be_bytes());
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.update(text);
    }

    fn optional(&mut self, text: Option<&str>) {
        self.0.update([u8::from(text.is_some())]);
        if let Some(text) = text {
            self.text(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Time, TurnId, audit::Decision};

    fn record() -> AuditRecord {
        AuditRecord {
            at: Time::from_micros(1_700_000_000_250_000),
            actor: "Server.X".to_owned(),
            artifact: "Server.X".parse().ok(),
            digest: Some(Digest::of(b"")),
            turn: None,
            capability: "http".to_owned(),
            operation: "send".to_owned(),
            target: "https://h.example/ä".to_owned(),
            decision: Decision::Denied,
            reason: "no grant covers it".to_owned(),
            outcome: String::new(),
            bytes: 12,
            ms: 0.5,
        }
    }

    /// Whoever checks a trail with a program of their own must come to this.
    #[test]
    fn the_way_of_hashing_is_frozen() {
        insta::assert_snapshot!(hash(&GENESIS, 1, &record()), @"7a120f0f10e0c5b9e73945e2ea93bf7dd544700fecfdebedca6a35474ee061dc");
    }

    #[test]
    fn whatever_is_changed_changes_the_hash() {
        let changes: [fn(&mut AuditRecord); 15] = [
            |it| it.at = it.at.plus(std::time::Duration::from_micros(1)),
            |it| it.actor.push('x'),
            |it| it.artifact = None,
            |it| it.digest = None,
            |it| it.digest = Some(Digest::of(b"x")),
            |it| it.turn = Some(TurnId::from(String::new())),
            |it| it.capability.push('x'),
            |it| it.operation.push('x'),
            |it| it.target.push('x'),
            |it| it.decision = Decision::Allowed,
            |it| it.reason.clear(),
            |it| it.outcome.push('x'),
            |it| it.bytes += 1,
            |it| it.ms += 0.25,
            // What leaves one field comes back in the next.
            |it| {
                it.operation = it.capability.split_off(3) + &it.operation;
            },
        ];
        let mut hashes = vec![hash(&GENESIS, 1, &record())];
        hashes.push(hash(&GENESIS, 2, &record()));
        hashes.push(hash(&Digest::of(b""), 1, &record()));
        for change in changes {
            let mut changed = record();
            change(&mut changed);
            hashes.push(hash(&GENESIS, 1, &changed));
        }
        let all = hashes.len();
        hashes.sort();
        hashes.dedup();
        assert_eq!(hashes.len(), all);
    }

    proptest! {
        #[test]
        fn no_two_divisions_of_a_text_are_the_same(text in ".{0,12}", a in 0..12usize, b in 0..12usize) {
            let cut = |at: usize| {
                let chars: Vec<char> = text.chars().collect();
                let at = at.min(chars.len());
                let (target, reason) = chars.split_at(at);
                let mut record = record();
                record.target = target.iter().collect();
                record.reason = reason.iter().collect();
                record
            };
            let (a, b) = (cut(a), cut(b));
            prop_assert_eq!(a == b, hash(&GENESIS, 1, &a) == hash(&GENESIS, 1, &b));
        }
    }
}
