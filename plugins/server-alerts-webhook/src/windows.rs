//! Windows of time in which what is alike is told once, kept in the artifact's state.
//!
//! They go by the time at which rows are dealt with, not by what endpoints tell: what is bounded is how much a webhook is told.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use watchbox_sdk::{Failure, state};

const KEY: &str = "windows";

/// The most windows that are open at a time: with one more, the oldest is over early. So many fit the state's limit, whatever is in them.
const MOST: usize = 400;

/// A window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Window<A> {
    /// When it was opened.
    pub(crate) since: f64,
    /// When it is over.
    until: f64,
    /// How many alike were not told by themselves.
    pub(crate) more: u64,
    /// When the server received the last of them.
    pub(crate) last: f64,
    /// The row that opened it.
    pub(crate) about: A,
}

impl<A> Window<A> {
    /// Whether it is open at `now`. One that lies in the future by more than its length is left over from a clock that was wrong. (Turns that are tried again for
    /// long are a little behind.)
    fn lasts(&self, now: f64) -> bool {
        let length = self.until - self.since;
        self.since - length <= now && now < self.until
    }
}

/// What is to be done with a row.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// It is told, and that so many alike were not, since the last message.
    Told(u64),
    /// It is counted.
    Counted,
}

/// The windows that are open.
#[derive(Debug)]
pub(crate) struct Windows<A> {
    seconds: f64,
    open: BTreeMap<String, Window<A>>,
    /// Those that were over early.
    early: Vec<(String, Window<A>)>,
    is_changed: bool,
}

impl<A: Clone + Serialize + for<'a> Deserialize<'a>> Windows<A> {
    /// Those that are kept, for windows of so many seconds.
    pub(crate) fn load(seconds: f64) -> Result<Self, Failure> {
        Ok(Self {
            seconds,
            open: state::get(KEY)?.unwrap_or_default(),
            early: Vec::new(),
            is_changed: false,
        })
    }

    /// A row of this key is dealt with at `now`; the server received it at `received`.
    pub(crate) fn arrives(
        &mut self,
        key: &str,
        now: f64,
        received: f64,
        about: impl FnOnce() -> A,
    ) -> Arrival {
        self.is_changed = true;
        if let Some(window) = self.open.get_mut(key)
            && window.lasts(now)
        {
            window.more += 1;
            window.last = received;
            return Arrival::Counted;
        }
        let before = self.open.remove(key);
        if self.open.len() >= MOST
            && let Some(oldest) = self.oldest()
            && let Some(window) = self.open.remove(&oldest)
        {
            self.early.push((oldest, window));
        }
        let window = Window {
            since: now,
            until: now + self.seconds,
            more: 0,
            last: received,
            about: about(),
        };
        self.open.insert(key.to_owned(), window);
        Arrival::Told(before.map_or(0, |window| window.more))
    }

    fn oldest(&self) -> Option<String> {
        let mut open = self.open.iter();
        let first = open.next()?;
        let (key, _) = open.fold(first, |oldest, next| {
            if next.1.since < oldest.1.since {
                next
            } else {
                oldest
            }
        });
        Some(key.clone())
    }

    /// Those that are over at `now`, of which there is something to tell; of those whose time is up no more than `most`, the others later.
    pub(crate) fn over(&mut self, now: f64, most: usize) -> Vec<(String, Window<A>)> {
        let mut over = std::mem::take(&mut self.early);
        over.retain(|(_, window)| window.more > 0);
        let before = self.open.len();
        self.open.retain(|key, window| {
            let is_over = !window.lasts(now) && (window.more == 0 || over.len() < most);
            if is_over && window.more > 0 {
                over.push((key.clone(), window.clone()));
            }
            !is_over
        });
        self.is_changed |= self.open.len() < before;
        over
    }

    /// Keeps them.
    pub(crate) fn save(&self) -> Result<(), Failure> {
        if self.is_changed && self.open.is_empty() {
            state::remove(KEY)?;
        } else if self.is_changed {
            state::set(KEY, &self.open)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn windows() -> Windows<u32> {
        Windows {
            seconds: 60.0,
            open: BTreeMap::new(),
            early: Vec::new(),
            is_changed: false,
        }
    }

    #[test]
    fn what_is_alike_is_told_once_and_then_counted() {
        let mut windows = windows();
        let mut arrive = |key: &str, now| windows.arrives(key, now, now - 1.0, || 7);
        assert_eq!(arrive("a", 100.0), Arrival::Told(0));
        assert_eq!(arrive("b", 101.0), Arrival::Told(0));
        for now in [100.0, 120.0, 159.9] {
            assert_eq!(arrive("a", now), Arrival::Counted);
        }
        assert_eq!(windows.over(159.9, 9), []);
        let over = windows.over(160.0, 9);
        assert_eq!(over.len(), 1);
        let (key, window) = &over[0];
        assert_eq!(
            (key.as_str(), window.more, window.last, window.about),
            ("a", 3, 158.9, 7)
        );
        // Of b there is nothing to tell.
        assert_eq!(windows.over(161.0, 9), []);
        assert!(windows.open.is_empty());
    }

    #[test]
    fn what_was_counted_and_not_told_yet_comes_with_the_next() {
        let mut windows = windows();
        windows.arrives("a", 100.0, 100.0, || 1);
        windows.arrives("a", 101.0, 101.0, || 2);
        assert_eq!(windows.arrives("a", 170.0, 170.0, || 3), Arrival::Told(1));
        assert_eq!(windows.over(200.0, 9), []);
    }

    #[test]
    fn a_window_that_a_wrong_clock_opened_does_not_mute_for_ever() {
        let mut windows = windows();
        for key in ["a", "a", "b", "b"] {
            windows.arrives(key, 1e12, 1.0, || 0);
        }
        assert_eq!(windows.arrives("a", 1_000.0, 1.0, || 0), Arrival::Told(1));
        let over = windows.over(1_000.0, 9);
        assert_eq!((over.len(), over[0].0.as_str()), (1, "b"));
        // A turn that is tried again for long is a little behind, and does not end a window.
        assert_eq!(windows.arrives("a", 950.0, 1.0, || 0), Arrival::Counted);
    }

    #[test]
    fn what_is_over_is_told_in_portions() {
        let mut windows = windows();
        for key in ["a", "b", "c", "d"] {
            windows.arrives(key, 1.0, 1.0, || 0);
            if key != "a" {
                windows.arrives(key, 2.0, 2.0, || 0);
            }
        }
        let mut told = || windows.over(100.0, 2).len();
        assert_eq!([told(), told(), told()], [2, 1, 0]);
    }

    #[test]
    fn there_are_never_more_than_so_many() {
        let mut windows = windows();
        for number in 0..MOST + 3 {
            let now = number as f64 / 100.0;
            let key = format!("{:04}", 9_999 - number);
            windows.arrives(&key, now, now, || 0);
            if number < 2 {
                windows.arrives(&key, now, now, || 0);
            }
        }
        assert_eq!(windows.open.len(), MOST);
        let early: Vec<String> = windows
            .over(5.0, 9)
            .into_iter()
            .map(|(key, _)| key)
            .collect();
        assert_eq!(early, ["9999", "9998"]);
    }
}
