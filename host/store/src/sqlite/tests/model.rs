//! Random histories of two logs, compared with plain lists.

use proptest::prelude::*;
use watchbox_model::{LogKey, Time};

use super::{Retention, open};
use crate::{
    Append, Store,
    conformance::samples::{events, numbers, padded_rows, seconds},
};

#[derive(Clone, Debug)]
enum Step {
    Append {
        log: usize,
        rows: usize,
        padding: usize,
        at: u32,
    },
    Both {
        rows: [usize; 2],
        at: u32,
    },
    Retain {
        now: u32,
    },
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let append = (0..2_usize, 0..30_usize, 0..50_usize, 0..500_u32);
    let large = (0..2_usize, 900..2200_usize, 0..1500_usize, 0..500_u32);
    let make = |(log, rows, padding, at)| Step::Append {
        log,
        rows,
        padding,
        at,
    };
    let step = prop_oneof![
        6 => append.prop_map(make),
        1 => large.prop_map(make),
        3 => ([0..20_usize, 0..20_usize], 0..500_u32).prop_map(|(rows, at)| Step::Both { rows, at }),
        1 => (0..700_u32).prop_map(|now| Step::Retain { now }),
        1 => Just(Step::Reopen),
    ];
    proptest::collection::vec(step, 1..24)
}

/// A log as a plain list: the time of each row, and how many of them are gone.
#[derive(Default)]
struct List {
    times: Vec<Time>,
    first: u64,
}

impl List {
    fn next(&self) -> u64 {
        self.times.len() as u64
    }

    fn append(&mut self, log: &LogKey, rows: usize, padding: usize, at: Time) -> Append {
        let from = self.next();
        self.times.resize(self.times.len() + rows, at);
        Append {
            log: log.clone(),
            rows: padded_rows(at, from..self.next(), padding),
            at,
        }
    }

    fn seek(&self, at: Time) -> u64 {
        let kept = &self.times[self.first as usize..];
        let found = kept.iter().position(|time| *time >= at);
        found.map_or(self.next(), |found| self.first + found as u64)
    }
}

const AGE: u32 = 100;

async fn play(steps: Vec<Step>, asks: Vec<(u64, usize, u32)>) {
    let folder = tempfile::tempdir().unwrap();
    let policy = Retention {
        age: Some(std::time::Duration::from_secs(AGE.into())),
        bytes: None,
    };
    let mut store = open(&folder, policy).await.unwrap();
    let keys = [events("A"), events("B")];
    let mut lists = [List::default(), List::default()];
    for step in steps {
        match step {
            Step::Append {
                log,
                rows,
                padding,
                at,
            } => {
                let first = lists[log].next();
                let rows = lists[log].append(&keys[log], rows, padding, seconds(at.into()));
                assert_eq!(store.append(vec![rows], vec![]).await.unwrap(), [first]);
            }
            Step::Both { rows, at } => {
                let firsts = [
                    lists[0].next(),
                    lists[1].next(),
                    lists[0].next() + rows[0] as u64,
                ];
                let at = seconds(at.into());
                let appends = vec![
                    lists[0].append(&keys[0], rows[0], 3, at),
                    lists[1].append(&keys[1], rows[1], 3, at),
                    lists[0].append(&keys[0], 1, 3, at),
                ];
                assert_eq!(store.append(appends, vec![]).await.unwrap(), firsts);
            }
            Step::Retain { now } => {
                let cutoff = seconds(f64::from(now) - f64::from(AGE));
                let gone = store.retain(seconds(now.into())).await.unwrap();
                let mut counted = 0;
                for info in store.logs().await.unwrap() {
                    let list = &mut lists[usize::from(info.log == keys[1])];
                    let range = list.first as usize..info.first as usize;
                    assert!(list.times[range].iter().all(|time| *time < cutoff));
                    counted += info.first - list.first;
                    list.first = info.first;
                    let kept = store.read(&info.log, 0, 1).await.unwrap();
                    assert!(kept.first().is_none_or(|block| block.to >= cutoff));
                }
                assert_eq!(gone, counted);
            }
            Step::Reopen => {
                store.close().await;
                drop(store);
                store = open(&folder, policy).await.unwrap();
            }
        }
        for (key, list) in keys.iter().zip(&lists) {
            assert_eq!(*store.watch(key).borrow(), list.next());
            for &(position, max_rows, at) in &asks {
                // Somewhere in the log, or a little beyond it.
                let position = position % (list.next() + 3);
                read(&store, key, list, position, max_rows).await;
                read_back(&store, key, list, position, max_rows).await;
                let at = seconds(at.into());
                assert_eq!(store.seek(key, at).await.unwrap(), list.seek(at));
            }
        }
    }
}

async fn read(store: &dyn Store, key: &LogKey, list: &List, from: u64, max_rows: usize) {
    let blocks = store.read(key, from, max_rows).await.unwrap();
    let mut position = from.max(list.first);
    let start = position;
    for block in &blocks {
        assert!(
            position - start < max_rows.max(1) as u64,
            "a block too many"
        );
        assert!(block.first <= position && block.next() > position);
        let expected: Vec<_> = (block.first..block.next()).collect();
        assert_eq!(numbers(block), expected);
        let times = &list.times[block.first as usize..block.next() as usize];
        assert_eq!(Some(&block.from), times.iter().min());
        assert_eq!(Some(&block.to), times.iter().max());
        position = block.next();
    }
    let enough = position - start >= max_rows.max(1) as u64;
    assert!(enough || position >= list.next(), "too few");
}

async fn read_back(store: &dyn Store, key: &LogKey, list: &List, before: u64, max_rows: usize) {
    let blocks = store.read_back(key, before, max_rows).await.unwrap();
    let start = before.min(list.next()).max(list.first);
    let mut position = start;
    for block in &blocks {
        assert!(
            start - position < max_rows.max(1) as u64,
            "a block too many"
        );
        assert!(block.first < position && block.next() >= position);
        let expected: Vec<_> = (block.first..block.next()).collect();
        assert_eq!(numbers(block), expected);
        position = block.first;
    }
    let enough = start - position >= max_rows.max(1) as u64;
    assert!(enough || position <= list.first, "too few");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn logs_are_lists(
        steps in steps(),
        asks in proptest::collection::vec((0..u64::MAX, 0..3000_usize, 0..600_u32), 1..6),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(play(steps, asks));
    }
}
