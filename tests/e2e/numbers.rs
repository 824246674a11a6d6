//! Numbered events, so that one sees which got through and how often.

use anyhow::{Context as _, Result};
use serde_json::Value;
use watchbox_tests::{Home, Server};

/// The client artifact that reports them.
pub(crate) const LOG: &str = "Test.Numbers";

/// What the relay is installed as.
pub(crate) const RELAY: &str = "Test.Relay";

/// Events numbered from `from` up to, not including, `to`.
pub(crate) fn events(from: u64, to: u64) -> Vec<u8> {
    (from..to)
        .flat_map(|number| format!("{{\"ClientId\":\"C.1\",\"Number\":{number}}}\n").into_bytes())
        .collect()
}

/// Installs the relay in its first version.
pub(crate) fn install_relay(home: &Home, server: &Server) -> Result<()> {
    server
        .run_ok(&["install", &home.artifact("relay")?])
        .map(drop)
}

/// The numbers in rows, sorted.
pub(crate) fn numbers(rows: &[Value]) -> Result<Vec<u64>> {
    let mut numbers: Vec<_> = rows
        .iter()
        .map(|row| row["Number"].as_u64())
        .collect::<Option<_>>()
        .context("a row without its number")?;
    numbers.sort_unstable();
    Ok(numbers)
}
