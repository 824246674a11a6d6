//! The real server, as a process.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::{BufRead as _, BufReader},
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::channel,
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::{Api, Build};

/// How long the server may take to start: long enough for a machine that is busy with a build.
const START: Duration = Duration::from_secs(60);

/// `watchbox serve` on a free loopback port. Killed when dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    program: PathBuf,
    data: PathBuf,
    api: Api,
}

/// A run of the command line that has ended.
#[derive(Clone, Debug)]
pub struct Finished {
    /// Its exit code.
    pub code: Option<i32>,
    /// What it wrote to stdout.
    pub stdout: String,
    /// What it wrote to stderr.
    pub stderr: String,
}

impl Server {
    /// Starts the server over the folder `data`, which may be there already, and waits until it listens.
    /// Its log goes to the file beside it: `data` with `.log` at its end.
    pub fn start(build: &Build, data: &Path) -> Result<Self> {
        Self::start_with(build, data, &[])
    }

    /// Starts it with more arguments.
    pub fn start_with(build: &Build, data: &Path, arguments: &[&str]) -> Result<Self> {
        Self::start_under(build, data, arguments, &[])
    }

    /// Starts it with more arguments, and with these variables set.
    pub fn start_under(
        build: &Build,
        data: &Path,
        arguments: &[&str],
        variables: &[(&str, &OsStr)],
    ) -> Result<Self> {
        let program = build.program("watchbox")?;
        let log = Self::log_of(data);
        let mut child = Command::new(&program)
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .args(arguments)
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::options().create(true).append(true).open(&log)?)
            .spawn()
            .with_context(|| format!("starting {}", program.display()))?;
        let stdout = child.stdout.take().context("the server's stdout")?;
        let (sender, lines) = channel();
        // Reads on to the end, so that the server never writes into a closed pipe.
        thread::spawn(move || {
            BufReader::new(stdout)
                .lines()
                .map_while(Result::ok)
                .for_each(|line| _ = sender.send(line))
        });
        let told = lines.recv_timeout(START);
        let mut server = Self {
            child,
            program,
            data: data.to_owned(),
            api: Api::new("", None),
        };
        let Ok(line) = told else {
            bail!(
                "the server did not start; its log says:\n{}",
                fs::read_to_string(&log).unwrap_or_default()
            );
        };
        let base = line
            .split_once("listening on ")
            .context("no address in the first line")?
            .1;
        let token = fs::read_to_string(data.join("admin.token")).context("the admin token")?;
        server.api = Api::new(base.trim(), Some(token.trim()));
        Ok(server)
    }

    /// Its API, called with the admin token.
    pub fn api(&self) -> &Api {
        &self.api
    }

    /// Its data folder.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has logged so far.
    pub fn log(&self) -> Result<String> {
        Ok(fs::read_to_string(Self::log_of(&self.data))?)
    }

    fn log_of(data: &Path) -> PathBuf {
        let mut path = data.as_os_str().to_owned();
        path.push(".log");
        path.into()
    }

    /// The command line, pointed at this server and ready to be given arguments.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .env("WATCHBOX_SERVER", self.api.base())
            .env("WATCHBOX_TOKEN_FILE", self.data.join("admin.token"))
            .stdin(Stdio::null());
        command
    }

    /// Runs `watchbox ARGUMENTS` against this server, to its end.
    pub fn run<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Result<Finished> {
        let output = self.command().args(arguments).output()?;
        Ok(Finished {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout)?,
            stderr: String::from_utf8(output.stderr)?,
        })
    }

    /// Runs `watchbox ARGUMENTS`, which must succeed; gives its stdout.
    pub fn run_ok<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Result<String> {
        let finished = self.run(arguments)?;
        let words: Vec<_> = arguments
            .iter()
            .map(|word| word.as_ref().to_string_lossy())
            .collect();
        ensure!(
            finished.code == Some(0),
            "watchbox {}: {finished:#?}",
            words.join(" ")
        );
        Ok(finished.stdout)
    }

    /// Sends it the kill, and does not wait for its end.
    pub fn kill_now(&self) -> Result<()> {
        Ok(kill(
            Pid::from_raw(self.child.id().try_into()?),
            Signal::SIGKILL,
        )?)
    }

    /// Kills it as a power cut would: no signal handler runs.
    pub fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        let status = self.child.wait()?;
        ensure!(
            status.signal() == Some(Signal::SIGKILL as i32),
            "it had ended by itself: {status}"
        );
        Ok(())
    }

    /// Asks it to stop, and waits until it has.
    pub fn stop(mut self) -> Result<ExitStatus> {
        kill(Pid::from_raw(self.child.id().try_into()?), Signal::SIGTERM)?;
        Ok(self.child.wait()?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
