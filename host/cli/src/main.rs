//! `watchbox`, the program: the server, and everything that is done with it from a shell.
//!
//! The command line as it is written is in [`args`]; each command is a file in [`commands`], which finds out
//! what is meant, does it through [`api`] (or, for `run`, through [`run`]), and prints it through [`output`].

#![allow(
    unreachable_pub,
    reason = "a program exports nothing: `pub` says that an item is for the rest of the program"
)]

mod api;
mod args;
mod build;
mod cases;
mod commands;
mod core_dumps;
mod data_folder;
mod dev;
mod exit;
mod new;
mod output;
mod run;
mod settings;
mod shipped;
mod stop_signal;

use std::process::ExitCode;

use clap::Parser;

use crate::{args::Arguments, exit::Exit, output::Output};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let output = Output::new(arguments.print);
    let exit = match commands::perform(arguments.command, &output) {
        Ok(exit) => exit,
        Err(error) if exit::reader_is_gone(&error) => Exit::Done,
        Err(error) => {
            output.error(&error);
            Exit::of(&error)
        }
    };
    exit.into()
}
