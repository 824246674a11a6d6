use proptest::prelude::*;

use super::*;
use crate::{
    AuditRecord,
    audit::{Decision, chain},
    signing::SigningKey,
};

fn record(text: &str) -> AuditRecord {
    AuditRecord {
        at: Time::from_micros(7),
        actor: "token:admin".to_owned(),
        artifact: None,
        digest: None,
        turn: None,
        capability: "admin".to_owned(),
        operation: "install".to_owned(),
        target: text.to_owned(),
        decision: Decision::Allowed,
        reason: String::new(),
        outcome: "ok".to_owned(),
        bytes: 0,
        ms: 0.0,
    }
}

/// Hashes what follows `before` anew.
fn rehash(mut before: Digest, entries: &mut [Entry]) {
    for entry in entries {
        entry.hash = chain::hash(&before, entry.number, &entry.record);
        before = entry.hash;
    }
}

fn trail(length: u64) -> Vec<Entry> {
    let entry = |number| Entry {
        number,
        record: record(&format!("record {number}")),
        hash: GENESIS,
    };
    let mut entries: Vec<_> = (1..=length).map(entry).collect();
    rehash(GENESIS, &mut entries);
    entries
}

fn checkpoint(key: &SigningKey, entries: &[Entry], first: u64, last: u64) -> SignedCheckpoint {
    let hash = |number: u64| match number {
        0 => GENESIS,
        number => entries[number as usize - 1].hash,
    };
    Checkpoint {
        at: Time::from_micros(last as i64),
        first,
        before: hash(first - 1),
        last,
        hash: hash(last),
    }
    .sign(key)
    .unwrap()
}

fn check(
    key: &SigningKey,
    checkpoints: &[SignedCheckpoint],
    entries: &[Entry],
) -> Result<Verified, Fault> {
    let mut verifier = Verifier::new(key.public(), checkpoints)?;
    for entry in entries {
        verifier.record(entry)?;
    }
    verifier.finish()
}

#[test]
fn a_trail_as_it_was_written_is_whole() {
    let key = SigningKey::generate().unwrap();
    let entries = trail(10);
    let none = check(&key, &[], &entries).unwrap();
    assert_eq!((none.first, none.last, none.signed), (1, 10, None));
    let signed = [
        checkpoint(&key, &entries, 1, 4),
        checkpoint(&key, &entries, 1, 8),
    ];
    let verified = check(&key, &signed, &entries).unwrap();
    assert_eq!(
        (verified.last, verified.signed, verified.checkpoints),
        (10, Some((8, Time::from_micros(8))), 2)
    );
    let empty = check(&key, &[], &[]).unwrap();
    assert_eq!((empty.first, empty.last), (1, 0));
}

#[test]
fn what_retention_took_is_not_missed() {
    let key = SigningKey::generate().unwrap();
    let entries = trail(10);
    let signed = [
        checkpoint(&key, &entries, 1, 4),
        checkpoint(&key, &entries, 5, 8),
    ];
    for kept in 0..5 {
        let verified = check(&key, &signed, &entries[kept..]).unwrap();
        assert_eq!((verified.first, verified.last), (5, 10), "{kept}");
    }
    let more = check(&key, &signed, &entries[5..]);
    assert_eq!(more, Err(Fault::Missing { first: 5, last: 5 }));
}

#[test]
fn each_kind_of_forgery_is_named() {
    let key = SigningKey::generate().unwrap();
    let entries = trail(10);
    let signed = [
        checkpoint(&key, &entries, 1, 4),
        checkpoint(&key, &entries, 1, 8),
    ];
    type Forgery = fn(&mut Vec<Entry>);
    let forgeries: [(Forgery, Fault); 10] = [
        (
            |it| it[2].record.target = "x".into(),
            Fault::Changed { number: 3 },
        ),
        (|it| it[2].hash = GENESIS, Fault::Changed { number: 3 }),
        (|it| rehash_one(it, 2), Fault::Changed { number: 4 }),
        (
            |it| rehash_from(it, 2),
            Fault::Replaced { first: 1, last: 4 },
        ),
        (
            |it| rehash_from(it, 5),
            Fault::Replaced { first: 5, last: 8 },
        ),
        (
            |it| drop(it.remove(5)),
            Fault::Missing { first: 6, last: 6 },
        ),
        (
            |it| drop(it.drain(..3)),
            Fault::Missing { first: 1, last: 3 },
        ),
        (|it| it.swap(6, 7), Fault::Missing { first: 7, last: 7 }),
        (|it| it.truncate(6), Fault::CutOff { first: 7, last: 8 }),
        (
            |it| it.insert(6, it[2].clone()),
            Fault::Order {
                number: 3,
                behind: 6,
            },
        ),
    ];
    for (forge, fault) in forgeries {
        let mut forged = entries.clone();
        forge(&mut forged);
        assert_eq!(check(&key, &signed, &forged), Err(fault));
    }
    let other = SigningKey::generate().unwrap();
    let verdict = check(&other, &signed, &entries);
    assert!(
        matches!(verdict, Err(Fault::Forged { last: 4, .. })),
        "{verdict:?}"
    );
}

/// Changes a record and its own hash.
fn rehash_one(entries: &mut [Entry], at: usize) {
    entries[at].record.target = "x".into();
    let before = entries[at - 1].hash;
    rehash(before, &mut entries[at..=at]);
}

/// Changes a record and makes the chain anew from there on.
fn rehash_from(entries: &mut [Entry], at: usize) {
    entries[at].record.target = "x".into();
    let before = entries[at - 1].hash;
    rehash(before, &mut entries[at..]);
}

proptest! {
    /// Whatever is done to what was signed is seen, without the key.
    #[test]
    fn no_change_of_signed_records_goes_unseen(
        at in 0..8usize,
        kind in 0..4u8,
        to in 0..8usize,
        anew in any::<bool>(),
    ) {
        let key = SigningKey::generate().unwrap();
        let entries = trail(10);
        let signed = [checkpoint(&key, &entries, 1, 4), checkpoint(&key, &entries, 1, 8)];
        let mut forged = entries.clone();
        match kind {
            0 => forged[at].record.target.push('x'),
            1 => drop(forged.remove(at)),
            2 => forged.swap(at, to),
            _ => forged.insert(to, entries[at].clone()),
        }
        if anew {
            for (entry, number) in forged.iter_mut().zip(1..) {
                entry.number = number;
            }
            rehash(GENESIS, &mut forged);
        }
        if check(&key, &signed, &forged).is_ok() {
            prop_assert_eq!(forged.get(..8), entries.get(..8));
        }
    }
}
