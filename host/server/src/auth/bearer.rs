//! Who sent a request: whoever bears a token, or a client certificate.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use tokio::{sync::watch, time::sleep};
use watchbox_model::Time;

use super::Access;

/// The longest that an end is slept towards at once: the clock may be set meanwhile.
const LOOK: Duration = Duration::from_secs(60);

/// The end of what is over already.
const LONG_AGO: Time = Time::from_micros(i64::MIN);

/// Who sent a request, and for how long they may.
#[derive(Debug)]
pub struct Bearer {
    /// What the audit trail calls them: `token:NAME`, `certificate:ID`.
    actor: String,
    /// What they may do.
    access: Access,
    /// When that ends, if it does.
    end: watch::Sender<Option<Time>>,
    /// When its use was last written down, in microseconds since the epoch.
    used: AtomicI64,
}

impl Bearer {
    /// The bearer of the token `name`, which was last used at `used`.
    pub(super) fn of_token(
        name: &str,
        access: Access,
        end: Option<Time>,
        used: Option<Time>,
    ) -> Self {
        Self {
            actor: format!("token:{name}"),
            access,
            end: watch::Sender::new(end),
            used: AtomicI64::new(used.map_or(0, Time::micros)),
        }
    }

    /// The bearer of a certificate that says who they are in `id` and ends at `end`.
    pub(crate) fn of_certificate(id: &str, access: Access, end: Time) -> Self {
        Self {
            actor: format!("certificate:{id}"),
            access,
            end: watch::Sender::new(Some(end)),
            used: AtomicI64::new(0),
        }
    }

    /// What the audit trail calls them.
    pub fn actor(&self) -> String {
        self.actor.clone()
    }

    /// What they may do.
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// Whether both are the same, whenever they end.
    pub(super) fn is(&self, other: &Self) -> bool {
        (&self.actor, &self.access) == (&other.actor, &other.access)
    }

    /// Has it end when `other` does.
    pub(super) fn end_with(&self, other: &Self) {
        self.end.send_replace(*other.end.borrow());
    }

    /// Ends what they may: requests of theirs that are under way are cut.
    pub(crate) fn end(&self) {
        self.end.send_replace(Some(LONG_AGO));
    }

    /// Whether it is over at `now`.
    pub(crate) fn is_over(&self, now: Time) -> bool {
        self.end.borrow().is_some_and(|end| end <= now)
    }

    /// Waits until it is over.
    pub(crate) async fn over(&self) {
        let mut ends = self.end.subscribe();
        loop {
            let end = *ends.borrow_and_update();
            // The sender is here, so that to wait for a change never fails.
            let Some(end) = end else {
                let _ = ends.changed().await;
                continue;
            };
            let left = end.since(Time::now());
            if left.is_zero() {
                return;
            }
            tokio::select! {
                _ = ends.changed() => {}
                () = sleep(left.min(LOOK)) => {}
            }
        }
    }

    /// Whether a use at `now` is to be written down, the last having been `every` ago or longer; only one of several at once is.
    pub(super) fn is_use_due(&self, now: Time, every: Duration) -> bool {
        let before = self.used.load(Ordering::Relaxed);
        now.since(Time::from_micros(before)) >= every
            && self
                .used
                .compare_exchange(before, now.micros(), Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::types::Role;

    fn bearer(expires: Option<Time>) -> Bearer {
        Bearer::of_token("x", Access::of(Role::Analyst), expires, None)
    }

    #[tokio::test]
    async fn it_is_over_when_it_was_ended_or_its_end_has_come() {
        let now = Time::now();
        let endless = bearer(None);
        assert!(!endless.is_over(now));
        endless.end();
        endless.over().await;
        assert!(endless.is_over(now));
        let past = bearer(Some(now));
        past.over().await;
        assert!(past.is_over(now));
        let soon = bearer(Some(Time::now().plus(Duration::from_millis(5))));
        soon.over().await;
        assert!(soon.is_over(Time::now()));
    }

    #[tokio::test]
    async fn who_waits_for_the_end_is_told_that_it_was_moved() {
        let bearer = std::sync::Arc::new(bearer(None));
        let waits = tokio::spawn({
            let bearer = bearer.clone();
            async move { bearer.over().await }
        });
        bearer.end_with(&self::bearer(Some(Time::now())));
        waits.await.unwrap();
    }
}
