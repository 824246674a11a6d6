//! `watchbox grants propose`.

use crate::{
    component::{MANIFEST, file, with},
    program::watchbox_with,
};

#[test]
fn an_artifact_that_uses_nothing_needs_no_grants() {
    let component = file(with(MANIFEST));
    let event = b"{\"ClientId\":\"C.1\",\"Keep\":true,\"Text\":\"a\"}\n";
    let arguments = |more: &'static str| {
        let component = component.to_str().unwrap().to_owned();
        ["grants", "propose", &component, "--events", "-", more].map(str::to_owned)
    };
    for (more, wanted) in [("--color=never", "{}\n"), ("--json", "\"http\": []")] {
        let arguments = arguments(more);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let ended = watchbox_with(&arguments, &[], event);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        assert!(ended.stdout.contains(wanted), "{}", ended.stdout);
        assert!(!ended.stdout.contains("Text"), "{}", ended.stdout);
        assert!(ended.stderr.contains('1'), "{}", ended.stderr);
    }
}

#[test]
fn events_that_fail_are_told_and_grants_are_proposed_all_the_same() {
    let component = file(with(MANIFEST));
    let event = b"{\"ClientId\":\"C.1\",\"Keep\":true,\"Text\":\"!!!!\"}\n";
    let arguments = [
        "grants",
        "propose",
        component.to_str().unwrap(),
        "--events",
        "-",
    ];
    let ended = watchbox_with(&arguments, &[], event);
    assert_eq!((ended.code, ended.stdout.as_str()), (1, "{}\n"));
    assert!(
        ended.stderr.contains("could not be handled"),
        "{}",
        ended.stderr
    );
}
