//! How things look: few tones, each with one meaning.

use anstyle::{AnsiColor, Style};

/// How tables look where they are printed.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Whether colours are shown.
    pub color: bool,
    /// How wide a line may be, in characters; without it, as wide as it gets.
    pub width: Option<u16>,
}

/// What a text means, as its colour says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// Nothing in particular.
    #[default]
    Plain,
    /// All is well.
    Good,
    /// Something to look at.
    Warn,
    /// Something is wrong.
    Bad,
    /// A heading.
    Strong,
    /// Less important.
    Dim,
}

impl Tone {
    /// The style, for text.
    pub fn style(self) -> Style {
        let style = Style::new();
        match self {
            Self::Plain => style,
            Self::Good => style.fg_color(Some(AnsiColor::Green.into())),
            Self::Warn => style.fg_color(Some(AnsiColor::Yellow.into())),
            Self::Bad => style.fg_color(Some(AnsiColor::Red.into())),
            Self::Strong => style.bold(),
            Self::Dim => style.dimmed(),
        }
    }

    /// The same, for a table's cell.
    pub(super) fn paint(self, cell: comfy_table::Cell) -> comfy_table::Cell {
        use comfy_table::{Attribute, Color};
        match self {
            Self::Plain => cell,
            Self::Good => cell.fg(Color::DarkGreen),
            Self::Warn => cell.fg(Color::DarkYellow),
            Self::Bad => cell.fg(Color::DarkRed),
            Self::Strong => cell.add_attribute(Attribute::Bold),
            Self::Dim => cell.add_attribute(Attribute::Dim),
        }
    }
}
