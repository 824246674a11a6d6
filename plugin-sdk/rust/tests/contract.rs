//! The contract parses, keeps to its own rules, and says something of every item.

#![allow(clippy::panic, reason = "a test's helper, outside of `#[test]` itself")]

use std::{collections::BTreeSet, path::Path};

use wit_parser::{Resolve, Type, TypeDef, TypeDefKind, WorldItem};

fn contract() -> Resolve {
    let mut resolve = Resolve::default();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit");
    if let Err(error) = resolve.push_dir(folder) {
        panic!("the contract can't be read: {error:#}");
    }
    resolve
}

/// The parts of a type that have docs of their own: fields, cases.
fn parts(definition: &TypeDef) -> Vec<(&str, Option<&str>)> {
    fn text(docs: &wit_parser::Docs) -> Option<&str> {
        docs.contents.as_deref()
    }
    match &definition.kind {
        TypeDefKind::Record(record) => {
            let fields = record.fields.iter();
            fields
                .map(|field| (field.name.as_str(), text(&field.docs)))
                .collect()
        }
        TypeDefKind::Variant(variant) => {
            let cases = variant.cases.iter();
            cases
                .map(|case| (case.name.as_str(), text(&case.docs)))
                .collect()
        }
        TypeDefKind::Enum(cases) => {
            let cases = cases.cases.iter();
            cases
                .map(|case| (case.name.as_str(), text(&case.docs)))
                .collect()
        }
        _ => Vec::new(),
    }
}

#[test]
fn every_item_is_documented() {
    let resolve = contract();
    let mut missing = Vec::new();
    let mut check = |name: String, docs: Option<&str>| {
        if docs.is_none_or(|docs| docs.trim().len() < 10) {
            missing.push(name);
        }
    };
    for (_, package) in &resolve.packages {
        check(package.name.to_string(), package.docs.contents.as_deref());
    }
    for (_, world) in &resolve.worlds {
        check(world.name.clone(), world.docs.contents.as_deref());
    }
    for (_, interface) in &resolve.interfaces {
        let name = interface.name.as_deref().unwrap();
        check(name.to_owned(), interface.docs.contents.as_deref());
        for (function, item) in &interface.functions {
            check(format!("{name}.{function}"), item.docs.contents.as_deref());
        }
        for (kind, id) in &interface.types {
            let definition = &resolve.types[*id];
            check(
                format!("{name}.{kind}"),
                definition.docs.contents.as_deref(),
            );
            for (part, docs) in parts(definition) {
                check(format!("{name}.{kind}.{part}"), docs);
            }
        }
    }
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn one_interface_a_capability_and_nothing_shared() {
    let resolve = contract();
    let (_, world) = resolve.worlds.iter().next().unwrap();
    let interfaces =
        |items: &wit_parser::IndexMap<wit_parser::WorldKey, WorldItem>| -> BTreeSet<String> {
            let names = items.values().map(|item| match item {
                WorldItem::Interface { id, .. } => resolve.interfaces[*id].name.clone().unwrap(),
                other => panic!("{other:?} is no interface"),
            });
            names.collect()
        };
    let wanted = ["clients", "clock", "http", "labels", "log", "mail", "state"];
    assert_eq!(
        interfaces(&world.imports),
        BTreeSet::from(wanted.map(str::to_owned))
    );
    assert_eq!(
        interfaces(&world.exports),
        BTreeSet::from(["handler".to_owned()])
    );
    for (_, interface) in &resolve.interfaces {
        for id in interface.types.values() {
            let used = matches!(resolve.types[*id].kind, TypeDefKind::Type(Type::Id(_)));
            assert!(
                !used,
                "{:?} uses a type of another interface",
                interface.name
            );
        }
    }
}

#[test]
fn no_integers_of_64_bits() {
    let resolve = contract();
    for (_, definition) in &resolve.types {
        let text = format!("{:?}", definition.kind);
        assert!(!text.contains("U64") && !text.contains("S64"), "{text}");
    }
    for (_, interface) in &resolve.interfaces {
        for function in interface.functions.values() {
            let text = format!("{:?} {:?}", function.params, function.result);
            assert!(!text.contains("U64") && !text.contains("S64"), "{text}");
        }
    }
}
