//! A guest for the tests: gives back the events that it is given as rows, and traps where it is given none.

use watchbox_model::manifest::SECTION;
use wit_component::{ComponentEncoder, StringEncoding};

const MODULE: &str = r#"(module
  (memory (export "memory") 2)
  (global $free (mut i32) (i32.const 1024))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and
      (i32.add (global.get $free) (i32.sub (local.get 2) (i32.const 1)))
      (i32.sub (i32.const 0) (local.get 2))))
    (global.set $free (i32.add (local.get $at) (local.get 3)))
    (local.get $at))
  (func $ok (param $rows i32) (param $len i32) (result i32)
    (i32.store (i32.const 512) (i32.const 0))
    (i32.store (i32.const 516) (local.get $rows))
    (i32.store (i32.const 520) (local.get $len))
    (global.set $free (i32.const 1024))
    (i32.const 512))
  (func (export "watchbox:artifact/handler@0.1.0#configure") (param i32 i32) (result i32)
    (call $ok (i32.const 0) (i32.const 0)))
  (func (export "watchbox:artifact/handler@0.1.0#handle")
    (param $tick i32) (param i64) (param i32) (param $rows i32) (param $len i32) (result i32)
    (if (local.get $tick) (then (unreachable)))
    (call $ok (local.get $rows) (local.get $len))))"#;

/// The guest, as the artifact `Server.Echo` of this version, with these lines in its manifest.
pub(crate) fn component(version: &str, lines: &str) -> Vec<u8> {
    let manifest = format!(
        "name: Server.Echo\nversion: {version}\ntype: SERVER_EVENT\ndescription: Gives back what it is given\nauthor: watchbox\n{lines}\n"
    );
    let mut component = bare();
    component.extend(section(SECTION, manifest.as_bytes()));
    component
}

/// The guest without a manifest.
pub(crate) fn bare() -> Vec<u8> {
    let mut resolve = wit_parser::Resolve::default();
    let wit = concat!(env!("CARGO_MANIFEST_DIR"), "/../../wit");
    let (package, _) = resolve.push_dir(wit).unwrap();
    let world = resolve.packages[package].worlds["artifact"];
    let mut module = wat::parse_str(MODULE).unwrap();
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
