//! One thing, in full: a line a property.

use super::{Cell, Look, Table, Tone};

/// The properties of one thing.
#[derive(Clone, Debug)]
pub struct Details {
    table: Table,
}

impl Details {
    /// None yet.
    pub fn new() -> Self {
        Self {
            table: Table::new([""; 0]),
        }
    }

    /// Adds a property.
    pub fn line(&mut self, name: &str, value: impl Into<Cell>) -> &mut Self {
        self.table.row([
            Cell::from(name).tone(Tone::Dim),
            value.into().aligned_left(),
        ]);
        self
    }

    /// Adds a property where there is one.
    pub fn line_if<T: Into<Cell>>(&mut self, name: &str, value: Option<T>) -> &mut Self {
        if let Some(value) = value {
            self.line(name, value);
        }
        self
    }

    /// Adds a property of many values, a line each.
    pub fn lines(&mut self, name: &str, values: Vec<String>) -> &mut Self {
        for (at, value) in values.into_iter().enumerate() {
            self.line(if at == 0 { name } else { "" }, value);
        }
        self
    }

    /// The text, without a line end after its last line.
    pub fn render(&self, look: Look) -> String {
        self.table.render(look)
    }
}
