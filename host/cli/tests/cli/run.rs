//! `watchbox run`.

use std::fs;

use crate::{
    component::{MANIFEST, file, manifest_with_secret, with},
    program::{Ended, watchbox_with},
};

fn run(manifest: &str, events: &str, more: &[&str]) -> Ended {
    let component = file(with(manifest));
    let mut arguments = vec!["run", component.to_str().unwrap(), "--events", "-"];
    arguments.extend(more);
    watchbox_with(&arguments, &[], events.as_bytes())
}

fn event(text: &str, keep: bool) -> String {
    format!("{{\"ClientId\":\"C.1\",\"Keep\":{keep},\"Text\":\"{text}\",\"More\":[1,2]}}\n")
}

fn column(ended: &Ended, name: &str) -> Vec<serde_json::Value> {
    ended
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()[name].clone())
        .collect()
}

#[test]
fn what_passes_the_filter_is_cut_to_its_columns_and_handled() {
    let events: String = (0..10).map(|n| event(&n.to_string(), n % 2 == 0)).collect();
    let ended = run(MANIFEST, &events, &["--json"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(column(&ended, "Text"), ["0", "2", "4", "6", "8"]);
    assert!(!ended.stdout.contains("More"), "{}", ended.stdout);
    let summary: serde_json::Value = serde_json::from_str(&ended.stderr).unwrap();
    assert_eq!(summary["events"], 10);
    assert_eq!(summary["matched"], 5);
    assert_eq!(summary["rows"], 5);
    assert_eq!(summary["failures"], 0);
}

#[test]
fn a_poison_event_is_found_told_and_passed_over() {
    let events: String = ["a", "b", "c!!!!", "d", "e", "f"]
        .map(|text| event(text, true))
        .concat();
    let ended = run(MANIFEST, &events, &[]);
    assert_eq!(ended.code, 1);
    assert_eq!(column(&ended, "Text"), ["a", "b", "d", "e", "f"]);
    assert!(ended.stderr.contains("c!!!!"), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("1 event could not be handled"),
        "{}",
        ended.stderr
    );
}

#[test]
fn wrong_lines_are_told_and_the_rest_is_handled() {
    let events = format!("{}nonsense\n\n{}[1]\n", event("a", true), event("b", true));
    let ended = run(MANIFEST, &events, &[]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(column(&ended, "Text"), ["a", "b"]);
    assert!(ended.stderr.contains("2 lines refused"), "{}", ended.stderr);
    assert!(ended.stderr.contains("line 2:"), "{}", ended.stderr);
    assert!(ended.stderr.contains("line 5:"), "{}", ended.stderr);
}

#[test]
fn a_file_reads_as_stdin_does() {
    let events = tempfile::NamedTempFile::new().unwrap();
    fs::write(events.path(), event("a", true)).unwrap();
    let component = file(with(MANIFEST));
    let arguments = [
        "run",
        component.to_str().unwrap(),
        "--events",
        events.path().to_str().unwrap(),
    ];
    let ended = watchbox_with(&arguments, &[], b"");
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(column(&ended, "Text"), ["a"]);
}

#[test]
fn ticks_run_one_after_the_other() {
    let component = file(with(MANIFEST));
    let arguments = ["run", component.to_str().unwrap(), "--tick", "3"];
    let ended = watchbox_with(&arguments, &[], b"");
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(column(&ended, "Tick"), [1, 1, 1]);
}

#[test]
fn an_artifact_that_can_t_be_run_is_told_why() {
    let several = MANIFEST.replace("schedule:", "  - artifact: Test.Others\nschedule:");
    let secretive = manifest_with_secret();
    for (manifest, more, code, wanted) in [
        (secretive.as_str(), &[][..], 2, "--secret hook=@FILE"),
        ("name: [", &[][..], 1, "manifest"),
        (
            MANIFEST,
            &["--log", "Other.Log"],
            2,
            "it watches Test.Events",
        ),
        (&several, &[], 2, "--log"),
        (MANIFEST, &["--param", "Greting=x"], 1, "Greting"),
        (
            &secretive,
            &["--secret", "hook=env:NO_SUCH_VARIABLE"],
            2,
            "NO_SUCH_VARIABLE",
        ),
        (MANIFEST, &["--grants", "/no/such/file"], 1, "/no/such/file"),
    ] {
        let ended = run(manifest, "", more);
        assert_eq!(ended.code, code, "{more:?}: {}", ended.stderr);
        assert!(ended.stderr.contains(wanted), "{more:?}: {}", ended.stderr);
        assert_eq!(ended.stdout, "");
    }
}
