//! Tables for people: columns apart by two spaces, no lines, so that they can be cut and searched as well.

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, presets};

use super::{Look, Tone, printable};

/// The spaces between columns.
const GAP: u16 = 2;

/// How long a cell may be that is not wrapped: the most that leaves room for the others.
const SHORT: [u16; 3] = [26, 20, 12];

/// How far what stands below a row is set in.
const INDENT: &str = "    ";

/// A table.
#[derive(Clone, Debug)]
pub struct Table {
    header: Vec<String>,
    rows: Vec<Vec<Cell>>,
    /// The columns that stand below their row where not all fit beside each other.
    below: Vec<String>,
}

/// A cell: its text, made safe to print, and what it means.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    text: String,
    /// Its parts, where it stands below its row: a line each.
    parts: Vec<String>,
    tone: Tone,
    number: bool,
}

impl Cell {
    /// A cell of several parts, with commas between them where they stand beside each other.
    pub fn parts(parts: &[String]) -> Self {
        Self {
            parts: parts
                .iter()
                .map(|part| printable(part).into_owned())
                .collect(),
            ..parts.join(", ").into()
        }
    }

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
            below: Vec::new(),
        }
    }

    /// Puts these columns below each row, a line each, where the width does not hold them all: they hold text that may be long.
    pub fn below(mut self, columns: impl IntoIterator<Item = &'static str>) -> Self {
        self.below = columns.into_iter().map(str::to_owned).collect();
        self
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
        match look.width {
            Some(width) if !self.below.is_empty() && self.width() > usize::from(width) => {
                self.render_in_blocks(look, width)
            }
            _ => self.render_in_columns(look),
        }
    }

    /// How wide it is where nothing is wrapped.
    fn width(&self) -> usize {
        let whole = self.render_in_columns(Look {
            color: false,
            width: None,
        });
        let widest = whole.lines().map(|line| line.chars().count());
        widest.max().unwrap_or_default()
    }

    /// Each row on a line, and below it what is long.
    fn render_in_blocks(&self, look: Look, width: u16) -> String {
        let is_below = |name: &String| self.below.contains(name);
        let kept = |row: &[Cell]| -> Vec<Cell> {
            let cells = self.header.iter().zip(row);
            let cells = cells.filter(|(name, _)| !is_below(name));
            cells.map(|(_, cell)| cell.clone()).collect()
        };
        let mut heads = Self::new(self.header.iter().filter(|name| !is_below(name)).cloned());
        heads.rows = self.rows.iter().map(|row| kept(row)).collect();
        // As wide as they are, so that each row is a line.
        let heads = heads.render_in_columns(Look {
            width: None,
            ..look
        });
        let mut heads = heads.lines();
        let mut out: Vec<String> = heads.next().map(str::to_owned).into_iter().collect();
        let inner = Look {
            width: Some(width.saturating_sub(INDENT.len() as u16)),
            ..look
        };
        for (head, row) in heads.zip(&self.rows) {
            out.push(head.to_owned());
            let mut more = Self::new([""; 0]);
            for (name, cell) in self.header.iter().zip(row) {
                if !is_below(name) || matches!(cell.text.as_str(), "" | "-") {
                    continue;
                }
                let (first, rest) = match cell.parts.split_first() {
                    Some((first, rest)) => (Self::part(cell, first), rest),
                    None => (cell.clone().aligned_left(), &[][..]),
                };
                let name = Cell::from(name.to_lowercase()).tone(Tone::Dim);
                more.row([name, first]);
                for part in rest {
                    more.row([Cell::default(), Self::part(cell, part)]);
                }
            }
            let more = more.render_in_columns(inner);
            let lines = more.lines().filter(|line| !line.is_empty());
            out.extend(lines.map(|line| format!("{INDENT}{line}")));
        }
        out.join("\n")
    }

    /// A part of `cell`, as a cell.
    fn part(cell: &Cell, text: &str) -> Cell {
        Cell {
            text: text.to_owned(),
            tone: cell.tone,
            ..Cell::default()
        }
    }

    fn render_in_columns(&self, look: Look) -> String {
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
    fn long_columns_stand_below_where_there_is_no_room() {
        let table = table().below(["LAST ERROR"]);
        insta::assert_snapshot!(table.render(Look { color: false, width: Some(50) }), @r"
        NAME              ROWS
        Server.A             12
        Server.Long.Name  12345
            last error  limit `compute` was
                        hit:\u{1b}[31m 5 s of computing
                        time are allowed
        ");
        let wide = table.render(Look {
            color: false,
            width: Some(100),
        });
        assert!(
            wide.starts_with("NAME              ROWS   LAST ERROR"),
            "{wide}"
        );
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
