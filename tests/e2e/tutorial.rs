//! docs/tutorial.md, done as it says: its commands are read out of it and run, once in each language, and what it says comes of them must come.
//!
//! A fenced block is told by its first line: `sh` is run, where languages follow only in these; `sh fails` must fail; `sh server` and `sh runs on` go on
//! until the end; `diff LANGUAGE` is given to patch; `text` and `json` are what the commands before them print.

use std::{
    fs,
    net::TcpListener,
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use watchbox_tests::{Home, Running, eventually, toolchains};

/// Long enough for a build on a machine that is busy.
const SOON: Duration = Duration::from_secs(300);

/// What the document says, where it must be another thing here.
const LANGUAGE: &str = "--lang python";
const ADDRESS: &str = "127.0.0.1:8421";

/// A fenced block.
#[derive(Debug)]
struct Block {
    line: usize,
    kind: String,
    /// What follows the kind.
    words: Vec<String>,
    text: String,
}

impl Block {
    fn is(&self, word: &str) -> bool {
        self.words.iter().any(|own| own == word)
    }

    /// Whether it is for `language`: for all, where it names none.
    fn is_for(&self, language: &str) -> bool {
        const ALL: [&str; 6] = ["python", "javascript", "typescript", "rust", "go", "c"];
        !self.words.iter().any(|word| ALL.contains(&word.as_str())) || self.is(language)
    }
}

fn blocks(document: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut is_open = false;
    for (line, text) in (1..).zip(document.lines()) {
        match text.strip_prefix("```") {
            Some(_) if is_open => is_open = false,
            Some(info) => {
                is_open = true;
                let mut words = info.split_whitespace().map(str::to_owned);
                blocks.push(Block {
                    line,
                    kind: words.next().unwrap_or_default(),
                    words: words.collect(),
                    text: String::new(),
                });
            }
            None if is_open => {
                if let Some(block) = blocks.last_mut() {
                    block.text.push_str(text);
                    block.text.push('\n');
                }
            }
            None => {}
        }
    }
    blocks
}

/// A reader at a terminal: what they export, and the folder that they are in, lasts from one block to the next.
struct Reader {
    home: Home,
    language: &'static str,
    address: String,
}

impl Reader {
    fn command(&self, script: &str) -> Result<Command> {
        let script = script
            .replace(LANGUAGE, &format!("--lang {}", self.language))
            .replace(ADDRESS, &self.address);
        let state = self.home.path().join("state");
        let state = state.display();
        let program = self.home.build().program("watchbox")?;
        let folder = program.parent().context("the program's folder")?.to_owned();
        let mut command = Command::new("bash");
        command
            .args(["-euo", "pipefail", "-c"])
            .arg(format!(
                "[ ! -e {state} ] || . {state}\n{script}\n{{ export -p; printf 'cd %q\\n' \"$PWD\"; }} > {state}"
            ))
            .current_dir(self.home.path())
            .env("PATH", toolchains::path_with([folder])?)
            // What is compiled of others is kept for the next time.
            .env("CARGO_TARGET_DIR", self.home.build().target().join("tutorial"))
            // The tools are there; only the SDK is to be linked.
            .env("npm_config_omit", "dev")
            .env("npm_config_audit", "false")
            .env("npm_config_fund", "false")
            .env("npm_config_package_lock", "false")
            .env_remove("WATCHBOX_SERVER")
            .env_remove("WATCHBOX_TOKEN_FILE")
            .stdin(Stdio::null());
        Ok(command)
    }

    /// Runs a block to its end; gives what it printed on stdout.
    fn run(&self, block: &Block) -> Result<String> {
        let output = self.command(&block.text)?.output()?;
        let stdout = String::from_utf8(output.stdout)?;
        ensure!(
            output.status.success() != block.is("fails"),
            "line {}, in {}: {}\n{stdout}\n{}",
            block.line,
            self.language,
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(stdout)
    }

    /// Changes the source as a block says.
    fn patch(&self, block: &Block) -> Result<()> {
        let patch = self.home.file("change.diff", &block.text)?;
        let output = self.command(&format!("patch -p1 < {patch}"))?.output()?;
        ensure!(output.status.success(), "line {}: {output:?}", block.line);
        Ok(())
    }
}

/// Whether `printed` is what the block says: its lines, or its rows, whenever they were emitted.
fn is_as_said(block: &Block, printed: &str) -> Result<bool> {
    let rows = |text: &str| -> Result<Vec<Value>> {
        let lines = text.lines().map(|line| {
            let mut row: Value = serde_json::from_str(line)?;
            if let Some(columns) = row.as_object_mut() {
                columns.remove("_ts");
            }
            Ok(row)
        });
        lines.collect()
    };
    match block.kind.as_str() {
        "json" => Ok(rows(printed)? == rows(&block.text)?),
        _ => Ok(printed.contains(block.text.trim_end())),
    }
}

fn follow(language: &'static str) -> Result<()> {
    let home = Home::new()?;
    let document = fs::read_to_string(home.build().root().join("docs/tutorial.md"))?;
    // Free now, and most likely still in a moment.
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
    let reader = Reader {
        home,
        language,
        address,
    };
    let mut running = Vec::new();
    let mut last: Option<(Block, String)> = None;
    let (mut commands, mut outcomes) = (0, 0);
    for block in blocks(&document) {
        if !block.is_for(language) {
            continue;
        }
        match block.kind.as_str() {
            "sh" if block.is("server") => {
                let mut server =
                    Running::start(&mut reader.command(&format!("exec {}", block.text))?)?;
                server.line_with("listening on", SOON)?;
                running.push(server);
            }
            // Tested in `dev`; here that the command is right, where it does not take long.
            "sh" if block.is("runs") => {
                if language == "c" {
                    let mut dev =
                        Running::start(&mut reader.command(&format!("exec {}", block.text))?)?;
                    dev.line_with("runs: Server.My.Alert", SOON)?;
                    ensure!(dev.interrupt()?.success(), "Ctrl-C ends it well");
                }
            }
            "sh" => {
                let printed = reader.run(&block)?;
                last = Some((block, printed));
                commands += 1;
            }
            "diff" => reader.patch(&block)?,
            "text" | "json" => {
                let (before, printed) = last.take().context("nothing was run before it")?;
                let limit = match block.kind.as_str() {
                    "json" => SOON,
                    _ => Duration::ZERO,
                };
                let mut printed = Some(printed);
                eventually(limit, || {
                    // A row comes when it comes: a reader would ask once more.
                    let printed = match printed.take() {
                        Some(printed) => printed,
                        None => reader.run(&before)?,
                    };
                    Ok(match is_as_said(&block, &printed)? {
                        true => Ok(()),
                        false => Err(format!(
                            "line {}, in {language}: not this, but\n{printed}",
                            block.line
                        )),
                    })
                })?;
                outcomes += 1;
            }
            other => bail!("line {}: a block of the kind `{other}`", block.line),
        }
    }
    ensure!(commands >= 6 && outcomes >= 3, "{commands}, {outcomes}");
    Ok(())
}

#[test]
fn in_python() -> Result<()> {
    follow("python")
}

#[test]
fn in_javascript() -> Result<()> {
    follow("javascript")
}

#[test]
fn in_typescript() -> Result<()> {
    follow("typescript")
}

#[test]
fn in_rust() -> Result<()> {
    follow("rust")
}

#[test]
fn in_go() -> Result<()> {
    follow("go")
}

#[test]
fn in_c() -> Result<()> {
    follow("c")
}

#[test]
fn a_document_is_taken_apart_into_its_blocks() {
    let found = blocks("a\n```sh javascript go\none\ntwo\n```\nb\n```json\n{}\n```\n");
    assert_eq!(found.len(), 2);
    assert_eq!((found[0].line, found[0].kind.as_str()), (2, "sh"));
    assert_eq!(found[0].text, "one\ntwo\n");
    assert!(found[0].is_for("go") && !found[0].is_for("c"));
    assert!(found[1].is_for("c"));
}
