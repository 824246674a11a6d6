//! `watchbox test`: an artifact's cases, played.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use crate::{
    args, build,
    cases::{Case, Played, Stage, differences, junit, play, updated},
    exit::Exit,
    output::{Output, Tone, printable},
    shipped::shipped_grants,
};

/// Plays them and says what differs.
pub async fn test(args: args::Test, output: &Output) -> anyhow::Result<Exit> {
    let folder = match &args.cases {
        Some(folder) => folder.clone(),
        // Paths are shown: nobody needs to see that they begin here.
        None if args.dir == Path::new(".") => "cases".into(),
        None => args.dir.join("cases"),
    };
    let cases: Vec<Case> = files(&folder)?
        .iter()
        .map(|file| Case::read(file))
        .collect::<Result<_, _>>()?;
    let component = match args.component {
        Some(component) => component,
        None => built(&args.dir, output)?,
    };
    let wasm = fs::read(&component)
        .with_context(|| format!("the component {} can't be read", component.display()))?;
    let stage = Stage::new(wasm, shipped_grants(&args.dir)?, &cases)
        .await
        .with_context(|| format!("{} can't be run", component.display()))?;

    let mut played = Vec::with_capacity(cases.len());
    for case in &cases {
        played.push(play(&stage, case).await?);
    }
    if let Some(file) = &args.junit {
        let out = File::create(file).with_context(|| format!("can't write {}", file.display()))?;
        junit(stage.manifest().name.as_str(), &played, out)?;
    }
    let columns: Vec<&str> = stage
        .manifest()
        .rows
        .iter()
        .map(|column| column.name.as_str())
        .collect();
    let mut written = Vec::new();
    if args.update {
        for (case, played) in cases.iter().zip(&mut played) {
            if let Some(text) = updated(case, played, &columns)? {
                fs::write(&case.file, text)
                    .with_context(|| format!("can't write {}", case.file.display()))?;
                written.push(case.file.clone());
                accept(played);
            }
        }
    }
    if output.json() {
        output.document(&document(&stage, &played, &written))?;
    } else {
        output.text(report(&played, &written).trim_end())?;
    }
    let failed = played.iter().any(|case| case.failed() > 0);
    Ok(if failed { Exit::Failed } else { Exit::Done })
}

/// The files of a folder of cases, in order.
fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let none = || {
        format!(
            "no cases at {}: each is a file NAME.yaml there, of turns and what must come of them",
            folder.display()
        )
    };
    let entries = fs::read_dir(folder).with_context(none)?;
    let mut files = Vec::new();
    for entry in entries {
        let file = entry?.path();
        if file.extension().is_some_and(|kind| kind == "yaml") {
            files.push(file);
        }
    }
    if files.is_empty() {
        bail!(none());
    }
    files.sort();
    Ok(files)
}

/// Builds the artifact in `dir`; gives where its component is.
fn built(dir: &Path, output: &Output) -> anyhow::Result<PathBuf> {
    let built = build::build(&build::Options {
        dir: dir.to_owned(),
        manifest: None,
        out: None,
    })?;
    for warning in &built.warnings {
        output.warning(warning);
    }
    Ok(built.out)
}

/// What came is what is wanted from now on, failures aside.
fn accept(played: &mut Played) {
    for turn in &mut played.turns {
        turn.differences.retain(|one| one.part == "failure");
    }
}

fn document(stage: &Stage, played: &[Played], updated: &[PathBuf]) -> Value {
    let cases = played.iter().map(|case| {
        let turns = case.turns.iter().map(|turn| {
            let differences = turn
                .differences
                .iter()
                .map(|one| json!({ "part": one.part, "wanted": one.wanted, "got": one.got }));
            json!({
                "name": turn.name,
                "line": turn.line,
                "passed": turn.differences.is_empty(),
                "seconds": turn.time.as_secs_f64(),
                "differences": differences.collect::<Vec<_>>(),
                "denied": turn.denials,
            })
        });
        json!({ "file": case.file, "turns": turns.collect::<Vec<_>>() })
    });
    json!({
        "artifact": stage.manifest().name,
        "version": stage.manifest().version.to_string(),
        "turns": played.iter().map(|case| case.turns.len()).sum::<usize>(),
        "failed": played.iter().map(Played::failed).sum::<usize>(),
        "cases": cases.collect::<Vec<_>>(),
        "updated": updated,
    })
}

fn report(played: &[Played], updated: &[PathBuf]) -> String {
    let (good, bad, strong) = (Tone::Good.style(), Tone::Bad.style(), Tone::Strong.style());
    let mut text = String::new();
    let (mut turns, mut failed) = (0, 0);
    for case in played {
        let file = printable(&case.file.display().to_string()).into_owned();
        let (of_case, wrong) = (case.turns.len(), case.failed());
        (turns, failed) = (turns + of_case, failed + wrong);
        if updated.contains(&case.file) {
            text.push_str(&format!("{strong}updated{strong:#}  {file}\n"));
        }
        if wrong == 0 {
            text.push_str(&format!(
                "{good}ok{good:#}       {file}, {}\n",
                counted(of_case, "turn")
            ));
            continue;
        }
        text.push_str(&format!(
            "{bad}failed{bad:#}   {file}, {wrong} of {}\n",
            counted(of_case, "turn")
        ));
        for turn in case
            .turns
            .iter()
            .filter(|turn| !turn.differences.is_empty())
        {
            text.push_str(&format!(
                "\n  {strong}{file}:{}: {}{strong:#}\n{}\n",
                turn.line,
                printable(&turn.name),
                differences(turn, "    ")
            ));
        }
    }
    let all = format!(
        "{}, {}",
        counted(played.len(), "case"),
        counted(turns, "turn")
    );
    match failed {
        0 => text.push_str(&format!("{all}: all as wanted\n")),
        failed if updated.is_empty() => text.push_str(&format!(
            "{all}: {failed} not as wanted. Where what came is right, --update writes it down.\n"
        )),
        failed => text.push_str(&format!(
            "{all}: {failed} not as wanted. A failure is not written down: mend it, or write `failure:` and a part of its text.\n"
        )),
    }
    text
}

fn counted(count: usize, what: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {what}{s}")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::cases::{Difference, PlayedTurn};

    fn played(name: &str, differences: Vec<Difference>) -> Played {
        let turn = PlayedTurn {
            name: name.to_owned(),
            line: 4,
            differences,
            denials: Vec::new(),
            time: Duration::ZERO,
        };
        Played {
            file: PathBuf::from("cases/a.yaml"),
            turns: vec![turn],
        }
    }

    #[test]
    fn the_report_says_how_many_and_what_to_do() {
        let differs = Difference {
            part: "log",
            wanted: json!(["info: a"]),
            got: json!(["info: b"]),
        };
        let mut cases = [played("good", Vec::new()), played("bad", vec![differs])];
        cases[0].file = PathBuf::from("cases/b.yaml");
        let text = |updated: &[PathBuf]| {
            anstream::adapter::strip_str(&report(&cases, updated)).to_string()
        };
        insta::assert_snapshot!(text(&[]), @r#"
        ok       cases/b.yaml, 1 turn
        failed   cases/a.yaml, 1 of 1 turn

          cases/a.yaml:4: bad
            log (- wanted, + got):
              [
            -   "info: a"
            +   "info: b"
              ]

        2 cases, 2 turns: 1 not as wanted. Where what came is right, --update writes it down.
        "#);
        let updated = text(&[PathBuf::from("cases/a.yaml")]);
        assert!(updated.contains("updated  cases/a.yaml\n"), "{updated}");
        assert!(report(&cases[..1], &[]).contains("1 case, 1 turn: all as wanted"));
    }

    #[test]
    fn a_folder_without_cases_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let error = files(folder.path()).unwrap_err().to_string();
        assert!(error.contains("each is a file NAME.yaml there"), "{error}");
        let missing = files(&folder.path().join("cases")).unwrap_err().to_string();
        assert!(missing.starts_with("no cases at "), "{missing}");
    }
}
