//! Everything that is printed: results on stdout, remarks and errors on stderr.

mod byte_size;
mod details;
mod look;
mod printable;
mod record;
mod relative;
mod table;

use std::io::{self, IsTerminal, Write};

use anstream::{AutoStream, ColorChoice};
use serde::Serialize;

use crate::args::{Color, Print};

pub use byte_size::byte_size;
pub use details::Details;
pub use look::{Look, Tone};
pub use printable::{cut, printable, printable_lines};
pub use record::{Record, print_row};
pub use relative::{ago, stamp};
pub use table::{Cell, Table};

/// Where results and remarks go, and how they look there.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    json: bool,
    color: Color,
}

impl Output {
    /// As the command line wants it.
    pub fn new(print: Print) -> Self {
        let output = Self {
            json: print.json,
            color: print.color,
        };
        output.choice().write_global();
        output
    }

    /// Whether scripts read what is printed.
    pub fn json(&self) -> bool {
        self.json
    }

    /// Whether a person reads results as they come.
    pub fn on_terminal(&self) -> bool {
        io::stdout().is_terminal()
    }

    /// Whether a person reads remarks as they come.
    pub fn remarks_on_terminal(&self) -> bool {
        io::stderr().is_terminal()
    }

    /// How tables and text look on stdout.
    pub fn look(&self) -> Look {
        Look {
            color: AutoStream::choice(&io::stdout()) != ColorChoice::Never,
            width: comfy_table::Table::new().width(),
        }
    }

    /// How text looks on stderr.
    pub fn remarks_look(&self) -> Look {
        Look {
            color: AutoStream::choice(&io::stderr()) != ColorChoice::Never,
            width: comfy_table::Table::new().use_stderr().width(),
        }
    }

    /// Prints one JSON document.
    pub fn document(&self, document: &impl Serialize) -> io::Result<()> {
        let mut text = serde_json::to_vec_pretty(document)?;
        text.push(b'\n');
        io::stdout().lock().write_all(&text)
    }

    /// Prints a table.
    pub fn table(&self, table: &Table) -> io::Result<()> {
        self.text(&table.render(self.look()))
    }

    /// Prints text, which may be styled, and ends the line.
    pub fn text(&self, text: &str) -> io::Result<()> {
        writeln!(AutoStream::auto(io::stdout()).lock(), "{text}")
    }

    /// Says something on the side: on stderr, where it does not get between results.
    pub fn remark(&self, text: &str) {
        // A remark that nobody can read is no reason to fail.
        let _ = writeln!(AutoStream::auto(io::stderr()).lock(), "{text}");
    }

    /// Tells why the program failed, with the causes.
    pub fn error(&self, error: &anyhow::Error) {
        let bad = Tone::Bad.style();
        let mut text = format!("{bad}error:{bad:#} {}", printable_lines(&error.to_string()));
        let mut last = error.to_string();
        for cause in error.chain().skip(1).map(ToString::to_string) {
            // Some errors repeat their cause in their own text.
            if !last.contains(&cause) {
                text.push_str(&format!("\n  because {}", printable_lines(&cause)));
            }
            last = cause;
        }
        self.remark(&text);
    }

    /// Warns of something.
    pub fn warning(&self, text: &str) {
        let warn = Tone::Warn.style();
        self.remark(&format!("{warn}warning:{warn:#} {}", printable_lines(text)));
    }

    fn choice(&self) -> ColorChoice {
        match self.color {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        }
    }
}
