//! The turn's time.

use watchbox_model::Capability;

use crate::{
    bindings::watchbox::artifact::clock::{Error, Host},
    guest::Guest,
};

impl Host for Guest {
    fn now(&mut self) -> wasmtime::Result<Result<f64, Error>> {
        let call = self.enter(Capability::Clock, "now", "")?;
        let decided = self.decide(call, |grants| {
            grants.whole(Capability::Clock).map(String::from)
        });
        let allowed = match decided {
            Ok(allowed) => allowed,
            Err(why) => return Ok(Err(Error::Denied(why))),
        };
        self.done_often(allowed, 0);
        let now = self.gate.turn.as_ref().map(|turn| turn.now.seconds());
        // Outside a turn nothing was allowed.
        Ok(now.ok_or_else(|| Error::Denied("there is no turn".to_owned())))
    }
}
