//! `cargo xtask bench languages`: the same artifact in every language, as a table for docs/languages.md.
//!
//! Every event of the file matches, so that the guests do all the work there is. Speed is by processor time, which another program's load does not change as it does
//! the clock's; what starting takes is taken off.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use watchbox_tests::{Build, sample::Fleet};

use super::usage;
use crate::{
    artifacts::POWERSHELL_FOLDER,
    cargo,
    languages::{self, EXAMPLE},
    step::Steps,
    toolchains::{self, Toolchains},
};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How many events the file holds, each with an encoded command
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    events: usize,
    /// How often each component is run; the best run counts
    #[arg(long, value_name = "N", default_value_t = 3)]
    runs: u32,
    /// Measure the program that `cargo build` made, rather than make an optimised one
    #[arg(long)]
    debug: bool,
}

/// A language, or an engine of it, and where the artifact in it is.
struct Candidate {
    name: &'static str,
    folder: PathBuf,
}

/// What was found.
struct Figures {
    size: u64,
    build: Duration,
    compile: Duration,
    start: Duration,
    per_second: f64,
    memory: u64,
    imports: usize,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let build = Build::current()?;
    let build = if options.debug {
        build
    } else {
        build.release()
    };
    let mut steps = Steps::new(4);
    steps.step("The program", || {
        let release: &[&str] = if options.debug { &[] } else { &["--release"] };
        cargo::cargo(
            &build,
            &[&["build", "--package", "watchbox"], release].concat(),
        )
    })?;
    let (toolchains, candidates) = steps.step("Toolchains", || {
        let toolchains = toolchains::install_all()?;
        Ok((toolchains, candidates(&build)?))
    })?;
    let folder = build.target().join("bench/languages");
    let (many, one) = steps.step("Events", || {
        fs::create_dir_all(&folder)?;
        Ok((
            events(&folder.join("many.ndjson"), options.events)?,
            events(&folder.join("one.ndjson"), 1)?,
        ))
    })?;
    let figures = steps.step("Measurements", || {
        let measured = candidates.iter().map(|candidate| {
            let figures = measure(&build, candidate, &toolchains, options, [&many, &one]);
            Ok((candidate.name, figures.with_context(|| candidate.name)?))
        });
        measured.collect::<Result<Vec<_>>>()
    })?;
    steps.finish("measured");
    print(&figures);
    Ok(())
}

fn candidates(build: &Build) -> Result<Vec<Candidate>> {
    let sdk = |language: &str| build.root().join("plugin-sdk").join(language).join(EXAMPLE);
    languages::link_javascript(&sdk("javascript"))?;
    Ok(vec![
        Candidate {
            name: "Rust",
            folder: build.root().join("plugins").join(POWERSHELL_FOLDER),
        },
        Candidate {
            name: "C",
            folder: sdk("c"),
        },
        Candidate {
            name: "Go",
            folder: sdk("go"),
        },
        Candidate {
            name: "Python",
            folder: sdk("python"),
        },
        Candidate {
            name: "JavaScript, QuickJS",
            folder: sdk("javascript"),
        },
        Candidate {
            name: "JavaScript, SpiderMonkey",
            folder: with_spidermonkey(build, &sdk("javascript"))?,
        },
    ])
}

/// The example in JavaScript, with the other engine.
fn with_spidermonkey(build: &Build, from: &Path) -> Result<PathBuf> {
    let folder = build.target().join("bench/spidermonkey");
    fs::create_dir_all(&folder)?;
    for entry in fs::read_dir(from)? {
        let file = entry?.path();
        if file.is_file() {
            fs::copy(
                &file,
                folder.join(file.file_name().context("a file's name")?),
            )?;
        }
    }
    let sdk = from.join("../..").canonicalize()?;
    let package = fs::read_to_string(from.join("package.json"))?
        .replace("file:../..", &format!("file:{}", sdk.display()))
        .replacen('{', "{ \"watchbox\": { \"engine\": \"spidermonkey\" },", 1);
    fs::write(folder.join("package.json"), package)?;
    languages::link_javascript(&folder)?;
    Ok(folder)
}

/// A file of events, each with an encoded command.
fn events(file: &Path, count: usize) -> Result<PathBuf> {
    let mut fleet = Fleet::new(1, 20);
    let mut text = String::new();
    for number in 0..count {
        let event = fleet.encoded(&format!("Get-Process | Where-Object Id -eq {number}"));
        text.push_str(&event.json);
        text.push('\n');
    }
    fs::write(file, text)?;
    Ok(file.to_owned())
}

fn measure(
    build: &Build,
    candidate: &Candidate,
    toolchains: &Toolchains,
    options: &Options,
    [many, one]: [&Path; 2],
) -> Result<Figures> {
    eprintln!("  {}", candidate.name);
    let folder = tempfile::tempdir()?;
    let component = folder.path().join("artifact.wasm");
    let program = build.program("watchbox")?;
    let built = usage::run(
        Command::new(&program)
            .arg("build")
            .arg(&candidate.folder)
            .arg("--out")
            .arg(&component)
            .env("PATH", toolchains.path()?)
            .stdout(File::create(folder.path().join("stdout"))?)
            .stderr(File::create(folder.path().join("stderr"))?),
    )?;
    let run = |events: &Path| -> Result<(usage::Took, u64)> {
        let rows = folder.path().join("rows.ndjson");
        let mut command = Command::new(&program);
        command
            .arg("run")
            .arg(&component)
            .arg("--events")
            .arg(events)
            // Compiled code is kept in here, so that the first run compiles.
            .env("XDG_CACHE_HOME", folder.path())
            .stdout(File::create(&rows)?)
            .stderr(File::create(folder.path().join("stderr"))?);
        let took = watched(&mut command)?;
        let lines =
            |file: &Path| Ok::<_, std::io::Error>(fs::read_to_string(file)?.lines().count());
        ensure!(
            lines(&rows)? == lines(events)?,
            "{} made other rows",
            candidate.name
        );
        Ok(took)
    };
    let (compiled, _) = run(one)?;
    let mut start = run(one)?.0;
    let (mut most, mut memory) = run(many)?;
    for _ in 1..options.runs {
        let (again, _) = run(one)?;
        start.elapsed = start.elapsed.min(again.elapsed);
        start.cpu = start.cpu.min(again.cpu);
        let (again, peak) = run(many)?;
        most.cpu = most.cpu.min(again.cpu);
        memory = memory.min(peak);
    }
    let work = most.cpu.saturating_sub(start.cpu).as_secs_f64();
    let inspected = Command::new(&program)
        .args(["inspect", "--json"])
        .arg(&component)
        .output()?;
    let inspected: serde_json::Value = serde_json::from_slice(&inspected.stdout)?;
    Ok(Figures {
        size: fs::metadata(&component)?.len(),
        build: built.elapsed,
        compile: compiled.cpu.saturating_sub(start.cpu),
        start: start.elapsed,
        per_second: options.events as f64 / work.max(1e-9),
        memory,
        imports: inspected["imports"].as_array().map_or(0, Vec::len),
    })
}

/// Runs a command to its end; gives what it took, and the most memory that it had, in bytes.
#[expect(
    clippy::disallowed_methods,
    reason = "there is no runtime here, and nothing that tells of memory but a look at it"
)]
fn watched(command: &mut Command) -> Result<(usage::Took, u64)> {
    let (began, before) = (Instant::now(), usage::children()?);
    let mut child = command.spawn()?;
    let mut peak = 0;
    let status = loop {
        peak = peak.max(high_water(child.id()).unwrap_or(0));
        if let Some(status) = child.try_wait()? {
            break status;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    ensure!(status.success(), "{command:?} ended with {status}");
    let cpu = usage::children()?.saturating_sub(before);
    Ok((
        usage::Took {
            elapsed: began.elapsed(),
            cpu,
        },
        peak,
    ))
}

fn high_water(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes << 10)
}

fn print(figures: &[(&str, Figures)]) {
    let mebibytes = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    println!(
        "\n| language | component | build | compile, once | start | events a CPU second | memory | imports |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    for (name, figures) in figures {
        println!(
            "| {name} | {:.2} MiB | {:.1} s | {:.1} s | {:.0} ms | {:.0}k | {:.0} MiB | {} |",
            mebibytes(figures.size),
            figures.build.as_secs_f64(),
            figures.compile.as_secs_f64(),
            figures.start.as_secs_f64() * 1_000.0,
            figures.per_second / 1_000.0,
            mebibytes(figures.memory),
            figures.imports,
        );
    }
}
