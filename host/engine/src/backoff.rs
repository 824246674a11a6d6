//! How long to pause before another try.

use std::time::Duration;

/// Exponential back-off with full jitter: tries of many installations that failed together spread out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    base: Duration,
    cap: Duration,
}

impl Backoff {
    /// The first pause is up to `base`, each further one up to twice the one before, none over `cap`.
    pub(crate) fn new(base: Duration, cap: Duration) -> Self {
        Self {
            base: base.min(cap),
            cap,
        }
    }

    /// The longest pause after failure number `failures` (from 1).
    fn bound(&self, failures: u32) -> Duration {
        let doubled = 1_u32
            .checked_shl(failures.saturating_sub(1))
            .unwrap_or(u32::MAX);
        self.base.saturating_mul(doubled).min(self.cap)
    }

    /// The pause after failure number `failures` (from 1).
    pub(crate) fn pause(&self, failures: u32) -> Duration {
        self.bound(failures).mul_f64(rand::random::<f64>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_doubles_up_to_the_cap() {
        let backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
        let bounds: Vec<u128> = [1, 2, 3, 4, 5, 40, u32::MAX]
            .map(|failures| backoff.bound(failures).as_millis())
            .to_vec();
        assert_eq!(bounds, [100, 200, 400, 800, 1_000, 1_000, 1_000]);
    }

    #[test]
    fn a_pause_stays_within_its_bound() {
        let backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
        for failures in 1..200 {
            assert!(backoff.pause(failures) <= backoff.bound(failures));
        }
    }

    #[test]
    fn a_base_over_the_cap_is_cut() {
        let backoff = Backoff::new(Duration::from_secs(9), Duration::from_secs(1));
        assert_eq!(backoff.bound(1), Duration::from_secs(1));
    }
}
