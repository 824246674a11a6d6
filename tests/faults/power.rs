//! The machine's power is cut: what was not synced is gone, wholly or in part.
//!
//! [`Machine`] simulates that below SQLite. That it does, the first test shows: over a disk that lies, what was acknowledged is lost.

use anyhow::Result;
use watchbox_tests::{Disk, Home, Machine, Server, siege::Death};

use crate::{
    numbers::{LOG, RELAY, events, install_relay, numbers},
    siege,
};

/// Numbers below `end` that are not kept.
fn lost(server: &Server, end: u64) -> Result<Vec<u64>> {
    let kept = numbers(&server.api().log(&format!("events/{LOG}"))?)?;
    let lost = (0..end).filter(|number| kept.binary_search(number).is_err());
    Ok(lost.collect())
}

/// A server that took 100 events and was stopped in order, and then took 500 more over `disk`, until the power was cut. Gives what is lost.
fn lost_over(disk: Disk, survives: impl FnMut() -> bool) -> Result<Vec<u64>> {
    let home = Home::new()?;
    let machine = Machine::new(&home)?;
    let server = machine.server(Disk::Honest)?;
    install_relay(&home, &server)?;
    server.api().accept_events(LOG, &events(0, 100))?;
    server.stop()?;
    let server = machine.server(disk)?;
    for start in (100..600).step_by(50) {
        server
            .api()
            .accept_events(LOG, &events(start, start + 50))?;
    }
    machine.cut(server, survives)?;
    let server = machine.server(Disk::Honest)?;
    let lost = lost(&server, 600)?;
    let rows = server.api().live(&format!("rows/{RELAY}"), None)?;
    server.api().accept_events(LOG, &events(600, 610))?;
    while rows.next_within(std::time::Duration::from_secs(60))?.row["Number"] != 609 {}
    let mut kept = numbers(&server.api().rows(RELAY)?)?;
    kept.retain(|number| *number < 600);
    assert_eq!(
        kept,
        (0..600)
            .filter(|number| !lost.contains(number))
            .collect::<Vec<_>>(),
        "each event that is kept has one row"
    );
    Ok(lost)
}

#[test]
fn a_disk_that_lies_is_found_out() -> Result<()> {
    let lost = lost_over(Disk::Lying, || false)?;
    assert_eq!(
        lost,
        (100..600).collect::<Vec<_>>(),
        "the power cut takes what was not synced, and nothing else"
    );
    Ok(())
}

#[test]
fn what_was_acknowledged_is_on_the_disk() -> Result<()> {
    assert_eq!(lost_over(Disk::Honest, || false)?, [0; 0]);
    Ok(())
}

#[test]
fn power_cuts_under_fire_take_nothing_and_repeat_nothing() -> Result<()> {
    let home = Home::new()?;
    let machine = Machine::new(&home)?;
    let report = siege::lay(&home, Death::PowerCut(&machine), 7)?;
    assert!(report.pages_lost > 0, "nothing was cut off: {report}");
    Ok(())
}
