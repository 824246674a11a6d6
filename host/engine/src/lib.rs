//! What makes artifacts run: the monitoring table, triggers, turns, retries, hot load.

mod attempt;
mod audit;
mod backoff;
mod batch;
mod bound;
mod change;
mod changed;
mod changes;
mod clock;
mod conduct;
mod config;
mod cycle;
mod engine;
mod error;
mod history;
mod host;
mod install;
mod journal;
mod judgement;
mod key_file;
mod letters;
mod loading;
mod metrics;
mod notary;
mod oversight;
mod pending;
mod progress;
mod quarantine;
mod redrive;
mod replay;
mod rollback;
mod row_key;
mod runner;
mod shadow;
mod stage;
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
pub use install::{Approve, Change, Install, Installed, Rollback, StartAt};
pub use replay::{Replay, ReplayEnd, ReplaySummary, Replayed};
pub use shadow::{Difference, ShadowFacts, ShadowReport};
pub use stage::{GivenUp, Target};
pub use status::{Phase, Status};

#[cfg(test)]
mod tests;
