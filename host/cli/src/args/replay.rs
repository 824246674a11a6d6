//! `watchbox replay`.

use watchbox_model::Name;

use super::{Connection, When};

/// `watchbox replay`.
#[derive(Debug, clap::Args)]
pub struct Replay {
    /// What it is installed as
    pub name: Name,
    /// From when on, by the time at which the events came in
    #[arg(long, value_name = "TIME")]
    pub since: When,
    /// Before when [default: now]
    #[arg(long, value_name = "TIME")]
    pub until: Option<When>,
    /// Another version, by its digest or the beginning of that [default: the one that is installed]
    #[arg(long, value_name = "DIGEST")]
    pub version: Option<String>,
    /// Show how the rows differ from those that were stored for that time, instead of the rows
    #[arg(long)]
    pub diff: bool,
    /// At most this many rows, and never more than a million
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    pub limit: u64,
    /// The status that every request is answered with
    #[arg(
        long,
        value_name = "STATUS",
        default_value_t = 200,
        value_parser = clap::value_parser!(u16).range(200..=599)
    )]
    pub answer: u16,
    /// The body that every request is answered with
    #[arg(long, value_name = "TEXT", default_value = "ok")]
    pub answer_body: String,
    /// The server.
    #[command(flatten)]
    pub connection: Connection,
}
