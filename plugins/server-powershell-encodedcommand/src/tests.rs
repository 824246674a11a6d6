//! The artifact over samples, where they are at hand. (`watchbox test` plays its cases.)

use std::{fs, path::PathBuf};

use serde_json::{Value as Json, json};
use watchbox_model::{Manifest, Rows, parameter::Parameters};
use watchbox_sdk::testing::World;

use super::{EncodedCommand, Oddity, decode};

fn here(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The lines of a file of samples, which is not part of this repository; none where it is not there.
fn samples(name: &str) -> Vec<Json> {
    let folder = std::env::var_os("WATCHBOX_SAMPLES")
        .map_or_else(|| here("../../../shared/samples"), PathBuf::from);
    let Ok(text) = fs::read_to_string(folder.join(name)) else {
        eprintln!(
            "skipped: no {name} in {}; WATCHBOX_SAMPLES says where it is",
            folder.display()
        );
        return Vec::new();
    };
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Whether the manifest's `where` lets a command line through.
fn passes(command_line: &str) -> bool {
    let yaml = fs::read_to_string(here("artifact.yaml")).unwrap();
    let manifest = Manifest::parse("artifact.yaml", &yaml).unwrap();
    let subscriptions = manifest.resolve(&Parameters::default()).unwrap();
    let event = rmp_serde::to_vec_named(&[json!({"CommandLine": command_line})]).unwrap();
    let rows = Rows::from_array(event.into()).unwrap();
    subscriptions[0].filter.passes(rows.get(0).unwrap())
}

#[test]
fn sampled_forms_give_their_answers() {
    for form in samples("encoded_command_forms.ndjson") {
        let name = form["name"].as_str().unwrap();
        let line = form["command_line"].as_str().unwrap();
        let found = decode(line);
        match form["decoded"].as_str() {
            Some(script) => {
                assert_eq!(found.len(), 1, "{name}");
                assert_eq!(found[0].script, script, "{name}");
            }
            None if form["note"].as_str().unwrap().contains("partial decode") => {
                assert!(found[0].oddities.contains(Oddity::Truncated), "{name}");
            }
            // The sample itself was cut.
            None if name.contains("(cut)") => {
                assert!(found[0].oddities.contains(Oddity::Unfinished), "{name}");
            }
            None => assert_eq!(found, [], "{name}"),
        }
        // What PowerShell would not run carries the reason.
        let not_run = [
            Oddity::Unfinished,
            Oddity::Truncated,
            Oddity::NotBase64,
            Oddity::NotUtf16,
            Oddity::Utf16Be,
            Oddity::Colon,
            Oddity::Refused,
        ];
        let runs = found.iter().any(|found| {
            !not_run
                .iter()
                .any(|oddity| found.oddities.contains(*oddity))
        });
        assert_eq!(
            runs,
            form["is_encoded_command"].as_bool().unwrap(),
            "{name}: {found:?}"
        );
        assert!(found.is_empty() || passes(line), "{name}");
    }
}

#[test]
fn sampled_events_give_24_rows() {
    let events = samples("process_creation.ndjson");
    if events.is_empty() {
        return;
    }
    let mut installed = World::new().install::<EncodedCommand>(&json!({})).unwrap();
    let rows = installed
        .events("Windows.Events.ProcessCreation", &events)
        .unwrap();
    assert_eq!(rows.len(), 24);
    for row in rows {
        assert!(
            row["Script"]
                .as_str()
                .unwrap()
                .to_lowercase()
                .starts_with("if($psversiontable"),
            "{row}"
        );
    }
}
