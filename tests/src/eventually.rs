//! Waiting for what can only be asked for.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// Asks until there is an answer, and gives up with the last "not yet" after `limit`.
///
/// `ask` says `Ok(Ok(answer))`, or `Ok(Err(what is still missing))`. Where the program tells of something by itself (a live stream, the sink), wait for that instead.
pub fn eventually<T>(
    limit: Duration,
    mut ask: impl FnMut() -> Result<Result<T, String>>,
) -> Result<T> {
    let end = Instant::now() + limit;
    loop {
        let missing = match ask()? {
            Ok(answer) => return Ok(answer),
            Err(missing) => missing,
        };
        if Instant::now() >= end {
            bail!("still not so after {limit:?}: {missing}");
        }
        pause(Duration::from_millis(20));
    }
}

/// The one pause between two questions. Blocks, since everything here does.
#[allow(
    clippy::disallowed_methods,
    reason = "no runtime's thread is blocked: there is none"
)]
fn pause(time: Duration) {
    std::thread::sleep(time);
}
