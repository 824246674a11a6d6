//! Guests that misbehave: each is stopped, told by name, and leaves the rest alone.

mod memory;

use std::sync::Arc;

use watchbox_model::{Rows, Time, limits::Limit};

use crate::{
    Input, Instance, LoadError, TurnFailure, TurnReport, Unchecked,
    testing::{self, Outside, authority_with, guest_text, handle},
};

const TICK: Input = Input::Tick {
    due: Time::from_micros(5_000_000),
};

async fn turn(instance: &mut Instance) -> TurnReport {
    instance.handle(&testing::turn(), &TICK).await
}

/// What a guest whose `$handle` does `code` comes to.
async fn outcome(code: &str, grants: &str) -> TurnFailure {
    let mut instance = testing::instance(&guest_text("", &handle(code)), grants).await;
    turn(&mut instance).await.result.unwrap_err()
}

fn limit(failure: TurnFailure) -> (Limit, String) {
    match failure {
        TurnFailure::Limit { limit, detail } => (limit, detail),
        other => panic!("no limit: {other}"),
    }
}

#[tokio::test]
async fn a_guest_that_does_nothing_returns_nothing() {
    let mut instance = testing::instance(&guest_text("", &handle("")), "{}").await;
    for _ in 0..3 {
        let report = turn(&mut instance).await;
        assert_eq!(report.result.unwrap().rows, Rows::default());
        assert_eq!(report.audit, []);
        assert_eq!(report.usage.calls, 0);
        assert!(report.usage.memory >= 128 << 10);
    }
}

#[tokio::test]
async fn an_endless_loop_ends_at_the_limit_of_computing() {
    let (limit, detail) = limit(outcome("(loop $on (br $on))", "limits: { compute: 50ms }").await);
    assert_eq!(limit, Limit::Compute);
    insta::assert_snapshot!(detail, @"a turn may compute for 50ms; `limits.compute` in its grants raises that");
}

#[tokio::test]
async fn an_endless_loop_gives_way_to_its_neighbours() {
    let text = guest_text("", &handle("(loop $on (br $on))"));
    let mut looping = testing::instance(&text, "limits: { compute: 300ms }").await;
    let mut quiet = testing::instance(&guest_text("", &handle("")), "{}").await;
    // One thread for both: the quiet one gets its turns while the other one loops.
    let turns = async {
        for _ in 0..5 {
            assert!(turn(&mut quiet).await.result.is_ok());
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        biased;
        report = turn(&mut looping) => panic!("the loop ended first: {:?}", report.result),
        () = turns => {}
    }
}

#[tokio::test]
async fn an_eater_of_memory_is_stopped_at_its_limit() {
    let eat = "(loop $on
        (br_if $on (i32.ne (memory.grow (i32.const 16)) (i32.const -1))))
        (unreachable)";
    let (limit, detail) = limit(outcome(eat, "limits: { memory: 8MiB }").await);
    assert_eq!(limit, Limit::Memory);
    assert!(detail.contains("8388608 are allowed"), "{detail}");
}

#[tokio::test]
async fn a_guest_that_starts_too_large_is_not_made() {
    let text = guest_text("", &handle("")).replace("\"memory\") 2)", "\"memory\") 200)");
    let component = testing::load(&text).await.unwrap();
    let authority = Arc::new(authority_with("limits: { memory: 8MiB }"));
    let made = component
        .instantiate(authority, Arc::new(Outside::default()))
        .await;
    assert_eq!(limit(made.unwrap_err()).0, Limit::Memory);
}

#[tokio::test]
async fn deep_recursion_is_told_as_the_stack() {
    let body = format!(
        "(func $deep (result i32) (i32.add (call $deep) (i32.const 1))) {}",
        handle("(drop (call $deep))")
    );
    let mut instance = testing::instance(&guest_text("", &body), "{}").await;
    let failure = turn(&mut instance).await.result.unwrap_err();
    assert_eq!(limit(failure).0, Limit::Stack);
}

#[tokio::test]
async fn a_trap_says_where_it_happened_and_spends_the_instance() {
    let body = format!("(func $decode (unreachable)) {}", handle("(call $decode)"));
    let mut instance = testing::instance(&guest_text("", &body), "{}").await;
    let failure = turn(&mut instance).await.result.unwrap_err();
    insta::assert_snapshot!(failure, @"the artifact trapped: wasm trap: wasm `unreachable` instruction executed (in decode, called by handle)");
    let again = turn(&mut instance).await.result.unwrap_err();
    insta::assert_snapshot!(again, @"the host failed: this instance failed before and must be dropped");
}

#[tokio::test]
async fn rows_that_are_none_are_garbage() {
    // A list of one byte: 0xc1, which MessagePack leaves undefined.
    let garbage = "(i32.store8 (i32.const 100) (i32.const 0xc1))
        (i32.store (i32.const 516) (i32.const 100))
        (i32.store (i32.const 520) (i32.const 1))";
    let failure = outcome(garbage, "{}").await;
    assert!(matches!(failure, TurnFailure::Garbage(_)), "{failure}");
}

#[tokio::test]
async fn a_list_outside_of_its_memory_is_a_trap() {
    let lies = "(i32.store (i32.const 516) (i32.const 0))
        (i32.store (i32.const 520) (i32.const 0x7fffffff))";
    let failure = outcome(lies, "{}").await;
    assert!(matches!(failure, TurnFailure::Trap(_)), "{failure}");
}

#[tokio::test]
async fn rows_over_the_limits_are_told_by_name() {
    // An array of three empty maps.
    let three = "(i32.store (i32.const 100) (i32.const 0x80808093))
        (i32.store (i32.const 516) (i32.const 100))
        (i32.store (i32.const 520) (i32.const 4))";
    let of = |grants| outcome(three, grants);
    assert_eq!(limit(of("limits: { rows: 2 }").await).0, Limit::Rows);
    assert_eq!(
        limit(of("limits: { rows-bytes: 3B }").await).0,
        Limit::RowsBytes
    );
    let mut instance = testing::instance(&guest_text("", &handle(three)), "{}").await;
    assert_eq!(turn(&mut instance).await.result.unwrap().rows.len(), 3);
}

#[tokio::test]
async fn what_the_guest_says_of_its_failure_is_kept() {
    let body = format!(
        "(data (i32.const 16) \"busy\\1b[2J\")
         (func $handle (param i32 i64 i32 i32 i32) (result i32)
           {})",
        "(i32.store8 (i32.const 600) (i32.const 1))
         (i32.store8 (i32.const 604) (local.get 0))
         (i32.store (i32.const 608) (i32.const 16))
         (i32.store (i32.const 612) (i32.const 8))
         (i32.store (i32.const 616) (i32.const 1500))
         (i32.const 600)"
    );
    // The trigger's kind stands for the failure's: 0 (events) is `retry`, 1 (a tick) is `reject`.
    let text = guest_text("", &body);
    let mut instance = testing::instance(&text, "{}").await;
    let failure = turn(&mut instance).await.result.unwrap_err();
    assert_eq!(failure, TurnFailure::Reject("busy\\u{1b}[2J".to_owned()));
    let mut instance = testing::instance(&text, "{}").await;
    let input = Input::Events {
        artifact: "A".parse().unwrap(),
        rows: Rows::default(),
    };
    let failure = instance
        .handle(&testing::turn(), &input)
        .await
        .result
        .unwrap_err();
    insta::assert_snapshot!(failure, @r"the artifact asks for another try: busy\u{1b}[2J");
    assert!(matches!(failure, TurnFailure::Retry { after, .. } if after.as_millis() == 1_500));
}

#[tokio::test]
async fn parameters_that_are_refused_are_told() {
    let body = format!(
        "(data (i32.const 16) \"no url\")
         (func $configure (param i32 i32) (result i32)
           (i32.store8 (i32.const 600) (i32.const 1))
           (i32.store (i32.const 604) (i32.const 16))
           (i32.store (i32.const 608) (i32.const 6))
           (i32.const 600)) {}",
        handle("")
    );
    let component = testing::load(&guest_text("", &body)).await.unwrap();
    let made = component
        .instantiate(Arc::new(testing::authority()), Arc::new(Outside::default()))
        .await;
    assert_eq!(
        made.unwrap_err(),
        TurnFailure::Configure("no url".to_owned())
    );
}

const LOG: &str = r#"(import "watchbox:artifact/log@0.1.0" "write" (func $write (param i32 i32 i32)))
    (import "watchbox:artifact/clock@0.1.0" "now" (func $now (param i32)))"#;

#[tokio::test]
async fn a_flood_of_lines_is_held_at_the_limit() {
    let flood = "(local $n i32)
        (loop $on
          (call $write (i32.const 2) (i32.const 16) (i32.const 4))
          (local.set $n (i32.add (local.get $n) (i32.const 1)))
          (br_if $on (i32.lt_u (local.get $n) (i32.const 500))))";
    let body = format!("(data (i32.const 16) \"line\") {}", handle(flood));
    let mut instance = testing::instance(&guest_text(LOG, &body), "log: true").await;
    let report = turn(&mut instance).await;
    assert!(report.result.is_ok());
    assert_eq!(report.messages.len(), 201);
    assert_eq!(report.usage.dropped_lines, 300);
    insta::assert_snapshot!(report.messages[200].text, @"300 lines were dropped: limit `log-lines` allows 200 a turn");
    let trail: Vec<String> = report.audit.iter().map(testing::told).collect();
    insta::assert_snapshot!(trail.join("\n"), @"log write [warn] allowed: log: true -> ok, 500 times");
}

#[tokio::test]
async fn calls_past_the_limit_end_the_turn() {
    let forever = "(loop $on (call $now (i32.const 600)) (br $on))";
    let text = guest_text(LOG, &handle(forever));
    let mut instance = testing::instance(&text, "{ clock: true, limits: { calls: 50 } }").await;
    let report = turn(&mut instance).await;
    assert_eq!(report.usage.calls, 50);
    assert_eq!(limit(report.result.unwrap_err()).0, Limit::Calls);
}

#[tokio::test]
async fn a_denial_is_an_answer_and_no_trap() {
    // Traps unless the answer is an error.
    let ask = "(call $now (i32.const 600))
        (if (i32.eqz (i32.load8_u (i32.const 600))) (then (unreachable)))
        (call $write (i32.const 0) (i32.const 0) (i32.const 1))";
    let mut instance = testing::instance(&guest_text(LOG, &handle(ask)), "{}").await;
    let report = turn(&mut instance).await;
    assert!(report.result.is_ok());
    assert_eq!(report.usage.denied, 2);
    let trail: Vec<String> = report.audit.iter().map(testing::told).collect();
    insta::assert_snapshot!(trail.join("\n"), @r"
    clock now [] DENIED: `clock` is not granted: `clock: true` in its grants would allow it -> 
    log write [debug] DENIED: `log` is not granted: `log: true` in its grants would allow it -> 
    ");
}

#[tokio::test]
async fn a_revoked_grant_is_gone_at_the_next_call() {
    let component = testing::load(&guest_text(LOG, &handle("(call $now (i32.const 600))")))
        .await
        .unwrap();
    let authority = Arc::new(authority_with("clock: true"));
    let mut instance = component
        .instantiate(authority.clone(), Arc::new(Outside::default()))
        .await
        .unwrap();
    assert_eq!(turn(&mut instance).await.usage.denied, 0);
    *authority.grants.write().unwrap() = Arc::new(testing::grants_of("{}"));
    assert_eq!(turn(&mut instance).await.usage.denied, 1);
}

#[tokio::test]
async fn nothing_can_be_done_while_an_instance_is_configured() {
    let body = format!(
        "(func $configure (param i32 i32) (result i32)
           (call $now (i32.const 600))
           (call $write (i32.const 1) (i32.const 16) (i32.const 5))
           (i32.const 512))
         (data (i32.const 16) \"ready\") {}",
        handle("")
    );
    let mut instance =
        testing::instance(&guest_text(LOG, &body), "{ clock: true, log: true }").await;
    let report = turn(&mut instance).await;
    assert_eq!(report.messages[0].text, "ready");
    let trail: Vec<String> = report.audit.iter().map(testing::told).collect();
    insta::assert_snapshot!(trail.join("\n"), @r"
    clock now [] DENIED: capabilities can be used within a turn only, not while an instance is configured -> 
    log write [info] allowed: log: true -> ok
    ");
    assert_eq!(report.audit[0].turn, None);
    // The first turn's own report; the next one has nothing of it.
    assert_eq!(turn(&mut instance).await.audit, []);
}

#[tokio::test]
async fn a_turn_that_is_given_up_spends_the_instance() {
    let text = guest_text("", &handle("(loop $on (br $on))"));
    let mut instance = testing::instance(&text, "limits: { compute: 60s, turn: 30ms }").await;
    let failure = turn(&mut instance).await.result.unwrap_err();
    assert_eq!(limit(failure).0, Limit::Turn);
    assert!(matches!(
        turn(&mut instance).await.result,
        Err(TurnFailure::Host(_))
    ));
}

#[tokio::test]
async fn components_that_can_not_run_are_refused_by_name() {
    let sandbox = testing::sandbox();
    let load = |bytes: Vec<u8>| sandbox.load(Unchecked::new(bytes));
    let good = testing::component(
        &guest_text(LOG, &handle("(call $now (i32.const 600))")),
        None,
    );

    let refused = |loaded: Result<_, LoadError>| loaded.map(drop).unwrap_err().to_string();
    let hello = refused(load(b"hello".to_vec()).await);
    assert!(
        hello.starts_with("this is no WebAssembly component: "),
        "{hello}"
    );
    insta::assert_snapshot!(refused(load(wat::parse_str("(module)").unwrap()).await), @"this is a core WebAssembly module, not a component: build it with `watchbox build`, or wrap it with `wasm-tools component new`");
    let cut = refused(load(good[..good.len() / 2].to_vec()).await);
    assert!(
        cut.starts_with("this is no WebAssembly component: "),
        "{cut}"
    );
    insta::assert_snapshot!(refused(load(good.to_vec()).await), @"it has no manifest: `watchbox build` embeds `artifact.yaml` as the custom section `watchbox:manifest`");
    let undeclared = testing::MANIFEST.replace("  clock: { reason: test }\n", "");
    insta::assert_snapshot!(refused(load(testing::embed(good.to_vec(), Some(&undeclared)).to_vec()).await), @"it imports `watchbox:artifact/clock@0.1.0`, which its manifest does not declare: add `clock` under `capabilities`, with the reason");
    let by_wasi =
        wat::parse_str("(component (import \"wasi:http/outgoing-handler@0.2.0\" (instance)))")
            .unwrap();
    let no_http = testing::MANIFEST.replace("  http: {", "  # http: {");
    insta::assert_snapshot!(refused(load(testing::embed(by_wasi, Some(&no_http)).to_vec()).await), @"it imports `wasi:http/outgoing-handler@0.2.0`, which its manifest does not declare: add `http` under `capabilities`, with the reason");
    let unknown =
        wat::parse_str("(component (import \"evil:host/files@1.0.0\" (instance)))").unwrap();
    insta::assert_snapshot!(refused(load(testing::embed(unknown, Some(testing::MANIFEST)).to_vec()).await), @"it imports `evil:host/files@1.0.0`, which watchbox does not serve");
    let idle = wat::parse_str("(component)").unwrap();
    insta::assert_snapshot!(refused(load(testing::embed(idle, Some(testing::MANIFEST)).to_vec()).await), @"it does not export `watchbox:artifact/handler`: no export of that name");
    // The right name, and nothing behind it.
    let empty = wat::parse_str(
        "(component (instance $i) (export \"watchbox:artifact/handler@0.1.0\" (instance $i)))",
    )
    .unwrap();
    let error = load(testing::embed(empty, Some(testing::MANIFEST)).to_vec())
        .await
        .unwrap_err();
    assert!(matches!(error, LoadError::NoHandler(_)), "{error}");
    // A known name, and a function that is not there.
    let wrong = wat::parse_str(
        "(component (import \"watchbox:artifact/clock@0.1.0\" (instance (export \"set\" (func))))
           (instance $i) (export \"watchbox:artifact/handler@0.1.0\" (instance $i)))",
    );
    let error = load(testing::embed(wrong.unwrap(), Some(testing::MANIFEST)).to_vec())
        .await
        .unwrap_err();
    assert!(matches!(error, LoadError::Unknown(_)), "{error}");
}

#[tokio::test]
async fn what_is_loaded_twice_is_one_and_what_is_not_used_is_warned_of() {
    let sandbox = testing::sandbox();
    let wasm = testing::component(
        &guest_text(LOG, &handle("(call $now (i32.const 600))")),
        Some(testing::MANIFEST),
    );
    let load = || sandbox.load(Unchecked::new(wasm.clone()));
    let (one, two) = tokio::join!(load(), load());
    let (one, two) = (one.unwrap(), two.unwrap());
    assert!(Arc::ptr_eq(&one, &two));
    assert_eq!(one.digest(), watchbox_model::Digest::of(&wasm));
    let warned: Vec<String> = one.warnings();
    assert_eq!(warned.len(), 5, "{warned:?}");
    insta::assert_snapshot!(warned[0], @"`clients` is declared and not imported: it needs no grant, and its declaration can go");
}

#[tokio::test]
async fn what_is_in_the_cache_is_not_checked_again() {
    let folder = tempfile::tempdir().unwrap();
    let config = |cache| crate::SandboxConfig {
        cache,
        instances: 10,
        ..Default::default()
    };
    let cached = config(Some(folder.path().to_owned()));
    // Its code says what can't be run; only a walk through it shows that.
    let mut wrong =
        testing::component(&guest_text("", &handle("")), Some(testing::MANIFEST)).to_vec();
    let module = wat::parse_str("(component (core module (func $f (return_call $f))))").unwrap();
    let after_the_head = 8..module.len();
    wrong.extend_from_slice(&module[after_the_head]);
    let wanted = Unchecked::new(wrong);
    assert!(wanted.said().is_ok());
    let load = |config| crate::Sandbox::new(config).unwrap();
    let refused = load(cached.clone()).load(wanted.clone()).await;
    assert!(matches!(refused, Err(LoadError::Inspect(_))), "{refused:?}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);

    // As if it had been compiled when the rules were others.
    let engine = crate::engine::engine(&cached).unwrap();
    let right = testing::component(&guest_text("", &handle("")), Some(testing::MANIFEST));
    let code = wasmtime::component::Component::from_binary(&engine, &right).unwrap();
    let cache = crate::cache::Cache::open(folder.path().to_owned(), &engine).unwrap();
    cache.store(&code, wanted.digest());
    let loaded = load(cached).load(wanted.clone()).await.unwrap();
    assert_eq!(loaded.digest(), wanted.digest());
    let refused = load(config(None)).load(wanted).await;
    assert!(matches!(refused, Err(LoadError::Inspect(_))), "{refused:?}");
}

#[tokio::test]
async fn compiled_code_is_kept_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let wasm = testing::component(&guest_text("", &handle("")), Some(testing::MANIFEST));
    for _ in 0..2 {
        let sandbox = crate::Sandbox::new(crate::SandboxConfig {
            cache: Some(folder.path().to_owned()),
            instances: 10,
            ..Default::default()
        });
        let component = sandbox
            .unwrap()
            .load(Unchecked::new(wasm.clone()))
            .await
            .unwrap();
        let instance = component
            .instantiate(Arc::new(testing::authority()), Arc::new(Outside::default()))
            .await;
        assert!(turn(&mut instance.unwrap()).await.result.is_ok());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
