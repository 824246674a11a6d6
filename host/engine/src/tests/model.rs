//! Random histories of one installation (events good and bad, days that pass, a store and a webhook that fail, crashes, upgrades, switching
//! off and on), compared with what a few lines say must come of them.

use std::{
    collections::BTreeSet,
    sync::{Arc, atomic::Ordering},
};

use proptest::prelude::*;
use tokio::sync::watch;
use watchbox_model::{LogKey, Rows, Time};

use super::{
    faulty::Faulty,
    guest,
    server::{LOG, Server, name, open, within},
    webhook::Webhook,
};
use crate::{Change, Clock, Install};

const WHO: &str = "Server.Echo";
/// Seconds from one tick to the next.
const PERIOD: f64 = 600.0;

#[derive(Clone, Debug)]
enum Step {
    /// So many events come; the one at this place traps, if there is one.
    Events {
        count: usize,
        poison: usize,
    },
    /// So many times 100 seconds pass; back, if below zero.
    Pass(i32),
    /// So many commits do not go through.
    CommitsFail(u32),
    /// An event comes, and so many entries of the journal can't be written.
    EntriesFail(u32),
    /// The webhook fails so many times.
    WebhookFails(u32),
    Crash,
    Restart,
    Upgrade,
    OffAndOn,
    /// Every dead letter is given again; the poison stays poison.
    Redrive,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let events = (1..12_usize, 0..30_usize);
    let step = prop_oneof![
        8 => events.prop_map(|(count, poison)| Step::Events { count, poison }),
        3 => (-20..50_i32).prop_map(Step::Pass),
        2 => (1..6_u32).prop_map(Step::CommitsFail),
        1 => (1..6_u32).prop_map(Step::EntriesFail),
        2 => (1..6_u32).prop_map(Step::WebhookFails),
        1 => Just(Step::Crash),
        1 => Just(Step::Restart),
        1 => Just(Step::Upgrade),
        1 => Just(Step::OffAndOn),
        1 => Just(Step::Redrive),
    ];
    proptest::collection::vec(step, 1..16)
}

/// What must come of it.
#[derive(Default)]
struct Reference {
    sent: usize,
    /// The texts of the rows, in order.
    rows: Vec<String>,
    poison: usize,
    /// The time of the clock, and up to when ticks are done.
    now: f64,
    ticked: f64,
    ticks: usize,
}

impl Reference {
    fn events(&mut self, count: usize, poison: usize) -> Vec<String> {
        let texts: Vec<_> = (0..count)
            .map(|at| {
                let number = self.sent + at;
                match at == poison {
                    true => format!("TRAP {number}"),
                    false => format!("event {number}"),
                }
            })
            .collect();
        self.sent += count;
        self.poison += usize::from(poison < count);
        let good = texts.iter().filter(|text| !text.starts_with("TRAP"));
        self.rows.extend(good.cloned());
        texts
    }

    fn pass(&mut self, seconds: f64) {
        self.now += seconds;
        let due = (self.now / PERIOD).floor() * PERIOD;
        if self.ticked - self.now > 5.0 {
            // The clock was set back: it goes by what it says now.
            self.ticked = self.now;
        }
        if due > self.ticked {
            self.ticked = due;
            self.ticks += 1;
        }
    }
}

/// The real thing.
struct Real {
    server: Server,
    faulty: Arc<Faulty>,
    webhook: Webhook,
    time: watch::Sender<Time>,
    version: u32,
}

impl Real {
    async fn start(now: f64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let faulty = Arc::new(Faulty::over(open(&folder).await));
        let (time, shown) = watch::channel(Time::from_seconds(now));
        let store = Arc::clone(&faulty);
        let server = Server::by(Clock::set_by(shown), folder, store).await;
        let webhook = Webhook::start().await;
        let real = Self {
            server,
            faulty,
            webhook,
            time,
            version: 0,
        };
        let grants = format!(
            "{{ state: true, http: [ {{ method: POST, url: \"{}\" }} ], limits: {{ tries: 8 }} }}",
            real.webhook.url
        );
        let install = Install {
            grants: super::server::grants(&grants),
            component: real.component(),
            ..super::server::install(WHO, "")
        };
        real.server.try_install(install).await.unwrap();
        real
    }

    fn component(&self) -> bytes::Bytes {
        let triggers = format!(
            "subscribe: [ {{ artifact: {LOG}, batch: {{ rows: 5 }} }} ]\nschedule: {{ every: {PERIOD}s }}"
        );
        let version = format!("1.0.{}", self.version);
        guest::posting(WHO, &version, &triggers, &self.webhook.url)
    }

    async fn change(&self, change: Change) {
        within(self.server.engine.change(&name(WHO), change))
            .await
            .unwrap();
    }

    /// Stops and starts, as a crash (nothing more is written) or in order.
    async fn restart(self, is_crash: bool) -> Self {
        self.faulty.is_full.store(is_crash, Ordering::SeqCst);
        let folder = self.server.stop().await;
        let faulty = Arc::new(Faulty::over(open(&folder).await));
        let clock = Clock::set_by(self.time.subscribe());
        let store = Arc::clone(&faulty);
        let server = Server::by(clock, folder, store).await;
        Self {
            server,
            faulty,
            ..self
        }
    }

    /// Waits until everything has come of it that must.
    async fn settle(&self, reference: &Reference) {
        let rows = reference.rows.len() + reference.ticks;
        self.server.rows(WHO, rows as u64).await;
        self.server.letters(WHO, reference.poison).await;
        self.server
            .until(WHO, |status| {
                status.lag == 0 && status.phase == crate::Phase::Idle
            })
            .await;
    }

    async fn redrive(&self) {
        for letter in self.server.letters(WHO, 0).await {
            let again = self.server.engine.redrive(letter.id, "token:test");
            assert!(within(again).await.is_err(), "poison stays poison");
        }
    }
}

async fn play(steps: Vec<Step>) {
    let mut reference = Reference {
        now: 1_000_000.0 * PERIOD + 1.0,
        ticked: 1_000_000.0 * PERIOD,
        ..Reference::default()
    };
    let mut real = Real::start(reference.now).await;
    for step in steps {
        match step {
            Step::Events { count, poison } => {
                real.server.send(reference.events(count, poison)).await;
            }
            Step::Pass(hundreds) => {
                // A tick that is due while another is under way is run with the next that is: only a settled engine has one answer.
                real.settle(&reference).await;
                reference.pass(f64::from(hundreds) * 100.0);
                let now = Time::from_seconds(reference.now);
                real.time.send_replace(now);
                real.settle(&reference).await;
                // A clock that was set back and on again before anybody looked was not set back.
                let is_seen = |due: Time| due > now && due.since(now).as_secs_f64() <= PERIOD;
                real.server
                    .until(WHO, |status| status.next_tick.is_some_and(is_seen))
                    .await;
            }
            Step::CommitsFail(times) => {
                real.faulty.failing_commits.store(times, Ordering::SeqCst);
            }
            Step::EntriesFail(times) => {
                // Killed before they are written down it would send again, as the guarantees say: it is not, here.
                real.settle(&reference).await;
                real.faulty.failing_entries.store(times, Ordering::SeqCst);
                real.server.send(reference.events(1, 1)).await;
                real.settle(&reference).await;
            }
            Step::WebhookFails(times) => {
                // Together they must not be so many that tries are spent.
                real.settle(&reference).await;
                real.webhook.fails.store(times, Ordering::SeqCst);
            }
            Step::Crash => real = real.restart(true).await,
            Step::Restart => real = real.restart(false).await,
            Step::Upgrade => {
                real.version += 1;
                let component = Some(real.component());
                let change = Change {
                    component,
                    ..Change::default()
                };
                real.change(change).await;
            }
            Step::OffAndOn => {
                for enabled in [false, true] {
                    let change = Change {
                        enabled: Some(enabled),
                        ..Change::default()
                    };
                    real.change(change).await;
                }
            }
            Step::Redrive => {
                real.settle(&reference).await;
                real.redrive().await;
            }
        }
    }
    real.settle(&reference).await;
    let store = Arc::clone(&real.faulty.inner);
    let accepted = Arc::clone(&real.webhook.accepted);
    let texts = real.server.texts(&LogKey::rows(name(WHO)), "Text").await;
    let (ticks, rows): (Vec<_>, Vec<_>) = texts.into_iter().partition(|text| text == "tick");
    assert_eq!(rows, reference.rows);
    assert_eq!(ticks.len(), reference.ticks);
    let letters = real.server.letters(WHO, reference.poison).await;
    assert_eq!(letters.len(), reference.poison);
    let open = store.open_turns(&name(WHO)).await.unwrap();
    assert_eq!(open, [], "every journal is settled");
    real.server.stop().await;
    // No batch was taken twice, and every event was in one that was.
    let accepted = accepted.lock().unwrap();
    let distinct: BTreeSet<_> = accepted.iter().collect();
    assert_eq!(distinct.len(), accepted.len(), "a message was sent twice");
    let told: BTreeSet<String> = accepted.iter().flat_map(|body| texts_of(body)).collect();
    assert!(reference.rows.iter().all(|text| told.contains(text)));
}

/// The texts of a batch.
fn texts_of(body: &[u8]) -> Vec<String> {
    let rows = Rows::from_array(body.to_vec().into()).unwrap();
    let text = |row: watchbox_model::RowRef<'_>| match row.column("Text") {
        Some(watchbox_model::ValueRef::Str(text)) => text.to_owned(),
        other => panic!("{other:?}"),
    };
    rows.iter().map(text).collect()
}

/// So many histories as fit a run of all tests, unless `PROPTEST_CASES` says otherwise.
fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|text| text.parse().ok());
    ProptestConfig {
        cases: cases.unwrap_or(24),
        max_shrink_iters: 200,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]
    #[test]
    fn what_comes_of_a_history_is_what_must(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(play(steps));
    }
}
