//! How many requests an installation sends a minute, and how much mail an hour, over all its instances.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use watchbox_model::Name;

/// When each installation sent what it sent within the last minute, or hour.
#[derive(Debug)]
pub(crate) struct Pace {
    window: Duration,
    sent: Mutex<HashMap<Name, VecDeque<Instant>>>,
    is_endless: bool,
}

impl Pace {
    /// One that counts what is sent within `window`.
    pub(crate) fn within(window: Duration) -> Self {
        Self {
            window,
            sent: Mutex::default(),
            is_endless: false,
        }
    }

    /// One that nobody is held to.
    pub(crate) fn endless() -> Self {
        Self {
            is_endless: true,
            ..Self::within(Duration::ZERO)
        }
    }

    /// Takes one of `limit` within the window; or says how long it is until there is one.
    pub(crate) fn take(&self, who: &Name, limit: u32, now: Instant) -> Result<(), Duration> {
        if self.is_endless {
            return Ok(());
        }
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = |at: &Instant| now.saturating_duration_since(*at) < self.window;
        if !sent.contains_key(who) {
            // Installations come and go; those that are quiet need no memory.
            sent.retain(|_, times| times.back().is_some_and(fresh));
        }
        let times = sent.entry(who.clone()).or_default();
        while times.front().is_some_and(|at| !fresh(at)) {
            times.pop_front();
        }
        if times.len() < limit as usize {
            times.push_back(now);
            return Ok(());
        }
        // The one that must have grown old for one more to fit: the limit may have been lowered since.
        let oldest = times.get(times.len() - limit as usize);
        Err(oldest.map_or(self.window, |at| {
            self.window
                .saturating_sub(now.saturating_duration_since(*at))
        }))
    }

    /// What was taken last was not sent after all.
    pub(crate) fn give_back(&self, who: &Name) {
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(times) = sent.get_mut(who) {
            times.pop_back();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn a_minute_holds_as_many_as_allowed_and_says_when_there_is_room() {
        let (pace, start) = (Pace::within(MINUTE), Instant::now());
        let (one, other): (Name, Name) = ("A".parse().unwrap(), "B".parse().unwrap());
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(pace.take(&one, 2, at(0)), Ok(()));
        assert_eq!(pace.take(&one, 2, at(10)), Ok(()));
        assert_eq!(pace.take(&one, 2, at(20)), Err(Duration::from_secs(40)));
        assert_eq!(pace.take(&other, 2, at(20)), Ok(()));
        assert_eq!(pace.take(&one, 1, at(20)), Err(Duration::from_secs(50)));
        assert_eq!(pace.take(&one, 2, at(60)), Ok(()));
        assert_eq!(pace.take(&one, 2, at(61)), Err(Duration::from_secs(9)));
        assert_eq!(pace.take(&one, 0, at(61)), Err(MINUTE));
    }

    #[test]
    fn quiet_installations_are_forgotten() {
        let (pace, start) = (Pace::within(MINUTE), Instant::now());
        for n in 0..10 {
            pace.take(&format!("A{n}").parse().unwrap(), 1, start)
                .unwrap();
        }
        pace.take(&"B".parse().unwrap(), 1, start + MINUTE).unwrap();
        assert_eq!(pace.sent.lock().unwrap().len(), 1);
    }
}
