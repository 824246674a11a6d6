//! What makes artifacts run: the monitoring table, triggers, turns, retries, hot load.

mod attempt;
mod audit;
mod backoff;
mod batch;
mod bound;
mod changes;
mod clock;
mod config;
mod cycle;
mod engine;
mod error;
mod host;
mod install;
mod journal;
mod letters;
mod loading;
mod metrics;
mod progress;
mod redrive;
mod runner;
mod start;
mod status;
mod table;
mod task;
mod threads;
mod tick;
mod trigger;
mod turn;
mod vault;

pub use clock::Clock;
pub use config::EngineConfig;
pub use engine::Engine;
pub use error::EngineError;
pub use install::{Change, Install, Installed, StartAt};
pub use status::{Phase, Status};

#[cfg(test)]
mod tests;
