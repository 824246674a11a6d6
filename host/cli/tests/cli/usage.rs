//! Wrong command lines, and the exit codes.

use crate::{
    component::{file, manifest_with_secret, with},
    program::{watchbox, watchbox_with},
};

#[test]
fn help_tells_the_exit_codes() {
    let ended = watchbox(&["--help"]);
    assert_eq!(ended.code, 0);
    assert!(ended.stdout.contains("Exit codes:"), "{}", ended.stdout);
}

#[test]
fn a_wrong_command_line_ends_with_2() {
    for arguments in [
        &[][..],
        &["nonsense"],
        &["run", "x.wasm"],
        &["run", "x.wasm", "--events", "e", "--tick"],
        &["rows", "A", "--since", "yesterday"],
        &["rows", "../etc"],
        &["label", "add", "C.1"],
        &["client", "add", "no-client-id"],
        &["upgrade", "Server.X"],
        &["table", "--server", "ftp://localhost"],
        &["rows", "A", "--follow", "--format", "csv"],
        &["rows", "A", "--limit", "0", "--format", "csv"],
        &[
            "token", "create", "t", "--role", "analyst", "--client", "C.1",
        ],
    ] {
        let ended = watchbox(arguments);
        assert_eq!(ended.code, 2, "{arguments:?}: {}", ended.stderr);
        assert_eq!(ended.stdout, "", "{arguments:?}");
        assert!(!ended.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_server_that_is_not_there_ends_with_5_and_says_what_to_do() {
    // Port 9 (discard) takes no connections here.
    let ended = watchbox(&["table", "--server", "http://127.0.0.1:9"]);
    assert_eq!(ended.code, 5, "{}", ended.stderr);
    assert!(ended.stderr.contains("watchbox serve"), "{}", ended.stderr);
}

#[test]
fn a_secret_on_the_command_line_is_refused_and_not_repeated() {
    let component = file(with(&manifest_with_secret()));
    let component = component.to_str().unwrap();
    for option in ["--secret", "--param"] {
        let ended = watchbox(&["install", component, option, "hook=hunter2"]);
        assert_eq!(ended.code, 2, "{}", ended.stderr);
        assert!(
            ended.stderr.contains("--secret hook=@FILE"),
            "{}",
            ended.stderr
        );
        assert!(!ended.stderr.contains("hunter2"), "{}", ended.stderr);
    }
}

#[test]
fn a_token_is_never_shown() {
    let token = ("WATCHBOX_TOKEN", "wbx_verysecret");
    for arguments in [
        &["table", "--server", "http://127.0.0.1:9"][..],
        &["table", "--help"],
        &["table", "--nonsense"],
    ] {
        let ended = watchbox_with(arguments, &[token], b"");
        let all = ended.stdout + &ended.stderr;
        assert!(!all.contains("verysecret"), "{all}");
    }
}

#[test]
fn colours_are_for_terminals_and_for_those_who_ask() {
    let ended = watchbox(&["inspect", "/no/such/file"]);
    assert_eq!(ended.code, 1);
    assert!(!ended.stderr.contains('\u{1b}'), "{}", ended.stderr);
    let ended = watchbox(&["inspect", "/no/such/file", "--color", "always"]);
    assert!(ended.stderr.contains("\u{1b}[31m"), "{}", ended.stderr);
}

#[test]
fn an_error_names_its_cause_once() {
    let ended = watchbox(&["inspect", "/no/such/file"]);
    insta::assert_snapshot!(ended.stderr, @r"
    error: /no/such/file can't be read
      because No such file or directory (os error 2)
    ");
}
