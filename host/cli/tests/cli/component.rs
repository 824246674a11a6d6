//! A component small enough to be written by hand, with any manifest.

use std::path::Path;

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// Gives back the rows that it is handed; traps where there is `!!!!` in them (a time may hold fewer). On a tick it emits `{"Tick": 1}`.
const ECHO: &str = r#"
(module
  (memory (export "memory") 2)
  (global $free (mut i32) (i32.const 4096))
  (data (i32.const 64) "\91\81\a4Tick\01")

  (func (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
    (global.set $free (i32.add (local.get $at) (local.get $size)))
    (block $fits
      (br_if $fits (i32.le_u (global.get $free) (i32.mul (memory.size) (i32.const 65536))))
      (drop (memory.grow (i32.add (i32.div_u (local.get $size) (i32.const 65536)) (i32.const 1)))))
    (local.get $at))

  (func (export "watchbox:artifact/handler@0.1.0#configure") (param i32 i32) (result i32)
    (i32.store8 (i32.const 16) (i32.const 0))
    (i32.const 16))

  (func (export "watchbox:artifact/handler@0.1.0#handle")
    (param $kind i32) (param $name i64) (param $name_len i32) (param $rows i32) (param $len i32) (result i32)
    (local $at i32)
    (global.set $free (i32.const 4096))
    (i32.store8 (i32.const 32) (i32.const 0))
    (if (i32.eq (local.get $kind) (i32.const 1))
      (then
        (local.set $rows (i32.const 64))
        (local.set $len (i32.const 8))))
    (i32.store (i32.const 36) (local.get $rows))
    (i32.store (i32.const 40) (local.get $len))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $len)))
        (if (i32.eq (i32.load (i32.add (local.get $rows) (local.get $at))) (i32.const 0x21212121)) (then unreachable))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $next)))
    (i32.const 32)))
"#;

/// The manifest of most tests.
pub(crate) const MANIFEST: &str = r#"
name: Test.Echo
version: 1.2.3
type: SERVER_EVENT
description: Gives back what it is handed.
author: The tests
parameters:
  - { name: Greeting, type: string, default: hello, description: Says hello }
subscribe:
  - artifact: Test.Events
    where: [ { column: Keep, equals: true } ]
    columns: [Text]
    batch: { rows: 4 }
schedule: { every: 60s }
rows: [ { name: Text, type: string } ]
"#;

/// The same, with a secret that must be given.
pub(crate) fn manifest_with_secret() -> String {
    let secret = "  - { name: hook, type: secret, description: Where to say it }\nsubscribe:";
    MANIFEST.replacen("subscribe:", secret, 1)
}

/// The component without a manifest.
pub(crate) fn bare() -> Vec<u8> {
    let mut resolve = Resolve::default();
    let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit");
    let (package, _) = resolve.push_path(wit).unwrap();
    let world = resolve.select_world(&[package], Some("artifact")).unwrap();
    let mut module = wat::parse_str(ECHO).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false).unwrap();
    ComponentEncoder::default()
        .module(&module)
        .unwrap()
        .encode()
        .unwrap()
}

/// The component with this manifest.
pub(crate) fn with(manifest: &str) -> Vec<u8> {
    use wasm_encoder::{ComponentSection, CustomSection};

    let section = CustomSection {
        name: watchbox_model::manifest::SECTION.into(),
        data: manifest.as_bytes().into(),
    };
    let mut component = bare();
    section.append_to_component(&mut component);
    component
}

/// A file with these bytes, in a folder that goes with the test.
pub(crate) fn file(bytes: impl AsRef<[u8]>) -> tempfile::TempPath {
    let file = tempfile::Builder::new().suffix(".wasm").tempfile().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    file.into_temp_path()
}
