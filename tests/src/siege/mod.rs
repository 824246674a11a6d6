//! A siege: the server is killed, or its machine's power is cut, at random moments, again and again over one data folder, while events come in at
//! 2,000 a second, clients are labelled, artifacts are upgraded, and the webhook has a bad day. After each round all that the server said must hold.
//!
//! What is done follows from the seed; where exactly a kill falls is the machine's to say.

mod check;
mod ledger;
mod plan;
mod report;
mod stage;
mod traffic;

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context as _, Result};
use fastrand::Rng;

use crate::{Disk, Home, Machine, Server, Sink, sample::Fleet};
use check::{Checker, Webhook};
use ledger::Ledger;
use plan::Plan;
use stage::Components;
use traffic::Traffic;

pub use report::Report;

/// Clients of the fleet: few enough that each is online at any time.
const CLIENTS: u32 = 60;

/// How long connections of a server that was killed may take to be noticed.
const DRAINED: Duration = Duration::from_secs(30);

/// How long a siege lasts, and what it is decided by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Siege {
    /// Rounds.
    pub rounds: u32,
    /// The seed.
    pub seed: u64,
}

/// How the server's lives end.
#[derive(Clone, Copy, Debug)]
pub enum Death<'a> {
    /// By `kill -9`.
    Kill,
    /// With the power of the machine that it runs on: what it wrote and did not sync is lost, or a part of it.
    PowerCut(&'a Machine<'a>),
}

impl Death<'_> {
    fn start(&self, home: &Home) -> Result<Server> {
        match self {
            Self::Kill => home.server(),
            Self::PowerCut(machine) => machine.server(Disk::Honest),
        }
    }

    /// Gives how many pages were lost.
    fn come(&self, server: Server, random: &mut Rng) -> Result<u64> {
        match self {
            Self::Kill => server.kill().map(|()| 0),
            Self::PowerCut(machine) => {
                let surviving = random.u8(..=10);
                let cut = machine.cut(server, || random.u8(..10) < surviving)?;
                Ok(cut.lost)
            }
        }
    }
}

impl Siege {
    /// Lays it over `home`; `told` hears of each round.
    pub fn lay(
        self,
        home: &Home,
        death: Death<'_>,
        mut told: impl FnMut(&Report),
    ) -> Result<Report> {
        let sink = Sink::start()?;
        let mut components = Components::built(home.build())?;
        let mut traffic = Traffic {
            fleet: Fleet::new(self.seed, CLIENTS),
            ledger: Ledger::default(),
            labelled: BTreeMap::new(),
            upgrades: 0,
        };
        let mut report = Report {
            seed: self.seed,
            ..Report::default()
        };
        let mut checker = Checker::default();
        let mut kills = Vec::new();
        let mut random = Rng::with_seed(self.seed);
        let mut server = death.start(home)?;
        stage::set_up(home, &server, &mut components, &traffic.fleet, &sink)?;
        for round in 0..self.rounds {
            let plan = Plan::of(self.seed, round, traffic.fleet.endpoints().len());
            for life in &plan.lives {
                sink.recover();
                sink.answer_next(life.replies.iter().copied());
                sink.answer(life.otherwise);
                traffic
                    .until_the_kill(&server, life, &mut components)
                    .with_context(|| format!("round {}, before the kill", round + 1))?;
                report.pages_lost += death.come(server, &mut random)?;
                kills.push(sink.drained(DRAINED)?);
                server = death
                    .start(home)
                    .with_context(|| format!("round {}, after the kill", round + 1))?;
            }
            sink.recover();
            let webhook = || Webhook {
                received: sink.received(),
                kills: kills.clone(),
            };
            checker
                .check(server.api(), &mut traffic, webhook, &mut report)
                .with_context(|| format!("round {}, after the kill", round + 1))?;
            report.rounds = round + 1;
            report.kills = kills.len() as u64;
            report.upgrades = traffic.upgrades;
            report.events = traffic.ledger.next();
            report.acknowledged = traffic.ledger.acknowledged();
            report.rows = checker.rows_seen();
            told(&report);
        }
        checker.check_all(server.api(), &mut report)?;
        server.run_ok(&["audit", "verify"])?;
        let refused = sink.received();
        report.bad_answers = refused.iter().filter(|message| !message.accepted()).count() as u64;
        server.stop()?;
        Ok(report)
    }
}
