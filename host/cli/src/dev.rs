//! What `watchbox dev` is made of: the folder that is watched, and the logs that are followed meanwhile.

mod tails;
mod watch;

pub use tails::Tails;
pub use watch::Watch;
