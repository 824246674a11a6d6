//! Artifacts in every language, run by the real program: one that does what it is told shows what crosses the boundary, and that what is not caught
//! reaches the operator with its text and line. (That the same artifact gives the same rows in each, `cases` tests.)

use std::process::Command;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use watchbox_tests::{Home, LANGUAGES};

/// What came of a run: whether all went well, the rows, and what was said.
struct Ran {
    success: bool,
    rows: Vec<Value>,
    said: String,
}

/// Runs a component over events.
fn run(home: &Home, component: &str, events: &str, more: &[&str]) -> Result<Ran> {
    let output = Command::new(home.build().program("watchbox")?)
        .args(["run", component, "--events", events])
        .args(more)
        .output()?;
    let mut rows = Vec::new();
    for line in String::from_utf8(output.stdout)?.lines() {
        let mut row: Value = serde_json::from_str(line)?;
        row.as_object_mut()
            .context("a row is an object")?
            .remove("_ts");
        rows.push(row);
    }
    Ok(Ran {
        success: output.status.success(),
        rows,
        said: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// Values, and what an artifact that echoes them gives back: exactly them in MessagePack; in JSON what it lacks comes changed.
fn echoes(language: &str) -> Vec<(Value, Value)> {
    let json = matches!(language, "python" | "javascript");
    let same = [
        json!(9_007_199_254_740_991_u64),
        json!(-9_007_199_254_740_991_i64),
        json!(0.5),
        json!(null),
        json!(true),
        json!("\u{fc} \u{1f600} \u{0} \"\\"),
        json!({"z": [1, {"y": null, "b": [true, "x"]}], "a": {}}),
    ];
    let large = [
        json!(u64::MAX),
        json!(i64::MIN),
        json!(9_007_199_254_740_992_u64),
    ];
    let text = |value: &Value| {
        if json {
            json!(value.to_string())
        } else {
            value.clone()
        }
    };
    let same = same.into_iter().map(|value| (value.clone(), value));
    let large = large.into_iter().map(|value| (value.clone(), text(&value)));
    same.chain(large).collect()
}

#[test]
fn values_cross_by_the_rules_of_the_encoding() -> Result<()> {
    let home = Home::new()?;
    let grants = home.file("grants.yaml", "state: true\nlog: true\n")?;
    for language in LANGUAGES {
        let component = home.artifact(&format!("languages-{language}"))?;
        let echoes = echoes(language);
        let events = echoes
            .iter()
            .map(|(value, _)| json!({"ClientId": "C.1", "Do": "echo", "Value": value}));
        let more = ["emit", "count", "count"].map(|what| json!({"ClientId": "C.1", "Do": what}));
        let events: String = events
            .chain(more)
            .map(|event| format!("{event}\n"))
            .collect();
        let ran = run(
            &home,
            &component,
            &home.file("events.ndjson", events)?,
            &["--grants", &grants],
        )?;
        assert!(ran.success, "{language}: {}", ran.said);
        let mut wanted: Vec<Value> = echoes
            .iter()
            .map(|(_, back)| json!({"Value": back}))
            .collect();
        wanted.push(json!({"Big": u64::MAX, "Bytes": "/wA=", "Whole": 1.0, "Text": "a\u{fffd}", "Map": {"z": [1, {}], "a": null}}));
        wanted.extend([json!({"Count": 1}), json!({"Count": 2})]);
        for (row, wanted) in ran.rows.iter().zip(&wanted) {
            // As text, in which 1 is not 1.0.
            assert_eq!(row.to_string(), wanted.to_string(), "{language}");
        }
        assert_eq!(ran.rows.len(), wanted.len(), "{language}: {}", ran.said);
        assert!(ran.said.contains("counted"), "{language}: {}", ran.said);
    }
    Ok(())
}

#[test]
fn what_is_not_caught_reaches_the_operator_with_its_text_and_line() -> Result<()> {
    let home = Home::new()?;
    for (language, what, places) in [
        (
            "python",
            "throw",
            &["LookupError: no such thing", "app.py:19"][..],
        ),
        (
            "javascript",
            "throw",
            &["RangeError: no such thing", "app.ts:23"],
        ),
        ("c", "throw", &["main.c:33: no such thing"]),
        ("c", "die", &["no such thing", "main.c", "35"]),
        ("go", "throw", &["panic: no such thing", "main.go:52"]),
        // Of another goroutine, which nobody can recover from.
        ("go", "die", &["panic: no such thing", "main.go:56"]),
    ] {
        let one = |what: &str| json!({"ClientId": "C.1", "Do": what, "Value": 7}).to_string();
        let events = home.file("events.ndjson", [one(what), one("echo")].join("\n"))?;
        let component = home.artifact(&format!("languages-{language}"))?;
        let ran = run(&home, &component, &events, &[])?;
        assert!(!ran.success, "{language}");
        for place in places {
            assert!(ran.said.contains(place), "{language}, {what}: {}", ran.said);
        }
        assert_eq!(
            ran.rows,
            [json!({"Value": 7})],
            "{language}, {what}: the rest goes on"
        );
    }
    Ok(())
}

#[test]
fn a_panic_in_rust_reaches_the_operator_with_its_text_and_line_and_imports_nothing() -> Result<()> {
    let home = Home::new()?;
    let component = home.artifact("panicking")?;
    for (what, words) in [
        ("panic", "src/lib.rs:31:28: panicked: no such thing: 7"),
        (
            "index",
            "src/lib.rs:34:42: panicked: index out of bounds: the len is 0 but the index is 3",
        ),
    ] {
        let events = home.file(
            "events.ndjson",
            json!({"ClientId": "C.1", "Do": what}).to_string(),
        )?;
        let ran = run(&home, &component, &events, &[])?;
        assert!(!ran.success);
        assert!(
            ran.said.contains("the artifact trapped: ") && ran.said.contains(words),
            "{}",
            ran.said
        );
    }
    let events = home.file("events.ndjson", "{\"ClientId\":\"C.1\",\"Do\":\"\"}")?;
    let ran = run(&home, &component, &events, &["--param", "AtStart=true"])?;
    assert!(
        ran.said
            .contains("src/lib.rs:24:9: panicked: no such start"),
        "{}",
        ran.said
    );
    let inspected = Command::new(home.build().program("watchbox")?)
        .args(["inspect", "--json", &component])
        .output()?;
    let inspected: Value = serde_json::from_slice(&inspected.stdout)?;
    assert_eq!(inspected["imports"], json!([]));
    Ok(())
}

#[test]
fn components_import_what_is_declared_and_no_more() -> Result<()> {
    let home = Home::new()?;
    for language in LANGUAGES {
        for (component, wanted) in [
            ("powershell-encodedcommand", &[][..]),
            ("languages", &["log", "state"]),
        ] {
            let component = home.artifact(&format!("{component}-{language}"))?;
            let output = Command::new(home.build().program("watchbox")?)
                .args(["inspect", "--json", &component])
                .output()?;
            let inspected: Value = serde_json::from_slice(&output.stdout)?;
            let imports = inspected["imports"].as_array().context("imports")?;
            let mut names: Vec<String> = imports
                .iter()
                .map(|import| import["name"].to_string())
                .collect();
            names.sort();
            assert_eq!(names.len(), wanted.len(), "{language}: {names:?}");
            for (name, wanted) in names.iter().zip(wanted) {
                assert!(
                    name.contains(&format!("watchbox:artifact/{wanted}@")),
                    "{language}: {names:?}"
                );
            }
        }
    }
    Ok(())
}
