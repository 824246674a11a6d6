//! A short siege; `cargo xtask faults` lays a long one.

use anyhow::Result;
use watchbox_tests::{
    Home,
    siege::{Death, Report, Siege},
};

/// Lays a siege in which nothing may differ, and something must have happened.
pub(crate) fn lay(home: &Home, death: Death<'_>, seed: u64) -> Result<Report> {
    let siege = Siege { rounds: 4, seed };
    let report = siege.lay(home, death, |_| ())?;
    assert!(report.differences.is_empty(), "{report}");
    assert!(report.kills >= 4 && report.acknowledged > 0, "{report}");
    assert!(report.rows > 0 && report.messages > 0, "{report}");
    Ok(report)
}

#[test]
fn killed_under_fire_it_loses_nothing_and_tells_nobody_twice() -> Result<()> {
    lay(&Home::new()?, Death::Kill, 2026).map(drop)
}
