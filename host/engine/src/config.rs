//! How the engine is set up.

use std::{path::PathBuf, sync::Arc, time::Duration};

use watchbox_model::TrustPolicy;

use crate::Clock;

/// The engine's settings.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// The file of the key that seals secret parameters; made, for its owner only, where it is missing.
    pub key_file: PathBuf,
    /// The file of the key that signs the audit trail; made, for its owner only, where it is missing.
    pub trail_key_file: PathBuf,
    /// Whose components are run; anybody's, where there is no policy.
    pub trust: Option<Arc<TrustPolicy>>,
    /// Threads on which guests run, apart from those that serve requests.
    pub threads: usize,
    /// The first pause before another try.
    pub backoff: Duration,
    /// The longest.
    pub backoff_cap: Duration,
    /// What time it is.
    pub clock: Clock,
    /// How long a stop waits for turns that are under way.
    pub grace: Duration,
}
