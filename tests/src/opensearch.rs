//! A real search engine to upload to: one node of OpenSearch, on a free loopback port.

use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, PoisonError, Weak, mpsc::channel},
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{Api, Build, toolchains};

/// Its version, the newest that Java 17 runs.
pub const VERSION: &str = "2.19.6";

/// The folder of the workspace that says what it is made of, and how it is started.
pub const FOLDER: &str = "tests/opensearch";

/// The folder of what is installed that its jars are in.
pub const JARS: &str = "lib";

/// How long it may take to start, on a machine that is busy with a build.
const START: Duration = Duration::from_secs(120);

/// The name of its folder among the toolchains.
pub fn installed_as() -> String {
    format!("opensearch@{VERSION}")
}

/// A cluster of one node. Gone when dropped, with all that was uploaded.
#[derive(Debug)]
pub struct OpenSearch {
    node: Child,
    api: Api,
    _home: TempDir,
}

impl OpenSearch {
    /// The one that other tests use right now, or a fresh one. Tests keep to indices of their own.
    pub fn shared() -> Result<Arc<Self>> {
        static SHARED: Mutex<Weak<OpenSearch>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = shared.upgrade() {
            return Ok(running);
        }
        let started = Arc::new(Self::start()?);
        *shared = Arc::downgrade(&started);
        Ok(started)
    }

    /// Starts one, and waits until it answers.
    pub fn start() -> Result<Self> {
        let jars = jars()?;
        let home = tempfile::Builder::new()
            .prefix("watchbox-opensearch-")
            .tempdir()?;
        let log = home.path().join("log");
        let mut node = Command::new("java")
            .args([
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
            ])
            .arg(jars.join("*"))
            .arg(Build::current()?.root().join(FOLDER).join("OneNode.java"))
            .arg(home.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(&log)?)
            .spawn()
            .context("starting java")?;
        let stdout = node.stdout.take().context("the node's stdout")?;
        let (sender, lines) = channel();
        // Reads on to the end, so that the node never writes into a closed pipe.
        thread::spawn(move || {
            BufReader::new(stdout)
                .lines()
                .map_while(Result::ok)
                .for_each(|line| _ = sender.send(line))
        });
        let mut started = Self {
            node,
            api: Api::new("", None),
            _home: home,
        };
        loop {
            let Ok(line) = lines.recv_timeout(START) else {
                bail!(
                    "OpenSearch did not start; it says:\n{}",
                    std::fs::read_to_string(&log).unwrap_or_default()
                );
            };
            if let Some((_, base)) = line.split_once("listening on ") {
                started.api = Api::new(base.trim(), None);
                return Ok(started);
            }
        }
    }

    /// Its API.
    pub fn api(&self) -> &Api {
        &self.api
    }

    /// Where it listens: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        self.api.base()
    }

    /// All documents of an index, a pattern of indices or a data stream: `_index`, `_id`, `_source` of each.
    pub fn documents(&self, index: &str) -> Result<Vec<Value>> {
        self.api
            .send_json("POST", &format!("/{index}/_refresh"), &json!({}))?;
        let path = format!("/{index}/_search");
        let query = json!({ "size": 10_000, "track_total_hits": true });
        let found = self.api.send_json("POST", &path, &query)?;
        let documents = found["hits"]["hits"].as_array().context("no hits")?;
        ensure!(
            found["hits"]["total"]["value"] == documents.len(),
            "not all of them: {}",
            found["hits"]["total"]
        );
        Ok(documents.clone())
    }
}

impl Drop for OpenSearch {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to do.
        let _ = self.node.kill();
        let _ = self.node.wait();
    }
}

fn jars() -> Result<PathBuf> {
    let folder = toolchains::cache()?.join("toolchains").join(installed_as());
    ensure!(
        folder.join(".installed").exists(),
        "{} is missing: `cargo xtask test` installs it first",
        folder.display()
    );
    Ok(folder.join(JARS))
}
