//! Tables for people: columns apart by two spaces, no lines, so that they can be cut and searched as well.

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, presets};

use super::{Look, Tone, printable};

/// The spaces between columns.
const GAP: u16 = 2;

/// How long a cell may be that is not wrapped: the most that leaves room for the others.
const SHORT: [u16; 3] = [26, 20, 12];

/// A table.
#[derive(Clone, Debug)]
pub struct Table {
    header: Vec<String>,
    rows: Vec<Vec<Cell>>,
}

/// A cell: its text, made safe to print, and what it means.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    text: String,
    tone: Tone,
    number: bool,
}

impl Cell {
    /// The same cell, in a tone.
    pub fn tone(mut self, tone: Tone) -> Self {
        self.tone = tone;
        self
    }

    /// The same cell, not aligned as a number.
    pub(super) fn aligned_left(mut self) -> Self {
        self.number = false;
        self
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self {
            text: printable(text).into_owned(),
            ..Self::default()
        }
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

impl From<u64> for Cell {
    fn from(number: u64) -> Self {
        Self {
            text: number.to_string(),
            number: true,
            ..Self::default()
        }
    }
}

impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(cell: Option<T>) -> Self {
        cell.map_or_else(|| Self::from("-").tone(Tone::Dim), Into::into)
    }
}

impl Table {
    /// A table with these columns.
    pub fn new<S: Into<String>>(header: impl IntoIterator<Item = S>) -> Self {
        Self {
            header: header.into_iter().map(Into::into).collect(),
            rows: Vec::new(),
        }
    }

    /// Puts a row at the end.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Whether it has no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The text, without a line end after its last line.
    pub fn render(&self, look: Look) -> String {
        let mut table = comfy_table::Table::new();
        table.load_style(presets::NOTHING).force_no_tty();
        if look.color {
            table.enforce_styling();
        }
        if let Some(width) = look.width {
            table
                .set_content_arrangement(ContentArrangement::Dynamic)
                .set_width(width);
        }
        if !self.header.is_empty() {
            let heading =
                |name: &String| Tone::Strong.paint(comfy_table::Cell::new(printable(name)));
            table.set_header(self.header.iter().map(heading));
        }
        for row in &self.rows {
            table.add_row(row.iter().map(|cell| {
                let alignment = if cell.number {
                    CellAlignment::Right
                } else {
                    CellAlignment::Left
                };
                cell.tone
                    .paint(comfy_table::Cell::new(&cell.text).set_alignment(alignment))
            }));
        }
        for column in table.column_iter_mut() {
            column.set_padding((0, GAP));
        }
        if let Some(width) = look.width {
            keep_whole(&mut table, width);
        }
        table.trim_fmt()
    }
}

/// Keeps columns of short cells (times, ids, numbers) from being wrapped, as long as a third of the width is left to the others.
fn keep_whole(table: &mut comfy_table::Table, width: u16) {
    let longest = table.column_max_content_widths();
    let taken = |most: u16| -> u16 {
        let short = longest.iter().filter(|longest| **longest <= most);
        short.map(|longest| longest + GAP).sum()
    };
    let Some(most) = SHORT.into_iter().find(|most| taken(*most) <= width / 3 * 2) else {
        return;
    };
    for (column, longest) in table.column_iter_mut().zip(longest) {
        if longest <= most {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(["NAME", "ROWS", "LAST ERROR"]);
        table.row(["Server.A".into(), 12.into(), Cell::from(None::<&str>)]);
        table.row([
            "Server.Long.Name".into(),
            12_345.into(),
            Cell::from("limit `compute` was hit:\u{1b}[31m 5 s of computing time are allowed")
                .tone(Tone::Bad),
        ]);
        table
    }

    #[test]
    fn columns_line_up() {
        insta::assert_snapshot!(table().render(Look { color: false, width: None }), @r"
        NAME              ROWS   LAST ERROR
        Server.A             12  -
        Server.Long.Name  12345  limit `compute` was hit:\u{1b}[31m 5 s of computing time are allowed
        ");
    }

    #[test]
    fn a_narrow_terminal_wraps_long_cells() {
        insta::assert_snapshot!(table().render(Look { color: false, width: Some(50) }), @r"
        NAME              ROWS   LAST ERROR
        Server.A             12  -
        Server.Long.Name  12345  limit `compute` was
                                 hit:\u{1b}[31m 5 s of
                                 computing time are
                                 allowed
        ");
    }

    #[test]
    fn times_are_not_wrapped() {
        let mut table = Table::new(["TIME", "TEXT"]);
        table.row([
            "2026-11-25T05:27:02Z".into(),
            "a text that is longer than what is left of the line".into(),
        ]);
        insta::assert_snapshot!(table.render(Look { color: false, width: Some(40) }), @r"
        TIME                  TEXT
        2026-11-25T05:27:02Z  a text that is
                              longer than what
                              is left of the
                              line
        ");
    }

    #[test]
    fn colours_come_only_where_they_are_wanted() {
        let coloured = table().render(Look {
            color: true,
            width: None,
        });
        assert!(coloured.contains("\u{1b}["), "{coloured:?}");
        let plain = table().render(Look {
            color: false,
            width: None,
        });
        assert!(!plain.contains('\u{1b}'), "{plain:?}");
    }
}
