//! What time it is, for all that hangs on it: ticks, and the times of turns.

use std::time::Duration;

use tokio::{sync::watch, time::sleep};
use watchbox_model::Time;

/// The longest sleep until a moment: the machine's clock may be set meanwhile.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

/// The machine's clock, or one that is set by hand.
#[derive(Clone, Debug, Default)]
pub struct Clock(Option<watch::Receiver<Time>>);

impl Clock {
    /// One that shows what `time` holds, for tests that let days pass.
    pub fn set_by(time: watch::Receiver<Time>) -> Self {
        Self(Some(time))
    }

    /// This moment.
    pub(crate) fn now(&self) -> Time {
        self.0
            .as_ref()
            .map_or_else(Time::now, |time| *time.borrow())
    }

    /// Waits from `now` until `due`, or for less: look again after.
    pub(crate) async fn wait(&self, now: Time, due: Time) {
        match &self.0 {
            Some(time) => {
                let mut time = time.clone();
                let reached = time.wait_for(|time| *time >= due || *time < now);
                // Nobody sets it any more: it stands still.
                if reached.await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
            None => sleep(due.since(Time::now()).min(LONGEST_SLEEP)).await,
        }
    }
}
