//! The journal: what is known of turns that are open, of their parts, and of those that were set aside.

use watchbox_model::{Digest, TurnId, dead_letter::DeadLetter, turn::Trigger};

use super::samples::{act, events, install, name, seconds, tick, turn};
use crate::{Effect, JournalEntry, OpenTurn, Settlement, Store, TurnCommit, Written};

/// The turn that `trigger` sets off.
fn open(installation: &str, trigger: Trigger) -> OpenTurn {
    OpenTurn {
        installation: name(installation),
        turn: TurnId::of(&trigger),
        trigger,
        now: seconds(7.0),
        is_aside: false,
    }
}

fn a_tick(installation: &str, due: f64) -> OpenTurn {
    let due = seconds(due);
    open(installation, Trigger::Tick { due })
}

fn a_batch(from: u64, to: u64) -> OpenTurn {
    let log = events("A");
    open("X", Trigger::Events { log, from, to })
}

fn effect(name: &str, nth: u32) -> Effect {
    Effect {
        name: name.to_owned(),
        nth,
    }
}

async fn journal(store: &dyn Store, turn: &OpenTurn, effect: Effect, outcome: &[u8]) {
    let outcome = outcome.to_vec();
    let entry = JournalEntry { effect, outcome };
    store.journal(turn, entry).await.unwrap();
}

fn settled(turn: &OpenTurn, taken: &[Effect], is_over: bool) -> Option<Settlement> {
    Some(Settlement {
        origin: turn.turn.clone(),
        taken: taken.to_vec(),
        is_over,
    })
}

fn letter(turn: &OpenTurn) -> DeadLetter {
    DeadLetter {
        id: 0,
        installation: turn.installation.clone(),
        digest: Digest::of(b"x"),
        turn: "a turn".to_owned().into(),
        trigger: turn.trigger.clone(),
        now: turn.now,
        tries: 1,
        error: "failed".to_owned(),
        at: seconds(9.0),
    }
}

fn free(effect: Effect) -> Written {
    Written {
        effect,
        is_taken: false,
    }
}

/// The turns that are open, by id, with what is written down of each.
async fn open_turns(store: &dyn Store, text: &str) -> Vec<(OpenTurn, Vec<Written>)> {
    store.open_turns(&name(text)).await.unwrap()
}

async fn written(store: &dyn Store, turn: &OpenTurn) -> Vec<Written> {
    let written = store.written(&turn.installation, &turn.turn).await;
    written.unwrap()
}

async fn outcome(store: &dyn Store, turn: &OpenTurn, effect: &Effect) -> Option<Vec<u8>> {
    let read = store.outcome(&turn.installation, &turn.turn, effect).await;
    read.unwrap()
}

pub async fn open_turns_come_back_until_they_are_over(store: &dyn Store) {
    install(store, "X", &events("A"), 0).await;
    install(store, "Y", &events("A"), 0).await;
    let (one, two, other) = (a_tick("X", 120.0), a_tick("X", 60.0), a_tick("Y", 60.0));
    let later = OpenTurn {
        now: seconds(121.0),
        ..one.clone()
    };
    let (a, b) = (effect("a", 0), effect("b", 0));
    journal(store, &one, a.clone(), b"started").await;
    journal(store, &two, a.clone(), b"").await;
    journal(store, &later, b.clone(), &[0, 255]).await;
    journal(store, &one, a.clone(), b"done").await;
    journal(store, &other, a.clone(), b"other").await;
    let first = (one.clone(), vec![free(a.clone()), free(b.clone())]);
    let second = (two.clone(), vec![free(a.clone())]);
    assert_eq!(open_turns(store, "X").await, [first, second.clone()]);
    assert_eq!(
        outcome(store, &one, &a).await.as_deref(),
        Some(&b"done"[..])
    );
    assert_eq!(
        outcome(store, &one, &b).await.as_deref(),
        Some(&[0, 255][..])
    );
    assert_eq!(outcome(store, &two, &b).await, None);

    let mut done = tick("X", 120.0);
    done.journal = settled(&one, &[a, b], true);
    store.commit(done).await.unwrap();
    assert_eq!(open_turns(store, "X").await, [second]);
    // A commit of nothing else closes a turn that is given up.
    let given_up = TurnCommit {
        tick: None,
        journal: settled(&two, &[], true),
        ..tick("X", 60.0)
    };
    store.commit(given_up).await.unwrap();
    assert_eq!(open_turns(store, "X").await, []);
    let last = store.last_tick(&name("X")).await.unwrap();
    assert_eq!(last, Some(seconds(120.0)));
    assert_eq!(open_turns(store, "Y").await.len(), 1);
}

pub async fn what_a_part_took_is_no_other_parts(store: &dyn Store) {
    let log = events("A");
    install(store, "X", &log, 0).await;
    let whole = a_batch(0, 4);
    for nth in 0..3 {
        journal(store, &whole, effect("a", nth), b"ok").await;
    }
    let mut part = turn("X", &log, 0, 2);
    part.journal = settled(&whole, &[effect("a", 0)], false);
    store.commit(part).await.unwrap();
    let taken = Written {
        effect: effect("a", 0),
        is_taken: true,
    };
    let rest = [taken, free(effect("a", 1)), free(effect("a", 2))];
    assert_eq!(written(store, &whole).await, rest);
    assert_eq!(
        open_turns(store, "X").await,
        [(whole.clone(), rest.to_vec())]
    );

    let mut last = turn("X", &log, 2, 4);
    last.journal = settled(&whole, &[effect("a", 1)], true);
    store.commit(last).await.unwrap();
    assert_eq!(written(store, &whole).await, []);
    assert_eq!(open_turns(store, "X").await, []);
}

pub async fn a_dead_letter_keeps_what_its_turn_did(store: &dyn Store) {
    let log = events("A");
    install(store, "X", &log, 0).await;
    let (whole, poison, last) = (a_batch(0, 4), a_batch(1, 2), a_batch(3, 4));
    for nth in 0..4 {
        journal(store, &whole, effect("a", nth), &[nth as u8]).await;
    }
    let aside = TurnCommit {
        journal: settled(&whole, &[effect("a", 1)], false),
        dead_letter: Some(letter(&poison)),
        ..turn("X", &log, 0, 2)
    };
    store.commit(aside).await.unwrap();
    assert_eq!(written(store, &poison).await, [free(effect("a", 1))]);
    let copied = outcome(store, &poison, &effect("a", 1)).await;
    assert_eq!(copied.as_deref(), Some(&[1][..]));
    // The last part to be set aside gets all that is left.
    let aside = TurnCommit {
        journal: settled(&whole, &[effect("a", 3)], true),
        dead_letter: Some(letter(&last)),
        ..turn("X", &log, 2, 4)
    };
    store.commit(aside).await.unwrap();
    let left = [0, 2, 3].map(|nth| free(effect("a", nth)));
    assert_eq!(written(store, &last).await, left);
    // It is not gone on with after a restart, though what a redrive adds is there.
    let again = OpenTurn {
        is_aside: true,
        ..last.clone()
    };
    journal(store, &again, effect("b", 0), b"ok").await;
    assert_eq!(written(store, &last).await.len(), 4);
    assert_eq!(open_turns(store, "X").await, []);

    let letters = store.dead_letters(None, None, 2).await.unwrap().items;
    let dropped = store.drop_dead_letter(letters[0].id, act("drop"));
    dropped.await.unwrap();
    assert_eq!(written(store, &last).await, []);
    let redriven = TurnCommit {
        advance: None,
        redriven: Some(letters[1].id),
        ..turn("X", &log, 0, 1)
    };
    store.commit(redriven).await.unwrap();
    assert_eq!(written(store, &poison).await, []);
}

pub async fn what_ticks_did_that_were_set_aside_is_carried(store: &dyn Store) {
    install(store, "X", &events("A"), 0).await;
    let (one, two) = (a_tick("X", 60.0), a_tick("X", 120.0));
    for tick_set_aside in [&one, &two] {
        journal(store, tick_set_aside, effect("a", 0), b"ok").await;
        let Trigger::Tick { due } = tick_set_aside.trigger else {
            panic!("not a tick");
        };
        let aside = TurnCommit {
            journal: settled(tick_set_aside, &[], true),
            dead_letter: Some(letter(tick_set_aside)),
            ..tick("X", due.seconds())
        };
        store.commit(aside).await.unwrap();
    }
    let carried = [&two, &one].map(|turn| (turn.turn.clone(), effect("a", 0)));
    assert_eq!(store.carried(&name("X")).await.unwrap(), carried);
    assert_eq!(store.carried(&name("Y")).await.unwrap(), []);
    // Dropping the dead letter does not make the next tick send again.
    let letters = store.dead_letters(None, None, 2).await.unwrap().items;
    let dropped = store.drop_dead_letter(letters[1].id, act("drop"));
    dropped.await.unwrap();
    assert_eq!(store.carried(&name("X")).await.unwrap(), carried);

    store.commit(tick("X", 180.0)).await.unwrap();
    assert_eq!(store.carried(&name("X")).await.unwrap(), []);
    assert_eq!(written(store, &one).await, []);
    // The dead letter that is still there has what is its own.
    assert_eq!(written(store, &two).await, [free(effect("a", 0))]);
}

pub async fn what_is_forgotten_is_gone_where_it_was_known_from(store: &dyn Store) {
    install(store, "X", &events("A"), 0).await;
    install(store, "Y", &events("A"), 0).await;
    let (aside, now, other) = (a_tick("X", 60.0), a_tick("X", 120.0), a_tick("Y", 60.0));
    let (a, b) = (effect("a", 0), effect("b", 0));
    for turn in [&aside, &now, &other] {
        journal(store, turn, a.clone(), b"refused").await;
        journal(store, turn, b.clone(), b"ok").await;
    }
    journal(store, &now, effect("a", 1), b"ok").await;
    let commit = TurnCommit {
        journal: settled(&aside, &[], true),
        dead_letter: Some(letter(&aside)),
        ..tick("X", 60.0)
    };
    store.commit(commit).await.unwrap();

    // A batch has nothing to do with what ticks carry.
    let batch = a_batch(0, 4);
    journal(store, &batch, a.clone(), b"refused").await;
    store.forget(&batch, &a).await.unwrap();
    assert_eq!(outcome(store, &batch, &a).await, None);
    assert_eq!(store.carried(&name("X")).await.unwrap().len(), 2);

    store.forget(&now, &a).await.unwrap();
    let forgotten = Written {
        effect: a.clone(),
        is_taken: true,
    };
    assert_eq!(
        written(store, &now).await,
        [forgotten.clone(), free(effect("a", 1)), free(b.clone())]
    );
    assert_eq!(written(store, &aside).await, [forgotten, free(b.clone())]);
    assert_eq!(outcome(store, &now, &a).await, None);
    let carried = store.carried(&name("X")).await.unwrap();
    assert_eq!(carried, [(aside.turn.clone(), b.clone())]);
    assert_eq!(written(store, &other).await, [free(a.clone()), free(b)]);
    // What is not known can be forgotten, too.
    store.forget(&now, &a).await.unwrap();
    store.forget(&a_tick("Z", 60.0), &a).await.unwrap();
}
