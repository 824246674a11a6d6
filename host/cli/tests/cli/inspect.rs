//! `watchbox inspect`.

use crate::{
    component::{MANIFEST, bare, file, with},
    program::{Ended, watchbox},
};

fn inspect(bytes: impl AsRef<[u8]>, more: &[&str]) -> Ended {
    let file = file(bytes);
    let mut arguments = vec!["inspect", file.to_str().unwrap()];
    arguments.extend(more);
    watchbox(&arguments)
}

#[test]
fn a_component_is_described() {
    let ended = inspect(with(MANIFEST), &[]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    insta::with_settings!({filters => vec![
        ("[0-9a-f]{64}", "[digest]"),
        (r"[0-9.]+ (KiB|bytes)", "[size]"),
    ]}, {
        insta::assert_snapshot!(ended.stdout, @r#"
        Artifact  Test.Echo 1.2.3
        Digest    [digest]
        Size      [size]
        Author    The tests
        Watches   Test.Events, where {"column":"Keep","equals":true}, columns Text
        Runs      every 60 s
        Emits     Text

        Gives back what it is handed.

        PARAMETER  TYPE    DEFAULT  DESCRIPTION
        Greeting   string  hello    Says hello

        It imports nothing: all it can do is turn events into rows.
        "#);
    });
}

#[test]
fn scripts_get_one_json_document() {
    let ended = inspect(with(MANIFEST), &["--json"]);
    let document: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(document["name"], "Test.Echo");
    assert_eq!(document["version"], "1.2.3");
    assert_eq!(document["imports"], serde_json::json!([]));
    assert_eq!(document["subscribe"][0]["artifact"], "Test.Events");
}

#[test]
fn a_component_without_a_manifest_is_described_all_the_same() {
    let ended = inspect(bare(), &[]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(
        ended.stdout.contains("none: no manifest"),
        "{}",
        ended.stdout
    );
    assert!(ended.stdout.contains("watchbox build"), "{}", ended.stdout);
}

#[test]
fn what_is_no_component_is_told_apart() {
    for (bytes, wanted) in [
        (&b""[..], "no WebAssembly component"),
        (b"#!/bin/sh\n", "no WebAssembly component"),
        (b"\0asm\x01\0\0\0", "core WebAssembly module"),
        (b"\0asm\x0d\0\x01\0\xff\xff\xff", "no WebAssembly component"),
    ] {
        let ended = inspect(bytes, &[]);
        assert_eq!(ended.code, 1, "{bytes:?}");
        assert_eq!(ended.stdout, "");
        assert!(ended.stderr.contains(wanted), "{bytes:?}: {}", ended.stderr);
    }
}

#[test]
fn a_truncated_component_is_an_error_wherever_it_ends() {
    let whole = with(MANIFEST);
    for end in (0..whole.len()).step_by(97) {
        let ended = inspect(&whole[..end], &[]);
        assert!(matches!(ended.code, 0 | 1), "{end}: {}", ended.stderr);
    }
}
