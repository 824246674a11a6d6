//! Lines for the operator.

use watchbox_model::{Capability, Level};

use crate::{
    bindings::watchbox::artifact::log::{Host, Level as GuestLevel},
    guest::Guest,
};

impl Host for Guest {
    fn write(&mut self, level: GuestLevel, message: String) -> wasmtime::Result<()> {
        let level = match level {
            GuestLevel::Debug => Level::Debug,
            GuestLevel::Info => Level::Info,
            GuestLevel::Warn => Level::Warn,
            GuestLevel::Error => Level::Error,
        };
        let call = self.enter(Capability::Log, "write", level.as_str())?;
        // The one interface without an error: a guest should not have to care whether it is heard.
        let decided = self.decide(call, |grants| {
            grants.whole(Capability::Log).map(String::from)
        });
        if let Ok(allowed) = decided {
            let kept = self.lines.artifact(level, &message);
            self.done_often(allowed, if kept { message.len() as u64 } else { 0 });
        }
        Ok(())
    }
}
