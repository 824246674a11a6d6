//! The guest of these tests. It hands back the events that it is given, and does as they say.

use bytes::Bytes;
use watchbox_model::manifest::SECTION;
use wit_component::{ComponentEncoder, StringEncoding};

/// Emits the events of a batch as they are, and a row for a tick, unless there is in a batch, anywhere, the word
/// `TRAP` (it traps), `LOOP` (it never returns), `NO` (it rejects), `LATE` (it asks for another try in an hour), or `WAIT`
/// (it asks for another try until its state has the key `go`). With the parameters in its `configure` there is nothing wrong, unless `WRONG` is among them.
const MODULE: &str = r#"(module
  (import "watchbox:artifact/state@0.1.0" "get" (func $get (param i32 i32 i32)))
  ;; IMPORTS
  (memory (export "memory") 2)
  (data (i32.const 0) "go")
  (data (i32.const 16) "not yet")
  (data (i32.const 32) "\91\81\a4Text\a4tick")
  (global $free (mut i32) (i32.const 65536))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and
      (i32.add (global.get $free) (i32.sub (local.get 2) (i32.const 1)))
      (i32.sub (i32.const 0) (local.get 2))))
    (global.set $free (i32.add (local.get $at) (local.get 3)))
    (block $room
      (loop $grow
        (br_if $room (i32.le_u (global.get $free) (i32.mul (memory.size) (i32.const 65536))))
        (br_if $grow (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))
        (unreachable)))
    (local.get $at))
  (func $has (param $word i32) (param $at i32) (param $len i32) (result i32)
    (local $end i32)
    (local.set $end (i32.sub (i32.add (local.get $at) (local.get $len)) (i32.const 4)))
    (block $out
      (loop $next
        (br_if $out (i32.gt_s (local.get $at) (local.get $end)))
        (if (i32.eq (i32.load (local.get $at)) (local.get $word)) (then (return (i32.const 1))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $next)))
    (i32.const 0))
  (func $answer (param $failed i32) (param $a i32) (param $b i32) (param $c i32) (param $d i32) (result i32)
    (i32.store (i32.const 512) (local.get $failed))
    (i32.store (i32.const 516) (local.get $a))
    (i32.store (i32.const 520) (local.get $b))
    (i32.store (i32.const 524) (local.get $c))
    (i32.store (i32.const 528) (local.get $d))
    (global.set $free (i32.const 65536))
    (i32.const 512))
  (func (export "watchbox:artifact/handler@0.1.0#configure") (param i32 i32) (result i32)
    ;; WRON
    (if (call $has (i32.const 0x4e4f5257) (local.get 0) (local.get 1))
      (then (return (call $answer (i32.const 1) (i32.const 16) (i32.const 7) (i32.const 0) (i32.const 0)))))
    (call $answer (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))
  (func (export "watchbox:artifact/handler@0.1.0#handle")
    (param $kind i32) (param $a i64) (param $b i32) (param $rows i32) (param $len i32) (result i32)
    (if (local.get $kind)
      (then (return (call $answer (i32.const 0) (i32.const 32) (i32.const 12) (i32.const 0) (i32.const 0)))))
    ;; FIRST
    ;; TRAP
    (if (call $has (i32.const 0x50415254) (local.get $rows) (local.get $len)) (then (unreachable)))
    ;; LOOP
    (if (call $has (i32.const 0x504f4f4c) (local.get $rows) (local.get $len)) (then (loop $ever (br $ever))))
    ;; NO, with two spaces behind
    (if (call $has (i32.const 0x20204f4e) (local.get $rows) (local.get $len))
      (then (return (call $answer (i32.const 1) (i32.const 1) (i32.const 16) (i32.const 3) (i32.const 0)))))
    ;; LATE
    (if (call $has (i32.const 0x4554414c) (local.get $rows) (local.get $len))
      (then (return (call $answer (i32.const 1) (i32.const 0) (i32.const 16) (i32.const 7) (i32.const 3600000)))))
    ;; WAIT
    (if (call $has (i32.const 0x54494157) (local.get $rows) (local.get $len))
      (then
        (call $get (i32.const 0) (i32.const 2) (i32.const 640))
        (if (i32.eqz (i32.load8_u (i32.const 644)))
          (then (return (call $answer (i32.const 1) (i32.const 0) (i32.const 16) (i32.const 7) (i32.const 0)))))))
    (call $answer (i32.const 0) (local.get $rows) (local.get $len) (i32.const 0) (i32.const 0)))
)"#;

/// What the posting guest has besides.
const SEND: &str = r#"(import "watchbox:artifact/http@0.1.0" "send"
    (func $send (param i32 i32)))"#;

/// Posts the batch as it is, and asks for another try unless the answer is 200. The request lies at 320: method, url (plain), no headers, body, nothing else.
const POST: &str = r#"(i32.store (i32.const 320) (i32.const 64)) (i32.store (i32.const 324) (i32.const 4))
    (i32.store (i32.const 332) (i32.const 80)) (i32.store (i32.const 336) (i32.const URL_LEN))
    (i32.store (i32.const 356) (local.get $rows)) (i32.store (i32.const 360) (local.get $len))
    (call $send (i32.const 320) (i32.const 640))
    (if (i32.or (i32.load8_u (i32.const 640)) (i32.ne (i32.load16_u (i32.const 644)) (i32.const 200)))
      (then (return (call $answer (i32.const 1) (i32.const 0) (i32.const 16) (i32.const 7) (i32.const 0)))))"#;

/// The guest, as an artifact that posts each batch to `url` before it does anything else with it.
pub(super) fn posting(name: &str, version: &str, triggers: &str, url: &str) -> Bytes {
    let url_data = format!("(data (i32.const 64) \"POST\") (data (i32.const 80) \"{url}\")");
    let module = MODULE
        .replace(
            "(memory (export \"memory\") 2)",
            &format!("(memory (export \"memory\") 2) {url_data}"),
        )
        .replace(";; IMPORTS", SEND)
        .replace(";; FIRST", &POST.replace("URL_LEN", &url.len().to_string()));
    let more = format!("{triggers}\n");
    let http =
        format!("  http: {{ reason: To post, needs: [ {{ method: POST, url: \"{url}\" }} ] }}\n");
    with_manifest(&module, name, version, "", &format!("{http}{more}"))
}

/// The guest, as the artifact `name` of this version; `triggers` are the lines of its manifest that say what sets it off.
pub(super) fn component(name: &str, version: &str, triggers: &str) -> Bytes {
    with_manifest(MODULE, name, version, "", triggers)
}

/// The same, with a secret parameter `token`.
pub(super) fn component_with_secret(name: &str, version: &str, triggers: &str) -> Bytes {
    let token = "  - { name: token, type: secret, description: Told to nobody }\n";
    with_manifest(MODULE, name, version, token, triggers)
}

/// The same, with a parameter `token` that is open.
pub(super) fn component_with_open_token(name: &str, version: &str, triggers: &str) -> Bytes {
    let token =
        "  - { name: token, type: string, default: none, description: Told to configure }\n";
    with_manifest(MODULE, name, version, token, triggers)
}

/// The same as [`component`], declaring another capability too.
pub(super) fn wanting(name: &str, version: &str, triggers: &str, capability: &str) -> Bytes {
    let manifest = manifest(name, version, "", triggers).replace(
        "capabilities:\n",
        &format!("capabilities:\n  {capability}\n"),
    );
    embedded(MODULE, &manifest)
}

/// The same as [`component`], but that it traps on every event.
pub(super) fn trapping(name: &str, version: &str, triggers: &str) -> Bytes {
    let module = MODULE.replace(";; TRAP\n", ";; TRAP\n    (unreachable)\n");
    embedded(&module, &manifest(name, version, "", triggers))
}

fn with_manifest(
    module: &str,
    name: &str,
    version: &str,
    parameters: &str,
    triggers: &str,
) -> Bytes {
    embedded(module, &manifest(name, version, parameters, triggers))
}

fn manifest(name: &str, version: &str, parameters: &str, triggers: &str) -> String {
    format!(
        "name: {name}\nversion: {version}\ntype: SERVER_EVENT\ndescription: A guest for tests\nauthor: watchbox\n\
         parameters:\n  - {{ name: word, type: string, default: hello, description: Told to configure }}\n{parameters}\
         capabilities:\n  state: {{ reason: To be told to go on }}\n{triggers}\n"
    )
}

fn embedded(module: &str, manifest: &str) -> Bytes {
    let mut component = bare(module);
    component.extend(section(SECTION, manifest.as_bytes()));
    component.into()
}

fn bare(module: &str) -> Vec<u8> {
    let mut resolve = wit_parser::Resolve::default();
    let wit = concat!(env!("CARGO_MANIFEST_DIR"), "/../../wit");
    let (package, _) = resolve.push_dir(wit).unwrap();
    let world = resolve.packages[package].worlds["artifact"];
    let mut module = wat::parse_str(module).unwrap();
    let encoding = StringEncoding::UTF8;
    wit_component::embed_component_metadata(&mut module, &resolve, world, encoding, false).unwrap();
    ComponentEncoder::default()
        .validate(true)
        .module(&module)
        .and_then(|encoder| encoder.encode())
        .unwrap()
}

fn section(name: &str, data: &[u8]) -> Vec<u8> {
    let mut body = leb128(name.len());
    body.extend(name.as_bytes());
    body.extend(data);
    let mut section = vec![0];
    section.extend(leb128(body.len()));
    section.extend(body);
    section
}

fn leb128(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}
