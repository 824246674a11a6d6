//! Guests written to break out of the sandbox, or to disturb what is around it: by the rules of calls between components, by lies about lengths, by code that runs
//! when nobody expects it to. Each is stopped by name, and its neighbour does not notice.

use std::sync::Arc;

use watchbox_model::{Rows, limits::Limit};

use crate::{
    Input, Instance, LoadError, Sandbox, TurnFailure, Unchecked,
    testing::{self, MANIFEST, Outside, authority_with, component, guest_text, handle},
};

const IMPORTS: &str = r#"
    (import "watchbox:artifact/clock@0.1.0" "now" (func $now (param i32)))
    (import "watchbox:artifact/log@0.1.0" "write" (func $write (param i32 i32 i32)))
    (import "watchbox:artifact/labels@0.1.0" "add" (func $add (param i32 i32 i32 i32 i32)))
    (import "watchbox:artifact/state@0.1.0" "keys" (func $keys (param i32 i32 i32)))
    (import "watchbox:artifact/http@0.1.0" "send"
      (func $send (param i32 i32)))"#;

const GRANTS: &str =
    "{ clock: true, log: true, state: true, labels: { add: ['*'] }, limits: { compute: 50ms } }";

/// Makes an instance of a guest and gives it a batch of one event.
async fn turn_of(sandbox: &Sandbox, text: &str) -> Result<Rows, TurnFailure> {
    let wasm = component(text, Some(MANIFEST));
    let loaded = sandbox.load(Unchecked::new(wasm)).await.unwrap();
    let outside = Outside::with_clients([testing::client("C.1", &[])]);
    outside
        .0
        .state
        .lock()
        .unwrap()
        .insert("key".to_owned(), Vec::new());
    let authority = Arc::new(authority_with(GRANTS));
    let mut instance = loaded.instantiate(authority, Arc::new(outside)).await?;
    turn(&mut instance).await
}

async fn turn(instance: &mut Instance) -> Result<Rows, TurnFailure> {
    // An array of one empty map.
    let rows = Rows::from_array(bytes::Bytes::from_static(b"\x91\x80")).unwrap();
    let input = Input::Events {
        artifact: "Some.Log".parse().unwrap(),
        rows,
    };
    let report = instance.handle(&testing::turn(), &input).await;
    report.result.map(|effects| effects.rows)
}

/// A `$handle` that gives `at` as where its result stands.
fn result_at(at: u32, data: &str) -> String {
    format!(
        "{data} (func $handle (param i32 i64 i32 i32 i32) (result i32) (i32.const {}))",
        at as i32
    )
}

/// A guest that returns these bytes as its rows.
fn returning(rows: &[u8]) -> String {
    let text: String = rows.iter().map(|byte| format!("\\{byte:02x}")).collect();
    let body = format!(
        "(data (i32.const 1024) \"{text}\") {}",
        handle(&format!(
            "(i32.store (i32.const 516) (i32.const 1024)) (i32.store (i32.const 520) (i32.const {}))",
            rows.len()
        ))
    );
    guest_text("", &body)
}

fn realloc(code: &str) -> String {
    format!("(func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32) {code})")
}

fn post_return(code: &str) -> String {
    format!(
        "(func (export \"cabi_post_watchbox:artifact/handler@0.1.0#handle\") (param i32) {code})"
    )
}

const SPIN: &str = "(loop $on (br $on))";

/// What is tried, the guest that tries it, and what its failure says.
fn attempts() -> Vec<(&'static str, String, &'static str)> {
    let guest = |body: String| guest_text(IMPORTS, &body);
    let plain = handle("");
    vec![
        ("a start that never ends", guest(format!("(func $spin {SPIN}) (start $spin) {plain}")), "limit `compute`"),
        ("a start that traps", guest(format!("(func $trap (unreachable)) (start $trap) {plain}")), "trapped"),
        (
            "parameters that are never read to the end",
            guest(format!("(func $configure (param i32 i32) (result i32) {SPIN} (i32.const 0)) {plain}")),
            "limit `compute`",
        ),
        (
            "an answer to the parameters from beyond its memory",
            guest(format!("(func $configure (param i32 i32) (result i32) (i32.const -4)) {plain}")),
            "trapped",
        ),
        ("memory that is never handed out", guest(format!("{} {plain}", realloc(&format!("{SPIN} (i32.const 0)")))), "limit `compute`"),
        ("memory beyond the end", guest(format!("{} {plain}", realloc("(i32.const -16)"))), "trapped"),
        ("memory that ends too early", guest(format!("{} {plain}", realloc("(i32.const 131071)"))), "trapped"),
        ("a trap where memory is wanted", guest(format!("{} {plain}", realloc("(unreachable)"))), "trapped"),
        (
            "a call to the host from where memory is wanted",
            guest(format!("{} {plain}", realloc("(call $now (i32.const 600)) (i32.const 65536)"))),
            "trapped",
        ),
        (
            "memory that is not aligned",
            guest(format!("{} {}", realloc("(i32.const 70001)"), handle("(call $keys (i32.const 0) (i32.const 0) (i32.const 600))"))),
            "trapped",
        ),
        ("a clean-up that never ends", guest(format!("{plain} {}", post_return(SPIN))), "limit `compute`"),
        ("a clean-up that traps", guest(format!("{plain} {}", post_return("(unreachable)"))), "trapped"),
        (
            "a call to the host from a clean-up",
            guest(format!("{plain} {}", post_return("(call $now (i32.const 600))"))),
            "trapped",
        ),
        ("a result beyond its memory", guest(result_at(u32::MAX - 3, "")), "trapped"),
        ("a result that is not aligned", guest(result_at(513, "")), "trapped"),
        ("a result that is neither", guest(result_at(600, "(data (i32.const 600) \"\\07\")")), "trapped"),
        ("a failure of no kind", guest(result_at(600, "(data (i32.const 600) \"\\01\\00\\00\\00\\09\")")), "trapped"),
        (
            "a failure whose text is no text",
            guest(result_at(600, "(data (i32.const 600) \"\\01\\00\\00\\00\\01\\00\\00\\00\\00\\04\\00\\00\\02\") (data (i32.const 1024) \"\\ff\\fe\")")),
            "trapped",
        ),
        (
            "a failure whose text is beyond its memory",
            guest(result_at(600, "(data (i32.const 600) \"\\01\\00\\00\\00\\01\\00\\00\\00\\00\\04\\00\\00\\ff\\ff\\ff\\ff\")")),
            "trapped",
        ),
        ("a line from beyond its memory", guest(handle("(call $write (i32.const 1) (i32.const -8) (i32.const 4))")), "trapped"),
        ("a line that is too long to be", guest(handle("(call $write (i32.const 1) (i32.const 0) (i32.const -1))")), "trapped"),
        ("a line that is no text", guest(format!("(data (i32.const 1024) \"\\c3\\28\") {}", handle("(call $write (i32.const 1) (i32.const 1024) (i32.const 2))"))), "trapped"),
        ("a level that is none", guest(handle("(call $write (i32.const 9) (i32.const 0) (i32.const 0))")), "trapped"),
        (
            "labels whose number runs over",
            guest(handle("(call $add (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0x20000001) (i32.const 600))")),
            "trapped",
        ),
        (
            "labels that all name the same memory",
            // 8,192 of them, 64 KiB each: half a GiB, out of 128 KiB.
            guest(handle(
                "(local $n i32)
                 (loop $on
                   (i32.store (i32.mul (local.get $n) (i32.const 8)) (i32.const 65536))
                   (i32.store (i32.add (i32.mul (local.get $n) (i32.const 8)) (i32.const 4)) (i32.const 65536))
                   (local.set $n (i32.add (local.get $n) (i32.const 1)))
                   (br_if $on (i32.lt_u (local.get $n) (i32.const 8192))))
                 (call $add (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 8192) (i32.const 600))",
            )),
            "trapped",
        ),
        (
            "a request whose URL is of no kind",
            guest(handle("(i32.store8 (i32.const 328) (i32.const 5)) (call $send (i32.const 320) (i32.const 600))")),
            "trapped",
        ),
        (
            "a request with more secrets in its body than there is memory",
            guest(handle("(i32.store (i32.const 368) (i32.const -1)) (call $send (i32.const 320) (i32.const 600))")),
            "trapped",
        ),
        ("an answer to be put beyond its memory", guest(handle("(call $now (i32.const -8))")), "trapped"),
        ("an answer to be put where it is not aligned", guest(handle("(call $now (i32.const 601))")), "trapped"),
        ("as many rows as a length can say", returning(b"\xdd\xff\xff\xff\xff"), "no rows"),
        ("as many columns as a length can say", returning(b"\x91\xdf\xff\xff\xff\xff"), "no rows"),
        ("a text as long as a length can say", returning(b"\x91\x81\xa1a\xdb\xff\xff\xff\xff"), "no rows"),
        ("bytes as long as a length can say", returning(b"\x91\x81\xa1a\xc6\xff\xff\xff\xffx"), "no rows"),
        ("a value as deep as can be", returning(&[&b"\x91\x81\xa1a"[..], &[0x91; 60_000]].concat()), "no rows"),
        ("maps as deep as can be", returning(&[b"\x91".as_slice(), &b"\x81\xa1a".repeat(20_000)].concat()), "no rows"),
        ("a column twice", returning(b"\x91\x82\xa1a\x01\xa1a\x02"), "no rows"),
        ("a text that is none", returning(b"\x91\x81\xa1a\xa2\xc3\x28"), "no rows"),
        ("rows and then more", returning(b"\x91\x80\x80"), "no rows"),
    ]
}

#[tokio::test]
async fn each_is_stopped_by_name_and_its_neighbour_goes_on() {
    let sandbox = testing::sandbox();
    let wasm = component(&returning(b"\x91\x80"), Some(MANIFEST));
    let neighbour = sandbox.load(Unchecked::new(wasm)).await.unwrap();
    let authority = Arc::new(testing::authority());
    let mut neighbour = neighbour
        .instantiate(authority, Arc::new(Outside::default()))
        .await
        .unwrap();
    for (what, text, says) in attempts() {
        let failure = turn_of(&sandbox, &text).await.unwrap_err();
        assert!(failure.to_string().contains(says), "{what}: {failure}");
        assert_eq!(turn(&mut neighbour).await.unwrap().len(), 1, "{what}");
    }
}

#[tokio::test]
async fn memory_that_is_handed_out_twice_is_the_guests_own_affair() {
    let text = guest_text(
        "",
        &format!("{} {}", realloc("(i32.const 65536)"), handle("")),
    );
    turn_of(&testing::sandbox(), &text).await.unwrap();
}

#[tokio::test]
async fn a_row_is_no_larger_than_a_row_may_be() {
    // One of two MiB, in a memory that is made as large.
    let text = guest_text(
        "",
        &handle(
            "(drop (memory.grow (i32.const 64)))
         (i64.store (i32.const 65536) (i64.const 0x001f00c661a18191))
         (i32.store (i32.const 65544) (i32.const 0x0000))
         (i32.store (i32.const 516) (i32.const 65536))
         (i32.store (i32.const 520) (i32.const 2031625))",
        ),
    );
    let failure = turn_of(&testing::sandbox(), &text).await.unwrap_err();
    assert!(matches!(failure, TurnFailure::Garbage(_)), "{failure}");
}

#[tokio::test]
async fn a_table_grows_no_further_than_it_may() {
    let body = format!(
        "(table $t 1 funcref) {}",
        handle(
            "(if (i32.ne (table.grow $t (ref.null func) (i32.const 200000)) (i32.const -1))
               (then (unreachable)))
             (if (i32.eq (table.grow $t (ref.null func) (i32.const 10)) (i32.const -1))
               (then (unreachable)))"
        )
    );
    turn_of(&testing::sandbox(), &guest_text("", &body))
        .await
        .unwrap();
}

/// A component of `count` core instances of a module with these definitions.
fn crowd(count: usize, definitions: &str) -> bytes::Bytes {
    let instances = "(core instance (instantiate $m))".repeat(count);
    let text = format!(
        "(component (core module $m {definitions}) {instances}
           (instance $i) (export \"watchbox:artifact/handler@0.1.0\" (instance $i)))"
    );
    testing::embed(wat::parse_str(text).unwrap(), Some(MANIFEST))
}

#[tokio::test]
async fn a_component_is_of_no_more_parts_than_it_may() {
    for (what, wasm) in [
        ("instances", crowd(101, "")),
        ("tables", crowd(21, "(table 1 funcref)")),
        ("memories", crowd(5, "(memory 1)")),
        ("a large table", crowd(1, "(table 100001 funcref)")),
        ("a large memory", crowd(1, "(memory 65536)")),
    ] {
        let refused = testing::sandbox()
            .load(Unchecked::new(wasm))
            .await
            .map(drop)
            .unwrap_err();
        assert!(
            matches!(refused, LoadError::Compile(_)),
            "{what}: {refused}"
        );
    }
}

#[tokio::test]
async fn what_no_toolchain_here_needs_is_not_there() {
    for (what, definitions) in [
        ("threads", "(memory 1 1 shared)"),
        ("memory of 64 bits", "(memory i64 1)"),
        ("tail calls", "(func $f (return_call $f))"),
        ("exceptions", "(tag)"),
        (
            "references to functions",
            "(type $t (func)) (func (param (ref $t)))",
        ),
        ("garbage collection", "(type (struct))"),
    ] {
        let refused = testing::sandbox()
            .load(Unchecked::new(crowd(1, definitions)))
            .await;
        let refused = refused.map(drop).unwrap_err();
        assert!(
            matches!(refused, LoadError::Inspect(_)),
            "{what}: {refused}"
        );
    }
}

#[tokio::test]
async fn a_wait_for_a_day_ends_with_the_turn() {
    // Asked as often as it may, the clock is the only thing that it may ask here.
    let forever = handle("(loop $on (call $now (i32.const 600)) (br $on))");
    let component = testing::load(&guest_text(IMPORTS, &forever)).await.unwrap();
    let grants = "{ clock: true, limits: { turn: 30ms, compute: 60s, calls: 4294967295 } }";
    let mut instance = component
        .instantiate(
            Arc::new(authority_with(grants)),
            Arc::new(Outside::default()),
        )
        .await
        .unwrap();
    let failure = turn(&mut instance).await.unwrap_err();
    assert!(
        matches!(
            failure,
            TurnFailure::Limit {
                limit: Limit::Turn,
                ..
            }
        ),
        "{failure}"
    );
}
