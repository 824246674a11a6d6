//! `cargo xtask bench languages`: the same two artifacts in every language, as a table for docs/languages.md: one that decodes what each event holds, and one that does
//! next to nothing with it, so that what is seen is what it costs to hand events over.
//!
//! Every event of the file matches, so that the guests do all the work there is. Speed is by processor time, which another program's load does not change as it does
//! the clock's. Of the decoding, what starting takes is taken off; of the matching, what the same run takes whose filter lets nothing pass.

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

/// How many times as many events are matched as are decoded.
const MORE: usize = 5;

/// A language, or an engine of it, and where the artifacts in it are.
struct Candidate {
    name: &'static str,
    decoding: PathBuf,
    matching: PathBuf,
}

/// What was found.
struct Figures {
    size: u64,
    build: Duration,
    compile: Duration,
    start: Duration,
    decoded: f64,
    matched: f64,
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
    let [more, many, one] = steps.step("Events", || {
        fs::create_dir_all(&folder)?;
        // Of what takes next to nothing there is to be more, so that the start of an instance does not tell.
        let counts = [
            ("more.ndjson", options.events * MORE),
            ("many.ndjson", options.events),
            ("one.ndjson", 1),
        ];
        let [more, many, one] = counts.map(|(name, count)| events(&folder.join(name), count));
        Ok([more?, many?, one?])
    })?;
    let figures = steps.step("Measurements", || {
        let measured = candidates.iter().map(|candidate| {
            let figures = measure(
                &build,
                candidate,
                &toolchains,
                options,
                [&more, &many, &one],
            );
            Ok((candidate.name, figures.with_context(|| candidate.name)?))
        });
        measured.collect::<Result<Vec<_>>>()
    })?;
    steps.finish("measured");
    print(&figures);
    Ok(())
}

fn candidates(build: &Build) -> Result<Vec<Candidate>> {
    let decoding = |language: &str| build.root().join("plugin-sdk").join(language).join(EXAMPLE);
    let matching = |language: &str| build.root().join("tests/bench/matching").join(language);
    let of = |name, language| Candidate {
        name,
        decoding: decoding(language),
        matching: matching(language),
    };
    let rust = Candidate {
        decoding: build.root().join("plugins").join(POWERSHELL_FOLDER),
        ..of("Rust", "rust")
    };
    let quickjs = of("JavaScript, QuickJS", "javascript");
    languages::link_javascript(&quickjs.decoding)?;
    languages::link_javascript(&quickjs.matching)?;
    let spidermonkey = Candidate {
        name: "JavaScript, SpiderMonkey",
        decoding: with_spidermonkey(build, "decoding", &quickjs.decoding)?,
        matching: with_spidermonkey(build, "matching", &quickjs.matching)?,
    };
    let others = [of("C", "c"), of("Go", "go"), of("Python", "python")];
    Ok([rust]
        .into_iter()
        .chain(others)
        .chain([quickjs, spidermonkey])
        .collect())
}

/// An artifact in JavaScript, with the other engine.
fn with_spidermonkey(build: &Build, name: &str, from: &Path) -> Result<PathBuf> {
    let folder = build.target().join("bench/spidermonkey").join(name);
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
    let package = fs::read_to_string(from.join("package.json"))?;
    let sdk = package
        .split_once("\"file:")
        .and_then(|(_, rest)| rest.split_once('"'))
        .map(|(sdk, _)| sdk)
        .context("package.json names no SDK by `file:`")?;
    let package = package
        .replace(sdk, &from.join(sdk).canonicalize()?.display().to_string())
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

/// A component, and what it is run with.
struct Built<'b> {
    program: PathBuf,
    component: PathBuf,
    folder: &'b Path,
    took: Duration,
}

impl<'b> Built<'b> {
    fn of(build: &Build, source: &Path, toolchains: &Toolchains, folder: &'b Path) -> Result<Self> {
        let (program, component) = (build.program("watchbox")?, folder.join("artifact.wasm"));
        let built = usage::run(
            Command::new(&program)
                .arg("build")
                .arg(source)
                .arg("--out")
                .arg(&component)
                .env("PATH", toolchains.path()?)
                .stdout(File::create(folder.join("stdout"))?)
                .stderr(File::create(folder.join("stderr"))?),
        )?;
        Ok(Self {
            program,
            component,
            folder,
            took: built.elapsed,
        })
    }

    /// What a run over `events` took, the most memory that it had, and how many rows it made.
    fn run(&self, events: &Path, more: &[&str]) -> Result<(usage::Took, u64, usize)> {
        let (took, memory) = watched(&mut self.command(events, more)?)?;
        Ok((
            took,
            memory,
            fs::read_to_string(self.rows())?.lines().count(),
        ))
    }

    fn rows(&self) -> PathBuf {
        self.folder.join("rows.ndjson")
    }

    fn command(&self, events: &Path, more: &[&str]) -> Result<Command> {
        let mut command = Command::new(&self.program);
        command
            .arg("run")
            .arg(&self.component)
            .arg("--events")
            .arg(events)
            .args(more)
            // Compiled code is kept in here, so that the first run compiles.
            .env("XDG_CACHE_HOME", self.folder)
            .stdout(File::create(self.rows())?)
            .stderr(File::create(self.folder.join("stderr"))?);
        Ok(command)
    }
}

fn measure(
    build: &Build,
    candidate: &Candidate,
    toolchains: &Toolchains,
    options: &Options,
    [more, many, one]: [&Path; 3],
) -> Result<Figures> {
    eprintln!("  {}", candidate.name);
    let folder = tempfile::tempdir()?;
    let built = Built::of(build, &candidate.decoding, toolchains, folder.path())?;
    let run = |events: &Path, count: usize| -> Result<(usage::Took, u64)> {
        let (took, memory, rows) = built.run(events, &[])?;
        ensure!(rows == count, "{} made {rows} rows", candidate.name);
        Ok((took, memory))
    };
    let (compiled, _) = run(one, 1)?;
    // Nothing watches it meanwhile, which would make it some milliseconds longer.
    let started = || usage::run(&mut built.command(one, &[])?);
    let mut start = started()?;
    let (mut most, mut memory) = run(many, options.events)?;
    for _ in 1..options.runs {
        let again = started()?;
        start.elapsed = start.elapsed.min(again.elapsed);
        start.cpu = start.cpu.min(again.cpu);
        let (again, peak) = run(many, options.events)?;
        most.cpu = most.cpu.min(again.cpu);
        memory = memory.min(peak);
    }
    let inspected = Command::new(&built.program)
        .args(["inspect", "--json"])
        .arg(&built.component)
        .output()?;
    let inspected: serde_json::Value = serde_json::from_slice(&inspected.stdout)?;
    let per_second =
        |work: Duration| options.events as f64 / work.as_secs_f64().max(f64::MIN_POSITIVE);
    Ok(Figures {
        size: fs::metadata(&built.component)?.len(),
        build: built.took,
        compile: compiled.cpu.saturating_sub(start.cpu),
        start: start.elapsed,
        decoded: per_second(most.cpu.saturating_sub(start.cpu)),
        matched: MORE as f64 * per_second(matching(build, candidate, toolchains, options, more)?),
        memory,
        imports: inspected["imports"].as_array().map_or(0, Vec::len),
    })
}

/// What it takes to hand all events over, and to look for a word in each.
fn matching(
    build: &Build,
    candidate: &Candidate,
    toolchains: &Toolchains,
    options: &Options,
    events: &Path,
) -> Result<Duration> {
    let folder = tempfile::tempdir()?;
    let built = Built::of(build, &candidate.matching, toolchains, folder.path())?;
    // The first run compiles.
    built.run(events, &["--param", "Pattern=^$"])?;
    let (mut all, mut none) = (Duration::MAX, Duration::MAX);
    for _ in 0..options.runs {
        let (took, _, rows) = built.run(events, &[])?;
        ensure!(rows > 0, "{} matched nothing", candidate.name);
        all = all.min(took.cpu);
        let (took, _, rows) = built.run(events, &["--param", "Pattern=^$"])?;
        ensure!(
            rows == 0,
            "{} was handed what does not match",
            candidate.name
        );
        none = none.min(took.cpu);
    }
    Ok(all.saturating_sub(none))
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
        "\n| language | component | build | compile, once | start | matched a CPU second | decoded a CPU second | memory | imports |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    for (name, figures) in figures {
        println!(
            "| {name} | {:.2} MiB | {:.1} s | {:.1} s | {:.0} ms | {:.0}k | {:.0}k | {:.0} MiB | {} |",
            mebibytes(figures.size),
            figures.build.as_secs_f64(),
            figures.compile.as_secs_f64(),
            figures.start.as_secs_f64() * 1_000.0,
            figures.matched / 1_000.0,
            figures.decoded / 1_000.0,
            mebibytes(figures.memory),
            figures.imports,
        );
    }
}
