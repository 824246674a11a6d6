//! The trail summed up.

use watchbox_model::{AuditRecord, Usage, audit::Decision};

use super::samples::{act, name, seconds};
use crate::{Store, UsageQuery};

/// One use of `X`.
fn used(capability: &str, operation: &str, target: &str, at: f64) -> AuditRecord {
    AuditRecord {
        artifact: Some(name("X")),
        capability: capability.to_owned(),
        target: target.to_owned(),
        at: seconds(at),
        reason: format!("{capability} rule"),
        outcome: "ok".to_owned(),
        bytes: 10,
        ..act(operation)
    }
}

fn all() -> UsageQuery {
    UsageQuery {
        artifact: name("X"),
        since: None,
        until: None,
        most: 100,
    }
}

fn shown(usages: &[Usage]) -> Vec<String> {
    let line = |usage: &Usage| {
        format!(
            "{} {} {} {:?} [{}] {} from {} to {} {} bytes",
            usage.capability,
            usage.operation,
            usage.target.as_deref().unwrap_or("-"),
            usage.decision,
            usage.reason,
            usage.count,
            usage.first.seconds(),
            usage.last.seconds(),
            usage.bytes
        )
    };
    usages.iter().map(line).collect()
}

pub async fn what_was_used_is_summed_up(store: &dyn Store) {
    let denied = |at: f64, reason: &str| AuditRecord {
        decision: Decision::Denied,
        reason: reason.to_owned(),
        outcome: String::new(),
        bytes: 0,
        ..used("http", "send", "GET https://h.example/b?x", at)
    };
    let rolled_up = AuditRecord {
        outcome: "ok, 40 times".to_owned(),
        ..used("clients", "search", "label:A", 5.0)
    };
    let other = AuditRecord {
        artifact: Some(name("Y")),
        ..used("http", "send", "GET https://h.example/a", 1.0)
    };
    let mut records = vec![
        used("http", "send", "GET https://h.example/a?x=1", 1.0),
        used("http", "send", "GET https://h.example/a?x=2", 3.0),
        denied(2.0, "then"),
        denied(4.0, "now"),
        rolled_up,
        used("labels", "add", "A of C.1", 6.0),
        used("labels", "add", "A of C.2", 7.0),
        other,
        AuditRecord {
            artifact: Some(name("X")),
            ..act("install")
        },
    ];
    // More than are read at once.
    records.extend((0..2_500).map(|key| used("state", "get", &format!("key {key}"), 8.0)));
    store.record(vec![], records).await.unwrap();

    let usages = store.usage(all()).await.unwrap();
    assert_eq!(
        shown(&usages),
        [
            "clients search label:A Allowed [clients rule] 40 from 5 to 5 10 bytes",
            "labels add A Allowed [labels rule] 2 from 6 to 7 20 bytes",
            "http send GET https://h.example/a Allowed [http rule] 2 from 1 to 3 20 bytes",
            "http send GET https://h.example/b Denied [now] 2 from 2 to 4 0 bytes",
            "state get  Allowed [state rule] 2500 from 8 to 8 25000 bytes",
        ]
    );
    let some = UsageQuery {
        since: Some(seconds(2.0)),
        until: Some(seconds(4.0)),
        ..all()
    };
    assert_eq!(
        shown(&store.usage(some).await.unwrap()),
        [
            "http send GET https://h.example/a Allowed [http rule] 1 from 3 to 3 10 bytes",
            "http send GET https://h.example/b Denied [then] 1 from 2 to 2 0 bytes",
        ]
    );
    let none = UsageQuery {
        artifact: name("Z"),
        ..all()
    };
    assert_eq!(store.usage(none).await.unwrap(), []);
}

pub async fn what_is_too_much_to_be_told_apart_is_counted(store: &dyn Store) {
    let sent = |n: u64| {
        used(
            "http",
            "send",
            &format!("GET https://h.example/{n}"),
            n as f64,
        )
    };
    let mut records: Vec<_> = (0..10).map(sent).collect();
    records.extend((0..5).map(|n| AuditRecord {
        decision: Decision::Denied,
        reason: format!("denied {n}"),
        ..sent(n)
    }));
    store.record(vec![], records).await.unwrap();
    let few = UsageQuery { most: 7, ..all() };
    let usages = store.usage(few).await.unwrap();
    // The five that were denied and the last two that were allowed are told apart.
    assert_eq!(
        shown(&usages[5..]),
        [
            "http send GET https://h.example/8 Allowed [http rule] 1 from 8 to 8 10 bytes",
            "http send GET https://h.example/9 Allowed [http rule] 1 from 9 to 9 10 bytes",
            "http send - Allowed [] 8 from 0 to 7 80 bytes",
        ]
    );
    let counted: u64 = usages.iter().map(|usage| usage.count).sum();
    assert_eq!(counted, 15);
}
