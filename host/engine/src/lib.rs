//! What makes artifacts run: the monitoring table, triggers, turns, retries, hot load.

mod config;
mod engine;
mod error;
mod install;
mod status;

pub use config::EngineConfig;
pub use engine::Engine;
pub use error::EngineError;
pub use install::{Change, Install, Installed, StartAt};
pub use status::{Phase, Status};
