//! Back-pressure: the bytes of all bodies that are being worked on are bounded.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes are reserved in steps of this many, so that small bodies and small chunks cost one reservation.
const STEP: usize = 64 << 10;

/// The bytes that may be in flight.
#[derive(Clone, Debug)]
pub(crate) struct InFlight(Arc<Semaphore>);

/// Too much is in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

impl InFlight {
    /// At most `bytes`.
    pub(crate) fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes.min(Semaphore::MAX_PERMITS))))
    }

    /// A reservation of nothing yet, for one request. What it holds is free again when it is dropped.
    pub(crate) fn reservation(&self) -> Reservation {
        Reservation {
            free: self.0.clone(),
            held: None,
            used: 0,
        }
    }
}

/// The bytes that one request holds.
#[derive(Debug)]
pub(crate) struct Reservation {
    free: Arc<Semaphore>,
    held: Option<OwnedSemaphorePermit>,
    used: usize,
}

impl Reservation {
    /// Takes `bytes` more. Never waits: one who waits while holding some could wait for another who does the same.
    pub(crate) fn grow(&mut self, bytes: usize) -> Result<(), Full> {
        let held = self
            .held
            .as_ref()
            .map_or(0, OwnedSemaphorePermit::num_permits);
        self.used = self.used.saturating_add(bytes);
        let missing = self.used.saturating_sub(held);
        if missing == 0 {
            return Ok(());
        }
        let wanted = u32::try_from(missing.next_multiple_of(STEP)).map_err(|_| Full)?;
        let more = self
            .free
            .clone()
            .try_acquire_many_owned(wanted)
            .map_err(|_| Full)?;
        match &mut self.held {
            Some(held) => held.merge(more),
            none => *none = Some(more),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_not_given_twice_and_comes_back() {
        let in_flight = InFlight::new(3 * STEP);
        let mut one = in_flight.reservation();
        one.grow(2 * STEP).unwrap();
        let mut other = in_flight.reservation();
        assert_eq!(other.grow(STEP + 1), Err(Full));
        drop(one);
        let mut third = in_flight.reservation();
        assert_eq!(third.grow(3 * STEP), Ok(()));
        assert_eq!(third.grow(1), Err(Full));
    }

    #[test]
    fn small_steps_share_one_reservation() {
        let in_flight = InFlight::new(STEP);
        let mut one = in_flight.reservation();
        (0..STEP).for_each(|_| one.grow(1).unwrap());
        assert_eq!(one.grow(1), Err(Full));
    }
}
