//! Components that were tampered with: whatever comes of it, looking at one takes no more memory than its size allows for, and never panics.

#![allow(
    clippy::unwrap_used,
    reason = "clippy takes the helpers of an integration test for a program's code"
)]

use allocation_counter::measure;
use proptest::{prelude::*, sample::Index};
use watchbox_sandbox::{Unchecked, inspect};
use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::{ManglingAndAbi, Resolve};

/// What looking at a component may take: so much, and so many bytes for each of its own.
const BASE: u64 = 4 << 20;
const PER_BYTE: u64 = 100;

/// What it may take at the very most, of the types of a component that was made to take much.
const MOST: u64 = 128 << 20;

/// An artifact that imports and exports all of the contract, as a toolchain makes it.
fn artifact() -> Vec<u8> {
    let mut resolve = Resolve::default();
    let wit = concat!(env!("CARGO_MANIFEST_DIR"), "/../../wit");
    let (package, _) = resolve.push_path(wit).unwrap();
    let world = resolve.packages[package].worlds["artifact"];
    let mut module = dummy_module(&resolve, world, ManglingAndAbi::Standard32);
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false).unwrap();
    let component = ComponentEncoder::default()
        .validate(true)
        .module(&module)
        .and_then(|encoder| encoder.encode());
    let mut component = component.unwrap();
    let manifest = b"name: Server.Test\nversion: 1.0.0\ntype: SERVER_EVENT\ndescription: x\nschedule: { every: 60s }\n";
    component.extend(section(
        0,
        &[&[17][..], b"watchbox:manifest", manifest].concat(),
    ));
    component
}

/// Components in components, with types, resources, instances and aliases.
fn nested() -> Vec<u8> {
    let text = r#"(component
        (import "wasi:io/error@0.2.6" (instance $e (export "error" (type (sub resource)))))
        (import "wasi:io/streams@0.2.6" (instance
            (alias outer 1 0 (type))
            (export "out" (type (sub resource)))
            (export "[method]out.write" (func (param "self" (borrow 1)) (param "bytes" (list u8)) (result (result (error string)))))))
        (alias export $e "error" (type $error))
        (component $inner
            (type $r (resource (rep i32)))
            (core module $m (memory (export "mem") 1) (func (export "f") (param i32) (result i32) local.get 0 i32.const 1 i32.add)
                (table 4 funcref) (global (mut i32) (i32.const 0)) (data "text"))
            (core instance $i (instantiate $m))
            (func (export "f") (param "n" u32) (result u32) (canon lift (core func $i "f")))
            (type $p (record (field "a" string) (field "b" (list (tuple u8 f64)))))
            (export "p" (type $p))
            (export "r" (type $r)))
        (instance $one (instantiate $inner))
        (instance $two (instantiate $inner))
        (export "one" (instance $one)) (export "two" (instance $two)))"#;
    wat::parse_str(text).unwrap()
}

fn section(id: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![id];
    bytes.extend(leb(body.len()));
    bytes.extend(body);
    bytes
}

fn leb(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let byte = (number & 0x7f) as u8;
        number >>= 7;
        if number == 0 {
            bytes.push(byte);
            return bytes;
        }
        bytes.push(byte | 0x80);
    }
}

/// The sections of a component, each with its head.
fn sections(wasm: &[u8]) -> Vec<&[u8]> {
    let mut sections = Vec::new();
    let mut rest = &wasm[8..];
    while rest.len() > 1 {
        let (mut size, mut at) = (0usize, 1);
        while let Some(byte) = rest.get(at) {
            size |= usize::from(byte & 0x7f) << (7 * (at - 1));
            at += 1;
            if byte & 0x80 == 0 {
                break;
            }
        }
        let (section, after) = rest.split_at((at + size).min(rest.len()));
        sections.push(section);
        rest = after;
    }
    sections
}

/// What is done to a component.
#[derive(Clone, Debug)]
enum Edit {
    Set(Index, u8),
    Insert(Index, Vec<u8>),
    Delete(Index, usize),
    Cut(Index),
    /// A section again, there.
    Repeat(Index, Index, usize),
    DropSection(Index),
    Swap(Index, Index),
    /// A section put into another's place, with a head that fits.
    Wrap(Index, u8),
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        6 => (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Edit::Set(at, byte)),
        2 => (any::<Index>(), prop::collection::vec(any::<u8>(), 1..9)).prop_map(|(at, bytes)| Edit::Insert(at, bytes)),
        2 => (any::<Index>(), 1..40_usize).prop_map(|(at, count)| Edit::Delete(at, count)),
        1 => any::<Index>().prop_map(Edit::Cut),
        2 => (any::<Index>(), any::<Index>(), 1..200_usize).prop_map(|(of, to, times)| Edit::Repeat(of, to, times)),
        1 => any::<Index>().prop_map(Edit::DropSection),
        1 => (any::<Index>(), any::<Index>()).prop_map(|(one, other)| Edit::Swap(one, other)),
        1 => (any::<Index>(), 0..14_u8).prop_map(|(of, id)| Edit::Wrap(of, id)),
    ]
}

fn tampered(wasm: Vec<u8>, edits: &[Edit]) -> Vec<u8> {
    edits.iter().fold(wasm, |mut wasm, edit| {
        if wasm.len() < 10 {
            return wasm;
        }
        let head = wasm[..8].to_vec();
        let parts: Vec<Vec<u8>> = sections(&wasm).into_iter().map(<[u8]>::to_vec).collect();
        let with = |parts: Vec<Vec<u8>>| [head.clone(), parts.concat()].concat();
        match edit {
            Edit::Set(at, byte) => {
                let at = at.index(wasm.len());
                wasm[at] = *byte;
                wasm
            }
            Edit::Insert(at, bytes) => {
                let at = at.index(wasm.len());
                wasm.splice(at..at, bytes.iter().copied());
                wasm
            }
            Edit::Delete(at, count) => {
                let at = at.index(wasm.len());
                wasm.drain(at..(at + count).min(wasm.len()));
                wasm
            }
            Edit::Cut(at) => {
                wasm.truncate(at.index(wasm.len()));
                wasm
            }
            Edit::Repeat(of, to, times) => {
                let mut parts = parts;
                let again = parts[of.index(parts.len())].repeat(*times);
                parts.insert(to.index(parts.len()), again);
                with(parts)
            }
            Edit::DropSection(of) => {
                let mut parts = parts;
                parts.remove(of.index(parts.len()));
                with(parts)
            }
            Edit::Swap(one, other) => {
                let mut parts = parts;
                let (one, other) = (one.index(parts.len()), other.index(parts.len()));
                parts.swap(one, other);
                with(parts)
            }
            Edit::Wrap(of, id) => {
                let mut parts = parts;
                let of = of.index(parts.len());
                parts[of] = section(*id, &wasm);
                with(parts)
            }
        }
    })
}

/// Looks at it; gives the most memory that this took.
fn memory(wasm: &[u8]) -> u64 {
    let taken = measure(|| _ = std::hint::black_box(inspect(wasm)));
    taken.bytes_max
}

#[test]
fn what_was_not_tampered_with_is_described() {
    let found = inspect(&artifact()).unwrap();
    assert_eq!(found.imports.len(), 7, "{:?}", found.imports);
    assert_eq!(found.manifest.unwrap().name.as_str(), "Server.Test");
    let found = inspect(&nested()).unwrap();
    assert_eq!((found.imports.len(), found.exports.len()), (2, 2));
    for wasm in [artifact(), nested()] {
        assert!(memory(&wasm) < BASE + PER_BYTE * wasm.len() as u64);
    }
}

/// Types are copied where they are imported, so a large one that is imported often in many components is the worst that a small file can do.
#[test]
fn types_that_are_imported_often_do_not_multiply() {
    let exports: String = (0..500)
        .map(|n| format!("(export \"r{n}\" (type (sub resource)))"))
        .collect();
    let imports: String = (0..40)
        .map(|n| format!("(import \"i{n}\" (instance (type $t)))"))
        .collect();
    let inner = format!("(component (alias outer $out $t (type $t)) {imports})");
    let text = format!(
        "(component $out (type $t (instance {exports})) {})",
        inner.repeat(40)
    );
    let wasm = wat::parse_str(text).unwrap();
    let taken = memory(&wasm);
    assert!(taken < MOST, "{} bytes took {taken}", wasm.len());
    let why = inspect(&wasm).unwrap_err().to_string();
    assert!(why.contains("types"), "{why}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn whatever_is_done_to_a_component_it_is_described_or_refused(
        of_many in any::<bool>(),
        edits in prop::collection::vec(edit(), 1..6),
    ) {
        let wasm = tampered(if of_many { nested() } else { artifact() }, &edits);
        let taken = memory(&wasm);
        prop_assert!(taken < MOST + PER_BYTE * wasm.len() as u64, "{} bytes took {taken}", wasm.len());
        // The same bytes are told the same way, and what is told of them is fit to be shown.
        let told = inspect(&wasm);
        prop_assert_eq!(&told, &inspect(&wasm));
        let unchecked = Unchecked::new(wasm.clone());
        let said = unchecked.said();
        match &told {
            Ok(told) => prop_assert_eq!(said, Ok(told)),
            // What is wrong may stand where it is not looked.
            Err(why) => if let Err(said) = said { prop_assert_eq!(&said, why) },
        }
        if let Err(why) = told {
            prop_assert!(!why.to_string().chars().any(char::is_control), "{}", why);
        }
    }
}
