//! `where` and `columns` of a subscription: what the host decides before the boundary is crossed.

use regex::Regex;

use crate::{RowRef, Rows};

/// Conditions that all must hold. An empty filter lets everything pass.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    conditions: Vec<Condition>,
}

/// One condition on one column.
#[derive(Clone, Debug)]
pub struct Condition {
    /// The column.
    pub column: String,
    /// What must hold of it. A missing column fails every test but a negated one.
    pub test: Test,
}

/// What is asked of a column's value.
#[derive(Clone, Debug)]
pub enum Test {
    /// A string in which the regular expression is found.
    Matches(Regex),
    /// A string in which it is not found, or no string.
    NotMatches(Regex),
    /// Equal to one of these (strings, integers, booleans, null).
    OneOf(Vec<serde_json::Value>),
    /// There and not null, or (false) missing or null.
    Exists(bool),
}

impl Filter {
    /// A filter of these conditions.
    pub fn new(conditions: Vec<Condition>) -> Self {
        Self { conditions }
    }

    /// The conditions.
    pub fn conditions(&self) -> &[Condition] {
        &self.conditions
    }

    /// Whether `row` passes. Allocates nothing.
    pub fn passes(&self, row: RowRef<'_>) -> bool {
        let _ = row;
        todo!()
    }
}

/// Which columns of a row cross the boundary. `ClientId` and `_ts` always do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns(Option<Vec<String>>);

impl Columns {
    /// Every column.
    pub fn all() -> Self {
        Self(None)
    }

    /// These, `ClientId` and `_ts`.
    pub fn only(names: Vec<String>) -> Self {
        Self(Some(names))
    }

    /// The named ones; `None` for all.
    pub fn names(&self) -> Option<&[String]> {
        self.0.as_deref()
    }

    /// Appends `row`, cut to these columns, to `out`. Missing columns stay missing. One copy.
    pub fn cut(&self, row: RowRef<'_>, out: &mut crate::RowsBuilder) {
        let _ = (row, out);
        todo!()
    }

    /// All of `rows`, cut.
    pub fn cut_all(&self, rows: &Rows) -> Rows {
        let mut out = crate::RowsBuilder::new();
        rows.iter().for_each(|row| self.cut(row, &mut out));
        out.finish()
    }
}
