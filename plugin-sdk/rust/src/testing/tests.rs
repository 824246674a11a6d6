use std::{cell::Cell, rc::Rc, time::Duration};

use serde::Deserialize;
use serde_json::json;

use super::*;
use crate::{
    Batch, Failure, Rows, Tick, clients, clock, http, labels,
    log::Level,
    mail::{self, Message},
    state,
};

#[derive(Deserialize)]
struct Plan {
    /// What the artifact does in a tick.
    steps: Vec<String>,
}

/// Does what its parameters say.
struct Puppet {
    plan: Plan,
    ticks: u32,
}

impl crate::Artifact for Puppet {
    type Parameters = Plan;

    fn configure(plan: Plan) -> Result<Self, Failure> {
        if plan.steps.is_empty() {
            return Err(Failure::reject("`steps` is empty"));
        }
        Ok(Self { plan, ticks: 0 })
    }

    fn tick(&mut self, _: Tick, rows: &mut Rows) -> Result<(), Failure> {
        self.ticks += 1;
        for step in &self.plan.steps {
            match step.as_str() {
                "set" => {
                    let ticks: u32 = state::get("ticks")?.unwrap_or_default();
                    state::set("ticks", &(ticks + 1))?;
                }
                "label" => labels::add("C.1", &["Seen"])?,
                "post" => {
                    let sent = http::Request::post(http::secret("url")).once("a").send()?;
                    rows.push(&json!({"status": sent.status}))?;
                }
                "fail-first" if state::get::<u32>("ticks")? == Some(1) && self.ticks == 1 => {
                    return Err(Failure::retry("not yet", Duration::from_secs(1)));
                }
                "read" => {
                    rows.push(&json!({
                        "ticks": state::get::<u32>("ticks")?,
                        "keys": state::keys("")?,
                        "now": clock::now()?,
                        "own": self.ticks,
                    }))?;
                }
                _ => crate::info!("step {step}"),
            }
        }
        Ok(())
    }
}

fn puppet(world: World, steps: &[&str]) -> Installed<Puppet> {
    world.install(&json!({"steps": steps})).unwrap()
}

fn client(id: &str) -> clients::Client {
    clients::Client {
        id: id.into(),
        hostname: format!("HOST-{id}"),
        ..Default::default()
    }
}

#[test]
fn a_failed_turn_is_undone_but_what_it_sent_is_remembered() {
    let mut statuses = [200, 500].into_iter();
    let world = World::new().client(client("C.1")).respond(move |_| {
        Ok(http::Response {
            status: statuses.next().unwrap(),
            ..Default::default()
        })
    });
    let mut installed = puppet(world, &["set", "label", "post", "fail-first", "read"]);
    // The first instance fails in its first tick; the second one, made anew, would as well, were the state not set back.
    let failure = installed.tick(60.0).unwrap_err();
    assert_eq!(failure, Failure::retry("not yet", Duration::from_secs(1)));
    assert!(installed.world().labels_of("C.1").is_empty());
    assert_eq!(installed.world().requests().len(), 1);

    assert!(installed.tick(60.0).is_err());
    assert_eq!(
        installed.world().requests().len(),
        1,
        "settled: not sent again"
    );

    assert!(installed.tick(120.0).is_err());
    assert_eq!(installed.world().requests().len(), 2, "another turn");
}

#[test]
fn a_warm_instance_keeps_its_fields() {
    let mut installed = puppet(World::new(), &["set", "read"]);
    installed.tick(1.0).unwrap();
    assert_eq!(
        installed.tick(2.5).unwrap(),
        [json!({"ticks": 2, "keys": ["ticks"], "now": 2.5, "own": 2})]
    );
}

#[test]
fn what_is_denied_is_an_error_and_a_log_line_is_dropped() {
    for (capability, step) in [("state", "set"), ("labels", "label"), ("http", "post")] {
        let mut installed = puppet(World::new().client(client("C.1")).deny(capability), &[step]);
        let failure = installed.tick(1.0).unwrap_err().to_string();
        assert!(
            failure.contains(&format!("{capability}: denied: grant `{capability}`")),
            "{failure}"
        );
    }
    let mut installed = puppet(World::new(), &["x"]);
    installed.tick(1.0).unwrap();
    let line = Line {
        level: Level::Info,
        text: "step x".into(),
    };
    assert_eq!(installed.world().lines(), [line]);
    let mut silent = puppet(World::new().deny("log"), &["x"]);
    silent.tick(1.0).unwrap();
    assert!(silent.world().lines().is_empty());
    assert!(clock::now().unwrap_err().0.contains("no testing::World"));
}

#[test]
fn wrong_parameters_and_missing_handlers_are_told() {
    let refused = World::new().install::<Puppet>(&json!({"steps": []}));
    assert_eq!(refused.unwrap_err(), Failure::reject("`steps` is empty"));
    let other = World::new()
        .install::<Puppet>(&json!({"stops": []}))
        .unwrap_err();
    assert!(
        other.to_string().contains("missing field `steps`"),
        "{other}"
    );

    let failure = puppet(World::new(), &["x"]).events("Log.Name", &[json!({"a": 1})]);
    assert!(
        failure
            .unwrap_err()
            .to_string()
            .contains("subscribes to Log.Name")
    );
    let _: fn(&mut Puppet, &Batch<'_>, &mut Rows) -> Result<(), Failure> = crate::Artifact::events;
}

/// Gives the ids of the clients that a search finds.
struct Searcher(String);

impl crate::Artifact for Searcher {
    type Parameters = (String,);

    fn configure((query,): (String,)) -> Result<Self, Failure> {
        Ok(Self(query))
    }

    fn tick(&mut self, _: Tick, rows: &mut Rows) -> Result<(), Failure> {
        for client in clients::search(&self.0) {
            rows.push(&json!({"id": client?.id}))?;
        }
        Ok(())
    }
}

#[test]
fn searches_page_through_all_and_know_the_terms() {
    let found = |query: &str| {
        let mut world = World::new();
        for number in 0..2_500 {
            let mut client = client(&format!("C.{number:04}"));
            client.labels = if number % 2 == 0 {
                vec!["Even".into()]
            } else {
                vec![]
            };
            world.set_client(client);
        }
        world
            .install::<Searcher>(&(query,))
            .unwrap()
            .tick(1.0)
            .unwrap()
            .len()
    };
    assert_eq!(found("all"), 2_500);
    assert_eq!(found("label:even"), 1_250);
    assert_eq!(found("client:C.0007"), 1);
    assert_eq!(found("host:host-c.24*9"), 10);
    assert_eq!(found("c.00"), 100);
    assert_eq!(found("label:none"), 0);
}

/// Tells one, then two.
struct Mailing;

impl crate::Artifact for Mailing {
    type Parameters = ();

    fn configure((): ()) -> Result<Self, Failure> {
        Ok(Self)
    }

    fn tick(&mut self, _: Tick, rows: &mut Rows) -> Result<(), Failure> {
        let id = Message::to(["soc@example.org"])
            .subject("s")
            .text("t")
            .once("C.1")
            .send()?;
        Message::to(["a@example.org", "b@example.org"]).send()?;
        rows.push(&json!({ "Id": id }))
    }
}

#[test]
fn mail_is_sent_once_over_tries() {
    let busy = Rc::new(Cell::new(true));
    let is_busy = busy.clone();
    let world = World::new().relay(move |message| match message.to.len() {
        2 if is_busy.get() => Err(mail::Error::Unavailable("busy".into())),
        _ => Ok(()),
    });
    let mut installed = world.install::<Mailing>(&()).unwrap();
    for _ in 0..2 {
        let failure = installed.tick(60.0).unwrap_err();
        assert!(
            failure.to_string().contains("unavailable: busy"),
            "{failure}"
        );
    }
    busy.set(false);
    assert_eq!(
        installed.tick(60.0).unwrap(),
        [json!({"Id": "<1@watchbox.test>"})]
    );
    let recipients: Vec<usize> = installed
        .world()
        .mails()
        .iter()
        .map(|mail| mail.to.len())
        .collect();
    assert_eq!(recipients, [1, 2, 2, 2]);
    let mut denied = World::new().deny("mail").install::<Mailing>(&()).unwrap();
    assert!(
        denied
            .tick(0.0)
            .unwrap_err()
            .to_string()
            .contains("mail: denied")
    );
}

/// Posts, and waits for somebody to mend what is refused.
struct Patient;

impl crate::Artifact for Patient {
    type Parameters = ();

    fn configure((): ()) -> Result<Self, Failure> {
        Ok(Self)
    }

    fn tick(&mut self, _: Tick, _: &mut Rows) -> Result<(), Failure> {
        let response = http::Request::post("https://example.org/")
            .once("C.1")
            .send()?;
        if response.status == 401 {
            http::forget("C.1");
            return Err(Failure::retry("refused", std::time::Duration::ZERO));
        }
        Ok(())
    }
}

#[test]
fn what_is_forgotten_is_sent_again() {
    let refused = Rc::new(Cell::new(true));
    let is_refused = refused.clone();
    let world = World::new().respond(move |_| {
        Ok(http::Response {
            status: if is_refused.get() { 401 } else { 200 },
            ..http::Response::default()
        })
    });
    let mut installed = world.install::<Patient>(&()).unwrap();
    for _ in 0..2 {
        assert!(matches!(installed.tick(60.0), Err(Failure::Retry { .. })));
    }
    refused.set(false);
    installed.tick(60.0).unwrap();
    assert_eq!(installed.world().requests().len(), 3);
}
