//! Starts the program away from everything that is set up on this machine.

use std::{
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

/// What came of it.
pub(crate) struct Ended {
    /// What it ended with.
    pub(crate) code: i32,
    /// What it printed.
    pub(crate) stdout: String,
    /// What it said on the side.
    pub(crate) stderr: String,
}

/// Runs `watchbox` with `arguments`.
pub(crate) fn watchbox(arguments: &[&str]) -> Ended {
    watchbox_with(arguments, &[], b"")
}

/// Runs `watchbox` with `arguments`, these variables and this on stdin.
pub(crate) fn watchbox_with(arguments: &[&str], variables: &[(&str, &str)], stdin: &[u8]) -> Ended {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("home");
    let mut child = Command::new(env!("CARGO_BIN_EXE_watchbox"))
        .args(arguments)
        .env_clear()
        .env("HOME", home)
        .envs(variables.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // What ends without reading is no failure of the test.
    let _ = child.stdin.take().unwrap().write_all(stdin);
    let output = child.wait_with_output().unwrap();
    Ended {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}
