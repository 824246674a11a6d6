//! `where` and `columns` of a subscription: what the host decides before the boundary is crossed.

use regex::Regex;
use serde_json::{Number, Value};

use crate::{
    RowRef, RowsBuilder, ValueRef,
    row::{CLIENT_ID, POSITION, TS},
};

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
    OneOf(Vec<Value>),
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
        self.conditions
            .iter()
            .all(|condition| condition.test.holds(row.column(&condition.column)))
    }
}

impl Test {
    /// Whether it holds of a column's value; `None` for a column that is missing.
    fn holds(&self, value: Option<ValueRef<'_>>) -> bool {
        let text = value.and_then(ValueRef::as_str);
        match self {
            Self::Matches(pattern) => text.is_some_and(|text| pattern.is_match(text)),
            Self::NotMatches(pattern) => !text.is_some_and(|text| pattern.is_match(text)),
            Self::OneOf(wanted) => {
                value.is_some_and(|value| wanted.iter().any(|wanted| equal(value, wanted)))
            }
            Self::Exists(wanted) => value.is_some_and(|value| value != ValueRef::Nil) == *wanted,
        }
    }
}

/// Whether a row's value is the one written in a manifest. A float equals the integer of the same size: senders write `1.0` for 1.
fn equal(value: ValueRef<'_>, wanted: &Value) -> bool {
    match (value, wanted) {
        (ValueRef::Nil, Value::Null) => true,
        (ValueRef::Bool(value), Value::Bool(wanted)) => value == *wanted,
        (ValueRef::Str(value), Value::String(wanted)) => value == wanted,
        (value, Value::Number(wanted)) => match (value, integer(wanted)) {
            (ValueRef::Int(value), Some(wanted)) => i128::from(value) == wanted,
            (ValueRef::UInt(value), Some(wanted)) => i128::from(value) == wanted,
            (ValueRef::Float(value), Some(wanted)) => {
                value.fract() == 0.0 && value as i128 == wanted
            }
            (value, None) => value.as_f64() == wanted.as_f64(),
            _ => false,
        },
        _ => false,
    }
}

fn integer(number: &Number) -> Option<i128> {
    number
        .as_i64()
        .map(i128::from)
        .or_else(|| number.as_u64().map(i128::from))
}

/// Which columns of an event cross the boundary. `ClientId` and `_ts` always do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    /// `None` for every one.
    names: Option<Vec<String>>,
    /// Whether the event's position comes along.
    position: bool,
}

impl Columns {
    /// Stands for every column where columns are named.
    pub const ALL: &str = "*";

    /// Every column.
    pub fn all() -> Self {
        Self::default()
    }

    /// These, `ClientId` and `_ts`. `*` is every column; `_position` the event's position, in the place of a column of that name.
    pub fn only(mut names: Vec<String>) -> Self {
        let position = names.iter().any(|name| name == POSITION);
        names.retain(|name| name != POSITION);
        let all = names.iter().any(|name| name == Self::ALL);
        Self {
            names: (!all).then_some(names),
            position,
        }
    }

    /// Appends the event `row`, which stands at `position`, cut to these columns, to `out`. Missing columns stay missing. One copy.
    pub fn cut(&self, row: RowRef<'_>, position: u64, out: &mut RowsBuilder) {
        let before = [(POSITION, ValueRef::UInt(position))];
        let before = if self.position { &before[..] } else { &[] };
        match &self.names {
            None if before.is_empty() => out.push(row),
            None => out.push_with(before, row),
            Some(names) => {
                let always = [CLIENT_ID, TS];
                out.push_kept(before, row, |column| {
                    let mut kept = always.into_iter().chain(names.iter().map(String::as_str));
                    kept.any(|name| name.as_bytes() == column)
                });
            }
        }
    }
}

#[cfg(test)]
mod tests;
