//! Keeps the memory of the server out of files and debuggers: secrets and tokens are in it.

/// From now on no core dump of this process is written, and nobody but root can look into its memory. What the system does not
/// allow is told, and no reason not to go on.
pub fn prevent() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};

        let none = Rlimit {
            current: Some(0),
            maximum: Some(0),
        };
        if let Err(error) = setrlimit(Resource::Core, none) {
            tracing::warn!(%error, "core dumps could not be limited: a crash may write secrets to a file");
        }
    }
    // A handler of core dumps that the kernel pipes them to is not held to the limit.
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};

        if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
            tracing::warn!(%error, "core dumps could not be switched off: a crash may write secrets to a file");
        }
    }
}
