//! The machine's clock is set, back and forward, while the server runs.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use serde_json::Value;
use watchbox_tests::{Disk, Home, Machine, Server, Sink, eventually, slack};

use crate::numbers::{LOG, RELAY, events, install_relay, numbers};

const SOON: Duration = Duration::from_secs(60);
const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// A server on a machine of its own, with the relay, and the Slack artifact looking every second.
struct Stage<'a> {
    machine: &'a Machine<'a>,
    server: Server,
    next: u64,
}

impl<'a> Stage<'a> {
    fn start(home: &Home, machine: &'a Machine<'a>, sink: &Sink) -> Result<Self> {
        let server = machine.server(Disk::Honest)?;
        install_relay(home, &server)?;
        let component = home.artifact(slack::HURRIED)?;
        slack::install(home, &server, sink, &component, "")?;
        let mut stage = Self {
            machine,
            server,
            next: 0,
        };
        stage.ticks(2)?;
        stage.events_are_handled()?;
        Ok(stage)
    }

    fn turns(&self) -> Result<u64> {
        let table = format!("/api/v1/table/{}", slack::NAME);
        let turns = &self.server.api().get_json(&table)?["turns"];
        turns.as_u64().context("no count of turns")
    }

    /// Waits for more ticks.
    fn ticks(&self, count: u64) -> Result<()> {
        let enough = self.turns()? + count;
        eventually(SOON, || {
            let turns = self.turns()?;
            Ok(if turns >= enough {
                Ok(())
            } else {
                Err(format!("{turns} of {enough} ticks"))
            })
        })
    }

    /// Sends events and waits for their rows.
    fn events_are_handled(&mut self) -> Result<()> {
        let api = self.server.api();
        let rows = api.live(&format!("rows/{RELAY}"), None)?;
        api.accept_events(LOG, &events(self.next, self.next + 10))?;
        self.next += 10;
        rows.take_within(10, SOON)?;
        Ok(())
    }

    /// What is kept of the ten minutes around now, by a clock that is this far from the real one.
    fn around(&self, clock: i64) -> Result<Vec<u64>> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() as i64 + clock;
        let (since, until) = (now - 600, now + 600);
        let path =
            format!("/api/v1/events/{LOG}?limit=1000&format=ndjson&since={since}&until={until}");
        let answer = self.server.api().get(&path)?;
        let rows: Vec<Value> = answer
            .text()?
            .lines()
            .map(serde_json::from_str)
            .collect::<Result<_, _>>()?;
        numbers(&rows)
    }

    /// Nothing is lost and nothing twice.
    fn all_is_there(&self) -> Result<()> {
        let all: Vec<_> = (0..self.next).collect();
        let api = self.server.api();
        assert_eq!(numbers(&api.log(&format!("events/{LOG}"))?)?, all);
        assert_eq!(numbers(&api.rows(RELAY)?)?, all);
        Ok(())
    }
}

#[test]
fn set_back_by_an_hour_all_goes_on() -> Result<()> {
    let (home, sink) = (Home::new()?, Sink::start()?);
    let machine = Machine::new(&home)?;
    let mut stage = Stage::start(&home, &machine, &sink)?;
    stage.machine.set_clock(-HOUR)?;
    stage.ticks(3)?;
    stage.events_are_handled()?;
    // Each is found by its own time, though those from before are the later ones by the clock.
    assert_eq!(stage.around(-HOUR)?, (10..20).collect::<Vec<_>>());
    assert_eq!(stage.around(0)?, (0..10).collect::<Vec<_>>());

    // The last tick that the store knows of lies ahead, and so do the newest events.
    stage.server.kill_now()?;
    stage.server = stage.machine.server(Disk::Honest)?;
    stage.ticks(3)?;
    stage.events_are_handled()?;
    assert_eq!(stage.around(-HOUR)?, (10..30).collect::<Vec<_>>());
    stage.all_is_there()
}

#[test]
fn set_forward_by_a_day_missed_ticks_run_once() -> Result<()> {
    let (home, sink) = (Home::new()?, Sink::start()?);
    let machine = Machine::new(&home)?;
    let mut stage = Stage::start(&home, &machine, &sink)?;
    let before = stage.turns()?;
    stage.machine.set_clock(DAY)?;
    stage.ticks(3)?;
    stage.events_are_handled()?;
    let ticks = stage.turns()? - before;
    assert!(
        ticks < 1_000,
        "{ticks} ticks: a day's seconds were made up for"
    );
    assert_eq!(stage.around(DAY)?, (10..20).collect::<Vec<_>>());

    // And back, as where somebody mended it.
    stage.machine.set_clock(0)?;
    stage.ticks(3)?;
    stage.events_are_handled()?;
    let today: Vec<_> = (0..10).chain(20..30).collect();
    assert_eq!(stage.around(0)?, today);
    stage.all_is_there()
}
