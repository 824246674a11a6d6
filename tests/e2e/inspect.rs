//! `watchbox inspect` and `watchbox diff` over the artifacts that are built, whole and damaged.

use std::{fs, path::PathBuf, process::Command};

use anyhow::{Context as _, Result};
use serde_json::Value;
use watchbox_tests::Home;

/// What looking at a file may take, whatever it is: so many KiB of address space, so many seconds of processor time.
const MEMORY_KIB: u32 = 3_000_000;
const CPU_SECONDS: u32 = 60;

/// Every component that is built, but for the largest: those of Python and JavaScript take seconds each.
fn artifacts(home: &Home) -> Result<Vec<PathBuf>> {
    let folder = home.build().artifact("relay")?;
    let folder = folder.parent().context("the artifacts' folder")?;
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let is_component = path
            .extension()
            .is_some_and(|extension| extension == "wasm");
        if is_component && fs::metadata(&path)?.len() < 3 << 20 {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// `watchbox inspect`, where it may take no more than is said above.
fn inspect(home: &Home, file: &str) -> Result<(Option<i32>, String)> {
    let limits = format!("ulimit -v {MEMORY_KIB}; ulimit -t {CPU_SECONDS}; exec \"$0\" \"$@\"");
    let output = Command::new("sh")
        .args(["-c", &limits])
        .arg(home.build().program("watchbox")?)
        .args(["inspect", "--json", file])
        .output()?;
    Ok((output.status.code(), String::from_utf8(output.stderr)?))
}

/// The file, damaged in one of a few ways.
fn damage(wasm: &mut Vec<u8>, random: &mut fastrand::Rng) {
    let at = random.usize(8..wasm.len());
    match random.u8(0..5) {
        0 => wasm.truncate(at),
        1 => {
            for _ in 0..random.usize(1..20) {
                let at = random.usize(8..wasm.len());
                wasm[at] = random.u8(..);
            }
        }
        2 => {
            let end = (at + random.usize(1..5_000)).min(wasm.len());
            let piece = wasm[at..end].to_vec();
            let to = random.usize(8..wasm.len());
            wasm.splice(to..to, piece);
        }
        3 => {
            let end = (at + random.usize(1..5_000)).min(wasm.len());
            wasm.drain(at..end);
        }
        _ => wasm[at..].fill(random.u8(..)),
    }
}

#[test]
fn damaged_artifacts_are_described_or_refused_in_words_and_in_bounds() -> Result<()> {
    let home = Home::new()?;
    let mut random = fastrand::Rng::with_seed(7);
    for path in artifacts(&home)? {
        let whole = fs::read(&path)?;
        let name = path.display().to_string();
        let (code, stderr) = inspect(&home, &name)?;
        assert_eq!(code, Some(0), "{name}: {stderr}");
        for round in 0..15 {
            let mut wasm = whole.clone();
            damage(&mut wasm, &mut random);
            let file = home.file("damaged.wasm", &wasm)?;
            let (code, stderr) = inspect(&home, &file)?;
            assert!(
                matches!(code, Some(0 | 1)),
                "{name}, {round}: {code:?}, {stderr}"
            );
            assert!(!stderr.contains("panicked"), "{stderr}");
            // Not the words of the parser, which says where by `offset`.
            assert!(!stderr.contains("(at offset"), "{stderr}");
        }
    }
    // What is no file of any size.
    let (code, stderr) = inspect(&home, "/dev/zero")?;
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stderr.contains("no component"), "{stderr}");
    Ok(())
}

#[test]
fn a_new_version_that_wants_more_ends_with_a_code_of_its_own() -> Result<()> {
    let home = Home::new()?;
    let diff = |old: &str, new: &str| -> Result<(Option<i32>, Value)> {
        let output = Command::new(home.build().program("watchbox")?)
            .args(["diff", "--json", &home.artifact(old)?, &home.artifact(new)?])
            .output()?;
        Ok((
            output.status.code(),
            serde_json::from_slice(&output.stdout)?,
        ))
    };
    let (code, same) = diff("relay", "relay")?;
    assert_eq!((code, &same["wider"]), (Some(0), &Value::Bool(false)));
    assert_eq!(same["differences"], serde_json::json!([]));
    let (code, more) = diff("relay", "server-slack-clientsonline")?;
    assert_eq!(code, Some(6), "{more:#}");
    let wider = more["differences"].as_array().context("no differences")?;
    let import = "watchbox:artifact/http@0.1.0";
    assert!(
        wider
            .iter()
            .any(|one| one["mark"] == "wider" && one["what"] == "import" && one["new"] == import),
        "{more:#}"
    );
    Ok(())
}
