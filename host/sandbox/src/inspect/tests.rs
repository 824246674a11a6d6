use proptest::prelude::*;

use super::*;
use crate::testing;

const IMPORTS: &str = r#"(import "watchbox:artifact/clock@0.1.0" "now" (func $now (param i32)))"#;

fn good() -> Vec<u8> {
    let text = testing::guest_text(IMPORTS, &testing::handle("(call $now (i32.const 600))"));
    testing::component(&text, Some(testing::MANIFEST)).to_vec()
}

#[test]
fn tells_what_a_component_is_without_running_it() {
    let wasm = good();
    let found = inspect(&wasm).unwrap();
    assert_eq!(found.digest, Digest::of(&wasm));
    assert_eq!(found.size, wasm.len() as u64);
    assert_eq!(found.manifest.unwrap().name.as_str(), "Server.Test");
    assert_eq!(found.manifest_error, None);
    let clock = Import {
        name: "watchbox:artifact/clock@0.1.0".to_owned(),
        class: ImportClass::Gated(Capability::Clock),
    };
    assert_eq!(found.imports, [clock]);
    assert_eq!(found.exports, ["watchbox:artifact/handler@0.1.0"]);
}

#[test]
fn what_is_nested_is_not_the_components_own() {
    let nested = format!(
        "(component (component (import \"evil:a/b@1.0.0\" (instance))) (core module (@custom \"{SECTION}\" \"name: x\")))"
    );
    let found = inspect(&wat::parse_str(nested).unwrap()).unwrap();
    assert_eq!(found.imports, []);
    assert!(
        found
            .manifest_error
            .unwrap()
            .starts_with("it has no manifest")
    );
}

#[test]
fn imports_are_classed() {
    let text = r#"(component
        (import "watchbox:artifact/http@0.1.0" (instance))
        (import "wasi:cli/stdout@0.2.6" (instance))
        (import "evil:a/b@1.0.0" (instance)))"#;
    let found = inspect(&wat::parse_str(text).unwrap()).unwrap();
    let classes: Vec<ImportClass> = found.imports.iter().map(|import| import.class).collect();
    assert_eq!(
        classes,
        [
            ImportClass::Gated(Capability::Http),
            ImportClass::Inert,
            ImportClass::Unknown
        ]
    );
}

#[test]
fn names_that_look_like_ours_are_not() {
    for name in [
        "watchbox:artifact/http",
        "watchbox:artifact/http@0.2.0",
        "watchbox:artifact/http@1.0.0",
        "watchbox:artifact/http@0.1.0-evil",
        "watchbox:artifact/http@00.1.0",
        "watchbox:artifact/http@0.1",
        "watchbox:artifact/http@0.1.0@0.1.0",
        "watchbox:artifact/HTTP@0.1.0",
        "WATCHBOX:artifact/http@0.1.0",
        "Watchbox:artifact/http@0.1.0",
        "watchbox:artifact/http/x@0.1.0",
        "watchbox:artifact:http@0.1.0",
        "watchbox:artifact/h-ttp@0.1.0",
        "watchbox-artifact:x/http@0.1.0",
        "w\u{430}tchbox:artifact/http@0.1.0",
        "watchbox:artifact/http\u{200b}@0.1.0",
        "watchbox:artifact/http@0.1.0\u{0}",
        " watchbox:artifact/http@0.1.0",
        "wasi:http/outgoing-handler",
        "wasi:http/outgoing-handler@0.2.0-rc-2023-11-10",
        "wasi:http/outgoing-handler@0.3.0",
        "locked-dep=<watchbox:artifact/http@0.1.0>",
        "unlocked-dep=<watchbox:artifact/http@{>=0.1.0}>",
        "url=<https://watchbox/artifact/http>",
        "integrity=<sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=>",
        "http",
        "env",
        "wasi_snapshot_preview1",
    ] {
        let text = format!(
            "(component (import \"{}\" (instance)))",
            name.replace('\0', "\\00")
        );
        let wasm = wat::parse_str(text).unwrap();
        match inspect(&wasm) {
            Err(InspectError::Invalid { .. } | InspectError::Feature { .. }) => {}
            Ok(found) => assert_eq!(found.imports[0].class, ImportClass::Unknown, "{name:?}"),
            Err(other) => panic!("{name:?}: {other}"),
        }
    }
}

#[test]
fn a_manifest_that_is_none_is_told() {
    let with = |data: &[u8]| {
        let mut wasm = wat::parse_str("(component)").unwrap();
        wasm.extend(testing::section(SECTION, data));
        inspect(&wasm).unwrap().manifest_error.unwrap()
    };
    assert_eq!(with(b"\xff"), "its manifest is not UTF-8");
    assert!(
        with(b"name: [").starts_with("watchbox:manifest:"),
        "{}",
        with(b"name: [")
    );
    assert!(with(&vec![b' '; MANIFEST + 1]).contains("1048577 bytes"));
    let mut twice = good();
    twice.extend(testing::section(SECTION, b"name: Server.Other"));
    insta::assert_snapshot!(inspect(&twice).unwrap().manifest_error.unwrap(), @"it has 2 manifests (custom sections `watchbox:manifest`); one is wanted");
}

#[test]
fn what_is_no_component_is_told_in_words() {
    let why = |bytes: &[u8]| inspect(bytes).unwrap_err().to_string();
    assert_eq!(inspect(b""), Err(InspectError::Empty));
    for text in [
        &b"not wasm at all"[..],
        b"(component)",
        &[0; 64],
        b"\x7fELF",
    ] {
        assert_eq!(inspect(text), Err(InspectError::NotWasm), "{text:?}");
    }
    for cut in [&b"\0"[..], b"\0asm", b"\0asm\x0d\0\x01", &good()[..300]] {
        let size = cut.len();
        assert_eq!(
            inspect(cut),
            Err(InspectError::CutShort { size }),
            "{cut:?}"
        );
    }
    let module = wat::parse_str("(module)").unwrap();
    assert_eq!(inspect(&module), Err(InspectError::CoreModule));
    insta::assert_snapshot!(why(b"\0asm\x0d\0\x01"), @"this is no WebAssembly component: it breaks off, 7 bytes are not all of it; was it copied whole?");
    insta::assert_snapshot!(why(b"\0asm\x99\0\x01\0"), @"this is no WebAssembly component: what stands at byte 4 is not valid; it is damaged, or made by a tool that is wrong");
    // A section that says it is longer than the file.
    let mut lying = wat::parse_str("(component)").unwrap();
    lying.extend([0, 0xff, 0xff, 0xff, 0xff, 0x0f, 1, b'x']);
    assert!(matches!(
        inspect(&lying),
        Err(InspectError::CutShort { .. })
    ));
}

#[test]
fn what_the_author_wrote_does_not_come_back_in_an_error() {
    // A name with control characters, exported twice.
    let twice =
        r#"(component (core module (func (export "\1b[2JHUSH")) (func (export "\1b[2JHUSH"))))"#;
    let why = inspect(&wat::parse_str(twice).unwrap()).unwrap_err();
    assert!(matches!(why, InspectError::Invalid { .. }), "{why}");
    assert!(!why.to_string().contains("HUSH"), "{why}");
}

#[test]
fn a_feature_that_is_not_run_is_named() {
    let module = |body: &str| wat::parse_str(format!("(component (core module {body}))")).unwrap();
    let feature = |wasm: &[u8]| match inspect(wasm) {
        Err(InspectError::Feature { feature, .. }) => feature,
        other => panic!("{other:?}"),
    };
    assert_eq!(feature(&module("(memory i64 1)")), "memory64");
    assert_eq!(feature(&module("(tag)")), "exceptions");
    assert_eq!(
        feature(&module("(func (result i32) (return_call 0))")),
        "tail_call"
    );
}

#[test]
fn too_much_is_not_looked_at() {
    let nested = "(core module)".repeat(501);
    let wasm = wat::parse_str(format!("(component {nested})")).unwrap();
    let why = inspect(&wasm).unwrap_err().to_string();
    insta::assert_snapshot!(why, @"this component is not looked at: it has more than 500 modules and components in it");
}

#[test]
fn too_many_imports_are_refused() {
    let imports: String = (0..1_001)
        .map(|n| format!("(import \"a:b/c{n}@1.0.0\" (instance))"))
        .collect();
    let wasm = wat::parse_str(format!("(component {imports})")).unwrap();
    insta::assert_snapshot!(inspect(&wasm).unwrap_err(), @"this component is not looked at: it has more than 1000 imports");
}

proptest! {
    #[test]
    fn cut_short_anywhere_it_is_refused_or_another_component(at in any::<prop::sample::Index>()) {
        let wasm = good();
        let cut = &wasm[..at.index(wasm.len())];
        // Between two sections a component may end; what was cut off is missing then.
        if let Ok(found) = inspect(cut) {
            prop_assert!(found.manifest.is_none());
        }
    }

    #[test]
    fn never_panics_on_noise(noise in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut wasm = b"\0asm\x0d\0\x01\0".to_vec();
        wasm.extend(noise);
        let _ = inspect(&wasm);
    }
}
