//! `watchbox completions`: what a shell needs to complete the command line.

use std::io::{self, Write};

use clap::CommandFactory;

use crate::{
    args::{Arguments, Completions},
    exit::Exit,
};

/// Prints the script.
pub fn completions(args: Completions) -> anyhow::Result<Exit> {
    // clap_complete panics where it can't write, so the script is made in memory.
    let mut script = Vec::new();
    clap_complete::generate(
        args.shell,
        &mut Arguments::command(),
        "watchbox",
        &mut script,
    );
    io::stdout().lock().write_all(&script)?;
    Ok(Exit::Done)
}
